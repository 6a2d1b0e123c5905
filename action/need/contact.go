package need

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

const needColumns = `x.id, x.case_number, x.root, x.network, x.kind, x.title, x.text, x.lang, x.words, x.visibility, x.person, COALESCE(p.name, ''), x.created, x.until, x.closed, x.met, x.version`

const needFrom = ` FROM need x LEFT JOIN person p ON p.id = x.person `

func (n *Need) into(rest ...any) (into []any, done func()) {
	var words string
	var created, until, closed, met int64
	into = append([]any{&n.ID, &n.Case, &n.Root, &n.Network, &n.Kind, &n.Title, &n.Text, &n.Lang, &words, &n.Visibility, &n.By, &n.Name, &created, &until, &closed, &met, &n.Version}, rest...)
	return into, func() {
		n.Words = nil
		if words != "" {
			n.Words = strings.Split(words, "\n")
		}
		n.Created, n.Until, n.Closed, n.Met = storage.Time(created), storage.Time(until), moment(closed), met == 1
	}
}

// moment reads a time that may not have come.
func moment(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return storage.Time(micros)
}

// mostWords is how much one need seeks.
const mostWords = 20

// Seek tells a network what somebody needs of others. Whoever is registered in the tenant may.
func (r *Room) Seek(ctx context.Context, who network.Actor, in Need) (n Need, err error) {
	err = r.network.Act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		at, ok := r.network.Tree().Network(in.Network)
		if !ok || !a.Registered(at.Root) {
			return network.Absent()
		}
		n = in
		n.Root, n.By, n.Created = at.Root, who.Person, r.db.Now()
		if err := n.check(); err != nil {
			return err
		}
		if n.Case, err = r.forum.NextCase(ctx, tx, n.Root); err != nil {
			return err
		}
		id, err := r.db.NewID()
		if err != nil {
			return err
		}
		n.ID = ID(id)
		_, err = tx.Exec(ctx, `INSERT INTO need (id, root, network, body, case_number, kind, title, text, lang, words, visibility, person, created, until, closed, met, version)
			VALUES ($1, $2, $3, NULL, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0, 0, 1)`,
			n.ID, n.Root, n.Network, n.Case, n.Kind, n.Title, n.Text, n.Lang, strings.Join(n.Words, "\n"), n.Visibility, n.By, n.Created, n.Until)
		return err
	})
	return n, err
}

func (n *Need) check() error {
	n.Title, n.Text = line(n.Title), text(n.Text)
	var words []string
	for _, w := range n.Words {
		if w = line(w); w != "" {
			words = append(words, w)
		}
	}
	if n.Words = words; len(words) > mostWords {
		return fault.New(fault.Invalid, "more than %d things are sought", mostWords).Where("words").Say("need.words", mostWords)
	}
	if !n.Until.After(n.Created) {
		return fault.New(fault.Invalid, "the day is past").Where("until").Say("need.past")
	}
	return cmp.Or(needed("title", n.Title, titleLength), short("text", n.Text, textLength), short("words", strings.Join(words, "\n"), textLength), oneOf("kind", n.Kind, Kinds...),
		oneOf("lang", n.Lang, "sv", "nb", "en"), oneOf("visibility", n.Visibility, network.Public, network.NetworkOnly))
}

// Filter says which needs a list gives.
type Filter struct {
	Root  network.ID
	Kind  string // "" for all
	Mine  bool   // the reader's own, closed ones too
	After ID     // the last one of the page before
	Limit int
}

// Needs lists open needs that the reader sees, the newest first.
func (r *Room) Needs(ctx context.Context, who network.Actor, q Filter) (out []Need, err error) {
	err = r.network.Look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		where, args := a.Where("x.", "", []any{q.Root, r.db.Now(), cmp.Or(string(q.After), "zzzz"), q.Kind})
		which := ` AND x.closed = 0 AND x.until > $2`
		if q.Mine {
			args = append(args, who.Person)
			which = ` AND x.created <= $2 AND x.person = $` + strconv.Itoa(len(args))
		}
		args = append(args, q.Limit)
		rows, err := tx.Query(ctx, `SELECT `+needColumns+needFrom+`WHERE x.root = $1`+which+` AND x.id < $3 AND ($4 = '' OR x.kind = $4) AND `+where+` ORDER BY x.id DESC LIMIT $`+strconv.Itoa(len(args)), args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		out = nil
		for rows.Next() {
			var n Need
			into, done := n.into()
			if err := rows.Scan(into...); err != nil {
				return err
			}
			done()
			out = append(out, n)
		}
		return rows.Err()
	})
	return out, err
}

// View is a need as the reader sees it.
type View struct {
	Need
	Mine     bool
	May      bool             // offer oneself
	Matches  []network.Helper // for whoever has the need: who may meet it, and why
	Contacts []Contact        // for whoever has the need all of them, for others their own
}

// matchRows is how many matches are shown.
const matchRows = 12

