package store

import (
	"io"
	"os"
	"path/filepath"
)

// FS is where segment files live. The operating system's directory is one; the tests have
// another that forgets what was not synced.
type FS interface {
	Create(name string) (File, error) // truncates
	Open(name string) (File, error)
	Remove(name string) error
	List() ([]string, error)
	SyncDir() error // makes names durable
}

// File is what a segment needs of a file.
type File interface {
	io.ReaderAt
	io.Writer
	io.Closer
	Sync() error
	Size() (int64, error)
}

// Dir is a directory of the operating system as an FS.
type Dir string

type osFile struct{ *os.File }

// Size is the file's length in bytes.
func (f osFile) Size() (int64, error) {
	st, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return st.Size(), nil
}

// Create makes or truncates a file that only its owner reads.
func (d Dir) Create(name string) (File, error) {
	f, err := os.OpenFile(filepath.Join(string(d), name), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	return osFile{f}, err
}

// Open opens a file for reading. Its name may go while it is open: readers of an old snapshot go on.
func (d Dir) Open(name string) (File, error) {
	f, err := os.Open(filepath.Join(string(d), name))
	return osFile{f}, err
}

// Remove takes a name away.
func (d Dir) Remove(name string) error { return os.Remove(filepath.Join(string(d), name)) }

// List names the files.
func (d Dir) List() ([]string, error) {
	entries, err := os.ReadDir(string(d))
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		if e.Type().IsRegular() {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// SyncDir makes the directory's names durable.
func (d Dir) SyncDir() error {
	f, err := os.Open(string(d))
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
