package app

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/samverk/samverk/app/owner"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/federation"
	"github.com/samverk/samverk/lang"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/storage"
)

// What the operator at the machine decides for the node: what it answers, before it has a steward who does so on the pages.
var (
	ListPolicies = owner.Op[*Node, None, Policy, None]{Name: "policy-list", Run: (*Node).listPolicies}
	ShowPolicy   = owner.Op[*Node, PolicyShow, None, PolicyShown]{Name: "policy-show", Run: (*Node).showPolicy}
	AdoptPolicy  = owner.Op[*Node, PolicyAct, None, None]{Name: "policy-adopt", Run: (*Node).adoptPolicy}
	EndPolicy    = owner.Op[*Node, PolicyAct, None, None]{Name: "policy-end", Run: (*Node).endPolicy}
	ListRules    = owner.Op[*Node, None, StandingRule, None]{Name: "policy-rules", Run: (*Node).listRules}
	MakeRule     = owner.Op[*Node, RuleMake, None, StandingRule]{Name: "policy-rule", Run: (*Node).makeRule}
	ReplayPolicy = owner.Op[*Node, PolicyReplay, Change, Replayed]{Name: "policy-replay", Run: (*Node).replayPolicy}
)

func decidingRoutes() []owner.Route[*Node] {
	return []owner.Route[*Node]{ListPolicies.Route(), ShowPolicy.Route(), AdoptPolicy.Route(), EndPolicy.Route(), ListRules.Route(), MakeRule.Route(),
		ReplayPolicy.Route(), ListStewards.Route(), GiveSteward.Route()}
}

// Policy is a policy that the node was given.
type Policy struct {
	ID       string    `json:"policy"`
	State    string    `json:"state"` // waits, coming, force, past or broken
	Decision string    `json:"decision"`
	Body     string    `json:"body"`
	Network  string    `json:"network"`    // what it is called here
	Of       string    `json:"network_id"` // its id, the same everywhere
	From     time.Time `json:"from,omitzero"`
	Until    time.Time `json:"until,omitzero"`
	By       string    `json:"by,omitempty"` // who adopted it: "operator", "standing" or a person's id
	Ground   string    `json:"ground,omitempty"`
	Fault    string    `json:"fault,omitempty"`
}

// PolicyShow names a policy that the node was given, or holds the text of a draft.
type PolicyShow struct {
	ID   string `json:"policy,omitempty"`
	Text []byte `json:"text,omitempty"`
	Lang string `json:"lang"`
}

// PolicyShown is a policy in sentences.
type PolicyShown struct {
	ID     string          `json:"policy"`
	Digest string          `json:"digest"`
	Policy *Policy         `json:"given,omitempty"` // what it is here; nil for a draft
	About  []string        `json:"about"`
	Rules  [][]string      `json:"rules"`
	Signed json.RawMessage `json:"signed,omitempty"`
}

// PolicyAct is an act about a policy: its id to adopt it, its name to put an end to it.
type PolicyAct struct {
	Policy string `json:"policy"`
	Ground string `json:"ground"`
}

// RuleMake says whether what a network's body decides is adopted without an act each time.
type RuleMake struct {
	Network string `json:"network"`        // its short name, or the name of the node that is its own
	Body    string `json:"body,omitempty"` // its id or name; "": each of the network's that has no rule of its own
	Adopts  bool   `json:"adopts"`
	Ground  string `json:"ground"`
}

// StandingRule is such a rule.
type StandingRule struct {
	Network string    `json:"network"`
	Body    string    `json:"body,omitempty"`
	Adopts  bool      `json:"adopts"`
	By      string    `json:"by"`
	Ground  string    `json:"ground"`
	Made    time.Time `json:"made"`
}

// PolicyReplay judges what was asked by a draft.
type PolicyReplay struct {
	Text    []byte    `json:"text"`
	Network string    `json:"network,omitempty"` // its short name; "" where there is only one
	Since   time.Time `json:"since"`
}

// Change is a kind of question that would be answered otherwise.
type Change struct {
	policy.Request
	Times int64          `json:"times"`
	Would policy.Outcome `json:"would"`
}

