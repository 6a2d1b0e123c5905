package web

import (
	"errors"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/samverk/samverk/fault"
)

// kinds maps what can go wrong to a status and a sentence, once.
var kinds = map[fault.Kind]struct {
	status int
	key    string
}{
	fault.Internal:    {http.StatusInternalServerError, "error.internal"},
	fault.Invalid:     {http.StatusBadRequest, "error.invalid"},
	fault.NotFound:    {http.StatusNotFound, "error.notfound"},
	fault.Denied:      {http.StatusForbidden, "error.denied"},
	fault.Conflict:    {http.StatusConflict, "error.conflict"},
	fault.Unavailable: {http.StatusServiceUnavailable, "error.unavailable"},
}

// sentence gives what happened and what to do in the reader's language: by the fault's code, else by its kind.
func sentence(l *Words, e *fault.Error) (what, do string) {
	if key := "fault." + e.Code; e.Code != "" && l.Has(key) {
		if l.Has(key + ".do") {
			do = l.Must(key+".do", e.Args...)
		}
		return l.Must(key, e.Args...), do
	}
	k := kinds[e.Kind].key
	return l.Must(k), l.Must(k + ".do")
}

// Fail sends the page for an error and returns its status. What the error says is for operators and stays in the log;
// a reader gets the sentence its code names among the room's messages, else the sentence of its kind.
//
// What is absent and what is not the reader's to know of give the same page, byte for byte.
func (p *Pages) Fail(w http.ResponseWriter, r *http.Request, err error) int {
	e := &fault.Error{Kind: fault.Internal}
	errors.As(err, &e)
	if e.Kind == fault.Internal || e.Kind == fault.Unavailable {
		p.site.Log(r, err)
	}
	if e.Kind == fault.Internal || e.Kind == fault.NotFound {
		e = &fault.Error{Kind: e.Kind}
	}
	what, do := sentence(p.Words(r), e)
	return p.site.errorPage(w, r, kinds[e.Kind].status, errorData{Heading: what, Do: do, Kept: written(w, r)})
}

// Fail is Pages.Fail for who has no messages of their own.
func (s *Site) Fail(w http.ResponseWriter, r *http.Request, err error) int {
	return s.errors.Fail(w, r, err)
}

// NotFound sends the page that says that there is no such page, or not one for this reader.
func (s *Site) NotFound(w http.ResponseWriter, r *http.Request) int {
	return s.Fail(w, r, &fault.Error{Kind: fault.NotFound})
}

// Error sends the page for what went wrong of itself, not by a fault: a form that can't be read. key names the heading;
// the message key+".do" says what to do.
func (s *Site) Error(w http.ResponseWriter, r *http.Request, status int, key string) int {
	l := s.errors.Words(r)
	return s.errorPage(w, r, status, errorData{Heading: l.Must(key), Do: l.Must(key + ".do")})
}

type errorData struct {
	Heading, Do string
	SignIn      bool     // might be there for who is signed in
	Kept        []string // what the reader wrote, which nothing came of
}

func (s *Site) errorPage(w http.ResponseWriter, r *http.Request, status int, data errorData) int {
	data.SignIn = !SignedIn(r) && (status == http.StatusNotFound || status == http.StatusForbidden || status == http.StatusUnauthorized)
	return s.errors.Render(w, r, Page{Name: "error", Status: status, Title: data.Heading, Data: data})
}

// written gives the texts of a form that could not be taken, so that its writer can copy them: what is long enough to be
// work, and no word that is to be kept secret.
func written(w http.ResponseWriter, r *http.Request) []string {
	if r.Method != http.MethodPost {
		return nil
	}
	f, err := ReadForm(w, r)
	if err != nil {
		return nil
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(f.Values)) {
		if secret.MatchString(name) {
			continue
		}
		for _, v := range f.All(name) {
			if utf8.RuneCountInString(v) >= 40 || strings.Contains(v, "\n") {
				out = append(out, v)
			}
		}
	}
	return out
}

var secret = regexp.MustCompile(`(?i)pass|secret|token|code|current`)

// SignIn answers a request for which one must be signed in: a reader is led to the page for signing in and back; what
// would have changed something says that it changed nothing.
func (s *Site) SignIn(w http.ResponseWriter, r *http.Request) int {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return SeeOther(w, r, signInLink(r.URL.RequestURI()))
	}
	l := s.errors.Words(r)
	return s.errorPage(w, r, http.StatusUnauthorized, errorData{Heading: l.Must("error.signin"), Do: l.Must("error.signin.do"), Kept: written(w, r)})
}

// SeeOther leads the reader to another page of this site, after a form was done.
func SeeOther(w http.ResponseWriter, r *http.Request, to string) int {
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, Local(to), http.StatusSeeOther)
	return http.StatusSeeOther
}
