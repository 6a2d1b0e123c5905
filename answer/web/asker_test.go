package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/internal/testnode"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
)

// peopleHere are those who ask, each with what they may ask as. Nobody signed in is nobody that is known.
func peopleHere() map[string][]answer.Asker {
	as := func(id, name string, a policy.Ask) answer.Asker {
		a.Use = consent.Use{}
		return answer.Asker{Ask: a, Assignment: id, Name: name}
	}
	unapproved := testnode.Researcher()
	unapproved.Approval, unapproved.Person = "", "omar"
	steward := testnode.Clinician()
	steward.Role, steward.Person = policy.Steward, "sten"
	both := testnode.Researcher()
	both.Person, both.Organisation = "linda-and-nadia", "North"
	double := testnode.Clinician()
	double.Person = both.Person
	return map[string][]answer.Asker{
		"":         {{}},
		"operator": {{Ask: operator}},
		"linda":    {as("a1", "North hospital", testnode.Clinician())},
		"nadia":    {as("a2", "University", testnode.Researcher())},
		"omar":     {as("a3", "University", unapproved)},
		"sten":     {as("a4", "North hospital", steward)},
		"both":     {as("a5", "University", both), as("a6", "North hospital", double)},
		"none":     nil,
	}
}

// publicTable is a node with askers of every kind, and what they may know of.
func publicTable(t *testing.T, n *testnode.Node, o Options) *route.Table {
	t.Helper()
	people := peopleHere()
	o.Askers = func(r *http.Request, _ string) ([]answer.Asker, error) { return people[r.Header.Get("X-Person")], nil }
	o.Stewards = func(*http.Request, string) ([]web.Link, error) {
		return []web.Link{{Text: "Sten Karlsson", Href: "/n/se/people/sten"}}, nil
	}
	o.Named = func(v policy.Verdict) (string, string) {
		return "/n/se/decisions/" + v.Decision, "/n/se/policies/" + v.Policy
	}
	o.Knowers = func(_ *http.Request, genes, _ []string) (out []Knower, err error) {
		for _, g := range genes {
			out = append(out, Knower{Name: "Erik Solberg", Href: "/n/se/people/erik", Sectors: []string{"care"}, Knows: []string{g}})
		}
		return out, nil
	}
	return newTable(t, n.Desk, o)
}

// public is a policy that tells anybody whether a variant exists.
func public() policy.Draft {
	return policy.Draft{Format: policy.Format, Name: "public", Version: 1, Title: policy.Text{SV: "Öppet", NB: "Åpent", EN: "Public"}, Country: "SE",
		Rules: []policy.Rule{{Purposes: []consent.Purpose{consent.Care, consent.Research}, Questions: []policy.Kind{policy.Exists}, Precision: policy.YesNo, K: 5,
			Budget: policy.Budget{Organisation: 1000, Per: policy.Lifetime}}}}
}

func (v visitor) as(person string) *visitor { v.person = person; return &v }

func (v *visitor) ask(query string, more ...string) *httptest.ResponseRecorder {
	v.t.Helper()
	q := url.Values{"q": {query}, "purpose": {"care"}}
	for i := 0; i < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	return v.do("GET", "/ask?"+q.Encode(), "", nil)
}

