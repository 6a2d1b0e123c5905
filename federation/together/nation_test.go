package together_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/federation"
	"github.com/samverk/samverk/federation/message"
	"github.com/samverk/samverk/federation/together"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/internal/testnode"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/storage"
)

// nation is a node that holds nobody and regions that each hold the same people, all over HTTP.
type nation struct {
	nodes   *federation.Nodes
	desk    *together.Desk
	regions []*region
}

type region struct {
	*testnode.Node
	name   string
	nodes  *federation.Nodes
	server *httptest.Server
	before atomic.Pointer[func(http.ResponseWriter, *http.Request) bool] // may answer instead
}

// member opens a node's part of the federation, with its server.
func member(t testing.TB, name, dir string, o federation.Options, answering func(*federation.Nodes)) (*federation.Nodes, *httptest.Server, *region) {
	t.Helper()
	db, err := storage.Open(t.Context(), "sqlite:"+filepath.Join(dir, "federation.db"), storage.Options{Migrations: []fs.FS{federation.Migrations}})
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	n, err := federation.Open(t.Context(), db, dir, o)
	must(t, err)
	t.Cleanup(n.Close)
	r := &region{name: name, nodes: n}
	r.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if f := r.before.Load(); f != nil && (*f)(w, q) {
			return
		}
		n.ServeHTTP(w, q)
	}))
	t.Cleanup(r.server.Close)
	if answering != nil {
		answering(n)
	}
	must(t, n.Init(t.Context(), federation.Identity{Name: name, Title: "Region " + name, URL: r.server.URL, Country: "SE"}))
	return n, r.server, r
}

func newNation(t testing.TB, regions int, o together.Options, policies ...policy.Draft) *nation {
	t.Helper()
	x := &nation{}
	x.nodes, _, _ = member(t, "nation", t.TempDir(), federation.Options{}, nil)
	for i := range regions {
		r := x.add(t, fmt.Sprintf("r%d", i), federation.Options{})
		r.Fill(t)
		if len(policies) == 0 {
			r.Adopt(t, testnode.Preset(t, "care"))
		}
		for _, d := range policies {
			r.Adopt(t, d)
		}
	}
	x.desk = together.New(x.nodes, o)
	return x
}

// add makes a region and joins it.
func (x *nation) add(t testing.TB, name string, o federation.Options, fill ...func(*testnode.Node)) *region {
	t.Helper()
	node := testnode.Open(t)
	for _, f := range fill {
		f(node)
	}
	o.Status = func(context.Context) federation.Status { return federation.Status{Holds: true} }
	_, _, r := member(t, name, node.Dir, o, func(n *federation.Nodes) { together.Answering(n, node.Desk) })
	r.Node = node
	invitation, err := x.nodes.Invite(t.Context())
	must(t, err)
	_, err = r.nodes.Join(t.Context(), invitation)
	must(t, err)
	self, _ := r.nodes.Self()
	must(t, x.nodes.Approve(t.Context(), name, self.KeyID()))
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		p, _ := x.nodes.Peer(name)
		back, _ := r.nodes.Peer("nation")
		if p.State == federation.Approved && p.Said.Holds && back.State == federation.Approved {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%s: %+v, and there %+v", name, p, back)
		}
	}
	x.regions = append(x.regions, r)
	return r
}

func must(t testing.TB, err error) {
	if err != nil {
		t.Helper()
		t.Fatal(err)
	}
}

func key(t testing.TB, s string) variant.Key {
	t.Helper()
	k, err := variant.ParseKey(s)
	must(t, err)
	return k
}

func carried(t testing.TB) together.Question {
	return together.Question{Ask: testnode.Clinician(), Keys: []variant.Key{key(t, testnode.Carried)}}
}

func (r *region) stub(f func(http.ResponseWriter, *http.Request) bool) {
	if f == nil {
		r.before.Store(nil)
		return
	}
	r.before.Store(&f)
}

