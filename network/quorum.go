package network

// RuleKind says what a rule asks for.
type RuleKind string

// The kinds of rule, each with what N means.
const (
	AtLeast       RuleKind = "count"         // N voting seats
	Half          RuleKind = "half"          // at least half of the voting seats
	Majority      RuleKind = "majority"      // more than half of the voting seats
	OfSector      RuleKind = "sector"        // N seats of Sector
	Organisations RuleKind = "organisations" // N different nominating organisations of OrganisationKind
	ChairNot      RuleKind = "chair-not"     // the chair is not of Sector
)

// Rule is one line of a body's composition.
type Rule struct {
	ID               string
	Kind             RuleKind
	N                int
	Sector           Sector
	OrganisationKind OrganisationKind
}

// Finding is a rule judged.
type Finding struct {
	Rule Rule
	Have int
	Need int
	Of   int // how many there could be
	Held bool
}

// Quorum is all rules judged at one moment.
type Quorum struct {
	Findings []Finding
	Present  int // voting seats that are present and not recused
	Of       int // voting seats, vacant ones with them, without the recused
	Held     bool
}

// Taken says what counts at the moment a quorum is judged.
type Taken struct {
	Present map[SeatID]bool // voting seats whose holder, or a deputy in their place, is there
	Recused map[SeatID]bool // voting seats that take no part, with nobody in their place
	Chair   SeatID          // who leads; "": nobody does
}

// Judge works out whether a body with these rules and seats may decide. A recused seat neither counts as present nor in
// the number that half or a majority is taken of; a vacant seat does count there, so that leaving seats empty
// doesn't make deciding easier. A body without rules needs a majority.
func Judge(rules []Rule, seats []Held, t Taken) Quorum {
	var q Quorum
	for _, s := range seats {
		if s.Role.Votes() && !t.Recused[s.ID] {
			q.Of++
			if t.counts(s) {
				q.Present++
			}
		}
	}
	if len(rules) == 0 {
		rules = []Rule{{Kind: Majority}}
	}
	q.Held = true
	for _, r := range rules {
		f := r.judge(seats, t, q)
		q.Held = q.Held && f.Held
		q.Findings = append(q.Findings, f)
	}
	return q
}

func (t Taken) counts(s Held) bool { return s.Role.Votes() && t.Present[s.ID] && !t.Recused[s.ID] }

func (r Rule) judge(seats []Held, t Taken, q Quorum) Finding {
	f := Finding{Rule: r, Need: r.N, Have: q.Present, Of: q.Of}
	switch r.Kind {
	case AtLeast:
	case Half:
		f.Need = (q.Of + 1) / 2
	case Majority:
		f.Need = q.Of/2 + 1
	case OfSector:
		f.Have, f.Of = 0, 0
		for _, s := range seats {
			if s.Role.Votes() && s.Sector == r.Sector {
				f.Of++
				if t.counts(s) {
					f.Have++
				}
			}
		}
	case Organisations:
		f.Have, f.Of = organisations(seats, r.OrganisationKind, t.counts), organisations(seats, r.OrganisationKind, func(s Held) bool { return s.Role.Votes() })
	case ChairNot:
		f.Have, f.Need, f.Of = 0, 1, 1
		for _, s := range seats {
			if s.ID == t.Chair && s.Sector != r.Sector && t.counts(s) {
				f.Have = 1
			}
		}
	default: // a rule nobody knows is not met
		f.Have, f.Need = 0, max(1, r.N)
	}
	f.Need = max(f.Need, 1) // nobody at all never decides
	f.Held = f.Have >= f.Need
	return f
}

func organisations(seats []Held, kind OrganisationKind, taken func(Held) bool) int {
	seen := map[OrganisationID]bool{}
	for _, s := range seats {
		if s.NominatorKind == kind && s.Nominator != "" && taken(s) {
			seen[s.Nominator] = true
		}
	}
	return len(seen)
}
