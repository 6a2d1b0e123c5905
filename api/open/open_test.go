package open

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/internal/testnode"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
	"github.com/samverk/samverk/web/webtest"
)

func newTable(t testing.TB, desk *answer.Desk) *route.Table {
	table := route.NewTable(route.Options{})
	site, err := web.New(web.Options{Name: "North", Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	site.Register(table)
	if err := Register(table, desk, Options{Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Site: site}); err != nil {
		t.Fatal(err)
	}
	return table
}

func do(t testing.TB, table http.Handler, method, target, body string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Host = "127.0.0.1:8080"
	w := httptest.NewRecorder()
	table.ServeHTTP(w, r)
	return w
}

// schemas judges values by the description: just the words of JSON Schema that it uses, and an error for any other.
type schemas map[string]any

func (s schemas) check(schema map[string]any, v any, at string) error {
	if ref, ok := schema["$ref"].(string); ok {
		return s.check(s[strings.TrimPrefix(ref, "#/components/schemas/")].(map[string]any), v, at)
	}
	for word, rule := range schema {
		ok := true
		switch word {
		case "type":
			kinds, several := rule.([]any)
			if !several {
				kinds = []any{rule}
			}
			ok = slices.ContainsFunc(kinds, func(k any) bool { return isKind(k.(string), v) })
		case "enum":
			ok = slices.Contains(rule.([]any), v)
		case "minimum":
			n, number := v.(float64)
			ok = !number || n >= rule.(float64)
		case "maximum":
			n, number := v.(float64)
			ok = !number || n <= rule.(float64)
		case "required":
			for _, name := range rule.([]any) {
				if _, has := v.(map[string]any)[name.(string)]; !has {
					return fmt.Errorf("%s: no %s", at, name)
				}
			}
		case "properties":
			for name, inner := range v.(map[string]any) {
				known, described := rule.(map[string]any)[name]
				if !described {
					return fmt.Errorf("%s: %s is not described", at, name)
				}
				if err := s.check(known.(map[string]any), inner, at+"/"+name); err != nil {
					return err
				}
			}
		case "items":
			for i, inner := range v.([]any) {
				if err := s.check(rule.(map[string]any), inner, fmt.Sprint(at, "/", i)); err != nil {
					return err
				}
			}
		case "description", "additionalProperties", "minItems", "maxItems": // properties refuses what is not described
		default:
			return fmt.Errorf("%s: this test does not know the word %s", at, word)
		}
		if !ok {
			return fmt.Errorf("%s: %v is against %s %v", at, v, word, rule)
		}
	}
	return nil
}

func isKind(kind string, v any) bool {
	switch v := v.(type) {
	case nil:
		return kind == "null"
	case bool:
		return kind == "boolean"
	case string:
		return kind == "string"
	case float64:
		return kind == "number" || kind == "integer" && v == math.Trunc(v)
	case []any:
		return kind == "array"
	case map[string]any:
		return kind == "object"
	}
	return false
}

// description reads openapi.json and gives its schemas and, by "GET /path", the schema of an answer.
func readDescription(t *testing.T, table http.Handler) (schemas, map[string]map[string]any, map[string][]string) {
	t.Helper()
	var doc struct {
		Paths map[string]map[string]struct {
			Responses map[string]struct {
				Content map[string]struct{ Schema map[string]any }
			}
		}
		Components struct{ Schemas schemas }
	}
	if err := json.Unmarshal(do(t, table, "GET", "/api/v1/openapi.json", "").Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	answers, statuses := map[string]map[string]any{}, map[string][]string{}
	for path, methods := range doc.Paths {
		for method, op := range methods {
			name := strings.ToUpper(method) + " " + path
			answers[name] = op.Responses["200"].Content["application/json"].Schema
			for status := range op.Responses {
				statuses[name] = append(statuses[name], status)
			}
		}
	}
	return doc.Components.Schemas, answers, statuses
}

// Every answer is as openapi.json describes it, and every call is described.
func TestAnswersAreAsDescribed(t *testing.T) {
	table := newTable(t, testnode.Full(t).Desk)
	known, answers, statuses := readDescription(t, table)
	q := "purpose=care&variant=" + testnode.Carried
	for _, c := range []struct {
		method, path, query, body string
		status                    int
	}{
		{"GET", "/api/v1/query", q, "", 200},
		{"GET", "/api/v1/query", q + "&variant=" + testnode.Zero + "&variant=" + testnode.Unread, "", 200},
		{"GET", "/api/v1/query", q + "&dataset=panel", "", 200},
		{"GET", "/api/v1/query", q + "&dataset=tumours", "", 200},
		{"GET", "/api/v1/query", "purpose=matching&variant=22%3A50000165_C-T", "", 200},
		{"POST", "/api/v1/query", "", `{"purpose":"research","variants":["` + testnode.Carried + `"]}`, 200},
		{"GET", "/api/v1/region", "purpose=care&region=" + testnode.Region, "", 200},
		{"GET", "/api/v1/region", "purpose=care&limit=2&region=" + testnode.Region, "", 200},
		{"GET", "/api/v1/region", "purpose=matching&region=" + testnode.Region, "", 200},
		{"GET", "/api/v1/stats", "", "", 200}, {"GET", "/api/v1/datasets", "", "", 200}, {"GET", "/healthz", "", "", 200}, {"GET", "/api/v1/openapi.json", "", "", 200},

		{"GET", "/api/v1/query", "", "", 400}, {"GET", "/api/v1/query", "purpose=care", "", 400},
		{"GET", "/api/v1/query", "variant=" + testnode.Carried, "", 400},
		{"GET", "/api/v1/query", q + "&purpose=research", "", 400}, {"GET", "/api/v1/query", q + "&disease=x", "", 400},
		{"GET", "/api/v1/query", "purpose=care&variant=chr22-1", "", 400}, {"GET", "/api/v1/query", "purpose=care&variant=%zz", "", 400},
		{"GET", "/api/v1/query", "purpose=care" + strings.Repeat("&variant="+testnode.Carried, mostInQuery+1), "", 400},
		{"GET", "/api/v1/query", q + "&dataset=west", "", 404},
		{"POST", "/api/v1/query", "", `{"purpose":"care"}`, 400}, {"POST", "/api/v1/query", "", `[`, 400},
		{"POST", "/api/v1/query", "", `{"purpose":"care","variants":[],"country":"NO"}`, 400},
		{"POST", "/api/v1/query", "", `{"purpose":"` + strings.Repeat("x", listBytes) + `"}`, 413},
		{"GET", "/api/v1/region", "purpose=care&region=chr22:9-1", "", 400}, {"GET", "/api/v1/region", "purpose=care&limit=0&region=chr22:1-9", "", 400},
		{"POST", "/api/v1/annotate", "", "", 400}, {"POST", "/api/v1/annotate", "purpose=care", "no VCF", 400},
		{"POST", "/api/v1/annotate", "purpose=care&compress=maybe", "", 400}, {"POST", "/api/v1/annotate", "purpose=care&assembly=elephant", "", 400},
		{"GET", "/api/v1/nothing", "", "", 404}, {"DELETE", "/api/v1/query", "", "", 405}, {"POST", "/api/v1/stats", "", "", 405},
		{"POST", "/api", "", "", 405}, {"GET", "/api/", "", "", 404}, {"OPTIONS", "/api/v1/region", "", "", 405}, {"POST", "/api/v1/openapi.json", "", "", 405},
	} {
		w := do(t, table, c.method, c.path+"?"+c.query, c.body)
		schema, kind := answers[c.method+" "+c.path], "application/json"
		if c.status != 200 {
			schema, kind = known["Problem"].(map[string]any), "application/problem+json"
		}
		name := c.method + " " + c.path + "?" + c.query[:min(len(c.query), 80)]
		var v any
		if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
			t.Errorf("%s: %v in %s", name, err, w.Body)
			continue
		}
		if w.Code != c.status || w.Header().Get("Content-Type") != kind || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %v %s", name, w.Code, w.Header(), w.Body)
		}
		if err := known.check(schema, v, ""); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if said, called := statuses[c.method+" "+c.path]; called && !slices.Contains(said, strconv.Itoa(c.status)) {
			t.Errorf("%s: %d is not described", name, c.status)
		}
		if c.status == 405 && w.Header().Get("Allow") == "" {
			t.Errorf("%s: 405 without what is allowed", name)
		}
	}
	served := map[string]bool{}
	for _, r := range table.Routes() {
		served[r.String()] = true
		if _, ok := answers[r.String()]; !ok && r.Method != "" && (strings.HasPrefix(r.Pattern, "/api/") || r.Pattern == "/healthz" || r.Pattern == "/metrics") {
			t.Errorf("%s is not described", r)
		}
	}
	for name := range answers {
		if !served[name] {
			t.Errorf("%s is described, and isn't served", name)
		}
	}
}

// What openapi.json says is on a page for people, in each language, without a script.
func TestPage(t *testing.T) {
	table := newTable(t, testnode.Full(t).Desk)
	known, answers, statuses := readDescription(t, table)
	for lang, says := range map[string]string{"sv": "Gränssnitt för program", "nb": "Grensesnitt for programmer", "en": "Interface for programs"} {
		w := do(t, table, "GET", "/api?lang="+lang, "")
		page := w.Body.String()
		if w.Code != 200 || !strings.Contains(page, "<h1") || !strings.Contains(page, says) {
			t.Fatalf("%s: %d %s", lang, w.Code, page)
		}
		if left := webtest.Leftovers(webtest.Visible(page)); len(left) > 0 {
			t.Error(lang, left)
		}
		for name := range answers {
			if !strings.Contains(page, "<code>"+name+"</code></h2>") {
				t.Errorf("%s: %s isn't there", lang, name)
			}
			for _, status := range statuses[name] {
				if status != "default" && !strings.Contains(page, ">"+status+"</th>") {
					t.Errorf("%s: %s without %s", lang, name, status)
				}
			}
		}
		for name, s := range known {
			if !strings.Contains(page, `id="form-`+name+`"`) {
				t.Errorf("%s: %s isn't there", lang, name)
			}
			for field := range fieldNames(s) {
				if !strings.Contains(page, "<code>"+field+"</code>") {
					t.Errorf("%s: %s has no %s", lang, name, field)
				}
			}
		}
	}
}

func fieldNames(s any) map[string]any {
	all, _ := s.(map[string]any)["properties"].(map[string]any)
	return all
}

// The numbers are the desk's own.
func TestNumbersAreTheDesks(t *testing.T) {
	n := testnode.Full(t)
	table := newTable(t, n.Desk)
	names := []string{testnode.Carried, testnode.Assumed, testnode.Zero, testnode.Hidden, testnode.Unread}
	for _, purpose := range consent.Purposes() {
		for _, dataset := range []string{"", "north", "south", "panel", "tumours"} {
			var keys []variant.Key
			query := url.Values{"purpose": {string(purpose)}, "variant": names}
			if dataset != "" {
				query.Set("dataset", dataset)
			}
			for _, name := range names {
				k, err := variant.ParseKey(name)
				if err != nil {
					t.Fatal(err)
				}
				keys = append(keys, k)
			}
			want, err := n.Desk.Ask(t.Context(), answer.Question{Ask: policy.Ask{Operator: true, Use: consent.Use{Purpose: purpose}, Dataset: dataset}, Keys: keys})
			if err != nil {
				t.Fatal(err)
			}
			var got struct {
				Answers []struct {
					Variant, Dataset   string
					AC, AN, Het, Hom   *int
					Basis              *string `json:"an_basis"`
					IndividualsCounted int     `json:"individuals_counted"`
					ConsentEpoch       uint64  `json:"consent_epoch"`
					Covered            bool
				}
			}
			if err := json.Unmarshal(do(t, table, "GET", "/api/v1/query?"+query.Encode(), "").Body.Bytes(), &got); err != nil || len(got.Answers) != len(keys) {
				t.Fatal(err)
			}
			for i, a := range got.Answers {
				c := want.Counts[i]
				if a.Variant != names[i] || a.IndividualsCounted != c.Individuals.Low || a.ConsentEpoch != want.Epoch || a.Covered != c.Covered || a.Covered != (a.AC != nil) {
					t.Fatalf("%+v, the desk says %+v", a, c)
				}
				if c.Covered && (*a.AC != c.AC.Low || *a.AN != c.AN.Low || *a.Het != c.Het.Low || *a.Hom != c.Hom.Low || !c.Exact() || (*a.Basis == "assumed") != c.Assumed) {
					t.Errorf("%+v, the desk says %+v", a, c)
				}
			}
		}
	}
}

func TestRegionGoesOnWhereItStopped(t *testing.T) {
	table := newTable(t, testnode.Full(t).Desk)
	type page struct {
		Next    *string
		Answers []struct{ Variant string }
	}
	read := func(region string, limit int) (p page) {
		w := do(t, table, "GET", fmt.Sprintf("/api/v1/region?purpose=care&region=%s&limit=%d", region, limit), "")
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != 200 {
			t.Fatal(w.Code, err)
		}
		return p
	}
	all := read(testnode.Region, mostInRegion)
	if all.Next != nil || len(all.Answers) < 100 {
		t.Fatal("not the whole region:", len(all.Answers))
	}
	var got []struct{ Variant string }
	for next := testnode.Region; next != ""; {
		p := read(next, 7)
		got = append(got, p.Answers...)
		next = ""
		if p.Next != nil {
			next = *p.Next
		}
	}
	if !slices.Equal(got, all.Answers) {
		t.Errorf("in parts %d, whole %d", len(got), len(all.Answers))
	}
}

func TestCut(t *testing.T) {
	at := func(positions ...uint32) (keys []variant.Key) {
		for _, p := range positions {
			keys = append(keys, variant.Key{Pos: p})
		}
		return keys
	}
	for _, c := range []struct {
		keys  []variant.Key
		limit int
		keep  int
		next  uint32
	}{
		{at(), 2, 0, 0}, {at(1, 2), 2, 2, 0}, {at(1, 2, 3), 2, 2, 3}, {at(1, 2, 2), 2, 1, 2}, {at(5, 5, 5), 2, 2, 6},
	} {
		if keep, next := cut(c.keys, c.limit); keep != c.keep || next != c.next {
			t.Errorf("%v: %d, %d", c, keep, next)
		}
	}
}

const small = "##fileformat=VCFv4.3\n##contig=<ID=chr22,length=50818468>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\nchr22\t50000165\t.\tC\tT\t.\tPASS\tDP=31\n"

func TestAnnotate(t *testing.T) {
	server := httptest.NewServer(newTable(t, testnode.Full(t).Desk))
	defer server.Close()
	send := func(body string) (*http.Response, string, error) {
		resp, err := http.Post(server.URL+"/api/v1/annotate?purpose=care", "text/x-vcf", strings.NewReader(body))
		if err != nil {
			return nil, "", err
		}
		defer resp.Body.Close()
		out, err := io.ReadAll(resp.Body)
		return resp, string(out), err
	}
	resp, out, err := send(small)
	if err != nil || resp.StatusCode != 200 || !strings.Contains(out, "DP=31;SAMVERK_AC=") {
		t.Error(resp, out, err)
	}
	if resp, out, err = send(strings.ReplaceAll(small, "length=50818468", "length=51304566")); err != nil || resp.StatusCode != 400 || !strings.Contains(out, "GRCh37") {
		t.Error("a file on GRCh37:", resp, out, err)
	}
	// An error after lines have gone out cuts the answer, whatever its status said.
	lines := strings.Repeat("chr22\t50000165\t.\tC\tT\t.\tPASS\tDP=31\n", 200_000)
	if resp, out, err = send(small + lines + "chr22\tnowhere\n"); err == nil && resp.StatusCode == 200 {
		t.Errorf("half a file was taken for a whole one: %d bytes", len(out))
	}
}

// What was wrong with a line of somebody's file is told to them, and stands in no log.
func TestNoLineOfAFileIsLogged(t *testing.T) {
	var log bytes.Buffer
	table := route.NewTable(route.Options{})
	if err := Register(table, testnode.Full(t).Desk, Options{Log: slog.New(slog.NewTextHandler(&log, nil))}); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(table)
	defer server.Close()
	lines := strings.Repeat("chr22\t50000165\t.\tC\tT\t.\tPASS\tDP=31\n", 200_000)
	resp, err := http.Post(server.URL+"/api/v1/annotate?purpose=care", "text/x-vcf", strings.NewReader(small+lines+"chr22\t50000165\t.\tC\tGATTACA!\t.\t.\t.\n"))
	if err == nil {
		_, err = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
	server.Close()
	if err == nil || !strings.Contains(log.String(), "annotation cut") || strings.Contains(log.String(), "GATTACA") {
		t.Error(err, log.String())
	}
}

func TestHealthAndMetrics(t *testing.T) {
	table := newTable(t, testnode.Full(t).Desk)
	for range 3 {
		do(t, table, "GET", "/api/v1/query?purpose=care&variant="+testnode.Carried+"&variant="+testnode.Zero, "")
	}
	w := do(t, table, "GET", "/metrics", "")
	if w.Code != 200 || w.Header().Get("Content-Type") != "text/plain; version=0.0.4; charset=utf-8" {
		t.Error(w.Code, w.Header())
	}
	for _, want := range []string{
		`samverk_http_requests_total{method="GET",route="/api/v1/query",status="200"} 3`, "samverk_questions_total 6\n", "samverk_up 1\n",
		"samverk_store_datasets 4\n", `samverk_counted_individuals{purpose="care"} 50`, `samverk_counted_individuals{purpose="matching"} 0`, "go_goroutines ",
	} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("no %q in\n%s", want, w.Body)
		}
	}
	for line := range strings.Lines(w.Body.String()) { // the format: a comment, or a name with labels and a number
		fields := strings.Fields(line)
		if line[0] != '#' && len(fields) != 2 {
			t.Errorf("%q", line)
		}
	}
}

