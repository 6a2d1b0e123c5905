package web

import (
	"context"
	"crypto/rand"
	"embed"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/samverk/samverk/account/openid"
	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
)

//go:embed all:pages messages
var files embed.FS

// Options are what the pages are given. What is nil isn't there, and nobody may do it.
type Options struct {
	DB      *storage.DB
	URL     string    // what the site's addresses begin with: a provider leads back there
	Secure  bool      // browsers come over TLS
	Region  string    // whose node it is, as people call it
	Country string    // while no form is in force; "" is SE
	Phone   string    // for who would rather talk
	Rand    io.Reader // the source of randomness; the system's when nil

	Providers []Provider
	Level     individual.Level  // of assurance that the node requires; zero is substantial
	As        []Persona         // whom anybody may be, in a demonstration
	Regions   func() []web.Link // where patients sign in when nobody's data are here: at their own region's node. nil: here

	Uses     func(ctx context.Context, who individual.Number, before uint64, limit int) ([]Use, error) // the latest first
	Prove    func(ctx context.Context, who individual.Number, index uint64) (Proof, error)
	Decision func(Decision) string // the address of a decision; "" where it isn't here

	Organisation func(ctx context.Context, lang, id string) string // a name; the id for one that isn't known. nil: ids

	FHIR func(ctx context.Context, who individual.Individual) ([]byte, error) // what stands about an individual, as HL7 FHIR

	Steward func(*http.Request) bool
	Looked  func(r *http.Request, who individual.Number, why string) error // records that a steward looks at an individual

	Network func(lang, slug string) (n *web.Network, country string, ok bool) // a root network
	Editor  func(r *http.Request, slug string) bool
}

// Decision is how mandates and the ledger name a decision; its id is only in a mandate.
type Decision struct{ Network, Body, Number, ID string }

// decisionOf reads how a leaf of the ledger names a decision: its number, perhaps with its network and body before it.
func decisionOf(ref string) Decision {
	parts := strings.Split(ref, "/")
	d := Decision{Number: parts[len(parts)-1]}
	if len(parts) == 3 {
		d.Network, d.Body = parts[0], parts[1]
	}
	return d
}

// Provider is where patients sign in. Level is what its acr values stand for.
type Provider struct {
	openid.Provider
	Level individual.Level
}

// Persona is an individual whom anybody may sign in as, in a demonstration.
type Persona struct {
	Individual string // the region's id
	Name       string
	Is         consent.Text
}

// room is the pages.
type room struct {
	consents *consent.Consents
	people   *individual.Register
	table    *route.Table
	site     *web.Site
	pages    *web.Pages
	options  Options
	entries  []entry
}

// entry is a provider that can be spoken with.
type entry struct {
	*openid.Client
	level individual.Level
}

