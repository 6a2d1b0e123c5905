-- +goose Up
CREATE TABLE network (
    id       TEXT PRIMARY KEY,
    parent   TEXT REFERENCES network (id),
    root     TEXT NOT NULL,                -- the tenant; its own id for a root
    slug     TEXT NOT NULL,
    kind     TEXT NOT NULL CHECK (kind IN ('national', 'regional', 'thematic')),
    name     TEXT NOT NULL,                -- JSON: sv, nb, en
    about    TEXT NOT NULL,
    country  TEXT NOT NULL,
    lang     TEXT NOT NULL,
    zone     TEXT NOT NULL,
    field    TEXT NOT NULL,
    demo     SMALLINT NOT NULL,
    sort     BIGINT NOT NULL,              -- order among its siblings
    created  BIGINT NOT NULL,
    closed   BIGINT NOT NULL,              -- 0: open
    version  BIGINT NOT NULL,
    UNIQUE (root, slug)
);

CREATE TABLE organisation (
    id       TEXT PRIMARY KEY,
    root     TEXT NOT NULL REFERENCES network (id),
    parent   TEXT REFERENCES organisation (id),
    kind     TEXT NOT NULL,
    sector   TEXT NOT NULL CHECK (sector IN ('care', 'academia', 'industry', 'patient', 'authority')),
    name     TEXT NOT NULL,
    code     TEXT NOT NULL,
    web      TEXT NOT NULL,
    closed   BIGINT NOT NULL,
    version  BIGINT NOT NULL
);
CREATE INDEX organisation_of ON organisation (root);

CREATE TABLE body (
    id          TEXT PRIMARY KEY,
    network     TEXT NOT NULL REFERENCES network (id),
    root        TEXT NOT NULL,
    kind        TEXT NOT NULL,
    name        TEXT NOT NULL,
    task        TEXT NOT NULL,
    mandate     TEXT NOT NULL CHECK (mandate IN ('decides', 'recommends', 'advises')),
    visibility  TEXT NOT NULL CHECK (visibility IN ('public', 'network', 'body')),
    input_days  BIGINT NOT NULL,
    answer_days BIGINT NOT NULL,
    paper_days  BIGINT NOT NULL,
    starts      BIGINT NOT NULL,
    ends        BIGINT NOT NULL,           -- 0: without end
    sort        BIGINT NOT NULL,
    closed      BIGINT NOT NULL,
    version     BIGINT NOT NULL
);
CREATE INDEX body_of ON body (network);
CREATE INDEX body_in ON body (root);

CREATE TABLE body_rule (
    id                TEXT PRIMARY KEY,
    body              TEXT NOT NULL REFERENCES body (id),
    kind              TEXT NOT NULL,
    n                 BIGINT NOT NULL,
    sector            TEXT NOT NULL,
    organisation_kind TEXT NOT NULL,
    sort              BIGINT NOT NULL
);
CREATE INDEX body_rule_of ON body_rule (body);

CREATE TABLE seat (
    id         TEXT PRIMARY KEY,
    body       TEXT NOT NULL REFERENCES body (id),
    role       TEXT NOT NULL CHECK (role IN ('chair', 'member', 'deputy', 'observer')),
    sector     TEXT NOT NULL,
    nominator  TEXT REFERENCES organisation (id),
    deputy_for TEXT REFERENCES seat (id),
    sort       BIGINT NOT NULL,
    closed     BIGINT NOT NULL,
    version    BIGINT NOT NULL
);
CREATE INDEX seat_of ON seat (body);

-- A human being who may hold seats and act. Mail addresses are the accounts' and the notices'.
CREATE TABLE person (
    id       TEXT PRIMARY KEY,
    name     TEXT NOT NULL,                -- '' once erased
    lang     TEXT NOT NULL,
    operator SMALLINT NOT NULL,            -- may set up a new network
    created  BIGINT NOT NULL,
    erased   BIGINT NOT NULL,              -- 0: not
    version  BIGINT NOT NULL
);

-- Who is registered with which network. Sort is the name's key in that network's own alphabet.
CREATE TABLE membership (
    network TEXT NOT NULL REFERENCES network (id),
    person  TEXT NOT NULL REFERENCES person (id),
    root    TEXT NOT NULL,
    sort    TEXT NOT NULL,
    since   BIGINT NOT NULL,
    PRIMARY KEY (network, person)
);
CREATE INDEX membership_of ON membership (person);
CREATE INDEX membership_sorted ON membership (network, sort, person);

-- Who held which seat, for ever: a term is ended, never removed or moved.
CREATE TABLE holding (
    id       TEXT PRIMARY KEY,
    seat     TEXT NOT NULL REFERENCES seat (id),
    person   TEXT NOT NULL REFERENCES person (id),
    starts   BIGINT NOT NULL,
    ends     BIGINT NOT NULL,              -- 0: until further notice
    why      TEXT NOT NULL,                -- why it ended before its time
    recorded BIGINT NOT NULL,
    reminded BIGINT NOT NULL               -- when the holder was told that it ends; 0: not yet
);
CREATE INDEX holding_of ON holding (person, ends);
CREATE INDEX holding_in ON holding (seat, starts);
CREATE INDEX holding_ending ON holding (ends) WHERE ends > 0;
