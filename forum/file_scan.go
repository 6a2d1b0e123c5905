package forum

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"github.com/samverk/samverk/fault"
)

// How long the scanner has for one file.
const scanTime = 30 * time.Second

// scan asks the scanner about a content: clean, or fault.Invalid when it found something in it. A scanner that doesn't
// answer leaves the content in quarantine.
func (f *Forum) scan(ctx context.Context, hash string) (ScanState, error) {
	if f.scanner == "" {
		return Unscanned, nil
	}
	in, err := os.Open(f.filePath(hash))
	if err != nil {
		return "", cannotKeep(err)
	}
	defer in.Close()
	found, err := instream(ctx, f.scanner, in)
	if err != nil {
		return Quarantine, nil //nolint:nilerr // it is asked again
	}
	if found {
		return "", fault.New(fault.Invalid, "the scanner found something in the file").Where("file").Say("file.infected")
	}
	return Clean, nil
}

// instream sends a content to clamd (https://docs.clamav.net/manual/Usage/Scanning.html, INSTREAM) and tells whether it
// found anything. at is "unix:/path" or "tcp:host:port".
func instream(ctx context.Context, at string, content io.Reader) (found bool, err error) {
	kind, address, ok := strings.Cut(at, ":")
	if !ok {
		return false, errors.New("the scanner is written unix:/path or tcp:host:port")
	}
	ctx, cancel := context.WithTimeout(ctx, scanTime)
	defer cancel()
	c, err := new(net.Dialer).DialContext(ctx, kind, address)
	if err != nil {
		return false, err
	}
	defer c.Close()
	end, _ := ctx.Deadline()
	if err := c.SetDeadline(end); err != nil {
		return false, err
	}
	sent := send(c, content)
	// A content that is too large for it makes clamd answer and hang up, so its answer counts before our failure to write.
	answer, err := bufio.NewReader(io.LimitReader(c, 4096)).ReadString(0)
	answer = strings.TrimSuffix(answer, "\x00")
	switch {
	case strings.HasSuffix(answer, " FOUND"):
		return true, nil
	case strings.HasSuffix(answer, ": OK") && sent == nil:
		return false, nil
	}
	return false, errors.Join(sent, err, errors.New("the scanner gave no verdict"))
}

func send(c io.Writer, content io.Reader) error {
	if _, err := io.WriteString(c, "zINSTREAM\x00"); err != nil {
		return err
	}
	block := make([]byte, 4+64<<10)
	for {
		n, err := content.Read(block[4:])
		if n > 0 {
			binary.BigEndian.PutUint32(block, uint32(n))
			if _, err := c.Write(block[:4+n]); err != nil {
				return err
			}
		}
		if err == io.EOF {
			_, err = c.Write([]byte{0, 0, 0, 0})
			return err
		}
		if err != nil {
			return err
		}
	}
}
