package forum

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

// Method is how a decision is taken.
type Method string

// The methods.
const (
	ByVote        Method = "vote"
	ByConsensus   Method = "consensus"
	ByCirculation Method = "circulation"
)

// Standing is how far a decision has come.
type Standing string

// The standings of a decision.
const (
	Taken      Standing = "taken"  // its minutes are not approved
	ComesLater Standing = "coming" // approved, in force from a day to come
	InForce    Standing = "force"
	Superseded Standing = "superseded" // another is in force in its place
)

// Standings in the order they are shown.
var Standings = []Standing{InForce, ComesLater, Taken, Superseded}

// Dissent is a reservation against a decision.
type Dissent struct {
	Seat   network.SeatID
	Person network.PersonID
	Name   string `json:"-"`
	Text   string
}

// Basis is what a decision rests on beside its topic's evidence.
type Basis struct {
	Title string
	URL   string
}

// Disposed is what becomes of an input by a decision.
type Disposed struct {
	Input       InputID
	Version     int64
	Disposition Disposition
	Reason      string
}

// DecisionDraft is a decision to be taken. InForce and Review are days.
type DecisionDraft struct {
	Item         ItemID
	Version      int64 // of the item, when the draft began; 0: whatever it is
	Title        string
	Text         string
	Rationale    string
	Lang         string
	Method       Method
	Votes        map[network.SeatID]Vote // a vote by seat; none: those cast with Cast
	Count        *Tally                  // a vote that was counted
	Dissent      []Dissent
	InForce      time.Time // not before; zero: once approved
	Review       time.Time // zero: none
	Visibility   network.Visibility
	Supersedes   []DecisionID
	Effects      []Effect
	Basis        []Basis
	Dispositions []Disposed
}

// Decision is what a body decided. It is never edited; another may supersede it, and Annul takes it back while its meeting runs.
type Decision struct {
	ID           DecisionID
	Number       string // within its body: "2026-14"
	Case         string // in the network's register
	Root         network.ID
	Network      network.ID
	Body         network.BodyID
	Topic        TopicID
	Meeting      MeetingID // "" when by circulation
	Item         ItemID
	Circulation  CirculationID
	Title        string
	Text         string // Markdown
	Rationale    string
	Lang         string
	Field        string
	Method       Method
	Mandate      network.Mandate // what its word is worth: a recommendation is for each region to adopt
	Visibility   network.Visibility
	Taken        time.Time
	NotBefore    time.Time // in force not before; zero: once approved
	Approved     time.Time // zero: its minutes aren't
	InForce      time.Time // zero until approved
	Review       time.Time
	Record       DecisionRecord
	SupersededBy DecisionID
	Redacted     bool      // its item was taken out of the minutes: no names, reservations or reasons
	Until        time.Time // when the one that supersedes it comes into force; zero: not
	Seq          int64     // the order of approval; 0 until then
}

// DecisionRecord is how a decision was taken, as it was.
type DecisionRecord struct {
	Roll    Roll
	Tally   Tally
	BySeat  bool // votes are known by seat
	Dissent []Dissent
	Basis   []Basis
}

// Scope says who may see the decision.
func (d Decision) Scope() network.Scope {
	return network.Scope{Network: d.Network, Body: d.Body, Visibility: d.Visibility}
}

// Standing tells how far the decision has come.
func (d Decision) Standing(now time.Time) Standing {
	switch {
	case d.Approved.IsZero():
		return Taken
	case !d.Until.IsZero() && !d.Until.After(now):
		return Superseded
	case d.InForce.After(now):
		return ComesLater
	}
	return InForce
}

const decisionColumns = `d.id, d.year, d.number, d.case_number, d.root, d.network, d.body, COALESCE(d.topic, ''), d.meeting, d.item, d.circulation, d.title,
	d.text, d.rationale, d.lang, d.field, d.method, d.mandate, d.visibility, d.taken, d.zone, d.in_force, d.review,
	COALESCE(f.seq, 0), COALESCE(f.approved, 0), COALESCE(f.starts, 0), COALESCE(s.decision, ''), COALESCE(g.starts, 0), COALESCE(w.at, 0)`

