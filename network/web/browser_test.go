package web_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/lang"
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

// Pages judged in a real browser, as the public, a member and a coordinator see them. SAMVERK_LONG=1 judges every page in every language.
func TestPagesInABrowser(t *testing.T) {
	browser := webtest.Open(t)
	h := newHouse(t, testkit.SQLite(t))
	long := os.Getenv("SAMVERK_LONG") == "1"
	langs := []string{"sv"}
	if long {
		langs = lang.Codes
	}
	public, coordinator, seated := h.server(""), h.server("coordinator"), h.server("seated")
	judge := func(name, url string, press ...string) {
		for _, code := range langs {
			t.Run(name+"-"+code, func(t *testing.T) {
				browser.Go(t, url+"lang="+code)
				for _, p := range press {
					browser.Press(t, p)
				}
				browser.Judge(t, "network-"+name+"-"+code)
			})
		}
	}
	judge("public-body", public+"/n/se/bodies/"+string(h.body)+"?")
	judge("public-vacancy", public+"/n/se/vacancies/"+h.ids["vacancies"]+"?")
	judge("public-people", public+"/n/se/people?")
	judge("public-vacancy-wrong", public+"/n/se/vacancies/"+h.ids["vacancies"]+"?", "main form.smv-form button[type=submit]")
	judge("me", seated+"/me?")
	judge("me-profile-wrong", seated+"/me/interests?", "main form[action='/me/interests'] button[type=submit]")
	judge("body", coordinator+"/n/se/bodies/"+string(h.body)+"?")
	judge("seat", coordinator+"/n/se/seats/"+h.ids["seats"]+"?q=ni&")
	for _, r := range h.mine() {
		if !long {
			break
		}
		if r.Method == "GET" && r.Pattern != "/me" && !strings.HasSuffix(r.Pattern, "/export") {
			name := strings.Trim(strings.NewReplacer("/n/{network}", "", "/", "-", "{", "", "}", "").Replace(r.Pattern), "-")
			judge(name, coordinator+h.path(r.Pattern)+"?q=ni&template=se&")
		}
	}
}
