package published

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/mandate"
	"github.com/samverk/samverk/policy"
)

// sends has a node say something to another under its own name, as a hostile one would.
func (n *node) sends(to string, entries ...entry) error {
	_, err := n.nodes.Call(n.Context(), to, pathPolicies, []byte(text(n, offers{entries})), mostAsked)
	return err
}

func entryOf(p Publication) entry { return entry{p.Kind, p.ID, p.Body} }

// What a peer may say of a policy that isn't one, and what becomes of it.
func TestHostilePolicies(t *testing.T) {
	clock := &ahead{}
	n, north := newNode(t, clock, "nation", testkit.SQLite(t), &list{}), newNode(t, clock, "north", testkit.SQLite(t), nil, trusts)
	other := newNode(t, clock, "other", testkit.SQLite(t), nil)
	north.meets(n)
	north.meets(other)
	north.follows()
	north.becomes("the empty feed was heard", func() bool {
		s, err := north.Sources(t.Context())
		north.must(err)
		return len(s) == 1 && !s[0].Heard.IsZero()
	})
	good := enacted(t, clock.now(), 2, nil)
	if err := other.sends("north", entryOf(publication(t, good))); codeOf(err) != "published.network" {
		t.Errorf("a region tells of a network's policies: %v", err)
	}
	sends := func(what string, p Publication, id, code string) {
		t.Helper()
		n.must(n.sends("north", entryOf(p)))
		if got := north.offered()[id]; got != code {
			t.Errorf("%s: %q, not %q: %v", what, got, code, north.offered())
		}
	}
	edited := func(version int, edit func(*policy.Signed)) Publication {
		s := enacted(t, clock.now(), version, nil)
		edit(&s)
		return publication(t, s)
	}
	sends("signed with another key", edited(11, func(s *policy.Signed) {
		d := s.Draft
		digest, err := d.Digest()
		n.must(err)
		m := decided(mandate.Policy, clock.now(), "x", digest)
		*s, err = policy.Enact(m, d, policy.Signer{Network: nation, Private: otherKey}, clock.now())
		n.must(err)
	}), "care-frequency-11", codeUntrusted)
	sends("another signature", edited(12, func(s *policy.Signed) { s.Signature[3] ^= 1 }), "care-frequency-12", "policy.signature")
	sends("another text under the signature", edited(13, func(s *policy.Signed) { s.Draft.Rules[0].K = 2 }), "care-frequency-13", "policy.signature")
	sends("no quorum", edited(14, func(s *policy.Signed) { s.Mandate.Quorum.Held = false }), "care-frequency-14", "policy.signature")
	sends("another network's", edited(15, func(s *policy.Signed) { s.Mandate.Network = "01OTHER" }), "care-frequency-15", "published.network")
	whole := publication(t, good)
	for what, body := range map[string]string{"cut short": whole.Body[:len(whole.Body)/2], "with more after it": whole.Body + "{}", "no JSON": "policy", "a field too many": strings.Replace(whole.Body, `"draft"`, `"x":1,"draft"`, 1)} {
		n.must(n.sends("north", entry{Policy, whole.ID, body}))
		if got := north.offered(); len(got) != 5 {
			t.Errorf("%s: %v", what, got)
		}
	}
	n.must(n.sends("north", entry{Policy, strings.Repeat("0", 64), whole.Body})) // under another name
	if north.asks() != "" || len(north.offered()) != 5 {
		t.Fatal("something was adopted")
	}
	for range 3 {
		sends("twice", whole, "care-frequency-2", "")
	}
	if north.asks() != "care-frequency-2" || len(north.policies.History()) != 1 {
		t.Error("the right one wasn't adopted once")
	}
	sends("an older version, late", publication(t, enacted(t, clock.now(), 1, nil)), "care-frequency-1", "")
	if w, err := north.policies.Waiting(t.Context()); err != nil || len(w) > 0 || north.asks() != "care-frequency-2" {
		t.Errorf("an older version waits or holds: %v %v", w, err)
	}
	for _, body := range []string{"", "{", `{"entries":` + text(t, make([]entry, mostOffers+1)) + `}`} {
		if _, err := n.nodes.Call(t.Context(), "north", pathPolicies, []byte(body), mostAsked); codeOf(err) != "published.unread" {
			t.Errorf("%.20q: %v", body, err)
		}
	}
	if _, err := n.nodes.Call(t.Context(), "north", pathPublications, []byte("x"), mostAsked); codeOf(err) != "published.unread" {
		t.Error(err)
	}
	if _, err := n.nodes.Call(t.Context(), "north", pathWitnessed, []byte("x"), mostAsked); err == nil {
		t.Error("a note that is none was taken")
	}
}

// A peer fills no disk: what is kept of one is bounded.
func TestWhatIsKeptIsBounded(t *testing.T) {
	clock, ctx := &ahead{}, t.Context()
	n, north := newNode(t, clock, "nation", testkit.SQLite(t), &list{}), newNode(t, clock, "north", testkit.SQLite(t), nil)
	north.meets(n)
	north.must(north.Trust(ctx, "nation"))
	at := clock.now().UTC()
	many := make([]Publication, mostKept+50)
	for i := range many {
		many[i] = Publication{Kind: Decision, ID: "d" + string(rune('a'+i%26)) + text(t, i), Body: text(t, Decided{Number: "1", Network: nation, Title: "x", Lang: "sv", Taken: at, Path: "/n/se/decisions/x"})}
	}
	n.publishes.set(many...)
	_, err := n.fresh(ctx, 0)
	n.must(err)
	peer, _ := north.nodes.Peer("nation")
	north.must(north.pull(ctx, peer))
	all, err := north.Decisions(ctx, "", 2*mostKept)
	north.must(err)
	if len(all) != mostKept {
		t.Errorf("%d are kept", len(all))
	}
	first, err := north.Decisions(ctx, "", 100)
	north.must(err)
	next, err := north.Decisions(ctx, first[99].Key(), 100)
	north.must(err)
	if next[0].ID != all[100].ID {
		t.Error("the list isn't paged where it was cut")
	}
}

