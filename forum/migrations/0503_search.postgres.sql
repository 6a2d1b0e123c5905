-- +goose Up
-- What the search finds: one row for each thing, with its words in a form that both databases read alike.
CREATE TABLE forum_doc (
    seq         BIGINT PRIMARY KEY,
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
CREATE TABLE derived_search (
    seq   BIGINT PRIMARY KEY REFERENCES forum_doc (seq) ON DELETE CASCADE,
    title TSVECTOR NOT NULL,
    words TSVECTOR NOT NULL                -- with the title's
);
CREATE INDEX derived_search_title ON derived_search USING GIN (title) WITH (fastupdate = off);
CREATE INDEX derived_search_words ON derived_search USING GIN (words) WITH (fastupdate = off);
-- +goose StatementBegin
CREATE FUNCTION forum_doc_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO derived_search (seq, title, words)
        VALUES (new.seq, to_tsvector('simple', new.title_words), to_tsvector('simple', new.title_words) || to_tsvector('simple', new.text_words))
        ON CONFLICT (seq) DO UPDATE SET title = excluded.title, words = excluded.words;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER forum_doc_kept AFTER INSERT OR UPDATE ON forum_doc FOR EACH ROW EXECUTE FUNCTION forum_doc_words();
