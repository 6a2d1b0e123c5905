package learning

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// What an activity may have.
const (
	mostSeats    = 100_000
	mostSessions = 60
	mostAccept   = 14 * 24 // hours
	mostNeeds    = 90      // days
)

// Plan is an activity with its sessions as somebody writes it.
type Plan struct {
	Activity
	Sessions []Session // one with the id of a session that is there moves it
}

// Add makes a draft: by who coordinates the network, or runs the body, that arranges it. With a decision it becomes an effect of it.
func (r *Room) Add(ctx context.Context, who network.Actor, p Plan) (id ID, err error) {
	err = r.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		id, err = r.add(ctx, tx, who, a, p)
		return err
	})
	return id, err
}

func (r *Room) add(ctx context.Context, tx *storage.Tx, who network.Actor, a network.Access, p Plan) (ID, error) {
	if err := r.at(ctx, tx, a, &p.Activity); err != nil {
		return "", err
	}
	if err := p.clean(r.db.Now()); err != nil {
		return "", err
	}
	made, err := r.db.NewID()
	if err != nil {
		return "", err
	}
	x := &p.Activity
	x.ID, x.State, x.By, x.Changed, x.Version = ID(made), Draft, who.Person, r.db.Now(), 1
	if x.Case, err = r.forum.NextCase(ctx, tx, x.Root); err != nil {
		return "", err
	}
	_, err = tx.Exec(ctx, `INSERT INTO learning_activity (id, case_number, root, network, body, kind, title, text, lang, audience, visibility, state, selfpaced, place, link, zone, seats, taken, accept, anyone, closes,
			starts, ends, attend, certificate, competence, needsdays, decision, fold, sequence, changed, created, person, waiver, version)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'draft', $12, $13, $14, $15, $16, 0, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, 0, $28, $28, $29, '', 1)`,
		x.ID, x.Case, x.Root, x.Network, x.Body, x.Kind, x.Title, x.Text, x.Lang, audienceColumn(x.Audience), x.Visibility, x.SelfPaced, x.Place, x.Link, x.Zone, x.Seats, x.Accept, x.Anyone,
		micros(x.Closes), x.first(), x.last(), x.Attend, x.Certificate, x.Competence, x.NeedsDays, x.Decision, x.fold(), x.Changed, x.By)
	if err != nil {
		return "", err
	}
	if err := r.saveSessions(ctx, tx, x.ID, nil, p.Sessions); err != nil {
		return "", err
	}
	if x.Decision != "" {
		if err := r.forum.AddEffect(ctx, tx, x.Decision, forum.Effect{Kind: forum.Activity, Ref: made, Title: x.Title}); err != nil {
			return "", err
		}
	}
	return x.ID, r.record(ctx, tx, who, *x, "made", nil)
}

// at finds where an activity belongs and whether the actor may arrange one there.
func (r *Room) at(ctx context.Context, tx *storage.Tx, a network.Access, x *Activity) error {
	if x.Body != "" {
		b, err := r.network.Body(ctx, tx, x.Body)
		if err != nil || !a.Sees(b.Scope()) {
			return network.Absent()
		}
		x.Network = b.Network
	}
	n, ok := r.network.Tree().Network(x.Network)
	if !ok || !a.Registered(n.Root) {
		return network.Absent()
	}
	if !a.Runs(x.Body, x.Network) {
		return denied()
	}
	x.Root = n.Root
	x.Lang, x.Zone = cmp.Or(x.Lang, n.Lang), cmp.Or(x.Zone, n.Zone)
	if x.Competence != "" {
		c, err := r.competence(ctx, tx, x.Competence)
		if err != nil || c.Root != x.Root {
			return fault.New(fault.Invalid, "there is no such competence").Where("competence").Say("learning.choose")
		}
	}
	if x.Decision != "" {
		if _, err := r.decision(ctx, tx, a, x.Root, x.Decision); err != nil {
			return fault.New(fault.Invalid, "there is no such decision").Where("decision").Say("learning.decision")
		}
	}
	return nil
}

func (r *Room) decision(ctx context.Context, tx *storage.Tx, a network.Access, root network.ID, id forum.DecisionID) (d forum.Decision, err error) {
	var s network.Scope
	var at network.ID
	err = tx.QueryRow(ctx, `SELECT d.root, d.network, d.body, d.visibility FROM decision d WHERE d.id = $1`, id).Scan(&at, &s.Network, &s.Body, &s.Visibility)
	if err != nil || at != root || !a.Sees(s) {
		return d, network.Absent()
	}
	d.ID, d.Root = id, at
	return d, nil
}

