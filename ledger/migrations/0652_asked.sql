-- +goose Up
-- What lists are narrowed by, and how often what was asked, day by day. Made from the log like the rest of the index, so the index
-- is emptied and fills itself again.
DELETE FROM ledger_leaf;
ALTER TABLE ledger_leaf ADD COLUMN role TEXT NOT NULL DEFAULT '';
ALTER TABLE ledger_leaf ADD COLUMN question TEXT NOT NULL DEFAULT '';
ALTER TABLE ledger_leaf ADD COLUMN dataset TEXT NOT NULL DEFAULT '';
CREATE TABLE ledger_day (
    day          BIGINT NOT NULL,   -- since 1970, by UTC; a clock that went back stays on its latest day
    kind         SMALLINT NOT NULL,
    organisation TEXT NOT NULL,
    role         TEXT NOT NULL,
    purpose      TEXT NOT NULL,
    question     TEXT NOT NULL,
    dataset      TEXT NOT NULL,
    times        BIGINT NOT NULL,
    first        BIGINT NOT NULL,   -- the first and the last index of these leaves
    last         BIGINT NOT NULL,
    PRIMARY KEY (day, kind, organisation, role, purpose, question, dataset)
);
-- The same by month; day is its first.
CREATE TABLE ledger_month (
    day          BIGINT NOT NULL,
    kind         SMALLINT NOT NULL,
    organisation TEXT NOT NULL,
    role         TEXT NOT NULL,
    purpose      TEXT NOT NULL,
    question     TEXT NOT NULL,
    dataset      TEXT NOT NULL,
    times        BIGINT NOT NULL,
    first        BIGINT NOT NULL,
    last         BIGINT NOT NULL,
    PRIMARY KEY (day, kind, organisation, role, purpose, question, dataset)
);
