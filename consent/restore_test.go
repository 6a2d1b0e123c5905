package consent_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/storage"
)

func inDir(dir string) string { return filepath.Join(dir, "samverk.db") }

// backUp takes a backup of a node.
func (n *node) backUp(t failer, path string) {
	t.Helper()
	if _, err := storage.Backup(context.Background(), n.DB, path, nil); err != nil {
		t.Fatal(err)
	}
}

// restore makes a node from a backup.
func restore(t failer, backup, dir, journal string, dsn func(string) string) *node {
	t.Helper()
	if _, err := storage.Restore(context.Background(), backup, dir, dsn, options(&testkit.Clock{}, 3)); err != nil {
		t.Fatal(err)
	}
	return open(t, dsn(dir), journal)
}

func (n *node) replay(path string) (r consent.Replayed, err error) {
	err = n.Write(context.Background(), func(tx *storage.Tx) error {
		r, err = n.consents.Replay(context.Background(), tx, "operator", path, [32]byte{})
		return err
	})
	return r, err
}

func (n *node) confirm() error {
	return n.Write(context.Background(), func(tx *storage.Tx) error {
		return n.consents.ConfirmNoJournal(context.Background(), tx, "operator", "it burnt")
	})
}

func (n *node) remove(t failer, id string) {
	t.Helper()
	n.write(t, func(ctx context.Context, tx *storage.Tx) error {
		_, err := n.consents.Remove(ctx, tx, "operator", id)
		return err
	})
}

// refuses makes sure that a restored node counts nobody and changes nothing.
func (n *node) refuses(t failer) {
	t.Helper()
	ctx := context.Background()
	set, err := n.consents.Allowed(consent.Use{Purpose: consent.Care})
	if set != nil || fault.KindOf(err) != fault.Unavailable || fault.HintOf(err) == "" {
		t.Error("a restored node counts:", err)
	}
	acts := map[string]func(*storage.Tx) error{
		"chooses": func(tx *storage.Tx) error {
			return n.consents.Change(ctx, tx, "staff", []consent.Choice{yes(0, consent.Care)})
		},
		"removes": func(tx *storage.Tx) error { _, err := n.consents.Remove(ctx, tx, "staff", "a"); return err },
		"enrols": func(tx *storage.Tx) error {
			_, err := n.people.Enrol(ctx, tx, []individual.New{{ID: "new"}})
			return err
		},
	}
	for what, act := range acts {
		if err := n.Write(ctx, act); fault.KindOf(err) != fault.Unavailable {
			t.Error("a restored node", what, err)
		}
	}
}

func TestARestoredBackupObeysWhatCameAfterIt(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		dir := t.TempDir()
		journal, backup := filepath.Join(dir, "data.journal"), filepath.Join(dir, "backup")
		n := open(t, dsn, journal)
		n.enrol(t, "a", "b", "c", "d")
		if err := n.change(yes(0, consent.Care), yes(1, consent.Care), yes(2, consent.Care), yes(3, consent.Care), yes(1, consent.Research), no(3, consent.Research)); err != nil {
			t.Fatal(err)
		}
		n.backUp(t, backup)
		// After the backup: b withdraws, c is removed and comes back, a newcomer refuses, d
		// withdraws and gives again.
		if err := n.change(no(1, consent.Care), no(3, consent.Care)); err != nil {
			t.Fatal(err)
		}
		n.remove(t, "c")
		n.enrol(t, "c", "e")
		if err := n.change(yes(4, consent.Care), no(5, consent.Care), yes(3, consent.Care)); err != nil {
			t.Fatal(err)
		}
		epoch := n.consents.Epoch()
		n.close(t)

		again := filepath.Join(dir, "again")
		n = restore(t, backup, again, again+".journal", inDir)
		n.refuses(t)
		n.close(t)
		n = open(t, inDir(again), again+".journal") // a restart changes nothing
		n.refuses(t)
		if _, err := n.replay(filepath.Join(dir, "nowhere")); fault.KindOf(err) != fault.Unavailable {
			t.Error(err)
		}
		n.refuses(t)
		r, err := n.replay(journal)
		if err != nil {
			t.Fatal(err)
		}
		if r.Withdrawn != 2 || !slices.Equal(r.Removed, []individual.Number{2}) {
			t.Errorf("replayed %+v", r)
		}
		if got := n.allowed(t, consent.Care); !slices.Equal(got, []individual.Number{0}) {
			t.Error("counted after the replay:", got)
		}
		if got := n.allowed(t, consent.Research); !slices.Equal(got, []individual.Number{1}) {
			t.Error("counted after the replay:", got)
		}
		if n.consents.Epoch() <= epoch {
			t.Errorf("epoch %d was used before, up to %d", n.consents.Epoch(), epoch)
		}
		if _, err := n.replay(journal); fault.KindOf(err) != fault.Conflict {
			t.Error("replayed twice:", err)
		}
		// The restored node goes on, and its journal serves the next restore of the same backup.
		if err := n.change(no(0, consent.Care)); err != nil {
			t.Fatal(err)
		}
		if err := n.consents.Verify(t.Context()); err != nil {
			t.Error(err)
		}
		n.close(t)
		n = open(t, inDir(again), again+".journal")
		n.close(t)
		third := filepath.Join(dir, "third")
		n = restore(t, backup, third, third+".journal", inDir)
		if _, err := n.replay(again + ".journal"); err != nil {
			t.Fatal(err)
		}
		if got := n.allowed(t, consent.Care); len(got) != 0 {
			t.Error("counted after the second replay:", got)
		}
		n.close(t)
	})
}