// A feed that changes while it is heard, page by page, by a peer that was there from the beginning or comes late, ends as what is published.
func TestAFeedIsHeardWhole(t *testing.T) {
	long := strings.Repeat("c", pageBytes)
	rapid.Check(t, func(r *rapid.T) {
		runs := uint64(1)
		f, err := newFeed(testkit.Rand(runs))
		if err != nil {
			r.Fatal(err)
		}
		type hearer struct {
			at    asked
			holds map[key]string
			stale map[key]bool
		}
		hear := func(h *hearer) bool {
			p := f.since(h.at, "SE")
			if p.Feed != h.at.Feed || p.Since < h.at.Since {
				h.stale = map[key]bool{}
				for k := range h.holds {
					h.stale[k] = true
				}
			}
			for _, e := range p.Entries {
				k := key{e.Kind, e.ID}
				delete(h.stale, k)
				if e.Body == "" {
					delete(h.holds, k)
				} else {
					h.holds[k] = e.Body
				}
			}
			if !p.More {
				for k := range h.stale {
					delete(h.holds, k)
				}
			}
			h.at.Feed, h.at.Since = p.Feed, p.Last
			return p.More
		}
		hearers := map[string]*hearer{}
		for _, of := range []string{"north", "south"} {
			hearers[of] = &hearer{at: asked{Network: of}, holds: map[key]string{}}
		}
		var all []Publication
		for range rapid.IntRange(1, 20).Draw(r, "steps") {
			switch rapid.SampledFrom([]string{"change", "restart", "hear"}).Draw(r, "what") {
			case "change":
				all = nil
				for i := range 6 {
					if body := rapid.SampledFrom([]string{"", "a", "b", "long"}).Draw(r, "body"); body != "" {
						if body == "long" {
							body = long
						}
						all = append(all, Publication{Kind: Decision, ID: string(rune('1' + i)), Body: body, For: []string{"", "north", "south"}[i%3], In: []string{"", "SE", "NO"}[i/2]})
					}
				}
				f.is(all, time.Time{})
			case "restart":
				runs++
				g, err := newFeed(testkit.Rand(runs))
				if err != nil {
					r.Fatal(err)
				}
				f = g
				f.is(all, time.Time{})
			case "hear":
				hear(hearers[rapid.SampledFrom([]string{"north", "south"}).Draw(r, "who")])
			}
		}
		for of, h := range hearers {
			for hear(h) {
			}
			want := map[key]string{}
			for _, p := range all {
				if p.goesTo("SE", of) {
					want[key{p.Kind, p.ID}] = p.Body
				}
			}
			if !maps.Equal(want, h.holds) {
				r.Fatalf("%s holds %d, and %d are published for it", of, len(h.holds), len(want))
			}
		}
	})
}

// A form of consent travels as a policy does: by its signature, and no other text under it.
func TestAFormIsSigned(t *testing.T) {
	at := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	form := json.RawMessage(`{"version":"1"}`)
	digest := mandate.Digest{7}
	f, err := SignForm(form, digest, decided(mandate.Form, at, "d", digest), policy.Signer{Network: nation, Private: networkKey}, at)
	if err != nil {
		t.Fatal(err)
	}
	body, err := mandate.Canonical(f)
	if err != nil {
		t.Fatal(err)
	}
	if when, ok := (entry{Form, digest.String(), string(body)}).checkForm(); !ok || !when.Equal(at) {
		t.Error("it isn't read back")
	}
	if err := f.verify([]policy.Key{trusts}); err != nil {
		t.Error(err)
	}
	if err := f.verify(nil); codeOf(err) != codeUntrusted {
		t.Errorf("an unknown key: %v", err)
	}
	if err := f.verify([]policy.Key{{Network: "other", Public: trusts.Public}}); codeOf(err) != "policy.key" {
		t.Errorf("another network's key: %v", err)
	}
	for what, edit := range map[string]func(*SignedForm){
		"text": func(f *SignedForm) { f.Form = json.RawMessage(`{"version":"2"}`) }, "digest": func(f *SignedForm) { f.Digest[0]++ },
		"mandate": func(f *SignedForm) { f.Mandate.Number = "2026-15" }, "format": func(f *SignedForm) { f.Format = policy.SignedFormat },
	} {
		g := f
		if edit(&g); g.verify([]policy.Key{trusts}) == nil {
			t.Errorf("another %s is believed", what)
		}
	}
}

// What nobody believes fills no disk: any peer can say that it is a network's own node.
func TestWhatIsRefusedIsBounded(t *testing.T) {
	clock := &ahead{}
	n, north := newNode(t, clock, "nation", testkit.SQLite(t), &list{}), newNode(t, clock, "north", testkit.SQLite(t), nil)
	north.meets(n)
	for version := 1; version <= mostRefused+10; version++ {
		n.must(n.sends("north", entryOf(publication(t, enacted(t, clock.now(), version, nil)))))
	}
	if got := len(north.offered()); got != mostRefused {
		t.Errorf("%d are kept", got)
	}
}
