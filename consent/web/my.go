package web

import (
	"net/http"
	"slices"
	"time"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/mandate"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
)

// myData is what a patient's page shows.
type myData struct {
	visit
	Region     string
	Said       string // what has just been done
	Asked      bool   // they have come of age and are asked first
	Minor      bool   // and can say no only
	FormData   formView
	Changed    changed
	Uses       usesView
	Decided    decidedView
	Standing   []restrictionView
	Phone      string
	AnythingOn bool // something is allowed that can be withdrawn
	FHIR       bool // what stands can be had as that
}

// changed is when and by whom something was last chosen.
type changed struct {
	At time.Time
	By string // "you", "guardian", "staff"
}

// formView is the form in force as it stands for one individual.
type formView struct {
	At        string // where it is sent; "" for a preview
	There     bool
	Title     string
	Intro     string
	Digest    string
	Version   string
	Questions []questionView
	Bases     []basisView
	Form      *web.Form
	Without   []permissionView // what holds, while no form is in force
}

// out tells that silence counts as a no.
func (d formView) out(of consent.Permission) bool {
	return slices.ContainsFunc(d.Bases, func(b basisView) bool { return b.Permission == of && !b.In })
}

// questionView is a question as somebody answers it.
type questionView struct {
	ID, Field    string
	Text, Help   string
	Chosen       string // "yes", "no" or ""
	Diseases     []string
	Codes        []string
	NamesDisease bool
	Earlier      string // a key: what holds from another form, or as long as nothing was answered
	Version      string // of that form
	Holds        string // a key: what holds now, where it isn't what was said
	Change       string // where the diseases are changed
}

type basisView struct {
	Permission consent.Permission
	Ground     consent.Ground
	In         bool
	Law        string
}

type permissionView struct {
	Permission consent.Permission
	Allowed    bool
}

// answerField and diseaseField are what the fields of a question are called.
func answerField(id string) string  { return "q." + id }
func diseaseField(id string) string { return "d." + id }

func (p *room) my(w http.ResponseWriter, r *http.Request, v visit) int {
	return p.mine(w, r, v, nil)
}

// mine is a patient's page, with a form that could not be taken if there is one.
func (p *room) mine(w http.ResponseWriter, r *http.Request, v visit, f *web.Form) int {
	ctx, l := r.Context(), p.pages.Words(r)
	history, err := p.consents.History(ctx, v.who.Number)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	d := myData{visit: v, Region: p.options.Region, Phone: p.options.Phone, Minor: !v.Child() && !v.who.Adult(p.now()), AnythingOn: len(p.consents.Allows(v.who.Number)) > 0, FHIR: p.options.FHIR != nil}
	if said := r.URL.Query().Get("said"); l.Has("my.said." + said) {
		d.Said = l.Must("my.said." + said)
	}
	form := p.consents.InForce()
	d.Asked = form != nil && !v.Child() && cameOfAge(v.who, p.now(), history)
	if d.FormData, err = p.answered(r, v, form, history, f, d.Asked); err != nil {
		return p.pages.Fail(w, r, err)
	}
	if d.Asked && !r.URL.Query().Has("rest") {
		return p.pages.Render(w, r, web.Page{Name: "first", Title: l.Must("my.first.title"), Station: "use", Form: d.FormData.Form, Data: d})
	}
	if n := len(history); n > 0 {
		d.Changed = changed{history[n-1].Recorded.In(p.zone()), by(v, history[n-1])}
	}
	if d.Uses, err = p.used(r, v); err != nil {
		return p.pages.Fail(w, r, err)
	}
	all, err := p.consents.Restrictions(ctx, v.who.Number)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	for _, one := range all {
		if one.Lifted.IsZero() {
			d.Standing = append(d.Standing, p.restriction(l, v, one))
		}
	}
	if form != nil {
		d.Decided = p.decided(l, form.Mandate)
	}
	return p.pages.Render(w, r, web.Page{Name: "my", Title: l.Must("my.title"), Station: "use", Form: d.FormData.Form, Data: d})
}

// by tells who chose: "you", "they" (the child themselves), "guardian" or "staff".
func by(v visit, one consent.Record) string {
	switch {
	case one.Guardian != "" && one.Guardian == v.guardian:
		return "you"
	case one.By == aGuardian || one.Guardian != "":
		return "guardian"
	case one.By == themselves && v.Child():
		return "they"
	case one.By == themselves:
		return "you"
	}
	return "staff"
}

