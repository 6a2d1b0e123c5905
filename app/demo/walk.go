package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	accountweb "github.com/samverk/samverk/account/web"
	"github.com/samverk/samverk/answer"
	answerweb "github.com/samverk/samverk/answer/web"
	"github.com/samverk/samverk/app"
	"github.com/samverk/samverk/app/demo/living"
	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/federation/together"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/policy"
)

// walk asks all regions as a clinician, withdraws in one of them, asks again, checks that region's ledger, cuts another region off, has the steering
// group tighten its policy and asks once more, with the operations the commands shown would use and the acts that the pages would do. It leaves
// things so that the same can be done in the browser.
func walk(ctx context.Context, c *app.Client, all nodes, dir string, m mark, t *teller) error {
	return withGroup(ctx, c, dir, m, func(g *group) error {
		w := walker{group: g, nodes: all, home: all.called(m.Story.Region), far: all.called(m.Story.Far), story: m.Story, tell: t}
		for _, step := range []func(context.Context) error{w.ready, w.withdraw, w.check, w.silence, w.tighten, w.leave} {
			if err := step(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}

type walker struct {
	*group
	nodes     nodes
	home, far *regional // where the patient lives, and which is cut off
	story     story
	tell      *teller
	leaf      uint64 // of the region's last answer
}

// ready puts back what an earlier walk left otherwise, and waits until all regions answer.
func (w *walker) ready(ctx context.Context) error {
	number, err := w.reopen(ctx)
	if err != nil {
		return err
	}
	if number != "" {
		w.tell.reopened(number)
	}
	if err := set(ctx, w.home.client, w.story, true); err != nil {
		return err
	}
	_, err = w.until(ctx, "the regions don't all answer", func(a together.Answer) bool { return a.Asked == len(regions) && a.Complete() })
	return err
}

// until asks until the regions have heard of something.
func (w *walker) until(ctx context.Context, otherwise string, enough func(together.Answer) bool) (a together.Answer, err error) {
	var wrong error // until then: nobody can be asked yet
	err = wait(ctx, otherwise, func(ctx context.Context) (bool, error) {
		a, wrong = w.ask(ctx)
		return wrong == nil && enough(a), nil
	})
	if err != nil {
		err = errors.Join(err, wrong, fault.New(fault.Unavailable, "%s", said(a)))
	}
	return a, err
}

// said is what became of a question, for an error.
func said(a together.Answer) string {
	var parts []string
	for _, r := range a.Replies {
		parts = append(parts, fmt.Sprintf("%s %s (%v)", r.Node, r.How, r.Why))
	}
	return strings.Join(parts, ", ")
}

func (w *walker) withdraw(ctx context.Context) error {
	before, err := w.ask(ctx)
	if err != nil {
		return err
	}
	w.tell.question(w.story, before)
	if _, err := app.ChangeConsent.Call(ctx, w.home.client, app.ConsentChange{Individual: w.story.Individual, Purpose: w.story.Purpose, Withdraw: true, By: by, Why: "the walk through"}, app.Sink[app.None]{}); err != nil {
		return err
	}
	after, err := w.ask(ctx)
	if err != nil {
		return err
	}
	w.leaf = of(after, w.home).Answer.Receipt.Index
	w.tell.withdrawal(w.home, w.story, before, after)
	return nil
}

// of is a region's reply.
func of(a together.Answer, r *regional) together.Reply {
	if i := slices.IndexFunc(a.Replies, func(x together.Reply) bool { return x.Node == r.name }); i >= 0 {
		return a.Replies[i]
	}
	return together.Reply{}
}

// check verifies the region's ledger, and proves the line of the last answer.
func (w *walker) check(ctx context.Context) error {
	node, err := w.home.client.Own(ctx)
	if err != nil {
		return err
	}
	rooms, err := node.Rooms(ctx)
	if err != nil {
		return err
	}
	if err := errors.Join(rooms.Covering(ctx, w.leaf), rooms.Close()); err != nil {
		return err
	}
	log, err := app.OpenLog(w.home.dir, "")
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
		w.tell.ledger(w.home, r, w.leaf, string(shown.Leaf))
	}
	return err
}

// silence cuts a region off, asks, and connects it again.
func (w *walker) silence(ctx context.Context) error {
	if err := w.far.cut(); err != nil {
		return err
	}
	a, err := w.ask(ctx)
	if err != nil {
		return err
	}
	w.tell.silent(w.far, a)
	return w.far.connect(ctx)
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
	began := w.Networks.Now()
	a, err := w.until(ctx, "not all regions obey decision "+number, func(a together.Answer) bool {
		return len(a.Replies) == len(regions) && !slices.ContainsFunc(a.Replies, func(r together.Reply) bool { return r.How != together.Denied })
	})
	if err != nil {
		return err
	}
	w.tell.refused(w.story, a, w.Networks.Now().Sub(began))
	return nil
}

// leave puts everything back, and leaves the group a meeting for the browser.
func (w *walker) leave(ctx context.Context) error {
	number, err := w.putBack(ctx, w.home.client, w.story)
	if err == nil {
		err = w.nodes.follow(ctx, w.now().number)
	}
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

// ask asks all regions as a clinician.
func (w *walker) ask(ctx context.Context) (together.Answer, error) {
	key, err := variant.ParseKey(w.story.Variant)
	if err != nil {
		return together.Answer{}, err
	}
	asker := string(w.people["clinician"].Person)
	held, err := w.Policies.Held(ctx, asker)
	if err != nil || len(held) == 0 {
		return together.Answer{}, errors.Join(err, fault.New(fault.Internal, "the clinician has no assignment"))
	}
	a := policy.Ask{Assignment: held[0].ID, Organisation: held[0].Organisation, Sector: held[0].Sector, Role: held[0].Role, Person: asker, SignedIn: true,
		Use: consent.Use{Purpose: consent.Purpose(w.story.Purpose)}, Question: policy.Frequency}
	return w.AskNation(ctx, together.Question{Ask: a, Keys: []variant.Key{key}})
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

// site is what the national node's pages show of the demonstration.
func site(ctx context.Context, c *app.Client, all nodes, dir string, m mark) app.SiteOptions {
	var as []accountweb.Persona
	for _, p := range m.People {
		as = append(as, accountweb.Persona{Person: p.ID, Name: p.Name, Is: p.Is})
	}
	walk := &pages{client: c, nodes: all, ctx: ctx, dir: dir, mark: m}
	return app.SiteOptions{Options: answerweb.Options{Demo: true, Examples: examples(m.Story)}, As: as, More: walk.register}
}

// examples are questions worth asking.
func examples(s story) []answerweb.Example {
	return []answerweb.Example{
		{Kind: "some", Query: s.Variant, Purpose: consent.Purpose(s.Purpose)},
		{Kind: "rare", Query: s.Rare, Purpose: consent.Purpose(s.Purpose)},
		{Kind: "common", Query: commonVariant, Purpose: consent.Care},
		{Kind: "gene", Query: "SHANK3", Purpose: consent.Care},
		{Kind: "region", Query: "chr22:50000000-50010000", Purpose: consent.Care},
		{Kind: "nobody", Query: "chr22-50000101-T-G", Purpose: consent.Care},
	}
}

// teller writes the walk for a person to read.
type teller struct {
	w       io.Writer
	program string // as it can be called from here
	found   bool   // the demonstration was there already
	mu      sync.Mutex
}

func (t *teller) say(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	fmt.Fprintf(t.w, format+"\n", args...)
}

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
	t.say("   loaded %-12s %d people, %d variants", r.title, done.Individuals, done.Variants)
}

func (t *teller) obeys(s standing) {
	t.say("   it obeys decision %s of the steering group: policy %s", s.number, s.draft.ID())
}

func (t *teller) reopened(number string) {
	t.say("\nAn earlier walk left it so that clinicians are not answered. The steering group took that back: decision %s", number)
}

func (t *teller) question(s story, a together.Answer) {
	t.say("\n1. A clinician asks all regions, for %s: how many carry %s?", s.Purpose, s.Variant)
	t.table(a)
	t.say("   Each region allowed it by itself: policy %s, decision %s. Page: /ask, signed in as the clinician", a.Replies[0].Answer.Verdict.Policy, a.Replies[0].Answer.Verdict.Number)
}

func (t *teller) withdrawal(home *regional, s story, before, after together.Answer) {
	t.say("\n2. A withdrawal in %s: %s, who carries it, changes their mind. Page: %s/my, signed in as the patient", home.title, s.Individual, home.at())
	t.command("consent withdraw --data %s --individual %s --purpose %s", home.dir, s.Individual, s.Purpose)
	was, is := of(before, home), of(after, home)
	t.say("\n3. The same question, right after. %s: %s. All regions: %s", home.title, change(was.Answer.Counts, is.Answer.Counts), change(before.Totals, after.Totals))
	t.table(after)
}

func change(before, after []answer.Count) string {
	if len(before) == 0 || len(after) == 0 || !before[0].Covered || !after[0].Covered {
		return "no answer"
	}
	return fmt.Sprintf("AC was %s and is %s, %s people were counted and %s are", app.Told(before[0].AC), app.Told(after[0].AC),
		app.Told(before[0].Individuals), app.Told(after[0].Individuals))
}

func (t *teller) ledger(home *regional, r app.LogReport, index uint64, leaf string) {
	t.say("\n4. Every answer is a line of the region's ledger. Anybody who is given it can check it.")
	t.command("ledger verify --data %s", home.dir)
	t.say("   All is as it was signed: %d lines, %d of them answers", r.Leaves, r.Kinds["use"])
	t.command("ledger prove --data %s %d", home.dir, index)
	t.say("   The line of the last answer is in it: %s", leaf)
}

func (t *teller) silent(far *regional, a together.Answer) {
	t.say("\n5. The line to %s is cut, and the same question asked. The total is not of all regions, and says so.", far.title)
	t.table(a)
	t.say("   It is connected again. On the pages: /walk has a button for it")
}

func (t *teller) draft(dir string, r policy.Replayed) {
	t.say("\n6. The steering group tightens the policy: only laboratories may ask. A draft is written, and replayed over what was asked.")
	t.command("policy replay --data %s %s", dir, filepath.Join(dir, filesName, tighterName))
	t.say("   %d of %d questions since yesterday would have been answered otherwise", r.Changed, r.Asked)
}

func (t *teller) decided(dir, number string) {
	t.say("   A meeting with quorum, its patients' seats in it, decides: %s. Two approve the minutes, which are sealed.", number)
	t.say("   The policy is signed by the network, and travels: each region checks it, and adopts it by its own standing rule. Page: /n/se/policies")
}

func (t *teller) refused(s story, a together.Answer, after time.Duration) {
	t.say("\n7. The clinician asks again, %.1f s after the decision. All %d regions refuse:", after.Seconds(), len(a.Replies))
	for _, r := range a.Replies {
		t.say("   %-12s %s: decision %s, policy %s", r.Title, r.Why, r.Answer.Verdict.Number, r.Answer.Verdict.Policy)
	}
}

func (t *teller) stopped(err error) {
	t.say("\nThe walk stops here: %v. The pages are there all the same", err)
}

func (t *teller) left(number string) {
	t.say("\n8. Everything is put back, for you to do it too. The patient says yes again; the group took its decision back by another, %s,", number)
	t.say("   and meets again about tightening it. Page: /walk, step by step")
}

func (t *teller) table(a together.Answer) {
	t.say("   %-12s %6s %6s %10s %5s %5s %8s", "REGION", "AC", "AN", "AF", "HET", "HOM", "COUNTED")
	for _, r := range a.Replies {
		if r.How != together.Answered || len(r.Answer.Counts) == 0 {
			t.say("   %-12s %s: in no number here", r.Title, r.How)
			continue
		}
		t.row(r.Title, r.Answer.Counts[0])
	}
	if len(a.Totals) > 0 {
		t.row(fmt.Sprintf("%d of %d", a.Answered, a.Asked), a.Totals[0])
	}
}

func (t *teller) row(name string, c answer.Count) {
	if !c.Covered {
		t.say("   %-12s nobody looked there", name)
		return
	}
	af := ""
	if f, ok := c.AF(); ok {
		af = fmt.Sprintf("%.6f", f)
	}
	t.say("   %-12s %6s %6s %10s %5s %5s %8s", name, app.Told(c.AC), app.Told(c.AN), af, app.Told(c.Het), app.Told(c.Hom), app.Told(c.Individuals))
}

func (t *teller) next(url, dir string, m mark, all nodes) {
	t.say("\nThe same in the browser: %s", url)
	t.say("   %s/nodes    the national node and the seven regions':", url)
	for _, r := range all {
		t.say("      %-22s %s", r.at(), r.title)
	}
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
	home := all.called(m.Story.Region)
	as := policy.Clinician + "@" + string(m.Sharing.Hospital)
	t.say("\nTo try next, in another terminal:")
	t.command("node peers --data %s", dir)
	t.command("consent set --data %s --individual %s --purpose %s", home.dir, m.Story.Individual, m.Story.Purpose)
	t.command("query       --data %s --as %s --purpose care chr22:50000000-50001000", home.dir, as)
	t.command("annotate    --data %s --as %s --purpose care %s", home.dir, as, filepath.Join(dir, filesName, patientName))
	t.command("query       --data %s --as %s@%s --approval 'Dnr 2026-00000-01' --purpose research %s", home.dir, policy.Researcher, m.Sharing.University, commonVariant)
	t.say("\nIt runs until Ctrl-C. What you change stays in %s until tomorrow", dir)
}
