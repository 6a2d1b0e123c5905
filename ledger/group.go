package ledger

import (
	"context"
	"slices"
	"time"

	"github.com/transparency-dev/tessera"

	"github.com/samverk/samverk/fault"
)

// group collects leaves while others are being synced, and hands them to Tessera together: each batch costs some ten syncs,
// however many leaves share them. Tessera's own batching goes by age alone, so that on a disk slower than the age batches
// stay small and the queue grows.
type group struct {
	waiting []waiting
	wake    chan struct{} // capacity 1
	done    chan struct{} // closed when the last leaf has its answer

	// Of the committing goroutine alone:
	next   uint64 // the index that the next leaf gets
	failed bool   // the last batch: its leaves may be in the log
	broken error  // somebody else changed the log
}

type waiting struct {
	bytes  []byte
	answer chan<- answer // with room for it: who asked may have gone
	of     int           // of those who were queued together
}

type answer struct {
	of    int
	index uint64
	err   error
}

const (
	groupMost = tileWidth

	// Tessera waits so long after a group's first leaf, for the rest of it to be handed over. In a process where everybody sleeps a timer is
	// up to a millisecond late, so whoever asks alone has an appender that doesn't wait.
	groupAge = 100 * time.Microsecond

	// Under load the next group waits so long for those who were just answered to ask again. Otherwise askers fall into two
	// halves, of which each waits for the other's syncs.
	gather = time.Millisecond
)

// enqueue must be called with l.mu held.
func (l *Ledger) enqueue(all [][]byte) <-chan answer {
	a := make(chan answer, len(all))
	for i, b := range all {
		l.group.waiting = append(l.group.waiting, waiting{b, a, i})
	}
	l.rouse()
	return a
}

// rouse wakes the goroutine that commits, if it sleeps.
func (l *Ledger) rouse() {
	select {
	case l.group.wake <- struct{}{}:
	default:
	}
}

// commitAll commits groups until the ledger is closed and nobody waits.
func (l *Ledger) commitAll() {
	defer close(l.group.done)
	for range l.group.wake {
		for {
			batch, closed := l.next()
			if len(batch) == 0 {
				if closed {
					return
				}
				break
			}
			l.commit(batch)
			if len(batch) > 1 {
				time.Sleep(gather)
			}
		}
	}
}

// next takes those who wait, as many as make one batch.
func (l *Ledger) next() (batch []waiting, closed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := min(len(l.group.waiting), groupMost)
	batch = l.group.waiting[:n:n]
	l.group.waiting = l.group.waiting[n:]
	return batch, l.closed
}

// commit hands one batch to Tessera and waits until it is on the disk. After a failure the next batch begins at the tree state
// again and writes anew whatever the failed one left; nothing that was synced once is relied on twice.
func (l *Ledger) commit(batch []waiting) {
	entries, futures := make([]*tessera.Entry, len(batch)), make([]tessera.IndexFuture, len(batch))
	for i, w := range batch {
		entries[i] = tessera.NewEntry(w.bytes)
	}
	err := l.group.broken
	if err == nil {
		err = l.probe()
	}
	appender := l.appender
	if len(batch) == 1 {
		appender = l.alone
	}
	for i, e := range entries {
		if err == nil {
			futures[i] = appender.Add(context.Background(), e)
		}
	}
	if err != nil {
		for _, w := range batch {
			w.answer <- answer{of: w.of, err: err}
		}
		return
	}
	answers := make([]answer, len(batch))
	for i := range batch {
		x, err := futures[i]()
		answers[i] = answer{index: x.Index, err: err}
	}
	l.group.judge(answers)
	for i, w := range batch {
		answers[i].of = w.of
		w.answer <- answers[i]
	}
	if l.group.failed {
		l.sweep(edge(l.group.next)[2:]) // not where the checkpoint may be being written
	}
}

// judge compares a batch's indexes with those that it must have, whichever leaf has which: on a busy machine Tessera cuts a batch in pieces, and
// may write a later one first. Tessera begins a new log where its state is gone, and goes on where another process has written; then nothing of the
// batch, and nothing after it, is acknowledged.
func (g *group) judge(answers []answer) {
	failed, written := false, []uint64(nil)
	for _, a := range answers {
		if failed = failed || a.err != nil; a.err == nil {
			written = append(written, a.index)
		}
	}
	slices.Sort(written)
	for _, index := range written {
		if g.broken == nil && (index < g.next || index > g.next && !g.failed && !failed) {
			g.broken = fault.New(fault.Internal, "the ledger was changed by another process: leaf %d was written as %d", g.next, index)
		}
		g.next = index + 1
	}
	if g.failed = failed; g.broken != nil {
		for i := range answers {
			answers[i] = answer{err: g.broken}
		}
	}
}
