package consent

import (
	"context"
	"database/sql"
	"encoding/binary"
	"strings"

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

// pagesMade is which kinds of pages this program keeps. A database that has fewer gets the rest derived when it is opened.
const pagesMade = 1

// spot is one page of one plane, or of one disease's.
type spot struct {
	plane plane
	code  string // a disease; the plane is then 0
	page  int
}

// touch remembers that a page must be written.
func (e *edit) touch(s spot) {
	if e.touched == nil {
		e.touched = map[spot]bool{}
	}
	if s.code == "" && s.plane >= ever && s.plane < no {
		s.plane -= ever - yes // they stand in one row
	}
	e.touched[s] = true
}

// diseaseName begins the names of diseases' pages.
const diseaseName = "disease "

// planeNames are how pages are named in the database; a permission's own page holds who has ever said yes too.
var planeNames = func() (names [planes]string) {
	for i, p := range permissions {
		names[yes+plane(i)] = string(p)
		names[no+plane(i)] = "no " + string(p)
	}
	for i, p := range purposes {
		names[out+plane(i)] = "out " + string(p)
	}
	names[health], names[named], names[ward] = "health", "named", "ward"
	return names
}()

var planeIndex = func() map[string]plane {
	index := map[string]plane{}
	for i, name := range planeNames {
		if name != "" {
			index[name] = plane(i)
		}
	}
	return index
}()

func (u *change) writePages(ctx context.Context) error {
	for s := range u.touched {
		name, first, second := planeNames[s.plane], u.planes[s.plane], []uint64(nil)
		if s.code != "" {
			name, first = diseaseName+s.code, u.diseases[s.code]
		} else if s.plane < ever {
			second = u.planes[s.plane+ever-yes]
		}
		_, err := u.tx.Exec(ctx, `INSERT INTO consent_page (purpose, page, allowed, given) VALUES ($1, $2, $3, $4)
			ON CONFLICT (purpose, page) DO UPDATE SET allowed = excluded.allowed, given = excluded.given`,
			name, s.page, pageOf(first, s.page), pageOf(second, s.page))
		if err != nil {
			return err
		}
	}
	for n, l := range u.lapsing {
		q, args := `DELETE FROM consent_lapse WHERE individual = $1`, []any{n}
		if l.what != 0 {
			q, args = `INSERT INTO consent_lapse (individual, falls_due, permissions) VALUES ($1, $2, $3)
				ON CONFLICT (individual) DO UPDATE SET falls_due = excluded.falls_due, permissions = excluded.permissions`, []any{n, l.at, l.what}
		}
		if _, err := u.tx.Exec(ctx, q, args...); err != nil {
			return err
		}
	}
	return nil
}

// touchAll marks every page there is anything on.
func (e *edit) touchAll() {
	for p, words := range e.planes {
		for page := range (len(words) + pageWords - 1) / pageWords {
			e.touch(spot{plane: plane(p), page: page})
		}
	}
	for code, words := range e.diseases {
		for page := range (len(words) + pageWords - 1) / pageWords {
			e.touch(spot{code: code, page: page})
		}
	}
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
	s.diseases = map[string][]uint64{}
	rows, err := tx.Query(ctx, `SELECT purpose, page, allowed, given FROM consent_page`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var page int
		var first, second sql.RawBytes
		if err := rows.Scan(&name, &page, &first, &second); err != nil {
			return err
		}
		code, disease := strings.CutPrefix(name, diseaseName)
		p, known := planeIndex[name]
		if !known && !disease || page < 0 || page > int(^individual.Number(0))/pageBits || !fits(first) || !fits(second) {
			return fault.New(fault.Internal, "page %d of consent to %.40q is damaged", page, name).Do("restore a backup")
		}
		switch {
		case disease:
			s.diseases[code] = place(s.diseases[code], page, first)
		case p < ever:
			s.planes[p+ever-yes] = place(s.planes[p+ever-yes], page, second)
			fallthrough
		default:
			s.planes[p] = place(s.planes[p], page, first)
		}
	}
	return rows.Err()
}

func readLapses(ctx context.Context, tx *storage.Tx, s *state) error {
	rows, err := tx.Query(ctx, `SELECT individual, falls_due, permissions FROM consent_lapse ORDER BY falls_due, individual`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var l lapse
		if err := rows.Scan(&l.who, &l.at, &l.what); err != nil {
			return err
		}
		s.lapses = append(s.lapses, l)
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
