package ledger

import (
	"context"
	"encoding/binary"

	"github.com/transparency-dev/tessera/api/layout"

	"github.com/samverk/samverk/fault"
)

// Copy hands over the files that make a log at its newest checkpoint, the checkpoint last, while it may go on growing: for a
// backup, or for somebody who wants to serve it. Together with the key they can be opened; what was appended later isn't there.
func Copy(ctx context.Context, from Source, public string, put func(name string, b []byte) error) (Checkpoint, error) {
	c, err := fetchCheckpoint(ctx, from, public)
	if err != nil {
		return c, err
	}
	if c.Size == 0 {
		return c, fault.New(fault.Unavailable, "the log is just beginning").Do("try again in a moment")
	}
	f := files{ctx, from}
	for t := uint64(0); t*tileWidth < c.Size; t++ {
		n := int(min(tileWidth, c.Size-t*tileWidth))
		entries, _, err := f.entries(t, n)
		if err != nil {
			return c, damaged(err)
		}
		var b []byte
		for _, e := range entries {
			b = binary.BigEndian.AppendUint16(b, uint16(len(e)))
			b = append(b, e...)
		}
		if err := put(layout.EntriesPath(t, uint8(n%tileWidth)), b); err != nil {
			return c, err
		}
	}
	for level, hashes := uint64(0), c.Size; hashes > 0; level, hashes = level+1, hashes/tileWidth {
		if err := f.copyLevel(level, hashes, put); err != nil {
			return c, err
		}
	}
	return c, put("checkpoint", []byte(c.Note))
}

// copyLevel hands over the tiles of a level that has so many hashes.
func (f files) copyLevel(level, hashes uint64, put func(name string, b []byte) error) error {
	for t := uint64(0); t*tileWidth < hashes; t++ {
		n := int(min(tileWidth, hashes-t*tileWidth))
		row, _, err := f.hashes(level, t, n)
		if err != nil {
			return damaged(err)
		}
		var b []byte
		for _, h := range row {
			b = append(b, h[:]...)
		}
		if err := put(layout.TilePath(level, t, uint8(n%tileWidth)), b); err != nil {
			return err
		}
	}
	return nil
}
