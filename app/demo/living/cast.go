package living

import (
	"slices"
	"strings"
	"time"

	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// tenant is one country's network.
type tenant struct {
	*world
	story  country
	root   network.ID
	zone   *time.Location
	lang   string
	people map[string]network.PersonID // whom one can sign in as
	names  map[string]bool             // given already
	pool   map[network.Sector][]network.PersonID
	first  network.Actor // the root's coordinator
	leads  map[network.ID]network.Actor
	bodies map[string]*body
	left   map[network.SeatID]bool // seats that somebody is sought for
	orgs   map[string]network.OrganisationID

	topics    map[string]*raised
	byID      map[string]*raised           // by topic id
	decisions map[string]string            // the decision a story's topic led to
	drafts    map[string]*writtenProcedure // of procedures, by the topic that is to decide them
}

// body is a body whose life is told.
type body struct {
	network.Body
	bodyLine
	coordinator network.Actor
}

// text puts a sentence in the tenant's language.
func (t *tenant) text(s string) network.Text {
	if t.lang == "nb" {
		return network.Text{NB: s}
	}
	return network.Text{SV: s}
}

// found sets the network up and plans its two years.
func (t *tenant) found() error {
	t.people, t.names = map[string]network.PersonID{}, map[string]bool{}
	t.pool, t.leads = map[network.Sector][]network.PersonID{}, map[network.ID]network.Actor{}
	t.bodies, t.orgs, t.left = map[string]*body{}, map[string]network.OrganisationID{}, map[network.SeatID]bool{}
	t.drafts = map[string]*writtenProcedure{}
	t.topics, t.byID, t.decisions = map[string]*raised{}, map[string]*raised{}, map[string]string{}
	for _, n := range t.story.Never {
		t.names[n] = true
	}
	for _, n := range t.story.People {
		t.names[n] = true
	}
	if err := t.setUp(); err != nil {
		return err
	}
	for _, step := range []func() error{t.organisations, t.findBodies, t.cast, t.fill, t.describe, t.meetings, t.talk} {
		t.pass(time.Hour)
		if err := step(); err != nil {
			return err
		}
	}
	for _, step := range []func() error{t.acts, t.learn, t.useToolbox, t.needs} {
		if err := t.beside(step); err != nil {
			return err
		}
	}
	for i := range t.story.topics {
		t.tellTopic(&t.story.topics[i])
	}
	t.tellAll()
	return nil
}

func (t *tenant) setUp() error {
	t.lang = map[string]string{"se": "sv", "no": "nb"}[t.story.Root.Template]
	operator, err := t.network.AddOperator(t.ctx, t.story.People["coordinator"], t.lang)
	if err != nil {
		return err
	}
	t.people["coordinator"], t.first = operator, network.Actor{Person: operator}
	t.root, err = t.network.Setup(t.ctx, t.first, network.SetUp{Template: t.story.Root.Template, Slug: t.story.Root.Slug, Demo: true})
	if err != nil {
		return err
	}
	n, _ := t.network.Tree().Network(t.root)
	t.zone, err = time.LoadLocation(n.Zone)
	return err
}

func (t *tenant) organisations() error {
	for _, o := range t.story.Organisations {
		id, err := t.network.AddOrganisation(t.ctx, t.first, network.Organisation{Root: t.root, Kind: o.Kind, Sector: o.Sector, Name: t.text(o.Name)})
		if err != nil {
			return err
		}
		t.orgs[o.Key] = id
	}
	return nil
}

// findBodies finds the bodies the story tells of.
func (t *tenant) findBodies() error {
	var all []network.Body
	err := t.network.Look(t.ctx, t.first, func(tx *storage.Tx, a network.Access) (err error) {
		all, err = t.network.Bodies(t.ctx, tx, a, t.root, "")
		return err
	})
	if err != nil {
		return err
	}
	for _, line := range t.story.Bodies {
		for _, b := range all {
			n, _ := t.network.Tree().Network(b.Network)
			if n.Slug == line.Net && b.Kind == line.Kind && strings.Contains(strings.ToLower(b.Name.EN), line.Name) {
				t.bodies[line.Key] = &body{Body: b, bodyLine: line, coordinator: t.first}
				break
			}
		}
		if t.bodies[line.Key] == nil {
			return absent("body", line.Key)
		}
	}
	return nil
}

// name deals a name that nobody has yet.
func (t *tenant) name() string {
	for {
		n := pick(t.world, t.story.First) + " " + pick(t.world, t.story.Last)
		if !t.names[n] {
			t.names[n] = true
			return n
		}
	}
}

func (t *tenant) person(name string, n network.ID) (network.PersonID, error) {
	return t.network.AddPerson(t.ctx, t.first, network.NewPerson{Name: name, Network: n})
}

// seats lists a body's seats as they are now.
func (t *tenant) seats(b network.BodyID) (seats []network.Held, err error) {
	err = t.db.Read(t.ctx, func(tx *storage.Tx) error {
		seats, err = t.network.SeatsAt(t.ctx, tx, b, storage.Micros(t.now))
		return err
	})
	return seats, err
}

// cast seats those whom one can sign in as.
func (t *tenant) cast() error {
	for _, as := range Roles[1:] {
		if t.story.People[as] == "" {
			continue
		}
		home := t.root
		if as == "regional" {
			var err error
			if home, err = t.region(); err != nil {
				return err
			}
		}
		id, err := t.person(t.story.People[as], home)
		if err != nil {
			return err
		}
		t.people[as] = id
	}
	for _, line := range t.story.Cast {
		b := t.bodies[line.Body]
		if b == nil {
			return absent("body", line.Body)
		}
		seat, err := t.castSeat(b, line)
		if err != nil {
			return err
		}
		ends := t.end.AddDate(1, 2, 0)
		if line.Days > 0 {
			ends = t.end.AddDate(0, 0, line.Days)
		}
		if _, err := t.network.Give(t.ctx, t.first, network.Term{Seat: seat, Person: t.people[line.As], To: midnight(ends, t.zone)}); err != nil {
			return err
		}
	}
	return nil
}

// region is the regional network whose coordinator one can sign in as.
func (t *tenant) region() (network.ID, error) {
	for _, n := range t.network.Tree().Children(t.root) {
		if n.Slug == t.story.Region {
			return n.ID, nil
		}
	}
	return "", absent("network", t.story.Region)
}

func (t *tenant) castSeat(b *body, line castLine) (network.SeatID, error) {
	seats, err := t.seats(b.ID)
	if err != nil {
		return "", err
	}
	for _, s := range seats {
		if s.Person == "" && (line.Role != "" && s.Role == line.Role || line.Sector != "" && s.Sector == line.Sector && s.Role == network.Member) {
			return s.ID, nil
		}
	}
	if line.Role == network.Observer {
		return t.network.AddSeat(t.ctx, t.first, network.Seat{Body: b.ID, Role: network.Observer, Sector: network.Industry})
	}
	return "", absent("seat", line.Body+" "+string(line.Sector))
}

// fill seats everybody else: every body in the tree, the secretariats last, because from then on they look after their own.
func (t *tenant) fill() error {
	var all []network.Body
	err := t.network.Look(t.ctx, t.first, func(tx *storage.Tx, a network.Access) (err error) {
		all, err = t.network.Bodies(t.ctx, tx, a, t.root, "")
		return err
	})
	if err != nil {
		return err
	}
	slices.SortStableFunc(all, func(a, b network.Body) int { return last(a) - last(b) })
	for _, b := range all {
		if err := t.fillBody(b); err != nil {
			return err
		}
	}
	for _, b := range t.bodies {
		if a, ok := t.leads[b.Network]; ok {
			b.coordinator = a
		}
	}
	return nil
}

func last(b network.Body) int {
	if b.Kind == network.Secretariat {
		return 1
	}
	return 0
}

func (t *tenant) fillBody(b network.Body) error {
	seats, err := t.seats(b.ID)
	if err != nil {
		return err
	}
	here := map[network.PersonID]bool{}
	for _, s := range seats {
		here[s.Person] = true
	}
	for i, s := range seats {
		if err := t.nominate(b, s, i); err != nil {
			return err
		}
		if s.Person != "" {
			continue
		}
		p, err := t.somebody(b, s, here)
		if err != nil {
			return err
		}
		here[p] = true
		if err := t.seat(b, s, p); err != nil {
			return err
		}
		if t.regional(b) {
			t.leads[b.Network] = network.Actor{Person: p}
			return nil // and the second seat is theirs to fill
		}
	}
	return nil
}

// regional tells whether a body is the secretariat of a region that nobody coordinates yet.
func (t *tenant) regional(b network.Body) bool {
	_, led := t.leads[b.Network]
	return b.Kind == network.Secretariat && b.Network != t.root && !led
}

// nominate lets invented organisations nominate where the template names nobody.
func (t *tenant) nominate(b network.Body, s network.Held, i int) error {
	if s.Nominator != "" || s.Sector != network.Patient && s.Sector != network.Industry || b.Kind == network.Secretariat {
		return nil
	}
	var of []organisationLine
	for _, o := range t.story.Organisations {
		if o.Sector == s.Sector {
			of = append(of, o)
		}
	}
	one := s.Seat
	one.Nominator = t.orgs[of[i%len(of)].Key]
	var err error
	if one.Version, err = t.version("seat", string(s.ID)); err != nil {
		return err
	}
	return t.network.EditSeat(t.ctx, t.first, one)
}

// somebody finds a person for a seat: often one who sits elsewhere already.
func (t *tenant) somebody(b network.Body, s network.Held, here map[network.PersonID]bool) (network.PersonID, error) {
	if n, _ := t.network.Tree().Network(b.Network); t.regional(b) && n.Slug == t.story.Region {
		return t.people["regional"], nil
	}
	if pool := t.pool[s.Sector]; len(pool) > 4 && t.chance(18) && b.Kind != network.Secretariat {
		if p := pick(t.world, pool); !here[p] {
			return p, nil
		}
	}
	p, err := t.person(t.name(), b.Network)
	if err == nil && b.Kind != network.Secretariat {
		t.pool[s.Sector] = append(t.pool[s.Sector], p)
	}
	return p, err
}

// seat gives a term, and plans what becomes of it when it ends.
func (t *tenant) seat(b network.Body, s network.Held, p network.PersonID) error {
	term := network.Term{Seat: s.ID, Person: p}
	if b.Kind != network.Secretariat && t.chance(75) {
		term.To = midnight(t.now.AddDate(0, 9+t.rnd.IntN(30), 0), t.zone)
	}
	id, err := t.network.Give(t.ctx, t.first, term)
	if err != nil || term.To.IsZero() {
		return err
	}
	t.ending(b, s, id, term)
	return nil
}

// ending plans the end of a term: most are renewed in time, some seats get another holder after having been empty.
func (t *tenant) ending(b network.Body, s network.Held, id network.HoldingID, term network.Term) {
	who := func() network.Actor {
		if a, ok := t.leads[b.Network]; ok {
			return a
		}
		return t.first
	}
	if s.Role == network.Chair || t.chance(70) {
		t.at(t.office(term.To, -20, t.zone), "a term is renewed", func() error {
			if t.left[s.ID] {
				return nil
			}
			next := network.Term{Seat: s.ID, Person: term.Person, From: term.To, To: midnight(term.To.AddDate(2, 0, 0), t.zone)}
			_, err := t.network.Renew(t.ctx, who(), id, next.To)
			return err
		})
		return
	}
	t.at(t.office(term.To, 25, t.zone), "a seat is filled again", func() error {
		if t.left[s.ID] {
			return nil
		}
		p, err := t.network.AddPerson(t.ctx, who(), network.NewPerson{Name: t.name(), Network: b.Network})
		if err != nil {
			return err
		}
		_, err = t.network.Give(t.ctx, who(), network.Term{Seat: s.ID, Person: p, To: midnight(t.now.AddDate(3, 0, 0), t.zone)})
		return err
	})
}

func midnight(at time.Time, zone *time.Location) time.Time {
	l := at.In(zone)
	return time.Date(l.Year(), l.Month(), l.Day(), 0, 0, 0, 0, zone)
}

func (t *tenant) made() Country {
	c := Country{Slug: t.story.Root.Slug, Root: t.root, Bodies: map[string]network.BodyID{}, Organisations: t.orgs}
	for key, b := range t.bodies {
		c.Bodies[key] = b.ID
	}
	return c
}

func (t *tenant) whoSignsIn() (out []Person) {
	for _, as := range Roles {
		if t.people[as] == "" {
			continue
		}
		is := t.text(t.story.Is[as])
		is.EN = t.story.IsEN[as]
		out = append(out, Person{ID: t.people[as], Name: t.story.People[as], Is: is, As: as, Slug: t.story.Root.Slug})
	}
	return out
}
