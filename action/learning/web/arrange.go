package web

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/samverk/samverk/action/learning"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/lang"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/web"
)

type editData struct {
	Action       string
	At           string
	New          bool
	Form         *web.Form
	Where        []web.Option // whose it is
	Kinds        []web.Option
	Audiences    []web.Option
	Languages    []web.Option
	Visibilities []web.Option
	Competences  []web.Option
	Decisions    []web.Option
	Sessions     []int
	Now          *learning.Activity // what somebody else wrote meanwhile
}

const blankSessions = 3

func (v *visit) newForm() int {
	may, err := v.arranges()
	if err != nil {
		return v.fail(err)
	}
	if len(may) == 0 {
		return v.fail(fault.New(fault.Denied, "nothing to arrange for").Say("learning.denied"))
	}
	return v.editPage(web.NewForm("kind", string(learning.Course), "lang", v.l.Code, "visibility", string(network.Public), "anyone", "yes", "certificate", "yes", "seats", "", "accept", "48", "needsdays", "14",
		"decision", v.r.URL.Query().Get("decision"), "title", v.r.URL.Query().Get("title")), nil)
}

// editPage shows the form of an activity: a new one where there is none.
func (v *visit) editPage(f *web.Form, x *learning.View) int {
	d := editData{Action: v.r.URL.Path, At: v.home(), New: x == nil, Form: f, Kinds: options(v.l, "learning.kind.", learning.Kinds...), Audiences: options(v.l, "learning.audience.", learning.Audiences...),
		Languages: options(v.l, "learning.lang.", lang.Codes...), Visibilities: options(v.l, "learning.visibility.", network.Public, network.NetworkOnly)}
	title, rows := v.l.Must("learning.new"), 1
	var err error
	if d.New {
		if d.Where, err = v.arranges(); err != nil {
			return v.fail(err)
		}
		if d.Decisions, err = v.decisions(); err != nil {
			return v.fail(err)
		}
	} else {
		title, d.At = v.l.Must("learning.edit"), v.home()+"/"+string(x.ID)
		if f.Status() == 409 {
			d.Now = &x.Activity
			f.Set("version", strconv.FormatInt(x.Version, 10))
		}
	}
	all, err := v.Competences(v.ctx(), v.n.ID)
	if err != nil {
		return v.fail(err)
	}
	d.Competences = v.competenceOptions(all, "learning.competence.none")
	for f.Has(fmt.Sprintf("s-%d-row", rows-1), "yes") {
		rows++
	}
	for i := range rows - 1 + blankSessions {
		d.Sessions = append(d.Sessions, i)
	}
	return v.show(web.Page{Name: "learning-edit", Title: title, Data: d, Form: f, Crumbs: v.crumbs(title, "")})
}

func (v *visit) competenceOptions(all []learning.Competence, none string) []web.Option {
	out := []web.Option{{Text: v.l.Must(none)}}
	for _, c := range all {
		if !c.Closed {
			out = append(out, web.Option{Value: c.ID, Text: v.text(c.Name)})
		}
	}
	return out
}

// decisions are those that something new may come from, the latest first.
func (v *visit) decisions() ([]web.Option, error) {
	all, err := v.forum.Decisions(v.ctx(), v.who, forum.DecisionFilter{Root: v.n.ID, Limit: 50})
	out := []web.Option{{Text: v.l.Must("learning.decision.none")}}
	for _, d := range all {
		out = append(out, web.Option{Value: string(d.ID), Text: d.Number + " " + d.Title})
	}
	return out, err
}

