-- +goose Up
-- Whether somebody has given their input to a topic.
CREATE INDEX topic_input_given ON topic_input (topic, person);
