package network

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/storage"
)

//go:embed templates/*.json
var templateFiles embed.FS

// Template is what a new tenant can begin with. It is data: everything that it makes can be edited afterwards.
type Template struct {
	Code          string                  `json:"code"`
	Name          Text                    `json:"name"`
	Does          Text                    `json:"does"` // what one gets
	Country       string                  `json:"country"`
	Lang          string                  `json:"lang"`
	Zone          string                  `json:"zone"`
	Organisations []TemplateOrganisation  `json:"organisations"`
	Bodies        map[string]TemplateBody `json:"bodies"`
	Network       TemplateNetwork         `json:"network"`
}

// TemplateOrganisation is a party; Key is what the template calls it.
type TemplateOrganisation struct {
	Key    string           `json:"key"`
	Parent string           `json:"parent"`
	Kind   OrganisationKind `json:"kind"`
	Sector Sector           `json:"sector"`
	Name   Text             `json:"name"`
	Code   string           `json:"code"`
	Web    string           `json:"web"`
}

// TemplateNetwork is a network with its bodies and those beneath it. Own are the parties it is of.
type TemplateNetwork struct {
	Slug     string            `json:"slug"`
	Kind     Kind              `json:"kind"`
	Field    string            `json:"field"`
	Name     Text              `json:"name"`
	About    Text              `json:"about"`
	Place    Text              `json:"place"` // what {place} in its bodies' names stands for
	Own      []string          `json:"own"`
	Bodies   []string          `json:"bodies"`
	Networks []TemplateNetwork `json:"networks"`
}

// TemplateBody is a body; days that are not given are the usual ones.
type TemplateBody struct {
	Kind       BodyKind        `json:"kind"`
	Name       Text            `json:"name"`
	Task       Text            `json:"task"`
	Mandate    Mandate         `json:"mandate"`
	Visibility Visibility      `json:"visibility"`
	Input      int             `json:"input"`
	Answer     int             `json:"answer"`
	Paper      int             `json:"paper"`
	Rules      []TemplateRule  `json:"rules"`
	Seats      []TemplateSeats `json:"seats"`
}

// TemplateRule is a line of a body's composition.
type TemplateRule struct {
	Kind   RuleKind         `json:"kind"`
	N      int              `json:"n"`
	Sector Sector           `json:"sector"`
	Of     OrganisationKind `json:"of"`
}

// TemplateSeats are N seats of a sector (1 when not given): for each party named, for each of a kind, or for the network's own of
// a kind. The first is the chair's where Chair is true. Deputies stand in for any of them.
type TemplateSeats struct {
	Sector     Sector           `json:"sector"`
	N          int              `json:"n"`
	Nominators []string         `json:"nominators"`
	Of         OrganisationKind `json:"of"`
	Own        OrganisationKind `json:"own"`
	Chair      bool             `json:"chair"`
	Deputies   int              `json:"deputies"`
}

// Templates lists what a tenant can begin with, the empty one last.
func Templates() ([]Template, error) {
	var out []Template
	for _, code := range [...]string{"se", "no", "empty"} {
		b, err := templateFiles.ReadFile("templates/" + code + ".json")
		if err != nil {
			return nil, fault.Wrap(fault.Internal, err, "a template can't be read")
		}
		var t Template
		d := json.NewDecoder(bytes.NewReader(b))
		d.DisallowUnknownFields()
		if err := d.Decode(&t); err != nil {
			return nil, fault.Wrap(fault.Internal, err, "a template can't be read").In(code)
		}
		out = append(out, t)
	}
	return out, nil
}

// SetUp says what a new tenant is made of. What is not given is the template's.
type SetUp struct {
	Template string
	Slug     string
	Name     Text
	Country  string
	Lang     string
	Zone     string
	Demo     bool
}

