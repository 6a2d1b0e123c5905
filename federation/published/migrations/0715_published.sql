-- +goose Up
-- When a peer's publications were heard last.
CREATE TABLE published_from (
    peer  TEXT PRIMARY KEY,
    heard BIGINT NOT NULL
);

-- Which peers are believed about what their networks decided: the operator's word.
CREATE TABLE published_trust (
    peer TEXT PRIMARY KEY,
    made BIGINT NOT NULL
);

-- What peers published, as it was last heard.
CREATE TABLE published_entry (
    peer    TEXT NOT NULL,
    kind    TEXT NOT NULL CHECK (kind IN ('policy', 'form', 'decision', 'lift')),
    id      TEXT NOT NULL,
    at      BIGINT NOT NULL,   -- by which lists are in order
    body    TEXT NOT NULL,
    code    TEXT NOT NULL,     -- why what is to be adopted isn't kept here; '' when it is
    args    TEXT NOT NULL,     -- of the sentence
    changed BIGINT NOT NULL,
    stale   SMALLINT NOT NULL, -- not heard again yet, in a feed that is being heard from its beginning
    PRIMARY KEY (peer, kind, id)
);
CREATE INDEX published_entry_lately ON published_entry (kind, at, id);
