package open

import (
	"encoding/json"
	"strconv"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/policy"
)

// appendAnswer writes one variant's counts, with the fields of the command line's query --json.
// Where nobody looked, numbers are null: that is no answer, and not a zero. What isn't told exactly is text.
func appendAnswer(b []byte, k variant.Key, ask *policy.Ask, c *answer.Count, a *answer.Answer) []byte {
	b = append(b, `{"variant":`...)
	b = appendText(b, k.String())
	b = append(b, `,"purpose":"`...)
	b = append(b, ask.Use.Purpose...)
	b = append(b, `","dataset":`...)
	if ask.Dataset == "" {
		b = append(b, `"all germline"`...)
	} else {
		b = appendText(b, ask.Dataset)
	}
	b = appendCell(b, `,"carriers":`, c.Carriers)
	b = appendCell(b, `,"ac":`, c.AC)
	b = appendCell(b, `,"an":`, c.AN)
	b = append(b, `,"af":`...)
	if f, ok := c.AF(); ok {
		b = strconv.AppendFloat(b, f, 'g', -1, 64)
	} else {
		b = append(b, "null"...)
	}
	b = appendCell(b, `,"het":`, c.Het)
	b = appendCell(b, `,"hom":`, c.Hom)
	b = appendCell(b, `,"hemi":`, c.Hemi)
	switch {
	case !c.Covered:
		b = append(b, `,"an_basis":null`...)
	case c.Assumed:
		b = append(b, `,"an_basis":"assumed"`...)
	default:
		b = append(b, `,"an_basis":"called"`...)
	}
	b = appendCell(b, `,"individuals_counted":`, c.Individuals)
	b = append(b, `,"consent_epoch":`...)
	b = strconv.AppendUint(b, a.Epoch, 10)
	if !c.Covered {
		return append(b, `,"covered":false}`...)
	}
	if v := a.Verdict; !c.Exact() {
		b = append(b, `,"not_told_apart_below":`...)
		b = strconv.AppendInt(b, int64(v.K), 10)
	}
	return append(b, `,"covered":true}`...)
}

// appendRecorded writes where the ledger records an answer, and to who is known what allowed it.
func appendRecorded(b []byte, ask *policy.Ask, a *answer.Answer) []byte {
	b = append(b, `"leaf":`...)
	b = strconv.AppendUint(b, a.Receipt.Index, 10)
	if v := a.Verdict; v.Policy != "" && (ask.SignedIn || ask.Operator) {
		b = appendText(append(b, `,"policy":`...), v.Policy)
		b = appendText(append(b, `,"decision":`...), v.Number)
	}
	return b
}

func appendCell(b []byte, name string, c policy.Cell) []byte {
	b = append(b, name...)
	switch c.Form {
	case policy.Hidden:
		return append(b, "null"...)
	case policy.Number:
		return strconv.AppendInt(b, int64(c.Low), 10)
	}
	return appendText(b, answer.Text(c, "–"))
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
