package store

import (
	"io"
	"io/fs"
	"sync"
	"syscall"
)

// forgetful is a file system in memory that keeps, through lose, only what was synced: contents by File.Sync, names by
// SyncDir. It can be full, and can fail the n-th call.
type forgetful struct {
	mu      sync.Mutex
	files   map[string]*memory
	durable map[string]*memory // the directory as it was last synced
	room    int                // bytes left; negative: no end
	failAt  int                // calls until one fails; negative: never
}

type memory struct {
	fs     *forgetful
	data   []byte
	synced int // bytes that a loss of power leaves
}

func newForgetful() *forgetful {
	return &forgetful{files: map[string]*memory{}, durable: map[string]*memory{}, room: -1, failAt: -1}
}

// lose is a loss of power.
func (f *forgetful) lose() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.files = map[string]*memory{}
	for name, m := range f.durable {
		m.data = m.data[:m.synced]
		f.files[name] = m
	}
}

// step fails if this call is the one to fail.
func (f *forgetful) step() error {
	if f.failAt < 0 {
		return nil
	}
	if f.failAt--; f.failAt < 0 {
		return syscall.EIO
	}
	return nil
}

func (f *forgetful) Create(name string) (File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.step(); err != nil {
		return nil, err
	}
	m := &memory{fs: f}
	f.files[name] = m
	return m, nil
}

func (f *forgetful) Open(name string) (File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	m := f.files[name]
	if m == nil {
		return nil, fs.ErrNotExist
	}
	return m, nil
}

func (f *forgetful) Remove(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.files, name)
	return nil
}

func (f *forgetful) List() (names []string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for n := range f.files {
		names = append(names, n)
	}
	return names, nil
}

func (f *forgetful) SyncDir() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.step(); err != nil {
		return err
	}
	f.durable = map[string]*memory{}
	for n, m := range f.files {
		f.durable[n] = m
	}
	return nil
}

func (m *memory) Write(p []byte) (int, error) {
	if m.fs != nil {
		m.fs.mu.Lock()
		defer m.fs.mu.Unlock()
		if err := m.fs.step(); err != nil {
			return 0, err
		}
		if m.fs.room >= 0 && len(p) > m.fs.room {
			n := m.fs.room
			m.data = append(m.data, p[:n]...)
			m.fs.room = 0
			return n, syscall.ENOSPC
		}
		if m.fs.room >= 0 {
			m.fs.room -= len(p)
		}
	}
	m.data = append(m.data, p...)
	return len(p), nil
}

func (m *memory) ReadAt(p []byte, off int64) (int, error) {
	if off >= int64(len(m.data)) {
		return 0, io.EOF
	}
	n := copy(p, m.data[off:])
	if n < len(p) {
		return n, io.ErrUnexpectedEOF
	}
	return n, nil
}

func (m *memory) Sync() error {
	m.fs.mu.Lock()
	defer m.fs.mu.Unlock()
	if err := m.fs.step(); err != nil {
		return err
	}
	m.synced = len(m.data)
	return nil
}

func (m *memory) Close() error         { return nil }
func (m *memory) Size() (int64, error) { return int64(len(m.data)), nil }
