package forum

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

// MeetingState is how far a meeting has come.
type MeetingState string

// The states of a meeting.
const (
	Drafted   MeetingState = "draft"
	Paused    MeetingState = "paused" // its series pauses
	Convened  MeetingState = "convened"
	Running   MeetingState = "running"
	Over      MeetingState = "closed"
	Cancelled MeetingState = "cancelled"
)

// Meeting is a body's meeting.
type Meeting struct {
	ID         MeetingID
	Root       network.ID
	Network    network.ID
	Body       network.BodyID
	Series     SeriesID // "" for a single one
	Title      string   // "" for an ordinary one: it is called by its number
	Year       int      // with Number: the body's 6th meeting of 2026; 0 until convened
	Number     int
	State      MeetingState
	Starts     time.Time // in its zone
	Minutes    int
	Zone       string
	Place      string
	Link       string
	Visibility network.Visibility
	Sequence   int // of its invitation, for calendars
	Convened   time.Time
	Opened     time.Time
	Closed     time.Time
	Reason     string         // why it was cancelled, or pauses
	Leader     network.SeatID // who leads; "" until it runs
	Version    int64
	leading    network.PersonID // who sits in Leader while it runs; "" for nobody
}

// Scope says who may see the meeting.
func (m Meeting) Scope() network.Scope {
	return network.Scope{Network: m.Network, Body: m.Body, Visibility: m.Visibility}
}

// Ends is when the meeting should be over.
func (m Meeting) Ends() time.Time { return m.Starts.Add(time.Duration(m.Minutes) * time.Minute) }

// PapersDue is when the papers of a meeting should be there.
func (m Meeting) PapersDue(b network.Body) time.Time { return m.Starts.AddDate(0, 0, -b.PaperDays) }

const meetingColumns = `m.id, m.root, m.network, m.body, COALESCE(m.series, ''), m.title, m.year, m.number, m.state, m.starts, m.minutes, m.zone, m.place,
	m.link, m.visibility, m.sequence, m.convened, m.opened, m.closed, m.reason, m.leader, m.version,
	CASE m.state WHEN 'running' THEN COALESCE((SELECT MAX(x.person) FROM meeting_attendance x WHERE x.meeting = m.id AND x.seat = m.leader AND x.item = '' AND x.gone = 0), '') ELSE '' END`

func scanMeeting(row interface{ Scan(...any) error }) (m Meeting, err error) {
	var starts, convened, opened, closed int64
	err = row.Scan(&m.ID, &m.Root, &m.Network, &m.Body, &m.Series, &m.Title, &m.Year, &m.Number, &m.State, &starts, &m.Minutes, &m.Zone, &m.Place,
		&m.Link, &m.Visibility, &m.Sequence, &convened, &opened, &closed, &m.Reason, &m.Leader, &m.Version, &m.leading)
	z := zone(m.Zone)
	m.Starts = storage.Time(starts).In(z)
	for _, t := range []struct {
		to   *time.Time
		from int64
	}{{&m.Convened, convened}, {&m.Opened, opened}, {&m.Closed, closed}} {
		if t.from != 0 {
			*t.to = storage.Time(t.from).In(z)
		}
	}
	return m, err
}

// meeting finds a meeting that the reader may see.
func (f *Forum) meeting(ctx context.Context, tx *storage.Tx, a network.Access, id MeetingID) (Meeting, error) {
	m, err := scanMeeting(tx.QueryRow(ctx, `SELECT `+meetingColumns+` FROM meeting m WHERE m.id = $1`, id))
	if noRow(err) || err == nil && !f.seesMeeting(a, m) {
		return Meeting{}, network.Absent()
	}
	return m, err
}

// seesMeeting: a meeting that isn't convened is its body's own.
func (f *Forum) seesMeeting(a network.Access, m Meeting) bool {
	if m.State == Drafted || m.State == Paused {
		return inside(a, m.Body, m.Network)
	}
	return a.Sees(m.Scope())
}

// inside tells whether the reader sits in the body or coordinates its network: who sees replies, papers and drafts.
func inside(a network.Access, b network.BodyID, n network.ID) bool {
	return a.Actor.IsClock() || a.In(b) || a.Coordinates(n)
}

// keeps finds a meeting whose agenda and attendance the actor keeps: its chair, a coordinator, or whoever leads it, were it a deputy.
func (f *Forum) keeps(ctx context.Context, tx *storage.Tx, a network.Access, id MeetingID) (Meeting, error) {
	m, err := f.meeting(ctx, tx, a, id)
	if err != nil || f.mayRun(a, m) {
		return m, err
	}
	return m, denied()
}

