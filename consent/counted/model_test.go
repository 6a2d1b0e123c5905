package counted_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/consent/counted"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/storage"
)

// version is a root that was given out, and what everybody was then.
type version struct {
	use    counted.Use
	root   [32]byte
	says   []string // by number
	before time.Time
	pruned bool
}

// model is what a node should be able to show.
type model struct {
	*node
	dsn, journal string
	options      counted.Options

	erased   map[individual.Number]bool
	versions []*version
	sets     []asked // that were given out
}

type asked struct {
	use counted.Use
	set *individual.Set
}

// made is a use whose sets are of the test's own making.
var made = counted.Use{Purpose: "research", Conditions: "country=NO MONDO:0005105"}

func (m *model) act(t *rapid.T) {
	switch rapid.SampledFrom([]string{"enrol", "choose", "choose", "choose", "ask", "ask", "ask", "made", "again",
		"erase", "rollback", "fail", "restart", "prune", "prove", "prove"}).Draw(t, "act") {
	case "enrol":
		m.enrol(t, rapid.IntRange(1, 40).Draw(t, "more"))
	case "choose":
		m.chooseSome(t)
	case "ask":
		p := rapid.SampledFrom(consent.Purposes()).Draw(t, "purpose")
		set, root := m.ask(t, p)
		m.given(t, plain(p), set, root)
	case "made":
		words := rapid.SliceOfN(rapid.Uint64(), m.people.Len()/64, m.people.Len()/64).Draw(t, "words")
		set := &individual.Set{Words: words, Epoch: m.consents.Epoch()}
		m.given(t, made, set, m.root(t, made, set))
	case "again":
		if len(m.sets) > 0 {
			a := rapid.SampledFrom(m.sets).Draw(t, "set")
			m.given(t, a.use, a.set, m.root(t, a.use, a.set))
		}
	case "erase":
		if who, ok := m.somebody(t); ok {
			m.remove(t, who)
			m.erased[who] = true
		}
	case "rollback":
		m.rollBack(t)
	case "fail":
		m.fail(t)
	case "restart":
		m.restart(t)
	case "prune":
		m.prune(t)
	case "prove":
		if len(m.versions) > 0 {
			v := rapid.SampledFrom(m.versions).Draw(t, "version")
			m.check(t, v, individual.Number(rapid.IntRange(0, m.people.Len()+1).Draw(t, "who")))
		}
	}
}

func (m *model) somebody(t *rapid.T) (individual.Number, bool) {
	if m.people.Len() == 0 {
		return 0, false
	}
	who := individual.Number(rapid.IntRange(0, m.people.Len()-1).Draw(t, "who"))
	return who, !m.erased[who]
}

func (m *model) chooseSome(t *rapid.T) {
	p, allow := rapid.SampledFrom(consent.Purposes()).Draw(t, "purpose"), rapid.Bool().Draw(t, "allow")
	var who []individual.Number
	for range rapid.IntRange(1, 5).Draw(t, "how many") {
		if i, ok := m.somebody(t); ok {
			who = append(who, i)
		}
	}
	if len(who) > 0 {
		m.choose(t, p, allow, who...)
	}
}

// given is told of a root that was given out.
func (m *model) given(t *rapid.T, u counted.Use, set *individual.Set, root [32]byte) {
	m.sets = append(m.sets, asked{u, set})
	for _, v := range m.versions {
		if v.use == u && v.root == root { // it must say of nobody what the set doesn't
			for n := range individual.Number(m.people.Len() + 1) {
				in := int(n) < len(v.says) && v.says[n] == "in"
				if in != set.Has(n) && !m.erased[n] {
					t.Fatalf("a root says of %d that they were %v", n, in)
				}
			}
			return
		}
	}
	v := &version{use: u, root: root, before: m.Now()}
	for n := range individual.Number(m.people.Len()) {
		switch {
		case m.erased[n]:
			v.says = append(v.says, "nobody")
		case set.Has(n):
			v.says = append(v.says, "in")
		default:
			v.says = append(v.says, "out")
		}
	}
	m.versions = append(m.versions, v)
}

// check proves what somebody was.
func (m *model) check(t *rapid.T, v *version, who individual.Number) {
	want := "counted.later"
	if int(who) < len(v.says) {
		want = v.says[who]
		if m.erased[who] && want != "nobody" {
			want = "counted.erased"
		}
	}
	if v.pruned {
		want = "counted.root"
	}
	if got := m.says(t, v.use, v.root, who); got != want {
		t.Fatalf("%d is shown as %s, want %s", who, got, want)
	}
}

