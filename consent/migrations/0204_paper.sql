-- +goose Up
-- What was registered from paper, for the list of the latest.
CREATE INDEX consent_choice_paper ON consent_choice (seq) WHERE document <> '';
