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
	"github.com/samverk/samverk/web"
)

type circulateData struct {
	Bodies   []web.Option // when it is to be chosen whose it is
	Here     string
	BodyName said
	Topics   []web.Option
	People   []web.Option
	Inputs   []itemInput
	Fates    []web.Option
	Ground   groundData
}

func (p *room) circulationNew(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	q := r.URL.Query()
	f := web.NewForm("body", q.Get("body"), "topic", q.Get("topic"), "deadline", web.DateValue(p.network.Now().In(zoneOf(n)).AddDate(0, 0, 10)))
	return p.circulateForm(w, r, n, f)
}

func (p *room) circulateForm(w http.ResponseWriter, r *http.Request, n *network.Network, f *web.Form) int {
	l, who := p.pages.Words(r), actor(r)
	runs, err := p.runnable(r, n)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	body := network.BodyID(f.Get("body"))
	if body == "" && len(runs) == 1 {
		body = network.BodyID(runs[0].Value)
		f.Set("body", runs[0].Value)
	}
	if body == "" && len(runs) > 1 { // whose, is asked first: who votes follows from it
		title := l.Must("decision.circulate")
		return p.pages.Render(w, r, web.Page{Name: "decision-circulate", Title: title, Station: "decide", Form: f, Data: circulateData{Here: home(n) + "/circulations/new", Bodies: runs},
			Crumbs: crumb(l, n, l.Must("meeting.list"), home(n)+"/meetings", title, "")})
	}
	if !slices.ContainsFunc(runs, func(o web.Option) bool { return o.Value == string(body) }) {
		return p.pages.Fail(w, r, network.Absent())
	}
	b, err := p.bodyOf(r.Context(), who, n, body)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	d := circulateData{Here: home(n) + "/circulations/new", BodyName: say(l, b.Name)}
	rows, err := p.forum.Topics(r.Context(), who, n.ID, forum.TopicFilter{Body: body, States: []forum.State{forum.Prepared}, Limit: 100})
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	d.Topics = []web.Option{{Text: l.Must("meeting.topic.none")}}
	for _, t := range rows {
		d.Topics = append(d.Topics, web.Option{Value: string(t.ID), Text: t.Title})
		if string(t.ID) == f.Get("topic") && f.Get("title") == "" {
			f.Set("title", t.Title)
		}
	}
	if d.People, err = p.seatedOptions(r, body); err != nil {
		return p.pages.Fail(w, r, err)
	}
	if topic := forum.TopicID(f.Get("topic")); topic != "" {
		inputs, err := p.forum.Inputs(r.Context(), who, topic)
		if err != nil {
			return p.pages.Fail(w, r, err)
		}
		for _, in := range inputs {
			d.Inputs = append(d.Inputs, itemInput{in, network.Patient})
			f.Set("of-"+string(in.ID), strconv.FormatInt(in.Version, 10))
			if in.Disposition != forum.Undisposed && f.Get("fate-"+string(in.ID)) == "" {
				f.Set("fate-"+string(in.ID), string(in.Disposition))
				f.Set("why-"+string(in.ID), in.Reason)
			}
		}
	}
	d.Fates = []web.Option{{Text: l.Must("decision.choose")}}
	for _, x := range []forum.Disposition{forum.Adopted, forum.Partly, forum.Declined} {
		d.Fates = append(d.Fates, web.Option{Value: string(x), Text: l.Must("front.fate.tag." + string(x))})
	}
	if d.Ground, err = p.newGround(r, n, forum.TopicID(f.Get("topic")), f); err != nil {
		return p.pages.Fail(w, r, err)
	}
	title := l.Must("decision.circulate")
	return p.pages.Render(w, r, web.Page{Name: "decision-circulate", Title: title, Station: "decide", Data: d, Form: f,
		Crumbs: crumb(l, n, d.BodyName.Text, home(n)+"/bodies/"+string(body), l.Must("meeting.list"), home(n)+"/meetings?body="+string(body), title, "")})
}

func (p *room) circulate(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	l, at := p.pages.Words(r), zoneOf(n)
	again := func() int { return p.circulateForm(w, r, n, f) }
	if f.Get("do") == "topic" || moreRows(f) { // another topic was chosen: show its inputs
		return again()
	}
	if _, err := p.bodyOf(r.Context(), actor(r), n, network.BodyID(f.Get("body"))); err != nil {
		return p.pages.Fail(w, r, err)
	}
	c := forum.Circulation{Body: network.BodyID(f.Get("body")), Topic: forum.TopicID(f.Get("topic")), Draft: forum.DecisionDraft{
		Title: f.Get("title"), Text: f.Get("text"), Rationale: f.Get("rationale"), Dispositions: readFates(f)}}
	deadline, ok := f.Day("deadline", at)
	if !ok {
		f.Wrong("deadline", l.Must("fault.decision.deadline"))
	}
	c.Deadline = time.Date(deadline.Year(), deadline.Month(), deadline.Day()+1, 0, 0, 0, 0, at).Add(-time.Minute)
	if f.Get("inforce") != "" {
		if c.Draft.InForce, ok = f.Day("inforce", at); !ok {
			f.Wrong("inforce", l.Must("fault.decision.day"))
		}
	}
	if f.Get("review") != "" {
		if c.Draft.Review, ok = f.Day("review", at); !ok {
			f.Wrong("review", l.Must("fault.decision.day"))
		}
	}
	if err := p.readGround(r, n, c.Topic, f, &c.Draft); err != nil {
		return p.pages.Fail(w, r, err)
	}
	if !f.OK() {
		return again()
	}
	var approvers []network.PersonID
	for _, one := range f.All("approvers") {
		approvers = append(approvers, network.PersonID(one))
	}
	id, err := p.forum.Circulate(r.Context(), actor(r), c, approvers)
	if err != nil {
		return p.problem(w, r, f, err, again)
	}
	return web.SeeOther(w, r, home(n)+"/circulations/"+string(id))
}

