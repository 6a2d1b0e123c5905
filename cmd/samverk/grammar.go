package main

import (
	"context"
	"path/filepath"

	"github.com/alecthomas/kong"

	"github.com/samverk/samverk/app"
	"github.com/samverk/samverk/app/owner"
	"github.com/samverk/samverk/fault"
)

const description = `Samverk: a region's node of the precision-medicine network.

It loads genomes, answers how many of the people who allow a use carry a variant, and annotates. Consent is asked each time: a withdrawal is in the very next answer.

Begin with 'samverk demo'.`

const defaultAddr = "127.0.0.1:8080"

var groups = []kong.Group{
	{Key: "begin", Title: "To begin"},
	{Key: "use", Title: "Genomes and questions"},
	{Key: "people", Title: "People and consent"},
	{Key: "decide", Title: "What the node answers"},
	{Key: "follow", Title: "Following up"},
	{Key: "care", Title: "Looking after a node"},
	{Key: "other", Title: "Other"},
}

// grammar is every command there is.
type grammar struct {
	Demo demoCmd `cmd:"" group:"begin" help:"Try it: two countries' networks with invented people, and real public genomes."`
	Init initCmd `cmd:"" group:"begin" help:"Make a data directory."`

	Load     loadCmd     `cmd:"" group:"use" help:"Load genomes from VCF files, all of them or none."`
	Query    queryCmd    `cmd:"" group:"use" help:"Ask how many people carry a variant, of those who allow the use."`
	Annotate annotateCmd `cmd:"" group:"use" help:"Add counts to a VCF."`
	Export   exportCmd   `cmd:"" group:"use" help:"Write every variant's counts to a Parquet file."`
	Serve    serveCmd    `cmd:"" group:"use" help:"Serve pages and the API on this machine."`

	Consent     consentCmd     `cmd:"" group:"people" help:"Record, withdraw and show what people allow."`
	Individuals individualsCmd `cmd:"" group:"people" help:"List individuals, or remove one with every genotype."`

	Policy  policyCmd  `cmd:"" group:"decide" help:"Show and adopt what bodies decided about sharing data, and try drafts."`
	Steward stewardCmd `cmd:"" group:"decide" help:"Make the first data steward, and list them."`
	Toolbox toolboxCmd `cmd:"" group:"decide" help:"Check the rules by which groups are told how to work together."`

	Econ econCmd `cmd:"" group:"follow" help:"Run health-economic models: what something costs and gives, and how sure that is."`

	Node     nodeCmd     `cmd:"" group:"care" help:"Know other nodes, to answer together: invite, join, approve, revoke."`
	Ledger   ledgerCmd   `cmd:"" group:"care" help:"Check, prove, witness and export the log of every use."`
	Datasets datasetsCmd `cmd:"" group:"care" help:"List datasets."`
	Stats    statsCmd    `cmd:"" group:"care" help:"Tell what the node holds."`
	Verify   verifyCmd   `cmd:"" group:"care" help:"Check every stored byte."`
	Compact  compactCmd  `cmd:"" group:"care" help:"Merge segments and erase what was removed."`
	Backup   backupCmd   `cmd:"" group:"care" help:"Write a consistent copy of the node, while it runs."`
	Restore  restoreCmd  `cmd:"" group:"care" help:"Make a node from a backup, and withdraw again what was withdrawn since."`
	Recover  recoverCmd  `cmd:"" group:"care" help:"Make a link with which somebody chooses a new password."`
	Bench    benchCmd    `cmd:"" group:"care" help:"Measure this machine on real genomes."`

	Version    versionCmd    `cmd:"" group:"other" help:"Print the version."`
	Completion completionCmd `cmd:"" group:"other" help:"Print a completion script for bash, zsh or fish."`
	Topic      helpCmd       `cmd:"" name:"help" group:"other" help:"Explain a command, or a topic: exit-codes."`
}

// data is where the node lives.
type data struct {
	Data string `short:"d" required:"" env:"SAMVERK_DATA" placeholder:"DIR" complete:"dir" help:"The node's data directory."`
}

// with runs f with a client of the directory's owner.
func (d data) with(ctx context.Context, s streams, command string, f func(*app.Client) error) error {
	dir, err := filepath.Abs(d.Data)
	if err != nil {
		return err
	}
	return app.With(ctx, dir, "samverk "+command, func(what string) { say(s.err, what) }, f)
}

// call makes one call with progress drawn.
func call[Q, I, R any](ctx context.Context, s streams, d data, o owner.Op[*app.Node, Q, I, R], q Q, each func(I) error) (R, error) {
	var r R
	draw, clear := newBar(s)
	err := d.with(ctx, s, o.Name, func(c *app.Client) (err error) {
		r, err = o.Call(ctx, c, q, owner.Sink[I]{Item: each, Progress: draw})
		return err
	})
	clear()
	return r, err
}

// absolute makes paths the owner can open: it may have been started somewhere else. "" and "-" stay.
func absolute(paths ...*string) error {
	for _, p := range paths {
		if *p == "" || *p == "-" {
			continue
		}
		a, err := filepath.Abs(*p)
		if err != nil {
			return fault.Wrap(fault.Invalid, err, "the path can't be used").In(*p)
		}
		*p = a
	}
	return nil
}

