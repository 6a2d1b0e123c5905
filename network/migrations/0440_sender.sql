-- +goose Up
-- How often somebody sent a form that is open to everybody, this day. Who it is stands under a hash with the day's salt, and goes with the day.
CREATE TABLE public_salt (
    day  BIGINT PRIMARY KEY,
    salt TEXT NOT NULL
);
CREATE TABLE public_sender (
    day    BIGINT NOT NULL,
    sender TEXT NOT NULL,
    sent   BIGINT NOT NULL,
    PRIMARY KEY (day, sender)
);
