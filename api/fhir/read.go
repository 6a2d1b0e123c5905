package fhir

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/mandate"
	"github.com/samverk/samverk/storage"
)

// MaxFile bounds a file in bytes.
const MaxFile = 16 << 20

// Reading says how a file of somebody else's is to be read.
type Reading struct {
	Node
	Policies   map[string]mandate.Digest // by which form a policy of theirs is read: "SYSTEM|CODE" of policyRule, or policy.uri
	Individual string                    // another system of identifiers in which individuals have the region's own ids
}

// Problem is something that is refused, and where: a path of FHIRPath's kind.
type Problem struct{ Path, What, Do string }

// Read understands a Consent, or a Bundle of them. What it doesn't understand, or can't obey, refuses the whole file.
func (o Reading) Read(b []byte) ([]Statement, error) {
	all, problems, err := o.Problems(b)
	if err == nil && len(problems) > 0 {
		p := problems[0]
		err = fault.New(fault.Invalid, "%s%s", p.What, others(problems[1:])).Where(p.Path).Do("%s", p.Do)
	}
	if err != nil {
		return nil, err
	}
	return all, nil
}

// others names what else is refused.
func others(more []Problem) string {
	const most = 20
	var at []string
	for _, p := range more {
		if !slices.Contains(at, p.Path) {
			at = append(at, p.Path)
		}
	}
	switch {
	case len(at) == 0:
		return ""
	case len(at) > most:
		return fmt.Sprintf("; also refused: %s and %d more", strings.Join(at[:most], ", "), len(at)-most)
	}
	return "; also refused: " + strings.Join(at, ", ")
}

// Problems gives everything that is refused in a file, in its order. Statements are whole only where there is none.
func (o Reading) Problems(b []byte) ([]Statement, []Problem, error) {
	if len(b) > MaxFile {
		return nil, nil, fault.New(fault.Invalid, "the file is larger than %d MiB", MaxFile>>20)
	}
	var tree any
	if err := mandate.Decode(b, &tree); err != nil {
		return nil, nil, err
	}
	r := reader{Reading: o, at: map[moment][]Statement{}}
	m, _ := tree.(map[string]any)
	switch m["resourceType"] {
	case "Bundle":
		var it bundle
		if r.shape("Bundle", tree, reflect.TypeFor[bundle]()); json.Unmarshal(b, &it) == nil {
			r.bundle(it)
		}
	case "Consent":
		var it resource
		if r.shape("Consent", tree, reflect.TypeFor[resource]()); json.Unmarshal(b, &it) == nil {
			r.consent("Consent", &it)
		}
	default:
		r.refuse("resourceType", "this is neither a Consent nor a Bundle", "give a FHIR R4 Consent as JSON, or a Bundle of them")
	}
	return r.all, r.problems, nil
}

type reader struct {
	Reading
	all      []Statement
	at       map[moment][]Statement
	problems []Problem
}

// moment is when a party said something about an individual.
type moment struct {
	individual, guardian string
	at                   int64
}

const mostProblems = 200

// refuse keeps a problem; of those at one place the first.
func (r *reader) refuse(path, what, do string) {
	if len(r.problems) < mostProblems && !slices.ContainsFunc(r.problems, func(p Problem) bool { return p.Path == path }) {
		r.problems = append(r.problems, Problem{path, what, do})
	}
}

func (r *reader) bundle(b bundle) {
	if b.Type != "collection" && b.Type != "searchset" {
		r.refuse("Bundle.type", "only a collection or a searchset is taken", "send the Consents as a collection")
	}
	for i, l := range b.Link {
		if l.Relation != "self" {
			r.refuse(fmt.Sprintf("Bundle.link[%d]", i), "there is more than this page, and what it takes back isn't known", "join all pages to one Bundle")
		}
	}
	if b.Total != nil && *b.Total != len(b.Entry) {
		r.refuse("Bundle.total", "there is more or less in the file than it says", "join all pages to one Bundle")
	}
	for i, e := range b.Entry {
		if e.Resource != nil && e.Resource.ResourceType == "Consent" {
			r.consent(fmt.Sprintf("Bundle.entry[%d].resource", i), e.Resource)
		}
	}
}

