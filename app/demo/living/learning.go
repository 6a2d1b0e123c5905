package living

import (
	"slices"
	"time"

	"github.com/samverk/samverk/action/learning"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
)

// learningStory is what a country's people learn, and with whom.
type learningStory struct {
	Competences []struct {
		Key   string
		Name  network.Text
		Roles []learning.Role
	}
	Activities []activityLine
}

// activityLine is an activity; its days are counted from now.
type activityLine struct {
	Key, Body, Title, Text, Place, Link, Clock, Competence, Decision string
	Kind                                                             learning.Kind
	Audience                                                         []learning.Audience
	Days                                                             []int
	Minutes, Seats, People, Withdraw                                 int
	Network, Own, Certificate                                        bool
	Cast                                                             []string
	Messages                                                         [][2]string
	Questions                                                        [][]string // a question and its options, the right one first
	Said                                                             []string
}

// learn plans what is to be learnt, and who lets themself be counted.
func (t *tenant) learn() error {
	var story learningStory
	if err := read("learning-"+t.story.Root.Slug, &story); err != nil {
		return err
	}
	ids := map[string]string{}
	for _, c := range story.Competences {
		if err := t.learning.SaveCompetence(t.ctx, t.first, learning.Competence{Root: t.root, Name: c.Name, Roles: c.Roles}); err != nil {
			return err
		}
		all, err := t.learning.Competences(t.ctx, t.root)
		if err != nil {
			return err
		}
		ids[c.Key] = all[len(all)-1].ID
	}
	for _, line := range story.Activities {
		line.Competence = ids[line.Competence]
		made := -25 // once what it comes from is decided
		if len(line.Days) > 0 {
			made = min(line.Days[0]-60, -20)
		}
		t.aside(t.office(t.end, made, t.zone), "an activity", func() error { return t.arrange(line) })
	}
	t.aside(t.office(t.end, -90, t.zone), "count competences", func() error { return t.count(ids) })
	return nil
}

// aside plans something whose chances are dealt apart, so that the rest of the story is dealt as it would be without it.
func (t *tenant) aside(when time.Time, what string, do func() error) {
	t.at(when, what, func() error { return t.beside(do) })
}

// beside does something with chances of its own.
func (t *tenant) beside(do func() error) error {
	was := t.rnd
	t.rnd = t.apart
	defer func() { t.rnd = was }()
	return do()
}

// session is a moment so many days from now, by the story's clock.
func (t *tenant) session(days int, clock string, minutes int) learning.Session {
	at, _ := time.Parse("15:04", clock)
	d := t.end.In(t.zone).AddDate(0, 0, days)
	for d.Weekday() == time.Saturday || d.Weekday() == time.Sunday {
		d = d.AddDate(0, 0, 1)
	}
	starts := time.Date(d.Year(), d.Month(), d.Day(), at.Hour(), at.Minute(), 0, 0, t.zone)
	return learning.Session{Starts: starts, Ends: starts.Add(time.Duration(minutes) * time.Minute)}
}

func (t *tenant) arrange(line activityLine) error {
	who := t.first
	p := learning.Plan{Activity: learning.Activity{Network: t.root, Kind: line.Kind, Title: line.Title, Text: line.Text, Lang: t.lang, Audience: line.Audience, Visibility: network.Public, SelfPaced: line.Own,
		Place: line.Place, Link: line.Link, Seats: line.Seats, Accept: 72, Anyone: !line.Network, Certificate: line.Certificate, Competence: line.Competence, NeedsDays: 14, Decision: forum.DecisionID(t.decisions[line.Decision])}}
	if line.Network {
		p.Visibility = network.NetworkOnly
	}
	if b := t.bodies[line.Body]; b != nil {
		p.Network, who = b.Network, b.coordinator
	}
	for _, d := range line.Days {
		p.Sessions = append(p.Sessions, t.session(d, line.Clock, line.Minutes))
	}
	id, err := t.learning.Add(t.ctx, who, p)
	if err != nil {
		return err
	}
	if err := t.learning.Publish(t.ctx, who, id); err != nil {
		return err
	}
	for _, q := range line.Questions {
		options, answer := slices.Clone(q[1:]), 0
		if t.chance(50) { // the right one isn't always first
			options[0], options[1], answer = options[1], options[0], 1
		}
		if err := t.learning.AddQuestion(t.ctx, who, id, learning.Question{Text: q[0], Options: options, Answer: answer}); err != nil {
			return err
		}
	}
	people := t.participants(line)
	for i, p := range people {
		t.aside(t.office(t.now, 1+i/2, t.zone), "register", func() error {
			var needs learning.Needs
			if i%5 == 2 {
				needs.Access = map[string]string{"sv": "Hörslinga", "nb": "Teleslynge"}[t.lang]
			}
			if i%7 == 3 {
				needs.Diet = map[string]string{"sv": "Utan gluten", "nb": "Uten gluten"}[t.lang]
			}
			_, err := t.learning.Register(t.ctx, learning.Registrant{Actor: network.Actor{Person: p}, Activity: id}, t.lang, needs)
			return err
		})
	}
	for i := range line.Withdraw { // a seat is offered to who waits first
		t.aside(t.end.Add(-20*time.Hour), "withdraw", func() error {
			return t.learning.Withdraw(t.ctx, learning.Registrant{Actor: network.Actor{Person: people[i]}, Activity: id})
		})
	}
	for _, m := range line.Messages {
		t.aside(p.Sessions[0].Ends.Add(24*time.Hour), "write to participants", func() error {
			return t.learning.Write(t.ctx, who, id, learning.Message{Title: m[0], Text: m[1], Lang: t.lang})
		})
	}
	if line.Own {
		t.aside(t.office(t.end, -12, t.zone), "answer the quiz", func() error { return t.try(id, people) })
	} else if last := p.Sessions[len(p.Sessions)-1]; last.Ends.Before(t.end) {
		t.aside(last.Ends.Add(20*time.Hour), "afterwards", func() error { return t.afterwards(who, id, people, line) })
	}
	return nil
}

