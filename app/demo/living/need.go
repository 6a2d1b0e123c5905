package living

import (
	"time"

	"github.com/samverk/samverk/action/need"
	"github.com/samverk/samverk/network"
)

// needStory is what a country's people need.
type needStory struct {
	Surveys []struct {
		Title, Text   string
		Propose, Rank int // days from now until which it is proposed and ranked
		Proposals     []string
		People        int // who rank, before now
	}
	Needs []struct {
		As, Kind, Title, Text string
		Words                 []string
		Made, Until           int
	}
}

// needs plans what people need and say of it.
func (t *tenant) needs() error {
	var story needStory
	if err := read("need-"+t.story.Root.Slug, &story); err != nil {
		return err
	}
	for _, line := range story.Surveys {
		propose, rank := t.day(line.Propose), t.day(line.Rank)
		var survey need.SurveyID
		var proposals []need.ProposalID
		t.aside(t.office(propose, -21, t.zone), "a survey of needs", func() error {
			s, err := t.need.Begin(t.ctx, t.first, need.Survey{Network: t.root, Title: line.Title, Text: line.Text, Lang: t.lang, Visibility: network.Public, ProposeUntil: propose, RankUntil: rank})
			survey = s.ID
			return err
		})
		t.aside(t.office(propose, -7, t.zone), "proposals", func() error {
			for i, title := range line.Proposals {
				who := t.pool[network.Patient][i%len(t.pool[network.Patient])]
				id, err := t.need.Propose(t.ctx, network.Actor{Person: who}, t.root, survey, need.Proposal{Title: title, Lang: t.lang})
				if err != nil {
					return err
				}
				proposals = append(proposals, id)
			}
			return nil
		})
		t.aside(t.office(propose, 3, t.zone), "rankings", func() error { return t.rank(survey, proposals, line.People) })
	}
	for _, line := range story.Needs {
		t.aside(t.office(t.end, line.Made, t.zone), "a need", func() error {
			_, err := t.need.Seek(t.ctx, network.Actor{Person: t.people[line.As]}, need.Need{Network: t.root, Kind: line.Kind, Title: line.Title, Text: line.Text, Lang: t.lang, Words: line.Words,
				Visibility: network.Public, Until: t.day(line.Until)})
			return err
		})
	}
	return nil
}

// day is the midnight so many days from now, where the network meets.
func (t *tenant) day(days int) time.Time {
	y, m, d := t.end.In(t.zone).AddDate(0, 0, days).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, t.zone)
}

// rank lets people of two sectors say what they need most.
func (t *tenant) rank(survey need.SurveyID, proposals []need.ProposalID, people int) error {
	for i := range people {
		sector := network.Patient
		if i%3 == 2 {
			sector = network.Care
		}
		pool := t.pool[sector]
		if i/2 >= len(pool) {
			continue
		}
		order := t.rnd.Perm(len(proposals))
		var ranked []need.ProposalID
		for _, at := range order[:min(3, len(order))] {
			ranked = append(ranked, proposals[min(at, at*(i%4)/2)])
		}
		ranked = unlike(ranked)
		if err := t.need.Rank(t.ctx, network.Actor{Person: pool[i/2]}, t.root, survey, sector, "", ranked); err != nil {
			return err
		}
	}
	return nil
}

// unlike leaves out what stands twice.
func unlike[T comparable](all []T) (out []T) {
	seen := map[T]bool{}
	for _, x := range all {
		if !seen[x] {
			seen[x] = true
			out = append(out, x)
		}
	}
	return out
}
