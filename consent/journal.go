package consent

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/samverk/samverk/fault"
)

// The journal is a text file. Each line is a checksum (CRC-32C of the rest, 8 hexadecimal digits), a
// space, and a JSON object:
//
//	1f0a8c52 {"journal":"samverk consent 2","node":"01KAG…","after":0}
//	77d1b9e0 {"line":1,"epoch":12,"at":1767225600000000,"acts":[{"who":"9c1e…","purpose":"care"}]}
//	c2f33a41 {"line":2,"epoch":13,"at":1767225660000000,"acts":[{"who":"9c1e…","removed":true}]}
//	5b0e77d4 {"line":3,"epoch":14,"at":1767225720000000,"acts":[{"who":"41aa…","restriction":{"id":"01KAH…",
//	         "kind":"block","purposes":["care"],"ground":"…"}}]}                      (one line in the file)
//	0c91fe23 {"line":4,"epoch":15,"at":1767225780000000,"acts":[{"form":{…},"mandate":{…}}]}
//
// An act is one of: a no to a purpose or a condition on one ("purpose", also an objection; with "guardian" if it was
// a guardian's), a removal ("removed"), a block, opt-out or reservation ("restriction"), a login or guardian that ended
// ("ended", its id), the birth date, corrected, of somebody for whom a guardian chose ("born"), a form put in force ("form" and the decision's "mandate"). Only the last is about nobody.
//
// Version 1 knew purposes and removals alone. A journal that begins as version 1 is read and gone on with; the acts
// that are new may then stand in it, and a program that knows version 1 only refuses them as damage.
//
// The first names the node it belongs to and the line before its own first. Lines are numbered
// without gaps. A line is written and synced whole before the next one, so only the last
// can be torn by a crash; a torn last line was never acknowledged, and is dropped. Any other
// damage is refused. Who is HMAC-SHA256 (16 bytes of it) of the individual's id under a key
// that only the node's database has, so the file alone names nobody.
//
// An act in the journal was asked for; if the commit after it failed, it was not acknowledged.
// Replaying it still only takes somebody out of the count.

const (
	journalFormat  = "samverk consent 2"
	journalFormat1 = "samverk consent 1"
)

// A line's acts and bytes are bounded, so that reading one is.
const (
	lineActs = 8_000
	lineMax  = 4 << 20
)

type header struct {
	Journal string `json:"journal"`
	Node    string `json:"node"`
	After   uint64 `json:"after"` // the number before the first line's
}

type entry struct {
	Line  uint64 `json:"line"`
	Epoch uint64 `json:"epoch"`
	At    int64  `json:"at"` // microseconds UTC
	Acts  []act  `json:"acts"`
}

// act is one act that a restored backup must not forget.
type act struct {
	Who         string          `json:"who,omitempty"`
	Purpose     Purpose         `json:"purpose,omitempty"` // or a condition on one
	Guardian    string          `json:"guardian,omitempty"`
	Removed     bool            `json:"removed,omitempty"`
	Restriction *restriction    `json:"restriction,omitempty"`
	Ended       string          `json:"ended,omitempty"`
	Born        string          `json:"born,omitempty"`
	Form        json.RawMessage `json:"form,omitempty"`
	Mandate     json.RawMessage `json:"mandate,omitempty"`
}

// restriction is one that was set.
type restriction struct {
	ID       string          `json:"id"`
	Kind     RestrictionKind `json:"kind"`
	Purposes []Purpose       `json:"purposes"`
	Ground   string          `json:"ground"`
}

// size is more than the bytes that the act takes in a line; a character may become six.
func (a act) size() int {
	n := 400 + 6*(len(a.Guardian)+len(a.Ended)+len(a.Form)+len(a.Mandate))
	if a.Restriction != nil {
		n += 6 * len(a.Restriction.Ground)
	}
	return n
}

// JournalBeside is where the journal of a data directory lies unless told otherwise: next to
// the directory, with its name and ".journal", so that it survives the loss of the directory.
func JournalBeside(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", fault.Wrap(fault.Invalid, err, "the data directory's path can't be made absolute").In(dir)
	}
	return abs + ".journal", nil
}