// Every region's answer is what its own desk answers, and the sum is theirs.
func TestAsk(t *testing.T) {
	x := newNation(t, 3, together.Options{})
	q := carried(t)
	q.Keys = append(q.Keys, key(t, testnode.Assumed), key(t, testnode.Unread), key(t, testnode.Zero))
	one, err := x.regions[0].Desk.Ask(t.Context(), answer.Question{Ask: q.Ask, Keys: q.Keys})
	must(t, err)
	for range 2 { // the second from what is remembered
		a, err := x.desk.Ask(t.Context(), q)
		must(t, err)
		if a.Asked != 3 || a.Answered != 3 || !a.Complete() {
			t.Fatalf("%d of %d answered: %+v", a.Answered, a.Asked, a.Replies)
		}
		for i := range q.Keys {
			for _, r := range a.Replies {
				if r.Answer.Counts[i] != one.Counts[i] {
					t.Errorf("%s %s: %+v, and alone %+v", r.Node, q.Keys[i], r.Answer.Counts[i], one.Counts[i])
				}
				if r.Answer.Verdict.Number != "2026-14" || r.Answer.Verdict.Decision == "" || r.Answer.Verdict.Precision != one.Verdict.Precision {
					t.Errorf("allowed by %+v", r.Answer.Verdict)
				}
			}
			if got, want := a.Totals[i].AN, policy.Sum([]policy.Cell{one.Counts[i].AN}, []int{3}); got != want && one.Counts[i].Covered {
				t.Errorf("%s: AN %v, not %v", q.Keys[i], got, want)
			}
			if got, want := a.Totals[i].Carriers, policy.Sum([]policy.Cell{one.Counts[i].Carriers}, []int{3}); got != want && one.Counts[i].Covered {
				t.Errorf("%s: carriers %v, not %v", q.Keys[i], got, want)
			}
		}
	}
}

// Who doesn't answer is named with the reason, and is in no sum.
func TestSilence(t *testing.T) {
	x := newNation(t, 4, together.Options{Deadline: 700 * time.Millisecond})
	first, err := x.desk.Ask(t.Context(), carried(t))
	must(t, err)
	x.regions[0].server.CloseClientConnections()
	x.regions[0].stub(func(w http.ResponseWriter, _ *http.Request) bool { // the line is cut in the middle of an answer
		c, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_, _ = c.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhalf"))
			_ = c.Close()
		}
		return true
	})
	x.regions[1].stub(func(_ http.ResponseWriter, r *http.Request) bool {
		_, _ = io.Copy(io.Discard, r.Body) // a connection's end is noticed once its request is read
		<-r.Context().Done()
		return true
	})
	must(t, x.regions[2].nodes.Revoke(t.Context(), "nation", "a test"))
	a, err := x.desk.Ask(t.Context(), carried(t))
	must(t, err)
	want := map[string]together.How{"r0": together.Unreachable, "r1": together.Late, "r2": together.Refused, "r3": together.Answered}
	for _, r := range a.Replies {
		if r.How != want[r.Node] {
			t.Errorf("%s: %s (%v), not %s", r.Node, r.How, r.Why, want[r.Node])
		}
		if (r.Why == nil) != (r.How == together.Answered) || r.How != together.Answered && len(r.Answer.Counts) > 0 {
			t.Errorf("%s: %v with %v", r.Node, r.Why, r.Answer.Counts)
		}
	}
	if a.Asked != 4 || a.Answered != 1 || a.Complete() || a.Totals[0] != first.Replies[3].Answer.Counts[0] {
		t.Errorf("%d of %d: %+v", a.Answered, a.Asked, a.Totals)
	}
}

// A node's own policy refuses; the others answer.
func TestDenied(t *testing.T) {
	x := newNation(t, 1, together.Options{})
	bare := x.add(t, "bare", federation.Options{})
	bare.Fill(t)
	a, err := x.desk.Ask(t.Context(), carried(t))
	must(t, err)
	if a.Replies[0].Node != "bare" || a.Replies[0].How != together.Denied || a.Replies[1].How != together.Answered || a.Answered != 1 {
		t.Errorf("%+v", a.Replies)
	}
	operator := carried(t)
	operator.Ask = testnode.Operator(consent.Care)
	if a, err = x.desk.Ask(t.Context(), operator); err != nil || a.Answered != 0 {
		t.Errorf("somebody else's operator was answered: %+v, %v", a.Replies, err)
	}
}

