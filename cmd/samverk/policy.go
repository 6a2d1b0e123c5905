package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/samverk/samverk/app"
	"github.com/samverk/samverk/fault"
)

type policyCmd struct {
	List     policyListCmd     `cmd:"" help:"List the policies that the node was given: in force, waiting, past."`
	Show     policyShowCmd     `cmd:"" help:"Say a policy, or a draft in a file, in sentences."`
	Draft    policyDraftCmd    `cmd:"" help:"Print a draft to begin from: care, research or public."`
	Replay   policyReplayCmd   `cmd:"" help:"Tell which questions that were asked a draft would have answered otherwise."`
	Adopt    policyAdoptCmd    `cmd:"" help:"Adopt a policy that waits."`
	End      policyEndCmd      `cmd:"" help:"Put an end to a policy: what it allowed is denied."`
	Standing policyStandingCmd `cmd:"" help:"Show or make the rules by which decisions are adopted without an act each time."`
}

func (policyCmd) Help() string {
	return `A policy is decided by a body of a network, on the network's pages. A node obeys it once it has adopted it. A steward of the node's organisation does that on the pages; these commands are for the operator at the machine, and what they do is recorded as the operator's.`
}

type policyListCmd struct {
	data
	JSON bool `name:"json" help:"Print one JSON object a line."`
}

// states are what a policy can be here, in words.
var states = map[string]string{"waits": "waits to be adopted", "coming": "comes later", "force": "in force", "past": "past", "broken": "can't be trusted"}

func (c *policyListCmd) Run(ctx context.Context, s streams) error {
	t := newTable(s.out, "POLICY", "STATE", "NETWORK", "DECISION", "DECIDED BY", "FROM", "UNTIL", "ADOPTED BY")
	rows := 0
	_, err := call(ctx, s, c.data, app.ListPolicies, app.None{}, func(p app.Policy) error {
		if c.JSON {
			return jsonLine(s.out, p)
		}
		rows++
		t.row(p.ID, states[p.State], p.Network, p.Decision, p.Body, when(p.From), when(p.Until), p.By)
		return nil
	})
	switch {
	case err != nil || c.JSON:
		return err
	case rows == 0:
		say(s.out, "The node was given no policy yet. Until it has adopted one, only the operator at the machine is answered.")
		return nil
	}
	return t.flush()
}

// when is a moment as tables have it; nothing for none.
func when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format("2006-01-02 15:04Z07:00")
}

type policyShowCmd struct {
	data
	Policy string `arg:"" help:"A policy's name and version, as in care-frequency-3, or a file with a draft."`
	Lang   string `default:"en" placeholder:"LANGUAGE" complete:"sv nb en" help:"sv, nb or en (${default})."`
	JSON   bool   `name:"json" help:"Print one JSON object, with the signed policy."`
}

func (policyShowCmd) Help() string {
	return `Examples:

  samverk policy show -d DIR care-frequency-3 --lang sv
  samverk policy show -d DIR draft.json`
}

func (c *policyShowCmd) Run(ctx context.Context, s streams) error {
	q := app.PolicyShow{ID: c.Policy, Lang: c.Lang}
	if strings.HasSuffix(c.Policy, ".json") {
		var err error
		if q.Text, err = app.ReadDraft(c.Policy); err != nil {
			return err
		}
	}
	r, err := call(ctx, s, c.data, app.ShowPolicy, q, nil)
	if err != nil {
		return err
	}
	if c.JSON {
		return jsonLine(s.out, r)
	}
	return printPolicy(s.out, r)
}

func printPolicy(w io.Writer, r app.PolicyShown) error {
	pairs := []any{"policy", r.ID, "digest", r.Digest}
	if p := r.Policy; p != nil {
		pairs = append(pairs, "state", states[p.State], "decision", p.Decision+" of "+p.Body)
		if p.Fault != "" {
			pairs = append(pairs, "fault", p.Fault)
		}
	}
	if err := facts(w, pairs...); err != nil {
		return err
	}
	for _, sentences := range append([][]string{r.About}, r.Rules...) {
		if _, err := fmt.Fprintf(w, "\n%s\n", strings.Join(sentences, "\n")); err != nil {
			return err
		}
	}
	return nil
}

type policyDraftCmd struct {
	Name    string `arg:"" complete:"care research public" help:"care, research or public."`
	Country string `required:"" placeholder:"CC" help:"Whose care it is about, as SE."`
}

func (policyDraftCmd) Help() string {
	return `The draft is JSON. Change it, look at it with 'samverk policy show', try it with 'samverk policy replay', and write it on its topic's page, for a body to decide. Nothing follows from it before that.

Example:

  samverk policy draft care --country SE >draft.json`
}

