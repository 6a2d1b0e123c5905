package app

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/samverk/samverk/consent"
	consentweb "github.com/samverk/samverk/consent/web"
	"github.com/samverk/samverk/federation"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/web/webtest"
)

// region is a region's own node, served on loopback.
type regionNode struct {
	*Node
	t      *testing.T
	site   *site
	server *httptest.Server
}

// serveAt serves a site on an address of its own.
func serveAt(t *testing.T, s func() http.Handler) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s().ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	return server
}

// beside runs something until the test ends.
func beside(t *testing.T, do func(context.Context)) {
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); do(ctx) }()
	t.Cleanup(func() { stop(); <-done })
}

func newRegion(t *testing.T, name string) *regionNode {
	t.Helper()
	ctx, dir := t.Context(), filepath.Join(t.TempDir(), "node")
	r := &regionNode{t: t}
	r.ok(makeDir(dir))
	r.ok(writeFile(filepath.Join(dir, settingsName), []byte(`{"version":1,"country":"SE","region":"Region `+name+`"}`)))
	r.Node = must(Open(ctx, dir))(t)
	t.Cleanup(func() { _ = r.Node.Close() })
	r.site = must(r.Node.site(ctx, ServeOptions{Addr: "127.0.0.1:0"}, base))(t)
	t.Cleanup(func() { _ = r.site.close() })
	r.server = serveAt(t, func() http.Handler { return r.site.table })
	must(r.nodeInit(ctx, NodeNew{Name: name, URL: r.server.URL}, noItems))(t)
	return r
}

