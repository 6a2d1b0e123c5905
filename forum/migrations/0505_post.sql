-- +goose Up
CREATE TABLE post (
    id         TEXT PRIMARY KEY,
    root       TEXT NOT NULL REFERENCES network (id),
    network    TEXT NOT NULL REFERENCES network (id),
    body       TEXT NOT NULL,              -- '': the network's
    topic      TEXT NOT NULL,              -- '': about none
    kind       TEXT NOT NULL CHECK (kind IN ('news', 'question', 'discussion')),
    title      TEXT NOT NULL,
    text       TEXT NOT NULL,
    lang       TEXT NOT NULL,
    visibility TEXT NOT NULL CHECK (visibility IN ('public', 'network', 'body')),
    person     TEXT NOT NULL REFERENCES person (id),
    at         BIGINT NOT NULL,
    hidden     TEXT NOT NULL,              -- why; '': it is shown
    answer     TEXT NOT NULL,              -- the comment that answers it; '': none
    version    BIGINT NOT NULL
);
CREATE INDEX post_listed ON post (root, at, id);
CREATE INDEX post_in_body ON post (body, at, id);
CREATE INDEX post_in_network ON post (network, at, id);
CREATE INDEX post_about ON post (topic, at) WHERE topic <> '';

CREATE TABLE post_comment (
    id      TEXT PRIMARY KEY,
    post    TEXT NOT NULL REFERENCES post (id),
    text    TEXT NOT NULL,
    lang    TEXT NOT NULL,
    person  TEXT NOT NULL REFERENCES person (id),
    at      BIGINT NOT NULL,
    hidden  TEXT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX post_comment_of ON post_comment (post, at, id);
