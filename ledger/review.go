package ledger

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/storage"
)

// Reviews are samples of what staff asked and looked at, which somebody goes through (HSLF-FS 2016:40, chapter 4, section 9).
type Reviews struct {
	db       *storage.DB
	ledger   *Ledger
	index    *Index
	accesses *Accesses
	random   io.Reader

	mu sync.Mutex // what is said of a review stands still while its result is written to the log
}

// NewReviews makes them over a ledger and its access records.
func NewReviews(db *storage.DB, l *Ledger, x *Index, a *Accesses, random io.Reader) *Reviews {
	return &Reviews{db: db, ledger: l, index: x, accesses: a, random: random}
}

// Reviewer is who reviews, and on whose behalf.
type Reviewer struct{ Person, Organisation, Role string }

// Sample is what a review is of. Whoever has the log can draw it again: Root is that of the log that ends with Leaf, and the sample is those of the
// period's leaves about which SHA-256("samverk sample 1" ‖ 0 ‖ Root ‖ index in eight bytes) is least.
type Sample struct {
	ID        string
	By        Reviewer // who drew it
	Drawn     time.Time
	From, To  time.Time // days, by UTC; To isn't included
	Leaf      uint64    // announced it, before anybody could know what would be drawn
	Root      [32]byte
	Of        uint64 // so many there were to draw from
	Sampled   int
	Marked    int
	Ended     time.Time // zero: it goes on
	EndedBy   string
	EndLeaf   uint64
	Fine      int
	FollowUp  int
	Unseen    int // the reviewer's own, which nobody else marked
	endedSalt []byte
}

// Verdict is what a reviewer says of one access.
type Verdict string

// The verdicts.
const (
	Fine     Verdict = "fine"
	FollowUp Verdict = "follow-up"
)

// Verdicts are all there are.
var Verdicts = []Verdict{Fine, FollowUp}

// Mark is a verdict on the access behind a leaf, with a note. Of several the latest counts.
type Mark struct {
	Leaf    uint64
	Verdict Verdict
	Note    string
	By      string    // set when it is kept
	At      time.Time // …
}

// Drawn is one access of a sample.
type Drawn struct {
	Entry
	Record *Opening // nil: its time is over
	Mark   *Mark    // nil: none yet
}

// Bounds of a review.
const (
	MostSampled = 100
	maxNote     = 2000
)

// sampled are the kinds of leaves that somebody stands behind.
var sampled = []Kind{Use, Denial, Access}

// reviewRef is how leaves name a review.
func reviewRef(id string) string { return "review/" + id }

func noReview() error { return fault.New(fault.NotFound, "there is no such review") }

// Draw announces a review in the log, and lets the log itself say which accesses of the period it is of. So nobody chooses them, and a review
// that was drawn and never finished can be seen.
func (v *Reviews) Draw(ctx context.Context, by Reviewer, from, to time.Time, n int) (id string, err error) {
	r := Sample{By: by, From: startOf(dayOf(from)), To: startOf(dayOf(to)), Sampled: n}
	switch {
	case n < 1 || n > MostSampled:
		return "", fault.New(fault.Invalid, "a review is of 1 to %d accesses", MostSampled).Where("n").Say("review.n", MostSampled)
	case !r.To.After(r.From):
		return "", fault.New(fault.Invalid, "the period ends before it begins").Where("to").Say("review.period")
	}
	q := Asked{Kinds: sampled, From: r.From, To: r.To}
	if any, err := v.index.Asked(ctx, Asked{Kinds: sampled, From: r.From, To: r.To, Limit: 1}); err != nil {
		return "", err
	} else if len(any) == 0 {
		return "", fault.New(fault.Invalid, "nothing was asked in the period").Where("from").Say("review.empty")
	}
	if r.ID, err = v.db.NewID(); err != nil {
		return "", err
	}
	period := r.From.Format(time.DateOnly) + "/" + r.To.AddDate(0, 0, -1).Format(time.DateOnly)
	receipt, err := v.accesses.Append(ctx, Leaf{Kind: Review, Organisation: by.Organisation, Role: by.Role, Question: "sample", Ref: reviewRef(r.ID),
		Conditions: fmt.Sprintf("period=%s n=%d", period, n)},
		AccessRecord{Person: by.Person, Organisation: by.Organisation, Question: reviewRef(r.ID), Why: "draws a sample of " + period})
	if err != nil {
		return "", err
	}
	r.Leaf, r.Drawn = receipt.Index, receipt.Time
	if r.Root, err = v.ledger.rootAt(ctx, r.Leaf+1); err != nil {
		return "", err
	}
	if err := v.index.Follow(ctx); err != nil {
		return "", err
	}
	return r.ID, v.db.Write(ctx, func(tx *storage.Tx) error {
		var sample []uint64
		if sample, r.Of, err = draw(ctx, tx, q, r.Root, r.Leaf, n); err != nil {
			return err
		}
		return keepDrawn(ctx, tx, r, sample)
	})
}

