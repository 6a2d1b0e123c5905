package demo

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/samverk/samverk/app"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/storage"
)

// sharing is where the demonstration's node stands in the network: whose it is, and which body decides what it answers.
type sharing struct {
	Slug     string                 `json:"slug"`
	Root     network.ID             `json:"root"`
	Body     network.BodyID         `json:"body"`
	Hospital network.OrganisationID `json:"hospital"`

	University network.OrganisationID `json:"university"` // where the researcher is
}

// approval is the number of the ethics committee's approval that the researcher has. Nobody gave it.
const approval = "Dnr 2026-00000-01 (påhittat)"

// group is the steering group, in which the demonstration acts as people do on the pages.
type group struct {
	app.Rooms
	sharing
	dir    string
	people map[string]network.Actor // by what they are in the story
}

// withGroup calls f with the group.
func withGroup(ctx context.Context, c *app.Client, dir string, m mark, f func(*group) error) error {
	node, err := c.Own(ctx)
	if err != nil {
		return err
	}
	g := &group{sharing: m.Sharing, dir: dir, people: map[string]network.Actor{}}
	for _, p := range m.People {
		if p.Slug == m.Sharing.Slug {
			g.people[p.As] = network.Actor{Person: p.ID}
		}
	}
	if g.Rooms, err = node.Rooms(ctx); err != nil {
		return err
	}
	return errors.Join(f(g), g.Close())
}

var operator = policy.Actor{Operator: true}

// ground is why what the demonstration begins with was done.
const ground = "Så börjar demonstrationen"

// begin lets the node obey the group, and gives the first assignments.
func (g *group) begin(ctx context.Context) error {
	if err := g.Policies.SetStanding(ctx, operator, string(g.Root), string(g.Body), true, ground); err != nil {
		return err
	}
	if err := g.Enact(ctx); err != nil {
		return err
	}
	if !g.now().inForce {
		return fault.New(fault.Internal, "the story put no policy in force")
	}
	steward := string(g.people["steward"].Person)
	for _, one := range []struct {
		by policy.Actor
		policy.Assignment
	}{
		{operator, policy.Assignment{Person: steward, Organisation: string(g.Hospital), Sector: "care", Role: policy.Steward}},
		{policy.Actor{Person: steward}, policy.Assignment{Person: string(g.people["clinician"].Person), Organisation: string(g.Hospital), Sector: "care", Role: policy.Clinician}},
		{policy.Actor{Person: steward}, policy.Assignment{Person: string(g.people["researcher"].Person), Organisation: string(g.University), Sector: "academia", Role: policy.Researcher, Approval: approval}},
	} {
		one.Ground = ground
		if _, err := g.Policies.Assign(ctx, one.by, one.Assignment); err != nil {
			return err
		}
	}
	return nil
}

// standing is what holds for care's questions now.
type standing struct {
	inForce  bool
	draft    policy.Draft
	decision forum.DecisionID
	number   string
}

// answers tells whether clinicians are answered.
func (s standing) answers() bool {
	return s.inForce && slices.Contains(s.draft.Rules[0].Who.Roles, policy.Clinician)
}

func (g *group) now() (s standing) {
	s.draft = policy.Presets(country)[0].Draft
	for _, a := range g.Policies.InForce() {
		if a.Signed != nil && a.Signed.Mandate.Network == string(g.Root) && a.Signed.Draft.Name == s.draft.Name {
			m := a.Signed.Mandate
			return standing{inForce: true, draft: a.Signed.Draft, decision: forum.DecisionID(m.Decision), number: m.Number}
		}
	}
	return s
}

// next is the policy as it would be in a new version, with clinicians or without them.
func (g *group) next(ctx context.Context, clinicians bool) (policy.Draft, error) {
	d := policy.Presets(country)[0].Draft
	known, err := g.Policies.Known(ctx, string(g.Root))
	for _, k := range known {
		if k.Signed.Draft.Name == d.Name {
			d.Version = max(d.Version, k.Signed.Draft.Version+1)
		}
	}
	for i := range d.Rules {
		if !clinicians {
			d.Rules[i].Who.Roles = []string{policy.Laboratory}
		}
	}
	return d, err
}

