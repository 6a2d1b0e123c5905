-- +goose Up
-- What happened to a measure is never rewritten.
-- +goose StatementBegin
CREATE FUNCTION plan_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'history is never rewritten';
END $$;
-- +goose StatementEnd
CREATE TRIGGER measure_due_kept BEFORE UPDATE OR DELETE ON measure_due
    FOR EACH ROW EXECUTE FUNCTION plan_keep();
CREATE TRIGGER measure_due_not_emptied BEFORE TRUNCATE ON measure_due
    FOR EACH STATEMENT EXECUTE FUNCTION plan_keep();
CREATE TRIGGER measure_state_kept BEFORE UPDATE OR DELETE ON measure_state
    FOR EACH ROW EXECUTE FUNCTION plan_keep();
CREATE TRIGGER measure_state_not_emptied BEFORE TRUNCATE ON measure_state
    FOR EACH STATEMENT EXECUTE FUNCTION plan_keep();
CREATE TRIGGER measure_report_kept BEFORE UPDATE OR DELETE ON measure_report
    FOR EACH ROW EXECUTE FUNCTION plan_keep();
CREATE TRIGGER measure_report_not_emptied BEFORE TRUNCATE ON measure_report
    FOR EACH STATEMENT EXECUTE FUNCTION plan_keep();
CREATE TRIGGER plan_past_kept BEFORE UPDATE OR DELETE ON plan_past
    FOR EACH ROW EXECUTE FUNCTION plan_keep();
CREATE TRIGGER plan_past_not_emptied BEFORE TRUNCATE ON plan_past
    FOR EACH STATEMENT EXECUTE FUNCTION plan_keep();
CREATE TRIGGER measure_topic_kept BEFORE UPDATE OR DELETE ON measure_topic
    FOR EACH ROW EXECUTE FUNCTION plan_keep();
CREATE TRIGGER measure_topic_not_emptied BEFORE TRUNCATE ON measure_topic
    FOR EACH STATEMENT EXECUTE FUNCTION plan_keep();
CREATE TRIGGER plan_snapshot_kept BEFORE UPDATE OR DELETE ON plan_snapshot
    FOR EACH ROW EXECUTE FUNCTION plan_keep();
CREATE TRIGGER plan_snapshot_not_emptied BEFORE TRUNCATE ON plan_snapshot
    FOR EACH STATEMENT EXECUTE FUNCTION plan_keep();
CREATE TRIGGER plan_snapshot_row_kept BEFORE UPDATE OR DELETE ON plan_snapshot_row
    FOR EACH ROW EXECUTE FUNCTION plan_keep();
CREATE TRIGGER plan_snapshot_row_not_emptied BEFORE TRUNCATE ON plan_snapshot_row
    FOR EACH STATEMENT EXECUTE FUNCTION plan_keep();
