package web

import (
	"strconv"
	"strings"
	"time"

	"html/template"

	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/chart"
	"github.com/samverk/samverk/web/route"
)

func (p *room) bodies() []route.Route {
	const at = "/n/{network}/bodies"
	return []route.Route{
		get(at, route.Anyone, "Lists the bodies one may see with their seats and vacancies, as a page, CSV or JSON.", p.in((*visit).listBodies)),
		get(at+"/{id}", route.Anyone, "Shows a body: who sits in it, its mandate and rules, as a page, CSV or JSON.", p.in((*visit).body)),
		get(at+"/{id}/history", route.Anyone, "Lists what changed in a body and who held its seats, as a page, CSV or JSON.", p.in((*visit).history)),
		get(at+"/new", route.Coordinator, "Shows the form for a new body.", p.in((*visit).newBody)),
		post(at+"/new", route.Coordinator, "Adds a body.", p.posted((*visit).addBody)),
		get(at+"/{id}/edit", route.Coordinator, "Shows the form for a body.", p.in((*visit).editBody)),
		post(at+"/{id}/edit", route.Coordinator, "Changes a body.", p.posted((*visit).saveBody)),
		get(at+"/{id}/rules", route.Coordinator, "Shows the form for a body's composition.", p.in((*visit).editRules)),
		post(at+"/{id}/rules", route.Coordinator, "Changes a body's composition.", p.posted((*visit).saveRules)),
		get(at+"/{id}/close", route.Coordinator, "Asks before a body is closed.", p.in((*visit).closeBodyForm)),
		post(at+"/{id}/close", route.Coordinator, "Closes a body and ends what is held in it.", p.posted((*visit).closeBody)),
	}
}

// bodyRow is a body in a list.
type bodyRow struct {
	ID            network.BodyID
	Name, Task    said
	Kind          string
	Link          string
	Network       said
	Seats, Vacant int
	Advertised    int
	raw           network.Body
}

// netGroup is a network with its bodies.
type netGroup struct {
	Name   said
	Depth  int
	Link   string
	Bodies []bodyRow
}

func (v *visit) listBodies() int {
	var groups []netGroup
	var all []bodyRow
	coordinates := false
	err := v.look(func(tx *storage.Tx, a network.Access) error {
		in := network.ID("")
		for _, n := range v.network.Tree().Down(v.n.ID) {
			coordinates = coordinates || a.Coordinates(n.ID)
			if v.r.URL.Query().Get("in") == n.Slug {
				in = n.ID
			}
		}
		bodies, err := v.network.Bodies(v.ctx(), tx, a, v.n.ID, in)
		if err != nil {
			return err
		}
		counts, err := v.network.SeatCounts(v.ctx(), tx, v.n.ID)
		if err != nil {
			return err
		}
		for _, b := range bodies {
			all = append(all, v.bodyRow(b, counts[b.ID]))
		}
		return nil
	})
	if err != nil {
		return v.fail(err)
	}
	if status, done := v.export("bodies", []string{"id", "network", "name", "kind", "mandate", "seats", "vacant", "advertised"}, func(add func(...any) error) error {
		for _, b := range all {
			if err := add(b.ID, b.Network.Text, b.Name.Text, b.raw.Kind, b.raw.Mandate, b.Seats, b.Vacant, b.Advertised); err != nil {
				return err
			}
		}
		return nil
	}); done {
		return status
	}
	seats, vacant := 0, 0
	for _, n := range v.network.Tree().Down(v.n.ID) {
		g := netGroup{Name: v.say(n.Name), Depth: len(v.network.Tree().Up(n.ID)) - 1, Link: v.at("bodies?in=" + n.Slug)}
		for _, b := range all {
			if b.raw.Network == n.ID {
				g.Bodies = append(g.Bodies, b)
				seats, vacant = seats+b.Seats, vacant+b.Vacant
			}
		}
		if len(g.Bodies) > 0 {
			groups = append(groups, g)
		}
	}
	title := v.l.Must("bodies.title")
	return v.show(web.Page{Name: "bodies", Title: title, Public: true, Crumbs: v.crumbs(title, ""), Data: map[string]any{
		"Groups": groups, "Count": len(all), "Seats": seats, "Vacant": vacant, "Coordinates": coordinates, "All": v.at("bodies"), "Filtered": v.r.URL.Query().Get("in") != "",
		"New": v.at("bodies/new"), "Networks": v.at("networks"), "Organisations": v.at("organisations"), "Vacancies": v.at("vacancies"), "Agreements": v.at("agreements"), "People": v.at("people"),
	}}, nil)
}