// Superseded tells whether another decision holds by now in the place of one; not of one that isn't here.
func (f *Forum) Superseded(ctx context.Context, id DecisionID) (is bool, err error) {
	err = f.db.Read(ctx, func(tx *storage.Tx) error {
		found, err := f.decisionsWhere(ctx, tx, `d.id = $1`, id)
		is = len(found) > 0 && !found[0].Until.IsZero() && !found[0].Until.After(f.db.Now())
		return err
	})
	return is, err
}

// decisionFrom finds the decisions that were not taken back, with what else holds of them. A condition follows.
const decisionFrom = ` FROM decision d LEFT JOIN decision_force f ON f.decision = d.id
	LEFT JOIN decision_supersedes s ON s.old = d.id AND NOT EXISTS (SELECT 1 FROM decision_annulled y WHERE y.decision = s.decision)
	LEFT JOIN decision_force g ON g.decision = s.decision LEFT JOIN item_redacted w ON w.item = COALESCE(NULLIF(d.item, ''), d.circulation)
	WHERE ` + stands + ` AND `

// stands is true of a decision d that was not taken back.
const stands = `NOT EXISTS (SELECT 1 FROM decision_annulled x WHERE x.decision = d.id)`

func scanDecision(row interface{ Scan(...any) error }) (d Decision, err error) {
	var taken, notBefore, review, approved, inForce, until, redacted int64
	var year, number int
	var at, record string
	err = row.Scan(&d.ID, &year, &number, &d.Case, &d.Root, &d.Network, &d.Body, &d.Topic, &d.Meeting, &d.Item, &d.Circulation, &d.Title,
		&d.Text, &d.Rationale, &d.Lang, &d.Field, &d.Method, &d.Mandate, &d.Visibility, &taken, &at, &notBefore, &review,
		&d.Seq, &approved, &inForce, &d.SupersededBy, &until, &redacted, &record)
	if err != nil {
		return d, err
	}
	d.Number = fmt.Sprintf("%d-%02d", year, number)
	z := zone(at)
	for _, t := range []struct {
		to   *time.Time
		from int64
	}{{&d.Taken, taken}, {&d.NotBefore, notBefore}, {&d.Review, review}, {&d.Approved, approved}, {&d.InForce, inForce}, {&d.Until, until}} {
		if t.from != 0 {
			*t.to = storage.Time(t.from).In(z)
		}
	}
	err = readColumn(record, &d.Record)
	if d.Redacted = redacted != 0; d.Redacted {
		d.Rationale = ""
		clear(d.Record.Dissent)
	}
	return d, err
}

func (d Decision) doc() Doc {
	return Doc{Kind: DecisionDoc, Ref: string(d.ID), Root: d.Root, Network: d.Network, Body: d.Body, Visibility: d.Visibility, Lang: d.Lang,
		Title: d.Title, Text: d.Text + "\n" + d.Rationale, At: d.Taken}
}

// decision finds a decision that the reader may see. Who sat where and voted how is for those inside; the tally is for all.
func (f *Forum) decision(ctx context.Context, tx *storage.Tx, a network.Access, id DecisionID) (Decision, error) {
	d, err := scanDecision(tx.QueryRow(ctx, `SELECT `+decisionColumns+`, d.record`+decisionFrom+`d.id = $1`, id))
	if noRow(err) || err == nil && !a.Sees(d.Scope()) {
		return Decision{}, network.Absent()
	}
	return d, err
}

// DecisionFor finds a decision that a reader may see, in the caller's transaction.
func (f *Forum) DecisionFor(ctx context.Context, tx *storage.Tx, a network.Access, id DecisionID) (Decision, error) {
	return f.decision(ctx, tx, a, id)
}

