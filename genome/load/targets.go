package load

import (
	"sort"

	"github.com/samverk/samverk/genome/variant"
)

// targets are regions by sequence, sorted and merged; nil is everywhere.
type targets map[variant.Chrom][]variant.Region

func newTargets(regions []variant.Region) targets {
	if regions == nil {
		return nil
	}
	t := targets{}
	for _, r := range regions {
		t[r.Chrom] = append(t[r.Chrom], r)
	}
	return t
}

func (t targets) contain(c variant.Chrom, pos uint32) bool {
	if t == nil {
		return true
	}
	rs := t[c]
	i := sort.Search(len(rs), func(i int) bool { return rs[i].To >= pos })
	return i < len(rs) && rs[i].From <= pos
}
