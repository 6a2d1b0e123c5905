-- +goose Up
-- The last decision number given, per body and year.
CREATE TABLE decision_number (
    body TEXT NOT NULL REFERENCES body (id),
    year BIGINT NOT NULL,
    last BIGINT NOT NULL,
    PRIMARY KEY (body, year)
);

-- What was decided, for ever as it was decided. Append-only: see 0523.
CREATE TABLE decision (
    id          TEXT PRIMARY KEY,
    root        TEXT NOT NULL REFERENCES network (id),
    network     TEXT NOT NULL REFERENCES network (id),
    body        TEXT NOT NULL REFERENCES body (id),
    year        BIGINT NOT NULL,
    number      BIGINT NOT NULL,
    case_number TEXT NOT NULL,
    topic       TEXT REFERENCES topic (id),
    meeting     TEXT NOT NULL,             -- '' when by circulation
    item        TEXT NOT NULL,
    circulation TEXT NOT NULL,
    title       TEXT NOT NULL,
    text        TEXT NOT NULL,
    rationale   TEXT NOT NULL,
    lang        TEXT NOT NULL,
    field       TEXT NOT NULL,
    method      TEXT NOT NULL CHECK (method IN ('vote', 'consensus', 'circulation')),
    mandate     TEXT NOT NULL,
    visibility  TEXT NOT NULL CHECK (visibility IN ('public', 'network', 'body')),
    taken       BIGINT NOT NULL,
    zone        TEXT NOT NULL,
    in_force    BIGINT NOT NULL,           -- not before; 0: once approved
    review      BIGINT NOT NULL,           -- 0: none
    record      TEXT NOT NULL,             -- JSON: quorum, seats, votes, dissent, what it rests on
    actor       TEXT NOT NULL,
    UNIQUE (body, year, number)
);
CREATE INDEX decision_in ON decision (root, taken, id);
CREATE INDEX decision_of ON decision (body, taken, id);
CREATE INDEX decision_about ON decision (topic);
CREATE INDEX decision_at ON decision (meeting);
CREATE INDEX decision_by ON decision (circulation);
CREATE INDEX decision_review ON decision (review) WHERE review > 0;

-- When a decision was approved: seq is the order in which others carry it out. Append-only.
CREATE TABLE decision_force (
    seq      BIGINT PRIMARY KEY,
    decision TEXT NOT NULL UNIQUE REFERENCES decision (id),
    minutes  TEXT NOT NULL,
    approved BIGINT NOT NULL,
    starts   BIGINT NOT NULL               -- in force from
);

-- What a decision puts in the place of what; a decision is superseded once. Append-only.
CREATE TABLE decision_supersedes (
    old      TEXT PRIMARY KEY REFERENCES decision (id),
    decision TEXT NOT NULL REFERENCES decision (id)
);
CREATE INDEX decision_supersedes_by ON decision_supersedes (decision);

-- What a decision became in other rooms. Append-only.
CREATE TABLE decision_effect (
    decision TEXT NOT NULL REFERENCES decision (id),
    kind     TEXT NOT NULL,
    ref      TEXT NOT NULL,
    digest   TEXT NOT NULL,                -- hex
    title    TEXT NOT NULL,
    named    SMALLINT NOT NULL,            -- in the decision itself
    at       BIGINT NOT NULL,
    PRIMARY KEY (decision, kind, ref)
);
CREATE INDEX decision_effect_of ON decision_effect (kind, ref);

-- Whose coordinators were reminded that a decision is to be reviewed.
CREATE TABLE decision_reminded (
    decision TEXT PRIMARY KEY REFERENCES decision (id),
    at       BIGINT NOT NULL
);