// clean makes the plan what is kept, or says what is wrong with it.
func (p *Plan) clean(now time.Time) error {
	x := &p.Activity
	x.Title, x.Text, x.Place, x.Link = line(x.Title), typed(x.Text), line(x.Place), line(x.Link)
	if err := cmp.Or(oneOf("kind", x.Kind, Kinds...), needed("title", x.Title, lineLength), needed("text", x.Text, textLength), oneOf("lang", x.Lang, "sv", "nb", "en"),
		oneOf("visibility", x.Visibility, network.Public, network.NetworkOnly), short("place", x.Place, lineLength), web("link", x.Link), between("seats", x.Seats, 0, mostSeats),
		between("accept", x.Accept, 1, mostAccept), between("needsdays", x.NeedsDays, 0, mostNeeds), between("attend", x.Attend, 0, mostSessions)); err != nil {
		return err
	}
	if x.Anyone && x.Visibility != network.Public {
		return fault.New(fault.Invalid, "only what is public can be registered for without an account").Where("anyone").Say("learning.anyone")
	}
	if _, err := time.LoadLocation(x.Zone); err != nil || x.Zone == "" {
		return fault.New(fault.Invalid, "there is no such time zone").Where("zone").Say("learning.zone")
	}
	slices.SortFunc(x.Audience, func(a, b Audience) int { return slices.Index(Audiences, a) - slices.Index(Audiences, b) })
	x.Audience = slices.Compact(x.Audience)
	if len(x.Audience) == 0 {
		return needed("audience", "", 1)
	}
	for _, one := range x.Audience {
		if err := oneOf("audience", one, Audiences...); err != nil {
			return err
		}
	}
	return p.cleanSessions(now)
}

func (p *Plan) cleanSessions(now time.Time) error {
	wrong := func(code string) error {
		return fault.New(fault.Invalid, "the sessions can't be read").Where("sessions").Say(code)
	}
	p.Starts, p.Ends = time.Time{}, time.Time{}
	switch {
	case p.SelfPaced && len(p.Sessions) > 0:
		return wrong("learning.selfpaced")
	case p.SelfPaced:
		return nil
	case len(p.Sessions) == 0:
		return wrong("learning.sessions")
	case len(p.Sessions) > mostSessions:
		return wrong("learning.sessions.many")
	}
	for i := range p.Sessions {
		s := &p.Sessions[i]
		s.Title = line(s.Title)
		if !s.Ends.After(s.Starts) || s.Ends.Sub(s.Starts) > 24*time.Hour || s.Starts.Year() < 2000 || s.Starts.After(now.AddDate(5, 0, 0)) {
			return wrong("learning.session")
		}
		if err := short("sessions", s.Title, lineLength); err != nil {
			return err
		}
	}
	slices.SortFunc(p.Sessions, func(a, b Session) int { return cmp.Or(a.Starts.Compare(b.Starts), cmp.Compare(a.ID, b.ID)) })
	p.Starts = p.Sessions[0].Starts
	p.Ends = slices.MaxFunc(p.Sessions, func(a, b Session) int { return a.Ends.Compare(b.Ends) }).Ends
	if p.Attend > len(p.Sessions) {
		return between("attend", p.Attend, 0, len(p.Sessions))
	}
	if p.Closes.After(p.Starts) {
		return fault.New(fault.Invalid, "registering ends after the beginning").Where("closes").Say("learning.closes")
	}
	return nil
}

func (a Activity) first() int64 {
	if a.SelfPaced {
		return never
	}
	return storage.Micros(a.Starts)
}

func (a Activity) last() int64 {
	if a.SelfPaced {
		return never
	}
	return storage.Micros(a.Ends)
}

func (a Activity) fold() string { return network.Fold(a.Title + " " + a.Place) }

func audienceColumn(all []Audience) string {
	var b strings.Builder
	for _, a := range all {
		b.WriteString("|" + string(a))
	}
	return b.String() + "|"
}

