package forum

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/samverk/samverk/storage"
)

// How large a text may be that is found by its words, and how much PostgreSQL's index takes of one document's words.
const (
	textFileLimit = 1 << 20
	wordsLimit    = 700_000
)

var textFiles = []string{".txt", ".md", ".markdown", ".csv"}

// fileWords are the words in a file: of a text that may be given out, in UTF-8. Of anything else there are none. Whoever may see the
// file finds it by them: that is asked of its own row, as for its name.
func (f *Forum) fileWords(ctx context.Context, tx *storage.Tx, id string) (string, error) {
	var name, hash string
	var size int64
	var state ScanState
	err := tx.QueryRow(ctx, `SELECT x.name, x.hash, b.size, b.state FROM forum_file x JOIN forum_blob b ON b.hash = x.hash WHERE x.id = $1`, id).Scan(&name, &hash, &size, &state)
	if err != nil {
		return "", err
	}
	if f.files == "" || size > textFileLimit || state != Clean && state != Unscanned || !slices.Contains(textFiles, strings.ToLower(filepath.Ext(name))) {
		return "", nil
	}
	b, err := os.ReadFile(f.filePath(hash))
	switch {
	case errors.Is(err, fs.ErrNotExist): // a database that was moved without its files
		return "", nil
	case err != nil:
		return "", err
	case !utf8.Valid(b):
		return "", nil
	}
	return indexable(words(string(b))), nil
}

// indexable joins as many of a text's words as an index of one document has room for: each once, and where it stands each time.
func indexable(all []string) string {
	const place, once = 2, 4
	seen, size := map[string]bool{}, 0
	for i, w := range all {
		size += place
		if !seen[w] {
			seen[w] = true
			size += len(w) + once
		}
		if size > wordsLimit {
			all = all[:i]
			break
		}
	}
	return strings.Join(all, " ")
}

// reindexFiles makes the files of a content found anew: what the scanner says of it decides whether they are by their words.
func (f *Forum) reindexFiles(ctx context.Context, tx *storage.Tx, hash string) error {
	rows, err := tx.Query(ctx, `SELECT id FROM forum_file WHERE hash = $1 ORDER BY id`, hash)
	if err != nil {
		return err
	}
	ids, err := column[string](rows)
	for _, id := range ids {
		if err = f.reindex(ctx, tx, FileDoc, id); err != nil {
			return err
		}
	}
	return err
}
