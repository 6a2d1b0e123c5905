package living

import (
	"cmp"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// sitting is a meeting as its events know it.
type sitting struct {
	id     forum.MeetingID
	body   *body
	starts time.Time
	last   bool // the body's last before the end
	nth    int
	now    bool // it goes on now
}

// meetings makes every body's series, and plans each meeting.
func (t *tenant) meetings() error {
	for _, line := range t.story.Bodies {
		if err := t.series(t.bodies[line.Key]); err != nil {
			return err
		}
	}
	return nil
}

func (t *tenant) series(b *body) error {
	next := t.end.In(t.zone).AddDate(0, 0, b.Next)
	for isWeekend(next) { // also the meeting that goes on now: on a weekend, Monday's is moved to today
		next = next.AddDate(0, 0, 1)
	}
	clock, err := minutes(b.Clock)
	if err != nil {
		return err
	}
	first := next
	for first.AddDate(0, 0, -7*b.Every).After(t.now.AddDate(0, 0, 21)) {
		first = first.AddDate(0, 0, -7*b.Every)
	}
	name, _ := b.Body.Name.In(t.lang)
	s := forum.Series{Body: b.ID, Name: name, Rhythm: forum.Weekly, Every: b.Every, Weekday: next.Weekday(), First: midnight(first, t.zone), Clock: clock,
		Minutes: b.Minutes, Place: pick(t.world, t.story.Places), ConvokeDays: 21}
	id, err := t.forum.SaveSeries(t.ctx, b.coordinator, s)
	if err != nil {
		return err
	}
	made, err := t.forum.Generate(t.ctx, b.coordinator, id, min(60, (years+1)*52/b.Every-2))
	if err != nil {
		return err
	}
	all, err := t.sittings(b, made, midnight(next, t.zone))
	if err != nil {
		return err
	}
	for i := range all {
		t.planMeeting(all[i])
	}
	t.pauses(b, id, all)
	return nil
}

func isWeekend(at time.Time) bool {
	return at.Weekday() == time.Saturday || at.Weekday() == time.Sunday
}

func minutes(clock string) (int, error) {
	h, m, _ := strings.Cut(clock, ":")
	hours, err := strconv.Atoi(h)
	if err != nil {
		return 0, err
	}
	mins, err := strconv.Atoi(m)
	return hours*60 + mins, err
}

func (t *tenant) sittings(b *body, made []forum.MeetingID, next time.Time) (all []sitting, err error) {
	for i, id := range made {
		var starts int64
		if err := t.one(&starts, `SELECT starts FROM meeting WHERE id = $1`, string(id)); err != nil {
			return nil, err
		}
		m := sitting{id: id, body: b, starts: storage.Time(starts), nth: i}
		m.now = b.Next == 0 && midnight(m.starts, t.zone).Equal(next)
		all = append(all, m)
	}
	for i := range all {
		over := func(m sitting) bool { return m.now || !m.starts.Before(t.end) }
		all[i].last = !over(all[i]) && i+1 < len(all) && over(all[i+1])
	}
	return all, nil
}

// pauses lets one series rest for some weeks, and one meeting be called off.
func (t *tenant) pauses(b *body, id forum.SeriesID, all []sitting) {
	if (b.Key == "sydost" || b.Key == "sorost") && len(all) > 5 {
		at := all[4].starts.AddDate(0, 0, -9)
		t.at(at, "pause", func() error {
			v, err := t.version("meeting_series", string(id))
			if err != nil {
				return err
			}
			return t.forum.Pause(t.ctx, b.coordinator, id, v, t.story.Pause)
		})
		t.at(at.AddDate(0, 0, 42), "resume", func() error {
			v, err := t.version("meeting_series", string(id))
			if err != nil {
				return err
			}
			return t.forum.Resume(t.ctx, b.coordinator, id, v)
		})
	}
	if b.Key == "infection" || b.Key == "infeksjon" {
		m := all[3]
		t.at(m.starts.AddDate(0, 0, -2), "cancel", func() error {
			v, err := t.version("meeting", string(m.id))
			if err != nil {
				return err
			}
			return t.forum.Cancel(t.ctx, m.body.coordinator, m.id, v, t.story.Cancel)
		})
	}
}

// planMeeting plans what happens around a meeting.
func (t *tenant) planMeeting(m sitting) {
	t.at(t.office(m.starts, -21, t.zone), "convene", func() error { return t.convene(m) })
	t.at(t.office(m.starts, -8, t.zone), "papers", func() error { return t.papers(m, 80, t.story.Papers[0]) })
	t.at(t.office(m.starts, -3, t.zone), "late papers", func() error { return t.papers(m, 20, t.story.Papers[1]) })
	t.at(t.office(m.starts, -6, t.zone), "replies", func() error { return t.replies(m) })
	if !m.now {
		t.at(m.starts, "meeting", func() error { return t.meet(m) })
		return
	}
	starts := t.end.Add(-45 * time.Minute).Truncate(5 * time.Minute)
	t.at(t.end.Add(-30*time.Hour), "move today's meeting", func() error { return t.moveTo(m, starts) })
	t.at(starts, "today's meeting", func() error { return t.meet(m) })
}

// state reads how far a meeting has come.
func (t *tenant) state(m sitting) (s forum.MeetingState, v int64, err error) {
	err = t.db.Read(t.ctx, func(tx *storage.Tx) error {
		return tx.QueryRow(t.ctx, `SELECT state, version FROM meeting WHERE id = $1`, string(m.id)).Scan(&s, &v)
	})
	return s, v, err
}

func (t *tenant) convene(m sitting) error {
	s, v, err := t.state(m)
	if err != nil || s != forum.Drafted {
		return err
	}
	return t.forum.Convene(t.ctx, m.body.coordinator, m.id, v)
}

// moveTo moves today's meeting to where it goes on now.
func (t *tenant) moveTo(m sitting, starts time.Time) error {
	_, v, err := t.state(m)
	if err != nil {
		return err
	}
	return t.forum.Change(t.ctx, m.body.coordinator, forum.Meeting{ID: m.id, Version: v, Starts: starts, Minutes: m.body.Minutes, Zone: t.zone.String(),
		Place: t.story.Places[0], Visibility: m.body.Visibility})
}

// toAgenda puts a prepared topic on its body's next meeting.
func (t *tenant) toAgenda(r *raised) error {
	var meeting string
	err := t.one(&meeting, `SELECT id FROM meeting WHERE body = $1 AND starts > $2 AND state IN ('draft', 'convened') ORDER BY starts LIMIT 1`,
		string(r.body.ID), storage.Micros(t.now.AddDate(0, 0, 2)))
	if err != nil {
		return err
	}
	seats, err := t.seats(r.body.ID)
	if err != nil {
		return err
	}
	_, err = t.forum.AddItem(t.ctx, r.body.coordinator, forum.Item{Meeting: forum.MeetingID(meeting), Kind: forum.AboutTopic, Topic: r.id, Minutes: 20 + 5*t.rnd.IntN(4),
		Presenter: pick(t.world, seats).Name})
	return err
}

// line is an item of an agenda.
type line struct {
	id    forum.ItemID
	kind  forum.ItemKind
	topic *raised
	title string
	by    string // who presents it
	mins  int
}

func (t *tenant) agenda(m sitting) (out []line, err error) {
	err = t.db.Read(t.ctx, func(tx *storage.Tx) error {
		rows, err := tx.Query(t.ctx, `SELECT id, kind, COALESCE(topic, ''), title, minutes, presenter FROM meeting_item WHERE meeting = $1 AND state = 'planned' ORDER BY sort, id`, string(m.id))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var l line
			var topic string
			if err := rows.Scan(&l.id, &l.kind, &topic, &l.title, &l.mins, &l.by); err != nil {
				return err
			}
			l.topic = t.byID[topic]
			out = append(out, l)
		}
		return rows.Err()
	})
	return out, err
}

