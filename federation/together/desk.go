package together

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/federation"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/ledger"
	"github.com/samverk/samverk/policy"
)

// Question is asked of all nodes that hold genomes, or of some: about variants, or about what is carried on a stretch.
type Question struct {
	policy.Ask // as it is asked here; the person goes to each node under a pseudonym
	Keys       []variant.Key
	Region     *variant.Region // instead of keys
	Limit      int             // of variants on a stretch, the first ones; 0: all
	Case       string          // the asker's own case, as its home node names it ("north:…"), who is left out there; "": nobody
	Only       []string        // names of nodes; none: all

	packed *packed // of a part of a file: Keys, as they are sent to everybody
}

// How is what became of a question at one node.
type How string

// What can become of it.
const (
	Answered    How = "answered"
	Denied      How = "denied"      // by its policy
	Late        How = "late"        // it didn't answer within the deadline
	Unreachable How = "unreachable" // there is no connection
	Refused     How = "refused"     // it and this node don't take each other's messages: a clock, a key, a version
	Failed      How = "failed"      // it couldn't answer, or not so that it can be read
)

// Hows are all of them, the best first.
var Hows = []How{Answered, Denied, Late, Unreachable, Refused, Failed}

// Reply is what a node said, or why it said nothing.
type Reply struct {
	Node      string
	Title     string
	URL       string
	How       How
	Why       error         // nil if it answered
	Answer    answer.Answer // Counts in the order of the whole Answer's Keys; of its Receipt the index alone
	Took      time.Duration
	Unchanged bool // its numbers are those it gave before, and it said that they still hold
}

// Answer is all replies, and what those who answered come to.
type Answer struct {
	Keys        []variant.Key
	Totals      []answer.Count // of those who answered
	Individuals policy.Cell    // …
	Replies     []Reply        // by title
	Asked       int
	Answered    int
}

// Complete tells whether everybody who was asked answered.
func (a Answer) Complete() bool { return a.Answered == a.Asked }

// Deadline is how long a node has to answer, unless Options say otherwise.
const Deadline = 5 * time.Second

// Options of a desk.
type Options struct {
	Own      *answer.Desk  // of this node; nil: it has none
	Holds    func() bool   // whether Own has genomes now, and is asked too; nil: it has
	Deadline time.Duration // 0: Deadline
}

// Desk asks. Its methods may be called from many goroutines.
type Desk struct {
	nodes    *federation.Nodes
	own      *answer.Desk
	holds    func() bool
	deadline time.Duration
	known    memory
	compact  sync.Map // names of nodes that read keys packed closely

	mu  sync.Mutex
	out map[string]*outbox // by node, and how long it takes
}

// New makes a desk.
func New(n *federation.Nodes, o Options) *Desk {
	if o.Deadline <= 0 {
		o.Deadline = Deadline
	}
	if o.Holds == nil {
		o.Holds = func() bool { return true }
	}
	return &Desk{nodes: n, own: o.Own, holds: o.Holds, deadline: o.Deadline, out: map[string]*outbox{}}
}

// Node is one that a question would go to.
type Node struct{ Name, Title, URL string }

// Nodes are those that a question would go to now, by title.
func (d *Desk) Nodes() (out []Node) {
	if self, ok := d.nodes.Self(); ok && d.own != nil && d.holds() {
		out = append(out, Node{self.Name, self.Title, self.URL})
	}
	for _, p := range d.nodes.Peers() {
		if asked(p) {
			out = append(out, Node{p.Name, p.Title, p.URL})
		}
	}
	slices.SortFunc(out, func(a, b Node) int { return strings.Compare(a.Title+"\x00"+a.Name, b.Title+"\x00"+b.Name) })
	return out
}

// asked tells whether a peer is asked. One whose log was changed is named as refusing, not left out in silence.
func asked(p federation.Peer) bool {
	return p.Said.Holds && (p.State == federation.Approved || p.State == federation.Forked)
}

// Ask asks. It is an error when the question is none, or there is nobody to ask.
func (d *Desk) Ask(ctx context.Context, q Question) (Answer, error) {
	nodes, err := d.check(&q)
	if err != nil {
		return Answer{}, err
	}
	if q.Region != nil {
		return d.stretch(ctx, nodes, q)
	}
	replies := d.all(ctx, nodes, q, nil)
	if err := away(replies); err != nil {
		return Answer{}, err
	}
	return d.sum(q.Keys, replies), nil
}

// away is the error of an own case that another node counts: the whole answer would have the asker's own patient in it.
func away(replies []Reply) error {
	for _, r := range replies {
		if f := (*fault.Error)(nil); errors.As(r.Why, &f) && f.Code == answer.AwayCase {
			return r.Why
		}
	}
	return nil
}