// hide is how the journal writes an individual.
func (c *Consents) hide(id string) string {
	h := hmac.New(sha256.New, c.key)
	_, _ = io.WriteString(h, id) // a hash takes anything
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Mark says how far the journal has come, to whoever has the database's key and to nobody else: the ledger keeps it, so that a restore sees
// that a journal lacks its last lines.
func (c *Consents) Mark() [32]byte { return c.mark(c.state().line) }

func (c *Consents) mark(line uint64) (m [32]byte) {
	h := hmac.New(sha256.New, c.key)
	fmt.Fprintf(h, "samverk journal line %d", line)
	h.Sum(m[:0])
	return m
}

// reaches tells whether a journal that ends at a line is as long as it was when a mark was made. A mark of nothing is from before there were any.
func (c *Consents) reaches(last uint64, mark [32]byte) bool {
	for ; mark != [32]byte{}; last-- {
		if c.mark(last) == mark {
			return true
		}
		if last == 0 {
			return false
		}
	}
	return true
}

// journal is an open journal file, for one goroutine at a time.
type journal struct {
	f     *os.File
	path  string
	last  uint64 // the last whole line's number
	end   int64  // where it ends
	wrong error  // a failed write could not be taken back
}

// createJournal makes a new journal, durably, whole or not at all. after is the last line that
// the database already holds; first are lines to begin with, as they stood in another journal.
func createJournal(path, node string, after uint64, first []byte) error {
	h, err := seal(header{Journal: journalFormat, Node: node, After: after})
	if err != nil {
		return err
	}
	if first == nil {
		first = h
	}
	if err := writeWhole(path, first); err != nil {
		return fault.Wrap(fault.Unavailable, err, "the journal of withdrawals can't be made").In(path).
			Do("let the user that runs samverk write in %s, or name another place for the journal", filepath.Dir(path))
	}
	return nil
}

// writeWhole writes a file that is there after a crash with all of b or not at all.
func writeWhole(path string, b []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	// Link refuses to replace a journal that is there.
	if err = os.Link(f.Name(), path); err != nil {
		return err
	}
	if err = os.Remove(f.Name()); err != nil {
		return err
	}
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// openJournal opens a journal that must reach at least the line held, to append to, and cuts
// off a torn last line.
func openJournal(path, node string, held uint64) (*journal, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, cannotRead(err, path)
	}
	j := &journal{f: f, path: path}
	j.last, j.end, err = scan(f, path, node, func(entry) error { return nil })
	switch {
	case err != nil:
	case j.last < held:
		err = short(path, j.last, held)
	default:
		err = j.cut()
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return j, nil
}

func cannotRead(err error, path string) error {
	e := fault.Wrap(fault.Unavailable, err, "the journal of withdrawals can't be opened").In(path)
	if errors.Is(err, fs.ErrNotExist) {
		e = fault.New(fault.Unavailable, "the journal of withdrawals is missing").In(path)
	}
	return e.Do("bring the file back to where it was, beside the data directory; if it is gone for good, say why with 'samverk restore --data DIR --no-journal WHY'")
}

// short is a journal that ends before what the database knows of it.
func short(path string, last, held uint64) error {
	return fault.New(fault.Unavailable, "the journal of withdrawals ends at line %d, and the database holds line %d", last, held).
		In(path).Do("bring back the newer file; if there is none, say why with 'samverk restore --data DIR --no-journal WHY'")
}

// cut drops what follows the last whole line.
func (j *journal) cut() error {
	if err := errors.Join(j.f.Truncate(j.end), j.f.Sync()); err != nil {
		return fault.Wrap(fault.Unavailable, err, "the journal of withdrawals can't be written").In(j.path)
	}
	return nil
}

func (j *journal) close() error {
	if err := j.f.Close(); err != nil {
		return fault.Wrap(fault.Internal, err, "the journal of withdrawals can't be closed").In(j.path)
	}
	return nil
}

// append writes acts and returns when they are on disk, with the number of the last line.
func (j *journal) append(epoch uint64, at int64, acts []act) (uint64, error) {
	if j.wrong != nil {
		return 0, fault.Wrap(fault.Unavailable, j.wrong, "the journal of withdrawals could not be written").In(j.path).
			Do("see to its disk, then start samverk again")
	}
	for len(acts) > 0 {
		n, size := 0, 0
		for ; n < min(len(acts), lineActs) && (n == 0 || size < lineMax/2); n++ {
			size += acts[n].size()
		}
		if n > 1 && size >= lineMax/2 {
			n--
		}
		if err := j.line(entry{Line: j.last + 1, Epoch: epoch, At: at, Acts: acts[:n]}); err != nil {
			return 0, err
		}
		acts = acts[n:]
	}
	return j.last, nil
}

func (j *journal) line(e entry) error {
	b, err := seal(e)
	if err != nil {
		return err
	}
	if len(b) > lineMax {
		return fault.New(fault.Invalid, "what was done is too long for one line of the journal: %d bytes", len(b))
	}
	_, err = j.f.WriteAt(b, j.end)
	if err = errors.Join(err, j.f.Sync()); err != nil {
		return j.failed(err)
	}
	j.last, j.end = e.Line, j.end+int64(len(b))
	return nil
}

// failed takes back a line that could not be written. If not even that works, nothing more is
// written until the journal is opened again.
func (j *journal) failed(err error) error {
	e := fault.Wrap(fault.Unavailable, err, "the journal of withdrawals can't be written").In(j.path).
		Do("free space on its disk, then try again")
	j.wrong = j.cut()
	return e
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// seal makes a line of a header or an entry.
func seal(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "a line of the journal can't be made")
	}
	return fmt.Appendf(nil, "%08x %s\n", crc32.Checksum(b, castagnoli), b), nil
}

// unseal reads a line without its newline; false when it is not whole.
func unseal(line []byte, v any) bool {
	if len(line) < 10 || line[8] != ' ' {
		return false
	}
	var sum [4]byte
	if _, err := hex.Decode(sum[:], line[:8]); err != nil {
		return false
	}
	want := uint32(sum[0])<<24 | uint32(sum[1])<<16 | uint32(sum[2])<<8 | uint32(sum[3])
	if crc32.Checksum(line[9:], castagnoli) != want {
		return false
	}
	d := json.NewDecoder(bytes.NewReader(line[9:]))
	d.DisallowUnknownFields()
	return d.Decode(v) == nil
}

// scan reads a journal of this node (any node's, if node is empty), and gives the last
// whole line's number and where it ends. A torn last line is left out.
func scan(r io.Reader, path, node string, each func(entry) error) (last uint64, end int64, err error) {
	in := bufio.NewReaderSize(r, lineMax)
	for number := int64(1); ; number++ {
		line, err := in.ReadSlice('\n')
		if errors.Is(err, io.EOF) && number > 1 {
			return last, end, nil // at the end, or torn before its newline
		}
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
			return 0, 0, fault.Wrap(fault.Internal, err, "the journal of withdrawals can't be read").In(path)
		}
		size := int64(len(line))
		e, bad := read(line, number, last, node, err)
		if bad != nil && errors.Is(bad, errLine) && atEnd(in) {
			return last, end, nil // torn, with a newline in what was written
		}
		if bad != nil {
			return 0, 0, damaged(bad, path, number)
		}
		if number > 1 {
			if err := each(e); err != nil {
				return 0, 0, err
			}
		}
		last, end = e.Line, end+size
	}
}

