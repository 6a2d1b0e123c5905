package forum

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// TopicView is a topic with everything around it that the reader may see.
type TopicView struct {
	Topic
	BodyName  network.Text
	Mandate   network.Mandate
	Patients  bool   // its body has patients' seats
	RaiserIs  string // who raised it
	RaiserFor network.Text
	Inputs    []Input
	GivenBack map[InputID]bool // those of them that were said of what was lifted here and given back since
	Evidence  []Evidence
	Files     []Attachment
	From      []LiftView // what was lifted to it
	To        []LiftView // where it was lifted
	Links     []TopicLink
	Took      []TopicLink // topics that were merged into it
	IntoTitle TopicLink   // what it was merged into, when the reader may see that
	Posts     []PostRow
	History   []Event
	Follows   bool
	Lacks     string // the code of what it lacks to be prepared; "" for nothing
	May       May
}

// May says what the reader may do with a topic.
type May struct {
	Run    bool // its agenda: as the chair or a coordinator
	Chair  bool
	Edit   bool
	Add    bool // evidence and files
	Give   bool // input
	Follow bool
	Review bool // evidence
	Close  bool
	Judge  bool           // its inputs
	Step   map[State]bool // where who runs it may take it, as far as its state goes
}

// To tells whether who runs the topic may take it into a state, as far as the one it is in goes.
func (m May) To(state string) bool { return m.Step[State(state)] }

// LiftView is a lift as it is told beside a topic.
type LiftView struct {
	Lift
	Network  network.ID   // of the other end: from where, or to where
	BodyName network.Text // its body
	Other    TopicLink    // the topic at the other end, when the reader may see it
	Asked    string       // who lifted it
}

// TopicLink leads to a topic.
type TopicLink struct {
	ID    TopicID
	Case  string
	Title string
	Lang  string
	State State
	Kind  LinkKind
}

func (t Topic) link() TopicLink {
	return TopicLink{ID: t.ID, Case: t.Case, Title: t.Title, Lang: t.Lang, State: t.State}
}

// View reads a topic of a tenant with everything around it.
func (f *Forum) View(ctx context.Context, who network.Actor, root network.ID, id TopicID) (v TopicView, err error) {
	err = f.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		t, err := f.topic(ctx, tx, a, id)
		if err != nil || t.Root != root {
			return network.Absent()
		}
		v.Topic = t
		for _, fill := range []func(context.Context, *storage.Tx, network.Access, *TopicView) error{
			f.viewBody, f.viewSaid, f.viewLifts, f.viewLinks, f.viewHistory,
		} {
			if err := fill(ctx, tx, a, &v); err != nil {
				return err
			}
		}
		v.May = f.may(a, v)
		return f.viewRights(ctx, tx, a, &v)
	})
	return v, err
}

func (f *Forum) may(a network.Access, v TopicView) May {
	t := v.Topic
	m := May{Run: a.Runs(t.Body, t.Network), Chair: t.Body != "" && a.Chairs(t.Body), Edit: editable(a, t) == nil, Add: mayAdd(a, t) == nil,
		Follow: a.Registered(t.Root), Step: map[State]bool{}}
	m.Review = a.In(t.Body) || m.Run
	m.Close = slices.Contains(next[t.State], Closed) && (m.Run || t.State == Raised && t.RaisedBy == a.Actor.Person)
	m.Give = m.Follow && t.State != Decided && t.State != Merged && t.State != Closed
	if m.Run {
		for _, s := range next[t.State] {
			m.Step[s] = true
		}
		n, ok := f.network.Tree().Network(t.Network)
		m.Step[Lifted] = m.Step[Lifted] && ok && n.Parent != ""
	}
	return m
}

// viewRights adds what can only be told by looking further.
func (f *Forum) viewRights(ctx context.Context, tx *storage.Tx, a network.Access, v *TopicView) error {
	above, err := f.above(ctx, tx, v.Topic)
	if err != nil {
		return err
	}
	final := v.State == Decided || v.State == Merged
	for _, t := range append([]Topic{v.Topic}, above...) {
		v.May.Judge = v.May.Judge || a.Runs(t.Body, t.Network) && !final
	}
	var lacks *fault.Error
	err = f.heard(ctx, tx, v.Topic)
	if !errors.As(err, &lacks) || lacks.Kind != fault.Conflict {
		return err
	}
	v.Lacks = lacks.Code
	return nil
}

