package web

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"html"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
)

var update = flag.Bool("update", false, "write the golden pages anew")

func do(t *testing.T, table *route.Table, method, target, kind string, body []byte) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, target, bytes.NewReader(body))
	r.Host = "localhost:8080"
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	w := httptest.NewRecorder()
	table.ServeHTTP(w, r)
	return w
}

func get(t *testing.T, table *route.Table, path string, query ...string) *httptest.ResponseRecorder {
	t.Helper()
	q := url.Values{}
	for i := 0; i < len(query); i += 2 {
		q.Set(query[i], query[i+1])
	}
	return do(t, table, "GET", path+"?"+q.Encode(), "", nil)
}

// told gives what a page says, without its markup.
func told(page string) string {
	text := regexp.MustCompile(`(?s)<[^>]*>`).ReplaceAllString(page, " ")
	return strings.Join(strings.Fields(html.UnescapeString(text)), " ")
}

// Each state of an answer is said in words, in each language, and is a whole page.
func TestStates(t *testing.T) {
	f := newDesk(t)
	table := newTable(t, f.desk, demoOptions(f))
	for _, c := range []struct {
		name, query, purpose, dataset string
		status                        int
		en, sv, nb                    string
	}{
		{"some", carried, "care", "", 200, "counted for care carr", "som räknas för vård har den", "som telles for helsehjelp, har den"},
		{"zero", zero, "care", "", 200, "Nobody has it in their file", "Ingen har den i sin fil", "Ingen har den i filen sin"},
		{"nobody", carried, "matching", "", 200, "Nobody here is counted for finding similar patients", "Ingen här räknas för att hitta liknande patienter", "Ingen her telles for å finne lignende pasienter"},
		{"uncovered", carried, "care", "panel", 200, "That is no answer, and not a zero", "Det är inget svar, och ingen nolla", "Det er ikke noe svar, og ikke en null"},
		{"unknown", unread, "care", "", 200, "No reading", "Ingen avläsning", "Ingen avlesning"},
		{"assumed", assumed, "research", "", 200, "The number of alleles is assumed", "Antalet alleler är antaget", "Antallet alleler er antatt"},
		{"region", region, "care", "", 200, "carried by somebody counted for care", "finns hos någon som räknas för vård", "finnes hos noen som telles for helsehjelp"},
		{"empty region", "chr22:10000000-10000100", "care", "", 200, "No variant here", "Ingen variant här", "Ingen variant her"},
		{"uncovered region", "chr22:30000000-30000100", "care", "panel", 200, "Nobody looked at either end", "Ingen har tittat på någon ände", "Ingen har sett etter ved noen av endene"},
		{"region, nobody", region, "matching", "", 200, "Nobody here is counted for", "Ingen här räknas för", "Ingen her telles for"},
		{"no variant", "", "care", "", 400, "neither a variant nor a region", "varken en variant, en gen eller ett område", "verken en variant, et gen eller et område"},
		{"rs number", "rs80357906", "care", "", 400, "can’t be looked up here yet", "går inte att slå upp här än", "kan ikke slås opp her ennå"},
		{"HGVS", "NM_007294.4:c.68_69del", "care", "", 400, "can’t be looked up here yet", "går inte att slå upp här än", "kan ikke slås opp her ennå"},
		{"no purpose", carried, "curiosity", "", 400, "Choose what the question is for", "Välj vad frågan är till för", "Velg hva spørsmålet er til"},
		{"no dataset", carried, "care", "<b>west", 400, "no dataset called “<b>west”", "ingen datamängd som heter ”<b>west”", "ikke noe datasett som heter «<b>west»"},
	} {
		for lang, want := range map[string]string{"en": c.en, "sv": c.sv, "nb": c.nb} {
			w := get(t, table, "/ask", "q", c.query, "purpose", c.purpose, "dataset", c.dataset, "lang", lang)
			text := told(w.Body.String())
			if w.Code != c.status || !strings.Contains(text, want) || !strings.HasSuffix(w.Body.String(), "</html>\n\n") {
				t.Errorf("%s, %s: %d, no %q in %s", c.name, lang, w.Code, want, text)
			}
		}
	}
}

