package ledger

import (
	"context"

	"github.com/transparency-dev/tessera"
)

// group collects leaves while others are being synced, and hands them to Tessera together: each batch costs some ten syncs,
// however many leaves share them. Tessera's own batching goes by age alone, so that on a disk slower than the age batches
// stay small and the queue grows.
type group struct {
	waiting []waiting
	wake    chan struct{} // capacity 1
	done    chan struct{} // closed when the last leaf has its answer
}

type waiting struct {
	bytes  []byte
	answer chan<- answer // capacity 1: who asked may have gone
}

type answer struct {
	index uint64
	err   error
}

// groupAge is how long Tessera waits after a group's first leaf, which is for the rest of it to be handed over.
const (
	groupMost = tileWidth
	groupAge  = 500_000 // nanoseconds
)

// enqueue must be called with l.mu held.
func (l *Ledger) enqueue(b []byte) <-chan answer {
	a := make(chan answer, 1)
	l.group.waiting = append(l.group.waiting, waiting{b, a})
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

// commit hands one batch to Tessera and waits until it is on the disk.
func (l *Ledger) commit(batch []waiting) {
	futures := make([]tessera.IndexFuture, len(batch))
	err := l.probe()
	for i, w := range batch {
		if err == nil {
			futures[i] = l.appender.Add(context.Background(), tessera.NewEntry(w.bytes))
		}
	}
	for i, w := range batch {
		if err != nil {
			w.answer <- answer{err: err}
			continue
		}
		x, err := futures[i]()
		w.answer <- answer{x.Index, err}
	}
}
