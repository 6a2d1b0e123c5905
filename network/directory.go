package network

import (
	"context"
	"slices"
	"strings"

	"github.com/samverk/samverk/storage"
)

// Search asks a tenant's directory. All that is given must be true of a person.
type Search struct {
	Root    ID
	Network ID              // only those registered with it; "" for the whole tenant
	Text    string          // words that begin something one can be found by
	Has     map[Part]string // an item of a part: a gene, a language
	After   PersonID        // the last one of the page before
	Limit   int
}

// Listed is a person as the directory shows them to the reader.
type Listed struct {
	Person PersonID
	Name   string
	Parts  []ProfilePart // the lists that the reader may see
	Seats  []SeatOf
}

// SeatOf is a seat in a few words.
type SeatOf struct {
	Person PersonID
	Body   BodyID
	Name   Text // the body's
	Role   Role
	Sector Sector
}

// audience is as whom the reader searches a tenant.
func (a Access) audience(root ID) string {
	if a.Registered(root) {
		return string(NetworkOnly)
	}
	return string(Public)
}

// wanted is one thing that must be true of a person.
type wanted struct {
	part   string
	term   string
	prefix bool
}

func (s Search) wanted() (all []wanted) {
	for part, item := range s.Has {
		if item = Fold(item); item != "" {
			all = append(all, wanted{part: string(part), term: item})
		}
	}
	slices.SortFunc(all, func(a, b wanted) int { return strings.Compare(a.part, b.part) })
	for _, word := range strings.Fields(Fold(s.Text)) {
		if len(all) < 8 {
			all = append(all, wanted{term: word, prefix: true})
		}
	}
	return all
}

// holders writes who has it, as a table of sort and person; $1 is the tenant and $2 the audience. One select for each part, because
// that is what the index is in the order of.
func (w wanted) holders(args []any) (string, []any) {
	parts := []string{w.part}
	if w.prefix {
		parts = []string{"name"}
		for _, p := range Parts {
			if p.IsList() {
				parts = append(parts, string(p))
			}
		}
	}
	term, args := w.matches("", args)
	var all []string
	for _, part := range parts {
		args = append(args, part)
		all = append(all, `SELECT sort, person FROM profile_term WHERE root = $1 AND audience = $2 AND part = $`+itoa(len(args))+` AND `+term)
	}
	return "(" + strings.Join(all, " UNION ALL ") + ")", args
}

// has writes the condition on profile_term x, of one person, that it says this.
func (w wanted) has(args []any) (string, []any) {
	term, args := w.matches("x.", args)
	if w.prefix {
		return term, args
	}
	args = append(args, w.part)
	return term + " AND x.part = $" + itoa(len(args)), args
}

func (w wanted) matches(x string, args []any) (string, []any) {
	if !w.prefix {
		args = append(args, w.term)
		return x + "term = $" + itoa(len(args)), args
	}
	args = append(args, w.term, w.term+"\U0010FFFF")
	return x + "term >= $" + itoa(len(args)-1) + " AND " + x + "term < $" + itoa(len(args)), args
}

// enough is how far a term is counted to find the rarest.
const enough = 5000

// rarest puts what fewest people have first, so that the search begins there.
func rarest(ctx context.Context, tx *storage.Tx, root ID, audience string, all []wanted) error {
	if len(all) < 2 {
		return nil
	}
	counts := map[wanted]int64{}
	for _, w := range all {
		holders, args := w.holders([]any{root, audience})
		var n int64
		if err := tx.QueryRow(ctx, `SELECT count(*) FROM (SELECT 1 FROM `+holders+` t LIMIT `+itoa(enough)+`) few`, args...).Scan(&n); err != nil {
			return err
		}
		counts[w] = n
	}
	slices.SortStableFunc(all, func(a, b wanted) int { return int(counts[a] - counts[b]) })
	return nil
}

// People searches a tenant's directory over what the reader may see, in the order of names. more tells that there are others after.
func (r *Registry) People(ctx context.Context, tx *storage.Tx, a Access, s Search) (people []Listed, more bool, err error) {
	audience := a.audience(s.Root)
	all := s.wanted()
	if err := rarest(ctx, tx, s.Root, audience, all); err != nil {
		return nil, false, err
	}
	if len(all) == 0 {
		all = []wanted{{}} // whoever is listed
	}
	query, args := s.query(audience, all)
	found, err := persons(ctx, tx, query, args)
	if err != nil {
		return nil, false, err
	}
	if len(found) > s.Limit {
		found, more = found[:s.Limit], true
	}
	people, err = r.describe(ctx, tx, a, s.Root, found)
	return people, more, err
}

