package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/transparency-dev/tessera/api/layout"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/samverk/samverk/fault"
)

// treeState is Tessera's file about what is in the tree.
type treeState struct {
	Size uint64 `json:"size"`
	Root []byte `json:"root"`
}

const stateFile = ".state/treeState"

// recover looks at a log before it is continued: what was signed must still be there, and what is in the tree must
// be what the tiles and entries say.
//
// Tessera signs the tree state as soon as it can see it, which may be before the name is on the disk. A loss of power just then
// leaves a checkpoint that is ahead of the state. Its tiles were synced before, so it becomes the state.
func (l *Ledger) recover(ctx context.Context) error {
	f := files{ctx, l.Source()}
	state, err := readState(l.path(stateFile))
	if err != nil {
		return err
	}
	cp, err := fetchCheckpoint(ctx, l.Source(), l.key.Public)
	switch {
	case errors.Is(err, fs.ErrNotExist) && state.N <= 1: // killed while it began
		return nil
	case err != nil:
		return lost(err)
	case cp.Size > uint64(state.N): //nolint:gosec // readState: not negative
		if err := f.holds(cp.tree()); err != nil {
			return lost(err)
		}
		state = cp.tree()
		if err := l.writeState(state); err != nil {
			return err
		}
	}
	if err := f.holds(state); err != nil {
		return lost(err)
	}
	if err := f.continues(cp.tree(), state); err != nil {
		return lost(err)
	}
	return l.syncEdge(state.N)
}

func lost(err error) error {
	return fault.Wrap(fault.Internal, err, "the ledger has lost what it signed, or was changed").
		Do("keep the folder as evidence; run samverk ledger verify; restore the ledger as a whole from its newest copy")
}

// readState reads the size and root of the tree. No file is an empty tree.
func readState(name string) (tlog.Tree, error) {
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return tlog.Tree{}, nil
	}
	if err != nil {
		return tlog.Tree{}, fault.Wrap(fault.Unavailable, err, "the ledger can't be read").In(name)
	}
	var s treeState
	if err := json.Unmarshal(b, &s); err != nil || len(s.Root) != tlog.HashSize || int64(s.Size) < 0 { //nolint:gosec // looked at
		return tlog.Tree{}, fault.New(fault.Internal, "the ledger's state is damaged").In(name).Do("run samverk ledger verify")
	}
	t := tlog.Tree{N: int64(s.Size)} //nolint:gosec // it fits
	copy(t.Hash[:], s.Root)
	return t, nil
}

func (l *Ledger) writeState(t tlog.Tree) error {
	b, err := json.Marshal(treeState{Size: uint64(t.N), Root: t.Hash[:]}) //nolint:gosec // not negative
	if err != nil {
		return fault.Wrap(fault.Internal, err, "the ledger's state can't be written")
	}
	if err := os.MkdirAll(l.path(".state"), 0o755); err != nil { //nolint:gosec // as Tessera makes it
		return unwritable(err)
	}
	return writeFile(l.path(stateFile), b, 0o644)
}

// holds checks a tree's right edge: that tiles give its root, and that the last entries are those in the tiles.
func (f files) holds(t tlog.Tree) error {
	if t.N == 0 {
		return nil
	}
	root, err := tlog.TreeHash(t.N, tlog.TileHashReader(t, f))
	if err != nil {
		return err
	}
	if root != t.Hash {
		return fault.New(fault.Internal, "the tiles give another root for the size %d", t.N)
	}
	bundle := uint64(t.N-1) / tileWidth      //nolint:gosec // positive
	n := int(uint64(t.N) - bundle*tileWidth) //nolint:gosec // at most 256
	entries, where, err := f.entries(bundle, n)
	if err != nil {
		return err
	}
	hashes, _, err := f.hashes(0, bundle, n)
	if err != nil {
		return err
	}
	for i, e := range entries {
		if tlog.RecordHash(e) != hashes[i] {
			return fault.New(fault.Internal, "entry %d isn't the one in the tree", bundle*tileWidth+uint64(i)).In(where) //nolint:gosec // small
		}
	}
	return nil
}

// continues checks that a tree begins with an older one.
func (f files) continues(older, newer tlog.Tree) error {
	if older.N > newer.N {
		return fault.New(fault.Internal, "the log has %d leaves, and %d were signed", newer.N, older.N)
	}
	if older.N == newer.N || older.N == 0 {
		if older.N == newer.N && older.N > 0 && older.Hash != newer.Hash {
			return fault.New(fault.Internal, "the log has two roots for the size %d", older.N)
		}
		return nil
	}
	p, err := tlog.ProveTree(newer.N, older.N, tlog.TileHashReader(newer, f))
	if err != nil {
		return err
	}
	return tlog.CheckTree(p, newer.N, newer.Hash, older.N, older.Hash)
}

// syncEdge syncs the folders that will be written to next. A process killed between making a folder and
// syncing its name leaves it seen, and nobody would sync it again.
func (l *Ledger) syncEdge(size int64) error {
	last := uint64(max(size, 1) - 1) //nolint:gosec // not negative
	seen := map[string]bool{}
	names := []string{layout.EntriesPath(last/tileWidth, 1), ".state/treeState"}
	for level, n := uint64(0), last/tileWidth; ; level, n = level+1, n/tileWidth {
		names = append(names, layout.TilePath(level, n, 1))
		if n == 0 {
			break
		}
	}
	for _, name := range names {
		for d := path.Dir(name); !seen[d]; d = path.Dir(d) {
			seen[d] = true
			if err := syncDir(l.path(filepath.FromSlash(d))); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return unwritable(err)
			}
		}
	}
	if err := syncDir(l.dir); err != nil {
		return unwritable(err)
	}
	return nil
}
