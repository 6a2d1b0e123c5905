-- +goose Up
-- What people can be found by, and by whom: what is public has a row for each audience. A row without part and term says that the
-- person is listed. Byte order, so that a prefix is a range whatever the database is set to.
CREATE TABLE profile_term (
    root     TEXT NOT NULL,
    audience TEXT NOT NULL,                -- network, public
    part     TEXT NOT NULL,
    term     TEXT COLLATE "C" NOT NULL,
    sort     TEXT COLLATE "C" NOT NULL,              -- the membership's
    person   TEXT NOT NULL REFERENCES person (id),
    PRIMARY KEY (root, audience, part, term, sort, person)
);
CREATE INDEX profile_term_of ON profile_term (person, root, audience, term, part);
