-- +goose Up
-- What waits for an answer is looked for on every coordinator's landing page.
CREATE INDEX candidate_open ON candidate (root) WHERE state = '';
