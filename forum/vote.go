package forum

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

// Vote is a seat's word on a proposal.
type Vote string

// The votes.
const (
	For      Vote = "for"
	Against  Vote = "against"
	Abstains Vote = "abstain"
	NoPart   Vote = "recused" // in a circulation only
)

// Votes are those that are counted, in the order they are shown.
var Votes = []Vote{For, Against, Abstains}

// Tally is votes counted.
type Tally struct{ For, Against, Abstain int }

func (t *Tally) add(v Vote) {
	switch v {
	case For:
		t.For++
	case Against:
		t.Against++
	case Abstains:
		t.Abstain++
	}
}

// carries refuses a proposal that the votes don't carry. In a tie the vote of whoever leads decides.
func (t Tally) carries(present int, chair bool) error {
	if t.For < 0 || t.Against < 0 || t.Abstain < 0 || t.For+t.Against+t.Abstain > present {
		return fault.New(fault.Invalid, "more votes than there are who vote").Where("votes").Say("decision.count", present)
	}
	if t.For > t.Against || t.For == t.Against && t.For > 0 && chair {
		return nil
	}
	return fault.New(fault.Conflict, "the vote doesn't carry it: %d for, %d against", t.For, t.Against).Where("votes").Say("decision.lost", t.For, t.Against)
}

// Cast notes a seat's vote on the item a meeting is at: by whoever sits there, or by whoever keeps the meeting.
func (f *Forum) Cast(ctx context.Context, who network.Actor, item ItemID, seat network.SeatID, v Vote) error {
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		m, i, err := f.item(ctx, tx, a, item)
		if err != nil {
			return err
		}
		if err := stillOpen(m, i); err != nil {
			return err
		}
		if err := oneOf("vote", v, Votes...); err != nil {
			return err
		}
		r, err := f.rollNow(ctx, tx, m, item)
		if err != nil {
			return err
		}
		s, ok := r.Seat(seat)
		if !ok || s.Person != who.Person && !f.mayRun(a, m) {
			return denied()
		}
		if !s.Counts() {
			return fault.New(fault.Conflict, "the seat takes no part").Say("decision.votes")
		}
		return f.keepBallot(ctx, tx, string(item), seat, s.Person, v, "")
	})
}

func (f *Forum) keepBallot(ctx context.Context, tx *storage.Tx, subject string, seat network.SeatID, person network.PersonID, v Vote, reason string) error {
	_, err := tx.Exec(ctx, `INSERT INTO ballot (subject, seat, person, vote, reason, at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (subject, seat) DO UPDATE SET person = excluded.person, vote = excluded.vote, reason = excluded.reason, at = excluded.at`,
		subject, seat, person, v, reason, f.db.Now())
	return err
}

// Ballot is a seat's vote.
type Ballot struct {
	Seat   network.SeatID
	Person network.PersonID
	Vote   Vote
	Reason string
	At     time.Time
}

func (f *Forum) ballots(ctx context.Context, tx *storage.Tx, subject string) (out []Ballot, err error) {
	rows, err := tx.Query(ctx, `SELECT seat, person, vote, reason, at FROM ballot WHERE subject = $1 ORDER BY seat`, subject)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var b Ballot
		var at int64
		if err := rows.Scan(&b.Seat, &b.Person, &b.Vote, &b.Reason, &at); err != nil {
			return nil, err
		}
		b.At = moment(at)
		out = append(out, b)
	}
	return out, rows.Err()
}

// castVotes gives the votes cast on an item by those who still sit there.
func (f *Forum) castVotes(ctx context.Context, tx *storage.Tx, subject string, r Roll) (map[network.SeatID]Vote, error) {
	all, err := f.ballots(ctx, tx, subject)
	if err != nil {
		return nil, err
	}
	out := map[network.SeatID]Vote{}
	for _, b := range all {
		if s, ok := r.Seat(b.Seat); ok && s.Counts() && s.Person == b.Person {
			out[b.Seat] = b.Vote
		}
	}
	return out, nil
}

// CirculationID names a circulation.
type CirculationID string

// CirculationState is how far a circulation has come.
type CirculationState string

