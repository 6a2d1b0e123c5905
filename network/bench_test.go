package network

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/lang"
	"github.com/samverk/samverk/storage"
)

// crowd registers many invented people with profiles, quickly: what AddPerson and SaveProfile would write.
func (w *world) crowd(n int) {
	w.t.Helper()
	rnd := rand.New(testkit.Rand(1))
	first := []string{"Anna", "Erik", "Maja", "Nils", "Åsa", "Per", "Ida", "Karin", "Lars", "Ola", "Siri", "Märta"}
	last := []string{"Ahl", "Berg", "Ceder", "Dal", "Ek", "Fors", "Gran", "Holm", "Ivarsson", "Jansson", "Krook", "Lund", "Öberg", "Ståhl", "Änger"}
	pick := func(all []string) string { return all[rnd.IntN(len(all))] }
	var people, members, parts, rows [][]any
	now := w.Now()
	regions := w.Tree().Children(w.root)
	for i := range n {
		id := fmt.Sprintf("P%07d", i)
		name := pick(first) + " " + pick(last) + strconv.Itoa(rnd.IntN(500))
		sort := lang.SortKey("sv", familyFirst(name))
		people = append(people, []any{id, name, "sv", 0, now, 0, 1})
		members = append(members, []any{w.root, id, w.root, sort, now}, []any{regions[rnd.IntN(len(regions))].ID, id, w.root, sort, now})
		profile := []ProfilePart{
			{Part: Genes, Value: fmt.Sprintf("GENE%d\nGENE%d", rnd.IntN(5000), rnd.IntN(5000)), Visibility: NetworkOnly},
			{Part: FieldsPart, Value: pick(Fields), Visibility: Public},
			{Part: Languages, Value: "sv\n" + pick(Spoken[1:]), Visibility: NetworkOnly},
			{Part: Methods, Value: "method " + strconv.Itoa(rnd.IntN(300)), Visibility: Public},
			{Part: RegionPart, Value: fmt.Sprintf("SE-%02d", rnd.IntN(25)), Visibility: NetworkOnly},
		}
		for _, p := range profile {
			parts = append(parts, []any{id, p.Part, p.Value, "sv", p.Visibility, now, 1})
		}
		for audience, all := range terms(name, profile) {
			for _, t := range all {
				rows = append(rows, []any{w.root, audience, t[0], t[1], sort, id})
			}
		}
	}
	w.ok(w.db.Write(ctx, func(tx *storage.Tx) error {
		if err := tx.Insert(ctx, "person (id, name, lang, operator, created, erased, version)", each(people)); err != nil {
			return err
		}
		if err := tx.Insert(ctx, "membership (network, person, root, sort, since)", each(members)); err != nil {
			return err
		}
		if err := tx.Insert(ctx, "profile_part (person, part, value, lang, visibility, changed, version)", each(parts)); err != nil {
			return err
		}
		return tx.Insert(ctx, "profile_term (root, audience, part, term, sort, person)", each(rows))
	}))
}

func each(rows [][]any) func() []any {
	i := 0
	return func() []any {
		if i == len(rows) {
			return nil
		}
		i++
		return rows[i-1]
	}
}

// BenchmarkDirectory asks a directory of 100,000 people (SAMVERK_PEOPLE says another number) what its pages ask.
func BenchmarkDirectory(b *testing.B) {
	n := 100_000
	if s := os.Getenv("SAMVERK_PEOPLE"); s != "" {
		n, _ = strconv.Atoi(s)
	}
	for kind, dsn := range map[string]func(testing.TB) string{"sqlite": testkit.SQLite, "postgres": testkit.Postgres} {
		b.Run(kind, func(b *testing.B) {
			address := dsn(b)
			w := open(b, address)
			w.root, w.coord = w.tenant("se", "se")
			w.crowd(n)
			if kind == "postgres" {
				vacuum(b, address)
			}
			for name, s := range map[string]Search{
				"all": {}, "page": {After: "P0050000"}, "gene": {Has: map[Part]string{Genes: "GENE7"}}, "field": {Has: map[Part]string{FieldsPart: "rare"}},
				"three": {Has: map[Part]string{FieldsPart: "rare", Languages: "fi", RegionPart: "SE-24"}}, "never": {Has: map[Part]string{Genes: "GENE7", Languages: "tlh"}},
				"prefix": {Text: "an"}, "name": {Text: "anna berg1"}, "network": {Network: w.Tree().Children(w.root)[0].ID, Has: map[Part]string{FieldsPart: "rare"}}, "region": {Network: w.Tree().Children(w.root)[0].ID},
			} {
				b.Run(name, func(b *testing.B) {
					for b.Loop() {
						s.Root, s.Limit = w.root, 50
						w.read(w.coord, func(tx *storage.Tx, a Access) error { _, _, err := w.People(ctx, tx, a, s); return err })
					}
				})
			}
			b.Run("help", func(b *testing.B) {
				for b.Loop() {
					w.read(w.coord, func(tx *storage.Tx, _ Access) error {
						_, err := w.WhoCanHelp(ctx, tx, w.coord, w.root, []string{"GENE7", "rare", "method", "12", "of", "the"}, 10)
						return err
					})
				}
			})
		})
	}
}

// vacuum does what PostgreSQL does by itself within minutes of many writes.
func vacuum(b *testing.B, address string) {
	b.Helper()
	c, err := pgx.Connect(ctx, address)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close(ctx)
	if _, err := c.Exec(ctx, `VACUUM ANALYZE`); err != nil {
		b.Fatal(err)
	}
}
