package forum

import (
	"context"
	"strconv"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

// ItemKind says what an agenda item is.
type ItemKind string

// The kinds of item: a topic to decide, a report to hear, a formality (the roll, the next meeting).
const (
	AboutTopic ItemKind = "topic"
	Report     ItemKind = "report"
	Formality  ItemKind = "formality"
)

// ItemKinds in the order a form shows them.
var ItemKinds = []ItemKind{AboutTopic, Report, Formality}

// ItemState is how far an item has come.
type ItemState string

// The states of an item.
const (
	ItemPlanned ItemState = "planned"
	ItemCurrent ItemState = "current"
	ItemDone    ItemState = "done"
	ItemCarried ItemState = "carried" // to the next meeting, or to whichever is planned next
)

// Outcome is what a meeting did with an item.
type Outcome string

// What can become of an item.
const (
	NoOutcome   Outcome = ""
	Noted       Outcome = "noted"
	WasDecided  Outcome = "decided"
	WasDeferred Outcome = "deferred"
	WasReturned Outcome = "returned"
)

// elsewhere is the target of an item that waits no more: its topic went another way.
const elsewhere ItemID = "-"

// Item is a point of a meeting's agenda.
type Item struct {
	ID         ItemID
	Meeting    MeetingID
	Number     int // its place, from 1
	Kind       ItemKind
	Topic      TopicID
	Title      string
	Lang       string
	Minutes    int
	Presenter  string
	Visibility network.Visibility
	State      ItemState
	Outcome    Outcome
	Reason     string // why it was deferred or returned
	Carried    int    // how many times it was carried over
	Origin     ItemID // the item it was carried over from
	Target     ItemID // the item it was carried over to
	Text       string // notes for the minutes
	Draft      string // what was typed of a decision not yet taken, as JSON
	Starts     time.Time
	Ended      time.Time
	Version    int64
	Hidden     bool // not this reader's to see: only its place and time are
}

// Paper is a document for a meeting.
type Paper struct {
	ID    string
	Item  ItemID // "" for the whole meeting
	Title string
	URL   string
	File  FileID
	Added time.Time
	Late  time.Duration // after it was due; 0: in time
}

const itemColumns = `i.id, i.meeting, i.kind, COALESCE(i.topic, ''), i.title, i.lang, i.minutes, i.presenter, i.visibility, i.state, i.outcome, i.reason,
	i.carried, i.origin, i.target, i.text, i.draft, i.ended, i.version, COALESCE(t.visibility, i.visibility)`

const itemFrom = ` FROM meeting_item i LEFT JOIN topic t ON t.id = i.topic `

func scanItem(row interface{ Scan(...any) error }) (i Item, err error) {
	var ended int64
	var topic network.Visibility // as it is now
	err = row.Scan(&i.ID, &i.Meeting, &i.Kind, &i.Topic, &i.Title, &i.Lang, &i.Minutes, &i.Presenter, &i.Visibility, &i.State, &i.Outcome, &i.Reason,
		&i.Carried, &i.Origin, &i.Target, &i.Text, &i.Draft, &ended, &i.Version, &topic)
	i.Ended, i.Visibility = moment(ended), narrower(i.Visibility, topic)
	return i, err
}

// agenda lists a meeting's items in their order, with their times.
func (f *Forum) agenda(ctx context.Context, tx *storage.Tx, m Meeting) (out []Item, err error) {
	rows, err := tx.Query(ctx, `SELECT `+itemColumns+itemFrom+`WHERE i.meeting = $1 ORDER BY i.sort, i.id`, m.ID)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	at := m.Starts
	for rows.Next() {
		i, err := scanItem(rows)
		if err != nil {
			return nil, err
		}
		i.Number, i.Starts = len(out)+1, at
		if !i.Ended.IsZero() {
			i.Ended = i.Ended.In(at.Location())
		}
		at = at.Add(time.Duration(i.Minutes) * time.Minute)
		out = append(out, i)
	}
	return out, rows.Err()
}

// shown takes away what a reader may not see of an item.
func (f *Forum) shown(a network.Access, m Meeting, i Item) Item {
	if !a.Sees(network.Scope{Network: m.Network, Body: m.Body, Visibility: i.Visibility}) {
		return Item{ID: i.ID, Meeting: i.Meeting, Number: i.Number, Kind: i.Kind, Minutes: i.Minutes, State: i.State, Starts: i.Starts, Ended: i.Ended, Hidden: true}
	}
	if !inside(a, m.Body, m.Network) {
		i.Text, i.Draft, i.Reason = "", "", ""
	}
	return i
}

// item finds an item of a meeting whose agenda the actor keeps.
func (f *Forum) keepsItem(ctx context.Context, tx *storage.Tx, a network.Access, id ItemID) (Meeting, Item, error) {
	m, i, err := f.item(ctx, tx, a, id)
	if err == nil && !f.mayRun(a, m) {
		return m, i, denied()
	}
	return m, i, err
}

// item finds an item of a meeting that the reader may see.
func (f *Forum) item(ctx context.Context, tx *storage.Tx, a network.Access, id ItemID) (Meeting, Item, error) {
	var of MeetingID
	err := tx.QueryRow(ctx, `SELECT meeting FROM meeting_item WHERE id = $1`, id).Scan(&of)
	if noRow(err) {
		return Meeting{}, Item{}, network.Absent()
	}
	if err != nil {
		return Meeting{}, Item{}, err
	}
	m, err := f.meeting(ctx, tx, a, of)
	if err != nil {
		return m, Item{}, err
	}
	items, err := f.agenda(ctx, tx, m)
	if err != nil {
		return m, Item{}, err
	}
	for _, i := range items {
		if i.ID == id {
			if i = f.shown(a, m, i); i.Hidden {
				break
			}
			return m, i, nil
		}
	}
	return Meeting{}, Item{}, network.Absent()
}

// mostItems is how many items somebody puts on an agenda; what is carried over comes beside them.
const mostItems = 200

// AddItem puts something on a meeting's agenda, last. A topic must be prepared, and patients asked where the body has
// seats for them.
func (f *Forum) AddItem(ctx context.Context, who network.Actor, i Item) (ItemID, error) {
	i.Title, i.Presenter = typedLine(i.Title), typedLine(i.Presenter)
	given := i
	err := f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		i = given // not what an attempt before made of it
		m, err := f.keeps(ctx, tx, a, i.Meeting)
		if err != nil {
			return err
		}
		if m.State != Drafted && m.State != Convened && m.State != Running {
			return wrongState(m)
		}
		var there int
		if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM meeting_item WHERE meeting = $1`, m.ID).Scan(&there); err != nil {
			return err
		}
		if there >= mostItems {
			return fault.New(fault.Conflict, "there are %d items on the agenda already", there).Say("meeting.full", there)
		}
		if i.Visibility == "" {
			i.Visibility = m.Visibility
		}
		if i.Kind == AboutTopic {
			if err := f.topicToAgenda(ctx, tx, a, who, m, &i); err != nil {
				return err
			}
		}
		i.ID, err = f.insertItem(ctx, tx, m, i)
		if err != nil {
			return err
		}
		if i.Origin != "" {
			if _, err := tx.Exec(ctx, `UPDATE meeting_item SET target = $2 WHERE id = $1`, i.Origin, i.ID); err != nil {
				return err
			}
		}
		if err := f.proposeRecusals(ctx, tx, m, i); err != nil {
			return err
		}
		return f.record(ctx, tx, who, m.Root, string(m.ID), "meeting.item.added", nil)
	})
	return i.ID, err
}

// topicToAgenda moves a topic onto the agenda and fills in its item.
func (f *Forum) topicToAgenda(ctx context.Context, tx *storage.Tx, a network.Access, who network.Actor, m Meeting, i *Item) error {
	t, err := f.topic(ctx, tx, a, i.Topic)
	if err != nil {
		return err
	}
	if t.Body != m.Body {
		return fault.New(fault.Conflict, "the topic belongs to another body").Where("topic").Say("meeting.topic.body")
	}
	if err := f.move(ctx, tx, who, &t, OnAgenda, map[string]string{"meeting": string(m.ID), "when": m.Starts.Format(time.RFC3339)}); err != nil {
		return err
	}
	i.Title, i.Lang = t.Title, t.Lang
	err = tx.QueryRow(ctx, `SELECT id, carried + 1, draft FROM meeting_item WHERE body = $1 AND state = 'carried' AND target = '' AND topic = $2
		ORDER BY id DESC LIMIT 1`, m.Body, t.ID).Scan(&i.Origin, &i.Carried, &i.Draft)
	if noRow(err) {
		return nil
	}
	return err
}

func (f *Forum) insertItem(ctx context.Context, tx *storage.Tx, m Meeting, i Item) (ItemID, error) {
	if err := i.check(); err != nil {
		return "", err
	}
	var err error
	if i.Visibility, err = f.asTopic(ctx, tx, i.Topic, i.Visibility); err != nil {
		return "", err
	}
	id, err := f.db.NewID()
	if err != nil {
		return "", err
	}
	var topic *string
	if i.Topic != "" {
		t := string(i.Topic)
		topic = &t
	}
	if i.Lang == "" {
		if n, ok := f.network.Tree().Network(m.Network); ok {
			i.Lang = n.Lang
		}
	}
	_, err = tx.Exec(ctx, `INSERT INTO meeting_item (id, meeting, body, sort, kind, topic, title, lang, minutes, presenter, visibility, state, outcome, reason,
			carried, origin, target, text, draft, ended, version)
		VALUES ($1, $2, $3, (SELECT COALESCE(MAX(sort), 0) + 1 FROM meeting_item WHERE meeting = $2), $4, $5, $6, $7, $8, $9, $10, 'planned', '', '',
			$11, $12, '', '', $13, 0, 1)`,
		id, m.ID, m.Body, i.Kind, topic, i.Title, i.Lang, i.Minutes, i.Presenter, i.Visibility, i.Carried, i.Origin, i.Draft)
	if err != nil {
		return "", err
	}
	return ItemID(id), f.reindex(ctx, tx, itemDoc, id)
}

func (i Item) check() error {
	switch {
	case i.Title == "" || len(i.Title) > maxTitle:
		return fault.New(fault.Invalid, "an item has no title, or too long a one").Where("title").Say("meeting.title")
	case i.Minutes < 0 || i.Minutes > 24*60:
		return fault.New(fault.Invalid, "an item of %d minutes", i.Minutes).Where("minutes").Say("meeting.minutes")
	case len(i.Presenter) > maxTitle || len(i.Text) > maxText:
		return fault.New(fault.Invalid, "an item's text is too long").Where("text").Say("meeting.long")
	case i.Kind != AboutTopic && i.Kind != Report && i.Kind != Formality:
		return fault.New(fault.Invalid, "%.20q is no kind of item", i.Kind).Where("kind").Say("meeting.kind")
	}
	return nil
}

// EditItem changes an item's title, length, presenter and notes; i.Version is the one the edit began from.
func (f *Forum) EditItem(ctx context.Context, who network.Actor, i Item) error {
	i.Title, i.Presenter, i.Text = typedLine(i.Title), typedLine(i.Presenter), typed(i.Text)
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		m, old, err := f.keepsItem(ctx, tx, a, i.ID)
		if err != nil {
			return err
		}
		if m.State != Drafted && m.State != Convened && m.State != Running || old.State == ItemCarried {
			return wrongState(m)
		}
		if old.Version != i.Version {
			return stale()
		}
		i.Kind = old.Kind
		if err := i.check(); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE meeting_item SET title = $2, minutes = $3, presenter = $4, text = $5, version = version + 1 WHERE id = $1`,
			i.ID, i.Title, i.Minutes, i.Presenter, i.Text)
		if err != nil {
			return err
		}
		if err := f.reindex(ctx, tx, itemDoc, string(i.ID)); err != nil {
			return err
		}
		return f.record(ctx, tx, who, m.Root, string(m.ID), "meeting.item.edited", map[string]string{"item": strconv.Itoa(old.Number)})
	})
}

