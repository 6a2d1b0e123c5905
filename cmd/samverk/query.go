package main

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/samverk/samverk/app"
	"github.com/samverk/samverk/fault"
)

type queryCmd struct {
	data
	purposeFlag
	Dataset string `placeholder:"NAME" help:"One dataset; all germline datasets, if not given."`
	app.As
	JSON     bool     `name:"json" help:"Print one JSON object a line."`
	Variants []string `arg:"" name:"variant" help:"CHROM-POS-REF-ALT, or CHROM:FROM-TO for all that is carried there; - reads them from standard input, one a line."`
}

func (queryCmd) Help() string {
	return `A variant nobody carries is an answer with AC 0. Where nobody was looked at (outside a panel's targets) there is no answer: the counts are empty, null in JSON.

AN is "called" when everybody counted has a genotype or a callable block there, and "assumed" when somebody counts as reference because nothing was written.

Examples:

  samverk query -d DIR --purpose care chr22-50000165-C-T
  samverk query -d DIR -p research --json chr22:50000000-50010000
  cut -f1 list.txt | samverk query -d DIR -p care --json -`
}

func (c *queryCmd) Run(ctx context.Context, s streams) error {
	variants, err := asked(c.Variants, s.in)
	if err != nil {
		return err
	}
	t := newTable(s.out, "VARIANT", "PURPOSE", "DATASET", ">CARRIERS", ">AC", ">AN", ">AF", ">HET", ">HOM", ">HEMI", "AN BASIS")
	out := bufio.NewWriter(s.out)
	q := app.QueryRequest{Purpose: c.Purpose, Dataset: c.Dataset, Variants: variants, As: c.As}
	why := ""
	r, err := call(ctx, s, c.data, app.Query, q, func(row app.Row) error {
		if c.JSON {
			return jsonLine(out, row)
		}
		if row.Why != "" {
			why = row.Why
		}
		t.row(row.Variant, row.Purpose, row.Dataset, told(row.Carriers), told(row.AC), told(row.AN), fraction(row.AF),
			told(row.Het), told(row.Hom), told(row.Hemi), basis(row))
		return nil
	})
	if err != nil {
		return err
	}
	if c.JSON {
		return out.Flush()
	}
	if r.Rows > 0 {
		if err := t.flush(); err != nil {
			return err
		}
	} else {
		say(s.out, "Nothing is carried there by those who allow it.")
	}
	if _, err := fmt.Fprintf(s.out, "\n%s individuals counted, consent epoch %d\n", cmp.Or(told(r.IndividualsCounted), "no number of"), r.ConsentEpoch); err != nil {
		return err
	}
	if why != "" {
		say(s.out, "Some numbers are ranges: "+why+".")
	} else if r.Policy != "" {
		say(s.out, "Allowed by policy "+r.Policy+", decision "+r.Decision+".")
	}
	return nil
}

// told is a number with commas, or what is told instead.
func told(t app.Told) string {
	if n, ok := t.Exact(); ok {
		return cell(n)
	}
	return t.String()
}

func fraction(f *float64) string {
	if f == nil {
		return ""
	}
	return cell(*f)
}

func basis(r app.Row) string {
	switch {
	case !r.Covered:
		return "not covered"
	case r.Basis != nil:
		return *r.Basis
	}
	return ""
}

// asked puts the lines of standard input where "-" stands.
func asked(args []string, in io.Reader) ([]string, error) {
	var out []string
	for _, a := range args {
		if a != "-" {
			out = append(out, a)
			continue
		}
		sc := bufio.NewScanner(in)
		sc.Buffer(nil, 1<<20) // a long insertion is a long line
		for sc.Scan() {
			if l := strings.TrimSpace(sc.Text()); l != "" {
				out = append(out, l)
			}
		}
		if err := sc.Err(); err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "standard input can't be read as lines of variants")
		}
	}
	if len(out) == 0 {
		return nil, fault.New(fault.Invalid, "nothing was asked").Do("name a variant, as in chr22-50000165-C-T")
	}
	return out, nil
}

func isTerminalReader(r io.Reader) bool {
	f, ok := r.(*os.File)
	return ok && isTerminal(f)
}
