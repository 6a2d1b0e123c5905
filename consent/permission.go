package consent

import "github.com/samverk/samverk/fault"

// Permission is what a question of a form asks for: one of the purposes, or a condition on one of them, under
// which it may also be.
type Permission string

// The conditions. A purpose and each condition of a use have to be allowed.
const (
	CareAbroad         Permission = "care.abroad" // for somebody in another country
	MatchingAbroad     Permission = "matching.abroad"
	ResearchAbroad     Permission = "research.abroad"
	ResearchCommercial Permission = "research.commercial" // for profit
)

// permissions in the order of their bits; the purposes first, in their own order.
var permissions = [...]Permission{Permission(Care), Permission(Matching), Permission(Research),
	CareAbroad, MatchingAbroad, ResearchAbroad, ResearchCommercial}

// Permissions are all there are.
func Permissions() []Permission { return append([]Permission(nil), permissions[:]...) }

// abroad and commercial are the conditions of each purpose, by index; -1 where nobody can be asked.
var (
	abroad     = [len(purposes)]int{3, 4, 5}
	commercial = [len(purposes)]int{-1, -1, 6}
)

// purposeOf is each permission's purpose, by index.
var purposeOf = func() (of [len(permissions)]int) {
	for i := range of {
		of[i] = permissions[i].Purpose().index()
	}
	return of
}()

// index is a permission's bit, or -1.
func (p Permission) index() int {
	for i, known := range permissions {
		if p == known {
			return i
		}
	}
	return -1
}

// condition tells whether the permission is one under which a purpose may also be.
func (p Permission) condition() bool { return p.index() >= len(purposes) }

// Purpose is what the permission is for.
func (p Permission) Purpose() Purpose {
	for i := range purposes {
		if p == permissions[i] || p == permissions[abroad[i]] || commercial[i] >= 0 && p == permissions[commercial[i]] {
			return purposes[i]
		}
	}
	return ""
}

func (p Permission) unknown() error {
	return fault.New(fault.Invalid, "%.40q is not something that can be allowed", string(p)).
		Do("say care, matching or research, alone or with .abroad, or research.commercial")
}

// Scope is how wide a yes to research is (DUO: GRU ⊃ HMB ⊃ DS).
type Scope string

// The scopes.
const (
	General  Scope = ""        // any research
	Health   Scope = "health"  // on health, medicine and biology
	Diseases Scope = "disease" // on named diseases
)

// width orders scopes, the narrowest first.
func (s Scope) width() int {
	switch s {
	case Diseases:
		return 0
	case Health:
		return 1
	case General:
		return 2
	}
	return -1
}
