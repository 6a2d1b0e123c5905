package consent

import (
	"io"
	"os"
	"testing"
)

// BreakJournal makes the journal write to another file until the function it gives is called.
func (c *Consents) BreakJournal(t *testing.T, path string) (back func()) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	was := c.journal.f
	c.journal.f = f
	return func() {
		c.journal.f, c.journal.wrong = was, nil
		_ = f.Close()
	}
}

// JournalHeader is the first line of a node's journal.
func JournalHeader(t *testing.T, node string) []byte {
	t.Helper()
	b, err := seal(header{Journal: journalFormat, Node: node})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// ScanJournal reads a journal through.
func ScanJournal(r io.Reader, node string) (last uint64, end int64, err error) {
	return scan(r, "journal", node, func(entry) error { return nil })
}

// JournalHeader1 is a journal's first line as the version before this one wrote it.
func JournalHeader1(t *testing.T, line []byte) []byte {
	t.Helper()
	var h header
	if !unseal(line[:len(line)-1], &h) {
		t.Fatal("not a header")
	}
	h.Journal = journalFormat1
	b, err := seal(h)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
