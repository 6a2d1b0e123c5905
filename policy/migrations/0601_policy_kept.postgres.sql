-- +goose Up
-- What was signed, adopted or assigned stays as it is; an account never gets smaller; time seen never goes back.
-- +goose StatementBegin
CREATE FUNCTION policy_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a policy''s history is never changed';
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION policy_account_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' OR NEW.account <> OLD.account OR NEW.scope <> OLD.scope OR NEW.purpose <> OLD.purpose OR NEW.bulk <> OLD.bulk OR NEW.who <> OLD.who
        OR NEW.lifetime < OLD.lifetime OR NEW.year < OLD.year OR NEW.day < OLD.day
        OR NEW.year = OLD.year AND NEW.in_year < OLD.in_year OR NEW.day = OLD.day AND NEW.in_day < OLD.in_day THEN
        RAISE EXCEPTION 'what was spent is never refunded';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION policy_clock_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' OR NEW.seen < OLD.seen OR NEW.seq <> OLD.seq OR NEW.made_by <> OLD.made_by OR NEW.ground <> OLD.ground THEN
        RAISE EXCEPTION 'time that was seen doesn''t go back';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER policy_signed_kept BEFORE UPDATE OR DELETE ON policy_signed
    FOR EACH ROW EXECUTE FUNCTION policy_keep();
CREATE TRIGGER policy_signed_not_emptied BEFORE TRUNCATE ON policy_signed
    FOR EACH STATEMENT EXECUTE FUNCTION policy_keep();
CREATE TRIGGER policy_adoption_kept BEFORE UPDATE OR DELETE ON policy_adoption
    FOR EACH ROW EXECUTE FUNCTION policy_keep();
CREATE TRIGGER policy_adoption_not_emptied BEFORE TRUNCATE ON policy_adoption
    FOR EACH STATEMENT EXECUTE FUNCTION policy_keep();
CREATE TRIGGER policy_standing_kept BEFORE UPDATE OR DELETE ON policy_standing
    FOR EACH ROW EXECUTE FUNCTION policy_keep();
CREATE TRIGGER policy_standing_not_emptied BEFORE TRUNCATE ON policy_standing
    FOR EACH STATEMENT EXECUTE FUNCTION policy_keep();
CREATE TRIGGER policy_restored_kept BEFORE UPDATE OR DELETE ON policy_restored
    FOR EACH ROW EXECUTE FUNCTION policy_keep();
CREATE TRIGGER policy_restored_not_emptied BEFORE TRUNCATE ON policy_restored
    FOR EACH STATEMENT EXECUTE FUNCTION policy_keep();
CREATE TRIGGER policy_assignment_kept BEFORE UPDATE OR DELETE ON policy_assignment
    FOR EACH ROW EXECUTE FUNCTION policy_keep();
CREATE TRIGGER policy_assignment_not_emptied BEFORE TRUNCATE ON policy_assignment
    FOR EACH STATEMENT EXECUTE FUNCTION policy_keep();
CREATE TRIGGER policy_assignment_end_kept BEFORE UPDATE OR DELETE ON policy_assignment_end
    FOR EACH ROW EXECUTE FUNCTION policy_keep();
CREATE TRIGGER policy_assignment_end_not_emptied BEFORE TRUNCATE ON policy_assignment_end
    FOR EACH STATEMENT EXECUTE FUNCTION policy_keep();
CREATE TRIGGER policy_account_kept BEFORE UPDATE OR DELETE ON policy_account
    FOR EACH ROW EXECUTE FUNCTION policy_account_keep();
CREATE TRIGGER policy_account_not_emptied BEFORE TRUNCATE ON policy_account
    FOR EACH STATEMENT EXECUTE FUNCTION policy_account_keep();
CREATE TRIGGER policy_clock_kept BEFORE UPDATE OR DELETE ON policy_clock
    FOR EACH ROW EXECUTE FUNCTION policy_clock_keep();
CREATE TRIGGER policy_clock_not_emptied BEFORE TRUNCATE ON policy_clock
    FOR EACH STATEMENT EXECUTE FUNCTION policy_clock_keep();
