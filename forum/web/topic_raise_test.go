package web

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/web/webtest"
)

var (
	hiddenInput = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`)
	drawnFields = regexp.MustCompile(`<(?:input|textarea|select)[^>]* name="([^"]+)"`)
)

// wizard walks the form that raises a topic as a browser without script does: it sends what the page it is on has, and what is typed.
type wizard struct {
	*site
	who  network.Actor
	page string
	to   string // where the topic is, once it is raised
}

func (w *wizard) press(status int, button string, typed ...string) {
	w.t.Helper()
	form := url.Values{"go": {button}}
	_, main, _ := strings.Cut(w.page, "<main")
	main, _, _ = strings.Cut(main, "</main>")
	for _, m := range hiddenInput.FindAllStringSubmatch(main, -1) {
		form.Add(m[1], html.UnescapeString(m[2]))
	}
	for i := 0; i+1 < len(typed); i += 2 {
		if !strings.Contains(main, `name="`+typed[i]+`"`) {
			w.t.Fatalf("the page doesn't ask for %q:\n%s", typed[i], webtest.Visible(main))
		}
		form.Set(typed[i], typed[i+1])
	}
	got := w.ask(w.who, "nb", "/n/no/topics/new", form)
	if got.Code != status {
		w.t.Fatalf("%q answers %d: %s", button, got.Code, webtest.Visible(got.Body.String()))
	}
	w.page, w.to = got.Body.String(), got.Header().Get("Location")
	if found := webtest.Leftovers(webtest.Visible(w.page)); status != http.StatusSeeOther && len(found) > 0 {
		w.t.Errorf("after %q the page has %q", button, found)
	}
}

func (w *wizard) says(texts ...string) { w.t.Helper(); w.contains(w.page, texts...) }

// TestRaisingAQuestionAtATime answers every question, goes back, changes an answer, and loses nothing.
func TestRaisingAQuestionAtATime(t *testing.T) {
	s := open(t)
	got(s.Raise(s.ctx, s.west.member, forum.Raising{Body: s.west.id, Title: "Test av DPYD før behandling", Text: "Ulikt.", Visibility: network.Public}))(t)
	w := &wizard{site: s, who: s.plain, page: s.page(s.plain, "/n/no/topics/new", 200)}
	w.says("Spørsmål 1 av 6", "Hva gjelder det?", "hx-get", "?all=1")
	w.press(400, "next", "title", "")
	w.says("ds-error-summary", `href="#title"`, "Fyll ut dette")
	w.press(200, "next", "title", "DPYD før “behandling”")
	w.says("Er din en av disse?", "Test av DPYD før behandling", `target="_blank"`)
	w.press(200, "back")
	w.says("Spørsmål 1 av 6", "DPYD før “behandling”")
	w.press(200, "next", "title", "DPYD før “behandling”")
	w.says("Spørsmål 2 av 6", "Hvorfor er det viktig?") // those that are like it were shown already
	w.press(400, "next", "text", "")
	w.press(200, "next", "text", "Tre regioner\ngjør **ulikt**.", "lang", "nb")
	w.says("Spørsmål 3 av 6")
	w.press(200, "next", "body", string(s.west.id))
	w.says("Spørsmål 4 av 6", "Hvem reiser den?")
	w.press(200, "back", "aspatient", "yes")
	w.says(`value="` + string(s.west.id) + `" selected`)
	w.press(200, "next", "body", string(s.west.id))
	w.says(`value="yes" checked`)
	w.press(200, "next", "aspatient", "yes")
	w.press(200, "next", "field", "cancer", "level", "", "kind", "need")
	w.says("Spørsmål 6 av 6")
	w.press(200, "next", "visibility", "public")
	w.says("Les gjennom svarene dine", "DPYD før “behandling”", "<strong>ulikt</strong>", "Fagnettverk kreft", "Kreft", "Behov", "Alle", "Ja", "Norsk")
	w.press(200, "to-body")
	w.says("Spørsmål 3 av 6", "Til svarene dine")
	w.press(200, "next", "body", string(s.top.id))
	w.says("Les gjennom svarene dine", "Koordineringsgruppen", "<strong>ulikt</strong>")
	w.press(303, "raise")
	topic := strings.TrimPrefix(strings.SplitN(w.to, "?", 2)[0], "/n/no/topics/")
	v := got(s.View(s.ctx, s.plain, s.root, forum.TopicID(topic)))(t)
	if v.Title != "DPYD før “behandling”" || v.Text != "Tre regioner\ngjør **ulikt**." || v.Body != s.top.id || v.Sector != network.Patient || v.Visibility != network.Public || v.Facets != (forum.Facets{Field: "cancer", Kind: "need"}) {
		t.Errorf("raised %+v", v.Topic)
	}
}

// TestRaisingLeadsBackToAWrongAnswer holds that what the room finds wrong is shown at its own question.
func TestRaisingLeadsBackToAWrongAnswer(t *testing.T) {
	s := open(t)
	long := strings.Repeat("å", 300)
	w := &wizard{site: s, who: s.plain, page: s.page(s.plain, "/n/no/topics/new?text=Derfor", 200)}
	w.press(200, "next", "title", long)
	w.says("Derfor</textarea>")
	w.press(200, "to-check", "text", "Derfor")
	w.press(400, "raise")
	w.says("Spørsmål 1 av 6", "ds-error-summary", `href="#title"`, long)
	w.press(200, "next", "title", "Kort")
	w.says("Les gjennom svarene dine", "Derfor")
	w.press(303, "raise")
}

// TestRaisingOnOnePage holds that everything can be asked at once, and be filled in by an address.
func TestRaisingOnOnePage(t *testing.T) {
	s := open(t)
	page := s.page(s.plain, "/n/no/topics/new?all=1&title=Ventetid&text=Lang&field=rare&visibility=public&aspatient=yes&lang=nb&step=check", 200)
	s.contains(page, `value="Ventetid"`, "Lang</textarea>", `value="rare" selected`, `value="public" checked`, `value="yes" checked`)
	asked := map[string]bool{}
	for _, m := range drawnFields.FindAllStringSubmatch(page, -1) {
		asked[m[1]] = true
	}
	for _, step := range raiseSteps {
		for _, name := range step.fields {
			if !asked[name] && name != "for" {
				t.Errorf("it doesn't ask for %q", name)
			}
		}
	}
	if asked["step"] {
		t.Error("it is a question at a time")
	}
}
