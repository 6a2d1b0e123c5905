-- +goose Up
-- A seat that somebody is sought for.
CREATE TABLE vacancy (
    id        TEXT PRIMARY KEY,
    root      TEXT NOT NULL,
    seat      TEXT NOT NULL REFERENCES seat (id),
    text      TEXT NOT NULL,               -- JSON: sv, nb, en
    takes     TEXT NOT NULL,               -- what it takes, JSON
    paid      SMALLINT NOT NULL,
    published BIGINT NOT NULL,
    last_day  BIGINT NOT NULL,             -- the moment after it
    closed    BIGINT NOT NULL,             -- 0: open
    version   BIGINT NOT NULL
);
CREATE INDEX vacancy_open ON vacancy (root, closed, last_day);
CREATE INDEX vacancy_of ON vacancy (seat);

-- Somebody for a seat: who came forward, or whom a chair proposed. Name and mail are the public's, until they are deleted.
CREATE TABLE candidate (
    id       TEXT PRIMARY KEY,
    root     TEXT NOT NULL,
    seat     TEXT NOT NULL REFERENCES seat (id),
    person   TEXT REFERENCES person (id),
    proposer TEXT REFERENCES person (id),
    name     TEXT NOT NULL,
    mail     TEXT NOT NULL,
    text     TEXT NOT NULL,
    lang     TEXT NOT NULL,
    at       BIGINT NOT NULL,
    state    TEXT NOT NULL CHECK (state IN ('', 'chosen', 'declined', 'withdrawn')),
    answered BIGINT NOT NULL
);
CREATE INDEX candidate_for ON candidate (seat, at);
CREATE INDEX candidate_by ON candidate (person);
CREATE INDEX candidate_old ON candidate (at) WHERE mail <> '';
CREATE INDEX candidate_proposed ON candidate (proposer);

-- A declared tie. Ended, never deleted while the person is with us.
CREATE TABLE interest (
    id           TEXT PRIMARY KEY,
    root         TEXT NOT NULL REFERENCES network (id),
    person       TEXT NOT NULL REFERENCES person (id),
    organisation TEXT REFERENCES organisation (id),
    named        TEXT NOT NULL,            -- an organisation that is no party, or a product
    kind         TEXT NOT NULL,
    about        TEXT NOT NULL,
    starts       BIGINT NOT NULL,
    ends         BIGINT NOT NULL,          -- 0: still
    recorded     BIGINT NOT NULL
);
CREATE INDEX interest_of ON interest (person, root);
CREATE INDEX interest_in ON interest (organisation);

-- When a person last said that their ties are complete, and was last asked.
CREATE TABLE interest_confirmed (
    root   TEXT NOT NULL REFERENCES network (id),
    person TEXT NOT NULL REFERENCES person (id),
    at     BIGINT NOT NULL,
    asked  BIGINT NOT NULL,
    PRIMARY KEY (root, person)
);
CREATE INDEX interest_confirmed_by ON interest_confirmed (person);

CREATE TABLE agreement (
    id         TEXT PRIMARY KEY,
    root       TEXT NOT NULL REFERENCES network (id),
    network    TEXT NOT NULL REFERENCES network (id),
    kind       TEXT NOT NULL CHECK (kind IN ('partnership', 'engagement')),
    title      TEXT NOT NULL,
    text       TEXT NOT NULL,
    lang       TEXT NOT NULL,
    person     TEXT REFERENCES person (id),
    visibility TEXT NOT NULL CHECK (visibility IN ('public', 'network')),
    starts     BIGINT NOT NULL,
    ends       BIGINT NOT NULL,            -- 0: until further notice
    review     BIGINT NOT NULL,            -- when it is to be looked at again; 0: never
    reminded   BIGINT NOT NULL,
    closed     BIGINT NOT NULL,
    version    BIGINT NOT NULL
);
CREATE INDEX agreement_of ON agreement (root, closed, review);
CREATE INDEX agreement_due ON agreement (review) WHERE closed = 0 AND review > 0;
CREATE INDEX agreement_with ON agreement (person);

CREATE TABLE agreement_party (
    agreement    TEXT NOT NULL REFERENCES agreement (id),
    organisation TEXT NOT NULL REFERENCES organisation (id),
    PRIMARY KEY (agreement, organisation)
);
CREATE INDEX agreement_party_of ON agreement_party (organisation);

-- What an engagement is paid, from a day on. In the smallest unit of the currency.
CREATE TABLE fee_rate (
    root     TEXT NOT NULL REFERENCES network (id),
    country  TEXT NOT NULL,
    code     TEXT NOT NULL,
    starts   BIGINT NOT NULL,
    amount   BIGINT NOT NULL,
    currency TEXT NOT NULL,
    PRIMARY KEY (root, country, code, starts)
);

-- A person's own words about themself.
CREATE TABLE profile_part (
    person     TEXT NOT NULL REFERENCES person (id),
    part       TEXT NOT NULL,
    value      TEXT NOT NULL,              -- a text, or one item a line
    lang       TEXT NOT NULL,
    visibility TEXT NOT NULL CHECK (visibility IN ('me', 'network', 'public')),
    changed    BIGINT NOT NULL,
    version    BIGINT NOT NULL,
    PRIMARY KEY (person, part)
);