func (s Search) query(audience string, all []wanted) (string, []any) {
	holders, args := all[0].holders([]any{s.Root, audience})
	query := `SELECT DISTINCT t.sort, t.person FROM ` + holders + ` t WHERE 1 = 1`
	for _, w := range all[1:] {
		var more string
		more, args = w.has(args)
		query += ` AND EXISTS (SELECT 1 FROM profile_term x WHERE x.person = t.person AND x.root = $1 AND x.audience = $2 AND ` + more + `)`
	}
	if s.Network != "" && s.Network != s.Root {
		args = append(args, s.Network)
		query += ` AND EXISTS (SELECT 1 FROM membership m WHERE m.network = $` + itoa(len(args)) + ` AND m.person = t.person)`
	}
	if s.After != "" {
		args = append(args, s.After)
		n := itoa(len(args))
		query += ` AND (t.sort, t.person) > ((SELECT m.sort FROM membership m WHERE m.network = $1 AND m.person = $` + n + `), $` + n + `)`
	}
	return query + ` ORDER BY t.sort, t.person LIMIT ` + itoa(s.Limit+1), args
}

func persons(ctx context.Context, tx *storage.Tx, query string, args []any) ([]PersonID, error) {
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []PersonID
	for rows.Next() {
		var sort string
		var p PersonID
		if err := rows.Scan(&sort, &p); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, rows.Err()
}

// describe adds to people what the reader may see of them.
func (r *Registry) describe(ctx context.Context, tx *storage.Tx, a Access, root ID, of []PersonID) ([]Listed, error) {
	names, err := r.Names(ctx, tx, of)
	if err != nil {
		return nil, err
	}
	parts, err := r.parts(ctx, tx, of)
	if err != nil {
		return nil, err
	}
	seats, err := r.seatsOf(ctx, tx, a, root, of)
	if err != nil {
		return nil, err
	}
	var out []Listed
	for _, p := range of {
		l := Listed{Person: p, Name: names[p], Seats: seats[p]}
		for _, part := range parts[p] {
			if part.Part.IsList() && (part.Visibility == Public || part.Visibility == NetworkOnly && a.Registered(root)) {
				l.Parts = append(l.Parts, part)
			}
		}
		out = append(out, l)
	}
	return out, nil
}

// Names gives the names of people: none for who is erased.
func (r *Registry) Names(ctx context.Context, tx *storage.Tx, of []PersonID) (map[PersonID]string, error) {
	out := map[PersonID]string{}
	if len(of) == 0 {
		return out, nil
	}
	in, args := places(of, nil)
	rows, err := tx.Query(ctx, `SELECT id, name FROM person WHERE id IN (`+in+`)`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id PersonID
		var name string
		if err := rows.Scan(&id, &name); err != nil {
			return nil, err
		}
		out[id] = name
	}
	return out, rows.Err()
}

// seatsOf lists the seats that people hold now in bodies of a tenant that the reader may see.
func (r *Registry) seatsOf(ctx context.Context, tx *storage.Tx, a Access, root ID, of []PersonID) (map[PersonID][]SeatOf, error) {
	out := map[PersonID][]SeatOf{}
	if len(of) == 0 {
		return out, nil
	}
	in, args := places(of, []any{root, r.db.Now()})
	sees, args := a.Where("b.", "", args)
	rows, err := tx.Query(ctx, `SELECT h.person, b.id, b.name, s.role, s.sector FROM holding h JOIN seat s ON s.id = h.seat JOIN body b ON b.id = s.body
		WHERE h.person IN (`+in+`) AND h.starts <= $2 AND (h.ends = 0 OR h.ends > $2) AND s.closed = 0 AND b.closed = 0 AND b.root = $1 AND `+bodyIDs(sees)+` ORDER BY b.sort, b.id, s.sort`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var c SeatOf
		if err := rows.Scan(&c.Person, &c.Body, &c.Name, &c.Role, &c.Sector); err != nil {
			return nil, err
		}
		out[c.Person] = append(out[c.Person], c)
	}
	return out, rows.Err()
}

// Helper is somebody who may know about what is asked.
type Helper struct {
	Listed
	Reasons []Reason
}

// Reason is an item of a person's profile that was asked for.
type Reason struct {
	Part Part
	Item string // as the person wrote it
}

// weight says how much more a word in one part tells than in another.
var weight = map[Part]int{Genes: 4, Diseases: 4, Methods: 3, Competences: 3, Drivers: 1, FieldsPart: 1, RegionPart: 1}

// candidates is how many people are looked at for each word in each part.
const candidates = 100

// WhoCanHelp lists whom the reader might ask about a topic: those whose profiles hold most of its words, with the words as reasons.
func (r *Registry) WhoCanHelp(ctx context.Context, tx *storage.Tx, who Actor, root ID, words []string, limit int) ([]Helper, error) {
	a, err := r.Access(ctx, tx, who)
	if err != nil {
		return nil, err
	}
	var terms []string
	for _, w := range words {
		if w = Fold(w); w != "" && !slices.Contains(terms, w) && len(terms) < 40 {
			terms = append(terms, w)
		}
	}
	audience := a.audience(root)
	score := map[PersonID]int{}
	for _, term := range terms {
		if err := r.credit(ctx, tx, root, audience, term, score); err != nil {
			return nil, err
		}
	}
	delete(score, who.Person)
	people, err := r.describe(ctx, tx, a, root, best(score, 5*limit))
	if err != nil {
		return nil, err
	}
	out := make([]Helper, 0, len(people))
	for _, l := range people {
		out = append(out, Helper{l, reasons(l, terms)})
	}
	// A frequent word credits its first people only, so the few that are left are weighed by all that they say.
	slices.SortStableFunc(out, func(a, b Helper) int { return b.weight() - a.weight() })
	return out[:min(limit, len(out))], nil
}

func (h Helper) weight() (sum int) {
	for _, r := range h.Reasons {
		sum += weight[r.Part]
	}
	return sum
}

// best lists those with the highest score.
func best(score map[PersonID]int, limit int) []PersonID {
	all := make([]PersonID, 0, len(score))
	for p := range score {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b PersonID) int {
		if score[a] != score[b] {
			return score[b] - score[a]
		}
		return strings.Compare(string(a), string(b))
	})
	return all[:min(limit, len(all))]
}

