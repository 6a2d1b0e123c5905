-- +goose Up
-- What regions said, what was written and what reviewers said of it stays as it is.
-- +goose StatementBegin
CREATE FUNCTION procedure_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'history is never rewritten';
END $$;
-- +goose StatementEnd
CREATE TRIGGER procedure_record_kept BEFORE UPDATE OR DELETE ON procedure_record FOR EACH ROW EXECUTE FUNCTION procedure_keep();
CREATE TRIGGER procedure_record_not_emptied BEFORE TRUNCATE ON procedure_record FOR EACH STATEMENT EXECUTE FUNCTION procedure_keep();
CREATE TRIGGER procedure_text_kept BEFORE UPDATE OR DELETE ON procedure_text FOR EACH ROW EXECUTE FUNCTION procedure_keep();
CREATE TRIGGER procedure_text_not_emptied BEFORE TRUNCATE ON procedure_text FOR EACH STATEMENT EXECUTE FUNCTION procedure_keep();
CREATE TRIGGER procedure_review_kept BEFORE UPDATE OR DELETE ON procedure_review FOR EACH ROW EXECUTE FUNCTION procedure_keep();
CREATE TRIGGER procedure_review_not_emptied BEFORE TRUNCATE ON procedure_review FOR EACH STATEMENT EXECUTE FUNCTION procedure_keep();
