-- +goose Up
-- Nothing is looked up by it any more: how much somebody writes in a day is counted by the network.
DROP INDEX feedback_lately;
