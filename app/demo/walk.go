package demo

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"

	accountweb "github.com/samverk/samverk/account/web"
	answerweb "github.com/samverk/samverk/answer/web"
	"github.com/samverk/samverk/app"
	"github.com/samverk/samverk/app/demo/living"
	"github.com/samverk/samverk/consent"
	consentweb "github.com/samverk/samverk/consent/web"
)

// walk asks, withdraws, asks again and annotates, with the operations the commands shown would use.
func walk(ctx context.Context, c *app.Client, dir string, s story, t *teller) error {
	if err := set(ctx, c, s, true); err != nil { // an earlier walk may have left it withdrawn
		return err
	}
	before, err := ask(ctx, c, s)
	if err != nil {
		return err
	}
	t.question(dir, s, before)
	if _, err := app.ChangeConsent.Call(ctx, c, app.ConsentChange{Individual: s.Individual, Purpose: s.Purpose, Withdraw: true, By: by, Why: "the walk through"}, app.Sink[app.None]{}); err != nil {
		return err
	}
	after, err := ask(ctx, c, s)
	if err != nil {
		return err
	}
	t.withdrawal(dir, s, before, after)
	vcf, err := annotate(ctx, c, s)
	if err != nil {
		return err
	}
	t.annotation(dir, s, vcf)
	return nil
}

const by = "demonstration"

func set(ctx context.Context, c *app.Client, s story, allow bool) error {
	now, err := allows(ctx, c, s)
	if err != nil || now == allow {
		return err
	}
	_, err = app.ChangeConsent.Call(ctx, c, app.ConsentChange{Individual: s.Individual, Purpose: s.Purpose, Allow: allow, By: by, Why: "the walk through"}, app.Sink[app.None]{})
	return err
}

func allows(ctx context.Context, c *app.Client, s story) (bool, error) {
	shown, err := app.ShowConsent.Call(ctx, c, app.ConsentShow{Individual: s.Individual}, app.Sink[app.None]{})
	if err != nil {
		return false, err
	}
	for _, p := range shown.Now {
		if p.Purpose == s.Purpose {
			return p.Allow, nil
		}
	}
	return false, nil
}

