-- +goose Up
-- What was lifted lately in a tenant, for those below who wait for what becomes of it.
CREATE INDEX topic_lift_lately ON topic_lift (root, lifted);
