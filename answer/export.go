package answer

import (
	"context"
	"io"
	"strconv"

	"github.com/parquet-go/parquet-go"

	"github.com/samverk/samverk/genome/store"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/ledger"
	"github.com/samverk/samverk/policy"
)

// Export asks for the counts of everything that somebody counted carries, as Parquet.
type Export struct {
	policy.Ask
	Progress func(variants int64)
}

// Exported tells what an export came to.
type Exported struct {
	Variants    int64
	Individuals policy.Cell
	Epoch       uint64

	Verdict policy.Verdict
	Receipt ledger.Receipt
}

// row is a line of the Parquet file. Symbolic variants have their name as Alt and an empty Ref.
type row struct {
	Chrom   string  `parquet:"chrom,dict"`
	Pos     int32   `parquet:"pos,delta"`
	Ref     string  `parquet:"ref,dict"`
	Alt     string  `parquet:"alt,dict"`
	AC      int32   `parquet:"ac"`
	AN      int32   `parquet:"an"`
	AF      float64 `parquet:"af"`
	Het     int32   `parquet:"het"`
	Hom     int32   `parquet:"hom"`
	Hemi    int32   `parquet:"hemi"`
	Assumed bool    `parquet:"an_assumed"`
}

func exactRow(k variant.Key, c Count) row {
	af, _ := c.AF()
	return row{Chrom: k.Chrom.String(), Pos: int32(k.Pos), Ref: string(k.Ref), Alt: string(k.Alt), AC: int32(c.AC.Low), AN: int32(c.AN.Low),
		AF: af, Het: int32(c.Het.Low), Hom: int32(c.Hom.Low), Hemi: int32(c.Hemi.Low), Assumed: c.Assumed}
}

// rangeRow is a line where a policy doesn't tell every number as it is: from low to high, null where nothing is told.
type rangeRow struct {
	Chrom        string   `parquet:"chrom,dict"`
	Pos          int32    `parquet:"pos,delta"`
	Ref          string   `parquet:"ref,dict"`
	Alt          string   `parquet:"alt,dict"`
	CarriersLow  *int32   `parquet:"carriers_low"`
	CarriersHigh *int32   `parquet:"carriers_high"`
	ACLow        *int32   `parquet:"ac_low"`
	ACHigh       *int32   `parquet:"ac_high"`
	ANLow        *int32   `parquet:"an_low"`
	ANHigh       *int32   `parquet:"an_high"`
	AF           *float64 `parquet:"af"`
	HomLow       *int32   `parquet:"hom_low"`
	HomHigh      *int32   `parquet:"hom_high"`
	Assumed      bool     `parquet:"an_assumed"`
}

func toldRow(k variant.Key, c Count) rangeRow {
	r := rangeRow{Chrom: k.Chrom.String(), Pos: int32(k.Pos), Ref: string(k.Ref), Alt: string(k.Alt), Assumed: c.Assumed}
	r.CarriersLow, r.CarriersHigh = ends(c.Carriers)
	r.ACLow, r.ACHigh = ends(c.AC)
	r.ANLow, r.ANHigh = ends(c.AN)
	r.HomLow, r.HomHigh = ends(c.Hom)
	if af, ok := c.AF(); ok {
		r.AF = &af
	}
	return r
}

func ends(c policy.Cell) (low, high *int32) {
	if c.Form == policy.Hidden {
		return nil, nil
	}
	l, h := int32(c.Low), int32(c.High)
	if c.High == policy.Unbounded {
		return &l, nil
	}
	return &l, &h
}

// exportRows is how many rows are paid, counted and written at a time; groupRows how many make a row group, which the writer holds in memory.
const (
	exportRows = 4096
	groupRows  = 1 << 18
)

// Export writes every variant that somebody counted carries, with its counts, sorted. The people counted are
// those who allow the use when it begins. The file's metadata states use, epoch and how many they are. After an error what was
// written is not whole.
func (d *Desk) Export(ctx context.Context, q Export, w io.Writer) (Exported, error) {
	q.Question, q.Cells = policy.Export, 0
	leave, err := d.enter(q.Ask)
	if err != nil {
		return Exported{}, err
	}
	defer leave()
	done, err := d.export(ctx, q, w)
	return done, d.broken(q.Ask, err)
}

func (d *Desk) export(ctx context.Context, q Export, w io.Writer) (Exported, error) {
	s, err := d.ask(ctx, q.Ask, LeaveOut{}, func() string { return "export" })
	if err != nil {
		return Exported{}, err
	}
	purse, err := d.purse(ctx, s)
	if err != nil {
		return Exported{}, err
	}
	if err := d.begun(ctx, s); err != nil {
		return Exported{}, err
	}
	d.lengthy(s.counting)
	out := Exported{Individuals: s.size(s.mask.Individuals()), Epoch: s.allowed.Epoch, Verdict: s.verdict}
	if out.Receipt, err = d.record(ctx, s); err != nil {
		return Exported{}, err
	}
	x := exporter{q: s, purse: purse, progress: q.Progress, out: &out}
	if s.plain {
		err = exportTo(ctx, &x, w, exactRow)
	} else {
		err = exportTo(ctx, &x, w, toldRow)
	}
	if err != nil {
		return Exported{}, err
	}
	return out, nil
}

type exporter struct {
	q        *asking
	purse    *purse
	progress func(int64)
	out      *Exported
}

// exportTo writes rows of a kind.
func exportTo[R any](ctx context.Context, x *exporter, w io.Writer, line func(variant.Key, Count) R) error {
	meta := []parquet.WriterOption{parquet.Compression(&parquet.Zstd), parquet.MaxRowsPerRowGroup(groupRows),
		parquet.KeyValueMetadata("samverk.purpose", string(x.q.ask.Use.Purpose)),
		parquet.KeyValueMetadata("samverk.consent_epoch", strconv.FormatUint(x.out.Epoch, 10)),
		parquet.KeyValueMetadata("samverk.individuals", Text(x.out.Individuals, "-"))}
	if !x.q.plain {
		meta = append(meta, parquet.KeyValueMetadata("samverk.policy", x.q.verdict.Policy),
			parquet.KeyValueMetadata("samverk.decision", x.q.verdict.Number),
			parquet.KeyValueMetadata("samverk.not_told_apart", strconv.Itoa(x.q.verdict.K)))
	}
	pw := parquet.NewGenericWriter[R](w, meta...)
	rows := make([]R, 0, exportRows)
	if err := x.purse.pay(ctx, exportRows); err != nil { // before they are counted
		return err
	}
	flush := func() error {
		_, err := pw.Write(rows)
		x.out.Variants += int64(len(rows))
		rows = rows[:0]
		if x.progress != nil {
			x.progress(x.out.Variants)
		}
		return err
	}
	err := x.q.everything(ctx, func(k variant.Key, c store.Count) error {
		if !x.q.listed(c) {
			return nil
		}
		if rows = append(rows, line(k, x.q.count(c))); len(rows) < exportRows {
			return nil
		}
		if err := flush(); err != nil {
			return err
		}
		return x.purse.pay(ctx, exportRows)
	})
	if err != nil {
		return err
	}
	if err := flush(); err != nil {
		return err
	}
	return pw.Close()
}
