package toolbox

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/lang"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// Part is one thing that choosing a model suggests.
type Part string

// The parts, in the order in which they are made.
const (
	BodyPart       Part = "body"
	SeatsPart      Part = "seats"
	AgreementPart  Part = "agreement"
	RatesPart      Part = "rates"
	TrainingPart   Part = "training"
	EvaluationPart Part = "evaluation"
)

var parts = []Part{BodyPart, SeatsPart, AgreementPart, RatesPart, TrainingPart, EvaluationPart}

// PartState says what became of a part.
type PartState string

// The states of a part.
const (
	Suggested PartState = "suggested"
	Made      PartState = "made"
	NotWanted PartState = "declined"
)

// SetupPart is a part with what became of it.
type SetupPart struct {
	Part  Part
	State PartState
	Ref   string // of what was made
	By    network.PersonID
	Name  string
	At    time.Time
}

// Setup is what choosing a model suggests for a group. Nothing of it holds before somebody who may made it.
type Setup struct {
	ID      string
	Number  string
	Root    network.ID
	Network network.ID
	Model   string
	Name    string
	Lang    string
	By      network.PersonID
	ByName  string
	At      time.Time
	Topic   forum.TopicID
	Parts   []SetupPart
}

func (s Setup) scope() network.Scope {
	return network.Scope{Network: s.Network, Visibility: network.NetworkOnly}
}

// Part finds one.
func (s Setup) Part(p Part) (SetupPart, bool) {
	i := slices.IndexFunc(s.Parts, func(x SetupPart) bool { return x.Part == p })
	if i < 0 {
		return SetupPart{}, false
	}
	return s.Parts[i], true
}

// suggests lists the parts that a model sets up.
func (m *Model) suggests() (out []Part) {
	has := map[Part]bool{BodyPart: m.SetsUp.Body != nil, SeatsPart: len(m.SetsUp.Seats) > 0, AgreementPart: m.SetsUp.Agreement != "", RatesPart: m.SetsUp.Rates, EvaluationPart: true}
	for _, w := range m.In {
		has[TrainingPart] = has[TrainingPart] || len(w.Training) > 0
	}
	for _, p := range parts {
		if has[p] {
			out = append(out, p)
		}
	}
	return out
}

