package web

import (
	"strconv"

	"github.com/samverk/samverk/lang"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
)

func (p *room) organisations() []route.Route {
	const at = "/n/{network}/organisations"
	return []route.Route{
		get(at, route.Anyone, "Lists the parties by sector, as a page, CSV or JSON.", p.in((*visit).listOrganisations)),
		get(at+"/{id}", route.Anyone, "Shows a party: what it is part of, the seats it nominates to, its agreements.", p.in((*visit).organisation)),
		get(at+"/new", route.Coordinator, "Shows the form for a new party.", p.in((*visit).newOrganisation)),
		post(at+"/new", route.Coordinator, "Adds a party.", p.posted((*visit).addOrganisation)),
		get(at+"/{id}/edit", route.Coordinator, "Shows the form for a party.", p.in((*visit).editOrganisation)),
		post(at+"/{id}/edit", route.Coordinator, "Changes a party.", p.posted((*visit).saveOrganisation)),
		post(at+"/{id}/close", route.Coordinator, "Closes a party that nominates to no seat any more.", p.posted((*visit).closeOrganisation)),
	}
}

// organisationRow is a party in a list.
type organisationRow struct {
	Name  said
	Kind  string
	Code  string
	Link  string
	Parts []organisationRow
	raw   network.Organisation
}

type sectorGroup struct {
	Sector string
	Rows   []organisationRow
}

func (v *visit) organisationRow(o network.Organisation) organisationRow {
	return organisationRow{Name: v.say(o.Name), Kind: v.l.Must("organisation.kind." + string(o.Kind)), Code: o.Code, Link: v.at("organisations/" + string(o.ID)), raw: o}
}

// parties lists the tenant's organisations by name.
func (v *visit) parties(tx *storage.Tx) ([]organisationRow, error) {
	all, err := v.network.Organisations(v.ctx(), tx, v.n.ID)
	out := make([]organisationRow, 0, len(all))
	for _, o := range all {
		out = append(out, v.organisationRow(o))
	}
	lang.Sort(v.l, out, func(o organisationRow) string { return o.Name.Text })
	return out, err
}

func (v *visit) organisationOptions(tx *storage.Tx) ([]web.Option, error) {
	all, err := v.parties(tx)
	out := make([]web.Option, 0, len(all))
	for _, o := range all {
		out = append(out, web.Option{Value: string(o.raw.ID), Text: o.Name.Text})
	}
	return out, err
}

func (v *visit) listOrganisations() int {
	var rows []organisationRow
	keeps := false
	err := v.look(func(tx *storage.Tx, a network.Access) (err error) {
		keeps = v.keeps(a)
		rows, err = v.parties(tx)
		return err
	})
	if err != nil {
		return v.fail(err)
	}
	if status, done := v.export("organisations", []string{"id", "name", "kind", "sector", "code", "part_of", "web"}, func(add func(...any) error) error {
		for _, o := range rows {
			if err := add(o.raw.ID, o.Name.Text, o.raw.Kind, o.raw.Sector, o.Code, o.raw.Parent, o.raw.Web); err != nil {
				return err
			}
		}
		return nil
	}); done {
		return status
	}
	title := v.l.Must("organisations.title")
	return v.show(web.Page{Name: "organisations", Title: title, Public: true, Crumbs: v.crumbs(title, ""),
		Data: map[string]any{"Groups": bySector(rows), "Count": len(rows), "Keeps": keeps, "New": v.at("organisations/new")}}, nil)
}

// keeps tells whether the reader coordinates any network of the tenant.
func (v *visit) keeps(a network.Access) bool {
	for _, n := range v.network.Tree().Down(v.n.ID) {
		if a.Coordinates(n.ID) {
			return true
		}
	}
	return false
}

