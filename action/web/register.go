// Package web is one page: what a network does, a row for each room of action that has something to show.
package web

import (
	"embed"
	"net/http"

	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
)

//go:embed pages messages
var files embed.FS

// Row is a room of action, in the reader's language.
type Row struct {
	Title, Text, Href string
	Counts            []string // what there is of it, in short: "12 measures", "3 late"
	Late              bool     // some of it is
}

// Register puts the page into the table. rows lists the rooms that there are.
func Register(t *route.Table, s *web.Site, n *network.Registry, rows func(*http.Request, *network.Network) ([]Row, error)) error {
	pages, err := s.Room(files)
	if err != nil {
		return err
	}
	t.Add(route.Route{Method: "GET", Pattern: "/n/{network}/do", Who: route.Anyone, Does: "What the network does: plans, procedures, ways to work together, learning.", Serve: func(w http.ResponseWriter, r *http.Request) int {
		at, ok := n.Tree().Root(r.PathValue("network"))
		if !ok {
			return s.NotFound(w, r)
		}
		l := pages.Words(r)
		name, _ := at.Name.In(l.Code)
		r = web.WithNetwork(r, &web.Network{Slug: at.Slug, Name: name})
		all, err := rows(r, at)
		if err != nil {
			return pages.Fail(w, r, err)
		}
		return pages.Render(w, r, web.Page{Name: "do", Title: l.Must("do.title"), Station: "do", Data: all})
	}})
	return nil
}
