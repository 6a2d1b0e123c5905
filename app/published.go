package app

import (
	"bytes"
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/federation"
	"github.com/samverk/samverk/federation/published"
	publishedweb "github.com/samverk/samverk/federation/published/web"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/ledger"
	"github.com/samverk/samverk/mandate"
	"github.com/samverk/samverk/mandate/carried"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/policy"
	policyweb "github.com/samverk/samverk/policy/web"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
)

// witnessName is the folder of the key that others' logs are cosigned with, and of what was seen of them. It is in no backup: what was seen is
// never older than the last look, and a node made from a backup makes itself a new key.
const witnessName = "witness"

// openWitness opens the key that peers' logs are cosigned with.
func (n *Node) openWitness() (err error) {
	log, _, _ := strings.Cut(n.ledger.PublicKey(), "+") // its name, which it keeps
	n.witness, err = ledger.NewWitness(filepath.Join(n.dir, witnessName), log+"/witness", n.db.Now, rand.Reader)
	if err != nil {
		return err
	}
	n.witnesses, err = ledger.NewWitnesses(n.db, n.ledger, n.settings.Witnesses)
	return err
}

// openPublished opens what goes between nodes without anybody asking.
func (n *Node) openPublished() (err error) {
	n.published, err = published.New(n.db, n.nodes, published.Options{Policies: n.policies, Forms: n.takeForm, Publish: n.publications, Network: n.settings.Network,
		Adopt: n.adoptGiven, Witness: n.witness, Witnesses: n.witnesses})
	return err
}

// met is what a hello leads to.
func (n *Node) met(ctx context.Context, p federation.Peer) {
	if n.published != nil {
		n.published.Met(ctx, p)
	}
}

// adoptGiven adopts, by the node's standing rules, what peers gave, and tells whether anything was.
func (n *Node) adoptGiven(ctx context.Context) (did bool) {
	n.giving.Lock() // what came twice is adopted once
	defer n.giving.Unlock()
	adopted, err := n.policies.AdoptStanding(ctx)
	forms, ferr := n.adoptForms(ctx)
	if err = errors.Join(err, ferr); err != nil && ctx.Err() == nil {
		slog.Error("what decisions put in force wasn't adopted", "error", err, "hint", fault.HintOf(err))
	}
	if did = len(adopted) > 0 || forms; did {
		n.carry(ctx)
	}
	return did
}

// takeForm keeps a form that a network's node gave. That its decision put it in force is verified.
func (n *Node) takeForm(ctx context.Context, tx *storage.Tx, f published.SignedForm) error {
	form, err := consent.ParseForm(f.Form)
	if err != nil {
		return err
	}
	digest, err := n.consents.Draft(ctx, tx, consent.Actor(f.Mandate.Network), form)
	if err == nil && digest != f.Digest {
		err = fault.New(fault.Denied, "it is another form than its decision names").Say("policy.signature")
	}
	return err
}

// givenForms lists the forms that peers gave and that are not in force here.
func (n *Node) givenForms(ctx context.Context) (out []published.SignedForm, err error) {
	all, err := n.published.Forms(ctx)
	enacted := n.consents.Enacted()
	for _, f := range all {
		if !slices.ContainsFunc(enacted, func(e *consent.Enacted) bool {
			return e.Digest == f.Digest || e.Mandate.Network == f.Mandate.Network && e.Mandate.InForce.After(f.Mandate.InForce)
		}) {
			out = append(out, f)
		}
	}
	return out, err
}

// adoptForms puts in force the newest form that was given, where a standing rule adopts what its body decides.
func (n *Node) adoptForms(ctx context.Context) (did bool, err error) {
	all, err := n.givenForms(ctx)
	if err != nil || len(all) == 0 {
		return false, err
	}
	rules, err := n.policies.Rules(ctx)
	if err != nil {
		return false, err
	}
	all = slices.DeleteFunc(all, func(f published.SignedForm) bool { return !policy.Ruled(rules, f.Mandate, f.Made) })
	if len(all) == 0 {
		return false, nil
	}
	newest := slices.MaxFunc(all, func(a, b published.SignedForm) int { return a.Mandate.InForce.Compare(b.Mandate.InForce) })
	return true, n.enactGiven(ctx, "standing rule", newest)
}

func (n *Node) enactGiven(ctx context.Context, by consent.Actor, f published.SignedForm) error {
	if err := n.stands(ctx, f.Mandate); err != nil {
		return err
	}
	return n.db.Write(ctx, func(tx *storage.Tx) error { return n.consents.Enact(ctx, tx, by, f.Mandate, f.Digest) })
}

