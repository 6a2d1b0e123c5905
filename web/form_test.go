package web

import (
	"bytes"
	"errors"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/lang"
)

func post(t *testing.T, kind, body string) *Form {
	t.Helper()
	f, err := readPost(kind, body)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func readPost(kind, body string) (*Form, error) {
	r := httptest.NewRequest("POST", "/?a=address", strings.NewReader(body))
	r.Header.Set("Content-Type", kind)
	return ReadForm(httptest.NewRecorder(), r)
}

const encoded = "application/x-www-form-urlencoded"

func TestReadForm(t *testing.T) {
	f := post(t, encoded, url.Values{
		"a": {" x "}, "text": {"one\r\ntwo\rthree\x00"}, "decomposed": {"A\u030angstro\u0308m"}, "broken": {"a\xffb"}, "many": {"1", " ", "2"},
		"n": {"1 204"}, "no": {"7x"}, "day": {"2026-12-02"}, "clock": {"9.30"}, "wrongday": {"2026-02-30"},
	}.Encode())
	if got := []string{f.Get("a"), f.Raw("a"), f.Get("text"), f.Get("decomposed"), f.Get("broken"), f.Get("absent")}; !cmp.Equal(got, []string{"x", " x ", "one\ntwo\nthree", "Ångström", "a\ufffdb", ""}) {
		t.Errorf("%q", got)
	}
	if got := f.All("many"); !cmp.Equal(got, []string{"1", "2"}) || !f.Has("many", "2") || f.Has("many", "3") {
		t.Error(got)
	}
	if n, ok := f.Int("n"); n != 1204 || !ok {
		t.Error(n, ok)
	}
	if _, ok := f.Int("no"); ok {
		t.Error("7x is a number")
	}
	zone, err := time.LoadLocation("Europe/Stockholm")
	if err != nil {
		t.Fatal(err)
	}
	if d, ok := f.Day("day", zone); !ok || !d.Equal(time.Date(2026, 12, 1, 23, 0, 0, 0, time.UTC)) {
		t.Error(d, ok)
	}
	if m, ok := f.Moment("day", "clock", zone); !ok || DateValue(m)+" "+ClockValue(m) != "2026-12-02 09:30" {
		t.Error(m, ok)
	}
	if _, ok := f.Day("wrongday", zone); ok {
		t.Error("30 February")
	}
	if DateValue(time.Time{})+ClockValue(time.Time{}) != "" {
		t.Error("no time has a date")
	}
}

func TestFormsAreBounded(t *testing.T) {
	for name, c := range map[string]struct{ kind, body, code string }{
		"large":       {encoded, "a=" + strings.Repeat("x", FieldsLimit), "web.large"},
		"no encoding": {encoded, "a=%zz", "web.form"},
		"multipart":   {"multipart/form-data; boundary=x", "nonsense", "web.form"},
		"no boundary": {"multipart/form-data", "nonsense", "web.form"},
	} {
		_, err := readPost(c.kind, c.body)
		var e *fault.Error
		if !errors.As(err, &e) || e.Kind != fault.Invalid || e.Code != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFiles(t *testing.T) {
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for name, content := range map[string]string{"paper": "content", "empty": ""} {
		w, err := m.CreateFormFile(name, `C:\x\rapport "1".pdf`)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(m.WriteField("a", "x"), m.Close()); err != nil {
		t.Fatal(err)
	}
	f := post(t, m.FormDataContentType(), b.String())
	if h := f.File("paper"); h == nil || h.Size != 7 || f.Get("a") != "x" || f.File("empty") != nil || f.File("absent") != nil {
		t.Error(f)
	}
}

func formWords(t *testing.T) map[string]*Words {
	t.Helper()
	m := fstest.MapFS{}
	for _, c := range lang.Codes {
		m["messages/"+c+".txt"] = &fstest.MapFile{Data: []byte("fault.body.full = Only %d seats\nfault.body.full.do = End one first.")}
	}
	words, err := lang.Read(frame, m)
	if err != nil {
		t.Fatal(err)
	}
	return words
}

func TestFaultsBecomeProblems(t *testing.T) {
	l := formWords(t)["en"]
	full := fault.New(fault.Invalid, "secret").Where("seats").Say("body.full", 3)
	for name, c := range map[string]struct {
		err    error
		want   []Problem
		status int
	}{
		"a sentence at its field":   {full, []Problem{{"seats", "Only 3 seats. End one first."}}, 400},
		"wrapped":                   {fault.Wrap(fault.Invalid, full, "outer").Where("name"), []Problem{{"name", "What you sent could not be used"}}, 400},
		"of the whole form":         {fault.New(fault.Conflict, "secret").Say("body.full", 1), []Problem{{"", "Only 1 seats. End one first."}}, 409},
		"at a place of the room's":  {fault.New(fault.Invalid, "x").Where("table seat").Say("body.full", 1), []Problem{{"table seat", "Only 1 seats. End one first."}}, 400},
		"a code without a sentence": {fault.New(fault.Invalid, "secret").Say("no.such"), []Problem{{"", "What you sent could not be used"}}, 400},
		"several":                   {errors.Join(full, fault.New(fault.Conflict, "x").Where("name")), []Problem{{"seats", "Only 3 seats. End one first."}, {"name", "It could not be done as things stand"}}, 409},
		"not the form's":            {fault.New(fault.NotFound, "x"), nil, 200},
		"one of several is not":     {errors.Join(full, errors.New("disk")), nil, 200},
		"nothing":                   {nil, nil, 200},
	} {
		f := NewForm("seats", "4", "name", "N")
		took := f.Fault(l, c.err)
		if diff := cmp.Diff(c.want, f.Problems); diff != "" || took != (c.want != nil) || f.Status() != c.status || f.OK() != (c.want == nil) {
			t.Errorf("%s: %v %d %s", name, took, f.Status(), diff)
		}
	}
}

const parts = `{{define "main"}}{{$f := .Form}}
{{template "text" (field $f "name" "Name" "As in the passport." "type" "email" "autocomplete" "email" "lang" "sv" "required" true)}}
{{template "textarea" (field $f "text" "Text" "" "rows" 9 "optional" true)}}
{{template "select" (field $f "sector" "Sector" "" "options" .Data)}}
{{template "radios" (field $f "vote" "Your vote" "One." "options" .Data)}}
{{template "checkboxes" (field $f "langs" "Languages" "" "options" .Data)}}
{{template "checkbox" (field $f "agree" "I agree" "")}}
{{template "date" (field $f "from" "From" "")}}{{template "time" (field $f "at" "At" "")}}{{template "number" (field $f "count" "Count" "")}}
{{template "password" (field $f "secret" "Password" "" "autocomplete" "current-password")}}
{{template "file" (field $f "paper" "Paper" "" "accept" ".pdf" "multiple" true)}}
{{template "hidden" (field $f "version" "" "" "value" "7")}}{{template "hidden" (field $f "id" "" "")}}{{end}}`

func renderForm(t *testing.T, page string, f *Form) string {
	t.Helper()
	site, _ := newSite(t)
	pages, err := site.Room(room("x.y = z", "", page))
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	status := pages.Render(w, httptest.NewRequest(http.MethodGet, "/?lang=en", nil), Page{
		Name: "p", Title: "Form", Form: f, Data: []Option{{Value: "", Text: "Choose"}, {Value: "a", Text: "<A>", Help: "First"}, {Value: "b", Text: "B", Disabled: true}},
	})
	if status != f.Status() || w.Code != status {
		t.Error(status, w.Code)
	}
	return w.Body.String()
}

func TestPartsOfForms(t *testing.T) {
	f := NewForm("name", `"><script>alert(1)</script>`, "text", "\n</textarea><b>", "sector", "a", "vote", "b", "langs", "a", "langs", "b", "agree", "yes",
		"from", "2026-12-02", "at", "09:30", "count", "12x", "secret", "hunter2", "id", "i<d", "version", "6")
	f.Wrong("name", "Write an address <with> @.")
	f.Wrong("vote", "Choose one.")
	f.Wrong("", "Somebody else was first.")
	f.Wrong("table seat", "Not a field.")
	body := renderForm(t, parts, f)
	for _, want := range []string{
		`<title>Error: Form – Samverk, North</title>`,
		`<div class="ds-error-summary" data-color="danger" role="group" tabindex="-1" autofocus aria-labelledby="problems">`,
		`<li><a href="#name">Write an address &lt;with&gt; @.</a></li><li><a href="#vote">Choose one.</a></li><li>Somebody else was first.</li><li>Not a field.</li>`,
		`<label for="name">Name</label><p data-field="description" id="name-help">As in the passport.</p><input class="ds-input" id="name" name="name" type="email" value="&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;" autocomplete="email" lang="sv" aria-describedby="name-help name-wrong" aria-invalid="true" aria-required="true">`,
		`<p class="ds-validation-message" data-field="validation" id="name-wrong">Write an address &lt;with&gt; @.</p>`,
		`<label for="text">Text <span class="smv-optional">(optional)</span></label><textarea class="ds-input" id="text" name="text" rows="9">` + "\n\n" + `&lt;/textarea&gt;&lt;b&gt;</textarea>`,
		`<option value="">Choose</option><option value="a" selected>&lt;A&gt;</option><option value="b" disabled>B</option>`,
		`<fieldset class="ds-fieldset" aria-describedby="vote-help vote-wrong"><legend class="ds-label">Your vote</legend>`,
		`<input class="ds-input" type="radio" id="vote" name="vote" value="" aria-invalid="true">`,
		`<input class="ds-input" type="radio" id="vote-2" name="vote" value="a" aria-describedby="vote-2-about" aria-invalid="true"><label for="vote-2">&lt;A&gt;</label><p data-field="description" id="vote-2-about">First</p>`,
		`<input class="ds-input" type="radio" id="vote-3" name="vote" value="b" checked disabled aria-invalid="true">`,
		`type="checkbox" id="langs-2" name="langs" value="a" checked`, `type="checkbox" id="langs-3" name="langs" value="b" checked`,
		`<input class="ds-input" type="checkbox" id="agree" name="agree" value="yes" checked><label for="agree">I agree</label>`,
		`type="date" value="2026-12-02"`, `type="time" value="09:30"`, `inputmode="numeric" autocomplete="off" value="12x"`,
		`type="password" autocomplete="current-password">`, `type="file" accept=".pdf" multiple>`,
		`<input type="hidden" name="version" value="7">`, `<input type="hidden" name="id" value="i&lt;d">`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s", want)
		}
	}
	for _, banned := range []string{"hunter2", "<script", "<b>", " style="} {
		if strings.Contains(body, banned) {
			t.Errorf("%s is in the page", banned)
		}
	}
	if _, main, ok := strings.Cut(body, `<main id="main"`); !ok || strings.Index(main, "ds-error-summary") > strings.Index(main, "ds-field") {
		t.Error("the problems don't stand first")
	}
	if t.Failed() {
		t.Log(body)
	}
}

func TestAFormWithoutProblems(t *testing.T) {
	f := NewForm()
	f.ID = "second-"
	body := renderForm(t, `{{define "main"}}{{template "text" (field .Form "a" "A" "help")}}{{template "select" (field .Form "s" "S" "" "options" .Data)}}{{end}}`, f)
	for _, want := range []string{`<title>Form – Samverk`, `<label for="second-a">A</label>`, `id="second-a" name="a" type="text" value="" aria-describedby="second-a-help">`, `<option value="" selected>`} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s in %s", want, body)
		}
	}
	if strings.Contains(body, "aria-invalid") || strings.Contains(body, "ds-error-summary") {
		t.Error("a problem where there is none")
	}
}

func TestMistakesInFieldsAreFound(t *testing.T) {
	for _, pairs := range [][]any{{"rows"}, {"rows", "8"}, {"colour", "red"}, {"options", []string{"a"}}} {
		if _, err := field(nil, "a", "A", "", pairs...); err == nil {
			t.Errorf("%v was let through", pairs)
		}
	}
}

// Whatever is sent as a form, what comes out can be stored and compared: valid, composed, without NUL and carriage returns.
func FuzzReadForm(f *testing.F) {
	for _, seed := range []string{"a=b", "a=%0D%0A%00%ff", "a=A%CC%8A&a=2", "=%zz", "a;b=c", strings.Repeat("a=1&", 3000)} {
		f.Add(encoded, seed)
	}
	f.Add("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"../x\"\r\n\r\nc\r\n--x--\r\n")
	f.Fuzz(func(t *testing.T, kind, body string) {
		form, err := readPost(kind, body)
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Fatal(err)
			}
			return
		}
		for name, values := range form.Values {
			for _, v := range append(values, form.Get(name)) {
				if !utf8.ValidString(v) || strings.ContainsAny(v, "\x00\r") || !norm.NFC.IsNormalString(v) {
					t.Fatalf("%q", v)
				}
			}
			form.Int(name)
			form.Day(name, time.UTC)
			form.Moment(name, name, time.UTC)
		}
	})
}
