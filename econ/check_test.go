package econ_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/samverk/samverk/econ"
)

func TestReferenceModelsAreSound(t *testing.T) {
	for _, name := range cases(t) {
		for _, p := range econ.Check(reference(t, name)) {
			if !p.Warning {
				t.Errorf("%s: %s", name, p)
			} else {
				t.Logf("%s: %s (%s)", name, p, p.Hint)
			}
		}
	}
}

// small is a model that can be broken in many ways.
const small = `samverk: econ/1
id: small
title: A small model
currency: SEK
price_year: 2026
perspective: healthcare
illustrative: true
effect_unit: QALY
conventions: {cycle_length: 1, cycles: 10, within_cycle: half-cycle, discount: {preset: TLV}}
parameters:
  - {name: p_ill, value: 0.1, unit: probability, distribution: {family: beta, alpha: 10, beta: 90}}
  - {name: r_death, value: 0.2, unit: 1/year}
  - {name: c_ill, value: 1000, unit: SEK/year}
  - {name: u_ill, value: 0.7, unit: utility}
  - {name: effect_of_drug, value: 0.5, unit: ratio}
derived:
  p_death: 1-exp(-r_death)
strategies:
  usual: {set: {drug: 0}}
  drug: {set: {drug: 1}, rewards: {cost: 50}}
parts:
  life:
    kind: cohort
    states: [well, ill, {name: dead, dead: true}]
    initial: {well: 1}
    transitions:
      well: {well: rest, ill: "p_ill*if(drug == 1, effect_of_drug, 1)"}
      ill: {ill: rest, dead: p_death}
    rewards:
      cost: {ill: c_ill}
      effect: {well: 1, ill: u_ill}
`

func load(text string) (*econ.Model, error) {
	return econ.Read(fstest.MapFS{"model.yaml": &fstest.MapFile{Data: []byte(text)}}, "model.yaml")
}

