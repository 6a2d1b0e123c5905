package ledger

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/storage"
)

// Witnesses are those whom a node knows by their public keys. What each has cosigned last is kept when they send it.
type Witnesses struct {
	db     *storage.DB
	ledger *Ledger
	keys   []string
	more   func() []string
}

// Seen is what a witness cosigned last.
type Seen struct {
	Name string
	Key  string
	Size uint64
	At   time.Time // zero: they have sent nothing yet
	Note string
}

// NewWitnesses knows witnesses by their public keys.
func NewWitnesses(db *storage.DB, l *Ledger, keys []string) (*Witnesses, error) {
	w := &Witnesses{db: db, ledger: l}
	for _, k := range keys {
		k = strings.TrimSpace(k)
		if _, err := newCosigner(k); err != nil {
			return nil, err
		}
		w.keys = append(w.keys, k)
	}
	return w, nil
}

// Also knows further witnesses, who may come and go: more is asked each time. What isn't a witness's public key among them is passed over.
// It is called before anything is taken.
func (w *Witnesses) Also(more func() []string) { w.more = more }

// known are the keys of all who are known now, those of the settings first.
func (w *Witnesses) known() []string {
	if w.more == nil {
		return w.keys
	}
	all := slices.Clone(w.keys)
	for _, k := range w.more() {
		k = strings.TrimSpace(k)
		if _, err := newCosigner(k); err == nil && !slices.Contains(all, k) {
			all = append(all, k)
		}
	}
	return all
}

// Take keeps a checkpoint that a known witness has cosigned. One that this log signed and no longer continues is an internal fault: then the
// log has been changed, or another is served under its key.
func (w *Witnesses) Take(ctx context.Context, note []byte) (s Seen, err error) {
	c, err := ReadCheckpoint(note, w.ledger.PublicKey())
	if err != nil {
		return s, err
	}
	for _, key := range w.known() {
		at, err := c.CosignedBy(key)
		if err != nil {
			continue
		}
		if err := w.continues(ctx, c); err != nil {
			return s, err
		}
		name, _, _ := strings.Cut(key, "+")
		s = Seen{Name: name, Key: key, Size: c.Size, At: at, Note: c.Note}
		return s, w.db.Write(ctx, func(tx *storage.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO ledger_witness (witness, size, at, note) VALUES ($1, $2, $3, $4)
				ON CONFLICT (witness) DO UPDATE SET size = excluded.size, at = excluded.at, note = excluded.note
				WHERE excluded.size > ledger_witness.size OR excluded.size = ledger_witness.size AND excluded.at >= ledger_witness.at`, key, c.Size, at, c.Note)
			return err
		})
	}
	return s, fault.New(fault.Denied, "no witness that this node knows has cosigned it").Do("ask who runs the node to name the witness's public key in its settings").Say("ledger.witness")
}

// continues refuses a checkpoint that isn't of this log as it is now.
func (w *Witnesses) continues(ctx context.Context, c Checkpoint) error {
	size, err := w.ledger.Size(ctx)
	if err != nil {
		return err
	}
	changed := fault.New(fault.Internal, "a witness has a checkpoint of %d leaves that this log signed and doesn't continue", c.Size).
		Do("keep both, and find out who changed the log: %q", c.Note)
	if c.Size == 0 || c.Size > size {
		return changed
	}
	root, err := w.ledger.rootAt(ctx, c.Size)
	if err == nil && root != c.Root {
		err = changed
	}
	return err
}

// List gives each witness with what it cosigned last.
func (w *Witnesses) List(ctx context.Context) (all []Seen, err error) {
	err = w.db.Read(ctx, func(tx *storage.Tx) error {
		found := map[string]Seen{}
		rows, err := tx.Query(ctx, `SELECT witness, size, at, note FROM ledger_witness`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var s Seen
			var at int64
			if err := rows.Scan(&s.Key, &s.Size, &at, &s.Note); err != nil {
				return err
			}
			s.At = storage.Time(at)
			found[s.Key] = s
		}
		all = nil
		for _, key := range w.known() {
			s := found[key]
			s.Key = key
			s.Name, _, _ = strings.Cut(key, "+")
			all = append(all, s)
		}
		return rows.Err()
	})
	return all, err
}
