package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os/user"
	"strings"
	"time"

	"github.com/samverk/samverk/app"
	"github.com/samverk/samverk/fault"
)

type consentCmd struct {
	Set      consentSetCmd      `cmd:"" help:"Record what an individual allows."`
	Withdraw consentWithdrawCmd `cmd:"" help:"Withdraw: not counted from the next answer on."`
	Show     consentShowCmd     `cmd:"" help:"Show an individual's choices and their history."`
	Import   consentImportCmd   `cmd:"" help:"Record the choices of a file, CSV or FHIR, all or none."`
	Export   consentExportCmd   `cmd:"" help:"Write what stands about an individual, as FHIR R4 Consent."`
}

// choice is what set and withdraw share.
type choice struct {
	data
	Individual string `short:"i" required:"" placeholder:"ID" help:"Whose choice it is."`
	By         string `placeholder:"WHO" help:"Who recorded it; you, if not given."`
	Why        string `placeholder:"TEXT" help:"Why, or from which paper."`
	JSON       bool   `name:"json" help:"Print the outcome as JSON."`
}

type purposeFlag struct {
	Purpose string `short:"p" required:"" placeholder:"PURPOSE" complete:"care matching research" help:"What it is for: care, matching or research."`
}

type consentSetCmd struct {
	choice
	purposeFlag
	Allow bool `default:"true" help:"--allow=false records a no."`
}

func (consentSetCmd) Help() string {
	return `Examples:

  samverk consent set -d DIR --individual P17 --purpose research
  samverk consent set -d DIR --individual P17 --purpose research --allow=false`
}

func (c *consentSetCmd) Run(ctx context.Context, s streams) error {
	return c.change(ctx, s, app.ConsentChange{Purpose: c.Purpose, Allow: c.Allow})
}

type consentWithdrawCmd struct {
	choice
	Purpose string `short:"p" placeholder:"PURPOSE" complete:"care matching research" help:"What is withdrawn; every purpose, if not given."`
}

func (consentWithdrawCmd) Help() string {
	return `When the command has ended, no answer that begins later counts the individual.

Example:

  samverk consent withdraw -d DIR --individual P17 --purpose research --why "letter of 3 May"`
}

func (c *consentWithdrawCmd) Run(ctx context.Context, s streams) error {
	return c.change(ctx, s, app.ConsentChange{Purpose: c.Purpose, Withdraw: true})
}

func (c *choice) change(ctx context.Context, s streams, q app.ConsentChange) error {
	q.Individual, q.By, q.Why = c.Individual, operator(c.By), c.Why
	r, err := call(ctx, s, c.data, app.ChangeConsent, q, nil)
	if err != nil {
		return err
	}
	if c.JSON {
		return jsonLine(s.out, r)
	}
	_, err = fmt.Fprintf(s.out, "Recorded. Consent epoch %d.\n", r.ConsentEpoch)
	return err
}

// operator is who works at this terminal.
func operator(given string) string {
	if given != "" {
		return given
	}
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return "local operator"
}

type consentShowCmd struct {
	data
	Individual string `short:"i" required:"" placeholder:"ID" help:"Whose choices."`
	JSON       bool   `name:"json" help:"Print one JSON object."`
}

func (c *consentShowCmd) Run(ctx context.Context, s streams) error {
	r, err := call(ctx, s, c.data, app.ShowConsent, app.ConsentShow{Individual: c.Individual}, nil)
	if err != nil {
		return err
	}
	if c.JSON {
		return jsonLine(s.out, r)
	}
	return printConsent(s.out, r)
}

func printConsent(w io.Writer, r app.ConsentShown) error {
	now := newTable(w, "PURPOSE", "NOW")
	for _, p := range r.Now {
		now.row(p.Purpose, p.State)
	}
	if err := now.flush(); err != nil || len(r.History) == 0 {
		return err
	}
	fmt.Fprintln(w)
	past := newTable(w, "WHEN", "PURPOSE", "CHOICE", "BY", "WHY")
	for _, h := range r.History {
		past.row(h.When.Format("2006-01-02 15:04:05Z07:00"), h.Purpose, h.Choice, h.By, h.Why)
	}
	return past.flush()
}

type consentImportCmd struct {
	data
	File       string   `arg:"" placeholder:"C.csv" help:"CSV with the columns individual, purpose, allow (true or false), or FHIR; - reads standard input."`
	Format     string   `default:"csv" complete:"csv fhir" placeholder:"FORMAT" help:"csv, or fhir: a FHIR R4 Consent as JSON, or a Bundle of them."`
	Policy     []string `sep:"none" placeholder:"POLICY=FORM" help:"Of FHIR from elsewhere: by which form (digest or version) a policy is read. POLICY is SYSTEM|CODE of policyRule, or policy.uri. May be given several times."`
	Identifier string   `placeholder:"SYSTEM" help:"Of FHIR from elsewhere: the system of identifiers in which patients have the region's own ids."`
	By         string   `placeholder:"WHO" help:"Who recorded it; you, if not given."`
	JSON       bool     `name:"json" help:"Print the outcome as JSON."`
}

