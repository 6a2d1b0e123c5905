package fhir

import (
	"net/url"
	"strings"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/mandate"
	"github.com/samverk/samverk/ontology"
)

// Systems of codes and identifiers. Ours are names; nothing is fetched from there.
const (
	ours = "https://samverk.github.io/fhir/"

	individualSystem  = ours + "individual"  // the region's own id of an individual
	guardianSystem    = ours + "guardian"    // a guardianship's id
	regionSystem      = ours + "region"      // a region's name
	askerSystem       = ours + "asker"       // kinds of who asks: abroad, commercial
	purposeSystem     = ours + "purpose"     // matching, and a condition said apart from its purpose
	formSystem        = ours + "form"        // a form, by its digest
	policySystem      = ours + "policy"      // no-form
	restrictionSystem = ours + "restriction" // block, opt-out, reservation
	diseaseSystem     = ours + "disease"     // ids of diseases that are no other system's
	decisionBase      = ours + "decision/"
	networkBase       = ours + "network/"

	answerExtension   = ours + "StructureDefinition/answer"   // what was said, where the type doesn't tell
	diseasesExtension = ours + "StructureDefinition/diseases" // research on this and the others named, and nothing else

	transcriber = "http://hl7.org/fhir/StructureDefinition/consent-Transcriber"

	scopeSystem    = "http://terminology.hl7.org/CodeSystem/consentscope"
	categorySystem = "http://terminology.hl7.org/CodeSystem/consentcategorycodes"
	loincSystem    = "http://loinc.org"
	reasonSystem   = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
	roleSystem     = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
	actSystem      = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
	duoSystem      = "http://purl.obolibrary.org/obo/duo.owl"
	mondoSystem    = "http://purl.obolibrary.org/obo/mondo.owl"
)

// A provision's types, and what the answer extension says.
const (
	permit = "permit"
	deny   = "deny"
	unsaid = "unsaid" // nobody said it here: it follows from the rest
	yes    = "yes"    // yes was said, and as long as the purpose is denied it permits nothing
)

// meaning is what a purpose's code stands for. One that isn't exact has to stand beside one that is.
type meaning struct {
	coding
	purpose consent.Purpose
	scope   consent.Scope
	exact   bool
}

// meanings in the order in which they are written.
var meanings = []meaning{
	{coding{System: reasonSystem, Code: "TREAT", Display: "treatment"}, consent.Care, "", true},
	{coding{System: duoSystem, Code: ontology.CC, Display: "clinical care use"}, consent.Care, "", true},
	{coding{System: purposeSystem, Code: string(consent.Matching), Display: "finding a patient like this one"}, consent.Matching, "", true},
	{coding{System: reasonSystem, Code: "HRESCH", Display: "healthcare research"}, consent.Research, consent.General, false},
	{coding{System: duoSystem, Code: ontology.GRU, Display: "general research use"}, consent.Research, consent.General, true},
	{coding{System: reasonSystem, Code: "BIORCH", Display: "biomedical research"}, consent.Research, consent.Health, false},
	{coding{System: duoSystem, Code: ontology.HMB, Display: "health or medical or biomedical research"}, consent.Research, consent.Health, true},
	{coding{System: reasonSystem, Code: "DSRCH", Display: "disease specific healthcare research"}, consent.Research, consent.Diseases, false},
	{coding{System: duoSystem, Code: ontology.DS, Display: "disease specific research"}, consent.Research, consent.Diseases, true},
}

func codes(p consent.Purpose, s consent.Scope) (all []coding) {
	for _, m := range meanings {
		if m.purpose == p && m.scope == s {
			all = append(all, m.coding)
		}
	}
	return all
}

func meaningOf(c coding) (meaning, bool) {
	for _, m := range meanings {
		if m.System == c.System && m.Code == c.Code && c.Version == "" {
			return m, true
		}
	}
	return meaning{}, false
}

// conditions of a purpose, by the kind of who asks.
func conditions(p consent.Purpose) (all []consent.Permission) {
	for _, c := range consent.Permissions() {
		if c.Purpose() == p && c != consent.Permission(p) {
			all = append(all, c)
		}
	}
	return all
}

// asker is which kind of who asks a condition is about.
func asker(c consent.Permission) string {
	_, kind, _ := strings.Cut(string(c), ".")
	return kind
}

// condition makes the permission that a kind of who asks needs for a purpose; false where nobody can be asked for it.
func condition(p consent.Purpose, kind string) (consent.Permission, bool) {
	for _, c := range conditions(p) {
		if asker(c) == kind {
			return c, true
		}
	}
	return "", false
}

func diseaseCoding(id string) coding {
	if strings.HasPrefix(id, "MONDO:") {
		return coding{System: mondoSystem, Code: id}
	}
	return coding{System: diseaseSystem, Code: id}
}

// decisionURI names the decision that a mandate is of.
func decisionURI(m mandate.Mandate) string {
	return decisionBase + url.PathEscape(m.Network) + "/" + url.PathEscape(m.Body) + "/" + url.PathEscape(m.Number)
}

func networkURI(m mandate.Mandate) string { return networkBase + url.PathEscape(m.Network) }
