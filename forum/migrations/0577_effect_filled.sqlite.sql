-- +goose Up
-- The digest of an effect that was named without one is filled in, once, when it is carried out. Policies and forms are named with theirs.
DROP TRIGGER decision_effect_unchanged;
-- +goose StatementBegin
CREATE TRIGGER decision_effect_unchanged BEFORE UPDATE ON decision_effect
    WHEN NEW.decision <> OLD.decision OR NEW.kind <> OLD.kind OR NEW.ref <> OLD.ref OR NEW.title <> OLD.title OR NEW.named <> OLD.named OR NEW.at <> OLD.at
        OR OLD.kind IN ('policy', 'form') OR OLD.digest <> '0000000000000000000000000000000000000000000000000000000000000000'
BEGIN
    SELECT RAISE(ABORT, 'history is never rewritten');
END;
-- +goose StatementEnd
