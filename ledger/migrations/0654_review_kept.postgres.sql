-- +goose Up
-- What was drawn, said and found in a review is never changed and never removed.
-- +goose StatementBegin
CREATE FUNCTION ledger_review_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a review is only added to';
END $$;
-- +goose StatementEnd
CREATE TRIGGER ledger_review_kept BEFORE UPDATE OR DELETE ON ledger_review
    FOR EACH ROW EXECUTE FUNCTION ledger_review_keep();
CREATE TRIGGER ledger_review_not_emptied BEFORE TRUNCATE ON ledger_review
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_review_keep();
CREATE TRIGGER ledger_review_item_kept BEFORE UPDATE OR DELETE ON ledger_review_item
    FOR EACH ROW EXECUTE FUNCTION ledger_review_keep();
CREATE TRIGGER ledger_review_item_not_emptied BEFORE TRUNCATE ON ledger_review_item
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_review_keep();
CREATE TRIGGER ledger_review_mark_kept BEFORE UPDATE OR DELETE ON ledger_review_mark
    FOR EACH ROW EXECUTE FUNCTION ledger_review_keep();
CREATE TRIGGER ledger_review_mark_not_emptied BEFORE TRUNCATE ON ledger_review_mark
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_review_keep();
CREATE TRIGGER ledger_review_end_kept BEFORE UPDATE OR DELETE ON ledger_review_end
    FOR EACH ROW EXECUTE FUNCTION ledger_review_keep();
CREATE TRIGGER ledger_review_end_not_emptied BEFORE TRUNCATE ON ledger_review_end
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_review_keep();
