-- +goose Up
-- Meetings at a rhythm.
CREATE TABLE meeting_series (
    id           TEXT PRIMARY KEY,
    root         TEXT NOT NULL REFERENCES network (id),
    network      TEXT NOT NULL REFERENCES network (id),
    body         TEXT NOT NULL REFERENCES body (id),
    name         TEXT NOT NULL,
    rhythm       TEXT NOT NULL CHECK (rhythm IN ('weekly', 'monthly')),
    every        BIGINT NOT NULL,          -- weeks between
    weekday      BIGINT NOT NULL,          -- 0: Sunday
    nth          BIGINT NOT NULL,          -- of the month: 1–4, 5: the last
    months       TEXT NOT NULL,            -- JSON: the months it meets in; empty for all
    first        BIGINT NOT NULL,          -- not before
    clock        BIGINT NOT NULL,          -- minutes after midnight, in zone
    zone         TEXT NOT NULL,
    minutes      BIGINT NOT NULL,
    place        TEXT NOT NULL,
    link         TEXT NOT NULL,
    convoke_days BIGINT NOT NULL,
    paused       BIGINT NOT NULL,          -- 0: not
    reason       TEXT NOT NULL,            -- why it pauses
    version      BIGINT NOT NULL
);
CREATE INDEX meeting_series_of ON meeting_series (body);

CREATE TABLE meeting (
    id         TEXT PRIMARY KEY,
    root       TEXT NOT NULL REFERENCES network (id),
    network    TEXT NOT NULL REFERENCES network (id),
    body       TEXT NOT NULL REFERENCES body (id),
    series     TEXT REFERENCES meeting_series (id),
    planned    BIGINT NOT NULL,            -- the series' own time, though the meeting be moved
    title      TEXT NOT NULL,
    year       BIGINT NOT NULL,            -- with number: the body's 6th meeting of 2026; 0 until convened
    number     BIGINT NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('draft', 'paused', 'convened', 'running', 'closed', 'cancelled')),
    starts     BIGINT NOT NULL,
    minutes    BIGINT NOT NULL,
    zone       TEXT NOT NULL,
    place      TEXT NOT NULL,
    link       TEXT NOT NULL,
    visibility TEXT NOT NULL CHECK (visibility IN ('public', 'network', 'body')),
    sequence   BIGINT NOT NULL,            -- of its invitation
    convened   BIGINT NOT NULL,
    opened     BIGINT NOT NULL,
    closed     BIGINT NOT NULL,
    reason     TEXT NOT NULL,              -- why it was cancelled
    leader     TEXT NOT NULL,              -- the seat that leads
    version    BIGINT NOT NULL,
    UNIQUE (series, planned)
);
CREATE INDEX meeting_of ON meeting (body, starts);
CREATE INDEX meeting_in ON meeting (root, starts);
CREATE INDEX meeting_at ON meeting (state, starts);
CREATE INDEX meeting_numbered ON meeting (body, year, number);

-- Who approves a meeting's minutes.
CREATE TABLE meeting_approver (
    meeting TEXT NOT NULL REFERENCES meeting (id),
    person  TEXT NOT NULL REFERENCES person (id),
    PRIMARY KEY (meeting, person)
);
CREATE INDEX meeting_approver_is ON meeting_approver (person);

CREATE TABLE meeting_item (
    id         TEXT PRIMARY KEY,
    meeting    TEXT NOT NULL REFERENCES meeting (id),
    body       TEXT NOT NULL,
    sort       BIGINT NOT NULL,
    kind       TEXT NOT NULL CHECK (kind IN ('topic', 'report', 'formality')),
    topic      TEXT REFERENCES topic (id),
    title      TEXT NOT NULL,
    lang       TEXT NOT NULL,
    minutes    BIGINT NOT NULL,
    presenter  TEXT NOT NULL,
    visibility TEXT NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('planned', 'current', 'done', 'carried')),
    outcome    TEXT NOT NULL,              -- '', noted, decided, deferred, returned
    reason     TEXT NOT NULL,              -- why it was deferred or returned
    carried    BIGINT NOT NULL,            -- how many times it was carried over
    origin     TEXT NOT NULL,              -- the item it was carried over from
    target     TEXT NOT NULL,              -- the item it was carried over to
    text       TEXT NOT NULL,              -- notes for the minutes
    draft      TEXT NOT NULL,              -- a decision not yet taken, as JSON
    ended      BIGINT NOT NULL,
    version    BIGINT NOT NULL
);
CREATE INDEX meeting_item_of ON meeting_item (meeting, sort);
CREATE INDEX meeting_item_about ON meeting_item (topic);
CREATE INDEX meeting_item_waiting ON meeting_item (body) WHERE state = 'carried' AND target = '';

