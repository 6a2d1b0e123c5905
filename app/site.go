package app

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"time"

	accountweb "github.com/samverk/samverk/account/web"
	answerweb "github.com/samverk/samverk/answer/web"
	consentweb "github.com/samverk/samverk/consent/web"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/forum"
	forumweb "github.com/samverk/samverk/forum/web"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/ledger"
	"github.com/samverk/samverk/mandate/carried"
	"github.com/samverk/samverk/network"
	networkweb "github.com/samverk/samverk/network/web"
	noticeweb "github.com/samverk/samverk/notice/web"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/policy/attack"
	policyweb "github.com/samverk/samverk/policy/web"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
)

// SiteOptions are what the pages show beside the node: examples, and in a demonstration its walk and its people.
type SiteOptions struct {
	answerweb.Options
	As       []accountweb.Persona // whom anybody may sign in as, in a demonstration
	Patients []consentweb.Persona // and as which patients

	More func(*route.Table, *web.Site) error // further pages: the demonstration's walk
}

// site is everything the node answers over HTTP, and what it does of itself while it serves.
type site struct {
	commons  Commons
	table    *route.Table
	log      *slog.Logger
	enactor  *enactor
	node     *Node
	policies *policyweb.Room
	asks     *answerweb.Room
	rooms    []actionRoom
	carry    func(context.Context) error
}

// powers remembers what budgets give away, which follows from a budget alone and takes a while to measure: all sites of the process share it.
var powers attack.Memory

// site opens the rooms that serving needs. base is what links begin with.
func (n *Node) site(ctx context.Context, o ServeOptions, base string) (s *site, err error) {
	s = &site{log: slog.Default(), node: n, carry: n.carryAll}
	demo := o.Site.Demo || len(o.Site.As) > 0
	if s.commons, err = OpenCommons(ctx, n.db, n.dir, n.settings, CommonsOptions{URL: base, Demo: demo, Decided: n.nudge}); err != nil {
		return nil, err
	}
	n.serving.Store(&s.commons)
	s.enactor = &enactor{node: n, errands: carried.Open(n.db), commons: s.commons, log: s.log}
	frame, err := web.New(web.Options{Name: n.settings.Region, Demo: demo, Secure: o.public(), Log: s.log, Empty: n.empty, Bare: func() bool { return n.regions() != nil && !n.holds() }})
	if err != nil {
		return nil, errors.Join(err, s.commons.Close())
	}
	if err := s.register(n, frame, o, base); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *site) register(n *Node, frame *web.Site, o ServeOptions, base string) error {
	c := s.commons
	as := slices.Clone(o.Site.As)
	for _, one := range o.Site.Patients {
		as = append(as, accountweb.Persona{Patient: one.Individual, Name: one.Name, Is: network.Text{SV: one.Is["sv"], NB: one.Is["nb"], EN: one.Is["en"]}})
	}
	accounts, err := accountweb.New(frame, c.Accounts, accountweb.Options{Proxy: o.Proxy, As: as, Programs: s.programs(n, base),
		Note: func(err error) { s.log.Info("a visa was passed over", "error", err) }})
	if err != nil {
		return err
	}
	s.table = route.NewTable(route.Options{
		Hosts: hosts(base), Public: o.public(), Refused: s.foreign(n, base, frame.CrossOrigin()),
		Wrap: accounts.Wrap, SignIn: frame.SignIn,
		SignedIn: func(r *http.Request) bool { return web.ViewerOf(r).Person != "" },
	})
	frame.Register(s.table)
	accounts.Register(s.table)
	feeds, err := forumweb.BodyFeeds(frame, c.Networks)
	if err != nil {
		return err
	}
	if err := networkweb.Register(s.table, frame, c.Networks, c.Accounts, networkweb.Options{Meetings: s.meetings, Feeds: feeds}); err != nil {
		return err
	}
	s.policies, err = policyweb.Register(s.table, frame, n.policies, c.Networks, policyweb.Options{Topic: s.topic, Forms: s.waitingForms, EnactForm: s.enactForm, Elsewhere: n.elsewhere, Decision: n.decisionAt, Powers: &powers, Steward: n.stewardAt})
	if err != nil {
		return err
	}
	if err := forumweb.Register(s.table, frame, c.Forum, c.Networks, c.Accounts, forumweb.Options{Drafts: s.drafts, Became: s.became, Makes: s.makes, Waits: s.waits, Answers: s.answers}); err != nil {
		return err
	}
	if err := noticeweb.Register(s.table, frame, c.Notices, c.Networks); err != nil {
		return err
	}
	if err := s.actions(frame); err != nil {
		return err
	}
	if err := s.patients(n, frame, o, base); err != nil {
		return err
	}
	if err := s.uses(n, frame, base); err != nil {
		return err
	}
	if o.Site.More != nil {
		if err := o.Site.More(s.table, frame); err != nil {
			return err
		}
	}
	if err := s.peers(n, frame); err != nil {
		return err
	}
	if err := s.nation(n, frame); err != nil {
		return err
	}
	return s.desk(n, frame, o, base)
}

