package forum

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// Fates is how many inputs came to what; of Undisposed are those that are not answered.
type Fates map[Disposition]int

// Of counts those that came to one thing.
func (c Fates) Of(d Disposition) int { return c[d] }

// All counts every input.
func (c Fates) All() (n int) {
	for _, one := range c {
		n += one
	}
	return n
}

// Answered counts those that have a disposition.
func (c Fates) Answered() int { return c.All() - c[Undisposed] }

// Changed counts those that changed something: adopted, or partly.
func (c Fates) Changed() int { return c[Adopted] + c[Partly] }

// Now is where a tenant's topics are at one moment, as far as everybody may see it.
type Now struct {
	Open      int // topics that have not ended
	Asking    int // of them, those that wait for patients' input
	Ready     int // prepared, or on an agenda
	InForce   int // decisions
	Review    int // of them, those to be reviewed before the year is out
	Decisions int // decisions, whatever came of them
	Inputs    Fates
	Bodies    int
	Seats     int
}

// tally is what is counted of a tenant, as it was after the last thing that happened.
type tally struct {
	after tallied
	now   Now
	years []InputYear
}

// tallied says after what something was counted: nothing is public, or stops being so, without a line of history, but what
// comes into force when its minute comes.
type tallied struct{ forum, network, minute int64 }

// Count counts what is public in a tenant.
func (f *Forum) Count(ctx context.Context, root network.ID) (Now, error) {
	t, err := f.tally(ctx, root)
	return t.now, err
}

// InputYears counts the public inputs of a tenant year by year, from the first to this one.
func (f *Forum) InputYears(ctx context.Context, root network.ID) ([]InputYear, error) {
	t, err := f.tally(ctx, root)
	return t.years, err
}

// tally counts anew when something has happened since it last did. With 20,000 topics and 40,000 inputs that takes 50 ms.
func (f *Forum) tally(ctx context.Context, root network.ID) (t tally, err error) {
	err = f.look(ctx, network.Actor{}, func(tx *storage.Tx, _ network.Access) error {
		after := tallied{minute: f.db.Now().Unix() / 60}
		err := tx.QueryRow(ctx, `SELECT (SELECT COALESCE(MAX(seq), 0) FROM forum_event), (SELECT COALESCE(MAX(seq), 0) FROM network_event)`).Scan(&after.forum, &after.network)
		if err != nil {
			return err
		}
		if kept, ok := f.tallies.Load(root); ok && kept.(tally).after == after {
			t = kept.(tally)
			return nil
		}
		t = tally{after: after, now: Now{Inputs: Fates{}}}
		if err := f.countTopics(ctx, tx, root, &t.now); err != nil {
			return err
		}
		if err := f.countDecisions(ctx, tx, root, &t.now); err != nil {
			return err
		}
		if t.years, err = f.countYears(ctx, tx, root); err != nil {
			return err
		}
		for _, y := range t.years {
			for fate, n := range y.Fates {
				t.now.Inputs[fate] += n
			}
		}
		err = tx.QueryRow(ctx, `SELECT COUNT(DISTINCT b.id), COUNT(s.id) FROM body b LEFT JOIN seat s ON s.body = b.id AND s.closed = 0
			WHERE b.root = $1 AND b.visibility = 'public' AND b.closed = 0`, root).Scan(&t.now.Bodies, &t.now.Seats)
		if err == nil {
			f.tallies.Store(root, t)
		}
		return err
	})
	return t, err
}

func (f *Forum) countTopics(ctx context.Context, tx *storage.Tx, root network.ID, n *Now) error {
	rows, err := tx.Query(ctx, `SELECT state, COUNT(*) FROM topic WHERE root = $1 AND visibility = 'public' GROUP BY state`, root)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var state State
		var count int
		if err := rows.Scan(&state, &count); err != nil {
			return err
		}
		switch state {
		case Decided, Merged, Closed:
			continue
		case Prepared, OnAgenda:
			n.Ready += count
		}
		n.Open += count
	}
	if err := rows.Err(); err != nil {
		return err
	}
	rows.Close()
	return tx.QueryRow(ctx, `SELECT COUNT(*) FROM topic WHERE root = $1 AND state = 'input' AND input_until > $2 AND visibility = 'public'`, root, f.db.Now()).Scan(&n.Asking)
}

