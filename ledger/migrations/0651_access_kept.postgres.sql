-- +goose Up
-- An access record is never changed.
-- +goose StatementBegin
CREATE FUNCTION ledger_access_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an access record is never changed';
END $$;
-- +goose StatementEnd
CREATE TRIGGER ledger_access_unchanged BEFORE UPDATE ON ledger_access
    FOR EACH ROW EXECUTE FUNCTION ledger_access_keep();
CREATE TRIGGER ledger_access_not_emptied BEFORE TRUNCATE ON ledger_access
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_access_keep();
