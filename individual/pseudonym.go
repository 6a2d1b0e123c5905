package individual

import (
	"context"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/storage"
)

// SetPseudonym records or corrects by which name other regions know an individual.
func (r *Register) SetPseudonym(ctx context.Context, tx *storage.Tx, by, why string, n Number, pseudonym string) error {
	who, ok := r.GetIn(tx, n)
	if !ok {
		return fault.New(fault.NotFound, "there is no individual number %d", n)
	}
	if err := CheckID(pseudonym); err != nil {
		return err
	}
	who.Pseudonym = ""
	if err := r.name(ctx, tx, who, pseudonym); err != nil {
		return err
	}
	return r.record(ctx, tx, n, "pseudonym", by, why)
}

// name gives somebody who has none a pseudonym.
func (r *Register) name(ctx context.Context, tx *storage.Tx, who Individual, pseudonym string) error {
	if pseudonym == "" || pseudonym == who.Pseudonym {
		return nil
	}
	if who.Pseudonym != "" {
		return fault.New(fault.Invalid, "individual %q is recorded under another pseudonym", who.ID).Where("pseudonym").
			Do("correct the sample sheet; if the register is wrong, remove the individual and load again")
	}
	if err := r.free(tx, pseudonym); err != nil {
		return err
	}
	c := r.in(tx)
	c.named[pseudonym] = who.Number
	r.put(tx, who.Number, person{id: who.ID, sex: who.Sex, born: dayOf(who.Born), pseudonym: pseudonym})
	_, err := tx.Exec(ctx, `UPDATE individual SET pseudonym = $1 WHERE number = $2`, pseudonym, who.Number)
	return c.failed(err)
}

// free refuses a pseudonym that somebody else has here.
func (r *Register) free(tx *storage.Tx, pseudonym string) error {
	if pseudonym == "" {
		return nil
	}
	if err := CheckID(pseudonym); err != nil {
		return err
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	c := r.seen(tx)
	n, ok := c.named[pseudonym]
	if !ok {
		n, ok = r.named[pseudonym]
	}
	if !ok {
		return nil
	}
	if who, there := r.getIn(c, n); there && who.Pseudonym == pseudonym {
		return fault.New(fault.Invalid, "individual %q has that pseudonym already", who.ID).Where("pseudonym").
			Do("one person is one individual here: give their samples the same individual")
	}
	return nil
}

// Pseudonyms are everybody's who has one, and a number that grows when they change. With the number that it is, nothing is copied.
func (r *Register) Pseudonyms(since uint64) (of map[string]Number, now uint64) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if now = r.renamed + 1; now == since {
		return nil, now
	}
	of = make(map[string]Number, len(r.named))
	for pseudonym, n := range r.named {
		of[pseudonym] = n
	}
	return of, now
}
