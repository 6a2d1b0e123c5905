-- +goose Up
-- What bodies told of their years: every text that was saved. Rows are only added.
CREATE TABLE involvement_report (
    body       TEXT NOT NULL REFERENCES body (id),
    year       BIGINT NOT NULL,
    version    BIGINT NOT NULL,
    lang       TEXT NOT NULL,
    aim        TEXT NOT NULL,
    methods    TEXT NOT NULL,
    results    TEXT NOT NULL,
    discussion TEXT NOT NULL,
    reflection TEXT NOT NULL,
    published  SMALLINT NOT NULL,
    actor      TEXT NOT NULL,
    at         BIGINT NOT NULL,
    PRIMARY KEY (body, year, version)
);
