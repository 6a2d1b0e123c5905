package learning

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

func sessionRows(rows *sql.Rows, err error) (out []Session, _ error) {
	err = each(rows, err, func(rows *sql.Rows) error {
		var s Session
		var starts, ends int64
		err := rows.Scan(&s.ID, &starts, &ends, &s.Title)
		s.Starts, s.Ends = storage.Time(starts), storage.Time(ends)
		out = append(out, s)
		return err
	})
	return out, err
}

// When chooses activities by time.
type When string

// Which activities by time.
const (
	Coming When = ""     // that haven't ended, the next first, self-paced ones last
	Past   When = "past" // the latest first
	Paced  When = "own"  // at one's own pace
)

// Filter chooses activities; what is empty chooses all.
type Filter struct {
	When     When
	Kind     Kind
	Audience Audience
	Lang     string
	Network  network.ID // that arranges it
	Online   bool       // held by link
	Text     string
	Drafts   bool // those that aren't open yet, for who arranges them
	After    ID
	Limit    int
}

// Listed is an activity in a list, with how the reader stands.
type Listed struct {
	Activity
	Mine Standing // "" where the reader isn't registered
}

// List gives activities that the reader may see.
func (r *Room) List(ctx context.Context, who network.Actor, root network.ID, q Filter) (out []Listed, err error) {
	err = r.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		out, err = r.list(ctx, tx, a, root, q)
		return err
	})
	return out, err
}

func (r *Room) list(ctx context.Context, tx *storage.Tx, a network.Access, root network.ID, q Filter) ([]Listed, error) {
	args := []any{root}
	where, order, past := []string{"a.root = $1"}, "a.starts, a.id", q.When == Past
	add := func(condition string, v any) {
		args = append(args, v)
		where = append(where, strings.ReplaceAll(condition, "?", place(len(args))))
	}
	switch q.When {
	case Past:
		add("a.ends <= ?", r.db.Now())
		order = "a.ends DESC, a.id DESC"
	case Paced:
		add("a.ends = ?", never)
	default:
		add("a.ends > ?", r.db.Now())
	}
	if q.Kind != "" {
		add("a.kind = ?", q.Kind)
	}
	if q.Audience != "" && slices.Contains(Audiences, q.Audience) {
		add("a.audience LIKE ?", "%|"+string(q.Audience)+"|%")
	}
	if q.Lang != "" {
		add("a.lang = ?", q.Lang)
	}
	if q.Network != "" {
		add("a.network = ?", q.Network)
	}
	if q.Online {
		where = append(where, "a.link <> ''")
	}
	for i, word := range strings.Fields(network.Fold(q.Text)) {
		if i < 8 {
			add(`a.fold LIKE ? ESCAPE '\'`, "%"+strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(word)+"%")
		}
	}
	if q.After != "" {
		args = append(args, q.After)
		if past {
			where = append(where, "(a.ends, a.id) < (SELECT x.ends, x.id FROM learning_activity x WHERE x.id = "+place(len(args))+")")
		} else {
			where = append(where, "(a.starts, a.id) > (SELECT x.starts, x.id FROM learning_activity x WHERE x.id = "+place(len(args))+")")
		}
	}
	runs, args := runsSQL(a, args)
	sees, args := a.Where("a.", "", args)
	if q.Drafts {
		where = append(where, "a.state = 'draft' AND "+runs)
	} else {
		where = append(where, "a.state <> 'draft' AND ("+sees+" OR "+runs+")")
	}
	args = append(args, a.Actor.Person, max(1, min(q.Limit, 1000)))
	rows, err := tx.Query(ctx, `SELECT `+activityColumns+`, COALESCE(m.state, '') FROM learning_activity a
		LEFT JOIN learning_registration m ON m.activity = a.id AND m.person = `+place(len(args)-1)+` AND m.person <> '' AND m.state NOT IN ('cancelled', 'lapsed')
		WHERE `+strings.Join(where, " AND ")+` ORDER BY `+order+` LIMIT `+place(len(args)), args...)
	var out []Listed
	err = each(rows, err, func(rows *sql.Rows) error {
		var l Listed
		var err error
		l.Activity, err = scanActivity(rows, &l.Mine)
		l.Link = "" // shown on its own page, to who has a seat
		out = append(out, l)
		return err
	})
	return out, err
}

// runsSQL is arranges as a condition on activity a.
func runsSQL(a network.Access, args []any) (string, []any) {
	set := func(column string, ids []string) string {
		if len(ids) == 0 {
			return "1 = 0"
		}
		in := make([]string, len(ids))
		for i, id := range ids {
			args = append(args, id)
			in[i] = place(len(args))
		}
		return "a." + column + " IN (" + strings.Join(in, ", ") + ")"
	}
	var bodies, networks []string
	for _, s := range a.Seats {
		if s.Role == network.Chair {
			bodies = append(bodies, string(s.Body))
		}
	}
	for _, n := range a.Leads() {
		networks = append(networks, string(n))
	}
	return "(" + set("network", networks) + " OR " + set("body", bodies) + ")", args
}