// Record takes a decision in a running meeting. It is refused without quorum, while an input of the topic lacks its
// disposition, while somebody who takes part lacks a vote in a vote by seat, and when the vote doesn't carry it.
func (f *Forum) Record(ctx context.Context, who network.Actor, proposed DecisionDraft) (Decision, error) {
	return f.recordOr(ctx, who, proposed, nil)
}

// errRehearsed undoes what was done to see what it would be.
var errRehearsed = errors.New("a rehearsal")

// Rehearse gives the decision that Record would take, and what would refuse it, and takes none.
func (f *Forum) Rehearse(ctx context.Context, who network.Actor, proposed DecisionDraft) (Decision, error) {
	d, err := f.recordOr(ctx, who, proposed, errRehearsed)
	if errors.Is(err, errRehearsed) {
		err = nil
	}
	return d, err
}

// recordOr records a decision, and ends with an error where one is given: nothing is recorded then.
func (f *Forum) recordOr(ctx context.Context, who network.Actor, proposed DecisionDraft, or error) (d Decision, err error) {
	err = f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		draft := proposed
		m, i, err := f.keepsItem(ctx, tx, a, draft.Item)
		if err != nil {
			return err
		}
		if err := stillOpen(m, i); err != nil {
			return err
		}
		if draft.Version != 0 && draft.Version != i.Version {
			return stale()
		}
		if err := draft.reviewable(f.db.Now(), zone(m.Zone)); err != nil {
			return err
		}
		if draft.Method == ByCirculation {
			return fault.New(fault.Invalid, "a meeting doesn't decide by circulation").Where("method").Say("decision.method")
		}
		r, err := f.rollNow(ctx, tx, m, i.ID)
		if err != nil {
			return err
		}
		if err := quorate(r); err != nil {
			return err
		}
		if !r.Led() {
			return fault.New(fault.Conflict, "nobody leads the item").Say("meeting.leader")
		}
		if draft.Method == ByVote && draft.Votes == nil && draft.Count == nil {
			if draft.Votes, err = f.castVotes(ctx, tx, string(i.ID), r); err != nil {
				return err
			}
		}
		g := ground{body: m.Body, zone: m.Zone, visibility: narrower(m.Visibility, i.Visibility), topic: i.Topic, meeting: m.ID, item: i.ID, roll: r, lang: i.Lang}
		if d, err = f.decide(ctx, tx, who, a, g, draft); err != nil {
			return err
		}
		return cmp.Or(f.end(ctx, tx, i.ID, ItemDone, WasDecided, "", ""), or)
	})
	return d, err
}

// quorate refuses without quorum, and says what lacks.
func quorate(r Roll) error {
	if r.Quorum.Held {
		return nil
	}
	var lacks []string
	for _, x := range r.Quorum.Findings {
		if !x.Held {
			lacks = append(lacks, fmt.Sprintf("%s %d of %d", x.Rule.Kind, x.Have, x.Need))
		}
	}
	return fault.New(fault.Conflict, "no quorum: %s", strings.Join(lacks, ", ")).Say("forum.quorum", len(lacks)).
		Do("call in a deputy, wait, or put the item off")
}

// ground is what a decision stands on.
type ground struct {
	body        network.BodyID
	zone        string
	visibility  network.Visibility
	topic       TopicID
	meeting     MeetingID
	item        ItemID
	circulation CirculationID
	roll        Roll
	lang        string
}

