package forum

import (
	"context"
	"net/mail"
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

// FeedbackKind says what somebody wrote about.
type FeedbackKind string

// The kinds of report.
const (
	AboutFault    FeedbackKind = "fault"    // a page that could not be used
	AboutQuestion FeedbackKind = "question" // to the secretariat
)

// FeedbackState is how far a report has come.
type FeedbackState string

// The states of a report.
const (
	FeedbackOpen     FeedbackState = "open"
	FeedbackWorking  FeedbackState = "working"
	FeedbackDone     FeedbackState = "done"
	FeedbackDeclined FeedbackState = "declined"
)

// FeedbackStates in the order they are shown.
var FeedbackStates = []FeedbackState{FeedbackOpen, FeedbackWorking, FeedbackDone, FeedbackDeclined}

// Feedback is what anybody wrote to a tenant's secretariat. Its coordinators are told and answer it. The answer to a fault is
// public under the report's number, without who reported it and what they wrote, so that one can follow it without an
// account. The answer to a question is a note: it goes by mail.
type Feedback struct {
	ID       string
	Case     string // its number in the network's register
	Root     network.ID
	Kind     FeedbackKind
	Page     string // where the fault was, as the writer put it
	Text     string
	Mail     string // where the answer goes; "" for nowhere
	Person   network.PersonID
	Lang     string
	Reported time.Time
	State    FeedbackState
	Answer   string
	Answered time.Time
	Version  int64

	From netip.Addr // where the form came from; never kept
}

// How much a report may say. The form is open to everybody; how many a tenant takes, and from one sender, so that nobody shuts it for the
// others, is network.Registry.TakeForm's.
const (
	feedbackTextLimit = 4000
	feedbackPageLimit = 500
)

// GiveFeedback takes a report from anybody, tells the network's coordinators and gives its number.
func (f *Forum) GiveFeedback(ctx context.Context, who network.Actor, r Feedback) (number string, err error) {
	r.Page, r.Text, r.Mail = strings.TrimSpace(r.Page), strings.TrimSpace(r.Text), strings.TrimSpace(r.Mail)
	if err := r.check(); err != nil {
		return "", err
	}
	return number, f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		n, ok := f.network.Tree().Network(r.Root)
		if !ok || n.Parent != "" {
			return network.Absent()
		}
		if err := f.network.TakeForm(ctx, tx, r.Root, "feedback", a.Actor, r.From); err != nil {
			return err
		}
		id, err := f.db.NewID()
		if err != nil {
			return err
		}
		if number, err = f.NextCase(ctx, tx, r.Root); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO feedback (id, case_number, root, kind, page, text, mail, person, lang, reported, state, answer, answered, version)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'open', '', 0, 1)`,
			id, number, r.Root, r.Kind, r.Page, r.Text, r.Mail, a.Actor.Person, r.Lang, f.db.Now())
		if err != nil {
			return err
		}
		return f.tellCoordinators(ctx, tx, n, notice.Notice{Key: "notice." + string(r.Kind) + ".reported", Args: []string{number}, Link: "/n/" + n.Slug + "/feedback/" + id})
	})
}

func (r Feedback) check() error {
	switch {
	case r.Kind != AboutFault && r.Kind != AboutQuestion:
		return fault.New(fault.Invalid, "no such kind of report").Where("kind")
	case r.Text == "":
		return fault.New(fault.Invalid, "a report says nothing").Where("text").Say("front.report.text")
	case utf8.RuneCountInString(r.Text) > feedbackTextLimit:
		return fault.New(fault.Invalid, "a report is too long").Where("text").Say("front.long", feedbackTextLimit)
	case utf8.RuneCountInString(r.Page) > feedbackPageLimit:
		return fault.New(fault.Invalid, "a report's page is too long").Where("page").Say("front.long", feedbackPageLimit)
	case r.Mail == "" && r.Kind == AboutFault:
		return nil
	}
	if a, err := mail.ParseAddress(r.Mail); err != nil || a.Address != r.Mail || len(r.Mail) > 254 {
		return fault.New(fault.Invalid, "a report's mail address can't be one").Where("mail").Say("front.report.mail")
	}
	return nil
}

const feedbackColumns = `id, case_number, root, kind, page, text, mail, person, lang, reported, state, answer, answered, version`

func scanFeedback(row interface{ Scan(...any) error }) (r Feedback, err error) {
	var reported, answered int64
	err = row.Scan(&r.ID, &r.Case, &r.Root, &r.Kind, &r.Page, &r.Text, &r.Mail, &r.Person, &r.Lang, &reported, &r.State, &r.Answer, &answered, &r.Version)
	r.Reported, r.Answered = moment(reported), moment(answered)
	return r, err
}

// PublicFaults lists what everybody may know of the latest faults: number, date, state and answer.
func (f *Forum) PublicFaults(ctx context.Context, root network.ID, limit int) (out []Feedback, err error) {
	err = f.db.Read(ctx, func(tx *storage.Tx) error {
		out, err = f.listFeedback(ctx, tx, root, AboutFault, "", "", limit)
		return err
	})
	for i, r := range out {
		out[i] = Feedback{ID: r.ID, Case: r.Case, Root: r.Root, Kind: r.Kind, Reported: r.Reported, State: r.State, Answer: r.Answer, Answered: r.Answered}
	}
	return out, err
}

// AllFeedback lists what came in to a tenant, the newest first, for its coordinators. state "" is every state; before is the id
// of the last report one has seen.
func (f *Forum) AllFeedback(ctx context.Context, who network.Actor, root network.ID, kind FeedbackKind, state FeedbackState, before string, limit int) (out []Feedback, err error) {
	err = f.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		if !a.Coordinates(root) {
			return network.Absent()
		}
		out, err = f.listFeedback(ctx, tx, root, kind, state, before, limit)
		return err
	})
	return out, err
}

func (f *Forum) listFeedback(ctx context.Context, tx *storage.Tx, root network.ID, kind FeedbackKind, state FeedbackState, before string, limit int) (out []Feedback, err error) {
	if before == "" {
		before = "~" // sorts after every id
	}
	rows, err := tx.Query(ctx, `SELECT `+feedbackColumns+` FROM feedback WHERE root = $1 AND kind = $2 AND ($3 = '' OR state = $3) AND id < $4
		ORDER BY id DESC LIMIT $5`, root, kind, state, before, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		r, err := scanFeedback(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

// FeedbackOf finds one, for the tenant's coordinators.
func (f *Forum) FeedbackOf(ctx context.Context, who network.Actor, root network.ID, id string) (r Feedback, err error) {
	err = f.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		r, err = f.feedback(ctx, tx, a, root, id)
		return err
	})
	return r, err
}

func (f *Forum) feedback(ctx context.Context, tx *storage.Tx, a network.Access, root network.ID, id string) (Feedback, error) {
	if !a.Coordinates(root) {
		return Feedback{}, network.Absent()
	}
	r, err := scanFeedback(tx.QueryRow(ctx, `SELECT `+feedbackColumns+` FROM feedback WHERE id = $1 AND root = $2`, id, root))
	if noRow(err) {
		return r, network.Absent()
	}
	return r, err
}

// AnswerFeedback says how far a report has come, and tells whoever reported a fault if they can be told.
func (f *Forum) AnswerFeedback(ctx context.Context, who network.Actor, root network.ID, id string, state FeedbackState, answer string, version int64) error {
	answer = strings.TrimSpace(answer)
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		r, err := f.feedback(ctx, tx, a, root, id)
		if err != nil {
			return err
		}
		if err := r.checkAnswer(state, answer); err != nil {
			return err
		}
		if r.Version != version {
			return stale()
		}
		_, err = tx.Exec(ctx, `UPDATE feedback SET state = $2, answer = $3, answered = $4, version = version + 1 WHERE id = $1`,
			id, state, answer, f.db.Now())
		if err != nil {
			return err
		}
		if err := f.record(ctx, tx, who, root, id, "feedback."+string(state), nil); err != nil || r.Kind == AboutQuestion {
			return err
		}
		return f.tellReporter(ctx, tx, r)
	})
}

func (r Feedback) checkAnswer(state FeedbackState, answer string) error {
	switch state {
	case FeedbackOpen, FeedbackWorking:
	case FeedbackDone, FeedbackDeclined:
		if answer == "" && r.Kind == AboutFault {
			return fault.New(fault.Invalid, "a report of a fault is closed without an answer").Where("answer").Say("front.report.answer")
		}
	default:
		return fault.New(fault.Invalid, "no such state of a report").Where("state").Say("front.report.state")
	}
	if utf8.RuneCountInString(answer) > feedbackTextLimit {
		return fault.New(fault.Invalid, "an answer is too long").Where("answer").Say("front.long", feedbackTextLimit)
	}
	return nil
}

// tellReporter says that there is an answer.
func (f *Forum) tellReporter(ctx context.Context, tx *storage.Tx, r Feedback) error {
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

// tellCoordinators tells everybody who coordinates a network now.
func (f *Forum) tellCoordinators(ctx context.Context, tx *storage.Tx, n *network.Network, what notice.Notice) error {
	people, err := f.runners(ctx, tx, "", n.ID)
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