// plan reads the form of an activity. What can't be read is noted in the form.
func (v *visit) plan() learning.Plan {
	f := v.form
	number := func(name string, none int) int {
		n, ok := f.Int(name)
		if !ok {
			n = none
			if f.Get(name) != "" {
				n = -1
			}
		}
		return n
	}
	p := learning.Plan{Activity: learning.Activity{Kind: learning.Kind(f.Get("kind")), Title: f.Get("title"), Text: f.Get("text"), Lang: f.Get("lang"), Visibility: network.Visibility(f.Get("visibility")), SelfPaced: f.Has("selfpaced", "yes"),
		Place: f.Get("place"), Link: f.Get("link"), Seats: number("seats", 0), Accept: number("accept", 48), Anyone: f.Has("anyone", "yes"), Attend: number("attend", 0), Certificate: f.Has("certificate", "yes"),
		Competence: f.Get("competence"), NeedsDays: number("needsdays", 14), Decision: forum.DecisionID(f.Get("decision"))}}
	if body, ok := strings.CutPrefix(f.Get("where"), "body:"); ok {
		p.Body = network.BodyID(body)
	} else {
		p.Network = network.ID(f.Get("where"))
	}
	for _, a := range f.All("audience") {
		p.Audience = append(p.Audience, learning.Audience(a))
	}
	zone := v.zone()
	if day, ok := f.Day("closes", zone); ok {
		p.Closes = day.AddDate(0, 0, 1)
	} else if f.Get("closes") != "" {
		f.Wrong("closes", v.l.Must("learning.day"))
	}
	for i := 0; f.Has(fmt.Sprintf("s-%d-row", i), "yes") && i < 100; i++ {
		day, from, to := fmt.Sprintf("s-%d-day", i), fmt.Sprintf("s-%d-from", i), fmt.Sprintf("s-%d-to", i)
		if f.Get(day) == "" && f.Get(from) == "" {
			continue
		}
		starts, ok := f.Moment(day, from, zone)
		ends, also := f.Moment(day, to, zone)
		if !ok || !also || !ends.After(starts) {
			f.Wrong(day, v.l.Must("fault.learning.session"))
			continue
		}
		p.Sessions = append(p.Sessions, learning.Session{ID: learning.SessionID(f.Get(fmt.Sprintf("s-%d-id", i))), Starts: starts, Ends: ends, Title: f.Get(fmt.Sprintf("s-%d-title", i))})
	}
	if !p.Closes.IsZero() && len(p.Sessions) > 0 { // until the end of a day, or until it begins
		for _, s := range p.Sessions {
			if s.Starts.Before(p.Closes) && s.Starts.After(p.Closes.AddDate(0, 0, -1)) {
				p.Closes = s.Starts
			}
		}
	}
	return p
}

func (v *visit) create() int {
	p := v.plan()
	again := func() int { return v.editPage(v.form, nil) }
	if !v.form.OK() {
		return again()
	}
	id, err := v.Add(v.ctx(), v.who, p)
	return v.done(err, v.home()+"/"+string(id), again)
}

// arranged finds an activity that the reader arranges.
func (v *visit) arranged() (x learning.View, at string, err error) {
	who, at := v.registrant()
	x, err = v.View(v.ctx(), who, v.n.ID)
	if err == nil && !x.Arranges {
		err = fault.New(fault.Denied, "this is for who arranges it").Say("learning.denied")
	}
	return x, at, err
}

func (v *visit) editForm() int {
	x, _, err := v.arranged()
	if err != nil {
		return v.fail(err)
	}
	yes := func(b bool) string {
		if b {
			return "yes"
		}
		return ""
	}
	number := func(n int) string {
		if n == 0 {
			return ""
		}
		return strconv.Itoa(n)
	}
	f := web.NewForm("kind", string(x.Kind), "title", x.Title, "text", x.Text, "lang", x.Lang, "visibility", string(x.Visibility), "selfpaced", yes(x.SelfPaced), "place", x.Place, "link", x.Link, "seats", number(x.Seats),
		"accept", strconv.Itoa(x.Accept), "anyone", yes(x.Anyone), "attend", number(x.Attend), "certificate", yes(x.Certificate), "competence", x.Competence, "needsdays", strconv.Itoa(x.NeedsDays), "version", strconv.FormatInt(x.Version, 10))
	for _, a := range x.Audience {
		f.Values.Add("audience", string(a))
	}
	if !x.Closes.IsZero() {
		f.Set("closes", web.DateValue(x.Closes.Add(-time.Second)))
	}
	for i, s := range x.Sessions {
		set := func(name, value string) { f.Set(fmt.Sprintf("s-%d-%s", i, name), value) }
		set("row", "yes")
		set("id", string(s.ID))
		set("day", web.DateValue(s.Starts))
		set("from", web.ClockValue(s.Starts))
		set("to", web.ClockValue(s.Ends))
		set("title", s.Title)
	}
	return v.editPage(f, &x)
}