// Replayed is how many questions were asked, and how many would be answered otherwise.
type Replayed struct {
	Asked   int64 `json:"asked"`
	Changed int64 `json:"changed"`
	Partly  bool  `json:"partly,omitempty"` // there were too many kinds to look at all
}

// networks are the people's networks, served or not.
func (n *Node) networks(ctx context.Context) (*network.Registry, error) {
	if c := n.serving.Load(); c != nil {
		return c.Networks, nil
	}
	return network.Open(ctx, n.db)
}

// given lists the policies that the node was given, of whichever network.
func (n *Node) given(ctx context.Context) ([]policy.Known, error) {
	var of []string
	for _, k := range n.policies.Keys() {
		of = append(of, k.Network)
	}
	for _, a := range n.policies.InForce() { // also where its key isn't believed any more
		if a.Signed != nil {
			of = append(of, a.Signed.Mandate.Network)
		}
	}
	slices.Sort(of)
	return n.policies.Known(ctx, slices.Compact(of)...)
}

func (n *Node) listPolicies(ctx context.Context, _ None, s Sink[Policy]) (None, error) {
	registry, err := n.networks(ctx)
	if err != nil {
		return None{}, err
	}
	all, err := n.given(ctx)
	for _, k := range all {
		if err := s.Item(n.policyOf(registry, k)); err != nil {
			return None{}, err
		}
	}
	return None{}, err
}

func (n *Node) policyOf(registry *network.Registry, k policy.Known) Policy {
	m := k.Signed.Mandate
	p := Policy{ID: k.Signed.Draft.ID(), State: string(k.State), Decision: m.Number, Body: cmp.Or(m.BodyName["en"], m.BodyName["sv"], m.BodyName["nb"], m.Body),
		Network: n.slugOf(registry, m.Network), Of: m.Network}
	if a := k.Adopted; a != nil {
		p.From, p.Until, p.By, p.Ground = a.Starts, a.Until, a.By, a.Ground
	}
	if k.Fault != nil {
		p.Fault = k.Fault.Error()
	}
	return p
}

// slugOf is what a network is called by: its short name, or the name of the one node that says it is its own.
func (n *Node) slugOf(registry *network.Registry, id string) string {
	if at, ok := registry.Tree().Network(network.ID(id)); ok {
		return at.Slug
	}
	name := id
	for _, p := range n.nodes.Peers() {
		switch {
		case !slices.ContainsFunc(p.Networks, func(k federation.NetworkKey) bool { return k.Network == id }):
		case name != id: // two do
			return id
		default:
			name = p.Name
		}
	}
	return name
}

// networkOf finds a network by its short name or id; "" is the only country's.
func networkOf(registry *network.Registry, name string) (*network.Network, error) {
	roots := registry.Tree().Roots()
	if name == "" && len(roots) == 1 {
		return roots[0], nil
	}
	var slugs []string
	for _, root := range roots {
		for _, n := range registry.Tree().Down(root.ID) {
			if n.Slug == name || string(n.ID) == name {
				return n, nil
			}
			slugs = append(slugs, n.Slug)
		}
	}
	err := fault.New(fault.NotFound, "there is no network %.60q here", name).Where("--network")
	if len(slugs) > 0 {
		err = err.Do("one of %s", strings.Join(slugs, ", "))
	}
	return nil, err
}

func (n *Node) showPolicy(ctx context.Context, q PolicyShow, _ Sink[None]) (r PolicyShown, err error) {
	words, err := lang.Read(policy.Messages)
	if err != nil {
		return r, err
	}
	w, ok := words[q.Lang]
	if !ok {
		return r, fault.New(fault.Invalid, "nothing is said in %.20q", q.Lang).Where("--lang").Do("sv, nb or en")
	}
	registry, err := n.networks(ctx)
	if err != nil {
		return r, err
	}
	var d policy.Draft
	if q.Text != nil {
		d, err = policy.ParseDraft(q.Text)
	} else {
		var k policy.Known
		if k, err = n.known(ctx, q.ID); err == nil {
			shown := n.policyOf(registry, k)
			d, r.Policy = k.Signed.Draft, &shown
			r.Signed, err = json.Marshal(k.Signed)
		}
	}
	if err != nil {
		return r, err
	}
	digest, err := d.Digest()
	said := d.Say(w, n.named(ctx, registry, q.Lang))
	r.ID, r.Digest, r.About, r.Rules = d.ID(), digest.String(), said.About, said.Rules
	return r, err
}

