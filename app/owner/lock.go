package owner

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/samverk/samverk/fault"
)

const (
	lockName = "lock"
	turnName = "turn" // whoever wants the lock takes this first, and may keep it while it waits
)

// Holder is what the owner writes of itself into the lock file, for other people's messages only.
type Holder struct {
	PID     int       `json:"pid"`
	Command string    `json:"command"`
	Since   time.Time `json:"since"`
}

var errHeld = errors.New("the lock is held")

// take takes a lock without waiting. Its file stays for ever: removing it would let two processes lock two files of one name.
func take(dir, name string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the data directory can't be locked").In(dir).
			Do("the directory has to exist and be writable for this user; 'samverk init --data %s' makes one", dir)
	}
	if err := flock(f); err != nil {
		f.Close()
		if errors.Is(err, errHeld) {
			return nil, errHeld
		}
		return nil, fault.Wrap(fault.Unavailable, err, "the data directory can't be locked").In(dir).
			Do("the file system has to support file locks; a local disk does")
	}
	return f, nil
}

// takeLock takes the lock of the directory, and says in it who we are.
func takeLock(dir string, h Holder) (*os.File, error) {
	f, err := take(dir, lockName)
	if err != nil {
		return nil, err
	}
	b, _ := json.Marshal(h)
	if err := f.Truncate(0); err == nil {
		_, _ = f.WriteAt(append(b, '\n'), 0) // for messages only: a failure here changes nothing
	}
	return f, nil
}

// ReadHolder tells who held the lock last; the zero Holder when nobody has said.
func ReadHolder(dir string) Holder {
	f, err := os.Open(filepath.Join(dir, lockName))
	if err != nil {
		return Holder{}
	}
	defer f.Close()
	var h Holder
	b, _ := io.ReadAll(io.LimitReader(f, 4096))
	if json.Unmarshal(b, &h) != nil {
		return Holder{}
	}
	return h
}
