-- +goose Up
-- Which papers have a file: whether one is left when a paper is withdrawn.
CREATE INDEX meeting_paper_file ON meeting_paper (file) WHERE file <> '';
