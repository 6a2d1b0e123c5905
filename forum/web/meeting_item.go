package web

import (
	"cmp"
	"encoding/json"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/chart"
)

func badTime() error {
	return fault.New(fault.Invalid, "that is no time of day").Where("at").Say("meeting.clock")
}

type itemData struct {
	Meeting   meetingData
	Item      itemRow
	Home      string
	Here      string
	MeetingAt string
	Open      bool // something can still be done with it
	Roll      forum.Roll
	Chart     template.HTML
	Rules     []ruleRow
	Judged    string
	Led       bool
	Lacks     []string // rules that are not met, as sentences
	Call      []callRow
	Expected  []string
	Recused   []recusalRow
	Proposed  []recusalRow
	People    []web.Option // who may be recused
	Voters    []voterRow
	Mine      []voterRow
	Inputs    []itemInput
	Judgedby  int // inputs that have their disposition
	Missing   []string
	Can       bool
	Stored    []storedText // what somebody else has saved meanwhile
	Methods   []web.Option
	Votes     []web.Option
	Fates     []web.Option
	Old       []web.Option
	Annulled  []annulledRow
	Visible   []web.Option
	Dissents  []web.Option
	Ground    groundData
	Live      string // changes with what the page shows of who decides
	Ended     bool   // it came to an end while it was looked at
}

type ruleRow struct {
	Words, Have, Need string
	Met               bool
	Meter             template.HTML
}

// callRow is a deputy who can be called in.
type callRow struct {
	Seat, Deputy network.SeatID
	Name, For    string
	Item         forum.ItemID
}

// Value names the row in a form: the seat, its deputy, and the item where that is all they sit for.
func (c callRow) Value() string {
	return strings.TrimSpace(string(c.Seat) + " " + string(c.Deputy) + " " + string(c.Item))
}

type recusalRow struct {
	forum.Recusal
	Sector network.Sector
}

// voterRow is a seat that votes in an item.
type voterRow struct {
	forum.Sitting
	Field string
	Given forum.Vote
}

type itemInput struct {
	forum.Input
	Sector network.Sector
}

func (p *room) itemPage(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	return p.itemShow(w, r, n, nil)
}

func (p *room) itemShow(w http.ResponseWriter, r *http.Request, n *network.Network, f *web.Form) int {
	l := p.pages.Words(r)
	v, err := p.theMeeting(r, n)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	files, err := p.paperFiles(r, v)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	d := itemData{Meeting: p.newMeetingData(l, n, v, files), Home: home(n), Here: r.URL.Path, MeetingAt: home(n) + "/meetings/" + string(v.ID)}
	i := slices.IndexFunc(d.Meeting.Rows, func(x itemRow) bool { return string(x.ID) == r.PathValue("item") && !x.Hidden })
	if i < 0 {
		return p.pages.Fail(w, r, network.Absent())
	}
	d.Item = d.Meeting.Rows[i]
	d.Open = v.State == forum.Running && d.Item.Outcome == forum.NoOutcome && d.Item.State != forum.ItemCarried
	if v.Inside {
		if err := p.itemInside(r, v, &d); err != nil {
			return p.pages.Fail(w, r, err)
		}
	}
	if f == nil {
		f = itemForm(d)
	} else {
		d.keep(l, f)
	}
	d.visible(l, f)
	d.missing(l, f)
	if d.Open && v.Runs {
		if d.Ground, err = p.newGround(r, n, d.Item.Topic, f); err != nil {
			return p.pages.Fail(w, r, err)
		}
	}
	d.Live = stateOf(d.Roll.Seats, d.Roll.Quorum, d.Item.State, d.Item.Outcome, d.Recused, d.Proposed, d.Call, d.Expected, d.Missing)
	if unchanged(r, d.Live) {
		w.WriteHeader(http.StatusNoContent)
		return http.StatusNoContent
	}
	d.Ended = !d.Open && r.URL.Query().Has("state")
	return p.pages.Render(w, r, web.Page{Name: "meeting-item", Title: l.Must("meeting.item.title", d.Item.Number, d.Item.Title), Station: "decide", Data: d, Form: f, Live: d.Open && v.Inside,
		Crumbs: crumb(l, n, d.Meeting.BodyName.Text, home(n)+"/bodies/"+string(v.Body), l.Must("meeting.list"), home(n)+"/meetings?body="+string(v.Body),
			l.ShortDay(v.Starts), d.MeetingAt, l.Must("meeting.item.number", d.Item.Number), "")})
}