// matter is what the group takes up in the walk.
type matter struct {
	Clinicians                             bool // are answered afterwards
	Title, Text, Decision, Says, Rationale string
}

//go:embed matters.json
var mattersFile []byte

// matters are what the walk's meetings say, in the network's language.
var matters = sync.OnceValue(func() (m struct {
	Meeting, Place, Waive, Annul string
	Tighter, Opened              matter
}) {
	if err := json.Unmarshal(mattersFile, &m); err != nil {
		panic(err) // a test reads it
	}
	return m
})

// taken is a matter in a meeting that goes on.
type taken struct {
	Topic   forum.TopicID   `json:"topic"`
	Draft   string          `json:"draft"`
	Meeting forum.MeetingID `json:"meeting"`
	Item    forum.ItemID    `json:"item"`
}

// raise makes a topic of a matter, ready for an agenda, with the draft that it is about. The walk doesn't wait for patients' input, and the
// chair says so.
func (g *group) raise(ctx context.Context, m matter) (x taken, err error) {
	coordinator := g.people["coordinator"]
	topic, err := g.Forum.Raise(ctx, coordinator, forum.Raising{Network: g.Root, Body: g.Body, Title: m.Title, Text: m.Text, Visibility: network.Public})
	if err != nil {
		return x, err
	}
	x.Topic = topic.ID
	if err := g.Forum.WaiveInput(ctx, g.people["chair"], topic.ID, matters().Waive); err != nil {
		return x, err
	}
	if err := g.Forum.Prepare(ctx, coordinator, topic.ID); err != nil {
		return x, err
	}
	d, err := g.next(ctx, m.Clinicians)
	if err != nil {
		return x, err
	}
	x.Draft, err = g.Policies.NewDraft(ctx, string(coordinator.Person), policy.Place{Root: string(g.Root), Network: string(g.Root), Topic: string(topic.ID)}, d)
	return x, err
}

// meet convenes the group about a topic, at once, and takes it up. Everybody who holds a seat comes.
func (g *group) meet(ctx context.Context, x *taken) (err error) {
	coordinator := g.people["coordinator"]
	x.Meeting, err = g.Forum.Plan(ctx, coordinator, forum.Meeting{Body: g.Body, Title: matters().Meeting,
		Starts: g.Networks.Now().Truncate(time.Minute), Minutes: 30, Place: matters().Place})
	if err != nil {
		return err
	}
	if x.Item, err = g.Forum.AddItem(ctx, coordinator, forum.Item{Meeting: x.Meeting, Kind: forum.AboutTopic, Topic: x.Topic, Minutes: 20}); err != nil {
		return err
	}
	for _, step := range []func(context.Context, network.Actor, forum.MeetingID, int64) error{g.Forum.Convene, g.Forum.Start} {
		v, err := g.Forum.Meeting(ctx, coordinator, x.Meeting)
		if err == nil {
			err = step(ctx, coordinator, x.Meeting, v.Version)
		}
		if err != nil {
			return err
		}
	}
	seats, err := g.seats(ctx)
	if err != nil {
		return err
	}
	for _, s := range seats {
		if s.Person != "" && s.Role.Votes() {
			if err := g.Forum.Arrive(ctx, coordinator, forum.Arrival{Meeting: x.Meeting, Seat: s.ID}); err != nil {
				return err
			}
		}
	}
	v, err := g.Forum.Meeting(ctx, coordinator, x.Meeting)
	if err != nil {
		return err
	}
	return g.Forum.Reach(ctx, coordinator, x.Item, v.Items[0].Version)
}

func (g *group) seats(ctx context.Context) (seats []network.Held, err error) {
	err = g.Networks.Look(ctx, g.people["coordinator"], func(tx *storage.Tx, _ network.Access) error {
		seats, err = g.Networks.SeatsAt(ctx, tx, g.Body, storage.Micros(g.Networks.Now()))
		return err
	})
	return seats, err
}

