package storage

import (
	"encoding/binary"
	"io"
	"sync"

	"github.com/samverk/samverk/fault"
)

// crockford is the alphabet of https://www.crockford.com/base32.html: no I, L, O, U, and
// in ascending order, so that the text sorts as the number does.
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// ids hands out identifiers of 26 characters that sort by the time they were made: 48 bits of
// milliseconds and 80 random bits. Within a millisecond, or when the clock
// steps back, the next one is the last plus one.
type ids struct {
	rand io.Reader
	mu   sync.Mutex
	last [16]byte
}

// NewID gives an identifier that no other row has and that sorts after those before it.
func (db *DB) NewID() (string, error) { return db.ids.next(uint64(db.now().UnixMilli())) }

func (g *ids) next(ms uint64) (string, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if before := binary.BigEndian.Uint64(g.last[:8]) >> 16; ms <= before {
		increment(&g.last)
		return encode(g.last), nil
	}
	var id [16]byte
	binary.BigEndian.PutUint64(id[:8], ms<<16)
	if _, err := io.ReadFull(g.rand, id[6:]); err != nil {
		return "", fault.Wrap(fault.Internal, err, "no randomness for an identifier")
	}
	g.last = id
	return encode(id), nil
}

func increment(b *[16]byte) {
	for i := len(b) - 1; i >= 0; i-- {
		if b[i]++; b[i] != 0 {
			return
		}
	}
}

// encode writes 128 bits as 26 digits of 5 bits, the first of which holds only 3.
func encode(b [16]byte) string {
	hi, lo := binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])
	var out [26]byte
	for i := len(out) - 1; i >= 0; i-- {
		out[i] = crockford[lo&31]
		lo = lo>>5 | hi<<59
		hi >>= 5
	}
	return string(out[:])
}
