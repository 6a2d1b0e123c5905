package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/json"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/samverk/samverk/fault"
)

// A Proof stands alone: whoever has the log's public key from somewhere else needs nothing but it. As JSON, hashes and bytes
// are Base64.
//
// To check that a leaf is in the log (RFC 9162, section 2.1.3.2): begin with SHA-256(0x00 ‖ leaf). Walk from the leaf's
// index and the last index, taking in each hash of the path with SHA-256(0x01 ‖ left ‖ right). The result must be the root that
// the checkpoint states, and the checkpoint's signature must be the key's.
//
// To check that the log has only grown (RFC 9162, section 2.1.4.2): the same two roots come out of the path for the older
// checkpoint and the newer one.
type Proof struct {
	Format string `json:"format"`
	Key    string `json:"key"` // the log's; compare it with the one you know

	Index uint64 `json:"index"` // of the leaf
	Leaf  []byte `json:"leaf,omitempty"`

	Older      string   `json:"older,omitempty"` // the checkpoint that the newer one continues
	Checkpoint string   `json:"checkpoint"`
	Path       [][]byte `json:"path"`
}

// The formats of proofs.
const (
	inclusionFormat   = "samverk ledger inclusion 1"
	consistencyFormat = "samverk ledger consistency 1"
)

// Prove shows that a leaf is in the log, under a checkpoint that it waits for if need be.
func (l *Ledger) Prove(ctx context.Context, index uint64) (Proof, error) {
	c, err := l.Covering(ctx, index)
	if err != nil {
		return Proof{}, err
	}
	return proveLeaf(files{ctx, l.Source()}, l.key.Public, c, index)
}

// ProveLeaf shows from a log's public files that a leaf is under its newest checkpoint.
func ProveLeaf(ctx context.Context, from Source, public string, index uint64) (Proof, error) {
	c, err := fetchCheckpoint(ctx, from, public)
	if err != nil {
		return Proof{}, err
	}
	return proveLeaf(files{ctx, from}, public, c, index)
}

func proveLeaf(f files, public string, c Checkpoint, index uint64) (Proof, error) {
	leaf, err := entry(f, index, c.Size)
	if err != nil {
		return Proof{}, err
	}
	path, err := tlog.ProveRecord(int64(c.Size), int64(index), tlog.TileHashReader(c.tree(), f))
	if err != nil {
		return Proof{}, damaged(err)
	}
	p := Proof{Format: inclusionFormat, Key: public, Index: index, Leaf: leaf, Checkpoint: c.Note}
	p.add(path)
	return p, p.Verify(public)
}

// ProveGrowth shows from a log's public files that its newest checkpoint continues an older one.
func ProveGrowth(ctx context.Context, from Source, public string, older Checkpoint) (Proof, error) {
	newer, err := fetchCheckpoint(ctx, from, public)
	if err != nil {
		return Proof{}, err
	}
	p := Proof{Format: consistencyFormat, Key: public, Older: older.Note, Checkpoint: newer.Note}
	if older.Size > 0 && older.Size < newer.Size {
		path, err := tlog.ProveTree(int64(newer.Size), int64(older.Size), tlog.TileHashReader(newer.tree(), files{ctx, from}))
		if err != nil {
			return Proof{}, damaged(err)
		}
		p.add(path)
	}
	return p, p.Verify(public)
}

func (p *Proof) add(path []tlog.Hash) {
	p.Path = [][]byte{}
	for _, h := range path {
		p.Path = append(p.Path, h[:])
	}
}

// ReadProof reads a proof as JSON. It has yet to be verified.
func ReadProof(b []byte) (p Proof, err error) {
	if err := json.Unmarshal(b, &p); err != nil {
		return Proof{}, fault.Wrap(fault.Invalid, err, "this is no proof")
	}
	return p, nil
}

// Verify checks a proof against the log's public key, which must not come from the proof.
func (p Proof) Verify(public string) error {
	newer, err := ReadCheckpoint([]byte(p.Checkpoint), public)
	if err != nil {
		return err
	}
	path := make([]tlog.Hash, len(p.Path))
	for i, h := range p.Path {
		if len(h) != tlog.HashSize {
			return fault.New(fault.Invalid, "a hash of the proof has %d bytes", len(h))
		}
		copy(path[i][:], h)
	}
	switch p.Format {
	case inclusionFormat:
		return p.verifyLeaf(newer, path)
	case consistencyFormat:
		return p.verifyGrowth(newer, path, public)
	}
	return fault.New(fault.Invalid, "%.60q is no format of a proof", p.Format).Do("a newer version of samverk may know it")
}

func (p Proof) verifyLeaf(c Checkpoint, path []tlog.Hash) error {
	if p.Index >= c.Size {
		return fault.New(fault.Invalid, "the proof is of leaf %d under a checkpoint of %d", p.Index, c.Size)
	}
	leaf := tlog.RecordHash(p.Leaf)
	if err := tlog.CheckRecord(path, int64(c.Size), tlog.Hash(c.Root), int64(p.Index), leaf); err != nil {
		return fault.New(fault.Invalid, "the proof doesn't hold: this leaf isn't in the log at %d", p.Index)
	}
	return nil
}

func (p Proof) verifyGrowth(newer Checkpoint, path []tlog.Hash, public string) error {
	older, err := ReadCheckpoint([]byte(p.Older), public)
	if err != nil {
		return err
	}
	return grown(older, newer, path)
}

// grown checks that a log of one checkpoint begins with that of an older one.
func grown(older, newer Checkpoint, path []tlog.Hash) error {
	fork := fault.New(fault.Invalid, "the log was changed: its checkpoint of %d doesn't continue the one of %d", newer.Size, older.Size)
	empty := sha256.Sum256(nil)
	switch {
	case older.Size > newer.Size:
		return fault.New(fault.Invalid, "the log has shrunk: its checkpoint of %d comes after one of %d", newer.Size, older.Size)
	case older.Size == newer.Size && older.Root != newer.Root, older.Size == 0 && older.Root != empty:
		return fork
	case older.Size == newer.Size, older.Size == 0:
		if len(path) > 0 {
			return fault.New(fault.Invalid, "the proof has a path where none is needed")
		}
		return nil
	}
	a, b := older.tree(), newer.tree()
	if tlog.CheckTree(path, b.N, b.Hash, a.N, a.Hash) != nil {
		return fork
	}
	return nil
}
