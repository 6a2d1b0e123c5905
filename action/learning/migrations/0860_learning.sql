-- +goose Up
-- A course, webinar, dialogue or study circle.
CREATE TABLE learning_activity (
    id          TEXT PRIMARY KEY,
    case_number TEXT NOT NULL,
    root        TEXT NOT NULL REFERENCES network (id),
    network     TEXT NOT NULL REFERENCES network (id),
    body        TEXT NOT NULL,             -- '': the network's own
    kind        TEXT NOT NULL CHECK (kind IN ('course', 'webinar', 'dialogue', 'circle')),
    title       TEXT NOT NULL,
    text        TEXT NOT NULL,
    lang        TEXT NOT NULL,             -- that it is held in
    audience    TEXT NOT NULL,             -- '|patients|professionals|'
    visibility  TEXT NOT NULL CHECK (visibility IN ('public', 'network')),
    state       TEXT NOT NULL CHECK (state IN ('draft', 'open', 'cancelled')),
    selfpaced   SMALLINT NOT NULL,
    place       TEXT NOT NULL,
    link        TEXT NOT NULL,             -- for those who have a seat
    zone        TEXT NOT NULL,
    seats       BIGINT NOT NULL CHECK (seats >= 0), -- 0: as many as come
    taken       BIGINT NOT NULL CHECK (taken >= 0), -- by those registered, and offered to those who waited
    accept      BIGINT NOT NULL,           -- hours that an offered seat is kept
    anyone      SMALLINT NOT NULL,         -- one can register without an account
    closes      BIGINT NOT NULL,           -- the last moment to register; 0: until it begins
    starts      BIGINT NOT NULL,           -- its first session; far away when self-paced
    ends        BIGINT NOT NULL,           -- its last session's end; far away when self-paced
    attend      BIGINT NOT NULL,           -- how many sessions a certificate needs; 0: all
    certificate SMALLINT NOT NULL,
    competence  TEXT NOT NULL,             -- what it teaches; '': none of those named
    needsdays   BIGINT NOT NULL,           -- how long after its end needs are kept
    decision    TEXT NOT NULL,             -- that led to it; ''
    fold        TEXT NOT NULL,             -- what a search looks in
    sequence    BIGINT NOT NULL,           -- grows with what calendars must know
    changed     BIGINT NOT NULL,
    created     BIGINT NOT NULL,
    person      TEXT NOT NULL,             -- who made it
    waiver      TEXT NOT NULL,             -- why it is cancelled
    version     BIGINT NOT NULL,
    CHECK (seats = 0 OR taken <= seats)
);
CREATE INDEX learning_activity_coming ON learning_activity (root, ends, starts, id);
CREATE INDEX learning_activity_network ON learning_activity (network, ends);

CREATE TABLE learning_session (
    id       TEXT PRIMARY KEY,
    activity TEXT NOT NULL REFERENCES learning_activity (id),
    starts   BIGINT NOT NULL,
    ends     BIGINT NOT NULL,
    title    TEXT NOT NULL,
    CHECK (ends > starts)
);
CREATE INDEX learning_session_of ON learning_session (activity, starts, id);
CREATE INDEX learning_session_at ON learning_session (starts);

