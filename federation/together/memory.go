package together

import (
	"container/list"
	"crypto/sha256"
	"encoding/binary"
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
	var room [512]byte
	b := binary.AppendUvarint(room[:0], uint64(len(q.Use.Diseases)))
	for _, s := range q.Use.Diseases {
		b = appendText(b, s)
	}
	for _, s := range [...]string{peer, string(q.Use.Purpose), q.Use.Country, string(q.Kind), q.Dataset, q.Case} {
		b = appendText(b, s)
	}
	for _, yes := range [...]bool{q.Use.Health, q.Use.Commercial} {
		if b = append(b, 0); yes {
			b[len(b)-1] = 1
		}
	}
	return sha256.Sum256(appendKeys(b, q.keys)), true
}

// appendText writes a text so that nothing else is written alike.
func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// recall gives what a node told of a question, and by what name it is remembered.
func (m *memory) recall(peer string, q *question) (r remembered, there bool) {
	if r.id, there = idOf(peer, q); !there {
		return r, false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.by[r.id]
	if e == nil {
		return r, false
	}
	m.order.MoveToFront(e)
	return e.Value.(remembered), true
}

// keep remembers an answer, by the name that recall gave the question.
func (m *memory) keep(id [32]byte, r reply) {
	if id == ([32]byte{}) || r.Tag == "" {
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
