-- +goose Up
-- Who stands at which place of sealed minutes' names, whatever they are called later.
CREATE TABLE minutes_person (
    minutes TEXT NOT NULL REFERENCES minutes (id),
    place   BIGINT NOT NULL,
    person  TEXT NOT NULL REFERENCES person (id),
    PRIMARY KEY (minutes, place, person)
);

-- A part has the same name in every edition: what was taken out of one goes out of the others.
UPDATE minutes_part SET text = '', salt = '',
        redacted = (SELECT MIN(o.redacted) FROM minutes_part o JOIN minutes n ON n.id = o.minutes JOIN minutes t ON t.meeting = n.meeting AND t.circulation = n.circulation
            WHERE t.id = minutes_part.minutes AND o.name = minutes_part.name AND o.redacted > 0),
        reason = (SELECT MIN(o.reason) FROM minutes_part o JOIN minutes n ON n.id = o.minutes JOIN minutes t ON t.meeting = n.meeting AND t.circulation = n.circulation
            WHERE t.id = minutes_part.minutes AND o.name = minutes_part.name AND o.redacted > 0)
    WHERE redacted = 0 AND EXISTS (SELECT 1 FROM minutes_part o JOIN minutes n ON n.id = o.minutes JOIN minutes t ON t.meeting = n.meeting AND t.circulation = n.circulation
        WHERE t.id = minutes_part.minutes AND o.name = minutes_part.name AND o.redacted > 0);
UPDATE minutes_version SET doc = '' WHERE doc <> '' AND EXISTS (SELECT 1 FROM minutes n JOIN minutes_part p ON p.minutes = n.id
    WHERE n.id = minutes_version.minutes AND n.state = 'sealed' AND p.redacted > 0);

-- Who presents an item is a name of the meeting too.
UPDATE meeting_item SET presenter = '' WHERE presenter <> '' AND EXISTS (SELECT 1 FROM minutes n JOIN minutes_redacted r ON r.minutes = n.id
    JOIN person p ON p.id = r.person WHERE n.meeting = meeting_item.meeting AND p.name = meeting_item.presenter);
