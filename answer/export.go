package answer

import (
	"context"
	"io"
	"strconv"

	"github.com/parquet-go/parquet-go"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/genome/variant"
)

// Export asks for the counts of everything that somebody counted carries, as Parquet.
type Export struct {
	Use      consent.Use
	Dataset  string
	Progress func(variants int64)
}

// Exported tells what an export came to.
type Exported struct {
	Variants    int64
	Individuals uint32
	Epoch       uint64
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

// exportRows is how many rows are written at a time; groupRows how many make a row group, which the writer holds in memory.
const (
	exportRows = 4096
	groupRows  = 1 << 18
)

// Export writes every variant that somebody counted carries, with its counts, sorted. The people counted are
// those who allow the use when it begins. The file's metadata states use, epoch and how many they are.
func (d *Desk) Export(ctx context.Context, q Export, w io.Writer) (Exported, error) {
	c, err := d.beginLong(q.Use, q.Dataset)
	if err != nil {
		return Exported{}, err
	}
	out := Exported{Individuals: uint32(c.mask.Individuals()), Epoch: c.allowed.Epoch}
	pw := parquet.NewGenericWriter[row](w, parquet.Compression(&parquet.Zstd), parquet.MaxRowsPerRowGroup(groupRows),
		parquet.KeyValueMetadata("samverk.purpose", string(q.Use.Purpose)),
		parquet.KeyValueMetadata("samverk.consent_epoch", strconv.FormatUint(out.Epoch, 10)),
		parquet.KeyValueMetadata("samverk.individuals", strconv.FormatUint(uint64(out.Individuals), 10)))
	rows := make([]row, 0, exportRows)
	flush := func() error {
		_, err := pw.Write(rows)
		out.Variants += int64(len(rows))
		rows = rows[:0]
		if q.Progress != nil {
			q.Progress(out.Variants)
		}
		return err
	}
	_, err = c.everything(ctx, func(k variant.Key, n Count) error {
		af, _ := n.AF()
		rows = append(rows, row{Chrom: k.Chrom.String(), Pos: int32(k.Pos), Ref: string(k.Ref), Alt: string(k.Alt), AC: int32(n.AC), AN: int32(n.AN),
			AF: af, Het: int32(n.Het), Hom: int32(n.Hom), Hemi: int32(n.Hemi), Assumed: n.Assumed})
		if len(rows) == cap(rows) {
			return flush()
		}
		return nil
	})
	if err != nil {
		return Exported{}, err
	}
	if err := flush(); err != nil {
		return Exported{}, err
	}
	return out, pw.Close()
}
