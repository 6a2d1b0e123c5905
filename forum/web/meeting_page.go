package web

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/web"
)

type meetingData struct {
	forum.MeetingView
	Home, Here string
	BodyName   said
	Tag        tag
	Span       string
	Rows       []itemRow
	General    []paperRow
	Withdrawn  []forum.Withdrawal
	Seats      []seatRow
	Coming     int
	Away       int
	Silent     int
	MySeats    []seatRow
	Deputies   []web.Option
	Answers    []web.Option
	Kinds      []web.Option
	Topics     []web.Option
	Approve    []web.Option
	Approvers  []string
	ItemOf     []web.Option
	NextDay    string
	Now        forum.ItemID // the item the meeting is at
	Judged     bool         // a meeting that is going on says whether it can decide
	Lacks      []string     // what it lacks to
	AmHere     bool         // who looks is noted as there
	Live       string       // changes with what the page shows of the meeting's course
}

// itemRow is an item on the agenda.
type itemRow struct {
	forum.Item
	Link      string
	Notes     []string // the small line
	Papers    []paperRow
	Decisions []decisionLink
	First     bool
	Last      bool
}

type decisionLink struct {
	Number, Title, Lang, Link string
	ID                        forum.DecisionID
	Back                      bool // it can be taken back
}

// seatRow is a seat with who holds it, what they answered and when they were there.
type seatRow struct {
	network.Held
	Name    string
	Role    string
	Answer  string
	Note    string
	Times   []presence
	Here    bool
	HereID  string // of the attendance
	Answers forum.Attending
	Deputy  bool
	Since   string // who looks sits there, or stands in from there, since then
	MineID  string // of that attendance
}

// presence is somebody in a seat for a time.
type presence struct {
	Name   string
	Deputy bool
	Came   string
	Gone   string
	Item   int
}

func (p *room) meetingPage(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	return p.meetingShow(w, r, n, nil)
}

func (p *room) meetingShow(w http.ResponseWriter, r *http.Request, n *network.Network, f *web.Form) int {
	l := p.pages.Words(r)
	v, err := p.theMeeting(r, n)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	files, err := p.paperFiles(r, v)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	d := p.newMeetingData(l, n, v, files)
	d.Withdrawn = files.Withdrawn
	d.Here = r.URL.Path
	if v.State == forum.Running && v.Inside {
		roll, err := p.forum.Roll(r.Context(), actor(r), v.ID, d.Now)
		if err != nil {
			return p.pages.Fail(w, r, err)
		}
		d.Judged = true
		for _, x := range roll.Quorum.Findings {
			if !x.Held {
				d.Lacks = append(d.Lacks, lack(l, x))
			}
		}
	}
	d.Live = stateOf(v.State, d.Seats, d.Lacks, d.Items, d.Now)
	if unchanged(r, d.Live) {
		w.WriteHeader(http.StatusNoContent)
		return http.StatusNoContent
	}
	if v.Runs {
		if err := p.meetingTopics(r, n, &d); err != nil {
			return p.pages.Fail(w, r, err)
		}
	}
	if f == nil {
		f = web.NewForm("kind", string(forum.Report), "minutes", "15")
		for _, a := range v.Approvers {
			f.Values.Add("approvers", string(a))
		}
	}
	title := d.BodyName.Text + ", " + l.Day(v.Starts)
	if v.Title != "" {
		title = v.Title
	}
	return p.pages.Render(w, r, web.Page{Name: "meeting", Title: title, Station: "decide", Data: d, Form: f, Live: v.State == forum.Running && v.Inside, Public: v.State != forum.Running,
		Crumbs: crumb(l, n, d.BodyName.Text, home(n)+"/bodies/"+string(v.Body), l.Must("meeting.list"), home(n)+"/meetings?body="+string(v.Body), l.ShortDay(v.Starts), "")})
}

func (p *room) newMeetingData(l *web.Words, n *network.Network, v forum.MeetingView, files forum.PaperFiles) meetingData {
	d := meetingData{MeetingView: v, Home: home(n), BodyName: say(l, v.BodyOf.Name), Tag: meetingTag(l, v.State), Span: l.Span(v.Starts, v.Ends())}
	papers := paperRows(l, n, v, files)
	d.General = papers[""]
	for i, x := range v.Items {
		row := itemRow{Item: x, Link: d.Home + "/meetings/" + string(v.ID) + "/items/" + string(x.ID), Papers: papers[x.ID], First: i == 0, Last: i == len(v.Items)-1}
		row.Notes = itemNotes(l, n, x)
		for _, t := range v.Decisions[x.ID] {
			row.Decisions = append(row.Decisions, decisionLink{t.Number, t.Title, t.Lang, d.Home + "/decisions/" + string(t.ID), t.ID,
				v.Runs && v.State == forum.Running && t.Approved.IsZero() && t.SupersededBy == ""})
		}
		if x.State == forum.ItemCurrent {
			d.Now = x.ID
		}
		if !x.Hidden {
			d.ItemOf = append(d.ItemOf, web.Option{Value: string(x.ID), Text: strconv.Itoa(x.Number) + ". " + x.Title})
		}
		d.Rows = append(d.Rows, row)
	}
	if v.Next.ID != "" {
		d.NextDay = l.Day(v.Next.Starts)
	}
	if v.Inside {
		d.inside(l)
	}
	return d
}

