package web

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
)

// act is something that is done with a topic by a form of its own: /topics/{topic}/KEY.
type act struct {
	key  string
	of   string // names what else is in the address: an input, a lift
	who  route.Caller
	does string
	may  func(forum.May) bool // whether the form is shown; the room judges again
	// fill makes the fields; for a form that is not yet filled in, f is empty.
	fill func(c *acting, b *fields) error
	// do asks the room.
	do func(c *acting, f *web.Form) error
}

// acting is one request of an act.
type acting struct {
	*room
	w     http.ResponseWriter
	r     *http.Request
	n     *network.Network
	l     *web.Words
	view  forum.TopicView
	topic forum.Topic
	body  network.Body // the topic's; zero without one
	new   bool         // nothing was typed yet
	find  *web.Form    // a search that fills the form's choices; nil: none
	none  string       // that the search found nothing
	quote *forum.Input
	owed  *forum.LiftView
	now   *forum.Topic // as it is now, when somebody else was first
}

type actData struct {
	Act    string
	Topic  forum.Topic
	At     string
	Action string
	Form   *web.Form
	Fields []actField
	Lede   string
	Button string
	Upload bool
	Quote  *forum.Input
	Owed   *forum.LiftView
	Now    *forum.Topic
	Find   *web.Form
	None   string
}

// acts are what can be done with a topic.
var acts = []act{
	{key: "edit", who: route.Member, does: "Changes what a topic says.", may: func(m forum.May) bool { return m.Edit }, fill: fillEdit, do: doEdit},
	{key: "input", who: route.Member, does: "Says what patients think of a topic.", may: func(m forum.May) bool { return m.Give }, fill: fillGive, do: doGive},
	{key: "ask", who: route.Chair, does: "Asks patients for their input.", may: func(m forum.May) bool { return m.Run }, fill: fillAsk, do: doAsk},
	{key: "waive", who: route.Chair, does: "Does without patients' input, with the reason.", may: func(m forum.May) bool { return m.Chair }, fill: fillReason, do: doWaive},
	{key: "judge", of: "input", who: route.Chair, does: "Says what became of an input.", may: func(m forum.May) bool { return m.Judge }, fill: fillJudge, do: doJudge},
	{key: "assign", who: route.Coordinator, does: "Gives a topic to a body.", may: func(m forum.May) bool { return m.Run }, fill: fillAssign, do: doAssign},
	{key: "lift", who: route.Chair, does: "Lifts a topic to the parent network.", may: func(m forum.May) bool { return m.Step[forum.Lifted] }, fill: fillLift, do: doLift},
	{key: "answer", of: "lift", who: route.Chair, does: "Answers a body that lifted a topic.", may: func(m forum.May) bool { return m.Run }, fill: fillAnswer, do: doAnswer},
	{key: "delay", of: "lift", who: route.Chair, does: "Says why an owed answer waits.", may: func(m forum.May) bool { return m.Run }, fill: fillDelay, do: doDelay},
	{key: "close", who: route.Member, does: "Ends a topic without a decision.", may: func(m forum.May) bool { return m.Close }, fill: fillReason, do: doClose},
	{key: "merge", who: route.Chair, does: "Lets a topic live on in another.", may: func(m forum.May) bool { return m.Step[forum.Merged] }, fill: fillOther, do: doMerge},
	{key: "link", who: route.Member, does: "Says that two topics belong together.", may: func(m forum.May) bool { return m.Edit || m.Run }, fill: fillLink, do: doLink},
	{key: "evidence", who: route.Member, does: "Lays evidence or a file beside a topic.", may: func(m forum.May) bool { return m.Add }, fill: fillEvidence, do: doEvidence},
}

// begin finds the topic of a request.
func (p *room) begin(w http.ResponseWriter, r *http.Request, n *network.Network) (*acting, error) {
	c := &acting{room: p, w: w, r: r, n: n, l: p.pages.Words(r)}
	var err error
	c.view, err = p.forum.View(r.Context(), actor(r), n.ID, forum.TopicID(r.PathValue("topic")))
	if c.topic = c.view.Topic; err != nil || c.topic.Body == "" {
		return c, err
	}
	return c, p.network.Look(r.Context(), actor(r), func(tx *storage.Tx, a network.Access) error {
		b, err := p.network.Body(r.Context(), tx, c.topic.Body)
		if a.Sees(b.Scope()) {
			c.body = b
		}
		return err
	})
}

