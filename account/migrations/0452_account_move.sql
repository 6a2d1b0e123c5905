-- +goose Up
-- A mail address that is to be an account's once somebody who reads mail there says so.
CREATE TABLE account_move (
    account TEXT PRIMARY KEY REFERENCES account (id),
    hash    TEXT NOT NULL UNIQUE,
    mail    TEXT NOT NULL,
    expires BIGINT NOT NULL
);
CREATE INDEX account_move_ending ON account_move (expires);
