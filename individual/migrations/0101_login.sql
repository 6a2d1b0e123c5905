-- +goose Up
-- The key under which sign-ins are hidden: who an issuer says somebody is, is kept as HMAC-SHA256 only.
CREATE TABLE individual_key (
    one SMALLINT PRIMARY KEY CHECK (one = 1),
    key BYTEA NOT NULL
);

-- A sign-in that is an individual.
CREATE TABLE individual_login (
    id         TEXT PRIMARY KEY,
    individual BIGINT NOT NULL REFERENCES individual (number),
    who        TEXT NOT NULL,              -- the hidden issuer and subject
    level      SMALLINT NOT NULL CHECK (level IN (1, 2, 3)), -- at least this level of assurance
    made_by    TEXT NOT NULL,
    why        TEXT NOT NULL,
    linked     BIGINT NOT NULL,
    ended      BIGINT,
    ended_by   TEXT
);
CREATE UNIQUE INDEX individual_login_who ON individual_login (who) WHERE ended IS NULL;
CREATE INDEX individual_login_of ON individual_login (individual);

-- A sign-in that may choose for an individual who is not of age.
CREATE TABLE individual_guardian (
    id         TEXT PRIMARY KEY,
    individual BIGINT NOT NULL REFERENCES individual (number),
    who        TEXT NOT NULL,
    level      SMALLINT NOT NULL CHECK (level IN (1, 2, 3)),
    begins     BIGINT NOT NULL,
    ends       BIGINT,                     -- known beforehand
    made_by    TEXT NOT NULL,
    why        TEXT NOT NULL,
    recorded   BIGINT NOT NULL,
    ended      BIGINT,                     -- ended before that
    ended_by   TEXT
);
CREATE INDEX individual_guardian_who ON individual_guardian (who);
CREATE INDEX individual_guardian_of ON individual_guardian (individual);

-- A browser of somebody who has signed in. Nothing here is an account of the network's.
CREATE TABLE individual_session (
    hash    TEXT PRIMARY KEY,              -- of the cookie's token
    who     TEXT NOT NULL,
    level   SMALLINT NOT NULL,
    created BIGINT NOT NULL,
    seen    BIGINT NOT NULL,
    ends    BIGINT NOT NULL
);
CREATE INDEX individual_session_who ON individual_session (who);
CREATE INDEX individual_session_ends ON individual_session (ends);

-- Who changed what about an individual, and why; never what it was.
CREATE TABLE individual_event (
    id         TEXT PRIMARY KEY,
    individual BIGINT NOT NULL REFERENCES individual (number),
    kind       TEXT NOT NULL,
    made_by    TEXT NOT NULL,
    why        TEXT NOT NULL,
    recorded   BIGINT NOT NULL
);
CREATE INDEX individual_event_of ON individual_event (individual, id);