// The states of a circulation.
const (
	CirculationOpen      CirculationState = "open"
	CirculationDecided   CirculationState = "decided"
	CirculationRejected  CirculationState = "rejected"
	CirculationWithdrawn CirculationState = "withdrawn"
)

// Circulation is a decision without a meeting (per capsulam): each voting seat answers before a deadline. Until it is closed
// nobody is shown who answered what, so that nobody is alone against the others.
type Circulation struct {
	ID         CirculationID
	Root       network.ID
	Network    network.ID
	Body       network.BodyID
	Topic      TopicID
	Visibility network.Visibility
	Zone       string
	Draft      DecisionDraft
	State      CirculationState
	Reason     string
	Opened     time.Time
	Deadline   time.Time
	Closed     time.Time
	Version    int64
}

const circulationColumns = `c.id, c.root, c.network, c.body, COALESCE(c.topic, ''), c.visibility, c.zone, c.draft, c.state, c.reason, c.opened, c.deadline, c.closed, c.version`

func scanCirculation(row interface{ Scan(...any) error }) (c Circulation, err error) {
	var opened, deadline, closed int64
	var draft string
	err = row.Scan(&c.ID, &c.Root, &c.Network, &c.Body, &c.Topic, &c.Visibility, &c.Zone, &draft, &c.State, &c.Reason, &opened, &deadline, &closed, &c.Version)
	if err != nil {
		return c, err
	}
	z := zone(c.Zone)
	c.Opened, c.Deadline = storage.Time(opened).In(z), storage.Time(deadline).In(z)
	if closed != 0 {
		c.Closed = storage.Time(closed).In(z)
	}
	return c, readColumn(draft, &c.Draft)
}

// circulation finds a circulation, for those inside its body.
func (f *Forum) circulation(ctx context.Context, tx *storage.Tx, a network.Access, id CirculationID) (Circulation, error) {
	c, err := scanCirculation(tx.QueryRow(ctx, `SELECT `+circulationColumns+` FROM circulation c WHERE c.id = $1`, id))
	if noRow(err) || err == nil && !inside(a, c.Body, c.Network) {
		return Circulation{}, network.Absent()
	}
	return c, err
}

// circulationMinimum is how long members have at least: nobody is to be hurried.
const circulationMinimum = 24 * time.Hour

// Circulate sends a proposal to a body's voting seats. What becomes of each input of the topic is part of the proposal.
func (f *Forum) Circulate(ctx context.Context, who network.Actor, c Circulation, approvers []network.PersonID) (CirculationID, error) {
	given := c
	err := f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		c = given // not what an attempt before made of it
		b, err := f.runsBody(ctx, tx, a, c.Body)
		if err != nil {
			return err
		}
		c.Draft.Method = ByCirculation
		if err := c.Draft.check(); err != nil {
			return err
		}
		if c.Deadline.Before(f.db.Now().Add(circulationMinimum)) {
			return fault.New(fault.Invalid, "a circulation is open for a day at least").Where("deadline").Say("decision.deadline")
		}
		if err := c.Draft.reviewable(c.Deadline, f.zoneOf(b.Network)); err != nil {
			return err
		}
		if err := f.circulatable(ctx, tx, a, &c, b); err != nil {
			return err
		}
		n, ok := f.network.Tree().Network(b.Network)
		if !ok {
			return network.Absent()
		}
		draft, err := jsonColumn(c.Draft)
		if err != nil {
			return err
		}
		id, err := f.db.NewID()
		if err != nil {
			return err
		}
		c.ID = CirculationID(id)
		var topic *string
		if c.Topic != "" {
			t := string(c.Topic)
			topic = &t
		}
		c.Zone = n.Zone
		_, err = tx.Exec(ctx, `INSERT INTO circulation (id, root, network, body, topic, visibility, zone, draft, state, reason, opened, deadline, closed, remind, version)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'open', '', $9, $10, 0, $11, 1)`,
			id, b.Root, b.Network, b.ID, topic, c.Visibility, c.Zone, draft, f.db.Now(), c.Deadline, micros(c.remindAfter(f.db.Now())))
		if err != nil {
			return err
		}
		if led, err := f.chairSince(ctx, tx, b.ID, f.db.Now()); err != nil || led != "" && !slices.Contains(approvers, led) {
			return cmp.Or[error](err, mustLead())
		}
		if err := f.setApprovers(ctx, tx, b.ID, `circulation_approver (circulation, person)`, id, approvers); err != nil {
			return err
		}
		if err := f.record(ctx, tx, who, b.Root, id, "circulation.opened", nil); err != nil {
			return err
		}
		return f.tellVoters(ctx, tx, b, c)
	})
	return c.ID, err
}

