package answer

import (
	"context"
	"slices"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/store"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/ledger"
	"github.com/samverk/samverk/policy"
)

// Question asks about variants: whether anybody has them, how many do, or (unless it says otherwise) in how many of those counted. One of the
// kind policy.Annotate asks for a part of a whole file: up to MostInPart variants in their normal form, judged and paid as annotating is.
type Question struct {
	policy.Ask
	LeaveOut
	Keys []variant.Key
	Have string // the tag of an answer that the asker has
	Runs bool   // of a part: it is told in Answer.Runs, without a tag
}

// MostInPart is how many variants a part of an annotation may name.
const MostInPart = 1 << 16

// Region asks for the variants that somebody counted carries on a stretch, 1-based and inclusive.
type Region struct {
	policy.Ask
	LeaveOut
	Chrom    variant.Chrom
	From, To uint32
	Limit    int // 0: MostInRegion, and more is an error
}

// MostInRegion bounds a listing, which is held until it is released. Whoever wants more wants an export.
const MostInRegion = 250_000

// Answer is what is told of variants, in the order of the question or of the stretch.
type Answer struct {
	Keys        []variant.Key // of a region
	Counts      []Count
	Runs        Runs // instead of Counts
	Epoch       uint64
	Individuals policy.Cell // who allow it and are sequenced, wherever
	Datasets    []string    // that were asked
	Tag         string      // of an answer to a Question: equal only if the counts are
	Unchanged   bool        // the asker has the counts, by the tag they brought; they aren't told again

	Verdict policy.Verdict // for those who may know
	Receipt ledger.Receipt // of the leaf that records it
}

// tries is how often a question is asked again because the rules changed while it was answered.
const tries = 3

func again[A any](answer func() (A, error)) (a A, err error) {
	for range tries {
		if a, err = answer(); fault.KindOf(err) != fault.Conflict {
			break
		}
	}
	return a, err
}

// Ask answers a question about variants.
func (d *Desk) Ask(ctx context.Context, q Question) (Answer, error) {
	if err := q.check(); err != nil {
		return Answer{}, err
	}
	return again(func() (Answer, error) { return d.askKeys(ctx, q) })
}

// check refuses what is no question, and says how many numbers one has.
func (q *Question) check() error {
	switch q.Question {
	case "":
		q.Question = policy.Frequency
	case policy.Exists, policy.Count, policy.Frequency:
	case policy.Annotate:
		if len(q.Keys) > MostInPart {
			return fault.New(fault.Invalid, "%d variants are asked for at once", len(q.Keys)).Do("ask for %d at most", MostInPart)
		}
		for i, k := range q.Keys {
			if !k.Chrom.Valid() || k.Pos == 0 {
				return fault.New(fault.Invalid, "number %d is no variant", i+1)
			}
		}
	default:
		return fault.New(fault.Invalid, "%q is not asked of variants", q.Question)
	}
	if len(q.Keys) == 0 {
		return fault.New(fault.Invalid, "nothing was asked").Do("name a variant, as in chr22-50000165-C-T")
	}
	q.Cells = len(q.Keys)
	return nil
}

func (d *Desk) askKeys(ctx context.Context, q Question) (Answer, error) {
	s, err := d.ask(ctx, q.Ask, q.LeaveOut, func() string { return aboutKeys(q.Question, q.Keys) })
	if err != nil {
		return Answer{}, err
	}
	if q.Question == policy.Annotate {
		leave, err := d.turn(ctx)
		if err != nil {
			return Answer{}, err
		}
		defer leave()
	}
	commitment, err := d.pay(ctx, s, len(q.Keys))
	if err != nil {
		return Answer{}, err
	}
	a, err := d.countFor(ctx, s, &q)
	if err != nil {
		return Answer{}, err
	}
	return d.release(ctx, s, a, commitment)
}