// SaveDraft keeps what was typed of a decision not yet taken, as JSON; version is the item's that it began from.
func (f *Forum) SaveDraft(ctx context.Context, who network.Actor, id ItemID, version int64, draft string) error {
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		m, i, err := f.keepsItem(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if i.Outcome != NoOutcome || m.State == Over || m.State == Cancelled {
			return wrongState(m)
		}
		if i.Version != version {
			return stale()
		}
		if err := short("text", draft, 3*maxText); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE meeting_item SET draft = $2, version = version + 1 WHERE id = $1`, id, draft)
		return err
	})
}

// MoveItem moves an item so many places down the agenda of a meeting that isn't over, or up when by is below zero.
func (f *Forum) MoveItem(ctx context.Context, who network.Actor, id ItemID, by int) error {
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		m, moved, err := f.keepsItem(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if m.State == Over || m.State == Cancelled {
			return wrongState(m)
		}
		items, err := f.agenda(ctx, tx, m)
		if err != nil {
			return err
		}
		from, to := moved.Number-1, moved.Number-1+by
		if to < 0 || to >= len(items) || by == 0 {
			return nil
		}
		rest := append(items[:from:from], items[from+1:]...)
		order := append(append(rest[:to:to], moved), rest[to:]...)
		for n, i := range order {
			if _, err := tx.Exec(ctx, `UPDATE meeting_item SET sort = $2 WHERE id = $1`, i.ID, n+1); err != nil {
				return err
			}
		}
		return f.record(ctx, tx, who, m.Root, string(m.ID), "meeting.item.moved", map[string]string{"from": strconv.Itoa(from + 1), "to": strconv.Itoa(to + 1)})
	})
}

// RemoveItem takes an item off the agenda before it was dealt with; a topic is prepared again. version is the item's that was seen.
func (f *Forum) RemoveItem(ctx context.Context, who network.Actor, id ItemID, version int64) error {
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		m, i, err := f.keepsItem(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if i.State != ItemPlanned || i.Outcome != NoOutcome || m.State == Over || m.State == Cancelled {
			return wrongState(m)
		}
		if i.Version != version {
			return stale()
		}
		if err := f.backToPrepared(ctx, tx, who, i, map[string]string{"meeting": string(m.ID)}); err != nil {
			return err
		}
		for _, table := range [...]string{`DELETE FROM meeting_recusal WHERE item = $1`, `DELETE FROM meeting_item WHERE id = $1`,
			`DELETE FROM ballot WHERE subject = $1`, `UPDATE meeting_paper SET item = '' WHERE item = $1`, `UPDATE meeting_item SET target = '' WHERE target = $1`} {
			if _, err := tx.Exec(ctx, table, id); err != nil {
				return err
			}
		}
		if err := f.unindex(ctx, tx, itemDoc, string(id)); err != nil {
			return err
		}
		return f.record(ctx, tx, who, m.Root, string(m.ID), "meeting.item.removed", nil)
	})
}

// backToPrepared returns an item's topic to those that can be put on an agenda.
func (f *Forum) backToPrepared(ctx context.Context, tx *storage.Tx, who network.Actor, i Item, details map[string]string) error {
	if i.Topic == "" {
		return nil
	}
	t, err := f.anyTopic(ctx, tx, i.Topic)
	if err != nil || t.State != OnAgenda {
		return err
	}
	return f.move(ctx, tx, who, &t, Prepared, details)
}

// Reach goes to an item of a running meeting; version is the item's that was seen. The one before it is done, unless it is a topic
// without an outcome.
func (f *Forum) Reach(ctx context.Context, who network.Actor, id ItemID, version int64) error {
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		m, i, err := f.keepsItem(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if m.State != Running {
			return wrongState(m)
		}
		if i.State == ItemCurrent {
			return nil
		}
		if i.State == ItemCarried || i.Outcome != NoOutcome && i.Outcome != Noted {
			return fault.New(fault.Conflict, "the item has its outcome").Say("meeting.item.done")
		}
		if i.Version != version {
			return stale()
		}
		if err := f.endCurrent(ctx, tx, m.ID, f.db.Now()); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE meeting_item SET state = 'current', outcome = '', ended = 0, version = version + 1 WHERE id = $1`, id)
		return err
	})
}

