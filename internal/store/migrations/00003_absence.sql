-- +goose Up
-- Why a show has ended ('' where nobody noted it), and since when nothing comes in for a live one.
ALTER TABLE shows ADD COLUMN end_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE shows ADD COLUMN off_air_since BIGINT;
