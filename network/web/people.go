package web

import (
	"cmp"
	"net/url"
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
)

func (p *room) people() []route.Route {
	const at = "/n/{network}/people"
	all := []route.Route{
		get(at, route.Anyone, "Searches the directory by what people let one see, as a page, CSV or JSON.", p.in((*visit).directory)),
		get(at+"/{id}", route.Anyone, "Shows of a person what one may see.", p.in((*visit).person)),
		get(at+"/new", route.Coordinator, "Shows the form for inviting somebody.", p.in((*visit).newPerson)),
		post(at+"/new", route.Coordinator, "Registers somebody and invites them.", p.posted((*visit).addPerson)),
		post(at+"/{id}/register", route.Coordinator, "Registers somebody with one more network.", p.posted((*visit).register)),
		post(at+"/{id}/unregister", route.Coordinator, "Ends a membership with a network.", p.posted((*visit).unregister)),
	}
	if p.accounts != nil {
		all = append(all, post(at+"/{id}/invite", route.Coordinator, "Invites somebody who has no account.", p.posted((*visit).invite)),
			post(at+"/{id}/uninvite", route.Coordinator, "Withdraws an invitation.", p.posted((*visit).uninvite)),
			post(at+"/{id}/recovery", route.Coordinator, "Makes a link for a new password, where no mail leaves the site.", p.posted((*visit).recovery)),
			post(at+"/{id}/account", route.Coordinator, "Shuts somebody's account, or opens it again.", p.posted((*visit).shut)))
	}
	return all
}

// itemRow is an item of a list in a profile, with where others who have it are found.
type itemRow struct{ Text, Lang, Link string }

// partRow is a part of a profile in words.
type partRow struct {
	Part       network.Part
	Label      string
	Text       said
	Items      []itemRow
	Visibility string
}

func (v *visit) partRow(p network.ProfilePart) partRow {
	row := partRow{Part: p.Part, Label: v.l.Must("part." + string(p.Part)), Visibility: v.l.Must("visible." + string(p.Visibility))}
	if !p.Part.IsList() {
		row.Text = said{p.Value, p.Lang}
		return row
	}
	for _, item := range p.Items() {
		one := itemRow{Text: v.item(p.Part, item)}
		if one.Text == item {
			one.Lang = p.Lang
		}
		if v.n != nil {
			one.Link = v.at("people?" + string(p.Part) + "=" + url.QueryEscape(item))
		}
		row.Items = append(row.Items, one)
	}
	return row
}

// item gives an item in words where it is a code.
func (v *visit) item(part network.Part, item string) string {
	switch part {
	case network.FieldsPart:
		if key := "field." + item; v.l.Has(key) {
			return v.l.Must(key)
		}
	case network.Languages:
		return languageName(v.l.Code, item)
	case network.RegionPart:
		if name, ok := network.CodeName(item); ok {
			return name
		}
	}
	return item
}

// languageName names a language in the reader's.
func languageName(in, code string) string {
	if in == "nb" {
		in = "no"
	}
	tag, err := language.Parse(code)
	if err != nil {
		return code
	}
	if code == "sgn" || code == "fkv" || code == "fit" || code == "rom" {
		return ownNames[code][in]
	}
	if name := display.Languages(language.Make(in)).Name(tag); name != "" {
		return name
	}
	return code
}

// What Unicode's list lacks a good name for.
var ownNames = map[string]map[string]string{
	"sgn": {"sv": "teckenspråk", "no": "tegnspråk", "en": "sign language"},
	"fkv": {"sv": "kvänska", "no": "kvensk", "en": "Kven"},
	"fit": {"sv": "meänkieli", "no": "meänkieli", "en": "Meänkieli"},
	"rom": {"sv": "romska", "no": "romani", "en": "Romani"},
}

// personRow is a person in the directory.
type personRow struct {
	Name  string
	Link  string
	Seats []placeRow
	Parts []partRow
	raw   network.Listed
}

// placeRow is a seat in a few words.
type placeRow struct {
	Body   said
	Link   string
	Role   string
	Sector string
}

func (v *visit) placeRows(seats []network.SeatOf) (out []placeRow) {
	for _, s := range seats {
		out = append(out, placeRow{v.say(s.Name), v.at("bodies/" + string(s.Body)), v.l.Must("role." + string(s.Role)), string(s.Sector)})
	}
	return out
}

// searched are the parts that the directory asks for one by one.
var searched = []network.Part{network.FieldsPart, network.Genes, network.Diseases, network.Methods, network.Competences, network.Languages, network.RegionPart}

