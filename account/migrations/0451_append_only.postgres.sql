-- +goose Up
-- An event is never changed, and is deleted only with its account.
-- +goose StatementBegin
CREATE FUNCTION account_event_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        RAISE EXCEPTION 'an account''s event is never changed';
    ELSIF TG_OP = 'TRUNCATE' OR EXISTS (SELECT 1 FROM account WHERE id = OLD.account) THEN
        RAISE EXCEPTION 'an account''s event is deleted only with the account';
    END IF;
    RETURN OLD;
END $$;
-- +goose StatementEnd
CREATE TRIGGER account_event_kept BEFORE UPDATE OR DELETE ON account_event
    FOR EACH ROW EXECUTE FUNCTION account_event_keep();
CREATE TRIGGER account_event_not_emptied BEFORE TRUNCATE ON account_event
    FOR EACH STATEMENT EXECUTE FUNCTION account_event_keep();
