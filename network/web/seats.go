package web

import (
	"slices"
	"strconv"
	"time"

	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
)

func (p *room) seats() []route.Route {
	const at = "/n/{network}/seats/{id}"
	const term = "/n/{network}/terms/{id}"
	return []route.Route{
		get("/n/{network}/bodies/{id}/seats/new", route.Coordinator, "Shows the form for a new seat in a body.", p.in((*visit).newSeat)),
		post("/n/{network}/bodies/{id}/seats/new", route.Coordinator, "Adds a seat to a body.", p.posted((*visit).addSeat)),
		get(at, route.Coordinator, "Shows a seat: who holds it, who held it, who is there for it.", p.in((*visit).seat)),
		post(at, route.Coordinator, "Gives a seat to a person.", p.posted((*visit).give)),
		get(at+"/edit", route.Coordinator, "Shows the form for a seat.", p.in((*visit).editSeat)),
		post(at+"/edit", route.Coordinator, "Changes a seat.", p.posted((*visit).saveSeat)),
		get(at+"/close", route.Coordinator, "Asks before a seat is taken away.", p.in((*visit).closeSeatForm)),
		post(at+"/close", route.Coordinator, "Takes a seat away.", p.posted((*visit).closeSeat)),
		get(at+"/propose", route.Chair, "Shows the form for proposing somebody for a seat.", p.in((*visit).proposeForm)),
		post(at+"/propose", route.Chair, "Proposes somebody for a seat.", p.posted((*visit).propose)),
		get(term, route.Seated, "Shows the forms for ending, renewing and handing over a term.", p.in((*visit).term)),
		post(term+"/end", route.Seated, "Ends a term before its time: the coordinator, or the person themself.", p.posted((*visit).endTerm)),
		post(term+"/renew", route.Coordinator, "Renews a term.", p.posted((*visit).renew)),
		post(term+"/hand-over", route.Coordinator, "Hands a seat over to somebody else.", p.posted((*visit).handOver)),
		post("/n/{network}/candidates/{id}", route.SignedIn, "Answers a candidate, or withdraws one's own.", p.posted((*visit).answerCandidate)),
	}
}

// seatHere is the seat of the address with its body.
type seatHere struct {
	Seat network.Held
	Body network.Body
}

// theSeat finds the seat of the address when its body is of this tenant and the reader's to see.
func (v *visit) theSeat(tx *storage.Tx, a network.Access, id network.SeatID) (s seatHere, err error) {
	raw, err := v.network.Seat(v.ctx(), tx, id)
	if err != nil {
		return s, err
	}
	if s.Body, err = v.network.Body(v.ctx(), tx, raw.Body); err != nil {
		return s, err
	}
	if s.Body.Root != v.n.ID || !a.Sees(s.Body.Scope()) {
		return s, absent()
	}
	s.Seat.Seat = raw
	all, err := v.network.SeatsAt(v.ctx(), tx, raw.Body, storage.Micros(v.network.Now()))
	for _, one := range all {
		if one.ID == raw.ID {
			s.Seat = one
		}
	}
	return s, err
}

// coordinatedSeat is theSeat for whoever may change it.
func (v *visit) coordinatedSeat() (s seatHere, err error) {
	err = v.look(func(tx *storage.Tx, a network.Access) (err error) {
		if s, err = v.theSeat(tx, a, network.SeatID(v.r.PathValue("id"))); err == nil && !a.Coordinates(s.Body.Network) && !rescues(a, s.Body) {
			err = denied()
		}
		return err
	})
	return s, err
}

// rescues tells whether the operator may fill a secretariat that nobody is left in.
func rescues(a network.Access, b network.Body) bool {
	return a.Operator && b.Kind == network.Secretariat && b.Network == b.Root
}

func (v *visit) seatName(s network.Seat) string {
	return v.l.Must("seat.of", v.l.Must("role."+string(s.Role)), v.l.Must("rule.from."+string(s.Sector)))
}

