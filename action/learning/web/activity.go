package web

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/samverk/samverk/action/learning"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/web"
)

type activityData struct {
	learning.View
	Home      string
	At        string // of this page's own forms
	Do        string // where its buttons lead
	Self      string // the activity's own page
	Kind      string
	By        string
	Audiences []string
	Place     places
	Standing  string
	Form      *web.Form // of needs
	Quiz      string    // "" for whom there is none
	Evaluate  string
	Register  string // where one registers; "" when one can't
	WaitFirst bool   // one would wait
	Decided   []string
	Raised    []string
	History   []event
	Results   *results
	ByLink    bool // reached by a secret link
	SignedIn  bool
	Past      bool
	Link      string
	Code      string // of the certificate
}

type event struct {
	Text string
	Who  string
	At   time.Time
	Why  string
}

type results struct {
	Answers int
	Rows    []resultRow
	Texts   []learning.Spoken
}

type resultRow struct {
	Question string
	Marks    [5]int
	Mean     string
}

func (v *visit) activity() int {
	who, at := v.registrant()
	x, err := v.View(v.ctx(), who, v.n.ID)
	if err != nil {
		return v.fail(err)
	}
	d := activityData{View: x, Home: v.home(), At: at, Self: v.home() + "/" + string(x.ID), Kind: v.l.Must("learning.kind." + string(x.Kind)), By: v.nameOf(x.Network), Place: v.places(x.Activity),
		ByLink: who.Token != "", SignedIn: v.who.Person != "", Past: x.Over(v.Now()), Link: x.Link}
	for _, a := range x.Audience {
		d.Audiences = append(d.Audiences, v.l.Must("learning.audience."+string(a)))
	}
	if d.Do = at; !d.ByLink {
		d.Do += "/do"
	}
	v.standing(&d)
	for _, id := range x.Decisions {
		d.Decided = append(d.Decided, v.at("decisions/"+string(id)))
	}
	for _, t := range x.Topics {
		d.Raised = append(d.Raised, v.at("topics/"+string(t)))
	}
	for _, e := range x.History {
		if key := "event." + e.Kind; v.l.Has(key) {
			d.History = append(d.History, event{Text: v.l.Must(key), Who: e.Name, At: e.At.In(zoneOf(x.Zone)), Why: e.Details["reason"]})
		}
	}
	d.Results = v.results(x.Results)
	page := web.Page{Name: "learning-activity", Title: x.Title, Data: d, Form: v.form, Public: !d.ByLink && x.Visibility == network.Public && x.State != learning.Draft, Secret: d.ByLink, Crumbs: v.crumbs(x.Title, "")}
	if v.form == nil {
		page.Form = d.Form
	}
	return v.show(page)
}

// standing says how the reader stands, and what they can do.
func (v *visit) standing(d *activityData) {
	now := v.Now()
	if d.Takes(now) {
		d.Register = d.Self + "/register"
		free, bounded := d.Free()
		d.WaitFirst = bounded && free <= 0
	}
	m := d.Mine
	if m == nil || m.State.Over() {
		if m != nil {
			d.Standing = v.l.Must("learning.mine." + string(m.State))
		}
		return
	}
	d.Register = ""
	d.Standing = v.l.Must("learning.mine." + string(m.State))
	m.Until = m.Until.In(zoneOf(d.Zone))
	d.Form = v.filled("interpreter", m.Needs.Interpreter, "access", m.Needs.Access, "diet", m.Needs.Diet)
	if m.State == learning.Registered {
		if d.Questions > 0 {
			d.Quiz = d.At + "/quiz"
		}
		if !m.Evaluated && d.State == learning.Published && (d.SelfPaced || d.Begun(now)) {
			d.Evaluate = d.At + "/evaluation"
		}
	}
	if m.Code != "" {
		d.Code = v.at("certificates/" + m.Code)
	}
}

func (v *visit) results(r *learning.Results) *results {
	if r == nil {
		return nil
	}
	out := &results{Answers: r.Answers, Texts: r.Texts}
	for _, q := range []struct {
		name  string
		marks [5]int
	}{{"useful", r.Useful}, {"level", r.Level}, {"voice", r.Voice}, {"again", r.Again}} {
		out.Rows = append(out.Rows, resultRow{v.l.Must("learning.evaluate." + q.name), q.marks, decimal(v.l, learning.Mean(q.marks))})
	}
	return out
}

// decimal writes a number with one decimal, in the reader's way.
func decimal(l *web.Words, x float64) string {
	s := strconv.FormatFloat(x, 'f', 1, 64)
	if l.Code != "en" {
		s = strings.Replace(s, ".", ",", 1)
	}
	return s
}

type registerData struct {
	Activity  learning.Activity
	At        string
	Action    string
	Form      *web.Form
	Signed    bool
	Waits     bool
	Mails     bool
	Languages []web.Option
	Sent      bool
	Link      string // in a demonstration: what the mail would have held
	SignIn    string
}

