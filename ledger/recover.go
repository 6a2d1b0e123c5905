package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"

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
	if err := os.MkdirAll(l.path(".state"), 0o755); err != nil {
		return unwritable(err)
	}
	f := files{ctx, l.Source()}
	state, err := readState(l.path(stateFile))
	if err != nil {
		return err
	}
	cp, err := fetchCheckpoint(ctx, l.Source(), l.key.Public)
	switch {
	case errors.Is(err, fs.ErrNotExist) && state.N <= 1: // a new log, or one that was killed while it began
		return l.begin(state)
	case err != nil:
		return lost(err)
	case cp.Size > uint64(state.N):
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
	return l.begin(state)
}

// begin makes the edge of a log that was found good ready to be written to.
func (l *Ledger) begin(state tlog.Tree) error {
	size := uint64(state.N)
	l.sweep(edge(size))
	return l.syncEdge(size)
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
	if err := json.Unmarshal(b, &s); err != nil || len(s.Root) != tlog.HashSize || int64(s.Size) < 0 {
		return tlog.Tree{}, fault.New(fault.Internal, "the ledger's state is damaged").In(name).Do("run samverk ledger verify")
	}
	t := tlog.Tree{N: int64(s.Size)}
	copy(t.Hash[:], s.Root)
	return t, nil
}

func (l *Ledger) writeState(t tlog.Tree) error {
	b, err := json.Marshal(treeState{Size: uint64(t.N), Root: t.Hash[:]})
	if err != nil {
		return fault.Wrap(fault.Internal, err, "the ledger's state can't be written")
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
	bundle := uint64(t.N-1) / tileWidth
	n := int(uint64(t.N) - bundle*tileWidth)
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
			return fault.New(fault.Internal, "entry %d isn't the one in the tree", bundle*tileWidth+uint64(i)).In(where)
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

// edge names the folders, beneath DIR/log, that are written to when the leaf with the index next comes.
func edge(next uint64) []string {
	n := next / tileWidth
	dirs := []string{".", ".state", path.Dir(layout.EntriesPath(n, 1)), path.Dir(layout.EntriesPath(n, 0))}
	for level := uint64(0); ; level, n = level+1, n/tileWidth {
		dirs = append(dirs, path.Dir(layout.TilePath(level, n, 1)), path.Dir(layout.TilePath(level, n, 0)))
		if n == 0 {
			return dirs
		}
	}
}

// syncEdge syncs the folders that will be written to next, and those they are in. A process killed between making a folder and
// syncing its name leaves it seen, and nobody would sync it again.
func (l *Ledger) syncEdge(size uint64) error {
	seen := map[string]bool{}
	for _, d := range edge(size) {
		for ; !seen[d]; d = path.Dir(d) {
			seen[d] = true
			if err := syncDir(l.path(filepath.FromSlash(d))); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return unwritable(err)
			}
		}
	}
	for _, d := range []string{l.dir, filepath.Dir(l.dir)} {
		if err := syncDir(d); err != nil {
			return unwritable(err)
		}
	}
	return nil
}

// sweep removes what killed or failed writes have left in folders of the edge: Tessera's temporary files are called as the file
// they were to become, and ten digits more. It doesn't remove them itself when the disk is full.
func (l *Ledger) sweep(dirs []string) {
	for _, d := range dirs {
		entries, err := os.ReadDir(l.path(filepath.FromSlash(d)))
		if err != nil {
			continue
		}
		for _, e := range entries {
			if e.Type().IsRegular() && temporary.MatchString(e.Name()) {
				_ = os.Remove(l.path(filepath.Join(filepath.FromSlash(d), e.Name())))
			}
		}
	}
}

var temporary = regexp.MustCompile(`^(\d{1,3}|checkpoint|treeState|gcState|version)\d{4,10}$`)

// Continues tells whether the log still begins as an older checkpoint of it says: one that a witness has seen, or that was
// kept beside a backup.
func (l *Ledger) Continues(ctx context.Context, older Checkpoint) error {
	state, err := readState(l.path(stateFile))
	if err != nil {
		return err
	}
	if err := (files{ctx, l.Source()}).continues(older.tree(), state); err != nil {
		return lost(err)
	}
	return nil
}
