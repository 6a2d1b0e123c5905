package web

import "github.com/samverk/samverk/web/route"

// topics are the pages of what is raised.
func (p *room) topics() []route.Route { return nil }
