package procedure

import (
	"context"
	"flag"
	"io/fs"
	"os"
	"strconv"
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

func long() bool { return os.Getenv("SAMVERK_LONG") != "" }

// world is an opened room with a nation of regions: each with a coordinator of its own but the last, which the nation looks after.
type world struct {
	*Room
	t       testing.TB
	mu      sync.Mutex
	now     time.Time
	root    network.ID
	body    network.BodyID // decides
	advises network.BodyID // recommends
	coord   network.Actor  // of the nation
	plain   network.Actor  // registered, without a seat
	other   network.Actor  // coordinates another tenant
	region  []network.ID
	speaker []network.Actor // by region; nobody in the last
	people  map[string]int  // by region's slug
	decided int
}

func (w *world) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) forward(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
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

func (w *world) is(kind fault.Kind, err error) {
	w.t.Helper()
	if err == nil || fault.KindOf(err) != kind {
		w.t.Fatalf("%v, and a failure of kind %v was expected", err, kind)
	}
}

var migrations = []fs.FS{network.Migrations, notice.Migrations, forum.Migrations, Migrations}

// on opens the rooms over a database.
func on(t testing.TB, dsn string, w *world) *world {
	t.Helper()
	ctx := t.Context()
	w.t = t
	db := got(storage.Open(ctx, dsn, storage.Options{Now: w.Now, Migrations: migrations}))(t)
	t.Cleanup(func() { _ = db.Close() })
	n := got(network.Open(ctx, db))(t)
	told := got(notice.Open(ctx, db, notice.Options{URL: "https://samverk.example"}))(t)
	f := got(forum.Open(ctx, db, n, told, forum.Options{Files: t.TempDir(), URL: "https://samverk.example"}))(t)
	w.Room = got(Open(ctx, db, n, f, told, Options{URL: "https://samverk.example", People: func(_, slug string, _ time.Time) (Figure, bool) {
		p, ok := w.people[slug]
		return Figure{People: p}, ok
	}}))(t)
	return w
}

func open(t testing.TB, dsn string, regions int) *world {
	t.Helper()
	w := on(t, dsn, &world{now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), people: map[string]int{}})
	ctx := t.Context()
	w.coord = network.Actor{Person: got(w.network.AddOperator(ctx, "Karin Kansli", "sv"))(t)}
	w.root = got(w.network.Setup(ctx, w.coord, network.SetUp{Template: "empty", Slug: "se", Name: network.Text{SV: "Nätverket"}, Lang: "sv", Zone: "Europe/Stockholm", Country: "SE"}))(t)
	w.body = w.group(w.coord, w.root, network.Decides)
	w.advises = w.group(w.coord, w.root, network.Recommends)
	w.plain = network.Actor{Person: got(w.network.AddPerson(ctx, w.coord, network.NewPerson{Name: "Pia Plan", Network: w.root}))(t)}
	for i := range regions {
		slug := "r" + strconv.Itoa(i)
		id := got(w.network.AddNetwork(ctx, w.coord, network.Network{Parent: w.root, Slug: slug, Kind: network.Regional, Name: network.Text{SV: "Region " + slug}}))(t)
		w.region = append(w.region, id)
		if i%3 != 1 { // of some it isn't known
			w.people[slug] = 100_000 * (i + 1)
		}
		var who network.Actor
		if i < regions-1 {
			b := got(w.network.AddBody(ctx, w.coord, network.Body{Network: id, Kind: network.Secretariat, Name: network.Text{SV: "Kansli"}, Mandate: network.Advises, Visibility: network.Public}))(t)
			who = w.seat(w.coord, b, id, network.Member)
		}
		w.speaker = append(w.speaker, who)
	}
	w.other = network.Actor{Person: got(w.network.AddOperator(ctx, "Odd Annen", "nb"))(t)}
	got(w.network.Setup(ctx, w.other, network.SetUp{Template: "empty", Slug: "no", Name: network.Text{NB: "Nettverket"}, Lang: "nb", Zone: "Europe/Oslo", Country: "NO"}))(t)
	return w
}

