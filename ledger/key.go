package ledger

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/samverk/samverk/fault"
)

// key signs a log's checkpoints, or a witness's cosignatures. It is an Ed25519 key in the format of
// signed notes (https://c2sp.org/signed-note), in a file of its own, with its public half beside it.
type key struct {
	secret string // never shown, and in no error
	Public string
}

// loadKey reads the key in file, or makes one named name if may says so: a key is not made where one has been. public gives
// its other half.
func loadKey(file, name string, random io.Reader, may bool, public func(secret string) (string, error)) (key, error) {
	b, err := os.ReadFile(file) //nolint:gosec // the operator says where the folder is
	switch {
	case errors.Is(err, fs.ErrNotExist) && may:
		if err := makeKey(file, name, random); err != nil {
			return key{}, err
		}
		return loadKey(file, name, random, false, public)
	case errors.Is(err, fs.ErrNotExist):
		return key{}, fault.New(fault.Internal, "the key that signs the log is gone").In(file).
			Do("restore the key from a backup; a log can't be continued with another key")
	case err != nil:
		return key{}, fault.Wrap(fault.Unavailable, err, "the key can't be read").In(file)
	}
	k := key{secret: strings.TrimSpace(string(b))}
	if k.Public, err = public(k.secret); err != nil {
		return key{}, fault.New(fault.Internal, "the file doesn't hold a key").In(file).Do("restore it from a backup")
	}
	if got, _, _ := strings.Cut(k.Public, "+"); got != name {
		return key{}, fault.New(fault.Invalid, "the key is for %q, and was opened as %q", got, name).In(file).
			Do("open it under its own name: a log keeps its name for ever")
	}
	return k, writePublic(file, k.Public)
}

func makeKey(file, name string, random io.Reader) error {
	secret, _, err := note.GenerateKey(random, name)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "no key could be made")
	}
	if _, err := note.NewSigner(secret); err != nil {
		return fault.New(fault.Invalid, "%q can't be a log's name", name).
			Do("use a name like example.org/ledger, without spaces and plus signs")
	}
	return writeFile(file, []byte(secret+"\n"), 0o600)
}

// writePublic puts the verifier key beside the key, where anybody who may read the folder finds it.
func writePublic(file, public string) error {
	want := public + "\n"
	if b, err := os.ReadFile(file + ".pub"); err == nil && string(b) == want { //nolint:gosec // as above
		return nil
	}
	return writeFile(file+".pub", []byte(want), 0o644)
}

// writeFile writes a file whole or not at all, and returns when it is on the disk under its name.
func writeFile(name string, b []byte, perm fs.FileMode) (err error) {
	defer func() {
		if err != nil {
			err = fault.Wrap(fault.Unavailable, err, "the file can't be written").In(name).Do("free space on the disk, or give the right to write")
		}
	}()
	f, err := os.CreateTemp(filepath.Dir(name), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already when all went well
	_, err = f.Write(b)
	if err = errors.Join(err, f.Chmod(perm), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), name); err != nil { //nolint:gosec // the operator says where the folder is
		return err
	}
	return syncDir(filepath.Dir(name))
}

// syncDir makes a directory's names durable.
func syncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // the operator says where the folder is
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
