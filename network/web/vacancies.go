package web

import (
	"strconv"
	"time"

	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
)

func (p *room) vacancies() []route.Route {
	const at = "/n/{network}/vacancies"
	return []route.Route{
		get(at, route.Anyone, "Lists the seats that somebody is sought for, as a page, CSV or JSON.", p.in((*visit).listVacancies)),
		get(at+"/{id}", route.Anyone, "Shows a vacancy, with the form for coming forward.", p.in((*visit).vacancy)),
		post(at+"/{id}", route.Anyone, "Comes forward for a seat; the public with name and mail.", p.posted((*visit).comeForward)),
		get(at+"/{id}/edit", route.Coordinator, "Shows the form for a vacancy.", p.in((*visit).editVacancy)),
		post(at+"/{id}/edit", route.Coordinator, "Changes a vacancy.", p.posted((*visit).saveVacancy)),
		post(at+"/{id}/close", route.Coordinator, "Takes a vacancy down.", p.posted((*visit).closeVacancy)),
		get("/n/{network}/seats/{id}/advertise", route.Coordinator, "Shows the form for advertising a seat.", p.in((*visit).advertiseForm)),
		post("/n/{network}/seats/{id}/advertise", route.Coordinator, "Advertises a seat.", p.posted((*visit).advertise)),
	}
}

// vacancyRow is a vacancy in a list.
type vacancyRow struct {
	Seat     network.SeatID
	Title    string
	Sector   string
	Body     said
	BodyLink string
	By       said
	Text     said
	Takes    said
	Paid     bool
	LastDay  time.Time
	Link     string
	raw      network.Vacancy
}

func (v *visit) vacancyRow(x network.Vacancy) vacancyRow {
	return vacancyRow{Seat: x.Seat.ID, Title: v.seatName(x.Seat.Seat), Sector: string(x.Seat.Sector), Body: v.say(x.Body.Name), BodyLink: v.at("bodies/" + string(x.Body.ID)), By: v.say(x.Seat.NominatorName),
		Text: v.say(x.Text), Takes: v.say(x.Takes), Paid: x.Paid, LastDay: lastDay(x.LastDay, v.zone(x.Body.Network)), Link: v.at("vacancies/" + x.ID), raw: x}
}

func (v *visit) listVacancies() int {
	var rows []vacancyRow
	err := v.look(func(tx *storage.Tx, a network.Access) error {
		all, err := v.network.Vacancies(v.ctx(), tx, a, v.n.ID, "")
		for _, x := range all {
			rows = append(rows, v.vacancyRow(x))
		}
		return err
	})
	if err != nil {
		return v.fail(err)
	}
	if status, done := v.export("vacancies", []string{"id", "body", "role", "sector", "paid", "last_day", "text"}, func(add func(...any) error) error {
		for _, x := range rows {
			if err := add(x.raw.ID, x.Body.Text, x.raw.Seat.Role, x.raw.Seat.Sector, x.Paid, x.LastDay.Format(time.DateOnly), x.Text.Text); err != nil {
				return err
			}
		}
		return nil
	}); done {
		return status
	}
	title := v.l.Must("vacancies.title")
	return v.show(web.Page{Name: "vacancies", Title: title, Public: true, Crumbs: v.crumbs(title, ""), Data: map[string]any{"Rows": rows, "Now": v.network.Now(), "Bodies": v.at("bodies")}}, nil)
}

// theVacancy finds the vacancy of the address, if it is of this tenant.
func (v *visit) theVacancy(tx *storage.Tx, a network.Access) (network.Vacancy, error) {
	x, err := v.network.Vacancy(v.ctx(), tx, a, v.r.PathValue("id"))
	if err == nil && x.Root != v.n.ID {
		err = absent()
	}
	return x, err
}

func (v *visit) vacancy() int {
	v.filled()
	return v.show(v.vacancyPage())
}

func (v *visit) vacancyPage() (web.Page, error) {
	var x network.Vacancy
	coordinates := false
	err := v.look(func(tx *storage.Tx, a network.Access) (err error) {
		x, err = v.theVacancy(tx, a)
		coordinates = err == nil && a.Coordinates(x.Body.Network)
		return err
	})
	if err != nil {
		return web.Page{}, err
	}
	row := v.vacancyRow(x)
	open := x.Closed.IsZero() && x.LastDay.After(v.network.Now())
	return web.Page{Name: "vacancy", Title: row.Title + ", " + row.Body.Text, Crumbs: v.crumbs(v.l.Must("vacancies.title"), "vacancies", row.Title, ""), Data: map[string]any{
		"Form": v.form, "Row": row, "Open": open, "Known": v.who.Person != "", "Sent": v.r.URL.Query().Get("sent") != "", "Coordinates": coordinates, "Now": v.network.Now(),
		"Edit": row.Link + "/edit", "Close": row.Link + "/close", "Seat": v.at("seats/" + string(row.Seat)), "Version": strconv.FormatInt(x.Version, 10), "Vacancies": v.at("vacancies"),
	}}, nil
}

