package published

import (
	"context"
	"maps"
	"testing"
	"time"

	"github.com/samverk/samverk/federation"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/mandate"
	"github.com/samverk/samverk/policy"
)

var trusts = policy.Key{Network: nation, Public: public(networkKey)}

// runs publishes what a node is nudged for, until the test ends.
func (n *node) runs() {
	ctx, stop := context.WithCancel(n.Context())
	done := make(chan struct{})
	go func() { defer close(done); n.Published.Run(ctx) }()
	n.Cleanup(func() { stop(); <-done })
	n.becomes("it has read what it publishes", func() bool { n.feed.mu.Lock(); defer n.feed.mu.Unlock(); return !n.feed.read.IsZero() })
}

// A network's own node and two regions', of which one trusts its key and adopts of itself, and the other doesn't yet.
func TestPoliciesTravel(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		clock, ctx := &ahead{}, t.Context()
		n := newNode(t, clock, "nation", testkit.SQLite(t), &list{})
		north, south := newNode(t, clock, "north", dsn, nil, trusts), newNode(t, clock, "south", testkit.SQLite(t), nil)
		n.runs()
		n.meets(north)
		n.meets(south)
		north.follows()
		south.follows()

		one := enacted(t, clock.now(), 1, nil)
		n.tells(publication(t, one))
		north.becomes("version 1 is obeyed", func() bool { return north.asks() == "care-frequency-1" })
		south.becomes("version 1 is shown", func() bool {
			return maps.Equal(south.offered(), map[string]string{"care-frequency-1": "policy.key.unknown"})
		})
		if south.asks() != "" || len(south.policies.History()) > 0 {
			t.Error("a policy was adopted whose key isn't trusted")
		}

		// north is away while it is tightened twice; then it obeys the last at once, and never the one between
		north.gone.Store(true)
		two := enacted(t, clock.now(), 2, func(d *policy.Draft) { d.Rules[0].K = 10 })
		three := enacted(t, clock.now(), 3, func(d *policy.Draft) {
			d.Rules[0].K = 20
			d.Expires = clock.now().Add(30 * 24 * time.Hour).UTC().Truncate(time.Second)
		})
		n.tells(publication(t, one), publication(t, two), publication(t, three))
		south.becomes("all are shown", func() bool { return len(south.offered()) == 3 })
		if north.asks() != "care-frequency-1" {
			t.Error("north is told while it is away")
		}
		north.gone.Store(false)
		north.nodes.Announce(ctx)
		north.becomes("version 3 is obeyed", func() bool { return north.asks() == "care-frequency-3" })
		if h := north.policies.History(); len(h) != 2 {
			t.Errorf("%d were adopted, not versions 1 and 3", len(h))
		}
		if w, err := north.policies.Waiting(ctx); err != nil || len(w) > 0 {
			t.Error("version 2 waits", err)
		}

		// the operator says that south trusts it
		south.must(south.policies.Trust(ctx, trusts))
		south.must(south.Trust(ctx, "nation"))
		south.becomes("version 3 is obeyed in south", func() bool { return south.asks() == "care-frequency-3" })
		for id, code := range south.offered() {
			if code != "" {
				t.Errorf("%s: %s", id, code)
			}
		}

		// the network's node can't be reached: its last policy holds until it expires, and then nothing does
		n.gone.Store(true)
		clock.move(29 * 24 * time.Hour)
		north.nodes.Announce(ctx)
		if north.asks() != "care-frequency-3" {
			t.Error("denied before the policy expires")
		}
		clock.move(2 * 24 * time.Hour)
		if north.asks() != "" || south.asks() != "" {
			t.Error("answered after the policy expired")
		}
	})
}

// What was decided and what became of what was lifted, for each region its own, and what is no more.
func TestPublicationsFollow(t *testing.T) {
	clock, ctx := &ahead{}, t.Context()
	n := newNode(t, clock, "nation", testkit.SQLite(t), &list{})
	north, south := newNode(t, clock, "north", testkit.SQLite(t), nil), newNode(t, clock, "south", testkit.SQLite(t), nil)
	n.runs()
	n.meets(north)
	n.meets(south)
	at := clock.now().UTC().Truncate(time.Second)
	d := Decided{Number: "2026-14", Network: nation, Of: Name{"sv": "Nätverket"}, Body: Name{"sv": "Styrgruppen"}, Title: "Frekvenser", Lang: "sv", Taken: at, InForce: at, Path: "/n/se/decisions/d1"}
	l := Lifted{Title: "Väntetider", Lang: "sv", From: Name{"sv": "Norr"}, To: Name{"sv": "Styrgruppen"}, State: "prepared", Lifted: at, Due: at.Add(time.Hour), Path: "/n/se/topics/t1"}
	decision := func(id string, d Decided) Publication {
		return Publication{Kind: Decision, ID: id, Body: text(t, d), In: "SE"}
	}
	lift := func(id, of string, l Lifted) Publication {
		return Publication{Kind: Lift, ID: id, Body: text(t, l), For: of, In: "SE"}
	}
	hears := func(x *node) (titles string) {
		x.nodes.Announce(ctx)
		all, err := x.Decisions(ctx, "", 100)
		x.must(err)
		for _, e := range all {
			titles += e.Title + ";"
		}
		lifts, err := x.Lifts(ctx)
		x.must(err)
		for _, e := range lifts {
			titles += e.Title + "=" + e.State + e.Answer + ";"
		}
		return titles
	}
	elsewhere := d
	elsewhere.Path = "//evil.example/x"
	abroad := decision("d8", d)
	abroad.In = "NO"
	n.tells(decision("d1", d), lift("l1", "north", l), lift("l2", "south", l), decision("d9", elsewhere), abroad)
	if got := hears(north); got != "" {
		t.Errorf("believed without the operator's word: %s", got)
	}
	for _, x := range []*node{north, south} {
		x.must(x.Trust(ctx, "nation"))
		x.becomes("it hears", func() bool { return hears(x) == "Frekvenser;Väntetider=prepared;" })
	}
	if s, err := north.Sources(ctx); err != nil || len(s) != 1 || !s[0].Believed || s[0].Heard.IsZero() {
		t.Errorf("%+v %v", s, err)
	}

	// the decision is superseded, the lift answered, and another decision taken back
	m := decided(mandate.Policy, at, "d1", mandate.Digest{1})
	north.must(north.Stands(ctx, m))
	l.Answer, l.State, d.Until, d.By = "accepted", "decided", at, "2026-15"
	more := d
	more.Title, more.Taken = "Annat", at.Add(time.Minute)
	n.tells(decision("d1", d), decision("d2", more), lift("l1", "north", l))
	north.becomes("it follows", func() bool { return hears(north) == "Annat;Frekvenser;Väntetider=decidedaccepted;" })
	if err := north.Stands(ctx, m); codeOf(err) != "carried.superseded" {
		t.Errorf("a superseded decision stands: %v", err)
	}
	n.tells(decision("d1", d))
	north.becomes("what was taken back is gone", func() bool { return hears(north) == "Frekvenser;" })

	// a new process of the network's begins a new feed: what isn't in it is gone
	feed, err := newFeed(n.o.Random)
	n.must(err)
	n.feed = feed
	n.tells(decision("d2", more))
	north.becomes("the new feed holds", func() bool { return hears(north) == "Annat;" })

	// revoked, it is heard no more
	north.must(north.nodes.Revoke(ctx, "nation", "D"))
	if s, err := north.Sources(ctx); err != nil || len(s) > 0 {
		t.Errorf("%+v %v", s, err)
	}
	_ = federation.Revoked
}
