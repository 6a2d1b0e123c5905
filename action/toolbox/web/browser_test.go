package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/samverk/samverk/action/toolbox"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/web/webtest"
)

// TestThePagesInABrowser judges pages with something on them: axe, light and dark, wide and narrow, names, overflow.
func TestThePagesInABrowser(t *testing.T) {
	b, s := webtest.Open(t), open(t)
	group := got(s.Describe(s.ctx, s.seated[0], toolbox.Group{Body: s.body, Model: "working-pair", Lang: "nb", Since: 2024, Works: "Vi leser sammen.", Visibility: network.Public}))(t)
	s.ok(s.Evaluate(s.ctx, s.seated[0], s.root, group, "standards", time.Time{}, 6))
	s.ok(s.RoundsDue(s.ctx))
	round := got(s.Waiting(s.ctx, s.seated[0], s.root))(t)[0].ID
	for i := range 5 {
		x := got(s.AskedOf(s.ctx, s.seated[i], s.root, round))(t)
		s.ok(s.Answer(s.ctx, s.root, round, x.Token, toolbox.Given{Values: map[string]int{"impact": 2, "together": i%2 + 4, "support": 3}, Words: map[string]string{"words": "Mer tid."}}))
	}
	setup := got(s.Choose(s.ctx, s.plain, toolbox.Setup{Network: s.root, Model: "working-pair", Name: "Par for prosedyrer"}))(t)
	who := network.Actor{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if who.Person != "" {
			r.Header.Set("Test-Person", string(who.Person))
		}
		s.table.ServeHTTP(w, r)
	}))
	defer server.Close()
	for _, one := range []struct {
		name, path string
		who        network.Actor
	}{
		{"toolbox", "", s.plain}, {"toolbox-find", "/find?purpose=draft&say=write&q=3", network.Actor{}}, {"toolbox-fit", "/fit?purpose=draft&say=write&length=year&rarity=common", s.plain},
		{"toolbox-compare", "/compare?m=epag&m=working-pair&purpose=draft", network.Actor{}}, {"toolbox-model", "/models/epag", s.plain}, {"toolbox-propose", "/propose", s.plain}, {"toolbox-rules", "/rules?purpose=draft", s.coord},
		{"toolbox-setup", "/setups/" + setup, s.coord}, {"toolbox-groups", "/groups", s.plain}, {"toolbox-group", "/groups/" + group, s.seated[0]}, {"toolbox-group-new", "/groups/new", s.seated[0]}, {"toolbox-round", "/rounds/" + round, s.seated[5]},
	} {
		who = one.who
		b.Go(t, server.URL+at+one.path+map[bool]string{false: "?", true: "&"}[strings.Contains(one.path, "?")]+"lang=nb")
		b.Judge(t, one.name)
	}
}