// itemForm is the decision's form as it was saved, or an empty one.
func itemForm(d itemData) *web.Form {
	f := web.NewForm("title", d.Item.Title, "method", string(forum.ByConsensus), "visibility", string(d.Item.Visibility))
	var saved url.Values
	if d.Item.Draft != "" && json.Unmarshal([]byte(d.Item.Draft), &saved) == nil {
		f.Values = saved
	}
	for _, in := range d.Inputs {
		if in.Disposition != forum.Undisposed {
			f.Set("fate-"+string(in.ID), string(in.Disposition))
			f.Set("why-"+string(in.ID), in.Reason)
		}
		f.Set("of-"+string(in.ID), strconv.FormatInt(in.Version, 10))
	}
	f.Set("notes", d.Item.Text)
	for _, v := range d.Voters {
		if f.Get(v.Field) == "" && v.Given != "" {
			f.Set(v.Field, string(v.Given))
		}
	}
	f.Set("version", strconv.FormatInt(d.Item.Version, 10))
	return f
}

// keep fills a form that was sent with what is saved of what it didn't have. After a conflict what somebody else saved stands beside
// what was typed, and saving again is meant; before one the form keeps the version it began from.
func (d *itemData) keep(l *web.Words, f *web.Form) {
	saved, typed := itemForm(*d), f.Values.Has("text")
	for name, values := range saved.Values {
		if !f.Values.Has(name) && (!typed || name == "version" || name == "notes") {
			f.Set(name, values...)
		}
	}
	if now := saved.Get("version"); f.Status() == http.StatusConflict && f.Get("version") != now {
		d.stored(l, f, saved)
		f.Set("version", now)
	}
}

func (d *itemData) stored(l *web.Words, f, saved *web.Form) {
	add := func(key, was, is string) {
		if was != "" && was != is {
			d.Stored = append(d.Stored, storedText{l.Must(key), was})
		}
	}
	for _, x := range []struct{ key, name string }{{"decision.title", "title"}, {"decision.text", "text"}, {"decision.rationale", "rationale"}, {"meeting.notes", "notes"}} {
		add(x.key, saved.Get(x.name), f.Get(x.name))
	}
	add("decision.ground", groundText(l, saved, "basis"), groundText(l, f, "basis"))
	add("decision.effects", groundText(l, saved, "effect"), groundText(l, f, "effect"))
}

// visible offers those who may see the decision, no more than may see the item: a draft can have been saved, or have come from
// another meeting, when it was for more.
func (d *itemData) visible(l *web.Words, f *web.Form) {
	d.Visible = nil
	for _, o := range visibilities(l) {
		if !wider(network.Visibility(o.Value), d.Meeting.Visibility) && !wider(network.Visibility(o.Value), d.Item.Visibility) {
			d.Visible = append(d.Visible, o)
		}
	}
	f.Set("visibility", string(d.narrow(network.Visibility(f.Get("visibility")))))
}

// narrow gives a visibility, or that of the item where it would show more.
func (d *itemData) narrow(v network.Visibility) network.Visibility {
	for _, most := range []network.Visibility{d.Meeting.Visibility, d.Item.Visibility} {
		if v == "" || wider(v, most) {
			v = most
		}
	}
	return v
}

// wider tells whether a visibility shows a thing to more people than another.
func wider(a, b network.Visibility) bool {
	order := []network.Visibility{network.Public, network.NetworkOnly, network.BodyOnly, network.NamedOnly}
	return slices.Index(order, a) < slices.Index(order, b)
}

