package procedure

import (
	"context"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// Filter chooses procedures; what is empty chooses all.
type Filter struct {
	Words  string // the beginnings of words, all of which stand in it
	Field  string
	Kind   string
	State  State
	Region network.ID // with Said: those of which the region says this
	Said   Answer
	Owed   bool // with Region: it hasn't said anything of the version decided now
	After  string
	Limit  int
}

// Row is a procedure in a list, with what the regions say of the version decided now.
type Row struct {
	Procedure
	Regions []Region // those asked, in the tree's order
}

// index makes a procedure found by its text as it holds now, or by its first draft's.
func (r *Room) index(ctx context.Context, tx *storage.Tx, p Procedure, c Content) error {
	text := []string{p.Case, c.Title}
	for _, s := range c.Sections() {
		text = append(text, s.Text)
	}
	for _, s := range c.Evidence {
		text = append(text, s.Ref, s.Title)
	}
	_, err := tx.Exec(ctx, `INSERT INTO procedure_words (seq, procedure, words) VALUES ((SELECT COALESCE(MAX(seq), 0) + 1 FROM procedure_words), $1, $2)
		ON CONFLICT (procedure) DO UPDATE SET words = excluded.words`, p.ID, strings.Join(words(strings.Join(text, "\n")), " "))
	return err
}

// words are a text's letters and digits in lower case; what stands between them is no matter.
func words(text string) []string {
	all := strings.FieldsFunc(strings.ToLower(norm.NFC.String(text)), func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsNumber(c) })
	for i, w := range all {
		if r := []rune(w); len(r) > 40 {
			all[i] = string(r[:40])
		}
	}
	return all
}

// asks gives a search in the database's own language: every word begins so.
func asks(kind, query string) string {
	terms := words(query)
	if len(terms) > 12 {
		terms = terms[:12]
	}
	for i, t := range terms {
		if kind == "postgres" {
			terms[i] = "'" + t + "':*"
		} else {
			terms[i] = `"` + t + `"*`
		}
	}
	if kind == "postgres" {
		return strings.Join(terms, " & ")
	}
	return strings.Join(terms, " AND ")
}

var found = map[string]string{
	"sqlite":   `p.id IN (SELECT d.procedure FROM derived_procedure s JOIN procedure_words d ON d.seq = s.rowid WHERE derived_procedure MATCH `,
	"postgres": `p.id IN (SELECT s.procedure FROM derived_procedure s WHERE s.words @@ to_tsquery('simple', `,
}

// List gives procedures that the reader may see, those decided last first.
func (r *Room) List(ctx context.Context, who network.Actor, root network.ID, q Filter) (out []Row, err error) {
	err = r.network.Look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		query, args := r.listed(a, root, q)
		rows, err := tx.Query(ctx, query, args...)
		if err != nil {
			return err
		}
		out = nil
		for rows.Next() {
			p, err := scanProcedure(rows)
			if err != nil {
				rows.Close()
				return err
			}
			out = append(out, Row{Procedure: p})
		}
		if err := rows.Close(); err != nil {
			return err
		}
		return r.answered(ctx, tx, out)
	})
	return out, err
}