func (v *visit) bodyRow(b network.Body, c network.SeatCount) bodyRow {
	n, _ := v.network.Tree().Network(b.Network)
	return bodyRow{ID: b.ID, Name: v.say(b.Name), Task: v.say(b.Task), Kind: v.l.Must("body.kind." + string(b.Kind)), Link: v.at("bodies/" + string(b.ID)),
		Network: v.say(n.Name), Seats: c.Seats, Vacant: c.Seats - c.Held, Advertised: c.Advertised, raw: b}
}

// theBody finds the body of the address, if it is of this tenant and the reader's to see.
func (v *visit) theBody(tx *storage.Tx, a network.Access) (network.Body, error) {
	b, err := v.network.Body(v.ctx(), tx, network.BodyID(v.r.PathValue("id")))
	if err == nil && (b.Root != v.n.ID || !a.Sees(b.Scope())) {
		err = absent()
	}
	return b, err
}

// seatRow is a seat with who holds it.
type seatRow struct {
	ID         network.SeatID
	Sector     string
	Role       string
	Person     string
	PersonLink string
	By         said
	ByLink     string
	Term       string
	DeputyFor  string // whom a deputy stands in for
	Link       string // where it is managed; "" for who may not
	Vacancy    string // where it is advertised
	Propose    string
	raw        network.Held
}

// sectorRow sums a sector up.
type sectorRow struct {
	Sector string
	Seats  int
	By     []said
	Parts  string
}

type bodyPage struct {
	Body                   network.Body
	Name, Task             said
	In                     said
	InLink                 string
	Kind, Mandate          string
	Chart                  template.HTML
	Sectors                []sectorRow
	Seats                  []seatRow
	Rules                  []string
	Warnings               []string
	Vacancies              []vacancyRow
	Meetings               []Meeting
	Work, Plans            []web.Link // what the body does, in other rooms; what who runs it can begin
	Feeds                  []web.Feed
	Held, Vacant           int
	Runs, Coordinates      bool
	Inside                 bool // sits in it, or runs it
	Acts                   bool // something can be done with its seats
	Closed                 bool
	Term                   string
	Edit, History          string
	RulesLink, NewSeat     string
	CloseLink, VacancyList string
}

func (v *visit) body() int {
	var page bodyPage
	err := v.look(func(tx *storage.Tx, a network.Access) error {
		b, err := v.theBody(tx, a)
		if err != nil {
			return err
		}
		page, err = v.bodyPage(tx, a, b)
		return err
	})
	if err != nil {
		return v.fail(err)
	}
	if status, done := v.export("seats", []string{"id", "role", "sector", "nominator", "person", "name", "from", "to"}, func(add func(...any) error) error {
		for _, s := range page.Seats {
			if err := add(s.ID, s.raw.Role, s.raw.Sector, s.By.Text, s.raw.Person, s.raw.Name, moment(s.raw.From), moment(s.raw.To)); err != nil {
				return err
			}
		}
		return nil
	}); done {
		return status
	}
	if v.options.Meetings != nil {
		if page.Meetings, err = v.options.Meetings(v.ctx(), v.who, page.Body.ID); err != nil {
			return v.fail(err)
		}
	}
	v.work(&page)
	if v.options.Feeds != nil {
		page.Feeds = v.options.Feeds(v.r, page.Body.ID)
	}
	return v.show(web.Page{Name: "body", Title: page.Name.Text, Public: page.Body.Visibility == network.Public, Feeds: page.Feeds,
		Crumbs: v.crumbs(v.l.Must("bodies.title"), "bodies", page.Name.Text, ""), Data: page}, nil)
}

