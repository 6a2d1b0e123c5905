package fhir

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/mandate"
)

// Node is what is known here: whose consents these are, and which forms were put in force.
type Node struct {
	Region string
	Forms  []*consent.Enacted
}

// form finds one by its digest; as it was in force at a moment, where two decisions put the same one in force.
func (n Node) form(d mandate.Digest, at time.Time) *consent.Enacted {
	var found *consent.Enacted
	for _, f := range n.Forms {
		if f.Digest == d && (found == nil || !f.Begins.After(at)) {
			found = f
		}
	}
	return found
}

// Write makes a Bundle of an individual's statements.
func (n Node) Write(all []Statement, now time.Time) ([]byte, error) {
	b := bundle{ResourceType: "Bundle", Type: "collection", Timestamp: now.UTC().Format(time.RFC3339Nano)}
	for _, s := range all {
		r, err := n.resource(s, all)
		if err != nil {
			return nil, err
		}
		b.Entry = append(b.Entry, entry{FullURL: "urn:uuid:" + r.ID, Resource: r})
	}
	return encode(b)
}

func encode(v any) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(v)
	return out.Bytes(), err
}

func (n Node) resource(s Statement, all []Statement) (*resource, error) {
	r := &resource{
		ResourceType: "Consent",
		Status:       "active",
		Scope:        one(scopeSystem, "patient-privacy", "Privacy Consent"),
		Category:     []concept{one(loincSystem, "59284-0", "Consent Document")},
		Patient:      &reference{Type: "Patient", Identifier: &identifier{individualSystem, s.Individual}},
		DateTime:     s.When.UTC().Format(time.RFC3339Nano),
	}
	r.Performer = []reference{*r.Patient}
	if s.Guardian != "" {
		r.Performer = []reference{{Type: "RelatedPerson", Identifier: &identifier{guardianSystem, s.Guardian}, Display: "guardian"}}
	}
	if n.Region != "" {
		r.Organization = []reference{{Type: "Organization", Identifier: &identifier{regionSystem, n.Region}, Display: n.Region}}
	}
	if s.Registered {
		r.Extension = []extension{{URL: transcriber, ValueReference: &reference{Type: "Practitioner", Display: "staff"}}}
	}
	if err := n.rule(r, s); err != nil {
		return nil, err
	}
	r.Provision = &provision{Provision: provisions(s, all)}
	if s.research() {
		r.Scope = one(scopeSystem, "research", "Research")
		r.Category = append(r.Category, one(categorySystem, "research", "Research Information Access"))
	}
	id, err := nameOf(r)
	r.ID = id
	return r, err
}

// rule says by which policy a statement is to be read.
func (n Node) rule(r *resource, s Statement) error {
	switch {
	case s.Restriction != nil:
		rule := one(restrictionSystem, string(s.Restriction.Kind), "")
		rule.Text = s.Restriction.Ground
		r.PolicyRule = &rule
	case s.Form == mandate.Digest{}:
		rule := one(policySystem, "no-form", "said on no form")
		r.PolicyRule = &rule
	default:
		f := n.form(s.Form, s.When)
		if f == nil {
			return fault.New(fault.Internal, "the form %s was answered and never in force", s.Form)
		}
		rule := one(formSystem, s.Form.String(), f.Title["en"])
		rule.Coding[0].Version = f.Version
		r.PolicyRule = &rule
		r.Policy = []policy{{Authority: networkURI(f.Mandate), URI: decisionURI(f.Mandate)}}
	}
	return nil
}

// research tells whether a statement is about research and nothing else.
func (s Statement) research() bool {
	if s.Restriction != nil {
		return slices.Equal(s.Restriction.Purposes, []consent.Purpose{consent.Research})
	}
	return !slices.ContainsFunc(s.Answers, func(a Answer) bool { return a.Permission.Purpose() != consent.Research })
}

// provisions are a statement's, given all that stands: whether an exception permits may have been said in another one.
func provisions(s Statement, all []Statement) (out []provision) {
	if s.Restriction != nil {
		for _, p := range s.Restriction.Purposes {
			out = append(out, provision{Type: deny, Purpose: codes(p, "")})
		}
		return out
	}
	for _, a := range s.Answers {
		p := a.Permission.Purpose()
		if a.Permission == consent.Permission(p) {
			out = append(out, a.provision(s, all))
		} else if _, within := s.answer(consent.Permission(p)); !within {
			out = append(out, provision{Type: a.kind(), Purpose: []coding{{System: purposeSystem, Code: string(a.Permission)}}})
		}
	}
	return out
}

func (a Answer) kind() string {
	if a.Allow {
		return permit
	}
	return deny
}

func (s Statement) answer(p consent.Permission) (Answer, bool) {
	i := slices.IndexFunc(s.Answers, func(a Answer) bool { return a.Permission == p })
	if i < 0 {
		return Answer{}, false
	}
	return s.Answers[i], true
}

// provision is a purpose's, with what it says of who asks.
func (a Answer) provision(s Statement, all []Statement) provision {
	purpose := a.Permission.Purpose()
	out := provision{Type: a.kind(), Purpose: codes(purpose, a.Scope)}
	for _, d := range a.Diseases {
		c := diseaseCoding(d)
		out.ModifierExtension = append(out.ModifierExtension, extension{URL: diseasesExtension, ValueCoding: &c})
	}
	for _, c := range conditions(purpose) {
		said, here := s.answer(c)
		in := provision{Type: said.kind(), Actor: []actor{{
			Role:      one(roleSystem, "IRCP", "information recipient"),
			Reference: reference{Identifier: &identifier{askerSystem, asker(c)}, Display: asker(c)},
		}}}
		switch {
		case !here && !a.Allow:
			continue
		case !here:
			elsewhere := slices.ContainsFunc(all, func(x Statement) bool {
				other, there := x.answer(c)
				return x.Individual == s.Individual && x.Guardian == s.Guardian && there && other.Allow
			})
			in.Type = Answer{Allow: elsewhere}.kind()
			in.Extension = []extension{{URL: answerExtension, ValueCode: unsaid}}
		case !a.Allow && said.Allow:
			in.Type, in.Extension = deny, []extension{{URL: answerExtension, ValueCode: yes}}
		}
		out.Provision = append(out.Provision, in)
	}
	return out
}

// nameOf makes a resource's id of what it says, so that the same statement is the same resource: a UUID of version 8 (RFC 9562).
func nameOf(r *resource) (string, error) {
	b, err := mandate.Canonical(r)
	h := sha256.Sum256(b)
	h[6], h[8] = h[6]&0x0f|0x80, h[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", h[:4], h[4:6], h[6:8], h[8:10], h[10:16]), err
}