// consent reads one Consent.
func (r *reader) consent(at string, c *resource) {
	s := Statement{Path: at}
	r.frame(at, c)
	s.Individual, s.Guardian = r.whose(at, c)
	s.Registered = r.registered(at, c)
	var err error
	if s.When, err = time.Parse(time.RFC3339Nano, c.DateTime); err != nil {
		r.refuse(at+".dateTime", "when they said so isn't told to the second", "write it with time and zone, as 2026-03-01T12:00:00Z")
	}
	s.When = storage.Time(storage.Micros(s.When))
	kind, form := r.rule(at, c, s.When)
	if form != nil {
		s.Form = form.Digest
	}
	top := r.root(at+".provision", c.Provision)
	if kind != "" {
		if s.Guardian != "" {
			r.refuse(at+".performer[0]", "whether a guardian may restrict this isn't judged here", "let staff register it")
		}
		s.Restriction = r.restriction(at, c, kind, top)
	} else {
		for i, p := range top {
			s.Answers = append(s.Answers, r.provision(fmt.Sprintf("%s.provision.provision[%d]", at, i), p, form)...)
		}
		r.answers(&s, form)
	}
	r.status(at+".status", c.Status, s)
	r.apart(s)
	r.all = append(r.all, s)
}

// frame judges what is around the statement.
func (r *reader) frame(at string, c *resource) {
	if !c.Scope.is(scopeSystem, "patient-privacy") && !c.Scope.is(scopeSystem, "research") {
		r.refuse(at+".scope", "it is about something else than research and the use of data", "leave it out of the file")
	}
	for i, k := range c.Category {
		if !k.is(loincSystem, "59284-0") && !k.is(categorySystem, "research") {
			r.refuse(fmt.Sprintf("%s.category[%d]", at, i), "what this category limits the consent to isn't known", "ask for a Consent of category LOINC 59284-0")
		}
	}
	if c.Text != nil && !slices.Contains([]string{"generated", "extensions", "empty"}, c.Text.Status) {
		r.refuse(at+".text.status", "the text says more than the rest, and nobody has read it", "register from paper what it says")
	}
	for i, o := range c.Organization {
		if name, ok := o.identified(regionSystem); !ok || name != r.Region || o.Reference != "" {
			r.refuse(fmt.Sprintf("%s.organization[%d]", at, i), "the consent is kept by another organisation, and what is allowed there isn't allowed here", "ask them what they allow here")
		}
	}
	for i, v := range c.Verification {
		if !v.Verified {
			r.refuse(fmt.Sprintf("%s.verification[%d]", at, i), "it isn't verified with them", "verify it first")
		}
	}
}

// whose reads whom it is about and who says so.
func (r *reader) whose(at string, c *resource) (id, guardian string) {
	if c.Patient != nil {
		var ok bool
		if id, ok = c.Patient.identified(individualSystem); !ok && r.Reading.Individual != "" {
			id, ok = c.Patient.identified(r.Reading.Individual)
		}
		if !ok || individual.CheckID(id) != nil {
			r.refuse(at+".patient", "whom it is about isn't told by the region's own id", "give an identifier of the system "+cmp.Or(r.Reading.Individual, individualSystem))
		}
	} else {
		r.refuse(at+".patient", "whom it is about isn't told", "give an identifier of the system "+individualSystem)
	}
	if len(c.Performer) != 1 {
		r.refuse(at+".performer", "who says so isn't told, or it is several at once", "write one Consent for each who says something")
		return id, ""
	}
	who := c.Performer[0]
	guardian, ok := who.identified(guardianSystem)
	if itself := c.Patient != nil && (who.Reference != "" && who.Reference == c.Patient.Reference || who.Identifier != nil && c.Patient.Identifier != nil && *who.Identifier == *c.Patient.Identifier); !ok && !itself {
		r.refuse(at+".performer[0]", "who says so is neither the individual nor a guardian of theirs", "name the individual, or the guardianship by its id")
	}
	return id, guardian
}

