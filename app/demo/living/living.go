package living

import (
	"container/heap"
	"context"
	"encoding/binary"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"time"

	"github.com/samverk/samverk/action/learning"
	"github.com/samverk/samverk/action/plan"
	"github.com/samverk/samverk/action/procedure"
	"github.com/samverk/samverk/action/toolbox"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

// Options of a build.
type Options struct {
	Seed       uint64
	Now        time.Time // the moment it is built up to
	DSN        string
	Migrations []fs.FS              // of every room the database is for
	Files      string               // the folder of attachments
	Key        []byte               // answers to evaluations wait under it; nil: one that follows from the seed
	Tell       func(string, ...any) // progress, a line each

	// Write writes, in the database and at the moment that it shows, a text that a decision of the story is going to put in force. nil: decisions
	// name none.
	Write func(ctx context.Context, db *storage.DB, name string, at Place) (Text, error)

	days int // how long it has lived; two years when 0
}

// Place is what a text is written for, and by whom.
type Place struct {
	By            network.PersonID
	Root, Network network.ID
	Topic         forum.TopicID
}

// Text is a text as a decision names it.
type Text struct {
	Ref    string
	Digest [32]byte
}

// Made is what was made, for whoever goes on from there.
type Made struct {
	People    []Person
	Countries []Country
}

// Country is one of the networks made.
type Country struct {
	Slug          string
	Root          network.ID
	Bodies        map[string]network.BodyID         // by the story's keys
	Organisations map[string]network.OrganisationID // those the story adds
}

// Person is somebody one can sign in as.
type Person struct {
	ID   network.PersonID `json:"id"`
	Name string           `json:"name"`
	Is   network.Text     `json:"is"`
	As   string           `json:"as"`  // one of Roles
	Slug string           `json:"net"` // of the tenant
}

// Roles are whom one can sign in as, in each country whose story names one.
var Roles = []string{"coordinator", "regional", "chair", "clinician", "patient", "lead", "steward", "industry", "researcher"}

const (
	years   = 2
	preface = 14 // days in which the network is set up, before the first topic
)

// Build makes both countries' networks in an empty database.
func Build(ctx context.Context, o Options) (made Made, err error) {
	all, err := countries()
	if err != nil {
		return made, err
	}
	w := &world{ctx: ctx, writer: o.Write, end: o.Now.UTC().Truncate(time.Minute), tell: o.Tell}
	if w.tell == nil {
		w.tell = func(string, ...any) {}
	}
	if w.begin = w.end.AddDate(-years, 0, -preface); o.days > 0 {
		w.begin = w.end.AddDate(0, 0, -o.days)
	}
	w.now = w.begin
	w.rnd, w.apart = rand.New(rand.NewPCG(o.Seed, 0x11f1e)), rand.New(rand.NewPCG(o.Seed, 0x1ea2))
	source := chacha(o.Seed)
	w.db, err = storage.Open(ctx, o.DSN, storage.Options{Migrations: o.Migrations, Now: func() time.Time { return w.now }, Rand: source, Volatile: true, Readers: 1})
	if err != nil {
		return made, err
	}
	defer func() {
		if e := w.db.Close(); err == nil {
			err = e
		}
	}()
	if err := w.open(o, source); err != nil {
		return made, err
	}
	for _, c := range all {
		t := &tenant{world: w, story: c}
		if err := t.found(); err != nil {
			return made, fmt.Errorf("%s: %w", c.Root.Slug, err)
		}
		w.tenants = append(w.tenants, t)
	}
	if err := w.live(); err != nil {
		return made, err
	}
	for _, t := range w.tenants {
		made.People = append(made.People, t.whoSignsIn()...)
		made.Countries = append(made.Countries, t.made())
	}
	return made, w.db.EmptyLog(ctx)
}

// world is everything at the moment its clock shows.
type world struct {
	ctx     context.Context
	db      *storage.DB
	network *network.Registry
	notices *notice.Notices
	forum   *forum.Forum
	plans   *plan.Room
	toolbox *toolbox.Toolbox
	rnd     *rand.Rand
	now     time.Time
	begin   time.Time
	end     time.Time
	tenants []*tenant

	procedures *procedure.Room
	learning   *learning.Room
	apart      *rand.Rand // for what is told beside the story

	plan    queue
	planned int
	tell    func(string, ...any)
	writer  func(context.Context, *storage.DB, string, Place) (Text, error)
}

func (w *world) open(o Options, source *rand.ChaCha8) (err error) {
	if w.network, err = network.Open(w.ctx, w.db); err != nil {
		return err
	}
	if w.notices, err = notice.Open(w.ctx, w.db, notice.Options{URL: "https://demo.invalid", Rand: source}); err != nil {
		return err
	}
	if w.forum, err = forum.Open(w.ctx, w.db, w.network, w.notices, forum.Options{Files: o.Files, Rand: source}); err != nil {
		return err
	}
	if w.plans, err = plan.Open(w.ctx, w.db, w.network, w.forum, w.notices); err != nil {
		return err
	}
	if w.procedures, err = procedure.Open(w.ctx, w.db, w.network, w.forum, w.notices, procedure.Options{}); err != nil {
		return err
	}
	if w.toolbox, err = toolbox.Open(w.ctx, w.db, w.network, w.forum, w.notices, toolbox.Options{Key: o.Key, Rand: source}); err != nil {
		return err
	}
	w.learning, err = learning.Open(w.ctx, w.db, w.network, w.forum, w.notices, learning.Options{URL: "https://demo.invalid", Rand: source})
	return err
}

func chacha(seed uint64) *rand.ChaCha8 {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	copy(key[8:], "samverk living network")
	return rand.NewChaCha8(key)
}

// event is something that is going to happen.
type event struct {
	at   time.Time
	n    int // among those of the same time, in the order they were planned
	what string
	do   func() error
}

type queue []event

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	if q[i].at.Equal(q[j].at) {
		return q[i].n < q[j].n
	}
	return q[i].at.Before(q[j].at)
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(event)) }
func (q *queue) Pop() any {
	old := *q
	x := old[len(old)-1]
	*q = old[:len(old)-1]
	return x
}