// Edit changes an activity from the version it began from. Who has a seat, or waits, is told when a time or a place changed; more
// seats go to those who wait.
func (r *Room) Edit(ctx context.Context, who network.Actor, p Plan) error {
	return r.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		old, err := r.arranged(ctx, tx, a, p.ID)
		if err != nil {
			return err
		}
		p.Network, p.Body, p.Decision, p.Zone = old.Network, old.Body, old.Decision, cmp.Or(p.Zone, old.Zone)
		if err := r.at(ctx, tx, a, &p.Activity); err != nil {
			return err
		}
		if old.State == Cancelled {
			return closed()
		}
		if err := p.clean(r.db.Now()); err != nil {
			return err
		}
		if p.Seats > 0 && p.Seats < old.Taken {
			return fault.New(fault.Conflict, "%d seats are taken", old.Taken).Where("seats").Say("learning.seats.taken", old.Taken)
		}
		sessions, err := r.sessions(ctx, tx, p.ID)
		if err != nil {
			return err
		}
		x, moved := &p.Activity, p.moved(old, sessions)
		if x.Sequence = old.Sequence; moved {
			x.Sequence++
		}
		err = one(tx.Exec(ctx, `UPDATE learning_activity SET kind = $3, title = $4, text = $5, lang = $6, audience = $7, visibility = $8, selfpaced = $9, place = $10, link = $11, zone = $12, seats = $13, accept = $14, anyone = $15,
				closes = $16, starts = $17, ends = $18, attend = $19, certificate = $20, competence = $21, needsdays = $22, fold = $23, sequence = $24, changed = $25, version = version + 1 WHERE id = $1 AND version = $2`,
			x.ID, x.Version, x.Kind, x.Title, x.Text, x.Lang, audienceColumn(x.Audience), x.Visibility, x.SelfPaced, x.Place, x.Link, x.Zone, x.Seats, x.Accept, x.Anyone,
			micros(x.Closes), x.first(), x.last(), x.Attend, x.Certificate, x.Competence, x.NeedsDays, x.fold(), x.Sequence, r.db.Now()))
		if err != nil {
			return err
		}
		if err := r.saveSessions(ctx, tx, x.ID, sessions, p.Sessions); err != nil {
			return err
		}
		if err := r.record(ctx, tx, who, old, "edited", p.changes(old)); err != nil {
			return err
		}
		if moved && old.State == Published {
			if err := r.tellAll(ctx, tx, old, "changed:"+strconv.FormatInt(old.Version, 10)); err != nil {
				return err
			}
		}
		return r.moveUp(ctx, tx, x.ID)
	})
}

// moved tells whether calendars must know of the change.
func (p Plan) moved(old Activity, was []Session) bool {
	same := func(a, b Session) bool {
		return a.Starts.Equal(b.Starts) && a.Ends.Equal(b.Ends) && a.Title == b.Title
	}
	return p.Place != old.Place || p.Link != old.Link || p.Title != old.Title || !slices.EqualFunc(p.Sessions, was, same)
}

// changes keeps what history should not forget: the times and seats that were.
func (p Plan) changes(old Activity) map[string]string {
	out := map[string]string{}
	if !p.SelfPaced && !old.SelfPaced && !p.Starts.Equal(old.Starts) {
		out["was"] = old.Starts.Format(time.RFC3339)
	}
	if p.Seats != old.Seats {
		out["seats"] = strconv.Itoa(old.Seats)
	}
	return out
}

func closed() *fault.Error {
	return fault.New(fault.Conflict, "the activity is cancelled").Say("learning.cancelled")
}

// saveSessions makes the sessions those of the plan. One at which somebody was noted as present stays.
func (r *Room) saveSessions(ctx context.Context, tx *storage.Tx, id ID, was, want []Session) error {
	for _, s := range was {
		if slices.ContainsFunc(want, func(w Session) bool { return w.ID == s.ID }) {
			continue
		}
		var n int
		if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM learning_attendance WHERE session = $1`, s.ID).Scan(&n); err != nil {
			return err
		}
		if n > 0 {
			return fault.New(fault.Conflict, "somebody was at the session").Where("sessions").Say("learning.session.attended")
		}
		if _, err := tx.Exec(ctx, `DELETE FROM learning_session WHERE id = $1`, s.ID); err != nil {
			return err
		}
	}
	for _, s := range want {
		if slices.ContainsFunc(was, func(w Session) bool { return w.ID == s.ID && s.ID != "" }) {
			if _, err := tx.Exec(ctx, `UPDATE learning_session SET starts = $2, ends = $3, title = $4 WHERE id = $1`, s.ID, s.Starts, s.Ends, s.Title); err != nil {
				return err
			}
			continue
		}
		made, err := r.db.NewID()
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO learning_session (id, activity, starts, ends, title) VALUES ($1, $2, $3, $4, $5)`, made, id, s.Starts, s.Ends, s.Title); err != nil {
			return err
		}
	}
	return nil
}

// Publish opens a draft for registrations.
func (r *Room) Publish(ctx context.Context, who network.Actor, id ID) error {
	return r.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		x, err := r.arranged(ctx, tx, a, id)
		if err != nil || x.State == Published {
			return err
		}
		if x.State == Cancelled {
			return closed()
		}
		if _, err := tx.Exec(ctx, `UPDATE learning_activity SET state = 'open', changed = $2, version = version + 1 WHERE id = $1`, id, r.db.Now()); err != nil {
			return err
		}
		return r.record(ctx, tx, who, x, "opened", nil)
	})
}

