-- +goose Up
-- To what an operator has bound a node: JSON, federation.Bound.
ALTER TABLE federation_peer ADD COLUMN bound TEXT NOT NULL DEFAULT '{}';
