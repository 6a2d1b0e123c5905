package forum

import (
	"context"
	"net/mail"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

// ReportKind says what somebody wrote about.
type ReportKind string

// The kinds of report.
const (
	ReportFault    ReportKind = "fault"    // a page that could not be used
	ReportQuestion ReportKind = "question" // to the secretariat
)

// ReportState is how far a report has come.
type ReportState string

// The states of a report.
const (
	ReportOpen     ReportState = "open"
	ReportWorking  ReportState = "working"
	ReportDone     ReportState = "done"
	ReportDeclined ReportState = "declined"
)

// ReportStates in the order they are shown.
var ReportStates = []ReportState{ReportOpen, ReportWorking, ReportDone, ReportDeclined}

// Report is what anybody wrote to a tenant's secretariat. Its coordinators are told and answer it. The answer to a fault is
// public under the report's number, without who reported it and what they wrote, so that one can follow it without an
// account. The answer to a question is a note: it goes by mail.
type Report struct {
	ID       string
	Case     string // its number in the network's register
	Root     network.ID
	Kind     ReportKind
	Page     string // where the fault was, as the writer put it
	Text     string
	Mail     string // where the answer goes; "" for nowhere
	Person   network.PersonID
	Lang     string
	Reported time.Time
	State    ReportState
	Answer   string
	Answered time.Time
	Version  int64
}

// How much a report may say, and how many a tenant takes in an hour: the form is open to everybody.
const (
	reportTextLimit = 4000
	reportPageLimit = 500
	reportsPerHour  = 60
)

// Report takes a report from anybody, tells the network's coordinators and gives its number.
func (f *Forum) Report(ctx context.Context, who network.Actor, r Report) (number string, err error) {
	r.Page, r.Text, r.Mail = strings.TrimSpace(r.Page), strings.TrimSpace(r.Text), strings.TrimSpace(r.Mail)
	if err := r.check(); err != nil {
		return "", err
	}
	return number, f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		n, ok := f.network.Tree().Network(r.Root)
		if !ok || n.Parent != "" {
			return network.Absent()
		}
		now := f.db.Now()
		if err := f.reportsBounded(ctx, tx, r.Root, now); err != nil {
			return err
		}
		id, err := f.db.NewID()
		if err != nil {
			return err
		}
		if number, err = f.caseNumber(ctx, tx, r.Root); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO report (id, case_number, root, kind, page, text, mail, person, lang, reported, state, answer, answered, version)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'open', '', 0, 1)`,
			id, number, r.Root, r.Kind, r.Page, r.Text, r.Mail, a.Actor.Person, r.Lang, now)
		if err != nil {
			return err
		}
		return f.tellCoordinators(ctx, tx, n, notice.Notice{Key: "notice." + string(r.Kind) + ".reported", Args: []string{number}, Link: "/n/" + n.Slug + "/reports/" + id})
	})
}

func (r Report) check() error {
	switch {
	case r.Kind != ReportFault && r.Kind != ReportQuestion:
		return fault.New(fault.Invalid, "no such kind of report").Where("kind")
	case r.Text == "":
		return fault.New(fault.Invalid, "a report says nothing").Where("text").Say("front.report.text")
	case utf8.RuneCountInString(r.Text) > reportTextLimit:
		return fault.New(fault.Invalid, "a report is too long").Where("text").Say("front.long", reportTextLimit)
	case utf8.RuneCountInString(r.Page) > reportPageLimit:
		return fault.New(fault.Invalid, "a report's page is too long").Where("page").Say("front.long", reportPageLimit)
	case r.Mail == "" && r.Kind == ReportFault:
		return nil
	}
	if a, err := mail.ParseAddress(r.Mail); err != nil || a.Address != r.Mail || len(r.Mail) > 254 {
		return fault.New(fault.Invalid, "a report's mail address can't be one").Where("mail").Say("front.report.mail")
	}
	return nil
}

func (f *Forum) reportsBounded(ctx context.Context, tx *storage.Tx, root network.ID, now time.Time) error {
	var n int
	err := tx.QueryRow(ctx, `SELECT count(*) FROM report WHERE root = $1 AND reported > $2`, root, micros(now.Add(-time.Hour))).Scan(&n)
	if err == nil && n >= reportsPerHour {
		return fault.New(fault.Unavailable, "%d reports came in an hour", n).Say("front.report.many")
	}
	return err
}

const reportColumns = `id, case_number, root, kind, page, text, mail, person, lang, reported, state, answer, answered, version`

func scanReport(row interface{ Scan(...any) error }) (r Report, err error) {
	var reported, answered int64
	err = row.Scan(&r.ID, &r.Case, &r.Root, &r.Kind, &r.Page, &r.Text, &r.Mail, &r.Person, &r.Lang, &reported, &r.State, &r.Answer, &answered, &r.Version)
	r.Reported, r.Answered = moment(reported), moment(answered)
	return r, err
}

// PublicFaults lists what everybody may know of the latest faults: number, date, state and answer.
func (f *Forum) PublicFaults(ctx context.Context, root network.ID, limit int) (out []Report, err error) {
	err = f.db.Read(ctx, func(tx *storage.Tx) error {
		out, err = f.reports(ctx, tx, root, ReportFault, "", "", limit)
		return err
	})
	for i, r := range out {
		out[i] = Report{ID: r.ID, Case: r.Case, Root: r.Root, Kind: r.Kind, Reported: r.Reported, State: r.State, Answer: r.Answer, Answered: r.Answered}
	}
	return out, err
}

// Reports lists what came in to a tenant, the newest first, for its coordinators. state "" is every state; before is the id
// of the last report one has seen.
func (f *Forum) Reports(ctx context.Context, who network.Actor, root network.ID, kind ReportKind, state ReportState, before string, limit int) (out []Report, err error) {
	err = f.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		if !a.Coordinates(root) {
			return network.Absent()
		}
		out, err = f.reports(ctx, tx, root, kind, state, before, limit)
		return err
	})
	return out, err
}

func (f *Forum) reports(ctx context.Context, tx *storage.Tx, root network.ID, kind ReportKind, state ReportState, before string, limit int) (out []Report, err error) {
	if before == "" {
		before = "~" // sorts after every id
	}
	rows, err := tx.Query(ctx, `SELECT `+reportColumns+` FROM report WHERE root = $1 AND kind = $2 AND ($3 = '' OR state = $3) AND id < $4
		ORDER BY id DESC LIMIT $5`, root, kind, state, before, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		r, err := scanReport(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

// ReportOf finds one, for the tenant's coordinators.
func (f *Forum) ReportOf(ctx context.Context, who network.Actor, root network.ID, id string) (r Report, err error) {
	err = f.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		r, err = f.report(ctx, tx, a, root, id)
		return err
	})
	return r, err
}

func (f *Forum) report(ctx context.Context, tx *storage.Tx, a network.Access, root network.ID, id string) (Report, error) {
	if !a.Coordinates(root) {
		return Report{}, network.Absent()
	}
	r, err := scanReport(tx.QueryRow(ctx, `SELECT `+reportColumns+` FROM report WHERE id = $1 AND root = $2`, id, root))
	if noRow(err) {
		return r, network.Absent()
	}
	return r, err
}

// AnswerReport says how far a report has come, and tells whoever reported a fault if they can be told.
func (f *Forum) AnswerReport(ctx context.Context, who network.Actor, root network.ID, id string, state ReportState, answer string, version int64) error {
	answer = strings.TrimSpace(answer)
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		r, err := f.report(ctx, tx, a, root, id)
		if err != nil {
			return err
		}
		if err := r.checkAnswer(state, answer); err != nil {
			return err
		}
		if r.Version != version {
			return stale()
		}
		_, err = tx.Exec(ctx, `UPDATE report SET state = $2, answer = $3, answered = $4, version = version + 1 WHERE id = $1`,
			id, state, answer, f.db.Now())
		if err != nil || r.Kind == ReportQuestion {
			return err
		}
		return f.tellReporter(ctx, tx, r)
	})
}

func (r Report) checkAnswer(state ReportState, answer string) error {
	switch state {
	case ReportOpen, ReportWorking:
	case ReportDone, ReportDeclined:
		if answer == "" && r.Kind == ReportFault {
			return fault.New(fault.Invalid, "a report of a fault is closed without an answer").Where("answer").Say("front.report.answer")
		}
	default:
		return fault.New(fault.Invalid, "no such state of a report").Where("state").Say("front.report.state")
	}
	if utf8.RuneCountInString(answer) > reportTextLimit {
		return fault.New(fault.Invalid, "an answer is too long").Where("answer").Say("front.long", reportTextLimit)
	}
	return nil
}

// tellReporter says that there is an answer.
func (f *Forum) tellReporter(ctx context.Context, tx *storage.Tx, r Report) error {
	n, ok := f.network.Tree().Network(r.Root)
	if !ok {
		return network.Absent()
	}
	told := notice.Notice{Key: "notice.fault.answered", Args: []string{r.Case}, Link: "/n/" + n.Slug + "/accessibility#reported"}
	if r.Person != "" {
		return f.notices.Tell(ctx, tx, string(r.Person), told)
	}
	if r.Mail != "" {
		return f.notices.TellAddress(ctx, tx, notice.Recipient{Person: "report:" + r.ID, Mail: r.Mail, Lang: r.Lang, Zone: n.Zone}, told)
	}
	return nil
}

// tellCoordinators tells everybody who holds a seat in a network's secretariat now.
func (f *Forum) tellCoordinators(ctx context.Context, tx *storage.Tx, n *network.Network, what notice.Notice) error {
	people, err := f.coordinators(ctx, tx, n.ID)
	if err != nil {
		return err
	}
	for _, p := range people {
		if err := f.notices.Tell(ctx, tx, string(p), what); err != nil {
			return err
		}
	}
	return nil
}

func (f *Forum) coordinators(ctx context.Context, tx *storage.Tx, n network.ID) ([]network.PersonID, error) {
	rows, err := tx.Query(ctx, `SELECT DISTINCT h.person FROM body b JOIN seat s ON s.body = b.id JOIN holding h ON h.seat = s.id
		WHERE b.network = $1 AND b.kind = 'secretariat' AND b.closed = 0 AND s.closed = 0 AND h.starts <= $2 AND (h.ends = 0 OR h.ends > $2)
		ORDER BY h.person`, n, f.db.Now())
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []network.PersonID
	for rows.Next() {
		var p network.PersonID
		if err := rows.Scan(&p); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, rows.Err()
}