// What was typed stays, the field is marked, and the summary leads to it.
func TestMistakesKeepWhatWasTyped(t *testing.T) {
	f := newDesk(t)
	body := get(t, newTable(t, f.desk, demoOptions(f)), "/ask", "q", `rs1"><script>`, "purpose", "research").Body.String()
	for _, want := range []string{
		`value="rs1&#34;&gt;&lt;script&gt;"`, `aria-invalid="true"`, `aria-describedby="q-help q-wrong"`, `<a href="#q">`,
		`tabindex="-1" autofocus`, `<option value="research" selected>`, "<title>Error: ",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s in the page", want)
		}
	}
	if strings.Contains(body, "<script") {
		t.Error("what was typed became markup")
	}
}

// A variant that somebody carries who allows nothing, and one that nobody carries, get the same page.
func TestThePageNeverTellsOfPeopleNotCounted(t *testing.T) {
	f := newDesk(t)
	table := newTable(t, f.desk, demoOptions(f))
	a := get(t, table, "/ask", "q", zero, "purpose", "care", "lang", "en").Body.String()
	b := get(t, table, "/ask", "q", hidden, "purpose", "care", "lang", "en").Body.String()
	a, b = strings.ReplaceAll(a, zero, hidden), strings.ReplaceAll(b, zero, hidden) // the examples name one of them
	entry := regexp.MustCompile(`as entry \d+`)                                     // each question has its own
	a, b = entry.ReplaceAllString(a, ""), entry.ReplaceAllString(b, "")
	if a != b {
		t.Error(cmp.Diff(a, b))
	}
}

func TestExports(t *testing.T) {
	f := newDesk(t)
	table := newTable(t, f.desk, demoOptions(f))
	stats, err := f.desk.Stats(t.Context(), operator)
	if err != nil {
		t.Fatal(err)
	}
	key, err := variant.ParseKey(carried)
	if err != nil {
		t.Fatal(err)
	}
	want := len(purposes) * (1 + len(stats.Datasets))
	w := get(t, table, "/ask", "q", carried, "purpose", "care", "format", "csv")
	rows, err := csv.NewReader(w.Body).ReadAll()
	if err != nil || len(rows) != want+1 || w.Header().Get("Content-Type") != "text/csv; charset=utf-8" {
		t.Fatal(err, len(rows), w.Header())
	}
	w = get(t, table, "/ask", "q", carried, "purpose", "care", "format", "json")
	var list []map[string]any
	d := json.NewDecoder(w.Body)
	d.UseNumber()
	if err := d.Decode(&list); err != nil || len(list) != want {
		t.Fatal(err, len(list))
	}
	for i, row := range list {
		dataset, purpose := row["dataset"].(string), consent.Purpose(row["purpose"].(string))
		if dataset == allGermline {
			dataset = ""
		}
		a, err := f.desk.Ask(t.Context(), answer.Question{Ask: policy.Ask{Operator: true, Use: consent.Use{Purpose: purpose}, Dataset: dataset}, Keys: []variant.Key{key}})
		if err != nil {
			t.Fatal(err)
		}
		said := values(carried, purpose, dataset, a.Counts[0], a.Epoch)
		for j, column := range columns {
			for _, v := range []any{row[column], said[j]} {
				text := fmt.Sprint(v)
				if v == nil {
					text = ""
				}
				if rows[i+1][j] != text {
					t.Errorf("row %d, %s: CSV has %q, JSON or the desk %q", i, column, rows[i+1][j], text)
				}
			}
		}
	}
	w = get(t, table, "/datasets", "format", "csv")
	if rows, err := csv.NewReader(w.Body).ReadAll(); err != nil || len(rows) != len(stats.Datasets)+1 {
		t.Error(err, rows)
	}
	w = get(t, table, "/datasets", "format", "json")
	var sets []map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &sets); err != nil || len(sets) != len(stats.Datasets) {
		t.Error(err, sets)
	}
	for _, path := range []string{"/ask", "/datasets"} {
		if w := get(t, table, path, "q", carried, "format", "xml"); w.Code != 400 {
			t.Errorf("%s as XML: %d", path, w.Code)
		}
	}
	if w := get(t, table, "/ask", "q", "chr22:10000000-10000100", "format", "json"); strings.TrimSpace(w.Body.String()) != "[]" {
		t.Error("an empty region as JSON:", w.Body)
	}
}