func (v *visit) seatForm(b network.Body, self network.SeatID, title, back string) (web.Page, error) {
	orgs, seats := []web.Option{{Text: v.l.Must("seat.nominator.none")}}, []web.Option{{Text: v.l.Must("seat.deputy.any")}}
	err := v.look(func(tx *storage.Tx, _ network.Access) error {
		all, err := v.organisationOptions(tx)
		if err != nil {
			return err
		}
		orgs = append(orgs, all...)
		held, err := v.network.SeatsAt(v.ctx(), tx, b.ID, storage.Micros(v.network.Now()))
		for _, s := range held {
			if s.Role.Votes() && s.ID != self {
				seats = append(seats, web.Option{Value: string(s.ID), Text: v.seatName(s.Seat) + ": " + v.holder(s)})
			}
		}
		return err
	})
	return web.Page{Name: "seat-edit", Title: title, Crumbs: v.crumbs(v.l.Must("bodies.title"), "bodies", v.text(b.Name), "bodies/"+string(b.ID), title, ""), Data: map[string]any{
		"Form": v.form, "Body": v.say(b.Name), "Roles": options(v, "role.", network.Roles), "Sectors": options(v, "sector.", network.Sectors), "Organisations": orgs, "Seats": seats, "Back": back, "Title": title,
	}}, err
}

func (v *visit) newSeat() int {
	b, err := v.changeable()
	if err != nil {
		return v.fail(err)
	}
	v.filled("role", string(network.Member))
	return v.show(v.seatForm(b, "", v.l.Must("seat.new"), v.at("bodies/"+string(b.ID))))
}

func (v *visit) addSeat() int {
	b, err := v.changeable()
	if err != nil {
		return v.fail(err)
	}
	s := v.typedSeat()
	s.Body = b.ID
	if err = v.typed(); err == nil {
		_, err = v.network.AddSeat(v.ctx(), v.who, s)
	}
	back := v.at("bodies/" + string(b.ID))
	return v.done(err, back, func() (web.Page, error) { return v.seatForm(b, "", v.l.Must("seat.new"), back) })
}

func (v *visit) typedSeat() network.Seat {
	s := network.Seat{Role: network.Role(v.form.Get("role")), Sector: network.Sector(v.form.Get("sector")), Nominator: network.OrganisationID(v.form.Get("nominator")),
		DeputyFor: network.SeatID(v.form.Get("deputy")), Version: v.version()}
	if v.form.Get("order") != "" {
		s.Order = v.number("order")
	}
	return s
}

func (v *visit) editSeat() int {
	s, err := v.coordinatedSeat()
	if err != nil {
		return v.fail(err)
	}
	v.filled("role", string(s.Seat.Role), "sector", string(s.Seat.Sector), "nominator", string(s.Seat.Nominator), "deputy", string(s.Seat.DeputyFor),
		"order", strconv.Itoa(s.Seat.Order), "version", strconv.FormatInt(s.Seat.Version, 10))
	return v.show(v.seatForm(s.Body, s.Seat.ID, v.l.Must("seat.edit"), v.at("seats/"+string(s.Seat.ID))))
}

func (v *visit) saveSeat() int {
	s, err := v.coordinatedSeat()
	if err != nil {
		return v.fail(err)
	}
	next := v.typedSeat()
	next.ID = s.Seat.ID
	if err = v.typed(); err == nil {
		err = v.network.EditSeat(v.ctx(), v.who, next)
	}
	return v.done(err, v.at("bodies/"+string(s.Body.ID)), func() (web.Page, error) {
		if conflict(err) {
			v.form.Set("version", strconv.FormatInt(s.Seat.Version, 10))
		}
		return v.seatForm(s.Body, s.Seat.ID, v.l.Must("seat.edit"), v.at("seats/"+string(s.Seat.ID)))
	})
}

func (v *visit) closeSeatForm() int {
	s, err := v.coordinatedSeat()
	if err != nil {
		return v.fail(err)
	}
	return v.show(v.closeSeatPage(s), nil)
}

func (v *visit) closeSeatPage(s seatHere) web.Page {
	return v.confirmPage(v.l.Must("seat.close.title", v.seatName(s.Seat.Seat), v.text(s.Body.Name)), v.l.Must("seat.close.text"), v.l.Must("seat.close"), v.at("seats/"+string(s.Seat.ID)), s.Seat.Version)
}

func (v *visit) closeSeat() int {
	s, err := v.coordinatedSeat()
	if err != nil {
		return v.fail(err)
	}
	err = v.network.CloseSeat(v.ctx(), v.who, s.Seat.ID, v.version())
	return v.done(err, v.at("bodies/"+string(s.Body.ID)), func() (web.Page, error) { return v.closeSeatPage(s), nil })
}

// termRow is a term on the page of its seat.
type termRow struct {
	ID     network.HoldingID
	Person said
	Link   string
	Term   string
	Why    string
	Manage string
	Now    bool
}

