-- +goose Up
-- History is never rewritten.
-- +goose StatementBegin
CREATE FUNCTION forum_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'history is never rewritten';
END $$;
-- +goose StatementEnd
CREATE TRIGGER forum_event_kept BEFORE UPDATE OR DELETE ON forum_event
    FOR EACH ROW EXECUTE FUNCTION forum_keep();
CREATE TRIGGER forum_event_not_emptied BEFORE TRUNCATE ON forum_event
    FOR EACH STATEMENT EXECUTE FUNCTION forum_keep();
