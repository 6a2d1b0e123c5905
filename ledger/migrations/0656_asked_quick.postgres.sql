-- +goose Up
-- What most lists are summed up by, and what they can be narrowed to: small where the days' sums are many.
CREATE TABLE ledger_party (
    day          BIGINT NOT NULL,
    month        BIGINT NOT NULL,   -- its first day
    kind         SMALLINT NOT NULL,
    organisation TEXT NOT NULL,
    times        BIGINT NOT NULL,
    first        BIGINT NOT NULL,
    last         BIGINT NOT NULL,
    PRIMARY KEY (day, kind, organisation)
);
INSERT INTO ledger_party (day, month, kind, organisation, times, first, last)
    SELECT day, date_trunc('month', to_timestamp(day * 86400) AT TIME ZONE 'UTC')::date - DATE '1970-01-01', kind, organisation, SUM(times), MIN(first), MAX(last) FROM ledger_day GROUP BY day, kind, organisation;
CREATE TABLE ledger_value (
    kind  SMALLINT NOT NULL,
    field TEXT NOT NULL,     -- organisation, role, purpose, question or dataset
    value TEXT NOT NULL,
    PRIMARY KEY (kind, field, value)
);
INSERT INTO ledger_value (kind, field, value) SELECT DISTINCT kind, 'organisation', organisation FROM ledger_month;
INSERT INTO ledger_value (kind, field, value) SELECT DISTINCT kind, 'role', role FROM ledger_month;
INSERT INTO ledger_value (kind, field, value) SELECT DISTINCT kind, 'purpose', purpose FROM ledger_month;
INSERT INTO ledger_value (kind, field, value) SELECT DISTINCT kind, 'question', question FROM ledger_month;
INSERT INTO ledger_value (kind, field, value) SELECT DISTINCT kind, 'dataset', dataset FROM ledger_month;
-- One organisation's questions of one kind, day by day.
CREATE INDEX ledger_day_of ON ledger_day (organisation, day);