func (f *Forum) countDecisions(ctx context.Context, tx *storage.Tx, root network.ID, n *Now) error {
	now := f.db.Now().In(f.zoneOf(root))
	if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM decision d WHERE d.root = $1 AND d.visibility = 'public' AND `+stands, root).Scan(&n.Decisions); err != nil {
		return err
	}
	var begun, gone int // in force once; superseded since
	err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM decision d JOIN decision_force f ON f.decision = d.id
		WHERE d.root = $1 AND d.visibility = 'public' AND f.starts <= $2`, root, now).Scan(&begun)
	if err != nil {
		return err
	}
	err = tx.QueryRow(ctx, `SELECT COUNT(*) FROM decision_supersedes s JOIN decision d ON d.id = s.old JOIN decision_force f ON f.decision = s.old
			JOIN decision_force g ON g.decision = s.decision
		WHERE d.root = $1 AND d.visibility = 'public' AND f.starts <= $2 AND g.starts <= $2`, root, now).Scan(&gone)
	if err != nil {
		return err
	}
	n.InForce = begun - gone
	return tx.QueryRow(ctx, `SELECT COUNT(*)`+decisionFrom+`d.review > 0 AND d.review < $3 AND d.root = $1 AND d.visibility = 'public'
		AND f.starts <= $2 AND (g.starts IS NULL OR g.starts > $2)`, root, now, yearStart(now.Year()+1, now.Location())).Scan(&n.Review)
}

// OpenTopics lists the public topics of a tenant that have not ended, those that moved last first.
func (f *Forum) OpenTopics(ctx context.Context, root network.ID, limit int) (out []Topic, err error) {
	err = f.look(ctx, network.Actor{}, func(tx *storage.Tx, _ network.Access) error {
		rows, err := tx.Query(ctx, `SELECT `+topicColumns+` FROM topic t WHERE t.root = $1 AND t.visibility = 'public'
			AND t.state IN ('raised', 'input', 'prepared', 'agenda', 'returned', 'lifted') ORDER BY t.moved DESC LIMIT $2`, root, bounded(limit))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			t, err := scanTopic(rows)
			if err != nil {
				return err
			}
			out = append(out, t)
		}
		return rows.Err()
	})
	return out, err
}

// PublicItems counts what everybody may see of a public meeting's agenda.
func (f *Forum) PublicItems(ctx context.Context, id MeetingID) (n int, err error) {
	err = f.look(ctx, network.Actor{}, func(tx *storage.Tx, a network.Access) error {
		if _, err := f.meeting(ctx, tx, a, id); err != nil {
			return err
		}
		return tx.QueryRow(ctx, `SELECT COUNT(*) FROM meeting_item i LEFT JOIN topic t ON t.id = i.topic
			WHERE i.meeting = $1 AND i.visibility = 'public' AND COALESCE(t.visibility, 'public') = 'public' AND i.state <> 'carried'`, id).Scan(&n)
	})
	return n, err
}

