-- +goose Up
-- SQLite reads who may see a document from the document: its words are an index of it.
SELECT 1;