func (consentImportCmd) Help() string {
	return `What isn't understood in a FHIR file, or can't be obeyed here, refuses the whole file and is named by its path. What they said later than the file isn't undone by it.

Examples:

  samverk consent import -d DIR choices.csv
  samverk consent import -d DIR --format fhir consents.json
  samverk consent import -d DIR --format fhir --policy 'https://hospital.example/policies|biobank=3' --identifier https://hospital.example/person consents.json`
}

// maxPiped bounds a file that comes through standard input; another one has no such limit here.
const maxPiped = 64 << 20

func (c *consentImportCmd) Run(ctx context.Context, s streams) error {
	q := app.ConsentImport{File: c.File, By: operator(c.By), Format: c.Format, Identifier: c.Identifier, Policies: map[string]string{}}
	for _, p := range c.Policy {
		i := strings.LastIndexByte(p, '=')
		if i <= 0 {
			return fault.New(fault.Invalid, "--policy: %.80q is not POLICY=FORM", p).Do("write it as 'https://hospital.example/policies|biobank=3'")
		}
		q.Policies[p[:i]] = p[i+1:]
	}
	if c.File == "-" {
		b, err := io.ReadAll(io.LimitReader(s.in, maxPiped+1))
		if err != nil {
			return fault.Wrap(fault.Unavailable, err, "standard input can't be read")
		}
		if len(b) > maxPiped {
			return fault.New(fault.Invalid, "standard input is larger than 64 MiB").Do("give the file's name instead")
		}
		q.Text = b
	} else if err := absolute(&q.File); err != nil {
		return err
	}
	r, err := call(ctx, s, c.data, app.ImportConsent, q, nil)
	if err != nil {
		return err
	}
	if c.JSON {
		return jsonLine(s.out, r)
	}
	also := ""
	if r.Restrictions > 0 {
		also = ", " + many(r.Restrictions, "restriction")
	}
	if r.Already > 0 {
		also += fmt.Sprintf(" (%d stood already)", r.Already)
	}
	_, err = fmt.Fprintf(s.out, "%s%s recorded. Consent epoch %d.\n", many(r.Choices, "choice"), also, r.ConsentEpoch)
	return err
}

type consentExportCmd struct {
	data
	Individual string `short:"i" required:"" placeholder:"ID" help:"Whose choices and restrictions."`
	Format     string `default:"fhir" complete:"fhir" placeholder:"FORMAT" help:"fhir: a Bundle of FHIR R4 Consent resources, as JSON."`
}

func (consentExportCmd) Help() string {
	return `Writes what stands, to standard output: each choice with its form and the decision that put that in force, blocks, opt-outs and reservations. The individual is told by the region's own id, nobody by name. The history is 'samverk consent show'.

Example:

  samverk consent export -d DIR --individual P17 > P17.fhir.json`
}

func (c *consentExportCmd) Run(ctx context.Context, s streams) error {
	r, err := call(ctx, s, c.data, app.ExportConsent, app.ConsentExport{Individual: c.Individual, Format: c.Format}, nil)
	if err != nil {
		return err
	}
	_, err = s.out.Write(r.Text)
	return err
}

type individualsCmd struct {
	List   individualsListCmd   `cmd:"" help:"List individuals."`
	Remove individualsRemoveCmd `cmd:"" help:"Remove an individual with every genotype, sample and choice."`
	Home   individualsHomeCmd   `cmd:"" help:"Say which region's node counts an individual whom several know."`
	Case   individualsCaseCmd   `cmd:"" help:"Let an organisation's clinicians leave their own patient out of a count."`
}

type individualsListCmd struct {
	data
	JSON bool `name:"json" help:"Print one JSON object a line."`
}

func (c *individualsListCmd) Run(ctx context.Context, s streams) error {
	t := newTable(s.out, "INDIVIDUAL", "SEX", ">SAMPLES", "PSEUDONYM", "HOME")
	_, err := call(ctx, s, c.data, app.ListIndividuals, app.None{}, func(i app.Individual) error {
		if c.JSON {
			return jsonLine(s.out, i)
		}
		t.row(i.ID, i.Sex, i.Samples, i.Pseudonym, i.Home)
		return nil
	})
	if err != nil || c.JSON {
		return err
	}
	return t.flush()
}

type individualsHomeCmd struct {
	data
	ID     string `arg:"" help:"Who."`
	Let    bool   `xor:"act" help:"They are at home here no more: whichever region that knows them asks next has them."`
	To     string `placeholder:"NODE" xor:"act" help:"They are at home at this node from now on."`
	Return bool   `xor:"act" help:"Ask for them again: they are at home here if no other node has them."`
	JSON   bool   `name:"json" help:"Print the outcome as JSON."`
}

func (individualsHomeCmd) Help() string {
	return `Somebody whom several regions know, by the pseudonym of one issuer ("issuer" in samverk.json), is counted by one of them when nodes answer together: the first that enrolled them, until it lets them go. They are counted here no more from the moment of --let or --to, and by the next within a quarter of an hour. Answers that this node gives by itself are not changed.

Examples:

  samverk individuals home -d DIR P17
  samverk individuals home -d DIR P17 --to north`
}

