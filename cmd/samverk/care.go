package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/samverk/samverk/app"
	"github.com/samverk/samverk/app/demo"
)

type datasetsCmd struct {
	data
	JSON bool `name:"json" help:"Print one JSON object a line."`
}

func (c *datasetsCmd) Run(ctx context.Context, s streams) error {
	t := newTable(s.out, "DATASET", "ORIGIN", ">SAMPLES", ">INDIVIDUALS")
	_, err := call(ctx, s, c.data, app.Datasets, app.None{}, func(d app.Dataset) error {
		if c.JSON {
			return jsonLine(s.out, d)
		}
		t.row(d.Name, d.Origin, d.Samples, d.Individuals)
		return nil
	})
	if err != nil || c.JSON {
		return err
	}
	return t.flush()
}

type statsCmd struct {
	data
	JSON bool `name:"json" help:"Print one JSON object."`
}

func (c *statsCmd) Run(ctx context.Context, s streams) error {
	r, err := call(ctx, s, c.data, app.Stats, app.None{}, nil)
	if err != nil {
		return err
	}
	if c.JSON {
		return jsonLine(s.out, r)
	}
	pairs := []any{"region", r.Region, "datasets", r.Datasets, "samples", r.Samples, "individuals", r.Individuals,
		"variants", r.Variants, "segments", r.Segments, "on disk", humanize.IBytes(uint64(r.Bytes)),
		"consent epoch", fmt.Sprint(r.ConsentEpoch)}
	for _, p := range r.Counted {
		pairs = append(pairs, "allow "+p.Purpose, p.Individuals)
	}
	if r.Restored != "" {
		pairs = append(pairs, "restored from", r.Restored+" (counts nobody until 'samverk restore' has finished)")
	}
	return facts(s.out, pairs...)
}

type verifyCmd struct {
	data
	JSON bool `name:"json" help:"Print one JSON object."`
}

func (verifyCmd) Help() string {
	return `Reads every segment and compares it with its checksums and with what the database says of it. Exit code 1 when something is wrong.`
}

func (c *verifyCmd) Run(ctx context.Context, s streams) error {
	r, err := call(ctx, s, c.data, app.Verify, app.None{}, nil)
	if err != nil {
		return err
	}
	if c.JSON {
		return jsonLine(s.out, r)
	}
	_, err = fmt.Fprintf(s.out, "All is well: %s, %s read and checked.\n", many(r.Segments, "segment"), humanize.IBytes(uint64(r.Bytes)))
	return err
}

type compactCmd struct {
	data
	JSON bool `name:"json" help:"Print one JSON object."`
}

func (c *compactCmd) Run(ctx context.Context, s streams) error {
	r, err := call(ctx, s, c.data, app.Compact, app.None{}, nil)
	if err != nil {
		return err
	}
	if c.JSON {
		return jsonLine(s.out, r)
	}
	_, err = fmt.Fprintf(s.out, "%s became %s, %s became %s.\n", many(r.SegmentsBefore, "segment"), cell(r.SegmentsAfter),
		humanize.IBytes(uint64(r.BytesBefore)), humanize.IBytes(uint64(r.BytesAfter)))
	return err
}

type backupCmd struct {
	data
	To   string `arg:"" name:"out" help:"The file to write; it may not exist."`
	JSON bool   `name:"json" help:"Print one JSON object."`
}

func (backupCmd) Help() string {
	return `The copy is of one moment, and the node goes on meanwhile. What is withdrawn or removed, before and after, is also in the journal, a file beside the data directory: DIR.journal, unless 'samverk init' was told another place. It is not in the backup, on purpose. Let its folder be backed up often, for 'samverk restore' needs it.

Example:

  samverk backup -d DIR /backup/node-2027-01-31.samverk`
}