func (r *regionNode) ok(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// joins makes a region's node and a network's each other's peers.
func (r *regionNode) joins(n *Node, trust bool) {
	r.t.Helper()
	ctx := r.t.Context()
	i := must(n.nodeInvite(ctx, None{}, noItems))(r.t)
	p := must(r.nodeJoin(ctx, NodeJoining{Invitation: i.Invitation, Trust: trust}, noItems))(r.t)
	self := r.nodeSelf()
	must(n.nodeApprove(ctx, NodeApproval{Name: self.Name, Key: self.Fingerprint}, noItems))(r.t)
	r.nodes.Announce(ctx)
	if p := must(one(r.nodes.Peer(p.Name)))(r.t); p.State != federation.Approved {
		r.t.Fatalf("%s is %s: %s", p.Name, p.State, p.Detail)
	}
}

func one(p federation.Peer, ok bool) (federation.Peer, error) {
	if !ok {
		return p, fmt.Errorf("no such peer")
	}
	return p, nil
}

// asks is by which policy a clinician is answered now; "" for a denial.
func (r *regionNode) asks() string {
	v := r.policies.Judge(policy.Ask{Organisation: "x", Sector: "care", Role: policy.Clinician, Person: "p", SignedIn: true, Use: consent.Use{Purpose: consent.Care}, Question: policy.Frequency})
	if !v.Allowed {
		return ""
	}
	return v.Policy
}

func (r *regionNode) page(path string) string {
	r.t.Helper()
	a, err := http.Get(r.server.URL + path)
	r.ok(err)
	defer a.Body.Close()
	b, err := io.ReadAll(a.Body)
	r.ok(err)
	if a.StatusCode != http.StatusOK {
		r.t.Fatalf("%s: %s", path, a.Status)
	}
	return string(b)
}

func (r *regionNode) becomes(what string, is func() bool) {
	r.t.Helper()
	for range 2000 {
		if is() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	r.t.Fatalf("never: %s", what)
}

// A decision whose minutes are approved is obeyed on regions' own nodes at once, and shown there; where the network isn't trusted it is shown as that.
func TestADecisionReachesTheRegions(t *testing.T) {
	many := 1
	if os.Getenv("SAMVERK_LONG") != "" {
		many = 7
	}
	c := newCouncil(t)
	ctx := t.Context()
	server := serveAt(t, func() http.Handler { return c.site.table })
	must(c.node.nodeInit(ctx, NodeNew{Name: "nation", Title: "Nätverket", URL: server.URL, Networks: true}, noItems))(t)
	beside(t, c.site.enactor.run)
	beside(t, c.node.published.Run)
	var regions []*regionNode
	for i := range many {
		r := newRegion(t, fmt.Sprintf("region-%d", i+1))
		r.joins(c.node, true)
		must(r.makeRule(ctx, RuleMake{Network: "nation", Adopts: true, Ground: "D-1"}, noItems))(t)
		regions = append(regions, r)
	}
	doubts := newRegion(t, "doubts")
	doubts.joins(c.node, false)

	topic := c.topic(c.body, "Frekvenser för vården")
	d := c.draft(topic, policy.Presets("SE")[0].Draft)
	id := c.decide(c.body, c.seats[:4], topic, effect(d))
	approved := time.Now()
	for _, r := range regions {
		r.becomes("the policy is obeyed", func() bool { return r.asks() == "care-frequency-1" })
	}
	t.Logf("from approved minutes to obeyed on %d nodes: %v", many, time.Since(approved).Round(time.Millisecond))
	doubts.becomes("the policy is shown", func() bool {
		return strings.Contains(doubts.page("/nation?lang=sv"), "Inte betrodd här")
	})
	if doubts.asks() != "" || len(doubts.policies.History()) > 0 {
		t.Error("a policy is obeyed whose key isn't trusted")
	}
	// its adoption is in the region's ledger
	r := regions[0]
	r.becomes("the adoption is in the ledger", func() bool { return r.carrier.adopted == 1 })

	// the page says what was decided, from the network's own site
	r.becomes("the decision is shown", func() bool {
		r.nodes.Announce(ctx)
		return strings.Contains(r.page("/nation?lang=sv"), server.URL+"/n/se/decisions/"+string(id))
	})
	page := r.page("/nation?lang=sv")
	c.has(page, "I kraft här", "2026-01", "Styrgruppen", "Senast hört", "Inget av det vi har lyft")
	c.has(r.page("/nation?format=csv"), "number,network,body", "2026-01,Nätverket,Styrgruppen,Ja,sv")
	if w := c.do(kind{name: "nobody"}, http.MethodGet, "/nation", nil); w.Code != http.StatusNotFound {
		t.Errorf("the network's own node has the page: %d", w.Code)
	}

	// a form of consent goes the same way, also while the network's own node adopts none
	form, ok := consentweb.Model("SE")
	if !ok {
		t.Fatal("there is no form to begin from")
	}
	digest, named := c.form(form)
	c.decide(c.body, c.seats[:4], c.topic(c.body, "Formulär"), named)
	r.becomes("the form is in force", func() bool {
		r.nodes.Announce(ctx)
		now := r.consents.InForce()
		return now != nil && now.Digest == digest
	})
	if c.node.consents.InForce() != nil {
		t.Error("the network's own node adopted a form without a rule")
	}

	// what the region lifted comes to its own page, and to no other's
	lifted := c.liftedFrom("region-1")
	r.becomes("what was lifted is shown", func() bool {
		r.nodes.Announce(ctx)
		return strings.Contains(r.page("/nation?lang=sv"), server.URL+"/n/se/topics/"+string(lifted))
	})
	c.has(r.page("/nation?lang=sv"), "Väntetider i norr", "Svar väntar", "Svar senast", "Hos Styrgruppen", "Lyft av Norra gruppen")

	for _, l := range []string{"sv", "nb", "en"} {
		for _, at := range []*regionNode{r, doubts} {
			if left := webtest.Leftovers(webtest.Visible(at.page("/nation?lang=" + l))); len(left) > 0 {
				t.Errorf("%s: %v", l, left)
			}
		}
	}
	t.Run("browser", func(t *testing.T) {
		b := webtest.Open(t)
		for _, at := range []*regionNode{r, doubts} {
			b.Go(t, at.server.URL+"/nation?lang=sv")
			b.Judge(t, "nation-"+at.nodeSelf().Name)
		}
	})

	// the operator of the one that doubts says that it is the network's: then it waits for an act
	must(doubts.nodeTrust(ctx, NodeTrusting{Name: "nation"}, noItems))(t)
	page = doubts.page("/nation?lang=sv")
	c.has(page, "Väntar på att införas här", server.URL+"/n/se/decisions/")
	if strings.Contains(page, "Väntetider i norr") {
		t.Error("another region's lifted topic is shown")
	}
	must(doubts.adoptPolicy(ctx, PolicyAct{Policy: "care-frequency-1", Ground: "RD 1"}, noItems))(t)
	if doubts.asks() != "care-frequency-1" {
		t.Error("not obeyed after it was adopted")
	}
	// the key is believed after a restart
	c.ok(doubts.site.close())
	c.ok(doubts.Node.Close())
	doubts.Node = must(Open(ctx, doubts.dir))(t)
	if doubts.asks() != "care-frequency-1" || len(doubts.policies.Faults()) > 0 {
		t.Errorf("after a restart: %v", doubts.policies.Faults())
	}
	// a network's node that is revoked takes its key along: what was adopted holds, and nothing that it signed is believed any more
	key := doubts.policies.Keys()
	must(doubts.nodeRevoke(ctx, NodeRevocation{Name: "nation", Why: "its key was stolen"}, noItems))(t)
	for _, when := range []string{"at once", "after a restart"} {
		trusts, err := doubts.published.Trusts(ctx, "nation")
		if len(key) != 1 || len(doubts.policies.Keys()) != 0 || trusts || err != nil || doubts.asks() != "care-frequency-1" || len(doubts.policies.Faults()) > 0 {
			t.Errorf("%s: %d keys, trusted %v (%v), asks by %q, %v", when, len(doubts.policies.Keys()), trusts, err, doubts.asks(), doubts.policies.Faults())
		}
		var listed []Policy
		must(doubts.listPolicies(ctx, None{}, Sink[Policy]{Item: func(p Policy) error { listed = append(listed, p); return nil }}))(t)
		if len(listed) != 1 || listed[0].Network != "nation" || listed[0].Fault != "" || listed[0].State != string(policy.Holds) {
			t.Errorf("%s: it is listed as %+v", when, listed)
		}
		if when == "at once" {
			c.ok(doubts.Node.Close())
			doubts.Node = must(Open(ctx, doubts.dir))(t)
		}
	}
}

// liftedFrom lifts a public topic from a region's network to the nation's group, and gives the topic there.
func (c *council) liftedFrom(slug string) forum.TopicID {
	c.t.Helper()
	ctx, n := c.t.Context(), c.site.commons.Networks
	region := must(n.AddNetwork(ctx, c.coord, network.Network{Parent: c.root, Slug: slug, Kind: network.Regional, Name: network.Text{SV: "Norr"}, Country: "SE", Lang: "sv", Zone: "Europe/Stockholm"}))(c.t)
	body := must(n.AddBody(ctx, c.coord, network.Body{Network: region, Kind: network.SteeringGroup, Name: network.Text{SV: "Norra gruppen"}, Mandate: network.Decides, Visibility: network.Public, InputDays: 14, AnswerDays: 60, PaperDays: 7}))(c.t)
	id := must(c.f().Raise(ctx, c.coord, forum.Raising{Body: body, Title: "Väntetider i norr", Text: "De är långa.", Visibility: network.Public, Lang: "sv"}))(c.t).ID
	must(c.f().Lift(ctx, c.coord, id, forum.Lifting{Body: c.body, Criteria: []string{"equal"}, Why: "Alla väntar."}))(c.t)
	owed := must(c.f().LiftedLately(ctx, network.Actor{}, c.root, 10))(c.t)
	return owed[0].Link
}

// Who keeps the claims is the operator's to say: a peer that calls itself a network's own node is asked nothing.
func TestARegistrarIsTheOperatorsToName(t *testing.T) {
	c, ctx := newCouncil(t), t.Context()
	server := serveAt(t, func() http.Handler { return c.site.table })
	must(c.node.nodeInit(ctx, NodeNew{Name: "nation", Title: "Nätverket", URL: server.URL, Networks: true}, noItems))(t)
	r, hostile := newRegion(t, "region-1"), newRegion(t, "region-2")
	r.joins(c.node, true)
	r.joins(hostile.Node, false)
	r.ok(hostile.nodes.Tell(ctx, func(i *federation.Identity) {
		i.Networks = []federation.NetworkKey{{Network: "another", Key: make([]byte, 32)}}
	}))
	hostile.nodes.Announce(ctx)
	if p := must(one(r.nodes.Peer("region-2")))(t); len(p.Networks) == 0 {
		t.Fatal("it hasn't said so")
	}
	if _, err := r.askRegistrar(ctx, []byte(`{"turn":1}`)); err != nil {
		t.Error(err)
	}
}
