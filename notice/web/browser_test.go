package web_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/lang"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/web/webtest"
)

func TestPagesInABrowser(t *testing.T) {
	browser := webtest.Open(t)
	h := newHouse(t, testkit.SQLite(t), "")
	h.bounce(h.mail("member", "nils@example.org", notice.Notice{}), "550 5.1.1 nobody of that name")
	h.mail("member", "nils@example.org", notice.Notice{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("X-As", "coordinator")
		h.table.ServeHTTP(w, r)
	}))
	defer s.Close()
	for _, code := range lang.Codes {
		for _, state := range []string{"bounced", "waiting", "sent"} {
			t.Run(state+"-"+code, func(t *testing.T) {
				browser.Go(t, s.URL+"/n/se/mail?state="+state+"&lang="+code)
				browser.Judge(t, "mail-"+state+"-"+code)
			})
		}
	}
}
