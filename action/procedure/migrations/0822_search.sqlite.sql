-- +goose Up
-- The words procedures are found by.
CREATE TABLE procedure_words (
    seq       INTEGER PRIMARY KEY,
    procedure TEXT NOT NULL UNIQUE REFERENCES procedure (id),
    words     TEXT NOT NULL
);
CREATE VIRTUAL TABLE derived_procedure USING fts5 (words, content='procedure_words', content_rowid='seq', tokenize='unicode61 remove_diacritics 0', prefix='2 3 4 5');
INSERT INTO derived_procedure (derived_procedure, rank) VALUES ('secure-delete', 1);
-- +goose StatementBegin
CREATE TRIGGER procedure_words_added AFTER INSERT ON procedure_words BEGIN
    INSERT INTO derived_procedure (rowid, words) VALUES (new.seq, new.words);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER procedure_words_changed AFTER UPDATE OF words ON procedure_words BEGIN
    INSERT INTO derived_procedure (derived_procedure, rowid, words) VALUES ('delete', old.seq, old.words);
    INSERT INTO derived_procedure (rowid, words) VALUES (new.seq, new.words);
END;
-- +goose StatementEnd
