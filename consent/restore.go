package consent

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/mandate"
	"github.com/samverk/samverk/storage"
)

// refusal says why nobody may be counted after a restore; nil when they may.
func (s *state) refusal() error {
	if s.waiting == "" {
		return nil
	}
	return fault.New(fault.Unavailable, "this node was restored from the backup of %s, and nobody is counted until what was withdrawn since then is known", s.waiting).
		Do("replay the journal that lay beside the old data directory, or confirm that there is none")
}

// openJournal opens the journal, or makes the first one. A journal that is missing lines that the
// database holds would make the next restore count people who said no.
func (c *Consents) openJournal(ctx context.Context, lost bool) error {
	held := c.now.Load().line
	_, err := os.Stat(c.path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && (held == 0 || lost):
		return c.newJournal(ctx, held, lost)
	case err != nil:
		return cannotRead(err, c.path)
	}
	err = c.useJournal(held)
	if err != nil && lost && fault.KindOf(err) != fault.Invalid {
		if err := os.Rename(c.path, c.path+".lost"); err != nil {
			return cannotRead(err, c.path)
		}
		return c.newJournal(ctx, held, lost)
	}
	return err
}

// useJournal opens the journal in place of one that was open.
func (c *Consents) useJournal(held uint64) error {
	if err := c.Close(); err != nil {
		return err
	}
	j, err := openJournal(c.path, c.db.Node(), held)
	c.journal = j
	return err
}

// newJournal makes a journal that goes on after the lines the database holds.
func (c *Consents) newJournal(ctx context.Context, held uint64, lost bool) error {
	if err := createJournal(c.path, c.db.Node(), held, nil); err != nil {
		return err
	}
	if err := c.useJournal(held); err != nil || !lost {
		return err
	}
	return c.db.Write(ctx, func(tx *storage.Tx) error {
		u := c.in(tx)
		u.events = append(u.events, event{kind: "journal lost", by: "operator"})
		return nil
	})
}

// Replayed is what replaying a journal did.
type Replayed struct {
	Withdrawn  int                 // choices that were withdrawn again
	Restricted int                 // blocks, opt-outs and reservations that were set again
	Forms      int                 // forms that were put in force again
	Removed    []individual.Number // individuals that were removed again; their genotypes must go too
}

// Replay applies to a restored database what a journal says happened since its backup was taken.
// When the transaction has been committed, people are counted again. Replaying a journal twice
// is the same as once. One that doesn't come as far as a mark says, as the ledger has it last, is refused.
func (c *Consents) Replay(ctx context.Context, tx *storage.Tx, by Actor, path string, mark [32]byte) (Replayed, error) {
	if _, waiting := c.db.Restored(); !waiting {
		return Replayed{}, fault.New(fault.Conflict, "this node was not restored from a backup").
			Do("there is nothing to replay")
	}
	if err := by.check(); err != nil {
		return Replayed{}, err
	}
	u := c.in(tx)
	r := replay{c: c, u: u, by: by, who: map[string]individual.Individual{}, after: u.line, epoch: u.epoch}
	for _, i := range c.people.List() {
		r.who[c.hide(i.ID)] = i
	}
	if err := r.read(ctx, path); err != nil {
		return Replayed{}, u.failed(err)
	}
	if !c.reaches(r.last, mark) {
		return Replayed{}, u.failed(fault.New(fault.Conflict, "the journal ends at line %d, and the ledger knows of more", r.last).In(path).
			Do("bring back the newer file; if there is none, say why with --no-journal WHY"))
	}
	if err := c.adopt(path, r.last); err != nil {
		return Replayed{}, u.failed(err)
	}
	u.acts = nil // the journal has them
	u.epoch, u.line = max(u.epoch, r.epoch), r.last
	return r.done, u.failed(c.account(ctx, u, event{kind: "replayed", by: by}))
}

