package app

import (
	"net/url"
	"strings"
	"testing"

	"github.com/samverk/samverk/account"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/policy"
)

// The operator makes the first steward, who then gives the others theirs on the pages; and adopts what waits, and ends it.
func TestTheOperatorDecides(t *testing.T) {
	c := newCouncil(t)
	ctx := t.Context()
	who := c.people[1]
	link := must(c.site.commons.Accounts.Invite(ctx, c.coord, who.Person, "anna@example.org", "sv"))(t)
	token := link[strings.LastIndexByte(link, '/')+1:]
	must(c.site.commons.Accounts.Accept(ctx, token, "blå lampor över sjön", account.From{}))(t)

	give := func(q StewardGive) (StewardGiven, error) {
		q.Ground = "the board's decision 3"
		return c.node.giveSteward(ctx, q, noItems)
	}
	if _, err := give(StewardGive{Mail: "anna@example.org"}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("of no organisation: %v", err)
	}
	if _, err := give(StewardGive{Mail: "nobody@example.org", Organisation: "Norra sjukhuset"}); fault.KindOf(err) != fault.NotFound {
		t.Errorf("of nobody: %v", err)
	}
	r := must(give(StewardGive{Mail: "Anna@example.org", Organisation: "norra sjukhuset"}))(t)
	if r.Own || r.ID != string(c.clinic) || r.Organisation != "Norra sjukhuset" {
		t.Errorf("given: %+v", r)
	}
	c.node.settings.Organisation = string(c.clinic)
	var found []Steward
	must(c.node.listStewards(ctx, StewardList{}, Sink[Steward]{Item: func(s Steward) error { found = append(found, s); return nil }}))(t)
	if len(found) != 1 || found[0].Person != string(who.Person) || found[0].By != "operator" || found[0].Name == "" {
		t.Errorf("stewards: %+v", found)
	}
	c.as(who, "POST", "/n/se/assignments", url.Values{"person": {string(c.people[0].Person)}, "organisation": {string(c.clinic)}, "role": {policy.Clinician}, "from": {""}, "to": {""}, "ground": {"because"}}, 303)

	// where it isn't set whose the node is, a steward of some organisation is none of this node, and is told what to set
	for _, at := range []string{"/steward", "/steward/uses", "/n/se/policies/adopt"} {
		c.has(c.as(who, "GET", at, nil, 403), "inte angivet vems noden är", "samverk.json")
	}
	c.as(c.people[2], "GET", "/steward", nil, 404) // who is no steward has no such page
	if strings.Contains(c.as(who, "GET", "/n/se/policies", nil, 200), `href="/steward"`) {
		t.Error("a link to what isn't theirs")
	}

	topic := c.topic(c.body, "Frekvenser för vården")
	d := c.draft(topic, policy.Presets("SE")[0].Draft)
	c.decide(c.body, c.seats[:4], topic, effect(d))
	c.enactAll()
	list := func() (out []Policy) {
		must(c.node.listPolicies(ctx, None{}, Sink[Policy]{Item: func(p Policy) error { out = append(out, p); return nil }}))(t)
		return out
	}
	if all := list(); len(all) != 1 || all[0].State != string(policy.Waits) || all[0].Network != "se" || all[0].Decision != "2026-01" {
		t.Errorf("before it is adopted: %+v", all)
	}
	if _, err := c.node.adoptPolicy(ctx, PolicyAct{Policy: "care-frequency-1"}, noItems); fault.KindOf(err) != fault.Invalid {
		t.Errorf("adopted without a reason: %v", err)
	}
	must(c.node.adoptPolicy(ctx, PolicyAct{Policy: "care-frequency-1", Ground: "D-2"}, noItems))(t)
	if all := list(); all[0].State != string(policy.Holds) || all[0].By != "operator" || !clinician(c).Allowed {
		t.Errorf("adopted: %+v", all)
	}
	if _, err := c.node.adoptPolicy(ctx, PolicyAct{Policy: "care-frequency-1", Ground: "D-2"}, noItems); fault.KindOf(err) != fault.Conflict {
		t.Errorf("adopted twice: %v", err)
	}
	shown := must(c.node.showPolicy(ctx, PolicyShow{ID: "care-frequency-1", Lang: "nb"}, noItems))(t)
	if len(shown.Rules) != 3 || shown.Digest != d.Digest.String() || len(shown.Signed) == 0 {
		t.Errorf("shown: %+v", shown)
	}
	rule := must(c.node.makeRule(ctx, RuleMake{Network: "se", Body: "styrgruppen", Adopts: true, Ground: "D-3"}, noItems))(t)
	if rule.Body != "Styrgruppen" || !must(c.node.policies.Standing(ctx, string(c.root), string(c.body)))(t) {
		t.Errorf("the rule: %+v", rule)
	}
	must(c.node.endPolicy(ctx, PolicyAct{Policy: "care-frequency", Ground: "D-4"}, noItems))(t)
	if v := clinician(c); v.Allowed {
		t.Errorf("ended: %+v", v)
	}
	if held := must(c.node.policies.Held(ctx, string(c.people[0].Person)))(t); len(held) != 1 || held[0].By != string(who.Person) {
		t.Errorf("what the steward gave: %+v", held)
	}
}
