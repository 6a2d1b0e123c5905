package ledger

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"

	"github.com/transparency-dev/tessera/api/layout"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/samverk/samverk/fault"
)

const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
	bundleMax  = tileWidth * (2 + 1<<16) // bytes
)

// Source gives a log's public files by their names under https://c2sp.org/tlog-tiles, such as "checkpoint"
// or "tile/0/x001/067". What doesn't exist is fs.ErrNotExist.
type Source func(ctx context.Context, name string) ([]byte, error)

// Dir is a log in a folder: DIR/log, or a copy of it.
func Dir(dir string) Source {
	return func(_ context.Context, name string) ([]byte, error) {
		return os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	}
}

// URL is a log that somebody serves.
func URL(client *http.Client, base string) (Source, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, fault.New(fault.Invalid, "%.200q is no address of a log", base).Do("it begins with https://")
	}
	return func(ctx context.Context, name string) ([]byte, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.JoinPath(name).String(), http.NoBody)
		if err != nil {
			return nil, err
		}
		a, err := client.Do(r)
		if err != nil {
			return nil, fault.Wrap(fault.Unavailable, err, "the log can't be reached")
		}
		defer a.Body.Close()
		switch a.StatusCode {
		case http.StatusOK:
			return io.ReadAll(io.LimitReader(a.Body, bundleMax))
		case http.StatusNotFound, http.StatusGone:
			return nil, fs.ErrNotExist
		}
		return nil, fault.New(fault.Unavailable, "the log answers %s for %s", a.Status, name)
	}, nil
}

// files reads a log's tiles and entries, partial ones from the full one when that has replaced them.
type files struct {
	ctx  context.Context // of one call of a function that makes a files; tlog's TileReader has no other place for it
	from Source
}

// read gives a tile's or bundle's file of n items, or the full one, and how many items it has; name gives the path of a width.
func (f files) read(name func(width uint8) string, n int) (b []byte, path string, items int, err error) {
	if n < tileWidth {
		path = name(uint8(n))
		if b, err = f.from(f.ctx, path); !errors.Is(err, fs.ErrNotExist) {
			return b, path, n, err
		}
	}
	whole := name(0)
	b, err = f.from(f.ctx, whole)
	if err == nil || n == tileWidth {
		path = whole
	}
	return b, path, tileWidth, err
}

// hashes gives the first n hashes of a tile.
func (f files) hashes(level, index uint64, n int) ([]tlog.Hash, string, error) {
	b, path, items, err := f.read(func(w uint8) string { return layout.TilePath(level, index, w) }, n)
	if err != nil {
		return nil, path, err
	}
	if len(b) != items*tlog.HashSize {
		return nil, path, fault.New(fault.Internal, "the tile has %d bytes, and should have %d", len(b), items*tlog.HashSize).In(path)
	}
	h := make([]tlog.Hash, n)
	for i := range h {
		copy(h[i][:], b[i*tlog.HashSize:])
	}
	return h, path, nil
}

// entries gives the first n entries of a bundle.
func (f files) entries(index uint64, n int) ([][]byte, string, error) {
	b, path, items, err := f.read(func(w uint8) string { return layout.EntriesPath(index, w) }, n)
	if err != nil {
		return nil, path, err
	}
	all, err := splitBundle(b)
	if err == nil && len(all) != items {
		err = fault.New(fault.Internal, "the bundle has %d entries, and should have %d", len(all), items)
	}
	if err != nil {
		return nil, path, fault.Wrap(fault.Internal, err, "damaged entries").In(path)
	}
	return all[:n], path, nil
}

// splitBundle cuts entries apart: each is its length in two bytes, big-endian, and its bytes.
func splitBundle(b []byte) (all [][]byte, err error) {
	for len(b) > 0 {
		if len(b) < 2 {
			return nil, fault.New(fault.Internal, "a length is cut short")
		}
		n := int(binary.BigEndian.Uint16(b))
		if b = b[2:]; len(b) < n || len(all) == tileWidth {
			return nil, fault.New(fault.Internal, "entry %d is cut short, or one too many", len(all))
		}
		all, b = append(all, b[:n:n]), b[n:]
	}
	return all, nil
}

// Height is of tiles: 2⁸ hashes each.
func (files) Height() int { return tileHeight }

// ReadTiles gives tiles to package tlog, which checks them against a tree's root.
func (f files) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for i, t := range tiles {
		h, _, err := f.hashes(uint64(t.L), uint64(t.N), t.W)
		if err != nil {
			return nil, err
		}
		for _, x := range h {
			data[i] = append(data[i], x[:]...)
		}
	}
	return data, nil
}

// SaveTiles keeps nothing.
func (files) SaveTiles([]tlog.Tile, [][]byte) {}