CREATE TABLE learning_registration (
    id        TEXT PRIMARY KEY,
    activity  TEXT NOT NULL REFERENCES learning_activity (id),
    root      TEXT NOT NULL,
    person    TEXT NOT NULL,               -- '': without an account, or erased
    mail      TEXT NOT NULL,               -- of who has no account, as long as it is needed
    mailkey   TEXT NOT NULL,               -- the same, to compare
    name      TEXT NOT NULL,               -- of who has no account
    lang      TEXT NOT NULL,
    state     TEXT NOT NULL CHECK (state IN ('unconfirmed', 'registered', 'waiting', 'offered', 'cancelled', 'lapsed')),
    queue     BIGINT NOT NULL,             -- the place in the waiting list it was given; 0: none
    made      BIGINT NOT NULL,
    until     BIGINT NOT NULL,             -- when an offer, or what isn't confirmed, lapses; 0: never
    reminded  BIGINT NOT NULL,             -- the start of the last session that they were reminded of
    asked     SMALLINT NOT NULL,           -- for an evaluation
    evaluated SMALLINT NOT NULL,           -- they have answered; not what
    best      BIGINT NOT NULL,             -- of the quiz, in per cent; -1: not tried
    tries     BIGINT NOT NULL,
    version   BIGINT NOT NULL
);
CREATE UNIQUE INDEX learning_registration_person ON learning_registration (activity, person) WHERE person <> '' AND state NOT IN ('cancelled', 'lapsed');
CREATE UNIQUE INDEX learning_registration_mail ON learning_registration (activity, mailkey) WHERE mailkey <> '' AND state NOT IN ('cancelled', 'lapsed');
CREATE UNIQUE INDEX learning_registration_queue ON learning_registration (activity, queue) WHERE queue > 0;
CREATE INDEX learning_registration_of ON learning_registration (activity, state, id);
CREATE INDEX learning_registration_mine ON learning_registration (person, id);
CREATE INDEX learning_registration_roster ON learning_registration (activity, queue, id);
CREATE INDEX learning_registration_until ON learning_registration (until) WHERE until > 0;
CREATE INDEX learning_registration_contact ON learning_registration (made) WHERE mail <> '';

-- What somebody needs to take part. Its own table, because it goes sooner than the rest.
CREATE TABLE learning_need (
    registration TEXT PRIMARY KEY REFERENCES learning_registration (id),
    activity     TEXT NOT NULL,
    interpreter  TEXT NOT NULL,
    access       TEXT NOT NULL,
    diet         TEXT NOT NULL
);
CREATE INDEX learning_need_of ON learning_need (activity);

-- A secret link of a registration without an account; only its hash.
CREATE TABLE learning_link (
    hash         TEXT PRIMARY KEY,
    registration TEXT NOT NULL REFERENCES learning_registration (id),
    made         BIGINT NOT NULL
);
CREATE INDEX learning_link_of ON learning_link (registration, made);

CREATE TABLE learning_attendance (
    registration TEXT NOT NULL REFERENCES learning_registration (id),
    session      TEXT NOT NULL REFERENCES learning_session (id),
    PRIMARY KEY (registration, session)
);
CREATE INDEX learning_attendance_of ON learning_attendance (session);

-- What is handed out; each upload is a version, and none is lost.
CREATE TABLE learning_material (
    id       TEXT PRIMARY KEY,
    activity TEXT NOT NULL REFERENCES learning_activity (id),
    title    TEXT NOT NULL,
    lang     TEXT NOT NULL,
    open     SMALLINT NOT NULL             -- for whoever sees the activity; else for those who have a seat
);
CREATE INDEX learning_material_of ON learning_material (activity, id);
CREATE TABLE learning_material_version (
    material TEXT NOT NULL REFERENCES learning_material (id),
    number   BIGINT NOT NULL,
    file     TEXT NOT NULL REFERENCES room_file (id),
    name     TEXT NOT NULL,
    size     BIGINT NOT NULL,
    person   TEXT NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (material, number)
);
CREATE UNIQUE INDEX learning_material_file ON learning_material_version (file);

CREATE TABLE learning_question (
    id       TEXT PRIMARY KEY,
    activity TEXT NOT NULL REFERENCES learning_activity (id),
    text     TEXT NOT NULL,
    options  TEXT NOT NULL,                -- JSON
    answer   BIGINT NOT NULL,              -- which option is right
    why      TEXT NOT NULL
);
CREATE INDEX learning_question_of ON learning_question (activity, id);

