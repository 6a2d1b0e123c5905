-- +goose Up
-- Who may see a document stands beside its words, so that a word that many hold is judged without reading them all twice.
ALTER TABLE derived_search
    ADD COLUMN kind TEXT NOT NULL DEFAULT '', ADD COLUMN ref TEXT NOT NULL DEFAULT '', ADD COLUMN root TEXT NOT NULL DEFAULT '',
    ADD COLUMN network TEXT NOT NULL DEFAULT '', ADD COLUMN body TEXT NOT NULL DEFAULT '', ADD COLUMN visibility TEXT NOT NULL DEFAULT 'named';
UPDATE derived_search s SET kind = d.kind, ref = d.ref, root = d.root, network = d.network, body = d.body, visibility = d.visibility
    FROM forum_doc d WHERE d.seq = s.seq;
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION forum_doc_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO derived_search (seq, title, words, kind, ref, root, network, body, visibility)
        VALUES (new.seq, to_tsvector('simple', new.title_words), to_tsvector('simple', new.title_words) || to_tsvector('simple', new.text_words),
            new.kind, new.ref, new.root, new.network, new.body, new.visibility)
        ON CONFLICT (seq) DO UPDATE SET title = excluded.title, words = excluded.words, kind = excluded.kind, ref = excluded.ref,
            root = excluded.root, network = excluded.network, body = excluded.body, visibility = excluded.visibility;
    RETURN NULL;
END $$;
-- +goose StatementEnd