// Need shows a need. Who may meet it is for whoever has it; what others say to each other is nobody's else.
func (r *Room) Need(ctx context.Context, who network.Actor, root network.ID, id ID) (v View, err error) {
	err = r.network.Look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		v = View{}
		n, err := r.need(ctx, tx, a, root, id)
		if err != nil {
			return err
		}
		v.Need, v.Mine = n, who.Person != "" && n.By == who.Person
		v.May = !v.Mine && a.Registered(root) && n.Open(r.db.Now())
		if v.Contacts, err = r.contacts(ctx, tx, who.Person, `c.need = $1 AND (c.person = $2 OR x.person = $2)`, id, who.Person); err != nil {
			return err
		}
		if v.Mine && n.Open(r.db.Now()) {
			v.Matches, err = r.network.WhoCanHelp(ctx, tx, who, root, n.Words, matchRows)
		}
		return err
	})
	return v, err
}

func (r *Room) need(ctx context.Context, tx *storage.Tx, a network.Access, root network.ID, id ID) (n Need, err error) {
	into, done := n.into()
	err = tx.QueryRow(ctx, `SELECT `+needColumns+needFrom+`WHERE x.id = $1 AND x.root = $2`, id, root).Scan(into...)
	done()
	if errors.Is(err, sql.ErrNoRows) || err == nil && !a.Sees(n.Scope()) && n.By != a.Actor.Person {
		return n, network.Absent()
	}
	return n, err
}

// contacts reads contacts, with the other side's address only where both said yes.
func (r *Room) contacts(ctx context.Context, tx *storage.Tx, reader network.PersonID, where string, args ...any) (out []Contact, err error) {
	rows, err := tx.Query(ctx, `SELECT `+needColumns+`, c.person, COALESCE(o.name, ''), c.seeker_yes, c.seeker_at, c.person_yes, c.person_at, c.ended
		FROM need_contact c JOIN need x ON x.id = c.need LEFT JOIN person p ON p.id = x.person LEFT JOIN person o ON o.id = c.person WHERE `+where+` ORDER BY c.need, c.person LIMIT 200`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var c Contact
		var seeker, person, ended int64
		into, done := c.Need.into(&c.Person, &c.Name, &seeker, &c.Seeker, &person, &c.Other, &ended)
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		done()
		c.SeekerYes, c.PersonYes, c.Ended = moment(seeker), moment(person), moment(ended)
		if !c.Agreed() {
			if reader != c.Need.By {
				c.Seeker = ""
			}
			if reader != c.Person {
				c.Other = ""
			}
		}
		out = append(out, c)
	}
	return out, rows.Err()
}

// Yes is one side's yes to be in contact about a need, with how to reach it. Whoever has the need names the other; others speak for themselves, and
// other is then not looked at. The first yes tells the other side, the second both.
func (r *Room) Yes(ctx context.Context, who network.Actor, root network.ID, id ID, other network.PersonID, address string) error {
	return r.network.Act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		n, err := r.need(ctx, tx, a, root, id)
		if err != nil {
			return err
		}
		seeker := n.By == who.Person
		if !seeker {
			other = who.Person
		}
		switch {
		case !a.Registered(root):
			return denied()
		case !n.Open(r.db.Now()):
			return fault.New(fault.Conflict, "the need is closed").Say("need.over")
		}
		if seeker {
			if err := r.mayBeAsked(ctx, tx, who, n, other); err != nil {
				return err
			}
		}
		if address = text(address); address == "" {
			return fault.New(fault.Invalid, "it says not how to be reached").Where("address").Say("need.address")
		}
		if err := short("address", address, addressLength); err != nil {
			return err
		}
		c, err := r.said(ctx, tx, id, other)
		if err != nil {
			return err
		}
		if !c.Ended.IsZero() {
			return fault.New(fault.Conflict, "one side has said no").Say("need.no")
		}
		if seeker && !c.SeekerYes.IsZero() || !seeker && !c.PersonYes.IsZero() {
			return nil // said before
		}
		column := "person"
		if seeker {
			column = "seeker"
		}
		if _, err := tx.Exec(ctx, `UPDATE need_contact SET `+column+`_yes = $3, `+column+`_at = $4 WHERE need = $1 AND person = $2`, id, other, r.db.Now(), address); err != nil {
			return err
		}
		agreed := !c.SeekerYes.IsZero() || !c.PersonYes.IsZero()
		return r.tell(ctx, tx, n, other, seeker, agreed)
	})
}