// bySector puts parties under their sectors, and those that are part of another under that one.
func bySector(rows []organisationRow) (out []sectorGroup) {
	there := map[network.OrganisationID]bool{}
	parts := map[network.OrganisationID][]organisationRow{}
	for _, o := range rows {
		there[o.raw.ID] = true
	}
	for _, o := range rows {
		if there[o.raw.Parent] {
			parts[o.raw.Parent] = append(parts[o.raw.Parent], o)
		}
	}
	var under func(o organisationRow) organisationRow
	under = func(o organisationRow) organisationRow {
		for _, p := range parts[o.raw.ID] {
			o.Parts = append(o.Parts, under(p))
		}
		return o
	}
	for _, sector := range network.Sectors {
		g := sectorGroup{Sector: string(sector)}
		for _, o := range rows {
			if o.raw.Sector == sector && !there[o.raw.Parent] {
				g.Rows = append(g.Rows, under(o))
			}
		}
		if len(g.Rows) > 0 {
			out = append(out, g)
		}
	}
	return out
}

// nominated is a seat that a party nominates to.
type nominated struct {
	Body       said
	BodyLink   string
	Role       string
	Person     string
	PersonLink string
}

func (v *visit) organisation() int {
	var o network.Organisation
	var parent *organisationRow
	var parts []organisationRow
	var seats []nominated
	var agreements []agreementRow
	keeps := false
	err := v.look(func(tx *storage.Tx, a network.Access) (err error) {
		if o, err = v.theOrganisation(tx); err != nil {
			return err
		}
		keeps = v.keeps(a)
		all, err := v.parties(tx)
		if err != nil {
			return err
		}
		for i, one := range all {
			if one.raw.ID == o.Parent {
				parent = &all[i]
			}
			if one.raw.Parent == o.ID {
				parts = append(parts, one)
			}
		}
		if seats, err = v.nominated(tx, a, o.ID); err != nil {
			return err
		}
		made, err := v.network.AgreementsOf(v.ctx(), tx, a, o.ID)
		for _, g := range made {
			agreements = append(agreements, v.agreementRow(g))
		}
		return err
	})
	if err != nil {
		return v.fail(err)
	}
	row := v.organisationRow(o)
	return v.show(web.Page{Name: "organisation", Title: row.Name.Text, Public: true, Crumbs: v.crumbs(v.l.Must("organisations.title"), "organisations", row.Name.Text, ""), Data: map[string]any{
		"Row": row, "Sector": string(o.Sector), "Web": o.Web, "Parent": parent, "Parts": parts, "Seats": seats, "Agreements": agreements, "Keeps": keeps && o.Closed.IsZero(), "Closed": !o.Closed.IsZero(),
		"Edit": row.Link + "/edit", "Close": row.Link + "/close", "Version": strconv.FormatInt(o.Version, 10), "Form": v.filled(),
	}}, nil)
}

func (v *visit) nominated(tx *storage.Tx, a network.Access, o network.OrganisationID) ([]nominated, error) {
	all, err := v.network.Nominated(v.ctx(), tx, a, o)
	out := make([]nominated, 0, len(all))
	for _, s := range all {
		row := nominated{Body: v.say(s.Name), BodyLink: v.at("bodies/" + string(s.Body)), Role: v.l.Must("role." + string(s.Role)), Person: s.Holder}
		if s.Person != "" {
			row.PersonLink = v.at("people/" + string(s.Person))
		}
		out = append(out, row)
	}
	return out, err
}

func (v *visit) theOrganisation(tx *storage.Tx) (network.Organisation, error) {
	o, err := v.network.Organisation(v.ctx(), tx, network.OrganisationID(v.r.PathValue("id")))
	if err == nil && o.Root != v.n.ID {
		err = absent()
	}
	return o, err
}

func (v *visit) keptOrganisation() (o network.Organisation, err error) {
	err = v.look(func(tx *storage.Tx, a network.Access) (err error) {
		if o, err = v.theOrganisation(tx); err == nil && !v.keeps(a) {
			err = denied()
		}
		return err
	})
	return o, err
}

