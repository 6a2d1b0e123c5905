package forum

import (
	"context"
	"slices"
	"strings"

	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// Tie is a declared interest that a topic touches.
type Tie struct {
	network.Interest
	Own    bool   // the reader's
	Seated bool   // whoever has it sits in the topic's body, so that a recusal is proposed
	State  string // of the recusal, for those inside the body; "" while there is none
}

// Ties lists the declared interests that a topic touches, of those who sit in its body and of the reader, for whoever is
// registered with the tenant and may see the body.
func (f *Forum) Ties(ctx context.Context, who network.Actor, id TopicID) (out []Tie, err error) {
	err = f.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		out = nil
		t, err := f.topic(ctx, tx, a, id)
		if err != nil || !a.Registered(t.Root) {
			return err
		}
		people := []network.PersonID{who.Person}
		within := false
		if t.Body != "" {
			b, err := f.network.Body(ctx, tx, t.Body)
			if err != nil {
				return err
			}
			if within = inside(a, b.ID, b.Network); a.Sees(b.Scope()) {
				seated, err := f.seated(ctx, tx, b.ID)
				if err != nil {
					return err
				}
				people = append(people, seated...)
			}
		}
		seated := people[1:]
		if out, err = f.ties(ctx, tx, t, slices.Compact(slices.Sorted(slices.Values(people)))); err != nil {
			return err
		}
		for i := range out {
			out[i].Own, out[i].Seated = out[i].Person == who.Person, slices.Contains(seated, out[i].Person)
		}
		if !within {
			return nil
		}
		return f.tieStates(ctx, tx, t, out)
	})
	return out, err
}

func (f *Forum) ties(ctx context.Context, tx *storage.Tx, t Topic, people []network.PersonID) (out []Tie, err error) {
	all, err := f.network.Interests(ctx, tx, people, nil)
	text := " " + strings.Join(words(t.Title+" "+t.Text), " ") + " "
	for _, i := range all {
		if i.Root == t.Root && touches(i, t, text) {
			out = append(out, Tie{Interest: i})
		}
	}
	slices.SortStableFunc(out, func(a, b Tie) int { return strings.Compare(a.Name, b.Name) })
	return out, err
}

// tieStates adds what the latest meeting about a topic made of each.
func (f *Forum) tieStates(ctx context.Context, tx *storage.Tx, t Topic, ties []Tie) error {
	var item ItemID
	var meeting MeetingID
	err := tx.QueryRow(ctx, `SELECT i.id, i.meeting FROM meeting_item i JOIN meeting m ON m.id = i.meeting WHERE i.topic = $1 AND m.body = $2 ORDER BY m.starts DESC, i.id DESC LIMIT 1`,
		t.ID, t.Body).Scan(&item, &meeting)
	if noRow(err) {
		return nil
	}
	if err != nil {
		return err
	}
	all, err := f.recusals(ctx, tx, meeting)
	for _, r := range all {
		for n := range ties {
			if r.Item == item && r.Person == ties[n].Person {
				ties[n].State = r.State
			}
		}
	}
	return err
}
