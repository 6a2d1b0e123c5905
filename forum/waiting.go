package forum

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

// WaitKind says what somebody is waited for with.
type WaitKind string

// The kinds of things that wait.
const (
	WaitsInput    WaitKind = "input"    // a topic that patients are asked about
	WaitsMinutes  WaitKind = "minutes"  // minutes to approve
	WaitsMeeting  WaitKind = "meeting"  // a meeting to come
	WaitsVote     WaitKind = "vote"     // a decision by circulation
	WaitsAnswer   WaitKind = "answer"   // an answer that the body owes
	WaitsPlace    WaitKind = "place"    // a topic that no body has
	WaitsPrepare  WaitKind = "prepare"  // a topic whose time for input is over
	WaitsSeal     WaitKind = "seal"     // minutes that others are to approve
	WaitsSeat     WaitKind = "seat"     // a term that ends
	WaitsInterest WaitKind = "interest" // declared ties to look through

	WaitsCandidate WaitKind = "candidate" // who is there for a seat
	WaitsVacancy   WaitKind = "vacancy"   // seats that nobody holds
)

// Wait is one thing that waits for a person. What it names beside its kind depends on that.
type Wait struct {
	Kind        WaitKind
	Due         time.Time // where the network meets; zero: no day is set
	Late        bool
	Body        network.BodyID
	Network     network.ID
	Title       string // of the topic or the decision
	Lang        string
	Topic       TopicID
	Lift        LiftID
	Minutes     MinutesID
	Circulation CirculationID
	Seat        network.SeatID
	Held        time.Time // when the meeting of minutes was
	Meeting     Meeting
	Items       int       // on its agenda
	Papers      int       // for it
	LatePapers  int       // of them, those that came after they were due
	Reply       Attending // for Seat
	From        []network.BodyID
	Sector      network.Sector // of the seat that somebody is there for
	Count       int            // candidates, or vacant seats
}

// Key names the thing, among all that wait for the same person.
func (w Wait) Key() string {
	return string(w.Kind) + "." + cmp.Or(string(w.Lift), string(w.Minutes), string(w.Circulation), string(w.Meeting.ID), string(w.Topic)) + "." + string(w.Seat)
}

// GivenInput is an input of one's own, with what became of it.
type GivenInput struct {
	Input
	Title  string // of its topic; "" when that is no longer one's to see
	Number string // of the decision that answered it; "" for none that is one's to see
}

// OwnSeat is a seat one holds.
type OwnSeat struct {
	network.Place
	Name network.Text // the body's
	By   network.Text // who nominated
	From time.Time
	To   time.Time // zero: until further notice
}

// Waiting is a person's landing page.
type Waiting struct {
	Waits   []Wait // the late ones first, then by day, then those without a day
	Raised  []Topic
	Inputs  []GivenInput
	Seats   []OwnSeat
	Notices []notice.Told // not read
	Leads   bool          // coordinates a network of the tenant
}

// How much of each is looked at, how long ahead, and how soon minutes ought to be approved.
const (
	waitRows     = 20
	meetingAhead = 60 * 24 * time.Hour
	meetingRows  = 10
	seatAhead    = 90 * 24 * time.Hour
	tiesAhead    = 30 * 24 * time.Hour
	minutesDays  = 14
)

// Waiting works out what waits for the actor in a tenant, from everything as it is now.
func (f *Forum) Waiting(ctx context.Context, who network.Actor, root network.ID) (out Waiting, err error) {
	err = f.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		out = Waiting{}
		if a.Actor.Person == "" {
			return nil
		}
		w := waiter{Forum: f, tx: tx, a: a, root: root, now: f.db.Now(), zone: f.zoneOf(root)}
		w.place()
		out.Leads = slices.ContainsFunc(a.Leads(), func(id network.ID) bool {
			n, ok := f.network.Tree().Network(id)
			return ok && n.Root == root
		})
		for _, look := range []func(context.Context) error{w.inputs, w.minutes, w.meetings, w.votes, w.answers, w.unplaced, w.unprepared, w.unsealed, w.ties, w.candidates, w.vacancies} {
			if err := look(ctx); err != nil {
				return err
			}
		}
		if out.Seats, err = w.seats(ctx); err != nil {
			return err
		}
		w.sort()
		out.Waits = w.waits
		if out.Raised, err = w.raised(ctx); err != nil {
			return err
		}
		if out.Inputs, err = w.given(ctx); err != nil {
			return err
		}
		out.Notices, err = f.notices.Unread(ctx, tx, string(a.Actor.Person), "", waitRows)
		return err
	})
	return out, err
}

