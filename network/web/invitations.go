package web

import (
	"strings"

	"github.com/samverk/samverk/account"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
)

// invitationRows tell what became of a person's invitations, for whoever may see their account's state.
func (v *visit) invitationRows(tx *storage.Tx, a network.Access, id network.PersonID) ([]eventRow, error) {
	list, err := v.network.History(v.ctx(), tx, string(id), 0, 50)
	if err != nil {
		return nil, err
	}
	var out []eventRow
	for _, e := range list {
		if !strings.HasPrefix(e.Kind, "invitation.") && e.Kind != network.RecoveryMade {
			continue
		}
		row := eventRow{At: e.At.In(v.zone(v.n.ID)), Text: v.l.Must("event." + e.Kind), By: e.Name}
		seats, err := v.seatNames(tx, a, strings.Fields(e.Details["seats"]))
		if err != nil {
			return nil, err
		}
		if len(seats) > 0 {
			row.Text = v.l.Must("event.invitation.seats", row.Text, strings.Join(seats, "; "))
		}
		out = append(out, row)
	}
	return out, nil
}

// seatNames names those of the seats whose bodies the reader may see.
func (v *visit) seatNames(tx *storage.Tx, a network.Access, ids []string) (out []string, err error) {
	for _, id := range ids {
		s, err := v.network.Seat(v.ctx(), tx, network.SeatID(id))
		if err != nil {
			return nil, err
		}
		b, err := v.network.Body(v.ctx(), tx, s.Body)
		if err != nil {
			return nil, err
		}
		if a.Sees(b.Scope()) {
			out = append(out, v.seatName(s)+", "+v.text(b.Name))
		}
	}
	return out, nil
}

// theirs finds the person of the address, if they are of this tenant and the reader may know of them.
func (v *visit) theirs() (network.PersonID, error) {
	id := network.PersonID(v.r.PathValue("id"))
	return id, v.look(func(tx *storage.Tx, a network.Access) error {
		_, err := v.network.SeesPerson(v.ctx(), tx, a, v.n.ID, id)
		return err
	})
}

// uninvite withdraws what is open.
func (v *visit) uninvite() int {
	id, err := v.theirs()
	if err == nil {
		err = v.accounts.Uninvite(v.ctx(), v.who, id)
	}
	return v.done(err, v.at("people/"+string(id)), v.personPage)
}

// recovery makes a link for a new password where none can be mailed, and shows it once.
func (v *visit) recovery() int {
	id, err := v.theirs()
	link := ""
	if err == nil {
		link, err = v.accounts.RecoveryLink(v.ctx(), v.who, id)
	}
	if err != nil {
		return v.done(err, "", v.personPage)
	}
	return v.linked(id, link, "recovered", web.Link{})
}

// linked shows a secret link once, for whoever is to hand it over. What tells which sentences; seat is what they were a candidate for, if anything.
func (v *visit) linked(id network.PersonID, link, what string, seat web.Link) int {
	lede := what + ".lede"
	if what == "invited" && !v.accounts.Mails() {
		lede = "invited.nomail"
	}
	title := v.l.Must(what + ".title")
	v.form = nil
	return v.show(web.Page{Name: "invited", Title: title, Secret: true, Crumbs: v.crumbs(v.l.Must("people.title"), "people", title, ""),
		Data: map[string]any{"Title": title, "Lede": v.l.Must(lede), "Text": v.l.Must(what + ".text"), "Link": link, "Seat": seat, "Person": v.at("people/" + string(id)), "People": v.at("people/new")}}, nil)
}

// accountRow is how it stands with a person's account, for who looks after it.
type accountRow struct {
	account.State
	Recover bool // a link for a new password is handed over, because none can be mailed
	History []eventRow
}
