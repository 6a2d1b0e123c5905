-- +goose Up
-- The digest of an effect that was named without one is filled in, once, when it is carried out. Policies and forms are named with theirs.
DROP TRIGGER decision_effect_kept ON decision_effect;
CREATE TRIGGER decision_effect_kept BEFORE DELETE ON decision_effect FOR EACH ROW EXECUTE FUNCTION forum_keep();
CREATE TRIGGER decision_effect_unchanged BEFORE UPDATE ON decision_effect FOR EACH ROW
    WHEN ((NEW.decision, NEW.kind, NEW.ref, NEW.title, NEW.named, NEW.at) IS DISTINCT FROM (OLD.decision, OLD.kind, OLD.ref, OLD.title, OLD.named, OLD.at)
        OR OLD.kind IN ('policy', 'form') OR OLD.digest <> '0000000000000000000000000000000000000000000000000000000000000000')
    EXECUTE FUNCTION forum_keep();
