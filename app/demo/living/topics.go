package living

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
)

// raised is a topic of the story that has been raised.
type raised struct {
	*topic
	id     forum.TopicID
	body   *body
	origin *raised      // of one that was lifted: the first of those it came from
	put    int          // how often a meeting has put it off
	texts  map[int]Text // written for its decision's effects
}

func absent(what, name string) error { return fmt.Errorf("the story's %s %s is not there", what, name) }

// How a topic goes on, in days after the step before.
const (
	askAfter     = 2
	inputDays    = 14 // what bodies ask for, at least
	prepareAfter = 3
	liftAfter    = 5
)

// tellTopic plans when a topic is raised.
func (t *tenant) tellTopic(s *topic) {
	t.at(t.office(t.end, -s.Ago, t.zone), "raise "+s.Key, func() error { return t.raise(s) })
}

func (t *tenant) raise(s *topic) error {
	r := &raised{topic: s}
	in := forum.Raising{Network: t.root, Title: s.Title, Text: s.Text, Facets: facets(s.Facets), Visibility: network.Public, AsPatient: s.By == "patient" || s.By == "lead"}
	if s.Body != "" {
		if r.body = t.bodies[s.Body]; r.body == nil {
			return absent("body", s.Body)
		}
		in.Body = r.body.ID
	}
	who, err := t.raiser(r)
	if err != nil {
		return err
	}
	made, err := t.forum.Raise(t.ctx, who, in)
	if err != nil {
		return err
	}
	r.id = made.ID
	t.topics[s.Key], t.byID[string(made.ID)] = r, r
	t.talkOf(r)
	if other := t.topics[s.Related]; other != nil {
		if err := t.forum.Link(t.ctx, who, r.id, other.id, forum.Related); err != nil {
			return err
		}
	}
	if err := t.writeTexts(r, who.Person); err != nil {
		return err
	}
	return t.goOn(r)
}

// writeTexts writes what a topic's decision is going to put in force.
func (t *tenant) writeTexts(r *raised, by network.PersonID) (err error) {
	if r.Dec == nil || t.writer == nil {
		return nil
	}
	r.texts = map[int]Text{}
	for i, e := range r.Dec.Effects {
		if e.Text == "" {
			continue
		}
		if r.texts[i], err = t.writer(t.ctx, t.db, e.Text, Place{By: by, Root: t.root, Network: r.body.Network, Topic: r.id}); err != nil {
			return err
		}
	}
	return nil
}

func facets(s string) (f forum.Facets) {
	p := strings.Split(s, "/")
	if len(p) == 3 {
		f = forum.Facets{Field: p[0], Level: p[1], Kind: p[2]}
	}
	return f
}

// raiser finds who raises a topic.
func (t *tenant) raiser(r *raised) (network.Actor, error) {
	switch r.By {
	case "coordinator", "lead", "steward":
		return network.Actor{Person: t.people[r.By]}, nil
	}
	if r.body == nil {
		return network.Actor{Person: pick(t.world, t.pool[network.Patient])}, nil
	}
	seats, err := t.seats(r.body.ID)
	if err != nil {
		return network.Actor{}, err
	}
	var of, any []network.PersonID
	for _, s := range seats {
		if s.Person == "" {
			continue
		}
		any = append(any, s.Person)
		if string(s.Sector) == r.By {
			of = append(of, s.Person)
		}
	}
	if len(of) == 0 {
		of = any
	}
	return network.Actor{Person: pick(t.world, of)}, nil
}

// goOn plans what comes after a topic was raised.
func (t *tenant) goOn(r *raised) error {
	switch r.Fate {
	case "raised":
		return nil
	case "closed":
		t.after(r, 20, "close", func() error { return t.forum.CloseTopic(t.ctx, r.body.coordinator, r.id, r.Reason) })
		return nil
	case "merged":
		t.after(r, 9, "merge", func() error { return t.merge(r) })
		return nil
	}
	if r.Waived {
		t.after(r, askAfter, "do without input on", func() error { return t.waive(r) })
		return nil
	}
	t.after(r, askAfter, "ask for input on", func() error { return t.ask(r) })
	return nil
}

// waive lets the chair do without the patients' input.
func (t *tenant) waive(r *raised) error {
	seats, err := t.seats(r.body.ID)
	if err != nil {
		return err
	}
	for _, s := range seats {
		if s.Role == network.Chair {
			err = t.forum.WaiveInput(t.ctx, network.Actor{Person: s.Person}, r.id, t.story.Waive)
		}
	}
	if err == nil {
		t.after(r, prepareAfter, "prepare", func() error { return t.prepare(r) })
	}
	return err
}

func (t *tenant) after(r *raised, days int, what string, do func() error) {
	t.at(t.office(t.now, days, t.zone), what+" "+r.Key, do)
}

