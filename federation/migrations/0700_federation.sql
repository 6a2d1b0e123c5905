-- +goose Up
-- What this node says of itself. Its key is in a file, and in no backup.
CREATE TABLE federation_self (
    id       SMALLINT PRIMARY KEY CHECK (id = 1),
    identity TEXT NOT NULL, -- JSON
    made     BIGINT NOT NULL
);

-- Invitations that were made: the hash of each one's secret.
CREATE TABLE federation_invitation (
    hash    TEXT PRIMARY KEY,
    made    BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    used    BIGINT,
    used_by TEXT NOT NULL DEFAULT '' -- the key's id
);

-- The nodes that this one knows.
CREATE TABLE federation_peer (
    name         TEXT PRIMARY KEY,
    identity     TEXT NOT NULL, -- JSON
    state        TEXT NOT NULL CHECK (state IN ('asks', 'waits', 'approved', 'revoked', 'forked')),
    since        BIGINT NOT NULL,
    why          TEXT NOT NULL,
    oldest       SMALLINT NOT NULL, -- versions of the protocol that it understands
    newest       SMALLINT NOT NULL,
    next_until   BIGINT NOT NULL,   -- until when the key before the announced one is accepted; 0: none was announced
    knows        TEXT NOT NULL,     -- the newest of our keys that it has said it knows, by its id
    last_contact BIGINT NOT NULL,   -- 0: never
    said         TEXT NOT NULL      -- JSON: its last hello
);

-- What was done about them, and why.
CREATE TABLE federation_event (
    id   TEXT PRIMARY KEY,
    made BIGINT NOT NULL,
    peer TEXT NOT NULL,
    what TEXT NOT NULL,
    why  TEXT NOT NULL,
    who  TEXT NOT NULL -- a person's id; '' is the operator, or the node itself
);
