package main

import (
	"errors"

	"github.com/samverk/samverk/econ"
	"github.com/samverk/samverk/fault"
)

type econCmd struct {
	New     econNewCmd     `cmd:"" help:"Make a model from a worked one."`
	Run     econRunCmd     `cmd:"" help:"Run the base case."`
	Voi     econVoiCmd     `cmd:"" help:"Tell what information is worth."`
	Compare econCompareCmd `cmd:"" help:"Two models or two runs side by side."`
	Report  econReportCmd  `cmd:"" help:"Write a report that answers CHEERS 2022, with figures and tables."`
}

// econFault makes a fault of what is wrong with a model; what is worth a look is written beside it.
func econFault(s streams, err error) error {
	var problems econ.Problems
	if !errors.As(err, &problems) {
		return err
	}
	list := problems.Errors()
	for _, p := range list[:len(list)-1] {
		say(s.err, p.String())
		if p.Hint != "" {
			say(s.err, "hint: "+p.Hint)
		}
	}
	end := list[len(list)-1]
	return fault.New(fault.Invalid, "%s", end.String()).Do("%s", end.Hint)
}

type econRunCmd struct {
	Model    string `arg:"" complete:"file" help:"The model: a YAML file, or a folder with a model.yaml."`
	Scenario string `placeholder:"NAME" help:"One of the model's scenarios."`
	JSON     bool   `name:"json" help:"Print the result as JSON."`
}

func (c *econRunCmd) Run(s streams) error {
	m, err := econ.Load(c.Model)
	if err != nil {
		return econFault(s, err)
	}
	compiled, err := econ.Compile(m, econ.Options{Scenario: c.Scenario})
	if err != nil {
		return econFault(s, err)
	}
	r, err := compiled.Run()
	if err != nil {
		return econFault(s, err)
	}
	if c.JSON {
		return r.JSON(s.out)
	}
	t := newTable(s.out, "strategy", ">cost", ">effect")
	for _, x := range r.Strategies {
		t.row(x.Name, x.Cost, x.Effect)
	}
	return t.flush()
}