// participants deals who takes part: those of the cast last, where all who are before them fill the seats.
func (t *tenant) participants(line activityLine) (out []network.PersonID) {
	var pool []network.PersonID
	for _, a := range line.Audience {
		switch a {
		case learning.Patients, learning.Representatives:
			pool = append(pool, t.pool[network.Patient]...)
		case learning.Professionals:
			pool = append(append(pool, t.pool[network.Care]...), t.pool[network.Academia]...)
		}
	}
	for tries := 0; len(out) < line.People && tries < 500; tries++ {
		if p := pick(t.world, pool); !slices.Contains(out, p) && !t.signsIn(p) {
			out = append(out, p)
		}
	}
	for i := range line.Cast {
		if p := t.people[line.Cast[i]]; p != "" {
			out = append(out, p)
		}
	}
	return out
}

// right answers a quiz, all of it rightly or not.
func (t *tenant) right(id learning.ID, who network.PersonID, all bool) error {
	me := learning.Registrant{Actor: network.Actor{Person: who}, Activity: id}
	_, _, questions, err := t.learning.Quiz(t.ctx, me)
	if err != nil || len(questions) == 0 {
		return err
	}
	answers := map[string]int{}
	for _, q := range questions {
		if answers[q.ID] = q.Answer; !all {
			answers[q.ID] = (q.Answer + 1) % len(q.Options)
		}
	}
	_, err = t.learning.Try(t.ctx, me, answers)
	return err
}

func (t *tenant) try(id learning.ID, people []network.PersonID) error {
	for i, p := range people {
		if i%3 == 2 {
			continue // hasn't come that far
		}
		if err := t.right(id, p, true); err != nil {
			return err
		}
	}
	return nil
}

// afterwards notes who was there, gives certificates, and lets most say what they thought.
func (t *tenant) afterwards(who network.Actor, id learning.ID, people []network.PersonID, line activityLine) error {
	l, err := t.learning.Roster(t.ctx, who, id, "", 200)
	if err != nil {
		return err
	}
	var all []learning.RegistrationID
	for _, g := range l.Rows {
		all = append(all, g.ID)
	}
	for i, s := range l.Sessions {
		if err := t.learning.Attend(t.ctx, who, id, s.ID, all, all[:len(all)-i]); err != nil { // one came to the first only
			return err
		}
	}
	for i, p := range people {
		if err := t.right(id, p, i%6 != 5); err != nil {
			return err
		}
	}
	if _, err := t.learning.Certify(t.ctx, who, id); err != nil {
		return err
	}
	for i, p := range people {
		if i%4 == 3 {
			continue
		}
		o := learning.Opinion{Useful: 4 + i%2, Level: 3 + i%3, Voice: 4 + i%2, Again: 3 + i%3}
		if i < len(line.Said) {
			o.Text = line.Said[i]
		}
		if err := t.learning.Evaluate(t.ctx, learning.Registrant{Actor: network.Actor{Person: p}, Activity: id}, o); err != nil {
			return err
		}
	}
	return nil
}

// count lets some be counted, and write what they know into their own records.
func (t *tenant) count(ids map[string]string) error {
	title := map[string]string{"sv": "Kurs om jäv och bindningar", "nb": "Kurs om inhabilitet og tilknytninger"}[t.lang]
	for _, sector := range []network.Sector{network.Care, network.Patient} {
		for i, p := range t.pool[sector] {
			if i%3 == 2 {
				continue
			}
			a := network.Actor{Person: p}
			if err := t.learning.SetCounted(t.ctx, a, t.root, true); err != nil {
				return err
			}
			if i%3 == 0 {
				if err := t.learning.AddRecord(t.ctx, a, learning.Record{Root: t.root, Kind: learning.Learnt, Title: title, Lang: t.lang, Competence: ids["jav"], Since: t.now}); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
