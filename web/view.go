package web

import (
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Page is what the frame needs to know of a page.
type Page struct {
	Name    string // the template's file name, without .html
	Status  int    // 0: what the Form says, else 200
	Title   string // in the reader's language
	Station string // the station of the loop the page is on: raise, decide, do, use or followup; "" for none
	Data    any

	Network *Network // whose page it is; nil: the request's (WithNetwork), if any, else the reader's own (Site.Own)
	Crumbs  []Link   // the way here, from the network's front page; the last is this page and needs no address
	Form    *Form    // its problems stand first in main, and the title says that there are some
	Public  bool     // the same for everybody who isn't signed in: may be cached for a minute, and found by search engines
	Secret  bool     // it shows what only its reader may know, like an address with a key in it: not compressed, so that its length tells nothing
	Live    bool     // parts of it are renewed by htmx; it must be whole without
	Feeds   []Feed   // the same as calendars or news, for programs
}

// Feed is what a page has for calendars and readers of news: an address and its kind, "text/calendar".
type Feed struct{ Type, Title, Href string }

// Link is a text with an address; an address of "" is the page itself.
type Link struct{ Text, Href string }

// View is what a template is given.
type View struct {
	Page
	Main    template.HTML // what the page's own template made
	Lang    string
	Look    string // auto, light or dark
	Demo    string // the message of the strip over the page; "" when it is no demonstration
	Site    string
	Style   string
	Icon    string
	Script  string // htmx, on a page that is Live
	Here    string // path and query of this page, without lang
	Viewer  Viewer
	Home    string
	Search  string // "" where there is no search
	Waiting string // what waits for who is signed in
	SignIn  string // "" where nobody can sign in, and for who has
	Loop    []station
	Choices []choice
	Find    []footLink
	Help    []footLink
	Program []footLink
	Local   bool // a page of the node itself, not of a network
	Bare    bool // the node holds no genomes
}

type station struct {
	Key, Link string // Link is "" while the station has nothing in it
	Current   bool
}

type choice struct {
	Code, Name, Link string
	Current          bool
}

type footLink struct{ Key, Href string }

// The loop of the whole product. A station's address is under the network's, or the node's own, and is the first that
// the table has a route for: a station that nobody fills is named and not pressable. On a page of no network the stations
// of networks lead to where one chooses a network.
var loop = []struct {
	key     string
	network string
	node    []string
}{{key: "raise", network: "topics"}, {key: "decide", network: "decisions"}, {key: "do", network: "do"}, {key: "use", node: []string{"/ask"}}, {key: "followup", network: "inputs"}}

var languageNames = []struct{ code, name string }{{"sv", "Svenska"}, {"nb", "Norsk"}, {"en", "English"}}

// What the foot of a page leads to, in its order, where the table has a route for it. A path without / before it is under
// the network's.
var (
	footFind    = []footLink{{"foot.who", "bodies"}, {"foot.decisions", "decisions"}, {"foot.nation", "/nation"}, {"foot.policies", "policies"}, {"foot.forms", "forms"}, {"foot.answers", "answers"}, {"foot.calendar", "calendar"}, {"foot.open", "data"}}
	footHelp    = []footLink{{"foot.my", "/my/sign-in"}, {"foot.log", "/ledger"}, {"foot.nodes", "/nodes"}, {"foot.how", "about"}, {"foot.accessibility", "accessibility"}, {"foot.personal", "privacy"}, {"foot.contact", "contact"}}
	footNode    = []footLink{{"foot.my", "/my/sign-in"}, {"foot.log", "/ledger"}, {"foot.nodes", "/nodes"}, {"foot.ask", "/ask"}, {"foot.datasets", "/datasets"}, {"foot.annotate", "/annotate"}, {"foot.nation", "/nation"}, {"foot.walk", "/walk"}}
	footProgram = []footLink{{"foot.api", "/api"}, {"foot.metrics", "/metrics"}, {"foot.health", "/healthz"}}
)

// has gives an address if there is something at it.
func (s *Site) has(n *Network, path string) string {
	if !strings.HasPrefix(path, "/") {
		if n == nil {
			return ""
		}
		path = "/n/" + url.PathEscape(n.Slug) + "/" + path
	}
	if s.table == nil || !s.table.Has(http.MethodGet, path) || s.options.Empty != nil && s.options.Empty(path) {
		return ""
	}
	return path
}

func (s *Site) links(n *Network, of []footLink) []footLink {
	var out []footLink
	for _, l := range of {
		if l.Href = s.has(n, l.Href); l.Href != "" {
			out = append(out, l)
		}
	}
	return out
}

func (s *Site) view(r *http.Request, lang string, page Page) View {
	if page.Network == nil {
		page.Network = networkOf(r)
	}
	local := page.Network == nil && page.Station == "use"
	if page.Network == nil && SignedIn(r) && s.own != nil {
		page.Network = s.own(r)
	}
	n := page.Network
	v := View{
		Page: page, Lang: lang, Look: lookOf(r), Site: s.options.Name, Style: s.style.path, Icon: s.icon.path, Script: s.script.path, Viewer: ViewerOf(r), Home: "/",
		Here: here(r), Search: s.has(n, "search"), Local: local, Bare: s.options.Bare != nil && s.options.Bare(),
	}
	if n != nil {
		v.Home = n.Path()
		if v.Viewer.Person != "" {
			v.Waiting = s.has(n, "waiting")
		}
	}
	if n != nil && !local {
		v.Find, v.Help = s.links(n, footFind), s.links(n, footHelp)
	} else {
		v.Find, v.Program = s.links(nil, footNode), s.links(nil, footProgram)
		if v.Viewer.Person != "" { // stewards have a link where they ask; for the others there is nothing
			v.Find = slices.DeleteFunc(v.Find, func(l footLink) bool { return l.Href == "/datasets" })
		}
	}
	if s.options.Demo {
		v.Demo = "frame.demo"
		if v.Local {
			v.Demo = "frame.demo.genomes"
		}
	}
	if s.has(nil, "/sign-in") != "" && v.Viewer == (Viewer{}) && r.URL.Path != "/sign-in" {
		v.SignIn = signInLink(v.Here)
	}
	for _, l := range loop {
		one := station{Key: l.key, Current: l.key == page.Station}
		if l.network != "" {
			one.Link = s.has(n, l.network)
			if n == nil && s.has(&Network{Slug: "any"}, l.network) != "" {
				one.Link = s.has(nil, "/")
			}
		}
		for _, path := range l.node {
			if one.Link == "" {
				one.Link = s.has(nil, path)
			}
		}
		v.Loop = append(v.Loop, one)
	}
	for _, name := range languageNames {
		v.Choices = append(v.Choices, choice{Code: name.code, Name: name.name, Link: withQuery(v.Here, "lang", name.code), Current: name.code == lang})
	}
	return v
}

// here is the address of the page as it can be asked for again.
func here(r *http.Request) string {
	q := r.URL.Query()
	q.Del("lang")
	at := url.URL{Path: "/"}
	if r.Method == http.MethodGet || r.Method == http.MethodHead { // the address of a form's answer can't be asked for again
		at = url.URL{Path: r.URL.Path, RawQuery: q.Encode()}
	} else if back, err := url.Parse(r.Referer()); err == nil && back.Path != "" {
		at.Path = back.Path
	}
	return Local(at.RequestURI())
}

// signInLink leads to the page for signing in, and back to where the reader is.
func signInLink(back string) string {
	if back = Local(back); strings.HasPrefix(back, "/sign-in") || back == "/" {
		return "/sign-in"
	}
	return withQuery("/sign-in", "back", back)
}

func withQuery(path, key, value string) string {
	u, err := url.Parse(path)
	if err != nil {
		return "/"
	}
	q := u.Query()
	q.Set(key, value)
	u.RawQuery = q.Encode()
	return u.RequestURI()
}