// endCurrent leaves the item a meeting is at: a topic without an outcome stays to be dealt with.
func (f *Forum) endCurrent(ctx context.Context, tx *storage.Tx, m MeetingID, at time.Time) error {
	_, err := tx.Exec(ctx, `UPDATE meeting_item SET state = 'planned', version = version + 1 WHERE meeting = $1 AND state = 'current' AND kind = 'topic' AND outcome = ''`, m)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE meeting_item SET state = 'done', ended = $2, outcome = CASE outcome WHEN '' THEN 'noted' ELSE outcome END, version = version + 1
		WHERE meeting = $1 AND state = 'current'`, m, at)
	return err
}

// end gives an item its outcome.
func (f *Forum) end(ctx context.Context, tx *storage.Tx, id ItemID, state ItemState, o Outcome, reason string, target ItemID) error {
	_, err := tx.Exec(ctx, `UPDATE meeting_item SET state = $2, outcome = $3, reason = $4, target = $5, ended = $6, version = version + 1 WHERE id = $1`,
		id, state, o, reason, target, f.db.Now())
	return err
}

// Note ends an item without a decision; its topic is prepared again.
func (f *Forum) Note(ctx context.Context, who network.Actor, id ItemID, version int64) error {
	return f.conclude(ctx, who, id, version, func(tx *storage.Tx, a network.Access, m Meeting, i Item) error {
		if err := f.backToPrepared(ctx, tx, who, i, map[string]string{"meeting": string(m.ID)}); err != nil {
			return err
		}
		if err := f.end(ctx, tx, id, ItemDone, Noted, "", ""); err != nil {
			return err
		}
		return f.record(ctx, tx, who, m.Root, string(m.ID), "meeting.item.noted", map[string]string{"item": strconv.Itoa(i.Number)})
	})
}

// Defer puts an item off to the next meeting.
func (f *Forum) Defer(ctx context.Context, who network.Actor, id ItemID, version int64, reason string) error {
	reason = typed(reason)
	return f.conclude(ctx, who, id, version, func(tx *storage.Tx, a network.Access, m Meeting, i Item) error {
		to, err := f.nextMeeting(ctx, tx, m)
		if err != nil {
			return err
		}
		if err := f.carry(ctx, tx, who, to, i, WasDeferred, reason); err != nil {
			return err
		}
		return f.record(ctx, tx, who, m.Root, string(m.ID), "meeting.item.deferred", map[string]string{"item": strconv.Itoa(i.Number)})
	})
}

// Return sends an item's topic back with the reasons: it must be prepared anew.
func (f *Forum) Return(ctx context.Context, who network.Actor, id ItemID, version int64, reason string) error {
	reason = typed(reason)
	return f.conclude(ctx, who, id, version, func(tx *storage.Tx, a network.Access, m Meeting, i Item) error {
		if reason == "" {
			return fault.New(fault.Invalid, "a topic is returned without reasons").Where("reason").Say("meeting.reason")
		}
		if i.Topic == "" {
			return fault.New(fault.Conflict, "the item is about no topic").Say("meeting.notopic")
		}
		t, err := f.anyTopic(ctx, tx, i.Topic)
		if err != nil {
			return err
		}
		if err := f.move(ctx, tx, who, &t, Returned, map[string]string{"meeting": string(m.ID), "reason": reason}); err != nil {
			return err
		}
		if err := f.end(ctx, tx, id, ItemDone, WasReturned, reason, ""); err != nil {
			return err
		}
		return f.record(ctx, tx, who, m.Root, string(m.ID), "meeting.item.returned", map[string]string{"item": strconv.Itoa(i.Number)})
	})
}

// conclude runs what gives an item of a running meeting its outcome.
func (f *Forum) conclude(ctx context.Context, who network.Actor, id ItemID, version int64, do func(*storage.Tx, network.Access, Meeting, Item) error) error {
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		m, i, err := f.keepsItem(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if err := stillOpen(m, i); err != nil {
			return err
		}
		if i.Version != version {
			return stale()
		}
		return do(tx, a, m, i)
	})
}

// stillOpen tells whether a running meeting can still deal with an item.
func stillOpen(m Meeting, i Item) error {
	if m.State != Running {
		return wrongState(m)
	}
	if i.State != ItemPlanned && i.State != ItemCurrent || i.Outcome != NoOutcome {
		return fault.New(fault.Conflict, "the item has its outcome").Say("meeting.item.done")
	}
	return nil
}

// carryOver takes what a meeting didn't reach to the next one. Formalities belong to their meeting.
func (f *Forum) carryOver(ctx context.Context, tx *storage.Tx, who network.Actor, m Meeting) error {
	items, err := f.agenda(ctx, tx, m)
	if err != nil {
		return err
	}
	to, err := f.nextMeeting(ctx, tx, m)
	if err != nil {
		return err
	}
	for _, i := range items {
		if i.Kind == Formality || i.State != ItemPlanned && i.State != ItemCurrent || i.Outcome != NoOutcome {
			continue
		}
		if err := f.carry(ctx, tx, who, to, i, NoOutcome, ""); err != nil {
			return err
		}
	}
	return nil
}

// nextMeeting finds where a meeting's leftovers go; an empty Meeting when none is planned.
func (f *Forum) nextMeeting(ctx context.Context, tx *storage.Tx, m Meeting) (Meeting, error) {
	after := max(micros(m.Starts), micros(f.db.Now()))
	next, err := scanMeeting(tx.QueryRow(ctx, `SELECT `+meetingColumns+` FROM meeting m WHERE m.body = $1 AND m.starts > $2 AND m.id <> $3
		AND m.state IN ('draft', 'convened', 'paused') ORDER BY m.starts, m.id LIMIT 1`, m.Body, after, m.ID))
	if noRow(err) {
		return Meeting{}, nil
	}
	return next, err
}

// carry ends an item here and puts it on another meeting's agenda, or lets it wait for one.
func (f *Forum) carry(ctx context.Context, tx *storage.Tx, who network.Actor, to Meeting, i Item, o Outcome, reason string) error {
	if to.ID == "" {
		if err := f.backToPrepared(ctx, tx, who, i, map[string]string{"meeting": string(i.Meeting)}); err != nil {
			return err
		}
		return f.end(ctx, tx, i.ID, ItemCarried, o, reason, "")
	}
	target, err := f.copyItem(ctx, tx, to, i)
	if err != nil {
		return err
	}
	return f.end(ctx, tx, i.ID, ItemCarried, o, reason, target)
}

// copyItem puts a carried item on an agenda, with its papers and what was drafted.
func (f *Forum) copyItem(ctx context.Context, tx *storage.Tx, to Meeting, i Item) (ItemID, error) {
	from := i.ID
	i.Carried++
	i.Origin = from
	target, err := f.insertItem(ctx, tx, to, i)
	if err != nil {
		return "", err
	}
	papers, err := f.papers(ctx, tx, i.Meeting, time.Time{})
	if err != nil {
		return "", err
	}
	for _, p := range papers {
		if p.Item != from {
			continue
		}
		if err := f.insertPaper(ctx, tx, to.ID, target, p, p.Added, ""); err != nil {
			return "", err
		}
	}
	return target, f.proposeRecusals(ctx, tx, to, Item{ID: target, Topic: i.Topic})
}

// takeUp puts what waits for a meeting of this body on the agenda of one just planned.
func (f *Forum) takeUp(ctx context.Context, tx *storage.Tx, who network.Actor, m Meeting) error {
	waiting, err := f.waiting(ctx, tx, m.Body)
	if err != nil {
		return err
	}
	for _, i := range waiting {
		target, err := f.takeUpItem(ctx, tx, who, m, i)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE meeting_item SET target = $2 WHERE id = $1`, i.ID, target); err != nil {
			return err
		}
	}
	return nil
}

