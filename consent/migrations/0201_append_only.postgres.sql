-- +goose Up
-- A recorded choice is never changed, and is deleted only with the individual.
-- +goose StatementBegin
CREATE FUNCTION consent_choice_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        RAISE EXCEPTION 'a recorded choice is never changed';
    ELSIF TG_OP = 'TRUNCATE' OR EXISTS (SELECT 1 FROM individual WHERE number = OLD.individual AND removed IS NULL) THEN
        RAISE EXCEPTION 'a recorded choice is deleted only with the individual';
    END IF;
    RETURN OLD;
END $$;
-- +goose StatementEnd
CREATE TRIGGER consent_choice_kept BEFORE UPDATE OR DELETE ON consent_choice
    FOR EACH ROW EXECUTE FUNCTION consent_choice_keep();
CREATE TRIGGER consent_choice_not_emptied BEFORE TRUNCATE ON consent_choice
    FOR EACH STATEMENT EXECUTE FUNCTION consent_choice_keep();