// itemInside adds what those inside the body see: who decides, who doesn't, and what is to be decided.
func (p *room) itemInside(r *http.Request, v forum.MeetingView, d *itemData) error {
	l, who := p.pages.Words(r), actor(r)
	var err error
	if d.Roll, err = p.forum.Roll(r.Context(), who, v.ID, d.Item.ID); err != nil {
		return err
	}
	d.Led = d.Roll.Led()
	d.Judged = l.Clock(d.Roll.At)
	d.Chart = seatChart(l, d.Roll)
	for _, x := range d.Roll.Quorum.Findings {
		row := newRuleRow(l, x)
		d.Rules = append(d.Rules, row)
		if !x.Held {
			d.Lacks = append(d.Lacks, lack(l, x))
		}
	}
	d.call(l, v)
	d.recusals(p.pages.Words(r), v)
	d.Annulled = annulledRows(l, v, d.Item.ID)
	if d.Item.Topic != "" {
		inputs, err := p.forum.Inputs(r.Context(), who, d.Item.Topic)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return err
		}
		for _, in := range inputs {
			d.Inputs = append(d.Inputs, itemInput{in, network.Patient})
		}
	}
	ballots, err := p.forum.Ballots(r.Context(), who, d.Item.ID)
	if err != nil {
		return err
	}
	for _, s := range d.Roll.Seats {
		if !s.Counts() {
			continue
		}
		row := voterRow{Sitting: s, Field: "vote-" + string(s.Seat)}
		for _, b := range ballots {
			if b.Seat == s.Seat && b.Person == s.Person {
				row.Given = b.Vote
			}
		}
		d.Voters = append(d.Voters, row)
		d.Dissents = append(d.Dissents, web.Option{Value: string(s.Seat), Text: s.Name})
		if s.Person == who.Person {
			d.Mine = append(d.Mine, row)
		}
	}
	return p.itemChoices(r, v, d)
}

func (p *room) itemChoices(r *http.Request, v forum.MeetingView, d *itemData) error {
	l := p.pages.Words(r)
	for _, m := range []string{"consensus", "vote", "count"} {
		d.Methods = append(d.Methods, web.Option{Value: m, Text: l.Must("decision.method." + m)})
	}
	d.Votes, d.Fates = []web.Option{{Text: l.Must("decision.vote.none")}}, []web.Option{{Text: l.Must("decision.choose")}}
	for _, x := range forum.Votes {
		d.Votes = append(d.Votes, web.Option{Value: string(x), Text: l.Must("decision.vote." + string(x))})
	}
	for _, x := range []forum.Disposition{forum.Adopted, forum.Partly, forum.Declined} {
		d.Fates = append(d.Fates, web.Option{Value: string(x), Text: l.Must("front.fate.tag." + string(x))})
	}
	d.Dissents = append([]web.Option{{Text: l.Must("decision.dissent.none")}}, d.Dissents...)
	if !v.Runs {
		return nil
	}
	old, err := p.forum.Decisions(r.Context(), actor(r), forum.DecisionFilter{Root: v.Root, Body: v.Body, Limit: 200})
	if err != nil {
		return err
	}
	d.Old = []web.Option{{Text: l.Must("decision.supersedes.none")}}
	for _, x := range old {
		if x.SupersededBy == "" {
			d.Old = append(d.Old, web.Option{Value: string(x.ID), Text: x.Number + " " + x.Title})
		}
	}
	return nil
}

// left tells whether whoever holds a seat has been at the meeting and gone: they are not on their way.
func left(v forum.MeetingView, seat network.SeatID) bool {
	return slices.ContainsFunc(v.Attendance, func(a forum.Attendance) bool { return a.Seat == seat && a.Deputy == "" && !a.Gone.IsZero() })
}

// seatChart draws who decides.
func seatChart(l *web.Words, r forum.Roll) template.HTML {
	c := chart.Seats{ID: "roll", Title: l.Must("meeting.roll"), Big: l.Must("meeting.roll.of", r.Quorum.Present, r.Quorum.Of), Small: l.Must("meeting.roll.vote")}
	counts := map[forum.SeatState]int{}
	for _, sector := range network.Sectors {
		for _, s := range r.Seats {
			if s.Sector != sector {
				continue
			}
			counts[s.State]++
			state := map[forum.SeatState]chart.State{forum.Absent: chart.Absent, forum.Recused: chart.Recused, forum.Vacant: chart.Vacant}[s.State]
			c.Seats = append(c.Seats, chart.Seat{Sector: string(sector), Letter: l.Must("sector." + string(sector) + ".letter"), State: state, Chair: s.Leads})
		}
	}
	c.Desc = l.Must("meeting.roll.desc", counts[forum.Present], counts[forum.Absent], counts[forum.Recused], counts[forum.Vacant])
	return c.SVG()
}

