package web

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
)

// abouts are the pages about the network and these pages themselves.
func (p *room) abouts() []route.Route {
	return []route.Route{
		{Method: "GET", Pattern: "/n/{network}/about", Who: route.Anyone, Does: "How the network works, with its own bodies, rules and days.", Serve: p.in(p.about)},
		{Method: "GET", Pattern: "/n/{network}/accessibility", Who: route.Anyone, Does: "The accessibility statement, and a form to report a fault.", Serve: p.in(p.accessibility)},
		{Method: "POST", Pattern: "/n/{network}/accessibility", Who: route.Anyone, Does: "Reports a fault of a page.", Serve: p.in(p.reportFault)},
		{Method: "GET", Pattern: "/n/{network}/privacy", Who: route.Anyone, Does: "What is kept about those who take part, and why.", Serve: p.in(p.privacy)},
		{Method: "GET", Pattern: "/n/{network}/contact", Who: route.Anyone, Does: "Who sits in the secretariat, and a form to ask it something.", Serve: p.in(p.contact)},
		{Method: "POST", Pattern: "/n/{network}/contact", Who: route.Anyone, Does: "Asks the secretariat something.", Serve: p.in(p.ask)},
		{Method: "GET", Pattern: "/n/{network}/data", Who: route.Anyone, Does: "Lists everything that can be fetched as a file or followed.", Serve: p.in(p.openData)},
		{Method: "GET", Pattern: "/n/{network}/feedback", Who: route.Coordinator, Does: "Lists reports of faults and questions to the secretariat.", Serve: p.in(p.feedbackList)},
		{Method: "GET", Pattern: "/n/{network}/feedback/{feedback}", Who: route.Coordinator, Does: "One report of a fault or question, and its answer.", Serve: p.in(p.feedback)},
		{Method: "POST", Pattern: "/n/{network}/feedback/{feedback}", Who: route.Coordinator, Does: "Answers a report of a fault or a question.", Serve: p.in(p.answerFeedback)},
	}
}

// group is a body as these pages tell of it.
type group struct {
	network.Body
	Link  string
	Name  said
	Task  said
	Rules string // when it may decide, in words
}

// groups lists the open bodies everybody may see, with their rules.
func (p *room) groups(r *http.Request, n *network.Network) (out []group, err error) {
	l := p.pages.Words(r)
	err = p.network.Look(r.Context(), network.Actor{}, func(tx *storage.Tx, a network.Access) error {
		bodies, err := p.network.Bodies(r.Context(), tx, a, n.ID, "")
		if err != nil {
			return err
		}
		for _, b := range bodies {
			if b.Kind == network.Secretariat { // keeps the others in order, and decides nothing
				continue
			}
			rules, err := p.network.Rules(r.Context(), tx, b.ID)
			if err != nil {
				return err
			}
			out = append(out, group{Body: b, Link: home(n) + "/bodies/" + string(b.ID), Name: say(l, b.Name), Task: say(l, b.Task), Rules: quorumWords(l, rules)})
		}
		return nil
	})
	return out, err
}

// quorumWords says when a body may decide.
func quorumWords(l *web.Words, rules []network.Rule) string {
	if len(rules) == 0 {
		rules = []network.Rule{{Kind: network.Majority}}
	}
	var parts []string
	for _, r := range rules {
		key := "front.rule." + string(r.Kind)
		switch r.Kind {
		case network.OfSector:
			parts = append(parts, l.Must(key, r.N, l.Must("front.from."+string(r.Sector))))
		case network.Organisations:
			parts = append(parts, l.Must(key, r.N, l.Must("front.parties."+string(r.OrganisationKind))))
		case network.ChairNot:
			parts = append(parts, l.Must(key, l.Must("front.from."+string(r.Sector))))
		case network.AtLeast:
			parts = append(parts, l.Must(key, r.N))
		default:
			parts = append(parts, l.Must(key))
		}
	}
	return l.Must("front.quorum", l.List(parts...))
}

