package demo

import (
	"context"
	"errors"
	"net/url"
	"path/filepath"
	"slices"
	"sync"
	"time"

	answerweb "github.com/samverk/samverk/answer/web"
	"github.com/samverk/samverk/app"
	"github.com/samverk/samverk/consent"
	consentweb "github.com/samverk/samverk/consent/web"
	"github.com/samverk/samverk/fault"
)

const (
	regionsName = "regions" // the folder of the regions' nodes
	nationName  = "national"
	nationTitle = "Nationella noden" //nolint:misspell // Swedish
)

// dir is where a region's node is, in the demonstration's directory.
func (r region) dir(of string) string { return filepath.Join(of, regionsName, r.name) }

// obey has each region make a standing rule, before anything is put in force: it adopts what the network's group decides.
func obey(ctx context.Context, dir string, m mark) error {
	var all nodes
	for _, r := range regions {
		all = append(all, &regional{region: r, dir: r.dir(dir), mark: m})
	}
	return all.each(func(r *regional) error {
		return app.With(ctx, r.dir, "samverk demo", nil, func(c *app.Client) error {
			node, err := c.Own(ctx)
			if err != nil {
				return err
			}
			rooms, err := node.Rooms(ctx)
			if err != nil {
				return err
			}
			err = rooms.Policies.SetStanding(ctx, operator, string(m.Sharing.Root), string(m.Sharing.Body), true, ground)
			return errors.Join(err, rooms.Close())
		})
	})
}

// regional is a region's node in this process.
type regional struct {
	region
	dir    string
	client *app.Client
	mark   mark

	mu     sync.Mutex
	url    string  // where it is served, also while it is cut off
	served *served // nil while it is cut off
}

// nodes are the regions' nodes.
type nodes []*regional

// open opens the regions' nodes and serves each at an address of its own, all at once.
func open(ctx context.Context, dir string, m mark) (all nodes, err error) {
	for _, r := range regions {
		all = append(all, &regional{region: r, dir: r.dir(dir), mark: m})
	}
	err = all.each(func(r *regional) (err error) {
		if r.client, err = app.Connect(ctx, r.dir, "samverk demo", nil); err != nil {
			return err
		}
		if _, err = r.client.Own(ctx); err == nil {
			self, _ := r.self(ctx) // at first it is nobody
			r.url = self.URL
			err = r.connect(ctx)
		}
		return err
	})
	if err != nil {
		err = errors.Join(err, all.close())
	}
	return all, err
}

// each calls f for all regions at once.
func (all nodes) each(f func(*regional) error) error {
	errs := make([]error, len(all))
	var under sync.WaitGroup
	for i, r := range all {
		under.Go(func() { errs[i] = f(r) })
	}
	under.Wait()
	return errors.Join(errs...)
}

// close ends serving, and gives the directories up.
func (all nodes) close() error {
	return all.each(func(r *regional) error {
		err := r.cut()
		if r.client != nil {
			err = errors.Join(err, r.client.Close())
		}
		return err
	})
}

// called finds a region.
func (all nodes) called(name string) *regional {
	if i := slices.IndexFunc(all, func(r *regional) bool { return r.name == name }); i >= 0 {
		return all[i]
	}
	return nil
}

// obeys tells whether the region follows a decision of the network.
func (r *regional) obeys(ctx context.Context, number string) (yes bool, err error) {
	_, err = app.ListPolicies.Call(ctx, r.client, app.None{}, app.Sink[app.Policy]{Item: func(p app.Policy) error {
		yes = yes || p.State == "force" && p.Decision == number && p.Of == string(r.mark.Sharing.Root)
		return nil
	}})
	return yes, err
}

// follow waits until all regions obey a decision.
func (all nodes) follow(ctx context.Context, number string) error {
	return all.each(func(r *regional) error {
		return wait(ctx, r.title+" doesn't obey decision "+number, func(ctx context.Context) (bool, error) { return r.obeys(ctx, number) })
	})
}

// self is who the region is among nodes.
func (r *regional) self(ctx context.Context) (app.NodeSelf, error) {
	return app.NodePeers.Call(ctx, r.client, app.None{}, app.Sink[app.NodePeer]{Item: func(app.NodePeer) error { return nil }})
}

// connect serves the region, where it was before if it was. It returns when it can be reached.
func (r *regional) connect(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.served != nil {
		return nil
	}
	addr := anyPort
	if u, err := url.Parse(r.url); err == nil && u.Host != "" {
		addr = u.Host
	}
	s, err := serve(ctx, r.client, app.ServeOptions{Addr: addr, Site: r.site()})
	if fault.KindOf(err) == fault.Unavailable && addr != anyPort { // another program has the port
		s, err = serve(ctx, r.client, app.ServeOptions{Addr: anyPort, Site: r.site()})
	}
	if err != nil {
		return err
	}
	r.url, r.served = s.url, s
	_, err = app.NodeInit.Call(ctx, r.client, app.NodeNew{Name: r.name, Title: r.title, URL: s.url}, app.Sink[app.None]{})
	return err
}

