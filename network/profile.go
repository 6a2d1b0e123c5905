package network

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/lang"
	"github.com/samverk/samverk/storage"
)

// Mine is the visibility of what only its owner sees.
const Mine Visibility = "me"

// Part names a part of a profile.
type Part string

// The parts of a profile. No part asks for a diagnosis: diseases are those one knows much about.
const (
	About        Part = "about"
	FieldsPart   Part = "fields"
	Genes        Part = "genes"
	Diseases     Part = "diseases"
	Methods      Part = "methods"
	Competences  Part = "competences"
	Drivers      Part = "drivers" // what drives one: drivkrafter
	Languages    Part = "languages"
	RegionPart   Part = "region"
	Availability Part = "availability"
	Contact      Part = "contact"
)

// Parts in the order they are shown. An expert and a lead patient are asked for different ones; anybody may fill all.
var (
	Parts        = []Part{About, FieldsPart, Genes, Diseases, Methods, Competences, Drivers, Languages, RegionPart, Availability, Contact}
	ExpertParts  = []Part{About, FieldsPart, Genes, Diseases, Methods, Languages, RegionPart, Availability, Contact}
	PatientParts = []Part{About, Drivers, Competences, FieldsPart, Languages, RegionPart, Availability, Contact}
)

// IsList tells whether the part is a list of items that people are found by, not a text.
func (p Part) IsList() bool { return p != About && p != Availability && p != Contact }

// ProfilePart is what a person says of themself.
type ProfilePart struct {
	Part       Part       `json:"part"`
	Value      string     `json:"value"` // a text, or one item a line
	Lang       string     `json:"lang"`
	Visibility Visibility `json:"visibility"`
	Changed    time.Time  `json:"changed"`
	Version    int64      `json:"-"` // 0: not written yet
}

// Items are a list's items.
func (p ProfilePart) Items() []string {
	if p.Value == "" {
		return nil
	}
	return strings.Split(p.Value, "\n")
}

const (
	mostItems  = 50
	itemLength = 120
)

var (
	// The shape of HGNC symbols: BRCA1, HLA-DRB1, C9orf72.
	gene  = regexp.MustCompile(`^[A-Z][A-Z0-9-]{0,18}$|^C[0-9XY]{1,2}orf[0-9]{1,4}$`)
	orpha = regexp.MustCompile(`(?i)^(?:orpha|orphanet)[: ]*([0-9]{1,7})$`)
)

// clean makes a part what is kept.
func (p *ProfilePart) clean() error {
	field := string(p.Part)
	if err := oneOf(field, p.Part, Parts...); err != nil {
		return err
	}
	if err := oneOf(field, p.Visibility, Mine, NetworkOnly, Public); err != nil {
		return err
	}
	if !p.Part.IsList() {
		p.Value = text(p.Value)
		return short(field, p.Value, 4000)
	}
	var items []string
	for _, s := range strings.FieldsFunc(text(p.Value), func(c rune) bool { return c == '\n' || c == ';' || c == ',' }) {
		s, err := p.Part.item(line(s))
		if err != nil {
			return err
		}
		if s != "" && !slices.Contains(items, s) {
			items = append(items, s)
		}
	}
	if len(items) > mostItems {
		return fault.New(fault.Invalid, "there are more than %d items", mostItems).Where(field).Say("network.items", mostItems)
	}
	p.Value = strings.Join(items, "\n")
	return nil
}