// named says an organisation's id by its name.
func (n *Node) named(ctx context.Context, registry *network.Registry, code string) func(string) string {
	return func(id string) string {
		if o, _, err := organisation(ctx, registry, id); err == nil {
			name, _ := o.Name.In(code)
			return name
		}
		return id
	}
}

// known finds a policy that the node was given: by its id, or by its digest where two networks have one of that id.
func (n *Node) known(ctx context.Context, id string) (k policy.Known, err error) {
	all, err := n.given(ctx)
	if err != nil {
		return k, err
	}
	var found []policy.Known
	for _, k := range all {
		if k.Signed.Draft.ID() == id || k.Digest.String() == id {
			found = append(found, k)
		}
	}
	switch len(found) {
	case 0:
		return k, fault.New(fault.NotFound, "the node was given no policy %.80q", id).Do("see 'samverk policy list'")
	case 1:
		return found[0], nil
	}
	return k, fault.New(fault.Conflict, "several networks have a policy %s", id).Do("name it by its digest, which 'samverk policy show --json' tells")
}

func (n *Node) adoptPolicy(ctx context.Context, q PolicyAct, _ Sink[None]) (None, error) {
	k, err := n.known(ctx, q.Policy)
	if err != nil {
		return None{}, err
	}
	if k.State != policy.Waits {
		return None{}, fault.New(fault.Conflict, "policy %s doesn't wait to be adopted: %s", k.Signed.Draft.ID(), k.State)
	}
	if err := n.policies.Adopt(ctx, k.Signed, policy.Adoption{By: policy.Actor{Operator: true}, Ground: q.Ground}); err != nil {
		return None{}, err
	}
	n.carry(ctx)
	return None{}, nil
}

func (n *Node) endPolicy(ctx context.Context, q PolicyAct, _ Sink[None]) (None, error) {
	var lines []string
	for _, a := range n.policies.InForce() {
		if of, name, _ := strings.Cut(a.Line, "/"); name == q.Policy || of+"/"+name == q.Policy {
			lines = append(lines, a.Line)
		}
	}
	switch len(lines) {
	case 0:
		return None{}, fault.New(fault.NotFound, "no policy %.80q is in force", q.Policy).Do("give its name without the version, as in care-frequency")
	case 1:
	default:
		return None{}, fault.New(fault.Conflict, "several networks have a policy %s", q.Policy).Do("one of %s", strings.Join(lines, ", "))
	}
	if err := n.policies.End(ctx, policy.Actor{Operator: true}, lines[0], q.Ground); err != nil {
		return None{}, err
	}
	n.carry(ctx)
	return None{}, nil
}

func (n *Node) listRules(ctx context.Context, _ None, s Sink[StandingRule]) (None, error) {
	registry, err := n.networks(ctx)
	if err != nil {
		return None{}, err
	}
	rules, err := n.policies.Rules(ctx)
	for _, r := range rules {
		if err := s.Item(n.ruleOf(ctx, registry, r)); err != nil {
			return None{}, err
		}
	}
	return None{}, err
}

func (n *Node) ruleOf(ctx context.Context, registry *network.Registry, r policy.StandingRule) StandingRule {
	out := StandingRule{Network: n.slugOf(registry, r.Network), Body: r.Body, Adopts: r.Adopts, By: r.By, Ground: r.Ground, Made: r.Made}
	_ = registry.Look(ctx, network.Clock(), func(tx *storage.Tx, _ network.Access) error { // what has no name is shown by its id
		b, err := registry.Body(ctx, tx, network.BodyID(r.Body))
		if err == nil {
			out.Body = english(b.Name)
		}
		return err
	})
	return out
}

