package living

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/samverk/samverk/account"
	"github.com/samverk/samverk/action/learning"
	"github.com/samverk/samverk/action/plan"
	"github.com/samverk/samverk/action/procedure"
	"github.com/samverk/samverk/action/toolbox"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

var morning = time.Date(2026, 11, 24, 10, 12, 0, 0, time.UTC)

var migrations = []fs.FS{network.Migrations, account.Migrations, notice.Migrations, forum.Migrations, toolbox.Migrations, learning.Migrations, procedure.Migrations, plan.Migrations}

// build makes the networks; days 0 are the whole two years.
func build(t *testing.T, seed uint64, days int) (dsn string, people []Person) {
	t.Helper()
	dsn = "sqlite:" + filepath.Join(t.TempDir(), "samverk.db")
	if keep := os.Getenv("SAMVERK_KEEP"); keep != "" && days == 0 {
		dsn = "sqlite:" + keep // to look at
	}
	start := time.Now()
	made, err := Build(t.Context(), Options{Seed: seed, Now: morning, DSN: dsn, Files: t.TempDir(), Tell: t.Logf, Migrations: migrations, Write: written, days: days})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("built in %v", time.Since(start))
	return dsn, made.People
}

// written stands for a text.
func written(_ context.Context, _ *storage.DB, name string, at Place) (Text, error) {
	if at.By == "" || at.Topic == "" || at.Network == "" {
		return Text{}, errors.New("a text is written by nobody, or for nothing")
	}
	return Text{Ref: name, Digest: sha256.Sum256([]byte(name))}, nil
}

// inForce checks that the texts that decisions name can be put in force: the minutes are sealed, the day has come and no other decision
// superseded them.
func (o *opened) inForce(now time.Time) {
	o.Helper()
	o.some("texts that can be put in force", 3, `SELECT e.ref FROM decision_effect e JOIN decision_force f ON f.decision = e.decision JOIN minutes m ON m.id = f.minutes
		WHERE e.digest NOT LIKE '0000%' AND m.state = 'sealed' AND f.starts <= $1 AND NOT EXISTS (SELECT 1 FROM decision_supersedes s WHERE s.old = e.decision)`, now.UnixMicro())
}

// opened is a built network at the moment it was built up to.
type opened struct {
	*testing.T
	db      *storage.DB
	network *network.Registry
	forum   *forum.Forum
}

