package ledger

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	cosig "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
)

func newWitness(t *testing.T) *Witness {
	t.Helper()
	w, err := NewWitness(t.TempDir(), "patients.example/witness", time.Now, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestWitness(t *testing.T) {
	dir := t.TempDir()
	l := openIn(t, dir)
	served := httptest.NewServer(http.FileServer(http.Dir(filepath.Join(dir, "log"))))
	defer served.Close()
	from, err := URL(served.Client(), served.URL)
	if err != nil {
		t.Fatal(err)
	}
	w := newWitness(t)
	for i, n := range []int{0, 0, 1, 300} {
		appendMany(t, l, n, 50)
		size, err := l.Size(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Covering(t.Context(), size-1); err != nil {
			t.Fatal(err)
		}
		if leaves, at, err := w.Seen(l.PublicKey()); err != nil || at.IsZero() != (i == 0) || leaves != 0 && leaves != size-[]uint64{1, 0, 1, 300}[i] {
			t.Fatal(leaves, at, err)
		}
		c, added, err := w.Watch(t.Context(), from, l.PublicKey())
		if err != nil || added != []uint64{1, 0, 1, 300}[i] {
			t.Fatal(added, err)
		}
		if at, err := c.CosignedBy(w.PublicKey()); err != nil || time.Since(at) > time.Minute {
			t.Fatal(at, err)
		}
		// What others read: the ecosystem's own verifier takes the cosignature, and the log's key its signature.
		v, err := cosig.NewVerifierForCosignatureV1(w.PublicKey())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := note.Open([]byte(c.Note), note.VerifierList(v)); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadCheckpoint([]byte(c.Note), l.PublicKey()); err != nil {
			t.Fatal(err)
		}
		if strings.Count(c.Note, "—") != 2 {
			t.Fatal(c.Note)
		}
	}
}

// copyDir copies a closed ledger, as somebody would who wants to tell two stories.
func copyDir(t *testing.T, from string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return to
}

func TestWitnessRefusesForkAndRollback(t *testing.T) {
	dir := t.TempDir()
	l := openIn(t, dir)
	appendMany(t, l, 10, 5)
	if err := l.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	public := l.PublicKey()
	early, forked, alike := copyDir(t, dir), copyDir(t, dir), copyDir(t, dir)
	grow := func(dir string, n int) Source {
		l := openIn(t, dir)
		appendMany(t, l, n, 1)
		if err := l.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		return l.Source()
	}
	w := newWitness(t)
	good := grow(dir, 20)
	seen, _, err := w.Watch(t.Context(), good, public)
	if err != nil {
		t.Fatal(err)
	}
	for name, from := range map[string]Source{"rollback": Dir(filepath.Join(early, "log")), "fork": grow(forked, 40), "another of the same size": grow(alike, 20)} {
		_, _, err := w.Watch(t.Context(), from, public)
		var fork *ForkError
		if !errors.As(err, &fork) {
			t.Fatalf("%s: %v", name, err)
		}
		if fork.Seen.Note != seen.Note || fork.Now.Root == seen.Root {
			t.Errorf("%s: %+v", name, fork)
		}
		b, err := os.ReadFile(fork.File)
		if err != nil || !bytes.Contains(b, []byte(fork.Seen.Note)) || !bytes.Contains(b, []byte(fork.Now.Note)) {
			t.Errorf("%s: %s %v", name, b, err)
		}
	}
	if _, added, err := w.Watch(t.Context(), good, public); err != nil || added != 0 {
		t.Error("after that, the true log is refused", added, err)
	}
}

// TestOpenRefusesAnOlderCopy: a checkpoint that somebody kept shows that the log was taken back.
func TestContinues(t *testing.T) {
	dir := t.TempDir()
	l := openIn(t, dir)
	appendMany(t, l, 10, 5)
	if err := l.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	older := copyDir(t, dir)
	l = openIn(t, dir)
	r, err := l.Append(t.Context(), aUse(1))
	if err != nil {
		t.Fatal(err)
	}
	c, err := l.Covering(t.Context(), r.Index)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Continues(t.Context(), c); err != nil {
		t.Error(err)
	}
	back := openIn(t, older)
	if err := back.Continues(t.Context(), c); err == nil {
		t.Error("a log that was taken back is taken for the same")
	}
	appendMany(t, back, 5, 1)
	if err := back.Continues(t.Context(), c); err == nil {
		t.Error("a log that was taken back and went on is taken for the same")
	}
	_ = back.Close(t.Context())
	checkpoint := filepath.Join(dir, "log", "checkpoint")
	b, err := os.ReadFile(checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(older, "log", "checkpoint"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), older, testOptions()); err == nil {
		t.Error("a log was opened that isn't the one of its checkpoint")
	}
}

func TestProofs(t *testing.T) {
	python, _ := exec.LookPath("python3")
	dir := t.TempDir()
	l := openIn(t, dir)
	var older []Checkpoint
	for _, n := range []int{1, 2, 5, 248, 60, 300} { // 2, 4, 9, 257, 317, 617 with the genesis
		appendMany(t, l, n, 64)
		size, err := l.Size(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		c, err := l.Covering(t.Context(), size-1)
		if err != nil {
			t.Fatal(err)
		}
		older = append(older, c)
	}
	checked := 0
	check := func(p Proof, err error) {
		t.Helper()
		python := python
		if checked++; checked%3 != 0 { // starting it takes longer than all the rest
			python = ""
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ReadProof(b)
		if err != nil || again.Verify(l.PublicKey()) != nil {
			t.Fatal(err)
		}
		if python != "" {
			checkWithPython(t, python, filepath.Join(dir, "key.pub"), b, true)
		}
		if len(again.Path) > 0 {
			again.Path[0][3] ^= 1
			if again.Verify(l.PublicKey()) == nil {
				t.Fatal("a changed proof holds")
			}
			if b, err = json.Marshal(again); err == nil && python != "" {
				checkWithPython(t, python, filepath.Join(dir, "key.pub"), b, false)
			}
		}
	}
	for _, i := range []uint64{0, 1, 255, 256, 300, 616} {
		check(l.Prove(t.Context(), i))
	}
	for _, c := range older[:len(older)-1] {
		check(ProveGrowth(t.Context(), l.Source(), l.PublicKey(), c))
	}
	other, err := Open(t.Context(), t.TempDir(), testOptions())
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close(context.Background())
	p, err := l.Prove(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	if p.Verify(other.PublicKey()) == nil {
		t.Error("a proof holds under another log's key")
	}
}

func checkWithPython(t *testing.T, python, key string, proof []byte, holds bool) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "proof.json")
	if err := os.WriteFile(file, proof, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(python, "testdata/check.py", file, key).CombinedOutput()
	if (err == nil) != holds {
		t.Fatalf("%s\n%s", out, proof)
	}
}

func TestExport(t *testing.T) {
	from, public, dir := filled(t, 300)
	var out bytes.Buffer
	if _, err := Export(t.Context(), from, public, &out); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 301 || !strings.Contains(lines[0], `"kind":"genesis"`) || !strings.Contains(lines[300], `"checkpoint":"example.org/ledger\n300\n`) {
		t.Fatal(len(lines), lines[0], lines[len(lines)-1])
	}
	var x exported
	if err := json.Unmarshal([]byte(lines[7]), &x); err != nil || x.Index != 7 || x.Organisation != "Region Väst" || x.PolicyVersion != 3 {
		t.Errorf("%+v %v", x, err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "tile", "entries", "000"))
	if err != nil {
		t.Fatal(err)
	}
	b[500] ^= 1
	if err := os.WriteFile(filepath.Join(dir, "tile", "entries", "000"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	out.Reset()
	if _, err := Export(t.Context(), from, public, &out); err == nil || strings.Contains(out.String(), `"checkpoint"`) {
		t.Error("a damaged log was exported as a whole one", err)
	}
}

func TestKey(t *testing.T) {
	dir := t.TempDir()
	l := openIn(t, dir)
	if err := l.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	st, err := os.Stat(filepath.Join(dir, "key"))
	if err != nil || st.Mode().Perm() != 0o600 {
		t.Error(st.Mode(), err)
	}
	o := testOptions()
	o.Name = "example.org/other"
	if _, err := Open(t.Context(), dir, o); err == nil {
		t.Error("a log was opened under another name")
	}
	if err := os.Remove(filepath.Join(dir, "key")); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), dir, testOptions()); err == nil {
		t.Error("a log was continued with a new key")
	}
	for _, name := range []string{"", "a b", "a+b"} {
		o.Name = name
		if _, err := Open(t.Context(), t.TempDir(), o); err == nil {
			t.Errorf("%q is a log's name", name)
		}
	}
}
