-- +goose Up
-- Kinds of thing that were there before the search knew them: made found when the room is next opened.
CREATE TABLE forum_unindexed (kind TEXT PRIMARY KEY);
INSERT INTO forum_unindexed (kind) VALUES ('meeting'), ('item'), ('input'), ('file');
