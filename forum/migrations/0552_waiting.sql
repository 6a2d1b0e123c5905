-- +goose Up
-- What waits for somebody is worked out from the rows each time it is asked for.
CREATE INDEX topic_answering ON topic (root, input_until) WHERE state = 'input';
CREATE INDEX topic_unplaced ON topic (root, raised) WHERE state = 'raised' AND body IS NULL;
CREATE INDEX circulation_approver_is ON circulation_approver (person);
CREATE INDEX minutes_of_circulation ON minutes (circulation) WHERE circulation <> '';