func (r *Room) listed(a network.Access, root network.ID, q Filter) (string, []any) {
	args := []any{root}
	where := `p.root = $1`
	add := func(condition string, v any) {
		args = append(args, v)
		where += " AND " + strings.ReplaceAll(condition, "?", place(len(args)))
	}
	if q.Field != "" {
		add("p.field = ?", q.Field)
	}
	if q.Kind != "" {
		add("p.kind = ?", q.Kind)
	}
	if q.State != "" {
		add("p.state = ?", q.State)
	}
	if asked := asks(r.db.Kind(), q.Words); asked != "" {
		end := ")"
		if r.db.Kind() == "postgres" {
			end = "))"
		}
		add(found[r.db.Kind()]+"?"+end, asked)
	}
	switch {
	case q.Region != "" && q.Said != "":
		add("p.id IN (SELECT x.procedure FROM procedure_answer x WHERE x.region = ? AND x.fresh = 1 AND x.state = ", q.Region)
		args = append(args, q.Said)
		where += place(len(args)) + ")"
	case q.Region != "" && q.Owed:
		add("p.current > 0 AND NOT EXISTS (SELECT 1 FROM procedure_answer x WHERE x.procedure = p.id AND x.region = ? AND x.fresh = 1)", q.Region)
	}
	if at, id, ok := strings.Cut(q.After, "."); ok {
		n, _ := strconv.ParseInt(at, 10, 64)
		args = append(args, n, id)
		where += " AND (p.moved, p.id) < (" + place(len(args)-1) + ", " + place(len(args)) + ")"
	}
	visible, args := a.Where("p.", "", args)
	if a.Actor.Person != "" {
		args = append(args, a.Actor.Person)
		visible = "(" + visible + " OR p.id IN (SELECT x.procedure FROM procedure_reviewer x WHERE x.person = " + place(len(args)) + "))"
	}
	args = append(args, max(1, min(q.Limit, 2000)))
	return `SELECT ` + procedureColumns + ` FROM procedure p WHERE ` + where + ` AND ` + visible + ` ORDER BY p.moved DESC, p.id DESC LIMIT ` + place(len(args)), args
}

// answered fills in what regions say last, with one query for all rows.
func (r *Room) answered(ctx context.Context, tx *storage.Tx, out []Row) error {
	at, now := map[ID]map[network.ID]*Region{}, r.db.Now()
	var ids []ID
	for i := range out {
		p := &out[i]
		if p.Current == 0 {
			continue
		}
		ids = append(ids, p.ID)
		for _, n := range r.askedBy(p.Procedure) {
			one := r.region(n, now)
			one.Current = p.Current
			p.Regions = append(p.Regions, one)
		}
		at[p.ID] = map[network.ID]*Region{}
		for j := range p.Regions {
			at[p.ID][p.Regions[j].Network] = &p.Regions[j]
		}
	}
	for len(ids) > 0 {
		some := ids[:min(len(ids), 500)]
		ids = ids[len(some):]
		in, args := places(nil, some)
		rows, err := tx.Query(ctx, `SELECT x.procedure, x.region, x.seq, x.number, x.state, x.day FROM procedure_answer x WHERE x.procedure IN (`+in+`)`, args...)
		if err != nil {
			return err
		}
		for rows.Next() {
			var id ID
			var c Record
			var day int64
			if err := rows.Scan(&id, &c.Region, &c.Seq, &c.Number, &c.State, &day); err != nil {
				rows.Close()
				return err
			}
			c.Day = moment(day)
			if to := at[id][c.Region]; to != nil {
				to.Last = c
			}
		}
		if err := rows.Close(); err != nil {
			return err
		}
	}
	return nil
}

// View is a procedure with the version that is shown and everything around it.
type View struct {
	Procedure
	Version   Version
	Versions  []Version // all that the reader may read, the newest first; without their texts
	Regions   []Region  // with their last records whole
	Asked     []Reviewer
	Reviews   []Review
	Kept      []Kept // of a draft: its edits, the newest first
	History   []network.Event
	Raised    map[string]forum.TopicID // by region, "" for the version itself; those about the version decided now and the draft
	Writes    bool                     // the reader writes drafts
	Drafts    bool                     // and reads them
	Reviewing bool                     // is asked what they think of the draft shown
	Speaks    map[network.ID]bool      // and records for these
	Member    bool                     // is registered here, and may raise topics
}