// candidateRow is somebody for a seat.
type candidateRow struct {
	network.Candidate
	Name   string
	Link   string
	At     time.Time
	State  string
	Open   bool
	Answer string
	Invite string // the form that registers somebody of the public
}

// seat shows a seat to who manages it, with a search for who is to have it.
func (v *visit) seat() int {
	s, err := v.coordinatedSeat()
	if err != nil {
		return v.fail(err)
	}
	v.filled("from", web.DateValue(v.network.Now().In(v.zone(s.Body.Network))))
	return v.show(v.seatPage(s))
}

func (v *visit) seatPage(s seatHere) (web.Page, error) {
	id := string(s.Seat.ID)
	z := v.zone(s.Body.Network)
	q := v.r.URL.Query().Get("q")
	if v.form != nil && v.form.Get("q") != "" {
		q = v.form.Get("q")
	}
	var terms []termRow
	var candidates []candidateRow
	var found []web.Option
	err := v.look(func(tx *storage.Tx, a network.Access) (err error) {
		if terms, err = v.termRows(tx, a, s, z); err != nil {
			return err
		}
		if candidates, err = v.candidateRows(tx, a, s.Seat.ID, z); err != nil {
			return err
		}
		found, err = v.find(tx, a, q, candidates)
		return err
	})
	title := v.seatName(s.Seat.Seat)
	return web.Page{Name: "seat", Title: title + ", " + v.text(s.Body.Name), Crumbs: v.crumbs(v.l.Must("bodies.title"), "bodies", v.text(s.Body.Name), "bodies/"+string(s.Body.ID), title, ""), Data: map[string]any{
		"Form": v.form, "Seat": s.Seat, "Title": title, "Body": v.say(s.Body.Name), "By": v.say(s.Seat.NominatorName), "Terms": terms, "Candidates": candidates, "Found": found, "Q": q,
		"Here": v.at("seats/" + id), "Edit": v.at("seats/" + id + "/edit"), "Close": v.at("seats/" + id + "/close"), "Advertise": v.at("seats/" + id + "/advertise"),
		"Back": v.at("bodies/" + string(s.Body.ID)), "NewPerson": v.at("people/new"), "Search": web.NewForm("q", q), "Vacant": s.Seat.Person == "",
	}}, err
}

func (v *visit) termRows(tx *storage.Tx, a network.Access, s seatHere, z *time.Location) ([]termRow, error) {
	all, err := v.network.Terms(v.ctx(), tx, a, s.Seat.ID)
	now := v.network.Now()
	out := make([]termRow, 0, len(all))
	for _, h := range all {
		row := termRow{ID: h.ID, Person: said{h.Name, ""}, Term: v.l.Days(h.From.In(z), lastDay(h.To, z)), Why: h.Why}
		if h.Name == "" {
			row.Person.Text = v.l.Must("person.erased")
		} else {
			row.Link = v.at("people/" + string(h.Person))
		}
		switch {
		case h.Void():
			row.Term = v.l.Must("history.void")
		case !h.Past(now):
			row.Manage = v.at("terms/" + string(h.ID))
			row.Now = !h.From.After(now)
		}
		out = append(out, row)
	}
	return out, err
}

func (v *visit) candidateRows(tx *storage.Tx, a network.Access, seat network.SeatID, z *time.Location) ([]candidateRow, error) {
	all, err := v.network.Candidates(v.ctx(), tx, a, seat)
	out := make([]candidateRow, 0, len(all))
	for _, c := range all {
		row := candidateRow{Candidate: c, Name: c.Name, At: c.At.In(z), Open: c.State == "", Answer: v.at("candidates/" + c.ID)}
		if c.Person != "" && c.Name != "" {
			row.Link = v.at("people/" + string(c.Person))
		}
		if row.Open && c.Person == "" {
			row.Invite = v.at("people/new?candidate=" + c.ID)
		}
		if c.Name == "" {
			row.Name = v.l.Must("person.erased")
		}
		if c.State != "" {
			row.State = v.l.Must("candidate.state." + c.State)
		}
		out = append(out, row)
	}
	return out, err
}

