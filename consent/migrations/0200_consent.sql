-- +goose Up
-- Every choice ever made, in the order recorded. Append-only: see the next migration.
CREATE TABLE consent_choice (
    seq        BIGINT PRIMARY KEY,
    epoch      BIGINT NOT NULL,          -- from which it has been obeyed
    individual BIGINT NOT NULL REFERENCES individual (number),
    purpose    TEXT NOT NULL,
    kind       TEXT NOT NULL CHECK (kind IN ('given', 'refused', 'withdrawn')),
    made_by    TEXT NOT NULL,
    why        TEXT NOT NULL,
    made       BIGINT NOT NULL,          -- when they chose
    recorded   BIGINT NOT NULL           -- when we were told
);
CREATE INDEX consent_choice_of ON consent_choice (individual, purpose, seq);

-- Acts on the room as a whole: removals, replayed journals, confirmations.
CREATE TABLE consent_event (
    seq        BIGINT PRIMARY KEY,
    epoch      BIGINT NOT NULL,
    kind       TEXT NOT NULL,
    individual BIGINT,                   -- a removed number, which names nobody
    made_by    TEXT NOT NULL,
    why        TEXT NOT NULL,
    recorded   BIGINT NOT NULL
);

-- What holds now, derived from the choices: for each purpose, who may be counted and who has
-- ever said yes, as bits (bit n of byte n/8 is number page*4096+n). It spares opening from
-- reading the history; samverk verify derives it again and compares.
CREATE TABLE consent_page (
    purpose TEXT NOT NULL,
    page    BIGINT NOT NULL,
    allowed BYTEA NOT NULL,
    given   BYTEA NOT NULL,
    PRIMARY KEY (purpose, page)
);

-- One row: the epoch, the last seq of both tables, the last journal line that this
-- database holds, and the key under which the journal hides ids.
CREATE TABLE consent_state (
    one         SMALLINT PRIMARY KEY CHECK (one = 1),
    epoch       BIGINT NOT NULL,
    seq         BIGINT NOT NULL,
    journal     BIGINT NOT NULL,
    journal_key BYTEA NOT NULL
);
