package toolbox

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"testing"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

func TestMain(m *testing.M) { os.Exit(testkit.Main(m)) }

// world is an opened room over a tenant with a body, and another tenant beside it.
type world struct {
	*Toolbox
	t      testing.TB
	ctx    context.Context
	now    time.Time
	root   network.ID
	coord  network.Actor
	second network.Actor // coordinates too
	plain  network.Actor // registered, without a seat
	other  network.Actor // coordinates another tenant
	body   network.BodyID
	seated []network.Actor // in the body; the first is its chair
}

func open(t testing.TB, dsn string, seats int) *world {
	t.Helper()
	w := &world{t: t, ctx: context.Background(), now: time.Date(2026, 1, 7, 12, 0, 0, 0, time.UTC)}
	db := got(storage.Open(w.ctx, dsn, storage.Options{Now: func() time.Time { return w.now }, Migrations: []fs.FS{network.Migrations, notice.Migrations, forum.Migrations, Migrations}}))(t)
	t.Cleanup(func() { _ = db.Close() })
	n := got(network.Open(w.ctx, db))(t)
	told := got(notice.Open(w.ctx, db, notice.Options{URL: "https://samverk.example"}))(t)
	f := got(forum.Open(w.ctx, db, n, told, forum.Options{Files: t.TempDir()}))(t)
	w.Toolbox = got(Open(w.ctx, db, n, f, told, Options{URL: "https://samverk.example"}))(t)
	tenant := func(slug string) (network.ID, network.Actor) {
		who := network.Actor{Person: got(n.AddOperator(w.ctx, "Kari Koordinator", "nb"))(t)}
		return got(n.Setup(w.ctx, who, network.SetUp{Template: "empty", Slug: slug, Name: network.Text{NB: "Nettverket " + slug}, Lang: "nb", Zone: "Europe/Oslo", Country: "NO"}))(t), who
	}
	w.root, w.coord = tenant("no")
	_, w.other = tenant("se")
	w.plain = w.person("Pia Plain")
	w.second = w.person("Siri Sekretær")
	var secretariat network.BodyID
	w.ok(n.Look(w.ctx, w.coord, func(tx *storage.Tx, a network.Access) error {
		all, err := n.Bodies(w.ctx, tx, a, w.root, w.root)
		for _, b := range all {
			if b.Kind == network.Secretariat {
				secretariat = b.ID
			}
		}
		return err
	}))
	w.seat(secretariat, network.Member, w.second)
	w.body = got(n.AddBody(w.ctx, w.coord, network.Body{Network: w.root, Kind: network.WorkingGroup, Name: network.Text{NB: "Gruppen"}, Mandate: network.Recommends, Visibility: network.Public}))(t)
	for i := range seats {
		role := network.Member
		if i == 0 {
			role = network.Chair
		}
		who := w.person(fmt.Sprint("Medlem ", i))
		w.seat(w.body, role, who)
		w.seated = append(w.seated, who)
	}
	return w
}

func (w *world) seat(b network.BodyID, role network.Role, who network.Actor) {
	w.t.Helper()
	id := got(w.network.AddSeat(w.ctx, w.coord, network.Seat{Body: b, Role: role, Sector: network.Patient}))(w.t)
	got(w.network.Give(w.ctx, w.coord, network.Term{Seat: id, Person: who.Person}))(w.t)
}

func (w *world) person(name string) network.Actor {
	w.t.Helper()
	return network.Actor{Person: got(w.network.AddPerson(w.ctx, w.coord, network.NewPerson{Name: name, Lang: "nb", Network: w.root}))(w.t)}
}

func (w *world) days(n int) { w.now = w.now.AddDate(0, 0, n) }

func got[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) is(kind fault.Kind, err error) {
	w.t.Helper()
	if err == nil || fault.KindOf(err) != kind {
		w.t.Fatalf("%v, and a failure of kind %v was expected", err, kind)
	}
}

// evaluated describes the body and has it evaluated from now on.
func (w *world) evaluated(with string, every int) string {
	w.t.Helper()
	id := got(w.Describe(w.ctx, w.seated[0], Group{Body: w.body, Model: "working-pair", Lang: "nb"}))(w.t)
	w.ok(w.Evaluate(w.ctx, w.seated[0], w.root, id, with, time.Time{}, every))
	w.ok(w.RoundsDue(w.ctx))
	return id
}

// latest is a group's last round, as it is kept.
func (w *world) latest(group string) Round {
	w.t.Helper()
	var r Round
	w.ok(w.db.Read(w.ctx, func(tx *storage.Tx) error {
		all, err := w.rounds(w.ctx, tx, `r.grp = $1 ORDER BY r.opens DESC, r.id DESC LIMIT 1`, group)
		if len(all) > 0 {
			r = all[0]
		}
		return err
	}))
	return r
}

// dump is everything the room keeps, a row a line, after the table's name.
func (w *world) dump() (out []string) {
	w.t.Helper()
	w.ok(w.db.Read(w.ctx, func(tx *storage.Tx) error {
		out = nil
		for _, table := range []string{"toolbox_model", "toolbox_rules", "toolbox_setup", "toolbox_part", "toolbox_group", "toolbox_round", "toolbox_asked", "toolbox_pool", "toolbox_batch", "network_event", "notice"} {
			rows, err := tx.Query(w.ctx, `SELECT * FROM `+table)
			if err != nil {
				return err
			}
			columns, err := rows.Columns()
			for err == nil && rows.Next() {
				values := make([]any, len(columns))
				for i := range values {
					values[i] = new(any)
				}
				if err = rows.Scan(values...); err == nil {
					line := table
					for _, v := range values {
						line += fmt.Sprintf(" | %s", *v.(*any))
					}
					out = append(out, line)
				}
			}
			rows.Close()
			if err != nil {
				return err
			}
		}
		return nil
	}))
	return out
}