// Setup makes a new tenant from a template: for an operator, who becomes the first coordinator in its secretariat.
func (r *Registry) Setup(ctx context.Context, who Actor, s SetUp) (root ID, err error) {
	err = r.act(ctx, who, func(tx *storage.Tx, a Access) error {
		if !a.Operator {
			return denied()
		}
		all, err := Templates()
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(t Template) bool { return t.Code == s.Template })
		if i < 0 {
			return fault.New(fault.Invalid, "%.40q is no template", s.Template).Where("template").Say("network.choose")
		}
		m := &maker{Registry: r, tx: tx, who: who, Template: all[i].with(s), demo: s.Demo, keys: map[string]Organisation{}}
		if err := m.make(ctx); err != nil {
			return err
		}
		root = m.root
		if err := r.Record(ctx, tx, who, root, string(root), "network.setup", map[string]string{"template": s.Template}); err != nil {
			return err
		}
		return r.changed(ctx, tx)
	})
	return root, err
}

// with puts what was chosen in the place of what the template says.
func (t Template) with(s SetUp) Template {
	t.Network.Slug = or(s.Slug, t.Network.Slug)
	if !s.Name.Empty() {
		t.Network.Name = s.Name
	}
	t.Country, t.Lang, t.Zone = or(s.Country, t.Country), or(s.Lang, t.Lang), or(s.Zone, t.Zone)
	return t
}

// maker turns a template into a tenant.
type maker struct {
	*Registry
	Template
	tx   *storage.Tx
	who  Actor
	demo bool
	root ID
	keys map[string]Organisation
}

func (m *maker) make(ctx context.Context) error {
	root, err := m.network(ctx, "", m.Template.Network)
	if err != nil {
		return err
	}
	m.root = root
	for _, o := range m.Template.Organisations {
		made := Organisation{Root: root, Parent: m.keys[o.Parent].ID, Kind: o.Kind, Sector: o.Sector, Name: o.Name, Code: o.Code, Web: o.Web}
		if err := m.insertOrganisation(ctx, m.tx, &made); err != nil {
			return err
		}
		m.keys[o.Key] = made
	}
	if err := m.bodies(ctx, root, m.Template.Network); err != nil {
		return err
	}
	return m.coordinator(ctx)
}

func (m *maker) network(ctx context.Context, parent ID, n TemplateNetwork) (ID, error) {
	made := Network{Parent: parent, Root: m.root, Slug: n.Slug, Kind: n.Kind, Name: n.Name, About: n.About, Country: m.Country, Lang: m.Lang, Zone: m.Template.Zone, Field: n.Field, Demo: m.demo}
	err := m.insertNetwork(ctx, m.tx, &made)
	return made.ID, err
}

// bodies makes a network's bodies, then the networks beneath it.
func (m *maker) bodies(ctx context.Context, network ID, n TemplateNetwork) error {
	for _, key := range n.Bodies {
		b, ok := m.Template.Bodies[key]
		if !ok {
			return fault.New(fault.Internal, "template %s has no body %s", m.Code, key)
		}
		if err := m.body(ctx, network, n, b); err != nil {
			return err
		}
	}
	for _, down := range n.Networks {
		id, err := m.network(ctx, network, down)
		if err != nil {
			return err
		}
		if err := m.bodies(ctx, id, down); err != nil {
			return err
		}
	}
	return nil
}

func (m *maker) body(ctx context.Context, network ID, n TemplateNetwork, b TemplateBody) error {
	made := Body{Network: network, Root: m.root, Kind: b.Kind, Name: b.Name.at(n.Place), Task: b.Task, Mandate: b.Mandate, Visibility: b.Visibility,
		InputDays: usual(b.Input, defaultInputDays), AnswerDays: usual(b.Answer, defaultAnswerDays), PaperDays: usual(b.Paper, defaultPaperDays)}
	if err := m.insertBody(ctx, m.tx, &made); err != nil {
		return err
	}
	for _, line := range b.Seats {
		if err := m.seats(ctx, made.ID, n, line); err != nil {
			return err
		}
	}
	var rules []Rule
	for _, x := range b.Rules {
		rules = append(rules, Rule{Kind: x.Kind, N: x.N, Sector: x.Sector, OrganisationKind: x.Of})
	}
	return m.replaceRules(ctx, m.tx, made.ID, rules)
}

