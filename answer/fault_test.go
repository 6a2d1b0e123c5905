package answer_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/internal/testnode"
	"github.com/samverk/samverk/ledger"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/storage"
)

// harmed is a node in a folder with something wrong beneath it.
type harmed struct {
	*testnode.Node
	t   *testing.T
	set atomic.Int64 // how far the clock is from the right time
}

// mount gives a small file system to a folder of the node, before it is opened.
func mount(size, below string) func(t *testing.T, dir string) {
	return func(t *testing.T, dir string) {
		at := filepath.Join(dir, below)
		if err := os.MkdirAll(at, 0o700); err != nil {
			t.Fatal(err)
		}
		testkit.Mount(t, "-t", "tmpfs", "-o", "size="+size, "none", at)
	}
}

// sql changes what no room lets be changed.
func (h *harmed) sql(statements ...string) {
	h.t.Helper()
	err := h.DB.Write(h.t.Context(), func(tx *storage.Tx) error {
		for _, s := range statements {
			if _, err := tx.Exec(h.t.Context(), s); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = h.Policies.Reload(h.t.Context())
	}
	if err != nil {
		h.t.Fatal(err)
	}
}

// away takes files from where they were, and gives what puts them back.
func (h *harmed) away(names ...string) (back func()) {
	h.t.Helper()
	move := func(from, to string) {
		for _, name := range names {
			if err := os.Rename(filepath.Join(h.Dir, name)+from, filepath.Join(h.Dir, name)+to); err != nil {
				h.t.Fatal(err)
			}
		}
	}
	move("", ".away")
	return func() { move(".away", "") }
}

// Whatever goes wrong beneath the desk: nobody is answered, an asker is told that nothing can be answered, who runs the node is told why, and when it
// is mended the answer is what it was. Every answer given has its leaf and its record, and no budget has been given back.
func TestFaults(t *testing.T) {
	for what, f := range map[string]struct {
		prepare func(t *testing.T, dir string)
		harm    func(h *harmed) (mend func())
		kind    fault.Kind // for an asker
		named   string     // to whoever runs the node
	}{
		"the ledger's disk is full": {mount("4m", "ledger"), func(h *harmed) func() { return testkit.Fill(h.t, filepath.Join(h.Dir, "ledger")) },
			fault.Unavailable, "no space left"},
		"all of the disk is full": {mount("32m", "."), func(h *harmed) func() { return testkit.Fill(h.t, h.Dir) }, fault.Unavailable, "no space left|disk is full"},
		"the log can't be written": {mount("4m", "ledger"), func(h *harmed) func() {
			testkit.Command(h.t, "mount", "-o", "remount,ro", filepath.Join(h.Dir, "ledger"))
			return func() { testkit.Command(h.t, "mount", "-o", "remount,rw", filepath.Join(h.Dir, "ledger")) }
		}, fault.Unavailable, "read-only file system"},
		"the log is gone": {nil, func(h *harmed) func() { return h.away("ledger/log") }, fault.Unavailable, "the ledger can't be written"},
		"the clock is a day behind": {nil, func(h *harmed) func() {
			h.set.Store(-int64(24 * time.Hour))
			return func() { h.set.Store(0) }
		}, fault.Denied, "the clock was set"},
		"the clock is a day ahead": {nil, func(h *harmed) func() { // the policy ends in the meantime
			h.set.Store(int64(24 * time.Hour))
			return func() {
				h.set.Store(0)
				if err := h.Policies.ConfirmClock(h.t.Context(), policy.Actor{Operator: true}, "the time server was wrong"); err != nil {
					h.t.Fatal(err)
				}
			}
		}, fault.Denied, "the clock was set"},
		"a policy is half written": {nil, func(h *harmed) func() {
			h.sql(`CREATE TABLE whole AS SELECT * FROM policy_signed`, `DROP TRIGGER policy_signed_no_update`, `UPDATE policy_signed SET signed = substr(signed, 1, 200)`)
			return func() {
				h.sql(`UPDATE policy_signed SET signed = (SELECT w.signed FROM whole w WHERE w.digest = policy_signed.digest)`)
			}
		}, fault.Denied, "policy"},
		"the database is gone": {nil, func(h *harmed) func() { return h.away("node.db", "node.db-wal", "node.db-shm") }, fault.Unavailable, "the database file isn't there"},
	} {
		t.Run(what, func(t *testing.T) {
			h := &harmed{t: t}
			dir := t.TempDir()
			if f.prepare != nil {
				f.prepare(t, dir)
			}
			h.Node = testnode.OpenIn(t, dir, storage.Options{Now: func() time.Time { return time.Now().Add(time.Duration(h.set.Load())) }}, testnode.Elapsed())
			h.Fill(t)
			d := testnode.Preset(t, "care")
			d.Expires = time.Now().Add(12 * time.Hour).UTC().Truncate(time.Second)
			h.Adopt(t, d)
			released := []answer.Answer{h.answered()}
			mend := f.harm(h)
			for range 3 {
				h.refused(f.kind, f.named)
			}
			mend()
			released = append(released, h.answered())
			h.accounted(released)
		})
	}
}

func (h *harmed) ask(operator bool) (answer.Answer, error) {
	ask := testnode.Clinician()
	ask.Operator = operator
	return h.Desk.Ask(context.Background(), answer.Question{Ask: ask, Keys: []variant.Key{key(h.t, testnode.Carried)}})
}

func (h *harmed) answered() answer.Answer {
	h.t.Helper()
	a, err := h.ask(false)
	if err != nil || answer.Text(a.Counts[0].Carriers, "–") != "8" || a.Receipt.Index == 0 {
		h.t.Fatalf("%+v, %v", a, err)
	}
	return a
}

func (h *harmed) refused(kind fault.Kind, named string) {
	h.t.Helper()
	a, err := h.ask(false)
	said := map[fault.Kind]string{fault.Unavailable: "nothing can be answered just now", fault.Denied: "this question is not answered here"}[kind]
	if fault.KindOf(err) != kind || err.Error() != said || a.Counts != nil {
		h.t.Errorf("an asker is told %+v, %v", a, err)
	}
	a, err = h.ask(true)
	if err == nil || a.Counts != nil || !containsOne(err.Error(), named) || fault.HintOf(err) == "" {
		h.t.Errorf("who runs the node is told %+v, %v (%s), want %s", a, err, fault.HintOf(err), named)
	}
	var out strings.Builder
	for _, long := range []func() error{
		func() error {
			_, err := h.Desk.Annotate(context.Background(), answer.Annotation{Ask: testnode.Clinician(), Name: "x.vcf"}, strings.NewReader(one), &out)
			return err
		},
		func() error {
			_, err := h.Desk.Region(context.Background(), answer.Region{Ask: testnode.Clinician(), Chrom: 22, From: 50_000_000, To: 50_004_000})
			return err
		},
		func() error {
			_, err := h.Desk.Export(context.Background(), answer.Export{Ask: testnode.Clinician()}, io.Writer(&out))
			return err
		},
	} {
		if err := long(); err == nil || out.Len() > 0 {
			h.t.Errorf("%q, %v", out.String(), err)
		}
	}
}

func containsOne(s, words string) bool {
	for _, w := range strings.Split(words, "|") {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}

// accounted looks for the leaf, the record and the price of each answer.
func (h *harmed) accounted(released []answer.Answer) {
	h.t.Helper()
	for _, a := range released {
		x, err := h.Ledger.Leaf(h.t.Context(), a.Receipt.Index)
		if err != nil || x.Kind != ledger.Use {
			h.t.Errorf("leaf %d: %+v, %v", a.Receipt.Index, x, err)
		}
		if o, err := h.Accesses.Open(h.t.Context(), x.Private); err != nil || o.Person != "linda" {
			h.t.Errorf("leaf %d: %+v, %v", a.Receipt.Index, o, err)
		}
	}
	accounts, err := h.Policies.Accounts(h.t.Context(), policy.OfOrganisation, 1)
	if err != nil || len(accounts) != 1 || accounts[0].InYear < int64(len(released)) || accounts[0].InDay < int64(len(released)) {
		h.t.Errorf("%+v, %v", accounts, err)
	}
	if _, err := h.Ledger.Covering(h.t.Context(), released[len(released)-1].Receipt.Index); err != nil {
		h.t.Error(err)
	}
	if r, err := ledger.Verify(h.t.Context(), h.Ledger.Source(), h.Ledger.PublicKey(), nil); err != nil || !r.OK() {
		h.t.Errorf("%+v, %v", r, err)
	}
}
