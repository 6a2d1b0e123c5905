package web

import (
	"strconv"
	"strings"
	"time"

	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
)

func (p *room) agreements() []route.Route {
	const at = "/n/{network}/agreements"
	return []route.Route{
		get(at, route.Anyone, "Lists the agreements one may see, the one to be looked at soonest first, as a page, CSV or JSON.", p.in((*visit).listAgreements)),
		get(at+"/{id}", route.Anyone, "Shows an agreement.", p.in((*visit).agreement)),
		get(at+"/new", route.Coordinator, "Shows the form for a new agreement.", p.in((*visit).newAgreement)),
		post(at+"/new", route.Coordinator, "Adds an agreement.", p.posted((*visit).addAgreement)),
		get(at+"/{id}/edit", route.Coordinator, "Shows the form for an agreement.", p.in((*visit).editAgreement)),
		post(at+"/{id}/edit", route.Coordinator, "Changes an agreement.", p.posted((*visit).saveAgreement)),
		post(at+"/{id}/close", route.Coordinator, "Ends an agreement.", p.posted((*visit).closeAgreement)),
		get("/n/{network}/rates", route.Member, "Lists what engagements are paid, from when.", p.in((*visit).rates)),
		post("/n/{network}/rates", route.Coordinator, "Says what is paid from a day on.", p.posted((*visit).setRate)),
	}
}

// agreementRow is an agreement in a list.
type agreementRow struct {
	Title  said
	Kind   string
	Link   string
	In     said
	Term   string
	Review time.Time
	Closed bool
	Late   bool
	raw    network.Agreement
}

func (v *visit) agreementRow(g network.Agreement) agreementRow {
	n, _ := v.network.Tree().Network(g.Network)
	z := v.zone(g.Network)
	row := agreementRow{Title: said{g.Title, g.Lang}, Kind: v.l.Must("agreement.kind." + string(g.Kind)), Link: v.at("agreements/" + g.ID), In: v.say(n.Name),
		Term: v.l.Days(g.From.In(z), lastDay(g.To, z)), Closed: !g.Closed.IsZero(), raw: g}
	if !g.Review.IsZero() && !row.Closed {
		row.Review = g.Review.In(z)
		row.Late = g.Review.Before(v.network.Now())
	}
	return row
}

func (v *visit) listAgreements() int {
	var rows []agreementRow
	keeps, member := false, false
	err := v.look(func(tx *storage.Tx, a network.Access) error {
		keeps, member = v.keeps(a), a.Registered(v.n.ID)
		all, err := v.network.Agreements(v.ctx(), tx, a, v.n.ID)
		for _, g := range all {
			rows = append(rows, v.agreementRow(g))
		}
		return err
	})
	if err != nil {
		return v.fail(err)
	}
	if status, done := v.export("agreements", []string{"id", "title", "kind", "network", "parties", "from", "to", "review", "closed"}, func(add func(...any) error) error {
		for _, g := range rows {
			parties := make([]string, len(g.raw.Parties))
			for i, p := range g.raw.Parties {
				parties[i] = string(p)
			}
			if err := add(g.raw.ID, g.raw.Title, g.raw.Kind, g.In.Text, strings.Join(parties, "; "), moment(g.raw.From), moment(g.raw.To), moment(g.raw.Review), moment(g.raw.Closed)); err != nil {
				return err
			}
		}
		return nil
	}); done {
		return status
	}
	title := v.l.Must("agreements.title")
	return v.show(web.Page{Name: "agreements", Title: title, Crumbs: v.crumbs(title, ""), Data: map[string]any{
		"Rows": rows, "Keeps": keeps, "Member": member, "New": v.at("agreements/new"), "Rates": v.at("rates"), "Now": v.network.Now()}}, nil)
}

// theAgreement finds the agreement of the address, if it is of this tenant.
func (v *visit) theAgreement(tx *storage.Tx, a network.Access) (network.Agreement, error) {
	g, err := v.network.Agreement(v.ctx(), tx, a, v.r.PathValue("id"))
	if err == nil && g.Root != v.n.ID {
		err = absent()
	}
	return g, err
}

func (v *visit) agreement() int {
	v.filled()
	return v.show(v.agreementPage())
}