func (r *reader) registered(at string, c *resource) (yes bool) {
	for i, e := range c.Extension {
		if e.URL != transcriber {
			r.refuse(fmt.Sprintf("%s.extension[%d]", at, i), "this extension isn't understood", "ask for a Consent without it")
		}
		yes = true
	}
	return yes
}

// rule finds by which form a Consent is to be read, or which kind of restriction it is; neither: it was said on no form.
func (r *reader) rule(at string, c *resource, when time.Time) (kind consent.RestrictionKind, form *consent.Enacted) {
	switch {
	case c.PolicyRule != nil:
		kind, form = r.policyRule(at+".policyRule", *c.PolicyRule, when)
	case len(c.Policy) == 0:
		r.refuse(at+".policyRule", "no policy is named", "name the form that was answered")
	}
	for i, p := range c.Policy {
		path, by := fmt.Sprintf("%s.policy[%d]", at, i), form
		mapped, ok := r.Policies[p.URI]
		if ok {
			by = r.form(mapped, when)
		}
		switch {
		case by == nil, form != nil && by != form, !ok && p.URI != decisionURI(by.Mandate):
			r.refuse(path+".uri", "what this policy says isn't known", "say by which form it is to be read")
			continue
		case p.Authority != "" && p.Authority != networkURI(by.Mandate):
			r.refuse(path+".authority", "this authority put none of the node's forms in force", "leave it out if it doesn't matter")
		}
		form = by
	}
	return kind, form
}

func (r *reader) policyRule(at string, rule concept, when time.Time) (kind consent.RestrictionKind, form *consent.Enacted) {
	if len(rule.Coding) != 1 {
		r.refuse(at, "the policy is not one code", "name the form that was answered by its digest")
		return "", nil
	}
	switch c := rule.Coding[0]; {
	case c.System == policySystem && c.Code == "no-form":
		return "", nil
	case c.System == restrictionSystem:
		return consent.RestrictionKind(c.Code), nil
	case c.System == actSystem:
		r.refuse(at+".coding[0]", "a general yes or no says nothing about each purpose", "name the form that was answered, and permit or deny each purpose")
		return "", nil
	case c.System == formSystem:
		var d mandate.Digest
		if err := d.UnmarshalText([]byte(c.Code)); err == nil {
			form = r.form(d, when)
		}
		if form != nil && c.Version != "" && c.Version != form.Version {
			form = nil
		}
	default:
		if d, mapped := r.Policies[c.System+"|"+c.Code]; mapped {
			form = r.form(d, when)
		}
	}
	if form == nil {
		r.refuse(at+".coding[0]", "no form that was put in force here is known by this policy", "say by which form it is to be read")
	}
	return "", form
}

// root gives the provisions. The outermost one carries nothing itself: R4 doesn't permit it a type.
func (r *reader) root(at string, p *provision) []provision {
	if p == nil {
		r.refuse(at, "nothing is permitted or denied", "permit or deny each purpose in a provision within")
		return nil
	}
	if p.Type != "" {
		r.refuse(at+".type", "R4 permits the outermost provision no type", "permit or deny each purpose in a provision within")
	}
	for _, x := range []struct {
		name string
		n    int
	}{{"purpose", len(p.Purpose)}, {"actor", len(p.Actor)}, {"extension", len(p.Extension)}, {"modifierExtension", len(p.ModifierExtension)}} {
		if x.n > 0 {
			r.refuse(at+"."+x.name, "whether this is permitted or denied isn't told", "permit or deny each purpose in a provision within")
		}
	}
	if len(p.Provision) == 0 {
		r.refuse(at+".provision", "nothing is permitted or denied", "permit or deny each purpose in a provision within")
	}
	return p.Provision
}

// typed reads a provision's type.
func (r *reader) typed(at string, p provision) (allow bool) {
	if p.Type != permit && p.Type != deny {
		r.refuse(at+".type", "this is neither permit nor deny", "write permit or deny")
	}
	return p.Type == permit
}

