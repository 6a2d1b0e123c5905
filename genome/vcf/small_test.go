package vcf

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/variant"
)

func TestBED(t *testing.T) {
	text := "browser position chr7\ntrack name=x\n# comment\nchr2\t10\t20\tname\n1 5 9\r\n\nchr1\t9\t12\nchr1\t0\t1\nchrUn_1\t1\t2\nchrM\t100\t100\n"
	got, err := ReadBED("x.bed", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if want := "[chr1:1-1 chr1:6-12 chr2:11-20 chrM:100-101]"; fmt.Sprint(got.Regions) != want || got.Other != 1 {
		t.Errorf("%v, %d other; want %s", got.Regions, got.Other, want)
	}
}

func TestBEDRefusals(t *testing.T) {
	for text, want := range map[string]string{
		"chr1\t1\n":                "x.bed:1: the line has 2 columns",
		"chr1\t1\t5\nchr1\t9\t5\n": "x.bed:2: end: the end 5 is before the start 9",
		"chr1\tx\t5\n":             "x.bed:1: start: \"x\" is not a number",
		"chr1\t1\t-5\n":            "x.bed:1: end: \"-5\" is not a number",
		"chr21\t1\t48000000\n":     "x.bed:1: end: 48000000 is past the end of chr21",
		"# nothing\n":              "x.bed: no region",
		strings.Repeat("x", 2<<20): "x.bed:1: the line is longer",
	} {
		_, err := ReadBED("x.bed", strings.NewReader(text))
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%.20q: %v; want %s", text, err, want)
		}
	}
}

func TestSamples(t *testing.T) {
	got, err := ReadSamples("s.tsv", strings.NewReader("\ufeffindividual\tsample\tsex\tnote\r\nP1\tS1\tmale\tx\r\nP1\tS2\tMale\r\n\r\nP2\tS3\tunknown\t\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := []SampleRow{{"S1", "P1", variant.Male, "", 2}, {"S2", "P1", variant.Male, "", 3}, {"S3", "P2", variant.UnknownSex, "", 5}}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v", got)
	}
	got, err = ReadSamples("s.tsv", strings.NewReader("sample\tindividual\tsex\tpseudonym\nS1\tP1\tmale\tx 1\nS2\tP2\tmale\nS3\tP3\tmale\t \n"))
	if err != nil || len(got) != 3 || got[0].Pseudonym != "x 1" || got[1].Pseudonym+got[2].Pseudonym != "" {
		t.Errorf("%v, %v", got, err)
	}
}

func TestSamplesRefusals(t *testing.T) {
	const h = "sample\tindividual\tsex\n"
	for text, want := range map[string]string{
		"":                                   "s.tsv:1: the first line has no column sample",
		"sample\tsex\n":                      "s.tsv:1: the first line has no column individual",
		h + "S1\tP1\n":                       "s.tsv:2: sex: the line has 2 columns",
		h + "S1\t\tmale\n":                   "s.tsv:2: individual: it is empty",
		h + "S1\tP1\tM\n":                    "s.tsv:2: sex: \"M\" is not a sex",
		h + "S1\tP1\tmale\nS1\tP2\tmale\n":   "s.tsv:3: sample: S1 stands on line 2",
		h + "S1\tP1\tmale\nS2\tP1\tfemale\n": "s.tsv:3: sex: P1 has another sex on line 2",
		"sample\tindividual\tsex\tpseudonym\nS1\tP1\tmale\tx\nS2\tP1\tmale\ty\n": "s.tsv:3: pseudonym: P1 has another pseudonym on line 2",
	} {
		_, err := ReadSamples("s.tsv", strings.NewReader(text))
		var f *fault.Error
		if !errors.As(err, &f) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v; want %s", text, err, want)
		}
	}
}

func FuzzBED(f *testing.F) {
	f.Add("chr1\t0\t10\ntrack x\n1 5 9\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := ReadBED("x.bed", strings.NewReader(text))
		if err != nil {
			return
		}
		for i, r := range got.Regions {
			if r.From < 1 || r.From > r.To || r.To > r.Chrom.Length() {
				t.Fatalf("%v", r)
			}
			if i > 0 && got.Regions[i-1].Chrom == r.Chrom && got.Regions[i-1].To+1 >= r.From {
				t.Fatalf("%v not merged with %v", got.Regions[i-1], r)
			}
		}
	})
}

func FuzzSamples(f *testing.F) {
	f.Add("sample\tindividual\tsex\nS1\tP1\tmale\n")
	f.Fuzz(func(t *testing.T, text string) {
		rows, err := ReadSamples("s.tsv", strings.NewReader(text))
		if err != nil {
			return
		}
		seen := map[string]bool{}
		for _, r := range rows {
			if r.Sample == "" || r.Individual == "" || seen[r.Sample] {
				t.Fatalf("%+v", r)
			}
			seen[r.Sample] = true
		}
	})
}
