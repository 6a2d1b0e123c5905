-- +goose Up
-- How many questions of somebody were denied on a day: the first of them are lines of the ledger, the rest are only counted.
CREATE TABLE answer_denied (
	person TEXT NOT NULL,
	day    BIGINT NOT NULL, -- from 1970, UTC
	denied BIGINT NOT NULL,
	PRIMARY KEY (person, day)
);
CREATE INDEX answer_denied_day ON answer_denied (day);
