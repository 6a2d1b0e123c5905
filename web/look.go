package web

import (
	"net/http"
	"net/url"
	"strings"
)

func lookOf(r *http.Request) string {
	if c, err := r.Cookie("look"); err == nil && (c.Value == "light" || c.Value == "dark") {
		return c.Value
	}
	return "auto"
}

func (s *Site) look(w http.ResponseWriter, r *http.Request) int {
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	look := r.PostFormValue("look")
	if look != "auto" && look != "light" && look != "dark" {
		return s.Error(w, r, http.StatusBadRequest, "error.form")
	}
	http.SetCookie(w, s.cookie(r, "look", look))
	return SeeOther(w, r, r.PostFormValue("back"))
}

// Local lets only an address on this site through: a path that no browser reads as another host.
func Local(to string) string {
	u, err := url.Parse(to)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || !strings.HasPrefix(to, "/") ||
		strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n\t") {
		return "/"
	}
	return to
}

func (s *Site) cookie(r *http.Request, name, value string) *http.Cookie {
	return &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: 365 * 24 * 3600, HttpOnly: true, Secure: s.options.Secure || r.TLS != nil, SameSite: http.SameSiteLaxMode}
}
