package web

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
)

func codeOf(err error) string {
	var e *fault.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// restrictionView is a block, an opt-out or a reservation as a page shows it.
type restrictionView struct {
	consent.Restriction
	By   string // "you", "they", "guardian" or "staff"
	Lift string // where it can be lifted; "" when the visitor can't
}

func (p *room) restriction(l *web.Words, v visit, one consent.Restriction) restrictionView {
	d := restrictionView{Restriction: one, By: by(v, consent.Record{By: one.By})}
	d.Ground = ground(l, one.Kind, one.Ground)
	d.When, d.Lifted = one.When.In(p.zone()), one.Lifted
	if !d.Lifted.IsZero() {
		d.Lifted = d.Lifted.In(p.zone())
	}
	if one.Lifted.IsZero() && p.mayLift(v, one) {
		d.Lift = v.At("restrictions", one.ID)
	}
	return d
}

// ground names a provision as the reader knows it: a law of the Union has a name in each language, a country's own has one.
func ground(l *web.Words, kind consent.RestrictionKind, written string) string {
	if kind == consent.OptOut && written == kind.GroundIn("") {
		return l.Must("my.ground.ehds")
	}
	return written
}

// mayLift tells whether the visitor may lift a restriction: whoever is of age any of their own; a guardian and a child only what they set
// themselves. A no that another party wants is a no.
func (p *room) mayLift(v visit, one consent.Restriction) bool {
	switch {
	case v.Child():
		return one.By == aGuardian && one.Guardian == v.guardian
	case v.who.Adult(p.now()):
		return true
	}
	return one.By == themselves
}

// kinds are which restrictions the visitor may set, each with its ground in the law of the country. A guardian may not block a
// child's records in Sweden (patientdatalagen 4 kap. 4 §).
func (p *room) kinds(v visit) (all []consent.RestrictionKind) {
	for _, k := range []consent.RestrictionKind{consent.Block, consent.OptOut, consent.Reservation} {
		if k.GroundIn(p.country()) == "" || k == consent.Block && v.Child() && p.country() == "SE" {
			continue
		}
		all = append(all, k)
	}
	return all
}

type restrictionsData struct {
	visit
	Standing, Lifted []restrictionView
	Options          []web.Option
	Form             *web.Form
	Said             string
}

func (p *room) restrictions(w http.ResponseWriter, r *http.Request, v visit) int {
	format, err := web.FormatOf(r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	if format == "" {
		return p.restrictionsPage(w, r, v, web.NewForm())
	}
	all, err := p.consents.Restrictions(r.Context(), v.who.Number)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	e := web.NewExport(w, format, "restrictions", "id", "kind", "purposes", "ground", "by", "from", "lifted")
	for _, one := range all {
		if err := e.Row(restrictionRow(v, one)...); err != nil {
			e.Cut()
			return p.pages.Fail(w, r, err)
		}
	}
	return e.End()
}

func restrictionRow(v visit, one consent.Restriction) []any {
	var lifted any
	if !one.Lifted.IsZero() {
		lifted = one.Lifted.UTC()
	}
	return []any{one.ID, one.Kind, one.Purposes, one.Ground, by(v, consent.Record{By: one.By}), one.When.UTC(), lifted}
}

func (p *room) restrictionsPage(w http.ResponseWriter, r *http.Request, v visit, f *web.Form) int {
	l := p.pages.Words(r)
	all, err := p.consents.Restrictions(r.Context(), v.who.Number)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	d := restrictionsData{visit: v, Form: f}
	if said := "my.said." + r.URL.Query().Get("said"); l.Has(said) {
		d.Said = l.Must(said)
	}
	for _, one := range slices.Backward(all) {
		if view := p.restriction(l, v, one); view.Lifted.IsZero() {
			d.Standing = append(d.Standing, view)
		} else {
			d.Lifted = append(d.Lifted, view)
		}
	}
	for _, k := range p.kinds(v) {
		d.Options = append(d.Options, web.Option{Value: string(k), Text: l.Must("my.kind." + string(k)),
			Help: l.Must("my.kind."+string(k)+".help") + " " + l.Must("my.restriction.ground", ground(l, k, k.GroundIn(p.country())))})
	}
	return p.pages.Render(w, r, web.Page{Name: "restrictions", Title: l.Must("my.restrictions.title"), Station: "use", Form: f, Data: d})
}

func (p *room) restrict(w http.ResponseWriter, r *http.Request, v visit) int {
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	kind := consent.RestrictionKind(f.Get("kind"))
	if !slices.Contains(p.kinds(v), kind) {
		f.Wrong("kind", p.pages.Words(r).Must("my.restriction.choose"))
		return p.restrictionsPage(w, r, v, f)
	}
	err = p.options.DB.Write(r.Context(), func(tx *storage.Tx) error {
		_, err := p.consents.Restrict(r.Context(), tx, v.actor(), consent.Restriction{Individual: v.who.Number, Kind: kind, Ground: kind.GroundIn(p.country()), Guardian: v.guardian})
		return err
	})
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	return web.SeeOther(w, r, v.At("restrictions")+"?said=set")
}

// ofTheirs finds a restriction of the individual's that the visitor may lift.
func (p *room) ofTheirs(r *http.Request, v visit) (consent.Restriction, error) {
	all, err := p.consents.Restrictions(r.Context(), v.who.Number)
	if err != nil {
		return consent.Restriction{}, err
	}
	for _, one := range all {
		if one.ID == r.PathValue("id") && one.Lifted.IsZero() && p.mayLift(v, one) {
			return one, nil
		}
	}
	return consent.Restriction{}, fault.New(fault.NotFound, "there is no such restriction")
}

func (p *room) liftForm(w http.ResponseWriter, r *http.Request, v visit) int {
	l := p.pages.Words(r)
	one, err := p.ofTheirs(r, v)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	return p.pages.Render(w, r, web.Page{Name: "lift", Title: l.Must("my.lift.title"), Station: "use", Data: struct {
		visit
		One restrictionView
	}{v, p.restriction(l, v, one)}})
}

func (p *room) lift(w http.ResponseWriter, r *http.Request, v visit) int {
	one, err := p.ofTheirs(r, v)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	if err := p.options.DB.Write(r.Context(), func(tx *storage.Tx) error {
		if v.Child() {
			return p.consents.LiftAsGuardian(r.Context(), tx, v.guardian, one.ID)
		}
		return p.consents.Lift(r.Context(), tx, v.actor(), "", one.ID)
	}); err != nil {
		return p.pages.Fail(w, r, err)
	}
	return web.SeeOther(w, r, v.At("restrictions")+"?said=lifted")
}

// recordView is a choice as a page shows it.
type recordView struct {
	When, Recorded time.Time
	What           consent.Permission
	Question       string
	Kind           consent.Kind
	By, Version    string
	Diseases       []string
	Receipt        string
}

func (p *room) record(l *web.Words, v visit, c consent.Record) recordView {
	d := recordView{When: c.When.In(p.zone()), Recorded: c.Recorded.In(p.zone()), What: consent.Permission(c.Purpose), Kind: c.Kind, By: by(v, c), Diseases: c.Diseases, Receipt: c.Receipt}
	if form, ok := p.formOf(c.Form); ok {
		d.Version = form.Version
		for _, q := range form.Questions {
			if q.ID == c.Question {
				d.Question, d.Diseases = text(l, q.Text), names(l, q, c.Diseases)
			}
		}
	}
	return d
}

type historyData struct {
	visit
	Records  []recordView
	Receipts []consent.Receipt
	More     bool
}

// historyShown is how many choices the page lists; the files have all.
const historyShown = 200

func (p *room) history(w http.ResponseWriter, r *http.Request, v visit) int {
	ctx, l := r.Context(), p.pages.Words(r)
	format, err := web.FormatOf(r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	all, err := p.consents.History(ctx, v.who.Number)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	if format != "" {
		e := web.NewExport(w, format, "choices", "when", "recorded", "permission", "choice", "scope", "diseases", "by", "form", "question", "document", "receipt")
		for _, c := range all {
			if err := e.Row(c.When.UTC(), c.Recorded.UTC(), c.Purpose, c.Kind, c.Scope, c.Diseases, by(v, c), c.Form, c.Question, c.Document, c.Receipt); err != nil {
				e.Cut()
				return p.pages.Fail(w, r, err)
			}
		}
		return e.End()
	}
	d := historyData{visit: v, More: len(all) > historyShown}
	for _, c := range slices.Backward(all) {
		if len(d.Records) < historyShown {
			d.Records = append(d.Records, p.record(l, v, c))
		}
	}
	if d.Receipts, err = p.consents.Receipts(ctx, v.who.Number); err != nil {
		return p.pages.Fail(w, r, err)
	}
	for i := range d.Receipts {
		d.Receipts[i].Recorded = d.Receipts[i].Recorded.In(p.zone())
	}
	return p.pages.Render(w, r, web.Page{Name: "history", Title: l.Must("my.history.title"), Station: "use", Data: d})
}

// everything is all that is kept about an individual here and that a patient can read: choices, receipts, restrictions, uses.
func (p *room) everything(w http.ResponseWriter, r *http.Request, v visit) int {
	ctx := r.Context()
	choices, err := p.consents.History(ctx, v.who.Number)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	receipts, err := p.consents.Receipts(ctx, v.who.Number)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	restrictions, err := p.consents.Restrictions(ctx, v.who.Number)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	file := everythingFile{Format: "samverk patient data 1", Made: p.options.DB.Now().UTC(), Individual: v.who.ID, Sex: v.who.Sex.String(), Allows: p.consents.Allows(v.who.Number),
		Choices: []choiceFile{}, Receipts: []receiptFile{}, Restrictions: []restrictionFile{}, Uses: []useFile{}}
	if !v.who.Born.IsZero() {
		file.Born = v.who.Born.Format(time.DateOnly)
	}
	for _, c := range choices {
		file.Choices = append(file.Choices, choiceFile{c.When.UTC(), c.Recorded.UTC(), consent.Permission(c.Purpose), c.Kind, c.Scope, c.Diseases, by(v, c), c.Form, c.Question, c.Document, c.Receipt})
	}
	for _, one := range receipts {
		file.Receipts = append(file.Receipts, receiptFile{one.Number, one.Recorded.UTC(), one.Epoch, one.Stopped, one.Began})
	}
	for _, one := range restrictions {
		f := restrictionFile{ID: one.ID, Kind: one.Kind, Purposes: one.Purposes, Ground: one.Ground, By: by(v, consent.Record{By: one.By}), From: one.When.UTC()}
		if !one.Lifted.IsZero() {
			at := one.Lifted.UTC()
			f.Lifted = &at
		}
		file.Restrictions = append(file.Restrictions, f)
	}
	if err := p.eachUse(ctx, v.who.Number, func(u Use) error {
		file.Uses = append(file.Uses, useFile{u.Index, u.Time.UTC(), u.Organisation, u.Role, u.Purpose, u.Conditions, u.Question, u.Decision, u.Of, u.Were})
		return nil
	}); err != nil {
		return p.pages.Fail(w, r, err)
	}
	return sendJSON(w, "my-data", file)
}

// fhir is what stands about an individual, for other systems of health care.
func (p *room) fhir(w http.ResponseWriter, r *http.Request, v visit) int {
	b, err := p.options.FHIR(r.Context(), v.who)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	return send(w, "my-choices.fhir", "application/fhir+json", b)
}

type everythingFile struct {
	Format       string               `json:"format"`
	Made         time.Time            `json:"made"`
	Individual   string               `json:"individual"`
	Sex          string               `json:"sex"`
	Born         string               `json:"born,omitempty"`
	Allows       []consent.Permission `json:"allows"`
	Choices      []choiceFile         `json:"choices"`
	Receipts     []receiptFile        `json:"receipts"`
	Restrictions []restrictionFile    `json:"restrictions"`
	Uses         []useFile            `json:"uses"`
}

type choiceFile struct {
	When       time.Time          `json:"when"`
	Recorded   time.Time          `json:"recorded"`
	Permission consent.Permission `json:"permission"`
	Choice     consent.Kind       `json:"choice"`
	Scope      consent.Scope      `json:"scope,omitempty"`
	Diseases   []string           `json:"diseases,omitempty"`
	By         string             `json:"by"`
	Form       string             `json:"form,omitempty"`
	Question   string             `json:"question,omitempty"`
	Document   string             `json:"document,omitempty"`
	Receipt    string             `json:"receipt,omitempty"`
}

type receiptFile struct {
	Number   string               `json:"number"`
	Recorded time.Time            `json:"recorded"`
	Epoch    uint64               `json:"epoch"`
	Stopped  []consent.Permission `json:"stopped,omitempty"`
	Began    []consent.Permission `json:"began,omitempty"`
}

type restrictionFile struct {
	ID       string                  `json:"id"`
	Kind     consent.RestrictionKind `json:"kind"`
	Purposes []consent.Purpose       `json:"purposes"`
	Ground   string                  `json:"ground"`
	By       string                  `json:"by"`
	From     time.Time               `json:"from"`
	Lifted   *time.Time              `json:"lifted,omitempty"`
}

type useFile struct {
	Index        uint64          `json:"index"`
	Time         time.Time       `json:"time"`
	Organisation string          `json:"organisation"`
	Role         string          `json:"role,omitempty"`
	Purpose      consent.Purpose `json:"purpose"`
	Conditions   string          `json:"conditions,omitempty"`
	Question     string          `json:"question,omitempty"`
	Decision     string          `json:"decision,omitempty"`
	Counted      uint64          `json:"counted"`
	Were         Were            `json:"were_you_counted"`
}