// decide writes a decision of a body that may decide now.
func (f *Forum) decide(ctx context.Context, tx *storage.Tx, who network.Actor, a network.Access, g ground, draft DecisionDraft) (d Decision, err error) {
	b, err := f.network.Body(ctx, tx, g.body)
	if err != nil {
		return d, err
	}
	if err := draft.check(); err != nil {
		return d, err
	}
	record, err := g.record(draft)
	if err != nil {
		return d, err
	}
	id, err := f.db.NewID()
	if err != nil {
		return d, err
	}
	if draft.Visibility, err = f.asTopic(ctx, tx, g.topic, narrower(draft.Visibility, g.visibility)); err != nil {
		return d, err
	}
	if draft.Lang == "" {
		draft.Lang = g.lang
	}
	if g.meeting != "" && g.topic != "" {
		if err := f.remember(ctx, tx, DecisionID(id), g.topic); err != nil {
			return d, err
		}
	}
	field, err := f.settleTopic(ctx, tx, who, a, g.body, g.topic, DecisionID(id), draft)
	if err != nil {
		return d, err
	}
	if err := f.insertDecision(ctx, tx, who, b, id, field, g, draft, record); err != nil {
		return d, err
	}
	for _, old := range draft.Supersedes {
		if err := f.supersede(ctx, tx, who, a, b, old, DecisionID(id)); err != nil {
			return d, err
		}
	}
	for _, e := range draft.Effects {
		if err := f.insertEffect(ctx, tx, DecisionID(id), e, true); err != nil {
			return d, err
		}
	}
	if err := f.record(ctx, tx, who, b.Root, id, "decision.taken", nil); err != nil {
		return d, err
	}
	all, err := f.network.Access(ctx, tx, network.Clock())
	if err != nil {
		return d, err
	}
	if d, err = f.decision(ctx, tx, all, DecisionID(id)); err != nil {
		return d, err
	}
	return d, f.index(ctx, tx, d.doc())
}

func (f *Forum) insertDecision(ctx context.Context, tx *storage.Tx, who network.Actor, b network.Body, id, field string, g ground, draft DecisionDraft, record DecisionRecord) error {
	now := f.db.Now()
	year := now.In(zone(g.zone)).Year()
	var number int
	err := tx.QueryRow(ctx, `INSERT INTO decision_number (body, year, last) VALUES ($1, $2, 1)
		ON CONFLICT (body, year) DO UPDATE SET last = decision_number.last + 1 RETURNING last`, b.ID, year).Scan(&number)
	if err != nil {
		return err
	}
	caseNumber, err := f.NextCase(ctx, tx, b.Root)
	if err != nil {
		return err
	}
	kept, err := jsonColumn(record)
	if err != nil {
		return err
	}
	var topic *string
	if g.topic != "" {
		t := string(g.topic)
		topic = &t
	}
	_, err = tx.Exec(ctx, `INSERT INTO decision (id, root, network, body, year, number, case_number, topic, meeting, item, circulation, title, text, rationale, lang,
			field, method, mandate, visibility, taken, zone, in_force, review, record, actor)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25)`,
		id, b.Root, b.Network, b.ID, year, number, caseNumber, topic, g.meeting, g.item, g.circulation, draft.Title, draft.Text, draft.Rationale, draft.Lang,
		field, draft.Method, b.Mandate, draft.Visibility, now, g.zone, micros(draft.InForce), micros(draft.Review), kept, who.Person)
	return err
}

// mostLinks is how many things of a kind a decision rests on, leads to or supersedes at most.
const mostLinks = 100

func (d *DecisionDraft) check() error {
	d.Title, d.Text, d.Rationale = typedLine(d.Title), typed(d.Text), typed(d.Rationale)
	if err := needed("title", d.Title, maxTitle); err != nil {
		return err
	}
	if err := needed("text", d.Text, maxText); err != nil {
		return err
	}
	if err := short("rationale", d.Rationale, maxText); err != nil {
		return err
	}
	if err := oneOf("method", d.Method, ByVote, ByConsensus, ByCirculation); err != nil {
		return err
	}
	if err := oneOf("visibility", d.Visibility, "", network.Public, network.NetworkOnly, network.BodyOnly); err != nil {
		return err
	}
	if len(d.Basis) > mostLinks || len(d.Effects) > mostLinks || len(d.Supersedes) > mostLinks {
		return fault.New(fault.Invalid, "a decision has more than %d links of a kind", mostLinks).Where("basis").Say("forum.long", mostLinks)
	}
	for i, b := range d.Basis {
		d.Basis[i].Title = typedLine(b.Title)
		if err := cmp.Or(short("basis", d.Basis[i].Title, maxTitle), checkLink(b.URL, "basis")); err != nil {
			return err
		}
	}
	for i, e := range d.Effects {
		d.Effects[i].Title = typedLine(e.Title)
		if err := cmp.Or(short("effect", d.Effects[i].Title, maxTitle), short("effect", e.Ref, maxLink)); err != nil {
			return err
		}
	}
	for i, x := range d.Dissent {
		d.Dissent[i].Text = typed(x.Text)
		if err := needed("dissent", d.Dissent[i].Text, maxText); err != nil {
			return err
		}
	}
	return nil
}