// cut cuts the region off: nothing comes to it and nothing goes from it, as when its line is down.
func (r *regional) cut() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.served == nil {
		return nil
	}
	s := r.served
	r.served = nil
	return s.stop()
}

// at is where the region's pages are.
func (r *regional) at() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.url
}

// isCut tells whether the region is cut off.
func (r *regional) isCut() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.served == nil
}

// served is a node that is served.
type served struct {
	url    string
	cancel context.CancelFunc
	ended  chan struct{}
	err    error // once it has ended
}

// serve serves a node. It returns when the node can be reached.
func serve(ctx context.Context, c *app.Client, o app.ServeOptions) (*served, error) {
	ctx, cancel := context.WithCancel(ctx)
	s := &served{cancel: cancel, ended: make(chan struct{})}
	listening := make(chan string, 1)
	o.Listening = func(url string) { listening <- url }
	go func() {
		defer close(s.ended)
		s.err = app.Serve(ctx, c, o)
	}()
	select {
	case s.url = <-listening:
		return s, nil
	case <-s.ended:
		cancel()
		return nil, s.err
	}
}

// stop ends serving.
func (s *served) stop() error {
	s.cancel()
	<-s.ended
	return s.err
}

// site is what a region's pages show of the demonstration.
func (r *regional) site() app.SiteOptions {
	s := app.SiteOptions{Options: answerweb.Options{Demo: true, Examples: examples(r.mark.Story)}}
	if r.mark.Story.Region == r.name {
		s.Patients = []consentweb.Persona{{Individual: r.mark.Story.Individual, Name: patientCalled, Is: consent.Text{
			"sv": "Patient. Hon bär varianten i genomgången.",
			"nb": "Pasient. Hun bærer varianten i gjennomgangen.",
			"en": "A patient. She carries the variant of the walk.",
		}}}
	}
	return s
}

// join lets the regions and the national node know each other, by the calls that their operators would use. What they know of each other already stays.
func (all nodes) join(ctx context.Context, national *app.Client, url string) error {
	if _, err := app.NodeInit.Call(ctx, national, app.NodeNew{Name: nationName, Title: nationTitle, URL: url, Networks: true}, app.Sink[app.None]{}); err != nil {
		return err
	}
	known := map[string]string{}
	_, err := app.NodePeers.Call(ctx, national, app.None{}, app.Sink[app.NodePeer]{Item: func(p app.NodePeer) error { known[p.Name] = p.State; return nil }})
	if err != nil {
		return err
	}
	var fresh nodes
	for _, r := range all {
		if known[r.name] == "approved" {
			continue
		}
		if err := r.join(ctx, national); err != nil {
			return err
		}
		fresh = append(fresh, r)
	}
	return fresh.each(func(r *regional) error { return r.form(ctx) })
}

// join is what the region's operator and the national node's do. The region believes what that node signs for its networks.
func (r *regional) join(ctx context.Context, national *app.Client) error {
	in, err := app.NodeInvite.Call(ctx, national, app.None{}, app.Sink[app.None]{})
	if err != nil {
		return err
	}
	if _, err := app.NodeJoin.Call(ctx, r.client, app.NodeJoining{Invitation: in.Invitation, Trust: true}, app.Sink[app.None]{}); err != nil {
		return err
	}
	self, err := r.self(ctx)
	if err != nil {
		return err
	}
	if _, err := app.NodeApprove.Call(ctx, national, app.NodeApproval{Name: r.name, Key: self.Fingerprint}, app.Sink[app.None]{}); err != nil {
		return err
	}
	_, err = app.NodeTrust.Call(ctx, r.client, app.NodeTrusting{Name: nationName}, app.Sink[app.None]{})
	return err
}

// form has the region ask its patients by the form of consent that it is given. It was decided before the region's standing rule, so that is an act
// of its own.
func (r *regional) form(ctx context.Context) error {
	node, err := r.client.Own(ctx)
	if err != nil {
		return err
	}
	rooms, err := node.Rooms(ctx)
	if err != nil {
		return err
	}
	return errors.Join(wait(ctx, r.title+" was given no form of consent", rooms.AdoptForm), rooms.Close())
}

// wait asks again and again until it is so.
func wait(ctx context.Context, otherwise string, so func(context.Context) (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		yes, err := so(ctx)
		if yes || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fault.New(fault.Unavailable, "%s", otherwise)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// patience is how long the regions may take to hear of something: a decision, or that one of them is there again.
const patience = 30 * time.Second

// beneath is which of the national network's regional networks a region sits in, by its short name, where that isn't the region's own.
var beneath = map[string]string{"umea": "norr", "linkoping": "sydost", "goteborg": "vast", "lund": "syd"}
