package web

import (
	"net/http"

	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/web/route"
)

// topics are the pages of what is raised.
func (p *room) topics() []route.Route {
	const at = "/n/{network}/topics"
	out := []route.Route{
		{Method: "GET", Pattern: at, Who: route.Anyone, Does: "Lists topics; also as CSV and JSON.", Serve: p.in(p.topicList)},
		{Method: "GET", Pattern: at + "/new", Who: route.Member, Does: "The form to raise a topic.", Serve: p.in(p.registered(p.raiseForm))},
		{Method: "POST", Pattern: at + "/new", Who: route.Member, Does: "Raises a topic, after showing those that are like it.", Serve: p.in(p.registered(p.raise))},
		{Method: "POST", Pattern: at + "/follow", Who: route.Member, Does: "Follows a group or the network, or stops following.", Serve: p.in(p.follow)},
		{Method: "GET", Pattern: at + "/similar", Who: route.Anyone, Does: "Lists topics that are like what is being typed, as a part of a page.", Serve: p.in(p.similar)},
		{Method: "GET", Pattern: at + "/{topic}", Who: route.Anyone, Does: "A topic with everything around it.", Serve: p.in(p.topicPage)},
		{Method: "GET", Pattern: at + "/{topic}/versions", Who: route.Seated, Does: "What a topic said before it was edited.", Serve: p.in(p.versions)},
		{Method: "POST", Pattern: at + "/{topic}/do", Who: route.Member, Does: "What takes one button: prepare, take up again, follow, ask for more time, unlink, remove.", Serve: p.in(p.topicDo)},
		{Method: "GET", Pattern: "/n/{network}/files/{file}", Who: route.Anyone, Does: "Downloads an attachment of what one may see.", Serve: p.in(p.file)},
		{Method: "GET", Pattern: "/n/{network}/answers", Who: route.Anyone, Does: "Lists the answers that bodies owe to those that lifted a topic; also as CSV and JSON.", Serve: p.in(p.answers)},
	}
	for _, a := range acts {
		pattern := at + "/{topic}/" + a.key
		if a.of != "" {
			pattern += "/{" + a.of + "}"
		}
		out = append(out,
			route.Route{Method: "GET", Pattern: pattern, Who: a.who, Does: "The form for: " + a.does, Serve: p.in(p.actForm(a))},
			route.Route{Method: "POST", Pattern: pattern, Who: a.who, Does: a.does, Serve: p.in(p.act(a))})
	}
	return append(out, p.posts()...)
}

// organisation names one in whose name somebody may speak.
func (p *room) organisations(r *http.Request, n *network.Network) ([]network.Organisation, error) {
	if actor(r).Person == "" {
		return nil, nil
	}
	return p.forum.Organisations(r.Context(), actor(r), n.ID)
}
