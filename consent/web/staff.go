package web

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
)

// staff are the pages of those who see to the node's consents.
func (p *room) staff(t *route.Table) {
	add := func(method, pattern, does string, serve func(http.ResponseWriter, *http.Request) int) {
		t.Add(route.Route{Method: method, Pattern: pattern, Who: route.Steward, Does: does, Serve: p.steward(serve)})
	}
	add("GET", "/consent/register", "Shows the form for registering what somebody answered on paper, and what was registered last.", p.registerForm)
	add("POST", "/consent/register", "Registers what somebody answered on paper.", p.register)
	add("GET", "/consent/individuals", "Asks whom a steward looks at, and why.", p.lookForm)
	add("POST", "/consent/individuals", "Shows what a named individual allows, after the look has been recorded.", p.look)
}

// steward lets nobody in but those whom the node names. To others there is no such page.
func (p *room) steward(page func(http.ResponseWriter, *http.Request) int) func(http.ResponseWriter, *http.Request) int {
	return func(w http.ResponseWriter, r *http.Request) int {
		if p.options.Steward == nil || !p.options.Steward(r) {
			return p.site.NotFound(w, r)
		}
		return page(w, r)
	}
}

// member is who registers, by name and id.
func member(r *http.Request) consent.Actor {
	v := web.ViewerOf(r)
	return consent.Actor(v.Name + " (" + v.Person + ")")
}

// nameOf is the name of a member who registered: the id is for the record.
func nameOf(a consent.Actor) string {
	if i := strings.LastIndex(string(a), " ("); i > 0 {
		return string(a)[:i]
	}
	return string(a)
}

type registerData struct {
	formView
	Versions  []versionView
	Guardians []web.Option
	Papers    []paperView
	Options   map[string][]web.Option // diseases, by question
	Done      string
	Today     string
}

type versionView struct {
	Version, Link string
	From, To      time.Time
	Current       bool
}

type paperView struct {
	consent.Record
	Version string
}

// papersShown is how many registrations the page lists.
const papersShown = 30

func (p *room) registerForm(w http.ResponseWriter, r *http.Request) int {
	f := web.NewForm("who", "self", "what", "answers")
	return p.registerPage(w, r, p.formAsked(r.URL.Query().Get("form")), f, nil)
}

// formAsked is the form with a digest that is or was in force; the one in force when none is named.
func (p *room) formAsked(digest string) *consent.Enacted {
	if form, ok := p.formOf(digest); ok && !form.Begins.After(p.now()) {
		return form
	}
	return p.consents.InForce()
}

func (p *room) registerPage(w http.ResponseWriter, r *http.Request, form *consent.Enacted, f *web.Form, guardians []web.Option) int {
	l := p.pages.Words(r)
	d := registerData{Guardians: guardians, Today: web.DateValue(p.now()), Options: diseaseOptions(l, form)}
	if form != nil {
		d.formView = viewOf(l, form.Form)
		d.There, d.Digest = true, form.Digest.String()
		for i, q := range form.Questions {
			d.Questions[i].Chosen, d.Questions[i].Codes = f.Get(answerField(q.ID)), f.All(diseaseField(q.ID))
		}
		d.Versions = p.versions(form)
	}
	d.Form = f
	if number := r.URL.Query().Get("done"); isReceipt(number) {
		d.Done = number
	}
	papers, err := p.consents.Papers(r.Context(), papersShown)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	for _, one := range papers {
		one.Recorded, one.When = one.Recorded.In(p.zone()), one.When.In(p.zone())
		view := paperView{Record: one}
		view.By = consent.Actor(nameOf(one.By))
		if form, ok := p.formOf(one.Form); ok {
			view.Version = form.Version
		}
		d.Papers = append(d.Papers, view)
	}
	return p.pages.Render(w, r, web.Page{Name: "register", Title: l.Must("staff.register.title"), Station: "use", Form: f, Data: d})
}

// diseaseOptions are the diseases of each question that names some.
func diseaseOptions(l *web.Words, form *consent.Enacted) map[string][]web.Option {
	all := map[string][]web.Option{}
	if form == nil {
		return all
	}
	for _, q := range form.Questions {
		for _, d := range q.Diseases {
			all[q.ID] = append(all[q.ID], web.Option{Value: d.Code, Text: text(l, d.Name)})
		}
	}
	return all
}

