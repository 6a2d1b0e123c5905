package answer

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"strings"

	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/ledger"
	"github.com/samverk/samverk/policy"
)

// Annotation asks for a VCF with the counts of its variants.
type Annotation struct {
	policy.Ask
	LeaveOut
	Name      string // of the input, for errors
	Assembly  variant.Assembly
	Reference *variant.Reference // to left-align by; nil: the desk's, if it has one
	Compress  bool               // write bgzip
	Level     int                // 1–9; 0: the default
	Index     io.Writer          // receives a tabix index; needs Compress and sorted records
	Progress  func(bytesRead int64)
	Written   func(records int64) // so far, as they are written
}

// Annotated tells what an annotation came to.
type Annotated struct {
	Records     int64
	Alleles     int64 // ALTs that name a variant
	Known       int64 // of them, told to be carried by somebody counted
	Individuals policy.Cell
	Epoch       uint64

	Verdict policy.Verdict
	Receipt ledger.Receipt
}

// Annotate copies a VCF from in to out and adds the counts of its variants to INFO, leaving all else as it is but line ends, which become LF. The
// people counted are those who allow the use when it begins. After an error what was written is not whole.
func (d *Desk) Annotate(ctx context.Context, a Annotation, in io.Reader, out io.Writer) (Annotated, error) {
	a.Question, a.Cells = policy.Annotate, 0
	leave, err := d.enter(a.Ask)
	if err != nil {
		return Annotated{}, err
	}
	defer leave()
	done, err := d.annotate(ctx, a, in, out)
	return done, d.broken(a.Ask, err)
}

func (d *Desk) annotate(ctx context.Context, a Annotation, in io.Reader, out io.Writer) (Annotated, error) {
	c, err := d.ask(ctx, a.Ask, a.LeaveOut, func() string { return "annotate " + a.Name })
	if err != nil {
		return Annotated{}, err
	}
	if a.Reference == nil {
		a.Reference = d.reference
	}
	x, err := open(a, in)
	if err != nil {
		return Annotated{}, err
	}
	defer x.reader.Close()
	purse, err := d.purse(ctx, c)
	if err != nil {
		return Annotated{}, err
	}
	if err := d.begun(ctx, c); err != nil {
		return Annotated{}, err
	}
	d.lengthy(c.counting)
	x.sum = Annotated{Individuals: c.size(c.mask.Individuals()), Epoch: c.allowed.Epoch, Verdict: c.verdict}
	if x.sum.Receipt, err = d.record(ctx, c); err != nil {
		return Annotated{}, err
	}
	return x.copy(ctx, &stored{c, purse, a.Ask}, out)
}

// stored are the counts of this node's own store.
type stored struct {
	*asking
	purse *purse
	ask   policy.Ask
}

func (s *stored) Header() []string {
	by := ""
	if !s.plain {
		by = fmt.Sprintf(",Policy=%s,Decision=%q,NotToldApart=%d", s.verdict.Policy, s.verdict.Number, s.verdict.K)
	}
	return []string{fmt.Sprintf("##samverk=<ID=counts,Purpose=%s,Datasets=%q,Individuals=%s,ConsentEpoch=%d%s>",
		s.ask.Use.Purpose, strings.Join(s.datasets, ","), Text(s.size(s.mask.Individuals()), "-"), s.allowed.Epoch, by)}
}

func (s *stored) Pages() (atOnce, bytes int) { return runtime.GOMAXPROCS(0), 512 << 10 }

func (s *stored) Ranged() bool { return !s.plain }

func (s *stored) Pay(ctx context.Context, cells int) error { return s.purse.pay(ctx, cells) }

func (s *stored) Clerk() Clerk {
	return &clerk{runner: runner{counter: s.snap.BulkCounter(s.mask), shaper: s.shaper}}
}

type clerk struct {
	runner runner
	runs   Runs
}

func (c *clerk) Count(ctx context.Context, keys []variant.Key) (runs Runs, more string, err error) {
	c.runs, err = c.runner.count(ctx, keys, c.runs[:0])
	return c.runs, "", err
}

func (c *clerk) Close() { c.runner.counter.Close() }