// item makes one item of a list what is kept, or says what is wrong with it.
func (p Part) item(s string) (string, error) {
	wrong := func(code string) error {
		return fault.New(fault.Invalid, "%.40q is not of the right form", s).Where(string(p)).Say(code, s)
	}
	switch p {
	case Genes:
		if up := strings.ToUpper(s); gene.MatchString(up) {
			s = up
		}
		if i := strings.Index(strings.ToLower(s), "orf"); i > 0 {
			s = strings.ToUpper(s[:i]) + "orf" + s[i+3:]
		}
		if s != "" && !gene.MatchString(s) {
			return "", wrong("network.gene")
		}
	case Diseases:
		if m := orpha.FindStringSubmatch(s); m != nil {
			s = "ORPHA:" + m[1]
		}
	case FieldsPart:
		if s != "" && !slices.Contains(Fields, s) {
			return "", wrong("network.choose")
		}
	case Languages:
		if s != "" && !slices.Contains(Spoken, s) {
			return "", wrong("network.choose")
		}
	case RegionPart:
		if _, ok := CodeName(s); s != "" && !ok {
			return "", wrong("network.choose")
		}
	}
	return s, short(string(p), s, itemLength)
}

// Spoken are the languages a person can say they speak, the most usual in our countries first.
var Spoken = []string{"sv", "nb", "nn", "en", "fi", "da", "is", "se", "sma", "smj", "fkv", "fit", "rom", "yi", "de", "fr", "es", "pl", "ar", "so", "ti", "fa", "uk", "sgn"}

// Fold gives words as they are searched for: without difference of case, width or spaces.
func Fold(s string) string {
	return strings.Join(strings.Fields(strings.ToLower(norm.NFKC.String(text(s)))), " ")
}

// SaveProfile writes parts of the actor's own profile, each with the version it began from. A part that is emptied goes.
func (r *Registry) SaveProfile(ctx context.Context, who Actor, parts []ProfilePart) error {
	return r.act(ctx, who, func(tx *storage.Tx, a Access) error {
		if a.Actor.Person == "" {
			return Absent()
		}
		for _, p := range parts {
			if err := r.savePart(ctx, tx, who.Person, p); err != nil {
				return err
			}
		}
		return r.indexPerson(ctx, tx, who.Person)
	})
}