func (v *visit) agreementPage() (web.Page, error) {
	var g network.Agreement
	var parties []organisationRow
	var rates []rateRow
	keeps := false
	err := v.look(func(tx *storage.Tx, a network.Access) (err error) {
		if g, err = v.theAgreement(tx, a); err != nil {
			return err
		}
		keeps = a.Coordinates(g.Network) && g.Closed.IsZero()
		for _, id := range g.Parties {
			o, err := v.network.Organisation(v.ctx(), tx, id)
			if err != nil {
				return err
			}
			parties = append(parties, v.organisationRow(o))
		}
		if g.Kind == network.Engagement && a.Registered(v.n.ID) {
			rates, err = v.rateRows(tx, true)
		}
		return err
	})
	if err != nil {
		return web.Page{}, err
	}
	row := v.agreementRow(g)
	person := ""
	if g.Name != "" {
		person = v.at("people/" + string(g.Person))
	}
	return web.Page{Name: "agreement", Title: g.Title, Crumbs: v.crumbs(v.l.Must("agreements.title"), "agreements", g.Title, ""), Data: map[string]any{
		"Form": v.form, "Row": row, "Text": said{g.Text, g.Lang}, "Parties": parties, "Name": g.Name, "Person": person, "Rates": rates, "Keeps": keeps, "Now": v.network.Now(),
		"Edit": row.Link + "/edit", "Close": row.Link + "/close", "Version": strconv.FormatInt(g.Version, 10), "Visibility": v.l.Must("visibility." + string(g.Visibility)), "RatesLink": v.at("rates"),
	}}, nil
}

func (v *visit) agreementForm(title, back string, networks []web.Option, now []theirs) (web.Page, error) {
	var orgs, people []web.Option
	err := v.look(func(tx *storage.Tx, a network.Access) (err error) {
		if !v.keeps(a) {
			return denied()
		}
		if orgs, err = v.organisationOptions(tx); err != nil {
			return err
		}
		people, err = v.engaged(tx, a)
		return err
	})
	return web.Page{Name: "agreement-edit", Title: title, Crumbs: v.crumbs(v.l.Must("agreements.title"), "agreements", title, ""), Data: map[string]any{
		"Form": v.form, "Title": title, "Back": back, "Networks": networks, "Organisations": orgs, "People": people, "Now": now,
		"Kinds": options(v, "agreement.kind.", []network.AgreementKind{network.Partnership, network.Engagement}), "Langs": options(v, "lang.name.", []string{"sv", "nb", "en"}),
		"Visibilities": options(v, "visibility.", []network.Visibility{network.NetworkOnly, network.Public}),
	}}, err
}

// engaged lists whom an agreement may be with: who it is with already, and those of the name that was typed.
func (v *visit) engaged(tx *storage.Tx, a network.Access) ([]web.Option, error) {
	out := []web.Option{{Text: v.l.Must("agreement.nobody")}}
	if id := network.PersonID(v.form.Get("person")); id != "" {
		p, err := v.network.SeesPerson(v.ctx(), tx, a, v.n.ID, id)
		if err == nil {
			out = append(out, web.Option{Value: string(id), Text: p.Name})
		}
	}
	found, err := v.find(tx, a, v.form.Get("q"), nil)
	for _, o := range found {
		if o.Value != v.form.Get("person") {
			out = append(out, o)
		}
	}
	return out, err
}

func (v *visit) newAgreement() int {
	networks, err := v.coordinated()
	if err != nil {
		return v.fail(err)
	}
	v.filled("kind", string(network.Partnership), "lang", v.n.Lang, "visibility", string(network.NetworkOnly), "network", string(v.n.ID))
	return v.show(v.agreementForm(v.l.Must("agreement.new"), v.at("agreements"), networks, nil))
}

func (v *visit) typedAgreement() network.Agreement {
	z := v.zone(v.n.ID)
	from, to := v.firstAndLast("from", "to", z)
	g := network.Agreement{Network: network.ID(v.form.Get("network")), Kind: network.AgreementKind(v.form.Get("kind")), Title: v.form.Get("title"), Text: v.form.Get("text"), Lang: v.form.Get("lang"),
		Person: network.PersonID(v.form.Get("person")), Visibility: network.Visibility(v.form.Get("visibility")), From: from, To: to, Review: v.day("review", z), Version: v.version()}
	for _, p := range v.form.All("parties") {
		g.Parties = append(g.Parties, network.OrganisationID(p))
	}
	return g
}

func (v *visit) addAgreement() int {
	g := v.typedAgreement()
	if n, ok := v.network.Tree().Network(g.Network); !ok || n.Root != v.n.ID {
		return v.fail(absent())
	}
	id, err := "", v.seeking()
	if err == nil {
		err = v.typed()
	}
	if err == nil {
		id, err = v.network.AddAgreement(v.ctx(), v.who, g)
	}
	return v.done(err, v.at("agreements/"+id), func() (web.Page, error) {
		networks, err := v.coordinated()
		if err != nil {
			return web.Page{}, err
		}
		return v.agreementForm(v.l.Must("agreement.new"), v.at("agreements"), networks, nil)
	})
}

// seeking stops a form whose button was the one that looks for a person.
func (v *visit) seeking() error {
	if v.form.Get("do") == "find" {
		v.form.Wrong("person", v.l.Must("agreement.choose"))
	}
	return nil
}

