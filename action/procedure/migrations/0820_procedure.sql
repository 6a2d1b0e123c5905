-- +goose Up
CREATE TABLE procedure (
    id          TEXT PRIMARY KEY,
    case_number TEXT NOT NULL,
    root        TEXT NOT NULL REFERENCES network (id),
    network     TEXT NOT NULL REFERENCES network (id),
    body        TEXT NOT NULL,              -- '': the network's
    field       TEXT NOT NULL,
    kind        TEXT NOT NULL CHECK (kind IN ('diagnostics', 'treatment', 'prevention', 'followup')),
    lang        TEXT NOT NULL,
    title       TEXT NOT NULL,              -- of the version in force, else of the draft
    wanted      TEXT NOT NULL,              -- its visibility once a version is decided
    visibility  TEXT NOT NULL,              -- until then at most the network's
    state       TEXT NOT NULL CHECK (state IN ('draft', 'recommended', 'force')),
    current     BIGINT NOT NULL,            -- the number of the version decided; 0: none
    draft       BIGINT NOT NULL,            -- the number of the open draft; 0: none
    answer_by   BIGINT NOT NULL,            -- when regions are to have said what they do; 0: not asked
    moved       BIGINT NOT NULL,            -- when its version was decided, or it began
    person      TEXT NOT NULL REFERENCES person (id),
    created     BIGINT NOT NULL
);
CREATE INDEX procedure_listed ON procedure (root, moved, id);
CREATE INDEX procedure_asked ON procedure (root, answer_by) WHERE current > 0;

CREATE TABLE procedure_version (
    procedure TEXT NOT NULL REFERENCES procedure (id),
    number    BIGINT NOT NULL,
    state     TEXT NOT NULL CHECK (state IN ('draft', 'recommended', 'force', 'ended')),
    was       TEXT NOT NULL,                -- of an ended one: 'recommended' or 'force'
    edit      BIGINT NOT NULL,              -- the newest, or the one that was decided
    digest    TEXT NOT NULL,                -- of that edit
    topic     TEXT NOT NULL,                -- on which it is to be decided; '': none yet
    decision  TEXT NOT NULL,
    said      TEXT NOT NULL,                -- the decision's number
    starts    BIGINT NOT NULL,
    ends      BIGINT NOT NULL,
    person    TEXT NOT NULL REFERENCES person (id),
    created   BIGINT NOT NULL,
    PRIMARY KEY (procedure, number)
);
CREATE INDEX procedure_version_on ON procedure_version (topic) WHERE topic <> '';

CREATE TABLE procedure_text (
    procedure TEXT NOT NULL REFERENCES procedure (id),
    number    BIGINT NOT NULL,
    edit      BIGINT NOT NULL,
    digest    TEXT NOT NULL,
    content   TEXT NOT NULL,                -- JSON
    person    TEXT NOT NULL REFERENCES person (id),
    at        BIGINT NOT NULL,
    PRIMARY KEY (procedure, number, edit)
);

CREATE TABLE procedure_reviewer (
    procedure TEXT NOT NULL REFERENCES procedure (id),
    number    BIGINT NOT NULL,
    person    TEXT NOT NULL REFERENCES person (id),
    asked_by  TEXT NOT NULL REFERENCES person (id),
    at        BIGINT NOT NULL,
    PRIMARY KEY (procedure, number, person)
);
CREATE INDEX procedure_reviewer_of ON procedure_reviewer (person);

CREATE TABLE procedure_review (
    id        TEXT PRIMARY KEY,
    procedure TEXT NOT NULL REFERENCES procedure (id),
    number    BIGINT NOT NULL,
    edit      BIGINT NOT NULL,
    person    TEXT NOT NULL REFERENCES person (id),
    verdict   TEXT NOT NULL CHECK (verdict IN ('good', 'change')),
    text      TEXT NOT NULL,
    at        BIGINT NOT NULL
);
CREATE INDEX procedure_review_of ON procedure_review (procedure, number, id);

-- What regions said, in the order they said it.
CREATE TABLE procedure_record (
    seq       BIGINT PRIMARY KEY,
    procedure TEXT NOT NULL REFERENCES procedure (id),
    region    TEXT NOT NULL REFERENCES network (id),
    number    BIGINT NOT NULL,              -- the version
    state     TEXT NOT NULL CHECK (state IN ('notconsidered', 'considering', 'adopted', 'deviating', 'declined')),
    day       BIGINT NOT NULL,              -- adopted from; else the day it was said
    reason    TEXT NOT NULL,
    person    TEXT NOT NULL REFERENCES person (id),
    at        BIGINT NOT NULL
);
CREATE INDEX procedure_record_of ON procedure_record (procedure, seq);
CREATE INDEX procedure_record_region ON procedure_record (region, seq);

-- The latest of each region, to list them by.
CREATE TABLE procedure_answer (
    procedure TEXT NOT NULL REFERENCES procedure (id),
    region    TEXT NOT NULL REFERENCES network (id),
    root      TEXT NOT NULL,
    seq       BIGINT NOT NULL,
    number    BIGINT NOT NULL,
    state     TEXT NOT NULL,
    day       BIGINT NOT NULL,
    due       BIGINT NOT NULL,              -- when it was to be said
    fresh     SMALLINT NOT NULL,            -- it is about the version that is decided now
    open      SMALLINT NOT NULL,            -- everybody may see the procedure
    PRIMARY KEY (procedure, region)
);
CREATE INDEX procedure_answer_counted ON procedure_answer (root, open, fresh, region, state, due);
CREATE INDEX procedure_answer_region ON procedure_answer (region, fresh, state, procedure);

-- Topics raised from here: pressing twice leads to the first.
CREATE TABLE procedure_raised (
    procedure TEXT NOT NULL REFERENCES procedure (id),
    number    BIGINT NOT NULL,
    region    TEXT NOT NULL,                -- '': the version itself is to be decided
    topic     TEXT NOT NULL,
    person    TEXT NOT NULL REFERENCES person (id),
    at        BIGINT NOT NULL,
    PRIMARY KEY (procedure, number, region)
);
