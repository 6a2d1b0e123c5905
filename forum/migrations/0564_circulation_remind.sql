-- +goose Up
-- When those who have not answered a circulation are reminded next; 0: no more.
ALTER TABLE circulation ADD COLUMN remind BIGINT NOT NULL DEFAULT 0;
UPDATE circulation SET remind = deadline - 172800000000 WHERE state = 'open';
CREATE INDEX circulation_remind ON circulation (remind) WHERE remind > 0;