const peoplePage = 50

func (v *visit) search(f *web.Form) network.Search {
	s := network.Search{Root: v.n.ID, Text: f.Get("q"), Has: map[network.Part]string{}, After: network.PersonID(f.Get("after")), Limit: peoplePage}
	for _, part := range searched {
		s.Has[part] = f.Get(string(part))
	}
	for _, n := range v.network.Tree().Down(v.n.ID) {
		if f.Get("in") == n.Slug {
			s.Network = n.ID
		}
	}
	return s
}

func (v *visit) directory() int {
	f := web.ReadQuery(v.r)
	s := v.search(f)
	if status, done := v.export("people", []string{"id", "name", "fields", "genes", "diseases", "methods", "competences", "drivers", "languages", "region"}, func(add func(...any) error) error {
		return v.allPeople(s, add)
	}); done {
		return status
	}
	var rows []personRow
	var next string
	member, keeps := false, false
	err := v.look(func(tx *storage.Tx, a network.Access) error {
		member, keeps = a.Registered(v.n.ID), v.keeps(a)
		people, more, err := v.network.People(v.ctx(), tx, a, s)
		for _, p := range people {
			rows = append(rows, v.personRow(p))
		}
		if more {
			next = string(people[len(people)-1].Person)
		}
		return err
	})
	if err != nil {
		return v.fail(err)
	}
	asked := s.Text != "" || s.Network != ""
	for _, item := range s.Has {
		asked = asked || item != ""
	}
	anyone := web.Option{Text: v.l.Must("people.any")}
	title := v.l.Must("people.title")
	return v.show(web.Page{Name: "people", Title: title, Crumbs: v.crumbs(title, ""), Data: map[string]any{
		"Query": f, "Rows": rows, "Pager": web.PagerAt(v.r.URL.RequestURI(), next), "Member": member, "Keeps": keeps, "New": v.at("people/new"), "Mail": v.has("mail"), "Here": v.at("people"), "Asked": asked,
		"Fields": append([]web.Option{anyone}, options(v, "field.", network.Fields)...), "Languages": append([]web.Option{anyone}, v.languages()...), "Regions": append([]web.Option{anyone}, v.regions()...),
		"Networks": v.networkOptions(),
	}}, nil)
}

func (v *visit) networkOptions() []web.Option {
	out := []web.Option{{Text: v.l.Must("people.networks")}}
	for _, n := range v.network.Tree().Down(v.n.ID) {
		if n.Parent != "" && n.Closed.IsZero() {
			out = append(out, web.Option{Value: n.Slug, Text: v.text(n.Name)})
		}
	}
	return out
}

// allPeople gives every person that is found, a page at a time.
func (v *visit) allPeople(s network.Search, add func(...any) error) error {
	s.Limit = 500
	for s.After = ""; ; {
		var people []network.Listed
		more := false
		err := v.look(func(tx *storage.Tx, a network.Access) (err error) {
			people, more, err = v.network.People(v.ctx(), tx, a, s)
			return err
		})
		if err != nil {
			return err
		}
		for _, p := range people {
			list := map[network.Part]string{}
			for _, part := range p.Parts {
				list[part.Part] = strings.Join(part.Items(), "; ")
			}
			if err := add(p.Person, p.Name, list[network.FieldsPart], list[network.Genes], list[network.Diseases], list[network.Methods], list[network.Competences], list[network.Drivers],
				list[network.Languages], list[network.RegionPart]); err != nil {
				return err
			}
		}
		if !more {
			return nil
		}
		s.After = people[len(people)-1].Person
	}
}

func (v *visit) personRow(p network.Listed) personRow {
	row := personRow{Name: p.Name, Link: v.at("people/" + string(p.Person)), Seats: v.placeRows(p.Seats), raw: p}
	for _, part := range p.Parts {
		row.Parts = append(row.Parts, v.partRow(part))
	}
	return row
}

func (v *visit) languages() []web.Option {
	out := make([]web.Option, 0, len(network.Spoken))
	for _, code := range network.Spoken {
		out = append(out, web.Option{Value: code, Text: languageName(v.l.Code, code)})
	}
	return out
}

func (v *visit) regions() []web.Option {
	var out []web.Option
	country := ""
	if v.n != nil {
		country = v.n.Country
	}
	for _, l := range network.CodeLists(country) {
		for _, c := range l.Codes {
			out = append(out, web.Option{Value: l.Country + "-" + c.Code, Text: c.Name})
		}
	}
	return out
}

