package ledger

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/samverk/samverk/fault"
)

// Witness is somebody else than who keeps a log, who sees to it that the log only grows. What they saw last of each log
// is in their folder, beside their key: DIR/key, DIR/key.pub, and DIR/LOG.checkpoint, LOG being the first 16
// hexadecimal digits of the SHA-256 of the log's name.
type Witness struct {
	dir string
	key key
	now func() time.Time
}

// NewWitness opens a witness's folder, or makes one with a key of the name.
func NewWitness(dir, name string, now func() time.Time, random io.Reader) (*Witness, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the witness's folder can't be made").In(dir)
	}
	seen, err := filepath.Glob(filepath.Join(dir, "*.checkpoint"))
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the witness's folder can't be read").In(dir)
	}
	k, err := loadKey(filepath.Join(dir, "key"), name, random, len(seen) == 0, cosignerOf)
	if err != nil {
		return nil, err
	}
	return &Witness{dir: dir, key: k, now: now}, nil
}

// PublicKey is what others check the witness's cosignatures with.
func (w *Witness) PublicKey() string { return w.key.Public }

// ForkError is the proof that a log was changed: two checkpoints, both signed by it, that can't both be true.
type ForkError struct {
	Seen, Now Checkpoint
	File      string // where both were kept
	err       error
}

func (e *ForkError) Error() string {
	return fmt.Sprintf("%v\n\nseen before:\n%s\nnow:\n%s", e.err, e.Seen.Note, e.Now.Note)
}

// Unwrap gives the fault.
func (e *ForkError) Unwrap() error { return e.err }

// Shrunk tells that the log has fewer leaves than it had: a copy of what is gone would mend it. Otherwise it holds something else.
func (e *ForkError) Shrunk() bool { return e.Now.Size < e.Seen.Size }

// Forget puts aside what was seen of a log, so that the next look believes it as if it were the first. It is for somebody who has found out
// why the log doesn't continue what was seen, and stands for it: the file stays, under another name.
func (w *Witness) Forget(public string) error {
	name, _, _ := strings.Cut(strings.TrimSpace(public), "+")
	file := w.file(name)
	err := os.Rename(file, strings.TrimSuffix(file, ".checkpoint")+w.now().UTC().Format("-20060102T150405.000000Z")+".forgotten")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fault.Wrap(fault.Unavailable, err, "what was seen of the log can't be put aside").In(file)
	}
	return nil
}

// Seen is how many leaves of a log were cosigned last, and when; none and the zero time for a log that wasn't.
func (w *Witness) Seen(public string) (leaves uint64, at time.Time, err error) {
	name, _, _ := strings.Cut(strings.TrimSpace(public), "+")
	c, err := w.seen(w.file(name), public)
	if err != nil || c.Note == "" {
		return 0, at, err
	}
	at, err = c.CosignedBy(w.key.Public)
	return c.Size, at, err
}

// file is where what was seen of a log is kept.
func (w *Witness) file(origin string) string {
	sum := sha256.Sum256([]byte(origin))
	return filepath.Join(w.dir, hex.EncodeToString(sum[:8])+".checkpoint")
}

// Watch looks at a log's newest checkpoint. If it continues the one seen last, it is cosigned, kept and returned, with how
// many leaves are new. If it doesn't, the error is a ForkError. A log that is seen for the first time is believed.
func (w *Witness) Watch(ctx context.Context, from Source, public string) (cosigned Checkpoint, added uint64, err error) {
	c, err := fetchCheckpoint(ctx, from, public)
	if err != nil {
		return c, 0, err
	}
	file := w.file(c.Origin)
	seen, err := w.seen(file, public)
	if err != nil {
		return c, 0, err
	}
	if err := w.compare(ctx, from, seen, c); err != nil {
		return c, 0, err
	}
	if c.Note, err = w.cosign(c.Note); err != nil {
		return c, 0, err
	}
	return c, c.Size - seen.Size, writeFile(file, []byte(c.Note), 0o600)
}

// seen reads what was cosigned last; nothing is a log without leaves.
func (w *Witness) seen(file, public string) (Checkpoint, error) {
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return Checkpoint{Root: sha256.Sum256(nil)}, nil
	}
	if err != nil {
		return Checkpoint{}, fault.Wrap(fault.Unavailable, err, "what was seen last can't be read").In(file)
	}
	c, err := ReadCheckpoint(b, public)
	if err != nil {
		return c, fault.Wrap(fault.Invalid, err, "what was seen last isn't of this key").In(file).
			Do("find out why the log has another key before you believe it; then move the file away")
	}
	return c, nil
}

