package web

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/web/webtest"
)

// TestPagesInABrowser judges the pages with something in them: while one can register, and when it is over.
func TestPagesInABrowser(t *testing.T) {
	b, s := webtest.Open(t), open(t)
	who, nobody := network.Actor{}, network.Actor{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if who.Person != "" {
			r.Header.Set("Test-Person", string(who.Person))
		}
		s.table.ServeHTTP(w, r)
	}))
	defer server.Close()
	judge := func(name string, as network.Actor, path string) {
		t.Helper()
		who = as
		b.Go(t, server.URL+path+map[bool]string{false: "?", true: "&"}[strings.Contains(path, "?")]+"lang=nb")
		b.Judge(t, "learning-"+name)
	}
	const at = "/n/no/learning"
	one := s.post(s.coord, at+"/new", http.StatusSeeOther, append([]string{"where", string(s.root)}, course...)...)
	s.post(s.coord, one+"/do", http.StatusSeeOther, "do", "publish")
	s.registering(one)
	s.arranging(one)
	mine := link.FindString(s.post(nobody, one+"/register", http.StatusOK, "name", "Mia Mail", "mail", "mia@example.org", "lang", "nb"))
	judge("list", s.coord, at)
	judge("activity", s.plain, one)
	judge("register", nobody, one+"/register")
	judge("link", nobody, mine)
	judge("edit", s.coord, one+"/edit")
	judge("arrange", s.coord, one+"/arrange")
	judge("question", s.coord, one+"/arrange/question")
	judge("quiz", s.plain, one+"/quiz")
	s.learning(one)
	judge("over", s.coord, one)
	judge("evaluation", nobody, mine+"/evaluation")
	judge("mine", s.plain, at+"/mine")
	judge("competences", s.coord, at+"/competences")
	judge("certificate", nobody, regexp.MustCompile(`/n/no/certificates/[A-Z0-9]{32}`).FindString(s.page(s.plain, at+"/mine", http.StatusOK)))
	judge("verify", nobody, "/n/no/certificates")
}