func (c *backupCmd) Run(ctx context.Context, s streams) error {
	if err := absolute(&c.To); err != nil {
		return err
	}
	r, err := call(ctx, s, c.data, app.Backup, app.BackupRequest{Out: c.To}, nil)
	if err != nil {
		return err
	}
	if c.JSON {
		return jsonLine(s.out, r)
	}
	return facts(s.out, "backup", c.To, "size", humanize.IBytes(uint64(r.Bytes)), "consent epoch", fmt.Sprint(r.ConsentEpoch), "journal", r.Journal)
}

type restoreCmd struct {
	data
	From      string `arg:"" optional:"" name:"backup" help:"The backup. Without it, a restore that stopped at the journal is finished."`
	Journal   string `placeholder:"FILE" help:"The journal of the node that was lost; DIR.journal, if it lies there."`
	NoJournal string `name:"no-journal" placeholder:"WHY" help:"Your word that the journal is gone for good, and why. Whoever withdrew since the backup is counted again."`
	Ledger    string `placeholder:"DIR" complete:"dir" help:"The ledger of the node that was lost, or a copy of it; the backup's, if not given."`
	NoLedger  string `name:"no-ledger" placeholder:"WHY" help:"Your word that the ledger is gone since the backup, and why. Witnesses will see that it doesn't continue."`
	Database  string `placeholder:"DSN" help:"postgres://… for PostgreSQL, which has to be empty; SQLite in DIR if not given."`
	JSON      bool   `name:"json" help:"Print one JSON object."`
}

func (restoreCmd) Help() string {
	return `A backup is older than what people have said since. So the restored node counts nobody until the journal of withdrawals and removals has been read, and everything in it that is newer than the backup is done again. A journal that is missing, torn, too old or of another node is refused.

Examples:

  samverk restore -d DIR --journal /elsewhere/DIR.journal /backup/node-2027-01-31.samverk
  samverk restore -d DIR --no-journal "lost in the same fire" /backup/node-2027-01-31.samverk`
}

func (c *restoreCmd) Run(ctx context.Context, s streams) error {
	if err := absolute(&c.Data, &c.From, &c.Journal, &c.Ledger); err != nil {
		return err
	}
	draw, clear := newBar(s)
	q := app.RestoreRequest{From: c.From, Journal: c.Journal, NoJournal: c.NoJournal, Ledger: c.Ledger, NoLedger: c.NoLedger, Database: c.Database, By: operator("")}
	r, err := app.Restore(ctx, c.Data, q, draw)
	clear()
	if err != nil {
		return err
	}
	if c.JSON {
		return jsonLine(s.out, r)
	}
	_, err = fmt.Fprintf(s.out, "Restored. Done again since the backup: %s, %s. Consent epoch %d.\n",
		many(r.Withdrawals, "withdrawal"), many(r.Removals, "removal"), r.ConsentEpoch)
	return err
}

type benchCmd struct {
	Data string `short:"d" env:"SAMVERK_DATA" placeholder:"DIR" complete:"dir" help:"Where to make the bench's own store; a temporary directory, if not given. Your node is not touched."`
	JSON bool   `name:"json" help:"Print one JSON object a line."`
}

func (benchCmd) Help() string {
	return `Loads the 1000 Genomes slice that the demonstration carries into a store of its own, and measures loading, asking under a policy with consents and the ledger, judging, changing consents, withdrawing and annotating, on the disk and, where there is a folder in memory (/dev/shm), there too. docs/performance.md says how the figures there were made.`
}

func (c *benchCmd) Run(ctx context.Context, s streams) error {
	t := newTable(s.out, "WORK", ">AMOUNT", ">TIME", ">RATE")
	err := demo.Bench(ctx, c.Data, func(b demo.Measured) error {
		if c.JSON {
			return jsonLine(s.out, b)
		}
		t.row(b.Work, cell(b.Amount)+" "+b.Unit, b.Time.Round(time.Microsecond).String(), rate(b))
		return nil
	})
	if err != nil || c.JSON {
		return err
	}
	return t.flush()
}

func rate(b demo.Measured) string {
	per := float64(b.Amount) / b.Time.Seconds()
	return strings.TrimSuffix(humanize.SIWithDigits(per, 1, ""), " ") + " " + b.Unit + "/s"
}
