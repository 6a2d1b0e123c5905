-- +goose Up
CREATE TABLE toolbox_model (
    id       TEXT PRIMARY KEY,
    root     TEXT NOT NULL REFERENCES network (id),
    model    TEXT NOT NULL,
    version  BIGINT NOT NULL,      -- in the catalogue; 0 while it isn't
    state    TEXT NOT NULL CHECK (state IN ('proposed', 'accepted', 'returned')),
    content  TEXT NOT NULL,        -- JSON
    lang     TEXT NOT NULL,        -- that it was proposed in
    why      TEXT NOT NULL,
    author   TEXT NOT NULL REFERENCES person (id),
    at       BIGINT NOT NULL,
    reviewer TEXT NOT NULL,        -- '': nobody yet
    reviewed BIGINT NOT NULL,
    answer   TEXT NOT NULL
);
CREATE INDEX toolbox_model_listed ON toolbox_model (root, state, at);
CREATE UNIQUE INDEX toolbox_model_version ON toolbox_model (root, model, version) WHERE version > 0;

CREATE TABLE toolbox_rules (
    id       TEXT PRIMARY KEY,
    root     TEXT NOT NULL REFERENCES network (id),
    version  BIGINT NOT NULL,      -- in use from the review on; 0 before
    content  TEXT NOT NULL,        -- the file
    author   TEXT NOT NULL REFERENCES person (id),
    at       BIGINT NOT NULL,
    reviewer TEXT NOT NULL,
    reviewed BIGINT NOT NULL
);
CREATE INDEX toolbox_rules_in_use ON toolbox_rules (root, version);

CREATE TABLE toolbox_setup (
    id      TEXT PRIMARY KEY,
    number  TEXT NOT NULL,         -- in the network's register
    root    TEXT NOT NULL REFERENCES network (id),
    network TEXT NOT NULL REFERENCES network (id),
    model   TEXT NOT NULL,
    name    TEXT NOT NULL,         -- of the group to be
    lang    TEXT NOT NULL,
    person  TEXT NOT NULL REFERENCES person (id),
    at      BIGINT NOT NULL,
    topic   TEXT NOT NULL          -- '': none was raised
);
CREATE INDEX toolbox_setup_listed ON toolbox_setup (root, at);

CREATE TABLE toolbox_part (
    setup  TEXT NOT NULL REFERENCES toolbox_setup (id),
    part   TEXT NOT NULL CHECK (part IN ('body', 'seats', 'agreement', 'rates', 'training', 'evaluation')),
    state  TEXT NOT NULL CHECK (state IN ('suggested', 'made', 'declined')),
    ref    TEXT NOT NULL,          -- what was made
    person TEXT NOT NULL,
    at     BIGINT NOT NULL,
    PRIMARY KEY (setup, part)
);

CREATE TABLE toolbox_group (
    id         TEXT PRIMARY KEY,
    number     TEXT NOT NULL,
    root       TEXT NOT NULL REFERENCES network (id),
    network    TEXT NOT NULL REFERENCES network (id),
    body       TEXT NOT NULL,      -- '': none of the network's
    model      TEXT NOT NULL,
    name       TEXT NOT NULL,
    since      BIGINT NOT NULL,    -- a year
    works      TEXT NOT NULL,      -- what works
    lacks      TEXT NOT NULL,      -- and what doesn't
    lang       TEXT NOT NULL,
    visibility TEXT NOT NULL CHECK (visibility IN ('public', 'network', 'body')),
    person     TEXT NOT NULL REFERENCES person (id),
    at         BIGINT NOT NULL,
    ended      BIGINT NOT NULL,
    instrument TEXT NOT NULL,      -- that it is evaluated with; '': not
    next       BIGINT NOT NULL,    -- when it is asked next; 0: not
    every      BIGINT NOT NULL,    -- months
    version    BIGINT NOT NULL
);
CREATE INDEX toolbox_group_listed ON toolbox_group (root, model, name, id);
CREATE INDEX toolbox_group_due ON toolbox_group (next) WHERE next > 0;

CREATE TABLE toolbox_round (
    id         TEXT PRIMARY KEY,
    grp        TEXT NOT NULL REFERENCES toolbox_group (id),
    instrument TEXT NOT NULL,
    opens      BIGINT NOT NULL,
    closes     BIGINT NOT NULL,
    asked      BIGINT NOT NULL,
    reminded   BIGINT NOT NULL,    -- 0: not yet
    unused     TEXT NOT NULL,      -- JSON: the digests of tokens nobody has used, sorted
    topic      TEXT NOT NULL       -- that was raised on its result; '': none
);
CREATE INDEX toolbox_round_of ON toolbox_round (grp, opens);
CREATE INDEX toolbox_round_open ON toolbox_round (closes);

CREATE TABLE toolbox_asked (
    person TEXT NOT NULL,
    round  TEXT NOT NULL REFERENCES toolbox_round (id),
    PRIMARY KEY (person, round)
);

-- What waits to become a batch of five: values of one item, sorted and sealed. No row tells when, after what, or by whom.
CREATE TABLE toolbox_pool (
    grp    TEXT NOT NULL REFERENCES toolbox_group (id),
    item   TEXT NOT NULL,          -- INSTRUMENT.ITEM
    sealed TEXT NOT NULL,
    PRIMARY KEY (grp, item)
);

-- Whole batches of five, added up by the round in which they were filled.
CREATE TABLE toolbox_batch (
    round  TEXT NOT NULL REFERENCES toolbox_round (id),
    item   TEXT NOT NULL,
    counts TEXT NOT NULL,          -- JSON: how many said 1, 2, 3, 4, 5
    words  TEXT NOT NULL,          -- JSON: what was written, sorted
    PRIMARY KEY (round, item)
);
