-- +goose Up
-- What the public front page counts and lists, in the order it is shown.
CREATE INDEX topic_public ON topic (root, state) WHERE visibility = 'public';
CREATE INDEX topic_open ON topic (root, moved) WHERE visibility = 'public' AND state IN ('raised', 'input', 'prepared', 'agenda', 'returned', 'lifted');
CREATE INDEX topic_input_public ON topic_input (given, id) WHERE visibility = 'public';
CREATE INDEX topic_input_counted ON topic_input (network, given, disposition) WHERE visibility = 'public';
CREATE INDEX decision_public ON decision (root, id) WHERE visibility = 'public';
CREATE INDEX decision_force_since ON decision_force (decision, starts);
