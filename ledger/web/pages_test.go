package web_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/internal/testnode"
	"github.com/samverk/samverk/ledger"
	"github.com/samverk/samverk/policy"
)

// asked fills a node with a policy, answers and refusals by several people, and a look.
func asked(t testing.TB) *site {
	t.Helper()
	s := open(t)
	s.node.Fill(t)
	s.node.Adopt(t, testnode.Preset(t, "care"))
	s.pass(time.Hour)
	key := must(variant.ParseKey(testnode.Carried))(t)
	for i := range 12 {
		a := testnode.Clinician()
		a.Person = []string{"linda", "karim", "stina"}[i%3]
		a.Dataset = []string{"", "north"}[i%2]
		must(s.node.Desk.Ask(t.Context(), answer.Question{Ask: a, Keys: []variant.Key{key}}))(t)
		if i == 5 {
			s.pass(20 * 24 * time.Hour)
		}
	}
	for range 3 {
		if _, err := s.node.Desk.Ask(t.Context(), answer.Question{Ask: testnode.Researcher(), Keys: []variant.Key{key}}); err == nil {
			t.Fatal("a researcher is answered")
		}
	}
	anonymous := policy.Ask{Use: consent.Use{Purpose: consent.Research}}
	if _, err := s.node.Desk.Ask(t.Context(), answer.Question{Ask: anonymous, Keys: []variant.Key{key}}); err == nil {
		t.Fatal("somebody not signed in is answered")
	}
	s.looks("sten", testnode.Person, "asked for help on the phone")
	return s
}

// secrets are in access records, and nowhere in the log.
var secrets = []string{"linda", "karim", "stina", "sten", "nadia", testnode.Carried, "50000165", testnode.Person, "on the phone", "PRIVATE+KEY", "Dnr 2026"}

func TestTheLogIsServedToEverybody(t *testing.T) {
	s := asked(t)
	page := s.page("", "/ledger", 200)
	key := s.node.Ledger.PublicKey()
	s.has(page, s.url+"/ledger --key ", "test.example/ledger", "12 answers and 3 questions refused", "Care")
	s.lacks(page, secrets...)
	if got := s.ask("", "en", "/ledger/key", nil).Body.String(); strings.TrimSpace(got) != key {
		t.Error(got)
	}
	s.has(s.ask("", "en", "/ledger?format=csv", nil).Body.String(), "month,purpose,answered,refused", "2026-12,care,12,0", "2026-12,research,0,3")

	size := must(s.node.Ledger.Size(t.Context()))(t)
	must(s.node.Ledger.Covering(t.Context(), size-1))(t)
	// A witness elsewhere needs nothing but the address and the key.
	seen := map[string]http.Header{}
	client := &http.Client{Transport: tripper(func(r *http.Request) (*http.Response, error) {
		a, err := http.DefaultTransport.RoundTrip(r)
		if err == nil {
			b, _ := io.ReadAll(a.Body)
			a.Body = io.NopCloser(bytes.NewReader(b))
			if a.StatusCode == http.StatusOK {
				seen[r.URL.Path] = a.Header
				s.lacks(string(b), secrets...)
			}
		}
		return a, err
	})}
	from := must(ledger.URL(client, s.url+"/ledger"))(t)
	r, err := ledger.Verify(t.Context(), from, key, nil)
	if err != nil || !r.OK() || r.Kinds[ledger.Use] != 12 || r.Kinds[ledger.Denial] != 3 || r.Kinds[ledger.Access] != 1 {
		t.Fatalf("%+v %v", r, err)
	}
	w := must(ledger.NewWitness(filepath.Join(t.TempDir(), "witness"), "patients.example.org", s.Now, zeros{}))(t)
	must2(w.Watch(t.Context(), from, key))(t)
	must(s.node.Desk.Ask(t.Context(), answer.Question{Ask: testnode.Clinician(), Keys: []variant.Key{must(variant.ParseKey(testnode.Carried))(t)}}))(t)
	if _, err := s.node.Ledger.Covering(t.Context(), r.Leaves); err != nil {
		t.Fatal(err)
	}
	if _, added, err := w.Watch(t.Context(), from, key); err != nil || added != 1 {
		t.Error(added, err)
	}
	kinds := map[string]string{}
	for path, h := range seen {
		kind, caching := "application/octet-stream", "public, max-age=31536000, immutable"
		if path == "/ledger/checkpoint" {
			kind, caching = "text/plain; charset=utf-8", "public, max-age=5"
		}
		if h.Get("Content-Type") != kind || h.Get("Cache-Control") != caching {
			t.Error(path, h)
		}
		kinds[path[:strings.LastIndexByte(path, '/')]] = kind
	}
	if len(kinds) < 3 {
		t.Errorf("only %v was read", kinds)
	}
}