func (f *Forum) waiting(ctx context.Context, tx *storage.Tx, b network.BodyID) (out []Item, err error) {
	rows, err := tx.Query(ctx, `SELECT `+itemColumns+itemFrom+`WHERE i.body = $1 AND i.state = 'carried' AND i.target = '' ORDER BY i.id LIMIT 200`, b)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		i, err := scanItem(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, i)
	}
	return out, rows.Err()
}

func (f *Forum) takeUpItem(ctx context.Context, tx *storage.Tx, who network.Actor, m Meeting, i Item) (ItemID, error) {
	if i.Topic != "" {
		t, err := f.anyTopic(ctx, tx, i.Topic)
		if err != nil {
			return "", err
		}
		if t.State != Prepared || t.Body != m.Body { // it went elsewhere meanwhile
			return elsewhere, nil
		}
		if err := f.move(ctx, tx, who, &t, OnAgenda, map[string]string{"meeting": string(m.ID), "when": m.Starts.Format(time.RFC3339)}); err != nil {
			return "", err
		}
	}
	return f.copyItem(ctx, tx, m, i)
}

// AddPaper adds a document to a meeting or to one of its items. One that comes after the convocation and too late is told
// to the body.
func (f *Forum) AddPaper(ctx context.Context, who network.Actor, id MeetingID, item ItemID, p Paper) error {
	p.Title = typedLine(p.Title)
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		return f.addPaper(ctx, tx, who, a, id, item, p)
	})
}