func (w *Witness) compare(ctx context.Context, from Source, seen, now Checkpoint) error {
	var path tlog.TreeProof
	if seen.Size > 0 && seen.Size < now.Size {
		var err error
		path, err = tlog.ProveTree(int64(now.Size), int64(seen.Size), tlog.TileHashReader(now.tree(), files{ctx, from}))
		if err != nil {
			return fault.Wrap(fault.Unavailable, err, "the log's tiles can't be read, or aren't those of its checkpoint").
				Do("nothing was cosigned; try again, and ask who keeps the log if it goes on")
		}
	}
	if now.Size > 0 && now.Size < seen.Size {
		path, err := tlog.ProveTree(int64(seen.Size), int64(now.Size), tlog.TileHashReader(seen.tree(), files{ctx, from}))
		if err == nil && grown(now, seen, path) == nil {
			return fault.New(fault.Unavailable, "a checkpoint of %d leaves is served, and the log's files still hold the %d that were seen", now.Size, seen.Size).
				Do("look for a cache in front of the log: its checkpoint must not be kept in one")
		}
	}
	if err := grown(seen, now, path); err != nil {
		e := &ForkError{Seen: seen, Now: now, err: err}
		e.File = filepath.Join(w.dir, "evidence-"+w.now().UTC().Format("20060102T150405.000000Z")+".txt")
		return errors.Join(e, writeFile(e.File, []byte(e.Error()), 0o600))
	}
	return nil
}

// cosign adds the witness's line to a checkpoint: https://c2sp.org/tlog-cosignature, with Ed25519. An older line of the witness's
// own is replaced.
func (w *Witness) cosign(signed string) (string, error) {
	seed, err := seedOf(w.key.secret)
	if err != nil {
		return "", err
	}
	v, err := newCosigner(w.key.Public)
	if err != nil {
		return "", err
	}
	text, lines, _ := strings.Cut(signed, "\n\n")
	at := uint64(w.now().Unix())
	b := binary.BigEndian.AppendUint32(nil, v.hash)
	b = binary.BigEndian.AppendUint64(b, at)
	b = append(b, ed25519.Sign(ed25519.NewKeyFromSeed(seed), cosigned(at, text+"\n"))...)
	mine := "— " + v.name + " "
	var out strings.Builder
	out.WriteString(text + "\n\n")
	for l := range strings.Lines(lines) {
		if !strings.HasPrefix(l, mine) {
			out.WriteString(l)
		}
	}
	out.WriteString(mine + base64.StdEncoding.EncodeToString(b) + "\n")
	return out.String(), nil
}

func cosigned(at uint64, text string) []byte {
	return fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", at, text)
}

// CosignedBy checks that a witness has cosigned a checkpoint, and tells when.
func (c Checkpoint) CosignedBy(public string) (time.Time, error) {
	v, err := newCosigner(strings.TrimSpace(public))
	if err != nil {
		return time.Time{}, err
	}
	n, err := note.Open([]byte(c.Note), note.VerifierList(v))
	if err != nil {
		return time.Time{}, fault.Wrap(fault.Invalid, err, "the checkpoint isn't cosigned by %s", v.name)
	}
	b, err := base64.StdEncoding.DecodeString(n.Sigs[0].Base64)
	if err != nil {
		return time.Time{}, fault.Wrap(fault.Invalid, err, "the cosignature can't be read")
	}
	return time.Unix(int64(binary.BigEndian.Uint64(b[4:])), 0).UTC(), nil
}

const (
	algCosignature = 4 // in key ids and public keys, where a log's own signature has 1
	cosignatureLen = 8 + ed25519.SignatureSize
)

// cosigner is a note.Verifier of cosignatures.
type cosigner struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (v *cosigner) Name() string    { return v.name }
func (v *cosigner) KeyHash() uint32 { return v.hash }

func (v *cosigner) Verify(msg, sig []byte) bool {
	return len(sig) == cosignatureLen && ed25519.Verify(v.key, cosigned(binary.BigEndian.Uint64(sig), string(msg)), sig[8:])
}

func newCosigner(public string) (*cosigner, error) {
	bad := fault.New(fault.Invalid, "%.80q is no public key of a witness", public).
		Do("it looks like NAME+12ab34cd+B… and stands in the witness's key.pub")
	parts := strings.SplitN(public, "+", 3)
	if len(parts) != 3 {
		return nil, bad
	}
	b, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(b) != 1+ed25519.PublicKeySize || b[0] != algCosignature {
		return nil, bad
	}
	v := &cosigner{name: parts[0], hash: cosignerID(parts[0], b), key: b[1:]}
	if parts[0] == "" || parts[1] != fmt.Sprintf("%08x", v.hash) {
		return nil, bad
	}
	return v, nil
}

// cosignerID is the first four bytes of the SHA-256 of name, line feed, 4, and public key.
func cosignerID(name string, typed []byte) uint32 {
	sum := sha256.Sum256([]byte(name + "\n" + string(typed)))
	return binary.BigEndian.Uint32(sum[:])
}

// cosignerOf gives the public half of a witness's key.
func cosignerOf(secret string) (string, error) {
	s, err := note.NewSigner(secret)
	if err != nil {
		return "", err
	}
	seed, err := seedOf(secret)
	if err != nil {
		return "", err
	}
	typed := append([]byte{algCosignature}, ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)...)
	return fmt.Sprintf("%s+%08x+%s", s.Name(), cosignerID(s.Name(), typed), base64.StdEncoding.EncodeToString(typed)), nil
}