// rootAt gives the root of the log that ends before an index.
func (l *Ledger) rootAt(ctx context.Context, size uint64) (root [32]byte, err error) {
	c, err := l.Covering(ctx, size-1)
	if err != nil {
		return root, err
	}
	h, err := tlog.TreeHash(int64(size), tlog.TileHashReader(c.tree(), files{ctx, l.Source()}))
	if err != nil {
		return root, damaged(err)
	}
	return h, nil
}

// draw gives those of a period's leaves, before the one that announced the review, that come first in the order that the root makes.
func draw(ctx context.Context, tx *storage.Tx, q Asked, root [32]byte, before uint64, n int) (sample []uint64, of uint64, err error) {
	q.Before = before
	r, ok, err := span(ctx, tx, q)
	if err != nil || !ok {
		return nil, 0, err
	}
	cond, args := q.where()
	k := len(args)
	rows, err := tx.Query(ctx, `SELECT idx FROM ledger_leaf WHERE `+cond+` AND private IS NOT NULL AND idx >= $`+strconv.Itoa(k+1)+` AND idx <= $`+strconv.Itoa(k+2)+` ORDER BY idx`,
		append(args, r.first, min(r.last, before-1))...)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	type lot struct {
		hash  [32]byte
		index uint64
	}
	var least []lot // in order
	for rows.Next() {
		var x lot
		if err := rows.Scan(&x.index); err != nil {
			return nil, 0, err
		}
		of++
		x.hash = sha256.Sum256(binary.BigEndian.AppendUint64(append([]byte("samverk sample 1\x00"), root[:]...), x.index))
		if len(least) == n && bytes.Compare(x.hash[:], least[n-1].hash[:]) > 0 {
			continue
		}
		at, _ := slices.BinarySearchFunc(least, x, func(a, b lot) int { return bytes.Compare(a.hash[:], b.hash[:]) })
		least = slices.Insert(least, at, x)[:min(len(least)+1, n)]
	}
	for _, x := range least {
		sample = append(sample, x.index)
	}
	slices.Sort(sample)
	return sample, of, rows.Err()
}