func (v *visit) person() int {
	v.filled("lang", v.l.Code)
	return v.show(v.personPage())
}

func (v *visit) personPage() (web.Page, error) {
	id := network.PersonID(v.r.PathValue("id"))
	data := map[string]any{"Form": v.form}
	var name string
	var networks []network.ID
	var leads []web.Option
	member := false
	err := v.look(func(tx *storage.Tx, a network.Access) error {
		p, err := v.network.SeesPerson(v.ctx(), tx, a, v.n.ID, id)
		if err != nil {
			return err
		}
		name, member = p.Name, a.Registered(v.n.ID)
		parts, err := v.network.Profile(v.ctx(), tx, a, id)
		if err != nil {
			return err
		}
		var rows []partRow
		for _, part := range parts {
			if part.Visibility != network.Mine { // also one's own page is as others see it
				rows = append(rows, v.partRow(part))
			}
		}
		seats, err := v.network.SeatsOf(v.ctx(), tx, a, v.n.ID, id)
		if err != nil {
			return err
		}
		ties, err := v.network.InterestsOf(v.ctx(), tx, a, v.n.ID, id)
		if err != nil {
			return err
		}
		if networks, err = v.network.Memberships(v.ctx(), tx, id); err != nil {
			return err
		}
		for _, n := range v.network.Tree().Down(v.n.ID) {
			if a.Coordinates(n.ID) && n.Closed.IsZero() {
				leads = append(leads, web.Option{Value: string(n.ID), Text: v.text(n.Name)})
			}
		}
		data["Parts"], data["Seats"], data["Interests"] = rows, v.placeRows(seats), v.interestRows(ties)
		return nil
	})
	if err != nil {
		return web.Page{}, err
	}
	data["Name"], data["Member"], data["Mine"], data["Leads"], data["Here"] = name, member, v.who.Person == id, len(leads) > 0, v.at("people/"+string(id))
	data["Networks"], data["More"] = v.registeredWith(networks, leads)
	data["Langs"] = options(v, "lang.name.", []string{"sv", "nb", "en"})
	data["Account"] = v.stateOf(id, len(leads) > 0)
	return web.Page{Name: "person", Title: name, Crumbs: v.crumbs(v.l.Must("people.title"), "people", name, ""), Data: data}, nil
}

// membershipRow is a network that a person is registered with.
type membershipRow struct {
	Name  said
	ID    network.ID
	Leave bool // the reader may end it
}

// registeredWith splits the tenant's networks: those a person is registered with, and those the reader could add.
func (v *visit) registeredWith(networks []network.ID, leads []web.Option) (with []membershipRow, more []web.Option) {
	is := map[network.ID]bool{}
	for _, id := range networks {
		is[id] = true
	}
	may := map[network.ID]bool{}
	for _, o := range leads {
		may[network.ID(o.Value)] = true
		if !is[network.ID(o.Value)] {
			more = append(more, o)
		}
	}
	for _, n := range v.network.Tree().Down(v.n.ID) {
		if is[n.ID] {
			with = append(with, membershipRow{v.say(n.Name), n.ID, may[n.ID]})
		}
	}
	return with, more
}

// stateOf tells a coordinator how it stands with a person's account; nil for others.
func (v *visit) stateOf(id network.PersonID, leads bool) *accountRow {
	if v.accounts == nil || !leads {
		return nil
	}
	s, err := v.accounts.StateOf(v.ctx(), v.who, id)
	if err != nil { // not theirs to know
		return nil
	}
	row := &accountRow{State: s, Recover: s.Account && !s.Disabled && !v.accounts.Mails() && id != v.who.Person}
	err = v.look(func(tx *storage.Tx, a network.Access) (err error) {
		row.History, err = v.invitationRows(tx, a, id)
		return err
	})
	if err != nil {
		return nil
	}
	return row
}

func (v *visit) newPersonPage() (web.Page, error) {
	networks, err := v.coordinated()
	title := v.l.Must("invite.title")
	data := map[string]any{"Form": v.form, "Networks": networks, "Langs": options(v, "lang.name.", []string{"sv", "nb", "en"}), "Back": v.at("people"), "Title": title}
	if id := v.form.Get("candidate"); err == nil && id != "" {
		var from outsider
		if from, err = v.outsider(id); err == nil {
			data["For"], data["Back"] = from.Title, from.Link
		}
	}
	return web.Page{Name: "person-new", Title: title, Crumbs: v.crumbs(v.l.Must("people.title"), "people", title, ""), Data: data}, err
}