// What was remembered is never told once somebody withdrew.
func TestRemembered(t *testing.T) {
	x := newNation(t, 2, together.Options{})
	ask := func() (ac int, unchanged [2]bool) {
		a, err := x.desk.Ask(t.Context(), carried(t))
		must(t, err)
		for i, r := range a.Replies {
			unchanged[i] = r.Unchanged
		}
		return a.Totals[0].Carriers.Low, unchanged
	}
	before, same := ask()
	if same != [2]bool{} {
		t.Error("remembered before it was told")
	}
	if again, same := ask(); again != before || same != [2]bool{true, true} {
		t.Errorf("%d, and then %d unchanged %v", before, again, same)
	}
	size, err := x.regions[0].Ledger.Size(t.Context())
	must(t, err)
	must(t, x.regions[0].Set(t.Context(), testnode.Person, consent.Care, false))
	after, same := ask()
	if after != before-1 || same != [2]bool{false, true} {
		t.Errorf("%d before the withdrawal and %d after, unchanged %v", before, after, same)
	}
	if now, err := x.regions[0].Ledger.Size(t.Context()); err != nil || now != size+1 {
		t.Errorf("%d leaves and then %d, %v", size, now, err)
	}
}

// Many who ask at once share messages, and each gets their own answer.
func TestTogether(t *testing.T) {
	x := newNation(t, 2, together.Options{Deadline: time.Minute})
	keys := []variant.Key{key(t, testnode.Carried), key(t, testnode.Zero), key(t, testnode.Assumed)}
	var want [3]answer.Count
	for i, k := range keys {
		a, err := x.desk.Ask(t.Context(), together.Question{Ask: testnode.Clinician(), Keys: []variant.Key{k}})
		must(t, err)
		want[i] = a.Totals[0]
	}
	var asking sync.WaitGroup
	for i := range 60 {
		asking.Go(func() {
			a, err := x.desk.Ask(t.Context(), together.Question{Ask: testnode.Clinician(), Keys: []variant.Key{keys[i%3]}})
			if err != nil || !a.Complete() || a.Totals[0] != want[i%3] {
				t.Errorf("%s: %+v, %v", keys[i%3], a, err)
			}
		})
	}
	asking.Wait()
}

// A stretch lists what anybody carries there, each with the sum over everybody.
func TestStretch(t *testing.T) {
	x := newNation(t, 2, together.Options{})
	where, err := variant.ParseRegion(testnode.Region)
	must(t, err)
	// In one region nobody is left who carries some of it.
	for i := range 40 {
		must(t, x.regions[1].Set(t.Context(), fmt.Sprintf("p%02d", i), consent.Care, i%9 == 0))
	}
	a, err := x.desk.Ask(t.Context(), together.Question{Ask: testnode.Clinician(), Region: &where})
	must(t, err)
	if !a.Complete() || len(a.Keys) == 0 || len(a.Totals) != len(a.Keys) {
		t.Fatalf("%+v", a)
	}
	each, err := x.desk.Ask(t.Context(), together.Question{Ask: testnode.Clinician(), Keys: a.Keys})
	must(t, err)
	for i, k := range a.Keys {
		if a.Totals[i] != each.Totals[i] {
			t.Errorf("%s: on the stretch %+v, alone %+v", k, a.Totals[i], each.Totals[i])
		}
	}
	whole, err := x.regions[0].Desk.Region(t.Context(), answer.Region{Ask: testnode.Clinician(), Chrom: where.Chrom, From: where.From, To: where.To})
	must(t, err)
	if len(whole.Keys) != len(a.Keys) {
		t.Errorf("%d variants, and %d in the region with everybody", len(a.Keys), len(whole.Keys))
	}
	for _, limit := range []int{1, 7, 40} { // the same, as far as it goes
		some, err := x.desk.Ask(t.Context(), together.Question{Ask: testnode.Clinician(), Region: &where, Limit: limit})
		must(t, err)
		if n := min(limit, len(a.Keys)); !some.Complete() || len(some.Keys) != n || len(some.Totals) != n {
			t.Fatalf("%d of %d: %d, %d answered", limit, len(a.Keys), len(some.Keys), some.Answered)
		}
		for i, k := range some.Keys {
			if k.Compare(a.Keys[i]) != 0 || some.Totals[i] != a.Totals[i] {
				t.Errorf("%d of %d: %s %+v, not %s %+v", limit, len(a.Keys), k, some.Totals[i], a.Keys[i], a.Totals[i])
			}
		}
	}
}

