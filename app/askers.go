package app

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/samverk/samverk/account/openid"
	accountweb "github.com/samverk/samverk/account/web"
	"github.com/samverk/samverk/answer"
	answerweb "github.com/samverk/samverk/answer/web"
	"github.com/samverk/samverk/api/beacon"
	"github.com/samverk/samverk/api/open"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
)

// annotatingName is the folder of what is annotated, which holds nothing when nobody is served.
const annotatingName = "annotating"

// desk puts the pages and the interfaces of the desk into the table.
func (s *site) desk(n *Node, frame *web.Site, o ServeOptions, base string) (err error) {
	who := askers{node: n, networks: s.commons.Networks, public: o.public(), datasets: beacon.DatasetAt(base)}
	callers := func(r *http.Request) ([]answer.Asker, error) { return who.of(r, "en") }
	if err := open.Register(s.table, n.desk, open.Options{Log: s.log, Askers: callers, Site: frame}); err != nil {
		return err
	}
	pages := o.Site.Options
	pages.Askers, pages.Stewards, pages.Knowers, pages.Named = who.of, who.stewards, who.knowers, who.named
	pages.Nation = who.together()
	pages.Dir, pages.Secure = filepath.Join(n.dir, annotatingName), o.public()
	if pages.Genes, err = n.settings.genes(); err != nil {
		return err
	}
	of := n.beacon(base)
	of.Demo, of.Askers, of.Genes, of.Log = pages.Demo, callers, pages.Genes, s.log
	node, nation := beacon.Own(n.desk), beacon.Nation(n.nation, n.nodes)
	beacon.Register(s.table, func() beacon.Answering {
		if !n.holds() && len(n.nation.Nodes()) > 0 { // it has nothing of its own to say, and others to ask
			return nation
		}
		return node
	}, of)
	of.Root, of.ID, of.Name = "/beacon/nation/v2", of.ID+".nation", "All regions, asked at "+of.Name
	beacon.Register(s.table, func() beacon.Answering { return nation }, of)
	s.asks, err = answerweb.Register(s.table, frame, n.desk, pages)
	return err
}

// beacon is what the node's Beacon says of itself.
func (n *Node) beacon(base string) beacon.Options {
	return beacon.Options{ID: beaconID(base), Name: n.settings.Region, URL: base, Software: software()}
}

// programs are where programs come, which bring an access token and no cookie.
func (s *site) programs(n *Node, base string) map[string]func(http.ResponseWriter, *http.Request, int, error) {
	note := func(err error) { s.log.Info("an access token was refused", "error", err) }
	return map[string]func(http.ResponseWriter, *http.Request, int, error){
		"/api/": func(w http.ResponseWriter, _ *http.Request, status int, err error) {
			note(err)
			open.Unknown(w, status)
		},
		"/beacon/": func(w http.ResponseWriter, _ *http.Request, status int, err error) {
			note(err)
			beacon.Unknown(w, n.beacon(base), status)
		},
	}
}

// foreign answers pages of other sites that would change something here: programs in their form, people with a page.
func (s *site) foreign(n *Node, base string, people http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/api/"):
			open.Foreign(w)
		case strings.HasPrefix(r.URL.Path, "/beacon/"):
			beacon.Foreign(w, n.beacon(base))
		default:
			people.ServeHTTP(w, r)
		}
	})
}

// beaconID is the server's name backwards, as Beacons are called; an address stays as it is.
func beaconID(base string) string {
	u, err := url.Parse(base)
	if err != nil || net.ParseIP(u.Hostname()) != nil {
		return "local.samverk"
	}
	parts := strings.Split(u.Hostname(), ".")
	slices.Reverse(parts)
	return strings.Join(parts, ".")
}

// genes reads the node's table of genes, if it has one.
func (s Settings) genes() (*variant.Genes, error) {
	if s.Genes == "" {
		return nil, nil
	}
	f, err := os.Open(s.Genes)
	if err != nil {
		return nil, cannotRead(s.Genes, err)
	}
	defer f.Close()
	return variant.ReadGenes(f, s.Genes)
}

// askers tells the desk's pages what only the network knows: as what people may ask, who gives assignments, and who knows what.
type askers struct {
	node     *Node
	networks *network.Registry
	public   bool
	datasets string // how the address of one of the node's datasets begins
}

// of lists as what whoever sends a request may ask. Who is signed in asks in their own assignments, and in nothing else. Nobody signed in is
// the operator where only this machine's users come, and elsewhere nobody that is known.
func (x askers) of(r *http.Request, lang string) ([]answer.Asker, error) {
	person := web.ViewerOf(r).Person
	if person == "" {
		return []answer.Asker{{Ask: policy.Ask{Operator: !x.public}}}, nil
	}
	held, err := x.node.policies.Held(r.Context(), person)
	if err != nil || len(held) == 0 {
		return nil, err
	}
	granted := openid.Granted(accountweb.Visas(r), x.datasets)
	out := make([]answer.Asker, len(held))
	return out, x.networks.Look(r.Context(), network.Actor{Person: network.PersonID(person)}, func(tx *storage.Tx, _ network.Access) error {
		for i, a := range held {
			out[i] = answer.Asker{Assignment: a.ID, Name: a.Organisation, Granted: granted, Ask: policy.Ask{
				Assignment: a.ID, Organisation: a.Organisation, Sector: a.Sector, Role: a.Role, Person: a.Person, SignedIn: true, Approval: a.Approval}}
			if err := x.place(r.Context(), tx, &out[i], lang); err != nil {
				return err
			}
		}
		return nil
	})
}

