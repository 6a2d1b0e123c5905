-- +goose Up
-- Where a person's mail goes; no row: nowhere, they read their notices here.
CREATE TABLE notice_recipient (
    person    TEXT PRIMARY KEY,
    mail      TEXT NOT NULL, -- '' for none
    lang      TEXT NOT NULL,
    frequency TEXT NOT NULL CHECK (frequency IN ('immediate', 'daily', 'weekly')),
    zone      TEXT NOT NULL
);

-- What a person was told. Nothing secret is in here.
CREATE TABLE notice (
    id     TEXT PRIMARY KEY,
    person TEXT NOT NULL,
    key    TEXT NOT NULL,
    args   TEXT NOT NULL, -- JSON array of strings
    link   TEXT NOT NULL,
    made   BIGINT NOT NULL,
    read   BIGINT,
    due    BIGINT         -- when it is to be mailed; NULL when it was or need not be
);
CREATE INDEX notice_of ON notice (person, id);
CREATE INDEX notice_unread ON notice (person, id) WHERE read IS NULL;
CREATE INDEX notice_due ON notice (due) WHERE due IS NOT NULL;
CREATE INDEX notice_waiting ON notice (person, id) WHERE due IS NOT NULL;
CREATE INDEX notice_made ON notice (made);

-- The outbox, and what became of each mail.
CREATE TABLE notice_mail (
    id          TEXT PRIMARY KEY, -- with the sender's domain: its Message-ID
    person      TEXT NOT NULL,
    address     TEXT NOT NULL,
    lang        TEXT NOT NULL,
    subject     TEXT NOT NULL,
    body        TEXT NOT NULL,    -- '' once it is sent
    attach_name TEXT NOT NULL,
    attach_type TEXT NOT NULL,
    attach      BYTEA,
    digest      SMALLINT NOT NULL,
    secret      SMALLINT NOT NULL,
    rank        SMALLINT NOT NULL, -- 0 goes before 1
    state       TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'bounced', 'failed')),
    attempts    BIGINT NOT NULL,
    made        BIGINT NOT NULL,
    next        BIGINT NOT NULL,  -- not before
    until       BIGINT,           -- not after
    done        BIGINT,
    said        TEXT NOT NULL,    -- the server's last words
    CHECK ((state = 'waiting') = (done IS NULL)),
    CHECK (state <> 'sent' OR (body = '' AND attach IS NULL))
);
CREATE INDEX notice_mail_next ON notice_mail (rank, next, id) WHERE state = 'waiting';
CREATE INDEX notice_mail_until ON notice_mail (state, until) WHERE until IS NOT NULL;
CREATE INDEX notice_mail_state ON notice_mail (state, id);
CREATE INDEX notice_mail_person ON notice_mail (person, id);
CREATE INDEX notice_mail_done ON notice_mail (done) WHERE done IS NOT NULL;