-- Evaluations: nobody's. No time, no reference to who answered; the id is random. batch is 0 until five have come together.
CREATE TABLE learning_answer (
    id       TEXT PRIMARY KEY,
    activity TEXT NOT NULL REFERENCES learning_activity (id),
    batch    BIGINT NOT NULL,
    useful   BIGINT NOT NULL CHECK (useful BETWEEN 1 AND 5),
    level    BIGINT NOT NULL CHECK (level BETWEEN 1 AND 5),
    voice    BIGINT NOT NULL CHECK (voice BETWEEN 1 AND 5),
    again    BIGINT NOT NULL CHECK (again BETWEEN 1 AND 5),
    text     TEXT NOT NULL,
    lang     TEXT NOT NULL
);
CREATE INDEX learning_answer_of ON learning_answer (activity, batch, id);

CREATE TABLE learning_message (
    id       TEXT PRIMARY KEY,
    activity TEXT NOT NULL REFERENCES learning_activity (id),
    title    TEXT NOT NULL,
    text     TEXT NOT NULL,
    lang     TEXT NOT NULL,
    person   TEXT NOT NULL,
    at       BIGINT NOT NULL
);
CREATE INDEX learning_message_of ON learning_message (activity, id);
-- Who hasn't been told of it yet is told a part at a time.
CREATE TABLE learning_telling (
    message      TEXT NOT NULL,            -- a message's id, or 'changed' and 'cancelled' with the activity's version
    activity     TEXT NOT NULL REFERENCES learning_activity (id),
    after        TEXT NOT NULL,            -- the last registration that was told
    PRIMARY KEY (message, activity)
);

-- Whoever has the code sees this row and nothing else.
CREATE TABLE learning_certificate (
    code         TEXT PRIMARY KEY,
    registration TEXT NOT NULL UNIQUE REFERENCES learning_registration (id),
    activity     TEXT NOT NULL REFERENCES learning_activity (id),
    root         TEXT NOT NULL,
    person       TEXT NOT NULL,
    name         TEXT NOT NULL,
    title        TEXT NOT NULL,
    lang         TEXT NOT NULL,
    issuer       TEXT NOT NULL,            -- what the network is called, in its languages
    minutes      BIGINT NOT NULL,
    starts       BIGINT NOT NULL,          -- 0: self-paced
    ends         BIGINT NOT NULL,
    zone         TEXT NOT NULL,
    issued       BIGINT NOT NULL
);
CREATE INDEX learning_certificate_mine ON learning_certificate (person, issued);
CREATE INDEX learning_certificate_of ON learning_certificate (activity);

-- Competences that are asked for, and by which roles.
CREATE TABLE learning_competence (
    id      TEXT PRIMARY KEY,
    root    TEXT NOT NULL REFERENCES network (id),
    name    TEXT NOT NULL,                 -- JSON by language
    closed  BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX learning_competence_in ON learning_competence (root, id);
CREATE TABLE learning_role_need (
    competence TEXT NOT NULL REFERENCES learning_competence (id),
    role       TEXT NOT NULL,
    PRIMARY KEY (competence, role)
);

-- What a person says they attended, learnt or hold. Their own.
CREATE TABLE learning_record (
    id          TEXT PRIMARY KEY,
    person      TEXT NOT NULL,
    root        TEXT NOT NULL,
    kind        TEXT NOT NULL CHECK (kind IN ('attended', 'learnt', 'holds')),
    title       TEXT NOT NULL,
    lang        TEXT NOT NULL,
    competence  TEXT NOT NULL,             -- ''
    certificate TEXT NOT NULL,             -- its code; ''
    since       BIGINT NOT NULL,
    until       BIGINT NOT NULL,           -- 0: no end
    listed      TEXT NOT NULL              -- 'me', or who sees it in the directory
);
CREATE INDEX learning_record_mine ON learning_record (person, root, id);
-- Who lets themself be counted where gaps are looked for.
CREATE TABLE learning_counted (
    person TEXT NOT NULL,
    root   TEXT NOT NULL,
    since  BIGINT NOT NULL,
    PRIMARY KEY (root, person)
);
-- Topics that an activity raised, by what for.
CREATE TABLE learning_raised (
    activity TEXT NOT NULL REFERENCES learning_activity (id),
    topic    TEXT NOT NULL,
    person   TEXT NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (activity, topic)
);
