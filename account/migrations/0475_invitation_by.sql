-- +goose Up
-- How many invitations somebody has made lately.
CREATE INDEX account_invitation_by ON account_invitation (made_by, made);
