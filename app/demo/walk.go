package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	accountweb "github.com/samverk/samverk/account/web"
	answerweb "github.com/samverk/samverk/answer/web"
	"github.com/samverk/samverk/app"
	"github.com/samverk/samverk/app/demo/living"
	"github.com/samverk/samverk/consent"
	consentweb "github.com/samverk/samverk/consent/web"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/policy"
)

// walk asks as a clinician, withdraws, asks again, checks the ledger, has the steering group tighten its policy and asks once more, with the
// operations the commands shown would use and the acts that the pages would do. It leaves things so that the same can be done in the browser.
func walk(ctx context.Context, c *app.Client, dir string, m mark, t *teller) error {
	return withGroup(ctx, c, dir, m, func(g *group) error {
		w := walker{group: g, client: c, story: m.Story, tell: t}
		for _, step := range []func(context.Context) error{w.ready, w.withdraw, w.check, w.tighten, w.leave} {
			if err := step(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}

type walker struct {
	*group
	client *app.Client
	story  story
	tell   *teller
	leaf   uint64 // of the last answer
}

// ready puts back what an earlier walk left otherwise.
func (w *walker) ready(ctx context.Context) error {
	number, err := w.reopen(ctx)
	if err != nil {
		return err
	}
	if number != "" {
		w.tell.reopened(number)
	}
	return set(ctx, w.client, w.story, true)
}

func (w *walker) withdraw(ctx context.Context) error {
	before, err := w.ask(ctx)
	if err != nil {
		return err
	}
	w.tell.question(w.dir, w.clinician(), w.story, before)
	if _, err := app.ChangeConsent.Call(ctx, w.client, app.ConsentChange{Individual: w.story.Individual, Purpose: w.story.Purpose, Withdraw: true, By: by, Why: "the walk through"}, app.Sink[app.None]{}); err != nil {
		return err
	}
	after, err := w.ask(ctx)
	if err != nil {
		return err
	}
	w.leaf = after.result.Leaf
	w.tell.withdrawal(w.dir, w.story, before, after)
	return nil
}

// check verifies the ledger, and proves the line of the last answer.
func (w *walker) check(ctx context.Context) error {
	if err := w.Covering(ctx, w.leaf); err != nil {
		return err
	}
	log, err := app.OpenLog(w.dir, "")
	if err != nil {
		return err
	}
	r, err := log.Verify(ctx)
	if err != nil {
		return err
	}
	proof, err := log.Prove(ctx, w.leaf)
	if err != nil {
		return err
	}
	shown, err := app.CheckProof(proof, log.Key)
	if err == nil {
		w.tell.ledger(w.dir, r, w.leaf, string(shown.Leaf))
	}
	return err
}

// tighten has the group decide, and asks again.
func (w *walker) tighten(ctx context.Context) error {
	x, err := w.raise(ctx, matters().Tighter)
	if err != nil {
		return err
	}
	d, err := w.Policies.DraftOf(ctx, x.Draft)
	if err != nil {
		return err
	}
	replayed, err := w.Policies.Replay(ctx, string(w.Root), d.Draft, w.Networks.Now().AddDate(0, 0, -1))
	if err != nil {
		return err
	}
	text, err := d.Draft.Canonical()
	if err == nil {
		err = os.WriteFile(filepath.Join(w.dir, filesName, tighterName), append(text, '\n'), 0o600)
	}
	if err != nil {
		return err
	}
	w.tell.draft(w.dir, replayed)
	number, err := w.decide(ctx, matters().Tighter, x)
	if err != nil {
		return err
	}
	w.tell.decided(w.dir, number)
	if _, err = w.ask(ctx); fault.KindOf(err) != fault.Denied {
		return errors.Join(err, fault.New(fault.Internal, "the node doesn't obey decision %s", number))
	}
	w.tell.refused(w.dir, w.clinician(), w.story, err)
	return nil
}

// leave puts everything back, and leaves the group a meeting for the browser.
func (w *walker) leave(ctx context.Context) error {
	number, err := w.putBack(ctx, w.client, w.story)
	if err != nil {
		return err
	}
	w.tell.left(number)
	return nil
}

// putBack lets the group take its decision back, where it holds, and meet anew, and the patient say yes again.
func (g *group) putBack(ctx context.Context, c *app.Client, s story) (number string, err error) {
	if number, err = g.reopen(ctx); err != nil {
		return "", err
	}
	if err := set(ctx, c, s, true); err != nil {
		return "", err
	}
	_, err = g.leave(ctx)
	return number, err
}

// clinician is as what the walk asks.
func (g *group) clinician() string { return policy.Clinician + "@" + string(g.Hospital) }

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

// answers are to one question, about everybody and of each dataset.
type answers struct {
	rows   []app.Row // everybody's first
	result app.QueryResult
}

// ask asks as a clinician.
func (w *walker) ask(ctx context.Context) (a answers, err error) {
	for i, dataset := range append([]string{""}, datasetNames()...) {
		q := app.QueryRequest{Purpose: w.story.Purpose, Dataset: dataset, Variants: []string{w.story.Variant}, As: app.As{As: w.clinician()}}
		r, err := app.Query.Call(ctx, w.client, q, app.Sink[app.Row]{Item: func(r app.Row) error { a.rows = append(a.rows, r); return nil }})
		if err != nil {
			return a, err
		}
		if i == 0 {
			a.result = r
		}
	}
	return a, nil
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

// commonVariant is one that many carry.
const commonVariant = "chr22-50000165-C-T"

// patientCalled is the name that the walk's patient is given: the sample has none.
const patientCalled = "Alva Lind"

// site is what the pages show of the demonstration.
func site(c *app.Client, dir string, m mark) app.SiteOptions {
	var as []accountweb.Persona
	for _, p := range m.People {
		as = append(as, accountweb.Persona{Person: p.ID, Name: p.Name, Is: p.Is})
	}
	walk := &pages{client: c, dir: dir, mark: m}
	return app.SiteOptions{Options: examples(m.Story), As: as, More: walk.register, Patients: []consentweb.Persona{{Individual: m.Story.Individual, Name: patientCalled, Is: consent.Text{
		"sv": "Patient. Hon bär den ovanliga varianten i genomgången.",
		"nb": "Pasient. Hun bærer den uvanlige varianten i gjennomgangen.",
		"en": "A patient. She carries the rare variant of the walk.",
	}}}}
}

// examples are questions worth asking.
func examples(s story) answerweb.Options {
	return answerweb.Options{
		Demo: true,
		Examples: []answerweb.Example{
			{Kind: "rare", Query: s.Variant, Purpose: consent.Purpose(s.Purpose)},
			{Kind: "common", Query: commonVariant, Purpose: consent.Care},
			{Kind: "gene", Query: "SHANK3", Purpose: consent.Care},
			{Kind: "region", Query: "chr22:50000000-50010000", Purpose: consent.Care},
			{Kind: "nobody", Query: "chr22-50000101-T-G", Purpose: consent.Care},
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
	t.say("Found it in %s, of another day or version. Making it anew: its meetings lead up to today", dir)
}

func (t *teller) living() { t.say("   two countries' networks, two years of meetings up to now") }

func (t *teller) step(format string, args ...any) { t.say("   "+format, args...) }

func (t *teller) loaded(r region, done app.LoadResult) {
	t.say("   loaded %-8s %s: %d people, %d variants", r.dataset, r.name, done.Individuals, done.Variants)
}

func (t *teller) obeys(s standing) {
	t.say("   it obeys decision %s of the steering group: policy %s", s.number, s.draft.ID())
}

func (t *teller) reopened(number string) {
	t.say("\nAn earlier walk left it so that clinicians are not answered. The steering group took that back: decision %s", number)
}

func (t *teller) query(dir, as string, s story) {
	t.command("query --data %s --as %s --purpose %s %s", dir, as, s.Purpose, s.Variant)
}

func (t *teller) question(dir, as string, s story, a answers) {
	t.say("\n1. A clinician asks, for %s: how many carry %s?", s.Purpose, s.Variant)
	t.query(dir, as, s)
	t.table(a.rows)
	t.say("   Allowed by policy %s, decision %s. Page: /ask, signed in as the clinician", a.result.Policy, a.result.Decision)
}

func (t *teller) withdrawal(dir string, s story, before, after answers) {
	t.say("\n2. A withdrawal: %s, who carries it, changes their mind. Page: /my, signed in as the patient", s.Individual)
	t.command("consent withdraw --data %s --individual %s --purpose %s", dir, s.Individual, s.Purpose)
	t.say("\n3. The same question, right after: %s", change(before.rows, after.rows))
	t.table(after.rows)
}

func change(before, after []app.Row) string {
	if len(before) == 0 || len(after) == 0 || !before[0].Covered || !after[0].Covered {
		return "no answer"
	}
	return fmt.Sprintf("AC was %s and is %s; %s people were counted, and %s are.", before[0].AC, after[0].AC,
		before[0].IndividualsCounted, after[0].IndividualsCounted)
}

func (t *teller) ledger(dir string, r app.LogReport, index uint64, leaf string) {
	t.say("\n4. Every answer is a line of the ledger. Anybody who is given it can check it.")
	t.command("ledger verify --data %s", dir)
	t.say("   All is as it was signed: %d lines, %d of them answers", r.Leaves, r.Kinds["use"])
	t.command("ledger prove --data %s %d", dir, index)
	t.say("   The line of the last answer is in it: %s", leaf)
}

func (t *teller) draft(dir string, r policy.Replayed) {
	t.say("\n5. The steering group tightens the policy: only laboratories may ask. A draft is written, and replayed over what was asked.")
	t.command("policy replay --data %s %s", dir, filepath.Join(dir, filesName, tighterName))
	t.say("   %d of %d questions since yesterday would have been answered otherwise", r.Changed, r.Asked)
}

func (t *teller) decided(dir, number string) {
	t.say("   A meeting with quorum, its patients' seats in it, decides: %s. Two approve the minutes, which are sealed.", number)
	t.say("   The policy is signed by the network, and adopted here by the node's standing rule. Page: /n/se/policies")
	t.command("policy list --data %s", dir)
}

func (t *teller) refused(dir, as string, s story, err error) {
	t.say("\n6. The clinician asks again.")
	t.query(dir, as, s)
	t.say("   %v", err)
}

func (t *teller) stopped(err error) {
	t.say("\nThe walk stops here: %v. The pages are there all the same", err)
}

func (t *teller) left(number string) {
	t.say("\n7. Everything is put back, for you to do it too. The patient says yes again; the group took its decision back by another, %s,", number)
	t.say("   and meets again about tightening it. Page: /walk, step by step")
}

func (t *teller) table(rows []app.Row) {
	why := ""
	t.say("   %-14s %6s %6s %10s %5s %5s %8s", "DATASET", "AC", "AN", "AF", "HET", "HOM", "COUNTED")
	for _, r := range rows {
		if r.Why != "" {
			why = r.Why
		}
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
	if why != "" {
		t.say("   Some numbers are ranges: %s", why)
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
	t.say("      %-22s %s", "Patient", patientCalled)
	as := policy.Clinician + "@" + string(m.Sharing.Hospital)
	t.say("\nTo try next, in another terminal:")
	t.command("consent set --data %s --individual %s --purpose %s", dir, m.Story.Individual, m.Story.Purpose)
	t.command("query       --data %s --as %s --purpose care chr22:50000000-50001000", dir, as)
	t.command("annotate    --data %s --as %s --purpose care %s", dir, as, filepath.Join(dir, filesName, patientName))
	t.command("query       --data %s --as %s@%s --approval 'Dnr 2026-00000-01' --purpose research %s", dir, policy.Researcher, m.Sharing.University, commonVariant)
	t.say("\nIt runs until Ctrl-C. What you change stays in %s until tomorrow", dir)
}
