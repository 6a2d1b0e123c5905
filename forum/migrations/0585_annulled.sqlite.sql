-- +goose Up
-- Decisions that were recorded by mistake and taken back while their meeting ran. Their rows and numbers stay; they are decisions no
-- more. Append-only.
CREATE TABLE decision_annulled (
    decision TEXT PRIMARY KEY REFERENCES decision (id),
    at       BIGINT NOT NULL,
    actor    TEXT NOT NULL,
    reason   TEXT NOT NULL
);

-- How it was before a decision of a meeting that runs: the states of its topics, what had become of their inputs, and the answers
-- that were owed. It goes when the meeting is closed.
CREATE TABLE decision_before (
    decision TEXT NOT NULL,
    kind     TEXT NOT NULL CHECK (kind IN ('topic', 'input', 'lift')),
    subject  TEXT NOT NULL,
    was      TEXT NOT NULL,                -- a topic's state, an input's disposition
    reason   TEXT NOT NULL,                -- of the disposition
    at       BIGINT NOT NULL,              -- of the disposition
    PRIMARY KEY (decision, kind, subject)
);

-- What an annulled decision put itself in the place of can be superseded again.
CREATE TABLE decision_supersedes_next (
    old      TEXT NOT NULL REFERENCES decision (id),
    decision TEXT NOT NULL REFERENCES decision (id),
    PRIMARY KEY (old, decision)
);
INSERT INTO decision_supersedes_next (old, decision) SELECT old, decision FROM decision_supersedes;
DROP TABLE decision_supersedes;
ALTER TABLE decision_supersedes_next RENAME TO decision_supersedes;
CREATE INDEX decision_supersedes_by ON decision_supersedes (decision);

-- +goose StatementBegin
CREATE TRIGGER decision_supersedes_unchanged BEFORE UPDATE ON decision_supersedes
BEGIN
    SELECT RAISE(ABORT, 'history is never rewritten');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER decision_supersedes_kept BEFORE DELETE ON decision_supersedes
BEGIN
    SELECT RAISE(ABORT, 'history is never rewritten');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER decision_supersedes_once BEFORE INSERT ON decision_supersedes
    WHEN EXISTS (SELECT 1 FROM decision_supersedes s WHERE s.old = NEW.old
        AND NOT EXISTS (SELECT 1 FROM decision_annulled x WHERE x.decision = s.decision))
BEGIN
    SELECT RAISE(ABORT, 'a decision is superseded once');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER decision_annulled_unchanged BEFORE UPDATE ON decision_annulled
BEGIN
    SELECT RAISE(ABORT, 'history is never rewritten');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER decision_annulled_kept BEFORE DELETE ON decision_annulled
BEGIN
    SELECT RAISE(ABORT, 'history is never rewritten');
END;
-- +goose StatementEnd

-- What is in force is not annulled, and what is annulled never comes into force.
-- +goose StatementBegin
CREATE TRIGGER decision_annulled_early BEFORE INSERT ON decision_annulled
    WHEN EXISTS (SELECT 1 FROM decision_force f WHERE f.decision = NEW.decision)
BEGIN
    SELECT RAISE(ABORT, 'an approved decision is not annulled');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER decision_force_standing BEFORE INSERT ON decision_force
    WHEN EXISTS (SELECT 1 FROM decision_annulled x WHERE x.decision = NEW.decision)
BEGIN
    SELECT RAISE(ABORT, 'an annulled decision is not approved');
END;
-- +goose StatementEnd
