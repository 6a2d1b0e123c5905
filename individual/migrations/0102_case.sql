-- +goose Up
-- By which a clinician leaves their own patient out of a count. The token isn't kept, only its hash.
CREATE TABLE individual_case (
    id           TEXT PRIMARY KEY,
    individual   BIGINT NOT NULL REFERENCES individual (number),
    organisation TEXT NOT NULL,            -- whose clinicians may use it
    hash         TEXT NOT NULL UNIQUE,     -- of the token
    made_by      TEXT NOT NULL,
    why          TEXT NOT NULL,
    made         BIGINT NOT NULL,
    ends         BIGINT NOT NULL,
    ended        BIGINT,                   -- before that
    ended_by     TEXT
);
CREATE INDEX individual_case_of ON individual_case (individual);
