-- +goose Up
-- What somebody wrote to the secretariat from outside: a page they could not use, a question.
CREATE TABLE feedback (
    id          TEXT PRIMARY KEY,
    case_number TEXT NOT NULL,
    root        TEXT NOT NULL REFERENCES network (id),
    kind        TEXT NOT NULL CHECK (kind IN ('fault', 'question')),
    page        TEXT NOT NULL,             -- where the fault was, as the writer put it
    text        TEXT NOT NULL,
    mail        TEXT NOT NULL,             -- where the answer goes; '' for nowhere
    person      TEXT NOT NULL,             -- '' for whoever was not signed in
    lang        TEXT NOT NULL,
    reported    BIGINT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('open', 'working', 'done', 'declined')),
    answer      TEXT NOT NULL,
    answered    BIGINT NOT NULL,           -- 0: not yet
    version     BIGINT NOT NULL
);
CREATE INDEX feedback_listed ON feedback (root, kind, id);
CREATE INDEX feedback_lately ON feedback (root, reported);