func (v *visit) edit() int {
	x, at, err := v.arranged()
	if err != nil {
		return v.fail(err)
	}
	p := v.plan()
	again := func() int { return v.editPage(v.form, &x) }
	if !v.form.OK() {
		return again()
	}
	p.ID, p.Zone = x.ID, x.Zone
	p.Version, _ = strconv.ParseInt(v.form.Get("version"), 10, 64)
	return v.done(v.Edit(v.ctx(), v.who, p), at, again)
}

const rosterShown = 200

type arrangeData struct {
	learning.Roster
	At      string
	Action  string
	Form    *web.Form
	Rows    []attendee
	Waiting []attendee
	Times   []session
	Session learning.SessionID // whose attendance is noted
	Chosen  string             // that session in words
	Early   bool               // it hasn't begun
	Shown   string             // the ids of those that are shown
	Pager   web.Pager
	Formats web.Formats
	Over    bool
	Queued  int
	Gone    int
}

type attendee struct {
	learning.Registration
	Standing string
	There    bool
	At       int // sessions attended
}

type session struct {
	learning.Session
	Text string
	Link string
	Here bool
}

func (v *visit) arrange() int {
	who, at := v.registrant()
	format, err := web.FormatOf(v.r)
	if err != nil {
		return v.fail(err)
	}
	if _, _, err := v.arranged(); err != nil {
		return v.fail(err)
	}
	if format != "" {
		return v.rosterFile(who.Activity, format)
	}
	l, err := v.Roster(v.ctx(), v.who, who.Activity, learning.RegistrationID(v.r.URL.Query().Get("after")), rosterShown)
	if err != nil {
		return v.fail(err)
	}
	d := arrangeData{Roster: l, At: at, Action: at + "/arrange", Form: v.filled(), Pager: web.PagerAt(v.r.URL.RequestURI(), string(l.Next)), Formats: web.FormatsAt(v.r.URL.RequestURI()), Over: l.Activity.SelfPaced || l.Activity.Over(v.Now()),
		Queued: l.Count[learning.Waiting], Gone: l.Count[learning.Withdrawn]}
	d.sessions(v, zoneOf(l.Activity.Zone))
	var shown []string
	for _, g := range l.Rows {
		a := attendee{Registration: g, Standing: v.l.Must("learning.mine." + string(g.State)), At: len(g.Attended)}
		for _, s := range g.Attended {
			a.There = a.There || s == d.Session
		}
		if g.State == learning.Waiting {
			d.Waiting = append(d.Waiting, a)
			continue
		}
		shown = append(shown, string(g.ID))
		d.Rows = append(d.Rows, a)
	}
	d.Shown = strings.Join(shown, " ")
	title := v.l.Must("learning.arrange")
	return v.show(web.Page{Name: "learning-arrange", Title: title, Data: d, Form: d.Form, Crumbs: v.crumbs(l.Activity.Title, at, title, "")})
}

// sessions finds the session whose attendance is noted: the one in the address, else the latest that has begun.
func (d *arrangeData) sessions(v *visit, zone *time.Location) {
	asked := learning.SessionID(v.r.URL.Query().Get("session"))
	for _, s := range d.Roster.Sessions {
		s.Starts, s.Ends = s.Starts.In(zone), s.Ends.In(zone)
		if s.ID == asked || asked == "" && (d.Session == "" || !s.Starts.After(v.Now())) {
			d.Session, d.Chosen, d.Early = s.ID, v.l.When(s.Starts), s.Starts.After(v.Now())
		}
		d.Times = append(d.Times, session{Session: s, Text: v.l.When(s.Starts), Link: d.Action + "?session=" + string(s.ID)})
	}
	for i := range d.Times {
		d.Times[i].Here = d.Times[i].ID == d.Session
	}
}

func (v *visit) rosterFile(id learning.ID, format string) int {
	e := web.NewExport(v.w, format, "participants", "name", "mail", "state", "registered", "attended", "sessions", "quiz", "certificate", "interpreter", "access", "diet")
	var after learning.RegistrationID
	for {
		l, err := v.Roster(v.ctx(), v.who, id, after, 1000)
		if err != nil {
			e.Cut()
			return v.fail(err)
		}
		for _, g := range l.Rows {
			quiz := any("")
			if g.Best >= 0 {
				quiz = g.Best
			}
			if err := e.Row(g.Name, g.Mail, string(g.State), g.Made, len(g.Attended), len(l.Sessions), quiz, g.Code != "", g.Needs.Interpreter, g.Needs.Access, g.Needs.Diet); err != nil {
				e.Cut()
				return v.fail(err)
			}
		}
		if after = l.Next; after == "" {
			return e.End()
		}
	}
}