func (d *Desk) check(q *Question) (nodes []Node, err error) {
	switch q.Question {
	case "":
		q.Question = policy.Frequency
	case policy.Exists, policy.Count, policy.Frequency:
	default:
		return nil, fault.New(fault.Invalid, "%q is not asked of variants", q.Question)
	}
	switch {
	case len(q.Keys) == 0 && q.Region == nil:
		return nil, fault.New(fault.Invalid, "nothing was asked").Do("name a variant, as in chr22-50000165-C-T")
	case len(q.Keys) > mostKeys:
		return nil, fault.New(fault.Invalid, "%d variants are more than the %d that are asked at once", len(q.Keys), mostKeys).Do("annotate a VCF instead")
	}
	if nodes, err = d.chosen(q.Only); err != nil || q.Case == "" {
		return nodes, err
	}
	if !slices.ContainsFunc(nodes, func(n Node) bool { return q.caseAt(n.Name) != "" }) { // it would be counted, and nobody told
		return nil, fault.New(fault.Invalid, "the case is of no node that is asked").Do("write it whole, with the name of its node: north:…").Say("together.case")
	}
	return nodes, nil
}

// chosen are the nodes that are asked.
func (d *Desk) chosen(only []string) ([]Node, error) {
	nodes := d.Nodes()
	for _, name := range only {
		if !slices.ContainsFunc(nodes, func(n Node) bool { return n.Name == name }) {
			return nil, fault.New(fault.NotFound, "no node %.60q can be asked", name).Say("together.node", name)
		}
	}
	if len(only) > 0 {
		nodes = slices.DeleteFunc(nodes, func(n Node) bool { return !slices.Contains(only, n.Name) })
	}
	if len(nodes) == 0 {
		return nil, fault.New(fault.Unavailable, "there is no other node to ask").Say("together.nobody").Do("samverk node invite, and samverk node join at the other node")
	}
	return nodes, nil
}

// all asks nodes at the same time, each for the keys that are its own in keys, or for those of the question.
func (d *Desk) all(ctx context.Context, nodes []Node, q Question, keys [][]variant.Key) []Reply {
	ctx, cancel := context.WithTimeout(ctx, d.deadline)
	defer cancel()
	replies := make([]Reply, len(nodes))
	var waiting sync.WaitGroup
	for i, n := range nodes {
		q := q
		if keys != nil {
			q.Keys, q.Region = keys[i], nil
		}
		waiting.Go(func() { replies[i] = d.one(ctx, n, q) })
	}
	waiting.Wait()
	return replies
}

// one asks one node.
func (d *Desk) one(ctx context.Context, n Node, q Question) Reply {
	began := time.Now()
	r := Reply{Node: n.Name, Title: n.Title, URL: n.URL}
	if self, _ := d.nodes.Self(); d.own != nil && n.Name == self.Name {
		r.Answer, r.Why = d.here(ctx, self.Name, q)
	} else {
		r.Answer, r.Unchanged, r.Why = d.there(ctx, n.Name, q)
	}
	r.Took, r.How = time.Since(began), how(r.Why)
	return r
}

// here asks this node's own desk.
func (d *Desk) here(ctx context.Context, self string, q Question) (answer.Answer, error) {
	leave := answer.LeaveOut{Guests: true, Case: q.caseAt(self)}
	if q.Region != nil {
		return d.own.Region(ctx, answer.Region{Ask: q.Ask, LeaveOut: leave, Chrom: q.Region.Chrom, From: q.Region.From, To: q.Region.To, Limit: q.Limit})
	}
	return d.own.Ask(ctx, answer.Question{Ask: q.Ask, LeaveOut: leave, Keys: q.Keys, Runs: q.packed != nil})
}

// there asks a peer.
func (d *Desk) there(ctx context.Context, peer string, q Question) (a answer.Answer, unchanged bool, err error) {
	sent, err := d.written(peer, q)
	if err != nil {
		return a, false, err
	}
	before, remembered := d.known.recall(peer, sent)
	sent.Have = before.tag
	got, err := d.box(peer, sent).ask(ctx, sent)
	switch {
	case err != nil:
		d.compact.Delete(peer) // it may have been set back to what it was
		return a, false, err
	case got.Problem != nil:
		a.Verdict = got.answer().Verdict // that doesn't allow it
		a.Verdict.Allowed = false
		return a, false, got.Problem.fault()
	case got.Unchanged && !remembered:
		return a, false, unreadable()
	case got.Unchanged:
		got.runs = before.runs
	case q.Region == nil:
		d.known.keep(before.id, got)
	}
	if got.Compact {
		d.compact.Store(peer, true)
	}
	if a = got.answer(); !fits(a, q) {
		return answer.Answer{}, false, unreadable()
	}
	if q.packed == nil {
		a.Counts, a.Runs = a.Runs.Counts(), nil
	}
	return a, got.Unchanged, nil
}

