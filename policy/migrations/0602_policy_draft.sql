-- +goose Up
-- Drafts that a topic's decision may name. Each text that a draft has had is kept: a decision names one by its digest.
CREATE TABLE policy_draft (
    id      TEXT PRIMARY KEY,
    root    TEXT NOT NULL,               -- the tenant's network
    network TEXT NOT NULL,               -- whose policy it would be
    topic   TEXT NOT NULL,
    author  TEXT NOT NULL,
    version BIGINT NOT NULL,             -- of the text
    digest  TEXT NOT NULL,               -- of the text as it is now
    made    BIGINT NOT NULL
);
CREATE INDEX policy_draft_of ON policy_draft (root, topic, id);
CREATE TABLE policy_draft_text (
    draft   TEXT NOT NULL REFERENCES policy_draft (id),
    version BIGINT NOT NULL,
    digest  TEXT NOT NULL,
    text    TEXT NOT NULL,               -- canonical
    author  TEXT NOT NULL,
    made    BIGINT NOT NULL,
    PRIMARY KEY (draft, version)
);
CREATE INDEX policy_draft_text_named ON policy_draft_text (digest);

-- What decisions of this installation's own networks enacted, whether or not this node adopted it.
CREATE TABLE policy_enacted (
    digest   TEXT PRIMARY KEY,           -- of the draft
    network  TEXT NOT NULL,
    name     TEXT NOT NULL,
    version  BIGINT NOT NULL,
    decision TEXT NOT NULL,
    signed   TEXT NOT NULL,
    made     BIGINT NOT NULL
);
CREATE INDEX policy_enacted_of ON policy_enacted (network, name, version);
