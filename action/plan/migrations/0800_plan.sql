-- +goose Up
CREATE TABLE plan (
    id           TEXT PRIMARY KEY,
    case_number  TEXT NOT NULL,
    root         TEXT NOT NULL REFERENCES network (id),
    network      TEXT NOT NULL REFERENCES network (id),
    body         TEXT NOT NULL,    -- '': the network's own, or an organisation's
    organisation TEXT NOT NULL,    -- '': the network's own, or a body's
    title        TEXT NOT NULL,
    text         TEXT NOT NULL,
    lang         TEXT NOT NULL,
    visibility   TEXT NOT NULL CHECK (visibility IN ('public', 'network', 'body')),
    starts       BIGINT NOT NULL,
    ends         BIGINT NOT NULL,  -- the moment after its last day
    decision     TEXT NOT NULL,    -- that it rests on; '': none
    person       TEXT NOT NULL REFERENCES person (id),
    made         BIGINT NOT NULL,
    closed       BIGINT NOT NULL,  -- 0: runs
    version      BIGINT NOT NULL
);
CREATE INDEX plan_listed ON plan (root, closed, starts, id);

CREATE TABLE plan_goal (
    id     TEXT PRIMARY KEY,
    plan   TEXT NOT NULL REFERENCES plan (id),
    parent TEXT NOT NULL,          -- '': at the top
    title  TEXT NOT NULL,
    sort   BIGINT NOT NULL,
    closed BIGINT NOT NULL         -- 0: there
);
CREATE INDEX plan_goal_of ON plan_goal (plan, sort);

CREATE TABLE plan_area (
    id     TEXT PRIMARY KEY,
    plan   TEXT NOT NULL REFERENCES plan (id),
    title  TEXT NOT NULL,
    sort   BIGINT NOT NULL,
    closed BIGINT NOT NULL
);
CREATE INDEX plan_area_of ON plan_area (plan, sort);

CREATE TABLE measure (
    id          TEXT PRIMARY KEY,
    case_number TEXT NOT NULL UNIQUE,
    plan        TEXT NOT NULL REFERENCES plan (id),
    root        TEXT NOT NULL REFERENCES network (id),
    network     TEXT NOT NULL,     -- the plan's
    body        TEXT NOT NULL,     -- the plan's
    visibility  TEXT NOT NULL CHECK (visibility IN ('public', 'network', 'body')),
    region      TEXT NOT NULL,     -- a network at or beneath the plan's; '': all of it
    area        TEXT NOT NULL,
    goal        TEXT NOT NULL,
    what        TEXT NOT NULL,
    why         TEXT NOT NULL,
    lang        TEXT NOT NULL,
    priority    SMALLINT NOT NULL CHECK (priority BETWEEN 1 AND 3),
    owner       TEXT NOT NULL REFERENCES person (id),
    starts      BIGINT NOT NULL,
    due         BIGINT NOT NULL,   -- the moment after its last day
    first_due   BIGINT NOT NULL,
    moves       BIGINT NOT NULL,   -- how often due was moved
    target      TEXT NOT NULL,
    indicator   TEXT NOT NULL,
    decision    TEXT NOT NULL,
    effect      TEXT NOT NULL,     -- what the decision called it, where it named it before it was here
    state       TEXT NOT NULL CHECK (state IN ('planned', 'active', 'done', 'dropped')),
    ended       BIGINT NOT NULL,
    owed        BIGINT NOT NULL,   -- when the oldest report that lacks began to be owed; 0: none
    reminded    BIGINT NOT NULL,   -- the quarter its owner was last reminded of
    missed      BIGINT NOT NULL,   -- the quarter that those who run the plan were last told is missed
    told_due    BIGINT NOT NULL,   -- the due date that was last told to have passed
    person      TEXT NOT NULL REFERENCES person (id),
    made        BIGINT NOT NULL,
    version     BIGINT NOT NULL
);
CREATE INDEX measure_listed ON measure (root, due, id);
CREATE INDEX measure_in_plan ON measure (plan, due, id);
CREATE INDEX measure_in_state ON measure (root, state, due, id);
CREATE INDEX measure_in_region ON measure (root, region, due, id);
CREATE INDEX measure_of_owner ON measure (owner, due, id);
CREATE INDEX measure_owed ON measure (owed) WHERE owed > 0;
CREATE INDEX measure_decided ON measure (decision) WHERE decision <> '';