// TestProblems breaks the small model: each break is found, at its place, with what to do.
func TestProblems(t *testing.T) {
	for _, c := range []struct{ old, new, at, says, hint string }{
		{"currency: SEK", "curency: SEK", "4:1", "curency isn't known here", "did you mean currency?"},
		{"id: small", "id: [small]", "2:5", "id should be a text and is a list", ""},
		{"cycles: 10", "cycles: ten", "9:40", "only numbers can stand here, and ten is a name", "write the number"},
		{"cycles: 10", "cycles: 2.5", "9:40", "cycles can't be 2.5", ""},
		{"half-cycle", "halfcycle", "9:14", `there is no correction "halfcycle"`, "did you mean half-cycle?"},
		{"within_cycle: half-cycle", "within_cycle: none", "9:14", "without a correction, count has to be", "start counts"},
		{"cycle_length: 1,", "cycle_length: 1/12,", "9:14", "where a cycle isn't a year, rewards_per", "cycle or year"},
		{"preset: TLV", "preset: TVL", "9:", `there are no rates called "TVL"`, "TLV"},
		{"value: 0.1,", "value: 1.2,", "11:26", "the probability p_ill is 1.2", "0 to 1"},
		{"value: 0.1,", `value: "0,1",`, "11:28", `"," where an operator`, "decimals are written with a point"},
		{"value: 0.7", "value: 1.7", "14:26", "the utility u_ill is 1.7, above 1", "full health is 1"},
		{"family: beta", "family: betta", "11:", "betta", "beta"},
		{"beta: 90", "beta: -90", "11:", "beta", ""},
		{"family: beta, alpha: 10, beta: 90", "family: normal, mean: 0.1, sd: 0.1", "11:", "of the draws of p_ill are below 0", "a gamma or a lognormal"},
		{"p_death: 1-exp(-r_death)", "p_death: 1-exp(-r_deth)", "17:19", `"r_deth" isn't defined`, "did you mean r_death?"},
		{"p_death: 1-exp(-r_death)", "p_death: p_death+0", "17:12", "p_death leads back to itself", ""},
		{"p_death: 1-exp(-r_death)", "p_death: 1-exp(-r_death", "17:26", "the formula ends", ""},
		{"p_death: 1-exp(-r_death)", "p_death: log(2)", "17:12", `there is no function "log"`, "ln"},
		{"p_death: 1-exp(-r_death)", "p_death: 0*(c_ill+u_ill)", "17:20", "SEK/year is put together with utility", "different kinds"},
		{"dead: p_death", "dead: r_death", "28:30", "is a rate (1/year) and is used as a probability", "rate_to_prob"},
		{"dead: p_death", "dead: p_death+1", "28:", "the probability ill → dead is", "a probability is from 0 to 1"},
		{"ill: rest, dead", "ill: 0.5, dead", "28:18", "the sum of the probabilities from ill is 0.68", "sum to 1"},
		{"dead: p_death", "dead: p_death, ded: 0", "28:", `there is no state "ded"`, "did you mean dead?"},
		{"      ill: {ill: rest, dead: p_death}\n", "", "24:", "nothing says where people go from ill", "ill: {ill: rest}"},
		{"dead: p_death", "dead: p_death*k/k", "28:38", "k isn't known in transitions", "m is the number of the cycle"},
		{"dead: p_death", "dead: p_death*(m-1)/(m-1)", "28:", "NaN in cycle 1", "division by zero"},
		{"ill: c_ill}", "ill: c_ill/(m-3)}", "30:", "isn't a finite number", "division by zero"},
		{"ill: c_ill}", "ill: u_ill}", "30:19", "is utility and is counted as a cost", ""},
		{"ill: u_ill", "ill: c_ill", "31:", "is SEK/year and is counted as an effect", ""},
		{"unit: SEK/year", "unit: EUR/year", "30:19", "is in EUR/year, and the model in SEK", "convert"},
		{"cost: {ill: c_ill}", "costs: {ill: c_ill}", "30:7", `there is no outcome "costs"`, "did you mean cost?"},
		{"drug: 1}", "drg: 1}", "27:", `"drug" isn't defined`, "it is set in another strategy"},
		{"kind: cohort", "kind: cohrt", "22:3", `there is no kind of part called "cohrt"`, ""},
		{"initial: {well: 1}", "initial: {well: -1}", "25:", "people can't begin", ""},
		{"initial: {well: 1}", "", "22:", "nobody says where people begin", "initial"},
		{"illustrative: true", "language: en", "11:", "p_ill has no source", "illustrative"},
		{"perspective: healthcare", "language: en", "1", "the perspective isn't named", ""},
		{"  - {name: u_ill", "  - {name: unused, value: 1}\n  - {name: u_ill", "14:5", "the parameter unused isn't used", ""},
		{"name: c_ill, value", "name: p_ill, value", "13:5", "p_ill is defined twice", ""},
		{"name: c_ill, value", "name: n, value", "13:5", "n is the number of cycles", "another name"},
		{"strategies:", "strategies: &a", "", "", ""},
		{"id: small", "id: small\nid: again", "3:1", "id is there twice", ""},
		{"  usual:", "  usual: {}\n  usual:", "20:3", "usual is there twice", ""},
		{"title: A small model", "title: *x", "1", "the YAML can't be read", ""},
		{"parameters:\n", "parameters: no.csv\nx:\n", "10:13", "no.csv can't be read", ""},
	} {
		text := strings.Replace(small, c.old, c.new, 1)
		if text == small {
			t.Fatalf("%q isn't in the small model", c.old)
		}
		var list econ.Problems
		m, err := load(text)
		if err == nil {
			list = econ.Check(m)
		} else if !errors.As(err, &list) {
			t.Errorf("%s: %v", c.new, err)
			continue
		}
		if c.says == "" {
			continue
		}
		found := false
		for _, p := range list {
			found = found || strings.Contains(p.Says, c.says) && strings.Contains(p.String(), "model.yaml:"+c.at) && strings.Contains(p.Hint, c.hint)
		}
		if !found {
			t.Errorf("%q: no problem at %s that says %q (%q), but:", c.new, c.at, c.says, c.hint)
			for _, p := range list {
				t.Errorf("    %s (%s)", p, p.Hint)
			}
		}
	}
}
