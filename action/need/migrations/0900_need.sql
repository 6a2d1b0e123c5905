-- +goose Up
CREATE TABLE need_survey (
    id            TEXT PRIMARY KEY,
    root          TEXT NOT NULL REFERENCES network (id),
    network       TEXT NOT NULL REFERENCES network (id),
    body          TEXT,                    -- none: a network's
    case_number   TEXT NOT NULL,
    title         TEXT NOT NULL,
    text          TEXT NOT NULL,
    lang          TEXT NOT NULL,
    visibility    TEXT NOT NULL CHECK (visibility IN ('public', 'network')),
    person        TEXT NOT NULL REFERENCES person (id),
    created       BIGINT NOT NULL,
    propose_until BIGINT NOT NULL,
    rank_until    BIGINT NOT NULL,
    version       BIGINT NOT NULL
);
CREATE INDEX need_survey_in ON need_survey (root, rank_until, id);

CREATE TABLE need_proposal (
    id     TEXT PRIMARY KEY,
    survey TEXT NOT NULL REFERENCES need_survey (id),
    title  TEXT NOT NULL,
    text   TEXT NOT NULL,
    lang   TEXT NOT NULL,
    person TEXT NOT NULL,                  -- '' once erased
    at     BIGINT NOT NULL
);
CREATE INDEX need_proposal_of ON need_proposal (survey, id);
CREATE INDEX need_proposal_by ON need_proposal (person);

CREATE TABLE need_ranking (
    survey TEXT NOT NULL REFERENCES need_survey (id),
    person TEXT NOT NULL REFERENCES person (id),
    sector TEXT NOT NULL,
    region TEXT NOT NULL,                  -- a network's id; '' for none in particular
    PRIMARY KEY (survey, person)
);
CREATE INDEX need_ranking_by ON need_ranking (person);
CREATE TABLE need_ranked (
    survey   TEXT NOT NULL,
    person   TEXT NOT NULL,
    place    BIGINT NOT NULL,              -- 1: needed most
    proposal TEXT NOT NULL REFERENCES need_proposal (id),
    PRIMARY KEY (survey, person, place),
    UNIQUE (survey, person, proposal)
);

CREATE TABLE need (
    id          TEXT PRIMARY KEY,
    root        TEXT NOT NULL REFERENCES network (id),
    network     TEXT NOT NULL REFERENCES network (id),
    body        TEXT,
    case_number TEXT NOT NULL,
    kind        TEXT NOT NULL,
    title       TEXT NOT NULL,
    text        TEXT NOT NULL,
    lang        TEXT NOT NULL,
    words       TEXT NOT NULL,             -- what is sought, a line each
    visibility  TEXT NOT NULL CHECK (visibility IN ('public', 'network')),
    person      TEXT NOT NULL REFERENCES person (id),
    created     BIGINT NOT NULL,
    until       BIGINT NOT NULL,
    closed      BIGINT NOT NULL,           -- 0: open
    met         SMALLINT NOT NULL,
    version     BIGINT NOT NULL
);
CREATE INDEX need_in ON need (root, closed, id);
CREATE INDEX need_by ON need (person, closed);

-- Whoever has a need and somebody else. A side's yes is the moment it was said; how to reach it came with that.
CREATE TABLE need_contact (
    need       TEXT NOT NULL REFERENCES need (id),
    person     TEXT NOT NULL REFERENCES person (id),
    seeker_yes BIGINT NOT NULL,
    seeker_at  TEXT NOT NULL,
    person_yes BIGINT NOT NULL,
    person_at  TEXT NOT NULL,
    ended      BIGINT NOT NULL,            -- 0: not
    PRIMARY KEY (need, person)
);
CREATE INDEX need_contact_with ON need_contact (person, ended);