// cameOfAge tells whether a guardian has chosen for somebody who is of age now and hasn't said anything since.
func cameOfAge(who individual.Individual, now time.Time, history []consent.Record) bool {
	if who.Born.IsZero() || !who.Adult(now) {
		return false
	}
	majority, guarded := individual.Majority(who.Born), false
	for _, one := range history {
		if one.Guardian != "" {
			guarded = true
		} else if !one.When.Before(majority) {
			return false
		}
	}
	return guarded
}

// latest is what one party said last about each permission.
func latest(history []consent.Record, guardian string) map[consent.Permission]consent.Record {
	last := map[consent.Permission]consent.Record{}
	for _, one := range history {
		if one.Guardian == guardian {
			last[consent.Permission(one.Purpose)] = one
		}
	}
	return last
}

// answered is the form in force with what the visitor has answered on it. Nothing is chosen that they didn't choose: an answer on another form
// is told beside the question. A form that came back keeps what was typed.
func (p *room) answered(r *http.Request, v visit, form *consent.Enacted, history []consent.Record, f *web.Form, fresh bool) (formView, error) {
	l, holds := p.pages.Words(r), p.consents.Allows(v.who.Number)
	if form == nil {
		d := formView{}
		for _, one := range consent.Permissions() {
			if allowed := slices.Contains(holds, one); allowed || !slices.Contains(conditions, one) {
				d.Without = append(d.Without, permissionView{one, allowed})
			}
		}
		return d, nil
	}
	d := viewOf(l, form.Form)
	d.There, d.At, d.Digest, d.Form = true, v.At("choices"), form.Digest.String(), f
	if f == nil {
		d.Form = web.NewForm()
	}
	last := latest(history, v.guardian)
	for i, q := range form.Questions {
		view := &d.Questions[i]
		said, there := last[q.Permission]
		here := there && (said.Form == d.Digest || said.Kind != consent.Given)
		if there && !here {
			view.Earlier = "my.earlier.paper"
			if earlier, ok := p.formOf(said.Form); ok {
				view.Earlier, view.Version = "my.earlier.form", earlier.Version
			}
		}
		switch allowed := slices.Contains(holds, q.Permission); {
		case here && said.Kind == consent.Given && !allowed:
			view.Holds = "my.holds.not"
		case !there && allowed && saidYes(history, q.Permission):
			view.Holds = "my.holds.other"
		case !there && allowed:
			view.Holds = "my.holds.silent"
		case !there && !fresh && d.out(q.Permission):
			view.Earlier = "my.earlier.none"
		}
		if f == nil && here && !fresh {
			view.Chosen = "no"
			if said.Kind == consent.Given {
				view.Chosen = "yes"
				d.Form.Set(diseaseField(q.ID), said.Diseases...)
			}
			d.Form.Set(view.Field, view.Chosen)
		}
		view.Chosen, view.Codes = d.Form.Get(view.Field), d.Form.All(diseaseField(q.ID))
		view.Diseases = names(l, q, view.Codes)
		if len(view.Codes) > 0 {
			view.Change = v.At("diseases")
		}
	}
	return d, nil
}

// saidYes tells whether anybody who may choose has ever said yes.
func saidYes(history []consent.Record, what consent.Permission) bool {
	return slices.ContainsFunc(history, func(c consent.Record) bool { return consent.Permission(c.Purpose) == what && c.Kind == consent.Given })
}

// conditions are the permissions that only say something beside another.
var conditions = []consent.Permission{consent.CareAbroad, consent.MatchingAbroad, consent.ResearchAbroad, consent.ResearchCommercial}

// formOf is the form that an answer was given on: one that was put in force.
func (p *room) formOf(digest string) (*consent.Enacted, bool) {
	for _, form := range p.consents.Enacted() {
		if form.Digest.String() == digest {
			return form, true
		}
	}
	return nil, false
}

