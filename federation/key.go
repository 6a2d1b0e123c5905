package federation

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/samverk/samverk/fault"
)

// secrets are what only this node has: DIR/node/key.
type secrets struct {
	Format     string    `json:"format"`
	Seed       []byte    `json:"seed"`             // of the Ed25519 key
	Next       []byte    `json:"next,omitempty"`   // of the key that takes its place
	NextAt     time.Time `json:"nextAt,omitzero"`  // when that was announced
	Signed     []byte    `json:"signed,omitempty"` // the announcement's signatures
	Proved     []byte    `json:"proved,omitempty"`
	Pseudonyms []byte    `json:"pseudonyms"` // the key of the HMAC that persons are told by
}

const keyFormat = "samverk node key 1"

// keyFile is where a node's secrets are in its data directory.
func keyFile(dir string) string { return filepath.Join(dir, "node", "key") }

// readKey reads the node's secrets; nil without an error where the file isn't.
func readKey(dir string) (*secrets, error) {
	path := keyFile(dir)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // a node may have none
	}
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the node's key can't be read").In(path)
	}
	defer f.Close()
	if st, err := f.Stat(); err != nil || st.Mode().Perm()&0o077 != 0 {
		return nil, fault.New(fault.Denied, "others can read the node's key").In(path).Do("chmod 600 %s; if others may have read it, revoke it at the peers and run samverk node init anew", path)
	}
	var s secrets
	if err := json.NewDecoder(io.LimitReader(f, 1<<16)).Decode(&s); err != nil || s.Format != keyFormat || len(s.Seed) != ed25519.SeedSize ||
		len(s.Next) != 0 && len(s.Next) != ed25519.SeedSize || len(s.Pseudonyms) != 32 {
		return nil, fault.New(fault.Invalid, "the file doesn't hold a node's key").In(path).Do("move it away and run samverk node init, then have the peers invite the node anew")
	}
	return &s, nil
}

func makeKey(random io.Reader) (*secrets, error) {
	s := &secrets{Format: keyFormat, Seed: make([]byte, ed25519.SeedSize), Pseudonyms: make([]byte, 32)}
	for _, b := range [][]byte{s.Seed, s.Pseudonyms} {
		if _, err := io.ReadFull(random, b); err != nil {
			return nil, fault.Wrap(fault.Internal, err, "there is no randomness for a key")
		}
	}
	return s, nil
}

// keep writes the file whole or not at all.
func (s *secrets) keep(dir string) (err error) {
	path := keyFile(dir)
	defer func() {
		if err != nil {
			err = fault.Wrap(fault.Unavailable, err, "the node's key can't be written").In(path).Do("free space on the disk, or give the right to write")
		}
	}()
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(folder, ".new-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already when all went well
	_, err = f.Write(append(b, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	d, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func (s *secrets) key() ed25519.PrivateKey { return ed25519.NewKeyFromSeed(s.Seed) }

// next is the key that takes the place of the one before it; nil while there is none.
func (s *secrets) next() ed25519.PrivateKey {
	if len(s.Next) == 0 {
		return nil
	}
	return ed25519.NewKeyFromSeed(s.Next)
}

func public(k ed25519.PrivateKey) ed25519.PublicKey { p, _ := k.Public().(ed25519.PublicKey); return p }