// enactGivenForm puts a form that was given in force, by a steward's own act.
func (n *Node) enactGivenForm(ctx context.Context, person, decision, ref string) error {
	all, err := n.givenForms(ctx)
	if err != nil {
		return err
	}
	for _, f := range all {
		if f.Mandate.Decision == decision && strings.HasPrefix(f.Digest.String(), ref) && ref != "" {
			err := n.enactGiven(ctx, consent.Actor(person), f)
			if err == nil {
				n.carry(ctx)
			}
			return err
		}
	}
	return network.Absent()
}

// elsewhere are the networks of other nodes whose keys are trusted here.
func (n *Node) elsewhere() (out []policyweb.Elsewhere) {
	titles := map[string]string{}
	for _, p := range n.nodes.Peers() {
		for _, k := range p.Networks {
			if p.State != federation.Revoked {
				titles[k.Network] = p.Title
			}
		}
	}
	for _, k := range n.policies.Keys() {
		if !slices.ContainsFunc(out, func(x policyweb.Elsewhere) bool { return x.Network == k.Network }) {
			out = append(out, policyweb.Elsewhere{Network: k.Network, Name: func(string) string { return cmp.Or(titles[k.Network], k.Network) }})
		}
	}
	return out
}

// elsewhereAs are the networks of another node by the node's name, or one by its id; none where nobody is called so.
func (n *Node) elsewhereAs(name string) (ids []string) {
	if p, ok := n.nodes.Peer(name); ok && p.State != federation.Revoked {
		for _, k := range p.Networks {
			ids = append(ids, k.Network)
		}
		return ids
	}
	if slices.ContainsFunc(n.elsewhere(), func(x policyweb.Elsewhere) bool { return x.Network == name }) {
		ids = append(ids, name)
	}
	return ids
}

// decisionAt is where a decision of a network elsewhere is read.
func (n *Node) decisionAt(ctx context.Context, of, id string) string {
	return cmp.Or(n.published.At(ctx, of, id), publishedweb.Path)
}

// empty tells of pages that there is nothing on now.
func (n *Node) empty(path string) bool { return path == publishedweb.Path && !n.published.Hears() }

// nation is the page of what a network's own node told this one.
func (s *site) nation(n *Node, frame *web.Site) error {
	first := func() *network.Network {
		if roots := s.commons.Networks.Tree().Roots(); len(roots) > 0 {
			return roots[0]
		}
		return nil
	}
	return publishedweb.Register(s.table, frame, publishedweb.Options{Published: n.published, Policies: n.policies, Now: n.db.Now,
		Zone: func() *time.Location {
			if root := first(); root != nil {
				return s.commons.Networks.Zone(root.ID)
			}
			return time.UTC
		},
		Adopt: func(r *http.Request) string {
			is, err := n.policies.IsSteward(r.Context(), policy.Actor{Person: web.ViewerOf(r).Person}, "")
			if root := first(); root != nil && is && err == nil {
				return "/n/" + root.Slug + "/policies/adopt"
			}
			return ""
		},
		Policy: func(p policy.Signed) string {
			root := first()
			if root == nil {
				return ""
			}
			return "/n/" + root.Slug + "/policies/" + p.Draft.Name + "/" + strconv.Itoa(p.Draft.Version) + "?of=" + url.QueryEscape(p.Mandate.Network)
		},
	})
}

// makeKeys makes the keys of the networks that are this node's own, so that others know by which their decisions are signed before the first is.
func (n *Node) makeKeys(ctx context.Context) error {
	networks, err := n.networks(ctx)
	if err != nil {
		return err
	}
	for _, root := range networks.Tree().Roots() {
		if !root.Closed.IsZero() {
			continue
		}
		if _, err := signer(n.dir, string(root.ID)); err != nil {
			return err
		}
	}
	return nil
}

// goodNetwork is a network's id as it may be in the name of a file.
var goodNetwork = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// trustNetworks believes what a peer signs for its networks, on the operator's word: from the keys it has told. They are kept like the node's own
// public keys.
func (n *Node) trustNetworks(ctx context.Context, name string) error {
	p, ok := n.nodes.Peer(name)
	if !ok {
		return fault.New(fault.NotFound, "no node is known as %.60q", name).Do("see 'samverk node peers'")
	}
	if p.State == federation.Revoked || p.State == federation.Asks {
		return fault.New(fault.Conflict, "%s isn't approved: %s", name, p.State).Do("compare its key and approve it first")
	}
	if len(p.Networks) == 0 {
		return fault.New(fault.Conflict, "%s is no network's own node, and signs no policies", name)
	}
	var keys []policy.Key
	for _, k := range p.Networks {
		if !goodNetwork.MatchString(k.Network) {
			return fault.New(fault.Invalid, "%.60q is no network's id", k.Network)
		}
		file := filepath.Join(n.dir, keysName, k.Network+"."+policy.KeyID(k.Key)+publicEnds)
		if err := makeDir(filepath.Dir(file)); err != nil {
			return err
		}
		if err := writeFile(file, []byte(hex.EncodeToString(k.Key)+"\n")); err != nil {
			return err
		}
		if err := os.Remove(retiredFile(file)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return cannotWrite(file, err)
		}
		keys = append(keys, policy.Key{Network: k.Network, Public: ed25519.PublicKey(k.Key)})
	}
	if err := n.policies.Trust(ctx, keys...); err != nil {
		return err
	}
	return n.published.Trust(ctx, name)
}