func (f *Forum) viewBody(ctx context.Context, tx *storage.Tx, a network.Access, v *TopicView) (err error) {
	if v.Body != "" {
		b, err := f.network.Body(ctx, tx, v.Body)
		if err != nil {
			return err
		}
		if a.Sees(b.Scope()) {
			v.BodyName, v.Mandate = b.Name, b.Mandate
		}
		if v.Patients, err = f.hasPatientSeats(ctx, tx, v.Body); err != nil {
			return err
		}
	}
	if v.RaiserIs, err = f.network.PersonName(ctx, tx, v.RaisedBy); err != nil || v.RaisedFor == "" {
		return err
	}
	o, err := f.network.Organisation(ctx, tx, v.RaisedFor)
	v.RaiserFor = o.Name
	return err
}

func (f *Forum) viewSaid(ctx context.Context, tx *storage.Tx, a network.Access, v *TopicView) (err error) {
	if v.Inputs, err = f.inputs(ctx, tx, a, v.Topic); err != nil {
		return err
	}
	if err := f.viewGivenBack(ctx, tx, a, v); err != nil {
		return err
	}
	if v.Evidence, err = f.evidence(ctx, tx, `e.topic = $1`, string(v.ID)); err != nil {
		return err
	}
	if v.Files, err = f.filesOf(ctx, tx, string(v.ID)); err != nil {
		return err
	}
	var n int
	err = tx.QueryRow(ctx, `SELECT COUNT(*) FROM forum_follow WHERE subject = $1 AND person = $2`, v.ID, a.Actor.Person).Scan(&n)
	v.Follows = n > 0
	return err
}

func (f *Forum) viewLifts(ctx context.Context, tx *storage.Tx, a network.Access, v *TopicView) error {
	from, err := f.liftsTo(ctx, tx, v.ID)
	if err != nil {
		return err
	}
	to, err := f.liftsFrom(ctx, tx, v.ID)
	if err != nil {
		return err
	}
	for _, l := range from {
		one, err := f.viewLift(ctx, tx, a, l, l.Origin)
		if err != nil {
			return err
		}
		v.From = append(v.From, one)
	}
	for _, l := range to {
		one, err := f.viewLift(ctx, tx, a, l, l.Topic)
		if err != nil {
			return err
		}
		v.To = append(v.To, one)
	}
	return nil
}

func (f *Forum) viewLift(ctx context.Context, tx *storage.Tx, a network.Access, l Lift, other TopicID) (LiftView, error) {
	out := LiftView{Lift: l}
	t, err := f.anyTopic(ctx, tx, other)
	if err != nil {
		return out, err
	}
	out.Network = t.Network
	if sees(a, t) {
		out.Other = t.link()
	}
	body := t.Body
	if other == l.Origin {
		body = l.Body
	}
	if body == "" {
		return out, nil
	}
	b, err := f.network.Body(ctx, tx, body)
	if err == nil && a.Sees(b.Scope()) {
		out.BodyName = b.Name
	}
	return out, err
}

func (f *Forum) viewLinks(ctx context.Context, tx *storage.Tx, a network.Access, v *TopicView) error {
	rows, err := tx.Query(ctx, `SELECT `+topicColumns+`, k.kind FROM topic_link k JOIN topic t ON t.id = CASE WHEN k.topic = $1 THEN k.other ELSE k.topic END
		WHERE k.topic = $1 OR k.other = $1 ORDER BY t.raised DESC LIMIT 50`, v.ID)
	if err != nil {
		return err
	}
	if v.Links, err = seenLinks(rows, a); err != nil {
		return err
	}
	rows, err = tx.Query(ctx, `SELECT `+topicColumns+`, '' FROM topic t WHERE t.into_topic = $1 ORDER BY t.raised LIMIT 50`, v.ID)
	if err != nil {
		return err
	}
	if v.Took, err = seenLinks(rows, a); err != nil || v.Into == "" {
		return err
	}
	t, err := f.anyTopic(ctx, tx, v.Into)
	if err == nil && sees(a, t) {
		v.IntoTitle = t.link()
	}
	return err
}

