package app

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	consentweb "github.com/samverk/samverk/consent/web"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/ledger"
)

// A ledger's public files are for anybody to read, also while the node writes: the commands for them need no owner and no node.

// Log is a ledger's public files and the key that they are checked with.
type Log struct {
	from ledger.Source
	url  string // "" for one in a folder
	Key  string
}

// OpenLog finds a log by a data directory, a ledger's folder, a copy of its log, or an address that serves one. Without a key, the one that lies
// beside the log is believed.
func OpenLog(where, key string) (Log, error) {
	if strings.HasPrefix(where, "https://") || strings.HasPrefix(where, "http://") {
		if key == "" {
			return Log{}, fault.New(fault.Invalid, "a log that somebody serves is checked with a key that comes from elsewhere").Where("--key").Do("give the log's public key")
		}
		from, err := ledger.URL(&http.Client{Timeout: time.Minute}, where)
		return Log{from, where, key}, err
	}
	dir := where
	for _, below := range []string{filepath.Join(ledgerName, "log"), "log", "."} {
		if _, err := os.Stat(filepath.Join(where, below, "checkpoint")); err == nil {
			dir = filepath.Join(where, below)
			break
		}
	}
	if key == "" {
		path := filepath.Join(filepath.Dir(dir), "key.pub")
		b, err := os.ReadFile(path)
		if err != nil {
			return Log{}, fault.Wrap(fault.NotFound, err, "the log's public key can't be read").In(path).Do("give it with --key")
		}
		key = strings.TrimSpace(string(b))
	}
	return Log{ledger.Dir(dir), "", key}, nil
}

// LogReport is what a verification found.
type LogReport struct {
	Log        string            `json:"log"`
	Leaves     uint64            `json:"leaves"`
	Kinds      map[string]uint64 `json:"kinds"`
	Root       string            `json:"root"`
	First      time.Time         `json:"first"`
	Last       time.Time         `json:"last"`
	ClockSteps int               `json:"clock_steps"`
}

// Verify reads a log whole and checks every hash of it.
func (l Log) Verify(ctx context.Context) (LogReport, error) {
	r, err := ledger.Verify(ctx, l.from, l.Key, nil)
	if err != nil {
		return LogReport{}, err
	}
	return reportOf(r)
}

func reportOf(r *ledger.Report) (LogReport, error) {
	if !r.OK() {
		var list []string
		for _, d := range r.Damage[:min(len(r.Damage), shown)] {
			list = append(list, d.String())
		}
		return LogReport{}, fault.New(fault.Internal, "the ledger is damaged: %s", strings.Join(list, "; ")).
			Do("keep it as it is, find out who changed it, and compare it with what witnesses have")
	}
	out := LogReport{Log: r.Checkpoint.Origin, Leaves: r.Leaves, Kinds: map[string]uint64{}, First: r.First, Last: r.Last, ClockSteps: len(r.Steps)}
	root, err := json.Marshal(r.Checkpoint.Root[:])
	if err != nil {
		return out, err
	}
	out.Root = strings.Trim(string(root), `"`)
	for k, n := range r.Kinds {
		out.Kinds[k.String()] = n
	}
	return out, nil
}

// Export writes every leaf as a line of JSON, and checks the log as it goes.
func (l Log) Export(ctx context.Context, to io.Writer) (LogReport, error) {
	r, err := ledger.Export(ctx, l.from, l.Key, to)
	if err != nil {
		return LogReport{}, err
	}
	return reportOf(r)
}

// Prove shows that a leaf is in the log, as JSON that stands alone.
func (l Log) Prove(ctx context.Context, index uint64) ([]byte, error) {
	p, err := ledger.ProveLeaf(ctx, l.from, l.Key, index)
	if err != nil {
		return nil, err
	}
	return json.Marshal(p)
}

// Checked is what a proof shows.
type Checked struct {
	Leaf    json.RawMessage `json:"leaf"`
	Counted string          `json:"counted,omitempty"` // of a patient's proof of a use: yes, no or unknown
}

// CheckProof reads a proof, of a leaf or of a use as a patient downloads it, and checks it with the log's key, which has to come from elsewhere.
func CheckProof(b []byte, key string) (c Checked, err error) {
	if p, ok := consentweb.ReadProof(b); ok {
		x, were, err := p.Verify(key)
		if err != nil {
			return c, err
		}
		c.Counted = string(were)
		c.Leaf, err = x.JSON(p.Leaf.Index)
		return c, err
	}
	p, err := ledger.ReadProof(b)
	if err != nil {
		return c, err
	}
	if err := p.Verify(key); err != nil {
		return c, err
	}
	x, err := ledger.Decode(p.Leaf)
	if err != nil {
		return c, err
	}
	c.Leaf, err = x.JSON(p.Index)
	return c, err
}

// Witnessed is what a witness saw.
type Witnessed struct {
	Log    string `json:"log"`
	Leaves uint64 `json:"leaves"`
	Added  uint64 `json:"added"`
	Key    string `json:"witness_key"`
}

// Witness looks at a log as somebody who sees to it that it only grows, and cosigns it; tell sends that to whoever serves the log. dir is
// the witness's.
func (l Log) Witness(ctx context.Context, dir, name string, tell bool) (Witnessed, error) {
	if tell && l.url == "" {
		return Witnessed{}, fault.New(fault.Invalid, "nobody serves this log").Where("--tell").Do("give its address with --log")
	}
	w, err := ledger.NewWitness(dir, name, time.Now, rand.Reader)
	if err != nil {
		return Witnessed{}, err
	}
	c, added, err := w.Watch(ctx, l.from, l.Key)
	if err == nil && tell {
		err = l.tell(ctx, c.Note)
	}
	return Witnessed{Log: c.Origin, Leaves: c.Size, Added: added, Key: w.PublicKey()}, err
}

// tell sends a cosigned checkpoint to whoever serves the log.
func (l Log) tell(ctx context.Context, note string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(l.url, "/")+"/cosignatures", strings.NewReader(note))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "text/plain; charset=utf-8")
	a, err := (&http.Client{Timeout: time.Minute}).Do(r)
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "the cosignature is kept here, and wasn't sent").Do("run it again")
	}
	defer a.Body.Close()
	if a.StatusCode != http.StatusOK {
		b, _ := io.ReadAll(io.LimitReader(a.Body, 200))
		return fault.New(fault.Unavailable, "the cosignature is kept here, and wasn't taken: %s", strings.TrimSpace(string(b))).
			Do("give the node's operator the witness's key.pub, for witnesses in its settings")
	}
	return nil
}