func (f *Forum) mayRun(a network.Access, m Meeting) bool {
	if a.Actor.IsClock() || a.Runs(m.Body, m.Network) {
		return true
	}
	if m.leading != "" { // its holder, or a deputy
		return m.leading == a.Actor.Person && a.In(m.Body)
	}
	return m.Leader != "" && slices.ContainsFunc(a.Seats, func(p network.Place) bool { return p.Seat == m.Leader })
}

func wrongState(m Meeting) *fault.Error {
	return fault.New(fault.Conflict, "a meeting that is %s can't do this", m.State).Say("meeting.state." + string(m.State))
}

// Plan makes a draft of a single meeting: body, time, length, place and link are the caller's.
func (f *Forum) Plan(ctx context.Context, who network.Actor, m Meeting) (MeetingID, error) {
	m.Title, m.Place = typedLine(m.Title), typedLine(m.Place)
	err := f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		b, err := f.runsBody(ctx, tx, a, m.Body)
		if err != nil {
			return err
		}
		m.Series = ""
		m.ID, err = f.insertMeeting(ctx, tx, who, b, m)
		return err
	})
	return m.ID, err
}

// runsBody finds a body whose agenda the actor keeps.
func (f *Forum) runsBody(ctx context.Context, tx *storage.Tx, a network.Access, id network.BodyID) (network.Body, error) {
	b, err := f.network.Body(ctx, tx, id)
	if err != nil {
		return b, err
	}
	if !a.Sees(b.Scope()) {
		return b, network.Absent()
	}
	if !a.Actor.IsClock() && !a.Runs(b.ID, b.Network) {
		return b, denied()
	}
	return b, nil
}

func (f *Forum) insertMeeting(ctx context.Context, tx *storage.Tx, who network.Actor, b network.Body, m Meeting) (MeetingID, error) {
	n, ok := f.network.Tree().Network(b.Network)
	if !ok {
		return "", network.Absent()
	}
	if m.Zone == "" {
		m.Zone = n.Zone
	}
	if m.Visibility == "" {
		m.Visibility = b.Visibility
	}
	if err := m.check(); err != nil {
		return "", err
	}
	id, err := f.db.NewID()
	if err != nil {
		return "", err
	}
	var series *string
	if m.Series != "" {
		s := string(m.Series)
		series = &s
	}
	_, err = tx.Exec(ctx, `INSERT INTO meeting (id, root, network, body, series, planned, title, year, number, state, starts, minutes, zone, place, link,
			visibility, sequence, convened, opened, closed, reason, leader, version)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, 'draft', $6, $8, $9, $10, $11, $12, 0, 0, 0, 0, '', '', 1)`,
		id, b.Root, b.Network, b.ID, series, m.Starts, m.Title, m.Minutes, m.Zone, m.Place, m.Link, m.Visibility)
	if err != nil {
		return "", err
	}
	m.ID, m.Root, m.Network = MeetingID(id), b.Root, b.Network
	if err := f.reindex(ctx, tx, MeetingDoc, id); err != nil {
		return "", err
	}
	if err := f.takeUp(ctx, tx, who, m); err != nil {
		return "", err
	}
	return m.ID, f.record(ctx, tx, who, b.Root, id, "meeting.planned", nil)
}

// The most a meeting's texts may hold.
const (
	maxTitle = 300
	maxText  = 40_000
	maxLink  = 2000
)

func (m Meeting) check() error {
	if _, err := time.LoadLocation(m.Zone); err != nil || m.Zone == "" || m.Zone == "Local" {
		return fault.New(fault.Invalid, "%.40q is no time zone", m.Zone).Where("zone").Say("meeting.zone")
	}
	if m.Starts.IsZero() {
		return fault.New(fault.Invalid, "a meeting has no time").Where("starts").Say("meeting.starts")
	}
	if m.Minutes < 5 || m.Minutes > 3*24*60 {
		return fault.New(fault.Invalid, "a meeting of %d minutes", m.Minutes).Where("minutes").Say("meeting.minutes")
	}
	if len(m.Title) > maxTitle || len(m.Place) > maxTitle {
		return fault.New(fault.Invalid, "a meeting's title or place is too long").Where("title").Say("meeting.long")
	}
	switch m.Visibility {
	case network.Public, network.NetworkOnly, network.BodyOnly:
	default:
		return fault.New(fault.Invalid, "%.20q is no visibility", m.Visibility).Where("visibility").Say("meeting.visibility")
	}
	return checkLink(m.Link, "link")
}

