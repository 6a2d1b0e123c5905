-- +goose Up
-- What happened to a measure is never rewritten.
-- +goose StatementBegin
CREATE TRIGGER measure_due_unchanged BEFORE UPDATE ON measure_due
BEGIN
    SELECT RAISE(ABORT, 'history is never rewritten');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER measure_due_kept BEFORE DELETE ON measure_due
BEGIN
    SELECT RAISE(ABORT, 'history is never rewritten');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER measure_state_unchanged BEFORE UPDATE ON measure_state
BEGIN
    SELECT RAISE(ABORT, 'history is never rewritten');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER measure_state_kept BEFORE DELETE ON measure_state
BEGIN
    SELECT RAISE(ABORT, 'history is never rewritten');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER measure_report_unchanged BEFORE UPDATE ON measure_report
BEGIN
    SELECT RAISE(ABORT, 'history is never rewritten');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER measure_report_kept BEFORE DELETE ON measure_report
BEGIN
    SELECT RAISE(ABORT, 'history is never rewritten');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER plan_past_unchanged BEFORE UPDATE ON plan_past
BEGIN
    SELECT RAISE(ABORT, 'history is never rewritten');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER plan_past_kept BEFORE DELETE ON plan_past
BEGIN
    SELECT RAISE(ABORT, 'history is never rewritten');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER measure_topic_unchanged BEFORE UPDATE ON measure_topic
BEGIN
    SELECT RAISE(ABORT, 'history is never rewritten');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER measure_topic_kept BEFORE DELETE ON measure_topic
BEGIN
    SELECT RAISE(ABORT, 'history is never rewritten');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER plan_snapshot_unchanged BEFORE UPDATE ON plan_snapshot
BEGIN
    SELECT RAISE(ABORT, 'history is never rewritten');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER plan_snapshot_kept BEFORE DELETE ON plan_snapshot
BEGIN
    SELECT RAISE(ABORT, 'history is never rewritten');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER plan_snapshot_row_unchanged BEFORE UPDATE ON plan_snapshot_row
BEGIN
    SELECT RAISE(ABORT, 'history is never rewritten');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER plan_snapshot_row_kept BEFORE DELETE ON plan_snapshot_row
BEGIN
    SELECT RAISE(ABORT, 'history is never rewritten');
END;
-- +goose StatementEnd
