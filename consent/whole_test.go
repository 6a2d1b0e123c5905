package consent_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/mandate"
	"github.com/samverk/samverk/ontology"
	"github.com/samverk/samverk/storage"
)

// settable is a clock that a test moves.
type settable struct{ time.Time }

func (c *settable) Now() time.Time { return c.Time }

func openAt(t failer, dsn, journal string, clock func() time.Time) *node {
	t.Helper()
	ctx := context.Background()
	o := options(&testkit.Clock{}, 1)
	o.Now = clock
	db, err := storage.Open(ctx, dsn, o)
	if err != nil {
		t.Fatal(err)
	}
	n := &node{DB: db}
	n.people, err = individual.Open(ctx, db, individual.Options{Rand: testkit.Rand(8)})
	if err != nil {
		t.Fatal(err)
	}
	n.consents, err = consent.Open(ctx, db, n.people, consent.Options{Journal: journal, Rand: testkit.Rand(2), Terms: diseases(t)})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func text(s string) consent.Text { return consent.Text{"sv": s, "nb": s, "en": s} }

// ask is a question for a permission.
func ask(p consent.Permission, scope consent.Scope, codes ...string) consent.Question {
	q := consent.Question{ID: strings.ReplaceAll(string(p), ".", "-"), Permission: p, Scope: scope, Text: text("May we?")}
	for _, c := range codes {
		q.Diseases = append(q.Diseases, consent.Disease{Code: c, Name: text(c)})
	}
	return q
}

// form makes one of questions by consent, and what else is said.
func form(version string, bases []consent.Basis, questions ...consent.Question) consent.Form {
	f := consent.Form{Format: consent.FormFormat, Country: "SE", Version: version, Title: text("Consent"), Intro: text("We ask."), Questions: questions, Bases: bases}
	for _, q := range questions {
		if !slices.ContainsFunc(bases, func(b consent.Basis) bool { return b.Permission == q.Permission }) {
			f.Bases = append(f.Bases, consent.Basis{Permission: q.Permission, Ground: consent.ByConsent, Default: consent.Out, Law: text("the law")})
		}
	}
	return f
}

func basis(p consent.Permission, g consent.Ground, d consent.Default) consent.Basis {
	return consent.Basis{Permission: p, Ground: g, Default: d, Law: text("the law")}
}

// forms are those that the tests put in force.
var forms = []consent.Form{
	form("1", nil, ask("care", ""), ask("matching", ""), ask("research", ""), ask("research.commercial", ""), ask("research.abroad", "")),
	form("2", nil, ask("care", ""), ask("care.abroad", ""), ask("research", consent.Diseases, "DIS:3", "DIS:7", "DIS:1")),
	form("3", []consent.Basis{basis("care", consent.ByObjection, consent.In), basis("matching", consent.ByLaw, consent.In)},
		ask("care", ""), ask("research", consent.Health), ask("matching.abroad", "")),
	form("4", []consent.Basis{basis("research", consent.ByObjection, consent.In), basis("care", consent.ByObjection, consent.Out)},
		ask("research", consent.Diseases, "DIS:2"), ask("care", ""), ask("research.commercial", "")),
}

// decided is a decision that puts a form in force.
func decided(number int, at time.Time, digest mandate.Digest) mandate.Mandate {
	return mandate.Mandate{Decision: fmt.Sprint("d", number), Number: fmt.Sprint("2026-", number), Body: "b", BodyName: map[string]string{"sv": "Styrgruppen"}, Network: "se",
		Approved: at.Add(-time.Hour), InForce: at, MinutesSeal: mandate.Digest{1}, Votes: mandate.Votes{Consensus: true},
		Quorum: mandate.Quorum{Held: true, Present: 2, Of: 3, Sectors: []mandate.Sector{{Sector: "patient", Present: 2}},
			Findings: []mandate.Finding{{Kind: "majority", Have: 2, Need: 2, Of: 3}}},
		Effects: []mandate.Effect{{Kind: mandate.Form, Ref: "form", Digest: digest}}}
}

// enact puts a form in force by a decision of that number.
func (n *node) enact(ctx context.Context, tx *storage.Tx, number int, at time.Time, f consent.Form) (mandate.Digest, error) {
	digest, err := n.consents.Draft(ctx, tx, "staff", f)
	if err != nil {
		return digest, err
	}
	return digest, n.consents.Enact(ctx, tx, "staff", decided(number, at, digest), digest)
}

// stated is one thing that one party said.
type stated struct {
	guardian string
	allow    bool
	scope    consent.Scope
	on       []string
	at       time.Time
}

type guardianship struct {
	id    string
	who   individual.Number
	ended bool
}

type limit struct {
	id     string
	who    individual.Number
	on     []consent.Purpose
	lifted bool
}

type inForce struct {
	from   time.Time
	form   consent.Form
	digest mandate.Digest
}

// whole is the room as plain lists.
type whole struct {
	ids       []string
	born      map[individual.Number]time.Time
	said      map[individual.Number]map[consent.Permission][]stated
	guardians []guardianship
	limits    []limit
	forms     []inForce
}

func (m *whole) clone() *whole {
	c := &whole{ids: slices.Clone(m.ids), born: map[individual.Number]time.Time{}, said: map[individual.Number]map[consent.Permission][]stated{},
		guardians: slices.Clone(m.guardians), limits: slices.Clone(m.limits), forms: slices.Clone(m.forms)}
	for k, v := range m.born {
		c.born[k] = v
	}
	for n, by := range m.said {
		c.said[n] = map[consent.Permission][]stated{}
		for p, all := range by {
			c.said[n][p] = slices.Clone(all)
		}
	}
	return c
}

func (m *whole) state(n individual.Number, p consent.Permission, s stated) {
	if m.said[n] == nil {
		m.said[n] = map[consent.Permission][]stated{}
	}
	m.said[n][p] = append(m.said[n][p], s)
}

func (m *whole) form(now time.Time) *inForce {
	var in *inForce
	for i := range m.forms {
		if f := &m.forms[i]; !f.from.After(now) && (in == nil || !f.from.Before(in.from)) {
			in = f
		}
	}
	return in
}

func (m *whole) grown(n individual.Number, now time.Time) bool {
	b, known := m.born[n]
	return !known || !now.Before(individual.Majority(b))
}

// last is what each party last said that still counts: a guardian who was alone speaks for all guardians.
func (m *whole) last(n individual.Number, p consent.Permission) map[string]stated {
	last := map[string]stated{}
	for _, s := range m.said[n][p] {
		if strings.HasSuffix(s.guardian, " alone") {
			s.guardian = strings.TrimSuffix(s.guardian, " alone")
			own, spoke := last[""]
			last = map[string]stated{}
			if spoke {
				last[""] = own
			}
		}
		last[s.guardian] = s
	}
	return last
}

// standing is whose word counts, at a moment.
func (m *whole) standing(n individual.Number, p consent.Permission, now time.Time) (all []stated, guarded bool) {
	last := m.last(n, p)
	own, spoke := last[""]
	if b, known := m.born[n]; spoke && known && m.grown(n, now) && !own.at.Before(individual.Majority(b)) {
		return []stated{own}, false
	}
	for g, s := range last {
		guarded = guarded || g != ""
		all = append(all, s)
	}
	return all, guarded && m.grown(n, now)
}

// counts tells whether the words about a permission let somebody be counted, for diseases if there are any.
func (m *whole) counts(n individual.Number, p consent.Permission, u consent.Use, now time.Time, terms *ontology.Terms) bool {
	words, lapsed := m.standing(n, p, now)
	silent, common := true, []string(nil)
	for i, s := range words { // what everybody who names diseases names
		if s.allow && s.scope == consent.Diseases && common == nil {
			common = slices.Clone(words[i].on)
		} else if s.allow && s.scope == consent.Diseases {
			common = slices.DeleteFunc(common, func(c string) bool { return !slices.Contains(s.on, c) })
		}
	}
	for _, s := range words {
		if !s.allow {
			return false
		}
		if lapsed {
			continue
		}
		silent = false
		if p != consent.Permission(consent.Research) {
			continue
		}
		switch s.scope {
		case consent.General:
		case consent.Health:
			if !u.Health && len(u.Diseases) == 0 {
				return false
			}
		case consent.Diseases:
			for _, d := range u.Diseases {
				if !slices.ContainsFunc(common, func(c string) bool { return terms.Is(d, c) }) {
					return false
				}
			}
			if len(u.Diseases) == 0 {
				return false
			}
		}
	}
	if !silent {
		return true
	}
	f := m.form(now)
	return f != nil && slices.ContainsFunc(f.form.Bases, func(b consent.Basis) bool { return b.Permission == p && b.Default == consent.In })
}

func (m *whole) allowed(u consent.Use, now time.Time, terms *ontology.Terms) []individual.Number {
	all := []individual.Number{}
	for i, id := range m.ids {
		n := individual.Number(i)
		need := []consent.Permission{consent.Permission(u.Purpose)}
		if u.Commercial {
			need = append(need, "research.commercial")
		}
		if u.Country != "" && u.Country != "SE" {
			need = append(need, consent.Permission(u.Purpose+".abroad"))
		}
		ok := id != ""
		for _, p := range need {
			ok = ok && m.counts(n, p, u, now, terms)
		}
		for _, l := range m.limits {
			ok = ok && (l.who != n || l.lifted || !slices.Contains(l.on, u.Purpose))
		}
		if ok {
			all = append(all, n)
		}
	}
	return all
}

// uses are those that are compared.
var uses = []consent.Use{
	{Purpose: consent.Care}, {Purpose: consent.Matching}, {Purpose: consent.Research},
	{Purpose: consent.Care, Country: "SE"}, {Purpose: consent.Care, Country: "NO"}, {Purpose: consent.Matching, Country: "NO"},
	{Purpose: consent.Research, Health: true}, {Purpose: consent.Research, Commercial: true}, {Purpose: consent.Research, Country: "NO", Health: true},
	{Purpose: consent.Research, Diseases: []string{"DIS:4"}}, {Purpose: consent.Research, Diseases: []string{"DIS:7", "DIS:30"}},
	{Purpose: consent.Research, Diseases: []string{"DIS:2", "DIS:2"}, Commercial: true}, {Purpose: consent.Research, Diseases: []string{"NEW:1"}},
}

// play draws what one transaction does, to the node and the model alike.
type play struct {
	*rapid.T
	n     *node
	m     *whole
	now   time.Time
	tx    *storage.Tx
	count *int
}

func (p play) who() (individual.Number, bool) {
	if len(p.m.ids) == 0 {
		return 0, false
	}
	n := individual.Number(rapid.IntRange(0, min(len(p.m.ids), rapid.SampledFrom([]int{2, 3, 100}).Draw(p.T, "among"))-1).Draw(p.T, "who"))
	return n, p.m.ids[n] != ""
}

// party draws who speaks for somebody, and what the model calls them.
func (p play) party(n individual.Number) (guardian, called string) {
	var mine []guardianship
	for _, g := range p.m.guardians {
		if g.who == n && !g.ended {
			mine = append(mine, g)
		}
	}
	if len(mine) == 0 || p.m.grown(n, p.now) || rapid.IntRange(0, 2).Draw(p.T, "self") == 0 {
		return "", ""
	}
	g := rapid.SampledFrom(mine).Draw(p.T, "guardian").id
	if len(mine) == 1 {
		return g, g + " alone"
	}
	return g, g
}

func (p play) act(ctx context.Context, act string) error {
	if act == "enrol" {
		id := fmt.Sprint("p", len(p.m.ids))
		p.m.ids = append(p.m.ids, id)
		_, err := p.n.people.Enrol(ctx, p.tx, []individual.New{{ID: id}})
		return err
	}
	if act == "enact" {
		return p.enact(ctx)
	}
	n, ok := p.who()
	if !ok {
		return nil
	}
	switch act {
	case "born":
		b := p.now.AddDate(-rapid.IntRange(10, 20).Draw(p.T, "years"), 0, -rapid.IntRange(0, 3).Draw(p.T, "days"))
		b = time.Date(b.Year(), b.Month(), b.Day(), 0, 0, 0, 0, time.UTC)
		p.m.born[n] = b
		return p.n.people.SetBorn(ctx, p.tx, "staff", "", n, b)
	case "guardian":
		if _, known := p.m.born[n]; !known || p.m.grown(n, p.now) {
			return nil
		}
		*p.count++
		id, err := p.n.people.AddGuardian(ctx, p.tx, "staff", individual.Guardian{Individual: n, Level: individual.Low, Why: "custody"},
			individual.Identity{Issuer: "i", Subject: fmt.Sprint(*p.count)})
		p.m.guardians = append(p.m.guardians, guardianship{id: id, who: n})
		return err
	case "end":
		for i := range p.m.guardians {
			if g := &p.m.guardians[i]; g.who == n && !g.ended {
				g.ended = true
				return p.n.people.End(ctx, p.tx, "staff", "court", g.id)
			}
		}
	case "choose":
		c := consent.Choice{Individual: n, Purpose: rapid.SampledFrom(consent.Purposes()).Draw(p.T, "purpose"), Allow: rapid.Bool().Draw(p.T, "allow")}
		p.m.state(n, consent.Permission(c.Purpose), stated{allow: c.Allow, at: p.now})
		return p.n.consents.Change(ctx, p.tx, "staff", []consent.Choice{c})
	case "fill":
		return p.fill(ctx, n)
	case "withdraw":
		guardian, called := p.party(n)
		some := []consent.Permission{rapid.SampledFrom(consent.Permissions()).Draw(p.T, "permission")}
		for _, q := range some {
			p.m.state(n, q, stated{guardian: called, at: p.now})
		}
		_, err := p.n.consents.Withdraw(ctx, p.tx, "staff", consent.Withdrawal{Individual: n, Permissions: some, Guardian: guardian})
		return err
	case "restrict":
		r := consent.Restriction{Individual: n, Ground: "law", Kind: rapid.SampledFrom([]consent.RestrictionKind{consent.Block, consent.OptOut}).Draw(p.T, "kind")}
		on := []consent.Purpose{consent.Research}
		if r.Kind == consent.Block {
			on = []consent.Purpose{rapid.SampledFrom([]consent.Purpose{consent.Care, consent.Matching}).Draw(p.T, "on")}
			r.Purposes = on
		}
		id, err := p.n.consents.Restrict(ctx, p.tx, "staff", r)
		p.m.limits = append(p.m.limits, limit{id: id, who: n, on: on})
		return err
	case "lift":
		for i := range p.m.limits {
			if l := &p.m.limits[i]; l.who == n && !l.lifted {
				l.lifted = true
				return p.n.consents.Lift(ctx, p.tx, "staff", "asked to", l.id)
			}
		}
	case "remove":
		id := p.m.ids[n]
		p.m.ids[n] = ""
		delete(p.m.said, n)
		delete(p.m.born, n)
		p.m.guardians = slices.DeleteFunc(p.m.guardians, func(g guardianship) bool { return g.who == n })
		p.m.limits = slices.DeleteFunc(p.m.limits, func(l limit) bool { return l.who == n })
		_, err := p.n.consents.Remove(ctx, p.tx, "staff", id)
		return err
	}
	return nil
}

func (p play) enact(ctx context.Context) error {
	*p.count++
	f := rapid.SampledFrom(forms).Draw(p.T, "form")
	from := p.now.AddDate(0, 0, rapid.SampledFrom([]int{0, 0, 2, 400}).Draw(p.T, "from"))
	digest, err := p.n.enact(ctx, p.tx, *p.count, from, f)
	if err == nil {
		p.m.forms = append(p.m.forms, inForce{from, f, digest})
	}
	return err
}

func (p play) fill(ctx context.Context, n individual.Number) error {
	f := p.m.form(p.now)
	if f == nil {
		return nil
	}
	guardian, called := p.party(n)
	filled := consent.Filled{Individual: n, Form: f.digest, Guardian: guardian}
	for _, q := range f.form.Questions {
		if rapid.Bool().Draw(p.T, "leave out") && len(filled.Answers) > 0 {
			continue
		}
		a := consent.Answer{Question: q.ID, Allow: rapid.IntRange(0, 3).Draw(p.T, "allow") > 0 && (guardian != "" || p.m.grown(n, p.now))}
		s := stated{guardian: called, allow: a.Allow, at: p.now}
		if a.Allow {
			s.scope = q.Scope
			for i, d := range q.Diseases {
				if i == 0 || rapid.Bool().Draw(p.T, "disease") {
					a.Diseases = append(a.Diseases, d.Code)
				}
			}
			s.on = a.Diseases
		}
		filled.Answers = append(filled.Answers, a)
		p.m.state(n, q.Permission, s)
	}
	_, err := p.n.consents.Fill(ctx, p.tx, "staff", filled)
	return err
}

// family is three individuals, two of them almost of age with one and two guardians, and a form in force.
func family(ctx context.Context, p play) error {
	var errs []error
	for range 3 {
		errs = append(errs, p.act(ctx, "enrol"))
	}
	for n := range individual.Number(2) {
		b := p.now.AddDate(-18, 0, rapid.IntRange(1, 900).Draw(p.T, "minor for days"))
		p.m.born[n] = time.Date(b.Year(), b.Month(), b.Day(), 0, 0, 0, 0, time.UTC)
		errs = append(errs, p.n.people.SetBorn(ctx, p.tx, "staff", "", n, p.m.born[n]))
		for range n + 1 {
			*p.count++
			id, err := p.n.people.AddGuardian(ctx, p.tx, "staff", individual.Guardian{Individual: n, Level: individual.Low, Why: "custody"},
				individual.Identity{Issuer: "i", Subject: fmt.Sprint(*p.count)})
			p.m.guardians = append(p.m.guardians, guardianship{id: id, who: n})
			errs = append(errs, err)
		}
	}
	*p.count++
	f := rapid.SampledFrom(forms).Draw(p.T, "form")
	digest, err := p.n.enact(ctx, p.tx, *p.count, p.now, f)
	p.m.forms = append(p.m.forms, inForce{p.now, f, digest})
	return errors.Join(append(errs, err)...)
}

var acts = []string{"enrol", "enrol", "enrol", "born", "born", "guardian", "guardian", "end", "choose", "choose", "fill", "fill", "fill", "fill",
	"withdraw", "restrict", "lift", "remove", "enact"}

// wholeAgainstTheModel plays transactions, moves of the clock and restarts, and compares who is counted for every use. One
// epoch never stands for two different answers, also not after a restart.
func wholeAgainstTheModel(t *rapid.T, dsn, journal string, transactions int) {
	ctx, terms := context.Background(), diseases(t)
	clock := &settable{time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)}
	n, m, count := openAt(t, dsn, journal, clock.Now), &whole{born: map[individual.Number]time.Time{}, said: map[individual.Number]map[consent.Permission][]stated{}}, 0
	epochs, last := map[uint64]string{}, uint64(0)
	if rapid.IntRange(0, 3).Draw(t, "family") > 0 {
		n.write(t, func(ctx context.Context, tx *storage.Tx) error {
			return family(ctx, play{T: t, n: n, m: m, now: clock.Time, tx: tx, count: &count})
		})
		clock.Time = clock.Add(time.Minute)
	}
	for range transactions {
		next := m.clone()
		err := n.Write(ctx, func(tx *storage.Tx) error {
			for range rapid.IntRange(1, 6).Draw(t, "acts") {
				p := play{T: t, n: n, m: next, now: clock.Time, tx: tx, count: &count}
				if err := p.act(ctx, rapid.SampledFrom(acts).Draw(t, "act")); err != nil {
					return err
				}
			}
			if rapid.IntRange(0, 6).Draw(t, "back") == 0 {
				return errBack
			}
			return nil
		})
		superseded := fault.KindOf(err) == fault.Conflict && strings.Contains(err.Error(), "superseded")
		if err != nil && !errors.Is(err, errBack) && !superseded {
			t.Fatal(err)
		}
		if err == nil {
			m = next
		}
		clock.Time = clock.Add(time.Minute)
		if rapid.IntRange(0, 3).Draw(t, "wait") == 0 {
			clock.Time = clock.AddDate(rapid.SampledFrom([]int{0, 0, 1, 4}).Draw(t, "years"), 0, rapid.IntRange(0, 3).Draw(t, "days"))
		}
		switch rapid.IntRange(0, 6).Draw(t, "then") {
		case 0:
			if err := n.consents.Verify(ctx); err != nil {
				t.Fatal(err)
			}
			fallthrough
		case 1:
			n.close(t)
			n = openAt(t, dsn, journal, clock.Now)
		case 2:
			if err := n.consents.Settle(ctx); err != nil {
				t.Fatal(err)
			}
		}
		var seen strings.Builder
		for _, u := range uses {
			set, err := n.consents.Allowed(u)
			if m.form(clock.Time) == nil && (u.Country != "" || u.Health || u.Commercial || u.Diseases != nil) {
				if fault.KindOf(err) != fault.Invalid {
					t.Fatal("a condition was evaluated without a form", err)
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			if again, _ := n.consents.Allowed(u); again != set {
				t.Fatal("two sets for one epoch")
			}
			got := []individual.Number{}
			for i := range m.ids {
				if set.Has(individual.Number(i)) {
					got = append(got, individual.Number(i))
				}
			}
			if diff := cmp.Diff(m.allowed(u, clock.Time, terms), got); diff != "" || set.Len() != len(got) {
				for i := range m.ids {
					h, _ := n.consents.History(ctx, individual.Number(i))
					t.Logf("%d born %s: %+v\n%+v", i, m.born[individual.Number(i)], m.said[individual.Number(i)], h)
				}
				t.Fatalf("%+v at %s: %s", u, clock.Time, diff)
			}
			fmt.Fprint(&seen, u, got)
		}
		e := n.consents.Epoch()
		if was, ok := epochs[e]; ok && was != seen.String() || e < last {
			t.Fatalf("epoch %d, after %d, stood for something else", e, last)
		}
		epochs[e], last = seen.String(), e
	}
	if err := n.consents.Verify(ctx); err != nil {
		t.Fatal(err)
	}
	n.close(t)
}

func TestTheWholeAgainstAModel(t *testing.T) {
	dir, n := t.TempDir(), 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		wholeAgainstTheModel(t, filepath.Join(dir, fmt.Sprint(n, ".db")), filepath.Join(dir, fmt.Sprint(n, ".journal")),
			rapid.IntRange(1, 15).Draw(t, "transactions"))
	})
}

func TestTheWholeAgainstAModelOnPostgres(t *testing.T) {
	dsn, dir := testkit.Postgres(t), t.TempDir()
	seed := rapid.Custom(func(t *rapid.T) int {
		wholeAgainstTheModel(t, dsn, filepath.Join(dir, "journal"), 120)
		return 0
	})
	seed.Example(11) // one long run: each needs a database of its own
}
