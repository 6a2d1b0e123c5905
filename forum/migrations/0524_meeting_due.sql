-- +goose Up
CREATE INDEX minutes_held ON minutes (root, held, id);
CREATE INDEX minutes_of_meeting ON minutes (meeting, edition);
CREATE INDEX minutes_correcting ON minutes (corrects);
-- When its keepers were told that a draft is to be convened, and its body that it meets today; 0: not yet.
ALTER TABLE meeting ADD COLUMN asked BIGINT NOT NULL DEFAULT 0;
ALTER TABLE meeting ADD COLUMN reminded BIGINT NOT NULL DEFAULT 0;
