package web_test

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/samverk/samverk/ledger"
)

// What a witness sends is kept if the node knows it and the log still continues it, and shown to everybody.
func TestWitnessesTellTheLog(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "witness")
	known := must(ledger.NewWitness(dir, "patients.example.org", new(clock).Now, zeros{}))(t)
	s := open(t, known.PublicKey())
	s.has(s.page("", "/ledger", 200), "patients.example.org", "Has sent nothing yet")
	send := func(note string, status int) {
		t.Helper()
		a := must(http.Post(s.url+"/ledger/cosignatures", "text/plain", strings.NewReader(note)))(t)
		a.Body.Close()
		if a.StatusCode != status {
			t.Errorf("%d instead of %d for\n%s", a.StatusCode, status, note)
		}
	}
	known = must(ledger.NewWitness(dir, "patients.example.org", s.Now, zeros{}))(t)
	from, key := s.node.Ledger.Source(), s.node.Ledger.PublicKey()
	c, _, err := known.Watch(t.Context(), from, key)
	if err != nil {
		t.Fatal(err)
	}
	send(c.Note, 200)
	s.has(s.page("", "/ledger", 200), "grow to 1 line,")
	// Not of this log, signed by it alone, by somebody unknown, changed, too long.
	stranger := must(ledger.NewWitness(filepath.Join(t.TempDir(), "w"), "stranger.example.org", s.Now, zeros{}))(t)
	other, _, err := stranger.Watch(t.Context(), from, key)
	if err != nil {
		t.Fatal(err)
	}
	send(other.Note, 403)
	send(string(must(from(t.Context(), "checkpoint"))(t)), 403)
	send(strings.Replace(c.Note, "\n1\n", "\n2\n", 1), 400)
	send("", 400)
	send(c.Note+strings.Repeat("x", 20_000), 413)
	// Another log under the same name and key that has been made to say something else.
	elsewhere := open(t, known.PublicKey())
	a := must(http.Post(elsewhere.url+"/ledger/cosignatures", "text/plain", strings.NewReader(c.Note)))(t)
	a.Body.Close()
	if a.StatusCode != 400 {
		t.Error("another log's checkpoint is taken:", a.StatusCode)
	}
	// An older one, sent late, doesn't replace a newer one.
	r := must(s.node.Ledger.Append(t.Context(), ledger.Leaf{Kind: ledger.Consent, Epoch: 1}))(t)
	must(s.node.Ledger.Covering(t.Context(), r.Index))(t)
	newer, added, err := known.Watch(t.Context(), from, key)
	if err != nil || added != 1 {
		t.Fatal(added, err)
	}
	send(newer.Note, 200)
	send(c.Note, 200)
	s.has(s.page("stina", "/steward", 200), "patients.example.org", "grow to 2 lines")
	// Nor does an older time of the same one: anybody may send again what is public.
	later := s.Now().Add(time.Hour)
	known = must(ledger.NewWitness(dir, "patients.example.org", func() time.Time { return later }, zeros{}))(t)
	latest, _, err := known.Watch(t.Context(), from, key)
	if err != nil {
		t.Fatal(err)
	}
	send(latest.Note, 200)
	send(newer.Note, 200)
	all := must(must(ledger.NewWitnesses(s.node.DB, s.node.Ledger, []string{known.PublicKey()}))(t).List(t.Context()))(t)
	if len(all) != 1 || all[0].At.Unix() != later.Unix() {
		t.Errorf("seen last at %s, and not at %s", all[0].At, later)
	}
}