// find lists whom a seat could be given to: the registered candidates, and whoever the search finds.
func (v *visit) find(tx *storage.Tx, a network.Access, q string, candidates []candidateRow) ([]web.Option, error) {
	var out []web.Option
	for _, c := range candidates {
		if c.Open && c.Person != "" {
			out = append(out, web.Option{Value: string(c.Person), Text: c.Name, Help: v.l.Must("candidate.is")})
		}
	}
	if len(q) < 2 {
		return out, nil
	}
	people, _, err := v.network.People(v.ctx(), tx, a, network.Search{Root: v.n.ID, Text: q, Limit: 20})
	for _, p := range people {
		help := ""
		for i, s := range p.Seats {
			if i < 3 {
				help = join(help, v.text(s.Name))
			}
		}
		if o := (web.Option{Value: string(p.Person), Text: p.Name, Help: help}); !slices.ContainsFunc(out, func(x web.Option) bool { return x.Value == o.Value }) {
			out = append(out, o)
		}
	}
	if len(people) == 1 && v.form != nil && !v.form.Values.Has("person") { // the only one that was found is meant
		v.form.Set("person", string(people[0].Person))
	}
	return out, err
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + ", " + b
}

func (v *visit) give() int {
	s, err := v.coordinatedSeat()
	if err != nil {
		return v.fail(err)
	}
	z := v.zone(s.Body.Network)
	from, to := v.firstAndLast("from", "to", z)
	if today := v.network.Now().In(z); !from.IsZero() && from.Format(time.DateOnly) == today.Format(time.DateOnly) {
		from = time.Time{} // today is now, not the midnight before
	}
	if v.form.Get("person") == "" {
		v.form.Set("person", "")
		v.form.Wrong("person", v.l.Must("seat.give.whom"))
	}
	if err = v.typed(); err == nil {
		_, err = v.network.Give(v.ctx(), v.who, network.Term{Seat: s.Seat.ID, Person: network.PersonID(v.form.Get("person")), From: from, To: to})
	}
	return v.done(err, v.at("bodies/"+string(s.Body.ID)), func() (web.Page, error) { return v.seatPage(s) })
}

// termHere is the term of the address.
type termHere struct {
	seatHere
	Holding network.Holding
	own     bool
	leads   bool
}

// theTerm finds the term of the address, for who coordinates its network and for the person themself.
func (v *visit) theTerm() (t termHere, err error) {
	err = v.look(func(tx *storage.Tx, a network.Access) error {
		seat, err := v.network.SeatOfTerm(v.ctx(), tx, network.HoldingID(v.r.PathValue("id")))
		if err != nil {
			return err
		}
		if t.seatHere, err = v.theSeat(tx, a, seat); err != nil {
			return err
		}
		all, err := v.network.Terms(v.ctx(), tx, a, seat)
		for _, h := range all {
			if string(h.ID) == v.r.PathValue("id") {
				t.Holding = h
			}
		}
		t.leads, t.own = a.Coordinates(t.Body.Network), v.who.Person != "" && t.Holding.Person == v.who.Person
		if err == nil && !t.leads && !t.own {
			err = denied()
		}
		return err
	})
	return t, err
}

func (v *visit) term() int {
	t, err := v.theTerm()
	if err != nil {
		return v.fail(err)
	}
	return v.show(v.termPage(t))
}

func (v *visit) termPage(t termHere) (web.Page, error) {
	id, z := string(t.Holding.ID), v.zone(t.Body.Network)
	q := v.r.URL.Query().Get("q")
	if v.form == nil {
		v.form = web.NewForm()
	}
	if v.form.Get("q") != "" {
		q = v.form.Get("q")
	}
	var found []web.Option
	err := v.look(func(tx *storage.Tx, a network.Access) (err error) {
		if t.leads {
			found, err = v.find(tx, a, q, nil)
		}
		return err
	})
	name := t.Holding.Name
	if name == "" {
		name = v.l.Must("person.erased")
	}
	title := v.l.Must("term.title", name)
	return web.Page{Name: "term", Title: title, Crumbs: v.crumbs(v.l.Must("bodies.title"), "bodies", v.text(t.Body.Name), "bodies/"+string(t.Body.ID), title, ""), Data: map[string]any{
		"Form": v.form, "Title": title, "Seat": v.seatName(t.Seat.Seat), "Body": v.say(t.Body.Name), "Term": v.l.Days(t.Holding.From.In(z), lastDay(t.Holding.To, z)), "Leads": t.leads,
		"Ends": !t.Holding.To.IsZero(), "Over": t.Holding.Past(v.network.Now()), "Found": found, "Q": q, "Here": v.at("terms/" + id), "Back": v.at("bodies/" + string(t.Body.ID)),
		"End": v.at("terms/" + id + "/end"), "Renew": v.at("terms/" + id + "/renew"), "HandOver": v.at("terms/" + id + "/hand-over"), "Search": web.NewForm("q", q),
	}}, err
}