// The pages of a region, one after the other, hold what its file holds: nothing twice, nothing lost.
func TestRegionPages(t *testing.T) {
	f := newDesk(t)
	table := newTable(t, f.desk, demoOptions(f))
	w := get(t, table, "/ask", "q", region, "purpose", "care", "format", "csv")
	rows, err := csv.NewReader(w.Body).ReadAll()
	if err != nil || len(rows) < listed {
		t.Fatalf("%d rows, %v: the region is to have more than a page", len(rows), err)
	}
	var seen []string
	more := regexp.MustCompile(`<a class="ds-button" data-variant="secondary" href="(/ask\?[^"]*)"`)
	name := regexp.MustCompile(`<th role="rowheader" scope="row"><span class="smv-mono"><a [^>]*>([^<]*)<`)
	for next := "/ask?" + (url.Values{"q": {region}, "purpose": {"care"}}).Encode(); next != ""; {
		page := do(t, table, "GET", next, "", nil).Body.String()
		for _, m := range name.FindAllStringSubmatch(page, -1) {
			seen = append(seen, html.UnescapeString(m[1]))
		}
		next = ""
		if m := more.FindStringSubmatch(page); m != nil {
			next = html.UnescapeString(m[1])
		}
	}
	var want []string
	for _, r := range rows[1:] {
		want = append(want, r[0])
	}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Error(diff)
	}
}

func TestNoDemoWithoutADemo(t *testing.T) {
	f := newDesk(t)
	table := newTable(t, f.desk, Options{})
	if page := get(t, table, "/ask").Body.String(); strings.Contains(page, "/walk") || strings.Contains(page, "smv-demo") {
		t.Error("a node that is no demonstration says it is one")
	}
}

