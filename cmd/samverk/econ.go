package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strconv"

	"github.com/samverk/samverk/econ"
	"github.com/samverk/samverk/fault"
)

// econCmd runs health-economic models. They are files, so no node is needed.
type econCmd struct {
	New     econNewCmd     `cmd:"" help:"Write a small model to begin with, or a worked one."`
	Check   econCheckCmd   `cmd:"" help:"Tell what is wrong with a model, where, and what to do."`
	Run     econRunCmd     `cmd:"" help:"Run the base case: what each strategy costs and gives."`
	PSA     econPSACmd     `cmd:"" name:"psa" help:"Run the probabilistic analysis: how sure that is."`
	Voi     econVoiCmd     `cmd:"" help:"Tell what information is worth: what to find out next."`
	Compare econCompareCmd `cmd:"" help:"Two models or two runs side by side."`
	Report  econReportCmd  `cmd:"" help:"Write a report that answers CHEERS 2022, with figures and tables."`
}

func (econCmd) Help() string {
	return `A model is a YAML file, or a folder with a model.yaml and tables beside it (docs/formats.md).

Examples:

  samverk econ new my-model
  samverk econ check my-model
  samverk econ run my-model
  samverk econ psa my-model --draws 10000 --seed 1 --json
  samverk econ report my-model -o report.html`
}

// model is the argument of nearly all of them.
type model struct {
	Model string `arg:"" complete:"file" help:"The model: a YAML file, or a folder with a model.yaml."`
}

// variant says which variant of a model is meant.
type variant struct {
	Scenario string            `placeholder:"NAME" help:"One of the model's scenarios."`
	Set      map[string]string `placeholder:"NAME=VALUE" mapsep:"none" help:"A parameter with another value. It can be given several times."`
	Within   string            `name:"within-cycle" placeholder:"NAME" help:"Another within-cycle correction: none, half-cycle, life-table-start, life-table-middle, life-table-end, simpson, simpson-darth."`
	Count    string            `placeholder:"WHICH" help:"With --within-cycle none: count start, end or both."`
	Discount string            `placeholder:"PRESET" help:"Other discount rates: TLV, NoMA, none."`
}

func (v variant) options(m *econ.Model) econ.Options {
	o := econ.Options{Scenario: v.Scenario}
	at, rest := econ.Pos{File: "--set"}, maps.Clone(v.Set)
	for _, p := range m.Parameters { // in the model's order: a map has none
		if value, ok := v.Set[p.Name]; ok {
			o.Set = append(o.Set, econ.Setting{Name: p.Name, Value: econ.Text{Source: value, At: at}, At: at})
			delete(rest, p.Name)
		}
	}
	for name, value := range rest { // not a parameter: refused
		o.Set = append(o.Set, econ.Setting{Name: name, Value: econ.Text{Source: value, At: at}, At: at})
	}
	o.Conventions = econ.Conventions{WithinCycle: v.Within, Count: v.Count, Discount: econ.Discount{Preset: v.Discount}}
	return o
}

func (c model) load(s streams) (*econ.Model, error) {
	m, err := econ.Load(c.Model)
	return m, econFault(s, err)
}

func (c model) compile(s streams, v variant) (*econ.Compiled, error) {
	m, err := c.load(s)
	if err != nil {
		return nil, err
	}
	compiled, err := econ.Compile(m, v.options(m))
	return compiled, econFault(s, err)
}

// econFault makes a fault of what is wrong with a model. All but the last are written before it.
func econFault(s streams, err error) error {
	var problems econ.Problems
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return fault.New(fault.NotFound, "%v", err).Do("name a YAML file, or a folder with a model.yaml; 'samverk econ new DIR' writes one")
	case !errors.As(err, &problems) || len(problems.Errors()) == 0:
		return err
	}
	list := problems.Errors()
	for _, p := range list[:len(list)-1] {
		sayProblem(s, p)
	}
	end := list[len(list)-1]
	return fault.New(fault.Invalid, "%s", end.String()).Do("%s", end.Hint)
}

func sayProblem(s streams, p econ.Problem) {
	text := p.String()
	if p.Warning {
		text += " (a warning)"
	}
	say(s.err, text)
	if p.Hint != "" {
		say(s.err, "hint: "+p.Hint)
	}
}

type econNewCmd struct {
	Dir  string `arg:"" complete:"dir" help:"The folder to make."`
	From string `placeholder:"NAME" help:"A worked model to begin from: gene-panel-lung-cancer or genome-first-rare-disease."`
	As   string `enum:"yaml,csv,xlsx" default:"yaml" help:"How the model is kept: yaml (one file with comments), csv or xlsx (tables that spreadsheets open)."`
}

func (c *econNewCmd) Run(s streams) error {
	if _, err := os.Stat(filepath.Join(c.Dir, "model.yaml")); err == nil {
		return fault.New(fault.Conflict, "there is a model in %s already", c.Dir).Do("choose another folder")
	}
	if c.From != "" {
		return c.worked(s)
	}
	m, text := econ.New()
	if c.As != "yaml" {
		if err := m.Save(c.Dir, econ.Layout(c.As)); err != nil {
			return err
		}
	} else {
		if err := os.MkdirAll(c.Dir, 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(c.Dir, "model.yaml"), text, 0o666); err != nil {
			return err
		}
	}
	say(s.out, "The model is in "+c.Dir+".")
	say(s.out, "Next: samverk econ run "+c.Dir)
	return nil
}

