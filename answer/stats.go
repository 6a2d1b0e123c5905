package answer

import (
	"context"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/genome/store"
	"github.com/samverk/samverk/policy"
)

// Stats is what the desk's node holds.
type Stats struct {
	Datasets    []DatasetStats
	Samples     int
	Individuals int // with a live sample
	Variants    int64
	Segments    int
	Bytes       int64
	Epoch       uint64
	Counted     map[consent.Purpose]int64 // individuals who may be counted, sequenced or not
}

// DatasetStats is one dataset.
type DatasetStats struct {
	Name        string
	Origin      store.Origin
	Samples     int
	Individuals int
}

// Stats sums the node up, for its operator and its stewards. It tells how many people there are, and nothing of what they carry.
func (d *Desk) Stats(ctx context.Context, a policy.Ask) (Stats, error) {
	if !a.Operator && (!a.SignedIn || a.Role != policy.Steward) {
		return Stats{}, policy.Denied()
	}
	st, err := d.genomes.Stats(ctx)
	if err != nil {
		return Stats{}, err
	}
	out := Stats{Samples: st.Samples, Individuals: st.Individuals, Variants: st.Variants, Segments: st.Segments, Bytes: st.Bytes,
		Epoch: d.consents.Epoch(), Counted: make(map[consent.Purpose]int64)}
	for _, s := range st.Datasets {
		out.Datasets = append(out.Datasets, DatasetStats{Name: s.Name, Origin: s.Origin, Samples: s.Samples, Individuals: s.Individuals})
	}
	for p, n := range d.consents.Counted() {
		out.Counted[p] = int64(n)
	}
	return out, nil
}

// Healthy tells whether the store answers.
func (d *Desk) Healthy(ctx context.Context) error {
	_, err := d.genomes.Stats(ctx)
	return err
}
