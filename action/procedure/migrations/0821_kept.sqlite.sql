-- +goose Up
-- What regions said, what was written and what reviewers said of it stays as it is.
-- +goose StatementBegin
CREATE TRIGGER procedure_record_unchanged BEFORE UPDATE ON procedure_record BEGIN SELECT RAISE(ABORT, 'history is never rewritten'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER procedure_record_kept BEFORE DELETE ON procedure_record BEGIN SELECT RAISE(ABORT, 'history is never rewritten'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER procedure_text_unchanged BEFORE UPDATE ON procedure_text BEGIN SELECT RAISE(ABORT, 'history is never rewritten'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER procedure_text_kept BEFORE DELETE ON procedure_text BEGIN SELECT RAISE(ABORT, 'history is never rewritten'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER procedure_review_unchanged BEFORE UPDATE ON procedure_review BEGIN SELECT RAISE(ABORT, 'history is never rewritten'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER procedure_review_kept BEFORE DELETE ON procedure_review BEGIN SELECT RAISE(ABORT, 'history is never rewritten'); END;
-- +goose StatementEnd