// View is an activity as its page shows it.
type View struct {
	Activity
	Sessions  []Session
	Mine      *Registration // the reader's own; nil for none
	Ahead     int           // who waits before the reader
	Waiting   int           // how many wait
	Arranges  bool
	Materials []Material
	Messages  []Message // for those registered
	Questions int       // in the quiz
	Results   *Results  // of the evaluation; nil before five have answered
	Topics    []forum.TopicID
	History   []network.Event
	Link      string             // how to come in; "" without a seat
	Decisions []forum.DecisionID // that it comes from, or that named it, of those the reader may see
}

// View reads an activity of a tenant for somebody: also for who has only a secret link.
func (r *Room) View(ctx context.Context, who Registrant, root network.ID) (v View, err error) {
	err = r.look(ctx, who.Actor, func(tx *storage.Tx, a network.Access) error {
		v, err = r.view(ctx, tx, a, who, root)
		return err
	})
	return v, err
}

func (r *Room) view(ctx context.Context, tx *storage.Tx, a network.Access, who Registrant, root network.ID) (v View, err error) {
	x, mine, err := r.found(ctx, tx, a, who)
	if err != nil || x.Root != root {
		return v, network.Absent()
	}
	v.Activity, v.Mine, v.Arranges = x, mine, arranges(a, x)
	if v.Link = x.Link; !v.Arranges && (mine == nil || mine.State != Registered) {
		v.Link = ""
	}
	v.Activity.Link = v.Link
	if v.Sessions, err = r.sessions(ctx, tx, x.ID); err != nil {
		return v, err
	}
	zone := zoneOf(x.Zone)
	for i, s := range v.Sessions {
		v.Sessions[i].Starts, v.Sessions[i].Ends = s.Starts.In(zone), s.Ends.In(zone)
	}
	if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM learning_registration WHERE activity = $1 AND state = 'waiting'`, x.ID).Scan(&v.Waiting); err != nil {
		return v, err
	}
	if mine != nil && mine.State == Waiting {
		if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM learning_registration WHERE activity = $1 AND state = 'waiting' AND queue < $2`, x.ID, mine.Queue).Scan(&v.Ahead); err != nil {
			return v, err
		}
	}
	inside := v.Arranges || mine != nil && mine.State == Registered
	if v.Materials, err = r.materials(ctx, tx, x.ID, inside); err != nil {
		return v, err
	}
	if inside {
		if v.Messages, err = r.messages(ctx, tx, x.ID); err != nil {
			return v, err
		}
	}
	if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM learning_question WHERE activity = $1`, x.ID).Scan(&v.Questions); err != nil {
		return v, err
	}
	if v.Results, err = r.results(ctx, tx, x.ID); err != nil {
		return v, err
	}
	if v.Decisions, err = r.decisions(ctx, tx, a, x.ID); err != nil {
		return v, err
	}
	if v.Topics, err = r.raised(ctx, tx, a, x.ID); err != nil {
		return v, err
	}
	v.History, err = r.network.History(ctx, tx, string(x.ID), 0, 50)
	return v, err
}

// Sessions lists the sessions of activities that the public may see, for calendars: from a time on.
func (r *Room) Sessions(ctx context.Context, who network.Actor, root network.ID, q Filter, from time.Time) (out []Meeting, err error) {
	err = r.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		all, err := r.list(ctx, tx, a, root, q)
		if err != nil {
			return err
		}
		of := map[ID]Activity{}
		args := []any{from}
		var in []string
		for _, l := range all {
			if !l.SelfPaced {
				of[l.ID] = l.Activity
				args = append(args, l.ID)
				in = append(in, place(len(args)))
			}
		}
		if len(in) == 0 {
			return nil
		}
		rows, err := tx.Query(ctx, `SELECT id, activity, starts, ends, title FROM learning_session WHERE ends > $1 AND activity IN (`+strings.Join(in, ", ")+`) ORDER BY starts, id LIMIT 2000`, args...)
		return each(rows, err, func(rows *sql.Rows) error {
			var m Meeting
			var id ID
			var starts, ends int64
			err := rows.Scan(&m.ID, &id, &starts, &ends, &m.Title)
			m.Activity = of[id]
			m.Session.Starts, m.Session.Ends = storage.Time(starts), storage.Time(ends)
			out = append(out, m)
			return err
		})
	})
	return out, err
}