type initCmd struct {
	data
	Region    string `placeholder:"NAME" help:"The region's name, as people know it."`
	Country   string `placeholder:"CC" help:"Where the node is, as SE: policies are for a country; that of its networks, if not given."`
	Reference string `placeholder:"REF.fa" help:"GRCh38 in FASTA with its .fai, for left-aligning what is loaded and asked."`
	Database  string `placeholder:"DSN" help:"postgres://… for PostgreSQL; SQLite in DIR if not given."`
	Journal   string `placeholder:"FILE" help:"Where withdrawals are kept a second time, outside DIR, for 'samverk restore'; DIR.journal if not given."`
}

func (initCmd) Help() string {
	return `Example:

  samverk init --data /srv/samverk --region "Region North"`
}

func (c *initCmd) Run(ctx context.Context, s streams) error {
	if err := absolute(&c.Data, &c.Reference, &c.Journal); err != nil {
		return err
	}
	if err := app.Init(ctx, c.Data, app.Settings{Region: c.Region, Country: c.Country, Reference: c.Reference, Database: c.Database, Journal: c.Journal}); err != nil {
		return err
	}
	say(s.out, "The node is ready in "+c.Data+".")
	say(s.out, "Next: samverk serve --data "+c.Data+" for a network's pages, or samverk load --data "+c.Data+" --dataset NAME FILE.vcf.gz for genomes")
	return nil
}

type loadCmd struct {
	data
	app.LoadRequest
	JSON bool `name:"json" help:"Print the outcome as JSON."`
}

func (loadCmd) Help() string {
	return `Each file's samples get the individuals that --samples names (columns: sample, individual, sex; and pseudonym, by which other regions know the individual, if there is an issuer of them). Without it each sample is its own individual of unknown sex. --consent records choices (columns: individual, purpose, allow) together with the genomes: all or nothing. A sample that is there already is replaced.

Examples:

  samverk load -d DIR --dataset clinic --samples S.tsv --consent C.csv A.vcf.gz B.vcf.gz
  samverk load -d DIR --dataset panel --targets panel.bed P.vcf.gz
  samverk load -d DIR --dataset tumours --origin somatic T.vcf.gz`
}

func (c *loadCmd) Run(ctx context.Context, s streams) error {
	q := c.LoadRequest
	q.Files, q.By = append([]string(nil), q.Files...), operator("")
	paths := []*string{&q.Samples, &q.Consent, &q.Reference, &q.Targets}
	for i := range q.Files {
		paths = append(paths, &q.Files[i])
	}
	if err := absolute(paths...); err != nil {
		return err
	}
	r, err := call(ctx, s, c.data, app.Load, q, nil)
	if err != nil {
		return err
	}
	if c.JSON {
		return jsonLine(s.out, r)
	}
	return printLoad(s, r)
}

type annotateCmd struct {
	data
	app.AnnotateRequest
	In   string `arg:"" optional:"" name:"vcf" help:"The VCF to annotate, plain or compressed; - or nothing reads standard input."`
	JSON bool   `name:"json" help:"Print the outcome as JSON on standard error."`
}

func (annotateCmd) Help() string {
	return `Adds INFO SAMVERK_AC, SAMVERK_AN, SAMVERK_AF, SAMVERK_HOM and SAMVERK_HEMI, and SAMVERK_ASSUMED where AN is assumed, and leaves all else as it was. Without -o it writes to standard output: text, or bgzip with -z.

Examples:

  samverk annotate -d DIR --purpose care -o OUT.vcf.gz --index IN.vcf.gz
  bcftools view IN.bcf | samverk annotate -d DIR --purpose care | less`
}

func (c *annotateCmd) Run(ctx context.Context, s streams) error {
	q := c.AnnotateRequest
	q.In = c.In
	if q.In == "-" {
		q.In = ""
	}
	if err := absolute(&q.In, &q.Out, &q.Reference); err != nil {
		return err
	}
	if q.In == "" && isTerminalReader(s.in) {
		return fault.New(fault.Invalid, "nothing to annotate").Do("name a VCF, or send one to standard input")
	}
	in := s.in
	if q.In == "" {
		in = interruptibleInput(ctx, s.in)
	}
	draw, clear := newBar(s)
	var r app.AnnotateResult
	err := c.with(ctx, s, "annotate", func(client *app.Client) (err error) {
		r, err = app.Annotate(ctx, client, q, in, s.out, draw)
		return err
	})
	clear()
	if err != nil {
		return err
	}
	if c.JSON {
		return jsonLine(s.err, r)
	}
	if q.Out != "" || s.terminal {
		say(s.err, annotated(r))
	}
	return nil
}

type exportCmd struct {
	data
	Parquet string `required:"" placeholder:"OUT.parquet" help:"The file to write."`
	app.ExportRequest
	JSON bool `name:"json" help:"Print the outcome as JSON."`
}

func (exportCmd) Help() string {
	return `One row per variant that somebody of those who allow the purpose carries.

Example:

  samverk export -d DIR --purpose research --parquet counts.parquet`
}

func (c *exportCmd) Run(ctx context.Context, s streams) error {
	q := c.ExportRequest
	q.Out = c.Parquet
	if err := absolute(&q.Out); err != nil {
		return err
	}
	r, err := call(ctx, s, c.data, app.Export, q, nil)
	if err != nil {
		return err
	}
	if c.JSON {
		return jsonLine(s.out, r)
	}
	return facts(s.out, "variants", r.Variants, "individuals counted", told(r.IndividualsCounted), "consent epoch", r.ConsentEpoch, "file", q.Out)
}
