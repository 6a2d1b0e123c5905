-- +goose Up
CREATE TABLE account (
    id       TEXT PRIMARY KEY,
    person   TEXT NOT NULL UNIQUE,         -- network's
    mail     TEXT NOT NULL,                -- as written
    mail_key TEXT NOT NULL UNIQUE,         -- as compared
    password TEXT NOT NULL,                -- argon2id with its parameters; '' for none
    created  BIGINT NOT NULL,
    disabled BIGINT NOT NULL               -- 0: not
);

-- Somebody at a provider, by what the provider promises never to give to another.
CREATE TABLE account_identity (
    id       TEXT PRIMARY KEY,
    account  TEXT NOT NULL REFERENCES account (id),
    issuer   TEXT NOT NULL,
    subject  TEXT NOT NULL,
    provider TEXT NOT NULL,                -- our name for it
    linked   BIGINT NOT NULL,
    used     BIGINT NOT NULL,              -- 0: not yet
    UNIQUE (issuer, subject)
);
CREATE INDEX account_identity_of ON account_identity (account);

-- person is '' for the first start, when nobody is there yet.
CREATE TABLE account_invitation (
    id      TEXT PRIMARY KEY,
    person  TEXT NOT NULL,
    mail    TEXT NOT NULL,
    lang    TEXT NOT NULL,
    hash    TEXT NOT NULL UNIQUE,
    made_by TEXT NOT NULL,
    made    BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    state   TEXT NOT NULL CHECK (state IN ('open', 'accepted', 'revoked')),
    closed  BIGINT NOT NULL                -- 0: open
);
CREATE UNIQUE INDEX account_invitation_open ON account_invitation (person) WHERE state = 'open';
CREATE INDEX account_invitation_of ON account_invitation (person, made);

CREATE TABLE account_recovery (
    hash    TEXT PRIMARY KEY,
    account TEXT NOT NULL REFERENCES account (id),
    made    BIGINT NOT NULL,
    expires BIGINT NOT NULL
);
CREATE INDEX account_recovery_of ON account_recovery (account);
CREATE INDEX account_recovery_ending ON account_recovery (expires);

CREATE TABLE account_session (
    id      TEXT PRIMARY KEY,
    account TEXT NOT NULL REFERENCES account (id),
    hash    TEXT NOT NULL UNIQUE,
    via     TEXT NOT NULL,                 -- password, a provider's name, invitation, demo
    place   TEXT NOT NULL,                 -- the network it came from, never the whole address
    browser TEXT NOT NULL,
    created BIGINT NOT NULL,
    seen    BIGINT NOT NULL,
    ends    BIGINT NOT NULL
);
CREATE INDEX account_session_of ON account_session (account);
CREATE INDEX account_session_ending ON account_session (ends);
CREATE INDEX account_session_idle ON account_session (seen);

-- A sign-in at a provider that has begun: once used it is gone. Its state, nonce and verifier are made from
-- a secret that only the browser has.
CREATE TABLE account_flow (
    hash       TEXT PRIMARY KEY,
    provider   TEXT NOT NULL,
    invitation TEXT NOT NULL,              -- the hash of the invitation it accepts, or ''
    account    TEXT NOT NULL,              -- the account it links an identity to, or ''
    back       TEXT NOT NULL,
    expires    BIGINT NOT NULL
);
CREATE INDEX account_flow_ending ON account_flow (expires);

-- A browser that has signed in to the account before.
CREATE TABLE account_device (
    hash    TEXT PRIMARY KEY,
    account TEXT NOT NULL REFERENCES account (id),
    seen    BIGINT NOT NULL
);
CREATE INDEX account_device_of ON account_device (account);
CREATE INDEX account_device_seen ON account_device (seen);

CREATE TABLE account_feed (
    id      TEXT PRIMARY KEY,
    person  TEXT NOT NULL,
    scope   TEXT NOT NULL CHECK (scope IN ('person', 'body')),
    subject TEXT NOT NULL,                 -- the body; '' for the person's own
    hash    TEXT NOT NULL UNIQUE,
    made    BIGINT NOT NULL,
    used    BIGINT NOT NULL,               -- 0: not yet
    UNIQUE (person, scope, subject)
);

-- Who tries to sign in, under a keyed hash: what is typed there may be a password.
CREATE TABLE account_attempt (
    bucket   TEXT PRIMARY KEY,
    failures BIGINT NOT NULL,
    last     BIGINT NOT NULL,
    until    BIGINT NOT NULL               -- the next one waits until then
);
CREATE INDEX account_attempt_last ON account_attempt (last);

CREATE TABLE account_key (
    one   SMALLINT PRIMARY KEY CHECK (one = 1),
    value TEXT NOT NULL
);

-- When and where an account was used, and what was changed.
CREATE TABLE account_event (
    id      TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    at      BIGINT NOT NULL,
    kind    TEXT NOT NULL,
    detail  TEXT NOT NULL,
    place   TEXT NOT NULL,
    browser TEXT NOT NULL
);
CREATE INDEX account_event_of ON account_event (account, id);
