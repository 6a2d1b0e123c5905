package together

import (
	"encoding/binary"
	"encoding/json"
	"slices"
	"strings"
	"sync"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/mandate"
	"github.com/samverk/samverk/policy"
)

// A message is questions one after the other, and its answer as many answers in the same order. Each is a head in JSON with its length
// before it, and then keys or counts, packed: a whole genome's would take longer to write as text than to count.
// Numbers are unsigned varints of encoding/binary.

// Bounds of a message, for both ends.
const (
	mostQuestions = 256       // in a message
	mostKeys      = 1 << 16   // in a question
	mostHead      = 64 << 10  // bytes
	mostAllele    = 64 << 10  // bytes: longer ones are asked nobody
	mostMessage   = 8 << 20   // bytes, of questions
	mostAnswer    = 128 << 20 // bytes: a list of answer.MostInRegion variants with their counts
)

// question is a question as it is sent.
type question struct {
	Organisation string      `json:"organisation,omitempty"`
	Sector       string      `json:"sector,omitempty"`
	Role         string      `json:"role,omitempty"`
	Person       string      `json:"person,omitempty"` // a pseudonym
	Approval     string      `json:"approval,omitempty"`
	Use          use         `json:"use"`
	Kind         policy.Kind `json:"kind"`
	Dataset      string      `json:"dataset,omitempty"`
	Region       string      `json:"region,omitempty"`
	Limit        int         `json:"limit,omitempty"`
	Case         string      `json:"case,omitempty"`
	Have         string      `json:"have,omitempty"`
	Keys         int         `json:"keys,omitempty"`
	Packed       int         `json:"packed,omitempty"` // keys that are packed closely, instead of Keys
	Runs         bool        `json:"runs,omitempty"`   // the asker reads runs

	keys   []variant.Key
	packed []byte // the keys, if they are packed already: the same go to every node
	size   int    // how many bases they have; of who asks
}

type use struct {
	Purpose    consent.Purpose `json:"purpose"`
	Health     bool            `json:"health,omitempty"`
	Diseases   []string        `json:"diseases,omitempty"`
	Commercial bool            `json:"commercial,omitempty"`
	Country    string          `json:"country,omitempty"` // where it is asked from
}

// listed is how many variants the list of a stretch may have.
func (q *question) listed() int {
	switch {
	case q.Region == "":
		return 0
	case q.Limit > 0:
		return min(q.Limit, answer.MostInRegion)
	}
	return answer.MostInRegion
}

// reply is an answer as it is sent.
type reply struct {
	Problem     *problem     `json:"problem,omitempty"` // instead of all else
	Epoch       uint64       `json:"epoch,omitempty"`
	Individuals *policy.Cell `json:"individuals,omitempty"`
	Datasets    []string     `json:"datasets,omitempty"`
	Verdict     verdict      `json:"verdict,omitzero"`
	Leaf        uint64       `json:"leaf,omitempty"`
	Tag         string       `json:"tag,omitempty"`
	Unchanged   bool         `json:"unchanged,omitempty"`
	Keys        int          `json:"keys,omitempty"` // of a stretch
	Counts      int          `json:"counts,omitempty"`
	Compact     bool         `json:"compact,omitempty"` // who answers reads keys that are packed closely

	keys     []variant.Key
	runs     answer.Runs
	together bool // the runs go as runs
}

// verdict is by what an answer was allowed.
type verdict struct {
	Precision policy.Precision `json:"precision"`
	K         int              `json:"k,omitempty"`
	Zero      bool             `json:"zero,omitempty"`
	Policy    string           `json:"policy,omitempty"`
	Digest    mandate.Digest   `json:"digest,omitzero"`
	Decision  string           `json:"decision,omitempty"`
	Number    string           `json:"number,omitempty"`
	Network   string           `json:"network,omitempty"`
	Body      string           `json:"body,omitempty"`
}

