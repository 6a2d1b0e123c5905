package main

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/samverk/samverk/econ"
	"github.com/samverk/samverk/econ/compare"
	"github.com/samverk/samverk/econ/models"
	econreport "github.com/samverk/samverk/econ/report"
	"github.com/samverk/samverk/fault"
)

// econAsk is what can be asked of a model beyond its base case.
type econAsk struct {
	model
	variant
	Strategy   string   `placeholder:"NAME" help:"The strategy of interest; the best but the comparator, if not given."`
	Comparator string   `placeholder:"NAME" help:"What it is compared with; the model's first strategy, if not given."`
	WTP        float64  `name:"wtp" placeholder:"PRICE" help:"What a unit of effect may cost; the model's first willingness to pay, if not given."`
	Most       float64  `placeholder:"PRICE" help:"The end of the range of prices that curves show."`
	Draws      int      `placeholder:"N" help:"Draws of the probabilistic analysis; what the model says, if not given."`
	Seed       uint64   `placeholder:"N" help:"Seed of the draws; what the model says, if not given."`
	Incidence  float64  `placeholder:"N" help:"Persons a year whom the choice is for, to scale values of information."`
	Years      int      `default:"5" help:"For how many years the choice is made."`
	Rate       float64  `default:"0.03" help:"Discount rate of those years."`
	Group      []string `placeholder:"A+B" sep:"none" help:"Parameters whose information is valued together; may be given again."`
	Study      string   `placeholder:"A+B" help:"Parameters that a study would measure."`
	Prior      float64  `placeholder:"N" help:"How many persons' worth is known of them already."`
	Sizes      []int    `placeholder:"N,…" help:"Sizes of the study."`
	Fixed      float64  `placeholder:"COST" help:"What the study costs whatever its size."`
	Each       float64  `placeholder:"COST" help:"What it costs for each person."`
	Regions    string   `placeholder:"FILE.csv" complete:"file" help:"How far regions have come: columns region, eligible, adoption, and yield if known. An empty cell is one that didn't tell."`
	Goal       float64  `default:"1" help:"The adoption that would be equal care, from 0 to 1."`
	Yield      float64  `placeholder:"SHARE" help:"The share with a finding that the model takes, to compare regions' yields with."`
}

// of runs all that was asked.
func (c *econAsk) of(s streams) (*econreport.Run, error) {
	m, err := c.load(s)
	if err != nil {
		return nil, err
	}
	o := econreport.Options{Variant: c.options(m), Strategy: c.Strategy, Comparator: c.Comparator, WTP: c.WTP, Most: c.Most, Draws: c.Draws, Seed: c.Seed}
	for _, g := range c.Group {
		o.Groups = append(o.Groups, strings.Split(g, "+"))
	}
	if c.Incidence != 0 {
		o.Population = &compare.Population{Incidence: c.Incidence, Years: c.Years, Rate: c.Rate}
	}
	if c.Study != "" {
		o.Study = &compare.Study{Parameters: strings.Split(c.Study, "+"), PriorSize: c.Prior, Fixed: c.Fixed, Each: c.Each, Sizes: c.Sizes}
		if len(c.Sizes) == 0 {
			o.Study.Sizes = []int{50, 100, 200, 500, 1000, 2000}
		}
	}
	if c.Regions != "" {
		if o.Regions, err = readRegions(c.Regions); err != nil {
			return nil, err
		}
		o.Goal = &compare.Goal{Adoption: c.Goal, Yield: c.Yield}
	}
	r, err := econreport.Of(m, o)
	if err != nil {
		return nil, econInvalid(s, err)
	}
	return r, nil
}

// econInvalid makes a fault of what an analysis refuses.
func econInvalid(s streams, err error) error {
	var problems econ.Problems
	if errors.As(err, &problems) {
		return econFault(s, err)
	}
	return fault.Wrap(fault.Invalid, err, "the analysis can't be made")
}

// readRegions reads a table of how far regions have come.
func readRegions(name string) ([]compare.Region, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fault.Wrap(fault.NotFound, err, "the regions can't be read").In(name)
	}
	defer f.Close()
	r := csv.NewReader(f)
	rows, err := r.ReadAll()
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the regions can't be read").In(name)
	}
	if len(rows) == 0 || !slices.Contains(rows[0], "region") {
		return nil, fault.New(fault.Invalid, "there is no column region").In(name).Do("the first line is region,eligible,adoption,yield")
	}
	var out []compare.Region
	for i, row := range rows[1:] {
		var region compare.Region
		for j, head := range rows[0] {
			to := map[string]**float64{"eligible": &region.Eligible, "adoption": &region.Adoption, "yield": &region.Yield}[strings.TrimSpace(strings.TrimPrefix(head, "\ufeff"))]
			switch text := strings.TrimSpace(row[j]); {
			case strings.TrimPrefix(head, "\ufeff") == "region":
				region.Name = text
			case to == nil:
				return nil, fault.New(fault.Invalid, "the column %q isn't known", head).In(name).OnLine(1)
			case text != "":
				v, err := strconv.ParseFloat(text, 64)
				if err != nil {
					return nil, fault.New(fault.Invalid, "%s %q is no number", head, text).In(name).OnLine(int64(i + 2))
				}
				*to = &v
			}
		}
		out = append(out, region)
	}
	return out, nil
}