// ConfirmNoJournal is the operator's word that there is no journal, so that what was withdrawn
// since the backup can't be known. People are counted again as the backup has it.
func (c *Consents) ConfirmNoJournal(ctx context.Context, tx *storage.Tx, by Actor, why string) error {
	if _, waiting := c.db.Restored(); !waiting {
		return fault.New(fault.Conflict, "this node was not restored from a backup").Do("there is nothing to confirm")
	}
	if err := errors.Join(by.check(), checkText("the reason", why)); err != nil {
		return err
	}
	if why == "" {
		return fault.New(fault.Invalid, "why there is no journal must be said")
	}
	u := c.in(tx)
	if err := c.openJournal(ctx, false); err != nil {
		// One that is there speaks against the word; a missing one is what was confirmed.
		if _, there := os.Stat(c.path); !errors.Is(there, fs.ErrNotExist) {
			return u.failed(err)
		}
		if err := createJournal(c.path, c.db.Node(), u.line, nil); err != nil {
			return u.failed(err)
		}
		if err := c.openJournal(ctx, false); err != nil {
			return u.failed(err)
		}
	}
	if c.journal.last > u.line {
		return u.failed(fault.New(fault.Conflict, "there is a journal, with %d lines since the backup", c.journal.last-u.line).
			In(c.path).Do("replay it"))
	}
	return u.failed(c.account(ctx, u, event{kind: "no journal", by: by, why: why}))
}

// account ends the wait after a restore. Whoever was signed in when the backup was taken isn't any more.
func (c *Consents) account(ctx context.Context, u *change, e event) error {
	u.altered = true
	u.waiting = ""
	u.events = append(u.events, e)
	if err := c.people.EndSessions(ctx, u.tx); err != nil {
		return err
	}
	return c.db.AccountRestored(ctx, u.tx)
}

// replay is a journal being applied.
type replay struct {
	c     *Consents
	u     *change
	by    Actor
	who   map[string]individual.Individual // by hidden id
	after uint64                           // lines up to this one are in the backup
	last  uint64
	epoch uint64
	done  Replayed
}

