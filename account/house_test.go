package account_test

import (
	"context"
	"io/fs"
	"net/netip"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/samverk/samverk/account"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

func TestMain(m *testing.M) { os.Exit(testkit.Main(m)) }

const (
	site = "https://samverk.example.org"
	good = "blå lampor över sjön"
)

// The people of the house, all invented.
var (
	coordinator = network.Actor{Person: "coordinator"} // of the network se, in which are anna and bo
	neighbour   = network.Actor{Person: "neighbour"}   // coordinator of the network no, in which is kari
	anna        = network.Actor{Person: "anna"}
	bo          = network.Actor{Person: "bo"}
	kari        = network.Actor{Person: "kari"}
)

// house is the room over a database, with a clock that stands still until it is moved.
type house struct {
	*account.Accounts
	db      *storage.DB
	people  *network.Registry
	notices *notice.Notices
	mu      sync.Mutex
	now     time.Time
}

func (h *house) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *house) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

// openings gives each opening other ids.
var openings atomic.Uint64

// quick hashes without trouble: the tests are not about how hard it is.
var quick = account.Hashing{Memory: 64, Passes: 1, Threads: 1, AtOnce: 4}

func open(t testing.TB, dsn string, o account.Options) *house {
	t.Helper()
	ctx := context.Background()
	h := &house{now: time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)}
	var err error
	h.db, err = storage.Open(ctx, dsn, storage.Options{Migrations: []fs.FS{network.Migrations, notice.Migrations, account.Migrations}, Rand: testkit.Rand(openings.Add(1)), Now: h.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.db.Close() })
	if err := h.db.Write(ctx, func(tx *storage.Tx) error { return fill(ctx, tx) }); err != nil {
		t.Fatal(err)
	}
	if h.people, err = network.Open(ctx, h.db); err != nil {
		t.Fatal(err)
	}
	if h.notices, err = notice.Open(ctx, h.db, notice.Options{URL: site, From: "samverk@example.org", Server: "smtp://127.0.0.1:1", Key: testkit.OutboxKey, Rand: testkit.Rand(2)}); err != nil {
		t.Fatal(err)
	}
	if o.URL == "" {
		o.URL = site
	}
	if o.Hashing.Memory == 0 {
		o.Hashing = quick
	}
	o.Rand = testkit.Rand(3)
	if h.Accounts, err = account.Open(ctx, h.db, h.people, h.notices, o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Accounts.Close() })
	return h
}

// fill writes two networks, each with a secretariat in which somebody sits.
func fill(ctx context.Context, tx *storage.Tx) error {
	var already int64
	if err := tx.QueryRow(ctx, `SELECT count(*) FROM person`).Scan(&already); err != nil || already > 0 {
		return err
	}
	do := func(query string, args ...any) error { _, err := tx.Exec(ctx, query, args...); return err }
	people := [][2]string{{"coordinator", "Karin Koordinator"}, {"neighbour", "Nils Nabo"}, {"anna", "Anna Ankarström"}, {"bo", "Bo Björkegren"}, {"kari", "Kari Kvitvær"}}
	for _, p := range people {
		if err := do(`INSERT INTO person (id, name, lang, operator, created, erased, version) VALUES ($1, $2, 'sv', 0, 0, 0, 1)`, p[0], p[1]); err != nil {
			return err
		}
	}
	for net, who := range map[string][]string{"se": {"coordinator", "anna", "bo"}, "no": {"neighbour", "kari"}} {
		if err := do(`INSERT INTO network (id, parent, root, slug, kind, name, about, country, lang, zone, field, demo, sort, created, closed, version)
			VALUES ($1, NULL, $1, $1, 'national', $2, '', 'SE', 'sv', 'Europe/Stockholm', '', 0, 1, 0, 0, 1)`, net, `{"sv":"Nätverket `+net+`"}`); err != nil {
			return err
		}
		if err := do(`INSERT INTO body (id, network, root, kind, name, task, mandate, visibility, input_days, answer_days, paper_days, starts, ends, sort, closed, version)
			VALUES ($1, $1, $1, 'secretariat', '', '', 'advises', 'public', 14, 90, 7, 0, 0, 1, 0, 1)`, net); err != nil {
			return err
		}
		if err := do(`INSERT INTO seat (id, body, role, sector, nominator, deputy_for, sort, closed, version) VALUES ($1, $1, 'member', 'care', NULL, NULL, 1, 0, 1)`, net); err != nil {
			return err
		}
		if err := do(`INSERT INTO holding (id, seat, person, starts, ends, why, recorded, reminded) VALUES ($1, $1, $2, 0, 0, '', 0, 0)`, net, who[0]); err != nil {
			return err
		}
		for _, p := range who {
			if err := do(`INSERT INTO membership (network, person, root, sort, since) VALUES ($1, $2, $1, $2, 0)`, net, p); err != nil {
				return err
			}
		}
	}
	return nil
}

// each runs a test on a house on every database.
func each(t *testing.T, o account.Options, test func(t *testing.T, h *house)) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) { test(t, open(t, dsn, o)) })
}

// from is a browser at an address.
func from(address string) account.From {
	return account.From{Address: netip.MustParseAddr(address), Agent: "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"}
}

var home = from("203.0.113.77")

// tokenOf gives the secret at the end of a link.
func tokenOf(t testing.TB, link string) string {
	t.Helper()
	i := strings.LastIndexByte(link, '/')
	if !strings.HasPrefix(link, site+"/") || len(link)-i != 44 {
		t.Fatalf("%q is no secret link", link)
	}
	return link[i+1:]
}

func mailOf(who network.Actor) string { return string(who.Person) + "@example.org" }

// member gives somebody an account and a session.
func (h *house) member(t testing.TB, who network.Actor) account.Session {
	t.Helper()
	by := coordinator
	if who == kari {
		by = neighbour
	}
	link, err := h.Invite(t.Context(), by, who.Person, mailOf(who), "sv")
	if err != nil {
		t.Fatal(err)
	}
	s, err := h.Accept(t.Context(), tokenOf(t, link), good, home)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// mailed waits for what is done after answers, and gives the secret links mailed to somebody, the latest first.
func (h *house) mailed(t testing.TB, who network.Actor) (bodies []string) {
	t.Helper()
	h.Drain()
	err := h.db.Read(t.Context(), func(tx *storage.Tx) error {
		rows, err := tx.Query(t.Context(), `SELECT id, body FROM notice_mail WHERE person = $1 ORDER BY id DESC`, who.Person)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id, b string
			if err := rows.Scan(&id, &b); err != nil {
				return err
			}
			bodies = append(bodies, testkit.Reveal(id, b))
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return bodies
}