// reviewable refuses a review that isn't after the day of the decision, and of its coming into force.
func (d DecisionDraft) reviewable(taken time.Time, z *time.Location) error {
	if d.InForce.After(taken) {
		taken = d.InForce
	}
	if d.Review.IsZero() || dayOf(taken, z).Before(dayOf(d.Review, z)) {
		return nil
	}
	return fault.New(fault.Invalid, "the review is to be before the decision is in force").Where("review").Say("decision.review")
}

// dayOf is the midnight that a day begins with, where it is read.
func dayOf(t time.Time, z *time.Location) time.Time {
	y, m, d := t.In(z).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, z)
}

// record judges votes and dissent against who decides, and gives what is kept of them.
func (g ground) record(draft DecisionDraft) (DecisionRecord, error) {
	out := DecisionRecord{Roll: g.roll, Dissent: slices.Clone(draft.Dissent), Basis: draft.Basis}
	for i, x := range out.Dissent {
		s, ok := g.roll.Seat(x.Seat)
		if !ok || !s.Counts() {
			return out, fault.New(fault.Invalid, "a dissent of somebody who takes no part").Where("dissent").Say("decision.dissent")
		}
		out.Dissent[i].Person = s.Person
	}
	if draft.Method == ByConsensus {
		if draft.Votes != nil || draft.Count != nil {
			return out, fault.New(fault.Invalid, "a consensus counts no votes").Where("method").Say("decision.consensus")
		}
		return out, nil
	}
	if draft.Count != nil && draft.Votes == nil {
		out.Tally = *draft.Count
		if missing := g.roll.Quorum.Present - out.Tally.For - out.Tally.Against - out.Tally.Abstain; missing > 0 {
			return out, unvoted(missing)
		}
		return out, out.Tally.carries(g.roll.Quorum.Present, false)
	}
	out.BySeat = true
	out.Roll.Seats = slices.Clone(g.roll.Seats)
	chair := false
	for seat, v := range draft.Votes {
		i := slices.IndexFunc(out.Roll.Seats, func(s Sitting) bool { return s.Seat == seat && s.Counts() })
		if i < 0 {
			return out, fault.New(fault.Conflict, "a vote of a seat that takes no part").Where("votes").Say("decision.votes")
		}
		if err := oneOf("votes", v, Votes...); err != nil {
			return out, err
		}
		out.Roll.Seats[i].Vote = v
		out.Tally.add(v)
		chair = chair || out.Roll.Seats[i].Leads && v == For
	}
	if missing := len(out.Roll.silent()); missing > 0 {
		return out, unvoted(missing)
	}
	return out, out.Tally.carries(g.roll.Quorum.Present, chair)
}

// unvoted: who abstains says so, so that a vote is never a few people's by mistake.
func unvoted(missing int) *fault.Error {
	return fault.New(fault.Conflict, "%d who take part have no vote, nor an abstention", missing).Where("votes").Say("decision.votes.missing", missing)
}

// silent are those who take part and have no vote.
func (r Roll) silent() []Sitting {
	return slices.DeleteFunc(slices.Clone(r.Seats), func(s Sitting) bool { return !s.Counts() || s.Vote != "" })
}