// problem is why a question wasn't answered, in the words of package fault.
type problem struct {
	Kind string `json:"kind"`
	Code string `json:"code,omitempty"`
	Text string `json:"text"`
}

// head writes the part in JSON.
func appendHead(b []byte, x any) ([]byte, error) {
	text, err := json.Marshal(x)
	if err != nil {
		return b, err
	}
	return append(binary.AppendUvarint(b, uint64(len(text))), text...), nil
}

func (q *question) append(b []byte) ([]byte, error) {
	if q.Keys = len(q.keys); q.Packed > 0 {
		q.Keys = 0
	}
	b, err := appendHead(b, q)
	switch {
	case q.packed != nil:
		return append(b, q.packed...), err
	case q.Packed > 0:
		return appendCompact(b, q.keys), err
	}
	return appendKeys(b, q.keys), err
}

func (r *reply) append(b []byte) ([]byte, error) {
	r.Keys, r.Counts = len(r.keys), r.runs.Len()
	b, err := appendHead(b, r)
	return appendRuns(appendKeys(b, r.keys), r.runs, r.together), err
}

// appendKeys packs keys: the sequence, the position, and both alleles with their lengths.
func appendKeys(b []byte, keys []variant.Key) []byte {
	for _, k := range keys {
		b = binary.AppendUvarint(append(b, byte(k.Chrom)), uint64(k.Pos))
		b = append(binary.AppendUvarint(b, uint64(len(k.Ref))), k.Ref...)
		b = append(binary.AppendUvarint(b, uint64(len(k.Alt))), k.Alt...)
	}
	return b
}

// What the first byte of a closely packed key says: an allele of one base each are its lowest four bits.
const (
	isBases = 1 << (iota + 4) // both alleles are one base of ACGT; else their lengths and bases follow
	isNear                    // on the same sequence as the one before, so many bases behind it; else sequence and position follow
)

const bases = "ACGT"

// oneBase are the alleles of one base, for all keys.
var oneBase = [4][]byte{{'A'}, {'C'}, {'G'}, {'T'}}

// appendCompact packs keys of a file, most of which are one base for another, not far behind the one before.
func appendCompact(b []byte, keys []variant.Key) []byte {
	var last variant.Key
	for i := range keys {
		k := &keys[i]
		first, one := byte(0), len(k.Ref) == 1 && len(k.Alt) == 1
		if one {
			ref, alt := strings.IndexByte(bases, k.Ref[0]), strings.IndexByte(bases, k.Alt[0])
			if one = ref >= 0 && alt >= 0; one {
				first = isBases | byte(ref<<2|alt)
			}
		}
		if k.Chrom == last.Chrom && k.Pos >= last.Pos {
			b = binary.AppendUvarint(append(b, first|isNear), uint64(k.Pos-last.Pos))
		} else {
			b = binary.AppendUvarint(append(b, first, byte(k.Chrom)), uint64(k.Pos))
		}
		if !one {
			b = append(binary.AppendUvarint(b, uint64(len(k.Ref))), k.Ref...)
			b = append(binary.AppendUvarint(b, uint64(len(k.Alt))), k.Alt...)
		}
		last = *k
	}
	return b
}

// keysRoom is where closely packed keys are unpacked: pages come by the hundred.
var keysRoom = sync.Pool{New: func() any { return new([]variant.Key) }}