// ask gives the answers for every dataset, the total first.
func ask(ctx context.Context, c *app.Client, s story) ([]app.Row, error) {
	var all []app.Row
	for _, dataset := range append([]string{""}, datasetNames()...) {
		_, err := app.Query.Call(ctx, c, app.QueryRequest{Purpose: s.Purpose, Dataset: dataset, Variants: []string{s.Variant}},
			app.Sink[app.Row]{Item: func(r app.Row) error { all = append(all, r); return nil }})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

func datasetNames() []string {
	var names []string
	for _, r := range regions {
		names = append(names, r.dataset)
	}
	return names
}

// sampleVCF is a patient's VCF with the rare variant in it.
func sampleVCF(s story) string {
	return strings.Join([]string{
		"##fileformat=VCFv4.3",
		"##reference=GRCh38",
		`##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">`,
		"##contig=<ID=chr22,length=50818468>",
		"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tPATIENT",
		s.Line + "\tGT\t0/1",
	}, "\n") + "\n"
}

// annotate gives the annotated record.
func annotate(ctx context.Context, c *app.Client, s story) (string, error) {
	var out bytes.Buffer
	_, err := app.Annotate(ctx, c, app.AnnotateRequest{Purpose: s.Purpose}, strings.NewReader(sampleVCF(s)), &out, nil)
	if err != nil {
		return "", err
	}
	sc := bufio.NewScanner(&out)
	for sc.Scan() {
		if !strings.HasPrefix(sc.Text(), "#") {
			return sc.Text(), nil
		}
	}
	return "", sc.Err()
}

// site is what the pages show of the demonstration.
func site(c *app.Client, m mark) app.SiteOptions {
	var as []accountweb.Persona
	for _, p := range m.People {
		as = append(as, accountweb.Persona{Person: p.ID, Name: p.Name, Is: p.Is})
	}
	return app.SiteOptions{Options: genomes(c, m.Story), As: as, Patients: []consentweb.Persona{{Individual: m.Story.Individual, Name: "Alva Lind", Is: consent.Text{
		"sv": "Patient. Hon bär den ovanliga varianten i genomgången.",
		"nb": "Pasient. Hun bærer den uvanlige varianten i gjennomgangen.",
		"en": "A patient. She carries the rare variant of the walk.",
	}}}}
}

// genomes is what the pages about genomes show.
func genomes(c *app.Client, s story) answerweb.Options {
	purpose := consent.Purpose(s.Purpose)
	return answerweb.Options{
		Examples: []answerweb.Example{
			{Kind: "rare", Query: s.Variant, Purpose: purpose},
			{Kind: "common", Query: "chr22-50000165-C-T", Purpose: consent.Care},
			{Kind: "region", Query: "chr22:50000000-50010000", Purpose: consent.Care},
			{Kind: "nobody", Query: "chr22-50000101-T-G", Purpose: consent.Care},
		},
		Demo: &answerweb.Demo{
			Individual: s.Individual, Query: s.Variant, Purpose: purpose, VCF: sampleVCF(s),
			Set: func(ctx context.Context, individual string, allow bool) error {
				one := s
				one.Individual = individual
				return set(ctx, c, one, allow)
			},
			Allows: func(ctx context.Context, individual string) (bool, error) {
				one := s
				one.Individual = individual
				return allows(ctx, c, one)
			},
		},
	}
}

// teller writes the walk for a person to read.
type teller struct {
	w       io.Writer
	program string // as it can be called from here
	found   bool   // the demonstration was there already
}

func (t *teller) say(format string, args ...any) { fmt.Fprintf(t.w, format+"\n", args...) }

func (t *teller) command(format string, args ...any) { t.say("   $ "+t.program+" "+format, args...) }

func (t *teller) hello() {
	t.say("Samverk, a demonstration")
	t.say("The genomes are real: 2,548 public reference samples of the 1000 Genomes Project, chr22:50.0-50.8 Mb.")
	t.say("The networks, the people in them, what they say and decide, and what people allow: all of it is invented.")
	t.say("")
}

func (t *teller) making(dir string) { t.say("Making it in %s", dir) }

func (t *teller) again(dir string) {
	t.found = true
	t.say("Found it in %s, from an earlier run", dir)
}

func (t *teller) anew(dir string) {
	t.found = true
	t.say("Found it in %s, of another day. Making it anew: its meetings lead up to today", dir)
}

func (t *teller) living() { t.say("   two countries' networks, two years of meetings up to now") }

func (t *teller) step(format string, args ...any) { t.say("   "+format, args...) }

func (t *teller) loaded(r region, done app.LoadResult) {
	t.say("   loaded %-8s %s: %d people, %d variants", r.dataset, r.name, done.Individuals, done.Variants)
}

func (t *teller) question(dir string, s story, rows []app.Row) {
	t.say("\n1. A question: how many of those who allow %s carry %s?", s.Purpose, s.Variant)
	t.command("query --data %s --purpose %s %s", dir, s.Purpose, s.Variant)
	t.table(rows)
}

func (t *teller) withdrawal(dir string, s story, before, after []app.Row) {
	t.say("\n2. A withdrawal: %s, who carries it, changes their mind.", s.Individual)
	t.command("consent withdraw --data %s --individual %s --purpose %s", dir, s.Individual, s.Purpose)
	t.say("\n3. The same question, right after: %s", change(before, after))
	t.table(after)
}

func change(before, after []app.Row) string {
	if len(before) == 0 || len(after) == 0 || !before[0].Covered || !after[0].Covered {
		return "no answer"
	}
	return fmt.Sprintf("AC was %s and is %s; %s people were counted, and %s are.", before[0].AC, after[0].AC,
		before[0].IndividualsCounted, after[0].IndividualsCounted)
}

func (t *teller) annotation(dir string, s story, record string) {
	t.say("\n4. An annotation: a patient's VCF gets the counts of those who allow it.")
	t.command("annotate --data %s --purpose %s PATIENT.vcf", dir, s.Purpose)
	t.say("   %s", strings.ReplaceAll(record, "\t", "  "))
}

func (t *teller) table(rows []app.Row) {
	t.say("   %-14s %6s %6s %10s %5s %5s %8s", "DATASET", "AC", "AN", "AF", "HET", "HOM", "COUNTED")
	for _, r := range rows {
		if !r.Covered {
			t.say("   %-14s no answer", r.Dataset)
			continue
		}
		af := ""
		if r.AF != nil {
			af = fmt.Sprintf("%.6f", *r.AF)
		}
		t.say("   %-14s %6s %6s %10s %5s %5s %8s", r.Dataset, r.AC, r.AN, af, r.Het, r.Hom, r.IndividualsCounted)
	}
}

func (t *teller) next(url, dir string, m mark) {
	t.say("\nThe same in the browser: %s", url)
	t.say("   %s/n/se/    Sweden's network; a meeting is going on in its steering group", url)
	t.say("   %s/n/no/    Norway's", url)
	t.say("   %s/sign-in  lets you be one of these:", url)
	for _, as := range living.Roles {
		var names []string
		is := ""
		for _, p := range m.People {
			if p.As == as {
				is = p.Is.EN
				names = append(names, p.Name+" ("+p.Slug+")")
			}
		}
		t.say("      %-22s %s", is, strings.Join(names, ", "))
	}
	t.say("\nTo try next, in another terminal:")
	t.command("consent set --data %s --individual %s --purpose %s", dir, m.Story.Individual, m.Story.Purpose)
	t.command("query       --data %s --purpose care chr22:50000000-50001000", dir)
	t.say("   $ curl '%s/api/v1/query?variant=%s&purpose=%s'", url, m.Story.Variant, m.Story.Purpose)
	t.say("\nIt runs until Ctrl-C. What you change stays in %s until tomorrow", dir)
}
