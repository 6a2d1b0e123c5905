package individual

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"embed"
	"io"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/storage"
)

// Migrations are the register's tables, for storage.Options.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// Individual is one of those whom data are about.
type Individual struct {
	Number Number
	ID     string // the region's own
	Sex    Sex
	Born   time.Time // the day, at midnight UTC; zero: unknown

	Pseudonym string // by which other regions know them; "" for none
}

// New is somebody to enrol.
type New struct {
	ID        string
	Sex       Sex
	Pseudonym string // by which other regions know them; "" is not known
}

// person is what is kept in memory by number; a removed one has no id.
type person struct {
	id        string
	sex       Sex
	born      day
	pseudonym string
}

// at is the individual that a person is at a number.
func (p person) at(n Number) Individual {
	return Individual{Number: n, ID: p.id, Sex: p.sex, Born: p.born.time(), Pseudonym: p.pseudonym}
}

// Register is the register in memory, in step with its table. Its methods may be called from
// many goroutines; those that take a Tx, only inside that transaction.
type Register struct {
	db   *storage.DB
	rand io.Reader
	key  []byte // under which sign-ins are hidden

	follower Follower

	mu      sync.RWMutex
	people  []person // index: Number
	byID    map[string]Number
	named   map[string]Number // by pseudonym
	renamed uint64            // how often that changed

	under *changes // of the writing transaction under way; the writers' lock guards it
}

// changes are what one transaction does to the register.
type changes struct {
	tx    *storage.Tx
	added []person          // numbered after the last in people
	byID  map[string]Number // of those added
	named map[string]Number // by pseudonyms that were given
	known map[Number]person // of those that were there: as they are now
	err   error             // what failed half-way; the transaction must not be committed
}

// Options of a register.
type Options struct {
	Rand io.Reader // the source of randomness; the system's when nil
}

