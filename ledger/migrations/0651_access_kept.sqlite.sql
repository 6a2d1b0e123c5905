-- +goose Up
-- An access record is never changed.
-- +goose StatementBegin
CREATE TRIGGER ledger_access_unchanged BEFORE UPDATE ON ledger_access
BEGIN
    SELECT RAISE(ABORT, 'an access record is never changed');
END;
-- +goose StatementEnd
