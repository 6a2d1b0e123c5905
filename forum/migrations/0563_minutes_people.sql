-- +goose Up
-- The items of a draft whose text somebody changed, also to nothing: it stays when the minutes are drawn up anew. Item '' is every
-- item that has a text: of drafts that were edited before this was noted.
CREATE TABLE minutes_edited (
    minutes TEXT NOT NULL REFERENCES minutes (id),
    item    TEXT NOT NULL,
    PRIMARY KEY (minutes, item)
);
INSERT INTO minutes_edited (minutes, item) SELECT n.id, '' FROM minutes n
    WHERE n.state = 'draft' AND EXISTS (SELECT 1 FROM forum_event e WHERE e.subject = n.id AND e.kind = 'minutes.edited');

-- Whose name was taken out of sealed minutes: it is shown in no record of that meeting or circulation any more.
CREATE TABLE minutes_redacted (
    minutes TEXT NOT NULL REFERENCES minutes (id),
    person  TEXT NOT NULL REFERENCES person (id),
    at      BIGINT NOT NULL,
    PRIMARY KEY (minutes, person)
);
