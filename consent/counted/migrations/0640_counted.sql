-- +goose Up
-- An individual's secret, which blinds their leaves. Deleted when they are erased.
CREATE TABLE counted_salt (
    individual BIGINT PRIMARY KEY REFERENCES individual (number),
    salt       BYTEA NOT NULL            -- 32 random bytes
);

-- The uses that somebody has asked for.
CREATE TABLE counted_use (
    id         BIGINT PRIMARY KEY,
    purpose    TEXT NOT NULL,
    conditions TEXT NOT NULL,
    UNIQUE (purpose, conditions)
);

-- The versions of a use's tree. One is written before anything may name its root.
CREATE TABLE counted_root (
    use_id  BIGINT NOT NULL REFERENCES counted_use (id),
    version BIGINT NOT NULL,             -- microseconds: when it was made, always later than the one before
    epoch   BIGINT NOT NULL,             -- of the consents, when it was first asked for
    size    BIGINT NOT NULL,             -- how many leaves the tree had
    root    BYTEA NOT NULL,
    PRIMARY KEY (use_id, version)
);
CREATE INDEX counted_root_of ON counted_root (use_id, root);

-- The trees, in pages of 16 nodes of a level: those from 16·page on, as they were from a version on. Level 0 are the leaves: each is a
-- hash and the version that made it, in eight bytes, big-endian. On levels 4, 8, … there are hashes alone.
CREATE TABLE counted_node (
    use_id  BIGINT NOT NULL REFERENCES counted_use (id),
    level   SMALLINT NOT NULL,
    page    BIGINT NOT NULL,
    version BIGINT NOT NULL,
    nodes   BYTEA NOT NULL,
    PRIMARY KEY (use_id, level, page, version)
);
