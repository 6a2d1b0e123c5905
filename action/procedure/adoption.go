package procedure

import (
	"context"
	"slices"
	"time"

	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// Adoption is how a procedure has come to the regions.
type Adoption struct {
	Procedure
	Regions  []Region
	Versions []Version // those decided, the oldest first
	Records  []Record  // in the order they were made
	Points   []Point   // at each change, the oldest first; the last is now
	Now      Share
	Lags     []Lag // of regions that adopted the version decided now, the shortest first
	Source   string
}

// Share is how much of the population has something.
type Share struct {
	People  int // in regions that have it
	Of      int // in regions whose population is known
	Regions int // that have it
	All     int // regions asked
	Known   int // of them: regions whose population is known
}

// Part is the share as a number from 0 to 1; 0 where no population is known.
func (s Share) Part() float64 {
	if s.Of == 0 {
		return 0
	}
	return float64(s.People) / float64(s.Of)
}

// Point is how it was from a time on.
type Point struct {
	At      time.Time
	Version int64 // the one decided then; 0: none yet
	Any     Share // some version
	Current Share // the one decided then
}

// Lag is how long after the decision a region adopted.
type Lag struct {
	Region Region
	Days   int // 0 where it did so before the decision
}

// Median is the middle of lags that are sorted; ok is false where there are none.
func Median(lags []Lag) (days int, ok bool) {
	if len(lags) == 0 {
		return 0, false
	}
	m := len(lags) / 2
	if len(lags)%2 == 1 {
		return lags[m].Days, true
	}
	return (lags[m-1].Days + lags[m].Days + 1) / 2, true
}

// Adoption tells how a procedure came to the regions, from their own records.
func (r *Room) Adoption(ctx context.Context, who network.Actor, root network.ID, id ID) (out Adoption, err error) {
	err = r.network.Look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		out = Adoption{}
		p, err := r.procedure(ctx, tx, a, id)
		if err != nil || p.Root != root {
			return orAbsent(err)
		}
		out.Procedure = p
		if out.Versions, err = r.versions(ctx, tx, id, false); err != nil {
			return err
		}
		slices.Reverse(out.Versions)
		if out.Regions, err = r.standing(ctx, tx, p); err != nil {
			return err
		}
		if out.Records, err = r.records(ctx, tx, id); err != nil {
			return err
		}
		out.draw(r.db.Now(), func(n network.ID, at time.Time) int {
			of, ok := r.network.Tree().Network(n)
			if !ok {
				return 0
			}
			f, _ := r.people(of.Country, of.Slug, at)
			return f.People
		})
		return nil
	})
	return out, err
}

// draw works out the points, the share and the lags.
func (x *Adoption) draw(now time.Time, people func(network.ID, time.Time) int) {
	var at []time.Time
	for _, v := range x.Versions {
		at = append(at, v.Starts)
	}
	for _, c := range x.Records {
		if from := c.from(); !from.After(now) {
			at = append(at, from)
		}
	}
	slices.SortFunc(at, time.Time.Compare)
	at = slices.CompactFunc(at, time.Time.Equal)
	if len(at) > 0 && at[len(at)-1].Before(now) {
		at = append(at, now)
	}
	for _, t := range at {
		x.Points = append(x.Points, x.at(t, people))
	}
	x.Now = x.at(now, people).Current
	for _, v := range x.Versions {
		for _, r := range x.Regions {
			if v.Number == x.Procedure.Current && r.Now().Covers() {
				days := int(r.Last.Day.Sub(v.Starts).Hours() / 24)
				x.Lags = append(x.Lags, Lag{r, max(0, days)})
			}
		}
	}
	slices.SortStableFunc(x.Lags, func(a, b Lag) int { return a.Days - b.Days })
}

// from is when what a record says began to hold.
func (c Record) from() time.Time {
	if c.State.Covers() {
		return c.Day
	}
	return c.At
}

// at tells how it was at a time, by what is known now.
func (x *Adoption) at(t time.Time, people func(network.ID, time.Time) int) Point {
	p := Point{At: t}
	for _, v := range x.Versions {
		if !v.Starts.After(t) {
			p.Version = v.Number
		}
	}
	for _, r := range x.Regions {
		has := Follows(x.Records, r.Network, t)
		n := people(r.Network, t)
		p.Any.add(has > 0, n)
		p.Current.add(has > 0 && has == p.Version, n)
	}
	return p
}

func (s *Share) add(has bool, people int) {
	s.All++
	if people > 0 {
		s.Known++
		s.Of += people
	}
	if has {
		s.Regions++
		s.People += people
	}
}

// Follows is the number of the version that a region followed at a time; 0 for none. What it says of a newer version doesn't end what
// it adopted, unless it adopts or declines that; what it says of the same one does.
func Follows(records []Record, region network.ID, t time.Time) (number int64) {
	for _, c := range records {
		switch {
		case c.Region != region || c.from().After(t):
		case c.State.Covers():
			number = c.Number
		case c.State == Declined || c.Number == number:
			number = 0
		}
	}
	return number
}

// Deviations are the regions that follow the version decided now with a deviation.
func (x *Adoption) Deviations() (out []Region) {
	for _, r := range x.Regions {
		if r.Now() == Deviating {
			out = append(out, r)
		}
	}
	return out
}
