package forum

import (
	"context"
	"flag"
	"io/fs"
	"os"
	"testing"
	"time"

	"github.com/samverk/samverk/fault"
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
type clock struct{ now time.Time }

func (c *clock) Now() time.Time          { return c.now }
func (c *clock) forward(d time.Duration) { c.now = c.now.Add(d) }

// group is a body with who sits in it.
type group struct {
	id                     network.BodyID
	network                network.ID
	chair, patient, member network.Actor // patient: nobody in a body without patients' seats
}

// world is an opened room with a tenant of a nation and two regions, and another tenant beside it.
type world struct {
	*Forum
	*clock
	t     testing.TB
	db    *storage.DB
	root  network.ID
	coord network.Actor // of the nation
	top   group         // the nation's coordination group, with a patients' seat
	west  group         // a region's group, with a patients' seat
	north group         // a region's group without one
	plain network.Actor // registered with the nation, without a seat
	other network.Actor // coordinates another tenant
}

func open(t testing.TB, dsn string) *world {
	t.Helper()
	ctx, c := t.Context(), &clock{time.Date(2026, 1, 7, 12, 0, 0, 0, time.UTC)}
	db := got(storage.Open(ctx, dsn, storage.Options{Now: c.Now, Migrations: []fs.FS{network.Migrations, notice.Migrations, Migrations}}))(t)
	t.Cleanup(func() { _ = db.Close() })
	n := got(network.Open(ctx, db))(t)
	told := got(notice.Open(ctx, db, notice.Options{URL: "https://samverk.example"}))(t)
	w := &world{clock: c, t: t, db: db}
	w.Forum = got(Open(ctx, db, n, told, Options{Files: t.TempDir()}))(t)
	w.root, w.coord = w.tenant("no")
	w.top = w.group(w.coord, w.root, "Koordineringsgruppen", true)
	w.west = w.region("vest", true)
	w.north = w.region("nord", false)
	w.plain = w.person(w.coord, w.root, "Pia Plain")
	_, w.other = w.tenant("se")
	return w
}

func (w *world) tenant(slug string) (network.ID, network.Actor) {
	w.t.Helper()
	ctx := w.t.Context()
	who := network.Actor{Person: got(w.network.AddOperator(ctx, "Kari Koordinator", "nb"))(w.t)}
	return got(w.network.Setup(ctx, who, network.SetUp{Template: "empty", Slug: slug, Name: network.Text{NB: "Nettverket " + slug}, Lang: "nb", Zone: "Europe/Oslo", Country: "NO"}))(w.t), who
}

func (w *world) region(slug string, patients bool) group {
	w.t.Helper()
	id := got(w.network.AddNetwork(w.t.Context(), w.coord, network.Network{Parent: w.root, Slug: slug, Kind: network.Regional, Name: network.Text{NB: "Helse " + slug}}))(w.t)
	return w.group(w.coord, id, "Gruppen "+slug, patients)
}

func (w *world) group(by network.Actor, n network.ID, name string, patients bool) group {
	w.t.Helper()
	b := network.Body{Network: n, Kind: network.WorkingGroup, Name: network.Text{NB: name}, Mandate: network.Decides, Visibility: network.Public, InputDays: 14, AnswerDays: 60, PaperDays: 7}
	g := group{network: n, id: got(w.network.AddBody(w.t.Context(), by, b))(w.t)}
	g.chair = w.seat(by, g, network.Chair, network.Care, name+" leder")
	g.member = w.seat(by, g, network.Member, network.Academia, name+" medlem")
	if patients {
		g.patient = w.seat(by, g, network.Member, network.Patient, name+" pasient")
	}
	return g
}

// seat adds a seat with somebody new in it.
func (w *world) seat(by network.Actor, g group, role network.Role, sector network.Sector, name string) network.Actor {
	w.t.Helper()
	s := got(w.network.AddSeat(w.t.Context(), by, network.Seat{Body: g.id, Role: role, Sector: sector}))(w.t)
	who := w.person(by, g.network, name)
	got(w.network.Give(w.t.Context(), by, network.Term{Seat: s, Person: who.Person}))(w.t)
	return who
}

func (w *world) person(by network.Actor, n network.ID, name string) network.Actor {
	w.t.Helper()
	return network.Actor{Person: got(w.network.AddPerson(w.t.Context(), by, network.NewPerson{Name: name, Lang: "nb", Network: n}))(w.t)}
}

// Now is the test's clock.
func (w *world) Now() time.Time { return w.clock.now }

// got gives a call's value, and ends the test when it failed.
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

// read runs a query within the room.
func (w *world) read(do func(context.Context, *storage.Tx)) {
	w.t.Helper()
	w.ok(w.db.Read(w.t.Context(), func(tx *storage.Tx) error { do(w.t.Context(), tx); return nil }))
}
