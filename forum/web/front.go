package web

import "github.com/samverk/samverk/web/route"

// front are the pages over everything: the public front, what waits, the calendar, the search.
func (p *room) front() []route.Route { return nil }
