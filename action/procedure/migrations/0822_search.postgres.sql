-- +goose Up
-- The words procedures are found by.
CREATE TABLE procedure_words (
    seq       BIGINT PRIMARY KEY,
    procedure TEXT NOT NULL UNIQUE REFERENCES procedure (id),
    words     TEXT NOT NULL
);
CREATE TABLE derived_procedure (
    seq       BIGINT PRIMARY KEY REFERENCES procedure_words (seq) ON DELETE CASCADE,
    procedure TEXT NOT NULL,
    words     TSVECTOR NOT NULL
);
CREATE INDEX derived_procedure_words ON derived_procedure USING GIN (words) WITH (fastupdate = off);
-- +goose StatementBegin
CREATE FUNCTION procedure_words_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO derived_procedure (seq, procedure, words) VALUES (new.seq, new.procedure, to_tsvector('simple', new.words)) ON CONFLICT (seq) DO UPDATE SET words = excluded.words;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER procedure_words_kept AFTER INSERT OR UPDATE ON procedure_words FOR EACH ROW EXECUTE FUNCTION procedure_words_kept();
