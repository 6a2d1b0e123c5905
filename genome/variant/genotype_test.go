package variant

import (
	"strconv"
	"strings"
	"testing"
)

// written reads a genotype as seen from ALT 1.
func written(gt string) (w Written) {
	seen := -1
	for _, a := range strings.Split(gt, "/") {
		n, err := strconv.Atoi(a)
		switch {
		case err != nil:
			w.Missing++
			continue
		case n == 1:
			w.Alt++
		default:
			w.Other++
		}
		w.Mixed = w.Mixed || seen >= 0 && seen != n
		seen = n
	}
	return w
}

func TestClassify(t *testing.T) {
	const odd = "odd"
	type row struct {
		zone Zone
		sex  Sex
		gt   string
		code Code
		odd  string
	}
	var rows []row
	add := func(z Zone, sexes []Sex, codes map[string]Code, odds map[string]Code) {
		for _, s := range sexes {
			for gt, c := range codes {
				rows = append(rows, row{z, s, gt, c, ""})
			}
			for gt, c := range odds {
				rows = append(rows, row{z, s, gt, c, odd})
			}
		}
	}
	two := map[string]Code{"0/0": Ref, "0/1": Het, "1/0": Het, "1/1": Full, "1/2": Het, "2/2": Ref, "0/2": Ref, "./.": Missing, ".": Missing,
		"./1": Half, "1/.": Half, "./0": RefOne, "./2": RefOne, "1": One, "0": RefOne, "2": RefOne, "./././.": Missing}
	many := map[string]Code{"0/0/1": Missing, "1/1/1": Missing, "0/0/0": Missing, "././1": Missing}
	add(Autosomal, []Sex{UnknownSex, Male, Female}, two, many)
	add(XOnly, []Sex{UnknownSex, Female}, two, many)
	one := map[string]Code{"0/0": Ref, "0": Ref, "1": Full, "1/1": Full, "2/2": Ref, "2": Ref, "./.": Missing, ".": Missing, "./1": Full, "./0": Ref}
	mixed := map[string]Code{"0/1": Missing, "1/2": Missing, "0/2": Missing, "0/0/1": Missing}
	add(XOnly, []Sex{Male}, one, mixed)
	add(YOnly, []Sex{Male}, one, mixed)
	add(YOnly, []Sex{UnknownSex}, map[string]Code{"0/0": RefTwo, "0": Ref, "1": Full, "1/1": HomTwo, "0/1": Het, "./1": Half, "./0": Ref, "./.": Missing,
		".": Missing, "2/2": RefTwo, "2": Ref}, many)
	add(YOnly, []Sex{Female}, map[string]Code{"0/0": Ref, "0": Ref, "./.": Ref, ".": Ref, "./0": Ref, "2/2": Ref, "0/0/0": Ref},
		map[string]Code{"1": Missing, "0/1": Missing, "1/1": Missing, "./1": Missing, "0/0/1": Missing})
	add(Mitochondrial, []Sex{UnknownSex, Male, Female}, map[string]Code{"0": Ref, "0/0": Ref, "1": Full, "1/1": Full, "./1": Full, "./0": Ref, "./.": Missing,
		".": Missing, "2/2": Ref}, map[string]Code{"0/1": Ref, "1/2": Ref, "0/2": Ref, "0/0/1": Missing})
	for _, r := range rows {
		code, isOdd := Classify(r.zone, r.sex, written(r.gt))
		if code != r.code || isOdd != (r.odd == odd) {
			t.Errorf("zone %d, sex %d, %s: code %d odd %v; want %d %s", r.zone, r.sex, r.gt, code, isOdd, r.code, r.odd)
		}
	}
}