// upload makes a form with a file.
func uploadForm(t *testing.T, fields map[string]string, file []byte) (kind string, body []byte) {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for k, v := range fields {
		if err := m.WriteField(k, v); err != nil {
			t.Fatal(err)
		}
	}
	part, err := m.CreateFormFile("file", "x.vcf")
	if err == nil {
		_, err = part.Write(file)
	}
	if err == nil {
		err = m.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return m.FormDataContentType(), b.Bytes()
}

// visitor is a browser that keeps its cookies, perhaps of somebody who is signed in.
type visitor struct {
	t       *testing.T
	table   *route.Table
	person  string
	cookies []*http.Cookie
}

func (v *visitor) do(method, target, kind string, body []byte) *httptest.ResponseRecorder {
	v.t.Helper()
	r := httptest.NewRequest(method, target, bytes.NewReader(body))
	r.Host = "localhost:8080"
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("X-Person", v.person)
	r.Header.Set("Accept-Language", "en")
	for _, c := range v.cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	v.table.ServeHTTP(w, r)
	v.cookies = append(v.cookies, w.Result().Cookies()...)
	return w
}

// annotate drops a file and waits until there is something to see.
func (v *visitor) annotate(fields map[string]string, file []byte) (page string, w *httptest.ResponseRecorder) {
	v.t.Helper()
	kind, body := uploadForm(v.t, fields, file)
	if w = v.do("POST", "/annotate", kind, body); w.Code != http.StatusSeeOther {
		return "", w
	}
	page = w.Header().Get("Location")
	return page, v.done(page)
}

func (v *visitor) done(page string) (w *httptest.ResponseRecorder) {
	v.t.Helper()
	for w = v.do("GET", page, "", nil); strings.Contains(w.Body.String(), "hx-get"); w = v.do("GET", page, "", nil) {
		if v.t.Context().Err() != nil {
			v.t.Fatal("it is never done")
		}
		runtime.Gosched()
	}
	return w
}

func TestAnnotate(t *testing.T) {
	f := newDesk(t)
	v := &visitor{t: t, table: newTable(t, f.desk, demoOptions(f))}
	page, w := v.annotate(map[string]string{"purpose": "care"}, []byte(pasted))
	if text := told(w.Body.String()); w.Code != 200 || !strings.Contains(text, "2 variant lines, annotated") || !strings.Contains(text, "downloaded once") {
		t.Fatal(w.Code, text)
	}
	w = v.do("POST", page+"/file", "", nil)
	if w.Code != 200 || w.Header().Get("Content-Disposition") != `attachment; filename="annotated.vcf"` || strings.Count(w.Body.String(), "SAMVERK_AC=") != 2 {
		t.Error(w.Code, w.Header(), w.Body)
	}
	for _, again := range []*httptest.ResponseRecorder{v.do("POST", page+"/file", "", nil), v.do("GET", page, "", nil)} {
		if again.Code != 404 {
			t.Error("a result is there after it was downloaded:", again.Code)
		}
	}
	page, w = v.annotate(map[string]string{"purpose": "care", "text": strings.ReplaceAll(pasted, "\t", "  ")}, nil)
	if text := told(w.Body.String()); w.Code != 200 || !strings.Contains(text, "2 variant lines, annotated") {
		t.Error("pasted from a screen, with blanks for tabs:", w.Code, text)
	}
	if w = v.do("POST", page+"/cancel", "", nil); w.Code != 303 {
		t.Error("thrown away:", w.Code)
	}
	if w = v.do("GET", page, "", nil); w.Code != 404 || !strings.Contains(w.Body.String(), `href="/annotate">To a new file`) {
		t.Error("a page that was left open leads nowhere:", w.Code, told(w.Body.String()))
	}
	if _, w = v.annotate(map[string]string{"purpose": "care"}, []byte("no VCF")); w.Code != 400 || strings.Contains(told(w.Body.String()), "Your files") {
		t.Error("a file that can't be read stays among one's own:", w.Code, told(w.Body.String()))
	}
	if _, w = v.annotate(map[string]string{"purpose": "care"}, nil); w.Code != 400 || !strings.Contains(w.Body.String(), `<a href="#file">`) {
		t.Error("nothing to annotate:", w.Code)
	}
	if _, w = v.annotate(map[string]string{"purpose": "care"}, make([]byte, uploadLimit+4<<20)); w.Code != 413 || !strings.Contains(told(w.Body.String()), "larger than 100 MB") {
		t.Error("a file too large:", w.Code, told(w.Body.String()))
	}
	wrong := strings.ReplaceAll(pasted, "50000301", "nowhere")
	if _, w = v.annotate(map[string]string{"purpose": "care", "text": wrong}, nil); w.Code != 400 || !strings.Contains(w.Body.String(), `<span class="smv-mono" lang="en">line 5`) || !strings.Contains(w.Body.String(), "nowhere\t.\tG") {
		t.Error("pasted lines with a mistake:", w.Code, told(w.Body.String()))
	}
	if w = v.do("POST", "/annotate", "multipart/form-data; boundary=x", []byte("nonsense")); w.Code != 400 {
		t.Error("a form that is none:", w.Code)
	}
}

// An error of the desk becomes the page of its kind; errors of ours are not shown.
func TestErrorsOfTheDesk(t *testing.T) {
	site, err := web.New(web.Options{})
	if err != nil {
		t.Fatal(err)
	}
	pages, err := site.Room(files, policy.Messages)
	if err != nil {
		t.Fatal(err)
	}
	p := &Room{site: site, pages: pages}
	for kind, want := range map[fault.Kind]int{
		fault.Invalid: 400, fault.NotFound: 404, fault.Denied: 403, fault.Conflict: 409, fault.Unavailable: 503, fault.Internal: 500,
	} {
		w := httptest.NewRecorder()
		got := p.fail(w, httptest.NewRequest("GET", "/", nil), fault.New(kind, "segment 7 on /disk").Do("look"))
		if got != want || w.Code != want || strings.Contains(w.Body.String(), "segment 7") {
			t.Errorf("%s: %d %s", kind, got, told(w.Body.String()))
		}
	}
	if got := p.fail(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil), errors.New("plain")); got != 500 {
		t.Error(got)
	}
}

func TestCancelledQuestion(t *testing.T) {
	f := newDesk(t)
	table := newTable(t, f.desk, demoOptions(f))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := httptest.NewRequestWithContext(ctx, "GET", "/ask?q="+carried, nil)
	r.Host = "localhost"
	w := httptest.NewRecorder()
	table.ServeHTTP(w, r) // must not hang or panic; what it answers nobody reads
	if w.Body.Len() == 0 {
		t.Error("no page at all")
	}
}

