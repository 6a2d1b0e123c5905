package need

import (
	"cmp"
	"slices"
)

// count works out a result, of five people or more. A ranking with m places gives m points to its first and one to its last (Borda's count, as truncated ballots are
// usually counted: Emerson P. The original Borda count and partial voting. Soc Choice Welf 2013;40:353-358).
func count(proposals []Proposal, ballots []ballot) Result {
	r := Result{People: len(ballots)}
	if r.People < FewestPeople {
		r.Hidden = r.People
		return r
	}
	r.Scores = scores(proposals, ballots)
	var few int
	r.Sectors, few = groups(proposals, ballots, func(b ballot) string { return string(b.sector) })
	r.Hidden = few
	r.Regions, few = groups(proposals, ballots, func(b ballot) string { return string(b.region) })
	r.Hidden += few
	return r
}

// scores gives all proposals their points, the most first; of the same points the one that more people put first, then the older.
func scores(proposals []Proposal, ballots []ballot) []Score {
	out := make([]Score, len(proposals))
	at := make(map[ProposalID]*Score, len(proposals))
	for i, p := range proposals {
		out[i].Proposal = p
		at[p.ID] = &out[i]
	}
	for _, b := range ballots {
		for i, p := range b.ranked {
			s := at[p]
			s.Points += len(b.ranked) - i
			s.People++
			if i == 0 {
				s.First++
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Score) int { return cmp.Or(b.Points-a.Points, b.First-a.First) })
	return out
}

// bestOf is how many a group's row names.
const bestOf = 3

// groups counts by sector or region. A group of fewer than FewestPeople isn't shown; and while those that aren't shown are together fewer than that,
// the smallest that would be isn't either, or the rest could be found by subtracting what is shown from the whole.
func groups(proposals []Proposal, ballots []ballot, of func(ballot) string) (out []Group, hidden int) {
	members := map[string][]ballot{}
	for _, b := range ballots {
		members[of(b)] = append(members[of(b)], b)
	}
	var names []string
	for name := range members {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(len(members[b])-len(members[a]), cmp.Compare(a, b)) })
	shown := len(names)
	for shown > 0 {
		smallest := len(members[names[shown-1]])
		if smallest >= FewestPeople && (hidden == 0 || hidden >= FewestPeople) {
			break
		}
		hidden += smallest
		shown--
	}
	for _, name := range names[:shown] {
		g := Group{Name: name, People: len(members[name])}
		for _, s := range scores(proposals, members[name]) {
			if s.Points > 0 && len(g.Best) < bestOf {
				g.Best = append(g.Best, s)
			}
		}
		out = append(out, g)
	}
	return out, hidden
}