func (v *visit) bodyPage(tx *storage.Tx, a network.Access, b network.Body) (bodyPage, error) {
	n, _ := v.network.Tree().Network(b.Network)
	at := "bodies/" + string(b.ID)
	z := v.zone(b.Network)
	p := bodyPage{Body: b, Name: v.say(b.Name), Task: v.say(b.Task), In: v.say(n.Name), InLink: v.at("bodies?in=" + n.Slug),
		Kind: v.l.Must("body.kind." + string(b.Kind)), Mandate: v.l.Must("body.mandate." + string(b.Mandate)), Closed: !b.Closed.IsZero(),
		Coordinates: a.Coordinates(b.Network), Runs: a.Runs(b.ID, b.Network), Inside: a.In(b.ID) || a.Runs(b.ID, b.Network), Edit: v.at(at + "/edit"), History: v.at(at + "/history"),
		RulesLink: v.at(at + "/rules"), NewSeat: v.at(at + "/seats/new"), CloseLink: v.at(at + "/close"), VacancyList: v.at("vacancies")}
	if !b.To.IsZero() {
		p.Term = v.l.Days(b.From.In(z), lastDay(b.To, z))
	}
	rules, err := v.network.Rules(v.ctx(), tx, b.ID)
	if err != nil {
		return p, err
	}
	now := v.network.Now()
	seats, err := v.network.SeatsAt(v.ctx(), tx, b.ID, storage.Micros(now))
	if err != nil {
		return p, err
	}
	vacancies, err := v.network.Vacancies(v.ctx(), tx, a, v.n.ID, b.ID)
	if err != nil {
		return p, err
	}
	for _, x := range vacancies {
		p.Vacancies = append(p.Vacancies, v.vacancyRow(x))
	}
	p.Rules = v.rules(rules)
	for _, f := range network.Judge(rules, seats, network.AllHeld(seats)).Findings {
		if !f.Held && len(seats) > 0 {
			p.Warnings = append(p.Warnings, v.warning(f))
		}
	}
	p.Acts = p.Runs && !p.Closed
	p.Seats = v.seatRows(seats, p, z)
	p.Sectors = v.sectors(seats)
	p.Chart, p.Held, p.Vacant = v.draw(p.Name.Text, seats, p.Sectors)
	return p, nil
}

// work leads from a body to what it does, as far as other rooms have pages of it.
func (v *visit) work(p *bodyPage) {
	of := "?body=" + string(p.Body.ID)
	add := func(to *[]web.Link, key, path, rest string) {
		if at := v.has(path); at != "" {
			*to = append(*to, web.Link{Text: v.l.Must("body.work." + key), Href: at + rest})
		}
	}
	add(&p.Work, "meetings", "meetings", of)
	add(&p.Work, "topics", "topics", of)
	add(&p.Work, "decisions", "decisions", of)
	add(&p.Work, "minutes", "minutes", of)
	if p.Inside {
		add(&p.Work, "circulations", "meetings", of+"#going")
	}
	add(&p.Work, "calendar", "bodies/"+string(p.Body.ID)+"/calendar", "")
	if p.Runs && !p.Closed {
		add(&p.Plans, "plan", "meetings/new", of)
		add(&p.Plans, "series", "series/new", of)
		add(&p.Plans, "circulate", "circulations/new", of)
	}
}

func (v *visit) seatRows(seats []network.Held, p bodyPage, z *time.Location) []seatRow {
	advertised := map[network.SeatID]string{}
	for _, x := range p.Vacancies {
		advertised[x.Seat] = x.Link
	}
	name := map[network.SeatID]string{}
	for _, s := range seats {
		name[s.ID] = v.holder(s)
	}
	out := make([]seatRow, 0, len(seats))
	for _, s := range seats {
		row := seatRow{ID: s.ID, Sector: string(s.Sector), Role: v.l.Must("role." + string(s.Role)), Person: s.Name, By: v.say(s.NominatorName), raw: s, Vacancy: advertised[s.ID], DeputyFor: name[s.DeputyFor]}
		if s.Nominator != "" {
			row.ByLink = v.at("organisations/" + string(s.Nominator))
		}
		if s.Person != "" {
			row.PersonLink = v.at("people/" + string(s.Person))
			row.Term = v.l.Days(s.From.In(z), lastDay(s.To, z))
		}
		if p.Coordinates && !p.Closed {
			row.Link = v.at("seats/" + string(s.ID))
		} else if p.Runs && !p.Closed {
			row.Propose = v.at("seats/" + string(s.ID) + "/propose")
		}
		out = append(out, row)
	}
	return out
}

