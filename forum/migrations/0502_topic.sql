-- +goose Up
ALTER TABLE topic ADD COLUMN sector TEXT NOT NULL DEFAULT '';
ALTER TABLE topic ADD COLUMN input_over BIGINT NOT NULL DEFAULT 0;  -- when those who run the body were told that its time is over
CREATE INDEX topic_stated ON topic (root, state, raised, id);
CREATE INDEX topic_fielded ON topic (root, field, raised, id);
CREATE INDEX topic_at_level ON topic (root, level, raised, id);
CREATE INDEX topic_of_kind ON topic (root, kind, raised, id);
CREATE INDEX topic_voiced ON topic (root, sector, raised, id);
CREATE INDEX topic_at_body ON topic (body, raised, id);
CREATE INDEX topic_into ON topic (into_topic) WHERE into_topic IS NOT NULL;
CREATE INDEX topic_asked ON topic (input_until) WHERE state = 'input' AND input_over = 0;

-- What a topic said before each edit.
CREATE TABLE topic_revision (
    topic      TEXT NOT NULL REFERENCES topic (id),
    version    BIGINT NOT NULL,
    title      TEXT NOT NULL,
    text       TEXT NOT NULL,
    facets     TEXT NOT NULL,              -- JSON
    visibility TEXT NOT NULL,
    until      BIGINT NOT NULL,            -- when it was replaced
    PRIMARY KEY (topic, version)
);

-- An input is shown to those who could see it when it was given, wherever its topic goes.
ALTER TABLE topic_input ADD COLUMN origin TEXT NOT NULL DEFAULT '';
ALTER TABLE topic_input ADD COLUMN network TEXT NOT NULL DEFAULT '';
ALTER TABLE topic_input ADD COLUMN body TEXT NOT NULL DEFAULT '';
ALTER TABLE topic_input ADD COLUMN visibility TEXT NOT NULL DEFAULT 'body';
ALTER TABLE topic_input ADD COLUMN version BIGINT NOT NULL DEFAULT 1;

-- A topic that a body sent upwards, and the answer it is owed.
CREATE TABLE topic_lift (
    id       TEXT PRIMARY KEY,
    root     TEXT NOT NULL REFERENCES network (id),
    origin   TEXT NOT NULL REFERENCES topic (id),
    body     TEXT REFERENCES body (id),    -- that lifted it
    topic    TEXT NOT NULL REFERENCES topic (id),
    made     SMALLINT NOT NULL,            -- the topic above was made by this lift
    person   TEXT NOT NULL REFERENCES person (id),
    criteria TEXT NOT NULL,                -- JSON list
    why      TEXT NOT NULL,
    lang     TEXT NOT NULL,
    lifted   BIGINT NOT NULL,
    due      BIGINT NOT NULL,
    answer   TEXT NOT NULL CHECK (answer IN ('', 'accepted', 'returned')),
    reason   TEXT NOT NULL,
    answered BIGINT NOT NULL,              -- 0: owed
    delay    TEXT NOT NULL,                -- why the answer waits, in the owing body's words
    told     BIGINT NOT NULL               -- when both bodies were told that it is late; 0: not
);
CREATE INDEX topic_lift_from ON topic_lift (origin, lifted);
CREATE INDEX topic_lift_to ON topic_lift (topic, lifted);
CREATE INDEX topic_lift_owed ON topic_lift (root, due) WHERE answered = 0;
CREATE INDEX topic_lift_late ON topic_lift (due) WHERE answered = 0 AND told = 0;

CREATE TABLE topic_link (
    topic TEXT NOT NULL REFERENCES topic (id),
    other TEXT NOT NULL REFERENCES topic (id),
    kind  TEXT NOT NULL CHECK (kind IN ('related', 'duplicate')),
    PRIMARY KEY (topic, other)
);
CREATE INDEX topic_link_back ON topic_link (other);

-- Who is told of what happens to a topic, or to everything in a body or a network.
CREATE TABLE forum_follow (
    subject TEXT NOT NULL,
    person  TEXT NOT NULL REFERENCES person (id),
    since   BIGINT NOT NULL,
    PRIMARY KEY (subject, person)
);
CREATE INDEX forum_follow_by ON forum_follow (person, since);