func (p *room) actForm(a act) func(http.ResponseWriter, *http.Request, *network.Network) int {
	return func(w http.ResponseWriter, r *http.Request, n *network.Network) int {
		c, err := p.begin(w, r, n)
		if err != nil {
			return p.pages.Fail(w, r, err)
		}
		if !a.may(c.view.May) {
			return p.pages.Fail(w, r, fault.New(fault.Denied, "this is for others to do").Say("forum.denied"))
		}
		c.new = true
		return c.page(a, web.NewForm())
	}
}

func (p *room) act(a act) func(http.ResponseWriter, *http.Request, *network.Network) int {
	return func(w http.ResponseWriter, r *http.Request, n *network.Network) int {
		f, err := web.ReadForm(w, r)
		if err != nil {
			return p.pages.Fail(w, r, err)
		}
		c, err := p.begin(w, r, n)
		if err != nil {
			return p.pages.Fail(w, r, err)
		}
		if err := a.do(c, f); err != nil {
			if !f.Fault(c.l, err) {
				return p.pages.Fail(w, r, err)
			}
			return c.page(a, f)
		}
		return web.SeeOther(w, r, c.at()+"?done="+a.key)
	}
}

func (c *acting) at() string { return home(c.n) + "/topics/" + string(c.topic.ID) }

// page shows an act's form.
func (c *acting) page(a act, f *web.Form) int {
	b := &fields{l: c.l, form: f, prefix: "topic." + a.key + "."}
	if err := a.fill(c, b); err != nil {
		return c.pages.Fail(c.w, c.r, err)
	}
	d := actData{Act: a.key, Topic: c.topic, At: c.at(), Action: c.r.URL.Path, Form: f, Fields: b.out, Button: c.l.Must("topic." + a.key + ".do"), Quote: c.quote, Owed: c.owed, Now: c.now, Find: c.find, None: c.none}
	if key := "topic." + a.key + ".lede"; c.l.Has(key) {
		d.Lede = c.l.Must(key)
	}
	d.Upload = slices.ContainsFunc(b.out, func(f actField) bool { return f.Part == "file" })
	title := c.l.Must("topic." + a.key)
	return c.pages.Render(c.w, c.r, web.Page{Name: "topic-act", Title: title, Station: "raise", Data: d, Form: f,
		Crumbs: crumb(c.l, c.n, c.l.Must("topic.list"), home(c.n)+"/topics", c.topic.Case, c.at(), title, "")})
}

