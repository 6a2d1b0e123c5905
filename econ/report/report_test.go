package report

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"github.com/samverk/samverk/econ/compare"
)

func of(v float64) *float64 { return &v }

// panel is a run of an invented model, with all that a run can have.
func panel(t testing.TB, n int) *Run {
	rng := rand.New(rand.NewPCG(1, 2))
	o := compare.Outcomes{Strategies: []string{"single", "panel", "genome"}}
	p := compare.Params{Names: []string{"yield", "price"}, Values: [][]float64{make([]float64, n), make([]float64, n)}}
	for range 3 {
		o.Cost, o.Effect = append(o.Cost, make([]float64, n)), append(o.Effect, make([]float64, n))
	}
	for d := range n {
		p.Values[0][d], p.Values[1][d] = rng.Float64(), 10000+5000*rng.NormFloat64()
		o.Cost[0][d], o.Effect[0][d] = 40000+2000*rng.NormFloat64(), 6+.3*rng.NormFloat64()
		o.Cost[1][d], o.Effect[1][d] = o.Cost[0][d]+p.Values[1][d], o.Effect[0][d]+.2*p.Values[0][d]-.05
		o.Cost[2][d], o.Effect[2][d] = o.Cost[0][d]+3*p.Values[1][d], o.Effect[0][d]+.22*p.Values[0][d]-.05
	}
	q := Question{Question: compare.Question{Strategy: "panel", Comparator: "single", WTP: 500000}, WTP: compare.Range(0, 1000000, 101)}
	r := &Run{
		Format: Format, ID: "ab12", Engine: "1", Seed: 20261122, Question: q,
		Model:       Model{ID: "panel", Title: "Panel <eller> ett gen i taget", Language: "sv", Currency: "SEK", PriceYear: 2025, EffectUnit: "QALY", Illustrative: true, Statements: map[int]string{27: "Ingen & ingen."}},
		Conventions: []Fact{{"discount", "3 %"}}, Parameters: []Parameter{{Name: "yield", Label: "Fynd per patient", Value: .5, Low: of(.2), High: of(.8), Source: "illustrative: no source"}, {Name: "price", Value: 10000}},
		Traces: []Trace{{"panel", "care", []string{"well", "dead"}, []float64{0, 1, 2}, [][]float64{{1, .5, .2}, {0, .5, .8}}}},
	}
	for _, m := range o.Means() {
		r.Strategies = append(r.Strategies, Strategy{Name: m.Name, Cost: m.Cost, Effect: m.Effect, LifeYears: of(9), UndiscountedCost: of(1), UndiscountedEffect: of(2), Other: []Outcome{{"tests", "", 1}}})
	}
	r.Strategies[1].Label = "Genpanel"
	var err error
	if r.Frontier, err = compare.Frontier(o.Means()); err != nil {
		t.Fatal(err)
	}
	if err := r.Analyse(o, p, p.Each()); err != nil {
		t.Fatal(err)
	}
	r.PSA.Population = &compare.Population{Incidence: 1000, Years: 5, Rate: .03}
	s, err := compare.EVSI(o, p, compare.Study{Parameters: []string{"yield"}, Sizes: []int{0, 100, 1000}, PriorSize: 50, Fixed: 1e5, Each: 1e4}, []float64{q.Question.WTP})
	if err != nil {
		t.Fatal(err)
	}
	r.PSA.Sample = &s
	run := func(set map[string]float64) ([]compare.Point, error) {
		yield, price := .5, 10000.
		if v, ok := set["yield"]; ok {
			yield = v
		}
		if v, ok := set["price"]; ok {
			price = v
		}
		return []compare.Point{{Name: "single"}, {Name: "panel", Cost: price, Effect: .2*yield - .05}, {Name: "genome", Cost: 3 * price, Effect: .22*yield - .05}}, nil
	}
	reaches := []compare.Reach{{Name: "yield", Low: .2, High: .8, Base: .5}, {Name: "price", Low: 5000, High: 15000, Base: 10000}}
	blown, err := compare.Tornado(run, q.Question, reaches)
	if err != nil {
		t.Fatal(err)
	}
	r.Tornado = &blown
	at, err := compare.Threshold(run, q.Question, reaches[0])
	if err != nil {
		t.Fatal(err)
	}
	r.Thresholds = []Turn{{reaches[0], at}, {reaches[1], nil}}
	grid, err := compare.TwoWay(run, q.Question, reaches[0], reaches[1], 3)
	if err != nil {
		t.Fatal(err)
	}
	r.TwoWay = &grid
	r.Scenarios = []Scenario{{Name: "norsk", Answer: blown.Base}}
	goal := compare.Goal{Strategy: "panel", Comparator: "single", Adoption: .9, WTP: 500000}
	gaps, err := compare.Gaps(o, goal, []compare.Region{{Name: "Norr", Eligible: of(100), Adoption: of(.3)}, {Name: "Syd"}})
	if err != nil {
		t.Fatal(err)
	}
	r.Equal = &Equal{goal, gaps}
	return r
}

var broken = regexp.MustCompile(`\[(report|cheers)\.|%!|NaN|Inf|<no value>`)