CREATE TABLE meeting_paper (
    id      TEXT PRIMARY KEY,
    meeting TEXT NOT NULL REFERENCES meeting (id),
    item    TEXT NOT NULL,                 -- '' for the whole meeting
    title   TEXT NOT NULL,
    url     TEXT NOT NULL,
    file    TEXT NOT NULL,
    added   BIGINT NOT NULL,
    actor   TEXT NOT NULL
);
CREATE INDEX meeting_paper_of ON meeting_paper (meeting, added);

CREATE TABLE meeting_reply (
    meeting TEXT NOT NULL REFERENCES meeting (id),
    seat    TEXT NOT NULL REFERENCES seat (id),
    person  TEXT NOT NULL,
    answer  TEXT NOT NULL CHECK (answer IN ('coming', 'deputy', 'absent')),
    note    TEXT NOT NULL,
    at      BIGINT NOT NULL,
    PRIMARY KEY (meeting, seat)
);

-- Who sat where from when till when. item: '' for the meeting, or the one item a deputy steps in for.
CREATE TABLE meeting_attendance (
    id      TEXT PRIMARY KEY,
    meeting TEXT NOT NULL REFERENCES meeting (id),
    item    TEXT NOT NULL,
    seat    TEXT NOT NULL REFERENCES seat (id),
    deputy  TEXT NOT NULL,                 -- the deputy's own seat, when standing in
    person  TEXT NOT NULL REFERENCES person (id),
    came    BIGINT NOT NULL,
    gone    BIGINT NOT NULL                -- 0: still there
);
CREATE INDEX meeting_attendance_of ON meeting_attendance (meeting, came);

CREATE TABLE meeting_recusal (
    item    TEXT NOT NULL REFERENCES meeting_item (id),
    person  TEXT NOT NULL REFERENCES person (id),
    meeting TEXT NOT NULL,
    seat    TEXT NOT NULL,
    state   TEXT NOT NULL CHECK (state IN ('proposed', 'declared', 'dismissed')),
    reason  TEXT NOT NULL,
    at      BIGINT NOT NULL,
    PRIMARY KEY (item, person)
);
CREATE INDEX meeting_recusal_of ON meeting_recusal (meeting);

-- Votes, of an item or of a circulation, each seat's last one.
CREATE TABLE ballot (
    subject TEXT NOT NULL,
    seat    TEXT NOT NULL REFERENCES seat (id),
    person  TEXT NOT NULL,
    vote    TEXT NOT NULL CHECK (vote IN ('for', 'against', 'abstain', 'recused')),
    reason  TEXT NOT NULL,
    at      BIGINT NOT NULL,
    PRIMARY KEY (subject, seat)
);

-- A decision without a meeting.
CREATE TABLE circulation (
    id         TEXT PRIMARY KEY,
    root       TEXT NOT NULL REFERENCES network (id),
    network    TEXT NOT NULL REFERENCES network (id),
    body       TEXT NOT NULL REFERENCES body (id),
    topic      TEXT REFERENCES topic (id),
    visibility TEXT NOT NULL,
    zone       TEXT NOT NULL,
    draft      TEXT NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('open', 'decided', 'rejected', 'withdrawn')),
    reason     TEXT NOT NULL,
    opened     BIGINT NOT NULL,
    deadline   BIGINT NOT NULL,
    closed     BIGINT NOT NULL,
    version    BIGINT NOT NULL
);
CREATE INDEX circulation_of ON circulation (body, opened);
CREATE INDEX circulation_open ON circulation (state, deadline);
CREATE TABLE circulation_approver (
    circulation TEXT NOT NULL REFERENCES circulation (id),
    person      TEXT NOT NULL REFERENCES person (id),
    PRIMARY KEY (circulation, person)
);
