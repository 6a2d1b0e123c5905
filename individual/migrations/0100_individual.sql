-- +goose Up
-- Whom data are about. A row is never deleted, so that a number is never handed out again;
-- of a removed individual the row keeps the number and the day, and nothing that names anybody.
CREATE TABLE individual (
    number     BIGINT PRIMARY KEY,         -- dense from 0
    id         TEXT UNIQUE,                -- the region's own id
    pseudonym  TEXT UNIQUE,                -- as other regions know them
    birth_date TEXT,                       -- YYYY-MM-DD
    sex        SMALLINT NOT NULL DEFAULT 0 CHECK (sex IN (0, 1, 2)), -- unknown, male, female
    created    BIGINT NOT NULL,
    removed    BIGINT,
    CHECK ((id IS NULL) = (removed IS NOT NULL)),
    CHECK (removed IS NULL OR (pseudonym IS NULL AND birth_date IS NULL AND sex = 0))
);