func (v *visit) registerForm() int { return v.registerPage(v.filled("lang", v.l.Code), "", false) }

func (v *visit) registerPage(f *web.Form, link string, sent bool) int {
	who, at := v.registrant()
	x, err := v.View(v.ctx(), who, v.n.ID)
	if err != nil {
		return v.fail(err)
	}
	if x.Mine != nil && !sent {
		return v.see(at)
	}
	if !sent && !x.Takes(v.Now()) {
		return v.fail(fault.New(fault.Conflict, "one can't register").Say("learning.closed"))
	}
	free, bounded := x.Free()
	d := registerData{Activity: x.Activity, At: at, Action: at + "/register", Form: f, Signed: v.who.Person != "", Waits: bounded && free <= 0, Mails: x.Anyone && v.Mails(), Languages: v.languages(), Link: link, Sent: sent,
		SignIn: "/sign-in?back=" + at + "/register"}
	title := v.l.Must("learning.register")
	if sent {
		title = v.l.Must("learning.sent")
	}
	return v.show(web.Page{Name: "learning-register", Title: title, Data: d, Form: f, Secret: link != "", Crumbs: v.crumbs(x.Title, at, title, "")})
}

func (v *visit) needs() learning.Needs {
	return learning.Needs{Interpreter: v.form.Get("interpreter"), Access: v.form.Get("access"), Diet: v.form.Get("diet")}
}

func (v *visit) register() int {
	who, at := v.registrant()
	again := func() int { return v.registerPage(v.form, "", false) }
	if v.who.Person != "" {
		_, err := v.Register(v.ctx(), v.who, who.Activity, v.l.Code, v.needs())
		return v.done(err, at, again)
	}
	link, err := v.RegisterByMail(v.ctx(), web.Sender(v.r), learning.ByMail{Root: v.n.ID, Activity: who.Activity, Mail: v.form.Get("mail"), Name: v.form.Get("name"), Lang: v.form.Get("lang"), Needs: v.needs()})
	if err != nil {
		if !v.form.Fault(v.l, err) {
			return v.fail(err)
		}
		return again()
	}
	return v.registerPage(nil, link, true)
}

// do is what is done with one press on an activity's page.
func (v *visit) do() int {
	who, at := v.registrant()
	ctx, id := v.ctx(), who.Activity
	var err error
	switch v.form.Get("do") {
	case "withdraw":
		err = v.Withdraw(ctx, who)
	case "accept":
		err = v.Accept(ctx, who)
	case "needs":
		err = v.SetNeeds(ctx, who, v.needs())
	case "publish":
		err = v.Publish(ctx, v.who, id)
	case "certify":
		at += "/arrange"
		_, err = v.Certify(ctx, v.who, id)
	case "remove":
		at += "/arrange"
		err = v.Remove(ctx, v.who, id, learning.RegistrationID(v.form.Get("registration")))
	case "takeback":
		at += "/arrange"
		err = v.TakeBack(ctx, v.who, id, learning.RegistrationID(v.form.Get("registration")))
	case "drop":
		at += "/arrange/question"
		err = v.DropQuestion(ctx, v.who, id, v.form.Get("question"))
	case "raise":
		return v.raise(id)
	default:
		if _, err = v.View(ctx, who, v.n.ID); err == nil {
			err = fault.New(fault.Invalid, "there is no such button").Say("learning.choose")
		}
	}
	if err != nil {
		return v.fail(err)
	}
	return v.see(at)
}

// raise raises a topic, written in the network's language.
func (v *visit) raise(id learning.ID) int {
	x, err := v.View(v.ctx(), learning.Registrant{Actor: v.who, Activity: id}, v.n.ID)
	if err != nil {
		return v.fail(err)
	}
	l := v.pages.In(v.n.Lang)
	text := l.Must("learning.raise.text", x.Title)
	if r := x.Results; r != nil {
		text += "\n\n" + l.Must("learning.raise.results", r.Answers, decimal(l, learning.Mean(r.Useful)), decimal(l, learning.Mean(r.Voice)))
	}
	t, err := v.Raise(v.ctx(), v.who, id, l.Must("learning.raise.title", x.Title), text)
	if err != nil {
		return v.fail(err)
	}
	return v.see(v.at("topics/" + string(t)))
}

func (v *visit) registration() int { return v.activity() }

// registrationDo is what is done with one press on the page of a secret link.
func (v *visit) registrationDo() int {
	who, at := v.registrant()
	var err error
	switch v.form.Get("do") {
	case "confirm":
		_, err = v.Confirm(v.ctx(), who.Token)
	case "withdraw":
		err = v.Withdraw(v.ctx(), who)
	case "accept":
		err = v.Accept(v.ctx(), who)
	case "needs":
		err = v.SetNeeds(v.ctx(), who, v.needs())
	default:
		if _, err = v.View(v.ctx(), who, v.n.ID); err == nil {
			err = fault.New(fault.Invalid, "there is no such button").Say("learning.choose")
		}
	}
	if err != nil {
		return v.fail(err)
	}
	return v.see(at)
}