func (v *visit) organisationForm(title, back string, now []theirs) (web.Page, error) {
	parents := []web.Option{{Text: v.l.Must("organisation.parent.none")}}
	err := v.look(func(tx *storage.Tx, a network.Access) error {
		if !v.keeps(a) {
			return denied()
		}
		all, err := v.organisationOptions(tx)
		parents = append(parents, all...)
		return err
	})
	codes := ""
	for _, l := range network.CodeLists(v.n.Country) {
		codes = v.l.Must("organisation.code.help", v.text(l.Name), l.Source)
	}
	return web.Page{Name: "organisation-edit", Title: title, Crumbs: v.crumbs(v.l.Must("organisations.title"), "organisations", title, ""), Data: map[string]any{
		"Form": v.form, "Title": title, "Back": back, "Now": now, "Parents": parents, "Kinds": options(v, "organisation.kind.", network.OrganisationKinds), "Sectors": options(v, "sector.", network.Sectors), "CodeHelp": codes,
	}}, err
}

func (v *visit) newOrganisation() int {
	v.filled("kind", string(network.PatientOrganisation), "sector", string(network.Patient))
	return v.show(v.organisationForm(v.l.Must("organisation.new"), v.at("organisations"), nil))
}

func (v *visit) typedOrganisation() network.Organisation {
	return network.Organisation{Root: v.n.ID, Name: v.words("name"), Kind: network.OrganisationKind(v.form.Get("kind")), Sector: network.Sector(v.form.Get("sector")),
		Parent: network.OrganisationID(v.form.Get("parent")), Code: v.form.Get("code"), Web: v.form.Get("web"), Version: v.version()}
}

func (v *visit) addOrganisation() int {
	id, err := v.network.AddOrganisation(v.ctx(), v.who, v.typedOrganisation())
	return v.done(err, v.at("organisations/"+string(id)), func() (web.Page, error) {
		return v.organisationForm(v.l.Must("organisation.new"), v.at("organisations"), nil)
	})
}

func (v *visit) editOrganisation() int {
	o, err := v.keptOrganisation()
	if err != nil {
		return v.fail(err)
	}
	v.filled(append(pairs("name", o.Name), "kind", string(o.Kind), "sector", string(o.Sector), "parent", string(o.Parent), "code", o.Code, "web", o.Web, "version", strconv.FormatInt(o.Version, 10))...)
	return v.show(v.organisationForm(v.l.Must("organisation.edit"), v.at("organisations/"+string(o.ID)), nil))
}

func (v *visit) saveOrganisation() int {
	o, err := v.keptOrganisation()
	if err != nil {
		return v.fail(err)
	}
	next := v.typedOrganisation()
	next.ID = o.ID
	err = v.network.EditOrganisation(v.ctx(), v.who, next)
	back := v.at("organisations/" + string(o.ID))
	return v.done(err, back, func() (web.Page, error) {
		var now []theirs
		if conflict(err) {
			v.form.Set("version", strconv.FormatInt(o.Version, 10))
			now = []theirs{{v.l.Must("name"), v.text(o.Name)}, {v.l.Must("organisation.code"), o.Code}, {v.l.Must("organisation.web"), o.Web}}
		}
		return v.organisationForm(v.l.Must("organisation.edit"), back, now)
	})
}

func (v *visit) closeOrganisation() int {
	o, err := v.keptOrganisation()
	if err != nil {
		return v.fail(err)
	}
	err = v.network.CloseOrganisation(v.ctx(), v.who, o.ID, v.version())
	return v.done(err, v.at("organisations"), func() (web.Page, error) {
		v.form.Set("version", strconv.FormatInt(o.Version, 10))
		page := v.confirmPage(v.l.Must("organisation.close.title", v.text(o.Name)), v.l.Must("organisation.close.text"), v.l.Must("organisation.close"), v.at("organisations/"+string(o.ID)), o.Version)
		return page, nil
	})
}
