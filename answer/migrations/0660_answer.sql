-- +goose Up
-- Who is counted for those to whom newcomers are shown in batches: a bit for each individual's number, in words of 64 bits, big-endian.
CREATE TABLE answer_admitted (
	batch  TEXT PRIMARY KEY, -- the use, the size of a batch and the dataset
	people BYTEA NOT NULL,
	made   BIGINT NOT NULL
);