func (p *room) about(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	l := p.pages.Words(r)
	groups, err := p.groups(r, n)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	type place struct {
		Name said
		Own  int // its depth in the tree
	}
	var tree []place
	for _, one := range p.network.Tree().Down(n.ID) {
		if one.Closed.IsZero() {
			tree = append(tree, place{say(l, one.Name), len(p.network.Tree().Up(one.ID)) - 1})
		}
	}
	return p.pages.Render(w, r, web.Page{Name: "about", Title: l.Must("about.title"), Public: true, Crumbs: crumb(l, n, l.Must("about.title"), ""),
		Data: map[string]any{"Groups": groups, "Networks": tree, "Home": home(n)}})
}

// statement is when the accessibility statement was prepared.
var statement = time.Date(2026, time.November, 22, 0, 0, 0, 0, time.UTC)

// Who sees to it that pages can be used and data are kept rightly, by country.
var (
	accessWatch  = map[string]string{"SE": "https://www.digg.se/tdosanmalan", "NO": "https://www.uutilsynet.no"}
	privacyWatch = map[string]string{"SE": "https://www.imy.se", "NO": "https://www.datatilsynet.no"}
)

// country is one that these pages have words for, or "other".
func country(n *network.Network) string {
	if _, ok := accessWatch[n.Country]; ok {
		return n.Country
	}
	return "other"
}

func (p *room) accessibility(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	form := web.NewForm("page", r.URL.Query().Get("page"))
	return p.accessibilityPage(w, r, n, form)
}

func (p *room) accessibilityPage(w http.ResponseWriter, r *http.Request, n *network.Network, form *web.Form) int {
	l := p.pages.Words(r)
	faults, err := p.forum.PublicFaults(r.Context(), n.ID, 20)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	return p.pages.Render(w, r, web.Page{Name: "accessibility", Title: l.Must("access.title"), Form: form, Public: true, Status: form.Status(),
		Crumbs: crumb(l, n, l.Must("access.title"), ""), Data: map[string]any{
			"Form": form, "Name": say(l, n.Name), "Country": country(n), "Watch": accessWatch[n.Country], "Written": statement, "Faults": faults,
			"Thanks": number(r), "Action": home(n) + "/accessibility", "Zone": zoneOf(n),
		}})
}

// number is a case number in the address: what a page thanks for. It is shown and nothing is looked up by it.
func number(r *http.Request) string {
	v := r.URL.Query().Get("number")
	for _, c := range v {
		if c != '-' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') {
			return ""
		}
	}
	if len(v) > 20 {
		return ""
	}
	return v
}

func zoneOf(n *network.Network) *time.Location {
	z, err := time.LoadLocation(n.Zone)
	if err != nil {
		return time.UTC
	}
	return z
}

func (p *room) reportFault(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	return p.give(w, r, n, forum.AboutFault, "/accessibility", "#reported", p.accessibilityPage)
}

// give takes what somebody wrote to the secretariat, and leads back to the page with its number.
func (p *room) give(w http.ResponseWriter, r *http.Request, n *network.Network, kind forum.FeedbackKind, path, at string,
	again func(http.ResponseWriter, *http.Request, *network.Network, *web.Form) int,
) int {
	form, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	l := p.pages.Words(r)
	number, err := p.forum.GiveFeedback(r.Context(), actor(r), forum.Feedback{
		Root: n.ID, Kind: kind, Page: form.Get("page"), Text: form.Get("text"), Mail: form.Get("mail"), Lang: l.Code, From: web.Sender(r),
	})
	if err != nil {
		if form.Fault(l, err) {
			return again(w, r, n, form)
		}
		return p.pages.Fail(w, r, err)
	}
	return web.SeeOther(w, r, home(n)+path+"?number="+number+at)
}

func (p *room) privacy(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	l := p.pages.Words(r)
	return p.pages.Render(w, r, web.Page{Name: "privacy", Title: l.Must("privacy.title"), Public: true, Crumbs: crumb(l, n, l.Must("privacy.title"), ""),
		Data: map[string]any{"Name": say(l, n.Name), "Country": country(n), "Watch": privacyWatch[n.Country], "Home": home(n)}})
}

// staff is somebody in the secretariat.
type staff struct{ Name, Role string }

func (p *room) contact(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	return p.contactPage(w, r, n, web.NewForm())
}

