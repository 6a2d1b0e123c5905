-- +goose Up
-- What is kept of a file's content, once, by its SHA-256.
CREATE TABLE forum_blob (
    hash    TEXT PRIMARY KEY,
    size    BIGINT NOT NULL,
    state   TEXT NOT NULL CHECK (state IN ('clean', 'unscanned', 'quarantine', 'refused')),
    checked BIGINT NOT NULL
);
CREATE INDEX forum_blob_waiting ON forum_blob (checked) WHERE state = 'quarantine';

-- A file with a name, belonging to a topic or a meeting: who may see that may fetch it.
CREATE TABLE forum_file (
    id      TEXT PRIMARY KEY,
    root    TEXT NOT NULL REFERENCES network (id),
    kind    TEXT NOT NULL CHECK (kind IN ('topic', 'meeting')),
    subject TEXT NOT NULL,
    hash    TEXT NOT NULL REFERENCES forum_blob (hash),
    name    TEXT NOT NULL,
    person  TEXT NOT NULL,
    added   BIGINT NOT NULL
);
CREATE INDEX forum_file_of ON forum_file (subject, added);
CREATE INDEX forum_file_with ON forum_file (hash);

-- What a topic rests on.
CREATE TABLE topic_evidence (
    id       TEXT PRIMARY KEY,
    topic    TEXT NOT NULL REFERENCES topic (id),
    kind     TEXT NOT NULL CHECK (kind IN ('doi', 'pmid', 'url', 'file')),
    ref      TEXT NOT NULL,                -- of a file: its id
    title    TEXT NOT NULL,
    level    TEXT NOT NULL,
    note     TEXT NOT NULL,
    lang     TEXT NOT NULL,
    person   TEXT NOT NULL,
    added    BIGINT NOT NULL,
    reviewer TEXT NOT NULL,                -- '': nobody
    reviewed BIGINT NOT NULL,
    version  BIGINT NOT NULL,
    UNIQUE (topic, kind, ref)
);
CREATE INDEX topic_evidence_of ON topic_evidence (topic, added);
