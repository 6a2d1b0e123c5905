package testkit

import (
	"encoding/binary"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// Clock is a clock that steps a second each time it is read, from 2026-01-01.
type Clock struct{ ticks atomic.Int64 }

// Now gives the next second.
func (c *Clock) Now() time.Time {
	return time.Date(2026, 1, 1, 0, 0, int(c.ticks.Add(1)-1), 0, time.UTC)
}

// Rand gives the same bytes for the same seed. It is for one goroutine at a time.
func Rand(seed uint64) *rand.ChaCha8 {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	return rand.NewChaCha8(key)
}
