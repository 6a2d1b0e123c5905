-- +goose Up
-- The newest checkpoint that each witness has cosigned and sent.
CREATE TABLE ledger_witness (
    witness TEXT PRIMARY KEY,  -- its public key
    size    BIGINT NOT NULL,
    at      BIGINT NOT NULL,   -- when it cosigned
    note    TEXT NOT NULL
);
