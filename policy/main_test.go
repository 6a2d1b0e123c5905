package policy_test

import (
	"context"
	"crypto/ed25519"
	"io/fs"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/mandate"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/storage"
)

func TestMain(m *testing.M) {
	if os.Getenv(victimEnv) != "" {
		victim()
	}
	os.Exit(testkit.Main(m))
}

// hand is a clock that stands until it is moved.
type hand struct{ at atomic.Int64 }

var start = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

func newHand() *hand {
	h := &hand{}
	h.at.Store(start.UnixMicro())
	return h
}

func (h *hand) Now() time.Time       { return time.UnixMicro(h.at.Load()).UTC() }
func (h *hand) move(d time.Duration) { h.at.Add(d.Microseconds()) }

const (
	nation = "se"
	body   = "steering"
	region = "north"
)

var private = ed25519.NewKeyFromSeed([]byte("0123456789abcdef0123456789abcdef"))

func public(k ed25519.PrivateKey) ed25519.PublicKey { return k.Public().(ed25519.PublicKey) }

func signer() policy.Signer { return policy.Signer{Network: nation, Private: private} }

func trusted() []policy.Key { return []policy.Key{{Network: nation, Public: public(private)}} }

// decided is a mandate that names these drafts, in force since an hour ago.
func decided(t testing.TB, at time.Time, drafts ...policy.Draft) mandate.Mandate {
	t.Helper()
	m := mandate.Mandate{Decision: "01K", Number: "2026-14", Body: body, BodyName: map[string]string{"sv": "Styrgruppen"}, Network: nation,
		Approved: at.Add(-time.Hour), InForce: at.Add(-time.Hour), MinutesSeal: mandate.Digest{1}, Votes: mandate.Votes{For: 4, Against: 1},
		Quorum: mandate.Quorum{Findings: []mandate.Finding{{Kind: "majority", Have: 5, Need: 4, Of: 7}, {Kind: "sector", N: 2, Sector: "patient", Have: 2, Need: 2, Of: 2}},
			Sectors: []mandate.Sector{{Sector: "care", Present: 3}, {Sector: "patient", Present: 2}}, Present: 5, Of: 7, Held: true}}
	for _, d := range drafts {
		digest, err := d.Digest()
		if err != nil {
			t.Fatal(err)
		}
		m.Effects = append(m.Effects, mandate.Effect{Kind: mandate.Policy, Ref: d.ID(), Digest: digest})
	}
	return m
}

// enacted is a draft put in force at a moment.
func enacted(t testing.TB, d policy.Draft, at time.Time) policy.Signed {
	t.Helper()
	s, err := policy.Enact(decided(t, at, d), d, signer(), at)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// node is a database with the room.
type node struct {
	*storage.DB
	*policy.Policies
	clock *hand
}

var operator = policy.Actor{Operator: true}

func options() policy.Options {
	return policy.Options{Trusted: trusted(), Country: "SE", Organisation: region}
}

// open opens a node quickly: what a power cut leaves is not what is tested with it.
func open(t testing.TB, dsn string, clock *hand, o policy.Options) *node {
	t.Helper()
	return openAs(t, dsn, clock, o, true)
}

func openAs(t testing.TB, dsn string, clock *hand, o policy.Options, volatile bool) *node {
	t.Helper()
	db, err := storage.Open(context.Background(), dsn, storage.Options{Migrations: []fs.FS{policy.Migrations}, Now: clock.Now, Volatile: volatile})
	if err != nil {
		t.Fatal(err)
	}
	p, err := policy.Open(context.Background(), db, o)
	if err != nil {
		t.Fatal(err)
	}
	return &node{db, p, clock}
}

func (n *node) close(t testing.TB) {
	t.Helper()
	n.Policies.Close()
	if err := n.DB.Close(); err != nil {
		t.Error(err)
	}
}

// each runs a test on a node of each database.
func each(t *testing.T, test func(t *testing.T, n *node)) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		n := open(t, dsn, newHand(), options())
		defer n.close(t)
		test(t, n)
	})
}

// onSQLite is each on the one.
func onSQLite(t *testing.T, test func(t *testing.T, n *node)) {
	n := open(t, testkit.SQLite(t), newHand(), options())
	defer n.close(t)
	test(t, n)
}

func (n *node) adopt(t testing.TB, d policy.Draft) {
	t.Helper()
	if err := n.Adopt(t.Context(), enacted(t, d, n.clock.Now()), policy.Adoption{By: operator, Ground: "RD 2026:7"}); err != nil {
		t.Fatal(err)
	}
}

func (n *node) run(query string, args ...any) error {
	return n.Write(context.Background(), func(tx *storage.Tx) error {
		_, err := tx.Exec(context.Background(), query, args...)
		return err
	})
}

func preset(name string) policy.Draft {
	for _, p := range policy.Presets("SE") {
		if p.Name == name {
			return p.Draft
		}
	}
	panic(name)
}

// clinician asks how common a variant is.
func clinician() policy.Ask {
	return policy.Ask{Organisation: region, Sector: "care", Role: policy.Clinician, Person: "linda", SignedIn: true,
		Use: consent.Use{Purpose: consent.Care}, Question: policy.Frequency, Dataset: "clinic"}
}

func researcher() policy.Ask {
	a := clinician()
	a.Sector, a.Role, a.Person, a.Use, a.Approval = "academia", policy.Researcher, "nadia", consent.Use{Purpose: consent.Research}, "Dnr 2026-01"
	return a
}