// holder names who holds a seat, or what the seat is while nobody does.
func (v *visit) holder(s network.Held) string {
	switch {
	case s.Name != "":
		return s.Name
	case s.Person != "":
		return v.l.Must("person.erased")
	}
	return v.l.Must("seat.vacant.of", v.l.Must("role."+string(s.Role)), v.l.Must("rule.from."+string(s.Sector)))
}

// sectors sums the voting seats up by sector.
func (v *visit) sectors(seats []network.Held) (out []sectorRow) {
	for _, sector := range network.Sectors {
		row := sectorRow{Sector: string(sector)}
		by := map[network.OrganisationID]bool{}
		for _, s := range seats {
			if s.Sector != sector || !s.Role.Votes() {
				continue
			}
			row.Seats++
			if s.Nominator != "" && !by[s.Nominator] {
				by[s.Nominator] = true
				row.By = append(row.By, v.say(s.NominatorName))
			}
		}
		if len(row.By) > 3 {
			row.Parts, row.By = v.l.Must("body.parties", len(row.By)), nil
		}
		if row.Seats > 0 {
			out = append(out, row)
		}
	}
	return out
}

// draw makes the half circle of a body's voting seats.
func (v *visit) draw(name string, seats []network.Held, sectors []sectorRow) (drawn template.HTML, held, vacant int) {
	c := chart.Seats{ID: "seats"}
	var told []string
	chair := ""
	for _, row := range sectors {
		label := v.l.Must("sector." + row.Sector)
		told = append(told, label+" "+strconv.Itoa(row.Seats))
		for _, s := range seats {
			if string(s.Sector) != row.Sector || !s.Role.Votes() {
				continue
			}
			one := chart.Seat{Sector: row.Sector, Letter: v.l.Must("sector." + row.Sector + ".letter"), Chair: s.Role == network.Chair}
			if s.Person == "" {
				one.State = chart.Vacant
				vacant++
			} else {
				held++
			}
			if one.Chair {
				chair = " " + v.l.Must("body.chart.chair", v.l.Must("rule.from."+row.Sector))
			}
			c.Seats = append(c.Seats, one)
		}
	}
	if len(c.Seats) == 0 {
		return "", 0, 0
	}
	c.Big, c.Small = v.l.Must("body.seats", held+vacant), v.l.Must("body.vacant", vacant)
	c.Title = v.l.Must("body.chart.title", name)
	c.Desc = strings.Join(told, ", ") + ". " + c.Small + "." + chair
	return c.SVG(), held, vacant
}

// rules says when a body may decide, a line for each rule.
func (v *visit) rules(rules []network.Rule) []string {
	if len(rules) == 0 {
		rules = []network.Rule{{Kind: network.Majority}}
	}
	out := make([]string, len(rules))
	for i, x := range rules {
		out[i] = v.rule(x)
	}
	return out
}

func (v *visit) rule(x network.Rule) string {
	key := "rule." + string(x.Kind)
	switch x.Kind {
	case network.OfSector:
		return v.l.Must(key, x.N, v.l.Must("rule.from."+string(x.Sector)))
	case network.Organisations:
		return v.l.Must(key, x.N, v.l.Must("rule.of."+string(x.OrganisationKind)))
	case network.ChairNot:
		return v.l.Must(key, v.l.Must("rule.from."+string(x.Sector)))
	case network.AtLeast:
		return v.l.Must(key, x.N)
	}
	return v.l.Must(key)
}

// warning says of a rule that who holds seats now can't meet it even if everybody came.
func (v *visit) warning(f network.Finding) string {
	if f.Rule.Kind == network.ChairNot {
		return v.l.Must("warning.chair", v.rule(f.Rule))
	}
	return v.l.Must("warning.rule", v.rule(f.Rule), f.Have, f.Need)
}

// heldRow is a term in a body's history.
type heldRow struct {
	Seat       seatRow
	Person     string
	PersonLink string
	Term       string
	Why        string
	raw        network.Holding
}