func (p *room) contactPage(w http.ResponseWriter, r *http.Request, n *network.Network, form *web.Form) int {
	l := p.pages.Words(r)
	var people []staff
	err := p.network.Look(r.Context(), network.Actor{}, func(tx *storage.Tx, a network.Access) error {
		bodies, err := p.network.Bodies(r.Context(), tx, a, n.ID, n.ID)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(bodies, func(b network.Body) bool { return b.Kind == network.Secretariat })
		if i < 0 {
			return nil
		}
		seats, err := p.network.SeatsAt(r.Context(), tx, bodies[i].ID, storage.Micros(p.network.Now()))
		for _, s := range seats {
			if s.Name != "" {
				people = append(people, staff{s.Name, l.Must("front.role." + string(s.Role))})
			}
		}
		return err
	})
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	return p.pages.Render(w, r, web.Page{Name: "contact", Title: l.Must("contact.title"), Form: form, Public: true, Status: form.Status(),
		Crumbs: crumb(l, n, l.Must("contact.title"), ""), Data: map[string]any{"Form": form, "People": people, "Thanks": number(r), "Home": home(n)}})
}

func (p *room) ask(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	return p.give(w, r, n, forum.AboutQuestion, "/contact", "", p.contactPage)
}

// The list of feedback is read this many at a time.
const feedbackPage = 30

func (p *room) feedbackList(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	l := p.pages.Words(r)
	kind := forum.FeedbackKind(query(r, "kind", "question"))
	if kind == "" {
		kind = forum.AboutFault
	}
	var states []string
	for _, s := range forum.FeedbackStates {
		states = append(states, string(s))
	}
	state := query(r, "state", states...)
	list, err := p.forum.AllFeedback(r.Context(), actor(r), n.ID, kind, forum.FeedbackState(state), r.URL.Query().Get("before"), feedbackPage)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	more := ""
	if len(list) == feedbackPage {
		more = with(r, "before", list[len(list)-1].ID)
	}
	return p.pages.Render(w, r, web.Page{Name: "feedback-list", Title: l.Must("reports.title"), Crumbs: crumb(l, n, l.Must("reports.title"), ""),
		Data: map[string]any{"List": list, "Kind": kind, "State": state, "States": states, "More": more, "Home": home(n), "Zone": zoneOf(n), "Here": r.URL.Path}})
}

func (p *room) feedback(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	return p.feedbackOne(w, r, n, nil)
}

func (p *room) feedbackOne(w http.ResponseWriter, r *http.Request, n *network.Network, form *web.Form) int {
	l := p.pages.Words(r)
	f, err := p.forum.FeedbackOf(r.Context(), actor(r), n.ID, r.PathValue("feedback"))
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	clash := form != nil && form.Status() == http.StatusConflict
	if form == nil {
		form = web.NewForm("state", string(f.State), "answer", f.Answer)
	}
	form.Set("version", strconv.FormatInt(f.Version, 10))
	var states []web.Option
	for _, s := range forum.FeedbackStates {
		states = append(states, web.Option{Value: string(s), Text: l.Must("report.state." + string(s))})
	}
	return p.pages.Render(w, r, web.Page{Name: "feedback", Title: f.Case, Form: form, Status: form.Status(),
		Crumbs: crumb(l, n, l.Must("reports.title"), home(n)+"/feedback?kind="+string(f.Kind), f.Case, ""),
		Data:   map[string]any{"Form": form, "F": f, "States": states, "Zone": zoneOf(n), "Clash": clash, "Saved": r.URL.Query().Has("saved")}})
}

func (p *room) answerFeedback(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	form, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	version, ok := form.Int("version")
	if !ok {
		return p.pages.Fail(w, r, fault.New(fault.Invalid, "no version is given").Say("web.form"))
	}
	err = p.forum.AnswerFeedback(r.Context(), actor(r), n.ID, r.PathValue("feedback"), forum.FeedbackState(form.Get("state")), form.Get("answer"), int64(version))
	if err != nil {
		if form.Fault(p.pages.Words(r), err) {
			return p.feedbackOne(w, r, n, form)
		}
		return p.pages.Fail(w, r, err)
	}
	return web.SeeOther(w, r, home(n)+"/feedback/"+r.PathValue("feedback")+"?saved")
}