// revoke shuts a peer out. If it was believed about its networks, it isn't any more, nor are their keys: what was signed with one that was stolen could be
// handed on by others. What was adopted holds until its end.
func (n *Node) revoke(ctx context.Context, name, why string) error {
	p, _ := n.nodes.Peer(name)
	if err := n.nodes.Revoke(ctx, name, why); err != nil {
		return err
	}
	trusted, err := n.published.Trusts(ctx, name)
	if err != nil || !trusted {
		return err
	}
	own := n.networkKeys()
	var keys []policy.Key
	for _, k := range p.Networks {
		if slices.ContainsFunc(own, func(x federation.NetworkKey) bool { return bytes.Equal(x.Key, k.Key) }) || !goodNetwork.MatchString(k.Network) {
			continue
		}
		file := filepath.Join(n.dir, keysName, k.Network+"."+policy.KeyID(k.Key)+publicEnds)
		if err := makeDir(filepath.Dir(file)); err != nil {
			return err
		}
		if err := writeFile(retiredFile(file), []byte(hex.EncodeToString(k.Key)+"\n")); err != nil {
			return err
		}
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return cannotWrite(file, err)
		}
		keys = append(keys, policy.Key{Network: k.Network, Public: ed25519.PublicKey(k.Key)})
	}
	if err := n.policies.Retire(ctx, keys...); err != nil {
		return err
	}
	return n.published.Distrust(ctx, name) // last: what failed before is done when it is revoked again
}

func retiredFile(public string) string { return strings.TrimSuffix(public, publicEnds) + retiredEnds }

// mostPublished is how many decisions, and how many lifted topics, of a network are told.
const mostPublished = 500

// publications are what this node tells others: what its networks' decisions put in force, and what everybody may read on its site.
func (n *Node) publications(ctx context.Context) (out []published.Publication, err error) {
	c := n.serving.Load()
	self, ok := n.nodes.Self()
	if c == nil || !ok || len(self.Networks) == 0 {
		return nil, nil
	}
	p := &publisher{node: n, commons: c}
	for _, k := range self.Networks {
		p.own = append(p.own, k.Network)
	}
	if err := errors.Join(p.policies(ctx), p.forms(ctx)); err != nil {
		return nil, err
	}
	for _, root := range c.Networks.Tree().Roots() {
		if root.Closed.IsZero() && slices.Contains(p.own, string(root.ID)) {
			if err := errors.Join(p.decisions(ctx, root), p.lifts(ctx, root)); err != nil {
				return nil, err
			}
		}
	}
	return p.out, nil
}

// publisher gathers what is told.
type publisher struct {
	node    *Node
	commons *Commons
	own     []string // the networks that it is told of
	out     []published.Publication
}

// everybody reads as anybody does.
var everybody = network.Actor{}

func (p *publisher) add(kind published.Kind, id, of, country string, body []byte) {
	p.out = append(p.out, published.Publication{Kind: kind, ID: id, Body: string(body), For: of, In: country})
}

// region is the short name of the network right beneath the root that one belongs to; "" for the root itself, and for one that isn't known.
func (p *publisher) region(id string) string {
	up := p.commons.Networks.Tree().Up(network.ID(id))
	if len(up) < 2 {
		return ""
	}
	return up[len(up)-2].Slug
}

func (p *publisher) policies(ctx context.Context) error {
	known, err := p.node.policies.Known(ctx, p.own...)
	if err != nil {
		return err
	}
	for _, k := range known {
		if k.Fault != nil {
			continue
		}
		b, err := mandate.Canonical(k.Signed)
		if err != nil {
			return err
		}
		p.add(published.Policy, k.Digest.String(), p.region(k.Signed.Mandate.Network), k.Signed.Draft.Country, b)
	}
	return nil
}