func (v *visit) editAgreement() int {
	g, err := v.keptAgreement()
	if err != nil {
		return v.fail(err)
	}
	z := v.zone(g.Network)
	f := v.filled("kind", string(g.Kind), "title", g.Title, "text", g.Text, "lang", g.Lang, "person", string(g.Person), "visibility", string(g.Visibility), "from", web.DateValue(g.From.In(z)),
		"to", web.DateValue(lastDay(g.To, z)), "version", strconv.FormatInt(g.Version, 10))
	if !g.Review.IsZero() {
		f.Set("review", web.DateValue(g.Review.In(z)))
	}
	for _, p := range g.Parties {
		f.Values.Add("parties", string(p))
	}
	return v.show(v.agreementForm(v.l.Must("agreement.edit"), v.at("agreements/"+g.ID), nil, nil))
}

func (v *visit) keptAgreement() (g network.Agreement, err error) {
	err = v.look(func(tx *storage.Tx, a network.Access) (err error) {
		if g, err = v.theAgreement(tx, a); err == nil && !a.Coordinates(g.Network) {
			err = denied()
		}
		return err
	})
	return g, err
}

func (v *visit) saveAgreement() int {
	g, err := v.keptAgreement()
	if err != nil {
		return v.fail(err)
	}
	next := v.typedAgreement()
	next.ID = g.ID
	_ = v.seeking()
	if err = v.typed(); err == nil {
		err = v.network.EditAgreement(v.ctx(), v.who, next)
	}
	back := v.at("agreements/" + g.ID)
	return v.done(err, back, func() (web.Page, error) {
		var now []theirs
		if conflict(err) {
			v.form.Set("version", strconv.FormatInt(g.Version, 10))
			now = []theirs{{v.l.Must("agreement.title"), g.Title}, {v.l.Must("agreement.text"), g.Text}}
		}
		return v.agreementForm(v.l.Must("agreement.edit"), back, nil, now)
	})
}

func (v *visit) closeAgreement() int {
	g, err := v.keptAgreement()
	if err != nil {
		return v.fail(err)
	}
	err = v.network.CloseAgreement(v.ctx(), v.who, g.ID, v.version())
	return v.done(err, v.at("agreements"), v.agreementPage)
}

// rateRow is an amount in words.
type rateRow struct {
	Code   string
	Amount string
	From   time.Time
	Now    bool
}

// rateRows lists what is paid; only what is in force, or all of it.
func (v *visit) rateRows(tx *storage.Tx, inForce bool) (out []rateRow, err error) {
	all, err := v.network.Rates(v.ctx(), tx, v.n.ID)
	now, seen := v.network.Now(), map[string]bool{}
	for _, x := range all {
		row := rateRow{Code: v.l.Must("rate." + x.Code), Amount: v.l.Decimal(float64(x.Amount)/100, 2) + "\u00a0" + x.Currency, From: x.From.In(v.zone(v.n.ID))}
		if key := x.Country + x.Code; !x.From.After(now) && !seen[key] {
			seen[key], row.Now = true, true
		}
		if row.Now || !inForce {
			out = append(out, row)
		}
	}
	return out, err
}

func (v *visit) rates() int {
	v.filled("currency", map[string]string{"SE": "SEK", "NO": "NOK"}[v.n.Country])
	return v.show(v.ratesPage())
}

func (v *visit) ratesPage() (web.Page, error) {
	var rows []rateRow
	keeps := false
	err := v.look(func(tx *storage.Tx, a network.Access) (err error) {
		if !a.Registered(v.n.ID) {
			return absent()
		}
		keeps = a.Coordinates(v.n.ID)
		rows, err = v.rateRows(tx, false)
		return err
	})
	title := v.l.Must("rates.title")
	return web.Page{Name: "rates", Title: title, Crumbs: v.crumbs(v.l.Must("agreements.title"), "agreements", title, ""),
		Data: map[string]any{"Form": v.form, "Rows": rows, "Keeps": keeps, "Codes": options(v, "rate.", network.RateCodes), "Here": v.at("rates")}}, err
}

func (v *visit) setRate() int {
	from := v.day("from", v.zone(v.n.ID))
	amount, err := strconv.ParseFloat(strings.ReplaceAll(strings.NewReplacer(" ", "", "\u00a0", "").Replace(v.form.Get("amount")), ",", "."), 64)
	if err != nil || amount < 0 || amount > 1e6 {
		v.form.Wrong("amount", v.l.Must("fault.network.amount"))
	}
	if err = v.typed(); err == nil {
		err = v.network.SetRate(v.ctx(), v.who, v.n.ID, network.Rate{Code: v.form.Get("code"), Amount: int64(amount*100 + .5), Currency: v.form.Get("currency"), From: from})
	}
	return v.done(err, v.at("rates"), v.ratesPage)
}