// ruleWords says a rule as a heading of its line: "Minst två patientplatser".
func ruleWords(l *web.Words, x network.Rule) string {
	switch x.Kind {
	case network.AtLeast:
		return l.Must("meeting.rule.count", x.N)
	case network.OfSector:
		return l.Must("meeting.rule.sector."+string(x.Sector), x.N)
	case network.Organisations:
		return l.Must("meeting.rule.organisations", x.N, l.Must("meeting.organisation."+string(x.OrganisationKind)))
	case network.ChairNot:
		return l.Must("meeting.rule.chair-not", strings.ToLower(l.Must("sector."+string(x.Sector))))
	case network.Half:
		return l.Must("meeting.rule.half")
	}
	return l.Must("meeting.rule.majority")
}

func newRuleRow(l *web.Words, x network.Finding) ruleRow {
	row := ruleRow{Words: ruleWords(l, x.Rule), Met: x.Held}
	if x.Rule.Kind == network.ChairNot {
		row.Have = l.Must("meeting.no")
		if x.Held {
			row.Have = l.Must("meeting.yes")
		}
		return row
	}
	row.Have, row.Need = strconv.Itoa(x.Have), l.Must("meeting.requires", x.Need)
	row.Meter = chart.Meter{Have: x.Have, Need: x.Need, Of: x.Of}.SVG()
	return row
}

// lack says what a rule lacks: "Minst två patientplatser: 1 är med, regeln kräver 2."
func lack(l *web.Words, x network.Finding) string {
	if x.Rule.Kind == network.ChairNot {
		return l.Must("meeting.lack.chair", strings.ToLower(l.Must("sector."+string(x.Rule.Sector))))
	}
	return l.Must("meeting.lack", ruleWords(l, x.Rule), x.Have, x.Need)
}

// call finds deputies who can step in and people who are expected.
func (d *itemData) call(l *web.Words, v forum.MeetingView) {
	sits := map[network.PersonID]bool{}
	for _, s := range d.Roll.Seats {
		if s.State == forum.Present {
			sits[s.Person] = true
		}
	}
	lacking := map[network.Sector]bool{}
	for _, x := range d.Roll.Quorum.Findings {
		if !x.Held && x.Rule.Kind == network.OfSector {
			lacking[x.Rule.Sector] = true
		}
	}
	for _, s := range d.Roll.Seats {
		if s.State == forum.Present || len(lacking) > 0 && !lacking[s.Sector] { // nobody else would help
			continue
		}
		if s.State == forum.Absent && v.Replies[s.Seat].Answer == forum.Coming && v.Replies[s.Seat].Person == s.Holder && !left(v, s.Seat) {
			d.Expected = append(d.Expected, s.Held)
		}
		i := slices.IndexFunc(v.Seats, func(h network.Held) bool { return h.ID == s.Seat })
		for _, dep := range v.Seats {
			if i < 0 || dep.Person == "" || sits[dep.Person] || !forum.StandsInFor(dep, v.Seats[i]) || d.isRecused(v, dep.Person) {
				continue
			}
			row := callRow{Seat: s.Seat, Deputy: dep.ID, Name: dep.Name, For: s.Held}
			if row.For == "" {
				row.For = l.Must("meeting.vacant", l.Must("sector."+string(s.Sector)))
			}
			if s.State == forum.Recused && s.Person != "" {
				row.Item = d.Item.ID
			}
			d.Call = append(d.Call, row)
		}
	}
}

func (d *itemData) isRecused(v forum.MeetingView, p network.PersonID) bool {
	return slices.ContainsFunc(v.Recusals, func(x forum.Recusal) bool {
		return x.Item == d.Item.ID && x.Person == p && x.State == forum.RecusalDeclared
	})
}

func (d *itemData) recusals(l *web.Words, v forum.MeetingView) {
	sector := map[network.SeatID]network.Sector{}
	seen := map[network.PersonID]bool{}
	for _, s := range v.Seats {
		sector[s.ID] = s.Sector
		if s.Person != "" && !seen[s.Person] && !d.isRecused(v, s.Person) {
			seen[s.Person] = true
			d.People = append(d.People, web.Option{Value: string(s.Person), Text: s.Name})
		}
	}
	for _, x := range v.Recusals {
		if x.Item != d.Item.ID {
			continue
		}
		x.Name = cmp.Or(x.Name, l.Must("minutes.redacted.name"))
		switch row := (recusalRow{x, sector[x.Seat]}); x.State {
		case forum.RecusalDeclared:
			d.Recused = append(d.Recused, row)
		case forum.RecusalProposed:
			d.Proposed = append(d.Proposed, row)
		}
	}
}

