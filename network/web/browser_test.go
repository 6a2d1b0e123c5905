package web_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/web/webtest"
)

// server is the house as one person sees it.
func (h *house) server(as string) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("X-As", as)
		h.table.ServeHTTP(w, r)
	}))
	h.t.Cleanup(s.Close)
	return s.URL
}

// Every page, judged in a real browser: the public's and the coordinator's. SAMVERK_LONG=1 does so in all languages, else in Swedish.
func TestPagesInABrowser(t *testing.T) {
	browser := webtest.Open(t)
	h := newHouse(t, testkit.SQLite(t))
	langs := []string{"sv"}
	if os.Getenv("SAMVERK_LONG") == "1" {
		langs = []string{"sv", "nb", "en"}
	}
	public, coordinator, seated := h.server(""), h.server("coordinator"), h.server("seated")
	judge := func(name, url string, press ...string) {
		for _, lang := range langs {
			t.Run(name+"-"+lang, func(t *testing.T) {
				browser.Go(t, url+"lang="+lang)
				for _, p := range press {
					browser.Press(t, p)
				}
				browser.Judge(t, "network-"+name+"-"+lang)
			})
		}
	}
	judge("public-body", public+"/n/se/bodies/"+string(h.body)+"?")
	judge("public-vacancy", public+"/n/se/vacancies/"+h.ids["vacancies"]+"?")
	judge("public-people", public+"/n/se/people?")
	judge("public-vacancy-wrong", public+"/n/se/vacancies/"+h.ids["vacancies"]+"?", "main form.smv-form button[type=submit]")
	judge("me", seated+"/me?")
	judge("me-profile-wrong", seated+"/me/interests?", "main form[action='/me/interests'] button[type=submit]")
	for _, r := range h.mine() {
		if r.Method == "GET" && r.Pattern != "/me" && !strings.HasSuffix(r.Pattern, "/export") {
			name := strings.Trim(strings.NewReplacer("/n/{network}", "", "/", "-", "{", "", "}", "").Replace(r.Pattern), "-")
			judge(name, coordinator+h.path(r.Pattern)+"?q=ni&template=se&")
		}
	}
}
