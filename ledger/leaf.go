package ledger

import (
	"encoding/binary"
	"fmt"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/samverk/samverk/fault"
)

// Kind says what a leaf records.
type Kind uint8

// The kinds of leaves; the numbers are stored.
const (
	Genesis  Kind = iota + 1 // the log begins
	Use                      // an answer was released
	Denial                   // an answer was refused
	Consent                  // somebody changed what they allow
	Form                     // a consent form was put in force
	Policy                   // a policy was enacted
	Adoption                 // this node adopted a policy, or stopped following it
	Decision                 // a decision is in force
	Minutes                  // minutes were sealed
	Review                   // uses were reviewed
	Access                   // somebody looked at a named individual
	Erasure                  // an individual's records were erased
)

var kinds = [...]string{"", "genesis", "use", "denial", "consent", "form", "policy", "adoption", "decision", "minutes", "review", "access", "erasure"}

func (k Kind) String() string {
	if k.valid() {
		return kinds[k]
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

func (k Kind) valid() bool { return k > 0 && int(k) < len(kinds) }

// ParseKind reads a kind's name.
func ParseKind(s string) (Kind, error) {
	for i, name := range kinds {
		if i > 0 && s == name {
			return Kind(i), nil
		}
	}
	return 0, fault.New(fault.Invalid, "%.40q is no kind of leaf", s)
}

// Leaf is one line of the log. What a kind has no use for is left empty.
type Leaf struct {
	Kind Kind
	Time time.Time // when it was appended: Append sets it

	Organisation string // whose act it is
	Role         string // what the acting person was there: clinician, researcher
	Purpose      string // of the use
	Conditions   string // of the use, as text: diseases, commercial, country
	Question     string // what kind of question: count, frequency, annotate
	Dataset      string
	Policy       string // the policy that allowed or denied it
	Decision     string // the decision behind that, by its number or address
	Ref          string // what a leaf that is no use is about: a form, minutes, a review
	Node         string // the other node that asked, and says for whom; "": nobody but this one

	PolicyVersion uint32
	Counted       uint64 // how many individuals an answer was about
	Epoch         uint64 // the epoch of the membership tree with the root Mask

	Mask    [32]byte // the root of the membership tree over who was counted
	Private [32]byte // the commitment to an access record
	Digest  [32]byte // the SHA-256 of what Ref is about
}

// The bytes of a leaf, version 1, or 2 where another node asked; numbers are big-endian:
//
//	 0  1  version
//	 1  1  kind
//	 2  8  time, microseconds since 1970 UTC
//	10  4  policy version
//	14  8  counted
//	22  8  epoch
//	30 32  mask
//	62 32  private
//	94 32  digest
//	126    nine texts: organisation, role, purpose, conditions, question, dataset, policy, decision, ref, and in version 2 a tenth, which
//	       isn't empty: node; each its length in two bytes, then UTF-8
//
// There is one way to write a leaf, and nothing after the last text. Its hash in the log is SHA-256 of a zero byte and these
// bytes (RFC 6962, section 2.1).
const (
	leafVersion = 1
	leafByNode  = 2
	leafFixed   = 126
	maxText     = 1024
)

func (l *Leaf) texts(version byte) []*string {
	all := []*string{&l.Organisation, &l.Role, &l.Purpose, &l.Conditions, &l.Question, &l.Dataset, &l.Policy, &l.Decision, &l.Ref, &l.Node}
	if version == leafVersion {
		all = all[:9]
	}
	return all
}

// version is the one way in which a leaf is written.
func (l *Leaf) version() byte {
	if l.Node != "" {
		return leafByNode
	}
	return leafVersion
}

var textNames = [...]string{"organisation", "role", "purpose", "conditions", "question", "dataset", "policy", "decision", "ref", "node"}

// Encode gives a leaf's bytes.
func (l *Leaf) Encode() ([]byte, error) {
	if err := l.check(); err != nil {
		return nil, err
	}
	b := make([]byte, 0, leafFixed+256)
	b = append(b, l.version(), byte(l.Kind))
	b = binary.BigEndian.AppendUint64(b, uint64(l.Time.UnixMicro()))
	b = binary.BigEndian.AppendUint32(b, l.PolicyVersion)
	b = binary.BigEndian.AppendUint64(b, l.Counted)
	b = binary.BigEndian.AppendUint64(b, l.Epoch)
	b = append(b, l.Mask[:]...)
	b = append(b, l.Private[:]...)
	b = append(b, l.Digest[:]...)
	for _, s := range l.texts(l.version()) {
		b = binary.BigEndian.AppendUint16(b, uint16(len(*s)))
		b = append(b, *s...)
	}
	return b, nil
}

// check refuses what has no bytes, or what a reader would have to guess about.
func (l *Leaf) check() error {
	if !l.Kind.valid() {
		return fault.New(fault.Invalid, "a leaf of %s doesn't exist", l.Kind)
	}
	if l.Time.UnixMicro() < 0 || l.Time.Year() > 9999 {
		return fault.New(fault.Invalid, "a leaf's time is outside 1970–9999")
	}
	for i, s := range l.texts(leafByNode) {
		if err := checkText(textNames[i], *s); err != nil {
			return err
		}
	}
	return nil
}

func checkText(name, s string) error {
	bad := func(why string) error {
		return fault.New(fault.Invalid, "a leaf's %s %s", name, why).Where(name)
	}
	if len(s) > maxText {
		return bad("is longer than 1,024 bytes")
	}
	if !utf8.ValidString(s) {
		return bad("isn't UTF-8")
	}
	for _, r := range s {
		if unicode.IsControl(r) {
			return bad("has a control character")
		}
	}
	return nil
}

// Decode reads a leaf's bytes. Whatever Encode would not have written is refused.
func Decode(b []byte) (Leaf, error) {
	var l Leaf
	if len(b) == 0 || b[0] != leafVersion && b[0] != leafByNode {
		return l, fault.New(fault.Invalid, "this leaf is of a version that this program doesn't know").
			Do("read it with a newer version of samverk")
	}
	if len(b) < leafFixed {
		return l, fault.New(fault.Invalid, "a leaf of %d bytes is cut short", len(b))
	}
	l.Kind = Kind(b[1])
	us := binary.BigEndian.Uint64(b[2:])
	if us > maxTime {
		return Leaf{}, fault.New(fault.Invalid, "a leaf's time is outside 1970–9999")
	}
	l.Time = time.UnixMicro(int64(us)).UTC()
	l.PolicyVersion = binary.BigEndian.Uint32(b[10:])
	l.Counted = binary.BigEndian.Uint64(b[14:])
	l.Epoch = binary.BigEndian.Uint64(b[22:])
	copy(l.Mask[:], b[30:])
	copy(l.Private[:], b[62:])
	copy(l.Digest[:], b[94:])
	if err := l.readTexts(b[0], b[leafFixed:]); err != nil {
		return Leaf{}, err
	}
	if l.version() != b[0] {
		return Leaf{}, fault.New(fault.Invalid, "a leaf of version %d names no node", b[0])
	}
	if err := l.check(); err != nil {
		return Leaf{}, err
	}
	return l, nil
}

// maxTime is the last microsecond of the year 9999.
const maxTime = 253402300800_000000 - 1

func (l *Leaf) readTexts(version byte, b []byte) error {
	for i, s := range l.texts(version) {
		if len(b) < 2 {
			return fault.New(fault.Invalid, "a leaf is cut short before its %s", textNames[i])
		}
		n := int(binary.BigEndian.Uint16(b))
		if b = b[2:]; len(b) < n {
			return fault.New(fault.Invalid, "a leaf is cut short in its %s", textNames[i])
		}
		*s, b = string(b[:n]), b[n:]
	}
	if len(b) > 0 {
		return fault.New(fault.Invalid, "a leaf has %d bytes too many", len(b))
	}
	return nil
}