type econVoiCmd struct {
	econAsk
	Nested string `placeholder:"OUTERxINNER" help:"Value each --group by two loops too, of so many draws: 300x300. It takes its time, and assumes nothing."`
	JSON   bool   `name:"json" help:"Print the whole run as JSON."`
}

func (econVoiCmd) Help() string {
	return `EVPI is what it would be worth to know everything for sure; EVPPI, one parameter or a group; EVSI, what a study of a size would find. Per person, and for all with --incidence.

Examples:

  samverk econ voi model.yaml
  samverk econ voi model.yaml --wtp 500000 --group yield+price --incidence 2000 --years 10
  samverk econ voi model.yaml --study yield --prior 40 --sizes 100,500 --incidence 2000 --fixed 1000000 --each 5000`
}

func (c *econVoiCmd) Run(s streams) error {
	r, err := c.of(s)
	if err != nil {
		return err
	}
	if r.PSA == nil {
		return fault.New(fault.Invalid, "nothing in the model is uncertain").In(c.Model).Do("give parameters a distribution")
	}
	if c.JSON {
		return econreport.JSON(s.out, r)
	}
	price := r.Question.Question.WTP
	k, _ := slices.BinarySearch(r.PSA.Curves.WTP, price)
	persons := 0.0
	if r.PSA.Population != nil {
		persons = r.PSA.Population.Persons()
	}
	best := r.PSA.Curves.Best[k]
	if err := facts(s.out, "run", r.ID, "price", fmt.Sprintf("%.6g %s per %s", price, r.Model.Currency, r.Model.EffectUnit), "draws", r.PSA.Draws, "best", r.PSA.Curves.Strategies[best], "chance", r.PSA.Curves.CEAF[k]); err != nil {
		return err
	}
	heads := []string{"information about", ">per person"}
	if persons > 0 {
		heads = append(heads, ">for all")
	}
	t := newTable(s.out, heads...)
	row := func(name string, v float64) {
		if persons > 0 {
			t.row(name, v, v*persons)
		} else {
			t.row(name, v)
		}
	}
	row("everything (EVPI)", r.PSA.Curves.EVPI[k])
	slices.SortStableFunc(r.PSA.Partials, func(a, b compare.Partial) int { return cmp.Compare(b.EVPPI[0], a.EVPPI[0]) })
	for _, p := range r.PSA.Partials {
		row(strings.Join(p.Parameters, " + "), p.EVPPI[0])
	}
	if r.PSA.Sample != nil {
		for i, n := range r.PSA.Sample.Sizes {
			row(fmt.Sprintf("a study of %s (EVSI)", cell(n)), r.PSA.Sample.EVSI[i][0])
		}
	}
	if err := c.nested(s, price, row); err != nil {
		return err
	}
	if err := t.flush(); err != nil {
		return err
	}
	if !r.PSA.Stability.Stable {
		fmt.Fprintf(s.err, "note: %s draws are too few to tell which strategy is best; about %s are needed\n", cell(r.PSA.Draws), cell(r.PSA.Stability.Needed))
	}
	return nil
}

// nested values each group by two loops.
func (c *econVoiCmd) nested(s streams, price float64, row func(name string, v float64)) error {
	if c.Nested == "" {
		return nil
	}
	var outer, inner int
	if n, err := fmt.Sscanf(c.Nested, "%dx%d", &outer, &inner); n != 2 || err != nil || len(c.Group) == 0 {
		return fault.New(fault.Invalid, "--nested is written 300x300, and goes with --group").Do("--group yield --nested 300x300")
	}
	m, err := c.load(s)
	if err != nil {
		return err
	}
	for _, g := range c.Group {
		n, err := econreport.Nested(m, c.options(m), strings.Split(g, "+"), outer, inner, c.Seed, []float64{price})
		if err != nil {
			return econInvalid(s, err)
		}
		row(fmt.Sprintf("%s, nested (± %s)", strings.ReplaceAll(g, "+", " + "), cell(1.96*n.StandardError[0])), n.EVPPI[0])
	}
	return nil
}

type econReportCmd struct {
	econAsk
	Output string `short:"o" default:"report.html" complete:"file" help:"Where to: FILE.html, .json, .xlsx or .zip (all of it, with CSV and SVG), or a folder that is made."`
	Lang   string `default:"en" enum:"sv,nb,en" help:"The report's language: sv, nb or en."`
}