func keepDrawn(ctx context.Context, tx *storage.Tx, r Sample, sample []uint64) error {
	_, err := tx.Exec(ctx, `INSERT INTO ledger_review (id, person, organisation, drawn, first_day, end_day, leaf, root, drawn_from) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		r.ID, r.By.Person, r.By.Organisation, r.Drawn, dayOf(r.From), dayOf(r.To), r.Leaf, r.Root[:], r.Of)
	if err != nil {
		return err
	}
	return tx.Insert(ctx, "ledger_review_item (review, leaf)", func() (row []any) {
		if len(sample) > 0 {
			row, sample = []any{r.ID, sample[0]}, sample[1:]
		}
		return row
	})
}

// Open shows a review with what was asked, by whom and why, after the look at it has been recorded.
func (v *Reviews) Open(ctx context.Context, by Reviewer, id string) (r Sample, all []Drawn, err error) {
	if r, err = v.one(ctx, id); err != nil {
		return r, nil, err
	}
	if err := v.looked(ctx, by, id, nil); err != nil {
		return r, nil, err
	}
	return v.read(ctx, id)
}

// looked records that somebody looks at a review, or at whom one of its accesses was about.
func (v *Reviews) looked(ctx context.Context, by Reviewer, id string, whom *individual.Number) error {
	_, err := v.accesses.Append(ctx, Leaf{Kind: Access, Organisation: by.Organisation, Role: by.Role, Ref: reviewRef(id)},
		AccessRecord{Person: by.Person, Organisation: by.Organisation, Individual: whom, Question: reviewRef(id), Why: "review of accesses"})
	return err
}

// Whom tells whom an access of a review was about, after that look has been recorded too. Nobody in particular is not found.
func (v *Reviews) Whom(ctx context.Context, by Reviewer, id string, leaf uint64) (who individual.Number, err error) {
	_, all, err := v.read(ctx, id)
	if err != nil {
		return 0, err
	}
	i := slices.IndexFunc(all, func(d Drawn) bool { return d.Index == leaf && d.Record != nil && d.Record.Individual != nil })
	if i < 0 {
		return 0, noReview()
	}
	who = *all[i].Record.Individual
	return who, v.looked(ctx, by, id, &who)
}

// read gives a review whole.
func (v *Reviews) read(ctx context.Context, id string) (r Sample, all []Drawn, err error) {
	if r, err = v.one(ctx, id); err != nil {
		return r, nil, err
	}
	if err := v.index.Follow(ctx); err != nil { // what was drawn is read from it
		return r, nil, err
	}
	err = v.db.Read(ctx, func(tx *storage.Tx) error {
		all, err = drawn(ctx, tx, id)
		return err
	})
	if err != nil {
		return r, nil, err
	}
	for i, d := range all {
		switch o, err := v.accesses.Open(ctx, d.Private); {
		case err == nil:
			all[i].Record = &o
		case fault.KindOf(err) != fault.NotFound:
			return r, nil, err
		}
	}
	if !r.Ended.IsZero() {
		err = v.unchanged(ctx, r, all)
	}
	return r, all, err
}

func drawn(ctx context.Context, tx *storage.Tx, id string) (all []Drawn, err error) {
	rows, err := tx.Query(ctx, `SELECT l.idx, l.bytes FROM ledger_review_item i JOIN ledger_leaf l ON l.idx = i.leaf WHERE i.review = $1 ORDER BY l.idx`, id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var d Drawn
		var b []byte
		if err := rows.Scan(&d.Index, &b); err != nil {
			return nil, err
		}
		if d.Leaf, err = Decode(b); err != nil {
			return nil, damaged(err)
		}
		all = append(all, d)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, err
	}
	marks, err := marks(ctx, tx, id)
	for i := range all {
		if m, ok := marks[all[i].Index]; ok {
			all[i].Mark = &m
		}
	}
	return all, err
}

// marks gives the latest mark of each access.
func marks(ctx context.Context, tx *storage.Tx, id string) (map[uint64]Mark, error) {
	rows, err := tx.Query(ctx, `SELECT leaf, made, person, verdict, note FROM ledger_review_mark WHERE review = $1 ORDER BY id`, id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[uint64]Mark{}
	for rows.Next() {
		var m Mark
		var at int64
		if err := rows.Scan(&m.Leaf, &at, &m.By, &m.Verdict, &m.Note); err != nil {
			return nil, err
		}
		m.At = storage.Time(at)
		out[m.Leaf] = m
	}
	return out, rows.Err()
}

// Mark keeps verdicts. Nobody says anything of their own accesses.
func (v *Reviews) Mark(ctx context.Context, by Reviewer, id string, list []Mark) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	r, all, err := v.read(ctx, id)
	if err != nil {
		return err
	}
	if err := r.open(); err != nil {
		return err
	}
	for _, m := range list {
		i := slices.IndexFunc(all, func(d Drawn) bool { return d.Index == m.Leaf })
		at := "verdict." + strconv.FormatUint(m.Leaf, 10)
		switch {
		case i < 0:
			return noReview()
		case all[i].own(by):
			return fault.New(fault.Invalid, "nobody reviews what they did themselves").Where(at).Say("review.own")
		case !slices.Contains(Verdicts, m.Verdict):
			return fault.New(fault.Invalid, "%.20q is no verdict", m.Verdict).Where(at).Say("review.verdict")
		case m.Verdict == FollowUp && m.Note == "":
			return fault.New(fault.Invalid, "what is to be followed up is said in a note").Where("note." + strconv.FormatUint(m.Leaf, 10)).Say("review.note")
		case len(m.Note) > maxNote:
			return fault.New(fault.Invalid, "a note is at most %d bytes", maxNote).Where("note."+strconv.FormatUint(m.Leaf, 10)).Say("review.long", maxNote)
		}
	}
	return v.db.Write(ctx, func(tx *storage.Tx) error {
		for _, m := range list {
			mark, err := v.db.NewID()
			if err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `INSERT INTO ledger_review_mark (id, review, leaf, made, person, verdict, note) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
				mark, id, m.Leaf, v.db.Now(), by.Person, string(m.Verdict), m.Note); err != nil {
				return err
			}
		}
		return nil
	})
}