func (n *Node) makeRule(ctx context.Context, q RuleMake, _ Sink[None]) (out StandingRule, err error) {
	registry, err := n.networks(ctx)
	if err != nil {
		return out, err
	}
	ids, body := n.elsewhereAs(q.Network), q.Body
	if len(ids) == 0 {
		of, err := networkOf(registry, q.Network)
		if err != nil {
			return out, err
		}
		if ids = []string{string(of.ID)}; q.Body != "" {
			if body, err = bodyOf(ctx, registry, of.ID, q.Body); err != nil {
				return out, err
			}
		}
	}
	for _, id := range ids {
		if err := n.policies.SetStanding(ctx, policy.Actor{Operator: true}, id, body, q.Adopts, q.Ground); err != nil {
			return out, err
		}
	}
	rules, err := n.policies.Rules(ctx)
	for _, r := range rules {
		if slices.Contains(ids, r.Network) && r.Body == body {
			return n.ruleOf(ctx, registry, r), err
		}
	}
	return out, err
}

// bodyOf finds a network's body by its id or name.
func bodyOf(ctx context.Context, registry *network.Registry, in network.ID, name string) (id string, err error) {
	err = registry.Look(ctx, network.Clock(), func(tx *storage.Tx, a network.Access) error {
		at, _ := registry.Tree().Network(in)
		all, err := registry.Bodies(ctx, tx, a, at.Root, in)
		if err != nil {
			return err
		}
		var names []string
		for _, b := range all {
			if string(b.ID) == name || called(b.Name, name) {
				id = string(b.ID)
				return nil
			}
			names = append(names, english(b.Name))
		}
		return fault.New(fault.NotFound, "the network has no body %.80q", name).Where("--body").Do("one of %s", strings.Join(names, ", "))
	})
	return id, err
}

// english is a name for the operator: in English, or as it is.
func english(t network.Text) string {
	name, _ := t.In("en")
	return name
}

// called tells whether something has a name in some language.
func called(t network.Text, name string) bool {
	return slices.ContainsFunc([]string{t.SV, t.NB, t.EN}, func(s string) bool { return s != "" && strings.EqualFold(s, name) })
}

func (n *Node) replayPolicy(ctx context.Context, q PolicyReplay, s Sink[Change]) (r Replayed, err error) {
	d, err := policy.ParseDraft(q.Text)
	if err != nil {
		return r, err
	}
	of, err := n.replayedIn(ctx, q.Network, d)
	if err != nil {
		return r, err
	}
	found, err := n.policies.Replay(ctx, of, d, q.Since)
	if err != nil {
		return r, err
	}
	for _, c := range found.Changes {
		if err := s.Item(Change{c.Request, c.Times, c.Would}); err != nil {
			return r, err
		}
	}
	return Replayed{Asked: found.Asked, Changed: found.Changed, Partly: found.Partly}, nil
}

// replayedIn is the network in whose line a draft would be: the one named, the one that has a policy of that name, or the only one.
func (n *Node) replayedIn(ctx context.Context, name string, d policy.Draft) (string, error) {
	if name == "" {
		for _, a := range n.policies.InForce() {
			if of, line, _ := strings.Cut(a.Line, "/"); line == d.Name {
				return of, nil
			}
		}
	}
	registry, err := n.networks(ctx)
	if err != nil {
		return "", err
	}
	if name == "" && len(registry.Tree().Roots()) == 0 {
		return "none", nil // nothing is decided here yet
	}
	of, err := networkOf(registry, name)
	if err != nil {
		return "", err
	}
	return string(of.ID), nil
}

// ReadDraft reads a policy's text from a file.
func ReadDraft(path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, cannotRead(path, err)
	}
	_, err = policy.ParseDraft(b)
	var e *fault.Error
	if errors.As(err, &e) {
		err = e.In(path)
	}
	return b, err
}

// PresetDraft is the text of a draft to begin from.
func PresetDraft(name, country string) ([]byte, error) {
	var names []string
	for _, p := range policy.Presets(country) {
		if names = append(names, p.Name); p.Name == name {
			return json.MarshalIndent(p.Draft, "", "  ")
		}
	}
	return nil, fault.New(fault.NotFound, "there is no draft %.60q to begin from", name).Do("one of %s", strings.Join(names, ", "))
}
