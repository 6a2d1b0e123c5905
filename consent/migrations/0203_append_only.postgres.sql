-- +goose Up
-- +goose StatementBegin
CREATE FUNCTION consent_never() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was recorded is never changed or deleted';
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION consent_restriction_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        RAISE EXCEPTION 'a recorded restriction is never changed';
    ELSIF TG_OP = 'TRUNCATE' OR EXISTS (SELECT 1 FROM individual WHERE number = OLD.individual AND removed IS NULL) THEN
        RAISE EXCEPTION 'a recorded restriction is deleted only with the individual';
    END IF;
    RETURN OLD;
END $$;
-- +goose StatementEnd
CREATE TRIGGER consent_form_kept BEFORE UPDATE OR DELETE ON consent_form FOR EACH ROW EXECUTE FUNCTION consent_never();
CREATE TRIGGER consent_form_not_emptied BEFORE TRUNCATE ON consent_form FOR EACH STATEMENT EXECUTE FUNCTION consent_never();
CREATE TRIGGER consent_force_kept BEFORE UPDATE OR DELETE ON consent_force FOR EACH ROW EXECUTE FUNCTION consent_never();
CREATE TRIGGER consent_force_not_emptied BEFORE TRUNCATE ON consent_force FOR EACH STATEMENT EXECUTE FUNCTION consent_never();
CREATE TRIGGER consent_restriction_kept BEFORE UPDATE OR DELETE ON consent_restriction
    FOR EACH ROW EXECUTE FUNCTION consent_restriction_keep();
CREATE TRIGGER consent_restriction_not_emptied BEFORE TRUNCATE ON consent_restriction
    FOR EACH STATEMENT EXECUTE FUNCTION consent_restriction_keep();
CREATE TRIGGER consent_receipt_unchanged BEFORE UPDATE ON consent_receipt FOR EACH ROW EXECUTE FUNCTION consent_never();
