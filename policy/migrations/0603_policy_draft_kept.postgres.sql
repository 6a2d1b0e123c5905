-- +goose Up
-- A text that may have been named, and what was enacted, stays as it is.
CREATE TRIGGER policy_draft_text_kept BEFORE UPDATE OR DELETE ON policy_draft_text
    FOR EACH ROW EXECUTE FUNCTION policy_keep();
CREATE TRIGGER policy_draft_text_not_emptied BEFORE TRUNCATE ON policy_draft_text
    FOR EACH STATEMENT EXECUTE FUNCTION policy_keep();
CREATE TRIGGER policy_enacted_kept BEFORE UPDATE OR DELETE ON policy_enacted
    FOR EACH ROW EXECUTE FUNCTION policy_keep();
CREATE TRIGGER policy_enacted_not_emptied BEFORE TRUNCATE ON policy_enacted
    FOR EACH STATEMENT EXECUTE FUNCTION policy_keep();
