package scale

import (
	"context"
	"fmt"
	"strings"

	"github.com/samverk/samverk/lang"
	"github.com/samverk/samverk/storage"
)

// Size is how large a network is to be, at least.
type Size struct{ People, Topics, Meetings int }

// Full is the size that pages are measured at.
var Full = Size{People: 100_000, Topics: 20_000, Meetings: 5_000}

// Times is a part of a size.
func (s Size) Times(f float64) Size {
	return Size{int(float64(s.People) * f), int(float64(s.Topics) * f), int(float64(s.Meetings) * f)}
}

// table is a table whose rows are copied: those whose column's value is an id that was copied, or, where keys makes ids, all of
// which are in the tenant.
type table struct {
	name  string
	of    string // the column that says what a row belongs to; "" for rows with a root
	makes bool   // the column id is an id of what is copied
	where string
}

// What is copied in every round: topics that are over, with their decisions. Parents come first.
var topics = []table{
	{name: "topic", makes: true, where: `state IN ('decided', 'closed', 'returned', 'merged')`},
	{name: "topic_input", of: "topic", makes: true},
	{name: "topic_evidence", of: "topic", makes: true},
	{name: "forum_follow", of: "subject"},
	{name: "decision", of: "topic", makes: true},
	{name: "decision_force", of: "decision"},
	{name: "decision_effect", of: "decision"},
	{name: "post", of: "topic", makes: true},
	{name: "post_comment", of: "post", makes: true},
	{name: "forum_doc", of: "ref"},
	{name: "forum_event", of: "subject"},
}

// What is copied until there are meetings enough.
var meetings = []table{
	{name: "meeting", makes: true, where: `state = 'closed'`},
	{name: "meeting_approver", of: "meeting"},
	{name: "meeting_item", of: "meeting", makes: true},
	{name: "meeting_paper", of: "meeting", makes: true},
	{name: "meeting_reply", of: "meeting"},
	{name: "meeting_attendance", of: "meeting", makes: true},
	{name: "meeting_recusal", of: "meeting"},
	{name: "minutes", of: "meeting", makes: true, where: `corrects IS NULL`},
	{name: "minutes_version", of: "minutes"},
	{name: "minutes_approval", of: "minutes"},
	{name: "minutes_part", of: "minutes"},
	{name: "minutes_seal", of: "minutes"},
	{name: "forum_doc", of: "ref"},
	{name: "forum_event", of: "subject"},
}

// rows are a table's rows as they are read.
type rows struct {
	table
	columns []string
	all     [][]any
}

// Grow makes a tenant as large as wanted. An entity's copy has its id with another middle, and happened some hours before.
func Grow(ctx context.Context, db *storage.DB, slug string, to Size) error {
	var root string
	err := db.Read(ctx, func(tx *storage.Tx) error {
		return tx.QueryRow(ctx, `SELECT id FROM network WHERE slug = $1 AND parent IS NULL`, slug).Scan(&root)
	})
	if err != nil {
		return err
	}
	t, err := read(ctx, db, root, topics)
	if err != nil {
		return err
	}
	m, err := read(ctx, db, root, meetings)
	if err != nil {
		return err
	}
	if err := repeat(ctx, db, t, to.Topics, 1); err != nil {
		return err
	}
	if err := repeat(ctx, db, m, to.Meetings, 2000); err != nil {
		return err
	}
	if err := people(ctx, db, root, to.People); err != nil {
		return err
	}
	if db.Kind() != "postgres" {
		return nil // SQLite has no statistics where it runs, and gets none here
	}
	return db.Write(ctx, func(tx *storage.Tx) error { // what autovacuum does in time
		_, err := tx.Exec(ctx, `ANALYZE`)
		return err
	})
}

// read reads the rows of some tables that belong together.
func read(ctx context.Context, db *storage.DB, root string, tables []table) (out []rows, err error) {
	known := map[any]bool{}
	err = db.Read(ctx, func(tx *storage.Tx) error {
		for _, t := range tables {
			r, err := readTable(ctx, tx, root, t, known)
			if err != nil {
				return fmt.Errorf("%s: %w", t.name, err)
			}
			out = append(out, r)
		}
		return nil
	})
	return out, err
}