type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return len(b), nil }

func must2[A, B any](_ A, _ B, err error) func(testing.TB) {
	return func(t testing.TB) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
}

// Nothing but the log's own files has an address.
func TestNothingBesideTheLogIsServed(t *testing.T) {
	s := asked(t)
	for _, path := range []string{"/ledger/log/checkpoint", "/ledger/.state", "/ledger/tile/.state", "/ledger/tile/..%2fkey", "/ledger/tile/%2e%2e/%2e%2e/key", "/ledger/tile/0/..%2f..%2f..%2fkey",
		"/ledger/tile/0/", "/ledger/tile/entries", "/ledger/tile/0/000%00", "/ledger/tile/0/x001/../../../../key", "/ledger/tile/0/000.p/../../../key", "/ledger/tile/999/000", "/ledger/tile/0/001"} {
		w := s.ask("", "en", path, nil)
		if w.Code == http.StatusOK || strings.Contains(w.Body.String(), "PRIVATE") {
			t.Errorf("%s: %d %.100s", path, w.Code, w.Body)
		}
	}
}

func TestStewardsPagesAreForStewards(t *testing.T) {
	s := asked(t)
	id := strings.TrimPrefix(s.post("stina", "/steward/reviews", 303, url.Values{"from": {"2026-12-01"}, "to": {"2026-12-31"}, "n": {"3"}}), "/steward/reviews/")
	absent := s.ask("karim", "en", "/steward/reviews/01KNOTHERE", nil)
	for _, path := range []string{"/steward", "/steward/uses", "/steward/denials", "/steward/budgets", "/steward/reviews", "/steward/reviews/" + id} {
		if w := s.ask("", "en", path, nil); w.Code != http.StatusSeeOther || !strings.HasPrefix(w.Header().Get("Location"), "/sign-in") {
			t.Errorf("nobody at %s: %d", path, w.Code)
		}
		w := s.ask("karim", "en", path, nil)
		if got, want := strings.ReplaceAll(w.Body.String(), path, "X"), strings.ReplaceAll(absent.Body.String(), "/steward/reviews/01KNOTHERE", "X"); w.Code != http.StatusNotFound || escaped(got, path) != escaped(want, "/steward/reviews/01KNOTHERE") {
			t.Errorf("a clinician at %s: %d\n%s", path, w.Code, got)
		}
		for _, format := range []string{"csv", "json"} {
			if w := s.ask("karim", "en", path+"?format="+format, nil); w.Code != http.StatusNotFound {
				t.Errorf("a clinician at %s as %s: %d", path, format, w.Code)
			}
		}
		s.page("stina", path, 200)
	}
	before := len(s.leaves(t, ledger.Review, ledger.Access))
	for _, form := range []url.Values{{"from": {"2026-12-01"}, "to": {"2026-12-31"}, "n": {"3"}}, {"do": {"end"}}} {
		for _, path := range []string{"/steward/reviews", "/steward/reviews/" + id} {
			s.post("karim", path, 404, form)
			s.post("", path, 401, form)
		}
	}
	if after := len(s.leaves(t, ledger.Review, ledger.Access)); after != before {
		t.Error("something was done for somebody who may not")
	}
	s.page("stina", "/steward/reviews/01KNOTHERE", 404)
	s.page("stina", "/steward/uses?format=xml", 400)
}

func escaped(page, path string) string { return strings.ReplaceAll(page, url.QueryEscape(path), "X") }

// leaves are those of some kinds in the log.
func (s *site) leaves(t testing.TB, kinds ...ledger.Kind) []ledger.Entry {
	t.Helper()
	return must(ledger.NewIndex(s.node.DB, s.node.Ledger).Asked(t.Context(), ledger.Asked{Kinds: kinds}))(t)
}

