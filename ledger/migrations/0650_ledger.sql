-- +goose Up
-- Who asked, or looked at whom: what a leaf's private commitment is of. Kept apart from the log, read by few, and deleted
-- when its time is over.
CREATE TABLE ledger_access (
    commitment   BYTEA PRIMARY KEY,  -- as in the leaf
    salt         BYTEA NOT NULL,     -- 32 random bytes: without them nobody can try records until one fits
    at           BIGINT NOT NULL,
    person       TEXT NOT NULL,
    organisation TEXT NOT NULL,
    individual   BIGINT,             -- the number of whom was looked at; null for a question about nobody in particular
    question     TEXT NOT NULL,
    why          TEXT NOT NULL,
    keep_until   BIGINT NOT NULL
);
CREATE INDEX ledger_access_person ON ledger_access (person, at);
CREATE INDEX ledger_access_individual ON ledger_access (individual, at) WHERE individual IS NOT NULL;
CREATE INDEX ledger_access_keep ON ledger_access (keep_until);

-- The log's leaves for lists. Made from the log, and made again from it if need be.
CREATE TABLE ledger_leaf (
    idx            BIGINT PRIMARY KEY,
    kind           SMALLINT NOT NULL,
    at             BIGINT NOT NULL,
    organisation   TEXT NOT NULL,
    purpose        TEXT NOT NULL,
    conditions     TEXT NOT NULL,
    epoch          BIGINT NOT NULL,
    private        BYTEA,             -- null where the leaf has none
    bytes          BYTEA NOT NULL     -- the leaf as it stands in the log
);
CREATE INDEX ledger_leaf_kind ON ledger_leaf (kind, idx);
CREATE INDEX ledger_leaf_use ON ledger_leaf (purpose, conditions, kind, epoch, idx);
CREATE INDEX ledger_leaf_organisation ON ledger_leaf (organisation, kind, idx);
CREATE INDEX ledger_leaf_private ON ledger_leaf (private) WHERE private IS NOT NULL;
