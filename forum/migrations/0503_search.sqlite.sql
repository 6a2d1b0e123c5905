-- +goose Up
-- What the search finds: one row for each thing, with its words in a form that both databases read alike.
CREATE TABLE forum_doc (
    seq         INTEGER PRIMARY KEY,
    kind        TEXT NOT NULL,
    ref         TEXT NOT NULL,
    root        TEXT NOT NULL,
    network     TEXT NOT NULL,
    body        TEXT NOT NULL,
    visibility  TEXT NOT NULL,
    lang        TEXT NOT NULL,
    title       TEXT NOT NULL,
    text        TEXT NOT NULL,
    title_words TEXT NOT NULL,
    text_words  TEXT NOT NULL,
    at          BIGINT NOT NULL,
    UNIQUE (kind, ref)
);
CREATE VIRTUAL TABLE derived_search USING fts5 (title_words, text_words, content='forum_doc', content_rowid='seq',
    tokenize='unicode61 remove_diacritics 0', prefix='1 2 3 4 5 6');
INSERT INTO derived_search (derived_search, rank) VALUES ('secure-delete', 1);
-- +goose StatementBegin
CREATE TRIGGER forum_doc_added AFTER INSERT ON forum_doc BEGIN
    INSERT INTO derived_search (rowid, title_words, text_words) VALUES (new.seq, new.title_words, new.text_words);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER forum_doc_removed AFTER DELETE ON forum_doc BEGIN
    INSERT INTO derived_search (derived_search, rowid, title_words, text_words) VALUES ('delete', old.seq, old.title_words, old.text_words);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER forum_doc_changed AFTER UPDATE OF title_words, text_words ON forum_doc BEGIN
    INSERT INTO derived_search (derived_search, rowid, title_words, text_words) VALUES ('delete', old.seq, old.title_words, old.text_words);
    INSERT INTO derived_search (rowid, title_words, text_words) VALUES (new.seq, new.title_words, new.text_words);
END;
-- +goose StatementEnd
