-- +goose Up
-- A text that may have been named, and what was enacted, stays as it is.
-- +goose StatementBegin
CREATE TRIGGER policy_draft_text_no_update BEFORE UPDATE ON policy_draft_text
BEGIN
    SELECT RAISE(ABORT, 'a policy''s history is never changed');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER policy_draft_text_no_delete BEFORE DELETE ON policy_draft_text
BEGIN
    SELECT RAISE(ABORT, 'a policy''s history is never changed');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER policy_enacted_no_update BEFORE UPDATE ON policy_enacted
BEGIN
    SELECT RAISE(ABORT, 'a policy''s history is never changed');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER policy_enacted_no_delete BEFORE DELETE ON policy_enacted
BEGIN
    SELECT RAISE(ABORT, 'a policy''s history is never changed');
END;
-- +goose StatementEnd