// takesPapers finds a meeting that isn't over, of a body whose agenda the actor keeps.
func (f *Forum) takesPapers(ctx context.Context, tx *storage.Tx, a network.Access, id MeetingID) (Meeting, error) {
	m, err := f.keeps(ctx, tx, a, id)
	if err == nil && (m.State == Over || m.State == Cancelled) {
		err = wrongState(m)
	}
	return m, err
}

func (f *Forum) addPaper(ctx context.Context, tx *storage.Tx, who network.Actor, a network.Access, id MeetingID, item ItemID, p Paper) error {
	m, err := f.takesPapers(ctx, tx, a, id)
	if err != nil {
		return err
	}
	if p.Title == "" || len(p.Title) > maxTitle {
		return fault.New(fault.Invalid, "a paper has no title, or too long a one").Where("title").Say("meeting.title")
	}
	if p.URL == "" && p.File == "" {
		return fault.New(fault.Invalid, "a paper is nowhere").Where("url").Say("meeting.paper")
	}
	if err := checkLink(p.URL, "url"); err != nil {
		return err
	}
	if item != "" {
		of, _, err := f.item(ctx, tx, a, item)
		if err != nil {
			return err
		}
		if of.ID != id {
			return network.Absent()
		}
	}
	now := f.db.Now()
	if err := f.insertPaper(ctx, tx, id, item, p, now, who.Person); err != nil {
		return err
	}
	if err := f.record(ctx, tx, who, m.Root, string(id), "meeting.paper", map[string]string{"title": p.Title}); err != nil {
		return err
	}
	return f.tellLate(ctx, tx, m, p, now)
}