func (v *visit) comeForward() int {
	id := v.r.PathValue("id")
	to := v.at("vacancies/" + id + "?sent=yes")
	if v.form.Get("website") != "" { // a field that people don't see
		return web.SeeOther(v.w, v.r, to)
	}
	if err := v.look(func(tx *storage.Tx, a network.Access) error { _, err := v.theVacancy(tx, a); return err }); err != nil {
		return v.fail(err)
	}
	_, err := v.network.ComeForward(v.ctx(), v.who, id, network.Candidate{Name: v.form.Get("name"), Mail: v.form.Get("mail"), Text: v.form.Get("text"), Lang: v.l.Code, From: web.Sender(v.r)})
	return v.done(err, to, v.vacancyPage)
}

func (v *visit) vacancyForm(title, back string, now []theirs) web.Page {
	return web.Page{Name: "vacancy-edit", Title: title, Crumbs: v.crumbs(v.l.Must("vacancies.title"), "vacancies", title, ""),
		Data: map[string]any{"Form": v.form, "Title": title, "Back": back, "Now": now}}
}

func (v *visit) typedVacancy(z *time.Location) network.Vacancy {
	return network.Vacancy{Text: v.words("text"), Takes: v.words("takes"), Paid: v.form.Has("paid", "yes"), LastDay: v.after("last", z), Version: v.version()}
}

func (v *visit) advertiseForm() int {
	s, err := v.coordinatedSeat()
	if err != nil {
		return v.fail(err)
	}
	v.filled("last", web.DateValue(v.network.Now().In(v.zone(s.Body.Network)).AddDate(0, 0, 30)))
	return v.show(v.vacancyForm(v.l.Must("vacancy.new"), v.at("seats/"+string(s.Seat.ID)), nil), nil)
}

func (v *visit) advertise() int {
	s, err := v.coordinatedSeat()
	if err != nil {
		return v.fail(err)
	}
	x := v.typedVacancy(v.zone(s.Body.Network))
	id := ""
	if err = v.typed(); err == nil {
		id, err = v.network.Advertise(v.ctx(), v.who, s.Seat.ID, x)
	}
	return v.done(err, v.at("vacancies/"+id), func() (web.Page, error) {
		return v.vacancyForm(v.l.Must("vacancy.new"), v.at("seats/"+string(s.Seat.ID)), nil), nil
	})
}

// coordinatedVacancy finds the vacancy of the address for who may change it.
func (v *visit) coordinatedVacancy() (x network.Vacancy, err error) {
	err = v.look(func(tx *storage.Tx, a network.Access) (err error) {
		if x, err = v.theVacancy(tx, a); err == nil && !a.Coordinates(x.Body.Network) {
			err = denied()
		}
		return err
	})
	return x, err
}

func (v *visit) editVacancy() int {
	x, err := v.coordinatedVacancy()
	if err != nil {
		return v.fail(err)
	}
	paid := ""
	if x.Paid {
		paid = "yes"
	}
	all := append(pairs("text", x.Text), pairs("takes", x.Takes)...)
	v.filled(append(all, "paid", paid, "last", web.DateValue(lastDay(x.LastDay, v.zone(x.Body.Network))), "version", strconv.FormatInt(x.Version, 10))...)
	return v.show(v.vacancyForm(v.l.Must("vacancy.edit"), v.at("vacancies/"+x.ID), nil), nil)
}

func (v *visit) saveVacancy() int {
	x, err := v.coordinatedVacancy()
	if err != nil {
		return v.fail(err)
	}
	next := v.typedVacancy(v.zone(x.Body.Network))
	next.ID = x.ID
	if err = v.typed(); err == nil {
		err = v.network.EditVacancy(v.ctx(), v.who, next)
	}
	back := v.at("vacancies/" + x.ID)
	return v.done(err, back, func() (web.Page, error) {
		var now []theirs
		if conflict(err) {
			v.form.Set("version", strconv.FormatInt(x.Version, 10))
			now = []theirs{{v.l.Must("vacancy.text"), v.text(x.Text)}, {v.l.Must("vacancy.takes"), v.text(x.Takes)}}
		}
		return v.vacancyForm(v.l.Must("vacancy.edit"), back, now), nil
	})
}

func (v *visit) closeVacancy() int {
	x, err := v.coordinatedVacancy()
	if err != nil {
		return v.fail(err)
	}
	err = v.network.CloseVacancy(v.ctx(), v.who, x.ID, v.version())
	return v.done(err, v.at("vacancies"), v.vacancyPage)
}
