-- +goose Up
-- An event is never changed, and is deleted only with its account.
-- +goose StatementBegin
CREATE TRIGGER account_event_unchanged BEFORE UPDATE ON account_event
BEGIN
    SELECT RAISE(ABORT, 'an account''s event is never changed');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER account_event_kept BEFORE DELETE ON account_event
WHEN EXISTS (SELECT 1 FROM account WHERE id = OLD.account)
BEGIN
    SELECT RAISE(ABORT, 'an account''s event is deleted only with the account');
END;
-- +goose StatementEnd
