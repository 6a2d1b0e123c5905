-- +goose Up
-- Meetings and minutes are found by their day in words: what the search knows of them is worked out anew.
INSERT INTO forum_unindexed (kind) VALUES ('meeting'), ('minutes') ON CONFLICT (kind) DO NOTHING;