func readTable(ctx context.Context, tx *storage.Tx, root string, t table, known map[any]bool) (r rows, err error) {
	query, args := `SELECT * FROM `+t.name+` WHERE 1 = 1`, []any{}
	if t.of == "" {
		query, args = query+` AND root = $1`, append(args, root)
	}
	if t.where != "" {
		query += ` AND ` + t.where
	}
	q, err := tx.Query(ctx, query, args...)
	if err != nil {
		return r, err
	}
	defer q.Close()
	r.table = t
	if r.columns, err = q.Columns(); err != nil {
		return r, err
	}
	of, id := index(r.columns, t.of), index(r.columns, "id")
	for q.Next() {
		row := make([]any, len(r.columns))
		to := make([]any, len(row))
		for i := range row {
			to[i] = &row[i]
		}
		if err := q.Scan(to...); err != nil {
			return r, err
		}
		if of >= 0 && !known[row[of]] {
			continue
		}
		if t.makes {
			known[row[id]] = true
		}
		r.all = append(r.all, row)
	}
	return r, q.Err()
}

func index(columns []string, name string) int {
	for i, c := range columns {
		if c == name {
			return i
		}
	}
	return -1
}

// repeat writes the rows until there are so many of the first table's, from round n on.
func repeat(ctx context.Context, db *storage.DB, all []rows, want, n int) error {
	ids := map[any]bool{}
	for _, r := range all {
		if r.makes {
			for _, row := range r.all {
				ids[row[index(r.columns, "id")]] = true
			}
		}
	}
	if len(all[0].all) == 0 {
		return fmt.Errorf("there is no %s to copy", all[0].name)
	}
	for done := len(all[0].all); done < want; done += len(all[0].all) {
		err := db.Write(ctx, func(tx *storage.Tx) error {
			for _, r := range all {
				if err := r.copy(ctx, tx, ids, n); err != nil {
					return fmt.Errorf("%s: %w", r.name, err)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		n++
	}
	return nil
}

func (r rows) copy(ctx context.Context, tx *storage.Tx, ids map[any]bool, n int) error {
	i := 0
	return tx.Insert(ctx, r.name+" ("+strings.Join(r.columns, ", ")+")", func() []any {
		if i == len(r.all) {
			return nil
		}
		row := make([]any, len(r.columns))
		for c, v := range r.all[i] {
			row[c] = moved(r.name, r.columns[c], v, ids, n)
		}
		i++
		return row
	})
}

const (
	hours = 3_600_000_000
	since = 1_000_000_000_000_000 // a number above it is a time in micros
)

// moved gives a value's copy in round n.
func moved(table, column string, v any, ids map[any]bool, n int) any {
	if b, ok := v.([]byte); ok {
		v = string(b)
	}
	switch v := v.(type) {
	case string:
		if ids[v] {
			return v[:10] + base32(n) + v[14:] // the time stays in front, and the end counts within a millisecond
		}
		if column == "case_number" {
			return fmt.Sprintf("%s-%d", v, n)
		}
	case int64:
		switch {
		case column == "seq":
			return v + int64(n)*10_000_000
		case column == "number" && table == "decision":
			return v + int64(n)*1000
		case column == "planned":
			return v + int64(n)
		case v > since:
			return v - int64(n%2000)*2*hours
		}
	}
	return v
}

const digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

func base32(n int) string {
	var b [4]byte
	for i := range b {
		b[len(b)-1-i] = digits[n>>(5*i)&31]
	}
	return string(b[:])
}

// people registers people until there are so many, one in five with a profile that they can be found by.
func people(ctx context.Context, db *storage.DB, root string, want int) error {
	var have int
	var regions []string
	now := db.Now()
	err := db.Read(ctx, func(tx *storage.Tx) error {
		if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM membership WHERE network = $1`, root).Scan(&have); err != nil {
			return err
		}
		q, err := tx.Query(ctx, `SELECT id FROM network WHERE parent = $1 ORDER BY id`, root)
		if err != nil {
			return err
		}
		defer q.Close()
		for q.Next() {
			var id string
			if err := q.Scan(&id); err != nil {
				return err
			}
			regions = append(regions, id)
		}
		return q.Err()
	})
	if err != nil {
		return err
	}
	for have < want {
		some := make([]somebody, min(10_000, want-have))
		for i := range some {
			if some[i].id, err = db.NewID(); err != nil {
				return err
			}
			some[i].name = name(have + i)
			some[i].sort = lang.SortKey("sv", familyFirst(some[i].name))
			some[i].n = have + i
		}
		if err := register(ctx, db, root, regions, some, storage.Micros(now)); err != nil {
			return err
		}
		have += len(some)
	}
	return nil
}

type somebody struct {
	id, name, sort string
	n              int
}

func register(ctx context.Context, db *storage.DB, root string, regions []string, some []somebody, now int64) error {
	each := func(per int, row func(somebody, int) []any) func() []any {
		i := 0
		return func() []any {
			for i < len(some)*per {
				s, k := some[i/per], i%per
				i++
				if r := row(s, k); r != nil {
					return r
				}
			}
			return nil
		}
	}
	return db.Write(ctx, func(tx *storage.Tx) error {
		err := tx.Insert(ctx, "person (id, name, lang, operator, created, erased, version)", each(1, func(s somebody, _ int) []any {
			return []any{s.id, s.name, "sv", 0, now, 0, 1}
		}))
		if err != nil {
			return err
		}
		err = tx.Insert(ctx, "membership (network, person, root, sort, since)", each(2, func(s somebody, k int) []any {
			return []any{[...]string{root, regions[s.n%len(regions)]}[k], s.id, root, s.sort, now}
		}))
		if err != nil {
			return err
		}
		err = tx.Insert(ctx, "profile_part (person, part, value, lang, visibility, changed, version)", each(1, func(s somebody, _ int) []any {
			if s.n%5 > 0 {
				return nil
			}
			return []any{s.id, "methods", method(s.n), "sv", "public", now, 1}
		}))
		if err != nil {
			return err
		}
		return tx.Insert(ctx, "profile_term (root, audience, part, term, sort, person)", each(8, func(s somebody, k int) []any {
			known := s.n%5 == 0 // has said something that is public
			names := strings.Fields(strings.ToLower(s.name))
			term := [...][2]string{{"", ""}, {"name", names[0]}, {"name", names[1]}, {"methods", method(s.n)}}[k%4]
			audience := [...]string{"network", "public"}[k/4]
			if !known && (audience == "public" || term[0] == "methods") {
				return nil
			}
			return []any{root, audience, term[0], term[1], s.sort, s.id}
		}))
	})
}

var (
	first   = []string{"Anna", "Björn", "Cecilia", "David", "Elin", "Farid", "Gunilla", "Hassan", "Ingrid", "Johan", "Karin", "Leif", "Maja", "Nils", "Olga", "Per", "Åsa", "Östen", "Ärla", "Rut"}
	between = []string{"Alv", "Berg", "Dal", "Ek", "Fjäll", "Gran", "Hav", "Is", "Kvist", "Lind", "Mark", "Näs", "Ost", "Ros", "Sjö", "Tall", "Ud", "Vik", "Ås", "Öst"}
	after   = []string{"blad", "borg", "fors", "gren", "holm", "kvist", "lund", "man", "mark", "ström", "sund", "vall", "wik", "åker", "ö"}
)

func name(n int) string {
	return first[n%len(first)] + " " + between[n/20%len(between)] + after[n/400%len(after)] + fmt.Sprint(n/6000)
}

func familyFirst(name string) string {
	i := strings.LastIndexByte(name, ' ')
	return name[i+1:] + " " + name[:i]
}

func method(n int) string { return "metod " + fmt.Sprint(n/5%40) }
