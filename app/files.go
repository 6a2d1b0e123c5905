package app

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/samverk/samverk/fault"
)

// newFile is a file in the making: it has its name only once it is complete and on the disk.
type newFile struct {
	*os.File
	path string
	done bool
}

// create begins a file beside the place it will have. A directory, a device or a pipe can't be replaced by a rename.
func create(path string, mode fs.FileMode) (*newFile, error) {
	if st, err := os.Stat(path); err == nil && !st.Mode().IsRegular() {
		return nil, fault.New(fault.Invalid, "it exists and is no ordinary file").In(path).Do("choose another name")
	}
	name := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+"."+rand.Text())
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, mode) // the umask applies, as to any file a command makes
	if err != nil {
		return nil, cannotWrite(path, err)
	}
	return &newFile{File: f, path: path}, nil
}

func cannotWrite(path string, err error) error {
	k := fault.Unavailable
	if errors.Is(err, fs.ErrNotExist) {
		k = fault.NotFound
	}
	return fault.Wrap(k, err, "the file can't be written").In(path).Do("the folder has to exist, have room and be writable")
}

// keep syncs the file and gives it its name.
func (f *newFile) keep() error {
	err := f.Sync()
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(f.Name(), f.path)
	}
	if err == nil {
		err = syncDir(filepath.Dir(f.path))
	}
	if err != nil {
		return cannotWrite(f.path, err)
	}
	f.done = true
	return nil
}

// discard removes the file unless it was kept.
func (f *newFile) discard() {
	if !f.done {
		f.Close()
		os.Remove(f.Name())
	}
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if cerr := d.Close(); err == nil {
		err = cerr
	}
	return err
}

// writeFile writes a small private file in one step.
func writeFile(path string, b []byte) error {
	f, err := create(path, 0o600)
	if err != nil {
		return err
	}
	defer f.discard()
	if _, err := f.Write(b); err != nil {
		return cannotWrite(path, err)
	}
	return f.keep()
}

func cannotRead(path string, err error) error {
	k := fault.Unavailable
	switch {
	case errors.Is(err, fs.ErrNotExist):
		k = fault.NotFound
	case errors.Is(err, fs.ErrPermission):
		k = fault.Denied
	}
	return fault.Wrap(k, err, "the file can't be opened").In(path)
}