// givenBack lists the topics that came with each lift that was given back: its origin, and what had been lifted to that.
func (f *Forum) givenBack(ctx context.Context, tx *storage.Tx, id TopicID) (map[LiftID][]TopicID, []Lift, error) {
	all, err := f.liftsTo(ctx, tx, id)
	if err != nil {
		return nil, nil, err
	}
	all = slices.DeleteFunc(all, func(l Lift) bool { return l.Answer != Refused })
	topics := map[LiftID][]TopicID{}
	for _, l := range all {
		ids, err := f.below(ctx, tx, l.Origin)
		if err != nil {
			return nil, nil, err
		}
		topics[l.ID] = append(ids, l.Origin)
	}
	return topics, all, nil
}

// viewGivenBack adds what was said, until it was given back, of what was lifted to a topic: it was part of what the body
// dealt with. It is judged where it came from.
func (f *Forum) viewGivenBack(ctx context.Context, tx *storage.Tx, a network.Access, v *TopicView) error {
	topics, lifts, err := f.givenBack(ctx, tx, v.ID)
	if err != nil {
		return err
	}
	v.GivenBack = map[InputID]bool{}
	for _, l := range lifts {
		for _, id := range topics[l.ID] {
			said, err := f.inputsOf(ctx, tx, id)
			if err != nil {
				return err
			}
			for _, in := range said {
				seen := a.Sees(in.Scope) || in.Person == a.Actor.Person && in.Person != ""
				has := slices.ContainsFunc(v.Inputs, func(x Input) bool { return x.ID == in.ID })
				if has || in.Given.After(l.Answered) || !seen && !a.In(v.Body) && !a.Runs(v.Body, v.Network) {
					continue
				}
				if in.Person != a.Actor.Person {
					in.Person = ""
				}
				if !seen { // what became of it there is theirs
					in.Disposition, in.Reason, in.Decision = Undisposed, "", ""
				}
				v.Inputs, v.GivenBack[in.ID] = append(v.Inputs, in), true
			}
		}
	}
	slices.SortFunc(v.Inputs, func(a, b Input) int {
		return cmp.Or(a.Given.Compare(b.Given), strings.Compare(string(a.ID), string(b.ID)))
	})
	return nil
}

// historyGivenBack is what happened to the topics that were given back, until they were; not to those that are there anyhow.
func (f *Forum) historyGivenBack(ctx context.Context, tx *storage.Tx, id TopicID, there []TopicID) (out []Event, err error) {
	topics, lifts, err := f.givenBack(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	for _, l := range lifts {
		for _, t := range topics[l.ID] {
			if slices.Contains(there, t) {
				continue
			}
			events, err := f.history(ctx, tx, string(t))
			if err != nil {
				return nil, err
			}
			for _, e := range events {
				if !e.At.After(l.Answered) && !slices.ContainsFunc(out, func(x Event) bool { return x.Seq == e.Seq }) {
					out = append(out, e)
				}
			}
		}
	}
	return out, nil
}

// viewHistory tells what happened to a topic, for the body that has it also what happened before it was lifted.
func (f *Forum) viewHistory(ctx context.Context, tx *storage.Tx, a network.Access, v *TopicView) error {
	subjects := []TopicID{v.ID}
	if a.In(v.Body) || a.Runs(v.Body, v.Network) {
		ids, err := f.below(ctx, tx, v.ID)
		if err != nil {
			return err
		}
		subjects = append(subjects, ids...)
		if v.History, err = f.historyGivenBack(ctx, tx, v.ID, subjects); err != nil {
			return err
		}
	}
	for _, id := range subjects {
		events, err := f.history(ctx, tx, string(id))
		if err != nil {
			return err
		}
		v.History = append(v.History, events...)
	}
	slices.SortFunc(v.History, func(a, b Event) int { return int(a.Seq - b.Seq) })
	if !a.Registered(v.Root) { // who raised something is told to those who take part
		v.RaiserIs = ""
		for i := range v.History {
			if v.History[i].Actor == v.RaisedBy {
				v.History[i].Actor, v.History[i].Name = "", ""
			}
		}
	}
	var err error
	v.Posts, err = f.postsAbout(ctx, tx, a, v.ID)
	return err
}

// seenLinks reads topics with a kind of link, and keeps those the reader may see.
func seenLinks(rows *sql.Rows, a network.Access) (out []TopicLink, err error) {
	defer rows.Close()
	for rows.Next() {
		var kind LinkKind
		t, err := scanTopic(rows, &kind)
		if err != nil {
			return nil, err
		}
		if sees(a, t) {
			l := t.link()
			l.Kind = kind
			out = append(out, l)
		}
	}
	return out, rows.Err()
}
