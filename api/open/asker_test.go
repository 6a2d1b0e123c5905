package open

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/internal/testnode"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/web/route"
)

// caller sends requests as somebody.
type caller struct {
	t     *testing.T
	table *route.Table
}

func newCaller(t *testing.T, n *testnode.Node) caller {
	one, two := testnode.Clinician(), testnode.Researcher()
	one.Use, two.Use = consent.Use{}, consent.Use{}
	unapproved := two
	unapproved.Approval = ""
	people := map[string][]answer.Asker{
		"": {{}}, "operator": operator, "none": nil,
		"linda": {{Ask: one, Assignment: "a1"}}, "omar": {{Ask: unapproved, Assignment: "a2"}}, "both": {{Ask: one, Assignment: "a1"}, {Ask: two, Assignment: "a2"}},
	}
	table := route.NewTable(route.Options{Public: true})
	err := Register(table, n.Desk, Options{Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Askers: func(r *http.Request) ([]answer.Asker, error) { return people[r.Header.Get("X-Person")], nil }})
	if err != nil {
		t.Fatal(err)
	}
	return caller{t, table}
}

func (c caller) get(person, path string) *httptest.ResponseRecorder {
	c.t.Helper()
	r := httptest.NewRequest("GET", path, nil)
	r.Host = "localhost"
	r.Header.Set("X-Person", person)
	w := httptest.NewRecorder()
	c.table.ServeHTTP(w, r)
	return w
}

func TestAskers(t *testing.T) {
	n := testnode.Full(t)
	n.Adopt(t, testnode.Preset(t, "care"))
	n.Adopt(t, testnode.Preset(t, "research"))
	c := newCaller(t, n)
	const care, research = "/api/v1/query?purpose=care&variant=" + testnode.Carried, "/api/v1/query?purpose=research&variant=" + testnode.Carried
	for _, x := range []struct {
		person, path string
		code         int
		says         string
	}{
		{"linda", care, 200, `"decision":"2026-14"`}, {"linda", care + "&as=a1", 200, `"policy":"care-frequency-1"`}, {"linda", care + "&as=a2", 400, "no such assignment"},
		{"linda", research, 403, ""}, {"omar", research, 403, `"decision":"2026-14"`}, {"both", care, 400, "2 assignments"}, {"both", research + "&as=a2", 200, `"decision"`},
		{"none", care, 403, ""}, {"", care, 403, ""}, {"operator", care, 403, ""},
		{"linda", "/api/v1/region?purpose=care&region=" + testnode.Region, 200, `"decision"`}, {"linda", "/api/v1/stats", 403, ""}, {"", "/api/v1/datasets", 403, ""}, {"operator", "/api/v1/datasets", 200, "north"},
		{"", "/api/v1/openapi.json", 200, "3.1.0"}, {"linda", "/metrics", 404, ""},
	} {
		w := c.get(x.person, x.path)
		if w.Code != x.code || !strings.Contains(w.Body.String(), x.says) {
			t.Errorf("%q %s: %d, want %d with %s: %s", x.person, x.path, w.Code, x.code, x.says, w.Body)
		}
	}
}

// A link or a picture on a page of another site asks nothing in its reader's name.
func TestAnotherSiteDoesNotAsk(t *testing.T) {
	n := testnode.Full(t)
	c := newCaller(t, n)
	size := func() uint64 {
		t.Helper()
		size, err := n.Ledger.Size(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return size
	}
	before := size()
	for _, from := range []string{"cross-site", "same-site"} {
		for _, path := range []string{"/api/v1/query?purpose=care&variant=" + testnode.Carried, "/api/v1/region?purpose=care&region=" + testnode.Region} {
			r := httptest.NewRequest("GET", path, nil)
			r.Host = "localhost"
			r.Header.Set("X-Person", "operator")
			r.Header.Set("Sec-Fetch-Site", from)
			w := httptest.NewRecorder()
			c.table.ServeHTTP(w, r)
			if w.Code != 403 || size() != before {
				t.Errorf("%s from %s: %d, %d leaves", path, from, w.Code, size()-before)
			}
		}
	}
}

// A denial is the same bytes whatever was asked about, and names nothing to who isn't known.
func TestDenialIsConstant(t *testing.T) {
	n := testnode.Full(t)
	n.Adopt(t, testnode.Preset(t, "care"))
	n.Adopt(t, testnode.Preset(t, "research"))
	c := newCaller(t, n)
	described, _, _ := readDescription(t, c.table)
	for _, person := range []string{"linda", "omar", "none", "", "operator"} {
		said := map[string]bool{}
		for _, path := range []string{"query?variant=" + testnode.Carried, "query?variant=" + testnode.Zero, "query?variant=" + testnode.Hidden, "query?variant=chr1-1000-A-C",
			"region?region=" + testnode.Region, "region?region=chr1:1-2"} {
			w := c.get(person, "/api/v1/"+path+"&purpose=matching")
			if w.Code != 403 || w.Header().Get("Content-Type") != "application/problem+json" {
				t.Errorf("%q %s: %d %s", person, path, w.Code, w.Body)
			}
			said[w.Body.String()] = true
			var v any
			if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil || described.check(described["Problem"].(map[string]any), v, path) != nil {
				t.Error(path, err, w.Body)
			}
		}
		if len(said) != 1 {
			t.Errorf("%q is denied in %d ways: %v", person, len(said), said)
		}
		for text := range said {
			if person == "" && strings.Contains(text, `"decision"`) {
				t.Error("who isn't known is told:", text)
			}
		}
	}
}

// Where a policy says so, anybody is told whether a variant exists.
func TestNobodyKnownIsToldYesOrNo(t *testing.T) {
	n := testnode.Full(t)
	n.Adopt(t, policy.Draft{Format: policy.Format, Name: "public", Version: 1, Title: policy.Text{SV: "Öppet", NB: "Åpent", EN: "Public"}, Country: "SE",
		Rules: []policy.Rule{{Purposes: []consent.Purpose{consent.Care}, Questions: []policy.Kind{policy.Exists}, Precision: policy.YesNo, K: 5,
			Budget: policy.Budget{Organisation: 1000, Per: policy.Lifetime}}}})
	c := newCaller(t, n)
	for variant, want := range map[string]string{testnode.Carried: `"carriers":"yes"`, testnode.Zero: `"carriers":"no"`, testnode.Hidden: `"carriers":"no"`} {
		w := c.get("", "/api/v1/query?purpose=care&variant="+variant)
		if w.Code != 200 || !strings.Contains(w.Body.String(), want) || !strings.Contains(w.Body.String(), `"ac":null`) || strings.Contains(w.Body.String(), "2026-14") {
			t.Errorf("%s: %d %s", variant, w.Code, w.Body)
		}
	}
}
