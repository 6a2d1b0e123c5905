package toolbox

import (
	"fmt"
	"testing"

	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/storage"
)

// BenchmarkTenThousandGroups reads what the catalogue's page, the map's page and a group's page need.
func BenchmarkTenThousandGroups(b *testing.B) {
	w := open(b, testkit.SQLite(b), 6)
	id := w.evaluated("standards", 6)
	w.ok(w.db.Write(w.ctx, func(tx *storage.Tx) error {
		for i := range 10_000 {
			if _, err := tx.Exec(w.ctx, `INSERT INTO toolbox_group (id, number, root, network, body, model, name, since, works, lacks, lang, visibility, person, at, ended, instrument, next, every, shown, total, version)
				VALUES ($1, '', $2, $2, '', $3, $1, 2024, '', '', 'nb', 'network', $4, 1, 0, '', 0, 0, 30, 100, 1)`, fmt.Sprintf("G%05d", i), w.root, Shipped()[i%7].ID, w.plain.Person); err != nil {
				return err
			}
		}
		return nil
	}))
	for name, do := range map[string]func() error{
		"uses":   func() error { _, err := w.Uses(w.ctx, w.plain, w.root); return err },
		"groups": func() error { _, err := w.Groups(w.ctx, w.plain, w.root, GroupFilter{Limit: 51}); return err },
		"group":  func() error { _, err := w.GroupView(w.ctx, w.plain, w.root, id); return err },
		"advice": func() error { w.fallback.Advise(Answers{"purpose": "draft", "say": "write"}); return nil },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := do(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