// compact reads closely packed keys; longer alleles point into the message.
func (r *reader) compact(n int) []variant.Key {
	if n < 0 || n > mostKeys || n > len(r.b)/2 { // a key takes two bytes at least
		r.bad = true
	}
	if r.bad || n == 0 {
		return nil
	}
	out := slices.Grow((*keysRoom.Get().(*[]variant.Key))[:0], n)[:n]
	var chrom variant.Chrom
	pos := uint64(0)
	for i := range out {
		// Most are one base for another, up to 16,383 bases behind the one before: this is the hot way.
		if b := r.b; len(b) > 2 && b[0]&^0xf == isBases|isNear && b[2] < 0x80 && pos > 0 {
			step, size := uint64(b[1]), 2
			if step >= 0x80 {
				step, size = step&0x7f|uint64(b[2])<<7, 3
			}
			if pos += step; pos > 1<<32-1 {
				r.bad = true
				return nil
			}
			out[i] = variant.Key{Chrom: chrom, Pos: uint32(pos), Ref: oneBase[b[0]>>2&3], Alt: oneBase[b[0]&3]}
			r.b = b[size:]
			continue
		}
		first := r.one()
		if first&isNear == 0 {
			chrom, pos = variant.Chrom(r.one()), 0
		}
		k := &out[i]
		pos += uint64(r.number(1<<32 - 1))
		k.Chrom, k.Pos = chrom, uint32(pos)
		if first&isBases != 0 {
			k.Ref, k.Alt = oneBase[first>>2&3], oneBase[first&3]
		} else {
			k.Ref, k.Alt = r.bytes(mostAllele), r.bytes(mostAllele)
			r.bad = r.bad || first&0xf != 0
		}
		if r.bad = r.bad || !chrom.Valid() || pos == 0 || pos > 1<<32-1 || len(k.Alt) == 0 || first >= isNear<<1; r.bad {
			return nil
		}
	}
	return out
}

// What the first byte of a packed count says.
const (
	isCovered = 1 << iota
	isAssumed
	isNobody // nobody carries it, and AN and Individuals are those of the count before: all that is told of most variants of a genome
	isRun    // how many more after it are the same stands at its end
)

// appendRuns packs counts: a byte, and unless it is as the one before, seven cells, each its form and bounds. Who doesn't read runs gets them one by one.
func appendRuns(b []byte, runs answer.Runs, together bool) []byte {
	var last answer.Count
	for i := range runs {
		c, times := &runs[i].Count, runs[i].Times
		if together && times > 1 {
			b = binary.AppendUvarint(appendCount(b, &last, c, isRun), uint64(times-1))
			continue
		}
		for range times {
			b = appendCount(b, &last, c, 0)
		}
	}
	return b
}

func appendCount(b []byte, last, c *answer.Count, flags byte) []byte {
	if c.Covered {
		flags |= isCovered
	}
	if c.Assumed {
		flags |= isAssumed
	}
	if *c == nobody(last, c.Covered, c.Assumed) {
		return append(b, flags|isNobody)
	}
	b = append(b, flags)
	for _, cell := range cells(c) {
		b = appendCell(b, *cell)
	}
	*last = *c
	return b
}

// nobody is a count of zero among those of another.
func nobody(like *answer.Count, covered, assumed bool) answer.Count {
	zero := policy.Cell{Form: policy.Number}
	return answer.Count{Covered: covered, Assumed: assumed, Carriers: zero, AC: zero, AN: like.AN, Het: zero, Hom: zero, Hemi: zero, Individuals: like.Individuals}
}

// cells are a count's, in the order they are packed.
func cells(c *answer.Count) [7]*policy.Cell {
	return [...]*policy.Cell{&c.Carriers, &c.AC, &c.AN, &c.Het, &c.Hom, &c.Hemi, &c.Individuals}
}

// lastForm bounds a form on the wire; policy's numbers of them are those that are sent.
const lastForm = policy.SaysNo

func appendCell(b []byte, c policy.Cell) []byte {
	b = append(b, byte(c.Form))
	switch c.Form {
	case policy.Number:
		return binary.AppendUvarint(b, uint64(c.Low))
	case policy.Band:
		return binary.AppendUvarint(binary.AppendUvarint(b, uint64(c.Low)), uint64(c.High))
	case policy.SaysYes:
		return binary.AppendUvarint(b, uint64(c.Low))
	case policy.SaysNo:
		return binary.AppendUvarint(b, uint64(c.High))
	}
	return b
}