func itemNotes(l *web.Words, n *network.Network, x forum.Item) (out []string) {
	switch {
	case x.Hidden:
		return nil
	case x.Outcome != forum.NoOutcome:
		out = append(out, l.Must("meeting.outcome."+string(x.Outcome)))
	case x.State == forum.ItemCarried:
		out = append(out, l.Must("meeting.outcome.carried"))
	}
	if !x.Ended.IsZero() && x.State == forum.ItemDone {
		out = append(out, l.Must("meeting.item.ended", l.Clock(x.Ended)))
	}
	if x.Carried > 0 {
		out = append(out, l.Must("meeting.item.carried", x.Carried))
	}
	if x.Presenter != "" {
		out = append(out, l.Must("meeting.item.presenter", x.Presenter))
	}
	if x.Minutes > 0 {
		out = append(out, l.Duration(time.Duration(x.Minutes)*time.Minute))
	}
	return out
}

// inside adds what those inside the body see of one another.
func (d *meetingData) inside(l *web.Words) {
	numbers := map[forum.ItemID]int{}
	for _, i := range d.Items {
		numbers[i.ID] = i.Number
	}
	for _, s := range d.MeetingView.Seats {
		row := seatRow{Held: s, Name: seatName(l, s), Role: l.Must("meeting.role." + string(s.Role)), Deputy: s.Role == network.Deputy}
		reply := d.Replies[s.ID]
		row.Answers, row.Note = reply.Answer, reply.Note
		switch {
		case s.Person == "":
		case reply.Answer == "" || reply.Person != s.Person:
			row.Answers, row.Note = "", ""
			if s.Role.Votes() {
				d.Silent++
			}
		default:
			row.Answer = l.Must("meeting.answer." + string(reply.Answer))
			if s.Role.Votes() && reply.Answer == forum.Coming {
				d.Coming++
			} else if s.Role.Votes() {
				d.Away++
			}
		}
		for _, a := range d.Attendance {
			if a.Seat != s.ID {
				continue
			}
			one := presence{Name: cmp.Or(d.Names[a.Person], l.Must("minutes.redacted.name")), Deputy: a.Deputy != "", Came: l.Clock(a.Came.In(d.Starts.Location())), Item: numbers[a.Item]}
			if !a.Gone.IsZero() {
				one.Gone = l.Clock(a.Gone.In(d.Starts.Location()))
			} else if a.Item == "" {
				row.Here, row.HereID = true, a.ID
			}
			row.Times = append(row.Times, one)
		}
		if slices.Contains(d.Mine, s.ID) {
			d.mine(l, &row)
			d.MySeats = append(d.MySeats, row)
		}
		if s.Person != "" && mayApprove(d.MeetingView, s.Person) {
			d.Approve = append(d.Approve, web.Option{Value: string(s.Person), Text: s.Name})
		}
		if s.Role == network.Deputy && s.Person != "" {
			d.Deputies = append(d.Deputies, web.Option{Value: string(s.ID), Text: s.Name})
		}
		d.Seats = append(d.Seats, row)
	}
	seen := map[string]bool{}
	d.Approve = slices.DeleteFunc(d.Approve, func(o web.Option) bool { was := seen[o.Value]; seen[o.Value] = true; return was })
	for _, a := range d.MeetingView.Approvers {
		for _, o := range d.Approve {
			if o.Value == string(a) {
				d.Approvers = append(d.Approvers, o.Text)
			}
		}
	}
	for _, a := range forum.Attendings {
		d.Answers = append(d.Answers, web.Option{Value: string(a), Text: l.Must("meeting.answer." + string(a))})
	}
	for _, k := range []forum.ItemKind{forum.Report, forum.Formality} {
		d.Kinds = append(d.Kinds, web.Option{Value: string(k), Text: l.Must("meeting.kind." + string(k))})
	}
}

// mine says since when who looks is there, in a seat of their own or from it in another's place: nobody is asked whether they come
// to where they are.
func (d *meetingData) mine(l *web.Words, row *seatRow) {
	if d.State != forum.Running {
		return
	}
	for _, a := range d.Attendance {
		if a.Person == row.Person && (a.Seat == row.ID && a.Deputy == "" || a.Deputy == row.ID) && a.Gone.IsZero() {
			row.Since, row.MineID, d.AmHere = l.Clock(a.Came.In(d.Starts.Location())), a.ID, true
		}
	}
}

// mayApprove tells who can be chosen to approve the minutes: once the meeting has begun, who is or was there.
func mayApprove(v forum.MeetingView, p network.PersonID) bool {
	if v.State != forum.Running && v.State != forum.Over {
		return true
	}
	came := map[network.PersonID]bool{}
	for _, a := range v.Attendance {
		came[a.Person] = true
	}
	return came[p] || len(came) < 2
}