func (r *Registry) savePart(ctx context.Context, tx *storage.Tx, of PersonID, p ProfilePart) error {
	if err := p.clean(); err != nil {
		return err
	}
	field := string(p.Part)
	old, err := r.part(ctx, tx, of, p.Part)
	if err != nil {
		return err
	}
	if old.Version != p.Version {
		return stale().Where(field)
	}
	if old.Value == p.Value && (old.Visibility == p.Visibility || p.Value == "") {
		return nil
	}
	if p.Value == "" {
		_, err := tx.Exec(ctx, `DELETE FROM profile_part WHERE person = $1 AND part = $2`, of, p.Part)
		return err
	}
	if err := oneOf(field, p.Lang, lang.Codes...); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO profile_part (person, part, value, lang, visibility, changed, version) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (person, part) DO UPDATE SET value = excluded.value, lang = excluded.lang, visibility = excluded.visibility, changed = excluded.changed, version = excluded.version`,
		of, p.Part, p.Value, p.Lang, p.Visibility, r.db.Now(), old.Version+1)
	return err
}

func (r *Registry) part(ctx context.Context, tx *storage.Tx, of PersonID, part Part) (ProfilePart, error) {
	all, err := r.parts(ctx, tx, []PersonID{of})
	for _, p := range all[of] {
		if p.Part == part {
			return p, err
		}
	}
	return ProfilePart{Part: part}, err
}

// parts lists what people have written, whoever may see it.
func (r *Registry) parts(ctx context.Context, tx *storage.Tx, of []PersonID) (map[PersonID][]ProfilePart, error) {
	out := map[PersonID][]ProfilePart{}
	if len(of) == 0 {
		return out, nil
	}
	in, args := places(of, nil)
	rows, err := tx.Query(ctx, `SELECT person, part, value, lang, visibility, changed, version FROM profile_part WHERE person IN (`+in+`)`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var person PersonID
		var p ProfilePart
		var changed int64
		if err := rows.Scan(&person, &p.Part, &p.Value, &p.Lang, &p.Visibility, &changed, &p.Version); err != nil {
			return nil, err
		}
		p.Changed = storage.Time(changed)
		out[person] = append(out[person], p)
	}
	for _, all := range out {
		slices.SortFunc(all, func(a, b ProfilePart) int { return slices.Index(Parts, a.Part) - slices.Index(Parts, b.Part) })
	}
	return out, rows.Err()
}

// places writes the placeholders for values that come after args.
func places[T ~string](values []T, args []any) (string, []any) {
	var b strings.Builder
	for i, v := range values {
		if i > 0 {
			b.WriteString(", ")
		}
		args = append(args, string(v))
		b.WriteString("$" + itoa(len(args)))
	}
	return b.String(), args
}

// Profile gives of a person's profile what the reader may see: all of one's own, what is for the network to those who belong to a
// tenant of theirs, and what is public.
func (r *Registry) Profile(ctx context.Context, tx *storage.Tx, a Access, of PersonID) ([]ProfilePart, error) {
	all, err := r.parts(ctx, tx, []PersonID{of})
	if err != nil {
		return nil, err
	}
	if a.Actor.Person != "" && a.Actor.Person == of {
		return all[of], nil
	}
	with, err := r.together(ctx, tx, a, of)
	if err != nil {
		return nil, err
	}
	var out []ProfilePart
	for _, p := range all[of] {
		if p.Visibility == Public || p.Visibility == NetworkOnly && with {
			out = append(out, p)
		}
	}
	return out, nil
}

// together tells whether the reader belongs to a tenant that the person belongs to.
func (r *Registry) together(ctx context.Context, tx *storage.Tx, a Access, p PersonID) (bool, error) {
	networks, err := memberships(ctx, tx, p)
	for _, n := range networks {
		if a.roots[n] {
			return true, err
		}
	}
	return false, err
}

// SeesPerson finds a person of a tenant whom the reader may know of: one who is registered with it may know all of its people, the
// public those who hold a seat in a public body or have made a part of their profile public.
func (r *Registry) SeesPerson(ctx context.Context, tx *storage.Tx, a Access, root ID, id PersonID) (Person, error) {
	p, err := r.Person(ctx, tx, id)
	if err != nil {
		return p, err
	}
	if err := r.registered(ctx, tx, id, root); err != nil {
		return p, Absent()
	}
	if a.Registered(root) || a.Actor.Person == id && id != "" {
		return p, nil
	}
	var n int64
	err = tx.QueryRow(ctx, `SELECT (SELECT count(*) FROM profile_part WHERE person = $1 AND visibility = 'public') +
		(SELECT count(*) FROM holding h JOIN seat s ON s.id = h.seat JOIN body b ON b.id = s.body
			WHERE h.person = $1 AND h.starts <= $2 AND (h.ends = 0 OR h.ends > $2) AND s.closed = 0 AND b.closed = 0 AND b.visibility = 'public' AND b.root = $3)`,
		id, r.db.Now(), root).Scan(&n)
	if err == nil && n == 0 {
		err = Absent()
	}
	return p, err
}

// indexPerson writes anew what a person can be found by.
func (r *Registry) indexPerson(ctx context.Context, tx *storage.Tx, id PersonID) error {
	if _, err := tx.Exec(ctx, `DELETE FROM profile_term WHERE person = $1`, id); err != nil {
		return err
	}
	name, err := r.PersonName(ctx, tx, id)
	if err != nil || name == "" {
		return err
	}
	parts, err := r.parts(ctx, tx, []PersonID{id})
	if err != nil {
		return err
	}
	roots, err := rootsOf(ctx, tx, id)
	if err != nil {
		return err
	}
	var rows [][]any
	for _, root := range roots {
		for audience, terms := range terms(name, parts[id]) {
			for _, t := range terms {
				rows = append(rows, []any{root.id, audience, t[0], t[1], root.sort, id})
			}
		}
	}
	return tx.Insert(ctx, "profile_term (root, audience, part, term, sort, person)", func() []any {
		if len(rows) == 0 {
			return nil
		}
		row := rows[0]
		rows = rows[1:]
		return row
	})
}

type listedIn struct{ id, sort string }

func rootsOf(ctx context.Context, tx *storage.Tx, id PersonID) ([]listedIn, error) {
	rows, err := tx.Query(ctx, `SELECT network, sort FROM membership WHERE person = $1 AND network = root ORDER BY network`, id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []listedIn
	for rows.Next() {
		var l listedIn
		if err := rows.Scan(&l.id, &l.sort); err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	return out, rows.Err()
}

// terms gives what each audience finds a person by: pairs of part and term, each once. The public lists only whoever has made
// something public.
func terms(name string, parts []ProfilePart) map[string][][2]string {
	of := map[string]map[[2]string]bool{}
	add := func(audience Visibility, part, term string) {
		if of[string(audience)] == nil {
			of[string(audience)] = map[[2]string]bool{}
		}
		of[string(audience)][[2]string{part, term}] = true
	}
	audiences := []Visibility{NetworkOnly}
	if slices.ContainsFunc(parts, func(p ProfilePart) bool { return p.Visibility == Public }) {
		audiences = append(audiences, Public)
	}
	for _, audience := range audiences {
		add(audience, "", "")
		for _, word := range strings.Fields(Fold(name)) {
			add(audience, "name", word)
		}
		for _, p := range parts {
			if !p.Part.IsList() || p.Visibility != Public && p.Visibility != audience {
				continue
			}
			for _, item := range p.Items() {
				for _, t := range itemTerms(item) {
					add(audience, string(p.Part), t)
				}
			}
		}
	}
	out := map[string][][2]string{}
	for audience, all := range of {
		for t := range all {
			out[audience] = append(out[audience], t)
		}
	}
	return out
}

// itemTerms gives what an item is found by: itself, and where it is of several words each of them.
func itemTerms(item string) []string {
	whole := Fold(item)
	words := strings.FieldsFunc(whole, func(c rune) bool { return c == ' ' || c == '/' || c == '(' || c == ')' })
	if len(words) < 2 {
		return []string{whole}
	}
	out := []string{whole}
	for _, w := range words {
		if utf8.RuneCountInString(w) > 2 {
			out = append(out, w)
		}
	}
	return out
}

// AddToProfile adds an item to a list of the actor's own profile, in another room's transaction. A list that is there keeps its audience; one
// that only its owner sees is the owner's to open first.
func (r *Registry) AddToProfile(ctx context.Context, tx *storage.Tx, who Actor, part Part, item string, v Visibility, lang string) error {
	p, err := r.part(ctx, tx, who.Person, part)
	if err != nil || slices.Contains(p.Items(), item) && p.Visibility != Mine {
		return err
	}
	if p.Version == 0 {
		p.Visibility, p.Lang = v, lang
	} else if p.Visibility == Mine {
		return fault.New(fault.Conflict, "only the owner sees this part of the profile").Where(string(part)).Say("network.profile.mine")
	}
	p.Value = strings.Join(append(p.Items(), item), "\n")
	return r.saveAndIndex(ctx, tx, who, p)
}

// DropFromProfile takes an item out of a list of the actor's own profile.
func (r *Registry) DropFromProfile(ctx context.Context, tx *storage.Tx, who Actor, part Part, item string) error {
	p, err := r.part(ctx, tx, who.Person, part)
	if err != nil || !slices.Contains(p.Items(), item) {
		return err
	}
	p.Value = strings.Join(slices.DeleteFunc(p.Items(), func(s string) bool { return s == item }), "\n")
	return r.saveAndIndex(ctx, tx, who, p)
}

func (r *Registry) saveAndIndex(ctx context.Context, tx *storage.Tx, who Actor, p ProfilePart) error {
	if who.Person == "" {
		return Absent()
	}
	if err := r.savePart(ctx, tx, who.Person, p); err != nil {
		return err
	}
	return r.indexPerson(ctx, tx, who.Person)
}