// provision reads what is said of one purpose, or of one condition apart from its purpose.
func (r *reader) provision(at string, p provision, form *consent.Enacted) []Answer {
	a := Answer{Allow: r.typed(at, p), path: at}
	if len(p.Actor) > 0 {
		r.refuse(at+".actor", "a purpose is allowed to all who have it or to none", "put who asks into a provision within")
	}
	if len(p.Extension) > 0 {
		r.refuse(at+".extension", "this extension isn't understood", "ask for a Consent without it")
	}
	if len(p.Purpose) == 1 && p.Purpose[0].System == purposeSystem {
		if c := consent.Permission(p.Purpose[0].Code); c.Purpose() != "" && c != consent.Permission(c.Purpose()) {
			if len(p.Provision)+len(p.ModifierExtension) > 0 {
				r.refuse(at+".provision", "a condition has no exceptions", "leave them out")
			}
			a.Permission = c
			return []Answer{a}
		}
	}
	purpose, scope, ok := r.purpose(at, p.Purpose)
	if !ok {
		return nil
	}
	a.Permission = consent.Permission(purpose)
	if a.Allow {
		a.Scope = scope
	} else if scope != consent.General {
		r.refuse(at+".purpose", "a no to some research only can't be obeyed", "deny any research: HRESCH and DUO:0000042")
	}
	a.Diseases = r.diseases(at, p, a)
	return append([]Answer{a}, r.within(at, p, a, form)...)
}

// purpose reads codes, which are alternatives: together they are as wide as the widest.
func (r *reader) purpose(at string, all []coding) (purpose consent.Purpose, scope consent.Scope, ok bool) {
	if len(all) == 0 {
		r.refuse(at+".purpose", "what for isn't told", "name one purpose")
		return "", "", false
	}
	width := map[consent.Scope]int{consent.Diseases: 0, consent.Health: 1, consent.General: 2}
	widest, exact := -1, false
	for i, c := range all {
		m, known := meaningOf(c)
		here := fmt.Sprintf("%s.purpose[%d]", at, i)
		switch {
		case !known:
			r.refuse(here, "this code is mapped to no purpose", "name care as TREAT, research as HRESCH and DUO:0000042")
			return "", "", false
		case purpose != "" && m.purpose != purpose:
			r.refuse(here, "two purposes are told at once", "write one provision for each")
			return "", "", false
		}
		purpose = m.purpose
		if w := width[m.scope]; w > widest {
			widest, scope, exact = w, m.scope, m.exact
		} else if w == widest {
			exact = exact || m.exact
		}
	}
	if !exact {
		r.refuse(at+".purpose", "which research this is isn't told exactly", "add DUO:0000042 for any, DUO:0000006 for health, DUO:0000007 for named diseases")
	}
	return purpose, scope, true
}

func (r *reader) diseases(at string, p provision, a Answer) (all []string) {
	for i, e := range p.ModifierExtension {
		if e.URL != diseasesExtension || e.ValueCoding == nil || *e.ValueCoding != (coding{System: e.ValueCoding.System, Code: e.ValueCoding.Code, Display: e.ValueCoding.Display}) ||
			diseaseCoding(e.ValueCoding.Code).System != e.ValueCoding.System || slices.Contains(all, e.ValueCoding.Code) {
			r.refuse(fmt.Sprintf("%s.modifierExtension[%d]", at, i), "this changes what the rest means, and isn't understood", "name each disease once")
			return nil
		}
		all = append(all, e.ValueCoding.Code)
	}
	if (a.Allow && a.Scope == consent.Diseases) != (len(all) > 0) {
		r.refuse(at+".modifierExtension", "diseases are to be named exactly where research is on named diseases", "name them, or write which research it is")
	}
	slices.Sort(all)
	return all
}

