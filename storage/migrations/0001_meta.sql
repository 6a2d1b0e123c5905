-- +goose Up
-- What the database knows about itself: node (its identity, for life), opened (by which
-- opening it is owned), restored (the backup it was made from, until accounted for).
CREATE TABLE storage_meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