// checkLink accepts an address of the web, or nothing.
func checkLink(s, field string) error {
	if s == "" {
		return nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || len(s) > maxLink {
		return fault.New(fault.Invalid, "that is no address of the web").Where(field).Say("meeting.link")
	}
	return nil
}

// Change edits a meeting; m.Version is the one it began from. Whoever was convened is told of a new time or place.
func (f *Forum) Change(ctx context.Context, who network.Actor, m Meeting) error {
	m.Title, m.Place = typedLine(m.Title), typedLine(m.Place)
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		old, err := f.keeps(ctx, tx, a, m.ID)
		if err != nil {
			return err
		}
		if old.State != Drafted && old.State != Convened {
			return wrongState(old)
		}
		if old.Version != m.Version {
			return stale()
		}
		if err := m.check(); err != nil {
			return err
		}
		moved := !m.Starts.Equal(old.Starts) || m.Minutes != old.Minutes || m.Place != old.Place || m.Link != old.Link || m.Title != old.Title
		tell := moved && old.State == Convened
		if tell {
			old.Sequence++
		}
		_, err = tx.Exec(ctx, `UPDATE meeting SET title = $2, starts = $3, minutes = $4, zone = $5, place = $6, link = $7, visibility = $8, sequence = $9,
			version = version + 1 WHERE id = $1`, m.ID, m.Title, m.Starts, m.Minutes, m.Zone, m.Place, m.Link, m.Visibility, old.Sequence)
		if err != nil {
			return err
		}
		if err := f.reindex(ctx, tx, MeetingDoc, string(m.ID)); err != nil {
			return err
		}
		details := map[string]string{}
		if moved {
			details["from"], details["to"] = old.Starts.Format(time.RFC3339), m.Starts.In(zone(m.Zone)).Format(time.RFC3339)
		}
		if err := f.record(ctx, tx, who, old.Root, string(m.ID), "meeting.changed", details); err != nil || !tell {
			return err
		}
		now, err := f.meeting(ctx, tx, a, m.ID)
		if err != nil {
			return err
		}
		return f.tellMeeting(ctx, tx, now, "notice.meeting.changed", false)
	})
}

