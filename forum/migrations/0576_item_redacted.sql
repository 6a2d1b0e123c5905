-- +goose Up
-- Items of meetings, and circulations, that were taken out of their sealed minutes: their decisions show no names, reservations or
-- reasons any more.
CREATE TABLE item_redacted (
    item    TEXT PRIMARY KEY,              -- of a circulation: its id
    minutes TEXT NOT NULL REFERENCES minutes (id),
    at      BIGINT NOT NULL
);
INSERT INTO item_redacted (item, minutes, at)
    SELECT i.id, MIN(p.minutes), MIN(p.redacted) FROM minutes_part p JOIN minutes n ON n.id = p.minutes
    JOIN (SELECT id, meeting, ROW_NUMBER() OVER (PARTITION BY meeting ORDER BY sort, id) - 1 AS place FROM meeting_item) i ON i.meeting = n.meeting
    WHERE p.redacted > 0 AND p.name = 'item/' || CAST(i.place AS TEXT) GROUP BY i.id;
INSERT INTO item_redacted (item, minutes, at)
    SELECT n.circulation, MIN(n.id), MIN(p.redacted) FROM minutes_part p JOIN minutes n ON n.id = p.minutes
    WHERE p.redacted > 0 AND p.name = 'item/0' AND n.circulation <> '' GROUP BY n.circulation;
UPDATE meeting_item SET presenter = '', text = '', reason = '', draft = '' WHERE id IN (SELECT item FROM item_redacted);
UPDATE meeting_recusal SET reason = '' WHERE item IN (SELECT item FROM item_redacted);
UPDATE ballot SET reason = '' WHERE subject IN (SELECT item FROM item_redacted);

-- What the search knows of them is worked out anew.
INSERT INTO forum_unindexed (kind) VALUES ('minutes'), ('decision') ON CONFLICT (kind) DO NOTHING;
