-- +goose Up
-- What was decided and sealed stays as it was. forum_keep() is 0501's.
CREATE TRIGGER decision_kept BEFORE UPDATE OR DELETE ON decision FOR EACH ROW EXECUTE FUNCTION forum_keep();
CREATE TRIGGER decision_force_kept BEFORE UPDATE OR DELETE ON decision_force FOR EACH ROW EXECUTE FUNCTION forum_keep();
CREATE TRIGGER decision_supersedes_kept BEFORE UPDATE OR DELETE ON decision_supersedes FOR EACH ROW EXECUTE FUNCTION forum_keep();
CREATE TRIGGER decision_effect_kept BEFORE UPDATE OR DELETE ON decision_effect FOR EACH ROW EXECUTE FUNCTION forum_keep();
CREATE TRIGGER minutes_approval_kept BEFORE UPDATE OR DELETE ON minutes_approval FOR EACH ROW EXECUTE FUNCTION forum_keep();
CREATE TRIGGER minutes_seal_kept BEFORE UPDATE OR DELETE ON minutes_seal FOR EACH ROW EXECUTE FUNCTION forum_keep();
CREATE TRIGGER decision_not_emptied BEFORE TRUNCATE ON decision FOR EACH STATEMENT EXECUTE FUNCTION forum_keep();
CREATE TRIGGER decision_force_not_emptied BEFORE TRUNCATE ON decision_force FOR EACH STATEMENT EXECUTE FUNCTION forum_keep();
CREATE TRIGGER decision_supersedes_not_emptied BEFORE TRUNCATE ON decision_supersedes FOR EACH STATEMENT EXECUTE FUNCTION forum_keep();
CREATE TRIGGER decision_effect_not_emptied BEFORE TRUNCATE ON decision_effect FOR EACH STATEMENT EXECUTE FUNCTION forum_keep();
CREATE TRIGGER minutes_approval_not_emptied BEFORE TRUNCATE ON minutes_approval FOR EACH STATEMENT EXECUTE FUNCTION forum_keep();
CREATE TRIGGER minutes_seal_not_emptied BEFORE TRUNCATE ON minutes_seal FOR EACH STATEMENT EXECUTE FUNCTION forum_keep();
CREATE TRIGGER minutes_version_not_emptied BEFORE TRUNCATE ON minutes_version FOR EACH STATEMENT EXECUTE FUNCTION forum_keep();
CREATE TRIGGER minutes_part_not_emptied BEFORE TRUNCATE ON minutes_part FOR EACH STATEMENT EXECUTE FUNCTION forum_keep();
CREATE TRIGGER minutes_not_emptied BEFORE TRUNCATE ON minutes FOR EACH STATEMENT EXECUTE FUNCTION forum_keep();

-- A version's text is only ever taken away, when a part of the minutes is redacted.
CREATE TRIGGER minutes_version_kept BEFORE DELETE ON minutes_version FOR EACH ROW EXECUTE FUNCTION forum_keep();
CREATE TRIGGER minutes_version_unchanged BEFORE UPDATE ON minutes_version FOR EACH ROW
    WHEN ((NEW.minutes, NEW.version, NEW.hash, NEW.actor, NEW.at) IS DISTINCT FROM (OLD.minutes, OLD.version, OLD.hash, OLD.actor, OLD.at) OR NEW.doc <> '')
    EXECUTE FUNCTION forum_keep();

-- A part's text is only ever taken away, once, with the reason; its hash stays.
CREATE TRIGGER minutes_part_kept BEFORE DELETE ON minutes_part FOR EACH ROW EXECUTE FUNCTION forum_keep();
CREATE TRIGGER minutes_part_unchanged BEFORE UPDATE ON minutes_part FOR EACH ROW
    WHEN ((NEW.minutes, NEW.n, NEW.name, NEW.visibility, NEW.hash) IS DISTINCT FROM (OLD.minutes, OLD.n, OLD.name, OLD.visibility, OLD.hash)
        OR OLD.redacted <> 0 OR NEW.redacted = 0 OR NEW.text <> '' OR NEW.salt <> '' OR NEW.reason = '')
    EXECUTE FUNCTION forum_keep();
-- +goose StatementBegin
CREATE FUNCTION minutes_part_late() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM minutes_seal WHERE minutes = NEW.minutes) THEN
        RAISE EXCEPTION 'sealed minutes take no more parts';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER minutes_part_added BEFORE INSERT ON minutes_part FOR EACH ROW EXECUTE FUNCTION minutes_part_late();

-- Sealed minutes are never a draft again.
CREATE TRIGGER minutes_kept BEFORE DELETE ON minutes FOR EACH ROW EXECUTE FUNCTION forum_keep();
CREATE TRIGGER minutes_unchanged BEFORE UPDATE ON minutes FOR EACH ROW
    WHEN (OLD.state = 'sealed') EXECUTE FUNCTION forum_keep();
