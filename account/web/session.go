package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/samverk/samverk/account"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/web"
)

// store is package account's sessions as scs asks for them. It begins none and changes none: a session revoked while a
// request was under way stays revoked.
type store struct{ accounts *account.Accounts }

// FindCtx gives the session of a token.
func (s store) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	session, err := s.accounts.Resume(ctx, token)
	if fault.KindOf(err) == fault.NotFound {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	b, err := json.Marshal(session)
	return b, err == nil, err
}

// DeleteCtx is never asked for: signing out goes through the room, with its log.
func (store) DeleteCtx(context.Context, string) error { return errNotScs }

// CommitCtx is never asked for either.
func (store) CommitCtx(context.Context, string, []byte, time.Time) error { return errNotScs }

// Find is scs.Store's.
func (s store) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

// Delete is scs.Store's.
func (s store) Delete(string) error { return errNotScs }

// Commit is scs.Store's.
func (s store) Commit(string, []byte, time.Time) error { return errNotScs }

var errNotScs = errors.New("sessions are begun and ended by package account")

// codec keeps the session whole among scs's values.
type codec struct{}

const sessionKey = "session"

// Encode is never asked for.
func (codec) Encode(time.Time, map[string]any) ([]byte, error) { return nil, errNotScs }

// Decode is scs.Codec's.
func (codec) Decode(b []byte) (time.Time, map[string]any, error) {
	var s account.Session
	err := json.Unmarshal(b, &s)
	return s.Ends, map[string]any{sessionKey: s}, err
}

func (p *Room) newSessions() *scs.SessionManager {
	m := scs.New()
	m.Store, m.Codec = store{p.accounts}, codec{}
	m.Cookie.Name, m.Cookie.Secure = p.cookieName("session"), p.accounts.Secure()
	m.Cookie.Persist = false
	m.ErrorFunc = func(w http.ResponseWriter, r *http.Request, err error) { p.pages.Fail(w, r, err) }
	return m
}

// Wrap tells every request who is signed in, for route.Options.Wrap.
func (p *Room) Wrap(next http.Handler) http.Handler {
	return p.sessions.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s, ok := p.session(r); ok {
			r = web.WithViewer(r, web.Viewer{Person: string(s.Person), Name: s.Name})
		}
		next.ServeHTTP(w, r)
	}))
}

// session is the browser's.
func (p *Room) session(r *http.Request) (account.Session, bool) {
	s, ok := p.sessions.Get(r.Context(), sessionKey).(account.Session)
	return s, ok
}

// actor is who is signed in.
func actor(r *http.Request) network.Actor {
	return network.Actor{Person: network.PersonID(web.ViewerOf(r).Person)}
}

// enter makes a session the browser's, in place of the one it had.
func (p *Room) enter(w http.ResponseWriter, r *http.Request, s account.Session) error {
	if c, err := r.Cookie(p.sessions.Cookie.Name); err == nil {
		if err := p.accounts.SignOut(r.Context(), c.Value, p.from(r)); err != nil {
			return err
		}
	}
	p.sessions.WriteSessionCookie(r.Context(), w, s.Token, s.Ends)
	p.set(w, "device", s.Device, 365*24*time.Hour)
	return nil
}

// renew gives the browser's session another token.
func (p *Room) renew(w http.ResponseWriter, r *http.Request) error {
	c, err := r.Cookie(p.sessions.Cookie.Name)
	if err != nil {
		return network.Absent()
	}
	token, err := p.accounts.Renew(r.Context(), c.Value)
	if err != nil {
		return err
	}
	s, _ := p.session(r)
	p.sessions.WriteSessionCookie(r.Context(), w, token, s.Ends)
	return nil
}

// from is where a request comes from.
func (p *Room) from(r *http.Request) account.From {
	f := account.From{Agent: r.UserAgent(), Device: p.get(r, "device")}
	if a, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		f.Address = a.Addr()
	}
	if p.options.Proxy {
		hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
		if a, err := netip.ParseAddr(strings.TrimSpace(hops[len(hops)-1])); err == nil { // what our own proxy saw; the rest anybody can write
			f.Address = a
		}
	}
	return f
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
