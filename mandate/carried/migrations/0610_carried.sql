-- +goose Up
-- Up to which decision errands have been taken.
CREATE TABLE carried_cursor (
    id  BIGINT PRIMARY KEY CHECK (id = 1),
    seq BIGINT NOT NULL
);

-- What decisions ask rooms of this node to put in force, and what became of it.
CREATE TABLE carried_errand (
    decision TEXT NOT NULL,
    kind     TEXT NOT NULL,
    ref      TEXT NOT NULL,
    digest   TEXT NOT NULL,
    seq      BIGINT NOT NULL,            -- the decision's
    state    TEXT NOT NULL CHECK (state IN ('waiting', 'done', 'refused')),
    code     TEXT NOT NULL,              -- names the sentence that says why it waits or was refused
    args     TEXT NOT NULL,              -- that sentence's, JSON
    said     TEXT NOT NULL,              -- for operators
    changed  BIGINT NOT NULL,
    PRIMARY KEY (decision, kind, ref)
);
CREATE INDEX carried_errand_waiting ON carried_errand (seq) WHERE state = 'waiting';
