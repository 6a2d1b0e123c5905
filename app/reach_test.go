package app

import (
	"html"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	accountweb "github.com/samverk/samverk/account/web"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/web/route"
)

// emptyHouse is a node with a network that somebody just set up: its coordinator, and a member without a seat.
func emptyHouse(t *testing.T) *house {
	t.Helper()
	ctx := t.Context()
	dir := filepath.Join(t.TempDir(), "node")
	if err := makeDir(dir); err != nil {
		t.Fatal(err)
	}
	if err := writeFile(filepath.Join(dir, settingsName), []byte(`{"version":1,"organisation":"North"}`)); err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, kinds: []kind{{name: "nobody"}}}
	var err error
	if h.node, err = Open(ctx, dir); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.node.Close() })
	commons, err := OpenCommons(ctx, h.node.db, dir, h.node.settings, CommonsOptions{URL: base, Demo: true})
	if err != nil {
		t.Fatal(err)
	}
	coordinator, err := commons.Networks.AddOperator(ctx, "Siri Tomter", "sv")
	if err != nil {
		t.Fatal(err)
	}
	who := network.Actor{Person: coordinator}
	root, err := commons.Networks.Setup(ctx, who, network.SetUp{Template: "empty", Slug: "tom", Name: network.Text{SV: "Tomt nätverk"}, Country: "SE", Lang: "sv"})
	if err != nil {
		t.Fatal(err)
	}
	member, err := commons.Networks.AddPerson(ctx, who, network.NewPerson{Name: "Mats Medlem", Lang: "sv", Network: root})
	if err != nil {
		t.Fatal(err)
	}
	if err := commons.Close(); err != nil {
		t.Fatal(err)
	}
	h.kinds = append(h.kinds, kind{name: "coordinator", called: "Siri Tomter", tenant: "tom", person: coordinator}, kind{name: "member", called: "Mats Medlem", tenant: "tom", person: member})
	h.serve(accountweb.Persona{Person: coordinator, Name: "Siri Tomter"}, accountweb.Persona{Person: member, Name: "Mats Medlem"})
	return h
}

// step is an address, so many clicks from where one began.
type step struct {
	address string
	clicks  int
}

// crawler follows links as one kind of person.
type crawler struct {
	*house
	mux  *http.ServeMux
	kind kind
	seen map[string]bool   // addresses
	many map[string]int    // pages of a pattern and the fields of its query
	from map[string]string // pattern: a page that leads there
	todo []step
}

var links = regexp.MustCompile(`href="(/[^"#]*)[^"]*"`)

// How many pages of a kind are looked at, for what one of them leads to another may not; and how many clicks away a page may be.
const (
	perPattern = 3
	mostClicks = 3
)

func (h *house) crawl(k kind, starts ...string) *crawler {
	c := &crawler{house: h, mux: http.NewServeMux(), kind: k, seen: map[string]bool{}, many: map[string]int{}, from: map[string]string{}}
	for _, r := range h.site.table.Routes() {
		if r.Method == http.MethodGet {
			c.mux.HandleFunc("GET "+r.Pattern, func(http.ResponseWriter, *http.Request) {})
		}
	}
	for _, s := range starts {
		c.add(s, "", 0)
	}
	for len(c.todo) > 0 {
		next := c.todo[0]
		c.todo = c.todo[1:]
		c.visit(next)
	}
	return c
}

// pattern finds the route of an address.
func (c *crawler) pattern(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	_, p := c.mux.Handler(&http.Request{Method: http.MethodGet, URL: u, Host: "127.0.0.1:8080"})
	return strings.TrimPrefix(p, "GET ")
}

func (c *crawler) add(address, from string, clicks int) {
	if strings.Contains(address, "lang=") || strings.Contains(address, "format=") {
		return
	}
	p := c.pattern(address)
	if _, ok := c.from[p]; p == "" {
		return
	} else if !ok {
		c.from[p] = from
	}
	u, _ := url.Parse(address)
	key := p
	if q := u.Query(); len(q) > 0 {
		for _, of := range slices.Sorted(maps.Keys(q)) {
			key += "?" + of
		}
	}
	if c.seen[address] || c.many[key] >= perPattern {
		return
	}
	c.seen[address] = true
	c.many[key]++
	if clicks < mostClicks {
		c.todo = append(c.todo, step{address, clicks})
	}
}

func (c *crawler) visit(at step) {
	address := at.address
	w := c.do(c.kind, http.MethodGet, address, nil)
	switch {
	case w.Code >= 300 && w.Code < 400:
		c.add(w.Header().Get("Location"), address, at.clicks)
		return
	case w.Code != http.StatusOK:
		c.t.Errorf("%s: a link leads to %s: %d", c.kind.name, address, w.Code)
		return
	case !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html"):
		return
	}
	for _, found := range links.FindAllStringSubmatch(w.Body.String(), -1) {
		c.add(html.UnescapeString(found[1]), address, at.clicks+1)
	}
}

// unlinked are pages that nothing need lead to, and why. What the Beacon's own map names isn't among them.
var unlinked = map[string]string{
	"/n/{network}/topics/similar": "a part of the page for raising a topic, which asks for it itself",
	"/api/v1/datasets":            "a part of the interface, whose description names it",
	"/api/v1/stats":               "as above",
	"/recover":                    "for who can't sign in",
	"/recover/sent":               "says that a mail was sent",
}

// Every page that needs no name of a thing is reached by links from the front page or the page one lands on, by whoever may see it.
func TestEveryPageIsReached(t *testing.T) {
	if testing.Short() {
		t.Skip("builds two living networks")
	}
	was := slog.Default()
	slog.SetDefault(slog.New(slog.DiscardHandler))
	defer slog.SetDefault(was)
	reach := func(h *house, tenant string, kinds ...string) {
		for _, name := range kinds {
			k := kind{name: "nobody"}
			starts := []string{"/n/" + tenant + "/"}
			if name != "nobody" {
				k = h.kind(name, tenant)
				starts = append(starts, "/n/"+tenant+"/waiting")
			}
			c := h.crawl(k, starts...)
			for _, r := range h.site.table.Routes() {
				if _, ok := c.from[r.Pattern]; ok || r.Method != http.MethodGet || r.Who == route.LocalOperator || strings.Contains(r.Pattern, "/static/") || unlinked[r.Pattern] != "" || strings.HasPrefix(r.Pattern, "/beacon/v2/") || strings.HasPrefix(r.Pattern, "/beacon/nation/v2/") {
					continue
				}
				path := strings.NewReplacer("{network}", tenant, "{$}", "").Replace(r.Pattern)
				if strings.Contains(path, "{") {
					continue // needs the name of a thing
				}
				if w := h.do(k, http.MethodGet, path, nil); w.Code == http.StatusOK {
					t.Errorf("%s of %s: no link leads to %s", name, tenant, path)
				}
			}
			t.Logf("%s of %s: %d pages", name, tenant, len(c.seen))
		}
	}
	reach(emptyHouse(t), "tom", "coordinator", "member", "nobody")
	h := newHouse(t)
	reach(h, "se", "coordinator", "chair", "patient", "nobody")
}