func (v *visit) history() int {
	var b network.Body
	var held []heldRow
	var events []eventRow
	var more int64
	before, _ := strconv.ParseInt(v.r.URL.Query().Get("before"), 10, 64)
	err := v.look(func(tx *storage.Tx, a network.Access) (err error) {
		if b, err = v.theBody(tx, a); err != nil {
			return err
		}
		if held, err = v.heldRows(tx, a, b); err != nil {
			return err
		}
		const page = 50
		list, err := v.network.History(v.ctx(), tx, string(b.ID), before, page+1)
		if err != nil {
			return err
		}
		if len(list) > page {
			list = list[:page]
			more = list[page-1].Seq
		}
		events, err = v.events(tx, list, v.zone(b.Network), a.Registered(v.n.ID))
		return err
	})
	if err != nil {
		return v.fail(err)
	}
	if status, done := v.export("terms", []string{"seat", "role", "sector", "nominator", "person", "name", "from", "to"}, func(add func(...any) error) error {
		for _, h := range held {
			if err := add(h.Seat.ID, h.Seat.raw.Role, h.Seat.raw.Sector, h.Seat.By.Text, h.raw.Person, h.raw.Name, moment(h.raw.From), moment(h.raw.To)); err != nil {
				return err
			}
		}
		return nil
	}); done {
		return status
	}
	title := v.l.Must("history.title")
	next := ""
	if more > 0 {
		next = v.at("bodies/" + string(b.ID) + "/history?before=" + strconv.FormatInt(more, 10))
	}
	name := v.say(b.Name)
	return v.show(web.Page{Name: "history", Title: title + ": " + name.Text, Public: b.Visibility == network.Public,
		Crumbs: v.crumbs(v.l.Must("bodies.title"), "bodies", name.Text, "bodies/"+string(b.ID), title, ""),
		Data:   map[string]any{"Name": name, "Held": held, "Events": events, "Next": next}}, nil)
}

// heldRows lists every term of a body's seats, those that go on first, then the latest.
func (v *visit) heldRows(tx *storage.Tx, a network.Access, b network.Body) ([]heldRow, error) {
	all, err := v.network.BodyTerms(v.ctx(), tx, a, b.ID)
	if err != nil {
		return nil, err
	}
	z := v.zone(b.Network)
	out := make([]heldRow, 0, len(all))
	for _, h := range all {
		row := heldRow{Seat: seatRow{ID: h.Seat.ID, Sector: string(h.Seat.Sector), Role: v.l.Must("role." + string(h.Seat.Role)), By: v.say(h.Seat.NominatorName), raw: h.Seat},
			Person: h.Name, Term: v.l.Days(h.From.In(z), lastDay(h.To, z)), Why: h.Why, raw: h.Holding}
		if h.Void() {
			row.Term = v.l.Must("history.void")
		}
		if h.Name == "" {
			row.Person = v.l.Must("person.erased")
		} else if !h.Past(v.network.Now()) {
			row.PersonLink = v.at("people/" + string(h.Person))
		}
		out = append(out, row)
	}
	return out, nil
}

// eventRow is a line of history in words.
type eventRow struct {
	At   time.Time
	Text string
	By   string
}

// events tells lines of history in the reader's language; who wrote them only to members.
func (v *visit) events(tx *storage.Tx, list []network.Event, z *time.Location, member bool) ([]eventRow, error) {
	var ids []network.PersonID
	for _, e := range list {
		if p := e.Details["person"]; p != "" {
			ids = append(ids, network.PersonID(p))
		}
	}
	names, err := v.network.Names(v.ctx(), tx, ids)
	if err != nil {
		return nil, err
	}
	out := make([]eventRow, 0, len(list))
	for _, e := range list {
		row := eventRow{At: e.At.In(z), Text: v.event(e, names)}
		if member {
			row.By = e.Name
		}
		out = append(out, row)
	}
	return out, nil
}

func (v *visit) event(e network.Event, names map[network.PersonID]string) string {
	key := "event." + e.Kind
	if !v.l.Has(key) {
		return v.l.Must("event.other")
	}
	if e.Details["seat"] == "" || e.Details["role"] == "" {
		return v.l.Must(key)
	}
	seat := v.l.Must("seat.of", v.l.Must("role."+e.Details["role"]), v.l.Must("rule.from."+e.Details["sector"]))
	if p := e.Details["person"]; p != "" {
		name := names[network.PersonID(p)]
		if name == "" {
			name = v.l.Must("person.erased")
		}
		return v.l.Must(key, seat, name)
	}
	return v.l.Must(key, seat)
}