// mayBeAsked refuses whoever isn't a match that the seeker can see and hasn't offered themself: nobody is asked by guessing.
func (r *Room) mayBeAsked(ctx context.Context, tx *storage.Tx, who network.Actor, n Need, other network.PersonID) error {
	var there int
	if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM need_contact WHERE need = $1 AND person = $2`, n.ID, other).Scan(&there); err != nil || there > 0 {
		return err
	}
	matches, err := r.network.WhoCanHelp(ctx, tx, who, n.Root, n.Words, matchRows)
	if err != nil {
		return err
	}
	for _, m := range matches {
		if m.Person == other {
			return nil
		}
	}
	return network.Absent()
}

// said finds what two have said to each other, or begins it.
func (r *Room) said(ctx context.Context, tx *storage.Tx, id ID, other network.PersonID) (c Contact, err error) {
	_, err = tx.Exec(ctx, `INSERT INTO need_contact (need, person, seeker_yes, seeker_at, person_yes, person_at, ended) VALUES ($1, $2, 0, '', 0, '', 0) ON CONFLICT (need, person) DO NOTHING`, id, other)
	if err != nil {
		return c, err
	}
	var seeker, person, ended int64
	err = tx.QueryRow(ctx, `SELECT seeker_yes, person_yes, ended FROM need_contact WHERE need = $1 AND person = $2`, id, other).Scan(&seeker, &person, &ended)
	c.SeekerYes, c.PersonYes, c.Ended = moment(seeker), moment(person), moment(ended)
	return c, err
}

// tell says to the other side that one has said yes, or to both that both have. The mail carries a title and a link, never an address.
func (r *Room) tell(ctx context.Context, tx *storage.Tx, n Need, other network.PersonID, seeker, agreed bool) error {
	at, _ := r.network.Tree().Network(n.Root)
	what := notice.Notice{Key: "notice.need.asked", Args: []string{n.Title}, Link: "/n/" + at.Slug + "/needs/" + string(n.ID)}
	if !seeker {
		what.Key = "notice.need.offered"
	}
	to := []network.PersonID{other}
	if !seeker {
		to = []network.PersonID{n.By}
	}
	if agreed {
		what.Key, to = "notice.need.agreed", []network.PersonID{n.By, other}
	}
	for _, p := range to {
		if err := r.notices.Tell(ctx, tx, string(p), what); err != nil {
			return err
		}
	}
	return nil
}

// No ends a contact, by either side, whatever was said before. Addresses that were typed are removed.
func (r *Room) No(ctx context.Context, who network.Actor, root network.ID, id ID, other network.PersonID) error {
	return r.network.Act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		n, err := r.need(ctx, tx, a, root, id)
		if err != nil {
			return err
		}
		if n.By != who.Person {
			other = who.Person
		}
		done, err := tx.Exec(ctx, `UPDATE need_contact SET ended = $3, seeker_at = '', person_at = '' WHERE need = $1 AND person = $2 AND ended = 0`, id, other, r.db.Now())
		if err != nil {
			return err
		}
		if changed, err := done.RowsAffected(); err != nil || changed > 0 {
			return err
		}
		return network.Absent()
	})
}

// Close ends a need, met or not: for whoever has it, and for coordinators of its network.
func (r *Room) Close(ctx context.Context, who network.Actor, root network.ID, id ID, version int64, met bool) error {
	return r.network.Act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		n, err := r.need(ctx, tx, a, root, id)
		switch {
		case err != nil:
			return err
		case n.By != who.Person && !a.Coordinates(n.Network):
			return denied()
		case n.Version != version || !n.Closed.IsZero():
			return stale()
		}
		flag := 0
		if met {
			flag = 1
		}
		_, err = tx.Exec(ctx, `UPDATE need SET closed = $2, met = $3, version = version + 1 WHERE id = $1`, id, r.db.Now(), flag)
		return err
	})
}

// Wait is something that waits for a person here: a survey to rank, or somebody who said yes.
type Wait struct {
	Survey *Survey
	Need   *Need
	Asked  bool // somebody with a need asks; else somebody offers to meet one's own
}

// Waiting lists what waits for somebody in a tenant.
func (r *Room) Waiting(ctx context.Context, who network.Actor, root network.ID) (out []Wait, err error) {
	err = r.network.Look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		out = nil
		if !a.Registered(root) {
			return nil
		}
		if err := r.toRank(ctx, tx, a, root, &out); err != nil {
			return err
		}
		all, err := r.contacts(ctx, tx, who.Person, `c.ended = 0 AND x.closed = 0 AND x.root = $1 AND x.until > $3 AND (c.person = $2 AND c.person_yes = 0 OR x.person = $2 AND c.seeker_yes = 0)`, root, who.Person, r.db.Now())
		for _, c := range all {
			out = append(out, Wait{Need: &c.Need, Asked: c.Person == who.Person})
		}
		return err
	})
	return out, err
}

func (r *Room) toRank(ctx context.Context, tx *storage.Tx, a network.Access, root network.ID, out *[]Wait) error {
	where, args := a.Where("s.", "", []any{root, r.db.Now(), a.Actor.Person})
	rows, err := tx.Query(ctx, `SELECT `+surveyColumns+` FROM need_survey s WHERE s.root = $1 AND s.rank_until > $2 AND s.propose_until <= $2
		AND NOT EXISTS (SELECT 1 FROM need_ranking k WHERE k.survey = s.id AND k.person = $3) AND `+where+` ORDER BY s.rank_until LIMIT 5`, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		s, err := scanSurvey(rows)
		if err != nil {
			return err
		}
		*out = append(*out, Wait{Survey: &s})
	}
	return rows.Err()
}