func (v *visit) attend() int {
	who, at := v.registrant()
	var shown, there []learning.RegistrationID
	for _, id := range strings.Fields(v.form.Get("shown")) {
		shown = append(shown, learning.RegistrationID(id))
	}
	for _, id := range v.form.All("there") {
		there = append(there, learning.RegistrationID(id))
	}
	s := learning.SessionID(v.form.Get("session"))
	if _, _, err := v.arranged(); err != nil {
		return v.fail(err)
	}
	if err := v.Attend(v.ctx(), v.who, who.Activity, s, shown, there); err != nil {
		return v.fail(err)
	}
	return v.see(at + "/arrange?session=" + string(s))
}

type formData struct {
	What      string
	At        string
	Action    string
	Do        string
	Form      *web.Form
	Activity  learning.Activity
	Languages []web.Option
	Materials []web.Option
	Questions []learning.Question
	Right     []web.Option
}

func (v *visit) arrangeForm() int {
	return v.arrangeFormPage(v.filled("lang", v.l.Code, "material", v.r.URL.Query().Get("material")))
}

func (v *visit) arrangeFormPage(f *web.Form) int {
	x, at, err := v.arranged()
	if err != nil {
		return v.fail(err)
	}
	what := v.r.PathValue("what")
	if !v.l.Has("learning." + what + ".new") {
		return v.fail(network.Absent())
	}
	d := formData{What: what, At: at + "/arrange", Action: at + "/arrange/" + what, Do: at + "/do", Form: f, Activity: x.Activity, Languages: v.languages()}
	d.Materials = []web.Option{{Text: v.l.Must("learning.material.first")}}
	for _, m := range x.Materials {
		d.Materials = append(d.Materials, web.Option{Value: m.ID, Text: m.Title})
	}
	if what == "question" {
		if _, _, d.Questions, err = v.Quiz(v.ctx(), learning.Registrant{Actor: v.who, Activity: x.ID}); err != nil {
			return v.fail(err)
		}
		for i := range 4 {
			d.Right = append(d.Right, web.Option{Value: strconv.Itoa(i), Text: v.l.Must("learning.option", i+1)})
		}
	}
	title := v.l.Must("learning." + what + ".new")
	return v.show(web.Page{Name: "learning-form", Title: title, Data: d, Form: f, Crumbs: v.crumbs(x.Title, at, v.l.Must("learning.arrange"), d.At, title, "")})
}

func (v *visit) arrangeDo() int {
	x, at, err := v.arranged()
	if err != nil {
		return v.fail(err)
	}
	f, to := v.form, at+"/arrange"
	switch v.r.PathValue("what") {
	case "material":
		to, err = at, v.hand(x.ID)
	case "message":
		err = v.Write(v.ctx(), v.who, x.ID, learning.Message{Title: f.Get("title"), Text: f.Get("text"), Lang: f.Get("lang")})
	case "cancel":
		to, err = at, v.Cancel(v.ctx(), v.who, x.ID, f.Get("why"))
	case "question":
		to += "/question"
		q := learning.Question{Text: f.Get("question"), Why: f.Get("reason")}
		q.Answer, _ = f.Int("answer")
		for i := range 4 {
			if s := f.Get(fmt.Sprint("option-", i)); s != "" {
				q.Options = append(q.Options, s)
			} else if i < q.Answer {
				q.Answer = -1 // which is right can't be told
			}
		}
		err = v.AddQuestion(v.ctx(), v.who, x.ID, q)
	default:
		err = network.Absent()
	}
	return v.done(err, to, func() int { return v.arrangeFormPage(f) })
}

func (v *visit) hand(id learning.ID) error {
	h := v.form.File("file")
	if h == nil {
		return fault.New(fault.Invalid, "there is no file").Where("file").Say("learning.missing")
	}
	c, err := h.Open()
	if err != nil {
		return fault.Wrap(fault.Internal, err, "what was sent can't be read")
	}
	defer func() { _ = c.Close() }() // read only
	return v.Hand(v.ctx(), v.who, id, learning.Material{ID: v.form.Get("material"), Title: cmp.Or(v.form.Get("title"), h.Filename), Lang: v.form.Get("lang"), Open: v.form.Has("open", "yes")}, h.Filename, c)
}
