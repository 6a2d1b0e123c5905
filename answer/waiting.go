package answer

import (
	"context"
	"encoding/binary"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/consent/counted"
	"github.com/samverk/samverk/storage"
)

// Newcomers are those of a use and a dataset who wait until they are enough to be counted for outsiders.
type Newcomers struct {
	Use      consent.Use
	Dataset  string // "": all
	Together bool   // of answers that nodes give together: only who is at home here
	Batch    int    // so many are let in at once, at least
	In       int    // who is counted
	Waiting  int    // who allows it and is sequenced, and isn't counted yet
}

// mostBatches is how many batches Newcomers tells of: a few uses times a few datasets.
const mostBatches = 200

// Newcomers tells of each batch that was asked about how many wait. Nobody is let in by it.
func (d *Desk) Newcomers(ctx context.Context) (out []Newcomers, err error) {
	in := map[string][]uint64{}
	d.batches.by.Range(func(key, _ any) bool { in[key.(string)] = nil; return true }) // asked about, with nobody let in yet
	err = d.batches.db.Read(ctx, func(tx *storage.Tx) error {
		rows, err := tx.Query(ctx, `SELECT batch, people FROM answer_admitted ORDER BY batch LIMIT `+strconv.Itoa(mostBatches))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var key string
			var blob []byte
			if err := rows.Scan(&key, &blob); err != nil {
				return err
			}
			in[key] = wordsOf(blob)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, err
	}
	snap := d.genomes.Snapshot()
	for key, let := range in {
		n, ok := batchOf(key)
		if !ok {
			continue
		}
		people, err := snap.People(n.Dataset)
		if err != nil { // the dataset is gone
			continue
		}
		allowed, err := d.consents.Allowed(n.Use)
		if err != nil {
			return nil, err
		}
		if n.Together && d.home != nil {
			if home := d.home(); home != nil {
				allowed = d.atHome(allowed, home)
			}
		}
		for i, w := range allowed.Words[:min(len(allowed.Words), len(people))] {
			may, was := w&people[i], uint64(0)
			if i < len(let) {
				was = let[i]
			}
			n.In += bits.OnesCount64(may & was)
			n.Waiting += bits.OnesCount64(may &^ was)
		}
		out = append(out, n)
	}
	slices.SortFunc(out, func(a, b Newcomers) int { return strings.Compare(keyOf(a), keyOf(b)) })
	return out, nil
}

func keyOf(n Newcomers) string {
	u := counted.Of(n.Use)
	if n.Together {
		u = with(u, homeWord)
	}
	u = usedBy(u, n.Dataset, n.Batch)
	return u.Purpose + " " + u.Conditions
}

// batchOf reads what a batch is called; ok is false for what nothing is called.
func batchOf(key string) (n Newcomers, ok bool) {
	head, tail, ok := strings.Cut(key, "batch=")
	if !ok {
		return n, false
	}
	for i, w := range strings.Fields(head) {
		country, isCountry := strings.CutPrefix(w, "country=")
		switch {
		case i == 0:
			n.Use.Purpose = consent.Purpose(w)
		case w == "health":
			n.Use.Health = true
		case w == "commercial":
			n.Use.Commercial = true
		case w == homeWord:
			n.Together = true
		case isCountry:
			n.Use.Country = country
		default:
			n.Use.Diseases = append(n.Use.Diseases, w)
		}
	}
	size, dataset, _ := strings.Cut(tail, " dataset=")
	n.Dataset = dataset
	n.Batch, _ = strconv.Atoi(size)
	return n, keyOf(n) == key
}

func wordsOf(blob []byte) []uint64 {
	out := make([]uint64, len(blob)/8)
	for i := range out {
		out[i] = binary.BigEndian.Uint64(blob[8*i:])
	}
	return out
}
