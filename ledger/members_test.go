package ledger

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	mathrand "math/rand/v2"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/ledger/membership"
	"github.com/samverk/samverk/storage"
)

func openMembers(t testing.TB, dsn string) (*storage.DB, *Members) {
	t.Helper()
	db, err := storage.Open(t.Context(), dsn, storage.Options{Migrations: []fs.FS{Migrations}, Now: time.Now, Rand: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	m, err := OpenMembers(t.Context(), db, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return db, m
}

// counted is the plain model: who was counted for a use at an epoch, and the root that was given then.
type counted struct {
	in   map[individual.Number]bool
	root [32]byte
}

// TestMembersAgainstPlainModel changes, erases, rolls back and opens again, and then has everything proved at every epoch.
func TestMembersAgainstPlainModel(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		db, m := openMembers(t, dsn)
		r := mathrand.New(mathrand.NewPCG(8, 9))
		uses := []string{"care", "research", "research;commercial"}
		history := map[string][]counted{}
		erased := map[individual.Number]bool{}
		now := map[string]*counted{}
		for _, u := range uses {
			now[u] = &counted{in: map[individual.Number]bool{}}
		}
		size := map[string]individual.Number{}
		undo := errors.New("undone")
		record := func() { // how things are at the end of an epoch
			for _, u := range uses {
				c := counted{map[individual.Number]bool{}, now[u].root}
				for n := range size[u] {
					c.in[n] = now[u].in[n]
				}
				history[u] = append(history[u], c)
			}
		}
		record()
		for epoch := uint64(1); epoch <= uint64(long(40, 400)); epoch++ {
			use := uses[r.IntN(len(uses))]
			var who []Member
			for range 1 + r.IntN(5) {
				n := individual.Number(r.IntN(10 + int(epoch)))
				if !erased[n] {
					who = append(who, Member{n, r.IntN(2) == 0})
				}
			}
			if err := db.Write(t.Context(), func(tx *storage.Tx) error {
				if _, err := m.Change(t.Context(), tx, use, epoch, []Member{{individual.Number(r.IntN(300)), true}}); err != nil && fault.KindOf(err) != fault.Conflict {
					return err
				}
				return undo
			}); !errors.Is(err, undo) {
				t.Fatal(err)
			}
			err := db.Write(t.Context(), func(tx *storage.Tx) error {
				root, err := m.Change(t.Context(), tx, use, epoch, who)
				now[use].root = root
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range who {
				now[use].in[w.Number] = w.In
				size[use] = max(size[use], w.Number+1)
			}
			if r.IntN(10) == 0 {
				record()
				epoch++
				n := individual.Number(r.IntN(10))
				erased[n] = true
				err := db.Write(t.Context(), func(tx *storage.Tx) error {
					roots, err := m.Erase(t.Context(), tx, epoch, n)
					for u, root := range roots {
						now[u].root = root
					}
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			record()
			if r.IntN(15) == 0 {
				var err error
				if m, err = OpenMembers(t.Context(), db, rand.Reader); err != nil {
					t.Fatal(err)
				}
			}
		}
		for u, epochs := range history {
			for e, c := range epochs {
				m.proveSome(t, u, uint64(e), c, erased)
			}
		}
	})
}

// proveSome proves for every seventh individual, others at the next epoch.
func (m *Members) proveSome(t *testing.T, use string, epoch uint64, c counted, erased map[individual.Number]bool) {
	t.Helper()
	for n, in := range c.in {
		if (uint64(n)+epoch)%7 != 0 {
			continue
		}
		p, root, err := m.Prove(t.Context(), use, epoch, n)
		if erased[n] {
			if fault.KindOf(err) != fault.NotFound {
				t.Fatalf("%s, epoch %d: %d was erased: %v", use, epoch, n, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%s, epoch %d, individual %d: %v", use, epoch, n, err)
		}
		if root != c.root || p.Verify(root) != nil || p.State != state(in) || p.Index != uint32(n) {
			t.Fatalf("%s, epoch %d, individual %d: %+v under %x, want %v under %x", use, epoch, n, p.State, root, in, c.root)
		}
	}
	if _, _, err := m.Prove(t.Context(), use, epoch, 100_000); fault.KindOf(err) != fault.NotFound {
		t.Fatal(err)
	}
}

func TestMembersRefused(t *testing.T) {
	db, m := openMembers(t, testkit.SQLite(t))
	change := func(epochs ...uint64) error {
		return db.Write(t.Context(), func(tx *storage.Tx) error {
			for _, e := range epochs {
				if _, err := m.Change(t.Context(), tx, "care", e, []Member{{1, true}}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := change(5); err != nil {
		t.Fatal(err)
	}
	for _, epochs := range [][]uint64{{5}, {4}, {6, 7}} {
		if err := change(epochs...); fault.KindOf(err) != fault.Internal {
			t.Errorf("epochs %v after 5: %v", epochs, err)
		}
	}
	if err := change(6, 6); err != nil {
		t.Error(err)
	}
	if _, err := m.Root(t.Context(), "research", 9); fault.KindOf(err) != fault.NotFound {
		t.Error(err)
	}
	// A root that somebody changed is noticed at the next opening.
	if err := db.Write(t.Context(), func(tx *storage.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE ledger_member_node SET hash = (SELECT salt FROM ledger_member_salt WHERE individual = 0) WHERE level = 0 AND idx = 0`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenMembers(t.Context(), db, rand.Reader); fault.KindOf(err) != fault.Internal {
		t.Error(err)
	}
}

// TestShownToAPatient walks the whole path: a use in the log, its root, and a proof that somebody was in it.
func TestShownToAPatient(t *testing.T) {
	d := newDesk(t, testkit.SQLite(t))
	m, err := OpenMembers(t.Context(), d.db, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	change := func(epoch uint64, who ...Member) (root [32]byte) {
		t.Helper()
		if err := d.db.Write(t.Context(), func(tx *storage.Tx) (err error) {
			root, err = m.Change(t.Context(), tx, "care", epoch, who)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return root
	}
	change(1, Member{0, true}, Member{4, true})
	x := aUse(2)
	x.Epoch, x.Mask = 2, change(2, Member{3, true}, Member{4, false})
	r, err := d.ledger.Append(t.Context(), x)
	if err != nil {
		t.Fatal(err)
	}
	change(3, Member{3, false}, Member{0, false})
	proof, err := d.ledger.Prove(t.Context(), r.Index)
	if err != nil || proof.Verify(d.ledger.PublicKey()) != nil {
		t.Fatal(err)
	}
	leaf, err := Decode(proof.Leaf)
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range map[individual.Number]membership.State{0: membership.In, 1: membership.Out, 3: membership.In, 4: membership.Out} {
		p, _, err := m.Prove(t.Context(), leaf.Purpose, leaf.Epoch, n)
		if err != nil || p.State != want || p.Verify(leaf.Mask) != nil {
			t.Errorf("individual %d: %v %v", n, p.State, err)
		}
		b, err := json.Marshal(p)
		if python, _ := exec.LookPath("python3"); err == nil && python != "" {
			checkWithPython(t, python, hex.EncodeToString(leaf.Mask[:]), b, true)
			checkWithPython(t, python, hex.EncodeToString(leaf.Private[:]), b, false)
		}
	}
}

func BenchmarkMembers(b *testing.B) {
	db, m := openMembers(b, filepath.Join(b.TempDir(), "db"))
	const people = 100_000
	epoch := uint64(0)
	change := func(who []Member) {
		epoch++
		if err := db.Write(b.Context(), func(tx *storage.Tx) error {
			_, err := m.Change(b.Context(), tx, "care", epoch, who)
			return err
		}); err != nil {
			b.Fatal(err)
		}
	}
	all := make([]Member, people)
	for i := range all {
		all[i] = Member{individual.Number(i), i%3 > 0}
	}
	start := time.Now()
	change(all)
	b.ReportMetric(time.Since(start).Seconds(), "s-to-begin")
	b.Run("change", func(b *testing.B) {
		for i := range b.N {
			change([]Member{{individual.Number(i * 7919 % people), i%2 == 0}})
		}
	})
	b.Run("in-transaction", func(b *testing.B) {
		took := make([]time.Duration, b.N)
		for i := range b.N {
			epoch++
			if err := db.Write(b.Context(), func(tx *storage.Tx) error {
				start := time.Now()
				_, err := m.Change(b.Context(), tx, "care", epoch, []Member{{individual.Number(i * 7919 % people), i%2 == 0}})
				if err == nil {
					err = m.under.store(context.Background())
					m.under.drafts = map[string]*draft{}
				}
				took[i] = time.Since(start)
				return err
			}); err != nil {
				b.Fatal(err)
			}
		}
		report(b, took)
	})
	b.Run("prove", func(b *testing.B) {
		for i := range b.N {
			if _, _, err := m.Prove(b.Context(), "care", 1+uint64(i)%epoch, individual.Number(i*104729%people)); err != nil {
				b.Fatal(err)
			}
		}
	})
}