func TestReportInEachLanguage(t *testing.T) {
	run := panel(t, 1000)
	for language, want := range map[string][]string{
		"sv": {"Fynd per patient betyder mest, och kan vända svaret", "är värt sitt pris i", "Framgår inte.", "ingen källa angiven", "Syd har inte lämnat uppgift.", "0 av 2 siffror har en källa. 1 är exempel."},
		"nb": {"betyr mest, og kan snu svaret", "Ikke oppgitt.", "Intressekonflikter"[:0] + "Interessekonflikter"},
		"en": {"matters most, and can turn the answer", "Not stated.", "Conflicts of interest", "At 500,000\u00a0SEK per QALY", "Ingen &amp; ingen."},
	} {
		teller, err := Tell(run, language)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := teller.HTML(&b); err != nil {
			t.Fatal(err)
		}
		html := b.String()
		for _, w := range want {
			if !strings.Contains(html, w) {
				t.Errorf("%s: the report doesn't say %q", language, w)
			}
		}
		if at := broken.FindStringIndex(html); at != nil {
			t.Errorf("%s: %s", language, html[max(at[0]-80, 0):min(at[1]+80, len(html))])
		}
		if strings.Contains(html, "<eller>") || strings.Contains(html, "style=") || strings.Contains(html, "<script") {
			t.Errorf("%s: markup that isn't ours, or isn't allowed", language)
		}
		if n := len(teller.items()); n != 28 {
			t.Errorf("%d items", n)
		}
		for _, f := range teller.Figures() {
			if f.Finding == "" || f.Small == "" || len(f.Table.Rows) == 0 {
				t.Errorf("%s: %s has no finding, or no table", language, f.Name)
			}
		}
		if _, err := Tell(run, "xx"); err == nil {
			t.Error("there is no language xx")
		}
	}
}

func TestFilesCanBeRead(t *testing.T) {
	teller, err := Tell(panel(t, 200), "en")
	if err != nil {
		t.Fatal(err)
	}
	var b, again bytes.Buffer
	if err := teller.Zip(&b); err != nil {
		t.Fatal(err)
	}
	if err := teller.Zip(&again); err != nil || !bytes.Equal(b.Bytes(), again.Bytes()) {
		t.Errorf("the same run gives other bytes (%v)", err)
	}
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		kind := f.Name[strings.LastIndex(f.Name, ".")+1:]
		kinds[kind]++
		if err := readable(kind, data); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
	if kinds["svg"] != len(teller.Figures()) || kinds["csv"] != len(teller.Tables()) || kinds["xlsx"] != 1 || kinds["html"] != 1 || kinds["json"] != 1 {
		t.Errorf("%v", kinds)
	}
}

func readable(kind string, data []byte) error {
	switch kind {
	case "json":
		var back Run
		d := json.NewDecoder(bytes.NewReader(data))
		d.DisallowUnknownFields()
		if err := d.Decode(&back); err != nil {
			return err
		}
		if back.Format != Format || len(back.Strategies) != 3 || back.PSA.Draws != 200 {
			return fmt.Errorf("it says %+v", back)
		}
	case "svg":
		d := xml.NewDecoder(bytes.NewReader(data))
		for {
			if _, err := d.Token(); err == io.EOF {
				return nil
			} else if err != nil {
				return err
			}
		}
	case "csv":
		_, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
		return err
	case "xlsx":
		book, err := excelize.OpenReader(bytes.NewReader(data))
		if err != nil {
			return err
		}
		defer book.Close()
		kind, err := book.GetCellType("results", "B2")
		if err != nil || kind != excelize.CellTypeUnset && kind != excelize.CellTypeNumber {
			return fmt.Errorf("a cost is no number: %v, %v", kind, err)
		}
	}
	return nil
}

// Whatever the numbers, something is told of them.
func TestAnyNumbersAreTold(t *testing.T) {
	run, most := 0, 25
	if os.Getenv("SAMVERK_LONG") == "1" {
		most = math.MaxInt
	}
	rapid.Check(t, func(t *rapid.T) {
		if run++; run > most {
			return
		}
		value := rapid.OneOf(rapid.Just(0.), rapid.Float64Range(-1e9, 1e9), rapid.Float64Range(-1, 1))
		n := rapid.IntRange(1, 4).Draw(t, "strategies")
		r := &Run{Question: Question{compare.Question{Strategy: "s0", Comparator: "s" + fmt.Sprint(n-1), WTP: math.Abs(value.Draw(t, "wtp"))}, []float64{0, 10, 1e6}}, Model: Model{Currency: "EUR", EffectUnit: "QALY"}}
		o := compare.Outcomes{}
		for i := range n {
			o.Strategies = append(o.Strategies, fmt.Sprint("s", i))
			o.Cost, o.Effect = append(o.Cost, []float64{value.Draw(t, "cost"), value.Draw(t, "cost")}), append(o.Effect, []float64{value.Draw(t, "effect"), value.Draw(t, "effect")})
		}
		for _, m := range o.Means() {
			r.Strategies = append(r.Strategies, Strategy{Name: m.Name, Cost: m.Cost, Effect: m.Effect})
		}
		var err error
		if r.Frontier, err = compare.Frontier(o.Means()); err != nil {
			t.Fatal(err)
		}
		if err := r.Analyse(o, compare.Params{}, nil); err != nil {
			t.Fatal(err)
		}
		teller, err := Tell(r, rapid.SampledFrom([]string{"sv", "nb", "en"}).Draw(t, "language"))
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := teller.HTML(&b); err != nil {
			t.Fatal(err)
		}
		if at := broken.FindStringIndex(b.String()); at != nil {
			t.Fatal(b.String()[max(at[0]-80, 0):at[1]])
		}
	})
}
