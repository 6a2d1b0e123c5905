package vcf

import (
	"io"
	"slices"
	"strings"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/variant"
)

// SampleRow is a line of a sample table: whose sample it is.
type SampleRow struct {
	Sample, Individual string
	Sex                variant.Sex
	Pseudonym          string // by which other regions know the individual; "" for none
	Line               int64
}

// maxSampleRows bounds a sample table.
const maxSampleRows = 5_000_000

// sampleColumns are the columns a sample table has to have, in any order, and the one that it may have; others are ignored.
var sampleColumns = [...]string{"sample", "individual", "sex", "pseudonym"}

// required is how many of them it has to have.
const required = 3

// ReadSamples reads a sample table: tab-separated, its first line naming the columns. One individual may have
// several samples, of one sex; a sample stands once.
func ReadSamples(file string, in io.Reader) ([]SampleRow, error) {
	l := newLines(file, in)
	head, err := l.next()
	if err != nil {
		return nil, err
	}
	at, err := sampleHeader(file, l.n, string(head))
	if err != nil {
		return nil, err
	}
	var rows []SampleRow
	samples, sexes := map[string]int64{}, map[string]SampleRow{}
	for {
		text, err := l.next()
		if err != nil {
			return nil, err
		}
		if text == nil {
			return rows, nil
		}
		row, bad := sampleRow(string(text), at)
		if bad != nil {
			return nil, bad.In(file).OnLine(l.n)
		}
		row.Line = l.n
		if first, twice := samples[row.Sample]; twice {
			return nil, fault.New(fault.Invalid, "%s stands on line %d already", row.Sample, first).In(file).OnLine(l.n).Where("sample").
				Do("give each sample one line")
		}
		if first, twice := sexes[row.Individual]; twice && first.Sex != row.Sex {
			return nil, fault.New(fault.Invalid, "%s has another sex on line %d", row.Individual, first.Line).In(file).OnLine(l.n).Where("sex").
				Do("correct one of the two lines")
		} else if twice && first.Pseudonym != row.Pseudonym {
			return nil, fault.New(fault.Invalid, "%s has another pseudonym on line %d", row.Individual, first.Line).In(file).OnLine(l.n).Where("pseudonym").
				Do("correct one of the two lines")
		}
		samples[row.Sample], sexes[row.Individual] = l.n, row
		if rows = append(rows, row); len(rows) > maxSampleRows {
			return nil, fault.New(fault.Invalid, "more than %d samples", maxSampleRows).In(file).OnLine(l.n)
		}
	}
}

// sampleHeader finds the columns' places.
func sampleHeader(file string, line int64, text string) (at [len(sampleColumns)]int, _ error) {
	names := strings.Split(strings.ToLower(strings.TrimPrefix(text, "#")), "\t")
	for i, want := range sampleColumns {
		at[i] = slices.Index(names, want)
		if at[i] < 0 && i < required {
			return at, fault.New(fault.Invalid, "the first line has no column %s", want).In(file).OnLine(max(line, 1)).
				Do("the table starts with a line of column names, separated by tabs: sample, individual, sex")
		}
	}
	return at, nil
}

func sampleRow(text string, at [len(sampleColumns)]int) (SampleRow, *fault.Error) {
	f := strings.Split(text, "\t")
	var v [len(sampleColumns)]string
	for i, col := range at {
		if i >= required {
			if col >= 0 && col < len(f) {
				v[i] = strings.TrimSpace(f[col])
			}
			continue
		}
		if col >= len(f) {
			return SampleRow{}, fault.New(fault.Invalid, "the line has %d columns, %s is column %d", len(f), sampleColumns[i], col+1).
				Where(sampleColumns[i]).Do("columns are separated by tabs")
		}
		if v[i] = strings.TrimSpace(f[col]); v[i] == "" {
			return SampleRow{}, fault.New(fault.Invalid, "it is empty").Where(sampleColumns[i])
		}
	}
	row := SampleRow{Sample: v[0], Individual: v[1], Pseudonym: v[3]}
	switch strings.ToLower(v[2]) {
	case "male":
		row.Sex = variant.Male
	case "female":
		row.Sex = variant.Female
	case "unknown":
		row.Sex = variant.UnknownSex
	default:
		return SampleRow{}, fault.New(fault.Invalid, "%q is not a sex", clip([]byte(v[2]))).Where("sex").Do("write male, female or unknown")
	}
	return row, nil
}