// chairSince finds who was a body's chair then and still holds a seat in it.
func (f *Forum) chairSince(ctx context.Context, tx *storage.Tx, b network.BodyID, then time.Time) (network.PersonID, error) {
	seats, err := f.network.SeatsAt(ctx, tx, b, micros(f.db.Now()))
	if err != nil {
		return "", err
	}
	before, err := f.network.SeatsAt(ctx, tx, b, micros(then))
	for _, s := range before {
		if s.Role == network.Chair && holds(seats, s.Person) {
			return s.Person, err
		}
	}
	return "", err
}

// chairApproves makes the chair approve the minutes of a circulation that was sent without.
func (f *Forum) chairApproves(ctx context.Context, tx *storage.Tx, c Circulation) error {
	led, err := f.chairSince(ctx, tx, c.Body, c.Opened)
	if err != nil || led == "" {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO circulation_approver (circulation, person) VALUES ($1, $2) ON CONFLICT (circulation, person) DO NOTHING`, c.ID, led)
	return err
}

// circulatable judges a circulation's topic: prepared, of the body, and not in another circulation.
func (f *Forum) circulatable(ctx context.Context, tx *storage.Tx, a network.Access, c *Circulation, b network.Body) error {
	if c.Visibility == "" {
		c.Visibility = b.Visibility
	}
	if err := oneOf("visibility", c.Visibility, network.Public, network.NetworkOnly, network.BodyOnly); err != nil {
		return err
	}
	if err := f.ownInputs(ctx, tx, c.Topic, c.Draft.Dispositions); err != nil || c.Topic == "" {
		return err
	}
	t, err := f.topic(ctx, tx, a, c.Topic)
	if err != nil {
		return err
	}
	if t.Body != b.ID {
		return fault.New(fault.Conflict, "the topic belongs to another body").Where("topic").Say("meeting.topic.body")
	}
	if t.State != Prepared {
		return fault.New(fault.Conflict, "the topic isn't prepared").Where("topic").Say("decision.unprepared")
	}
	if err := f.heard(ctx, tx, t); err != nil {
		return err
	}
	var open int
	if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM circulation WHERE topic = $1 AND state = 'open'`, t.ID).Scan(&open); err != nil {
		return err
	}
	if open > 0 {
		return fault.New(fault.Conflict, "the topic circulates already").Where("topic").Say("decision.circulates")
	}
	c.Visibility, err = f.asTopic(ctx, tx, t.ID, c.Visibility)
	return err
}

// tellVoters tells each voting seat's holder and each deputy.
func (f *Forum) tellVoters(ctx context.Context, tx *storage.Tx, b network.Body, c Circulation) error {
	people, err := f.seated(ctx, tx, b.ID)
	if err != nil {
		return err
	}
	for _, p := range people {
		err := f.notices.Tell(ctx, tx, string(p), notice.Notice{Key: "notice.circulation.opened", Urgent: true,
			Args: []string{c.Draft.Title, notice.When(c.Deadline)}, Link: f.pathTo(b.Root, "circulations", string(c.ID)), Until: c.Deadline})
		if err != nil {
			return err
		}
	}
	return nil
}

// AnswerCirculation gives a seat's vote: its holder's, or the deputy's while the holder hasn't answered or takes no part.
func (f *Forum) AnswerCirculation(ctx context.Context, who network.Actor, id CirculationID, seat network.SeatID, v Vote, reason string) error {
	reason = typed(reason)
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		c, err := f.circulation(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if c.State != CirculationOpen || !f.db.Now().Before(c.Deadline) {
			return fault.New(fault.Conflict, "the circulation is closed").Say("decision.circulation.closed")
		}
		if err := oneOf("vote", v, For, Against, Abstains, NoPart); err != nil {
			return err
		}
		if err := short("reason", reason, maxText); err != nil {
			return err
		}
		if err := f.mayAnswer(ctx, tx, who, c, seat); err != nil {
			return err
		}
		return f.keepBallot(ctx, tx, string(id), seat, who.Person, v, reason)
	})
}

