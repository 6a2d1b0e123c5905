package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/samverk/samverk/action/toolbox"
	"github.com/samverk/samverk/fault"
)

type toolboxCmd struct {
	Check toolboxCheckCmd `cmd:"" help:"Try a file of rules for all combinations of answers."`
}

func (toolboxCmd) Help() string {
	return `The toolbox, on a network's pages, says which way of working together fits a group. What it says follows from a file of rules.`
}

type toolboxCheckCmd struct {
	Rules  string `arg:"" help:"The file of rules, as a network's page of rules gives it."`
	Strict bool   `help:"Fail on findings too, not on errors only."`
	JSON   bool   `name:"json" help:"Print one JSON object."`
}

func (toolboxCheckCmd) Help() string {
	return `Errors are told with file, line and column, and what to do. For rules without errors all combinations of answers are tried: how often something is recommended and how often each model is, which models never are, which rules never speak or never change anything, and which contradict each other. No data directory is needed. docs/formats.md describes the file.

Example:

  samverk toolbox check rules.yaml`
}

// checkedRules is what --json prints.
type checkedRules struct {
	Errors   []placed         `json:"errors"`
	Findings []placed         `json:"findings"`
	All      int              `json:"combinations"`
	Fits     int              `json:"fits"`
	Perhaps  int              `json:"perhaps"`
	None     int              `json:"none"`
	Example  toolbox.Answers  `json:"none_example,omitempty"`
	Models   []recommendation `json:"models"`
}

type recommendation struct {
	Model   string `json:"model"`
	Rules   int    `json:"rules"`
	Fits    int    `json:"fits"`
	Perhaps int    `json:"perhaps"`
	First   int    `json:"first"`
}

type placed struct {
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
	Kind   string `json:"kind,omitempty"`
	What   string `json:"what"`
	Do     string `json:"do"`
}

func (c *toolboxCheckCmd) Run(s streams) error {
	b, err := os.ReadFile(filepath.Clean(c.Rules))
	if err != nil {
		return fault.Wrap(fault.NotFound, err, "the rules can't be read").In(c.Rules)
	}
	rules, err := toolbox.ParseRules(b)
	var problems toolbox.Problems
	if errors.As(err, &problems) {
		return c.refuse(s, problems)
	}
	if err != nil {
		return err
	}
	check := rules.Check()
	out := checkedRules{Errors: []placed{}, Findings: []placed{}, All: check.Combinations, Fits: check.Fits, Perhaps: check.Perhaps, None: check.None, Example: check.Example}
	for _, m := range check.Models {
		out.Models = append(out.Models, recommendation(m))
	}
	for _, f := range check.Findings {
		out.Findings = append(out.Findings, placed{Line: f.Line, Kind: string(f.Kind), What: f.What, Do: f.Do})
	}
	if c.JSON {
		err = jsonLine(s.out, out)
	} else {
		err = c.print(s, rules, out)
	}
	if err == nil && c.Strict && len(out.Findings) > 0 {
		err = fault.New(fault.Invalid, "%s", many(len(out.Findings), "finding")).In(c.Rules)
	}
	return err
}

// refuse tells every error with its place.
func (c *toolboxCheckCmd) refuse(s streams, problems toolbox.Problems) error {
	out := checkedRules{Findings: []placed{}, Models: []recommendation{}}
	for _, p := range problems {
		out.Errors = append(out.Errors, placed{Line: p.Line, Column: p.Column, What: p.What, Do: p.Do})
		if !c.JSON {
			fmt.Fprintf(s.err, "%s:%d:%d: %s\n    %s\n", c.Rules, p.Line, p.Column, p.What, p.Do)
		}
	}
	if c.JSON {
		if err := jsonLine(s.out, out); err != nil {
			return err
		}
	}
	return fault.New(fault.Invalid, "%s in the rules", many(len(problems), "error")).In(c.Rules)
}

func (c *toolboxCheckCmd) print(s streams, rules *toolbox.Rules, out checkedRules) error {
	of := func(n int) string { return fmt.Sprintf("%d (%.0f %%)", n, 100*float64(n)/float64(max(out.All, 1))) }
	if err := facts(s.out, "rules", len(rules.Rules), "questions", len(rules.Questions), "combinations", out.All, "something fits", of(out.Fits), "something perhaps", of(out.Perhaps), "nothing", of(out.None)); err != nil {
		return err
	}
	if len(out.Example) > 0 {
		var said []string
		for q, a := range out.Example {
			said = append(said, q+"="+a)
		}
		slices.Sort(said)
		say(s.out, "\nNothing fits, for one, when "+strings.Join(said, ", ")+".")
	}
	say(s.out, "")
	t := newTable(s.out, "model", ">rules", ">fits", ">perhaps", ">first")
	for _, m := range out.Models {
		t.row(m.Model, m.Rules, of(m.Fits), of(m.Perhaps), of(m.First))
	}
	if err := t.flush(); err != nil {
		return err
	}
	say(s.out, "")
	if len(out.Findings) == 0 {
		say(s.out, "Every model can be recommended, every rule makes a difference, and none contradicts another.")
		return nil
	}
	for _, f := range out.Findings {
		at := c.Rules
		if f.Line > 0 {
			at = fmt.Sprintf("%s:%d", c.Rules, f.Line)
		}
		say(s.out, fmt.Sprintf("%s: %s: %s\n    %s", at, f.Kind, f.What, f.Do))
	}
	return nil
}