// FatesOf counts, for each of some topics, the public inputs to it and to those that were lifted to it, by what became of them.
func (f *Forum) FatesOf(ctx context.Context, topics []TopicID) (map[TopicID]Fates, error) {
	out := map[TopicID]Fates{}
	err := f.look(ctx, network.Actor{}, func(tx *storage.Tx, _ network.Access) error {
		for _, t := range topics {
			if t == "" || out[t] != nil {
				continue
			}
			below, err := f.below(ctx, tx, t)
			if err != nil {
				return err
			}
			if out[t], err = f.fates(ctx, tx, append(below, t)); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

func (f *Forum) fates(ctx context.Context, tx *storage.Tx, topics []TopicID) (Fates, error) {
	in, args := places(nil, topics)
	rows, err := tx.Query(ctx, `SELECT disposition, COUNT(*) FROM topic_input WHERE visibility = 'public' AND topic IN (`+in+`) GROUP BY disposition`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := Fates{}
	for rows.Next() {
		var d Disposition
		var n int
		if err := rows.Scan(&d, &n); err != nil {
			return nil, err
		}
		out[d] = n
	}
	return out, rows.Err()
}

// PublicInput is an input that everybody may see, with the topic it is about and the decision that answered it.
type PublicInput struct {
	Input
	Title         string // of the topic
	TitleLang     string
	Number        string // of the decision; "" where none that is public answered it
	DecisionTitle string
	DecisionLang  string
}

// Key is an input's place in the list.
func (i PublicInput) Key() string { return key(i.Given, string(i.ID)) }

// InputFilter says which public inputs a list gives.
type InputFilter struct {
	Root  network.ID
	Fate  *Disposition // nil: all
	Year  int          // in which they were given; 0: all
	After string       // the Key of the last one seen
	Limit int
}

// PublicInputs lists what patients said in public, the newest first.
func (f *Forum) PublicInputs(ctx context.Context, q InputFilter) (out []PublicInput, err error) {
	err = f.look(ctx, network.Actor{}, func(tx *storage.Tx, _ network.Access) error {
		query, args := q.sql(f.zoneOf(q.Root))
		rows, err := tx.Query(ctx, query, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			i, err := scanPublicInput(rows)
			if err != nil {
				return err
			}
			out = append(out, i)
		}
		return rows.Err()
	})
	return out, err
}

func (q InputFilter) sql(at *time.Location) (string, []any) {
	args := []any{q.Root}
	add := func(v any) string { args = append(args, v); return place(len(args)) }
	where := "i.visibility = 'public' AND t.visibility = 'public' AND t.root = $1"
	if q.Fate != nil {
		where += " AND i.disposition = " + add(*q.Fate)
	}
	if q.Year != 0 {
		where += " AND i.given >= " + add(yearStart(q.Year, at)) + " AND i.given < " + add(yearStart(q.Year+1, at))
	}
	if given, id, ok := cutKey(q.After); ok {
		g := add(given)
		where += " AND (i.given < " + g + " OR i.given = " + g + " AND i.id < " + add(id) + ")"
	}
	args = append(args, bounded(q.Limit))
	return `SELECT i.id, i.topic, i.name, i.text, i.lang, i.given, i.disposition, i.reason, i.disposed, t.title, t.lang, COALESCE(o.name, ''),
			COALESCE(d.id, ''), COALESCE(d.year, 0), COALESCE(d.number, 0), COALESCE(d.title, ''), COALESCE(d.lang, '')
		FROM topic_input i CROSS JOIN topic t LEFT JOIN organisation o ON o.id = i.organisation
			LEFT JOIN decision d ON d.id = i.decision AND d.visibility = 'public'
		WHERE t.id = i.topic AND ` + where + ` ORDER BY i.given DESC, i.id DESC LIMIT ` + place(len(args)), args
}

func scanPublicInput(row interface{ Scan(...any) error }) (i PublicInput, err error) {
	var given, disposed int64
	var year, number int
	err = row.Scan(&i.ID, &i.Topic, &i.Name, &i.Text, &i.Lang, &given, &i.Disposition, &i.Reason, &disposed, &i.Title, &i.TitleLang, &i.By,
		&i.Decision, &year, &number, &i.DecisionTitle, &i.DecisionLang)
	i.Given, i.Disposed = moment(given), moment(disposed)
	if number > 0 {
		i.Number = decisionNumber(year, number)
	}
	return i, err
}

func decisionNumber(year, number int) string { return fmt.Sprintf("%d-%02d", year, number) }

// key is a row's place in a list that is ordered by time; cutKey reads it.
func key(at time.Time, id string) string { return strconv.FormatInt(micros(at), 10) + "." + id }

func cutKey(s string) (at int64, id string, ok bool) {
	before, id, ok := strings.Cut(s, ".")
	at, err := strconv.ParseInt(before, 10, 64)
	return at, id, ok && err == nil
}

func yearStart(year int, at *time.Location) time.Time {
	return time.Date(year, 1, 1, 0, 0, 0, 0, at)
}

// InputYear is a year's public inputs.
type InputYear struct {
	Year  int
	Fates Fates
}

func (f *Forum) countYears(ctx context.Context, tx *storage.Tx, root network.ID) ([]InputYear, error) {
	var networks []network.ID
	for _, n := range f.network.Tree().Down(root) {
		networks = append(networks, n.ID)
	}
	if len(networks) == 0 {
		return nil, nil
	}
	in, args := places(nil, networks)
	where := `FROM topic_input WHERE visibility = 'public' AND network IN (` + in + `)`
	var first int64
	err := tx.QueryRow(ctx, `SELECT given `+where+` ORDER BY given, id LIMIT 1`, args...).Scan(&first)
	if noRow(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	at := f.zoneOf(root)
	begun := moment(first).In(at).Year()
	var out []InputYear
	var year strings.Builder // which one an input was given in, the latest asked for first
	for y := begun; y <= max(begun, f.db.Now().In(at).Year()); y++ {
		out = append(out, InputYear{y, Fates{}})
	}
	for i := len(out) - 1; i >= 0; i-- {
		args = append(args, yearStart(out[i].Year, at))
		fmt.Fprintf(&year, "WHEN given >= %s THEN %d ", place(len(args)), i)
	}
	rows, err := tx.Query(ctx, `SELECT CASE `+year.String()+`ELSE 0 END AS at, disposition, COUNT(*) `+where+` GROUP BY 1, 2`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var i, n int
		var d Disposition
		if err := rows.Scan(&i, &d, &n); err != nil {
			return nil, err
		}
		out[i].Fates[d] = n
	}
	return out, rows.Err()
}

// MainBody is the one that the front page shows: of the root's own public bodies the one with most say.
func MainBody(bodies []network.Body, root network.ID) (network.Body, bool) {
	order := []network.BodyKind{network.SteeringGroup, network.CoordinationGroup, network.Council, network.WorkingGroup, network.ExpertNetwork}
	for _, kind := range order {
		for _, b := range bodies {
			if b.Kind == kind && b.Network == root && b.Visibility == network.Public {
				return b, true
			}
		}
	}
	i := slices.IndexFunc(bodies, func(b network.Body) bool { return b.Visibility == network.Public && b.Kind != network.Secretariat })
	if i < 0 {
		return network.Body{}, false
	}
	return bodies[i], true
}