func (f *Forum) mayAnswer(ctx context.Context, tx *storage.Tx, who network.Actor, c Circulation, seat network.SeatID) error {
	seats, err := f.network.SeatsAt(ctx, tx, c.Body, micros(f.db.Now()))
	if err != nil {
		return err
	}
	s, err := findSeat(seats, seat)
	if err != nil {
		return err
	}
	if !s.Role.Votes() || who.Person == "" {
		return denied()
	}
	ballots, err := f.ballots(ctx, tx, string(c.ID))
	if err != nil {
		return err
	}
	for _, b := range ballots {
		if b.Seat != seat && b.Person == who.Person {
			return denied() // one person answers once, whatever seats they hold
		}
	}
	if s.Person == who.Person {
		return nil
	}
	stands := false
	for _, d := range seats {
		stands = stands || d.Person == who.Person && StandsInFor(d, s)
	}
	for _, b := range ballots {
		if b.Seat == seat && b.Person != who.Person && (b.Vote != NoPart || b.Person != s.Person) {
			stands = false // the holder answered
		}
	}
	if !stands {
		return denied()
	}
	return nil
}

// circulationRoll is who has answered.
func (f *Forum) circulationRoll(ctx context.Context, tx *storage.Tx, c Circulation) (Roll, []Ballot, error) {
	now := f.db.Now()
	rules, err := f.network.Rules(ctx, tx, c.Body)
	if err != nil {
		return Roll{}, nil, err
	}
	seats, err := f.network.SeatsAt(ctx, tx, c.Body, micros(now))
	if err != nil {
		return Roll{}, nil, err
	}
	ballots, err := f.ballots(ctx, tx, string(c.ID))
	if err != nil {
		return Roll{}, nil, err
	}
	var there []Attendance
	var recused []Recusal
	item := ItemID(c.ID)
	for _, b := range ballots {
		there = append(there, Attendance{Seat: b.Seat, Person: b.Person, Came: b.At})
		if b.Vote == NoPart {
			recused = append(recused, Recusal{Item: item, Person: b.Person, State: RecusalDeclared})
		}
	}
	var chair network.SeatID
	for _, s := range seats {
		if s.Role == network.Chair {
			chair = s.ID
		}
	}
	return roll(now.In(zone(c.Zone)), rules, seats, there, recused, item, chair), ballots, nil
}

// Settle closes a circulation, after its deadline or when every seat that is held has answered. Without quorum over the
// answers it is refused: it can be given more time, or withdrawn. A proposal that the votes don't carry is rejected.
func (f *Forum) Settle(ctx context.Context, who network.Actor, id CirculationID, version int64) (d Decision, err error) {
	err = f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		c, err := f.keepsCirculation(ctx, tx, a, id, version)
		if err != nil {
			return err
		}
		r, ballots, err := f.circulationRoll(ctx, tx, c)
		if err != nil {
			return err
		}
		if f.db.Now().Before(c.Deadline) && !answered(r) {
			return fault.New(fault.Conflict, "not everybody has answered, and there is time left").Say("decision.circulation.early")
		}
		if err := quorate(r); err != nil {
			return err
		}
		draft := c.Draft
		draft.Votes = map[network.SeatID]Vote{}
		for _, b := range ballots {
			if s, ok := r.Seat(b.Seat); ok && s.Counts() {
				draft.Votes[b.Seat] = b.Vote
				if b.Vote == Against && b.Reason != "" {
					draft.Dissent = append(draft.Dissent, Dissent{Seat: b.Seat, Text: b.Reason})
				}
			}
		}
		g := ground{body: c.Body, zone: c.Zone, visibility: c.Visibility, topic: c.Topic, circulation: c.ID, roll: r, lang: f.langOf(c.Network)}
		if _, err := g.record(draft); err != nil && fault.KindOf(err) == fault.Conflict {
			return f.endCirculation(ctx, tx, who, c, CirculationRejected, "")
		}
		if d, err = f.decide(ctx, tx, who, a, g, draft); err != nil {
			return err
		}
		if err := f.endCirculation(ctx, tx, who, c, CirculationDecided, ""); err != nil {
			return err
		}
		if err := f.chairApproves(ctx, tx, c); err != nil {
			return err
		}
		_, err = f.drawUpCirculation(ctx, tx, who, c, d)
		return err
	})
	return d, err
}