// rollBack erases somebody in a transaction that fails.
func (m *model) rollBack(t *rapid.T) {
	who, ok := m.somebody(t)
	if !ok {
		return
	}
	err := m.Write(context.Background(), func(tx *storage.Tx) error {
		if err := m.counted.Forget(context.Background(), tx, who); err != nil {
			return err
		}
		return context.Canceled
	})
	if err == nil {
		t.Fatal("it was to fail")
	}
}

// fail asks while nothing can be kept: an answer is one that was given before, or none.
func (m *model) fail(t *rapid.T) {
	p := rapid.SampledFrom(consent.Purposes()).Draw(t, "purpose")
	set, err := m.consents.Allowed(consent.Use{Purpose: p})
	if err != nil {
		t.Fatal(err)
	}
	m.exec(t, `ALTER TABLE counted_root RENAME TO away`)
	root, err := m.counted.Root(context.Background(), plain(p), set)
	m.exec(t, `ALTER TABLE away RENAME TO counted_root`)
	if err != nil {
		return
	}
	if !slices.ContainsFunc(m.versions, func(v *version) bool { return v.use == plain(p) && v.root == root }) {
		t.Fatal("a root was given out that nobody kept")
	}
	m.given(t, plain(p), set, root)
}

// restart closes and opens the node. Who asks for the same before and after gets the same.
func (m *model) restart(t *rapid.T) {
	var before [3][32]byte
	var set *individual.Set
	for i, p := range consent.Purposes() {
		set, before[i] = m.ask(t, p)
		m.given(t, plain(p), set, before[i])
	}
	stale := m.stale(before)
	m.node.close(t)
	m.node = open(t, m.dsn, m.journal, m.options)
	for i, p := range consent.Purposes() {
		set, after := m.ask(t, p)
		m.given(t, plain(p), set, after)
		if after != before[i] && !stale[plain(p)] {
			t.Fatalf("the root of %s is another after a restart", p)
		}
	}
}

// stale tells of which uses the newest version isn't the newest set's or has another root than that set was given, for one from before
// was asked about since, or lacks who was enrolled since: those get another root after a restart.
func (m *model) stale(given [3][32]byte) map[counted.Use]bool {
	stale := map[counted.Use]bool{}
	for i, p := range consent.Purposes() {
		u := plain(p)
		set, _ := m.consents.Allowed(consent.Use{Purpose: p})
		for _, v := range slices.Backward(m.versions) {
			if v.use != u {
				continue
			}
			stale[u] = v.root != given[i] || len(v.says) != m.people.Len()
			for n, says := range v.says {
				who := individual.Number(n)
				stale[u] = stale[u] || (says == "in") != set.Has(who) || (says == "nobody") != m.erased[who]
			}
			break
		}
	}
	return stale
}

func (m *model) prune(t *rapid.T) {
	if len(m.versions) == 0 {
		return
	}
	before := rapid.SampledFrom(m.versions).Draw(t, "version").before
	if _, err := m.counted.Prune(context.Background(), before); err != nil {
		t.Fatal(err)
	}
	newest := map[counted.Use]bool{}
	for _, v := range slices.Backward(m.versions) {
		if !v.before.After(before) {
			v.pruned = v.pruned || newest[v.use]
			newest[v.use] = true
		}
	}
}

func againstTheModel(t *rapid.T, dsn, journal string, acts int) {
	m := &model{dsn: dsn, journal: journal, erased: map[individual.Number]bool{},
		options: counted.Options{Leaves: rapid.SampledFrom([]int{0, 60}).Draw(t, "room")}}
	m.node = open(t, dsn, journal, m.options)
	defer func() { m.node.close(t) }()
	for range acts {
		m.act(t)
	}
	for _, v := range m.versions {
		for who := range individual.Number(min(m.people.Len(), 20)) {
			m.check(t, v, who*7)
		}
	}
}

func TestAgainstAModel(t *testing.T) {
	dir, n := t.TempDir(), 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		againstTheModel(t, filepath.Join(dir, fmt.Sprint(n, ".db")), filepath.Join(dir, fmt.Sprint(n, ".journal")),
			rapid.IntRange(1, 25).Draw(t, "acts"))
	})
}

func TestAgainstAModelOnPostgres(t *testing.T) {
	dsn, dir := testkit.Postgres(t), t.TempDir()
	run := rapid.Custom(func(t *rapid.T) int {
		againstTheModel(t, dsn, filepath.Join(dir, "journal"), 150)
		return 0
	})
	run.Example(7) // one long run: each needs a database of its own
}