func (p *room) versions(shown *consent.Enacted) (all []versionView) {
	now := p.now()
	for i, form := range p.consents.Enacted() {
		if form.Begins.After(now) {
			continue
		}
		v := versionView{Version: form.Version, Link: "/consent/register?form=" + form.Digest.String(), From: form.Begins.In(p.zone()), Current: form.Digest == shown.Digest}
		if next := p.consents.Enacted()[i+1:]; len(next) > 0 {
			v.To = next[0].Begins.In(p.zone())
		}
		all = append(all, v)
	}
	return all
}

func isReceipt(s string) bool {
	return s != "" && len(s) < 40 && !strings.ContainsFunc(s, func(r rune) bool { return r != '-' && (r < '0' || r > '9') })
}

// paper is what staff typed.
type paper struct {
	who      individual.Individual
	guardian string
	when     time.Time
	document string
	answers  []consent.Answer
}

func (p *room) register(w http.ResponseWriter, r *http.Request) int {
	ctx, l := r.Context(), p.pages.Words(r)
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	form := p.formAsked(f.Get("form"))
	if form != nil && form.Digest.String() != f.Get("form") {
		f.Wrong("", l.Must("fault.consent.form.past"))
	}
	one, guardians, err := p.paper(r, form, f)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	if !f.OK() {
		return p.registerPage(w, r, form, f, guardians)
	}
	var number string
	err = p.options.DB.Write(ctx, func(tx *storage.Tx) (err error) {
		if f.Get("what") == "withdraw" {
			number, err = p.consents.Withdraw(ctx, tx, member(r), consent.Withdrawal{Individual: one.who.Number, Guardian: one.guardian, Document: one.document, Why: "paper", When: one.when})
			return err
		}
		number, err = p.consents.Fill(ctx, tx, member(r), consent.Filled{Individual: one.who.Number, Form: form.Digest, Answers: one.answers, Guardian: one.guardian,
			Document: one.document, Why: "paper", When: one.when})
		return err
	})
	if err != nil {
		if !p.took(r, f, err) {
			return p.pages.Fail(w, r, err)
		}
		return p.registerPage(w, r, form, f, guardians)
	}
	return web.SeeOther(w, r, "/consent/register?done="+number)
}

// paper reads the form, and notes what is wrong with it. Where a child has several guardians, it gives them to choose from.
func (p *room) paper(r *http.Request, form *consent.Enacted, f *web.Form) (one paper, guardians []web.Option, err error) {
	l := p.pages.Words(r)
	var there bool
	if one.who, there = p.people.Lookup(f.Get("individual")); !there {
		f.Wrong("individual", l.Must("staff.individual.none"))
	}
	if one.document = f.Get("document"); one.document == "" {
		f.Wrong("document", l.Must("staff.document.none"))
	}
	day, ok := f.Day("day", p.zone())
	switch now := p.now(); {
	case !ok:
		f.Wrong("day", l.Must("staff.day.none"))
	case day.After(now):
		f.Wrong("day", l.Must("fault.consent.when"))
	case day.Format(time.DateOnly) == now.Format(time.DateOnly): // now, by the clock that the room has
	case form != nil && day.Format(time.DateOnly) == form.Begins.In(p.zone()).Format(time.DateOnly):
		one.when = day.AddDate(0, 0, 1).Add(-time.Microsecond) // that day began with another form
	default:
		one.when = day
	}
	if there && f.Get("who") == "guardian" {
		if one.guardian, guardians, err = p.guardian(r, one.who, f); err != nil {
			return one, nil, err
		}
	}
	switch {
	case f.Get("what") == "withdraw":
	case form == nil:
		f.Wrong("", l.Must("staff.noform"))
	default:
		for _, q := range form.Questions {
			if choice := f.Get(answerField(q.ID)); choice == "yes" || choice == "no" {
				a := consent.Answer{Question: q.ID, Allow: choice == "yes"}
				if a.Allow && q.Scope == consent.Diseases {
					if a.Diseases = f.All(diseaseField(q.ID)); len(a.Diseases) == 0 {
						f.Wrong(diseaseField(q.ID), l.Must("my.diseases.none"))
					}
				}
				one.answers = append(one.answers, a)
			}
		}
		if len(one.answers) == 0 {
			f.Wrong("", l.Must("fault.consent.form.empty"))
		}
	}
	return one, guardians, nil
}