func open(t *testing.T, dsn string) *opened {
	t.Helper()
	db, err := storage.Open(t.Context(), dsn, storage.Options{Migrations: migrations, Now: func() time.Time { return morning }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	n, err := network.Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	told, err := notice.Open(t.Context(), db, notice.Options{URL: "https://demo.invalid"})
	if err != nil {
		t.Fatal(err)
	}
	f, err := forum.Open(t.Context(), db, n, told, forum.Options{Files: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	return &opened{t, db, n, f}
}

// column reads one column of texts.
func (o *opened) column(query string, args ...any) (out []string) {
	o.Helper()
	err := o.db.Read(o.Context(), func(tx *storage.Tx) error {
		rows, err := tx.Query(o.Context(), query, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var s string
			if err := rows.Scan(&s); err != nil {
				return err
			}
			out = append(out, s)
		}
		return rows.Err()
	})
	if err != nil {
		o.Fatal(err)
	}
	return out
}

// none fails with what a query finds.
func (o *opened) none(what, query string, args ...any) {
	o.Helper()
	if all := o.column(query, args...); len(all) > 0 {
		o.Errorf("%s: %d, such as %s", what, len(all), all[0])
	}
}

// some fails when a query finds fewer.
func (o *opened) some(what string, least int, query string, args ...any) {
	o.Helper()
	if all := o.column(query, args...); len(all) < least {
		o.Errorf("%s: %d, not %d", what, len(all), least)
	}
}

// digest is over every row of every table.
func (o *opened) digest() string {
	o.Helper()
	sum := sha256.New()
	for _, table := range o.column(`SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'goose%'
		AND name NOT LIKE 'storage%' AND name NOT LIKE 'derived%' ORDER BY name`) {
		err := o.db.Read(o.Context(), func(tx *storage.Tx) error {
			rows, err := tx.Query(o.Context(), `SELECT * FROM `+table)
			if err != nil {
				return err
			}
			defer rows.Close()
			columns, err := rows.Columns()
			if err != nil {
				return err
			}
			var lines []string
			for rows.Next() {
				row, to := make([]any, len(columns)), make([]any, len(columns))
				for i := range row {
					to[i] = &row[i]
				}
				if err := rows.Scan(to...); err != nil {
					return err
				}
				lines = append(lines, fmt.Sprint(row...))
			}
			slices.Sort(lines)
			fmt.Fprintln(sum, table, strings.Join(lines, "\n"))
			return rows.Err()
		})
		if err != nil {
			o.Fatal(table, err)
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// The same seed and moment make the same content; another seed makes another.
func TestTheSameSeedMakesTheSame(t *testing.T) {
	const days = 70
	a, _ := build(t, 1, days)
	b, _ := build(t, 1, days)
	one, two := open(t, a).digest(), open(t, b).digest()
	if one != two {
		t.Errorf("%s is not %s", one, two)
	}
	if testing.Short() {
		return
	}
	if c, _ := build(t, 2, days); open(t, c).digest() == one {
		t.Error("another seed makes the same")
	}
}

func TestWhatHappenedKeptTheRules(t *testing.T) {
	if testing.Short() {
		t.Skip("lives through two years")
	}
	dsn, people := build(t, 1, 0)
	o := open(t, dsn)
	o.none("decided topics with inputs that nothing became of", `SELECT t.title FROM topic t JOIN topic_input i ON i.topic = t.id WHERE t.state = 'decided' AND i.disposition = ''`)
	o.none("lifted topics that nobody owes an answer for", `SELECT t.title FROM topic t WHERE t.state = 'lifted' AND NOT EXISTS (SELECT 1 FROM topic_lift l WHERE l.origin = t.id AND l.answer <> 'returned')`)
	o.none("decisions without quorum", `SELECT title FROM decision WHERE json_extract(record, '$.Roll.Quorum.Held') <> 1`)
	o.none("topics of bodies with patients' seats that came on an agenda unasked", `SELECT t.title FROM topic t WHERE t.state IN ('agenda', 'decided') AND t.input_until = 0 AND t.input_waived = ''
		AND EXISTS (SELECT 1 FROM seat s WHERE s.body = t.body AND s.sector = 'patient')`)
	o.none("decisions in force whose minutes are not sealed and whose item was not approved", `SELECT d.title FROM decision d JOIN decision_force f ON f.decision = d.id JOIN minutes m ON m.id = f.minutes
		WHERE m.state <> 'sealed' AND NOT EXISTS (SELECT 1 FROM minutes_approval a WHERE a.minutes = m.id AND a.item = d.item)`)
	o.some("measures that are done", 2, `SELECT id FROM measure WHERE state = 'done'`)
	o.some("measures past their day, with a report that didn't come", 2, `SELECT id FROM measure WHERE state = 'active' AND due < $1 AND owed > 0 AND owed < $1 AND moves > 0`, morning.UnixMicro())
	o.some("measures that rest on decisions", 2, `SELECT m.id FROM measure m JOIN decision_effect e ON e.decision = m.decision AND e.ref = m.effect`)
	o.some("years that were followed up", 4, `SELECT id FROM plan_snapshot`)
	o.none("anything that has happened after the end", `SELECT kind FROM forum_event WHERE at > $1`, morning)
	o.none("people who answered that they won't come and were there", `SELECT p.name FROM meeting_reply r JOIN meeting_attendance a ON a.meeting = r.meeting AND a.person = r.person
		JOIN person p ON p.id = r.person WHERE r.answer <> 'coming'`)
	o.some("procedures that hold or are recommended", 8, `SELECT id FROM procedure WHERE current > 0`)
	o.some("second versions that regions are asked about again", 3, `SELECT procedure FROM procedure_version WHERE number = 2 AND state IN ('recommended', 'force')`)
	o.some("drafts of procedures", 2, `SELECT id FROM procedure WHERE draft > 0`)
	for _, state := range []procedure.Answer{procedure.Adopted, procedure.Deviating, procedure.Considering, procedure.Declined} {
		o.some("regions of which a procedure is "+string(state), 1, `SELECT procedure FROM procedure_record WHERE state = $1`, string(state))
	}
	o.none("regions that somebody else answered for", `SELECT r.procedure FROM procedure_record r WHERE NOT EXISTS (SELECT 1 FROM holding h JOIN seat s ON s.id = h.seat JOIN body b ON b.id = s.body
		WHERE h.person = r.person AND b.network = r.region AND b.kind = 'secretariat')`)
	o.toolbox()
	o.weekdays(morning)
	o.inForce(morning)
	o.seals()
	o.everything()
	for _, p := range people {
		o.waits(p)
		if p.As == "regional" {
			o.lifts(p)
		}
	}
	o.invented()
}

// toolbox checks that in each country a group has results over time, one was answered by too few to be shown, and one is asked now.
func (o *opened) toolbox() {
	o.Helper()
	for _, slug := range []string{"se", "no"} {
		for what, query := range map[string]string{
			"groups that are mapped": `SELECT g.name FROM toolbox_group g JOIN network n ON n.id = g.root WHERE n.slug = $1`,
			"a group with results over time": `SELECT g.name FROM toolbox_group g JOIN network n ON n.id = g.root JOIN toolbox_round r ON r.grp = g.id JOIN toolbox_batch b ON b.round = r.id
				WHERE n.slug = $1 GROUP BY g.id, g.name HAVING COUNT(DISTINCT r.id) >= 3`,
			"a group below five":     `SELECT g.name FROM toolbox_group g JOIN network n ON n.id = g.root JOIN toolbox_pool p ON p.grp = g.id WHERE n.slug = $1 AND NOT EXISTS (SELECT 1 FROM toolbox_round r JOIN toolbox_batch b ON b.round = r.id WHERE r.grp = g.id)`,
			"a round that is open":   fmt.Sprintf(`SELECT g.name FROM toolbox_group g JOIN network n ON n.id = g.root JOIN toolbox_round r ON r.grp = g.id WHERE n.slug = $1 AND r.closes > %d`, storage.Micros(morning)),
			"what somebody chose":    `SELECT s.name FROM toolbox_setup s JOIN network n ON n.id = s.root WHERE n.slug = $1`,
			"what somebody proposed": `SELECT m.model FROM toolbox_model m JOIN network n ON n.id = m.root WHERE n.slug = $1`,
		} {
			if found := o.column(query, slug); len(found) == 0 {
				o.Errorf("%s: there is no %s", slug, what)
			}
		}
	}
}

// weekdays checks that bodies meet on Mondays to Fridays. The meeting that goes on now goes on whatever day it is.
func (o *opened) weekdays(now time.Time) {
	o.Helper()
	for _, at := range o.column(`SELECT starts FROM meeting WHERE state <> 'running'`) {
		us, err := strconv.ParseInt(at, 10, 64)
		if err != nil {
			o.Fatal(err)
		}
		if day := storage.Time(us).In(oslo(o.T)); isWeekend(day) {
			o.Errorf("built on a %s, a body meets on a %s, %s", now.Weekday(), day.Weekday(), day.Format(time.DateOnly))
			return
		}
	}
}

// oslo is the zone of both countries' meetings, but for its name.
func oslo(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Oslo")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// lifts checks that who coordinates a region has a topic of it to lift, and may.
func (o *opened) lifts(p Person) {
	o.Helper()
	topics := o.column(`SELECT t.id FROM topic t JOIN body b ON b.id = t.body JOIN seat s ON s.body IN (SELECT id FROM body WHERE network = b.network AND kind = 'secretariat')
		JOIN holding h ON h.seat = s.id WHERE h.person = $1 AND t.state IN ('prepared', 'input', 'raised') ORDER BY t.state`, string(p.ID))
	if len(topics) == 0 {
		o.Fatalf("%s %s has no topic to lift", p.Slug, p.As)
	}
	to := o.column(`SELECT b.id FROM body b JOIN network n ON n.id = b.network WHERE n.parent IS NULL AND n.slug = $1 AND b.kind IN ('steering', 'coordination')`, p.Slug)
	_, err := o.forum.Lift(o.Context(), network.Actor{Person: p.ID}, forum.TopicID(topics[0]), forum.Lifting{Body: network.BodyID(to[0]), Why: "It is so everywhere.", Criteria: []string{"equal"}})
	if err != nil {
		o.Errorf("%s %s can't lift: %v", p.Slug, p.As, err)
	}
}

// seals verifies every sealed minutes.
func (o *opened) seals() {
	o.Helper()
	sealed := o.column(`SELECT id FROM minutes WHERE state = 'sealed'`)
	if len(sealed) < 200 {
		o.Errorf("only %d minutes are sealed", len(sealed))
	}
	for _, id := range sealed {
		if v, err := o.forum.Verify(context.Background(), network.Clock(), forum.MinutesID(id)); err != nil || !v.Holds {
			o.Fatalf("minutes %s: %v, wrong: %v", id, err, v.Wrong)
		}
	}
}

// everything checks that there is some of everything, in both countries.
func (o *opened) everything() {
	o.Helper()
	o.some("certificates", 10, `SELECT code FROM learning_certificate`)
	o.some("activities in full with somebody who waits", 2, `SELECT a.id FROM learning_activity a WHERE a.seats > 0 AND a.taken = a.seats AND EXISTS (SELECT 1 FROM learning_registration g WHERE g.activity = a.id AND g.state = 'waiting')`)
	o.some("offered seats", 2, `SELECT id FROM learning_registration WHERE state = 'offered'`)
	o.some("evaluations that are shown", 10, `SELECT id FROM learning_answer WHERE batch > 0`)
	o.some("activities that a decision led to", 2, `SELECT ref FROM decision_effect e JOIN learning_activity a ON a.id = e.ref`)
	for _, slug := range []string{"se", "no"} {
		in := ` AND root = (SELECT id FROM network WHERE parent IS NULL AND slug = '` + slug + `')`
		for _, s := range []string{"raised", "input", "prepared", "agenda", "decided", "returned", "lifted", "merged", "closed"} {
			o.some(slug+": topics that are "+s, 1, `SELECT title FROM topic WHERE state = $1`+in, s)
		}
		for what, query := range map[string]string{
			"a meeting that goes on":           `SELECT id FROM meeting WHERE state = 'running'`,
			"meetings convened":                `SELECT id FROM meeting WHERE state = 'convened'`,
			"a meeting called off":             `SELECT id FROM meeting WHERE state = 'cancelled'`,
			"a circulation under way":          `SELECT id FROM circulation WHERE state = 'open'`,
			"a circulation that decided":       `SELECT id FROM circulation WHERE state = 'decided'`,
			"minutes that wait":                `SELECT id FROM minutes WHERE state = 'draft'`,
			"corrected minutes":                `SELECT id FROM minutes WHERE edition > 1`,
			"an answer that is late":           `SELECT id FROM topic_lift WHERE answered = 0 AND told > 0`,
			"an answer that is owed":           `SELECT id FROM topic_lift WHERE answered = 0 AND told = 0`,
			"a vacancy":                        `SELECT id FROM vacancy WHERE closed = 0`,
			"interests":                        `SELECT id FROM interest WHERE 1 = 1`,
			"agreements":                       `SELECT id FROM agreement WHERE 1 = 1`,
			"posts":                            `SELECT id FROM post WHERE 1 = 1`,
			"recommendations or decisions":     `SELECT id FROM decision WHERE mandate IN ('recommends', 'decides')`,
			"a decision with dissent or votes": `SELECT id FROM decision WHERE method = 'vote'`,
		} {
			o.some(slug+": "+what, 1, query+in)
		}
	}
	o.some("decisions that were put in another's place", 5, `SELECT old FROM decision_supersedes`)
	o.some("items put off for want of quorum", 5, `SELECT id FROM meeting_item WHERE outcome = 'deferred'`)
	o.some("recusals", 2, `SELECT item FROM meeting_recusal WHERE state = 'declared'`)
	o.some("people", 250, `SELECT id FROM person`)
}

// waits checks that something waits for whoever one can sign in as.
func (o *opened) waits(p Person) {
	o.Helper()
	root, _ := o.network.Tree().Root(p.Slug)
	w, err := o.forum.Waiting(o.Context(), network.Actor{Person: p.ID}, root.ID)
	if err != nil {
		o.Fatal(err)
	}
	var kinds []string
	for _, one := range w.Waits {
		kinds = append(kinds, string(one.Kind))
	}
	slices.Sort(kinds)
	kinds = slices.Compact(kinds)
	o.Logf("%s %s: %v, %d seats, %d inputs, %d raised, %d notices", p.Slug, p.As, kinds, len(w.Seats), len(w.Inputs), len(w.Raised), len(w.Notices))
	for _, k := range waitsFor[p.As] {
		if !slices.Contains(kinds, string(k)) {
			o.Errorf("%s, %s: there is no %s among what waits: %v", p.Slug, p.As, k, kinds)
		}
	}
}

// What waits for whom at least.
var waitsFor = map[string][]forum.WaitKind{
	"coordinator": {forum.WaitsAnswer, forum.WaitsPlace},
	"regional":    {forum.WaitsPrepare},
	"chair":       {forum.WaitsMeeting, forum.WaitsVote, forum.WaitsAnswer},
	"clinician":   {forum.WaitsMeeting, forum.WaitsMinutes},
	"patient":     {forum.WaitsInput, forum.WaitsMinutes, forum.WaitsMeeting, forum.WaitsVote, forum.WaitsSeat},
	"lead":        {forum.WaitsInput, forum.WaitsMeeting},
	"steward":     {forum.WaitsMeeting, forum.WaitsVote},
	"industry":    {forum.WaitsMeeting},
}

// invented checks that companies and patient organisations are those of the story, and that nobody has a name that is somebody's.
func (o *opened) invented() {
	o.Helper()
	all, err := countries()
	if err != nil {
		o.Fatal(err)
	}
	known, never := map[string]bool{}, map[string]bool{}
	for _, c := range all {
		for _, line := range c.Organisations {
			known[line.Name] = true
		}
		for _, n := range c.Never {
			never[n] = true
		}
	}
	for _, column := range o.column(`SELECT name FROM organisation WHERE kind IN ('company', 'patient', 'foundation')`) {
		var name network.Text
		if err := name.Scan(column); err != nil {
			o.Fatal(err)
		}
		if text, _ := name.In("sv"); !known[text] {
			o.Errorf("%s is not on the list of invented organisations", text)
		}
	}
	for _, name := range o.column(`SELECT name FROM person`) {
		if never[name] {
			o.Errorf("somebody is called %s", name)
		}
	}
}

// What patients said has what became of it wherever the story tells of a decision.
func TestStoriesAreWhole(t *testing.T) {
	all, err := countries()
	if err != nil {
		t.Fatal(err)
	}
	fates := []string{"raised", "input", "asked", "prepared", "agenda", "running", "decided", "deferred", "returned", "merged", "closed", "lifted", "circulated", "circulating"}
	for _, c := range all {
		keys := map[string]bool{}
		for _, s := range c.topics {
			if keys[s.Key] || !slices.Contains(fates, s.Fate) {
				t.Errorf("%s is there twice, or its fate %q is unknown", s.Key, s.Fate)
			}
			keys[s.Key] = true
			decides := s.Fate == "decided" || s.Fate == "deferred" || strings.HasPrefix(s.Fate, "circulat")
			if decides != (s.Dec != nil) || (s.Fate == "lifted") != (s.Lift != nil) {
				t.Errorf("%s: %s, and its decision or lift doesn't fit that", s.Key, s.Fate)
			}
			for _, in := range s.In {
				if decides && (in.What == "" || in.Why == "") {
					t.Errorf("%s: nothing becomes of %q", s.Key, in.Text)
				}
			}
		}
	}
}

// It can be made at any time of any day, from any seed.
func TestAnyMoment(t *testing.T) {
	moments := []time.Time{time.Date(2027, 1, 3, 0, 4, 0, 0, time.UTC)} // a Sunday
	if os.Getenv("SAMVERK_LONG") != "" {
		moments = append(moments, time.Date(2026, 3, 29, 1, 30, 0, 0, time.UTC), time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC),
			time.Date(2026, 12, 26, 22, 58, 0, 0, time.UTC), time.Date(2028, 2, 29, 12, 0, 0, 0, time.UTC), time.Date(2026, 7, 15, 6, 0, 0, 0, time.UTC),
			time.Date(2026, 5, 17, 17, 17, 0, 0, time.UTC), time.Date(2026, 11, 22, 23, 20, 0, 0, time.UTC), time.Date(2027, 6, 19, 9, 0, 0, 0, time.UTC))
	} else if testing.Short() {
		t.Skip("lives through two years")
	}
	for i, now := range moments {
		dsn := "sqlite:" + filepath.Join(t.TempDir(), "samverk.db")
		if _, err := Build(t.Context(), Options{Seed: uint64(40 + i), Now: now, DSN: dsn, Files: t.TempDir(), Migrations: migrations, Write: written}); err != nil {
			t.Errorf("seed %d, %s: %v", 40+i, now, err)
			continue
		}
		o := open(t, dsn)
		o.some("meetings that go on, "+now.String(), 2, `SELECT id FROM meeting WHERE state = 'running'`)
		o.everything()
		o.weekdays(now)
		o.inForce(now)
	}
}
