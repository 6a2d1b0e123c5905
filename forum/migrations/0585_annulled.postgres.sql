-- +goose Up
-- Decisions that were recorded by mistake and taken back while their meeting ran. Their rows and numbers stay; they are decisions no
-- more. Append-only. forum_keep() is 0501's.
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
ALTER TABLE decision_supersedes DROP CONSTRAINT decision_supersedes_pkey;
ALTER TABLE decision_supersedes ADD PRIMARY KEY (old, decision);

-- +goose StatementBegin
CREATE FUNCTION decision_superseded_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM decision_supersedes s WHERE s.old = NEW.old
            AND NOT EXISTS (SELECT 1 FROM decision_annulled x WHERE x.decision = s.decision)) THEN
        RAISE EXCEPTION 'a decision is superseded once';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd

-- What is in force is not annulled, and what is annulled never comes into force.
-- +goose StatementBegin
CREATE FUNCTION decision_annulled_or_approved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM decision_force f WHERE f.decision = NEW.decision)
            OR EXISTS (SELECT 1 FROM decision_annulled x WHERE x.decision = NEW.decision) THEN
        RAISE EXCEPTION 'a decision is approved or annulled, and once';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER decision_supersedes_once BEFORE INSERT ON decision_supersedes FOR EACH ROW EXECUTE FUNCTION decision_superseded_once();
CREATE TRIGGER decision_annulled_early BEFORE INSERT ON decision_annulled FOR EACH ROW EXECUTE FUNCTION decision_annulled_or_approved();
CREATE TRIGGER decision_force_standing BEFORE INSERT ON decision_force FOR EACH ROW EXECUTE FUNCTION decision_annulled_or_approved();
CREATE TRIGGER decision_annulled_kept BEFORE UPDATE OR DELETE ON decision_annulled FOR EACH ROW EXECUTE FUNCTION forum_keep();
CREATE TRIGGER decision_annulled_not_emptied BEFORE TRUNCATE ON decision_annulled FOR EACH STATEMENT EXECUTE FUNCTION forum_keep();