// at names the place in a body's name; without one it is left out.
func (t Text) at(place Text) Text {
	fill := func(text, in string) string { return strings.TrimSpace(strings.ReplaceAll(text, "{place}", in)) }
	return Text{SV: fill(t.SV, place.SV), NB: fill(t.NB, place.NB), EN: fill(t.EN, place.EN)}
}

func usual(given, otherwise int) int {
	if given == 0 {
		return otherwise
	}
	return given
}

// seats makes a line's seats, each nominator's in turn, then its deputies.
func (m *maker) seats(ctx context.Context, body BodyID, n TemplateNetwork, line TemplateSeats) error {
	nominators, err := m.nominators(n, line)
	if err != nil {
		return err
	}
	role := Member
	if line.Chair {
		role = Chair
	}
	for _, o := range nominators {
		for range max(1, line.N) {
			if err := m.insertSeat(ctx, m.tx, m.root, &Seat{Body: body, Role: role, Sector: line.Sector, Nominator: o}); err != nil {
				return err
			}
			role = Member
		}
	}
	for range line.Deputies {
		if err := m.insertSeat(ctx, m.tx, m.root, &Seat{Body: body, Role: Deputy, Sector: line.Sector}); err != nil {
			return err
		}
	}
	return nil
}

// nominators lists who nominates to a line's seats; nobody in particular is "".
func (m *maker) nominators(n TemplateNetwork, line TemplateSeats) ([]OrganisationID, error) {
	var out []OrganisationID
	take := func(key string, kind OrganisationKind) error {
		o, ok := m.keys[key]
		if !ok {
			return fmt.Errorf("template %s has no organisation %s", m.Code, key)
		}
		if kind == "" || o.Kind == kind {
			out = append(out, o.ID)
		}
		return nil
	}
	for _, key := range line.Nominators {
		if err := take(key, ""); err != nil {
			return nil, err
		}
	}
	if line.Of != "" {
		for _, o := range m.Template.Organisations {
			if err := take(o.Key, line.Of); err != nil {
				return nil, err
			}
		}
	}
	if line.Own != "" {
		for _, key := range n.Own {
			if err := take(key, line.Own); err != nil {
				return nil, err
			}
		}
	}
	if len(out) == 0 {
		out = append(out, "")
	}
	return out, nil
}

// coordinator seats the operator in the root's secretariat.
func (m *maker) coordinator(ctx context.Context) error {
	if err := m.enrol(ctx, m.tx, m.who.Person, m.root); err != nil {
		return err
	}
	var body BodyID
	var seat SeatID
	err := m.tx.QueryRow(ctx, `SELECT b.id, s.id FROM seat s JOIN body b ON b.id = s.body WHERE b.network = $1 AND b.kind = 'secretariat' ORDER BY s.sort LIMIT 1`, m.root).Scan(&body, &seat)
	if noRow(err) {
		return fault.New(fault.Internal, "template %s has no secretariat with a seat", m.Code)
	}
	if err != nil {
		return err
	}
	b, err := m.Body(ctx, m.tx, body)
	if err != nil {
		return err
	}
	s, err := m.Seat(ctx, m.tx, seat)
	if err != nil {
		return err
	}
	_, err = m.give(ctx, m.tx, m.who, b, s, Term{Seat: seat, Person: m.who.Person})
	return err
}

// SeatsOf counts the seats that a body of the template gets in a network.
func (t Template) SeatsOf(n TemplateNetwork, b TemplateBody) (sum int) {
	kinds := map[string]OrganisationKind{}
	for _, o := range t.Organisations {
		kinds[o.Key] = o.Kind
	}
	for _, line := range b.Seats {
		by := len(line.Nominators)
		for _, o := range t.Organisations {
			if line.Of != "" && o.Kind == line.Of {
				by++
			}
		}
		for _, key := range n.Own {
			if line.Own != "" && kinds[key] == line.Own {
				by++
			}
		}
		sum += max(1, by)*max(1, line.N) + line.Deputies
	}
	return sum
}