func (v *visit) file() int {
	who, _ := v.registrant()
	id := who.Activity
	if who.Token != "" {
		x, err := v.View(v.ctx(), who, v.n.ID)
		if err != nil {
			return v.fail(err)
		}
		id = x.ID
	}
	c, err := v.Fetch(v.ctx(), who, v.n.ID, id, forum.FileID(v.r.PathValue("file")))
	if err != nil {
		return v.fail(err)
	}
	defer func() { _ = c.Close() }() // read only
	h := v.w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", `attachment; filename="`+web.FileName(c.Name)+`"`)
	h.Set("Content-Length", strconv.FormatInt(c.Size, 10))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = io.Copy(v.w, c) // who hung up is told nothing
	return http.StatusOK
}

type quizData struct {
	Activity  learning.Activity
	At        string
	Action    string
	Questions []question
	Form      *web.Form
	Tried     *learning.Tried
	Best      int
	Mine      bool
	Drop      string // where a question is dropped; "" for who doesn't arrange
}

type question struct {
	learning.Question
	Name    string
	Choices []web.Option
	Right   bool
}

func (v *visit) quiz() int { return v.quizPage(v.filled(), nil) }

func (v *visit) quizPage(f *web.Form, tried *learning.Tried) int {
	who, at := v.registrant()
	x, g, all, err := v.Quiz(v.ctx(), who)
	if err != nil || x.Root != v.n.ID || len(all) == 0 {
		if err == nil {
			err = network.Absent()
		}
		return v.fail(err)
	}
	d := quizData{Activity: x, At: at, Action: at + "/quiz", Form: f, Tried: tried, Best: -1, Mine: g != nil}
	if g != nil {
		d.Best = g.Best
	}
	for i, q := range all {
		one := question{Question: q, Name: "q-" + q.ID}
		for n, text := range q.Options {
			one.Choices = append(one.Choices, web.Option{Value: strconv.Itoa(n), Text: text})
		}
		if tried != nil {
			one.Right = tried.Right[i]
		}
		d.Questions = append(d.Questions, one)
	}
	return v.show(web.Page{Name: "learning-quiz", Title: v.l.Must("learning.quiz"), Data: d, Form: f, Secret: who.Token != "", Crumbs: v.crumbs(x.Title, at, v.l.Must("learning.quiz"), "")})
}

func (v *visit) try() int {
	who, _ := v.registrant()
	answers := map[string]int{}
	for name := range v.form.Values {
		if id, ok := strings.CutPrefix(name, "q-"); ok {
			if n, ok := v.form.Int(name); ok {
				answers[id] = n
			}
		}
	}
	t, err := v.Try(v.ctx(), who, answers)
	if err != nil {
		if !v.form.Fault(v.l, err) {
			return v.fail(err)
		}
		return v.quizPage(v.form, nil)
	}
	return v.quizPage(v.form, &t)
}

type evaluationData struct {
	Activity learning.Activity
	At       string
	Action   string
	Form     *web.Form
	Marks    []web.Option
	Batch    int
}

func (v *visit) evaluationForm() int { return v.evaluationPage(v.filled()) }

func (v *visit) evaluationPage(f *web.Form) int {
	who, at := v.registrant()
	x, err := v.View(v.ctx(), who, v.n.ID)
	if err != nil {
		return v.fail(err)
	}
	if x.Mine == nil || x.Mine.State != learning.Registered {
		return v.fail(network.Absent())
	}
	if x.Mine.Evaluated {
		return v.see(at)
	}
	d := evaluationData{Activity: x.Activity, At: at, Action: at + "/evaluation", Form: f, Batch: learning.BatchSize}
	for i := range 5 {
		n := strconv.Itoa(i + 1)
		d.Marks = append(d.Marks, web.Option{Value: n, Text: v.l.Must("learning.mark." + n)})
	}
	title := v.l.Must("learning.evaluation")
	return v.show(web.Page{Name: "learning-evaluation", Title: title, Data: d, Form: f, Secret: who.Token != "", Crumbs: v.crumbs(x.Title, at, title, "")})
}

func (v *visit) evaluate() int {
	who, at := v.registrant()
	n := func(name string) int { i, _ := v.form.Int(name); return i }
	err := v.Evaluate(v.ctx(), who, learning.Opinion{Useful: n("useful"), Level: n("level"), Voice: n("voice"), Again: n("again"), Text: v.form.Get("text"), Lang: v.l.Code})
	return v.done(err, at, func() int { return v.evaluationPage(v.form) })
}
