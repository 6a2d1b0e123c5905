package web

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/samverk/samverk/lang"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/web"
)

// said is a text with the language it is written in.
type said struct{ Text, Lang string }

// say gives a noun's text as far as possible in the reader's language.
func say(l *web.Words, t network.Text) said {
	text, lang := t.In(l.Code)
	return said{text, lang}
}

// subtitle says what a tenant is: "Nationellt nätverk, Sverige".
func subtitle(l *web.Words, n *network.Network) string {
	country := n.Country
	if key := "front.country." + n.Country; l.Has(key) {
		country = l.Must(key)
	}
	return l.Must("front.sub."+string(n.Kind), country)
}

// crumb leads from the tenant's front page to this one; pairs are text, address.
func crumb(l *web.Words, n *network.Network, pairs ...string) []web.Link {
	out := []web.Link{{Text: text(l, n.Name), Href: home(n) + "/"}}
	for i := 0; i+1 < len(pairs); i += 2 {
		out = append(out, web.Link{Text: pairs[i], Href: pairs[i+1]})
	}
	return out
}

// with gives the address of this page with one field of its query changed; "" takes the field away.
func with(r *http.Request, field, value string) string {
	q := r.URL.Query()
	q.Del("lang")
	q.Del("after")
	q.Del("before")
	if q.Del(field); value != "" {
		q.Set(field, value)
	}
	u := url.URL{Path: r.URL.Path, RawQuery: q.Encode()}
	return u.RequestURI()
}

// query reads a field of the address that must be one of some values; anything else is "".
func query(r *http.Request, field string, of ...string) string {
	v := r.URL.Query().Get(field)
	for _, one := range of {
		if v == one {
			return v
		}
	}
	return ""
}

// moment is a time in a file: nothing for one that is not known.
func moment(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}

// sortOptions puts what can be chosen in the order of the reader's alphabet.
func sortOptions(l *web.Words, of []web.Option) {
	lang.Sort(l, of, func(o web.Option) string { return o.Text })
}

// pad writes a number with two digits at least.
func pad(n int) string { return fmt.Sprintf("%02d", n) }