// credit adds a word's weight to the people who have it.
func (r *Registry) credit(ctx context.Context, tx *storage.Tx, root ID, audience, term string, score map[PersonID]int) error {
	args := []any{root, audience, term}
	var all []string
	for _, p := range Parts {
		if weight[p] > 0 {
			args = append(args, p)
			all = append(all, `SELECT * FROM (SELECT part, person FROM profile_term WHERE root = $1 AND audience = $2 AND term = $3 AND part = $`+itoa(len(args))+
				` ORDER BY sort, person LIMIT `+itoa(candidates)+`) p`+itoa(len(args)))
		}
	}
	rows, err := tx.Query(ctx, strings.Join(all, " UNION ALL "), args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var part Part
		var p PersonID
		if err := rows.Scan(&part, &p); err != nil {
			return err
		}
		score[p] += weight[part]
	}
	return rows.Err()
}

func reasons(l Listed, terms []string) (out []Reason) {
	for _, p := range l.Parts {
		for _, item := range p.Items() {
			if weight[p.Part] > 0 && slices.ContainsFunc(itemTerms(item), func(t string) bool { return slices.Contains(terms, t) }) {
				out = append(out, Reason{p.Part, item})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Reason) int { return weight[b.Part] - weight[a.Part] })
	return out
}

// NominatedSeat is a seat that a party nominates to, with who holds it.
type NominatedSeat struct {
	Body   BodyID
	Name   Text // the body's
	Role   Role
	Person PersonID
	Holder string
}

// Nominated lists the seats that a party nominates to, in bodies that the reader may see.
func (r *Registry) Nominated(ctx context.Context, tx *storage.Tx, a Access, o OrganisationID) ([]NominatedSeat, error) {
	sees, args := a.Where("b.", "", []any{o, r.db.Now()})
	rows, err := tx.Query(ctx, `SELECT b.id, b.name, s.role, COALESCE(h.person, ''), COALESCE(p.name, '') FROM seat s JOIN body b ON b.id = s.body
			LEFT JOIN holding h ON h.seat = s.id AND h.starts <= $2 AND (h.ends = 0 OR h.ends > $2) LEFT JOIN person p ON p.id = h.person
		WHERE s.nominator = $1 AND s.closed = 0 AND b.closed = 0 AND `+bodyIDs(sees)+` ORDER BY b.sort, b.id, s.sort LIMIT `+itoa(mostSeats), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []NominatedSeat
	for rows.Next() {
		var s NominatedSeat
		if err := rows.Scan(&s.Body, &s.Name, &s.Role, &s.Person, &s.Holder); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

// SeatsOf lists the seats that a person holds now in bodies of a tenant that the reader may see.
func (r *Registry) SeatsOf(ctx context.Context, tx *storage.Tx, a Access, root ID, p PersonID) ([]SeatOf, error) {
	of, err := r.seatsOf(ctx, tx, a, root, []PersonID{p})
	return of[p], err
}
