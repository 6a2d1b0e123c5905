package vcf

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"io"
	"slices"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/variant"
)

// Targets are what a panel or exome covers.
type Targets struct {
	Regions []variant.Region // sorted; overlapping and touching ones merged
	Other   int64            // lines on sequences that are not primary, left out
}

// maxTargets bounds a BED file: an exome has about 200,000 lines.
const maxTargets = 20_000_000

// ReadBED reads targets: three tab- or space-separated columns or more, the start counted from 0 and the end not
// in it (UCSC's and GA4GH's BED v1). Comments, browser and track lines and blank lines are skipped.
func ReadBED(file string, in io.Reader) (Targets, error) {
	var t Targets
	lines := newLines(file, in)
	for {
		text, err := lines.next()
		if err != nil {
			return Targets{}, err
		}
		if text == nil {
			break
		}
		if text[0] == '#' || skippedBED(text) {
			continue
		}
		r, ok, bad := bedLine(text)
		if bad != nil {
			if bad.Hint == "" {
				bad.Hint = "a BED line is chromosome, start from 0, end"
			}
			return Targets{}, bad.In(file).OnLine(lines.n)
		}
		if !ok {
			t.Other++
			continue
		}
		if t.Regions = append(t.Regions, r); len(t.Regions) > maxTargets {
			return Targets{}, fault.New(fault.Invalid, "more than %d regions", maxTargets).In(file).OnLine(lines.n)
		}
	}
	if len(t.Regions) == 0 {
		return Targets{}, fault.New(fault.Invalid, "no region of a human chromosome").In(file).Do("a BED file has lines of chromosome, start, end")
	}
	t.Regions = merge(t.Regions)
	return t, nil
}

func skippedBED(text []byte) bool {
	first := bytes.Fields(text)
	return len(first) > 0 && (string(first[0]) == "track" || string(first[0]) == "browser")
}

// bedLine reads a line; ok is false when its sequence is not primary.
func bedLine(text []byte) (r variant.Region, ok bool, _ *fault.Error) {
	f := bytes.Fields(text)
	if bytes.IndexByte(text, '\t') >= 0 {
		f = bytes.Split(text, []byte{'\t'})
	}
	if len(f) < 3 {
		return r, false, fault.New(fault.Invalid, "the line has %d columns, fewer than 3", len(f)).Do("a BED line is chromosome, start, end")
	}
	from, ok1 := whole(f[1])
	to, ok2 := whole(f[2])
	if !ok1 || f[1][0] == '-' || f[1][0] == '+' {
		return r, false, fault.New(fault.Invalid, "%q is not a number", clip(f[1])).Where("start")
	}
	if !ok2 || f[2][0] == '-' || f[2][0] == '+' {
		return r, false, fault.New(fault.Invalid, "%q is not a number", clip(f[2])).Where("end")
	}
	if to < from {
		return r, false, fault.New(fault.Invalid, "the end %d is before the start %d", to, from).Where("end")
	}
	c, ok := variant.ParseChrom(f[0])
	if !ok {
		return r, false, nil
	}
	if to > c.Length() {
		return r, false, fault.New(fault.Invalid, "%d is past the end of %s, %d in GRCh38", to, c, c.Length()).Where("end").
			Do("is the BED file on another assembly?")
	}
	if to == from { // an insertion point between two bases covers neither; both neighbours are meant
		return variant.Region{Chrom: c, From: max(from, 1), To: min(from+1, c.Length())}, true, nil
	}
	return variant.Region{Chrom: c, From: from + 1, To: to}, true, nil
}

// merge sorts regions and joins those that overlap or touch.
func merge(rs []variant.Region) []variant.Region {
	slices.SortFunc(rs, func(a, b variant.Region) int {
		return cmp.Or(cmp.Compare(a.Chrom, b.Chrom), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	out := rs[:0]
	for _, r := range rs {
		if n := len(out); n > 0 && out[n-1].Chrom == r.Chrom && r.From <= out[n-1].To+1 {
			out[n-1].To = max(out[n-1].To, r.To)
			continue
		}
		out = append(out, r)
	}
	return slices.Clip(out)
}

// lines reads a small text file by line, each at most 1 MiB.
type lines struct {
	file string
	in   *bufio.Reader
	n    int64
}

const maxShortLine = 1 << 20

func newLines(file string, in io.Reader) *lines {
	return &lines{file: file, in: bufio.NewReaderSize(in, maxShortLine)}
}

// next gives the next line that is not blank, without its end and without a byte order mark; nil at the end.
func (l *lines) next() ([]byte, error) {
	for {
		text, err := l.in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return nil, fault.New(fault.Invalid, "the line is longer than 1 MiB").In(l.file).OnLine(l.n + 1).Do("is this a text file?")
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fault.Wrap(fault.Internal, err, "the file can't be read").In(l.file)
		}
		if len(text) == 0 {
			return nil, nil
		}
		l.n++
		if l.n == 1 {
			text = bytes.TrimPrefix(text, []byte("\ufeff"))
		}
		if text = bytes.TrimRight(text, "\r\n"); len(bytes.TrimSpace(text)) > 0 {
			return text, nil
		}
	}
}
