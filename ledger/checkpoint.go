package ledger

import (
	"crypto/ed25519"
	"encoding/base64"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/samverk/samverk/fault"
)

// Checkpoint is a log's size and root hash, as it signed them.
type Checkpoint struct {
	Origin string
	Size   uint64
	Root   [32]byte
	Note   string // the signed text: https://c2sp.org/tlog-checkpoint
}

func (c Checkpoint) tree() tlog.Tree { return tlog.Tree{N: int64(c.Size), Hash: tlog.Hash(c.Root)} }

// ReadCheckpoint reads a checkpoint and checks its signature with the log's public key.
func ReadCheckpoint(signed []byte, public string) (Checkpoint, error) {
	v, err := note.NewVerifier(strings.TrimSpace(public))
	if err != nil {
		return Checkpoint{}, fault.New(fault.Invalid, "%.80q is no public key of a log", public).
			Do("it looks like NAME+12ab34cd+… and stands in the log's key.pub")
	}
	n, err := note.Open(signed, note.VerifierList(v))
	if err != nil {
		return Checkpoint{}, fault.Wrap(fault.Invalid, err, "the checkpoint isn't signed by %s", v.Name())
	}
	if !plainBase64(n) {
		return Checkpoint{}, fault.New(fault.Invalid, "a signature on the checkpoint isn't written as signatures are")
	}
	c, err := parseCheckpoint(n.Text)
	if err != nil {
		return Checkpoint{}, err
	}
	if c.Origin != v.Name() {
		return Checkpoint{}, fault.New(fault.Invalid, "the checkpoint is of the log %q, and signed by %q", c.Origin, v.Name())
	}
	c.Note = string(signed)
	return c, nil
}

// plainBase64 refuses the other spellings that Base64 has for the same bytes, so that a changed bit is seen wherever it is.
func plainBase64(n *note.Note) bool {
	for _, s := range append(n.Sigs, n.UnverifiedSigs...) {
		b, err := base64.StdEncoding.Strict().DecodeString(s.Base64)
		if err != nil || base64.StdEncoding.EncodeToString(b) != s.Base64 {
			return false
		}
	}
	return true
}

// parseCheckpoint reads the text of a checkpoint; lines after the third are somebody else's.
func parseCheckpoint(text string) (c Checkpoint, err error) {
	bad := fault.New(fault.Invalid, "this isn't a log's checkpoint")
	lines := strings.SplitN(text, "\n", 4)
	if len(lines) < 4 || lines[0] == "" {
		return c, bad
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return c, bad
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != len(c.Root) {
		return c, bad
	}
	c.Origin, c.Size = lines[0], uint64(size)
	copy(c.Root[:], root)
	return c, nil
}

// verifierOf gives the public half of a key in the format of notes.
func verifierOf(secret string) (string, error) {
	s, err := note.NewSigner(secret)
	if err != nil {
		return "", err
	}
	seed, err := seedOf(secret)
	if err != nil {
		return "", err
	}
	return note.NewEd25519VerifierKey(s.Name(), ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey))
}

// seedOf gives the seed of a private key, PRIVATE+KEY+NAME+HASH+BASE64. The Base64 may have plus signs of its own.
func seedOf(secret string) ([]byte, error) {
	parts := strings.SplitN(secret, "+", 5)
	b, err := base64.StdEncoding.DecodeString(parts[len(parts)-1])
	if err != nil || len(parts) != 5 || len(b) != 1+ed25519.SeedSize {
		return nil, fault.New(fault.Invalid, "this is no private key")
	}
	return b[1:], nil
}