// set fills a field of a form that nobody has typed in.
func (c *acting) set(f *web.Form, name, value string) {
	if c.new {
		f.Set(name, value)
	}
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func topicVersion(f *web.Form) int64 {
	v, _ := strconv.ParseInt(f.Get("version"), 10, 64)
	return v
}

func fillReason(_ *acting, b *fields) error { b.area("reason", 5); return nil }

func fillEdit(c *acting, b *fields) error {
	t := c.topic
	for name, v := range map[string]string{"title": t.Title, "text": t.Text, "lang": t.Lang, "field": t.Facets.Field, "level": t.Facets.Level, "kind": t.Facets.Kind, "visibility": string(t.Visibility)} {
		c.set(b.form, name, v)
	}
	if !c.new && topicVersion(b.form) != t.Version { // both texts are shown; saved again, it is the newer that is edited
		c.now = &t
	}
	b.form.Set("version", itoa(t.Version))
	b.hidden("version")
	b.text("title")
	b.area("text", 12)
	b.facets()
	b.radios("visibility", topicVisibilities(c.l))
	b.lang()
	return nil
}

func doEdit(c *acting, f *web.Form) error {
	return c.forum.EditTopic(c.r.Context(), actor(c.r), c.topic.ID, forum.TopicEdit{Version: topicVersion(f), Title: f.Get("title"), Text: f.Get("text"), Lang: f.Get("lang"),
		Facets: facetsOf(f), Visibility: network.Visibility(f.Get("visibility"))})
}

func fillGive(c *acting, b *fields) error {
	c.set(b.form, "name", web.ViewerOf(c.r).Name)
	orgs, err := c.organisations(c.r, c.n)
	if err != nil {
		return err
	}
	b.area("text", 8)
	b.text("name")
	if len(orgs) > 0 {
		b.choose("organisation", orgOptions(c.l, c.l.Must("topic.give.myself"), orgs))
	}
	b.tick("aspatient")
	b.lang()
	return nil
}

func doGive(c *acting, f *web.Form) error {
	_, err := c.forum.GiveInput(c.r.Context(), actor(c.r), c.topic.ID, forum.Giving{Text: f.Get("text"), Lang: f.Get("lang"), Name: f.Get("name"),
		Organisation: network.OrganisationID(f.Get("organisation")), AsPatient: f.Has("aspatient", "yes")})
	if fault.KindOf(err) == fault.Invalid && f.Values["aspatient"] == nil {
		f.Set("aspatient", "") // the box is a field of the form also when it isn't ticked
	}
	return err
}

func fillAsk(c *acting, b *fields) error {
	until := c.forum.InputMinimum(c.body)
	if c.topic.InputUntil.After(until) {
		until = c.topic.InputUntil
	}
	c.set(b.form, "until", web.DateValue(lastDay(until, zoneOf(c.n))))
	b.day("until")
	b.note("why", 3)
	return nil
}

func doAsk(c *acting, f *web.Form) error {
	in := forum.Asking{Why: f.Get("why")}
	if f.Get("until") != "" {
		day, ok := f.Day("until", zoneOf(c.n))
		if !ok {
			return fault.New(fault.Invalid, "this is no date").Where("until").Say("topic.date")
		}
		in.Until = time.Date(day.Year(), day.Month(), day.Day()+1, 0, 0, 0, 0, day.Location())
	}
	return c.forum.AskInput(c.r.Context(), actor(c.r), c.topic.ID, in)
}

func doWaive(c *acting, f *web.Form) error {
	return c.forum.WaiveInput(c.r.Context(), actor(c.r), c.topic.ID, f.Get("reason"))
}

func fillJudge(c *acting, b *fields) error {
	all := c.view.Inputs
	i := slices.IndexFunc(all, func(in forum.Input) bool { return string(in.ID) == c.r.PathValue("input") })
	if i < 0 {
		return network.Absent()
	}
	c.quote = &all[i]
	c.set(b.form, "disposition", string(c.quote.Disposition))
	c.set(b.form, "reason", c.quote.Reason)
	b.form.Set("version", itoa(c.quote.Version))
	var options []web.Option
	for _, d := range []forum.Disposition{forum.Adopted, forum.Partly, forum.Declined} {
		options = append(options, web.Option{Value: string(d), Text: c.l.Must("front.fate.tag." + string(d))})
	}
	b.hidden("version")
	b.radios("disposition", options)
	b.area("reason", 5)
	return nil
}

func doJudge(c *acting, f *web.Form) error {
	if f.Values["disposition"] == nil {
		f.Set("disposition", "")
	}
	return c.forum.Dispose(c.r.Context(), actor(c.r), forum.InputID(c.r.PathValue("input")), topicVersion(f), forum.Disposition(f.Get("disposition")), f.Get("reason"))
}

func fillAssign(c *acting, b *fields) error {
	below := c.network.Tree().Down(c.topic.Network)
	bodies, err := c.bodyOptions(c.r, c.n, "", func(x network.Body) bool {
		return slices.ContainsFunc(below, func(n *network.Network) bool { return n.ID == x.Network })
	})
	if err != nil {
		return err
	}
	c.set(b.form, "body", string(c.topic.Body))
	b.form.Set("version", itoa(c.topic.Version))
	b.hidden("version")
	b.choose("body", bodies)
	return nil
}

func doAssign(c *acting, f *web.Form) error {
	return c.forum.Assign(c.r.Context(), actor(c.r), c.topic.ID, topicVersion(f), network.BodyID(f.Get("body")))
}

func fillLift(c *acting, b *fields) error {
	at, ok := c.network.Tree().Network(c.topic.Network)
	if !ok || at.Parent == "" {
		return fault.New(fault.Conflict, "there is no network above this one").Say("lift.top")
	}
	bodies, err := c.bodyOptions(c.r, c.n, "", func(x network.Body) bool { return x.Network == at.Parent && x.Kind != network.Secretariat })
	if err != nil {
		return err
	}
	into, err := c.intoOptions(at.Parent)
	if err != nil {
		return err
	}
	if c.new && len(bodies) > 0 {
		b.form.Set("body", bodies[0].Value)
	}
	b.choose("body", bodies)
	if len(into) > 1 {
		b.choose("into", into)
	}
	var criteria []web.Option
	for _, v := range forum.Criteria {
		criteria = append(criteria, web.Option{Value: v, Text: c.l.Must("topic.criteria." + v)})
	}
	b.boxes("criteria", criteria)
	b.area("why", 6)
	return nil
}

// intoOptions are the parent's topics that one may be joined with: those that are like it first, then the newest.
func (c *acting) intoOptions(parent network.ID) ([]web.Option, error) {
	rows, err := c.forum.Topics(c.r.Context(), actor(c.r), c.n.ID, forum.TopicFilter{Network: parent,
		States: []forum.State{forum.Raised, forum.InInput, forum.Prepared, forum.OnAgenda, forum.Returned}, Limit: 100})
	if err != nil {
		return nil, err
	}
	like, err := c.like(c.r, c.n, c.topic.Title)
	if err != nil {
		return nil, err
	}
	rank := func(t forum.TopicRow) int {
		i := slices.IndexFunc(like, func(x likeShown) bool { return x.Ref == string(t.ID) })
		if i < 0 {
			return len(like)
		}
		return i
	}
	slices.SortStableFunc(rows, func(a, b forum.TopicRow) int { return rank(a) - rank(b) })
	out := []web.Option{{Text: c.l.Must("topic.lift.into.none")}}
	for _, t := range rows {
		if t.Body != "" {
			out = append(out, web.Option{Value: string(t.ID), Text: t.Case + " " + t.Title})
		}
	}
	return out, nil
}

func doLift(c *acting, f *web.Form) error {
	if f.Values["criteria"] == nil {
		f.Set("criteria", "")
	}
	_, err := c.forum.Lift(c.r.Context(), actor(c.r), c.topic.ID, forum.Lifting{Body: network.BodyID(f.Get("body")), Into: forum.TopicID(f.Get("into")),
		Criteria: f.All("criteria"), Why: f.Get("why"), Lang: c.topic.Lang})
	return err
}

func fillAnswer(c *acting, b *fields) error {
	if err := c.owing(); err != nil {
		return err
	}
	b.radios("answer", []web.Option{
		{Value: string(forum.Accepted), Text: c.l.Must("topic.answer.accepted"), Help: c.l.Must("topic.answer.accepted.help")},
		{Value: string(forum.Refused), Text: c.l.Must("topic.answer.returned"), Help: c.l.Must("topic.answer.returned.help")}})
	b.note("reason", 5)
	return nil
}

// owing finds the lift that is answered.
func (c *acting) owing() error {
	for _, one := range c.view.From {
		if string(one.ID) == c.r.PathValue("lift") {
			c.owed = &one
			return nil
		}
	}
	return network.Absent()
}

func doAnswer(c *acting, f *web.Form) error {
	if f.Values["answer"] == nil {
		f.Set("answer", "")
	}
	return c.forum.AnswerLift(c.r.Context(), actor(c.r), forum.LiftID(c.r.PathValue("lift")), forum.Answer(f.Get("answer")), f.Get("reason"))
}

func fillDelay(c *acting, b *fields) error {
	if err := c.owing(); err != nil {
		return err
	}
	c.set(b.form, "delay", c.owed.Delay)
	b.area("delay", 4)
	return nil
}

func doDelay(c *acting, f *web.Form) error {
	return c.forum.DelayLift(c.r.Context(), actor(c.r), forum.LiftID(c.r.PathValue("lift")), f.Get("delay"))
}

func doClose(c *acting, f *web.Form) error {
	return c.forum.CloseTopic(c.r.Context(), actor(c.r), c.topic.ID, f.Get("reason"))
}

// fillOther asks for another topic: one of those that are like this one, or that a search finds, or by its number.
func fillOther(c *acting, b *fields) error {
	c.find = web.ReadQuery(c.r)
	q := cmp.Or(b.form.Get("q"), c.find.Get("q"))
	c.find.Set("q", q)
	var found []likeShown
	var err error
	if q != "" {
		if found, err = c.named(q); err != nil {
			return err
		}
	}
	if q != "" && len(found) == 0 {
		c.none = c.l.Must("topic.other.none", q)
	}
	if len(found) == 0 {
		if found, err = c.like(c.r, c.n, c.topic.Title); err != nil {
			return err
		}
	}
	var options []web.Option
	for _, one := range found {
		if one.Ref == string(c.topic.ID) {
			continue
		}
		t, err := c.forum.Topic(c.r.Context(), actor(c.r), forum.TopicID(one.Ref))
		if err != nil {
			return err
		}
		options = append(options, web.Option{Value: one.Ref, Text: t.Title, Help: t.Case})
	}
	if len(options) == 1 && q != "" && c.none == "" {
		c.set(b.form, "topic", options[0].Value)
	}
	if len(options) > 0 {
		b.radios("topic", options)
	}
	b.form.Set("q", q)
	b.hidden("q")
	b.add("text", "other", web.Field{Optional: true})
	return nil
}

// named finds topics by a number or by words.
func (c *acting) named(q string) (out []likeShown, err error) {
	t, err := c.forum.TopicByCase(c.r.Context(), actor(c.r), c.n.ID, q)
	if err == nil {
		return []likeShown{{Found: forum.Found{Doc: forum.Doc{Ref: string(t.ID), Title: t.Title, Lang: t.Lang}}}}, nil
	}
	if fault.KindOf(err) != fault.NotFound {
		return nil, err
	}
	found, err := c.forum.Search(c.r.Context(), actor(c.r), c.n.ID, q, []forum.DocKind{forum.TopicDoc}, 10)
	for _, one := range found {
		out = append(out, likeShown{Found: one})
	}
	return out, err
}

// other finds the topic that was chosen, or whose number was typed.
func (c *acting) other(f *web.Form) (forum.TopicID, error) {
	if f.Get("other") == "" {
		if id := f.Get("topic"); id != "" {
			t, err := c.topicOf(c.r, c.n, forum.TopicID(id))
			return t.ID, err
		}
		f.Set("topic", "")
	}
	t, err := c.forum.TopicByCase(c.r.Context(), actor(c.r), c.n.ID, f.Get("other"))
	if fault.KindOf(err) == fault.NotFound {
		return "", fault.New(fault.Invalid, "there is no topic of this number").Where("other").Say("topic.number")
	}
	return t.ID, err
}

func doMerge(c *acting, f *web.Form) error {
	into, err := c.other(f)
	if err != nil {
		return err
	}
	return c.forum.Merge(c.r.Context(), actor(c.r), c.topic.ID, into)
}

func fillLink(c *acting, b *fields) error {
	if err := fillOther(c, b); err != nil {
		return err
	}
	c.set(b.form, "kind", string(forum.Related))
	b.prefix = "topic.link."
	b.radios("kind", []web.Option{{Value: string(forum.Related), Text: c.l.Must("topic.link.related")}, {Value: string(forum.Duplicate), Text: c.l.Must("topic.link.duplicate")}})
	return nil
}

func doLink(c *acting, f *web.Form) error {
	other, err := c.other(f)
	if err != nil {
		return err
	}
	return c.forum.Link(c.r.Context(), actor(c.r), c.topic.ID, other, forum.LinkKind(f.Get("kind")))
}

func fillEvidence(c *acting, b *fields) error {
	b.text("title")
	b.add("text", "ref", web.Field{Optional: true})
	b.file("file")
	b.choose("level", evidenceLevels(c.l, c.l.Must("topic.evidence.level.none")))
	b.note("note", 3)
	b.lang()
	return nil
}

// doEvidence lays what is referred to, or an uploaded file, beside the topic.
func doEvidence(c *acting, f *web.Form) error {
	in := forum.Citing{Ref: f.Get("ref"), Title: f.Get("title"), Level: f.Get("level"), Note: f.Get("note"), Lang: f.Get("lang")}
	h := f.File("file")
	if h == nil {
		_, err := c.forum.AddEvidence(c.r.Context(), actor(c.r), c.topic.ID, in)
		return err
	}
	if in.Title == "" {
		in.Title = h.Filename
	}
	content, err := h.Open()
	if err != nil {
		return fault.Wrap(fault.Internal, err, "an uploaded file can't be read")
	}
	defer content.Close()
	if in.File, err = c.forum.Attach(c.r.Context(), actor(c.r), c.topic.ID, h.Filename, content); err != nil {
		return err
	}
	_, err = c.forum.AddEvidence(c.r.Context(), actor(c.r), c.topic.ID, in)
	return err
}

// topicDo does what takes one button.
func (p *room) topicDo(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	t, err := p.topicOf(r, n, forum.TopicID(r.PathValue("topic")))
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	ctx, who, what := r.Context(), actor(r), f.Get("do")
	switch what {
	case "prepare":
		err = p.forum.Prepare(ctx, who, t.ID)
	case "reopen":
		err = p.forum.Reopen(ctx, who, t.ID)
	case "follow":
		err = p.forum.Follow(ctx, who, t.ID)
	case "unfollow":
		err = p.forum.Unfollow(ctx, who, string(t.ID))
	case "moretime":
		err = p.forum.MoreTime(ctx, who, t.ID)
	case "unlink":
		err = p.forum.Unlink(ctx, who, t.ID, forum.TopicID(f.Get("other")))
	case "review":
		err = p.forum.ReviewEvidence(ctx, who, forum.EvidenceID(f.Get("evidence")), topicVersion(f), f.Get("level"))
	case "unevidence":
		err = p.forum.RemoveEvidence(ctx, who, forum.EvidenceID(f.Get("evidence")))
	case "unfile":
		err = p.forum.RemoveFile(ctx, who, t.ID, forum.FileID(f.Get("file")))
	default:
		err = fault.New(fault.Invalid, "there is no such button").Say("forum.choice")
	}
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	return web.SeeOther(w, r, home(n)+"/topics/"+string(t.ID)+"?done="+what)
}