func atEnd(in *bufio.Reader) bool {
	_, err := in.Peek(1)
	return errors.Is(err, io.EOF)
}

var (
	errForeign = errors.New("it belongs to another node")
	errLine    = errors.New("a line is damaged")
	errGap     = errors.New("a line is missing")
	errHeader  = errors.New("it is not a journal of withdrawals")
)

// read understands one line; the header comes back as an entry with the number before the first.
func read(line []byte, number int64, last uint64, node string, cut error) (entry, error) {
	whole := cut == nil
	line = bytes.TrimSuffix(line, []byte("\n"))
	if number == 1 {
		var h header
		switch {
		case !whole || !unseal(line, &h) || h.Journal != journalFormat && h.Journal != journalFormat1:
			return entry{}, errHeader
		case node != "" && h.Node != node:
			return entry{}, errForeign
		}
		return entry{Line: h.After}, nil
	}
	var e entry
	switch {
	case !whole || !unseal(line, &e):
		return entry{}, errLine
	case e.Line != last+1:
		return entry{}, errGap
	}
	return e, nil
}

func damaged(cause error, path string, number int64) error {
	e := fault.Wrap(fault.Internal, cause, "the journal of withdrawals can't be trusted").In(path).OnLine(number)
	if errors.Is(cause, errForeign) || errors.Is(cause, errHeader) {
		e.Kind = fault.Invalid
		return e.Do("name the journal that was kept beside this node's data directory")
	}
	return e.Do("bring back a copy of the file; if there is none, say why with 'samverk restore --data DIR --no-journal WHY'")
}
