-- +goose Up
-- A recorded choice is never changed, and is deleted only with the individual.
-- +goose StatementBegin
CREATE TRIGGER consent_choice_unchanged BEFORE UPDATE ON consent_choice
BEGIN
    SELECT RAISE(ABORT, 'a recorded choice is never changed');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER consent_choice_kept BEFORE DELETE ON consent_choice
WHEN EXISTS (SELECT 1 FROM individual WHERE number = OLD.individual AND removed IS NULL)
BEGIN
    SELECT RAISE(ABORT, 'a recorded choice is deleted only with the individual');
END;
-- +goose StatementEnd