type econCheckCmd struct {
	model
	JSON bool `name:"json" help:"Print what was found as JSON."`
}

func (c *econCheckCmd) Run(s streams) error {
	m, err := econ.Load(c.Model)
	var problems econ.Problems
	if err != nil && !errors.As(err, &problems) {
		return econFault(s, err)
	}
	if err == nil {
		problems = econ.Check(m)
	}
	if c.JSON {
		if problems == nil {
			problems = econ.Problems{}
		}
		if err := jsonLine(s.out, problems); err != nil {
			return err
		}
		if n := len(problems.Errors()); n > 0 {
			return fault.New(fault.Invalid, "%s", many(n, "error"))
		}
		return nil
	}
	for _, p := range problems.Warnings() {
		sayProblem(s, p)
	}
	if len(problems.Errors()) > 0 {
		return econFault(s, problems)
	}
	say(s.out, "The model can be run ("+many(len(problems), "warning")+").")
	return nil
}

type econRunCmd struct {
	model
	variant
	JSON bool `name:"json" help:"Print the result as JSON, with traces."`
}

func (c *econRunCmd) Run(s streams) error {
	compiled, err := c.compile(s, c.variant)
	if err != nil {
		return err
	}
	r, err := compiled.Run()
	if err != nil {
		return econFault(s, err)
	}
	if c.JSON {
		return r.JSON(s.out)
	}
	t := newTable(s.out, "strategy", ">cost", ">effect", ">life years", ">undiscounted cost", ">undiscounted effect")
	for _, x := range r.Strategies {
		years := ""
		if x.LifeYears != nil {
			years = rounded(*x.LifeYears)
		}
		t.row(x.Name, rounded(x.Cost), rounded(x.Effect), years, rounded(x.Undiscounted.Cost), rounded(x.Undiscounted.Effect))
	}
	if err := t.flush(); err != nil {
		return err
	}
	return econFacts(s, r.RunID, r.Conventions)
}

// rounded writes six digits, and whole numbers from a thousand on.
func rounded(v float64) string {
	if v >= 1000 || v <= -1000 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 6, 64)
}

// econFacts names the run and its conventions below its numbers.
func econFacts(s streams, id string, conventions []econ.Named) error {
	pairs := []any{"run", id}
	for _, n := range conventions {
		pairs = append(pairs, n.Name, n.Value)
	}
	say(s.out, "")
	return facts(s.out, pairs...)
}

type econPSACmd struct {
	model
	variant
	Draws   int    `placeholder:"N" help:"How many draws; the model's own number if not given."`
	Seed    uint64 `placeholder:"N" help:"The same seed gives the same numbers."`
	Stored  string `placeholder:"TABLE" help:"One of the model's tables, with stored draws of parameters."`
	Workers int    `placeholder:"N" help:"As many as there are processors if not given; the numbers are the same."`
	Out     string `placeholder:"FILE.csv" help:"Write each draw's parameters and outcomes."`
	JSON    bool   `name:"json" help:"Print the summary as JSON."`
}

func (c *econPSACmd) Run(s streams) error {
	compiled, err := c.compile(s, c.variant)
	if err != nil {
		return err
	}
	sample, err := compiled.PSA(econ.PSAOptions{Draws: c.Draws, Seed: c.Seed, Stored: c.Stored, Workers: c.Workers})
	if err != nil {
		return econFault(s, err)
	}
	if c.Out != "" {
		if err := writeDraws(c.Out, sample); err != nil {
			return err
		}
	}
	r := sample.Summary()
	if c.JSON {
		return r.JSON(s.out)
	}
	for _, p := range r.Problems {
		sayProblem(s, p)
	}
	t := newTable(s.out, "strategy", ">cost", ">95 % of draws", ">effect", ">95 % of draws")
	for _, x := range r.Strategies {
		cost, effect := x.Outcomes["cost"], x.Outcomes["effect"]
		t.row(x.Name, rounded(cost.Mean), rounded(cost.Low)+" to "+rounded(cost.High), rounded(effect.Mean), rounded(effect.Low)+" to "+rounded(effect.High))
	}
	if err := t.flush(); err != nil {
		return err
	}
	say(s.out, "")
	return facts(s.out, "run", r.RunID, "draws", r.Draws, "seed", strconv.FormatUint(r.Seed, 10))
}

// writeDraws writes a row for each draw: its parameters, and each strategy's outcomes.
func writeDraws(name string, sample *econ.Sample) (err error) {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := csv.NewWriter(f)
	names, columns := sample.Parameters()
	head := append([]string{"draw"}, names...)
	for o, outcome := range sample.Outcomes {
		for x, strategy := range sample.Strategies {
			head = append(head, outcome+"_"+strategy)
			columns = append(columns, sample.Values[o][x])
		}
	}
	if err := w.Write(head); err != nil {
		return err
	}
	record := make([]string, len(head))
	for i := range sample.Draws() {
		record[0] = fmt.Sprint(i + 1)
		for c := range columns {
			record[c+1] = strconv.FormatFloat(columns[c][i], 'g', -1, 64)
		}
		if err := w.Write(record); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}