// papers adds the formal items, a report and the papers of the topics there are.
func (t *tenant) papers(m sitting, percent int, what string) error {
	s, _, err := t.state(m)
	if err != nil || s != forum.Convened && s != forum.Drafted {
		return err
	}
	items, err := t.agenda(m)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(items, func(l line) bool { return l.kind == forum.Formality }) {
		if err := t.formal(m); err != nil {
			return err
		}
	}
	for _, l := range items {
		if l.kind == forum.AboutTopic && t.chance(percent) {
			title := what + ": " + l.title
			var there int // an item that was carried over brings its papers
			if err := t.one(&there, `SELECT count(*) FROM meeting_paper WHERE item = $1 AND title = $2`, string(l.id), title); err != nil {
				return err
			}
			if there > 0 {
				continue
			}
			p := forum.Paper{Title: title, URL: "https://example.org/demo/" + string(l.id)}
			if err := t.forum.AddPaper(t.ctx, m.body.coordinator, m.id, l.id, p); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *tenant) formal(m sitting) error {
	for i, title := range t.story.Formal {
		kind := forum.Formality
		if i == len(t.story.Formal)-2 {
			kind = forum.Report
		}
		id, err := t.forum.AddItem(t.ctx, m.body.coordinator, forum.Item{Meeting: m.id, Kind: kind, Title: title, Minutes: 10})
		if err != nil {
			return err
		}
		if i == len(t.story.Formal)-1 {
			break // it ends the meeting; the others come before the topics
		}
		var n int
		if err := t.one(&n, `SELECT COUNT(*) FROM meeting_item WHERE meeting = $1`, string(m.id)); err != nil {
			return err
		}
		if err := t.forum.MoveItem(t.ctx, m.body.coordinator, id, i-n+1); err != nil {
			return err
		}
	}
	return nil
}

func (t *tenant) replies(m sitting) error {
	s, _, err := t.state(m)
	if err != nil || s != forum.Convened {
		return err
	}
	seats, err := t.seats(m.body.ID)
	if err != nil {
		return err
	}
	for _, s := range seats {
		if s.Person == "" || t.signsIn(s.Person) && !m.starts.Before(t.end) || !s.Role.Votes() || !t.chance(45) {
			continue
		}
		answer, note := forum.Coming, ""
		switch deal := t.rnd.IntN(8); {
		case s.Role == network.Chair || t.signsIn(s.Person): // comes
		case deal == 0:
			if slices.ContainsFunc(seats, func(d network.Held) bool { return d.Person != "" && forum.StandsInFor(d, s) }) {
				answer, note = forum.DeputyComes, t.story.DeputyNote
			}
		case deal == 1:
			answer = forum.NotComing
		}
		if err := t.forum.Reply(t.ctx, network.Actor{Person: s.Person}, m.id, s.ID, answer, note); err != nil {
			return err
		}
	}
	return nil
}

// meet holds a meeting: who comes, what is dealt with, and who approves the minutes.
func (t *tenant) meet(m sitting) error {
	s, v, err := t.state(m)
	if err != nil || s != forum.Convened {
		return err
	}
	t.pass(time.Duration(1+t.rnd.IntN(3)) * time.Minute)
	if err := t.forum.Start(t.ctx, m.body.coordinator, m.id, v); err != nil {
		return err
	}
	if err := t.arrive(m); err != nil {
		return err
	}
	items, err := t.agenda(m)
	if err != nil {
		return err
	}
	slices.SortStableFunc(items, func(a, b line) int { return cmp.Compare(t.turn(a), t.turn(b)) })
	gone := false
	for _, l := range items {
		if l.topic != nil && l.topic.Fate == "agenda" {
			continue // not reached: it is carried over
		}
		if m.now && (l.kind != forum.AboutTopic && t.turn(l) == 3 || l.topic != nil && l.topic.Fate != "running") {
			continue
		}
		if err := t.item(m, l, &gone); err != nil {
			return err
		}
	}
	if m.now {
		return nil
	}
	t.pass(4 * time.Minute)
	return t.over(m)
}

// turn is when an item is taken: formalities, topics, those without quorum, and what ends a meeting.
func (t *tenant) turn(l line) int {
	switch {
	case l.topic == nil && l.title == t.story.Formal[len(t.story.Formal)-1]:
		return 3
	case l.topic != nil && t.putsOff(l.topic):
		return 2
	case l.topic != nil:
		return 1
	}
	return 0
}

// putsOff tells whether a meeting is going to lack its patients for a topic.
func (t *tenant) putsOff(r *raised) bool {
	return r.Fate == "running" || r.Fate == "deferred" && r.put == 0
}

// arrive seats who comes: most, and enough to decide.
func (t *tenant) arrive(m sitting) error {
	seats, err := t.seats(m.body.ID)
	if err != nil {
		return err
	}
	away, err := t.away(m)
	if err != nil {
		return err
	}
	var absentees []network.Held
	for _, s := range seats {
		if s.Person == "" || !s.Role.Votes() {
			continue
		}
		if away[s.Person] || s.Role != network.Chair && !t.signsIn(s.Person) && t.chance(16) {
			absentees = append(absentees, s)
			continue
		}
		if err := t.forum.Arrive(t.ctx, m.body.coordinator, forum.Arrival{Meeting: m.id, Seat: s.ID}); err != nil {
			return err
		}
		t.now = t.now.Add(time.Duration(3+t.rnd.IntN(20)) * time.Second)
	}
	for _, s := range absentees {
		if err := t.standIn(m, s, seats, away[s.Person]); err != nil {
			return err
		}
	}
	return nil
}

// away is who has answered that they won't come themselves.
func (t *tenant) away(m sitting) (map[network.PersonID]bool, error) {
	away := map[network.PersonID]bool{}
	err := t.db.Read(t.ctx, func(tx *storage.Tx) error {
		rows, err := tx.Query(t.ctx, `SELECT person FROM meeting_reply WHERE meeting = $1 AND answer <> $2`, string(m.id), string(forum.Coming))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var p network.PersonID
			if err := rows.Scan(&p); err != nil {
				return err
			}
			away[p] = true
		}
		return rows.Err()
	})
	return away, err
}

// standIn sends a deputy where there is one, and has the holder come late where the meeting needs them: who answered that
// they won't come answers anew first.
func (t *tenant) standIn(m sitting, s network.Held, seats []network.Held, away bool) error {
	for _, d := range seats {
		if d.Person == "" || !forum.StandsInFor(d, s) {
			continue
		}
		err := t.forum.Arrive(t.ctx, m.body.coordinator, forum.Arrival{Meeting: m.id, Seat: s.ID, Deputy: d.ID})
		if fault.KindOf(err) == fault.Conflict { // they stand in for another already
			continue
		}
		return err
	}
	r, err := t.forum.Roll(t.ctx, m.body.coordinator, m.id, "")
	if err != nil || r.Quorum.Held {
		return err
	}
	if away {
		if err := t.forum.Reply(t.ctx, network.Actor{Person: s.Person}, m.id, s.ID, forum.Coming, t.story.AfterAll); err != nil {
			return err
		}
	}
	return t.forum.Arrive(t.ctx, m.body.coordinator, forum.Arrival{Meeting: m.id, Seat: s.ID})
}

// item deals with a point of the agenda.
func (t *tenant) item(m sitting, l line, gone *bool) error {
	if l.topic != nil && t.putsOff(l.topic) && !*gone {
		*gone = true
		if err := t.patientsLeave(m); err != nil {
			return err
		}
	}
	v, err := t.version("meeting_item", string(l.id))
	if err != nil {
		return err
	}
	if err := t.forum.Reach(t.ctx, m.body.coordinator, l.id, v); err != nil {
		return err
	}
	if err := t.write(m, l); err != nil {
		return err
	}
	if l.topic == nil {
		t.pass(time.Duration(l.mins) * time.Minute / 2)
		return nil
	}
	if m.now {
		if err := t.recuse(m, l); err != nil {
			return err
		}
		return t.propose(m, l)
	}
	t.pass(time.Duration(l.mins) * time.Minute)
	return t.deal(m, l)
}

// write notes what was said on an item, for the minutes.
func (t *tenant) write(m sitting, l line) error {
	text := ""
	switch {
	case l.kind == forum.Report:
		text = pick(t.world, t.story.Reports)
	case l.topic != nil && l.topic.Notes != "":
		text = l.topic.Notes
	case l.topic != nil:
		text = pick(t.world, t.story.Notes)
	default:
		return nil
	}
	v, err := t.version("meeting_item", string(l.id))
	if err != nil {
		return err
	}
	return t.forum.EditItem(t.ctx, m.body.coordinator, forum.Item{ID: l.id, Version: v, Title: l.title, Minutes: l.mins, Presenter: l.by, Text: text})
}

// deal gives a topic its outcome.
func (t *tenant) deal(m sitting, l line) error {
	r := l.topic
	if r.Fate == "returned" {
		v, err := t.version("meeting_item", string(l.id))
		if err != nil {
			return err
		}
		return t.forum.Return(t.ctx, m.body.coordinator, l.id, v, r.Reason)
	}
	d, err := t.draft(r)
	if err != nil {
		return err
	}
	d.Item = l.id
	if err := t.recuse(m, l); err != nil {
		return err
	}
	if err := t.votes(m, r, &d); err != nil {
		return err
	}
	done, err := t.forum.Record(t.ctx, m.body.coordinator, d)
	if fault.KindOf(err) == fault.Conflict && t.putsOff(r) {
		return t.putOff(m, l)
	}
	if err == nil && t.putsOff(r) {
		return absent("lack of quorum for", r.Key)
	}
	t.decisions[r.Key] = string(done.ID)
	return err
}

// putOff defers a topic that the meeting may not decide.
func (t *tenant) putOff(m sitting, l line) error {
	l.topic.put++
	v, err := t.version("meeting_item", string(l.id))
	if err != nil {
		return err
	}
	return t.forum.Defer(t.ctx, m.body.coordinator, l.id, v, t.story.Why)
}

// patientsLeave empties the patients' seats but one where the rule asks for two, so that the meeting lacks them.
func (t *tenant) patientsLeave(m sitting) error {
	r, err := t.forum.Roll(t.ctx, m.body.coordinator, m.id, "")
	if err != nil {
		return err
	}
	stay := 0
	for _, f := range r.Quorum.Findings {
		if f.Rule.Kind == network.OfSector && f.Rule.Sector == network.Patient {
			stay = f.Need - 1
		}
	}
	for _, s := range r.Seats {
		if s.Sector != network.Patient || !s.Counts() {
			continue
		}
		if stay > 0 {
			stay--
			continue
		}
		var id string
		if err := t.one(&id, `SELECT id FROM meeting_attendance WHERE meeting = $1 AND seat = $2 AND gone = 0`, string(m.id), string(s.Seat)); err != nil {
			return err
		}
		if err := t.forum.Depart(t.ctx, m.body.coordinator, m.id, id, time.Time{}); err != nil {
			return err
		}
	}
	return nil
}

// recuse lets those with an interest leave an item.
func (t *tenant) recuse(m sitting, l line) error {
	if l.topic.Recuse == "" {
		return nil
	}
	r, err := t.forum.Roll(t.ctx, m.body.coordinator, m.id, l.id)
	if err != nil {
		return err
	}
	for _, s := range r.Seats {
		if s.Sector == l.topic.Recuse && s.Counts() {
			return t.forum.Recuse(t.ctx, network.Actor{Person: s.Person}, l.id, s.Person, t.story.Recused)
		}
	}
	return nil
}

// votes makes a decision one by vote where the story says that not all agreed.
func (t *tenant) votes(m sitting, r *raised, d *forum.DecisionDraft) error {
	if r.Dec.Against+r.Dec.Abstain == 0 && !t.chance(25) {
		return nil
	}
	roll, err := t.forum.Roll(t.ctx, m.body.coordinator, m.id, d.Item)
	if err != nil {
		return err
	}
	d.Method, d.Votes = forum.ByVote, map[network.SeatID]forum.Vote{}
	against, abstain := r.Dec.Against, r.Dec.Abstain
	for _, s := range slices.Backward(roll.Seats) {
		if !s.Counts() {
			continue
		}
		switch {
		case s.Sector == network.Patient || s.Leads:
			d.Votes[s.Seat] = forum.For
		case against > 0:
			d.Votes[s.Seat] = forum.Against
			against--
			if len(d.Dissent) == 0 {
				d.Dissent = []forum.Dissent{{Seat: s.Seat, Text: cmp.Or(r.Dec.Dissent, t.story.Dissent)}}
			}
		case abstain > 0:
			d.Votes[s.Seat] = forum.Abstains
			abstain--
		default:
			d.Votes[s.Seat] = forum.For
		}
	}
	return nil
}

// over closes a meeting and plans its minutes.
func (t *tenant) over(m sitting) error {
	_, v, err := t.state(m)
	if err != nil {
		return err
	}
	approvers, err := t.approvers(m)
	if err != nil {
		return err
	}
	id, err := t.forum.Close(t.ctx, m.body.coordinator, m.id, v)
	if err != nil {
		return err
	}
	if err := t.forum.SetApprovers(t.ctx, m.body.coordinator, m.id, v+1, slices.Clone(approvers)); err != nil {
		return err
	}
	if lastOfNation := m.last && m.body.Next == 0; lastOfNation || t.chance(15) {
		if err := t.atOnce(m, id, approvers); err != nil {
			return err
		}
	}
	t.at(t.office(t.now, 2, t.zone), "ask for approval", func() error { return t.forum.AskApproval(t.ctx, m.body.coordinator, id) })
	lately := m.starts.After(t.end.AddDate(0, 0, -16)) || m.body.Next == 0
	if m.last && lately && t.signsIn(approvers[1]) { // waits for somebody one can sign in as
		approvers = approvers[:1]
	}
	t.approvals(id, approvers, 4)
	if m.nth == 6 && (m.body.Key == "sam" || m.body.Key == "koord") {
		t.at(t.office(t.now, 40, t.zone), "correct", func() error { return t.correct(m, id, approvers) })
	}
	return nil
}

// approvers are who leads and one more who is there: somebody one can sign in as, if they are.
func (t *tenant) approvers(m sitting) ([]network.PersonID, error) {
	r, err := t.forum.Roll(t.ctx, m.body.coordinator, m.id, "")
	if err != nil {
		return nil, err
	}
	seats, err := t.seats(m.body.ID)
	if err != nil {
		return nil, err
	}
	var leader network.PersonID
	var others []network.PersonID
	for _, s := range r.Seats {
		switch {
		case !s.Counts():
		case s.Leads:
			leader = s.Person
		case t.stays(seats, s.Person):
			others = append(others, s.Person)
		}
	}
	slices.SortStableFunc(others, func(a, b network.PersonID) int { return rank(t.signsIn(b)) - rank(t.signsIn(a)) }) // a deputy who is there may, too
	// These minutes wait for the patients' representative, also when they left early.
	if m.last && m.body.Next == 0 {
		var came int
		if err := t.one(&came, `SELECT COUNT(*) FROM meeting_attendance WHERE meeting = $1 AND person = $2`, string(m.id), string(t.people["patient"])); err != nil {
			return nil, err
		}
		if came > 0 {
			others = []network.PersonID{t.people["patient"]}
		}
	}
	if len(others) == 0 || leader == "" {
		return nil, absent("approver of", m.body.Key)
	}
	return []network.PersonID{leader, others[0]}, nil
}

// untilApproved is how long an approver has to sit there yet: until minutes and a correction of them are approved.
const untilApproved = 60 * 24 * time.Hour

// stays tells whether somebody's term lasts long enough to approve minutes.
func (t *tenant) stays(seats []network.Held, p network.PersonID) bool {
	return slices.ContainsFunc(seats, func(s network.Held) bool {
		return s.Person == p && (s.To.IsZero() || s.To.After(t.now.Add(untilApproved)))
	})
}

func rank(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// atOnce approves a decision's item before the minutes as a whole.
func (t *tenant) atOnce(m sitting, id forum.MinutesID, approvers []network.PersonID) error {
	p, _, err := t.protocol(id)
	if err != nil {
		return err
	}
	for _, i := range p.Items {
		if i.Outcome != forum.WasDecided {
			continue
		}
		hash, err := p.ItemHash(i.ID)
		if err != nil {
			return err
		}
		for _, who := range approvers {
			if _, err := t.forum.ApproveItem(t.ctx, network.Actor{Person: who}, id, i.ID, hash); err != nil {
				return err
			}
		}
		return nil
	}
	return nil
}

// protocol reads minutes that aren't sealed, and what an approval of them approves.
func (t *tenant) protocol(id forum.MinutesID) (p forum.Protocol, hash string, err error) {
	var doc string
	err = t.db.Read(t.ctx, func(tx *storage.Tx) error {
		return tx.QueryRow(t.ctx, `SELECT v.doc, v.hash FROM minutes m JOIN minutes_version v ON v.minutes = m.id AND v.version = m.version WHERE m.id = $1`, string(id)).Scan(&doc, &hash)
	})
	if err == nil {
		err = json.Unmarshal([]byte(doc), &p)
	}
	return p, hash, err
}

// approvals plans when each approves.
func (t *tenant) approvals(id forum.MinutesID, approvers []network.PersonID, after int) {
	for i, who := range approvers {
		t.at(t.office(t.now, after+i*3, t.zone), "approve minutes", func() error {
			_, hash, err := t.protocol(id)
			if err != nil {
				return err
			}
			_, err = t.forum.Approve(t.ctx, network.Actor{Person: who}, id, hash)
			return err
		})
	}
}

func (t *tenant) correct(m sitting, id forum.MinutesID, approvers []network.PersonID) error {
	next, err := t.forum.Correct(t.ctx, m.body.coordinator, id, t.story.Correction)
	if err != nil {
		return err
	}
	t.approvals(next, approvers, 2)
	return nil
}

// propose begins to write the decision that a meeting going on is about to take, as the page for it would keep it.
func (t *tenant) propose(m sitting, l line) error {
	s := l.topic.Dec
	form := url.Values{"title": {s.Title}, "text": {s.Text}, "rationale": {s.Rationale}, "method": {string(forum.ByVote)}, "visibility": {string(network.Public)}}
	all, err := t.dispositions(l.topic)
	if err != nil {
		return err
	}
	for _, d := range all {
		if d.Reason != t.story.Undisposed {
			form.Set("fate-"+string(d.Input), string(d.Disposition))
			form.Set("why-"+string(d.Input), d.Reason)
		}
	}
	draft, err := json.Marshal(form)
	if err != nil {
		return err
	}
	v, err := t.version("meeting_item", string(l.id))
	if err != nil {
		return err
	}
	return t.forum.SaveDraft(t.ctx, m.body.coordinator, l.id, v, string(draft))
}
