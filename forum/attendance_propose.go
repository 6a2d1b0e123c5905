package forum

import (
	"context"
	"strings"

	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// proposeRecusals notes whose declared interests an item's topic touches: it was raised for the organisation, or names it in its
// title or text. A proposal binds nobody until somebody declares it.
func (f *Forum) proposeRecusals(ctx context.Context, tx *storage.Tx, m Meeting, i Item) error {
	if i.Topic == "" {
		return nil
	}
	t, err := f.anyTopic(ctx, tx, i.Topic)
	if err != nil {
		return err
	}
	seats, err := f.network.SeatsAt(ctx, tx, m.Body, micros(f.db.Now()))
	if err != nil {
		return err
	}
	seatOf := map[network.PersonID]network.SeatID{}
	var people []network.PersonID
	for _, s := range seats {
		if _, twice := seatOf[s.Person]; s.Person != "" && !twice {
			seatOf[s.Person] = s.ID
			people = append(people, s.Person)
		}
	}
	ties, err := f.network.Interests(ctx, tx, people, nil)
	if err != nil {
		return err
	}
	text := " " + strings.Join(words(t.Title+" "+t.Text), " ") + " "
	for _, tie := range ties {
		if tie.Root != m.Root || !touches(tie, t, text) {
			continue
		}
		name, _ := tie.Party.In(t.Lang)
		if name == "" {
			name = tie.Named
		}
		if err := f.keepRecusal(ctx, tx, m.ID, i.ID, tie.Person, seatOf[tie.Person], RecusalProposed, name, false); err != nil {
			return err
		}
	}
	return nil
}

// touches tells whether a topic has to do with what somebody is tied to. text is its words, in lower case.
func touches(tie network.Interest, t Topic, text string) bool {
	if tie.Organisation != "" && tie.Organisation == t.RaisedFor {
		return true
	}
	for _, name := range [...]string{tie.Named, tie.Party.SV, tie.Party.NB, tie.Party.EN} {
		if w := strings.Join(words(name), " "); w != "" && strings.Contains(text, " "+w+" ") {
			return true
		}
	}
	return false
}