// ask asks the patients, plans what they say, and when the topic is prepared.
func (t *tenant) ask(r *raised) error {
	until := midnight(t.now.AddDate(0, 0, inputDays+1), t.zone)
	asking := forum.Asking{}
	if r.Fate == "input" { // this one is still asked
		if open := midnight(t.end.AddDate(0, 0, 9+t.rnd.IntN(8)), t.zone); open.After(until) {
			until, asking.Until = open, open
		}
	}
	if err := t.forum.AskInput(t.ctx, r.body.coordinator, r.id, asking); err != nil {
		return err
	}
	for i, in := range r.In {
		t.after(r, 1+i*3+t.rnd.IntN(3), "input on", func() error { return t.give(r, in) })
	}
	if r.Fate != "input" && r.Fate != "asked" { // asked: the time is over, and what comes next is the coordinator's to say
		t.at(t.office(until, prepareAfter, t.zone), "prepare "+r.Key, func() error { return t.prepare(r) })
	}
	return nil
}

// give lets a patient of the body, or one from elsewhere in the network, say something.
func (t *tenant) give(r *raised, in input) error {
	seats, err := t.seats(r.body.ID)
	if err != nil {
		return err
	}
	var of []network.PersonID
	for _, s := range seats {
		if s.Sector == network.Patient && s.Person != "" && !t.waits(s.Person, r) {
			of = append(of, s.Person)
		}
	}
	if len(of) == 0 || t.chance(35) {
		of = t.pool[network.Patient]
	}
	who := pick(t.world, of)
	given := forum.Giving{Text: in.Text, AsPatient: true}
	if t.chance(60) {
		if err := t.one(&given.Name, `SELECT name FROM person WHERE id = $1`, string(who)); err != nil {
			return err
		}
	}
	_, err = t.forum.GiveInput(t.ctx, network.Actor{Person: who}, r.id, given)
	return err
}

// waits tells whether somebody one can sign in as is left to answer for themself.
func (t *tenant) waits(p network.PersonID, r *raised) bool {
	return r.Fate == "input" && (p == t.people["patient"] || p == t.people["lead"])
}

func (t *tenant) prepare(r *raised) error {
	if err := t.forum.Prepare(t.ctx, r.body.coordinator, r.id); err != nil {
		return err
	}
	if err := t.evidence(r); err != nil {
		return err
	}
	if err := t.writeProcedures(r); err != nil {
		return err
	}
	switch r.Fate {
	case "lifted":
		t.after(r, liftAfter, "lift", func() error { return t.lift(r) })
	case "circulated":
		t.after(r, 4, "circulate", func() error { return t.circulate(r, 10) })
	case "circulating":
		t.at(t.end.AddDate(0, 0, -4), "circulate "+r.Key, func() error { return t.circulate(r, 9) })
	case "prepared":
	default:
		return t.toAgenda(r)
	}
	return nil
}

// lift sends a topic to the nation, which answers, or owes the answer.
func (t *tenant) lift(r *raised) error {
	l := r.Lift
	in := forum.Lifting{Criteria: l.Criteria, Why: l.Why}
	up := t.topics["up "+l.Join]
	if up != nil {
		in.Into = up.id
	} else {
		to := t.bodies[l.To]
		if to == nil {
			return absent("body", l.To)
		}
		in.Body = to.ID
	}
	id, err := t.forum.Lift(t.ctx, r.body.coordinator, r.id, in)
	if err != nil {
		return err
	}
	if up == nil {
		if up, err = t.above(r, id); err != nil {
			return err
		}
	}
	return t.answer(r, up, id)
}

// above finds the topic a lift made, and plans its life.
func (t *tenant) above(r *raised, id forum.LiftID) (*raised, error) {
	var topicID string
	if err := t.one(&topicID, `SELECT topic FROM topic_lift WHERE id = $1`, string(id)); err != nil {
		return nil, err
	}
	s := &topic{Key: r.Key, Title: r.Title, Fate: "raised"}
	if r.Up != nil {
		s = r.Up
		s.Title = r.Title
		if s.Key == "" {
			s.Key = r.Key
		}
	}
	up := &raised{topic: s, id: forum.TopicID(topicID), body: t.bodies[r.Lift.To], origin: r}
	t.topics["up "+r.Key], t.byID[topicID] = up, up
	if r.Lift.Then == "late" {
		t.talkOf(up)
		return up, t.goOn(up)
	}
	return up, nil
}

// answer plans what the body above says of a lift.
func (t *tenant) answer(r, up *raised, id forum.LiftID) error {
	above := up.body.coordinator
	switch r.Lift.Then {
	case "accept":
		t.after(r, 18, "accept", func() error {
			if err := t.forum.AnswerLift(t.ctx, above, id, forum.Accepted, ""); err != nil || up.origin != r {
				return err
			}
			t.talkOf(up)
			return t.goOn(up)
		})
	case "return":
		t.after(r, 32, "give back", func() error {
			return t.forum.AnswerLift(t.ctx, above, id, forum.Refused, r.Lift.Reason)
		})
	case "late":
		if r.Lift.Delay != "" {
			t.after(r, up.body.AnswerDays+4, "say why late", func() error { return t.forum.DelayLift(t.ctx, above, id, r.Lift.Delay) })
		}
	}
	return nil
}

