-- +goose Up
CREATE TABLE minutes (
    id          TEXT PRIMARY KEY,
    root        TEXT NOT NULL REFERENCES network (id),
    network     TEXT NOT NULL REFERENCES network (id),
    body        TEXT NOT NULL REFERENCES body (id),
    meeting     TEXT NOT NULL,
    circulation TEXT NOT NULL,
    visibility  TEXT NOT NULL CHECK (visibility IN ('public', 'network', 'body')),
    edition     BIGINT NOT NULL,           -- 1; a correction is the next
    corrects    TEXT REFERENCES minutes (id),
    reason      TEXT NOT NULL,             -- of the correction
    held        BIGINT NOT NULL,           -- when the meeting was
    state       TEXT NOT NULL CHECK (state IN ('draft', 'sealed')),
    version     BIGINT NOT NULL,
    UNIQUE (meeting, circulation, edition)
);
CREATE INDEX minutes_of ON minutes (body, held);
CREATE INDEX minutes_in ON minutes (root, state, held);

-- Each version of the text. Append-only.
CREATE TABLE minutes_version (
    minutes TEXT NOT NULL REFERENCES minutes (id),
    version BIGINT NOT NULL,
    doc     TEXT NOT NULL,                 -- JSON; emptied when the minutes are sealed, so that a redaction redacts
    hash    TEXT NOT NULL,
    actor   TEXT NOT NULL,
    at      BIGINT NOT NULL,
    PRIMARY KEY (minutes, version)
);

-- Who has approved which text: the whole (item ''), or one item. Append-only.
CREATE TABLE minutes_approval (
    minutes TEXT NOT NULL REFERENCES minutes (id),
    item    TEXT NOT NULL,
    person  TEXT NOT NULL REFERENCES person (id),
    hash    TEXT NOT NULL,
    at      BIGINT NOT NULL,
    PRIMARY KEY (minutes, item, person, hash)
);

-- The seal, and the parts it is over.
CREATE TABLE minutes_seal (
    minutes TEXT PRIMARY KEY REFERENCES minutes (id),
    seal    TEXT NOT NULL,
    hash    TEXT NOT NULL,                 -- of the text that was approved
    sealed  BIGINT NOT NULL
);
CREATE TABLE minutes_part (
    minutes    TEXT NOT NULL REFERENCES minutes (id),
    n          BIGINT NOT NULL,
    name       TEXT NOT NULL,              -- head, person/1, item/1 …
    visibility TEXT NOT NULL,
    salt       TEXT NOT NULL,              -- hex; '' once redacted
    text       TEXT NOT NULL,              -- '' once redacted
    hash       TEXT NOT NULL,
    redacted   BIGINT NOT NULL,            -- 0: not
    reason     TEXT NOT NULL,
    PRIMARY KEY (minutes, n)
);
