package app

import (
	"log/slog"
	"net/http"

	answerweb "github.com/samverk/samverk/answer/web"
	"github.com/samverk/samverk/api/open"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
)

// SiteOptions are what the pages show beside the node: examples, and in a demonstration its walk.
type SiteOptions = answerweb.Options

// handler is everything the node answers over HTTP.
func (n *Node) handler(o ServeOptions) (http.Handler, error) {
	log := slog.Default()
	site, err := web.New(web.Options{Name: n.settings.Region, Demo: o.Site.Demo != nil, Log: log})
	if err != nil {
		return nil, err
	}
	table := route.NewTable(route.Options{Refused: site.CrossOrigin()})
	site.Register(table)
	open.Register(table, n.desk, open.Options{Log: log})
	return table, answerweb.Register(table, site, n.desk, o.Site)
}