// within reads the exceptions from a purpose: who asks.
func (r *reader) within(at string, p provision, a Answer, form *consent.Enacted) (out []Answer) {
	purpose := consent.Purpose(a.Permission)
	told := map[consent.Permission]bool{}
	for i, in := range p.Provision {
		here := fmt.Sprintf("%s.provision[%d]", at, i)
		c, ok := r.asker(here, in, purpose)
		if !ok {
			continue
		}
		if told[c] {
			r.refuse(here, "this is told twice", "keep what is right")
		}
		told[c] = true
		said := Answer{Permission: c, Allow: r.typed(here, in), path: here}
		if said.Allow && !a.Allow {
			r.refuse(here+".type", "what is permitted beneath a denial can't be obeyed", "permit the purpose, and deny the rest of it")
		}
		switch {
		case len(in.Extension) == 0:
			out = append(out, said)
		case len(in.Extension) > 1 || in.Extension[0].URL != answerExtension || in.Extension[0] != (extension{URL: answerExtension, ValueCode: in.Extension[0].ValueCode}):
			r.refuse(here+".extension", "this extension isn't understood", "ask for a Consent without it")
		case in.Extension[0].ValueCode == yes && !a.Allow:
			said.Allow = true
			out = append(out, said)
		case in.Extension[0].ValueCode != unsaid:
			r.refuse(here+".extension[0]", "this extension says what can't be so", "leave it out, or write "+unsaid)
		}
	}
	if !a.Allow || form == nil {
		return out
	}
	for _, c := range conditions(purpose) {
		if _, asked := question(form, c); asked && !told[c] {
			r.refuse(at+".provision", fmt.Sprintf("whether it may be %s is left open", asker(c)), "permit or deny the actor "+asker(c)+" of "+askerSystem+" in a provision within")
		}
	}
	return out
}

// asker reads about which kind of who asks an exception is.
func (r *reader) asker(at string, p provision, of consent.Purpose) (consent.Permission, bool) {
	switch {
	case len(p.Actor) != 1 || !p.Actor[0].Role.is(roleSystem, "IRCP"):
		r.refuse(at+".actor", "an exception has to be for one kind of who asks, as information recipient (IRCP)", "name the actor by an identifier of "+askerSystem)
		return "", false
	case len(p.Provision) > 0:
		r.refuse(at+".provision", "exceptions from exceptions can't be obeyed", "write them as one")
		return "", false
	case len(p.ModifierExtension) > 0:
		r.refuse(at+".modifierExtension", "this changes what the rest means, and isn't understood", "ask for a Consent without it")
		return "", false
	case len(p.Purpose) > 0:
		r.refuse(at+".purpose", "an exception is from the purpose that it stands in", "leave it out")
		return "", false
	}
	kind, ok := p.Actor[0].Reference.identified(askerSystem)
	c, known := condition(of, kind)
	if !ok || !known || p.Actor[0].Reference.Reference != "" {
		r.refuse(at+".actor[0].reference", "a choice isn't about this actor: it can't be obeyed", "name abroad, or for research commercial, by an identifier of "+askerSystem)
		return "", false
	}
	return c, true
}

// question finds the one that asks for a permission; none does on no form.
func question(f *consent.Enacted, p consent.Permission) (consent.Question, bool) {
	if f == nil {
		return consent.Question{}, false
	}
	i := slices.IndexFunc(f.Questions, func(q consent.Question) bool { return q.Permission == p })
	if i < 0 {
		return consent.Question{}, false
	}
	return f.Questions[i], true
}

// answers judges them by the form, and puts them in order.
func (r *reader) answers(s *Statement, form *consent.Enacted) {
	order := consent.Permissions()
	slices.SortStableFunc(s.Answers, func(a, b Answer) int { return slices.Index(order, a.Permission) - slices.Index(order, b.Permission) })
	for i, a := range s.Answers {
		if i > 0 && s.Answers[i-1].Permission == a.Permission {
			r.refuse(a.path, "this is told twice", "keep what is right")
		}
		switch {
		case !a.Allow:
		case form == nil:
			if a.Permission != consent.Permission(a.Permission.Purpose()) || a.Scope != consent.General {
				r.refuse(a.path, "only a form asks for conditions", "name the form that was answered")
			}
		default:
			r.asked(a, form)
		}
	}
}

