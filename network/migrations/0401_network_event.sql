-- +goose Up
-- Everything that changed, in order. Append-only: see the next migration. Details hold ids and never a person's name, so that a
-- name which is erased is nowhere else.
CREATE TABLE network_event (
    seq     BIGINT PRIMARY KEY,
    root    TEXT NOT NULL,
    subject TEXT NOT NULL,                 -- the id of what changed
    kind    TEXT NOT NULL,
    actor   TEXT NOT NULL,                 -- '' for the clock
    at      BIGINT NOT NULL,
    details TEXT NOT NULL                  -- JSON
);
CREATE INDEX network_event_of ON network_event (subject, seq);

CREATE INDEX seat_nominated ON seat (nominator);
CREATE INDEX seat_deputies ON seat (deputy_for);
