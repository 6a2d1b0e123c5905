package procedure

import (
	"context"
	"embed"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

//go:embed data/population.json
var data embed.FS

// Figure is how many live in a region: rounded, of a day, from a source.
type Figure struct {
	People int
	On     time.Time
	Source string
}

// Known tells whether it is known how many live there.
func (f Figure) Known() bool { return f.People > 0 }

// figures are the room's own data: areas with how many live in each by date, and which areas a region is.
type figures struct {
	Sources map[string]source `json:"sources"`
	Areas   map[string]area   `json:"areas"`
	Regions []regionOf        `json:"regions"`
}

type source struct {
	On   string `json:"on"`
	Text string `json:"text"`
	on   time.Time
}

// area is a part of a country: its name, and how many live there by source.
type area struct {
	Name   string         `json:"name"`
	People map[string]int `json:"people"`
}

type regionOf struct {
	Country string   `json:"country"`
	Slugs   []string `json:"slugs"`
	Areas   []string `json:"areas"`
	At      [2]int   `json:"at"` // column and row on a map of tiles
}

func readFigures() (f figures, err error) {
	b, err := data.ReadFile("data/population.json")
	if err == nil {
		err = json.Unmarshal(b, &f)
	}
	if err != nil {
		return f, fault.Wrap(fault.Internal, err, "the figures of population can't be read")
	}
	for name, s := range f.Sources {
		if s.on, err = time.Parse(time.DateOnly, s.On); err != nil {
			return f, fault.Wrap(fault.Internal, err, "the source %s has no day", name)
		}
		f.Sources[name] = s
	}
	return f, nil
}

// of gives the newest figure that is not later than a time, or the oldest: nothing where an area lacks one.
func (f figures) of(country, slug string, at time.Time) (best Figure, ok bool) {
	i := slices.IndexFunc(f.Regions, func(x regionOf) bool { return x.Country == country && slices.Contains(x.Slugs, slug) })
	if i < 0 {
		return best, false
	}
	for name, s := range f.Sources {
		sum := 0
		for _, code := range f.Regions[i].Areas {
			n, there := f.Areas[code].People[name]
			if !there {
				sum = 0
				break
			}
			sum += n
		}
		newer := s.on.After(best.On) == !s.on.After(at) // later is better while it isn't later than at; else earlier is
		if sum > 0 && (!ok || newer) {
			best, ok = Figure{People: sum, On: s.on, Source: s.Text}, true
		}
	}
	return best, ok
}

// Tile is where a region lies on a map of tiles; ok is false where that isn't known.
func (r *Room) Tile(n *network.Network) (column, row int, ok bool) {
	for _, x := range r.figures.Regions {
		if x.Country == n.Country && slices.Contains(x.Slugs, n.Slug) {
			return x.At[0], x.At[1], true
		}
	}
	return 0, 0, false
}

// asked is who is asked about the procedures of each network, worked out once for a tree.
type asked struct {
	tree *network.Tree
	by   map[network.ID][]*network.Network // by network
}

// asks gives what is worked out of the tree as it is now.
func (r *Room) asks() *asked {
	tree := r.network.Tree()
	if have := r.known.Load(); have != nil && have.tree == tree {
		return have
	}
	now := &asked{tree: tree, by: map[network.ID][]*network.Network{}}
	for _, root := range tree.Roots() {
		all := tree.Down(root.ID)
		var regions []*network.Network
		for _, n := range all {
			if n.Closed.IsZero() && r.isRegion(n) {
				regions = append(regions, n)
			}
		}
		for _, n := range all {
			now.by[n.ID] = regions
			for _, up := range tree.Up(n.ID) {
				if r.isRegion(up) {
					now.by[n.ID] = []*network.Network{up}
				}
			}
		}
	}
	r.known.Store(now)
	return now
}

// regions lists the regions of a tenant, in the tree's order: regional networks beneath no other. Closed ones aren't asked.
func (r *Room) regions(root network.ID) []*network.Network { return r.asks().by[root] }

func (r *Room) isRegion(n *network.Network) bool {
	up := r.network.Tree().Up(n.ID)
	return n.Kind == network.Regional && !slices.ContainsFunc(up[1:], func(over *network.Network) bool { return over.Kind == network.Regional })
}

// Regions lists the regions of a tenant that are asked.
func (r *Room) Regions(root network.ID) []*network.Network { return r.regions(root) }

// RegionOf finds a region by the slug in its address; a closed one too, for what it said stays.
func (r *Room) RegionOf(root network.ID, slug string) (*network.Network, bool) {
	for _, n := range r.network.Tree().Down(root) {
		if n.Slug == slug && r.isRegion(n) {
			return n, true
		}
	}
	return nil, false
}

// askedBy lists the regions that a network's procedures are for: all of the tenant, or the one that the network lies in.
func (r *Room) askedBy(p Procedure) []*network.Network { return r.asks().by[p.Network] }

// Speaks tells whether somebody records for a region: they hold a seat in its own secretariat, or chair its steering body. Who looks after
// it from above doesn't.
func Speaks(a network.Access, region network.ID) bool {
	return slices.ContainsFunc(a.Seats, func(s network.Place) bool {
		return s.Network == region && (s.Kind == network.Secretariat ||
			s.Role == network.Chair && (s.Kind == network.SteeringGroup || s.Kind == network.CoordinationGroup))
	})
}

// speakers lists who records for regions, as Speaks says.
func (r *Room) speakers(ctx context.Context, tx *storage.Tx, regions []*network.Network) ([]network.PersonID, error) {
	if len(regions) == 0 {
		return nil, nil
	}
	in, args := make([]string, len(regions)), make([]any, len(regions))
	for i, n := range regions {
		in[i], args[i] = place(i+2), string(n.ID)
	}
	return r.holders(ctx, tx, `b.network IN (`+strings.Join(in, ", ")+`) AND (b.kind = 'secretariat' OR s.role = 'chair' AND b.kind IN ('steering', 'coordination'))`, args...)
}

// region is a region as it stands, without what it said.
func (r *Room) region(n *network.Network, at time.Time) Region {
	people, _ := r.people(n.Country, n.Slug, at)
	return Region{Network: n.ID, Slug: n.Slug, Name: n.Name, People: people}
}