// own tells whether an access is the reviewer's own.
func (d Drawn) own(by Reviewer) bool { return d.Record != nil && d.Record.Person == by.Person }

// Own tells whether an access is the reviewer's own, which they can't mark.
func (d Drawn) Own(by Reviewer) bool { return d.own(by) }

func (r Sample) open() error {
	if !r.Ended.IsZero() {
		return fault.New(fault.Conflict, "the review has ended").Say("review.ended")
	}
	return nil
}

// End ends a review. The log gets its result, and the digest of all that was said. Each access needs a mark, but for the reviewer's own.
func (v *Reviews) End(ctx context.Context, by Reviewer, id string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	r, all, err := v.read(ctx, id)
	if err == nil {
		err = r.open()
	}
	if err != nil {
		return err
	}
	for _, d := range all {
		switch {
		case d.Mark == nil && d.own(by):
			r.Unseen++
		case d.Mark == nil:
			return fault.New(fault.Invalid, "there are accesses that nobody has marked").Where("verdict." + strconv.FormatUint(d.Index, 10)).Say("review.unmarked")
		case d.Mark.Verdict == Fine:
			r.Fine++
		default:
			r.FollowUp++
		}
	}
	r.endedSalt = make([]byte, 32)
	if _, err := io.ReadFull(v.random, r.endedSalt); err != nil {
		return fault.Wrap(fault.Internal, err, "no randomness")
	}
	result := fmt.Sprintf("fine=%d follow-up=%d unseen=%d", r.Fine, r.FollowUp, r.Unseen)
	digest, err := r.digest(all)
	if err != nil {
		return err
	}
	receipt, err := v.accesses.Append(ctx, Leaf{Kind: Review, Organisation: by.Organisation, Role: by.Role, Question: "result", Ref: reviewRef(id), Conditions: result,
		Counted: uint64(len(all)), Digest: digest},
		AccessRecord{Person: by.Person, Organisation: by.Organisation, Question: reviewRef(id), Why: "ends the review: " + result})
	if err != nil {
		return err
	}
	return v.db.Write(ctx, func(tx *storage.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO ledger_review_end (review, made, person, leaf, salt, fine, follow_up, unseen) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			id, receipt.Time, by.Person, receipt.Index, r.endedSalt, r.Fine, r.FollowUp, r.Unseen)
		return err
	})
}

// digest is what the log holds of what was said: the SHA-256 of "samverk review 1", a zero byte, a salt, and the marks as JSON.
func (r Sample) digest(all []Drawn) ([32]byte, error) {
	type said struct {
		Leaf    uint64  `json:"leaf"`
		Verdict Verdict `json:"verdict"`
		Note    string  `json:"note"`
		By      string  `json:"by"`
		At      int64   `json:"at"`
	}
	list := []said{}
	for _, d := range all {
		if m := d.Mark; m != nil {
			list = append(list, said{d.Index, m.Verdict, m.Note, m.By, storage.Micros(m.At)})
		}
	}
	b, err := json.Marshal(list)
	if err != nil {
		return [32]byte{}, err
	}
	return sha256.Sum256(append(append([]byte("samverk review 1\x00"), r.endedSalt...), b...)), nil
}

