package policy

import "github.com/samverk/samverk/consent"

// Preset is a draft to start from.
type Preset struct {
	Name  string
	Draft Draft
}

// Presets are the drafts to start from, for a country. The third is for networks that choose to answer everybody; nobody is
// answered so unless it is decided. The first tells nobody from a few, because whether anybody has it is what care asks about a rare
// variant; package attack measures what that gives away, and what the numbers of the other two were chosen for.
func Presets(country string) []Preset {
	return []Preset{{"care", careWithin(country)}, {"research", researchWithCommittee(country)}, {"public", publicYesNo(country)}}
}

func careWithin(country string) Draft {
	staff := Who{SignedIn: true, Sectors: []string{"care"}, Roles: []string{Clinician, Laboratory}}
	care := []consent.Purpose{consent.Care}
	return Draft{Format: Format, Name: "care-frequency", Version: 1, Country: country, Title: Text{
		SV: "Vårdens frågor inom landet", NB: "Helsetjenestens spørsmål innenfor landet", EN: "Questions of care within the country"},
		Rules: []Rule{
			{Who: staff, Purposes: care, Questions: []Kind{Exists, Count, Frequency}, Precision: Exact, K: 5, Zero: true,
				Budget: Budget{Asker: 500, Organisation: 2000, Per: Year}},
			{Who: staff, Purposes: care, Questions: []Kind{Annotate}, Precision: Exact, K: 5, Zero: true,
				Budget: Budget{Organisation: 200_000_000, Per: Year}},
			{Who: staff, Purposes: []consent.Purpose{consent.Matching}, Questions: []Kind{Matching, Phenotypes}, Precision: Banded, K: 5,
				Budget: Budget{Asker: 100, Organisation: 500, Per: Year}},
		}}
}

func researchWithCommittee(country string) Draft {
	return Draft{Format: Format, Name: "research-frequency", Version: 1, Country: country, Title: Text{
		SV: "Forskning med etikprövning", NB: "Forskning med etisk godkjenning", EN: "Research approved by an ethics committee"},
		Rules: []Rule{{
			Who:      Who{SignedIn: true, Sectors: []string{"care", "academia"}, Roles: []string{Researcher}},
			Purposes: []consent.Purpose{consent.Research}, Conditions: Conditions{Committee: true},
			Questions: []Kind{Exists, Count, Frequency, Phenotypes}, Precision: Banded, K: 20,
			Budget: Budget{Asker: 50, Organisation: 100, Per: Lifetime}}},
		Batch: 100}
}

func publicYesNo(country string) Draft {
	return Draft{Format: Format, Name: "public-exists", Version: 1, Country: country, Title: Text{
		SV: "Ja eller nej för alla", NB: "Ja eller nei for alle", EN: "Yes or no for everybody"},
		Rules: []Rule{{Purposes: []consent.Purpose{consent.Research}, Questions: []Kind{Exists}, Precision: YesNo, K: 50,
			Budget: Budget{Organisation: 100, Per: Lifetime}}},
		Batch: 100}
}
