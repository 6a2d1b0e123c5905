package owner

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
)

const (
	socketName  = "samverk.sock"
	pointerName = "socket" // says where the socket is when it isn't in DIR

	// maxAddress is the longest path a unix socket may have on the strictest system we run on
	// (sun_path has 104 bytes on the BSDs and macOS, 108 on Linux, the last of them a zero).
	maxAddress = 103
)

// listen makes the socket. Only the holder of the lock may call it: what lies there is then a dead process's.
func listen(dir string) (*net.UnixListener, error) {
	removeSocket(dir)
	path := filepath.Join(dir, socketName)
	if len(path) > maxAddress {
		// MkdirTemp makes a directory only we may enter under a name nobody can foresee, so nobody can be there before us.
		tmp, err := os.MkdirTemp("", "samverk-")
		if err != nil {
			return nil, err
		}
		path = filepath.Join(tmp, socketName)
		if err := writePointer(dir, path); err != nil {
			os.Remove(tmp)
			return nil, err
		}
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false) // removed by removeSocket, under the lock
	if err := os.Chmod(path, 0o600); err != nil {
		_ = l.Close()
		return nil, err
	}
	return l, nil
}

// writePointer puts the socket's path in DIR in one step, so no reader sees half of it.
func writePointer(dir, path string) error {
	tmp := filepath.Join(dir, pointerName+".new")
	if err := os.WriteFile(tmp, []byte(path+"\n"), 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, filepath.Join(dir, pointerName))
}

// removeSocket removes the socket of this directory, ours or a dead owner's. Only under the lock.
func removeSocket(dir string) {
	os.Remove(filepath.Join(dir, socketName))
	if path := pointed(dir); path != "" {
		os.Remove(path)
		os.Remove(filepath.Dir(path)) // fails when anything else is in it, which is right
	}
	os.Remove(filepath.Join(dir, pointerName))
}

// pointed reads the socket's path, and believes only a path that listen could have written.
func pointed(dir string) string {
	b, err := os.ReadFile(filepath.Join(dir, pointerName))
	if err != nil {
		return ""
	}
	path := strings.TrimSuffix(string(b), "\n")
	if filepath.Base(path) != socketName || !strings.HasPrefix(filepath.Base(filepath.Dir(path)), "samverk-") {
		return ""
	}
	return path
}

// errNoOwner says that nobody listens just now.
var errNoOwner = errors.New("nobody owns the data directory")

// dial connects to the owner.
func dial(ctx context.Context, dir string) (net.Conn, error) {
	path := filepath.Join(dir, socketName)
	if len(path) > maxAddress {
		if path = pointed(dir); path == "" {
			return nil, errNoOwner
		}
		if !Private(filepath.Dir(path)) {
			return nil, errNoOwner
		}
	}
	var d net.Dialer
	c, err := d.DialContext(ctx, "unix", path)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if errors.Is(err, fs.ErrPermission) {
			return nil, err
		}
		return nil, errNoOwner
	}
	return c, nil
}
