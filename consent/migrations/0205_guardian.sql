-- +goose Up
-- By which guardianship a restriction was set or lifted: what one guardian set, another doesn't lift.
ALTER TABLE consent_restriction ADD COLUMN guardian TEXT NOT NULL DEFAULT '';
