-- +goose Up
-- A file of another room's noun: that room says who may fetch it. Its content is kept as a topic's is.
CREATE TABLE room_file (
    id      TEXT PRIMARY KEY,
    root    TEXT NOT NULL REFERENCES network (id),
    kind    TEXT NOT NULL,                 -- the other room's word for its noun
    subject TEXT NOT NULL,                 -- the noun's id
    hash    TEXT NOT NULL REFERENCES forum_blob (hash),
    name    TEXT NOT NULL,
    person  TEXT NOT NULL,
    added   BIGINT NOT NULL
);
CREATE INDEX room_file_of ON room_file (subject, added);
CREATE INDEX room_file_with ON room_file (hash);