func (econReportCmd) Help() string {
	return `The report answers the 28 items of CHEERS 2022; what the model doesn't say it says that it doesn't. Every figure has its table.

Examples:

  samverk econ report model.yaml --lang sv -o report.html
  samverk econ report model.yaml -o run.zip
  samverk econ report model.yaml --regions regions.csv --goal 0.9 -o run`
}

func (c *econReportCmd) Run(s streams) error {
	r, err := c.of(s)
	if err != nil {
		return err
	}
	t, err := econreport.Tell(r, c.Lang)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	switch strings.ToLower(filepath.Ext(c.Output)) {
	case ".html":
		err = t.HTML(&b)
	case ".json":
		err = econreport.JSON(&b, r)
	case ".xlsx":
		err = t.XLSX(&b)
	case ".zip":
		err = t.Zip(&b)
	case "":
		return c.folder(s, t)
	default:
		return fault.New(fault.Invalid, "a report is .html, .json, .xlsx or .zip").In(c.Output)
	}
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.Output, b.Bytes(), 0o666); err != nil {
		return fault.Wrap(fault.Unavailable, err, "the report can't be written")
	}
	say(s.out, c.Output+" holds run "+r.ID+".")
	return nil
}

// folder writes every file by itself.
func (c *econReportCmd) folder(s streams, t *econreport.Teller) error {
	files, err := t.Files()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.Output, 0o777); err != nil {
		return fault.Wrap(fault.Unavailable, err, "the folder can't be made")
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(c.Output, f.Name), f.Data, 0o666); err != nil {
			return fault.Wrap(fault.Unavailable, err, "the report can't be written")
		}
	}
	say(s.out, many(len(files), "file")+" of run "+t.ID+" are in "+c.Output+".")
	return nil
}

type econCompareCmd struct {
	A    string `arg:"" complete:"file" help:"A model, or a run that was stored as JSON."`
	B    string `arg:"" complete:"file" help:"Another."`
	JSON bool   `name:"json" help:"Print as JSON."`
}

func (econCompareCmd) Help() string {
	return `Two models or two runs side by side: what each strategy costs and gives, and which conventions and values differ. A run is what 'samverk econ run --json' prints, or 'samverk econ report -o run.json'.

Example:

  samverk econ compare run-2025.json model.yaml`
}

// econSide is one of two: what is read of a run, or made of a model.
type econSide struct {
	File        string          `json:"file"`
	RunID       string          `json:"run_id"`
	Strategies  []compare.Point `json:"strategies"`
	Conventions []econFact      `json:"conventions"`
	Parameters  []econValue     `json:"parameters,omitempty"`
}

type econFact struct {
	Name  string `json:"name"`
	Value string `json:"value,omitempty"`
	Text  string `json:"text,omitempty"` // as reports have it
}

type econValue struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
}

// econDiffers is one thing that isn't the same. What one of the two lacks is nil.
type econDiffers struct {
	What string `json:"what"`
	A    any    `json:"a"`
	B    any    `json:"b"`
}

func (c *econCompareCmd) Run(s streams) error {
	a, err := econRead(s, c.A)
	if err != nil {
		return err
	}
	b, err := econRead(s, c.B)
	if err != nil {
		return err
	}
	differ := econDiffer(a, b)
	if c.JSON {
		return jsonLine(s.out, map[string]any{"a": a, "b": b, "differ": differ})
	}
	if err := facts(s.out, "A", c.A+"  run "+a.RunID, "B", c.B+"  run "+b.RunID); err != nil {
		return err
	}
	t := newTable(s.out, "strategy", ">cost A", ">cost B", ">B less A", ">effect A", ">effect B", ">B less A")
	for _, x := range econPaired(a.Strategies, b.Strategies) {
		t.row(x.name, told2(x.a, cost), told2(x.b, cost), less(x, cost), told2(x.a, effect), told2(x.b, effect), less(x, effect))
	}
	if err := t.flush(); err != nil || len(differ) == 0 {
		return err
	}
	t = newTable(s.out, "differs", "A", "B")
	for _, d := range differ {
		t.row(d.What, orNone(d.A), orNone(d.B))
	}
	return t.flush()
}

func cost(p compare.Point) float64   { return p.Cost }
func effect(p compare.Point) float64 { return p.Effect }

type econPair struct {
	name string
	a, b *compare.Point
}

// econPaired brings strategies of the same name together, in the order of the first and then the second.
func econPaired(a, b []compare.Point) []econPair {
	var out []econPair
	for i := range a {
		out = append(out, econPair{name: a[i].Name, a: &a[i]})
	}
	for i := range b {
		if k := slices.IndexFunc(out, func(p econPair) bool { return p.name == b[i].Name }); k >= 0 {
			out[k].b = &b[i]
		} else {
			out = append(out, econPair{name: b[i].Name, b: &b[i]})
		}
	}
	return out
}

