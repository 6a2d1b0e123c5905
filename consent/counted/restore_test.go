package counted_test

import (
	"context"
	"io/fs"
	"path/filepath"
	"testing"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/consent/counted"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/storage"
)

// TestARestoredBackup proves what it held, admits what it doesn't, and forgets again whom the journal removes.
func TestARestoredBackup(t *testing.T) {
	dir := t.TempDir()
	journal, backup := filepath.Join(dir, "data.journal"), filepath.Join(dir, "backup")
	n := open(t, testkit.SQLite(t), journal, counted.Options{})
	care := plain(consent.Care)
	n.enrol(t, 5)
	n.choose(t, consent.Care, true, 1, 2, 3)
	_, before := n.ask(t, consent.Care)
	if _, err := storage.Backup(t.Context(), n.DB, backup, nil); err != nil {
		t.Fatal(err)
	}
	n.enrol(t, 1)
	n.choose(t, consent.Care, true, 5)
	n.choose(t, consent.Care, false, 1)
	n.remove(t, 2)
	_, lost := n.ask(t, consent.Care)
	n.close(t)

	again := filepath.Join(dir, "again")
	dsn := func(dir string) string { return filepath.Join(dir, "samverk.db") }
	_, err := storage.Restore(t.Context(), backup, again, dsn, storage.Options{Now: clock.Now,
		Migrations: []fs.FS{individual.Migrations, consent.Migrations, counted.Migrations}})
	if err != nil {
		t.Fatal(err)
	}
	n = open(t, dsn(again), filepath.Join(dir, "again.journal"), counted.Options{})
	defer n.close(t)
	n.write(t, func(ctx context.Context, tx *storage.Tx) error {
		r, err := n.consents.Replay(ctx, tx, "operator", journal, [32]byte{})
		if err != nil {
			return err
		}
		for _, who := range r.Removed {
			if err := n.counted.Forget(ctx, tx, who); err != nil {
				return err
			}
		}
		return nil
	})
	n.enrol(t, 1) // has the number of somebody whom the backup didn't know
	_, after := n.ask(t, consent.Care)
	for i, c := range []struct {
		root [32]byte
		who  individual.Number
		want string
	}{
		{before, 1, "in"}, {before, 4, "out"}, {before, 2, "counted.erased"},
		{lost, 1, "counted.root"}, {lost, 5, "counted.root"},
		{after, 1, "out"}, {after, 2, "nobody"}, {after, 3, "in"}, {after, 5, "out"},
	} {
		if got := n.says(t, care, c.root, c.who); got != c.want {
			t.Errorf("%d: number %d is shown as %s, want %s", i, c.who, got, c.want)
		}
	}
}