func TestRestoredInThePlaceOfTheOld(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	journal, err := consent.JournalBeside(data)
	if err != nil || journal != data+".journal" {
		t.Fatal(journal, err)
	}
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	n := open(t, inDir(data), journal)
	n.enrol(t, "a", "b")
	if err := n.change(yes(0, consent.Care), yes(1, consent.Care)); err != nil {
		t.Fatal(err)
	}
	n.backUp(t, filepath.Join(dir, "backup"))
	if err := n.change(no(0, consent.Care)); err != nil {
		t.Fatal(err)
	}
	n.close(t)
	if err := os.RemoveAll(data); err != nil {
		t.Fatal(err)
	}
	n = restore(t, filepath.Join(dir, "backup"), data, journal, inDir)
	if err := n.confirm(); fault.KindOf(err) != fault.Conflict {
		t.Error("there is a journal, and its absence was confirmed:", err)
	}
	n.refuses(t)
	if _, err := n.replay(journal); err != nil {
		t.Fatal(err)
	}
	if got := n.allowed(t, consent.Care); !slices.Equal(got, []individual.Number{1}) {
		t.Error(got)
	}
	n.close(t)
}

func TestTheAbsenceOfAJournalIsConfirmed(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		dir := t.TempDir()
		n := open(t, dsn, filepath.Join(dir, "journal"))
		n.enrol(t, "a")
		if err := n.change(yes(0, consent.Care), no(0, consent.Research)); err != nil {
			t.Fatal(err)
		}
		if err := n.confirm(); fault.KindOf(err) != fault.Conflict {
			t.Error("confirmed on a node that was not restored:", err)
		}
		n.backUp(t, filepath.Join(dir, "backup"))
		n.close(t)
		again := filepath.Join(dir, "again")
		n = restore(t, filepath.Join(dir, "backup"), again, again+".journal", inDir)
		n.refuses(t)
		if err := n.confirm(); err != nil {
			t.Fatal(err)
		}
		if got := n.allowed(t, consent.Care); len(got) != 1 {
			t.Error(got)
		}
		var kept int
		err := n.Read(t.Context(), func(tx *storage.Tx) error {
			return tx.QueryRow(t.Context(), `SELECT count(*) FROM consent_event WHERE kind = 'no journal' AND made_by = 'operator' AND why = 'it burnt'`).Scan(&kept)
		})
		if kept != 1 || err != nil {
			t.Error("the confirmation was not recorded", err)
		}
		if err := n.change(no(0, consent.Care)); err != nil {
			t.Fatal(err)
		}
		n.close(t)
		n = open(t, inDir(again), again+".journal")
		n.close(t)
	})
}

// written is a node that was closed after some withdrawals, its backup from before them, and how
// many lines of its journal say what about whom.
type written struct {
	dir, dsn, journal, backup string
	text                      []byte
}

func writeJournal(t *testing.T) written {
	t.Helper()
	dir := t.TempDir()
	w := written{dir: dir, dsn: inDir(dir), journal: filepath.Join(dir, "journal"), backup: filepath.Join(dir, "backup")}
	n := open(t, w.dsn, w.journal)
	n.enrol(t, "a", "b", "c", "d")
	for i := range individual.Number(4) {
		if err := n.change(yes(i, consent.Care)); err != nil {
			t.Fatal(err)
		}
	}
	n.backUp(t, w.backup)
	for i := range individual.Number(4) { // line i+1 is about number i
		if err := n.change(no(i, consent.Care)); err != nil {
			t.Fatal(err)
		}
	}
	n.close(t)
	var err error
	if w.text, err = os.ReadFile(w.journal); err != nil {
		t.Fatal(err)
	}
	if got := bytes.Count(w.text, []byte("\n")); got != 5 {
		t.Fatalf("%d lines", got)
	}
	for _, id := range []string{`"a"`, `"b"`} {
		if bytes.Contains(w.text, []byte(id)) {
			t.Error("the journal names an individual")
		}
	}
	return w
}

