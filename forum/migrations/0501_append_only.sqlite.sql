-- +goose Up
-- History is never rewritten.
-- +goose StatementBegin
CREATE TRIGGER forum_event_unchanged BEFORE UPDATE ON forum_event
BEGIN
    SELECT RAISE(ABORT, 'history is never rewritten');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER forum_event_kept BEFORE DELETE ON forum_event
BEGIN
    SELECT RAISE(ABORT, 'history is never rewritten');
END;
-- +goose StatementEnd
