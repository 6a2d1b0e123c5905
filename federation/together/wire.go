package together

import (
	"encoding/binary"
	"encoding/json"

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

	keys   []variant.Key
	packed []byte // the keys, if they are packed already: the same go to every node
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

	keys   []variant.Key
	counts []answer.Count
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
	q.Keys = len(q.keys)
	b, err := appendHead(b, q)
	if q.packed != nil {
		return append(b, q.packed...), err
	}
	return appendKeys(b, q.keys), err
}

func (r *reply) append(b []byte) ([]byte, error) {
	r.Keys, r.Counts = len(r.keys), len(r.counts)
	b, err := appendHead(b, r)
	return appendCounts(appendKeys(b, r.keys), r.counts), err
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

// What the first byte of a packed count says.
const (
	isCovered = 1 << iota
	isAssumed
	isNobody // nobody carries it, and AN and Individuals are those of the count before: all that is told of most variants of a genome
)

// appendCounts packs counts: a byte, and unless it is as the one before, seven cells, each its form and bounds.
func appendCounts(b []byte, counts []answer.Count) []byte {
	var last answer.Count
	for _, c := range counts {
		flags := byte(0)
		if c.Covered {
			flags |= isCovered
		}
		if c.Assumed {
			flags |= isAssumed
		}
		if c == nobody(last, c.Covered, c.Assumed) {
			b = append(b, flags|isNobody)
			continue
		}
		b = append(b, flags)
		for _, cell := range cells(&c) {
			b = appendCell(b, *cell)
		}
		last = c
	}
	return b
}

// nobody is a count of zero among those of another.
func nobody(like answer.Count, covered, assumed bool) answer.Count {
	zero := policy.Cell{Form: policy.Number}
	return answer.Count{Covered: covered, Assumed: assumed, Carriers: zero, AC: zero, AN: like.AN, Het: zero, Hom: zero, Hemi: zero, Individuals: like.Individuals}
}

// cells are a count's, in the order they are packed.
func cells(c *answer.Count) [7]*policy.Cell {
	return [...]*policy.Cell{&c.Carriers, &c.AC, &c.AN, &c.Het, &c.Hom, &c.Hemi, &c.Individuals}
}

// forms in the order of their numbers on the wire.
var forms = [...]policy.Form{policy.Hidden, policy.Number, policy.Band, policy.SaysYes, policy.SaysNo}

func appendCell(b []byte, c policy.Cell) []byte {
	for i, f := range forms {
		if f == c.Form {
			b = append(b, byte(i))
		}
	}
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
	a.counts = r.counts(a.Counts)
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

func (r *reader) counts(n int) []answer.Count {
	if n < 0 || n > max(mostKeys, answer.MostInRegion) || n > len(r.b) {
		r.bad = true
	}
	if r.bad || n == 0 {
		return nil
	}
	out := make([]answer.Count, n)
	var last answer.Count
	for i := range out {
		flags := r.one()
		covered, assumed := flags&isCovered != 0, flags&isAssumed != 0
		if flags&isNobody != 0 {
			out[i] = nobody(last, covered, assumed)
		} else {
			c := answer.Count{Covered: covered, Assumed: assumed}
			for _, cell := range cells(&c) {
				*cell = r.cell()
			}
			last, out[i] = c, c
		}
		if r.bad = r.bad || flags >= isNobody<<1; r.bad {
			return nil
		}
	}
	return out
}

// mostPeople bounds what can be counted anywhere: copies of a place of everybody there is.
const mostPeople = 1 << 36

func (r *reader) cell() (c policy.Cell) {
	form := r.one()
	if int(form) >= len(forms) {
		r.bad = true
		return c
	}
	switch c.Form = forms[form]; c.Form {
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
