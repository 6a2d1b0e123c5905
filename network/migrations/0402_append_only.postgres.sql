-- +goose Up
-- History is never rewritten: an event stays as it is, a holding can be ended and nothing else.
-- +goose StatementBegin
CREATE FUNCTION network_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'history is never rewritten';
END $$;
-- +goose StatementEnd
CREATE TRIGGER network_event_kept BEFORE UPDATE OR DELETE ON network_event
    FOR EACH ROW EXECUTE FUNCTION network_keep();
CREATE TRIGGER network_event_not_emptied BEFORE TRUNCATE ON network_event
    FOR EACH STATEMENT EXECUTE FUNCTION network_keep();
CREATE TRIGGER holding_unmoved BEFORE UPDATE OF id, seat, person, starts, recorded ON holding
    FOR EACH ROW EXECUTE FUNCTION network_keep();
CREATE TRIGGER holding_kept BEFORE DELETE ON holding
    FOR EACH ROW EXECUTE FUNCTION network_keep();
CREATE TRIGGER holding_not_emptied BEFORE TRUNCATE ON holding
    FOR EACH STATEMENT EXECUTE FUNCTION network_keep();