func (w *world) group(by network.Actor, n network.ID, m network.Mandate) network.BodyID {
	w.t.Helper()
	return got(w.network.AddBody(w.t.Context(), by, network.Body{Network: n, Kind: network.SteeringGroup, Name: network.Text{SV: "Gruppen " + string(m)}, Mandate: m, Visibility: network.Public, AnswerDays: 30}))(w.t)
}

func (w *world) seat(by network.Actor, b network.BodyID, n network.ID, role network.Role) network.Actor {
	w.t.Helper()
	s := got(w.network.AddSeat(w.t.Context(), by, network.Seat{Body: b, Role: role, Sector: network.Care}))(w.t)
	p := got(w.network.AddPerson(w.t.Context(), by, network.NewPerson{Name: "Rut Region", Network: n}))(w.t)
	got(w.network.Give(w.t.Context(), by, network.Term{Seat: s, Person: p}))(w.t)
	return network.Actor{Person: p}
}

func content(title string) Content {
	return Content{Title: title, ForWhom: "Alla som får fluoropyrimidin.", Who: "Läkaren beställer, laboratoriet svarar.", How: "Fyra varianter i DPYD.", Fast: "Inom 72 timmar.",
		Evidence: []Source{{Ref: "10.1000/182", Title: "En studie"}}}
}

func (w *world) create(title string) ID {
	w.t.Helper()
	return got(w.Create(w.t.Context(), w.coord, New{Network: w.root, Field: "cancer", Kind: "diagnostics", Lang: "sv", Content: content(title)}))(w.t)
}

// decision is one that a body made, as the forum tells of it.
func (w *world) decision(body network.BodyID, m network.Mandate) forum.Carried {
	w.decided++
	d := forum.Carried{}
	d.ID, d.Number, d.Root, d.Network, d.Body, d.Mandate, d.InForce = forum.DecisionID("d"+strconv.Itoa(w.decided)), "2026-"+strconv.Itoa(w.decided), w.root, w.root, body, m, w.Now()
	return d
}

func (w *world) carry(d forum.Carried, id ID, number int64, digest [32]byte) error {
	return w.db.Write(w.t.Context(), func(tx *storage.Tx) error { return w.Carry(w.t.Context(), tx, d, Ref(id, number), digest) })
}

func (w *world) view(who network.Actor, id ID) View {
	w.t.Helper()
	return got(w.View(w.t.Context(), who, w.root, id, 0))(w.t)
}

// force puts the open draft in force.
func (w *world) force(id ID) {
	w.t.Helper()
	p := w.view(w.coord, id)
	v := got(w.View(w.t.Context(), w.coord, w.root, id, p.Draft))(w.t).Version
	w.ok(w.carry(w.decision(w.body, network.Decides), id, v.Number, v.Digest))
}

// say lets a region's own coordinator record what it does.
func (w *world) say(region int, id ID, state Answer, reason string) error {
	return w.sayAs(w.speaker[region], region, id, state, reason)
}

func (w *world) sayAs(who network.Actor, region int, id ID, state Answer, reason string) error {
	w.t.Helper()
	var after, number int64
	w.ok(w.db.Read(w.t.Context(), func(tx *storage.Tx) error {
		p, err := w.any(w.t.Context(), tx, id)
		if err != nil {
			return err
		}
		number = p.Current
		last, err := w.last(w.t.Context(), tx, id, w.region[region])
		after = last.Seq
		return err
	}))
	return w.Say(w.t.Context(), who, Saying{Procedure: id, Region: w.region[region], Number: number, After: after, State: state, Reason: reason})
}

func (w *world) read(do func(context.Context, *storage.Tx)) {
	w.t.Helper()
	w.ok(w.db.Read(w.t.Context(), func(tx *storage.Tx) error { do(w.t.Context(), tx); return nil }))
}
