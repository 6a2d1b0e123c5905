package owner

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"

	"github.com/samverk/samverk/fault"
)

// Progress tells how far a long operation is. Total is 0 when nobody knows it.
type Progress struct {
	Phase string `json:"phase"`
	Done  int64  `json:"done"`
	Total int64  `json:"total,omitempty"`
	Unit  string `json:"unit,omitempty"` // "bytes", "variants"
}

// line is one line of an answer: exactly one of its parts is there.
type line struct {
	Progress *Progress       `json:"progress,omitempty"`
	Item     json.RawMessage `json:"item,omitempty"`
	Result   json.RawMessage `json:"result,omitempty"`
	Error    *wireFault      `json:"error,omitempty"`
}

// wireFault is a fault.Error on its way through the socket.
type wireFault struct {
	Kind string `json:"kind"`
	What string `json:"what"`
	File string `json:"file,omitempty"`
	Line int64  `json:"line,omitempty"`
	At   string `json:"at,omitempty"`
	Hint string `json:"hint,omitempty"`
}

// Flatten makes one fault of a chain, the same one whether it came through the socket or not.
func Flatten(err error) *fault.Error {
	e, ok := err.(*fault.Error) //nolint:errorlint // only the outermost: a wrapped one's place is already in the text
	if !ok {
		return &fault.Error{Kind: fault.KindOf(err), What: err.Error(), Hint: fault.HintOf(err)}
	}
	flat := *e
	if e.Err != nil {
		flat.What += ": " + e.Err.Error()
	}
	flat.Err, flat.Hint = nil, fault.HintOf(err)
	return &flat
}

func toWire(err error) *wireFault {
	e := Flatten(err)
	return &wireFault{Kind: e.Kind.String(), What: e.What, File: e.File, Line: e.Line, At: e.At, Hint: e.Hint}
}

func (w *wireFault) fault() error {
	return &fault.Error{Kind: kindNamed(w.Kind), What: w.What, File: w.File, Line: w.Line, At: w.At, Hint: w.Hint}
}

func kindNamed(name string) fault.Kind {
	for k := fault.Internal; k <= fault.Unavailable; k++ {
		if k.String() == name {
			return k
		}
	}
	return fault.Internal
}

// Frames of a stream's answer.
const (
	frameData     = 'd'
	frameProgress = 'p'
	frameResult   = 'r'
	frameError    = 'e'

	maxFrame = 1 << 20
)

// frameWriter writes what it is given as data frames.
type frameWriter struct{ w io.Writer }

func (f frameWriter) Write(p []byte) (int, error) {
	n := 0
	for len(p) > 0 {
		part := p[:min(len(p), maxFrame)]
		if err := f.frame(frameData, part); err != nil {
			return n, err
		}
		n += len(part)
		p = p[len(part):]
	}
	return n, nil
}

func (f frameWriter) frame(kind byte, payload []byte) error {
	var head [5]byte
	head[0] = kind
	binary.LittleEndian.PutUint32(head[1:], uint32(len(payload)))
	if _, err := f.w.Write(head[:]); err != nil {
		return err
	}
	_, err := f.w.Write(payload)
	return err
}

func (f frameWriter) json(kind byte, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return f.frame(kind, b)
}

var errFrame = errors.New("a frame that no owner writes")

// readFrames hands over data as it comes and returns the result's JSON, or the error the owner sent.
// io.ErrUnexpectedEOF is an answer that just ended.
func readFrames(r io.Reader, out io.Writer, progress func(Progress)) (json.RawMessage, error) {
	var head [5]byte
	buf := make([]byte, 64<<10)
	for {
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return nil, io.ErrUnexpectedEOF
		}
		size := binary.LittleEndian.Uint32(head[1:])
		if size > maxFrame {
			return nil, errFrame
		}
		if int(size) > len(buf) {
			buf = make([]byte, size)
		}
		p := buf[:size]
		if _, err := io.ReadFull(r, p); err != nil {
			return nil, io.ErrUnexpectedEOF
		}
		switch head[0] {
		case frameData:
			if _, err := out.Write(p); err != nil {
				return nil, fault.Wrap(fault.Unavailable, err, "the output can't be written")
			}
		case frameProgress:
			var pr Progress
			if json.Unmarshal(p, &pr) == nil {
				progress(pr)
			}
		case frameResult:
			return append(json.RawMessage(nil), p...), nil
		case frameError:
			var w wireFault
			if err := json.Unmarshal(p, &w); err != nil {
				return nil, errFrame
			}
			return nil, w.fault()
		default:
			return nil, errFrame
		}
	}
}