func (c *policyDraftCmd) Run(s streams) error {
	b, err := app.PresetDraft(c.Name, c.Country)
	if err != nil {
		return err
	}
	say(s.out, string(b))
	return nil
}

type policyReplayCmd struct {
	data
	File    string `arg:"" name:"draft" help:"The draft, a file with JSON."`
	Network string `placeholder:"NAME" help:"In which network it would be decided; that of the policy it would supersede, if not given."`
	Days    int    `default:"30" help:"How many days back (${default})."`
	JSON    bool   `name:"json" help:"Print one JSON object a line, the sums last."`
}

func (policyReplayCmd) Help() string {
	return `Of each question the node keeps the form and the day: not who asked, about what, or what was answered.

Example:

  samverk policy replay -d DIR --days 365 draft.json`
}

func (c *policyReplayCmd) Run(ctx context.Context, s streams) error {
	text, err := app.ReadDraft(c.File)
	if err != nil {
		return err
	}
	if c.Days < 1 {
		return fault.New(fault.Invalid, "at least one day").Where("--days")
	}
	t := newTable(s.out, ">TIMES", "ROLE", "PURPOSE", "QUESTION", "WAS", "WOULD BE")
	kinds, times := []string(nil), map[string]int64{} // datasets and organisations are told in JSON only
	q := app.PolicyReplay{Text: text, Network: c.Network, Since: time.Now().AddDate(0, 0, -c.Days)}
	r, err := call(ctx, s, c.data, app.ReplayPolicy, q, func(x app.Change) error {
		if c.JSON {
			return jsonLine(s.out, x)
		}
		kind := strings.Join([]string{cmp.Or(x.Role, "–"), string(x.Purpose), string(x.Question),
			outcome(x.Outcome.Allowed, string(x.Outcome.Precision), x.Outcome.K), outcome(x.Would.Allowed, string(x.Would.Precision), x.Would.K)}, "\t")
		if times[kind] == 0 {
			kinds = append(kinds, kind)
		}
		times[kind] += x.Times
		return nil
	})
	for _, kind := range kinds {
		f := strings.Split(kind, "\t")
		t.row(times[kind], f[0], f[1], f[2], f[3], f[4])
	}
	switch {
	case err != nil:
		return err
	case c.JSON:
		return jsonLine(s.out, r)
	case r.Changed > 0:
		if err := t.flush(); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(s.out, "%s of %s would have been answered otherwise.\n", cell(r.Changed), many(int(r.Asked), "question"))
	return err
}

// outcome is how a question is answered.
func outcome(allowed bool, precision string, k int) string {
	switch {
	case !allowed:
		return "denied"
	case k > 0:
		return fmt.Sprintf("%s, from %d", precision, k)
	}
	return precision
}

// why is asked for whatever the operator decides.
type why struct {
	Why string `required:"" placeholder:"TEXT" help:"Your decision, as whoever reads the record will understand it."`
}

type policyAdoptCmd struct {
	data
	Policy string `arg:"" help:"Its name and version, as 'samverk policy list' shows them."`
	why
}

func (policyAdoptCmd) Help() string {
	return `From the next question on the node obeys it. The version before is superseded. Older versions never come back.

Example:

  samverk policy adopt -d DIR care-frequency-1 --why "Decision 12 of the region's board"`
}

func (c *policyAdoptCmd) Run(ctx context.Context, s streams) error {
	if _, err := call(ctx, s, c.data, app.AdoptPolicy, app.PolicyAct{Policy: c.Policy, Ground: c.Why}, nil); err != nil {
		return err
	}
	say(s.out, "Adopted. The next question is judged by it.")
	return nil
}

type policyEndCmd struct {
	data
	Name string `arg:"" help:"Its name without the version, as in care-frequency."`
	why
}

func (c *policyEndCmd) Run(ctx context.Context, s streams) error {
	if _, err := call(ctx, s, c.data, app.EndPolicy, app.PolicyAct{Policy: c.Name, Ground: c.Why}, nil); err != nil {
		return err
	}
	say(s.out, "Ended. What it allowed is denied from the next question on.")
	return nil
}

type policyStandingCmd struct {
	data
	Network string `arg:"" optional:"" help:"Whose decisions, by the network's short name, or by the name of the node that is its own; without it, the rules there are."`
	Body    string `placeholder:"BODY" help:"One body of it, by name or id; all that have no rule of their own, if not given."`
	Adopt   bool   `default:"true" negatable:"" help:"--no-adopt: each waits for an act of its own."`
	Why     string `placeholder:"TEXT" help:"Your decision, as whoever reads the record will understand it."`
	JSON    bool   `name:"json" help:"Print one JSON object a line."`
}

func (policyStandingCmd) Help() string {
	return `A rule is about what is decided from now on. It adopts policies and forms of consent.

Examples:

  samverk policy standing -d DIR
  samverk policy standing -d DIR se --body "Steering group" --why "Decision 12 of the region's board"`
}

func (c *policyStandingCmd) Run(ctx context.Context, s streams) error {
	if c.Network == "" {
		return c.list(ctx, s)
	}
	if c.Why == "" {
		return fault.New(fault.Invalid, "a rule needs its reason").Where("--why")
	}
	r, err := call(ctx, s, c.data, app.MakeRule, app.RuleMake{Network: c.Network, Body: c.Body, Adopts: c.Adopt, Ground: c.Why}, nil)
	if err != nil {
		return err
	}
	if c.JSON {
		return jsonLine(s.out, r)
	}
	of := cmp.Or(r.Body, "each body of "+r.Network+" that has no rule of its own")
	if r.Adopts {
		_, err = fmt.Fprintf(s.out, "From now on the node adopts what is decided by %s.\n", of)
	} else {
		_, err = fmt.Fprintf(s.out, "From now on what is decided by %s waits for an act of its own.\n", of)
	}
	return err
}

func (c *policyStandingCmd) list(ctx context.Context, s streams) error {
	t := newTable(s.out, "NETWORK", "BODY", "ADOPTS", "MADE", "BY", "WHY")
	rows := 0
	_, err := call(ctx, s, c.data, app.ListRules, app.None{}, func(r app.StandingRule) error {
		if c.JSON {
			return jsonLine(s.out, r)
		}
		rows++
		yes := "no"
		if r.Adopts {
			yes = "yes"
		}
		t.row(r.Network, cmp.Or(r.Body, "all others"), yes, when(r.Made), r.By, r.Ground)
		return nil
	})
	if err != nil || c.JSON {
		return err
	}
	if rows == 0 {
		say(s.out, "There is no standing rule: each policy waits for an act of its own.")
		return nil
	}
	return t.flush()
}

type stewardCmd struct {
	Give stewardGiveCmd `cmd:"" help:"Make somebody a data steward of an organisation."`
	List stewardListCmd `cmd:"" help:"List the stewards of an organisation."`
}

type stewardGiveCmd struct {
	data
	Mail         string `arg:"" help:"The address that the person signs in with."`
	Organisation string `placeholder:"NAME" help:"Of which organisation, by name or id; the node's own, if not given."`
	Until        string `placeholder:"DATE" help:"The last day, as 2027-12-31; until further notice, if not given."`
	why
	JSON bool `name:"json" help:"Print what was recorded as JSON."`
}

func (stewardGiveCmd) Help() string {
	return `On the pages only stewards give assignments, so the first steward is made here. From then on stewards give and end all others, at /n/NETWORK/assignments. Stewards of the node's own organisation also adopt policies; whose node it is stands in samverk.json.

Example:

  samverk steward give -d DIR anna@example.org --organisation "Region North" --why "Decision 3 of the data protection board"`
}

func (c *stewardGiveCmd) Run(ctx context.Context, s streams) error {
	q := app.StewardGive{Mail: c.Mail, Organisation: c.Organisation, Ground: c.Why}
	if c.Until != "" {
		last, err := time.ParseInLocation(time.DateOnly, c.Until, time.Local)
		if err != nil {
			return fault.New(fault.Invalid, "%.40q is no day", c.Until).Where("--until").Do("as in 2027-12-31")
		}
		q.Until = last.AddDate(0, 0, 1)
	}
	r, err := call(ctx, s, c.data, app.GiveSteward, q, nil)
	if err != nil {
		return err
	}
	if c.JSON {
		return jsonLine(s.out, r)
	}
	say(s.out, r.Name+" is a steward of "+r.Organisation+".")
	if !r.Own {
		say(s.out, `It is not the node's own organisation. If it should be, write "organisation": "`+r.ID+`" in samverk.json and start the node again.`)
	}
	return nil
}

type stewardListCmd struct {
	data
	Organisation string `placeholder:"NAME" help:"Of which organisation, by name or id; the node's own, if not given."`
	JSON         bool   `name:"json" help:"Print one JSON object a line."`
}

func (c *stewardListCmd) Run(ctx context.Context, s streams) error {
	t := newTable(s.out, "NAME", "ORGANISATION", "FROM", "UNTIL", "GIVEN BY", "WHY")
	rows := 0
	_, err := call(ctx, s, c.data, app.ListStewards, app.StewardList{Organisation: c.Organisation}, func(x app.Steward) error {
		if c.JSON {
			return jsonLine(s.out, x)
		}
		rows++
		t.row(x.Name, x.Organisation, when(x.From), when(x.Until), x.By, x.Ground)
		return nil
	})
	if err != nil || c.JSON {
		return err
	}
	if rows == 0 {
		say(s.out, "It has no steward: see 'samverk steward give --help'.")
		return nil
	}
	return t.flush()
}