// place adds what follows from the asker's organisation: what it is called, the country that is asked from where that is another than the
// node's, and that industry asks for profit.
func (x askers) place(ctx context.Context, tx *storage.Tx, a *answer.Asker, lang string) error {
	a.Use.Commercial = a.Sector == string(network.Industry)
	o, err := x.networks.Organisation(ctx, tx, network.OrganisationID(a.Organisation))
	if err != nil {
		if fault.KindOf(err) == fault.NotFound {
			return nil // an organisation that no network here has
		}
		return err
	}
	a.Name, _ = o.Name.In(lang)
	if root, ok := x.networks.Tree().Network(o.Root); ok && x.node.policies.Country() != "" && root.Country != x.node.policies.Country() {
		a.Use.Country = root.Country
	}
	return nil
}

// stewards are who gives assignments here: those of the node's own organisation.
func (x askers) stewards(r *http.Request, _ string) (out []web.Link, err error) {
	all, err := x.node.policies.Assignments(r.Context(), x.node.policies.Own(), "")
	if err != nil {
		return nil, err
	}
	var people []network.PersonID
	for _, a := range all {
		if id := network.PersonID(a.Person); a.Role == policy.Steward && a.At(x.networks.Now()) && !slices.Contains(people, id) {
			people = append(people, id)
		}
	}
	err = x.networks.Look(r.Context(), actorOf(r), func(tx *storage.Tx, a network.Access) error {
		out = nil
		names, err := x.networks.Names(r.Context(), tx, people)
		for _, id := range people {
			if names[id] != "" {
				out = append(out, web.Link{Text: names[id], Href: x.home(a, id)})
			}
		}
		return err
	})
	return out, err
}

// home is a person's page in the first tenant of the reader's; it says itself who may see it.
func (x askers) home(a network.Access, id network.PersonID) string {
	for _, root := range x.networks.Tree().Roots() {
		if a.Registered(root.ID) {
			return "/n/" + root.Slug + "/people/" + string(id)
		}
	}
	return ""
}

// mostKnowers is how many are shown of a tenant.
const mostKnowers = 5

// knowers are the people of the reader's tenants, or of all that say so in public, who have written that they know about genes and diseases.
func (x askers) knowers(r *http.Request, genes, diseases []string) (out []answerweb.Knower, err error) {
	words := slices.Concat(genes, diseases)
	err = x.networks.Look(r.Context(), actorOf(r), func(tx *storage.Tx, a network.Access) error {
		out = nil
		for _, root := range x.networks.Tree().Roots() {
			if len(a.Roots()) > 0 && !a.Registered(root.ID) {
				continue
			}
			found, err := x.networks.WhoCanHelp(r.Context(), tx, actorOf(r), root.ID, words, mostKnowers)
			if err != nil {
				return err
			}
			for _, h := range found {
				out = append(out, knower(root, h))
			}
		}
		return nil
	})
	return out, err
}

func knower(root *network.Network, h network.Helper) answerweb.Knower {
	k := answerweb.Knower{Name: h.Name, Href: "/n/" + root.Slug + "/people/" + string(h.Person)}
	for _, seat := range h.Seats {
		if sector := string(seat.Sector); sector != "" && !slices.Contains(k.Sectors, sector) {
			k.Sectors = append(k.Sectors, sector)
		}
	}
	for _, why := range h.Reasons {
		if !slices.Contains(k.Knows, why.Item) {
			k.Knows = append(k.Knows, why.Item)
		}
	}
	return k
}

// named gives where the decision and the policy of a verdict can be read.
func (x askers) named(v policy.Verdict) (decision, page string) {
	root, ok := rootOf(x.networks.Tree(), v.Network)
	if !ok {
		return "", ""
	}
	at := "/n/" + root.Slug
	if v.Decision != "" {
		decision = at + "/decisions/" + v.Decision
	}
	if i := strings.LastIndexByte(v.Policy, '-'); i > 0 {
		if _, err := strconv.Atoi(v.Policy[i+1:]); err == nil {
			page = at + "/policies/" + v.Policy[:i] + "/" + v.Policy[i+1:]
		}
	}
	return decision, page
}

// rootOf finds the tenant of a network that a mandate names, by its address or its id.
func rootOf(tree *network.Tree, name string) (*network.Network, bool) {
	if root, ok := tree.Root(name); ok {
		return root, true
	}
	n, ok := tree.Network(network.ID(name))
	if !ok {
		return nil, false
	}
	return tree.Network(n.Root)
}

func actorOf(r *http.Request) network.Actor {
	return network.Actor{Person: network.PersonID(web.ViewerOf(r).Person)}
}
