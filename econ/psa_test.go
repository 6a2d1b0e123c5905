package econ_test

import (
	"bytes"
	"encoding/csv"
	"math"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/samverk/samverk/econ"
)

// sample runs a probabilistic analysis.
func sample(t testing.TB, m *econ.Model, o econ.PSAOptions) *econ.Sample {
	t.Helper()
	c, err := econ.Compile(m, econ.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.PSA(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSickSickerStoredDraws(t *testing.T) {
	m := reference(t, "sick-sicker")
	s := sample(t, m, econ.PSAOptions{Stored: "draws"})
	if s.Draws() != 500 {
		t.Fatalf("%d draws", s.Draws())
	}
	want := columns(t, "testdata/reference/sick-sicker/psa-draws-first-500.csv")
	for x, name := range s.Strategies {
		for i := range 500 {
			near(t, s.Cost()[x][i], want["cost_"+name][i], 1e-9)
			near(t, s.Effect()[x][i], want["qaly_"+name][i], 1e-9)
		}
	}
}

func near(t *testing.T, got, want, rel float64) {
	t.Helper()
	if !(math.Abs(got-want) <= rel*math.Abs(want)) {
		t.Errorf("%v, not %v", got, want)
	}
}

func columns(t *testing.T, file string) map[string][]float64 {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]float64{}
	for _, r := range records[1:] {
		for i, text := range r {
			v, err := strconv.ParseFloat(text, 64)
			if err != nil {
				t.Fatal(err)
			}
			out[records[0][i]] = append(out[records[0][i]], v)
		}
	}
	return out
}

func TestSameBytesWithAnyNumberOfWorkers(t *testing.T) {
	m := reference(t, "sick-sicker")
	one := sample(t, m, econ.PSAOptions{Draws: 1001, Seed: 7, Workers: 1})
	two := sample(t, m, econ.PSAOptions{Draws: 1001, Seed: 7, Workers: 2})
	if !reflect.DeepEqual(one.Values, two.Values) || one.RunID != two.RunID {
		t.Error("two workers give other numbers than one")
	}
	more := sample(t, m, econ.PSAOptions{Draws: 2000, Seed: 7, Workers: 2})
	for x := range one.Strategies {
		if !reflect.DeepEqual(one.Cost()[x], more.Cost()[x][:1001]) {
			t.Error("a draw depends on how many there are")
		}
	}
}

// TestHIVOwnDraws: the model behind the stored draws gives, drawn anew, what they have, within chance. The stored draws'
// own summaries are econ/compare's to check.
func TestHIVOwnDraws(t *testing.T) {
	r := sample(t, reference(t, "hiv-psa"), econ.PSAOptions{})
	got := map[string]float64{}
	put := func(name string, values []float64) {
		mean, sd := 0.0, 0.0
		for _, v := range values {
			mean += v / float64(len(values))
		}
		for _, v := range values {
			sd += (v - mean) * (v - mean) / float64(len(values)-1)
		}
		got["own."+name+".mean"], got["own."+name+".sd"] = mean, math.Sqrt(sd)
	}
	minus := func(a, b []float64) []float64 {
		d := make([]float64, len(a))
		for i := range a {
			d[i] = a[i] - b[i]
		}
		return d
	}
	for x, name := range r.Strategies {
		put(name+"_ly", r.Effect()[x])
		put(name+"_cost", r.Cost()[x])
	}
	put("diff_ly", minus(r.Effect()[1], r.Effect()[0]))
	put("diff_cost", minus(r.Cost()[1], r.Cost()[0]))
	got["own.icer_of_means"] = got["own.diff_cost.mean"] / got["own.diff_ly.mean"]
	meets(t, expected(t, "hiv-psa"), got, func(name string) bool { return !strings.HasPrefix(name, "own.") })
}

// TestSickSickerOwnDraws: 10,000 draws of one's own meet the published ones, within chance.
func TestSickSickerOwnDraws(t *testing.T) {
	r := sample(t, reference(t, "sick-sicker"), econ.PSAOptions{Draws: 10_000, Seed: 1})
	got := map[string]float64{}
	for _, s := range r.Summary().Strategies {
		got["psa.10k.mean."+s.Name+".cost"], got["psa.10k.mean."+s.Name+".effect"] = s.Cost, s.Effect
	}
	meets(t, expected(t, "sick-sicker"), got, func(name string) bool { return !strings.HasPrefix(name, "psa.10k.mean.") })
}

// TestAtPoints: a point gives what the base case gives with that value set.
func TestAtPoints(t *testing.T) {
	m := reference(t, "total-hip-replacement")
	c, err := econ.Compile(m, econ.Options{})
	if err != nil {
		t.Fatal(err)
	}
	at := [][]float64{make([]float64, 300), make([]float64, 300)}
	for i := range 300 {
		at[0][i], at[1][i] = 0.01+float64(i)/1000, 60+float64(i%20)
	}
	points, err := c.At([]string{"rrr", "age_init"}, at)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{0, 131, 299} {
		set := func(name string, v float64) econ.Setting {
			return econ.Setting{Name: name, Value: econ.Text{Source: strconv.FormatFloat(v, 'g', -1, 64)}}
		}
		r := run(t, m, econ.Options{Set: []econ.Setting{set("rrr", at[0][i]), set("age_init", at[1][i])}})
		for x, s := range r.Strategies {
			near(t, points.Cost()[x][i], s.Cost, 1e-12)
			near(t, points.Effect()[x][i], s.Effect, 1e-12)
		}
	}
	if _, err := c.At([]string{"nobody"}, [][]float64{{1}}); err == nil {
		t.Error("a parameter that isn't there was varied")
	}
}