func TestUses(t *testing.T) {
	s := asked(t)
	page := s.page("stina", "/steward/uses", 200)
	s.has(page, "12 answers and 3 questions refused", "Org North", "Org University", "Clinician", "How common", "care-frequency-1", "decision 2026-14", "Refused")
	s.lacks(page, "linda", "50000165")
	for filter, want := range map[string]int{"": 15, "?outcome=answered": 12, "?outcome=refused": 3, "?organisation=University": 3, "?role=clinician&dataset=north": 6, "?purpose=matching": 0,
		"?from=2026-12-04": 9, "?from=2026-12-01&to=2026-12-03": 6, "?question=frequency": 15, "?from=2025-01-01&to=2025-12-31": 0} {
		var rows []struct {
			Index   uint64
			Outcome string
		}
		file := strings.TrimPrefix(filter, "?") + "&format=json"
		if err := json.Unmarshal(s.ask("stina", "en", "/steward/uses?"+file, nil).Body.Bytes(), &rows); err != nil || len(rows) != want {
			t.Errorf("%s: %d of %d %v", filter, len(rows), want, err)
		}
		page := s.page("stina", "/steward/uses"+filter, 200)
		if n := strings.Count(page, `<th role="rowheader" scope="row" class="smv-nowrap">`); n != want {
			t.Errorf("%s: %d of %d on the page", filter, n, want)
		}
		if want == 0 {
			s.has(page, "Nothing fits")
		}
	}
	csv := s.ask("sten", "sv", "/steward/uses?format=csv", nil).Body.String()
	s.has(csv, "index,time,outcome,organisation,role,purpose,conditions,question,dataset,policy,policy_version,decision,counted\n", ",refused,University,researcher,research,")
	s.lacks(csv, secrets...)
	// An empty node says so.
	s = open(t)
	s.has(s.page("stina", "/steward/uses", 200), "Nothing has been asked yet")
	s.has(s.page("stina", "/steward/denials", 200), "Nothing was refused")
	s.has(s.page("stina", "/steward/budgets", 200), "Nothing is spent", "No policy is in force")
	s.has(s.page("stina", "/steward/reviews", 200), "No review has been drawn")
	s.has(s.page("", "/ledger", 200), "Nothing has been asked yet")
}

func TestDenialsSayWhy(t *testing.T) {
	s := asked(t)
	page := s.page("stina", "/steward/denials", 200)
	s.has(page, "4 questions refused", "No rule allows the purpose", "Somebody not signed in", "Org University")
	s.lacks(page, "nadia")
	s.has(s.page("stina", "/steward/denials?reason=purpose&organisation=University&days=90", 200), "3 questions refused")
	s.has(s.page("stina", "/steward/denials?reason=budget", 200), "Nothing was refused")
	s.has(s.ask("stina", "en", "/steward/denials?format=csv", nil).Body.String(), ",purpose,3\n", ",purpose,1\n")
	over := s.page("stina", "/steward", 200)
	s.has(over, "12 questions answered", "3 questions refused", "0 reviews under way", "All policies in force can be verified")
	s.has(over, "Newcomers who wait", "Research, country=NO", "north", "28", "4", "10", "with the next question")
}

func TestBudgetsWithTheirPower(t *testing.T) {
	s := asked(t)
	var page string
	for range 10 { // what there is to measure is measured bit by bit
		if page = s.page("stina", "/steward/budgets", 200); !strings.Contains(page, "being measured") {
			break
		}
	}
	s.has(page, "Org North", "One by one", "12 of ", "of 100 people", "care-frequency-1", "A newcomer is found", "An organisation")
	s.lacks(page, "linda", "being measured")
	s.has(s.page("stina", "/steward/budgets?scope=asker", 200), "Person linda, Org North", "4 of ")
	s.has(s.page("stina", "/steward/budgets?scope=anonymous", 200), "Nothing is spent")
	var rows []struct {
		Who, Policy  string
		Limit, Spent int
		Found        float64 `json:"found_worst"`
	}
	if err := json.Unmarshal(s.ask("stina", "en", "/steward/budgets?format=json", nil).Body.Bytes(), &rows); err != nil || len(rows) == 0 || rows[0].Who != "North" || rows[0].Spent != 12 || rows[0].Found <= 0 {
		t.Errorf("%+v %v", rows, err)
	}
}

var mark = regexp.MustCompile(`name="verdict\.(\d+)"`)

