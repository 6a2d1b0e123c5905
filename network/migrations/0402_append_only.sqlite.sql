-- +goose Up
-- History is never rewritten: an event stays as it is, a holding can be ended and nothing else.
-- +goose StatementBegin
CREATE TRIGGER network_event_unchanged BEFORE UPDATE ON network_event
BEGIN
    SELECT RAISE(ABORT, 'history is never rewritten');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER network_event_kept BEFORE DELETE ON network_event
BEGIN
    SELECT RAISE(ABORT, 'history is never rewritten');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER holding_unmoved BEFORE UPDATE OF id, seat, person, starts, recorded ON holding
BEGIN
    SELECT RAISE(ABORT, 'history is never rewritten');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER holding_kept BEFORE DELETE ON holding
BEGIN
    SELECT RAISE(ABORT, 'history is never rewritten');
END;
-- +goose StatementEnd