func (f *Forum) insertPaper(ctx context.Context, tx *storage.Tx, m MeetingID, item ItemID, p Paper, added time.Time, by network.PersonID) error {
	id, err := f.db.NewID()
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO meeting_paper (id, meeting, item, title, url, file, added, actor) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		id, m, item, p.Title, p.URL, p.File, added, by)
	if err != nil || p.File == "" {
		return err
	}
	return f.reindex(ctx, tx, FileDoc, string(p.File))
}

func (f *Forum) tellLate(ctx context.Context, tx *storage.Tx, m Meeting, p Paper, now time.Time) error {
	b, err := f.network.Body(ctx, tx, m.Body)
	if err != nil || m.State == Drafted || !now.After(m.PapersDue(b)) {
		return err
	}
	people, err := f.seated(ctx, tx, m.Body)
	if err != nil {
		return err
	}
	for _, person := range people {
		err := f.notices.Tell(ctx, tx, string(person), notice.Notice{Key: "notice.paper.late", Args: []string{b.Name.Told(), notice.When(m.Starts), p.Title},
			Link: f.pathTo(m.Root, "meetings", string(m.ID)), Until: m.Ends()})
		if err != nil {
			return err
		}
	}
	return nil
}

// papers lists a meeting's documents, with how late they came after due.
func (f *Forum) papers(ctx context.Context, tx *storage.Tx, id MeetingID, due time.Time) (out []Paper, err error) {
	rows, err := tx.Query(ctx, `SELECT id, item, title, url, file, added FROM meeting_paper WHERE meeting = $1 ORDER BY added, id LIMIT 500`, id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var p Paper
		var added int64
		if err := rows.Scan(&p.ID, &p.Item, &p.Title, &p.URL, &p.File, &added); err != nil {
			return nil, err
		}
		p.Added = moment(added)
		if !due.IsZero() {
			p.Added = p.Added.In(due.Location())
			p.Late = max(0, p.Added.Sub(due))
		}
		out = append(out, p)
	}
	return out, rows.Err()
}
