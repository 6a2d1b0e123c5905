package web

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/samverk/samverk/account"
	"github.com/samverk/samverk/account/openid"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/web"
)

// sessionKey is where a request has its session.
type sessionKey struct{}

// visasKey is where a program's request has the visas of the person it asks for.
type visasKey struct{}

// Visas are what is asserted of the person that a program asks for. Whoever is signed in with a session has none.
func Visas(r *http.Request) []openid.Visa {
	v, _ := r.Context().Value(visasKey{}).([]openid.Visa)
	return v
}

func (p *Room) note(err error) {
	if p.options.Note != nil {
		p.options.Note(err)
	}
}

// Wrap tells every request who is signed in, for route.Options.Wrap, and from where it comes.
func (p *Room) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Cookie")
		r = p.seen(r)
		if token, refuse := p.program(r); refuse != nil {
			who, err := p.accounts.Bearer(r.Context(), token)
			if err != nil {
				status := http.StatusServiceUnavailable
				if fault.KindOf(err) != fault.Unavailable {
					status = http.StatusUnauthorized
					w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`) // RFC 6750, 3
				}
				refuse(w, r, status, err)
				return
			}
			for _, why := range who.Passport.Ignored {
				p.note(why)
			}
			r = r.WithContext(context.WithValue(r.Context(), visasKey{}, who.Passport.Visas))
			r = web.WithViewer(r, web.Viewer{Person: string(who.Person), Name: who.Name})
		} else if token := p.get(r, "session"); token != "" {
			resume := p.accounts.Resume
			if polls(r) {
				resume = p.accounts.Peek
			}
			s, err := resume(r.Context(), token)
			switch {
			case err == nil:
				r = r.WithContext(context.WithValue(r.Context(), sessionKey{}, s))
				r = web.WithViewer(r, web.Viewer{Person: string(s.Person), Name: s.Name})
			case fault.KindOf(err) != fault.NotFound:
				p.failed(w, r, err)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// failed answers a request whose session can't be looked up: a program in its own form.
func (p *Room) failed(w http.ResponseWriter, r *http.Request, err error) {
	if refuse := p.programs(r); refuse != nil {
		p.site.Log(r, err)
		refuse(w, r, http.StatusServiceUnavailable, err)
		return
	}
	p.pages.Fail(w, r, err)
}

// programs gives what answers a request where programs come; nil elsewhere.
func (p *Room) programs(r *http.Request) func(http.ResponseWriter, *http.Request, int, error) {
	for prefix, refuse := range p.options.Programs {
		if strings.HasPrefix(r.URL.Path, prefix) {
			return refuse
		}
	}
	return nil
}

// program gives the access token that a program brought where programs come, and what answers if it isn't good.
func (p *Room) program(r *http.Request) (token string, refuse func(http.ResponseWriter, *http.Request, int, error)) {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return "", nil
	}
	return token, p.programs(r)
}

// polls tells whether an open page asks by itself whether its state is still the one it shows, so that a session nobody uses ends.
func polls(r *http.Request) bool {
	return r.Method == http.MethodGet && r.Header.Get("HX-Request") == "true" && r.URL.Query().Has("state")
}

// session is the browser's.
func (p *Room) session(r *http.Request) (account.Session, bool) {
	s, ok := r.Context().Value(sessionKey{}).(account.Session)
	return s, ok
}

// actor is who is signed in.
func actor(r *http.Request) network.Actor {
	return network.Actor{Person: network.PersonID(web.ViewerOf(r).Person)}
}

// enter makes a session the browser's, in place of the one it had.
func (p *Room) enter(w http.ResponseWriter, r *http.Request, s account.Session) error {
	if err := p.leave(r); err != nil {
		return err
	}
	p.set(w, "session", s.Token, untilClosed)
	p.set(w, "device", s.Device, 365*24*time.Hour)
	return nil
}

// leave ends the session that the browser has.
func (p *Room) leave(r *http.Request) error {
	token := p.get(r, "session")
	if token == "" {
		return nil
	}
	return p.accounts.SignOut(r.Context(), token, p.from(r))
}

// renew gives the browser's session another token.
func (p *Room) renew(w http.ResponseWriter, r *http.Request) error {
	token, err := p.accounts.Renew(r.Context(), p.get(r, "session"))
	if err == nil {
		p.set(w, "session", token, untilClosed)
	}
	return err
}

// seen lets the request come from whom the proxy saw, for every room (web.Sender).
func (p *Room) seen(r *http.Request) *http.Request {
	if !p.options.Proxy {
		return r
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	a, err := netip.ParseAddr(strings.TrimSpace(hops[len(hops)-1])) // what our own proxy saw; the rest anybody can write
	if err != nil {
		return r
	}
	r = r.WithContext(r.Context())
	r.RemoteAddr = a.String()
	return r
}

// from is where a request comes from.
func (p *Room) from(r *http.Request) account.From {
	return account.From{Address: web.Sender(r), Agent: r.UserAgent(), Device: p.get(r, "device")}
}

// cookieName binds a cookie to this host, where the site has TLS.
func (p *Room) cookieName(name string) string {
	if p.accounts.Secure() {
		return "__Host-" + name
	}
	return "samverk-" + name
}

func (p *Room) get(r *http.Request, name string) string {
	c, err := r.Cookie(p.cookieName(name))
	if err != nil || len(c.Value) > 200 {
		return ""
	}
	return c.Value
}

// untilClosed keeps a cookie until the browser is closed.
const untilClosed = 0

// set keeps a secret in the browser for so long; none takes it away.
func (p *Room) set(w http.ResponseWriter, name, value string, keep time.Duration) {
	c := &http.Cookie{ //nolint:gosec // Secure wherever there is TLS; a site on loopback has none
		Name: p.cookieName(name), Value: value, Path: "/", MaxAge: int(keep / time.Second), HttpOnly: true, Secure: p.accounts.Secure(), SameSite: http.SameSiteLaxMode,
	}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}