// A clock that is a day wrong, on either side, is named; put right, the node answers again.
func TestClock(t *testing.T) {
	var ahead atomic.Int64
	x := newNation(t, 1, together.Options{})
	wrong := x.add(t, "wrong", federation.Options{Now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }}, func(n *testnode.Node) { n.Fill(t) })
	wrong.Adopt(t, testnode.Preset(t, "care"))
	for _, day := range []time.Duration{24 * time.Hour, -24 * time.Hour, 0} {
		ahead.Store(int64(day))
		a, err := x.desk.Ask(t.Context(), carried(t))
		must(t, err)
		if a.Replies[0].How != together.Answered || a.Totals[0].Carriers.Low != a.Answered*a.Replies[0].Answer.Counts[0].Carriers.Low {
			t.Errorf("%s: %+v", day, a)
		}
		var f *fault.Error
		switch r := a.Replies[1]; {
		case day == 0 && r.How != together.Answered:
			t.Errorf("the clock is right again: %s, %v", r.How, r.Why)
		case day != 0 && (r.How != together.Refused || !errors.As(r.Why, &f) || f.Code != "message.clock"):
			t.Errorf("%s: %s, %v", day, r.How, r.Why)
		}
	}
}

// A node that is stopped, and begun again with a newer version of the protocol, while it is asked: each question is answered by it or says that it wasn't,
// and no total is of anything else.
func TestUpgrade(t *testing.T) {
	x := newNation(t, 2, together.Options{Deadline: 10 * time.Second})
	r := x.regions[1]
	first, err := x.desk.Ask(t.Context(), carried(t))
	must(t, err)
	each := first.Replies[0].Answer.Counts[0].Carriers.Low
	var asking sync.WaitGroup
	var whole, partial atomic.Int64
	done := make(chan struct{})
	for range 4 {
		asking.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				a, err := x.desk.Ask(t.Context(), carried(t))
				if err != nil || a.Totals[0].Carriers.Low != a.Answered*each || a.Replies[0].How != together.Answered {
					t.Errorf("%v: %+v", err, a)
					return
				}
				if a.Complete() {
					whole.Add(1)
				} else {
					partial.Add(1)
				}
			}
		})
	}
	addr := r.server.Listener.Addr().String()
	r.server.CloseClientConnections()
	r.server.Close()
	r.nodes.Close()
	for partial.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	db, err := storage.Open(t.Context(), "sqlite:"+filepath.Join(r.Dir, "federation.db"), storage.Options{Migrations: []fs.FS{federation.Migrations}})
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	upgraded, err := federation.Open(t.Context(), db, r.Dir, federation.Options{Speaks: message.Versions{Oldest: 1, Newest: 2},
		Status: func(context.Context) federation.Status { return federation.Status{Holds: true} }})
	must(t, err)
	t.Cleanup(upgraded.Close)
	together.Answering(upgraded, r.Desk)
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", addr)
	must(t, err)
	server := &http.Server{Handler: upgraded, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	before := whole.Load()
	for end := time.Now().Add(time.Minute); whole.Load() == before; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Error("the upgraded node isn't heard")
			break
		}
	}
	close(done)
	asking.Wait()
}