// Cancel calls an activity off, with the reason; everybody who is registered or waits is told.
func (r *Room) Cancel(ctx context.Context, who network.Actor, id ID, why string) error {
	return r.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		x, err := r.arranged(ctx, tx, a, id)
		if err != nil {
			return err
		}
		why = line(why)
		if err := needed("why", why, lineLength); err != nil {
			return err
		}
		if x.State == Cancelled || x.Over(r.db.Now()) {
			return closed()
		}
		if _, err := tx.Exec(ctx, `UPDATE learning_activity SET state = 'cancelled', waiver = $2, changed = $3, sequence = sequence + 1, version = version + 1 WHERE id = $1`, id, why, r.db.Now()); err != nil {
			return err
		}
		if err := r.record(ctx, tx, who, x, "cancelled", map[string]string{"reason": why}); err != nil || x.State == Draft {
			return err
		}
		return r.tellAll(ctx, tx, x, "cancelled")
	})
}

const activityColumns = `a.id, a.case_number, a.root, a.network, a.body, a.kind, a.title, a.text, a.lang, a.audience, a.visibility, a.state, a.selfpaced, a.place, a.link, a.zone, a.seats, a.taken, a.accept, a.anyone, a.closes,
	a.starts, a.ends, a.attend, a.certificate, a.competence, a.needsdays, a.decision, a.sequence, a.changed, a.person, a.waiver, a.version`

func scanActivity(row interface{ Scan(...any) error }, more ...any) (a Activity, err error) {
	var audience string
	var paced, anyone, certificate, closes, starts, ends, changed int64
	err = row.Scan(append([]any{&a.ID, &a.Case, &a.Root, &a.Network, &a.Body, &a.Kind, &a.Title, &a.Text, &a.Lang, &audience, &a.Visibility, &a.State, &paced, &a.Place, &a.Link, &a.Zone, &a.Seats, &a.Taken, &a.Accept, &anyone, &closes,
		&starts, &ends, &a.Attend, &certificate, &a.Competence, &a.NeedsDays, &a.Decision, &a.Sequence, &changed, &a.By, &a.Why, &a.Version}, more...)...)
	for _, one := range strings.FieldsFunc(audience, func(c rune) bool { return c == '|' }) {
		a.Audience = append(a.Audience, Audience(one))
	}
	zone := zoneOf(a.Zone)
	in := func(at int64) time.Time {
		if t := moment(at); !t.IsZero() {
			return t.In(zone)
		}
		return time.Time{}
	}
	a.SelfPaced, a.Anyone, a.Certificate = paced != 0, anyone != 0, certificate != 0
	a.Closes, a.Starts, a.Ends, a.Changed = in(closes), in(starts), in(ends), moment(changed)
	return a, err
}

// any reads an activity, whoever may see it.
func (r *Room) any(ctx context.Context, tx *storage.Tx, id ID) (Activity, error) {
	x, err := scanActivity(tx.QueryRow(ctx, `SELECT `+activityColumns+` FROM learning_activity a WHERE a.id = $1`, id))
	if noRow(err) {
		return x, network.Absent()
	}
	return x, err
}

// arranges tells whether the actor arranges an activity.
func arranges(a network.Access, x Activity) bool {
	return a.Actor.Person != "" && a.Runs(x.Body, x.Network)
}

// activity reads one that the reader may see: a draft is for who arranges it.
func (r *Room) activity(ctx context.Context, tx *storage.Tx, a network.Access, id ID) (Activity, error) {
	x, err := r.any(ctx, tx, id)
	if err == nil && !arranges(a, x) && (x.State == Draft || !a.Sees(x.Scope())) {
		return Activity{}, network.Absent()
	}
	return x, err
}

// arranged reads one for those who arrange it: to others who see it, it isn't theirs to act on.
func (r *Room) arranged(ctx context.Context, tx *storage.Tx, a network.Access, id ID) (Activity, error) {
	x, err := r.activity(ctx, tx, a, id)
	if err == nil && !arranges(a, x) {
		err = denied()
	}
	return x, err
}

func (r *Room) sessions(ctx context.Context, tx *storage.Tx, id ID) (out []Session, err error) {
	rows, err := tx.Query(ctx, `SELECT id, starts, ends, title FROM learning_session WHERE activity = $1 ORDER BY starts, id LIMIT 200`, id)
	return sessionRows(rows, err)
}