func TestRoutes(t *testing.T) {
	f := newDesk(t)
	table := newTable(t, f.desk, demoOptions(f))
	for _, r := range table.Routes() {
		if r.Who != route.LocalOperator && r.Who != route.Anyone && r.Who != route.Asker || r.Does == "" {
			t.Errorf("%s: who may call it, and what for?", r)
		}
		if r.Method == "GET" && !strings.Contains(r.Pattern, "{job}") {
			if w := get(t, table, strings.TrimSuffix(r.Pattern, "{$}")); w.Code != 200 && r.Pattern != "/" {
				t.Errorf("%s: %d", r, w.Code)
			}
		}
	}
}

// Keys of messages that code names exist; those in templates are checked when the room is read.
func TestKeysInCode(t *testing.T) {
	site, err := web.New(web.Options{})
	if err != nil {
		t.Fatal(err)
	}
	pages, err := site.Room(files, policy.Messages)
	if err != nil {
		t.Fatal(err)
	}
	words := pages.Words(httptest.NewRequest("GET", "/", nil))
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, source := range sources {
		text, err := os.ReadFile(source) //nolint:gosec // a file of this package
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`Must\("([a-z0-9.]+[a-z0-9])"`).FindAllStringSubmatch(string(text), -1) {
			if _, err := words.T(m[1]); err != nil {
				t.Errorf("%s: %v", source, err)
			}
		}
	}
}

// A page and its style sheet are to stay under 100 kB on the wire.
func TestFirstPageIsLight(t *testing.T) {
	f := newDesk(t)
	table := newTable(t, f.desk, demoOptions(f))
	total := 0
	for _, path := range append([]string{"/ask"}, regexp.MustCompile(`/static/[^"]+`).FindAllString(get(t, table, "/ask").Body.String(), -1)...) {
		r := httptest.NewRequest("GET", path, nil)
		r.Host = "localhost"
		r.Header.Set("Accept-Encoding", "gzip")
		w := httptest.NewRecorder()
		table.ServeHTTP(w, r)
		if w.Code != 200 {
			t.Errorf("%s: %d", path, w.Code)
		}
		total += w.Body.Len()
	}
	if total > 100<<10 {
		t.Errorf("%d bytes", total)
	}
	t.Log(strconv.Itoa(total) + " bytes on the wire")
}

func TestGolden(t *testing.T) {
	f := newDesk(t)
	table := newTable(t, f.desk, demoOptions(f))
	main := regexp.MustCompile(`(?s)<main .*</main>`)                                                // around it is the frame's matter
	disk := regexp.MustCompile(`(<dt>(?:On disk|På disk|Segments|Segment|Segmenter)</dt><dd>)[^<]*`) // the store's own matter
	entry := regexp.MustCompile(`(log as entry|loggen på linje|loggen på rad) \d+`)                  // each question has its own
	for name, query := range map[string][]string{
		"first-sv": {"lang", "sv"}, "some-nb": {"q", carried, "purpose", "care", "lang", "nb"},
		"nobody-en": {"q", carried, "purpose", "matching", "lang", "en"}, "wrong-en": {"q", "rs1", "lang", "en"},
	} {
		got := disk.ReplaceAll(main.Find(get(t, table, "/ask", query...).Body.Bytes()), []byte("${1}?"))
		got = entry.ReplaceAll(got, []byte("$1 ?"))
		file := filepath.Join("testdata", name+".html")
		if *update {
			if err := os.MkdirAll("testdata", 0o750); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, got, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file) //nolint:gosec // a file of this test
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s (go test -update writes it anew):\n%s", name, diff)
		}
	}
}

// BenchmarkPage is the first page with an answer: six questions, three tables, one language.
func BenchmarkPage(b *testing.B) {
	f := newDesk(b)
	table := newTable(b, f.desk, demoOptions(f))
	r := httptest.NewRequest("GET", "/ask?purpose=care&lang=sv&q="+carried, nil)
	r.Host = "localhost"
	r.Header.Set("Accept-Encoding", "gzip")
	b.ReportAllocs()
	for b.Loop() {
		table.ServeHTTP(httptest.NewRecorder(), r)
	}
}