// Register puts the pages into the table.
func Register(t *route.Table, site *web.Site, consents *consent.Consents, people *individual.Register, o Options) error {
	pages, err := site.Room(files)
	if err != nil {
		return err
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.Level == 0 {
		o.Level = individual.Substantial
	}
	p := &room{consents: consents, people: people, table: t, site: site, pages: pages, options: o}
	for _, one := range o.Providers {
		if len(one.ACR) == 0 || one.Level == 0 {
			return fault.New(fault.Invalid, "provider %.40q: how surely patients are to be recognised isn't said", one.Name).Where("acr").
				Do("name the acr values that are enough, and the level they stand for")
		}
		c, err := openid.New(one.Provider, o.URL+"/my/sign-in/at/"+one.Name+"/back", openid.Options{Now: o.DB.Now})
		if err != nil {
			return err
		}
		if slices.ContainsFunc(p.entries, func(e entry) bool { return e.Name == one.Name }) {
			return fault.New(fault.Invalid, "there are two providers %q", one.Name).Where("name")
		}
		p.entries = append(p.entries, entry{c, one.Level})
	}
	p.own(t)
	p.staff(t)
	p.forms(t)
	return nil
}

// own are the patient's pages.
func (p *room) own(t *route.Table) {
	add := func(method, pattern string, who route.Caller, does string, serve func(http.ResponseWriter, *http.Request) int) {
		t.Add(route.Route{Method: method, Pattern: pattern, Who: who, Does: does, Serve: serve})
	}
	add("GET", "/my/sign-in", route.Anyone, "Shows where a patient signs in.", p.signInPage)
	add("POST", "/my/sign-in/with/{provider}", route.Anyone, "Begins a patient's sign-in at a provider and leads there.", p.start)
	add("GET", "/my/sign-in/at/{provider}/back", route.Anyone, "Takes a provider's answer about a patient.", p.finish)
	if len(p.options.As) > 0 {
		add("POST", "/my/sign-in/as", route.Anyone, "Signs in as one of the demonstration's patients.", p.signInAs)
	}
	add("POST", "/my/sign-out", route.Anyone, "Ends a patient's session in this browser.", p.signOut)
	add("GET", "/my", route.Patient, "Leads a patient to their page, or lets a guardian choose for whom they act.", p.session(p.choose))
	mine := func(method, path, does string, page func(http.ResponseWriter, *http.Request, visit) int) {
		add(method, "/my/{for}"+path, route.Patient, does, p.visit(page))
	}
	mine("GET", "", "Shows what an individual allows, and what their data were used for.", p.my)
	mine("POST", "/choices", "Saves an individual's answers on the form in force.", p.save)
	mine("GET", "/diseases", "Shows which diseases a yes to research is about.", p.diseases)
	mine("GET", "/receipts/{number}", "Shows a receipt.", p.receipt)
	mine("GET", "/withdraw", "Asks whether every yes is to be withdrawn.", p.withdrawForm)
	mine("POST", "/withdraw", "Withdraws every yes.", p.withdraw)
	mine("GET", "/uses", "Lists what an individual's data were used for, as a page, CSV or JSON.", p.uses)
	mine("GET", "/uses/{index}", "Shows one use and its proof.", p.use)
	mine("GET", "/restrictions", "Lists an individual's blocks, opt-outs and reservations, as a page, CSV or JSON.", p.restrictions)
	mine("POST", "/restrictions", "Sets a block, an opt-out or a reservation.", p.restrict)
	mine("GET", "/restrictions/{id}", "Asks whether a restriction is to be lifted.", p.liftForm)
	mine("POST", "/restrictions/{id}", "Lifts a restriction.", p.lift)
	mine("GET", "/history", "Lists what was chosen, by whom and when, as a page, CSV or JSON.", p.history)
	mine("GET", "/data", "Gives all of it as one JSON file.", p.everything)
	if p.options.FHIR != nil {
		mine("GET", "/fhir", "Gives what stands as a file of HL7 FHIR R4 Consent.", p.fhir)
	}
}

// took shows in a form what a room refused, also to whom it isn't allowed; false when that is none of the form's.
func (p *room) took(r *http.Request, f *web.Form, err error) bool {
	l := p.pages.Words(r)
	if f.Fault(l, err) {
		return true
	}
	var e *fault.Error
	if !errors.As(err, &e) || e.Kind != fault.Denied || !l.Has("fault."+e.Code) {
		return false
	}
	text := l.Must("fault."+e.Code, e.Args...)
	if l.Has("fault." + e.Code + ".do") {
		text += ". " + l.Must("fault."+e.Code+".do", e.Args...)
	}
	f.Wrong("", text)
	return true
}

// country is whose law and clock hold here.
func (p *room) country() string {
	if form := p.consents.InForce(); form != nil {
		return form.Country
	}
	if p.options.Country != "" {
		return p.options.Country
	}
	return "SE"
}

var zones = map[string]string{"SE": "Europe/Stockholm", "NO": "Europe/Oslo", "DK": "Europe/Copenhagen", "FI": "Europe/Helsinki", "IS": "Atlantic/Reykjavik"}

// zone is where days begin.
func (p *room) zone() *time.Location {
	if z, err := time.LoadLocation(zones[p.country()]); err == nil {
		return z
	}
	return time.UTC
}

func (p *room) now() time.Time { return p.options.DB.Now().In(p.zone()) }

// decision is the address of a decision, "" where it isn't here.
func (p *room) decision(d Decision) string {
	if p.options.Decision == nil || d.Number == "" {
		return ""
	}
	return p.options.Decision(d)
}

// text gives a text in the reader's language.
func text(l *web.Words, t consent.Text) string { return t[l.Code] }
