-- +goose Up
-- Whether what comes in for a show has no sound.
ALTER TABLE shows ADD COLUMN silent BOOLEAN NOT NULL DEFAULT FALSE;