CREATE TABLE measure_partner (
    measure      TEXT NOT NULL REFERENCES measure (id),
    organisation TEXT NOT NULL REFERENCES organisation (id),
    PRIMARY KEY (measure, organisation)
);
CREATE INDEX measure_partner_of ON measure_partner (organisation, measure);

CREATE TABLE measure_needs (
    measure TEXT NOT NULL REFERENCES measure (id),
    needs   TEXT NOT NULL REFERENCES measure (id),
    PRIMARY KEY (measure, needs)
);
CREATE INDEX measure_needed ON measure_needs (needs);

-- Every date a measure was due, the first and each it was moved to.
CREATE TABLE measure_due (
    measure TEXT NOT NULL REFERENCES measure (id),
    n       BIGINT NOT NULL,
    due     BIGINT NOT NULL,
    reason  TEXT NOT NULL,
    person  TEXT NOT NULL,
    at      BIGINT NOT NULL,
    PRIMARY KEY (measure, n)
);

CREATE TABLE measure_state (
    measure TEXT NOT NULL REFERENCES measure (id),
    n       BIGINT NOT NULL,
    state   TEXT NOT NULL,
    reason  TEXT NOT NULL,
    person  TEXT NOT NULL,
    at      BIGINT NOT NULL,
    PRIMARY KEY (measure, n)
);

-- Reports: a quarter that is reported on again has another edition.
CREATE TABLE measure_report (
    measure TEXT NOT NULL REFERENCES measure (id),
    quarter BIGINT NOT NULL,       -- four times the year and the quarter from 0
    edition BIGINT NOT NULL,
    text    TEXT NOT NULL,
    lang    TEXT NOT NULL,
    course  TEXT NOT NULL CHECK (course IN ('on', 'risk', 'behind')),
    value   TEXT NOT NULL,         -- of the indicator, as typed
    late    SMALLINT NOT NULL,
    person  TEXT NOT NULL,
    at      BIGINT NOT NULL,
    PRIMARY KEY (measure, quarter, edition)
);

-- What a plan or a measure said before it was edited.
CREATE TABLE plan_past (
    subject TEXT NOT NULL,
    version BIGINT NOT NULL,
    was     TEXT NOT NULL,
    person  TEXT NOT NULL,
    at      BIGINT NOT NULL,
    PRIMARY KEY (subject, version)
);

-- Topics that a measure raised when it was overdue, one for each date that passed.
CREATE TABLE measure_topic (
    measure TEXT NOT NULL REFERENCES measure (id),
    due     BIGINT NOT NULL,
    topic   TEXT NOT NULL,
    at      BIGINT NOT NULL,
    PRIMARY KEY (measure, due)
);

CREATE TABLE plan_snapshot (
    id     TEXT PRIMARY KEY,
    plan   TEXT NOT NULL REFERENCES plan (id),
    year   BIGINT NOT NULL,
    note   TEXT NOT NULL,
    lang   TEXT NOT NULL,
    person TEXT NOT NULL,
    at     BIGINT NOT NULL,
    UNIQUE (plan, year)
);

CREATE TABLE plan_snapshot_row (
    snapshot TEXT NOT NULL REFERENCES plan_snapshot (id),
    measure  TEXT NOT NULL REFERENCES measure (id),
    row      TEXT NOT NULL,        -- JSON; docs/formats.md
    PRIMARY KEY (snapshot, measure)
);

-- A file that was read and not yet taken in. It is deleted when it is, and after a day.
CREATE TABLE plan_import (
    id     TEXT PRIMARY KEY,
    plan   TEXT NOT NULL REFERENCES plan (id),
    person TEXT NOT NULL,
    at     BIGINT NOT NULL,
    name   TEXT NOT NULL,
    lines  TEXT NOT NULL
);
CREATE INDEX plan_import_old ON plan_import (at);
