package consent

import (
	"context"
	"database/sql"
	"encoding/binary"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/storage"
)

// A page is the words of so many individuals, the unit in which what holds is kept in the
// database: small enough to write with each change, large enough to read a million quickly.
const (
	pageBits  = 4096
	pageWords = pageBits / 64
)

// spot is one page of one purpose.
type spot struct{ purpose, page int }

// touch remembers that an individual's page must be written.
func (u *change) touch(p int, n individual.Number) {
	if u.touched == nil {
		u.touched = map[spot]bool{}
	}
	u.touched[spot{p, int(n / pageBits)}] = true
}

func (u *change) writePages(ctx context.Context) error {
	for s := range u.touched {
		_, err := u.tx.Exec(ctx, `INSERT INTO consent_page (purpose, page, allowed, given) VALUES ($1, $2, $3, $4)
			ON CONFLICT (purpose, page) DO UPDATE SET allowed = excluded.allowed, given = excluded.given`,
			purposes[s.purpose], s.page, pageOf(u.next.sets[s.purpose].Words, s.page), pageOf(u.next.given[s.purpose], s.page))
		if err != nil {
			return err
		}
	}
	return nil
}

// pageOf gives a page's bytes, without trailing words that aren't there.
func pageOf(words []uint64, page int) []byte {
	from := min(page*pageWords, len(words))
	to := min(from+pageWords, len(words))
	b := make([]byte, 0, (to-from)*8)
	for _, w := range words[from:to] {
		b = binary.LittleEndian.AppendUint64(b, w)
	}
	return b
}

func readPages(ctx context.Context, tx *storage.Tx, s *state) error {
	for p := range purposes {
		s.sets[p] = &individual.Set{}
	}
	rows, err := tx.Query(ctx, `SELECT purpose, page, allowed, given FROM consent_page`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var purpose string
		var page int
		var allowed, given sql.RawBytes
		if err := rows.Scan(&purpose, &page, &allowed, &given); err != nil {
			return err
		}
		p := Purpose(purpose).index()
		if p < 0 || page < 0 || page > int(^individual.Number(0))/pageBits || !fits(allowed) || !fits(given) {
			return fault.New(fault.Internal, "page %d of consent to %.40q is damaged", page, purpose).Do("restore a backup")
		}
		s.sets[p].Words = place(s.sets[p].Words, page, allowed)
		s.given[p] = place(s.given[p], page, given)
	}
	return rows.Err()
}

func fits(b []byte) bool { return len(b)%8 == 0 && len(b) <= pageWords*8 }

// place puts a page's bytes where they belong.
func place(words []uint64, page int, b []byte) []uint64 {
	from := page * pageWords
	if need := from + len(b)/8; need > len(words) {
		words = append(words, make([]uint64, need-len(words))...)
	}
	for i := range len(b) / 8 {
		words[from+i] = binary.LittleEndian.Uint64(b[i*8:])
	}
	return words
}