// View reads a procedure of a tenant and a version of it: 0 for the one that is decided, or the draft where nothing is.
func (r *Room) View(ctx context.Context, who network.Actor, root network.ID, id ID, number int64) (v View, err error) {
	err = r.network.Look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		v = View{Speaks: map[network.ID]bool{}, Raised: map[string]forum.TopicID{}}
		p, err := r.procedure(ctx, tx, a, id)
		if err != nil || p.Root != root {
			return orAbsent(err)
		}
		v.Procedure, v.Writes, v.Member = p, writes(a, p), a.Registered(root)
		if v.Drafts, err = r.readsDrafts(ctx, tx, a, p); err != nil {
			return err
		}
		if number == 0 {
			if number = p.Current; number == 0 {
				number = p.Draft
			}
		}
		if v.Version, err = r.version(ctx, tx, id, number); err != nil || v.Version.State == Draft && !v.Drafts {
			return orAbsent(err)
		}
		if v.Versions, err = r.versions(ctx, tx, id, v.Drafts); err != nil {
			return err
		}
		if v.Regions, err = r.standing(ctx, tx, p); err != nil {
			return err
		}
		for _, one := range v.Regions {
			v.Speaks[one.Network] = Speaks(a, one.Network)
		}
		if v.Drafts && v.Version.State == Draft {
			if err := r.reviews(ctx, tx, a, &v); err != nil {
				return err
			}
		}
		if err := r.raisedFrom(ctx, tx, a, &v); err != nil {
			return err
		}
		v.History, err = r.network.History(ctx, tx, string(id), 0, 50)
		return err
	})
	return v, err
}

// orAbsent makes what is not there absent, and leaves other failures.
func orAbsent(err error) error {
	if err != nil {
		return err
	}
	return network.Absent()
}

func (r *Room) versions(ctx context.Context, tx *storage.Tx, id ID, drafts bool) (out []Version, err error) {
	rows, err := tx.Query(ctx, `SELECT `+versionColumns+versionFrom+`v.procedure = $1 ORDER BY v.number DESC LIMIT 200`, id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		v, err := scanVersion(rows)
		if err != nil {
			return nil, err
		}
		if v.Content = (Content{Title: v.Content.Title, Changes: v.Content.Changes}); v.State != Draft || drafts {
			out = append(out, v)
		}
	}
	return out, rows.Err()
}

// standing lists the regions a procedure is for, with what each said last, and closed ones that said something.
func (r *Room) standing(ctx context.Context, tx *storage.Tx, p Procedure) (out []Region, err error) {
	now := r.db.Now()
	for _, n := range r.askedBy(p) {
		one := r.region(n, now)
		one.Current = p.Current
		out = append(out, one)
	}
	rows, err := tx.Query(ctx, `SELECT `+recordColumns+` FROM procedure_answer x JOIN procedure_record c ON c.seq = x.seq LEFT JOIN person w ON w.id = c.person WHERE x.procedure = $1`, p.ID)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		c, err := scanRecord(rows)
		if err != nil {
			return nil, err
		}
		for i := range out {
			if out[i].Network == c.Region {
				out[i].Last = c
			}
		}
	}
	return out, rows.Err()
}

// reviews reads who was asked what they think of the draft shown, what they said, and its edits.
func (r *Room) reviews(ctx context.Context, tx *storage.Tx, a network.Access, v *View) error {
	err := each(ctx, tx, func(row scanner) error {
		var one Reviewer
		var at int64
		err := row.Scan(&one.Person, &one.Name, &at)
		one.Asked = moment(at)
		v.Asked = append(v.Asked, one)
		v.Reviewing = v.Reviewing || one.Person == a.Actor.Person
		return err
	}, `SELECT x.person, COALESCE(w.name, ''), x.at FROM procedure_reviewer x LEFT JOIN person w ON w.id = x.person WHERE x.procedure = $1 AND x.number = $2 ORDER BY x.at, x.person LIMIT 100`, v.ID, v.Version.Number)
	if err != nil {
		return err
	}
	err = each(ctx, tx, func(row scanner) error {
		var one Review
		var at int64
		err := row.Scan(&one.Edit, &one.Person, &one.Name, &one.Verdict, &one.Text, &at)
		one.At = moment(at)
		v.Reviews = append(v.Reviews, one)
		return err
	}, `SELECT x.edit, x.person, COALESCE(w.name, ''), x.verdict, x.text, x.at FROM procedure_review x LEFT JOIN person w ON w.id = x.person WHERE x.procedure = $1 AND x.number = $2 ORDER BY x.id DESC LIMIT 200`, v.ID, v.Version.Number)
	if err != nil {
		return err
	}
	return each(ctx, tx, func(row scanner) error {
		var one Kept
		var at int64
		err := row.Scan(&one.Edit, &one.By, &at)
		one.At = moment(at)
		v.Kept = append(v.Kept, one)
		return err
	}, `SELECT x.edit, COALESCE(w.name, ''), x.at FROM procedure_text x LEFT JOIN person w ON w.id = x.person WHERE x.procedure = $1 AND x.number = $2 ORDER BY x.edit DESC LIMIT 100`, v.ID, v.Version.Number)
}