// at plans something. What lies after the end never happens, nor what lies before the beginning.
func (w *world) at(when time.Time, what string, do func() error) {
	if when.After(w.end) || when.Before(w.begin) {
		return
	}
	w.planned++
	heap.Push(&w.plan, event{when, w.planned, what, do})
}

// live lets happen what is planned, in the order of time.
func (w *world) live() error {
	year := 0
	for w.plan.Len() > 0 {
		if err := w.ctx.Err(); err != nil {
			return err
		}
		e := heap.Pop(&w.plan).(event)
		if e.at.After(w.now) {
			w.now = e.at
		}
		if w.now.Year() != year {
			year = w.now.Year()
			w.tell("living through %d", year)
		}
		if err := e.do(); err != nil {
			return fmt.Errorf("%s, %s: %w", e.at.Format(time.DateTime), e.what, err)
		}
	}
	w.now = w.end
	return nil
}

// pass lets a little time go by, never past the end.
func (w *world) pass(d time.Duration) {
	if w.now = w.now.Add(d); w.now.After(w.end) {
		w.now = w.end
	}
}

// one reads one value of the database.
func (w *world) one(to any, query string, args ...any) error {
	return w.db.Read(w.ctx, func(tx *storage.Tx) error { return tx.QueryRow(w.ctx, query, args...).Scan(to) })
}

// version reads a record's version, which an edit begins from.
func (w *world) version(table, id string) (v int64, err error) {
	err = w.one(&v, `SELECT version FROM `+table+` WHERE id = $1`, id)
	return v, err
}

func pick[T any](w *world, of []T) T { return of[w.rnd.IntN(len(of))] }

// chance is true so many times of a hundred.
func (w *world) chance(percent int) bool { return w.rnd.IntN(100) < percent }

// office is a moment of a working day, so many days from another.
func (w *world) office(from time.Time, days int, zone *time.Location) time.Time {
	d := from.In(zone).AddDate(0, 0, days)
	switch d.Weekday() {
	case time.Saturday:
		d = d.AddDate(0, 0, -1)
	case time.Sunday:
		d = d.AddDate(0, 0, 1)
	}
	return time.Date(d.Year(), d.Month(), d.Day(), 8+w.rnd.IntN(8), w.rnd.IntN(60), w.rnd.IntN(60), 0, zone)
}