// close ends what is under way for people.
func (s *site) close() error {
	var err error
	if s.asks != nil {
		err = s.asks.Close()
	}
	return errors.Join(err, s.commons.Close())
}

// patients are the pages of whom data are about, and of the forms they are asked by.
func (s *site) patients(n *Node, frame *web.Site, o ServeOptions, base string) error {
	providers, required, err := n.settings.Patients.providers()
	if err != nil {
		return err
	}
	tree := s.commons.Networks.Tree
	log := consentweb.Log{Ledger: n.ledger, Index: n.index, Counted: n.counted}
	return consentweb.Register(s.table, frame, n.consents, n.people, consentweb.Options{
		DB: n.db, URL: base, Secure: o.public(), Region: n.settings.Region, Phone: n.settings.Patients.Phone, Regions: n.patientsAt,
		Providers: providers, Level: required, As: o.Site.Patients,
		Uses: log.Uses, Prove: log.Prove, FHIR: n.bundle,
		Steward:      func(r *http.Request) bool { _, ok := n.steward(r); return ok },
		Looked:       n.looked,
		Organisation: s.organisation,
		Decision: func(d consentweb.Decision) string {
			if d.ID == "" {
				d.ID = n.decided(d)
			}
			at, ok := rootOf(tree(), d.Network)
			if !ok || d.ID == "" {
				return ""
			}
			return "/n/" + at.Slug + "/decisions/" + d.ID
		},
		Network: func(lang, slug string) (*web.Network, string, bool) {
			root, ok := tree().Root(slug)
			if !ok {
				return nil, "", false
			}
			name, _ := root.Name.In(lang)
			return &web.Network{Slug: root.Slug, Name: name}, root.Country, true
		},
		Editor: func(r *http.Request, slug string) (yes bool) {
			root, ok := tree().Root(slug)
			err := s.commons.Networks.Look(r.Context(), network.Actor{Person: network.PersonID(web.ViewerOf(r).Person)}, func(_ *storage.Tx, a network.Access) error {
				yes = ok && a.Coordinates(root.ID)
				return nil
			})
			return yes && err == nil
		},
	})
}

// decided finds the id of a decision that put a policy in force here, by what the ledger names it by.
func (n *Node) decided(d consentweb.Decision) string {
	for _, a := range n.policies.History() {
		if a.Signed == nil {
			continue
		}
		if m := a.Signed.Mandate; m.Network == d.Network && m.Body == d.Body && m.Number == d.Number {
			return m.Decision
		}
	}
	return ""
}

// steward gives the assignment by which whoever asks sees to this node's data.
func (n *Node) steward(r *http.Request) (policy.Assignment, bool) {
	a, ok, err := n.policies.Steward(r.Context(), web.ViewerOf(r).Person)
	return a, ok && err == nil
}