// forms are those that decisions put in force, whether or not this node has adopted them.
func (p *publisher) forms(ctx context.Context) error {
	mandates := map[mandate.Digest]mandate.Mandate{}
	for _, e := range p.node.consents.Enacted() {
		mandates[e.Digest] = e.Mandate
	}
	c := &enactor{node: p.node, errands: carried.Open(p.node.db), commons: *p.commons, log: slog.Default()}
	waiting, err := c.errands.Waiting(ctx)
	if err != nil {
		return err
	}
	for _, e := range waiting {
		if e.Kind != mandate.Form || e.Why == nil || e.Why.Code != codeAdopt {
			continue
		}
		d, err := c.decision(ctx, e)
		if err != nil {
			return err
		}
		if mandates[e.Digest], err = c.mandateOf(ctx, d); err != nil {
			return err
		}
	}
	for digest, m := range mandates {
		if !slices.Contains(p.own, m.Network) {
			continue
		}
		if err := p.form(ctx, digest, m); err != nil {
			return err
		}
	}
	return nil
}

func (p *publisher) form(ctx context.Context, digest mandate.Digest, m mandate.Mandate) error {
	d, err := p.node.consents.FormOf(ctx, digest)
	if err != nil {
		return err
	}
	by, err := signer(p.node.dir, m.Network)
	if err != nil {
		return err
	}
	text, err := mandate.Canonical(d.Form)
	if err != nil {
		return err
	}
	f, err := published.SignForm(text, digest, m, by, m.InForce) // signed alike each time
	if err != nil {
		return err
	}
	b, err := mandate.Canonical(f)
	if err == nil {
		p.add(published.Form, digest.String(), p.region(m.Network), d.Country, b)
	}
	return err
}

func nameOf(t network.Text) published.Name {
	n := published.Name{}
	for code, s := range map[string]string{"sv": t.SV, "nb": t.NB, "en": t.EN} {
		if s != "" {
			n[code] = s
		}
	}
	return n
}

// decisions are a network's own that everybody may read, the newest.
func (p *publisher) decisions(ctx context.Context, root *network.Network) error {
	all, err := p.commons.Forum.Decisions(ctx, everybody, forum.DecisionFilter{Root: root.ID, Limit: mostPublished})
	if err != nil {
		return err
	}
	numbers := map[forum.DecisionID]string{}
	for _, d := range all {
		numbers[d.ID] = d.Number
	}
	bodies := map[network.BodyID]published.Name{}
	return p.commons.Networks.Look(ctx, everybody, func(tx *storage.Tx, a network.Access) error {
		for _, d := range all {
			if d.Network != root.ID {
				continue
			}
			if _, ok := bodies[d.Body]; !ok {
				b, err := p.commons.Networks.Body(ctx, tx, d.Body)
				if err != nil {
					return err
				}
				if bodies[d.Body] = nil; a.Sees(b.Scope()) {
					bodies[d.Body] = nameOf(b.Name)
				}
			}
			x := published.Decided{Number: d.Number, Network: string(d.Network), Of: nameOf(root.Name), Body: bodies[d.Body], Title: d.Title, Lang: d.Lang, Recommends: !d.Binds(), Taken: d.Taken.UTC(),
				InForce: d.InForce.UTC(), Until: d.Until.UTC(), By: numbers[d.SupersededBy], Path: "/n/" + root.Slug + "/decisions/" + string(d.ID)}
			text, err := json.Marshal(x)
			if err != nil {
				return err
			}
			p.add(published.Decision, string(d.ID), "", root.Country, text)
		}
		return nil
	})
}

// lifts are what regions lifted to a network, where everybody may read both topics.
func (p *publisher) lifts(ctx context.Context, root *network.Network) error {
	all, err := p.commons.Forum.LiftedLately(ctx, everybody, root.ID, mostPublished)
	for _, l := range all {
		of := p.region(string(l.To))
		if l.At != root.ID || of == "" {
			continue
		}
		from, _ := p.commons.Networks.Tree().Network(l.To)
		x := published.Lifted{Title: l.Title, Lang: l.Lang, From: nameOf(from.Name), To: nameOf(l.ByName), State: string(l.State), Lifted: l.Lifted.UTC(), Due: l.Due.UTC(),
			Answer: string(l.Answer), Answered: l.Answered.UTC(), Reason: l.Reason, Delay: l.Delay, Path: "/n/" + root.Slug + "/topics/" + string(l.Link)}
		if l.ToBody != (network.Text{}) {
			x.From = nameOf(l.ToBody)
		}
		text, err := json.Marshal(x)
		if err != nil {
			return err
		}
		p.add(published.Lift, string(l.ID), of, root.Country, text)
	}
	return err
}
