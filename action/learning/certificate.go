package learning

import (
	"context"
	"database/sql"
	"encoding/base32"
	"io"
	"strings"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// Certificate is what somebody took part in. What is here is what stands on it, and nothing more.
type Certificate struct {
	Code    string
	Name    string
	Title   string
	Lang    string
	Issuer  network.Text
	Minutes int
	Starts  time.Time // zero: at one's own pace
	Ends    time.Time
	Issued  time.Time
}

var codes = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// code makes 160 random bits that people can read out and type: no I, L, O or U.
func (r *Room) code() (string, error) {
	var b [20]byte
	if _, err := io.ReadFull(r.options.Rand, b[:]); err != nil {
		return "", fault.Wrap(fault.Internal, err, "no randomness for a certificate")
	}
	return codes.EncodeToString(b[:]), nil
}

// plainCode is a code as it is kept, of what somebody typed.
func plainCode(s string) string {
	return strings.NewReplacer("O", "0", "I", "1", "L", "1", "-", "", " ", "").Replace(strings.ToUpper(line(s)))
}

// Qualifies tells whether somebody has done what a certificate needs: enough sessions, and the quiz where there is one.
func (a Activity) Qualifies(g Registration, sessions, questions int) bool {
	need := a.Attend
	if need == 0 || need > sessions {
		need = sessions
	}
	return a.Certificate && g.State == Registered && len(g.Attended) >= need && (questions == 0 && !a.SelfPaced || questions > 0 && g.Best >= QuizPasses)
}

// Certify gives everybody who qualifies and has none their certificate, once the activity is over: by who arranges it. It tells how many.
func (r *Room) Certify(ctx context.Context, who network.Actor, id ID) (n int, err error) {
	for more := true; more; {
		err := r.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
			x, err := r.arranged(ctx, tx, a, id)
			if err != nil {
				return err
			}
			if !x.Certificate || !x.SelfPaced && !x.Over(r.db.Now()) {
				return fault.New(fault.Conflict, "there are no certificates yet").Say("learning.certificate.early")
			}
			some, err := r.certifySome(ctx, tx, x)
			if err != nil {
				return err
			}
			more = some == mostAtOnce
			if n += some; some > 0 && !more {
				return r.record(ctx, tx, who, x, "certified", nil)
			}
			return nil
		})
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

func (r *Room) certifySome(ctx context.Context, tx *storage.Tx, x Activity) (int, error) {
	sessions, err := r.sessions(ctx, tx, x.ID)
	if err != nil {
		return 0, err
	}
	need := x.Attend
	if need == 0 || need > len(sessions) {
		need = len(sessions)
	}
	all, err := r.some(ctx, tx, `g.activity = $1 AND g.state = 'registered' AND c.code IS NULL AND (g.person <> '' OR g.name <> '')
		AND (SELECT COUNT(*) FROM learning_attendance t WHERE t.registration = g.id) >= $2
		AND (g.best >= $3 OR $4 = 0 AND NOT EXISTS (SELECT 1 FROM learning_question q WHERE q.activity = $1)) ORDER BY g.id LIMIT $5`, x.ID, need, QuizPasses, x.SelfPaced, mostAtOnce)
	if err != nil {
		return 0, err
	}
	for i := range all {
		if err := r.certify(ctx, tx, x, sessions, &all[i]); err != nil {
			return 0, err
		}
	}
	return len(all), nil
}

// certify gives one certificate, and writes it into its owner's record.
func (r *Room) certify(ctx context.Context, tx *storage.Tx, x Activity, sessions []Session, g *Registration) error {
	if g.Code != "" {
		return nil
	}
	code, err := r.code()
	if err != nil {
		return err
	}
	minutes := int64(0)
	for _, s := range sessions {
		minutes += int64(s.Ends.Sub(s.Starts) / time.Minute)
	}
	n, _ := r.network.Tree().Network(x.Network)
	now := r.db.Now()
	if _, err := tx.Exec(ctx, `INSERT INTO learning_certificate (code, registration, activity, root, person, name, title, lang, issuer, minutes, starts, ends, zone, issued) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		code, g.ID, x.ID, x.Root, g.Person, g.Name, x.Title, x.Lang, n.Name.Column(), minutes, micros(x.Starts), micros(x.Ends), x.Zone, now); err != nil {
		return err
	}
	if g.Person != "" {
		kind := Attended
		if x.Competence != "" {
			kind = Learnt
		}
		if err := r.insertRecord(ctx, tx, Record{Person: g.Person, Root: x.Root, Kind: kind, Title: x.Title, Lang: x.Lang, Competence: x.Competence, Certificate: code, Since: now, Listed: network.Mine}); err != nil {
			return err
		}
	}
	g.Code = code
	return r.tell(ctx, tx, x, *g, "certificate", x.Title)
}

const certificateColumns = `code, name, title, lang, issuer, minutes, starts, ends, zone, issued`

func scanCertificate(row interface{ Scan(...any) error }) (c Certificate, err error) {
	var starts, ends, issued int64
	var zone string
	err = row.Scan(&c.Code, &c.Name, &c.Title, &c.Lang, &c.Issuer, &c.Minutes, &starts, &ends, &zone, &issued)
	z := zoneOf(zone)
	if starts != 0 {
		c.Starts, c.Ends = moment(starts).In(z), moment(ends).In(z)
	}
	c.Issued = moment(issued).In(z)
	return c, err
}

// Verify gives the certificate of a code, to anybody.
func (r *Room) Verify(ctx context.Context, root network.ID, code string) (c Certificate, err error) {
	err = r.db.Read(ctx, func(tx *storage.Tx) error {
		c, err = scanCertificate(tx.QueryRow(ctx, `SELECT `+certificateColumns+` FROM learning_certificate WHERE code = $1 AND root = $2`, plainCode(code), root))
		if noRow(err) {
			return network.Absent()
		}
		return err
	})
	return c, err
}

// TakeBack takes a certificate back that was given by mistake: by who arranges the activity. It is as if it never was.
func (r *Room) TakeBack(ctx context.Context, who network.Actor, id ID, of RegistrationID) error {
	return r.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		x, err := r.arranged(ctx, tx, a, id)
		if err != nil {
			return err
		}
		var code string
		err = tx.QueryRow(ctx, `SELECT code FROM learning_certificate WHERE registration = $1 AND activity = $2`, of, id).Scan(&code)
		if noRow(err) {
			return network.Absent()
		}
		if err != nil {
			return err
		}
		for _, q := range []string{`DELETE FROM learning_record WHERE certificate = $1`, `DELETE FROM learning_certificate WHERE code = $1`} {
			if _, err := tx.Exec(ctx, q, code); err != nil {
				return err
			}
		}
		return r.record(ctx, tx, who, x, "uncertified", nil)
	})
}

func (r *Room) certificates(ctx context.Context, tx *storage.Tx, root network.ID, of network.PersonID) (out []Certificate, err error) {
	rows, err := tx.Query(ctx, `SELECT `+certificateColumns+` FROM learning_certificate WHERE person = $1 AND root = $2 ORDER BY issued DESC, code LIMIT 500`, of, root)
	err = each(rows, err, func(rows *sql.Rows) error {
		c, err := scanCertificate(rows)
		out = append(out, c)
		return err
	})
	return out, err
}
