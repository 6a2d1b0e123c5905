-- +goose Up
-- Who made a link that is handed over, '' for one that was mailed or made at the terminal: the link is good while they still may.
-- Links handed over before anybody asked that are asked for anew.
ALTER TABLE account_recovery ADD COLUMN made_by TEXT NOT NULL DEFAULT '';
DELETE FROM account_recovery WHERE expires - made > 3600000000;