func (r *replay) read(ctx context.Context, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return cannotRead(err, path)
	}
	defer f.Close()
	r.last, _, err = scan(f, path, r.c.db.Node(), func(e entry) error {
		if e.Line <= r.after {
			return nil
		}
		r.epoch = max(r.epoch, e.Epoch)
		for _, a := range e.Acts {
			if err := r.apply(ctx, a, e.At); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && r.last < r.after {
		err = fault.New(fault.Invalid, "the journal ends at line %d, and the backup holds line %d", r.last, r.after).
			In(path).Do("name the newer journal")
	}
	return err
}

func (r *replay) apply(ctx context.Context, a act, at int64) error {
	if a.Form != nil {
		return r.force(ctx, a)
	}
	who, known := r.who[a.Who]
	if !known {
		return nil // came after the backup was taken
	}
	switch {
	case a.Removed:
		n, err := r.c.remove(ctx, r.u.tx, r.by, who.ID)
		r.done.Removed = append(r.done.Removed, n)
		delete(r.who, a.Who)
		return err
	case a.Restriction != nil:
		return r.restrict(ctx, who, *a.Restriction, at)
	case a.Ended != "":
		return r.c.people.End(ctx, r.u.tx, string(r.by), replayedWhy, a.Ended)
	case a.Born != "":
		born, err := individual.ParseBorn(a.Born)
		if err != nil {
			return err
		}
		return r.c.people.ReplayBorn(ctx, r.u.tx, string(r.by), replayedWhy, who.Number, born)
	}
	what := Permission(a.Purpose).index()
	if what < 0 {
		return Permission(a.Purpose).unknown()
	}
	if a.Guardian == "" && has(r.u.planes[no+plane(what)], who.Number) && !has(r.u.planes[ward], who.Number) {
		return nil
	}
	if has(r.u.planes[yes+plane(what)], who.Number) {
		r.done.Withdrawn++
	}
	return r.c.choose(ctx, r.u, r.by, choice{who: who.Number, what: what, guardian: a.Guardian, why: replayedWhy, when: r.when(at)})
}

const replayedWhy = "replayed from the journal after a restore"

// when is the time of a line, as far as it has been.
func (r *replay) when(at int64) time.Time {
	return storage.Time(min(at, storage.Micros(r.u.clock(r.c))))
}

// restrict sets a restriction again, unless the backup has it. One that was lifted since the backup stands again until it is lifted
// anew: the journal keeps what takes people out.
func (r *replay) restrict(ctx context.Context, who individual.Individual, a restriction, at int64) error {
	_, err := r.c.restrictionIn(ctx, r.u, a.ID)
	if fault.KindOf(err) != fault.NotFound {
		return err
	}
	again := Restriction{ID: a.ID, Individual: who.Number, Kind: a.Kind, Purposes: a.Purposes, Ground: a.Ground,
		By: r.by, Why: replayedWhy, When: r.when(at)}
	if err := again.check(); err != nil {
		return err
	}
	r.done.Restricted++
	return r.c.restrict(r.u, again)
}

// force puts a form in force again, unless the backup has it.
func (r *replay) force(ctx context.Context, a act) error {
	f, err := ParseForm(a.Form)
	if err != nil {
		return err
	}
	var m mandate.Mandate
	if err := mandate.Decode(a.Mandate, &m); err != nil {
		return err
	}
	if slices.ContainsFunc(r.u.enacted, func(e *Enacted) bool { return e.Mandate.Decision == m.Decision }) {
		return nil
	}
	digest, err := f.Digest()
	if err != nil {
		return err
	}
	if err := errors.Join(m.Verify(mandate.Form, digest), r.c.keep(ctx, r.u.tx, r.by, digest, f)); err != nil {
		return err
	}
	text, err := f.canonical()
	if err != nil {
		return err
	}
	r.done.Forms++
	return r.c.enact(r.u, r.by, digest, text, m)
}

// adopt makes a replayed journal this node's own, so that it also serves a later restore of
// an older backup.
func (c *Consents) adopt(path string, last uint64) error {
	same, err := sameFile(path, c.path)
	if err != nil {
		return err
	}
	if !same {
		if err := c.copyJournal(path); err != nil {
			return err
		}
	}
	if err := c.useJournal(0); err != nil {
		return err
	}
	if c.journal.last != last {
		return fault.New(fault.Conflict, "this node has a journal of its own that is not the one given").In(c.path).
			Do("replay %s, or move it away", c.path)
	}
	return nil
}

func sameFile(a, b string) (bool, error) {
	ai, err := os.Stat(a)
	if err != nil {
		return false, cannotRead(err, a)
	}
	bi, err := os.Stat(b)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, cannotRead(err, b)
	}
	return os.SameFile(ai, bi), nil
}

// copyJournal makes this node's journal from another file, unless it has one.
func (c *Consents) copyJournal(path string) error {
	if _, err := os.Stat(c.path); !errors.Is(err, fs.ErrNotExist) {
		return nil // adopt compares them
	}
	f, err := os.Open(path)
	if err != nil {
		return cannotRead(err, path)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		return cannotRead(err, path)
	}
	return createJournal(c.path, c.db.Node(), 0, b)
}

// verifyJournal reads the journal through.
func (c *Consents) verifyJournal(now *state) error {
	if err := now.refusal(); err != nil {
		return err
	}
	f, err := os.Open(c.path)
	if err != nil {
		return cannotRead(err, c.path)
	}
	defer f.Close()
	last, _, err := scan(f, filepath.Clean(c.path), c.db.Node(), func(entry) error { return nil })
	if err == nil && last < now.line {
		err = short(c.path, last, now.line)
	}
	return err
}