// Choose suggests what a model needs, for a group in a network. Whoever is registered may.
func (t *Toolbox) Choose(ctx context.Context, who network.Actor, in Setup) (id string, err error) {
	err = t.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		n, ok := t.network.Tree().Network(in.Network)
		if !ok || !a.Registered(n.Root) {
			return network.Absent()
		}
		if !n.Closed.IsZero() {
			return fault.New(fault.Conflict, "the network is closed").Where("network").Say("toolbox.closed")
		}
		all, err := t.catalogue(ctx, tx, n.Root)
		if err != nil {
			return err
		}
		e, ok := find(all, in.Model)
		if !ok {
			return fault.New(fault.Invalid, "there is no such model").Where("model").Say("toolbox.choose")
		}
		name, code := line(in.Name), cmp.Or(in.Lang, n.Lang)
		if err := cmp.Or(needed("name", name, 200), oneOf("lang", code, lang.Codes...)); err != nil {
			return err
		}
		if id, err = t.db.NewID(); err != nil {
			return err
		}
		number, err := t.forum.NextCase(ctx, tx, n.Root)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO toolbox_setup (id, number, root, network, model, name, lang, person, at, topic) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '')`,
			id, number, n.Root, n.ID, in.Model, name, code, who.Person, t.db.Now()); err != nil {
			return err
		}
		for _, p := range e.suggests() {
			if _, err := tx.Exec(ctx, `INSERT INTO toolbox_part (setup, part, state, ref, person, at) VALUES ($1, $2, 'suggested', '', '', 0)`, id, p); err != nil {
				return err
			}
		}
		return t.network.Record(ctx, tx, who, n.Root, id, "toolbox.chosen", map[string]string{"model": in.Model})
	})
	return id, err
}

// SetupView is a setup with its model.
type SetupView struct {
	Setup
	Entry   Entry
	Makes   bool // the reader may make its parts
	Raise   bool
	History []network.Event
}

// Setup reads one.
func (t *Toolbox) Setup(ctx context.Context, who network.Actor, root network.ID, id string) (v SetupView, err error) {
	err = t.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		v, err = t.setup(ctx, tx, a, root, id)
		return err
	})
	return v, err
}

const setupColumns = `s.id, s.number, s.root, s.network, s.model, s.name, s.lang, s.person, COALESCE(p.name, ''), s.at, s.topic`

func scanSetup(row interface{ Scan(...any) error }) (s Setup, err error) {
	var at int64
	err = row.Scan(&s.ID, &s.Number, &s.Root, &s.Network, &s.Model, &s.Name, &s.Lang, &s.By, &s.ByName, &at, &s.Topic)
	s.At = moment(at)
	return s, err
}

func (t *Toolbox) setup(ctx context.Context, tx *storage.Tx, a network.Access, root network.ID, id string) (v SetupView, err error) {
	v.Setup, err = scanSetup(tx.QueryRow(ctx, `SELECT `+setupColumns+` FROM toolbox_setup s LEFT JOIN person p ON p.id = s.person WHERE s.id = $1`, id))
	if noRow(err) || err == nil && (v.Root != root || !a.Registered(root) || !a.Sees(v.scope()) && v.By != a.Actor.Person) {
		return SetupView{}, network.Absent()
	}
	if err != nil {
		return v, err
	}
	rows, err := tx.Query(ctx, `SELECT x.part, x.state, x.ref, x.person, COALESCE(p.name, ''), x.at FROM toolbox_part x LEFT JOIN person p ON p.id = x.person WHERE x.setup = $1`, id)
	if err != nil {
		return v, err
	}
	defer rows.Close()
	for rows.Next() {
		var p SetupPart
		var at int64
		if err := rows.Scan(&p.Part, &p.State, &p.Ref, &p.By, &p.Name, &at); err != nil {
			return v, err
		}
		p.At = moment(at)
		v.Parts = append(v.Parts, p)
	}
	if err := rows.Err(); err != nil {
		return v, err
	}
	rows.Close()
	slices.SortFunc(v.Parts, func(a, b SetupPart) int { return slices.Index(parts, a.Part) - slices.Index(parts, b.Part) })
	all, err := t.catalogue(ctx, tx, root)
	if err != nil {
		return v, err
	}
	v.Entry, _ = find(all, v.Model)
	v.Makes, v.Raise = a.Coordinates(v.Network), a.Registered(root)
	v.History, err = t.network.History(ctx, tx, id, 0, 30)
	return v, err
}

// Setups lists those of a tenant that the reader may see, the latest first.
func (t *Toolbox) Setups(ctx context.Context, who network.Actor, root network.ID, most int) (out []Setup, err error) {
	err = t.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		if !a.Registered(root) {
			return nil
		}
		rows, err := tx.Query(ctx, `SELECT `+setupColumns+` FROM toolbox_setup s LEFT JOIN person p ON p.id = s.person WHERE s.root = $1 ORDER BY s.at DESC, s.id DESC LIMIT 500`, root)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() && len(out) < most {
			s, err := scanSetup(rows)
			if err != nil {
				return err
			}
			if a.Sees(s.scope()) || s.By == who.Person {
				out = append(out, s)
			}
		}
		return rows.Err()
	})
	return out, err
}

// Making is what is needed to make a part.
type Making struct {
	Part  Part
	Body  network.BodyID         // seats and evaluation: in which body, where none was made here
	Party network.OrganisationID // agreement: with whom
	Title string                 // agreement: its title and text
	Text  string
}

// Make makes a part by the network's own call, which judges whether the actor may. Each part is made once.
func (t *Toolbox) Make(ctx context.Context, who network.Actor, root network.ID, id string, in Making) error {
	t.making.Lock()
	defer t.making.Unlock()
	v, p, err := t.open1(ctx, who, root, id, in.Part)
	if err != nil {
		return err
	}
	if b, ok := v.Part(BodyPart); ok && b.State == Made && in.Body == "" {
		in.Body = network.BodyID(b.Ref)
	}
	ref, err := t.make(ctx, who, v, in)
	if err != nil {
		return err
	}
	return t.settle(ctx, who, v, p.Part, Made, cmp.Or(ref, string(in.Part)))
}

// Decline says that a part is not wanted.
func (t *Toolbox) Decline(ctx context.Context, who network.Actor, root network.ID, id string, part Part) error {
	t.making.Lock()
	defer t.making.Unlock()
	v, p, err := t.open1(ctx, who, root, id, part)
	if err != nil {
		return err
	}
	return t.settle(ctx, who, v, p.Part, NotWanted, "")
}

// open1 finds a part that is only suggested, for whoever coordinates its network.
func (t *Toolbox) open1(ctx context.Context, who network.Actor, root network.ID, id string, part Part) (v SetupView, p SetupPart, err error) {
	if v, err = t.Setup(ctx, who, root, id); err != nil {
		return v, p, err
	}
	p, ok := v.Part(part)
	switch {
	case !ok:
		return v, p, network.Absent()
	case !v.Makes:
		return v, p, denied()
	case p.State != Suggested:
		return v, p, fault.New(fault.Conflict, "it was done already").Say("toolbox.made")
	}
	return v, p, nil
}

func (t *Toolbox) settle(ctx context.Context, who network.Actor, v SetupView, part Part, state PartState, ref string) error {
	return t.db.Write(ctx, func(tx *storage.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE toolbox_part SET state = $3, ref = $4, person = $5, at = $6 WHERE setup = $1 AND part = $2`, v.ID, part, state, ref, who.Person, t.db.Now()); err != nil {
			return err
		}
		return t.network.Record(ctx, tx, who, v.Root, v.ID, "toolbox.part."+string(state), map[string]string{"part": string(part)})
	})
}