type scanner interface{ Scan(...any) error }

func each(ctx context.Context, tx *storage.Tx, take func(scanner) error, query string, args ...any) error {
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := take(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Edit reads an edit of a version, for who may read the version.
func (r *Room) EditOf(ctx context.Context, who network.Actor, root network.ID, id ID, number, edit int64) (c Content, err error) {
	err = r.network.Look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		p, err := r.procedure(ctx, tx, a, id)
		if err != nil || p.Root != root {
			return orAbsent(err)
		}
		v, err := r.version(ctx, tx, id, number)
		if err != nil {
			return err
		}
		if v.State == Draft || edit != v.Edit {
			if may, err := r.readsDrafts(ctx, tx, a, p); err != nil || !may {
				return orAbsent(err)
			}
		}
		var text string
		err = tx.QueryRow(ctx, `SELECT content FROM procedure_text WHERE procedure = $1 AND number = $2 AND edit = $3`, id, number, edit).Scan(&text)
		if noRow(err) {
			return network.Absent()
		}
		if err != nil {
			return err
		}
		return read(text, &c)
	})
	return c, err
}

// Owed is an answer that a region owes.
type Owed struct {
	Procedure
	Region *network.Network
}

// Owed lists the answers owed by the regions of a tenant for which somebody speaks, the oldest first.
func (r *Room) Owed(ctx context.Context, who network.Actor, root network.ID, limit int) (out []Owed, err error) {
	if who.Person == "" {
		return nil, nil
	}
	err = r.network.Look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		out = nil
		for _, n := range r.regions(root) {
			if !Speaks(a, n.ID) {
				continue
			}
			visible, args := a.Where("p.", "", []any{root, n.ID})
			args = append(args, limit)
			err := each(ctx, tx, func(row scanner) error {
				p, err := scanProcedure(row)
				if err == nil && r.isFor(p, n.ID) {
					out = append(out, Owed{p, n})
				}
				return err
			}, `SELECT `+procedureColumns+` FROM procedure p WHERE p.root = $1 AND p.current > 0 AND NOT EXISTS (SELECT 1 FROM procedure_answer x
				WHERE x.procedure = p.id AND x.region = $2 AND x.fresh = 1) AND `+visible+` ORDER BY p.answer_by, p.id LIMIT `+place(len(args)), args...)
			if err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// isFor tells whether a region is among those a procedure is for.
func (r *Room) isFor(p Procedure, region network.ID) bool {
	_, err := r.its(p, region)
	return err == nil
}

// Tally is how a region answers, over the procedures that everybody may see.
type Tally struct {
	Region   Region
	Said     map[Answer]int // of versions decided now
	Unknown  int
	Late     int // of the unknown: past the day
	Speaking bool
}

// Tallies counts for each region of a tenant what it says of the versions decided now.
func (r *Room) Tallies(ctx context.Context, who network.Actor, root network.ID) (out []Tally, err error) {
	err = r.network.Look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		now := r.db.Now()
		out = nil
		at := map[network.ID]int{}
		for _, n := range r.regions(root) {
			at[n.ID] = len(out)
			out = append(out, Tally{Region: r.region(n, now), Said: map[Answer]int{}, Speaking: Speaks(a, n.ID)})
		}
		err := each(ctx, tx, func(row scanner) error {
			p := Procedure{Root: root}
			var n, late int
			err := row.Scan(&p.Network, &n, &late)
			for _, region := range r.askedBy(p) {
				if i, ok := at[region.ID]; ok {
					out[i].Unknown, out[i].Late = out[i].Unknown+n, out[i].Late+late
				}
			}
			return err
		}, `SELECT network, COUNT(*), COUNT(CASE WHEN answer_by < $2 THEN 1 END) FROM procedure WHERE root = $1 AND current > 0 AND visibility = 'public' GROUP BY network`, root, now)
		if err != nil {
			return err
		}
		return each(ctx, tx, func(row scanner) error {
			var region network.ID
			var state Answer
			var n, late int
			err := row.Scan(&region, &state, &n, &late)
			if i, ok := at[region]; ok {
				out[i].Said[state] = n
				out[i].Unknown, out[i].Late = out[i].Unknown-n, out[i].Late-late
			}
			return err
		}, `SELECT region, state, COUNT(*), COUNT(CASE WHEN due < $2 THEN 1 END) FROM procedure_answer WHERE root = $1 AND open = 1 AND fresh = 1 GROUP BY region, state`, root, now)
	})
	return out, err
}

