package web

import "github.com/samverk/samverk/web/route"

// meetings are the pages of meetings, minutes and decisions.
func (p *room) meetings() []route.Route { return nil }
