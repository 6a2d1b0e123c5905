package learning

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

func TestMain(m *testing.M) {
	flag.Parse()
	if os.Getenv(killWorld) == "" && flag.Lookup("test.skip").Value.String() == "" {
		_ = flag.Set("test.skip", "^TestWriteUntilKilled$") // it is run by the test that kills it
	}
	os.Exit(testkit.Main(m))
}

const day = 24 * time.Hour

// clock stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) forward(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// world is an opened room with a nation and a region, and another tenant beside it.
type world struct {
	*Room
	clock   *clock
	t       testing.TB
	db      *storage.DB
	told    *notice.Notices
	root    network.ID
	west    network.ID
	coord   network.Actor // of the nation
	chair   network.Actor // of a body in the region
	body    network.BodyID
	plain   network.Actor // registered with the nation
	other   network.Actor // coordinates another tenant
	tenants int
}

func openAt(t testing.TB, dsn string, now time.Time) *world {
	t.Helper()
	ctx, c := t.Context(), &clock{now: now}
	w := &world{clock: c, t: t}
	w.db = got(storage.Open(ctx, dsn, storage.Options{Now: c.Now, Migrations: []fs.FS{network.Migrations, notice.Migrations, forum.Migrations, Migrations}}))(t)
	t.Cleanup(func() { _ = w.db.Close() })
	n := got(network.Open(ctx, w.db))(t)
	w.told = got(notice.Open(ctx, w.db, notice.Options{URL: "https://samverk.example", Server: "smtp://localhost:1", From: "a@samverk.example", Key: testkit.OutboxKey}))(t)
	f := got(forum.Open(ctx, w.db, n, w.told, forum.Options{Files: t.TempDir(), URL: "https://samverk.example"}))(t)
	w.Room = got(Open(ctx, w.db, n, f, w.told, Options{URL: "https://samverk.example", Demo: true}))(t)
	return w
}

func open(t testing.TB, dsn string) *world {
	t.Helper()
	w := openAt(t, dsn, time.Date(2026, 1, 7, 12, 0, 0, 0, time.UTC))
	w.people("no")
	return w
}

// people makes a tenant, and another beside it.
func (w *world) people(slug string) {
	t := w.t
	w.root, w.coord = w.tenant(slug)
	w.west = got(w.network.AddNetwork(t.Context(), w.coord, network.Network{Parent: w.root, Slug: "vest", Kind: network.Regional, Name: network.Text{NB: "Helse Vest"}}))(t)
	w.body = got(w.network.AddBody(t.Context(), w.coord, network.Body{Network: w.west, Kind: network.WorkingGroup, Name: network.Text{NB: "Gruppen"}, Mandate: network.Decides, Visibility: network.Public, InputDays: 14, AnswerDays: 60, PaperDays: 7}))(t)
	w.chair = w.seated(w.body, network.Chair, network.Care, "Lise Leder")
	w.plain = w.person("Pia Plain")
	_, w.other = w.tenant(slug + "-other")
}

// again is the same room with people of another tenant.
func (w *world) again(t *testing.T) *world {
	t.Helper()
	n := *w
	n.t = t
	n.tenants++
	w.tenants++
	n.people(fmt.Sprint("t", n.tenants))
	return &n
}

func (w *world) seated(b network.BodyID, role network.Role, sector network.Sector, name string) network.Actor {
	w.t.Helper()
	seat := got(w.network.AddSeat(w.t.Context(), w.coord, network.Seat{Body: b, Role: role, Sector: sector}))(w.t)
	who := w.person(name)
	got(w.network.Give(w.t.Context(), w.coord, network.Term{Seat: seat, Person: who.Person}))(w.t)
	return who
}

func (w *world) tenant(slug string) (network.ID, network.Actor) {
	w.t.Helper()
	who := network.Actor{Person: got(w.network.AddOperator(w.t.Context(), "Kari Koordinator", "nb"))(w.t)}
	return got(w.network.Setup(w.t.Context(), who, network.SetUp{Template: "empty", Slug: slug, Name: network.Text{NB: "Nettverket " + slug}, Lang: "nb", Zone: "Europe/Oslo", Country: "NO"}))(w.t), who
}

func (w *world) person(name string) network.Actor {
	w.t.Helper()
	return network.Actor{Person: got(w.network.AddPerson(w.t.Context(), w.coord, network.NewPerson{Name: name, Lang: "nb", Network: w.root}))(w.t)}
}

// plan is a course of two evenings, in ten days.
func (w *world) plan(seats int) Plan {
	at := w.clock.Now().Add(10 * day).Truncate(time.Hour)
	return Plan{Activity: Activity{Network: w.root, Kind: Course, Title: "Å sitte i en styringsgruppe", Text: "For deg som er ny.", Lang: "nb", Audience: []Audience{Patients, Representatives}, Visibility: network.Public,
		Place: "Bergen", Link: "https://meet.example/abc", Seats: seats, Accept: 24, Anyone: true, Certificate: true, NeedsDays: 14},
		Sessions: []Session{{Starts: at, Ends: at.Add(2 * time.Hour)}, {Starts: at.Add(7 * day), Ends: at.Add(7*day + 2*time.Hour), Title: "Andre kveld"}}}
}

func (w *world) published(p Plan) ID {
	w.t.Helper()
	id := got(w.Add(w.t.Context(), w.coord, p))(w.t)
	w.ok(w.Publish(w.t.Context(), w.coord, id))
	return id
}

func (w *world) of(who network.Actor, id ID) View {
	w.t.Helper()
	return got(w.View(w.t.Context(), Registrant{Actor: who, Activity: id}, w.root))(w.t)
}

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

// is expects a failure of a kind.
func (w *world) is(kind fault.Kind, err error) {
	w.t.Helper()
	if err == nil || fault.KindOf(err) != kind {
		w.t.Fatalf("%v, and a failure of kind %v was expected", err, kind)
	}
}

func (w *world) count(query string, args ...any) (n int) {
	w.t.Helper()
	w.ok(w.db.Read(w.t.Context(), func(tx *storage.Tx) error { return tx.QueryRow(w.t.Context(), query, args...).Scan(&n) }))
	return n
}

func (w *world) read(do func(context.Context, *storage.Tx) error) {
	w.t.Helper()
	w.ok(w.db.Read(w.t.Context(), func(tx *storage.Tx) error { return do(w.t.Context(), tx) }))
}
