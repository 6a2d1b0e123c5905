-- +goose Up
-- Forms, by the SHA-256 of what they say. A form is never edited: another text is another form.
CREATE TABLE consent_form (
    digest     TEXT PRIMARY KEY,
    form       TEXT NOT NULL,            -- canonical JSON
    drafted_by TEXT NOT NULL,
    drafted    BIGINT NOT NULL
);
CREATE INDEX consent_form_drafted ON consent_form (drafted);

-- Which form was put in force, by which decision, from when. The last that has begun is in force.
CREATE TABLE consent_force (
    seq      BIGINT PRIMARY KEY,
    epoch    BIGINT NOT NULL,
    digest   TEXT NOT NULL REFERENCES consent_form (digest),
    decision TEXT NOT NULL UNIQUE,
    mandate  TEXT NOT NULL,              -- canonical JSON
    begins   BIGINT NOT NULL,
    made_by  TEXT NOT NULL,
    recorded BIGINT NOT NULL
);

-- What a choice meant, by the form it was made on: a newer form never changes it.
ALTER TABLE consent_choice ADD COLUMN form TEXT NOT NULL DEFAULT '';     -- digest; '' when made on none
ALTER TABLE consent_choice ADD COLUMN question TEXT NOT NULL DEFAULT '';
ALTER TABLE consent_choice ADD COLUMN scope TEXT NOT NULL DEFAULT '';    -- of research: '' any, 'health', 'disease'
ALTER TABLE consent_choice ADD COLUMN diseases TEXT NOT NULL DEFAULT ''; -- space between
ALTER TABLE consent_choice ADD COLUMN guardian TEXT NOT NULL DEFAULT ''; -- whose choice it was; '' their own
ALTER TABLE consent_choice ADD COLUMN alone SMALLINT NOT NULL DEFAULT 0; -- there was no other guardian then
ALTER TABLE consent_choice ADD COLUMN document TEXT NOT NULL DEFAULT ''; -- where the paper is
ALTER TABLE consent_choice ADD COLUMN receipt TEXT NOT NULL DEFAULT '';
CREATE INDEX consent_choice_guardian ON consent_choice (individual) WHERE guardian <> '';

-- Whose guardian's yes ends, and when. Derived, as consent_page is.
CREATE TABLE consent_lapse (
    individual  BIGINT PRIMARY KEY REFERENCES individual (number),
    falls_due   BIGINT NOT NULL,
    permissions BIGINT NOT NULL          -- bits
);

-- Blocks, opt-outs and reservations: when one was set, and when it was lifted. Append-only.
CREATE TABLE consent_restriction (
    seq        BIGINT PRIMARY KEY,
    epoch      BIGINT NOT NULL,
    id         TEXT NOT NULL,
    act        TEXT NOT NULL CHECK (act IN ('set', 'lifted')),
    individual BIGINT NOT NULL REFERENCES individual (number),
    kind       TEXT NOT NULL CHECK (kind IN ('block', 'opt-out', 'reservation')),
    purposes   TEXT NOT NULL,            -- space between
    ground     TEXT NOT NULL,            -- in law
    made_by    TEXT NOT NULL,
    why        TEXT NOT NULL,
    document   TEXT NOT NULL,
    made       BIGINT NOT NULL,
    recorded   BIGINT NOT NULL,
    UNIQUE (id, act)
);
CREATE INDEX consent_restriction_of ON consent_restriction (individual, seq);

-- What somebody was given to keep when they chose.
CREATE TABLE consent_receipt (
    number     TEXT PRIMARY KEY,
    individual BIGINT NOT NULL REFERENCES individual (number),
    epoch      BIGINT NOT NULL,
    stopped    TEXT NOT NULL,            -- permissions that no longer hold, space between
    began      TEXT NOT NULL,
    recorded   BIGINT NOT NULL
);
CREATE INDEX consent_receipt_of ON consent_receipt (individual, number);

ALTER TABLE consent_state ADD COLUMN planes SMALLINT NOT NULL DEFAULT 0; -- which kinds of pages have been derived
ALTER TABLE consent_state ADD COLUMN obeyed BIGINT NOT NULL DEFAULT 0;       -- up to when what falls due has been obeyed
ALTER TABLE consent_state ADD COLUMN receipts BIGINT NOT NULL DEFAULT 0; -- the last number