// acted runs an act on the term of the address.
func (v *visit) acted(do func(t termHere, z *time.Location) error) int {
	t, err := v.theTerm()
	if err != nil {
		return v.fail(err)
	}
	err = do(t, v.zone(t.Body.Network))
	return v.done(err, v.at("bodies/"+string(t.Body.ID)), func() (web.Page, error) { return v.termPage(t) })
}

func (v *visit) endTerm() int {
	return v.acted(func(t termHere, z *time.Location) error {
		at := v.after("at", z)
		if err := v.typed(); err != nil {
			return err
		}
		return v.network.End(v.ctx(), v.who, t.Holding.ID, at, v.form.Get("why"))
	})
}

func (v *visit) renew() int {
	return v.acted(func(t termHere, z *time.Location) error {
		to := v.after("to", z)
		if err := v.typed(); err != nil {
			return err
		}
		_, err := v.network.Renew(v.ctx(), v.who, t.Holding.ID, to)
		return err
	})
}

func (v *visit) handOver() int {
	return v.acted(func(t termHere, z *time.Location) error {
		at, to := v.firstAndLast("from", "until", z)
		if v.form.Get("person") == "" {
			v.form.Set("person", "")
			v.form.Wrong("person", v.l.Must("seat.give.whom"))
		}
		if err := v.typed(); err != nil {
			return err
		}
		_, err := v.network.HandOver(v.ctx(), v.who, t.Holding.ID, network.PersonID(v.form.Get("person")), at, to, v.form.Get("why"))
		return err
	})
}

// proposable finds the seat of the address for who runs its body.
func (v *visit) proposable() (s seatHere, err error) {
	err = v.look(func(tx *storage.Tx, a network.Access) (err error) {
		if s, err = v.theSeat(tx, a, network.SeatID(v.r.PathValue("id"))); err == nil && !a.Runs(s.Body.ID, s.Body.Network) {
			err = denied()
		}
		return err
	})
	return s, err
}

func (v *visit) proposePage(s seatHere) (web.Page, error) {
	q := v.r.URL.Query().Get("q")
	if v.form.Get("q") != "" {
		q = v.form.Get("q")
	}
	var found []web.Option
	err := v.look(func(tx *storage.Tx, a network.Access) (err error) {
		found, err = v.find(tx, a, q, nil)
		return err
	})
	title := v.l.Must("propose.title")
	return web.Page{Name: "propose", Title: title, Crumbs: v.crumbs(v.l.Must("bodies.title"), "bodies", v.text(s.Body.Name), "bodies/"+string(s.Body.ID), title, ""), Data: map[string]any{
		"Form": v.form, "Title": title, "Seat": v.seatName(s.Seat.Seat), "Body": v.say(s.Body.Name), "Found": found, "Q": q, "Search": web.NewForm("q", q),
		"Here": v.at("seats/" + string(s.Seat.ID) + "/propose"), "Back": v.at("bodies/" + string(s.Body.ID)),
	}}, err
}

func (v *visit) proposeForm() int {
	s, err := v.proposable()
	if err != nil {
		return v.fail(err)
	}
	v.filled()
	return v.show(v.proposePage(s))
}

func (v *visit) propose() int {
	s, err := v.proposable()
	if err != nil {
		return v.fail(err)
	}
	if v.form.Get("person") == "" {
		v.form.Set("person", "")
		v.form.Wrong("person", v.l.Must("seat.give.whom"))
	}
	if err = v.typed(); err == nil {
		_, err = v.network.Propose(v.ctx(), v.who, s.Seat.ID, network.PersonID(v.form.Get("person")), v.form.Get("text"), v.l.Code)
	}
	return v.done(err, v.at("bodies/"+string(s.Body.ID)), func() (web.Page, error) { return v.proposePage(s) })
}

func (v *visit) answerCandidate() int {
	c, err := v.network.AnswerCandidate(v.ctx(), v.who, v.r.PathValue("id"), v.form.Get("state"))
	if err != nil {
		return v.fail(err)
	}
	if c.Person == v.who.Person {
		return web.SeeOther(v.w, v.r, "/me")
	}
	return web.SeeOther(v.w, v.r, v.at("seats/"+string(c.Seat)))
}
