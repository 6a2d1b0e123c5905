package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"github.com/samverk/samverk/app"
	"github.com/samverk/samverk/fault"
)

type ledgerCmd struct {
	Verify  ledgerVerifyCmd  `cmd:"" help:"Check every leaf and every hash of a ledger."`
	Export  ledgerExportCmd  `cmd:"" help:"Write every leaf as a line of JSON."`
	Prove   ledgerProveCmd   `cmd:"" help:"Show that a leaf is in a ledger, or check such a proof."`
	Witness ledgerWitnessCmd `cmd:"" help:"See to it that somebody's ledger only grows, and cosign it."`
}

// logFlags name a ledger.
type logFlags struct {
	Data string `short:"d" env:"SAMVERK_DATA" placeholder:"DIR" complete:"dir" help:"The node's data directory."`
	Log  string `placeholder:"DIR|URL" help:"A copy of a ledger, or where one is served."`
	Key  string `placeholder:"KEY" help:"The ledger's public key, from somewhere else than the ledger; the one beside it, if not given."`
}

func (f logFlags) open() (app.Log, error) {
	where := f.Log
	if where == "" {
		where = f.Data
	}
	if where == "" {
		return app.Log{}, fault.New(fault.Invalid, "no ledger is named").Do("give --data DIR, or --log DIR or URL")
	}
	return app.OpenLog(where, f.Key)
}

type ledgerVerifyCmd struct {
	logFlags
	JSON bool `name:"json" help:"Print one JSON object."`
}

func (ledgerVerifyCmd) Help() string {
	return `Reads the whole ledger, computes every hash again and compares it with what was signed. It needs no right but to read, and can be run while the node works. Exit code 1 when something was changed.

Examples:

  samverk ledger verify -d DIR
  samverk ledger verify --log https://north.example.org/ledger --key north.example.org/ledger+1a2b3c4d+A…`
}

func (c *ledgerVerifyCmd) Run(ctx context.Context, s streams) error {
	l, err := c.open()
	if err != nil {
		return err
	}
	r, err := l.Verify(ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		return jsonLine(s.out, r)
	}
	return printLog(s.out, r, l.Key)
}

func printLog(w io.Writer, r app.LogReport, key string) error {
	fmt.Fprintf(w, "All is as it was signed: %s.\n", many(int(r.Leaves), "leaf"))
	pairs := []any{"ledger", r.Log, "key", key, "root", r.Root, "first", r.First.Format("2006-01-02 15:04:05Z07:00"), "last", r.Last.Format("2006-01-02 15:04:05Z07:00")}
	for _, k := range slices.Sorted(maps.Keys(r.Kinds)) {
		pairs = append(pairs, "of "+k, r.Kinds[k])
	}
	if r.ClockSteps > 0 {
		pairs = append(pairs, "clock went back", r.ClockSteps)
	}
	return facts(w, pairs...)
}

type ledgerExportCmd struct {
	logFlags
}

func (c *ledgerExportCmd) Run(ctx context.Context, s streams) error {
	l, err := c.open()
	if err != nil {
		return err
	}
	out := bufio.NewWriter(s.out)
	if _, err := l.Export(ctx, out); err != nil {
		return err
	}
	return out.Flush()
}

type ledgerProveCmd struct {
	logFlags
	Check string `placeholder:"FILE" help:"Check a proof instead, with --key; - reads standard input."`
	Leaf  uint64 `arg:"" optional:"" help:"The leaf's number, as an answer states it."`
}

func (ledgerProveCmd) Help() string {
	return `The proof is JSON that stands alone: whoever has the ledger's public key can check it without us. So can the file that a patient downloads from their own page, which also shows whether they were counted.

Examples:

  samverk ledger prove -d DIR 17 >proof.json
  samverk ledger prove --check proof.json --key KEY`
}

func (c *ledgerProveCmd) Run(ctx context.Context, s streams) error {
	if c.Check != "" {
		return c.check(s)
	}
	l, err := c.open()
	if err != nil {
		return err
	}
	b, err := l.Prove(ctx, c.Leaf)
	if err != nil {
		return err
	}
	say(s.out, string(b))
	return nil
}

// maxProof bounds a proof: one is some kilobytes.
const maxProof = 1 << 20

func (c *ledgerProveCmd) check(s streams) error {
	if c.Key == "" {
		return fault.New(fault.Invalid, "a proof says nothing without the ledger's key from elsewhere").Where("--key")
	}
	in := s.in
	if c.Check != "-" {
		f, err := os.Open(c.Check)
		if err != nil {
			return fault.Wrap(fault.NotFound, err, "the proof can't be read").In(c.Check)
		}
		defer f.Close()
		in = f
	}
	b, err := io.ReadAll(io.LimitReader(in, maxProof))
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "the proof can't be read").In(c.Check)
	}
	found, err := app.CheckProof(b, c.Key)
	if err != nil {
		return err
	}
	say(s.err, "The ledger has this leaf.")
	if told := wereCounted[found.Counted]; told != "" {
		say(s.err, told)
	}
	say(s.out, string(found.Leaf))
	return nil
}

// wereCounted says what a patient's proof shows.
var wereCounted = map[string]string{
	"yes":     "Whoever the proof is about was counted in this use.",
	"no":      "Whoever the proof is about was not counted in this use.",
	"unknown": "Nothing in the file shows whether whoever it is about was counted.",
}

type ledgerWitnessCmd struct {
	logFlags
	Dir  string `required:"" placeholder:"DIR" complete:"dir" help:"The witness's own folder, made if it isn't there: its key, and what it saw last."`
	Name string `required:"" placeholder:"NAME" help:"The witness's name, as patients.example.org."`
	Tell bool   `help:"Send the cosignature to whoever serves the ledger."`
	JSON bool   `name:"json" help:"Print one JSON object."`
}

func (ledgerWitnessCmd) Help() string {
	return `For others than who keeps the ledger: another region, a patients' organisation. Each time it looks whether the ledger still begins with what was seen last. If it doesn't, both checkpoints are kept as the evidence, and the exit code is not 0.

Example:

  samverk ledger witness --log https://north.example.org/ledger --key KEY --dir witness --name patients.example.org --tell`
}

func (c *ledgerWitnessCmd) Run(ctx context.Context, s streams) error {
	l, err := c.open()
	if err != nil {
		return err
	}
	r, err := l.Witness(ctx, c.Dir, c.Name, c.Tell)
	if err != nil {
		return err
	}
	if c.JSON {
		return jsonLine(s.out, r)
	}
	_, err = fmt.Fprintf(s.out, "%s only grew: %s, %s of them new. Cosigned with %s\n", r.Log, many(int(r.Leaves), "leaf"), cell(r.Added), r.Key)
	return err
}
