package living

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/samverk/samverk/action/toolbox"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// toolboxStory is who works how in a country, what they answer when they are asked, and what they choose and propose.
type toolboxStory struct {
	Groups   []toolboxGroup
	Outside  []toolboxGroup
	Setup    struct{ By, Name, Model string }
	Proposal struct {
		By, ID, Name, Short, What, Why                  string
		Fits, Pitfalls, Steps, Costs, Evaluate, Sources []string
	}
}

// toolboxGroup is how a group works, and how many answer what: from First days before the end, every so many months.
type toolboxGroup struct {
	Body, As, Name, Model, Works, Lacks, With string
	Since, First, Every, Of                   int
	Values                                    map[string]float64
	Drift                                     float64 // from round to round
	Words                                     []string
}

// useToolbox plans how the country's groups find ways to work together.
func (t *tenant) useToolbox() error {
	var all map[string]toolboxStory
	if err := read("toolbox", &all); err != nil {
		return err
	}
	story := all[t.story.Root.Slug]
	rnd := rand.New(rand.NewPCG(uint64(len(t.story.Root.Slug)), 0x700b0c)) // its own: the rest of the story is what it was
	for _, g := range story.Groups {
		t.toolboxGroup(g, rnd)
	}
	for i, g := range story.Outside {
		t.at(t.office(t.end, -200+30*i, t.zone), "tell how a group works", func() error {
			_, err := t.toolbox.Describe(t.ctx, network.Actor{Person: t.people[g.As]}, toolbox.Group{Network: t.root, Model: g.Model, Name: g.Name, Since: g.Since, Works: g.Works, Lacks: g.Lacks, Visibility: network.Public})
			return err
		})
	}
	t.at(t.office(t.end, -12, t.zone), "choose a way of working together", func() error {
		_, err := t.toolbox.Choose(t.ctx, network.Actor{Person: t.people[story.Setup.By]}, toolbox.Setup{Network: t.root, Model: story.Setup.Model, Name: story.Setup.Name})
		return err
	})
	t.at(t.office(t.end, -5, t.zone), "propose a way of working together", func() error {
		p, in := story.Proposal, toolbox.Proposing{}
		in.ID, in.Lang, in.Why = p.ID, t.lang, p.Why
		in.Words = toolbox.Words{Name: p.Name, Short: p.Short, What: p.What, Fits: p.Fits, Pitfalls: p.Pitfalls, Steps: p.Steps, Costs: p.Costs, Evaluate: p.Evaluate}
		for _, s := range p.Sources {
			in.Sources = append(in.Sources, toolbox.Source{Title: s})
		}
		_, err := t.toolbox.Propose(t.ctx, network.Actor{Person: t.people[p.By]}, t.root, in)
		return err
	})
	return nil
}

// toolboxGroup plans that a body tells how it works, and that those who sit in it are asked and answer.
func (t *tenant) toolboxGroup(g toolboxGroup, rnd *rand.Rand) {
	b := t.bodies[g.Body]
	first := t.end.AddDate(0, 0, -max(g.First, 30))
	var id string
	t.at(first.Add(-2*time.Hour), "tell how a body works", func() (err error) {
		id, err = t.toolbox.Describe(t.ctx, b.coordinator, toolbox.Group{Body: b.ID, Model: g.Model, Lang: t.lang, Since: g.Since, Works: g.Works, Lacks: g.Lacks, Visibility: network.Public})
		return err
	})
	if g.With == "" {
		return
	}
	if g.First < 30 {
		first = t.end.AddDate(0, 0, -g.First)
	}
	t.at(first.Add(-time.Hour), "plan an evaluation", func() error {
		return t.toolbox.Evaluate(t.ctx, b.coordinator, t.root, id, g.With, first, g.Every)
	})
	for n, when := 0, first; !when.After(t.end); n, when = n+1, when.AddDate(0, g.Every, 0) {
		t.at(when.Add(time.Minute), "ask those who take part", func() error { return t.toolbox.RoundsDue(t.ctx) })
		t.at(when.Add(50*time.Hour), "answer an evaluation", func() error { return t.answerRound(b.ID, g, n, rnd) })
	}
}

// answerRound lets as many as the story says answer the body's open round.
func (t *tenant) answerRound(b network.BodyID, g toolboxGroup, n int, rnd *rand.Rand) error {
	seats, err := t.seats(b)
	if err != nil {
		return err
	}
	name, err := t.bodyName(b)
	if err != nil {
		return err
	}
	left := g.Of
	for i, s := range seats {
		mine := slices.Contains(t.signingIn(), s.Person) // whom one can sign in as is asked still, where the round is open
		if s.Person == "" || left == 0 || slices.ContainsFunc(seats[:i], func(o network.Held) bool { return o.Person == s.Person }) || mine && g.First < 30 {
			continue
		}
		who := network.Actor{Person: s.Person}
		waiting, err := t.toolbox.Waiting(t.ctx, who, t.root)
		if err != nil {
			return err
		}
		for _, w := range waiting {
			if w.Name != name {
				continue
			}
			if err := t.answerOne(who, w.ID, g, n, g.Of-left, rnd); err != nil {
				return err
			}
			left--
		}
	}
	return nil
}

// signingIn are those whom one can sign in as.
func (t *tenant) signingIn() (out []network.PersonID) {
	for _, p := range t.people {
		out = append(out, p)
	}
	return out
}

func (t *tenant) bodyName(id network.BodyID) (string, error) {
	var name string
	err := t.db.Read(t.ctx, func(tx *storage.Tx) error {
		b, err := t.network.Body(t.ctx, tx, id)
		name, _ = b.Name.In(t.lang)
		return err
	})
	return name, err
}

func (t *tenant) answerOne(who network.Actor, round string, g toolboxGroup, n, nth int, rnd *rand.Rand) error {
	asked, err := t.toolbox.AskedOf(t.ctx, who, t.root, round)
	if err != nil {
		return err
	}
	in := toolbox.Given{Values: map[string]int{}, Words: map[string]string{}}
	for _, item := range sortedKeys(g.Values) {
		v := g.Values[item] + float64(n)*g.Drift + rnd.Float64()*1.6 - .8
		in.Values[item] = max(1, min(5, int(v+.5)))
	}
	if nth < len(g.Words) && n == 0 {
		in.Words["words"] = g.Words[nth]
	}
	return t.toolbox.Answer(t.ctx, t.root, round, asked.Token, in)
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
