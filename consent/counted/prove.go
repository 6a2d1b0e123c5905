package counted

import (
	"context"
	"database/sql"
	"errors"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/ledger/membership"
	"github.com/samverk/samverk/storage"
)

// Prove shows whether an individual was counted in a use, under the root that the ledger's leaf names. Not found are a root that was never
// given out, that a restore or Prune took away ("counted.root"), somebody who was enrolled later ("counted.later"), and
// somebody whose salt is deleted ("counted.erased"). Since their erasure the proof is that of the erased.
func (c *Counted) Prove(ctx context.Context, u Use, root [32]byte, who individual.Number) (proof membership.Proof, err error) {
	err = c.db.Read(ctx, func(tx *storage.Tx) error {
		v := past{ctx: ctx, tx: tx, pages: map[place][]byte{}}
		var size uint32
		err := tx.QueryRow(ctx, `SELECT r.use_id, r.version, r.size FROM counted_root r JOIN counted_use u ON u.id = r.use_id
			WHERE u.purpose = $1 AND u.conditions = $2 AND r.root = $3 ORDER BY r.version DESC LIMIT 1`, u.Purpose, u.Conditions, root[:]).
			Scan(&v.use, &v.version, &size)
		if errors.Is(err, sql.ErrNoRows) {
			return fault.New(fault.NotFound, "there is no tree with this root").
				Do("it may have been made after the backup that this node was restored from, or pruned").Say("counted.root")
		}
		if err != nil {
			return err
		}
		if uint32(who) >= size {
			return fault.New(fault.NotFound, "they were enrolled later, so they weren't counted").Say("counted.later")
		}
		proof, err = c.prove(&v, u, size, who, root)
		return err
	})
	return proof, err
}

func (c *Counted) prove(v *past, u Use, size uint32, who individual.Number, root membership.Hash) (membership.Proof, error) {
	page, err := v.page(place{0, uint32(who) / pageNodes})
	if err != nil {
		return membership.Proof{}, err
	}
	i := int(who % pageNodes)
	if len(page) < (i+1)*leafBytes {
		return membership.Proof{}, damaged("the leaf of number %d", who)
	}
	salt, there := c.salts.get(who)
	says := state(place{}.node(page, i), salt, there, u, leafMade(page, i))
	var key membership.Key
	switch {
	case says == unknown && there:
		return membership.Proof{}, damaged("the leaf of number %d", who)
	case says == unknown:
		return membership.Proof{}, fault.New(fault.NotFound, "they were erased, and what their leaves say can't be known any more").Say("counted.erased")
	case says != membership.Nobody:
		key = salt.Key(u.key(), leafMade(page, i))
	}
	proof, got, err := membership.Past(v.nodes).Prove(size, uint32(who), says, key)
	if err == nil && got != root {
		err = membership.ErrProof
	}
	if err != nil && fault.KindOf(err) == fault.Internal {
		err = damaged("%v", err)
	}
	return proof, err
}

// past reads the pages of one version.
type past struct {
	ctx     context.Context // of one call: membership.Past has no place for it
	tx      *storage.Tx
	use     int64
	version int64
	pages   map[place][]byte
}

func (v *past) page(p place) ([]byte, error) {
	if page, ok := v.pages[p]; ok {
		return page, nil
	}
	var page []byte
	err := v.tx.QueryRow(v.ctx, `SELECT nodes FROM counted_node WHERE use_id = $1 AND level = $2 AND page = $3 AND version <= $4
		ORDER BY version DESC LIMIT 1`, v.use, p.level, p.page, v.version).Scan(&page)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, damaged("page %d of level %d is missing", p.page, p.level)
	}
	v.pages[p] = page
	return page, err
}

func (v *past) nodes(level uint8, first, n uint32) ([]membership.Hash, error) {
	p := place{level, first / pageNodes}
	page, err := v.page(p)
	if err != nil {
		return nil, err
	}
	var out []membership.Hash
	for i := int(first % pageNodes); i < int(first%pageNodes+n) && (i+1)*p.width() <= len(page); i++ {
		out = append(out, p.node(page, i))
	}
	return out, nil
}