// whose tells somebody who is a steward somewhere why they are none of this node, where it isn't set whose it is.
func (n *Node) whose(r *http.Request) error {
	held, err := n.policies.Held(r.Context(), web.ViewerOf(r).Person)
	if err != nil || !slices.ContainsFunc(held, func(a policy.Assignment) bool { return a.Role == policy.Steward }) {
		return err
	}
	return n.policies.Whose()
}

// looked records that a steward looks at an individual, before they do.
func (n *Node) looked(r *http.Request, who individual.Number, why string) error {
	as, ok := n.steward(r)
	if !ok {
		return policy.Denied()
	}
	_, err := n.accesses.Append(r.Context(), ledger.Leaf{Kind: ledger.Access, Organisation: as.Organisation, Role: as.Role},
		ledger.AccessRecord{Person: as.Person, Organisation: as.Organisation, Individual: &who, Question: "consents", Why: why})
	return err
}

// meetings tells a body's page which meetings it has next.
func (s *site) meetings(ctx context.Context, who network.Actor, body network.BodyID) (out []networkweb.Meeting, err error) {
	all, err := s.commons.Forum.Meetings(ctx, who, forum.MeetingFilter{Body: body, From: s.commons.Networks.Now(), Limit: 5})
	for _, m := range all {
		if n, ok := s.commons.Networks.Tree().Network(m.Root); ok {
			out = append(out, networkweb.Meeting{At: m.Starts, Title: m.Title, Link: "/n/" + n.Slug + "/meetings/" + string(m.ID)})
		}
	}
	return out, err
}

// hosts is the name in the server's address.
func hosts(base string) []string {
	u, err := url.Parse(base)
	if err != nil {
		return nil
	}
	return []string{u.Hostname()}
}

// first tells where the first account is made, while there is none.
func (s *site) first(ctx context.Context, tell func(url string)) error {
	if tell == nil {
		return nil
	}
	begun, err := s.commons.Accounts.Begun(ctx)
	if err != nil || begun {
		return err
	}
	link, err := s.commons.Accounts.FirstOperator(ctx)
	if err == nil {
		tell(link)
	}
	return err
}

// tendEvery is how often what has come due is looked for.
const tendEvery = 5 * time.Minute

// tend sends mail and does what time itself has to do, until ctx ends.
func (s *site) tend(ctx context.Context) {
	sent := make(chan struct{}) // a mail under way is finished before the database closes
	go func() { defer close(sent); s.commons.Notices.Run(ctx) }()
	done := make(chan struct{})
	go func() { defer close(done); s.enactor.run(ctx) }()
	told := make(chan struct{})
	go func() { defer close(told); s.node.nodes.Run(ctx) }()
	tells := make(chan struct{})
	go func() { defer close(tells); s.node.published.Run(ctx) }()
	claims := make(chan struct{})
	go func() { defer close(claims); s.node.home.Run(ctx) }()
	defer func() { <-sent; <-done; <-told; <-tells; <-claims }()
	tick := time.NewTicker(tendEvery)
	defer tick.Stop()
	for {
		for what, do := range map[string]func(context.Context) error{
			"sessions and tokens": s.commons.Accounts.Sweep,
			"terms":               func(ctx context.Context) error { return s.commons.Networks.Remind(ctx, network.Clock()) },
			"topics":              s.commons.Forum.TopicsDue,
			"files":               s.commons.Forum.FilesDue,
			"evaluations":         s.commons.Toolbox.RoundsDue,
			"the ledger":          s.carry,
			"what is kept":        s.node.letGo,
			"what budgets tell":   s.measure,
			"what peers are told": func(ctx context.Context) error { return s.node.nodes.Tell(ctx, s.node.describe) },
			"meetings":            s.commons.Forum.MeetingsDue,
			"measures":            s.commons.Plans.Due,
			"courses":             s.commons.Learning.Due,
		} {
			if err := do(ctx); err != nil && ctx.Err() == nil {
				s.log.Error("what has come due was not seen to", "what", what, "error", err, "hint", fault.HintOf(err))
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