// Each kind of asker is answered as what they are.
func TestEachAskerIsAnsweredAsThemselves(t *testing.T) {
	n := testnode.Full(t)
	v := visitor{t: t, table: publicTable(t, n, Options{})}
	if w := v.as("operator").ask(carried); w.Code != 200 || !strings.Contains(told(w.Body.String()), "9 of 50 people") && !strings.Contains(told(w.Body.String()), "people counted for care") {
		t.Error("before any policy, the operator:", w.Code, told(w.Body.String()))
	}
	if w := v.as("linda").ask(carried); w.Code != 403 {
		t.Error("before any policy, a clinician:", w.Code)
	}
	n.Adopt(t, testnode.Preset(t, "care"))
	n.Adopt(t, testnode.Preset(t, "research"))
	for _, c := range []struct {
		who, query string
		more       []string
		code       int
		says       []string
	}{
		{"linda", carried, nil, 200, []string{"You ask as: clinician at North hospital", "Allowed by decision 2026-14 , policy care-frequency-1", "Written to the log as entry", "Who carries it", "answers left", "at least one for each variant in the list"}},
		{"linda", carried, []string{"purpose", "research"}, 403, []string{"This question is not answered here"}},
		{"linda", region, nil, 200, []string{"Allowed by decision 2026-14"}},
		{"linda", carried, []string{"dataset", "north"}, 400, []string{"no dataset called “north”"}}, // she isn't told which there are
		{"nadia", carried, []string{"purpose", "research"}, 200, []string{"You ask as: researcher at University", "Allowed by decision 2026-14"}},
		{"omar", carried, []string{"purpose", "research"}, 403, []string{"not on what is stored here", "What is answered is said by decision 2026-14", "Data stewards who can help you Sten Karlsson"}},
		{"omar", carried, nil, 403, nil},
		{"sten", carried, nil, 403, nil},
		{"both", carried, nil, 400, []string{"Choose as what you ask", "clinician at North hospital", "researcher at University"}},
		{"both", carried, []string{"as", "a6"}, 200, []string{"You ask as: clinician at North hospital"}},
		{"both", carried, []string{"as", "a1"}, 400, []string{"Choose as what you ask"}}, // somebody else's
		{"none", carried, nil, 403, []string{"You have no assignment to ask in", "Sten Karlsson"}},
		{"", carried, nil, 403, []string{"This question is not answered here"}},
		{"operator", carried, nil, 403, []string{"This question is not answered here"}}, // a policy is in force, and it isn't for the operator
	} {
		w := v.as(c.who).ask(c.query, c.more...)
		text := told(w.Body.String())
		for _, want := range c.says {
			if !strings.Contains(text, want) {
				t.Errorf("%s %s %v: no %q in %s", c.who, c.query, c.more, want, text)
			}
		}
		if w.Code != c.code {
			t.Errorf("%s %s %v: %d, want %d: %s", c.who, c.query, c.more, w.Code, c.code, text)
		}
	}
	if text := told(v.as("").ask(carried).Body.String()); strings.Contains(text, "Sten Karlsson") {
		t.Error("who isn't signed in is told who the stewards are")
	}
	for who, shown := range map[string]bool{"linda": true, "sten": false, "": false, "both": false} { // what a file costs, before one is dropped
		if text := told(v.as(who).do("GET", "/annotate", "", nil).Body.String()); strings.Contains(text, "What a file costs Care.") != shown || strings.Contains(text, "answers left") != shown {
			t.Errorf("%q, who is to be told what a file costs: %v: %s", who, shown, text)
		}
	}
	kind, wrong := uploadForm(t, map[string]string{"purpose": "care", "text": pasted + "chr22\t50000165\t.\tC\tT\nmore"}, nil)
	if text := told(v.as("linda").do("POST", "/annotate", kind, wrong).Body.String()); !strings.Contains(text, "What you pasted has at most 4.") {
		t.Error("what pasted lines cost isn't told:", text)
	}
	if text := told(v.as("none").do("GET", "/annotate", "", nil).Body.String()); strings.Contains(text, "##fileformat") {
		t.Error("who has no assignment is shown a form")
	}
}

// Who isn't signed in gets yes or no where a policy says so, and never the names of what allows it.
func TestNobodyKnownAsks(t *testing.T) {
	n := testnode.Full(t)
	v := visitor{t: t, table: publicTable(t, n, Options{})}
	n.Adopt(t, testnode.Preset(t, "care"))
	shut := v.do("GET", "/ask", "", nil)
	for _, path := range []string{"/annotate", "/datasets", "/ask?q=" + zero, "/ask?q=" + carried, "/ask?q=" + region, "/ask?q=nonsense"} {
		w := v.do("GET", path, "", nil)
		if w.Code != 403 || mainOf(w) != mainOf(shut) {
			t.Errorf("%s: %d %s", path, w.Code, cmp.Diff(mainOf(shut), mainOf(w)))
		}
	}
	n.Adopt(t, public())
	for query, want := range map[string]string{carried: "Carry it yes", zero: "Carry it no", hidden: "Carry it no"} {
		w := v.ask(query)
		text := told(w.Body.String())
		if w.Code != 200 || !strings.Contains(text, want) || strings.Contains(text, "2026-14") || strings.Contains(text, "Alleles") {
			t.Errorf("%s: %d, no %q in %s", query, w.Code, want, text)
		}
	}
	if w := v.ask(region); w.Code != 403 || !strings.Contains(told(w.Body.String()), "This question is not answered here") {
		t.Error("a region:", w.Code)
	}
}