func (w written) put(t *testing.T, name string, text []byte) string {
	t.Helper()
	path := filepath.Join(w.dir, name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestAJournalCutAtEveryByte: what was torn off the end is missing from a replay, line by line,
// and never more than that; a node whose own journal lost a line doesn't start.
func TestAJournalCutAtEveryByte(t *testing.T) {
	w := writeJournal(t)
	base := filepath.Join(w.dir, "base")
	n := restore(t, w.backup, base, base+".journal", inDir)
	n.close(t)
	image, err := os.ReadFile(inDir(base))
	if err != nil {
		t.Fatal(err)
	}
	for cut := range len(w.text) + 1 {
		atEdge := bytes.ContainsRune(w.text[max(0, cut-2):min(len(w.text), cut+2)], '\n')
		if os.Getenv("SAMVERK_LONG") != "1" && cut%20 != 0 && !atEdge {
			continue
		}
		lines := bytes.Count(w.text[:cut], []byte("\n"))
		path := w.put(t, "cut", w.text[:cut])
		dsn := w.put(t, "cut.db", image)
		n := open(t, dsn, filepath.Join(w.dir, "cut.journal"))
		_, err := n.replay(path)
		switch {
		case lines == 0 && fault.KindOf(err) == fault.Invalid:
			n.refuses(t)
		case lines == 0 || err != nil:
			t.Fatalf("cut to %d bytes: %v", cut, err)
		default:
			want := []individual.Number{}
			for i := individual.Number(lines - 1); i < 4; i++ {
				want = append(want, i)
			}
			if got := n.allowed(t, consent.Care); !slices.Equal(got, want) {
				t.Fatalf("cut to %d bytes: %v, want %v", cut, got, want)
			}
		}
		n.close(t)
		for _, name := range []string{"cut.journal", "cut.db-wal", "cut.db-shm"} {
			if err := os.Remove(filepath.Join(w.dir, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
		}
		if cut == len(w.text) {
			continue
		}
		w.put(t, "journal", w.text[:cut])
		if n, err := tryOpen(w.dsn, consent.Options{Journal: w.journal}); err == nil {
			n.close(t)
			t.Fatalf("a node started with its journal cut to %d of %d bytes", cut, len(w.text))
		} else if fault.HintOf(err) == "" {
			t.Fatal("no hint:", err)
		}
		if left, err := os.ReadFile(w.journal); err != nil || len(left) != cut {
			t.Fatal("what was left of the journal was changed")
		}
	}
}

func TestATornLineIsDropped(t *testing.T) {
	w := writeJournal(t)
	for _, tail := range []string{"7", "77d1b9e0 {\"line\":5,", "77d1b9e0 {\"line\":5,\"epoch\":1}\n", strings.Repeat("\x00", 300)} {
		w.put(t, "journal", append(slices.Clone(w.text), tail...))
		n := open(t, w.dsn, w.journal)
		if err := n.change(yes(0, consent.Research), no(0, consent.Research)); err != nil {
			t.Fatal(err)
		}
		if err := n.consents.Verify(t.Context()); err != nil {
			t.Error(err)
		}
		n.close(t)
		var err error
		if w.text, err = os.ReadFile(w.journal); err != nil {
			t.Fatal(err)
		}
	}
}

func TestADamagedJournalIsRefused(t *testing.T) {
	w := writeJournal(t)
	last := bytes.LastIndexByte(w.text[:len(w.text)-1], '\n')
	for at := 0; at < last; at += 5 {
		b := slices.Clone(w.text)
		b[at] ^= 1
		w.put(t, "journal", b)
		if n, err := tryOpen(w.dsn, consent.Options{Journal: w.journal}); err == nil {
			n.close(t)
			t.Fatalf("byte %d was changed and nobody noticed", at)
		}
	}
	lines := bytes.SplitAfter(w.text, []byte("\n"))
	for name, text := range map[string][]byte{
		"a line is missing":  slices.Concat(lines[0], lines[1], lines[3], lines[4]),
		"a line is twice":    slices.Concat(lines[0], lines[1], lines[1], lines[2], lines[3], lines[4]),
		"lines are swapped":  slices.Concat(lines[0], lines[2], lines[1], lines[3], lines[4]),
		"a line is too long": slices.Concat(lines[0], bytes.Repeat([]byte("x"), 3<<20), lines[1]),
		"another file":       []byte("individual,purpose,allow\n"),
	} {
		w.put(t, "journal", text)
		if n, err := tryOpen(w.dsn, consent.Options{Journal: w.journal}); err == nil {
			n.close(t)
			t.Error("opened though", name)
		}
	}
}

func TestAnotherNodesJournalIsRefused(t *testing.T) {
	dir := t.TempDir()
	db, err := storage.Open(t.Context(), inDir(dir), options(&testkit.Clock{}, 77))
	if err != nil {
		t.Fatal(err)
	}
	people, err1 := individual.Open(t.Context(), db)
	other, err2 := consent.Open(t.Context(), db, people, consent.Options{Journal: filepath.Join(dir, "other")})
	if err := errors.Join(err1, err2, other.Close(), db.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := tryOpen(filepath.Join(dir, "mine.db"), consent.Options{Journal: filepath.Join(dir, "other")}); fault.KindOf(err) != fault.Invalid {
		t.Error(err)
	}
}

func TestALostJournalIsTheOperatorsWord(t *testing.T) {
	w := writeJournal(t)
	if err := os.Remove(w.journal); err != nil {
		t.Fatal(err)
	}
	if _, err := tryOpen(w.dsn, consent.Options{Journal: w.journal}); fault.KindOf(err) != fault.Unavailable || fault.HintOf(err) == "" {
		t.Fatal(err)
	}
	n, err := tryOpen(w.dsn, consent.Options{Journal: w.journal, JournalLost: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := n.change(no(1, consent.Research)); err != nil {
		t.Fatal(err)
	}
	n.close(t)
	n = open(t, w.dsn, w.journal)
	n.close(t)
	// Cut to fewer lines than the database holds, then given up.
	w.put(t, "journal", w.text[:bytes.IndexByte(w.text, '\n')+1])
	n, err = tryOpen(w.dsn, consent.Options{Journal: w.journal, JournalLost: true})
	if err != nil {
		t.Fatal(err)
	}
	n.close(t)
	if _, err := os.Stat(w.journal + ".lost"); err != nil {
		t.Error("what was left of the journal was thrown away", err)
	}
}

func TestAFullJournalRefusesAWithdrawal(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full here")
	}
	dir := t.TempDir()
	journal := filepath.Join(dir, "journal")
	n := open(t, inDir(dir), journal)
	defer n.close(t)
	n.enrol(t, "a")
	if err := n.change(yes(0, consent.Care)); err != nil {
		t.Fatal(err)
	}
	back := n.consents.BreakJournal(t, "/dev/full")
	err := n.change(no(0, consent.Care))
	if fault.KindOf(err) != fault.Unavailable || fault.HintOf(err) == "" {
		t.Error("a withdrawal that isn't in the journal was acknowledged:", err)
	}
	if got := n.allowed(t, consent.Care); len(got) != 1 {
		t.Error("a change that failed was published:", got)
	}
	back()
	if err := n.change(no(0, consent.Care)); err != nil {
		t.Error(err)
	}
}

func FuzzJournal(f *testing.F) {
	f.Add([]byte("1f0a8c52 {}\n"), false)
	f.Add([]byte(fmt.Sprintf("00000000 %s\n", `{"line":1,"epoch":1,"at":1,"acts":[]}`)), true)
	f.Fuzz(func(t *testing.T, b []byte, headed bool) {
		if headed {
			b = append(consent.JournalHeader(t, "n"), b...)
		}
		last, end, err := consent.ScanJournal(bytes.NewReader(b), "n")
		if err != nil {
			return
		}
		if end > int64(len(b)) || end == 0 {
			t.Fatal(last, end)
		}
		again, _, err := consent.ScanJournal(bytes.NewReader(b[:end]), "n")
		if err != nil || again != last {
			t.Fatal("what was kept of a journal reads otherwise", err, again, last)
		}
	})
}

// TestManyNosAtOnce: what doesn't fit in one line of the journal stands in several.
func TestManyNosAtOnce(t *testing.T) {
	const size = 9000 // a line holds 8,000
	dir := t.TempDir()
	journal := filepath.Join(dir, "journal")
	n := open(t, inDir(dir), journal)
	ids := make([]string, size)
	all, none := make([]consent.Choice, size), make([]consent.Choice, size)
	for i := range ids {
		ids[i] = fmt.Sprint("p", i)
		all[i], none[i] = yes(individual.Number(i), consent.Care), no(individual.Number(i), consent.Care)
	}
	n.enrol(t, ids...)
	if err := n.change(all...); err != nil {
		t.Fatal(err)
	}
	n.backUp(t, filepath.Join(dir, "backup"))
	if err := n.change(none...); err != nil {
		t.Fatal(err)
	}
	n.close(t)
	n = open(t, inDir(dir), journal)
	if err := n.consents.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	n.close(t)
	again := filepath.Join(dir, "again")
	n = restore(t, filepath.Join(dir, "backup"), again, again+".journal", inDir)
	defer n.close(t)
	r, err := n.replay(journal)
	if err != nil || r.Withdrawn != size || len(n.allowed(t, consent.Care)) != 0 {
		t.Error(r.Withdrawn, err)
	}
}