// answered tells whether every seat that somebody holds has answered.
func answered(r Roll) bool {
	for _, s := range r.Seats {
		if s.State == Absent {
			return false
		}
	}
	return true
}

func (f *Forum) langOf(id network.ID) string {
	if n, ok := f.network.Tree().Network(id); ok {
		return n.Lang
	}
	return "en"
}

// keepsCirculation finds an open circulation of a body whose agenda the actor keeps.
func (f *Forum) keepsCirculation(ctx context.Context, tx *storage.Tx, a network.Access, id CirculationID, version int64) (Circulation, error) {
	c, err := f.circulation(ctx, tx, a, id)
	if err != nil {
		return c, err
	}
	if !a.Runs(c.Body, c.Network) {
		return c, denied()
	}
	if c.State != CirculationOpen {
		return c, fault.New(fault.Conflict, "the circulation is closed").Say("decision.circulation.closed")
	}
	if c.Version != version {
		return c, stale()
	}
	return c, nil
}

func (f *Forum) endCirculation(ctx context.Context, tx *storage.Tx, who network.Actor, c Circulation, s CirculationState, reason string) error {
	_, err := tx.Exec(ctx, `UPDATE circulation SET state = $2, reason = $3, closed = $4, remind = 0, version = version + 1 WHERE id = $1`, c.ID, s, reason, f.db.Now())
	if err != nil {
		return err
	}
	return f.record(ctx, tx, who, c.Root, string(c.ID), "circulation."+string(s), map[string]string{"reason": reason})
}

// Extend gives an open circulation more time.
func (f *Forum) Extend(ctx context.Context, who network.Actor, id CirculationID, version int64, deadline time.Time) error {
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		c, err := f.keepsCirculation(ctx, tx, a, id, version)
		if err != nil {
			return err
		}
		if !deadline.After(c.Deadline) || deadline.Before(f.db.Now().Add(circulationMinimum)) {
			return fault.New(fault.Invalid, "more time is a later deadline").Where("deadline").Say("decision.deadline")
		}
		if c.Draft.reviewable(deadline, zone(c.Zone)) != nil {
			return fault.New(fault.Invalid, "the decision would be taken after it was to be reviewed").Where("deadline").Say("decision.deadline.review")
		}
		c.Deadline = deadline.In(zone(c.Zone))
		_, err = tx.Exec(ctx, `UPDATE circulation SET deadline = $2, remind = $3, version = version + 1 WHERE id = $1`, id, deadline, micros(c.remindAfter(f.db.Now())))
		if err != nil {
			return err
		}
		b, err := f.network.Body(ctx, tx, c.Body)
		if err != nil {
			return err
		}
		if err := f.record(ctx, tx, who, c.Root, string(id), "circulation.extended", nil); err != nil {
			return err
		}
		return f.tellVoters(ctx, tx, b, c)
	})
}

// Withdraw ends a circulation without a decision.
func (f *Forum) Withdraw(ctx context.Context, who network.Actor, id CirculationID, version int64, reason string) error {
	reason = typed(reason)
	if err := needed("reason", reason, maxText); err != nil {
		return err
	}
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		c, err := f.keepsCirculation(ctx, tx, a, id, version)
		if err != nil {
			return err
		}
		return f.endCirculation(ctx, tx, who, c, CirculationWithdrawn, reason)
	})
}

// Ballots lists the votes cast on an item, for those inside the body.
func (f *Forum) Ballots(ctx context.Context, who network.Actor, item ItemID) (out []Ballot, err error) {
	err = f.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		m, _, err := f.item(ctx, tx, a, item)
		if err != nil {
			return err
		}
		if !inside(a, m.Body, m.Network) {
			return network.Absent()
		}
		if out, err = f.ballots(ctx, tx, string(item)); err != nil {
			return err
		}
		gone, err := f.itemGone(ctx, tx, item)
		for i := range out {
			if gone {
				out[i].Person = ""
			}
		}
		return err
	})
	return out, err
}
