package report_test

import (
	"bytes"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/samverk/samverk/econ"
	"github.com/samverk/samverk/econ/compare"
	"github.com/samverk/samverk/econ/formula"
	"github.com/samverk/samverk/econ/models"
	"github.com/samverk/samverk/econ/report"
)

func load(t *testing.T, name string) *econ.Model {
	t.Helper()
	files, ok := models.Open(name)
	if !ok {
		t.Fatalf("there is no model %s", name)
	}
	m, err := econ.Read(files, "model.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// The models that ship say that they are illustrative, value by value, and give a whole report.
func TestWorkedModels(t *testing.T) {
	for _, name := range models.Names() {
		m := load(t, name)
		if m.ID != name || !m.Illustrative {
			t.Errorf("%s doesn't say that it is illustrative, or is called %s", name, m.ID)
		}
		for _, p := range m.Parameters {
			if !strings.HasPrefix(p.Source, "illustrative") {
				t.Errorf("%s: %s has the source %q", name, p.Name, p.Source)
			}
		}
		people := compare.Population{Incidence: 100, Years: 2}
		r, err := report.Of(m, report.Options{Draws: 1000, Population: &people})
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Warnings) > 0 {
			t.Errorf("%s: %v", name, r.Warnings)
		}
		if len(r.PSA.Partials) < 10 || len(r.Tornado.Bars) < 10 || len(r.Thresholds) != len(r.Tornado.Bars) || len(r.Scenarios) != len(m.Scenarios) || len(r.Every) != len(econ.Corrections)+2+len(econ.Presets) || len(r.Traces) == 0 {
			t.Errorf("%s: something is missing in the report", name)
		}
		for i, s := range r.PSA.Summaries {
			if away := math.Abs(s.Cost.Mean-r.Strategies[i].Cost) / r.Strategies[i].Cost; away > .05 {
				t.Errorf("%s: the mean cost of %s is %.3f away from that of the base case", name, s.Name, away)
			}
		}
		for _, e := range r.Every {
			if continuous := strings.HasSuffix(e.Name, "continuous"); continuous != (e.Refused != "") {
				t.Errorf("%s can't be counted by %s: %s", name, e.Name, e.Refused)
			}
		}
		var one, two bytes.Buffer
		again, err := report.Of(m, report.Options{Draws: 1000, Population: &people, Workers: 1})
		if err != nil {
			t.Fatal(err)
		}
		if err := report.JSON(&one, r); err != nil {
			t.Fatal(err)
		}
		if err := report.JSON(&two, again); err != nil || one.String() != two.String() {
			t.Errorf("%s: the same run has other bytes (%v)", name, err)
		}
	}
}

// Where the answer turns, it does: at the threshold the gain is 0, by the engine itself.
func TestThresholdIsTheModels(t *testing.T) {
	m := load(t, "gene-panel-lung-cancer")
	r, err := report.Of(m, report.Options{Draws: 100, Strategy: "panel", WTP: 600000})
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, turn := range r.Thresholds {
		for _, at := range turn.At {
			found++
			c, err := econ.Compile(m, econ.Options{Set: []econ.Setting{{Name: turn.Name, Value: formula.Text{Source: formatted(at)}}}})
			if err != nil {
				t.Fatal(err)
			}
			got, err := c.Run()
			if err != nil {
				t.Fatal(err)
			}
			var points []compare.Point
			for _, s := range got.Strategies {
				points = append(points, compare.Point{Name: s.Name, Cost: s.Cost, Effect: s.Effect})
			}
			a, err := r.Question.Answer(points)
			if err != nil || math.Abs(a.Gain) > 1e-4 {
				t.Errorf("at %s = %v the gain is %v, not 0 (%v)", turn.Name, at, a.Gain, err)
			}
		}
	}
	if found == 0 {
		t.Error("nothing turns the answer")
	}
}

func TestProbe(t *testing.T) {
	c, err := econ.Compile(load(t, "gene-panel-lung-cancer"), econ.Options{})
	if err != nil {
		t.Fatal(err)
	}
	base, err := c.Run()
	if err != nil {
		t.Fatal(err)
	}
	p := c.Probe()
	dear, err := p.At(map[string]float64{"c_panel": 16000})
	if err != nil {
		t.Fatal(err)
	}
	if more := dear[2].Cost - base.Strategies[2].Cost; math.Abs(more-1000) > 1e-6 || dear[1].Cost != base.Strategies[1].Cost {
		t.Errorf("a panel that costs 1000 more costs %v more", more)
	}
	if _, err := p.At(map[string]float64{"prevalence": 2}); err == nil {
		t.Error("a probability of 2 is no probability")
	}
	if _, err := p.At(map[string]float64{"genes": 2}); err == nil || !strings.Contains(err.Error(), "genes can't be set") {
		t.Errorf("genes has no distribution and wasn't named: %v", err)
	}
	same, err := p.At(nil)
	if err != nil || same[2].Cost != base.Strategies[2].Cost {
		t.Errorf("after all that the base case is %v, %v", same, err)
	}
}

func TestReportingNamesItems(t *testing.T) {
	m := load(t, "gene-panel-lung-cancer")
	m.Reporting = append(m.Reporting, econ.Note{Name: "fundng", Text: "x"})
	if _, err := econ.Compile(m, econ.Options{}); err == nil || !strings.Contains(err.Error(), `"fundng"`) {
		t.Errorf("%v", err)
	}
}

func formatted(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// Two loops and regression tell the same of a parameter that matters.
func TestNestedAgreesWithRegression(t *testing.T) {
	m := load(t, "gene-panel-lung-cancer")
	r, err := report.Of(m, report.Options{Draws: 5000})
	if err != nil {
		t.Fatal(err)
	}
	outer, inner := 60, 60
	if os.Getenv("SAMVERK_LONG") == "1" {
		outer, inner = 1500, 500
	}
	got, err := report.Nested(m, econ.Options{}, []string{"c_targeted"}, outer, inner, 7, []float64{r.Question.Question.WTP})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range r.PSA.Partials {
		if p.Parameters[0] != "c_targeted" {
			continue
		}
		t.Logf("regression %.0f, nested %.0f ± %.0f, with half the inner draws %.0f", p.EVPPI[0], got.EVPPI[0], got.StandardError[0], got.Half[0])
		if math.Abs(p.EVPPI[0]-got.EVPPI[0]) > 4*got.StandardError[0]+math.Abs(got.Half[0]-got.EVPPI[0]) {
			t.Errorf("regression %v, nested %+v", p.EVPPI[0], got)
		}
	}
	if _, err := report.Nested(m, econ.Options{}, []string{"genes"}, 5, 5, 1, []float64{1}); err == nil || !strings.Contains(err.Error(), "genes") {
		t.Errorf("genes isn't uncertain: %v", err)
	}
}