// viewOf is a form in the reader's language, with no answer.
func viewOf(l *web.Words, f consent.Form) formView {
	d := formView{Title: text(l, f.Title), Intro: text(l, f.Intro), Version: f.Version}
	for _, q := range f.Questions {
		d.Questions = append(d.Questions, questionView{ID: q.ID, Field: answerField(q.ID), Text: text(l, q.Text), Help: text(l, q.Help), NamesDisease: q.Scope == consent.Diseases})
	}
	for _, b := range f.Bases {
		d.Bases = append(d.Bases, basisView{b.Permission, b.Ground, b.Default == consent.In, text(l, b.Law)})
	}
	return d
}

// names are diseases in the reader's language.
func names(l *web.Words, q consent.Question, codes []string) (all []string) {
	for _, d := range q.Diseases {
		if slices.Contains(codes, d.Code) {
			all = append(all, text(l, d.Name))
		}
	}
	return all
}

// save records the answers that differ from what the visitor said last. A yes about diseases leads to a step where they are chosen.
func (p *room) save(w http.ResponseWriter, r *http.Request, v visit) int {
	ctx, l := r.Context(), p.pages.Words(r)
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	form := p.consents.InForce()
	if form == nil || f.Get("form") != form.Digest.String() {
		f.Fault(l, fault.New(fault.Conflict, "another form is in force").Say("consent.form.past"))
		return p.mine(w, r, v, f)
	}
	history, err := p.consents.History(ctx, v.who.Number)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	last, any := latest(history, v.guardian), false
	asked := !v.Child() && cameOfAge(v.who, p.now(), history)
	var answers []consent.Answer
	for _, q := range form.Questions {
		choice := f.Get(answerField(q.ID))
		if choice != "yes" && choice != "no" {
			continue
		}
		any = true
		a := consent.Answer{Question: q.ID, Allow: choice == "yes"}
		if a.Allow && q.Scope == consent.Diseases {
			if a.Diseases = f.All(diseaseField(q.ID)); len(a.Diseases) == 0 {
				return p.step(w, r, v, form, q, f)
			}
			slices.Sort(a.Diseases)
		}
		said, there := last[q.Permission]
		same := there && (said.Kind == consent.Given) == a.Allow && (!a.Allow || said.Form == form.Digest.String() && slices.Equal(said.Diseases, a.Diseases))
		if !same || asked {
			answers = append(answers, a)
		}
	}
	if !any {
		f.Wrong("", l.Must("my.none"))
		return p.mine(w, r, v, f)
	}
	if len(answers) == 0 {
		return web.SeeOther(w, r, v.At()+"?said=same")
	}
	var number string
	err = p.options.DB.Write(ctx, func(tx *storage.Tx) (err error) {
		number, err = p.consents.Fill(ctx, tx, v.actor(), consent.Filled{Individual: v.who.Number, Form: form.Digest, Answers: answers, Guardian: v.guardian})
		return err
	})
	if err != nil {
		if !p.took(r, f, err) {
			return p.pages.Fail(w, r, err)
		}
		return p.mine(w, r, v, f)
	}
	return web.SeeOther(w, r, v.At("receipts", number))
}

// stepData is the step in which diseases are chosen, with the other answers kept.
type stepData struct {
	visit
	Digest   string
	Question questionView
	Field    string
	Options  []web.Option
	Kept     []kept
}

type kept struct{ Name, Value string }

// step asks which diseases a yes is about. The first time it is shown nothing is chosen, and nothing is wrong either.
func (p *room) step(w http.ResponseWriter, r *http.Request, v visit, form *consent.Enacted, q consent.Question, f *web.Form) int {
	l := p.pages.Words(r)
	d := stepData{visit: v, Digest: form.Digest.String(), Field: diseaseField(q.ID)}
	for i, one := range form.Questions {
		if one.ID == q.ID {
			d.Question = viewOf(l, form.Form).Questions[i]
		}
		if choice := f.Get(answerField(one.ID)); choice != "" {
			d.Kept = append(d.Kept, kept{answerField(one.ID), choice})
		}
	}
	for _, one := range q.Diseases {
		d.Options = append(d.Options, web.Option{Value: one.Code, Text: text(l, one.Name)})
	}
	if f.Get("step") == "chosen" {
		f.Wrong(d.Field, l.Must("my.diseases.none"))
	}
	return p.pages.Render(w, r, web.Page{Name: "diseases", Title: l.Must("my.diseases.title"), Station: "use", Form: f, Data: d})
}