func (t *Toolbox) make(ctx context.Context, who network.Actor, v SetupView, in Making) (ref string, err error) {
	up, words := v.Entry.SetsUp, network.Text{}
	for code, to := range map[string]*string{"sv": &words.SV, "nb": &words.NB, "en": &words.EN} {
		if w, ok := v.Entry.In[code]; ok {
			*to = w.Short
		}
	}
	name := inLanguage(v.Lang, v.Name)
	switch in.Part {
	case BodyPart:
		id, err := t.network.AddBody(ctx, who, network.Body{Network: v.Network, Kind: up.Body.Kind, Mandate: up.Body.Mandate, Name: name, Task: words, Visibility: network.Public})
		return string(id), err
	case SeatsPart:
		if in.Body == "" {
			return "", fault.New(fault.Invalid, "there is no body to put seats in").Where("body").Say("toolbox.missing")
		}
		for _, s := range up.Seats {
			for range s.Count {
				if _, err := t.network.AddSeat(ctx, who, network.Seat{Body: in.Body, Role: s.Role, Sector: s.Sector}); err != nil {
					return "", err
				}
			}
		}
		return string(in.Body), nil
	case AgreementPart:
		return t.network.AddAgreement(ctx, who, network.Agreement{Network: v.Network, Kind: up.Agreement, Title: in.Title, Text: in.Text, Lang: v.Lang, Parties: []network.OrganisationID{in.Party},
			Visibility: network.NetworkOnly, Review: t.db.Now().AddDate(1, 0, 0)})
	case EvaluationPart:
		return t.evaluation(ctx, who, v, in.Body)
	}
	return "", nil // rates and training: seen to elsewhere
}

func inLanguage(code, s string) (t network.Text) {
	switch code {
	case "sv":
		t.SV = s
	case "nb":
		t.NB = s
	default:
		t.EN = s
	}
	return t
}

// evaluation puts the group on the map, and plans when it is asked.
func (t *Toolbox) evaluation(ctx context.Context, who network.Actor, v SetupView, body network.BodyID) (string, error) {
	now := t.db.Now()
	g := Group{Network: v.Network, Body: body, Model: v.Model, Name: v.Name, Lang: v.Lang, Since: now.Year()}
	id, err := t.Describe(ctx, who, g)
	if err != nil || body == "" {
		return id, err
	}
	plan := v.Entry.SetsUp.Evaluate
	return id, t.Evaluate(ctx, who, v.Root, id, plan.With, now.AddDate(0, plan.After, 0), plan.Every)
}

// RaiseSetup raises a topic on a setup, once: pressed again it gives the first.
func (t *Toolbox) RaiseSetup(ctx context.Context, who network.Actor, root network.ID, id string, words func(SetupView) Raising) (forum.TopicID, error) {
	t.making.Lock()
	defer t.making.Unlock()
	v, err := t.Setup(ctx, who, root, id)
	if err != nil || v.Topic != "" {
		return v.Topic, err
	}
	w := words(v)
	topic, err := t.raise(ctx, who, forum.Raising{Network: v.Network, Title: w.Title, Text: w.Text}, w.Evidence, t.path(root, "models/"+v.Model))
	if err != nil {
		return "", err
	}
	return topic, t.db.Write(ctx, func(tx *storage.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE toolbox_setup SET topic = $2 WHERE id = $1`, id, topic); err != nil {
			return err
		}
		return t.network.Record(ctx, tx, who, root, id, "toolbox.raised", map[string]string{"topic": string(topic)})
	})
}
