-- +goose Up
-- What was decided and sealed stays as it was.
-- +goose StatementBegin
CREATE TRIGGER decision_unchanged BEFORE UPDATE ON decision
BEGIN
    SELECT RAISE(ABORT, 'history is never rewritten');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER decision_kept BEFORE DELETE ON decision
BEGIN
    SELECT RAISE(ABORT, 'history is never rewritten');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER decision_force_unchanged BEFORE UPDATE ON decision_force
BEGIN
    SELECT RAISE(ABORT, 'history is never rewritten');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER decision_force_kept BEFORE DELETE ON decision_force
BEGIN
    SELECT RAISE(ABORT, 'history is never rewritten');
END;
-- +goose StatementEnd
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
CREATE TRIGGER decision_effect_unchanged BEFORE UPDATE ON decision_effect
BEGIN
    SELECT RAISE(ABORT, 'history is never rewritten');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER decision_effect_kept BEFORE DELETE ON decision_effect
BEGIN
    SELECT RAISE(ABORT, 'history is never rewritten');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER minutes_approval_unchanged BEFORE UPDATE ON minutes_approval
BEGIN
    SELECT RAISE(ABORT, 'history is never rewritten');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER minutes_approval_kept BEFORE DELETE ON minutes_approval
BEGIN
    SELECT RAISE(ABORT, 'history is never rewritten');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER minutes_seal_unchanged BEFORE UPDATE ON minutes_seal
BEGIN
    SELECT RAISE(ABORT, 'history is never rewritten');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER minutes_seal_kept BEFORE DELETE ON minutes_seal
BEGIN
    SELECT RAISE(ABORT, 'history is never rewritten');
END;
-- +goose StatementEnd

-- A version's text is only ever taken away, when a part of the minutes is redacted.
-- +goose StatementBegin
CREATE TRIGGER minutes_version_kept BEFORE DELETE ON minutes_version
BEGIN
    SELECT RAISE(ABORT, 'history is never rewritten');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER minutes_version_unchanged BEFORE UPDATE ON minutes_version
    WHEN NEW.minutes <> OLD.minutes OR NEW.version <> OLD.version OR NEW.hash <> OLD.hash OR NEW.actor <> OLD.actor OR NEW.at <> OLD.at OR NEW.doc <> ''
BEGIN
    SELECT RAISE(ABORT, 'history is never rewritten');
END;
-- +goose StatementEnd

-- A part's text is only ever taken away, once, with the reason; its hash stays.
-- +goose StatementBegin
CREATE TRIGGER minutes_part_kept BEFORE DELETE ON minutes_part
BEGIN
    SELECT RAISE(ABORT, 'history is never rewritten');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER minutes_part_unchanged BEFORE UPDATE ON minutes_part
    WHEN NEW.minutes <> OLD.minutes OR NEW.n <> OLD.n OR NEW.name <> OLD.name OR NEW.visibility <> OLD.visibility OR NEW.hash <> OLD.hash
        OR OLD.redacted <> 0 OR NEW.redacted = 0 OR NEW.text <> '' OR NEW.salt <> '' OR NEW.reason = ''
BEGIN
    SELECT RAISE(ABORT, 'history is never rewritten');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER minutes_part_added BEFORE INSERT ON minutes_part
    WHEN EXISTS (SELECT 1 FROM minutes_seal WHERE minutes = NEW.minutes)
BEGIN
    SELECT RAISE(ABORT, 'sealed minutes take no more parts');
END;
-- +goose StatementEnd

-- Sealed minutes are never a draft again.
-- +goose StatementBegin
CREATE TRIGGER minutes_kept BEFORE DELETE ON minutes
BEGIN
    SELECT RAISE(ABORT, 'history is never rewritten');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER minutes_unchanged BEFORE UPDATE ON minutes
    WHEN OLD.state = 'sealed'
BEGIN
    SELECT RAISE(ABORT, 'history is never rewritten');
END;
-- +goose StatementEnd