// settleTopic disposes of a topic's inputs and makes it decided; it gives the topic's field.
func (f *Forum) settleTopic(ctx context.Context, tx *storage.Tx, who network.Actor, a network.Access, body network.BodyID, id TopicID, decision DecisionID, draft DecisionDraft) (string, error) {
	if err := f.ownInputs(ctx, tx, id, draft.Dispositions); err != nil || id == "" {
		return "", err
	}
	for _, x := range draft.Dispositions {
		if err := f.dispose(ctx, tx, who, a, x.Input, x.Version, x.Disposition, x.Reason, decision); err != nil {
			return "", err
		}
	}
	t, err := f.anyTopic(ctx, tx, id)
	if err != nil {
		return "", err
	}
	if t.Body != body { // it went to another body since it came on the agenda
		return "", fault.New(fault.Conflict, "the topic belongs to another body").Where("topic").Say("meeting.topic.body")
	}
	if err := f.heard(ctx, tx, t); err != nil {
		return "", err
	}
	return t.Facets.Field, f.move(ctx, tx, who, &t, Decided, map[string]string{"decision": string(decision)})
}

// ownInputs refuses what would dispose of inputs to other topics than the decision's own and those that were lifted to it.
func (f *Forum) ownInputs(ctx context.Context, tx *storage.Tx, id TopicID, of []Disposed) error {
	if len(of) == 0 {
		return nil
	}
	var own []TopicID
	if id != "" {
		below, err := f.below(ctx, tx, id)
		if err != nil {
			return err
		}
		own = append(below, id)
	}
	for _, x := range of {
		var to TopicID
		err := tx.QueryRow(ctx, `SELECT topic FROM topic_input WHERE id = $1`, x.Input).Scan(&to)
		if err != nil && !noRow(err) {
			return err
		}
		if err != nil || !slices.Contains(own, to) {
			return fault.New(fault.Invalid, "an input is to another topic than the decision's").Where("dispositions").Say("decision.otherinput")
		}
	}
	return nil
}

// supersede puts a decision in the place of an older one of its body, or of one whose body the actor runs too.
func (f *Forum) supersede(ctx context.Context, tx *storage.Tx, who network.Actor, a network.Access, b network.Body, old, by DecisionID) error {
	d, err := f.decision(ctx, tx, a, old)
	if err != nil {
		return err
	}
	if d.Root != b.Root || d.Body != b.ID && !a.Runs(d.Body, d.Network) {
		return denied()
	}
	if d.SupersededBy != "" {
		return fault.New(fault.Conflict, "the decision is superseded already").Where("supersedes").Say("decision.superseded", d.Number)
	}
	if _, err := tx.Exec(ctx, `INSERT INTO decision_supersedes (old, decision) VALUES ($1, $2)`, old, by); err != nil {
		return err
	}
	return f.record(ctx, tx, who, d.Root, string(old), "decision.superseded", map[string]string{"by": string(by)})
}

// enforce makes decisions approved, in force at once or from their day.
func (f *Forum) enforce(ctx context.Context, tx *storage.Tx, who network.Actor, minutes MinutesID, where string, args ...any) (out []Decision, err error) {
	waiting, err := f.decisionsWhere(ctx, tx, where+` AND f.seq IS NULL ORDER BY d.taken, d.id`, args...)
	if err != nil {
		return nil, err
	}
	for _, d := range waiting {
		d.Approved = f.db.Now().In(d.Taken.Location())
		d.InForce = d.Approved
		if d.NotBefore.After(d.Approved) {
			d.InForce = d.NotBefore
		}
		err := tx.QueryRow(ctx, `INSERT INTO decision_force (seq, decision, minutes, approved, starts)
			VALUES ((SELECT COALESCE(MAX(seq), 0) + 1 FROM decision_force), $1, $2, $3, $4) RETURNING seq`,
			d.ID, minutes, d.Approved, d.InForce).Scan(&d.Seq)
		if err != nil {
			return nil, err
		}
		if err := f.record(ctx, tx, who, d.Root, string(d.ID), "decision.approved", map[string]string{"from": d.InForce.Format(time.RFC3339)}); err != nil {
			return nil, err
		}
		if err := f.tellInForce(ctx, tx, who, d); err != nil {
			return nil, err
		}
		tx.OnCommit(f.sealed)
		out = append(out, d)
	}
	return out, nil
}