// unchanged compares what was said in a review that has ended with what the log has of it.
func (v *Reviews) unchanged(ctx context.Context, r Sample, all []Drawn) error {
	leaf, err := v.ledger.Leaf(ctx, r.EndLeaf)
	if err != nil {
		return err
	}
	digest, err := r.digest(all)
	if err == nil && (digest != leaf.Digest || leaf.Ref != reviewRef(r.ID)) {
		err = fault.New(fault.Internal, "review %s isn't what its leaf in the ledger says", r.ID).Do("restore the database, and find out who changed it")
	}
	return err
}

// one gives a review without what is in it.
func (v *Reviews) one(ctx context.Context, id string) (Sample, error) {
	all, err := v.list(ctx, `r.id = $1`, id)
	if err == nil && len(all) == 0 {
		err = noReview()
	}
	if err != nil {
		return Sample{}, err
	}
	return all[0], nil
}

// ReviewState is how far a review has come.
type ReviewState string

// The states of a review.
const (
	GoesOn        ReviewState = "goes"
	EndedFollowUp ReviewState = "follow" // something is to be followed up
	EndedFine     ReviewState = "fine"
)

// ReviewStates are all of them, in order.
var ReviewStates = []ReviewState{GoesOn, EndedFollowUp, EndedFine}

var inState = map[ReviewState]string{"": "", GoesOn: " AND e.review IS NULL", EndedFollowUp: " AND e.follow_up > 0", EndedFine: " AND e.follow_up = 0"}

// List gives the reviews in a state ("": in any), the last drawn first, at most 100 before the id given ("": from the last).
func (v *Reviews) List(ctx context.Context, in ReviewState, before string) ([]Sample, error) {
	also, ok := inState[in]
	if !ok {
		return nil, fault.New(fault.Invalid, "%.20q is no state of a review", in)
	}
	return v.list(ctx, `r.id < $1`+also, cmp.Or(before, "~"))
}

func (v *Reviews) list(ctx context.Context, where string, arg any) (all []Sample, err error) {
	err = v.db.Read(ctx, func(tx *storage.Tx) error {
		all = nil
		rows, err := tx.Query(ctx, `SELECT r.id, r.person, r.organisation, r.drawn, r.first_day, r.end_day, r.leaf, r.root, r.drawn_from,
				(SELECT count(*) FROM ledger_review_item i WHERE i.review = r.id), (SELECT count(DISTINCT m.leaf) FROM ledger_review_mark m WHERE m.review = r.id),
				e.made, e.person, e.leaf, e.salt, e.fine, e.follow_up, e.unseen
			FROM ledger_review r LEFT JOIN ledger_review_end e ON e.review = r.id WHERE `+where+` ORDER BY r.id DESC LIMIT 100`, arg)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			r, err := scanReview(rows)
			if err != nil {
				return err
			}
			all = append(all, r)
		}
		return rows.Err()
	})
	return all, err
}

func scanReview(rows *sql.Rows) (r Sample, err error) {
	var at, first, end int64
	var root []byte
	var made, leaf, fine, follow, unseen sql.NullInt64
	var by sql.NullString
	if err := rows.Scan(&r.ID, &r.By.Person, &r.By.Organisation, &at, &first, &end, &r.Leaf, &root, &r.Of, &r.Sampled, &r.Marked,
		&made, &by, &leaf, &r.endedSalt, &fine, &follow, &unseen); err != nil {
		return r, err
	}
	r.Drawn, r.From, r.To = storage.Time(at), startOf(first), startOf(end)
	copy(r.Root[:], root)
	if made.Valid {
		r.Ended, r.EndedBy, r.EndLeaf = storage.Time(made.Int64), by.String, uint64(leaf.Int64)
		r.Fine, r.FollowUp, r.Unseen = int(fine.Int64), int(follow.Int64), int(unseen.Int64)
	}
	return r, nil
}