// waiter gathers what waits for one person.
type waiter struct {
	*Forum
	tx    *storage.Tx
	a     network.Access
	root  network.ID
	now   time.Time
	zone  *time.Location
	waits []Wait

	patient []network.BodyID // in which one holds a patients' seat
	bodies  []network.BodyID // in which one holds any
	voting  map[network.BodyID][]network.SeatID
	chairs  []network.BodyID
	leads   []network.ID
}

// place sorts the seats one holds in the tenant by what they ask of one.
func (w *waiter) place() {
	w.voting = map[network.BodyID][]network.SeatID{}
	for _, s := range w.a.Seats {
		if s.Root != w.root {
			continue
		}
		w.bodies = append(w.bodies, s.Body)
		if s.Sector == network.Patient {
			w.patient = append(w.patient, s.Body)
		}
		if s.Role.Votes() {
			w.voting[s.Body] = append(w.voting[s.Body], s.Seat)
		}
		if s.Role == network.Chair {
			w.chairs = append(w.chairs, s.Body)
		}
	}
	for _, n := range w.a.Leads() {
		if one, ok := w.network.Tree().Network(n); ok && one.Root == w.root {
			w.leads = append(w.leads, n)
		}
	}
}

// sort puts what is late first, then what has a day, then the rest.
func (w *waiter) sort() {
	for i, one := range w.waits {
		w.waits[i].Late = !one.Due.IsZero() && one.Due.Before(w.now) && one.Kind != WaitsMeeting
		if !one.Due.IsZero() {
			w.waits[i].Due = one.Due.In(w.zone)
		}
	}
	slices.SortStableFunc(w.waits, func(x, y Wait) int {
		if x.Due.IsZero() != y.Due.IsZero() {
			if x.Due.IsZero() {
				return 1
			}
			return -1
		}
		return cmp.Or(x.Due.Compare(y.Due), cmp.Compare(x.Key(), y.Key()))
	})
}

// anyOf is a condition that a column is one of some values.
func anyOf[T ~string](column string, values []T, args []any) (string, []any) {
	if len(values) == 0 {
		return "1 = 0", args
	}
	in, args := places(args, values)
	return column + " IN (" + in + ")", args
}

// runs is a condition on a table's columns body and network that one runs the body.
func (w *waiter) runs(table string, args []any) (string, []any) {
	chairs, args := anyOf(table+"body", w.chairs, args)
	leads, args := anyOf(table+"network", w.leads, args)
	return "(" + chairs + " OR " + leads + ")", args
}

