package web_test

import (
	"bytes"
	"encoding/json"
	"testing"

	consentweb "github.com/samverk/samverk/consent/web"
	"github.com/samverk/samverk/internal/testkit"
)

// What a patient downloads is checked by somebody who has nothing but the file and the key, and nothing in it can be changed.
func TestADownloadedProofIsCheckedElsewhere(t *testing.T) {
	h := newHouse(t, testkit.SQLite(t), nil)
	digest := h.enact(14, model(t)).String()
	h.link("pid-anna", "anna")
	h.link("pid-bo", "canary-bo")
	anna, bo := h.patient("pid-anna"), h.patient("pid-bo")
	anna.post("/my/me/choices", "form", digest, "q.care", "yes", "q.research", "no", "q.abroad", "no")
	bo.post("/my/me/choices", "form", digest, "q.care", "no", "q.research", "no", "q.abroad", "no")
	h.use("Laboratoriet", care)
	size := must(h.log.Ledger.Size(t.Context()))(t)
	at := "/my/me/uses/" + string('0'+byte(size-1)) + "?format=json"
	key := h.log.Ledger.PublicKey()
	for name, one := range map[consentweb.Were]*browser{consentweb.Counted: anna, consentweb.Not: bo} {
		file := []byte(one.get(at))
		p, ok := consentweb.ReadProof(file)
		if !ok {
			t.Fatalf("%.200s", file)
		}
		x, were, err := p.Verify(key)
		if err != nil || were != name || x.Organisation != "Laboratoriet" || x.Counted != 1 {
			t.Errorf("%s: %s %+v %v", name, were, x, err)
		}
		// A change of any letter of it that is read otherwise is seen.
		var kept, again bytes.Buffer
		if err := json.Compact(&kept, file); err != nil {
			t.Fatal(err)
		}
		for i := range kept.Bytes() {
			b := bytes.Clone(kept.Bytes())
			b[i] ^= 1
			p, ok := consentweb.ReadProof(b)
			if !ok {
				continue
			}
			_, got, err := p.Verify(key)
			if err != nil {
				continue
			}
			again.Reset()
			if err := json.NewEncoder(&again).Encode(p); err != nil || got != were && got != consentweb.NotKnown {
				t.Errorf("byte %d: %s instead of %s\n%s", i, got, were, b)
			}
		}
	}
	anna.get(at)
	p, _ := consentweb.ReadProof([]byte(anna.body))
	other := must(consentweb.Log(h.log).Ledger.Prove(t.Context(), 0))(t)
	p.Leaf = other
	if _, _, err := p.Verify(key); err == nil {
		t.Error("another leaf is taken for the use")
	}
	if _, ok := consentweb.ReadProof([]byte(`{"format":"samverk ledger inclusion 1"}`)); ok {
		t.Error("a proof of another kind is taken")
	}
}