// missing lists what must be there before the decision can be noted: the same that the room will say.
func (d *itemData) missing(l *web.Words, f *web.Form) {
	d.Missing = append(d.Missing, d.Lacks...)
	if !d.Led {
		d.Missing = append(d.Missing, l.Must("fault.meeting.leader"))
	}
	open := 0
	for _, in := range d.Inputs {
		if f.Get("fate-"+string(in.ID)) == "" || f.Get("why-"+string(in.ID)) == "" {
			open++
		} else {
			d.Judgedby++
		}
	}
	if open > 0 {
		d.Missing = append(d.Missing, l.Must("meeting.missing.inputs", open))
	}
	without := 0
	for _, v := range d.Voters {
		if f.Get(v.Field) == "" && v.Given == "" {
			without++
		}
	}
	if f.Get("method") == string(forum.ByVote) && without > 0 {
		d.Missing = append(d.Missing, l.Must("fault.decision.votes.missing", without)+".")
	}
	d.Can = len(d.Missing) == 0
}

func (p *room) itemDo(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	v, err := p.theMeeting(r, n)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	again := func() int { return p.itemShow(w, r, n, f) }
	if moreRows(f) || everybodyFor(f, v) || f.Get("again") != "" {
		return again()
	}
	if ask := p.asksItem(v, forum.ItemID(r.PathValue("item")), f); ask != nil {
		switch status, err := ask(w, r, n, v, forum.ItemID(r.PathValue("item")), f); {
		case err != nil:
			return p.problem(w, r, f, err, again)
		case !f.OK():
			return again()
		default:
			return status
		}
	}
	to, err := p.itemAct(r, n, v, forum.ItemID(r.PathValue("item")), f)
	if err != nil {
		return p.problem(w, r, f, err, again)
	}
	if !f.OK() {
		return again()
	}
	if to == "" {
		to = "/meetings/" + string(v.ID) + "/items/" + r.PathValue("item")
	}
	return web.SeeOther(w, r, home(n)+to)
}

// asksItem gives what asks before an act of an item's page; nil where nothing is asked, and where the act would be refused.
func (p *room) asksItem(v forum.MeetingView, id forum.ItemID, f *web.Form) func(http.ResponseWriter, *http.Request, *network.Network, forum.MeetingView, forum.ItemID, *web.Form) (int, error) {
	switch do := f.Get("do"); {
	case confirmed(f):
		return nil
	case do == "record":
		return p.askRecord
	case do == "annul" && f.Get("reason") != "":
		return p.askAnnul
	case do == "defer", do == "note", do == "return" && f.Get("reason") != "":
		if slices.ContainsFunc(v.Items, func(i forum.Item) bool { return i.ID == id && i.Version == version(f) && i.Outcome == forum.NoOutcome }) && v.Runs {
			return p.askOutcome
		}
	}
	return nil
}

func (p *room) itemAct(r *http.Request, n *network.Network, v forum.MeetingView, id forum.ItemID, f *web.Form) (to string, err error) {
	ctx, who := r.Context(), actor(r)
	person := network.PersonID(f.Get("person"))
	switch f.Get("do") {
	case "record":
		draft, err := p.readDraft(r, n, v, id, f)
		if err != nil || !f.OK() {
			return "", err
		}
		d, err := p.forum.Record(ctx, who, draft)
		return "/decisions/" + string(d.ID), err
	case "annul":
		return "", p.annul(r, forum.DecisionID(f.Get("decision")), f)
	case "draft":
		kept := url.Values{}
		for name, value := range f.Values {
			if name != "do" && name != "version" && name != "notes" {
				kept[name] = value
			}
		}
		b, err := json.Marshal(kept)
		if err != nil {
			return "", fault.Wrap(fault.Internal, err, "a draft can't be kept")
		}
		return "", p.forum.SaveDraft(ctx, who, id, version(f), string(b))
	case "reach":
		return "", p.forum.Reach(ctx, who, id, version(f))
	case "note":
		return "/meetings/" + string(v.ID), p.forum.Note(ctx, who, id, version(f))
	case "defer":
		return "/meetings/" + string(v.ID), p.forum.Defer(ctx, who, id, version(f), f.Get("reason"))
	case "return":
		return "/meetings/" + string(v.ID), p.forum.Return(ctx, who, id, version(f), f.Get("reason"))
	case "recuse":
		return "", p.forum.Recuse(ctx, who, id, person, f.Get("why"))
	case "dismiss":
		return "", p.forum.DismissRecusal(ctx, who, id, person, f.Get("why"))
	case "cast":
		return "", p.forum.Cast(ctx, who, id, network.SeatID(f.Get("seat")), forum.Vote(f.Get("vote")))
	case "notes":
		return "", p.editNotes(r, v, id, f)
	}
	return "", network.Absent()
}