// meetingTopics lists what can be put on the agenda.
func (p *room) meetingTopics(r *http.Request, n *network.Network, d *meetingData) error {
	l := p.pages.Words(r)
	rows, err := p.forum.Topics(r.Context(), actor(r), n.ID, forum.TopicFilter{Body: d.Body, States: []forum.State{forum.Prepared}, Limit: 100})
	if err != nil {
		return err
	}
	d.Topics = []web.Option{{Text: l.Must("meeting.topic.none")}}
	for _, t := range rows {
		d.Topics = append(d.Topics, web.Option{Value: string(t.ID), Text: t.Title})
	}
	return nil
}

// meetingDo does what a button of the meeting's page says.
func (p *room) meetingDo(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	v, err := p.theMeeting(r, n)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	to := home(n) + "/meetings/" + string(v.ID)
	if title, s, asks := p.asksMeeting(p.pages.Words(r), v, f, to); asks && v.Runs && !confirmed(f) {
		return p.makeSure(w, r, f, title, s)
	}
	if done, err := p.meetingAct(r, v, f); err != nil {
		return p.problem(w, r, f, err, func() int { return p.meetingShow(w, r, n, f) })
	} else if done != "" {
		to = home(n) + done
	}
	if back := f.Get("back"); back != "" {
		to = web.Local(back)
	}
	return web.SeeOther(w, r, to)
}

// meetingAct does it, and says where to go on the tenant's pages if it isn't back to the meeting.
func (p *room) meetingAct(r *http.Request, v forum.MeetingView, f *web.Form) (to string, err error) {
	ctx, who, id := r.Context(), actor(r), v.ID
	seat := network.SeatID(f.Get("seat"))
	item := forum.ItemID(f.Get("item"))
	switch f.Get("do") {
	case "convene":
		return "", p.forum.Convene(ctx, who, id, version(f))
	case "cancel":
		return "", p.forum.Cancel(ctx, who, id, version(f), f.Get("reason"))
	case "start":
		return "", p.forum.Start(ctx, who, id, version(f))
	case "close":
		minutes, err := p.forum.Close(ctx, who, id, version(f))
		return "/minutes/" + string(minutes), err
	case "minutes":
		minutes, err := p.forum.DrawUp(ctx, who, id)
		return "/minutes/" + string(minutes), err
	case "reply":
		return "", p.forum.Reply(ctx, who, id, seat, forum.Attending(f.Get("answer")), f.Get("note"))
	case "arrive":
		at, err := atClock(f, v)
		if err != nil {
			return "", err
		}
		return "", p.forum.Arrive(ctx, who, forum.Arrival{Meeting: id, Seat: seat, Deputy: network.SeatID(f.Get("deputy")), Item: item, At: at})
	case "call":
		called := append(strings.Fields(f.Get("call")), "", "", "")
		return "", p.forum.Arrive(ctx, who, forum.Arrival{Meeting: id, Seat: network.SeatID(called[0]), Deputy: network.SeatID(called[1]), Item: forum.ItemID(called[2])})
	case "depart":
		at, err := atClock(f, v)
		if err != nil {
			return "", err
		}
		return "", p.forum.Depart(ctx, who, id, f.Get("attendance"), at)
	case "lead":
		return "", p.forum.Lead(ctx, who, id, seat)
	case "approvers":
		var people []network.PersonID
		for _, one := range f.All("approvers") {
			people = append(people, network.PersonID(one))
		}
		return "", p.forum.SetApprovers(ctx, who, id, version(f), people)
	case "topic", "item":
		return "", p.addItem(r, v, f)
	case "up":
		return "", p.forum.MoveItem(ctx, who, item, -1)
	case "down":
		return "", p.forum.MoveItem(ctx, who, item, 1)
	case "remove":
		return "", p.forum.RemoveItem(ctx, who, item, version(f))
	case "reach":
		return "/meetings/" + string(id) + "/items/" + string(item), p.forum.Reach(ctx, who, item, version(f))
	}
	return "", network.Absent()
}

func (p *room) addItem(r *http.Request, v forum.MeetingView, f *web.Form) error {
	minutes, _ := f.Int("minutes")
	i := forum.Item{Meeting: v.ID, Kind: forum.ItemKind(f.Get("kind")), Title: f.Get("title"), Presenter: f.Get("presenter"), Minutes: minutes}
	if f.Get("do") == "topic" {
		i.Kind, i.Topic = forum.AboutTopic, forum.TopicID(f.Get("topic"))
	}
	_, err := p.forum.AddItem(r.Context(), actor(r), i)
	return err
}

// atClock reads the time of day that somebody came or left; none is now.
func atClock(f *web.Form, v forum.MeetingView) (time.Time, error) {
	typed := f.Get("at")
	if typed == "" {
		return time.Time{}, nil
	}
	at, err := time.ParseInLocation("2006-01-02 15:04", v.Now.Format(time.DateOnly)+" "+typed, v.Starts.Location())
	if err != nil {
		return at, badTime()
	}
	return at, nil
}
