-- +goose Up
-- What was drawn, said and found in a review is never changed and never removed.
-- +goose StatementBegin
CREATE TRIGGER ledger_review_unchanged BEFORE UPDATE ON ledger_review
BEGIN
    SELECT RAISE(ABORT, 'a review is only added to');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ledger_review_kept BEFORE DELETE ON ledger_review
BEGIN
    SELECT RAISE(ABORT, 'a review is only added to');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ledger_review_item_unchanged BEFORE UPDATE ON ledger_review_item
BEGIN
    SELECT RAISE(ABORT, 'a review is only added to');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ledger_review_item_kept BEFORE DELETE ON ledger_review_item
BEGIN
    SELECT RAISE(ABORT, 'a review is only added to');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ledger_review_mark_unchanged BEFORE UPDATE ON ledger_review_mark
BEGIN
    SELECT RAISE(ABORT, 'a review is only added to');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ledger_review_mark_kept BEFORE DELETE ON ledger_review_mark
BEGIN
    SELECT RAISE(ABORT, 'a review is only added to');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ledger_review_end_unchanged BEFORE UPDATE ON ledger_review_end
BEGIN
    SELECT RAISE(ABORT, 'a review is only added to');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ledger_review_end_kept BEFORE DELETE ON ledger_review_end
BEGIN
    SELECT RAISE(ABORT, 'a review is only added to');
END;
-- +goose StatementEnd