// asked judges a yes by the form's question: what it didn't ask nobody can have said yes to there.
func (r *reader) asked(a Answer, form *consent.Enacted) {
	q, ok := question(form, a.Permission)
	switch {
	case !ok:
		r.refuse(a.path, "the form doesn't ask for this", "name the form that was answered")
	case q.Scope != a.Scope:
		r.refuse(a.path+".purpose", "the form asks for other research than this", "name the form that was answered")
	}
	for _, d := range a.Diseases {
		if ok && !slices.ContainsFunc(q.Diseases, func(x consent.Disease) bool { return x.Code == d }) {
			r.refuse(a.path+".modifierExtension", "the form doesn't name every one of these diseases", "name the form that was answered")
		}
	}
}

func (r *reader) restriction(at string, c *resource, kind consent.RestrictionKind, top []provision) *Restriction {
	out := &Restriction{Kind: kind, Ground: c.PolicyRule.Text}
	if out.Ground == "" {
		r.refuse(at+".policyRule.text", "on what ground in law isn't told", "name the provision")
	}
	if len(c.Policy) > 0 {
		r.refuse(at+".policy", "what this policy says isn't known", "leave it out")
	}
	for i, p := range top {
		here := fmt.Sprintf("%s.provision.provision[%d]", at, i)
		purpose, scope, ok := r.purpose(here, p.Purpose)
		if ok && !slices.Contains(kind.Against(), purpose) {
			r.refuse(here+".purpose", "this kind of restriction isn't against that, or isn't known", "write "+string(consent.Block)+", "+string(consent.OptOut)+" or "+string(consent.Reservation)+" for the purposes it is against")
		}
		if r.typed(here, p) || scope != consent.General || len(p.Actor)+len(p.Provision)+len(p.Extension)+len(p.ModifierExtension) > 0 || slices.Contains(out.Purposes, purpose) {
			r.refuse(here, "a restriction denies a whole purpose, once", "deny each purpose and nothing less")
		}
		out.Purposes = append(out.Purposes, purpose)
	}
	slices.Sort(out.Purposes)
	return out
}

// status judges what a Consent is at all.
func (r *reader) status(at, status string, s Statement) {
	allows := slices.ContainsFunc(s.Answers, func(a Answer) bool { return a.Allow })
	what, do := "", ""
	switch status {
	case "active":
		return
	case "rejected":
		if !allows {
			return
		}
		what, do = "it was rejected, and permits something", "write what they said no to as denied"
	case "draft", "proposed":
		what, do = "nobody has said this yet", "wait until it is active"
	case "inactive":
		what, do = "it has ended, and what holds instead isn't told", "withdraw with 'samverk consent withdraw' if they withdrew; leave it out of the file if something newer replaced it"
	case "entered-in-error":
		what, do = "it was written by mistake", "leave it out of the file, and take back what was recorded by it"
	default:
		what, do = "this is no status of R4", "write active"
	}
	r.refuse(at, what, do)
}

// apart refuses a second statement of which nobody can tell whether it is the later.
func (r *reader) apart(s Statement) {
	m := moment{s.Individual, s.Guardian, storage.Micros(s.When)}
	for _, other := range r.at[m] {
		if other.Restriction != nil && s.Restriction != nil && reflect.DeepEqual(other.Restriction, s.Restriction) {
			r.refuse(s.Path, "this restriction is in the file twice", "keep one")
		}
		for _, a := range s.Answers {
			if _, both := other.answer(a.Permission); both {
				r.refuse(s.Path, "the same is told twice at one time", "keep what is right")
			}
		}
	}
	r.at[m] = append(r.at[m], s)
}

// placed says where in the file an error was.
func placed(err error, at string) error {
	var e *fault.Error
	if !errors.As(err, &e) {
		return err
	}
	moved := *e
	moved.At = at
	return &moved
}
