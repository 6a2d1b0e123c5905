package store

import (
	"container/list"
	"sync"
)

// cache keeps decoded blocks up to a number of bytes, the least recently used going first.
// It is split so that askers on several cores seldom wait for each other.
type cache struct {
	shards [16]shard
}

type shard struct {
	mu    sync.Mutex
	order list.List // of *cached, most recent first
	at    map[place]*list.Element
	size  int
	max   int
}

// place is a block's number in a segment's index.
type place struct{ segment, block uint32 }

type cached struct {
	place place
	block *block
	size  int
}

func newCache(bytes int) *cache {
	c := new(cache)
	for i := range c.shards {
		c.shards[i].at = make(map[place]*list.Element)
		c.shards[i].max = bytes / len(c.shards)
	}
	return c
}

func (c *cache) shard(p place) *shard {
	return &c.shards[(p.block^p.segment*0x9e37)%uint32(len(c.shards))]
}

func (c *cache) get(p place) *block {
	s := c.shard(p)
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.at[p]
	if e == nil {
		return nil
	}
	s.order.MoveToFront(e)
	return e.Value.(*cached).block
}

func (c *cache) put(p place, b *block) {
	s := c.shard(p)
	size := cap(b.data) + 8*len(b.pos) + 4*len(b.starts) + 4*len(b.listOf) + 48*len(b.long) + 256
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.at[p] != nil || size > s.max {
		return
	}
	s.at[p] = s.order.PushFront(&cached{p, b, size})
	for s.size += size; s.size > s.max; {
		e := s.order.Back()
		old := s.order.Remove(e).(*cached)
		delete(s.at, old.place)
		s.size -= old.size
	}
}
