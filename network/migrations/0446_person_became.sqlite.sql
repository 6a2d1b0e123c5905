-- +goose Up
-- Who was here already and accepted what this person was invited to: the two are one, and are erased together.
ALTER TABLE person ADD COLUMN became TEXT REFERENCES person (id);
CREATE INDEX person_became ON person (became) WHERE became IS NOT NULL;
UPDATE person SET became = x.became FROM (SELECT DISTINCT json_extract(e.details, '$.invited') AS id, e.subject AS became
    FROM network_event e WHERE e.kind = 'person.registered' AND e.details LIKE '%"invited"%') x WHERE x.id = person.id;
UPDATE person SET name = '', erased = (SELECT b.erased FROM person b WHERE b.id = person.became)
    WHERE became IN (SELECT id FROM person WHERE erased <> 0);