// decide takes a matter from a topic to an approved decision that the node obeys, and gives its number.
func (g *group) decide(ctx context.Context, m matter, x taken) (number string, err error) {
	if err := g.meet(ctx, &x); err != nil {
		return "", err
	}
	d, err := g.Policies.DraftOf(ctx, x.Draft)
	if err != nil {
		return "", err
	}
	draft := forum.DecisionDraft{Item: x.Item, Title: m.Decision, Text: m.Says, Rationale: m.Rationale, Method: forum.ByConsensus, Visibility: network.Public,
		Effects: []forum.Effect{{Kind: forum.Policy, Ref: d.Draft.ID(), Digest: d.Digest, Title: d.Draft.Title.SV}}}
	if was := g.now(); was.inForce {
		draft.Supersedes = []forum.DecisionID{was.decision}
	}
	done, err := g.Forum.Record(ctx, g.people["coordinator"], draft)
	if err != nil {
		return "", err
	}
	if err := g.approve(ctx, x.Meeting); err != nil {
		return "", err
	}
	return done.Number, g.obey(ctx, string(done.ID))
}

// approvers are the chair and the patients' representative.
func (g *group) approvers() []network.Actor {
	return []network.Actor{g.people["chair"], g.people["patient"]}
}

// name says who approves the minutes of a meeting.
func (g *group) name(ctx context.Context, id forum.MeetingID) error {
	var people []network.PersonID
	for _, who := range g.approvers() {
		people = append(people, who.Person)
	}
	v, err := g.Forum.Meeting(ctx, g.people["coordinator"], id)
	if err != nil {
		return err
	}
	return g.Forum.SetApprovers(ctx, g.people["coordinator"], id, v.Version, people)
}

// approve closes a meeting and has its minutes approved, and so sealed.
func (g *group) approve(ctx context.Context, id forum.MeetingID) error {
	coordinator := g.people["coordinator"]
	if err := g.name(ctx, id); err != nil {
		return err
	}
	v, err := g.Forum.Meeting(ctx, coordinator, id)
	if err != nil {
		return err
	}
	minutes, err := g.Forum.Close(ctx, coordinator, id, v.Version)
	if err != nil {
		return err
	}
	return g.sign(ctx, minutes)
}

