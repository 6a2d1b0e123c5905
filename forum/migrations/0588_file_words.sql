-- +goose Up
-- Texts that are attached are found by the words in them: what the search knows of files is worked out anew.
INSERT INTO forum_unindexed (kind) VALUES ('file') ON CONFLICT (kind) DO NOTHING;
