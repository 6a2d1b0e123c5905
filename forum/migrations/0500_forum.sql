-- +goose Up
-- The last case number given, per tenant and year.
CREATE TABLE forum_number (
    root TEXT NOT NULL REFERENCES network (id),
    year BIGINT NOT NULL,
    last BIGINT NOT NULL,
    PRIMARY KEY (root, year)
);

-- Everything that happened, in order. Append-only: see the next migration.
CREATE TABLE forum_event (
    seq     BIGINT PRIMARY KEY,
    root    TEXT NOT NULL,
    subject TEXT NOT NULL,
    kind    TEXT NOT NULL,
    actor   TEXT NOT NULL,                 -- '' for the clock
    at      BIGINT NOT NULL,
    details TEXT NOT NULL
);
CREATE INDEX forum_event_of ON forum_event (subject, seq);

CREATE TABLE topic (
    id           TEXT PRIMARY KEY,
    case_number  TEXT NOT NULL,
    root         TEXT NOT NULL REFERENCES network (id),
    network      TEXT NOT NULL REFERENCES network (id),
    body         TEXT REFERENCES body (id),
    state        TEXT NOT NULL,
    title        TEXT NOT NULL,
    text         TEXT NOT NULL,
    lang         TEXT NOT NULL,
    field        TEXT NOT NULL,
    level        TEXT NOT NULL,
    kind         TEXT NOT NULL,
    visibility   TEXT NOT NULL CHECK (visibility IN ('public', 'network', 'body')),
    raised_by    TEXT NOT NULL REFERENCES person (id),
    raised_for   TEXT REFERENCES organisation (id),
    raised       BIGINT NOT NULL,
    moved        BIGINT NOT NULL,
    input_until  BIGINT NOT NULL,          -- 0: not asked for
    input_waived TEXT NOT NULL,
    into_topic   TEXT REFERENCES topic (id),
    version      BIGINT NOT NULL,
    UNIQUE (root, case_number)
);
CREATE INDEX topic_listed ON topic (root, raised, id);
CREATE INDEX topic_in_state ON topic (root, state, moved);
CREATE INDEX topic_of_body ON topic (body, state);
CREATE INDEX topic_by ON topic (raised_by, raised);

CREATE TABLE topic_input (
    id           TEXT PRIMARY KEY,
    topic        TEXT NOT NULL REFERENCES topic (id),
    person       TEXT NOT NULL REFERENCES person (id),
    name         TEXT NOT NULL,
    organisation TEXT REFERENCES organisation (id),
    text         TEXT NOT NULL,
    lang         TEXT NOT NULL,
    given        BIGINT NOT NULL,
    disposition  TEXT NOT NULL CHECK (disposition IN ('', 'adopted', 'partly', 'declined')),
    reason       TEXT NOT NULL,
    disposed     BIGINT NOT NULL,
    decision     TEXT NOT NULL
);
CREATE INDEX topic_input_of ON topic_input (topic, given);
CREATE INDEX topic_input_by ON topic_input (person, given);