// countFor counts for a question that was paid.
func (d *Desk) countFor(ctx context.Context, s *asking, q *Question) (Answer, error) {
	if err := d.begun(ctx, s); err != nil {
		return Answer{}, err
	}
	a := s.answer()
	if q.Question == policy.Annotate && q.Runs {
		var err error
		a.Runs, err = d.countPart(ctx, s, q.Keys)
		return a, d.refused(s.ask, err)
	}
	a.Tag = d.tag(s, q.Keys)
	if a.Unchanged = q.Have == a.Tag; a.Unchanged {
		return a, nil
	}
	if q.Question == policy.Annotate {
		runs, err := d.countPart(ctx, s, q.Keys)
		a.Counts = runs.Counts()
		return a, d.refused(s.ask, err)
	}
	a.Counts = make([]Count, len(q.Keys))
	return a, d.refused(s.ask, d.countKeys(ctx, s, q.Keys, a.Counts))
}

func (d *Desk) countKeys(ctx context.Context, s *asking, keys []variant.Key, counts []Count) error {
	counter, normal := s.counters.Get().(*store.Counter), d.normal.Get().(*variant.Normalizer)
	for i, k := range keys {
		if i&255 == 255 && ctx.Err() != nil {
			return ctx.Err()
		}
		var err error
		if d.reference != nil || len(k.Ref) != 1 || len(k.Alt) != 1 { // one base for another is in its normal form
			if k, err = normal.Normal(k); err != nil {
				return err
			}
		}
		c, err := counter.Count(k)
		if err != nil {
			return err
		}
		counts[i] = s.count(c)
	}
	s.counters.Put(counter)
	d.normal.Put(normal)
	return nil
}

func (q *asking) answer() Answer {
	return Answer{Epoch: q.allowed.Epoch, Individuals: q.size(q.mask.Individuals()), Datasets: q.datasets, Verdict: q.verdict}
}

// Region lists the variants on a stretch that somebody counted carries, in order.
func (d *Desk) Region(ctx context.Context, q Region) (Answer, error) {
	if !q.Chrom.Valid() || q.From == 0 || q.From > q.To {
		return Answer{}, fault.New(fault.Invalid, "%s:%d-%d is no stretch of a chromosome", q.Chrom, q.From, q.To).
			Do("write it as chr22:50000000-50010000")
	}
	q.Question, q.Cells = policy.Frequency, 0
	return again(func() (Answer, error) { return d.askRegion(ctx, q) })
}

func (d *Desk) askRegion(ctx context.Context, q Region) (Answer, error) {
	where := variant.Region{Chrom: q.Chrom, From: q.From, To: q.To}
	s, err := d.ask(ctx, q.Ask, q.LeaveOut, func() string { return string(q.Question) + " " + where.String() })
	if err != nil {
		return Answer{}, err
	}
	commitment, err := d.pay(ctx, s, 1) // for being told how many there are; each that is listed costs one
	if err != nil {
		return Answer{}, err
	}
	if err := d.begun(ctx, s); err != nil {
		return Answer{}, err
	}
	d.lengthy(s.counting)
	a, most := s.answer(), q.Limit
	if most <= 0 || most > mostInRegion {
		most = mostInRegion
	}
	more, to := false, q.To
	err = s.snap.Scan(ctx, s.mask, q.Chrom, q.From, q.To, func(k variant.Key, c store.Count) error {
		if !s.listed(c) {
			return nil
		}
		if more = len(a.Counts) == most; more {
			to = k.Pos
			return errEnough
		}
		k.Ref, k.Alt = slices.Clone(k.Ref), slices.Clone(k.Alt) // the store's until the next one
		a.Keys, a.Counts = append(a.Keys, k), append(a.Counts, s.count(c))
		return nil
	})
	if err != nil && err != errEnough {
		return Answer{}, d.refused(s.ask, err)
	}
	if n := max(len(a.Counts), int((to-q.From)/listsBases)+1); n > 1 {
		if err := d.spendMore(ctx, s, n-1); err != nil {
			return Answer{}, err
		}
	}
	if a, err = d.release(ctx, s, a, commitment); err == nil && more && most != q.Limit { // where a list ends is told, so it is paid and logged like one
		return Answer{}, fault.New(fault.Invalid, "more than %d variants are carried on %s", mostInRegion, where).Do("ask for smaller regions, or use 'samverk export'")
	}
	return a, err
}

var mostInRegion = MostInRegion // a test has fewer

// listsBases is of how long a stretch a list tells for one number, if it names no more variants: what isn't on it is told as well. A
// genome has about one variant on it that .1 to 1 % of alleles are.
const listsBases = 10_000

// errEnough ends a scan at its limit.
var errEnough = fault.New(fault.Internal, "enough")
