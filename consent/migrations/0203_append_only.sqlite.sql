-- +goose Up
-- +goose StatementBegin
CREATE TRIGGER consent_form_unchanged BEFORE UPDATE ON consent_form
BEGIN
    SELECT RAISE(ABORT, 'a form is never changed');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER consent_form_kept BEFORE DELETE ON consent_form
BEGIN
    SELECT RAISE(ABORT, 'a form is never deleted');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER consent_force_unchanged BEFORE UPDATE ON consent_force
BEGIN
    SELECT RAISE(ABORT, 'a form in force is superseded, never changed');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER consent_force_kept BEFORE DELETE ON consent_force
BEGIN
    SELECT RAISE(ABORT, 'a form in force is superseded, never deleted');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER consent_restriction_unchanged BEFORE UPDATE ON consent_restriction
BEGIN
    SELECT RAISE(ABORT, 'a recorded restriction is never changed');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER consent_restriction_kept BEFORE DELETE ON consent_restriction
WHEN EXISTS (SELECT 1 FROM individual WHERE number = OLD.individual AND removed IS NULL)
BEGIN
    SELECT RAISE(ABORT, 'a recorded restriction is deleted only with the individual');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER consent_receipt_unchanged BEFORE UPDATE ON consent_receipt
BEGIN
    SELECT RAISE(ABORT, 'a receipt is never changed');
END;
-- +goose StatementEnd
