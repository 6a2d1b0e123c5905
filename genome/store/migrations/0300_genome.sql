-- +goose Up
-- The manifest of the variant store. A row here is what makes a segment file real: files without one are removed.
CREATE TABLE genome_dataset (
    id      TEXT PRIMARY KEY,
    name    TEXT NOT NULL UNIQUE,
    origin  TEXT NOT NULL,            -- germline | somatic
    created BIGINT NOT NULL
);
-- Where a panel or an exome looked: sorted intervals, "chrom:from-to" a line.
CREATE TABLE genome_targets (
    digest    TEXT PRIMARY KEY,       -- SHA-256 of intervals
    intervals TEXT NOT NULL
);
CREATE TABLE genome_load (
    id        TEXT PRIMARY KEY,
    dataset   TEXT NOT NULL REFERENCES genome_dataset (id),
    files     TEXT NOT NULL,          -- a JSON list of names
    loaded    BIGINT NOT NULL,
    variants  BIGINT NOT NULL,
    genotypes BIGINT NOT NULL
);
-- A sample's number is its place in every segment: ascending, never used twice. A replaced
-- or removed sample is retired: never counted again, and gone from the segments at the next compaction.
CREATE TABLE genome_sample (
    number     BIGINT PRIMARY KEY,
    dataset    TEXT NOT NULL REFERENCES genome_dataset (id),
    name       TEXT NOT NULL,         -- empty when retired
    individual BIGINT NOT NULL,       -- -1 when retired
    sex        SMALLINT NOT NULL,     -- as it was when loaded: the codes in the segments rest on it
    load       TEXT NOT NULL REFERENCES genome_load (id),
    targets    TEXT,                  -- digest; NULL for the whole genome
    blocks     SMALLINT NOT NULL,     -- 1: says where it was callable
    retired    SMALLINT NOT NULL
);
CREATE INDEX genome_sample_live ON genome_sample (dataset, name, retired);
CREATE TABLE genome_segment (
    file         TEXT PRIMARY KEY,
    first_sample BIGINT NOT NULL,
    samples      BIGINT NOT NULL,
    bytes        BIGINT NOT NULL,
    variants     BIGINT NOT NULL,
    dead         BIGINT NOT NULL      -- of the sample numbers, how many were retired when it was written
);
CREATE TABLE genome_next (
    one    SMALLINT PRIMARY KEY,      -- 1
    number BIGINT NOT NULL            -- the next sample's
);
INSERT INTO genome_next (one, number) VALUES (1, 0);