func TestStatuses(t *testing.T) {
	a := &api{log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	for kind, want := range map[fault.Kind]int{
		fault.Invalid: 400, fault.NotFound: 404, fault.Denied: 403, fault.Conflict: 409, fault.Unavailable: 503, fault.Internal: 500,
	} {
		w := httptest.NewRecorder()
		a.fail(w, httptest.NewRequest("GET", "/", nil), fault.New(kind, "segment 7").OnLine(3).Where("here").Do("look"))
		if w.Code != want || strings.Contains(w.Body.String(), "segment 7") != (kind != fault.Internal) {
			t.Errorf("%s: %d %s", kind, w.Code, w.Body)
		}
	}
}

func TestAppendText(t *testing.T) {
	for _, s := range []string{"", "plain", `quote " and \`, "line\n", "å", "\x00", "\xff", "<b>"} {
		want, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var a, b string
		if json.Unmarshal(want, &a) != nil || json.Unmarshal(appendText(nil, s), &b) != nil || a != b {
			t.Errorf("%q became %s", s, appendText(nil, s))
		}
	}
}

// FuzzQuery sends any query string: an answer or a problem, never a panic or an error of ours.
func FuzzQuery(f *testing.F) {
	table := newTable(f, testnode.Full(f).Desk)
	f.Add("purpose=care&variant=" + testnode.Carried)
	f.Add("variant=chr1-1-<DEL>-9&&purpose=%63are&dataset=+")
	f.Fuzz(func(t *testing.T, query string) {
		for _, path := range []string{"/api/v1/query", "/api/v1/region"} {
			r := httptest.NewRequest("GET", path, nil)
			r.Host, r.URL.RawQuery = "localhost", query
			w := httptest.NewRecorder()
			table.ServeHTTP(w, r)
			if w.Code >= 500 || !json.Valid(bytes.TrimSpace(w.Body.Bytes())) {
				t.Fatalf("%s?%s: %d %s", path, query, w.Code, w.Body)
			}
		}
	})
}