// tellInForce tells those who follow the decision's topic.
func (f *Forum) tellInForce(ctx context.Context, tx *storage.Tx, who network.Actor, d Decision) error {
	if d.Topic == "" {
		return nil
	}
	t, err := f.anyTopic(ctx, tx, d.Topic)
	if err != nil {
		return err
	}
	t.Visibility = narrower(t.Visibility, d.Visibility)
	return f.tellFollowers(ctx, tx, who, t, notice.Notice{Key: "notice.decision.inforce", Args: []string{d.Title, notice.Day(d.InForce)},
		Link: f.pathTo(d.Root, "decisions", string(d.ID))})
}

// decisionsWhere lists decisions, whoever asks.
func (f *Forum) decisionsWhere(ctx context.Context, tx *storage.Tx, where string, args ...any) (out []Decision, err error) {
	rows, err := tx.Query(ctx, `SELECT `+decisionColumns+`, d.record`+decisionFrom+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		d, err := scanDecision(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, rows.Err()
}

// Since lists the decisions approved after the one with this Seq, in that order, at most 100 of them: for whoever carries
// their effects to other rooms. One that is in force from a later day is there too, with that day.
func (f *Forum) Since(ctx context.Context, seq int64) (out []Carried, err error) {
	err = f.db.Read(ctx, func(tx *storage.Tx) error {
		out = nil
		decisions, err := f.decisionsWhere(ctx, tx, `f.seq > $1 ORDER BY f.seq LIMIT 100`, seq)
		if err != nil {
			return err
		}
		for _, d := range decisions {
			effects, err := f.effects(ctx, tx, d.ID)
			if err != nil {
				return err
			}
			c := Carried{Decision: d, Effects: effects}
			var minutes MinutesID
			if err := tx.QueryRow(ctx, `SELECT minutes FROM decision_force WHERE decision = $1`, d.ID).Scan(&minutes); err != nil {
				return err
			}
			if c.Seal, err = f.sealOf(ctx, tx, minutes); err != nil {
				return err
			}
			out = append(out, c)
		}
		return nil
	})
	return out, err
}

// Carried is an approved decision with what it leads to.
type Carried struct {
	Decision
	Effects []EffectOf
	Seal    Seal // of the minutes it was approved in; empty while only the item is approved
}

// Binds tells whether the decision is in force by the body's own word. A recommendation is for others to adopt.
func (d Decision) Binds() bool { return d.Mandate == network.Decides }

// DecisionFilter says which decisions a register gives.
type DecisionFilter struct {
	Root     network.ID
	Body     network.BodyID
	Topic    TopicID
	Year     int
	Field    string
	Standing Standing
	Review   time.Time // to be reviewed before, and not superseded; zero: all
	Words    string    // as for Search
	After    string    // the Key of the last one seen
	Limit    int
}

// Key is a decision's place in the register.
func (d Decision) Key() string { return strconv.FormatInt(micros(d.Taken), 10) + "." + string(d.ID) }

// Decisions lists the register, the newest first, as far as the reader may see it; without the records of how they were taken.
func (f *Forum) Decisions(ctx context.Context, who network.Actor, q DecisionFilter) (out []Decision, err error) {
	found, err := f.decisionsSaying(ctx, who, q)
	if err != nil || found != nil && len(found) == 0 {
		return nil, err
	}
	err = f.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		out = nil
		query, args := q.sql(a, f.db.Now(), found)
		rows, err := tx.Query(ctx, query, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			d, err := scanDecision(rows)
			if err != nil {
				return err
			}
			out = append(out, d)
		}
		return rows.Err()
	})
	return out, err
}

