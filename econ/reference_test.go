package econ_test

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/samverk/samverk/econ"
)

// check is one number of a reference case.
type check struct {
	Name  string   `yaml:"name"`
	Value any      `yaml:"value"`
	Abs   *float64 `yaml:"abs"`
	Rel   *float64 `yaml:"rel"`
}

// expected reads a case's checks.
func expected(t *testing.T, name string) []check {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "reference", name, "expected.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Checks []check `yaml:"checks"`
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	return file.Checks
}

// meets compares what was reckoned with what is expected, by name. All names have to be there, unless skip says otherwise.
func meets(t *testing.T, checks []check, got map[string]float64, skip func(name string) bool) {
	t.Helper()
	met := 0
	for _, c := range checks {
		if skip != nil && skip(c.Name) {
			continue
		}
		v, ok := got[c.Name]
		want, number := c.Value.(float64)
		if i, whole := c.Value.(int); whole {
			want, number = float64(i), true
		}
		if !ok || !number {
			t.Errorf("%s wasn't reckoned", c.Name)
			continue
		}
		far := math.Abs(v - want)
		if !(c.Abs != nil && far <= *c.Abs || c.Rel != nil && far <= *c.Rel*math.Abs(want)) {
			t.Errorf("%s is %v, not %v (%v away)", c.Name, v, want, far)
			continue
		}
		met++
	}
	t.Logf("%d checks met", met)
}

// reference loads a case's model.
func reference(t testing.TB, name string) *econ.Model {
	t.Helper()
	m, err := econ.Load(filepath.Join("testdata", "reference", name, "model.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// run runs the base case.
func run(t testing.TB, m *econ.Model, o econ.Options) *econ.Result {
	t.Helper()
	c, err := econ.Compile(m, o)
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.Run()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func totals(got map[string]float64, prefix string, r *econ.Result) {
	for _, s := range r.Strategies {
		got[prefix+s.Name+".cost"], got[prefix+s.Name+".effect"] = s.Cost, s.Effect
	}
}
