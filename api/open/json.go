package open

import (
	"encoding/json"
	"strconv"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/genome/variant"
)

// appendAnswer writes one variant's counts, with the fields of the command line's query --json.
// Where nobody looked, numbers are null: that is no answer, and not a zero.
func appendAnswer(b []byte, k variant.Key, purpose consent.Purpose, dataset string, c *answer.Count, epoch uint64) []byte {
	b = append(b, `{"variant":`...)
	b = appendText(b, k.String())
	b = append(b, `,"purpose":"`...)
	b = append(b, purpose...)
	b = append(b, `","dataset":`...)
	if dataset == "" {
		b = append(b, `"all germline"`...)
	} else {
		b = appendText(b, dataset)
	}
	if !c.Covered {
		b = append(b, `,"ac":null,"an":null,"af":null,"het":null,"hom":null,"hemi":null,"an_basis":null`...)
	} else {
		b = appendCount(b, `,"ac":`, c.AC)
		b = appendCount(b, `,"an":`, c.AN)
		b = append(b, `,"af":`...)
		if f, ok := c.AF(); ok {
			b = strconv.AppendFloat(b, f, 'g', -1, 64)
		} else {
			b = append(b, "null"...)
		}
		b = appendCount(b, `,"het":`, c.Het)
		b = appendCount(b, `,"hom":`, c.Hom)
		b = appendCount(b, `,"hemi":`, c.Hemi)
		if c.Assumed {
			b = append(b, `,"an_basis":"assumed"`...)
		} else {
			b = append(b, `,"an_basis":"called"`...)
		}
	}
	b = appendCount(b, `,"individuals_counted":`, c.Individuals)
	b = append(b, `,"consent_epoch":`...)
	b = strconv.AppendUint(b, epoch, 10)
	if c.Covered {
		return append(b, `,"covered":true}`...)
	}
	return append(b, `,"covered":false}`...)
}

func appendCount(b []byte, name string, n uint32) []byte {
	return strconv.AppendUint(append(b, name...), uint64(n), 10)
}

// appendText writes a JSON string.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			quoted, err := json.Marshal(s)
			if err != nil {
				return append(b, `""`...) // can't be: a string always has a JSON form
			}
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