// Convene numbers a draft and calls its body together.
func (f *Forum) Convene(ctx context.Context, who network.Actor, id MeetingID, version int64) error {
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		m, err := f.keeps(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if m.State != Drafted {
			return wrongState(m)
		}
		if m.Version != version {
			return stale()
		}
		m.Year = m.Starts.Year()
		err = tx.QueryRow(ctx, `SELECT COALESCE(MAX(number), 0) + 1 FROM meeting WHERE body = $1 AND year = $2`, m.Body, m.Year).Scan(&m.Number)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE meeting SET state = 'convened', year = $2, number = $3, convened = $4, version = version + 1 WHERE id = $1`,
			id, m.Year, m.Number, f.db.Now())
		if err != nil {
			return err
		}
		if err := f.record(ctx, tx, who, m.Root, string(id), "meeting.convened", map[string]string{"number": strconv.Itoa(m.Number)}); err != nil {
			return err
		}
		return f.tellMeeting(ctx, tx, m, "notice.meeting.convened", false)
	})
}

// Cancel calls a meeting off with the reason; its agenda is carried over.
func (f *Forum) Cancel(ctx context.Context, who network.Actor, id MeetingID, version int64, reason string) error {
	reason = typed(reason)
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		m, err := f.keeps(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if m.State != Drafted && m.State != Convened && m.State != Paused {
			return wrongState(m)
		}
		if m.Version != version {
			return stale()
		}
		if reason == "" {
			return fault.New(fault.Invalid, "a meeting is cancelled without a reason").Where("reason").Say("meeting.reason")
		}
		return f.cancel(ctx, tx, who, m, reason)
	})
}

func (f *Forum) cancel(ctx context.Context, tx *storage.Tx, who network.Actor, m Meeting, reason string) error {
	_, err := tx.Exec(ctx, `UPDATE meeting SET state = 'cancelled', reason = $2, sequence = sequence + 1, version = version + 1 WHERE id = $1`, m.ID, reason)
	if err != nil {
		return err
	}
	if err := f.carryOver(ctx, tx, who, m); err != nil {
		return err
	}
	if err := f.record(ctx, tx, who, m.Root, string(m.ID), "meeting.cancelled", map[string]string{"reason": reason}); err != nil {
		return err
	}
	if m.State != Convened {
		return nil
	}
	m.Sequence++
	m.State = Cancelled
	return f.tellMeeting(ctx, tx, m, "notice.meeting.cancelled", true)
}

// Start opens a convened meeting, on its day or later. The chair leads, if the chair is there.
func (f *Forum) Start(ctx context.Context, who network.Actor, id MeetingID, version int64) error {
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		m, err := f.keeps(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if m.State != Convened {
			return wrongState(m)
		}
		if m.Version != version {
			return stale()
		}
		now, z := f.db.Now(), zone(m.Zone)
		if dayOf(now, z).Before(dayOf(m.Starts, z)) {
			return fault.New(fault.Conflict, "the meeting is on another day").Say("meeting.early").Do("change its time first")
		}
		seats, err := f.network.SeatsAt(ctx, tx, m.Body, micros(now))
		if err != nil {
			return err
		}
		for _, s := range seats {
			if s.Role == network.Chair && m.Leader == "" {
				m.Leader = s.ID
			}
		}
		_, err = tx.Exec(ctx, `UPDATE meeting SET state = 'running', opened = $2, leader = $3, version = version + 1 WHERE id = $1`, id, now, m.Leader)
		if err != nil {
			return err
		}
		return f.record(ctx, tx, who, m.Root, string(id), "meeting.opened", nil)
	})
}

// Close ends a running meeting: everybody has left, what was not reached is carried over, and the minutes are drawn up.
func (f *Forum) Close(ctx context.Context, who network.Actor, id MeetingID, version int64) (MinutesID, error) {
	var minutes MinutesID
	err := f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		m, err := f.keeps(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if m.State != Running {
			return wrongState(m)
		}
		if m.Version != version {
			return stale()
		}
		m.State, m.Closed = Over, f.db.Now().In(zone(m.Zone))
		if _, err = tx.Exec(ctx, `UPDATE meeting SET state = 'closed', closed = $2, version = version + 1 WHERE id = $1`, id, m.Closed); err != nil {
			return err
		}
		if _, err = tx.Exec(ctx, `UPDATE meeting_attendance SET gone = $2 WHERE meeting = $1 AND gone = 0`, id, m.Closed); err != nil {
			return err
		}
		if err := f.endCurrent(ctx, tx, m.ID, m.Closed); err != nil {
			return err
		}
		if err := f.carryOver(ctx, tx, who, m); err != nil {
			return err
		}
		if err := f.forgetBefore(ctx, tx, m.ID); err != nil {
			return err
		}
		if err := f.record(ctx, tx, who, m.Root, string(id), "meeting.closed", nil); err != nil {
			return err
		}
		minutes, err = f.drawUp(ctx, tx, who, m)
		return err
	})
	return minutes, err
}

// tellMeeting tells everybody who holds a seat in the body, with the meeting for their calendars.
func (f *Forum) tellMeeting(ctx context.Context, tx *storage.Tx, m Meeting, key string, cancelled bool) error {
	b, err := f.network.Body(ctx, tx, m.Body)
	if err != nil {
		return err
	}
	people, err := f.seated(ctx, tx, m.Body)
	if err != nil {
		return err
	}
	for _, p := range people {
		what := notice.Notice{Key: key, Args: []string{b.Name.Told(), notice.When(m.Starts)}, Link: f.pathTo(m.Root, "meetings", string(m.ID)), Urgent: true}
		if !cancelled {
			what.Until = m.Ends()
		}
		if what.Attach, err = f.invitation(ctx, tx, b, m, cancelled, p); err != nil {
			return err
		}
		if err := f.notices.Tell(ctx, tx, string(p), what); err != nil {
			return err
		}
	}
	return nil
}

// seated lists the people with a seat in a body, each once.
func (f *Forum) seated(ctx context.Context, tx *storage.Tx, b network.BodyID) ([]network.PersonID, error) {
	seats, err := f.network.SeatsAt(ctx, tx, b, micros(f.db.Now()))
	if err != nil {
		return nil, err
	}
	var out []network.PersonID
	for _, s := range seats {
		if s.Person != "" && !slices.Contains(out, s.Person) {
			out = append(out, s.Person)
		}
	}
	return out, nil
}

// nameOf gives a body's name in its network's language.
func (f *Forum) nameOf(b network.Body) string {
	lang := "en"
	if n, ok := f.network.Tree().Network(b.Network); ok {
		lang = n.Lang
	}
	name, _ := b.Name.In(lang)
	return name
}

// path is an address on a tenant's pages.
func (f *Forum) pathTo(root network.ID, parts ...string) string {
	return f.address(root) + "/" + strings.Join(parts, "/")
}

// MeetingFilter says which meetings a list gives.
type MeetingFilter struct {
	Root   network.ID
	Body   network.BodyID // "": all
	From   time.Time      // those that start then or later; zero: all
	To     time.Time      // those that start before; zero: all
	Newest bool           // the latest first
	After  string         // the Key of the last one seen
	Limit  int
}

// Key is a meeting's place in a list.
func (m Meeting) Key() string { return strconv.FormatInt(micros(m.Starts), 10) + "." + string(m.ID) }

// Meetings lists the meetings of a body or of all that the reader may see, in the order of their time.
func (f *Forum) Meetings(ctx context.Context, who network.Actor, q MeetingFilter) (out []Meeting, err error) {
	err = f.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		out, err = f.meetings(ctx, tx, a, q)
		return err
	})
	return out, err
}

func (f *Forum) meetings(ctx context.Context, tx *storage.Tx, a network.Access, q MeetingFilter) (out []Meeting, err error) {
	query, args := q.sql(a)
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		m, err := scanMeeting(rows)
		if err != nil {
			return nil, err
		}
		if f.seesMeeting(a, m) {
			out = append(out, m)
		}
	}
	return out, rows.Err()
}

func (q MeetingFilter) sql(a network.Access) (string, []any) {
	args := []any{q.Root}
	add := func(v any) string { args = append(args, v); return "$" + strconv.Itoa(len(args)) }
	where := "m.root = $1"
	if q.Body != "" {
		where += " AND m.body = " + add(q.Body)
	}
	if !q.From.IsZero() {
		where += " AND m.starts >= " + add(q.From)
	}
	if !q.To.IsZero() {
		where += " AND m.starts < " + add(q.To)
	}
	order, past := "", ">"
	if q.Newest {
		order, past = " DESC", "<"
	}
	if at, id, ok := strings.Cut(q.After, "."); ok {
		if n, err := strconv.ParseInt(at, 10, 64); err == nil {
			p := add(n)
			where += " AND (m.starts " + past + " " + p + " OR m.starts = " + p + " AND m.id " + past + " " + add(id) + ")"
		}
	}
	visible, args := a.Where("m.", "", args)
	// A draft is its body's and its coordinators'.
	drafts, args := insideSQL(a, "m.", args)
	if a.Actor.IsClock() {
		drafts = "1 = 1"
	}
	args = append(args, bounded(q.Limit))
	return `SELECT ` + meetingColumns + ` FROM meeting m WHERE ` + where + ` AND (m.state NOT IN ('draft', 'paused') AND ` + visible + ` OR ` + drafts + `)
		ORDER BY m.starts` + order + `, m.id` + order + ` LIMIT $` + strconv.Itoa(len(args)), args
}

// insideSQL is inside as a condition on a table's columns body and network.
func insideSQL(a network.Access, table string, args []any) (string, []any) {
	return placedSQL(a, func(network.Place) bool { return true }, table, args)
}

// runsSQL is Access.Runs as a condition on a table's columns body and network.
func runsSQL(a network.Access, table string, args []any) (string, []any) {
	return placedSQL(a, func(s network.Place) bool { return s.Role == network.Chair }, table, args)
}

// placedSQL is the condition that one holds such a seat in the body, or coordinates the network.
func placedSQL(a network.Access, such func(network.Place) bool, table string, args []any) (string, []any) {
	in := func(column string, ids []string) string {
		if len(ids) == 0 {
			return "1 = 0"
		}
		places := make([]string, len(ids))
		for i, id := range ids {
			args = append(args, id)
			places[i] = "$" + strconv.Itoa(len(args))
		}
		return table + column + " IN (" + strings.Join(places, ", ") + ")"
	}
	var bodies, networks []string
	for _, s := range a.Seats {
		if such(s) {
			bodies = append(bodies, string(s.Body))
		}
	}
	for _, n := range a.Leads() {
		networks = append(networks, string(n))
	}
	return "(" + in("body", bodies) + " OR " + in("network", networks) + ")", args
}

// most is how many rows a list gives at once.
const most = 500

func bounded(n int) int {
	if n <= 0 || n > most {
		return most
	}
	return n
}

// jsonColumn gives what a column of JSON keeps.
func jsonColumn(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", fault.Wrap(fault.Internal, err, "a %T can't be kept", v)
	}
	return string(b), nil
}

func readColumn(s string, v any) error {
	if s == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(s), v); err != nil {
		return fault.Wrap(fault.Internal, err, "a %T can't be read", v)
	}
	return nil
}