func mainOf(w *httptest.ResponseRecorder) string {
	return regexp.MustCompile(`(?s)<main .*</main>`).FindString(w.Body.String())
}

// A denial is the same page whether anybody carries what was asked about or not, and whatever else is stored.
func TestDenialIsConstant(t *testing.T) {
	n := testnode.Full(t)
	v := visitor{t: t, table: publicTable(t, n, Options{})}
	n.Adopt(t, testnode.Preset(t, "care"))
	for _, who := range []string{"linda", "omar", "sten", "operator", ""} {
		pages, first := map[string]bool{}, ""
		for _, query := range []string{carried, assumed, unread, zero, hidden, "chr1-100000-A-G"} {
			w := v.as(who).ask(query, "purpose", "research")
			if w.Code != 403 {
				t.Errorf("%q: %d", who, w.Code)
			}
			body := w.Body.String()
			for _, name := range []string{query, carried} { // what was typed, and the form's own example
				body = strings.ReplaceAll(body, name, "")
			}
			if first == "" {
				first = body
			} else if body != first {
				t.Log(cmp.Diff(first, body))
			}
			pages[body] = true
		}
		if len(pages) != 1 {
			t.Errorf("%q is denied in %d ways", who, len(pages))
		}
	}
}

// A link on another site asks nothing in the reader's name.
func TestAnotherSiteDoesNotAsk(t *testing.T) {
	n := testnode.Full(t)
	table := publicTable(t, n, Options{})
	before, err := n.Ledger.Size(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, from := range []string{"cross-site", "same-site"} { // to a browser another port of this machine is the same site
		r := httptest.NewRequest("GET", "/ask?purpose=care&q="+carried, nil)
		r.Host = "localhost"
		r.Header.Set("X-Person", "operator")
		r.Header.Set("Sec-Fetch-Site", from)
		w := httptest.NewRecorder()
		table.ServeHTTP(w, r)
		after, err := n.Ledger.Size(t.Context())
		if err != nil || w.Code != 200 || after != before || !strings.Contains(w.Body.String(), `value="`+carried+`"`) {
			t.Error(from, w.Code, before, after, err)
		}
	}
}

// A gene is asked for by its symbol where the node has a table, and who knows about it is shown.
func TestGenes(t *testing.T) {
	n := testnode.Full(t)
	genes, err := variant.ReadGenes(strings.NewReader("chr22\t50000999\t50004000\tMADE1\nchr22\t50000100\t50000200\tMADE2\n"), "genes.bed")
	if err != nil {
		t.Fatal(err)
	}
	v := visitor{t: t, table: publicTable(t, n, Options{Genes: genes})}
	op := v.as("operator")
	if text := told(op.ask("made1").Body.String()); !strings.Contains(text, "Carried in MADE1 , chr22:50001000-50004000") || !strings.Contains(text, "Who knows about MADE1 Erik Solberg C Care MADE1") {
		t.Error(text)
	}
	if text := told(op.ask(carried).Body.String()); !strings.Contains(text, "Who knows about MADE2") {
		t.Error("a variant in a gene:", text)
	}
	if w := op.ask("MADE3"); w.Code != 400 || !strings.Contains(told(w.Body.String()), "“MADE3” is not in this node’s table") {
		t.Error(w.Code, told(w.Body.String()))
	}
	without := visitor{t: t, table: publicTable(t, n, Options{})}
	if w := without.as("operator").ask("MADE1"); w.Code != 400 || !strings.Contains(told(w.Body.String()), "no table of genes") || !strings.Contains(told(w.Body.String()), "Who knows about MADE1") {
		t.Error(w.Code, told(w.Body.String()))
	}
}

// An annotation is its asker's, in their browser; to anybody else there is none.
func TestAnnotationIsItsAskersOnly(t *testing.T) {
	n := testnode.Full(t)
	n.Adopt(t, testnode.Preset(t, "care"))
	v := visitor{t: t, table: publicTable(t, n, Options{})}
	linda := v.as("linda")
	page, w := linda.annotate(map[string]string{"purpose": "care"}, []byte(pasted))
	if page == "" {
		t.Fatal(w.Code, told(w.Body.String()))
	}
	if text := told(w.Body.String()); !strings.Contains(text, "2 variant lines, annotated") || !strings.Contains(text, "Allowed by decision 2026-14") {
		t.Error(text)
	}
	other := linda.as("nadia") // in the same browser, with the cookie
	again := v.as("linda")     // in another
	for _, x := range []*visitor{other, again} {
		for method, path := range map[string]string{"GET": page, "POST": page + "/file"} {
			if w := x.do(method, path, "", nil); w.Code != 404 {
				t.Errorf("%s %s as %s: %d", method, path, x.person, w.Code)
			}
		}
		if w := x.do("POST", page+"/cancel", "", nil); w.Code != 404 {
			t.Error("another cancels it:", w.Code)
		}
	}
	if w := linda.do("POST", page+"/file", "", nil); w.Code != 200 || strings.Count(w.Body.String(), "SAMVERK_AC=") != 2 {
		t.Error(w.Code)
	}
	if _, w := v.as("omar").annotate(map[string]string{"purpose": "research"}, []byte(pasted)); w.Code != 403 {
		t.Error("a researcher without an approval:", w.Code)
	}
	if _, w := v.as("both").annotate(map[string]string{"purpose": "care"}, []byte(pasted)); w.Code != 400 {
		t.Error("as what was not said:", w.Code)
	}
	if page, _ := v.as("both").annotate(map[string]string{"purpose": "care", "as": "a6"}, []byte(pasted)); page == "" {
		t.Error("as a clinician, who has another assignment too")
	}
	if w := v.do("POST", "/annotate", "multipart/form-data; boundary=x", []byte("nonsense")); w.Code != 403 {
		t.Error("nobody known:", w.Code)
	}
}

// A person is one asker in however many browsers, and what failed takes nobody's place.
func TestAnAskerTakesNobodysPlace(t *testing.T) {
	n := testnode.Full(t)
	d := testnode.Preset(t, "care")
	d.Rules[1].Budget = policy.Budget{Organisation: 6, Per: policy.Year}
	n.Adopt(t, d)
	v := visitor{t: t, table: publicTable(t, n, Options{})}
	for range mostOwn {
		if page, w := v.as("linda").annotate(map[string]string{"purpose": "care"}, []byte(pasted)); page == "" {
			t.Fatal(w.Code)
		}
	}
	if _, w := v.as("linda").annotate(map[string]string{"purpose": "care"}, []byte(pasted)); w.Code != 409 {
		t.Error("in another browser:", w.Code)
	}
	both := v.as("both")
	for range mostTold + 1 { // nothing is left for their organisation
		if page, w := both.annotate(map[string]string{"purpose": "care", "as": "a6"}, []byte(pasted)); w.Code == 503 {
			t.Fatalf("%q: %d", page, w.Code)
		}
	}
	if text := told(both.do("GET", "/annotate", "", nil).Body.String()); strings.Count(text, "could not be annotated") > mostFailed {
		t.Error(text)
	}
}

// There are only so many, and a result that nobody fetches goes.
func TestAnnotationsAreBounded(t *testing.T) {
	n := testnode.Full(t)
	v := visitor{t: t, table: newTable(t, n.Desk, Options{})}
	first := v.as("")
	for range mostOwn {
		if page, w := first.annotate(map[string]string{"purpose": "care"}, []byte(pasted)); page == "" {
			t.Fatal(w.Code)
		}
	}
	if _, w := first.annotate(map[string]string{"purpose": "care"}, []byte(pasted)); w.Code != 409 || !strings.Contains(told(w.Body.String()), "You have 2 files here already") {
		t.Error("one too many:", w.Code)
	}
	for range mostJobs - mostOwn {
		if page, w := v.as("").annotate(map[string]string{"purpose": "care"}, []byte(pasted)); page == "" {
			t.Fatal(w.Code)
		}
	}
	if _, w := v.as("").annotate(map[string]string{"purpose": "care"}, []byte(pasted)); w.Code != 503 {
		t.Error("more than there is room for:", w.Code)
	}
	short := &visitor{t: t, table: newTable(t, n.Desk, Options{Keep: time.Millisecond})}
	page, _ := short.annotate(map[string]string{"purpose": "care", "text": pasted}, nil)
	for page != "" && short.do("GET", page, "", nil).Code != 404 {
		time.Sleep(time.Millisecond)
	}
}