func (c *individualsHomeCmd) Run(ctx context.Context, s streams) error {
	r, err := call(ctx, s, c.data, app.HomeIndividual, app.HomeRequest{ID: c.ID, Let: c.Let, To: c.To, Return: c.Return}, nil)
	if err != nil {
		return err
	}
	if c.JSON {
		return jsonLine(s.out, r)
	}
	say(s.out, r.Home)
	return nil
}

type individualsCaseCmd struct {
	data
	ID           string `arg:"" help:"The patient."`
	Organisation string `placeholder:"ORG" xor:"act" help:"Whose clinicians may: the organisation's id. Prints a token, once."`
	End          string `placeholder:"CASE" xor:"act" help:"End a case, by the id that the list gives."`
	Why          string `placeholder:"TEXT" help:"Why, for the record."`
	JSON         bool   `name:"json" help:"Print JSON."`
}

func (individualsCaseCmd) Help() string {
	return `Who has the token can ask with and without the patient, and so learn what they carry: give it only to who may see their genotype. It works for clinicians and laboratories of the one organisation, for care, for a year, and each use of it is recorded as a look at the patient. Without --organisation or --end, the patient's cases are listed.

Examples:

  samverk individuals case -d DIR P17 --organisation 01K4…
  samverk individuals case -d DIR P17
  samverk individuals case -d DIR P17 --end 01K7…`
}

func (c *individualsCaseCmd) Run(ctx context.Context, s streams) error {
	t := newTable(s.out, "CASE", "ORGANISATION", "MADE", "ENDS", "ENDED", "BY", "WHY")
	list := c.Organisation == "" && c.End == ""
	r, err := call(ctx, s, c.data, app.CaseIndividual, app.CaseRequest{ID: c.ID, Organisation: c.Organisation, End: c.End, Why: c.Why, By: operator("")}, func(x app.Case) error {
		if c.JSON {
			return jsonLine(s.out, x)
		}
		ended := ""
		if x.Ended != nil {
			ended = x.Ended.Format(time.DateOnly)
		}
		t.row(x.ID, x.Organisation, x.Made.Format(time.DateOnly), x.Ends.Format(time.DateOnly), ended, x.By, x.Why)
		return nil
	})
	switch {
	case err != nil || list && c.JSON:
		return err
	case list:
		return t.flush()
	case c.JSON:
		return jsonLine(s.out, r)
	case c.End != "":
		say(s.out, "Ended.")
		return nil
	}
	say(s.err, "The token, which can't be shown again, works until "+r.Ends+":")
	say(s.out, r.Token)
	return nil
}

type individualsRemoveCmd struct {
	data
	ID      string `arg:"" optional:"" help:"Who is to be removed."`
	Who     string `name:"individual" short:"i" placeholder:"ID" help:"The same, as a flag."`
	Compact bool   `help:"Erase the genotypes from the disk now, and not at the next compaction."`
	JSON    bool   `name:"json" help:"Print the outcome as JSON."`
}

func (individualsRemoveCmd) Help() string {
	return `The individual is in no answer from now on. The genotypes lie in the segments until they are rewritten: by --compact now, or by 'samverk compact'.`
}

func (c *individualsRemoveCmd) Run(ctx context.Context, s streams) error {
	if (c.ID == "") == (c.Who == "") {
		return fault.New(fault.Invalid, "one individual is to be named").Do("samverk individuals remove --data DIR ID")
	}
	r, err := call(ctx, s, c.data, app.RemoveIndividual, app.RemoveRequest{ID: cmp.Or(c.ID, c.Who), Compact: c.Compact, By: operator("")}, nil)
	if err != nil {
		return err
	}
	if c.JSON {
		return jsonLine(s.out, r)
	}
	say(s.out, fmt.Sprintf("Removed, with %s.", many(r.Samples, "sample")))
	if r.Waiting {
		say(s.out, "The genotypes are on the disk until the next compaction: samverk compact --data "+c.Data)
	}
	return nil
}

type recoverCmd struct {
	data
	Mail string `arg:"" help:"The address that the person signs in with."`
	JSON bool   `name:"json" help:"Print the link as JSON."`
}

func (recoverCmd) Help() string {
	return `For somebody to whom no coordinator can hand a link: an operator, who holds seats in several networks, or has lost the mailbox. A server must run. Be sure who asks: whoever opens the link can be that person. It works once, within a day, and the person is told of it.

Example:

  samverk recover -d DIR name@example.org`
}

func (c *recoverCmd) Run(ctx context.Context, s streams) error {
	r, err := call(ctx, s, c.data, app.Recover, app.RecoverRequest{Mail: c.Mail}, nil)
	if err != nil {
		return err
	}
	if c.JSON {
		return jsonLine(s.out, r)
	}
	say(s.out, r.Link)
	return nil
}

func say(w io.Writer, text string) { fmt.Fprintln(w, text) }