// Said is a procedure on a region's own page.
type Said struct {
	Procedure
	Region Region
}

// OfRegion lists the procedures that a region is asked about, with what it says, those decided last first.
func (r *Room) OfRegion(ctx context.Context, who network.Actor, root network.ID, slug string, q Filter) (n *network.Network, out []Said, err error) {
	n, ok := r.RegionOf(root, slug)
	if !ok {
		return nil, nil, network.Absent()
	}
	q.Region = n.ID
	err = r.network.Look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		query, args := r.listed(a, root, q)
		out = nil
		at := map[ID]int{}
		var ids []ID
		err := each(ctx, tx, func(row scanner) error {
			p, err := scanProcedure(row)
			if err != nil || p.Current == 0 || !r.isFor(p, n.ID) {
				return err
			}
			one := r.region(n, p.Moved)
			one.Current = p.Current
			at[p.ID] = len(out)
			ids = append(ids, p.ID)
			out = append(out, Said{p, one})
			return nil
		}, query, args...)
		if err != nil || len(ids) == 0 {
			return err
		}
		in, args := places([]any{n.ID}, ids)
		return each(ctx, tx, func(row scanner) error {
			var id ID
			c, err := scanRecord(row, &id)
			if err == nil {
				out[at[id]].Region.Last = c
			}
			return err
		}, `SELECT `+recordColumns+`, c.procedure FROM procedure_answer x JOIN procedure_record c ON c.seq = x.seq LEFT JOIN person w ON w.id = c.person WHERE x.region = $1 AND x.procedure IN (`+in+`)`, args...)
	})
	return n, out, err
}

// Count is how many procedures there are: for the page of what the network does.
type Count struct{ Decided, Drafts int }

// Counted counts what the reader may see.
func (r *Room) Counted(ctx context.Context, who network.Actor, root network.ID) (c Count, err error) {
	err = r.network.Look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		visible, args := a.Where("p.", "", []any{root})
		return tx.QueryRow(ctx, `SELECT COUNT(CASE WHEN p.current > 0 THEN 1 END), COUNT(CASE WHEN p.current = 0 THEN 1 END) FROM procedure p WHERE p.root = $1 AND `+visible, args...).Scan(&c.Decided, &c.Drafts)
	})
	return c, err
}

// At gives what a version is, to whoever sees its procedure: for a decision's page. ok is false where there is none to see.
func (r *Room) At(ctx context.Context, who network.Actor, root network.ID, ref string) (p Procedure, v Version, ok bool, err error) {
	id, number, ok := ParseRef(ref)
	if !ok {
		return p, v, false, nil
	}
	err = r.network.Look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		if p, err = r.procedure(ctx, tx, a, id); err != nil || p.Root != root {
			return orAbsent(err)
		}
		v, err = r.version(ctx, tx, id, number)
		return err
	})
	if err != nil && fault.KindOf(err) == fault.NotFound {
		return p, v, false, nil
	}
	return p, v, err == nil, err
}
