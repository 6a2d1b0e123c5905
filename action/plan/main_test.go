package plan

import (
	"flag"
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

func TestMain(m *testing.M) {
	flag.Parse()
	if os.Getenv(killWorld) == "" && flag.Lookup("test.skip").Value.String() == "" {
		_ = flag.Set("test.skip", "^TestWriteUntilKilled$") // it is run by the test that kills it
	}
	os.Exit(testkit.Main(m))
}

func long() bool { return os.Getenv("SAMVERK_LONG") == "1" }

const day = 24 * time.Hour

// clock stands still until it is moved.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time          { return c.now }
func (c *clock) forward(d time.Duration) { c.now = c.now.Add(d) }

// world is an opened room with a tenant of a nation and a region, and another tenant beside it.
type world struct {
	*Room
	*clock
	t      testing.TB
	root   network.ID
	west   network.ID
	coord  network.Actor // of the nation
	chair  network.Actor // of a body of the nation
	body   network.BodyID
	plain  network.Actor // registered with the nation, without a seat
	local  network.Actor // coordinates the region
	other  network.Actor // coordinates another tenant
	clinic network.OrganisationID
}

var tables = []fs.FS{network.Migrations, notice.Migrations, forum.Migrations, Migrations}

func room(t testing.TB, dsn string, c *clock) *Room {
	t.Helper()
	ctx := t.Context()
	db := got(storage.Open(ctx, dsn, storage.Options{Now: c.Now, Migrations: tables}))(t)
	t.Cleanup(func() { _ = db.Close() })
	n := got(network.Open(ctx, db))(t)
	told := got(notice.Open(ctx, db, notice.Options{URL: "https://samverk.example"}))(t)
	f := got(forum.Open(ctx, db, n, told, forum.Options{Files: t.TempDir(), URL: "https://samverk.example"}))(t)
	return got(Open(ctx, db, n, f, told))(t)
}

func open(t testing.TB, dsn string) *world {
	t.Helper()
	ctx, c := t.Context(), &clock{time.Date(2026, 1, 7, 12, 0, 0, 0, time.UTC)}
	w := &world{Room: room(t, dsn, c), clock: c, t: t}
	w.coord = network.Actor{Person: got(w.network.AddOperator(ctx, "Kari Koordinator", "nb"))(t)}
	w.root = got(w.network.Setup(ctx, w.coord, network.SetUp{Template: "empty", Slug: "no", Name: network.Text{NB: "Nettverket"}, Lang: "nb", Zone: "Europe/Oslo", Country: "NO"}))(t)
	w.west = got(w.network.AddNetwork(ctx, w.coord, network.Network{Parent: w.root, Slug: "vest", Kind: network.Regional, Name: network.Text{NB: "Helse Vest"}}))(t)
	w.body = got(w.network.AddBody(ctx, w.coord, network.Body{Network: w.root, Kind: network.WorkingGroup, Name: network.Text{NB: "Gruppen"}, Mandate: network.Decides, Visibility: network.Public, InputDays: 14, AnswerDays: 60, PaperDays: 7}))(t)
	w.chair = w.seat(w.body, w.root, network.Chair, network.Care, "Liv Leder")
	office := got(w.network.AddBody(ctx, w.coord, network.Body{Network: w.west, Kind: network.Secretariat, Name: network.Text{NB: "Sekretariat vest"}, Mandate: network.Advises, Visibility: network.Public, InputDays: 14, AnswerDays: 60, PaperDays: 7}))(t)
	w.local = w.seat(office, w.west, network.Member, network.Care, "Vera Vest")
	w.plain = w.person(w.root, "Pia Plain")
	w.clinic = got(w.network.AddOrganisation(ctx, w.coord, network.Organisation{Root: w.root, Kind: network.Hospital, Sector: network.Care, Name: network.Text{NB: "Sykehuset"}}))(t)
	w.other = network.Actor{Person: got(w.network.AddOperator(ctx, "Siri Svensk", "sv"))(t)}
	got(w.network.Setup(ctx, w.other, network.SetUp{Template: "empty", Slug: "se", Name: network.Text{SV: "Nätverket"}, Lang: "sv", Zone: "Europe/Stockholm", Country: "SE"}))(t)
	return w
}

func (w *world) seat(b network.BodyID, n network.ID, role network.Role, sector network.Sector, name string) network.Actor {
	w.t.Helper()
	s := got(w.network.AddSeat(w.t.Context(), w.coord, network.Seat{Body: b, Role: role, Sector: sector}))(w.t)
	who := w.person(n, name)
	got(w.network.Give(w.t.Context(), w.coord, network.Term{Seat: s, Person: who.Person}))(w.t)
	return who
}

func (w *world) person(n network.ID, name string) network.Actor {
	w.t.Helper()
	return network.Actor{Person: got(w.network.AddPerson(w.t.Context(), w.coord, network.NewPerson{Name: name, Lang: "nb", Network: n}))(w.t)}
}

// Now is the test's clock.
func (w *world) Now() time.Time { return w.clock.now }

func (w *world) date(s string) time.Time {
	w.t.Helper()
	return got(time.ParseInLocation(time.DateOnly, s, w.network.Zone(w.root)))(w.t)
}

// make makes the nation's plan, for everybody.
func (w *world) make(v network.Visibility) ID {
	w.t.Helper()
	return got(w.Make(w.t.Context(), w.coord, Draft{Network: w.root, Title: "Handlingsplan", Visibility: v, From: w.date("2026-01-01"), To: w.date("2029-01-01")}))(w.t)
}

// add adds a measure that the plain person owns, due at the end of June.
func (w *world) add(p ID, what string) MeasureID {
	w.t.Helper()
	return got(w.Add(w.t.Context(), w.coord, p, w.task(what)))(w.t)
}

func (w *world) task(what string) Task {
	return Task{What: what, Owner: w.plain.Person, Start: w.date("2026-01-01"), Due: w.date("2026-07-01")}
}

func (w *world) see(who network.Actor, id MeasureID) MeasureView {
	w.t.Helper()
	return got(w.Measure(w.t.Context(), who, w.root, id))(w.t)
}

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