func told2(p *compare.Point, of func(compare.Point) float64) string {
	if p == nil {
		return "–"
	}
	return cell(of(*p))
}

func less(x econPair, of func(compare.Point) float64) string {
	if x.a == nil || x.b == nil {
		return "–"
	}
	return cell(of(*x.b) - of(*x.a))
}

func orNone(v any) string {
	if v == nil {
		return "–"
	}
	return cell(v)
}

// econRead reads a stored run, or runs a model.
func econRead(s streams, name string) (econSide, error) {
	if strings.EqualFold(filepath.Ext(name), ".json") {
		return econStored(name)
	}
	m, err := econ.Load(name)
	if err != nil {
		return econSide{}, econFault(s, err)
	}
	c, err := econ.Compile(m, econ.Options{})
	if err != nil {
		return econSide{}, econFault(s, err)
	}
	r, err := c.Run()
	if err != nil {
		return econSide{}, econFault(s, err)
	}
	out := econSide{File: name, RunID: r.RunID}
	for _, x := range r.Strategies {
		out.Strategies = append(out.Strategies, compare.Point{Name: x.Name, Cost: x.Cost, Effect: x.Effect})
	}
	for _, x := range c.Conventions() {
		out.Conventions = append(out.Conventions, econFact{Name: x.Name, Value: x.Value})
	}
	for _, p := range m.Parameters {
		if v := econreport.Number(p.Value); v != nil {
			out.Parameters = append(out.Parameters, econValue{p.Name, *v})
		}
	}
	return out, nil
}

func econStored(name string) (econSide, error) {
	const most = 256 << 20
	f, err := os.Open(name)
	if err != nil {
		return econSide{}, fault.Wrap(fault.NotFound, err, "the run can't be read").In(name)
	}
	defer f.Close()
	out := econSide{}
	if err := json.NewDecoder(io.LimitReader(f, most)).Decode(&out); err != nil {
		return out, fault.Wrap(fault.Invalid, err, "the run can't be read").In(name)
	}
	if len(out.Strategies) == 0 {
		return out, fault.New(fault.Invalid, "that is no run: it has no strategies").In(name)
	}
	out.File = name
	for i, x := range out.Conventions {
		out.Conventions[i] = econFact{Name: x.Name, Value: cmp.Or(x.Value, x.Text)}
	}
	return out, nil
}

// econDiffer lists conventions and values that aren't the same in two runs. Values are compared where both tell theirs.
func econDiffer(a, b econSide) []econDiffers {
	out := []econDiffers{}
	add := func(what string, names []string, of func(name string, first bool) any) {
		for _, name := range names {
			if x, y := of(name, true), of(name, false); x != y {
				out = append(out, econDiffers{what + name, x, y})
			}
		}
	}
	side := func(first bool) econSide {
		if first {
			return a
		}
		return b
	}
	var conventions, values []string
	for _, s := range []econSide{a, b} {
		for _, x := range s.Conventions {
			if !slices.Contains(conventions, x.Name) {
				conventions = append(conventions, x.Name)
			}
		}
		for _, x := range s.Parameters {
			if !slices.Contains(values, x.Name) {
				values = append(values, x.Name)
			}
		}
	}
	add("convention ", conventions, func(name string, first bool) any {
		for _, x := range side(first).Conventions {
			if x.Name == name {
				return x.Value
			}
		}
		return nil
	})
	if len(a.Parameters) == 0 || len(b.Parameters) == 0 {
		return out
	}
	add("", values, func(name string, first bool) any {
		for _, x := range side(first).Parameters {
			if x.Name == name {
				return x.Value
			}
		}
		return nil
	})
	return out
}

// worked writes a model that ships with the program. As YAML its files are as they are, comments and all.
func (c *econNewCmd) worked(s streams) error {
	source, ok := models.Open(c.From)
	if !ok {
		return fault.New(fault.Invalid, "there is no model %q to begin from", c.From).Do("--from %s", strings.Join(models.Names(), ", --from "))
	}
	if c.As != "yaml" {
		m, err := econ.Read(source, "model.yaml")
		if err != nil {
			return err
		}
		if err := m.Save(c.Dir, econ.Layout(c.As)); err != nil {
			return err
		}
	} else if err := os.CopyFS(c.Dir, source); err != nil {
		return fault.Wrap(fault.Unavailable, err, "the model can't be written")
	}
	say(s.out, "The model is in "+c.Dir+". Its numbers are illustrative.")
	say(s.out, "Next: samverk econ run "+c.Dir)
	return nil
}