// Open reads the register.
func Open(ctx context.Context, db *storage.DB, o ...Options) (*Register, error) {
	r := &Register{db: db, rand: rand.Reader}
	if len(o) > 0 && o[0].Rand != nil {
		r.rand = o[0].Rand
	}
	if err := r.begin(ctx); err != nil {
		return nil, err
	}
	err := db.Read(ctx, func(tx *storage.Tx) error {
		return r.load(ctx, tx)
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// load reads the table in whatever order is quickest: each row knows its place, and the numbers
// are as many as the rows.
func (r *Register) load(ctx context.Context, tx *storage.Tx) error {
	var size int
	if err := tx.QueryRow(ctx, `SELECT count(*) FROM individual`).Scan(&size); err != nil {
		return err
	}
	r.people = make([]person, size)
	r.byID, r.named = make(map[string]Number, size), map[string]Number{}
	rows, err := tx.Query(ctx, `SELECT number, id, sex, birth_date, pseudonym FROM individual`)
	if err != nil {
		return err
	}
	defer rows.Close()
	var number, sex int64
	var id, born, pseudonym sql.RawBytes
	for rows.Next() {
		if err := rows.Scan(&number, &id, &sex, &born, &pseudonym); err != nil {
			return err
		}
		if number < 0 || number >= int64(size) || sex < 0 || sex > int64(Female) {
			return fault.New(fault.Internal, "the register of individuals is damaged: number %d of %d", number, size).
				Do("restore a backup")
		}
		if id != nil {
			p := person{id: string(id), sex: Sex(sex), pseudonym: string(pseudonym)}
			if p.pseudonym != "" {
				r.named[p.pseudonym] = Number(number)
			}
			if born != nil {
				d, err := parseDay(string(born))
				if err != nil {
					return fault.Wrap(fault.Internal, err, "the register of individuals is damaged").Do("restore a backup")
				}
				p.born = d
			}
			r.people[number] = p
			r.byID[p.id] = Number(number)
		}
	}
	return rows.Err()
}

// Follower is told, inside the transaction, what a room that rests on the register has to follow. Its error
// undoes the transaction.
type Follower struct {
	Enrolled func(context.Context, *storage.Tx, Number) error
	Born     func(context.Context, *storage.Tx, Number) error                  // the birth date has changed
	Ended    func(_ context.Context, _ *storage.Tx, _ Number, id string) error // a login or guardian ended
}

// Follow sets who is told. Call it before anything is changed.
func (r *Register) Follow(f Follower) { r.follower = f }

// Len is how many numbers have been handed out, removed individuals' included: every Number is below it.
func (r *Register) Len() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.people)
}

// Lookup finds an individual by id.
func (r *Register) Lookup(id string) (Individual, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.lookup(id)
}

// Get finds an individual by number; removed ones are not found.
func (r *Register) Get(n Number) (Individual, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.get(n)
}

// List is everybody in the register, by number.
func (r *Register) List() []Individual {
	r.mu.RLock()
	defer r.mu.RUnlock()
	all := make([]Individual, 0, len(r.byID))
	for n, p := range r.people {
		if p.id != "" {
			all = append(all, p.at(Number(n)))
		}
	}
	return all
}

func (r *Register) lookup(id string) (Individual, bool) {
	n, ok := r.byID[id]
	if !ok {
		return Individual{}, false
	}
	return r.get(n)
}

func (r *Register) get(n Number) (Individual, bool) {
	if int(n) >= len(r.people) || r.people[n].id == "" {
		return Individual{}, false
	}
	return r.people[n].at(n), true
}

// LookupIn finds an individual by id as this writing transaction sees the register.
func (r *Register) LookupIn(tx *storage.Tx, id string) (Individual, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	c := r.seen(tx)
	if n, ok := c.byID[id]; ok {
		return r.getIn(c, n)
	}
	was, ok := r.lookup(id)
	if !ok {
		return Individual{}, false
	}
	return r.getIn(c, was.Number)
}

// GetIn finds an individual by number as this writing transaction sees the register.
func (r *Register) GetIn(tx *storage.Tx, n Number) (Individual, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.getIn(r.seen(tx), n)
}

func (r *Register) getIn(c *changes, n Number) (Individual, bool) {
	p, changed := c.known[n]
	if i := int(n) - len(r.people); i >= 0 && i < len(c.added) {
		p, changed = c.added[i], true
	}
	if !changed {
		return r.get(n)
	}
	return p.at(n), p.id != ""
}

// in gives this transaction's changes, to add to. A transaction that was rolled back leaves
// its changes behind; they are recognised by their Tx, and dropped.
func (r *Register) in(tx *storage.Tx) *changes {
	if r.under == nil || r.under.tx != tx {
		c := &changes{tx: tx, byID: map[string]Number{}, named: map[string]Number{}, known: map[Number]person{}}
		r.under = c
		tx.BeforeCommit(func(context.Context) error { return c.err })
		tx.OnCommit(r.publish)
	}
	return r.under
}

// seen gives this transaction's changes, to read.
func (r *Register) seen(tx *storage.Tx) *changes {
	if r.under == nil || r.under.tx != tx {
		return &changes{}
	}
	return r.under
}

// publish makes a committed transaction's changes everybody's.
func (r *Register) publish() {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.under
	r.under = nil
	for n, p := range c.known {
		if p.id == "" {
			delete(r.byID, r.people[n].id)
		}
		if was := r.people[n].pseudonym; was != p.pseudonym && was != "" {
			delete(r.named, was)
			r.renamed++
		}
		r.people[n] = p
	}
	r.people = append(r.people, c.added...)
	for id, n := range c.byID {
		r.byID[id] = n
	}
	for pseudonym, n := range c.named {
		if r.people[n].pseudonym == pseudonym {
			r.named[pseudonym] = n
			r.renamed++
		}
	}
}

// Enrol gives each individual's number, in the order asked. Who is new gets the next one.
func (r *Register) Enrol(ctx context.Context, tx *storage.Tx, who []New) ([]Number, error) {
	if _, waiting := r.db.Restored(); waiting {
		return nil, waits("nobody can be enrolled yet")
	}
	c := r.in(tx)
	numbers, before := make([]Number, len(who)), len(c.added)
	for i, w := range who {
		var err error
		if numbers[i], err = r.enrol(ctx, tx, w); err != nil {
			return nil, c.failed(err)
		}
	}
	if err := r.insert(ctx, tx, before); err != nil {
		return nil, c.failed(err)
	}
	return numbers, c.failed(r.enrolled(ctx, tx, before))
}

// enrolled tells the follower of those added since there were so many of them.
func (r *Register) enrolled(ctx context.Context, tx *storage.Tx, from int) error {
	if r.follower.Enrolled == nil {
		return nil
	}
	for n := r.Len() + from; n < r.Len()+len(r.in(tx).added); n++ {
		if err := r.follower.Enrolled(ctx, tx, Number(n)); err != nil {
			return err
		}
	}
	return nil
}

// failed keeps the first error, so that a caller who overlooks it can't commit.
func (c *changes) failed(err error) error {
	if c.err == nil {
		c.err = err
	}
	return err
}

func (r *Register) enrol(ctx context.Context, tx *storage.Tx, w New) (Number, error) {
	if err := CheckID(w.ID); err != nil {
		return 0, err
	}
	if w.Sex > Female {
		return 0, fault.New(fault.Invalid, "individual %q has a sex that doesn't exist", w.ID)
	}
	known, ok := r.LookupIn(tx, w.ID)
	if !ok {
		if err := r.free(tx, w.Pseudonym); err != nil {
			return 0, err
		}
		return r.add(tx, w)
	}
	if err := r.name(ctx, tx, known, w.Pseudonym); err != nil {
		return 0, err
	}
	known.Pseudonym = cmp.Or(known.Pseudonym, w.Pseudonym)
	if w.Sex == Unknown || w.Sex == known.Sex {
		return known.Number, nil
	}
	if known.Sex != Unknown {
		return 0, fault.New(fault.Invalid, "individual %q is recorded as %s and can't become %s", w.ID, known.Sex, w.Sex).
			Do("correct the sample sheet; if the register is wrong, remove the individual and load again")
	}
	return known.Number, r.setSex(ctx, tx, known, w.Sex)
}

func (r *Register) add(tx *storage.Tx, w New) (Number, error) {
	c := r.in(tx)
	next := uint64(r.Len()) + uint64(len(c.added))
	if next > uint64(^Number(0)) {
		return 0, fault.New(fault.Unavailable, "every number has been handed out")
	}
	c.added = append(c.added, person{id: w.ID, sex: w.Sex, pseudonym: w.Pseudonym})
	c.byID[w.ID] = Number(next)
	if w.Pseudonym != "" {
		c.named[w.Pseudonym] = Number(next)
	}
	return Number(next), nil
}

// insert writes those added since there were so many of them.
func (r *Register) insert(ctx context.Context, tx *storage.Tx, from int) error {
	added, base, now := r.in(tx).added, r.Len(), r.db.Now()
	return tx.Insert(ctx, "individual (number, id, sex, pseudonym, created)", func() []any {
		if from == len(added) {
			return nil
		}
		p := added[from]
		from++
		var pseudonym any
		if p.pseudonym != "" {
			pseudonym = p.pseudonym
		}
		return []any{base + from - 1, p.id, p.sex, pseudonym, now}
	})
}

func (r *Register) setSex(ctx context.Context, tx *storage.Tx, who Individual, sex Sex) error {
	// Maybe not written yet: insert and update both do.
	r.put(tx, who.Number, person{id: who.ID, sex: sex, born: dayOf(who.Born), pseudonym: who.Pseudonym})
	_, err := tx.Exec(ctx, `UPDATE individual SET sex = $1 WHERE number = $2`, sex, who.Number)
	return err
}

// put makes somebody as they are now in this transaction.
func (r *Register) put(tx *storage.Tx, n Number, p person) {
	c := r.in(tx)
	if i := int(n) - r.Len(); i >= 0 {
		c.added[i] = p
	} else {
		c.known[n] = p
	}
}

// Remove takes an individual out of the register and gives the number they had, which names
// nobody from then on. Call it through package consent's Remove, which also forgets their choices.
func (r *Register) Remove(ctx context.Context, tx *storage.Tx, id string) (Number, error) {
	who, ok := r.LookupIn(tx, id)
	if !ok {
		return 0, NoSuch(id)
	}
	c := r.in(tx)
	r.put(tx, who.Number, person{})
	delete(c.byID, id)
	if err := r.forget(ctx, tx, who.Number); err != nil {
		return who.Number, c.failed(err)
	}
	_, err := tx.Exec(ctx, `UPDATE individual SET id = NULL, pseudonym = NULL, birth_date = NULL, sex = 0, removed = $1
		WHERE number = $2`, r.db.Now(), who.Number)
	return who.Number, c.failed(err)
}

// NoSuch is the refusal of an id that nobody has.
func NoSuch(id string) error {
	return fault.New(fault.NotFound, "there is no individual %q", id).
		Do("see samverk individuals list")
}

// maxID bounds an id's length in bytes.
const maxID = 200

// CheckID refuses what can't be an individual's id in every file and database it may have to stand in.
func CheckID(id string) error {
	bad := func(why string) error {
		return fault.New(fault.Invalid, "the individual's id %.40q %s", id, why)
	}
	switch {
	case id == "":
		return fault.New(fault.Invalid, "an individual's id is empty")
	case len(id) > maxID:
		return bad("is longer than 200 bytes")
	case !utf8.ValidString(id):
		return bad("is not UTF-8")
	case strings.TrimSpace(id) != id:
		return bad("begins or ends with a space")
	case strings.ContainsFunc(id, unicode.IsControl):
		return bad("holds a control character")
	}
	return nil
}