// each runs a query and takes every row.
func (w *waiter) each(ctx context.Context, query string, args []any, take func(*sql.Rows) error) error {
	rows, err := w.tx.Query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := take(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// topics adds topics that wait; due says until when from a topic.
func (w *waiter) topics(ctx context.Context, kind WaitKind, where string, args []any, due func(Topic) time.Time) error {
	args = append(args, waitRows)
	return w.each(ctx, `SELECT `+topicColumns+` FROM topic t WHERE `+where+` LIMIT `+place(len(args)), args, func(rows *sql.Rows) error {
		t, err := scanTopic(rows)
		if err == nil && sees(w.a, t) {
			w.waits = append(w.waits, Wait{Kind: kind, Due: due(t), Body: t.Body, Network: t.Network, Title: t.Title, Lang: t.Lang, Topic: t.ID})
		}
		return err
	})
}

// inputs are the topics that a patients' seat is asked about and has not answered.
func (w *waiter) inputs(ctx context.Context) error {
	if len(w.patient) == 0 {
		return nil
	}
	in, args := anyOf("t.body", w.patient, []any{w.root, w.now, w.a.Actor.Person})
	return w.topics(ctx, WaitsInput, `t.root = $1 AND t.state = 'input' AND t.input_until > $2 AND `+in+`
		AND NOT EXISTS (SELECT 1 FROM topic_input i WHERE i.topic = t.id AND i.person = $3) ORDER BY t.input_until`, args,
		func(t Topic) time.Time { return t.InputUntil })
}

// unplaced are the topics that no body has yet, for those who coordinate.
func (w *waiter) unplaced(ctx context.Context) error {
	if len(w.leads) == 0 {
		return nil
	}
	in, args := anyOf("t.network", w.leads, []any{w.root})
	return w.topics(ctx, WaitsPlace, `t.root = $1 AND t.state = 'raised' AND t.body IS NULL AND `+in+` ORDER BY t.raised`, args,
		func(Topic) time.Time { return time.Time{} })
}

// unprepared are the topics whose time for input is over, for those who run their bodies.
func (w *waiter) unprepared(ctx context.Context) error {
	if len(w.chairs)+len(w.leads) == 0 {
		return nil
	}
	run, args := w.runs("t.", []any{w.root, w.now})
	return w.topics(ctx, WaitsPrepare, `t.root = $1 AND t.state = 'input' AND t.input_until <= $2 AND `+run+` ORDER BY t.input_until`, args,
		func(t Topic) time.Time { return t.InputUntil })
}

// minutes are those that one is to approve and has not, as they read now.
func (w *waiter) minutes(ctx context.Context) error {
	for _, from := range []string{
		`meeting_approver p JOIN minutes n ON n.meeting = p.meeting JOIN meeting m ON m.id = p.meeting AND m.state = 'closed'`,
		`circulation_approver p JOIN minutes n ON n.circulation = p.circulation AND n.circulation <> ''`,
	} {
		err := w.openMinutes(ctx, WaitsMinutes, from+` JOIN minutes_version v ON v.minutes = n.id AND v.version = n.version
			WHERE p.person = $1 AND n.root = $2 AND n.state = 'draft'
			AND NOT EXISTS (SELECT 1 FROM minutes_approval x WHERE x.minutes = n.id AND x.item = '' AND x.person = p.person AND x.hash = v.hash)`,
			[]any{w.a.Actor.Person, w.root})
		if err != nil {
			return err
		}
	}
	return nil
}

// unsealed are the minutes that others are to approve, for those who run the body.
func (w *waiter) unsealed(ctx context.Context) error {
	if len(w.chairs)+len(w.leads) == 0 {
		return nil
	}
	run, args := w.runs("n.", []any{w.root})
	return w.openMinutes(ctx, WaitsSeal, `minutes n LEFT JOIN meeting m ON m.id = n.meeting
		WHERE n.root = $1 AND n.state = 'draft' AND (m.state IS NULL OR m.state = 'closed') AND `+run, args)
}

func (w *waiter) openMinutes(ctx context.Context, kind WaitKind, from string, args []any) error {
	args = append(args, waitRows)
	return w.each(ctx, `SELECT `+minutesColumns+` FROM `+from+` ORDER BY n.held LIMIT `+place(len(args)), args, func(rows *sql.Rows) error {
		m, err := scanMinutes(rows)
		if err != nil || !w.a.Sees(m.Scope()) {
			return err
		}
		mine := func(x Wait) bool { return x.Minutes == m.ID }
		if !slices.ContainsFunc(w.waits, mine) {
			w.waits = append(w.waits, Wait{Kind: kind, Due: m.Held.In(w.zone).AddDate(0, 0, minutesDays), Body: m.Body, Network: m.Network,
				Minutes: m.ID, Held: m.Held.In(w.zone)})
		}
		return nil
	})
}

// meetings are those that one's bodies are convened to.
func (w *waiter) meetings(ctx context.Context) error {
	if len(w.bodies) == 0 {
		return nil
	}
	in, args := anyOf("m.body", w.bodies, []any{w.root, w.now.Add(-24 * time.Hour), w.now.Add(meetingAhead), meetingRows})
	err := w.each(ctx, `SELECT `+meetingColumns+` FROM meeting m WHERE m.root = $1 AND m.starts >= $2 AND m.starts < $3
		AND m.state IN ('convened', 'running') AND `+in+` ORDER BY m.starts LIMIT $4`, args, func(rows *sql.Rows) error {
		m, err := scanMeeting(rows)
		if err == nil && (m.State == Running || m.Ends().After(w.now)) {
			w.waits = append(w.waits, Wait{Kind: WaitsMeeting, Due: m.Starts, Body: m.Body, Network: m.Network, Meeting: m})
		}
		return err
	})
	for i := range w.waits {
		if w.waits[i].Kind == WaitsMeeting && err == nil {
			err = w.prepare(ctx, &w.waits[i])
		}
	}
	return err
}

// prepare says what there is to read before a meeting, and what one has replied.
func (w *waiter) prepare(ctx context.Context, one *Wait) error {
	id := one.Meeting.ID
	if err := w.tx.QueryRow(ctx, `SELECT COUNT(*) FROM meeting_item WHERE meeting = $1 AND state <> 'carried'`, id).Scan(&one.Items); err != nil {
		return err
	}
	b, err := w.network.Body(ctx, w.tx, one.Body)
	if err != nil {
		return err
	}
	err = w.tx.QueryRow(ctx, `SELECT COUNT(*), COUNT(CASE WHEN added > $2 THEN 1 END) FROM meeting_paper WHERE meeting = $1`, id, one.Meeting.PapersDue(b)).
		Scan(&one.Papers, &one.LatePapers)
	if err != nil {
		return err
	}
	for _, s := range w.a.Seats {
		if s.Body == one.Body && (one.Seat == "" || s.Role.Votes()) {
			one.Seat = s.Seat
		}
	}
	err = w.tx.QueryRow(ctx, `SELECT answer FROM meeting_reply WHERE meeting = $1 AND seat = $2`, id, one.Seat).Scan(&one.Reply)
	if noRow(err) {
		return nil
	}
	return err
}

// votes are the decisions by circulation that a seat of one's has not answered.
func (w *waiter) votes(ctx context.Context) error {
	if len(w.voting) == 0 {
		return nil
	}
	var bodies []network.BodyID
	for b := range w.voting {
		bodies = append(bodies, b)
	}
	slices.Sort(bodies)
	in, args := anyOf("c.body", bodies, []any{w.root, w.now, waitRows})
	var open []Circulation
	err := w.each(ctx, `SELECT `+circulationColumns+` FROM circulation c WHERE c.state = 'open' AND c.deadline > $2 AND c.root = $1 AND `+in+`
		ORDER BY c.deadline LIMIT $3`, args, func(rows *sql.Rows) error {
		c, err := scanCirculation(rows)
		open = append(open, c)
		return err
	})
	if err != nil {
		return err
	}
	for _, c := range open {
		for _, seat := range w.voting[c.Body] {
			var cast int
			if err := w.tx.QueryRow(ctx, `SELECT COUNT(*) FROM ballot WHERE subject = $1 AND seat = $2`, c.ID, seat).Scan(&cast); err != nil {
				return err
			}
			if cast == 0 {
				w.waits = append(w.waits, Wait{Kind: WaitsVote, Due: c.Deadline, Body: c.Body, Network: c.Network, Title: c.Draft.Title, Lang: c.Draft.Lang,
					Circulation: c.ID, Seat: seat})
			}
		}
	}
	return nil
}

// answers are those that one's bodies owe, once for each topic.
func (w *waiter) answers(ctx context.Context) error {
	if len(w.bodies)+len(w.leads) == 0 {
		return nil
	}
	in, args := anyOf("t.body", w.bodies, []any{w.root, waitRows})
	leads, args := anyOf("t.network", w.leads, args)
	return w.each(ctx, `SELECT l.id, l.due, COALESCE(l.body, ''), `+topicColumns+` FROM topic_lift l JOIN topic t ON t.id = l.topic
		WHERE l.root = $1 AND l.answered = 0 AND (`+in+` OR `+leads+`) ORDER BY l.due, l.id LIMIT $2`, args, func(rows *sql.Rows) error {
		var id LiftID
		var due int64
		var from network.BodyID
		t, err := scanTopic(before{rows, []any{&id, &due, &from}})
		if err != nil || !sees(w.a, t) {
			return err
		}
		for i := range w.waits {
			if w.waits[i].Kind == WaitsAnswer && w.waits[i].Topic == t.ID {
				w.waits[i].From = append(w.waits[i].From, from)
				return nil
			}
		}
		w.waits = append(w.waits, Wait{Kind: WaitsAnswer, Due: moment(due), Body: t.Body, Network: t.Network, Title: t.Title, Lang: t.Lang, Topic: t.ID, Lift: id,
			From: []network.BodyID{from}})
		return nil
	})
}

// before is a row whose first columns are read apart.
type before struct {
	row   interface{ Scan(...any) error }
	first []any
}

// Scan reads the first columns and then those asked for.
func (b before) Scan(into ...any) error { return b.row.Scan(append(b.first, into...)...) }

// seats are those one holds; one whose term ends soon, and is not renewed, waits too.
func (w *waiter) seats(ctx context.Context) (out []OwnSeat, err error) {
	held := map[network.SeatID]OwnSeat{}
	err = w.each(ctx, `SELECT s.id, b.name, COALESCE(o.name, ''), h.starts, h.ends, CASE WHEN EXISTS (SELECT 1 FROM holding n
				WHERE n.seat = h.seat AND n.person = h.person AND n.starts = h.ends AND (n.ends = 0 OR n.ends > n.starts)) THEN 1 ELSE 0 END
			FROM holding h JOIN seat s ON s.id = h.seat JOIN body b ON b.id = s.body LEFT JOIN organisation o ON o.id = s.nominator
			WHERE h.person = $1 AND h.starts <= $2 AND (h.ends = 0 OR h.ends > $2) AND b.root = $3`,
		[]any{w.a.Actor.Person, w.now, w.root}, func(rows *sql.Rows) error {
			var s OwnSeat
			var from, to, renewed int64
			if err := rows.Scan(&s.Seat, &s.Name, &s.By, &from, &to, &renewed); err != nil {
				return err
			}
			s.From, s.To = moment(from).In(w.zone), moment(to)
			if to != 0 {
				s.To = s.To.In(w.zone)
			}
			held[s.Seat] = s
			if renewed != 0 {
				s.To = time.Time{}
				held[s.Seat] = s
			}
			return nil
		})
	for _, p := range w.a.Seats {
		s, ok := held[p.Seat]
		if !ok || p.Root != w.root {
			continue
		}
		s.Place = p
		out = append(out, s)
		if !s.To.IsZero() && s.To.Sub(w.now) <= seatAhead {
			w.waits = append(w.waits, Wait{Kind: WaitsSeat, Due: s.To, Body: p.Body, Network: p.Network, Seat: p.Seat})
		}
	}
	return out, err
}

// ties are to be looked through a year after one last did, or after one got a seat.
func (w *waiter) ties(ctx context.Context) error {
	if len(w.bodies) == 0 {
		return nil
	}
	since, err := w.network.Confirmed(ctx, w.tx, w.root, w.a.Actor.Person)
	if err != nil {
		return err
	}
	if since.IsZero() {
		var first int64
		err := w.tx.QueryRow(ctx, `SELECT COALESCE(MIN(h.starts), 0) FROM holding h JOIN seat s ON s.id = h.seat JOIN body b ON b.id = s.body
			WHERE h.person = $1 AND h.starts <= $2 AND (h.ends = 0 OR h.ends > $2) AND b.root = $3`, w.a.Actor.Person, w.now, w.root).Scan(&first)
		if err != nil {
			return err
		}
		since = moment(first)
	}
	if due := since.AddDate(1, 0, 0); due.Sub(w.now) <= tiesAhead {
		w.waits = append(w.waits, Wait{Kind: WaitsInterest, Due: due})
	}
	return nil
}

// candidates are those for a seat who have no answer, for those who coordinate.
func (w *waiter) candidates(ctx context.Context) error {
	all, err := w.network.Unanswered(ctx, w.tx, w.a, w.root, waitRows)
	for _, u := range all {
		w.waits = append(w.waits, Wait{Kind: WaitsCandidate, Body: u.Seat.Body, Network: u.Network, Seat: u.Seat.ID, Sector: u.Seat.Sector, Count: u.Count})
	}
	return err
}

// vacancies are the seats that nobody holds, for those who coordinate: one thing, however many they are.
func (w *waiter) vacancies(ctx context.Context) error {
	all, err := w.network.Unfilled(ctx, w.tx, w.a, w.root, waitRows)
	if err != nil || len(all) == 0 {
		return err
	}
	one := Wait{Kind: WaitsVacancy}
	for _, u := range all {
		one.From = append(one.From, u.Body)
		one.Count += u.Count
	}
	w.waits = append(w.waits, one)
	return nil
}

// raised are one's own topics, the newest first.
func (w *waiter) raised(ctx context.Context) (out []Topic, err error) {
	err = w.each(ctx, `SELECT `+topicColumns+` FROM topic t WHERE t.raised_by = $1 AND t.root = $2 ORDER BY t.raised DESC LIMIT $3`,
		[]any{w.a.Actor.Person, w.root, waitRows}, func(rows *sql.Rows) error {
			t, err := scanTopic(rows)
			if err == nil && sees(w.a, t) {
				out = append(out, t)
			}
			return err
		})
	return out, err
}

// given is one's own input with what became of it, the newest first.
func (w *waiter) given(ctx context.Context) (out []GivenInput, err error) {
	err = w.each(ctx, `SELECT COALESCE(d.id, ''), COALESCE(d.year, 0), COALESCE(d.number, 0), COALESCE(d.network, ''), COALESCE(d.body, ''), COALESCE(d.visibility, ''),
			i.id, i.text, i.lang, i.given, i.disposition, i.reason, i.disposed, `+topicColumns+`
		FROM topic_input i JOIN topic t ON t.id = i.topic LEFT JOIN decision d ON d.id = i.decision
		WHERE i.person = $1 AND t.root = $2 ORDER BY i.given DESC LIMIT $3`, []any{w.a.Actor.Person, w.root, waitRows}, func(rows *sql.Rows) error {
		var g GivenInput
		var given, disposed int64
		var year, number int
		var scope network.Scope
		t, err := scanTopic(before{rows, []any{&g.Decision, &year, &number, &scope.Network, &scope.Body, &scope.Visibility,
			&g.ID, &g.Text, &g.Lang, &given, &g.Disposition, &g.Reason, &disposed}})
		if err != nil {
			return err
		}
		g.Given, g.Disposed = moment(given).In(w.zone), moment(disposed)
		if sees(w.a, t) {
			g.Topic, g.Title = t.ID, t.Title
		}
		if g.Decision != "" && w.a.Sees(scope) {
			g.Number = decisionNumber(year, number)
		} else {
			g.Decision = ""
		}
		out = append(out, g)
		return nil
	})
	return out, err
}

// ReadNotices notes that the actor has read some of their notices.
func (f *Forum) ReadNotices(ctx context.Context, who network.Actor, ids []string) error {
	if who.Person == "" || len(ids) == 0 {
		return nil
	}
	return f.db.Write(ctx, func(tx *storage.Tx) error { return f.notices.MarkRead(ctx, tx, string(who.Person), ids...) })
}

// Told gives what a notice says, in a language.
func (f *Forum) Told(lang string, t notice.Told) string { return f.notices.Title(lang, t) }