// draft is the story's decision as a body takes it, with what becomes of each input.
func (t *tenant) draft(r *raised) (d forum.DecisionDraft, err error) {
	s := r.Dec
	if s == nil {
		return d, absent("decision of", r.Key)
	}
	d = forum.DecisionDraft{Title: s.Title, Text: s.Text, Rationale: s.Rationale, Method: forum.ByConsensus}
	if s.Review > 0 {
		d.Review = midnight(t.now.AddDate(0, 0, s.Review), t.zone)
	}
	if t.chance(40) && len(r.texts) == 0 {
		d.InForce = midnight(t.now.AddDate(0, 1, 0), t.zone)
	}
	for i, e := range s.Effects {
		x, ok := r.texts[i]
		if !ok {
			x, ok = t.procedureText(r, e.Kind)
		}
		if !ok {
			x.Ref = fmt.Sprintf("demo-%s-%d", r.Key, i+1)
		}
		d.Effects = append(d.Effects, forum.Effect{Kind: e.Kind, Ref: x.Ref, Digest: x.Digest, Title: e.Title})
	}
	if old, ok := t.decisions[s.Supersedes]; ok {
		d.Supersedes = []forum.DecisionID{forum.DecisionID(old)}
	}
	if len(t.story.Evidence) > 0 {
		e := pick(t.world, t.story.Evidence)
		d.Basis = []forum.Basis{{Title: e.Title, URL: e.Ref}}
	}
	d.Dispositions, err = t.dispositions(r)
	return d, err
}

func (t *tenant) dispositions(r *raised) (out []forum.Disposed, err error) {
	inputs, err := t.forum.Inputs(t.ctx, r.body.coordinator, r.id)
	if err != nil {
		return nil, err
	}
	for _, in := range inputs {
		if in.Disposition != forum.Undisposed {
			continue
		}
		d := forum.Disposed{Input: in.ID, Version: in.Version, Disposition: forum.Partly, Reason: t.story.Undisposed}
		for of := r; of != nil; of = of.origin {
			for _, said := range of.In {
				if said.Text == in.Text && said.What != "" {
					d.Disposition, d.Reason = said.What, said.Why
				}
			}
		}
		out = append(out, d)
	}
	return out, nil
}

// circulate sends a proposal around, and plans who answers.
func (t *tenant) circulate(r *raised, days int) error {
	d, err := t.draft(r)
	if err != nil {
		return err
	}
	seats, err := t.seats(r.body.ID)
	if err != nil {
		return err
	}
	var voters []network.Held
	var approvers []network.PersonID
	for _, s := range seats {
		if s.Role.Votes() && s.Person != "" {
			voters = append(voters, s)
			if s.Role == network.Chair {
				approvers = slices.Insert(approvers, 0, s.Person)
			} else if t.stays(seats, s.Person) {
				approvers = append(approvers, s.Person)
			}
		}
	}
	approvers = approvers[:min(2, len(approvers))]
	c := forum.Circulation{Body: r.body.ID, Topic: r.id, Draft: d, Deadline: midnight(t.now.AddDate(0, 0, days), t.zone)}
	id, err := t.forum.Circulate(t.ctx, r.body.coordinator, c, slices.Clone(approvers))
	if err != nil {
		return err
	}
	for i, s := range voters {
		if r.Fate == "circulating" && (i%2 == 1 || t.signsIn(s.Person)) {
			continue
		}
		v, why := forum.For, ""
		if i == 4 {
			v = forum.Abstains
		}
		t.after(r, 1+t.rnd.IntN(days-3), "answer on", func() error {
			return t.forum.AnswerCirculation(t.ctx, network.Actor{Person: s.Person}, id, s.ID, v, why)
		})
	}
	t.at(c.Deadline.Add(9*time.Hour), "settle "+r.Key, func() error { return t.settle(r, id, approvers) })
	return nil
}

func (t *tenant) settle(r *raised, id forum.CirculationID, approvers []network.PersonID) error {
	v, err := t.version("circulation", string(id))
	if err != nil {
		return err
	}
	d, err := t.forum.Settle(t.ctx, r.body.coordinator, id, v)
	if err != nil {
		return err
	}
	t.decisions[r.Key] = string(d.ID)
	var minutes string
	if err := t.one(&minutes, `SELECT id FROM minutes WHERE circulation = $1`, string(id)); err != nil {
		return err
	}
	t.approvals(forum.MinutesID(minutes), approvers, 3)
	return nil
}

func (t *tenant) signsIn(p network.PersonID) bool {
	for _, as := range Roles {
		if t.people[as] == p {
			return true
		}
	}
	return false
}