// sign approves minutes as each of those who haven't yet.
func (g *group) sign(ctx context.Context, minutes forum.MinutesID) error {
	for _, who := range g.approvers() {
		v, err := g.Forum.Minutes(ctx, who, minutes)
		if err == nil && v.Approves {
			_, err = g.Forum.Approve(ctx, who, minutes, v.Hash)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// obey has a decision carried out: by the node's standing rule, or where somebody has put an end to that, by the operator's own act.
func (g *group) obey(ctx context.Context, decision string) error {
	if err := g.Enact(ctx); err != nil {
		return err
	}
	waiting, err := g.Policies.Waiting(ctx)
	for _, s := range waiting {
		if s.Mandate.Decision == decision {
			err = errors.Join(err, g.Policies.Adopt(ctx, s, policy.Adoption{By: operator, Ground: "The walk through"}))
		}
	}
	return err
}

// finish ends what a walk left halfway, so that nothing waits for anybody for ever: a decision that was recorded is taken back while its meeting
// runs, and minutes that were drawn up are approved.
func (g *group) finish(ctx context.Context) error {
	x, err := g.meeting()
	if err != nil || x.Meeting == "" {
		return err
	}
	v, err := g.Forum.Meeting(ctx, g.people["coordinator"], x.Meeting)
	switch taken := v.Decisions[x.Item]; {
	case fault.KindOf(err) == fault.NotFound:
		return nil
	case err != nil:
		return err
	case v.State != forum.Running && v.MinutesID != "":
		if err := g.sign(ctx, v.MinutesID); err != nil || len(taken) == 0 {
			return err
		}
		return g.obey(ctx, string(taken[0].ID))
	case v.State == forum.Running && len(taken) > 0 && taken[0].Approved.IsZero():
		i := slices.IndexFunc(v.Items, func(i forum.Item) bool { return i.ID == x.Item })
		if i < 0 {
			return network.Absent()
		}
		return g.Forum.Annul(ctx, g.people["coordinator"], forum.Annulment{Decision: taken[0].ID, Version: v.Items[i].Version, Reason: matters().Annul})
	}
	return nil
}

// reopen lets clinicians be answered again, where an earlier walk left it otherwise. "" is the number of no decision.
func (g *group) reopen(ctx context.Context) (number string, err error) {
	if err := g.finish(ctx); err != nil {
		return "", err
	}
	if g.now().answers() {
		return "", nil
	}
	x, err := g.raise(ctx, matters().Opened)
	if err != nil {
		return "", err
	}
	return g.decide(ctx, matters().Opened, x)
}

// left is where the demonstration remembers the meeting that it left to be ended in the browser.
const left = "demo.meeting.json"

// leave leaves a meeting of the group going on, before its decision: that is for whoever walks through in the browser. One that an
// earlier walk left serves again.
func (g *group) leave(ctx context.Context) (x taken, err error) {
	x, err = g.meeting()
	if err != nil {
		return x, err
	}
	if open, err := g.waits(ctx, x); err != nil || open {
		if err == nil {
			err = g.renew(ctx, x)
		}
		if err == nil {
			err = g.propose(ctx, x)
		}
		return x, err
	}
	if x, err = g.raise(ctx, matters().Tighter); err != nil {
		return x, err
	}
	if err := g.meet(ctx, &x); err != nil {
		return x, err
	}
	if err := g.name(ctx, x.Meeting); err != nil {
		return x, err
	}
	if err := g.propose(ctx, x); err != nil {
		return x, err
	}
	b, err := json.Marshal(x)
	if err == nil {
		err = os.WriteFile(filepath.Join(g.dir, left), b, 0o600)
	}
	return x, err
}

// propose begins to write the decision that a meeting is about to take, as the page for it would keep it.
func (g *group) propose(ctx context.Context, x taken) error {
	d, err := g.Policies.DraftOf(ctx, x.Draft)
	if err != nil {
		return err
	}
	m := matters().Tighter
	draft, err := json.Marshal(url.Values{"title": {m.Decision}, "text": {m.Says}, "rationale": {m.Rationale}, "method": {string(forum.ByConsensus)},
		"visibility": {string(network.Public)}, "supersedes": {string(g.now().decision)},
		"named": {strings.Join([]string{string(forum.Policy), d.Draft.ID(), d.Digest.String()}, "|")}})
	if err != nil {
		return err
	}
	v, err := g.Forum.Meeting(ctx, g.people["coordinator"], x.Meeting)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(v.Items, func(i forum.Item) bool { return i.ID == x.Item })
	if i < 0 {
		return network.Absent()
	}
	return g.Forum.SaveDraft(ctx, g.people["coordinator"], x.Item, v.Items[i].Version, string(draft))
}

// meeting finds the meeting that was left; none at first.
func (g *group) meeting() (x taken, err error) {
	b, err := os.ReadFile(filepath.Join(g.dir, left))
	if errors.Is(err, fs.ErrNotExist) {
		return x, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &x)
	}
	return x, err
}

// waits tells whether a meeting that was left still waits for its decision.
func (g *group) waits(ctx context.Context, x taken) (bool, error) {
	if x.Meeting == "" {
		return false, nil
	}
	v, err := g.Forum.Meeting(ctx, g.people["coordinator"], x.Meeting)
	return err == nil && v.State == forum.Running && len(v.Decisions[x.Item]) == 0, err
}

// renew gives the draft of a meeting that was left the next version, if others were decided since.
func (g *group) renew(ctx context.Context, x taken) error {
	next, err := g.next(ctx, matters().Tighter.Clinicians)
	if err != nil {
		return err
	}
	was, err := g.Policies.DraftOf(ctx, x.Draft)
	if err != nil || was.Draft.Version >= next.Version {
		return err
	}
	return g.Policies.EditDraft(ctx, policy.Editor{Person: string(g.people["coordinator"].Person), Runs: true}, x.Draft, was.Version, next)
}