func (p *room) editNotes(r *http.Request, v forum.MeetingView, id forum.ItemID, f *web.Form) error {
	for _, i := range v.Items {
		if i.ID == id {
			i.Text, i.Version = f.Get("notes"), version(f)
			return p.forum.EditItem(r.Context(), actor(r), i)
		}
	}
	return network.Absent()
}

// readDraft reads the decision's form.
func (p *room) readDraft(r *http.Request, n *network.Network, v forum.MeetingView, id forum.ItemID, f *web.Form) (forum.DecisionDraft, error) {
	l, at := p.pages.Words(r), v.Starts.Location()
	d := forum.DecisionDraft{Item: id, Version: version(f), Title: f.Get("title"), Text: f.Get("text"), Rationale: f.Get("rationale"), Visibility: network.Visibility(f.Get("visibility"))}
	var ok bool
	if f.Get("inforce") != "" {
		if d.InForce, ok = f.Day("inforce", at); !ok {
			f.Wrong("inforce", l.Must("fault.decision.day"))
		}
	}
	if f.Get("review") != "" {
		if d.Review, ok = f.Day("review", at); !ok {
			f.Wrong("review", l.Must("fault.decision.day"))
		}
	}
	switch f.Get("method") {
	case "vote":
		d.Method = forum.ByVote
		p.readVotes(v, f, &d)
	case "count":
		d.Method, d.Count = forum.ByVote, &forum.Tally{}
		d.Count.For, _ = f.Int("for")
		d.Count.Against, _ = f.Int("against")
		d.Count.Abstain, _ = f.Int("abstain")
	default:
		d.Method = forum.ByConsensus
	}
	if s := f.Get("dissenter"); s != "" {
		d.Dissent = append(d.Dissent, forum.Dissent{Seat: network.SeatID(s), Text: f.Get("dissent")})
	}
	if old := f.Get("supersedes"); old != "" {
		d.Supersedes = []forum.DecisionID{forum.DecisionID(old)}
	}
	d.Dispositions = readFates(f)
	i := slices.IndexFunc(v.Items, func(x forum.Item) bool { return x.ID == id })
	if i < 0 {
		return d, network.Absent()
	}
	of := itemData{Meeting: meetingData{MeetingView: v}, Item: itemRow{Item: v.Items[i]}}
	d.Visibility = of.narrow(d.Visibility)
	return d, p.readGround(r, n, v.Items[i].Topic, f, &d)
}

func (p *room) readVotes(v forum.MeetingView, f *web.Form, d *forum.DecisionDraft) {
	for _, s := range v.Seats {
		if vote := f.Get("vote-" + string(s.ID)); vote != "" {
			if d.Votes == nil {
				d.Votes = map[network.SeatID]forum.Vote{}
			}
			d.Votes[s.ID] = forum.Vote(vote)
		}
	}
}

// everybodyFor sets who has no vote in the form to be for, when its button asked for that; true when it did. Nothing is cast.
func everybodyFor(f *web.Form, v forum.MeetingView) bool {
	if f.Get("do") != "everybody" {
		return false
	}
	f.Set("method", string(forum.ByVote))
	for _, s := range v.Seats {
		if name := "vote-" + string(s.ID); f.Values.Has(name) && f.Get(name) == "" {
			f.Set(name, string(forum.For))
		}
	}
	return true
}

// readFates reads what becomes of each input that has an answer.
func readFates(f *web.Form) (out []forum.Disposed) {
	for name := range f.Values {
		id, ok := strings.CutPrefix(name, "fate-")
		if !ok || f.Get(name) == "" {
			continue
		}
		of, _ := strconv.ParseInt(f.Get("of-"+id), 10, 64)
		out = append(out, forum.Disposed{Input: forum.InputID(id), Version: of, Disposition: forum.Disposition(f.Get(name)), Reason: f.Get("why-" + id)})
	}
	slices.SortFunc(out, func(a, b forum.Disposed) int { return strings.Compare(string(a.Input), string(b.Input)) })
	return out
}
