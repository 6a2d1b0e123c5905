package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/storage"
)

// targets is where a panel or an exome looked; nil is everywhere.
type targets struct {
	digest string
	chroms [26][]span
}

type span struct{ from, to uint32 }

// newTargets sorts and joins the intervals; nil for none at all.
func newTargets(in []Interval) *targets {
	if in == nil {
		return nil
	}
	in = slices.Clone(in)
	slices.SortFunc(in, func(a, b Interval) int { return cmp.Or(cmp.Compare(a.Chrom, b.Chrom), cmp.Compare(a.From, b.From)) })
	t := new(targets)
	for _, x := range in {
		c := &t.chroms[x.Chrom]
		if n := len(*c); n > 0 && x.From <= (*c)[n-1].to+1 {
			(*c)[n-1].to = max((*c)[n-1].to, x.To)
		} else {
			*c = append(*c, span{x.From, x.To})
		}
	}
	sum := sha256.Sum256([]byte(t.text()))
	t.digest = hex.EncodeToString(sum[:])
	return t
}

func (t *targets) contain(c variant.Chrom, pos uint32) bool {
	if t == nil {
		return true
	}
	s := t.chroms[c]
	i := sort.Search(len(s), func(i int) bool { return s[i].to >= pos })
	return i < len(s) && s[i].from <= pos
}

func (t *targets) text() string {
	var b strings.Builder
	for c, spans := range t.chroms {
		for _, s := range spans {
			b.WriteString(strconv.Itoa(c) + ":" + strconv.Itoa(int(s.from)) + "-" + strconv.Itoa(int(s.to)) + "\n")
		}
	}
	return b.String()
}

// keep writes the targets once, and gives what a sample's row refers to them by.
func (t *targets) keep(ctx context.Context, tx *storage.Tx) (digest any, err error) {
	if t == nil {
		return nil, nil
	}
	_, err = tx.Exec(ctx, `INSERT INTO genome_targets (digest, intervals) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING`, t.digest, t.text())
	return t.digest, err
}

func readTargets(ctx context.Context, tx *storage.Tx, digest string) (*targets, error) {
	var text string
	if err := tx.QueryRow(ctx, `SELECT intervals FROM genome_targets WHERE digest = $1`, digest).Scan(&text); err != nil {
		return nil, err
	}
	t := &targets{digest: digest}
	for line := range strings.Lines(text) {
		chrom, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		from, to, _ := strings.Cut(rest, "-")
		c, err1 := strconv.ParseUint(chrom, 10, 8)
		f, err2 := strconv.ParseUint(from, 10, 32)
		l, err3 := strconv.ParseUint(to, 10, 32)
		if err := cmp.Or(err1, err2, err3); err != nil || c >= uint64(len(t.chroms)) {
			return nil, fault.New(fault.Internal, "the stored targets %s can't be read", digest).Do("restore the database from a backup")
		}
		t.chroms[c] = append(t.chroms[c], span{uint32(f), uint32(l)})
	}
	return t, nil
}