func TestAReviewOnItsPages(t *testing.T) {
	s := asked(t)
	for field, form := range map[string]url.Values{
		"Give a day":             {"from": {""}, "to": {"2026-12-31"}, "n": {"3"}},
		"1 to 100":               {"from": {"2026-12-01"}, "to": {"2026-12-31"}, "n": {"1000"}},
		"The period ends before": {"from": {"2026-12-09"}, "to": {"2026-12-01"}, "n": {"3"}},
		"Nothing was asked":      {"from": {"2025-12-01"}, "to": {"2025-12-31"}, "n": {"3"}},
	} {
		s.has(s.post("stina", "/steward/reviews", 400, form), field, `value="`+form.Get("to")+`"`)
	}
	at := s.post("stina", "/steward/reviews", 303, url.Values{"from": {"2026-12-01"}, "to": {"2026-12-31"}, "n": {"16"}})
	looks := len(s.leaves(t, ledger.Access))
	page := s.ask("stina", "en", at, nil).Body.String()
	if n := len(s.leaves(t, ledger.Access)); n != looks+1 {
		t.Error("the look at the review isn't in the log:", n)
	}
	s.has(page, "16 of 16 accesses", "Person linda", `How common <span class="smv-mono">`+testnode.Carried, "asked for help on the phone", "a named individual", "You did this yourself")
	s.lacks(page, testnode.Person+"<")
	form := url.Values{"do": {"save"}}
	var leaves []string
	for _, m := range mark.FindAllStringSubmatch(page, -1) {
		if form.Get("verdict."+m[1]) == "" {
			leaves = append(leaves, m[1])
			form.Set("verdict."+m[1], "fine")
		}
	}
	if len(leaves) != 12 {
		t.Fatal("12 can be marked by who did 4 of 16:", leaves)
	}
	// Whom it was about is shown when asked for, once that is recorded, and what was typed stays.
	look := s.leaves(t, ledger.Access)
	about := look[len(look)-1].Index
	form.Set("do", "whom."+strconv.FormatUint(about, 10))
	form.Set("note."+leaves[0], "a note that is typed")
	shown := s.post("sten", at, 200, form)
	s.has(shown, ">"+testnode.Person, "a note that is typed")
	s.post("sten", at, 404, url.Values{"do": {"whom.1"}})
	i, _ := s.node.People.Lookup(testnode.Person)
	if about := must(s.node.Accesses.About(t.Context(), i.Number, s.Now(), 10))(t); len(about) != 2 || about[0].Person != "sten" {
		t.Errorf("%+v", about)
	}
	form.Set("do", "save")
	form.Set("verdict."+leaves[1], "follow-up")
	s.has(s.post("stina", at, 400, form), "Write in the note what is to be followed up", "a note that is typed")
	form.Set("note."+leaves[1], "Which patient?")
	if s.post("stina", at, 303, form) != at {
		t.Error("not led back")
	}
	s.has(s.page("stina", at, 200), "Which patient?", "4 are left")
	s.has(s.page("stina", "/steward/reviews", 200), "Under way", "12 of 16 gone through")
	s.has(s.page("stina", "/steward/reviews?state=goes", 200), "12 of 16 gone through")
	fine := s.page("stina", "/steward/reviews?state=fine", 200)
	s.has(fine, "No review is in that state")
	s.lacks(fine, "12 of 16 gone through")
	// Another steward judges what the first did; their own look is left.
	form = url.Values{"do": {"end"}}
	for _, m := range mark.FindAllStringSubmatch(s.page("sten", at, 200), -1) {
		if !slices.Contains(leaves, m[1]) {
			form.Set("verdict."+m[1], "fine")
		}
	}
	s.post("sten", at, 303, form)
	page = s.page("sten", at, 200)
	s.has(page, "15 fine, 1 to follow up", "Which patient?")
	s.lacks(page, "<button class=\"ds-button\" type=\"submit\" name=\"do\"", "name=\"verdict.")
	s.post("stina", at, 409, url.Values{"do": {"end"}})
	last := s.leaves(t, ledger.Review)
	if len(last) != 2 || last[0].Question != "result" || last[0].Conditions != "fine=15 follow-up=1 unseen=0" || last[0].Counted != 16 {
		t.Errorf("%+v", last)
	}
	s.has(s.page("stina", "/steward/reviews", 200), "1 to follow up")
	s.has(s.ask("stina", "en", "/steward/reviews?format=csv", nil).Body.String(), ",16,16,16,", ",15,1,0,")
}