// reader takes a message apart. After an error everything is zero.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) err() error {
	if r.bad {
		return fault.New(fault.Invalid, "the message isn't one that nodes send").Say("together.message").Do("both nodes should run the same version of Samverk, or neighbouring ones")
	}
	return nil
}

func (r *reader) number(most uint64) int {
	n, size := binary.Uvarint(r.b)
	if size <= 0 || n > most {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[size:]
	return int(n)
}

func (r *reader) bytes(most int) []byte {
	n := r.number(uint64(most))
	if n > len(r.b) {
		r.bad, r.b = true, nil
		return nil
	}
	out := r.b[:n:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) one() byte {
	if len(r.b) == 0 {
		r.bad = true
		return 0
	}
	c := r.b[0]
	r.b = r.b[1:]
	return c
}

func (r *reader) head(to any) {
	text := r.bytes(mostHead)
	if r.bad || json.Unmarshal(text, to) != nil {
		r.bad, r.b = true, nil
	}
}

func (r *reader) question() (q question) {
	r.head(&q)
	if q.Packed != 0 {
		q.keys = r.compact(q.Packed)
		r.bad = r.bad || q.Keys != 0
		return q
	}
	q.keys = r.keys(q.Keys, mostKeys)
	return q
}

func (r *reader) reply() (a reply) {
	r.head(&a)
	if c := a.Individuals; c != nil { // it is held to what a packed one can be
		x := reader{b: appendCell(nil, *c)}
		r.bad = r.bad || x.cell() != *c || x.bad
	}
	a.keys = r.keys(a.Keys, answer.MostInRegion)
	a.runs = r.runs(a.Counts)
	return a
}

// keys reads as many; they point into the message.
func (r *reader) keys(n, most int) []variant.Key {
	if n < 0 || n > most || n > len(r.b) { // a key takes four bytes at least
		r.bad = true
	}
	if r.bad || n == 0 {
		return nil
	}
	out := make([]variant.Key, n)
	for i := range out {
		k := variant.Key{Chrom: variant.Chrom(r.one()), Pos: uint32(r.number(1<<32 - 1)), Ref: r.bytes(mostAllele), Alt: r.bytes(mostAllele)}
		if r.bad = r.bad || !k.Chrom.Valid() || k.Pos == 0 || len(k.Alt) == 0; r.bad {
			return nil
		}
		out[i] = k
	}
	return out
}

// runs reads counts of so many variants.
func (r *reader) runs(n int) (out answer.Runs) {
	if n < 0 || n > max(mostKeys, answer.MostInRegion) {
		r.bad = true
	}
	var last answer.Count
	for n > 0 && !r.bad {
		flags := r.one()
		c := answer.Count{Covered: flags&isCovered != 0, Assumed: flags&isAssumed != 0}
		if flags&isNobody != 0 {
			c = nobody(&last, c.Covered, c.Assumed)
		} else {
			for _, cell := range cells(&c) {
				*cell = r.cell()
			}
			last = c
		}
		times := 1
		if flags&isRun != 0 {
			times += r.number(uint64(n - 1))
		}
		out = out.Add(&c, times)
		n -= times
		r.bad = r.bad || flags >= isRun<<1
	}
	if r.bad {
		return nil
	}
	return out
}

// mostPeople bounds what can be counted anywhere: copies of a place of everybody there is.
const mostPeople = 1 << 36

func (r *reader) cell() (c policy.Cell) {
	form := policy.Form(r.one())
	if form > lastForm {
		r.bad = true
		return c
	}
	switch c.Form = form; c.Form {
	case policy.Number:
		c.Low = r.number(mostPeople)
		c.High = c.Low
	case policy.Band:
		c.Low, c.High = r.number(mostPeople), r.number(mostPeople)
		r.bad = r.bad || c.Low > c.High
	case policy.SaysYes:
		c.Low, c.High = r.number(mostPeople), policy.Unbounded
	case policy.SaysNo:
		c.High = r.number(mostPeople)
	}
	return c
}
