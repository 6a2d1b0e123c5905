package together

import (
	"container/list"
	"crypto/sha256"
	"sync"

	"github.com/samverk/samverk/answer"
)

// memory is what nodes told before, with the tags by which they know whether it still holds. Only small questions are kept: of others the
// counting isn't what takes the time.
type memory struct {
	mu    sync.Mutex
	by    map[[32]byte]*list.Element
	order list.List // of remembered, the last used first
}

// remembered is what a node told.
type remembered struct {
	id   [32]byte
	tag  string
	runs answer.Runs
}

// Bounds of what is remembered.
const (
	mostRemembered = 1 << 14
	mostKept       = 16 // variants in a question
)

// idOf names a question to a node by all that it is about; not by who asks, whom the tag is about too.
func idOf(peer string, q *question) (id [32]byte, ok bool) {
	if len(q.keys) > mostKept || q.Region != "" {
		return id, false
	}
	about := question{Use: q.Use, Kind: q.Kind, Dataset: q.Dataset, Case: q.Case, keys: q.keys}
	b, err := about.append([]byte(peer + "\x00"))
	return sha256.Sum256(b), err == nil
}

func (m *memory) recall(peer string, q *question) (remembered, bool) {
	id, ok := idOf(peer, q)
	if !ok {
		return remembered{}, false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.by[id]
	if e == nil {
		return remembered{}, false
	}
	m.order.MoveToFront(e)
	return e.Value.(remembered), true
}

func (m *memory) keep(peer string, q *question, r reply) {
	id, ok := idOf(peer, q)
	if !ok || r.Tag == "" {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.by == nil {
		m.by = map[[32]byte]*list.Element{}
	}
	now := remembered{id, r.Tag, r.runs}
	if e := m.by[id]; e != nil {
		e.Value = now
		m.order.MoveToFront(e)
		return
	}
	m.by[id] = m.order.PushFront(now)
	if m.order.Len() > mostRemembered {
		last := m.order.Back()
		delete(m.by, last.Value.(remembered).id)
		m.order.Remove(last)
	}
}
