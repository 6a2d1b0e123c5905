-- +goose Up
-- What was signed, adopted or assigned stays as it is; an account never gets smaller; time seen never goes back.
-- +goose StatementBegin
CREATE TRIGGER policy_signed_no_update BEFORE UPDATE ON policy_signed
BEGIN
    SELECT RAISE(ABORT, 'a policy''s history is never changed');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER policy_signed_no_delete BEFORE DELETE ON policy_signed
BEGIN
    SELECT RAISE(ABORT, 'a policy''s history is never changed');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER policy_adoption_no_update BEFORE UPDATE ON policy_adoption
BEGIN
    SELECT RAISE(ABORT, 'a policy''s history is never changed');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER policy_adoption_no_delete BEFORE DELETE ON policy_adoption
BEGIN
    SELECT RAISE(ABORT, 'a policy''s history is never changed');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER policy_standing_no_update BEFORE UPDATE ON policy_standing
BEGIN
    SELECT RAISE(ABORT, 'a policy''s history is never changed');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER policy_standing_no_delete BEFORE DELETE ON policy_standing
BEGIN
    SELECT RAISE(ABORT, 'a policy''s history is never changed');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER policy_assignment_no_update BEFORE UPDATE ON policy_assignment
BEGIN
    SELECT RAISE(ABORT, 'a policy''s history is never changed');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER policy_assignment_no_delete BEFORE DELETE ON policy_assignment
BEGIN
    SELECT RAISE(ABORT, 'a policy''s history is never changed');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER policy_assignment_end_no_update BEFORE UPDATE ON policy_assignment_end
BEGIN
    SELECT RAISE(ABORT, 'a policy''s history is never changed');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER policy_assignment_end_no_delete BEFORE DELETE ON policy_assignment_end
BEGIN
    SELECT RAISE(ABORT, 'a policy''s history is never changed');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER policy_restored_no_update BEFORE UPDATE ON policy_restored
BEGIN
    SELECT RAISE(ABORT, 'a policy''s history is never changed');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER policy_restored_no_delete BEFORE DELETE ON policy_restored
BEGIN
    SELECT RAISE(ABORT, 'a policy''s history is never changed');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER policy_account_grows BEFORE UPDATE ON policy_account
WHEN NEW.account <> OLD.account OR NEW.scope <> OLD.scope OR NEW.purpose <> OLD.purpose OR NEW.bulk <> OLD.bulk OR NEW.who <> OLD.who
    OR NEW.lifetime < OLD.lifetime OR NEW.year < OLD.year OR NEW.day < OLD.day
    OR NEW.year = OLD.year AND NEW.in_year < OLD.in_year OR NEW.day = OLD.day AND NEW.in_day < OLD.in_day
BEGIN
    SELECT RAISE(ABORT, 'what was spent is never refunded');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER policy_account_kept BEFORE DELETE ON policy_account
BEGIN
    SELECT RAISE(ABORT, 'what was spent is never refunded');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER policy_clock_forward BEFORE UPDATE ON policy_clock
WHEN NEW.seen < OLD.seen OR NEW.seq <> OLD.seq OR NEW.made_by <> OLD.made_by OR NEW.ground <> OLD.ground
BEGIN
    SELECT RAISE(ABORT, 'time that was seen doesn''t go back');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER policy_clock_kept BEFORE DELETE ON policy_clock
BEGIN
    SELECT RAISE(ABORT, 'time that was seen doesn''t go back');
END;
-- +goose StatementEnd
