-- +goose Up
-- Why the merchant cancelled an order, in the merchant's words; '' where nothing was said.
ALTER TABLE orders ADD COLUMN reason TEXT NOT NULL DEFAULT '';
