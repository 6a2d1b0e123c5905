-- +goose Up
-- At a region's node: what it knows of the claims of its own individuals' pseudonyms.
CREATE TABLE home_place (
    claim      TEXT PRIMARY KEY,           -- SHA-256, hex
    individual BIGINT NOT NULL,
    state      SMALLINT NOT NULL,          -- 1 here, 2 elsewhere, 3 leaving, 4 left, 5 going, 6 asking
    waits      SMALLINT NOT NULL,          -- 1: it was another's, and nobody is counted by it before what that one answered is over
    moves_to   TEXT NOT NULL               -- of one that leaves: to whom; '' to whoever claims it
);
-- Its messages to the registrar are numbered: one that comes late changes nothing.
CREATE TABLE home_turn (
    one  SMALLINT PRIMARY KEY CHECK (one = 1),
    turn BIGINT NOT NULL
);

-- At the registrar: whose each claim is.
CREATE TABLE home_claim (
    claim TEXT PRIMARY KEY,
    node  TEXT NOT NULL,                   -- '' nobody's any more
    moved SMALLINT NOT NULL                -- 1: it has been another's, or may have been
);
-- How it came to be so. Rows are only added.
CREATE TABLE home_history (
    seq   BIGINT PRIMARY KEY,
    claim TEXT NOT NULL,
    node  TEXT NOT NULL,                   -- whose act it was
    act   TEXT NOT NULL CHECK (act IN ('claim', 'release', 'move')),
    to_node TEXT NOT NULL,                 -- of a move
    at    BIGINT NOT NULL
);
CREATE INDEX home_history_of ON home_history (claim, seq);
CREATE TABLE home_node (
    node TEXT PRIMARY KEY,
    turn BIGINT NOT NULL                   -- of its last message
);
-- After a restore: until when a claim that isn't known here may be one that was forgotten.
CREATE TABLE home_restored (
    one   SMALLINT PRIMARY KEY CHECK (one = 1),
    until BIGINT NOT NULL
);