// fits tells whether an answer is one to the question: a count for each variant, and of a stretch what lies on it, in order.
func fits(a answer.Answer, q Question) bool {
	if q.Region == nil {
		return a.Runs.Len() == len(q.Keys) && len(a.Keys) == 0
	}
	for i, k := range a.Keys {
		if k.Chrom != q.Region.Chrom || k.Pos < q.Region.From || k.Pos > q.Region.To || i > 0 && a.Keys[i-1].Compare(k) >= 0 {
			return false
		}
	}
	return a.Runs.Len() == len(a.Keys) && (q.Limit <= 0 || len(a.Keys) <= q.Limit)
}

func unreadable() error {
	return (&reader{bad: true}).err()
}

// caseAt is the own case's token at a node; "" where it isn't at home.
func (q Question) caseAt(node string) string {
	if home, token, ok := strings.Cut(q.Case, ":"); ok && home == node {
		return token
	}
	return ""
}

// written is a question as a node gets it.
func (d *Desk) written(peer string, q Question) (s *question, err error) {
	s = &question{Organisation: q.Organisation, Sector: q.Sector, Role: q.Role, Approval: q.Approval, Kind: q.Question, Dataset: q.Dataset,
		Use: use{q.Use.Purpose, q.Use.Health, q.Use.Diseases, q.Use.Commercial, q.Use.Country}, Case: q.caseAt(peer), keys: q.Keys, Runs: q.packed != nil}
	if q.SignedIn {
		s.Person = d.nodes.Pseudonym(peer, q.Person)
	}
	if q.Region != nil {
		s.Region, s.Limit, s.keys = q.Region.String(), q.Limit, nil
	}
	// What a node wouldn't read would be refused with all that goes in the same message.
	size := len(s.Organisation) + len(s.Sector) + len(s.Role) + len(s.Approval) + len(s.Dataset) + len(s.Case) + len(s.Use.Country) + len(s.Region)
	for _, x := range s.Use.Diseases {
		size += len(x) + len(`"",`)
	}
	if size > mostHead/8 { // JSON may write a byte as six
		return nil, fault.New(fault.Invalid, "what is said of the question is longer than nodes are asked").Say("together.long")
	}
	if q.packed == nil {
		s.size, err = sizeOf(s.keys)
		return s, err
	}
	_, compact := d.compact.Load(peer)
	s.packed, s.size, err = q.packed.get(q.Keys, compact)
	if compact {
		s.Packed = len(s.keys)
	}
	return s, err
}

// sizeOf is how many bases keys have, if that isn't more than nodes are asked about.
func sizeOf(keys []variant.Key) (size int, err error) {
	for _, k := range keys {
		if size += len(k.Ref) + len(k.Alt); size > mostMessage/2 && len(keys) > 1 {
			return size, fault.New(fault.Invalid, "%d variants are longer together than nodes are asked about", len(keys)).Say("together.long")
		}
		if max(len(k.Ref), len(k.Alt)) > mostAllele {
			return size, fault.New(fault.Invalid, "an allele of %d bases is longer than nodes are asked about", max(len(k.Ref), len(k.Alt))).Say("together.allele")
		}
	}
	return size, nil
}

// packed is the keys of a part of a file, packed once for all who read them in the same way.
type packed struct {
	mu    sync.Mutex
	sized bool
	size  int
	err   error
	ways  [2][]byte // as before, and closely
}

func (p *packed) get(keys []variant.Key, compact bool) (b []byte, size int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.sized {
		p.size, p.err = sizeOf(keys)
		p.sized = true
	}
	way, pack := &p.ways[0], appendKeys
	if compact {
		way, pack = &p.ways[1], appendCompact
	}
	if p.err == nil && *way == nil {
		*way = pack(make([]byte, 0, 16*len(keys)), keys)
	}
	return *way, p.size, p.err
}

// answer is a reply as it is read here.
func (r *reply) answer() answer.Answer {
	a := answer.Answer{Keys: r.keys, Runs: r.runs, Epoch: r.Epoch, Datasets: r.Datasets, Receipt: ledger.Receipt{Index: r.Leaf},
		Verdict: policy.Verdict{Allowed: true, Precision: r.Verdict.Precision, K: r.Verdict.K, Zero: r.Verdict.Zero, Policy: r.Verdict.Policy, Digest: r.Verdict.Digest,
			Decision: r.Verdict.Decision, Number: r.Verdict.Number, Network: r.Verdict.Network, Body: r.Verdict.Body}}
	if r.Individuals != nil {
		a.Individuals = *r.Individuals
	}
	return a
}

// how sorts what went wrong.
func how(err error) How {
	if err == nil {
		return Answered
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return Late
	}
	code := ""
	if f := (*fault.Error)(nil); errors.As(err, &f) {
		code = f.Code
	}
	switch {
	case code == "federation.late":
		return Late
	case code == "federation.unreachable":
		return Unreachable
	case strings.HasPrefix(code, "message."), strings.HasPrefix(code, "federation."):
		return Refused
	case fault.KindOf(err) == fault.Denied:
		return Denied
	}
	return Failed
}