// diseases is the same step for who has answered yes before.
func (p *room) diseases(w http.ResponseWriter, r *http.Request, v visit) int {
	form := p.consents.InForce()
	if form == nil {
		return p.site.NotFound(w, r)
	}
	i := slices.IndexFunc(form.Questions, func(q consent.Question) bool { return q.Scope == consent.Diseases })
	if i < 0 {
		return p.site.NotFound(w, r)
	}
	history, err := p.consents.History(r.Context(), v.who.Number)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	q, f := form.Questions[i], web.NewForm()
	f.Set(answerField(q.ID), "yes")
	f.Set(diseaseField(q.ID), latest(history, v.guardian)[q.Permission].Diseases...)
	return p.step(w, r, v, form, q, f)
}

func (p *room) withdrawForm(w http.ResponseWriter, r *http.Request, v visit) int {
	l := p.pages.Words(r)
	return p.pages.Render(w, r, web.Page{Name: "withdraw", Title: l.Must("my.withdraw.title"), Station: "use",
		Data: struct {
			visit
			Allows []consent.Permission
		}{v, p.consents.Allows(v.who.Number)}})
}

// withdraw says no to everything, also to what was never asked.
func (p *room) withdraw(w http.ResponseWriter, r *http.Request, v visit) int {
	var number string
	err := p.options.DB.Write(r.Context(), func(tx *storage.Tx) (err error) {
		number, err = p.consents.Withdraw(r.Context(), tx, v.actor(), consent.Withdrawal{Individual: v.who.Number, Guardian: v.guardian})
		return err
	})
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	return web.SeeOther(w, r, v.At("receipts", number))
}

type receiptData struct {
	visit
	consent.Receipt
	Lines   []string
	Choices []recordView
	Phone   string
}

// receipt is shown to whoever it is about. Another's is as absent as one that never was.
func (p *room) receipt(w http.ResponseWriter, r *http.Request, v visit) int {
	ctx, l := r.Context(), p.pages.Words(r)
	one, err := p.consents.Receipt(ctx, r.PathValue("number"))
	if err == nil && one.Individual != v.who.Number {
		err = fault.New(fault.NotFound, "the receipt is another's")
	}
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	var before []consent.Used
	if len(one.Stopped) > 0 {
		if before, err = p.before(ctx, v.who.Number, one); err != nil {
			return p.pages.Fail(w, r, err)
		}
	}
	for i := range before {
		before[i].Organisation = p.organisation(ctx, l, before[i].Organisation)
	}
	d := receiptData{visit: v, Receipt: one, Phone: p.options.Phone}
	d.Recorded = one.Recorded.In(p.zone())
	d.Lines = one.Lines(l.Code, before, func(t time.Time) string { return l.Day(t.In(p.zone())) })
	d.Lines = d.Lines[1:]                              // its number is the page's heading
	if p.options.Uses == nil && len(one.Stopped) > 0 { // without a ledger nothing is known of what was before
		d.Lines = append(d.Lines[:len(d.Lines)-1], l.Must("my.receipt.unknown"))
	}
	for _, c := range one.Choices {
		d.Choices = append(d.Choices, p.record(l, v, c))
	}
	return p.pages.Render(w, r, web.Page{Name: "receipt", Title: l.Must("my.receipt.title", one.Number), Station: "use", Data: d})
}

// decidedView is who decided something, as a mandate has it.
type decidedView struct {
	There                 bool
	Body, Number, Link    string
	Votes                 mandate.Votes
	Patients, Present, Of int
	From                  time.Time
}

func (p *room) decided(l *web.Words, m mandate.Mandate) decidedView {
	d := decidedView{There: true, Body: m.BodyName[l.Code], Number: m.Number, Link: p.decision(Decision{m.Network, m.Body, m.Number, m.Decision}), Votes: m.Votes, Present: m.Quorum.Present, Of: m.Quorum.Of,
		From: m.InForce.In(p.zone())}
	for _, code := range consent.Languages {
		if d.Body == "" {
			d.Body = m.BodyName[code]
		}
	}
	for _, s := range m.Quorum.Sectors {
		if s.Sector == "patient" {
			d.Patients = s.Present
		}
	}
	return d
}