// guardian finds which of a child's guardians signed.
func (p *room) guardian(r *http.Request, who individual.Individual, f *web.Form) (id string, options []web.Option, err error) {
	l, now := p.pages.Words(r), p.now()
	var all []individual.Guardian
	if err = p.options.DB.Read(r.Context(), func(tx *storage.Tx) (err error) {
		all, err = p.people.GuardiansIn(r.Context(), tx, who.Number)
		return err
	}); err != nil {
		return "", nil, err
	}
	all = slices.DeleteFunc(all, func(g individual.Guardian) bool { return !g.Holds(now) })
	for i, g := range all {
		options = append(options, web.Option{Value: g.ID, Text: l.Must("staff.guardian.one", i+1, l.Day(g.From.In(p.zone()))), Help: g.Why})
	}
	chosen := slices.ContainsFunc(all, func(g individual.Guardian) bool { return g.ID == f.Get("guardian") })
	switch {
	case len(all) == 0:
		f.Wrong("who", l.Must("fault.consent.guardian.none"))
		return "", nil, nil
	case chosen:
		return f.Get("guardian"), options, nil
	case len(all) == 1:
		return all[0].ID, nil, nil
	}
	f.Wrong("guardian", l.Must("staff.guardian.which"))
	return "", options, nil
}

func (p *room) lookForm(w http.ResponseWriter, r *http.Request) int {
	return p.lookPage(w, r, web.NewForm())
}

func (p *room) lookPage(w http.ResponseWriter, r *http.Request, f *web.Form) int {
	return p.pages.Render(w, r, web.Page{Name: "look", Title: p.pages.Words(r).Must("staff.look.title"), Station: "use", Form: f})
}

type individualData struct {
	individual.Individual
	Why          string
	Allows       []consent.Permission
	Records      []recordView
	Receipts     []consent.Receipt
	Restrictions []restrictionView
}

// look shows an individual, once it has been recorded who looked and why. It is the answer to a form and not at an address of its own, so
// that the individual's id is in no history of a browser, and each look is recorded.
func (p *room) look(w http.ResponseWriter, r *http.Request) int {
	ctx, l := r.Context(), p.pages.Words(r)
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	if p.options.Looked == nil {
		return p.pages.Fail(w, r, fault.New(fault.Unavailable, "looks at individuals can't be recorded, so nobody can look").Say("consent.look.unrecorded"))
	}
	if f.Get("why") == "" {
		f.Wrong("why", l.Must("staff.why.none"))
	}
	if f.Get("individual") == "" {
		f.Wrong("individual", l.Must("staff.individual.lacks"))
	}
	if !f.OK() {
		return p.lookPage(w, r, f)
	}
	who, ok := p.people.Lookup(f.Get("individual"))
	if !ok {
		f.Wrong("individual", l.Must("staff.individual.none"))
		return p.lookPage(w, r, f)
	}
	if err := p.options.Looked(r, who.Number, f.Get("why")); err != nil {
		return p.pages.Fail(w, r, err)
	}
	d := individualData{Individual: who, Why: f.Get("why"), Allows: p.consents.Allows(who.Number)}
	history, err := p.consents.History(ctx, who.Number)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	as := visit{who: who}
	for _, c := range slices.Backward(history) {
		if len(d.Records) < historyShown {
			one := p.record(l, as, c)
			if one.By == "you" {
				one.By = "patient" // the reader isn't who chose
			}
			d.Records = append(d.Records, one)
		}
	}
	if d.Receipts, err = p.consents.Receipts(ctx, who.Number); err != nil {
		return p.pages.Fail(w, r, err)
	}
	restrictions, err := p.consents.Restrictions(ctx, who.Number)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	for _, one := range restrictions {
		d.Restrictions = append(d.Restrictions, p.restriction(l, as, one))
	}
	return p.pages.Render(w, r, web.Page{Name: "individual", Title: l.Must("staff.individual.title", who.ID), Station: "use", Data: d})
}
