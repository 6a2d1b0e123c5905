-- +goose Up
-- Policies as they were signed, each the whole text that its signature is over.
CREATE TABLE policy_signed (
    digest   TEXT PRIMARY KEY,           -- of the draft
    signed   TEXT NOT NULL,
    received BIGINT NOT NULL
);

-- What this node did with policies, in order; seq has no gaps. Which is in force follows from it.
CREATE TABLE policy_adoption (
    seq     BIGINT PRIMARY KEY,
    line    TEXT NOT NULL,               -- network and name
    digest  TEXT REFERENCES policy_signed (digest), -- null: the line ends
    made_by TEXT NOT NULL,
    ground  TEXT NOT NULL,               -- the node's own decision; by its standing rule: "standing"
    starts  BIGINT NOT NULL,
    made    BIGINT NOT NULL,
    chain   TEXT NOT NULL                -- SHA-256 over the chain before and this row
);

-- Whose decisions this node adopts without deciding each time. The last row of a network and body holds.
CREATE TABLE policy_standing (
    seq     BIGINT PRIMARY KEY,
    network TEXT NOT NULL,
    body    TEXT NOT NULL,
    adopts  SMALLINT NOT NULL,
    made_by TEXT NOT NULL,
    ground  TEXT NOT NULL,
    made    BIGINT NOT NULL
);

-- The latest time that was ever seen here, since somebody last set it right; the last row holds.
CREATE TABLE policy_clock (
    seq     BIGINT PRIMARY KEY,
    seen    BIGINT NOT NULL,
    made_by TEXT NOT NULL,
    ground  TEXT NOT NULL
);

-- Backups that this database was made from, each when that was noticed, and again when somebody said that no policy
-- adopted since is missing.
CREATE TABLE policy_restored (
    backup    TEXT NOT NULL,
    confirmed SMALLINT NOT NULL,
    made_by   TEXT NOT NULL,
    ground    TEXT NOT NULL,
    made      BIGINT NOT NULL,
    PRIMARY KEY (backup, confirmed)
);

-- As what a person may ask, and where that ended before its day.
CREATE TABLE policy_assignment (
    id           TEXT PRIMARY KEY,
    person       TEXT NOT NULL,
    organisation TEXT NOT NULL,
    sector       TEXT NOT NULL,
    role         TEXT NOT NULL,
    approval     TEXT NOT NULL,          -- an ethics committee's, for research; or ""
    starts       BIGINT NOT NULL,
    ends         BIGINT NOT NULL,        -- 0: until further notice
    made_by      TEXT NOT NULL,
    ground       TEXT NOT NULL,
    made         BIGINT NOT NULL
);
CREATE INDEX policy_assignment_of ON policy_assignment (person, organisation, id);
CREATE INDEX policy_assignment_in ON policy_assignment (organisation, id);
CREATE TABLE policy_assignment_end (
    assignment TEXT PRIMARY KEY REFERENCES policy_assignment (id),
    at         BIGINT NOT NULL,
    made_by    TEXT NOT NULL,
    ground     TEXT NOT NULL,
    made       BIGINT NOT NULL
);

-- How much each has asked, ever and in the last year and day they asked in. Never less than before.
CREATE TABLE policy_account (
    account  TEXT PRIMARY KEY,           -- the next four, joined
    scope    TEXT NOT NULL CHECK (scope IN ('asker', 'organisation', 'anonymous')),
    purpose  TEXT NOT NULL,
    bulk     SMALLINT NOT NULL,
    who      TEXT NOT NULL,              -- a person in an organisation, an organisation, or a dataset
    lifetime BIGINT NOT NULL,
    year     BIGINT NOT NULL,
    in_year  BIGINT NOT NULL,
    day      BIGINT NOT NULL,            -- since 1970
    in_day   BIGINT NOT NULL
);
CREATE INDEX policy_account_most ON policy_account (scope, lifetime DESC, account);

-- What was asked, by day and form: who in general, what for, what kind of answer; not the person, variant or number.
CREATE TABLE policy_request (
    day   BIGINT NOT NULL,               -- since 1970
    form  TEXT NOT NULL,
    asked BIGINT NOT NULL,
    PRIMARY KEY (day, form)
);