type circulationData struct {
	forum.CirculationView
	Here, Home string
	BodyName   said
	Tag        tag
	Left       string
	Mine       []seatAnswer
	Votes      []web.Option
	Open       bool
	Over       bool // the time has passed
	Rules      []ruleRow
	Answers    []seatAnswer // once it is closed
	Effects    []effectRow
}

// seatAnswer is a seat's answer.
type seatAnswer struct {
	Seat   network.SeatID
	Name   string
	Sector network.Sector
	Vote   string
	Given  forum.Vote
	Reason string
}

func (p *room) circulationPage(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	return p.circulationShow(w, r, n, nil)
}

func (p *room) circulationShow(w http.ResponseWriter, r *http.Request, n *network.Network, f *web.Form) int {
	l := p.pages.Words(r)
	v, err := p.theCirculation(r, n)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	d := circulationData{CirculationView: v, Here: r.URL.Path, Home: home(n), BodyName: say(l, v.BodyOf.Name), Open: v.State == forum.CirculationOpen,
		Over: !v.Now.Before(v.Deadline), Left: l.Until(v.Now, v.Deadline), Tag: tag{l.Must("decision.circulation." + string(v.State)), "neutral"}}
	if d.Open {
		d.Tag.Colour = "info"
	}
	for _, x := range append(slices.Clone(forum.Votes), forum.NoPart) {
		d.Votes = append(d.Votes, web.Option{Value: string(x), Text: l.Must("decision.vote." + string(x))})
	}
	sector := map[network.SeatID]network.Sector{}
	names := map[network.SeatID]string{}
	for _, s := range v.Seats {
		sector[s.ID], names[s.ID] = s.Sector, seatName(l, s)
	}
	for _, s := range v.Mine {
		d.Mine = append(d.Mine, seatAnswer{Seat: s, Name: names[s], Sector: sector[s], Given: v.Given[s].Vote, Reason: v.Given[s].Reason})
	}
	if !d.Open {
		for _, b := range v.Ballots {
			d.Answers = append(d.Answers, seatAnswer{Seat: b.Seat, Name: cmp.Or(v.Names[b.Person], l.Must("minutes.redacted.name")), Sector: sector[b.Seat], Vote: l.Must("decision.vote." + string(b.Vote)), Reason: b.Reason})
		}
		for _, x := range v.Roll.Quorum.Findings {
			d.Rules = append(d.Rules, newRuleRow(l, x))
		}
	}
	for _, e := range v.Draft.Effects {
		d.Effects = append(d.Effects, newEffectRow(l, forum.EffectOf{Effect: e, Named: true}))
	}
	if err := p.became(r, n, d.Effects); err != nil {
		return p.pages.Fail(w, r, err)
	}
	if f == nil {
		f = web.NewForm()
	}
	f.Set("version", strconv.FormatInt(v.Version, 10))
	return p.pages.Render(w, r, web.Page{Name: "decision-circulation", Title: v.Draft.Title, Station: "decide", Data: d, Form: f,
		Crumbs: crumb(l, n, d.BodyName.Text, home(n)+"/bodies/"+string(v.Body), l.Must("decision.circulations"), "")})
}

func (p *room) theCirculation(r *http.Request, n *network.Network) (forum.CirculationView, error) {
	v, err := p.forum.Circulation(r.Context(), actor(r), forum.CirculationID(r.PathValue("circulation")))
	if err != nil {
		return v, err
	}
	return v, under(n, v.Root)
}

func (p *room) circulationDo(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	v, err := p.theCirculation(r, n)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	ctx, who, to := r.Context(), actor(r), r.URL.Path
	switch f.Get("do") {
	case "answer":
		err = p.forum.AnswerCirculation(ctx, who, v.ID, network.SeatID(f.Get("seat")), forum.Vote(f.Get("vote")), f.Get("reason"))
	case "settle":
		var d forum.Decision
		if d, err = p.forum.Settle(ctx, who, v.ID, version(f)); d.ID != "" {
			to = home(n) + "/decisions/" + string(d.ID)
		}
	case "extend":
		deadline, ok := f.Day("deadline", clockIn(v.Zone))
		if !ok {
			err = fault.New(fault.Invalid, "no day").Where("deadline").Say("decision.deadline")
			break
		}
		err = p.forum.Extend(ctx, who, v.ID, version(f), deadline.AddDate(0, 0, 1).Add(-time.Minute))
	case "withdraw":
		err = p.forum.Withdraw(ctx, who, v.ID, version(f), f.Get("reason"))
	default:
		err = network.Absent()
	}
	if err != nil {
		return p.problem(w, r, f, err, func() int { return p.circulationShow(w, r, n, f) })
	}
	return web.SeeOther(w, r, to)
}