// decisionsSaying finds the decisions with the words of a filter; nil when it asks for none.
func (f *Forum) decisionsSaying(ctx context.Context, who network.Actor, q DecisionFilter) ([]DecisionID, error) {
	terms := parse(q.Words)
	if len(terms) == 0 {
		return nil, nil
	}
	docs, err := f.search(ctx, who, q.Root, terms, true, []DocKind{DecisionDoc})
	ids := make([]DecisionID, 0, len(docs))
	for _, d := range docs {
		ids = append(ids, DecisionID(d.Ref))
	}
	return ids, err
}

func (q DecisionFilter) sql(a network.Access, now time.Time, found []DecisionID) (string, []any) {
	args := []any{q.Root}
	add := func(v any) string { args = append(args, v); return place(len(args)) }
	where := "d.root = $1"
	if q.Body != "" {
		where += " AND d.body = " + add(q.Body)
	}
	if q.Topic != "" {
		where += " AND d.topic = " + add(q.Topic)
	}
	if q.Year != 0 {
		where += " AND d.year = " + add(q.Year)
	}
	if q.Field != "" {
		where += " AND d.field = " + add(q.Field)
	}
	if !q.Review.IsZero() {
		where += " AND s.decision IS NULL AND d.review > 0 AND d.review < " + add(q.Review)
	}
	if found != nil {
		var in string
		in, args = places(args, found)
		where += " AND d.id IN (" + in + ")"
	}
	where += q.standing(now, add)
	if at, id, ok := strings.Cut(q.After, "."); ok {
		if n, err := strconv.ParseInt(at, 10, 64); err == nil {
			p := add(n)
			where += " AND (d.taken < " + p + " OR d.taken = " + p + " AND d.id < " + add(id) + ")"
		}
	}
	visible, args := a.Where("d.", "", args)
	args = append(args, bounded(q.Limit))
	return `SELECT ` + decisionColumns + `, ''` + decisionFrom + where + ` AND ` + visible + `
		ORDER BY d.taken DESC, d.id DESC LIMIT ` + place(len(args)), args
}

func (q DecisionFilter) standing(now time.Time, add func(any) string) string {
	switch q.Standing {
	case Taken:
		return " AND f.seq IS NULL"
	case ComesLater:
		return " AND f.starts > " + add(now)
	case InForce:
		n := add(now)
		return " AND f.starts <= " + n + " AND (g.starts IS NULL OR g.starts > " + n + ")"
	case Superseded:
		return " AND g.starts <= " + add(now)
	}
	return ""
}

// RemindReviews tells those who run a body that its decisions are to be reviewed within the time, once for each.
func (f *Forum) RemindReviews(ctx context.Context, within time.Duration) (told int, err error) {
	err = f.db.Write(ctx, func(tx *storage.Tx) error {
		told = 0
		now := f.db.Now()
		due, err := f.decisionsWhere(ctx, tx, `d.review > 0 AND d.review <= $1 AND f.seq IS NOT NULL AND s.decision IS NULL
			AND NOT EXISTS (SELECT 1 FROM decision_reminded r WHERE r.decision = d.id) ORDER BY d.review LIMIT 200`, now.Add(within))
		if err != nil {
			return err
		}
		for _, d := range due {
			people, err := f.runners(ctx, tx, d.Body, d.Network)
			if err != nil {
				return err
			}
			for _, p := range people {
				err := f.notices.Tell(ctx, tx, string(p), notice.Notice{Key: "notice.decision.review", Args: []string{d.Title, notice.Day(d.Review)},
					Link: f.pathTo(d.Root, "decisions", string(d.ID))})
				if err != nil {
					return err
				}
			}
			if _, err := tx.Exec(ctx, `INSERT INTO decision_reminded (decision, at) VALUES ($1, $2)`, d.ID, now); err != nil {
				return err
			}
			told++
		}
		return nil
	})
	return told, err
}
