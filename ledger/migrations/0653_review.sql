-- +goose Up
-- Samples of what staff asked and looked at, what reviewers said of each, and how it ended. All are only added to.
CREATE TABLE ledger_review (
    id           TEXT PRIMARY KEY,
    person       TEXT NOT NULL,     -- who drew it
    organisation TEXT NOT NULL,
    drawn        BIGINT NOT NULL,
    first_day    BIGINT NOT NULL,   -- as in ledger_day
    end_day      BIGINT NOT NULL,   -- not included
    leaf         BIGINT NOT NULL,   -- of the log, that announced it
    root         BYTEA NOT NULL,    -- of the log that ends with this leaf: what the sample follows from
    drawn_from   BIGINT NOT NULL
);
CREATE TABLE ledger_review_item (
    review TEXT NOT NULL REFERENCES ledger_review (id),
    leaf   BIGINT NOT NULL,
    PRIMARY KEY (review, leaf)
);
CREATE TABLE ledger_review_mark (
    id      TEXT PRIMARY KEY,
    review  TEXT NOT NULL,
    leaf    BIGINT NOT NULL,
    made    BIGINT NOT NULL,
    person  TEXT NOT NULL,
    verdict TEXT NOT NULL,
    note    TEXT NOT NULL,
    FOREIGN KEY (review, leaf) REFERENCES ledger_review_item (review, leaf)
);
CREATE INDEX ledger_review_mark_of ON ledger_review_mark (review, id);
CREATE TABLE ledger_review_end (
    review    TEXT PRIMARY KEY REFERENCES ledger_review (id),
    made      BIGINT NOT NULL,
    person    TEXT NOT NULL,
    leaf      BIGINT NOT NULL,   -- of the log, with the digest of what was said
    salt      BYTEA NOT NULL,
    fine      BIGINT NOT NULL,
    follow_up BIGINT NOT NULL,
    unseen    BIGINT NOT NULL    -- the reviewer's own, which nobody else marked
);
