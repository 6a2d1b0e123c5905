package involvement

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/lang"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// Migrations are the room's tables, for storage.Options.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// Headings are GRIPP2-SF's five, in their order.
var Headings = []string{"aim", "methods", "results", "discussion", "reflection"}

// Report is one version of what a body tells of a year.
type Report struct {
	Body      network.BodyID
	Year      int
	Version   int64 // 0: not written yet
	Lang      string
	Texts     map[string]string // by heading, Markdown
	Published bool
	By        network.PersonID
	At        time.Time
}

// Reports is the room.
type Reports struct {
	db      *storage.DB
	network *network.Registry
}

// Open opens the room over a database that has its tables.
func Open(db *storage.DB, n *network.Registry) *Reports { return &Reports{db, n} }

const (
	longest   = 8000 // characters under a heading
	firstYear = 1990
)

// Of gives the version of a report that the reader may see: whoever writes it sees the newest, others the newest that was published. The zero
// version says that there is none. writes tells whether the reader may write it.
func (r *Reports) Of(ctx context.Context, who network.Actor, root network.ID, body network.BodyID, year int) (out Report, writes bool, err error) {
	err = r.network.Look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		b, err := r.seen(ctx, tx, a, root, body)
		if err != nil {
			return err
		}
		writes = a.Runs(b.ID, b.Network)
		where := " AND published = 1"
		if writes {
			where = ""
		}
		out, err = r.newest(ctx, tx, body, year, where)
		return err
	})
	return out, writes, err
}

// Save keeps a new version of a report. in.Version is the one the edit began from, 0 for none.
func (r *Reports) Save(ctx context.Context, who network.Actor, root network.ID, in Report) error {
	return r.network.Act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		b, err := r.seen(ctx, tx, a, root, in.Body)
		if err != nil {
			return err
		}
		if !a.Runs(b.ID, b.Network) {
			return fault.New(fault.Denied, "only who runs a body writes its report").Say("involvement.denied")
		}
		if err := r.check(&in); err != nil {
			return err
		}
		was, err := r.newest(ctx, tx, in.Body, in.Year, "")
		if err != nil {
			return err
		}
		if was.Version != in.Version {
			return fault.New(fault.Conflict, "somebody else changed this meanwhile").Say("edit.conflict").Do("compare both texts and save again")
		}
		published := 0
		if in.Published {
			published = 1
		}
		_, err = tx.Exec(ctx, `INSERT INTO involvement_report (body, year, version, lang, aim, methods, results, discussion, reflection, published, actor, at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`, in.Body, in.Year, was.Version+1, in.Lang,
			in.Texts["aim"], in.Texts["methods"], in.Texts["results"], in.Texts["discussion"], in.Texts["reflection"], published, who.Person, r.db.Now())
		return err
	})
}

// seen finds a tenant's body that the reader sees.
func (r *Reports) seen(ctx context.Context, tx *storage.Tx, a network.Access, root network.ID, id network.BodyID) (network.Body, error) {
	b, err := r.network.Body(ctx, tx, id)
	if err == nil && (b.Root != root || !a.Sees(network.Scope{Network: b.Network, Body: b.ID, Visibility: b.Visibility})) {
		err = network.Absent()
	}
	return b, err
}

func (r *Reports) check(in *Report) error {
	if in.Year < firstYear || in.Year > r.db.Now().Year()+1 {
		return network.Absent()
	}
	if !slices.Contains(lang.Codes, in.Lang) {
		return fault.New(fault.Invalid, "the report is in no language of ours").Where("lang").Say("involvement.lang")
	}
	texts := map[string]string{}
	for _, h := range Headings {
		t := strings.TrimSpace(in.Texts[h])
		if utf8.RuneCountInString(t) > longest {
			return fault.New(fault.Invalid, "the text is longer than %d characters", longest).Where(h).Say("involvement.long", longest)
		}
		if t == "" && in.Published {
			return fault.New(fault.Invalid, "a heading has no text").Where(h).Say("involvement.empty")
		}
		texts[h] = t
	}
	in.Texts = texts
	return nil
}

func (r *Reports) newest(ctx context.Context, tx *storage.Tx, body network.BodyID, year int, where string) (out Report, err error) {
	var aim, methods, results, discussion, reflection string
	var published, at int64
	err = tx.QueryRow(ctx, `SELECT body, year, version, lang, aim, methods, results, discussion, reflection, published, actor, at FROM involvement_report
		WHERE body = $1 AND year = $2`+where+` ORDER BY version DESC LIMIT 1`, body, year).
		Scan(&out.Body, &out.Year, &out.Version, &out.Lang, &aim, &methods, &results, &discussion, &reflection, &published, &out.By, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return Report{Body: body, Year: year}, nil
	}
	out.Texts = map[string]string{"aim": aim, "methods": methods, "results": results, "discussion": discussion, "reflection": reflection}
	out.Published, out.At = published == 1, storage.Time(at)
	return out, err
}