// outsider is a candidate of the public, with the seat they are there for.
type outsider struct {
	network.Candidate
	Network     network.ID
	Title, Link string
}

func (v *visit) outsider(id string) (o outsider, err error) {
	err = v.look(func(tx *storage.Tx, a network.Access) (err error) {
		if o.Candidate, err = v.network.Outsider(v.ctx(), tx, a, id); err != nil {
			return err
		}
		s, err := v.theSeat(tx, a, o.Seat)
		o.Network, o.Title, o.Link = s.Body.Network, v.seatName(s.Seat.Seat)+", "+v.text(s.Body.Name), v.at("seats/"+string(o.Seat))
		return err
	})
	return o, err
}

// newPerson shows the form for somebody new; filled in for a candidate who wrote their name and mail themself.
func (v *visit) newPerson() int {
	v.filled("lang", v.n.Lang, "network", string(v.n.ID))
	if id := v.r.URL.Query().Get("candidate"); id != "" {
		o, err := v.outsider(id)
		if err != nil {
			return v.fail(err)
		}
		v.form = web.NewForm("lang", o.Lang, "network", string(o.Network), "name", o.Name, "mail", o.Mail, "candidate", id)
	}
	return v.show(v.newPersonPage())
}

func (v *visit) addPerson() int {
	if !strings.Contains(v.form.Get("mail"), "@") && v.form.Get("mail") != "" {
		v.form.Wrong("mail", v.l.Must("fault.network.mail"))
	}
	in, ok := v.network.Tree().Network(network.ID(v.form.Get("network")))
	if !ok || in.Root != v.n.ID {
		return v.fail(absent())
	}
	var from outsider
	err := v.typed()
	if candidate := v.form.Get("candidate"); err == nil && candidate != "" {
		from, err = v.outsider(candidate)
	}
	var id network.PersonID
	if err == nil {
		id, err = v.network.AddPerson(v.ctx(), v.who, network.NewPerson{Name: v.form.Get("name"), Lang: v.form.Get("lang"), Network: in.ID, Candidate: from.ID})
	}
	if err != nil {
		return v.done(err, "", v.newPersonPage)
	}
	v.r.SetPathValue("id", string(id))
	if v.form.Get("mail") == "" || v.accounts == nil {
		return web.SeeOther(v.w, v.r, cmp.Or(from.Link, v.at("people/"+string(id))))
	}
	return v.inviteTo(from)
}

// invite invites the person of the address, and shows the link once, for whoever would rather hand it over.
func (v *visit) invite() int { return v.inviteTo(outsider{}) }

func (v *visit) inviteTo(seat outsider) int {
	id, err := v.theirs()
	if err != nil {
		return v.fail(err)
	}
	link, err := v.accounts.Invite(v.ctx(), v.who, id, v.form.Get("mail"), v.form.Get("lang"))
	if err != nil {
		return v.done(err, "", v.personPage)
	}
	return v.linked(id, link, "invited", web.Link{Text: seat.Title, Href: seat.Link})
}

// shut lets somebody sign in no more, from the next request on, or lets them in again.
func (v *visit) shut() int {
	id, err := v.theirs()
	switch {
	case err != nil:
	case v.form.Get("do") == "open":
		err = v.accounts.Enable(v.ctx(), v.who, id)
	default:
		err = v.accounts.Disable(v.ctx(), v.who, id)
	}
	return v.done(err, v.at("people/"+string(id)), v.personPage)
}

func (v *visit) membership(do func(network.ID, network.PersonID) error) int {
	id := v.r.PathValue("id")
	n, ok := v.network.Tree().Network(network.ID(v.form.Get("network")))
	if !ok || n.Root != v.n.ID {
		return v.fail(absent())
	}
	return v.done(do(n.ID, network.PersonID(id)), v.at("people/"+id), v.personPage)
}

func (v *visit) register() int {
	return v.membership(func(n network.ID, p network.PersonID) error { return v.network.Register(v.ctx(), v.who, n, p) })
}

func (v *visit) unregister() int {
	if v.form.Get("network") == string(v.n.ID) { // whoever leaves the tenant has no page in it
		err := v.network.Unregister(v.ctx(), v.who, v.n.ID, network.PersonID(v.r.PathValue("id")))
		return v.done(err, v.at("people"), v.personPage)
	}
	return v.membership(func(n network.ID, p network.PersonID) error { return v.network.Unregister(v.ctx(), v.who, n, p) })
}
