package together

import (
	"context"
	"sync"
	"time"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/federation"
	"github.com/samverk/samverk/policy"
)

// path is where questions go at a node.
const path = "ask"

// How many messages to a node may be under way. While one is answered all that is asked meanwhile waits, to go together: whoever asks alone waits for
// nobody, and many who ask share signatures and the node's syncs. What takes its time has a way of its own, so that nobody's short question waits for it.
const (
	underway     = 1
	underwayLong = 2
)

// outbox is what is to be asked of one node.
type outbox struct {
	nodes    *federation.Nodes
	peer     string
	deadline time.Duration
	underway int

	mu      sync.Mutex
	waiting []*waiter
	sending int
}

// waiter is one question that waits for its answer.
type waiter struct {
	ctx  context.Context
	q    *question
	done chan struct{}
	got  reply
	err  error
}

// box gives the outbox for a question to a node.
func (d *Desk) box(peer string, q *question) *outbox {
	b := &outbox{nodes: d.nodes, peer: peer, deadline: d.deadline, underway: underway}
	way := ""
	switch {
	case q.Kind == policy.Annotate:
		way, b.deadline, b.underway = " pages", pageDeadline, pagesAtOnce
	case !q.short():
		way, b.underway = " long", underwayLong
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if there := d.out[peer+way]; there != nil {
		return there
	}
	d.out[peer+way] = b
	return b
}

// ask sends a question, with others if there are, and waits for its answer until ctx ends.
func (b *outbox) ask(ctx context.Context, q *question) (reply, error) {
	a := &waiter{ctx: ctx, q: q, done: make(chan struct{})}
	b.mu.Lock()
	b.waiting = append(b.waiting, a)
	if b.sending < b.underway {
		b.sending++
		go b.send()
	}
	b.mu.Unlock()
	select {
	case <-a.done:
		return a.got, a.err
	case <-ctx.Done():
		return reply{}, ctx.Err()
	}
}

// send sends what waits until nothing does.
func (b *outbox) send() {
	for {
		b.mu.Lock()
		batch := b.take()
		if len(batch) == 0 {
			b.sending--
			b.mu.Unlock()
			return
		}
		b.mu.Unlock()
		b.exchange(batch)
		for _, a := range batch {
			close(a.done)
		}
	}
}

// take gives the next questions that go together, less those that nobody waits for any more. It must be called with b.mu held.
func (b *outbox) take() (batch []*waiter) {
	keys, bytes, listed := 0, 0, 0
	for len(b.waiting) > 0 && len(batch) < mostQuestions {
		a := b.waiting[0]
		keys, listed = keys+len(a.q.keys), listed+a.q.listed()
		bytes += a.q.size
		if len(batch) > 0 && (keys > mostKeys || listed > answer.MostInRegion || bytes > mostMessage/2) {
			break
		}
		b.waiting[0], b.waiting = nil, b.waiting[1:]
		if err := a.ctx.Err(); err != nil {
			a.err = err
			close(a.done)
			continue
		}
		batch = append(batch, a)
	}
	return batch
}

// exchange sends a message and takes its answer apart. What goes wrong with it goes wrong with each question in it.
func (b *outbox) exchange(batch []*waiter) {
	err := func() error {
		var body []byte
		var err error
		for _, a := range batch {
			if body, err = a.q.append(body); err != nil {
				return fault.Wrap(fault.Internal, err, "the question can't be written")
			}
		}
		ctx, cancel := context.WithTimeout(context.Background(), b.deadline) // not one asker's: others wait too
		defer cancel()
		got, err := b.nodes.Call(ctx, b.peer, path, body, mostAnswer)
		if err != nil {
			return err
		}
		r := reader{b: got}
		for _, a := range batch {
			a.got = r.reply()
		}
		if len(r.b) > 0 {
			r.bad = true
		}
		return r.err()
	}()
	if err != nil {
		for _, a := range batch {
			a.got, a.err = reply{}, err
		}
	}
}
