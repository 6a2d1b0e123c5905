-- +goose Up
-- A mail to an address that was named, not to where its person's mail goes: it never follows a new address.
ALTER TABLE notice_mail ADD COLUMN pinned SMALLINT NOT NULL DEFAULT 0;
-- Why a mail was given up where no server said so: 'shut' (the account), 'unserved' (no mail server, and a secret link isn't kept),
-- 'sealed' (a secret link whose key is another directory's). '' is what the server said.
ALTER TABLE notice_mail ADD COLUMN reason TEXT NOT NULL DEFAULT '';
-- Nobody mails a person whose account is shut.
ALTER TABLE notice_recipient ADD COLUMN shut SMALLINT NOT NULL DEFAULT 0;
-- The mail that told it; '' for none.
ALTER TABLE notice ADD COLUMN mail TEXT NOT NULL DEFAULT '';
