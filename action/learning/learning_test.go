package learning

import (
	"bytes"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// mailed registers somebody without an account, and gives their link's token.
func (w *world) mailed(id ID, mail string) (token string) {
	w.t.Helper()
	link := got(w.RegisterByMail(w.t.Context(), netip.Addr{}, ByMail{Root: w.root, Activity: id, Mail: mail, Name: "Mia Mail", Lang: "nb", Needs: Needs{Access: "Teleslynge"}}))(w.t)
	return link[strings.LastIndexByte(link, '/')+1:]
}

// TestLearning: each part begins with a world of its own, but they share a database, which takes a while to make.
func TestLearning(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w := open(t, dsn)
		for _, part := range []struct {
			name string
			test func(*world, *testing.T)
		}{
			{"a course", (*world).aCourse}, {"editing", (*world).editing}, {"the database refuses one too many", (*world).theDatabaseRefusesOneTooMany},
			{"the last seats", (*world).theLastSeats}, {"seats against a model", (*world).seatsAgainstAModel}, {"gaps", (*world).gaps},
		} {
			t.Run(part.name, func(t *testing.T) { part.test(w.again(t), t) })
		}
	})
}

// aCourse is a course's whole life.
func (w *world) aCourse(t *testing.T) {
	w.t = t
	ctx := t.Context()
	_, err := w.Add(ctx, w.plain, w.plan(2))
	w.is(fault.Denied, err)
	_, err = w.Add(ctx, w.other, w.plan(2))
	w.is(fault.NotFound, err)
	id := got(w.Add(ctx, w.coord, w.plan(2)))(t)
	_, err = w.View(ctx, Registrant{Activity: id}, w.root)
	w.is(fault.NotFound, err) // a draft
	w.ok(w.Publish(ctx, w.coord, id))
	if v := w.of(network.Actor{}, id); v.Link != "" || len(v.Sessions) != 2 || v.Arranges {
		t.Errorf("%+v", v)
	}
	if g := got(w.Register(ctx, w.plain, id, "nb", Needs{Diet: "Uten nøtter"}))(t); g.State != Registered {
		t.Errorf("%+v", g)
	}
	_, err = w.Register(ctx, w.plain, id, "nb", Needs{})
	w.is(fault.Conflict, err)
	if v := w.of(w.plain, id); v.Link == "" || v.Mine.Needs.Diet == "" {
		t.Errorf("%+v", v)
	}
	w.byMail(id)
	w.materials(id)
	w.quiz(id)
	w.afterwards(id)
	w.evaluations(id)
}

// byMail: the last seat, then the waiting list, and who was first moves up.
func (w *world) byMail(id ID) {
	w.t.Helper()
	ctx, t := w.t.Context(), w.t
	first := w.mailed(id, "mia@example.org")
	if w.of(w.coord, id).Taken != 1 {
		t.Error("a registration counts before it is confirmed")
	}
	if g := got(w.Confirm(ctx, first))(t); g.State != Registered {
		t.Errorf("%+v", g)
	}
	again := w.mailed(id, "Mia@Example.org") // the same person: the same registration, another link
	if g := got(w.Confirm(ctx, again))(t); g.State != Registered || w.of(w.coord, id).Taken != 2 {
		t.Errorf("%+v", g)
	}
	second, third := w.mailed(id, "nils@example.org"), w.mailed(id, "ola@example.org")
	for _, token := range []string{third, second} {
		if g := got(w.Confirm(ctx, token))(t); g.State != Waiting {
			t.Errorf("%+v", g)
		}
	}
	at := func(token string) Standing {
		return got(w.View(ctx, Registrant{Token: token}, w.root))(t).Mine.State
	}
	w.ok(w.Withdraw(ctx, Registrant{Token: first}))
	if at(third) != Offered || at(second) != Waiting {
		t.Error("who waited longest isn't offered the seat")
	}
	w.clock.forward(25 * time.Hour)
	w.is(fault.Conflict, w.Accept(ctx, Registrant{Token: third}))
	w.ok(w.Due(ctx))
	if at(third) != Lapsed || at(second) != Offered {
		t.Error("an offer doesn't lapse")
	}
	w.ok(w.Accept(ctx, Registrant{Token: second}))
	if at(second) != Registered || w.count(`SELECT taken FROM learning_activity WHERE id = $1`, string(id)) != 2 {
		t.Error("an offer can't be accepted")
	}
	_, err := w.View(ctx, Registrant{Token: "no such link"}, w.root)
	w.is(fault.NotFound, err)
	unconfirmed := w.mailed(id, "per@example.org")
	w.clock.forward(49 * time.Hour)
	_, err = w.Confirm(ctx, unconfirmed)
	w.is(fault.NotFound, err)
	w.ok(w.Due(ctx))
	if w.count(`SELECT COUNT(*) FROM learning_registration WHERE mailkey = 'per@example.org'`) != 0 {
		t.Error("what wasn't confirmed is kept")
	}
	for i := range 8 { // no more links in a day than so many
		if token := w.mailed(id, "nils@example.org"); (token == "") != (i >= linksADay) {
			t.Errorf("link %d: %q", i, token)
		}
	}
	if n := w.count(`SELECT COUNT(*) FROM learning_link l WHERE l.hash LIKE '%' || $1 || '%'`, second); n != 0 {
		t.Error("a link is kept as it is")
	}
	all := got(w.Roster(ctx, w.coord, id, "", 50))(t)
	if len(all.Rows) != 2 || all.Needing != 2 || all.Count[Lapsed] != 1 {
		t.Errorf("%+v", all)
	}
	_, err = w.Roster(ctx, w.plain, id, "", 50)
	w.is(fault.Denied, err)
}

func (w *world) materials(id ID) {
	w.t.Helper()
	ctx, t := w.t.Context(), w.t
	for _, text := range []string{"første", "andre"} {
		m := Material{Title: "Lysark", Lang: "nb"}
		if all := w.of(w.coord, id).Materials; len(all) > 0 {
			m.ID = all[0].ID
		}
		w.ok(w.Hand(ctx, w.coord, id, m, "lysark.txt", strings.NewReader(text)))
	}
	w.is(fault.Denied, w.Hand(ctx, w.plain, id, Material{Title: "x", Lang: "nb"}, "a.txt", strings.NewReader("x")))
	if len(w.of(network.Actor{}, id).Materials) != 0 {
		t.Error("what is for those with a seat is listed to everybody")
	}
	all := w.of(w.plain, id).Materials
	if len(all) != 1 || len(all[0].Versions) != 2 || all[0].Versions[0].Number != 2 {
		t.Fatalf("%+v", all)
	}
	old := all[0].Versions[1].File
	c := got(w.Fetch(ctx, Registrant{Actor: w.plain, Activity: id}, w.root, id, old))(t)
	b, err := io.ReadAll(c)
	w.ok(err)
	w.ok(c.Close())
	if !bytes.Equal(b, []byte("første")) {
		t.Errorf("%q", b)
	}
	_, err = w.Fetch(ctx, Registrant{Activity: id}, w.root, id, old)
	w.is(fault.NotFound, err)
	_, err = w.forum.Fetch(ctx, w.coord, w.root, old)
	w.is(fault.NotFound, err) // no file of the forum's
}

func (w *world) quiz(id ID) {
	w.t.Helper()
	ctx, t := w.t.Context(), w.t
	w.is(fault.Invalid, w.AddQuestion(ctx, w.coord, id, Question{Text: "Hva?", Options: []string{"én"}}))
	w.ok(w.AddQuestion(ctx, w.coord, id, Question{Text: "Hvem bestemmer dagsordenen?", Options: []string{"Lederen", "Ingen"}, Answer: 0}))
	_, _, all, err := w.Quiz(ctx, Registrant{Actor: w.plain, Activity: id})
	w.ok(err)
	me := Registrant{Actor: w.plain, Activity: id}
	_, err = w.Try(ctx, me, nil)
	w.is(fault.Invalid, err)
	if r := got(w.Try(ctx, me, map[string]int{all[0].ID: 1}))(t); r.Passed || r.Score != 0 {
		t.Errorf("%+v", r)
	}
	if r := got(w.Try(ctx, me, map[string]int{all[0].ID: 0}))(t); !r.Passed {
		t.Errorf("%+v", r)
	}
}

// afterwards: attendance, certificates, erasure.
func (w *world) afterwards(id ID) {
	w.t.Helper()
	ctx, t := w.t.Context(), w.t
	roster := got(w.Roster(ctx, w.coord, id, "", 50))(t)
	var all []RegistrationID
	for _, g := range roster.Rows {
		all = append(all, g.ID)
	}
	w.is(fault.Conflict, w.Attend(ctx, w.coord, id, roster.Sessions[0].ID, all, all))
	w.clock.forward(16 * day)
	w.ok(w.Due(ctx))
	for _, s := range roster.Sessions {
		w.ok(w.Attend(ctx, w.coord, id, s.ID, all, all))
	}
	if n := got(w.Certify(ctx, w.coord, id))(t); n != 1 { // the other hasn't passed the quiz
		t.Errorf("%d certificates", n)
	}
	mine := got(w.Mine(ctx, w.plain, w.root))(t)
	if len(mine.Certificates) != 1 || len(mine.Records) != 1 || len(mine.Places) != 1 {
		t.Fatalf("%+v", mine)
	}
	code := mine.Certificates[0].Code
	typed := strings.ToLower(code[:8] + "-" + code[8:16] + " " + code[16:])
	if c := got(w.Verify(ctx, w.root, typed))(t); c.Name != "Pia Plain" || c.Minutes != 240 {
		t.Errorf("%+v", c)
	}
	_, err := w.Verify(ctx, w.root, strings.Repeat("0", 32))
	w.is(fault.NotFound, err)
	w.ok(w.ListRecord(ctx, w.plain, w.root, mine.Records[0].ID, network.NetworkOnly))
	if n := w.count(`SELECT COUNT(*) FROM profile_part WHERE person = $1 AND part = 'competences'`, string(w.plain.Person)); n != 1 {
		t.Error("it isn't in the directory")
	}
	w.clock.forward(20 * day)
	w.ok(w.Due(ctx))
	if w.count(`SELECT COUNT(*) FROM learning_need`) != 0 {
		t.Error("needs are kept")
	}
	w.clock.forward(contactKept)
	w.ok(w.Due(ctx))
	if w.count(`SELECT COUNT(*) FROM learning_registration WHERE mail <> '' OR mailkey <> ''`)+w.count(`SELECT COUNT(*) FROM learning_link`) != 0 {
		t.Error("addresses are kept")
	}
	w.ok(w.network.Erase(ctx, w.plain))
	if w.count(`SELECT COUNT(*) FROM learning_registration WHERE person = $1`, string(w.plain.Person))+w.count(`SELECT COUNT(*) FROM learning_certificate`)+w.count(`SELECT COUNT(*) FROM learning_record`) != 0 {
		t.Error("something is left of who was erased")
	}
	_, err = w.Verify(ctx, w.root, code)
	w.is(fault.NotFound, err)
}

// evaluations come to light five at a time, and nothing joins them with who gave them.
func (w *world) evaluations(ID) {
	w.t.Helper()
	ctx, t := w.t.Context(), w.t
	id := w.published(w.plan(0))
	var who []network.Actor
	for i := range 7 {
		p := w.person(fmt.Sprint("Per ", i))
		got(w.Register(ctx, p, id, "nb", Needs{}))(t)
		who = append(who, p)
	}
	w.is(fault.Conflict, w.Evaluate(ctx, Registrant{Actor: who[0], Activity: id}, Opinion{Useful: 5, Level: 5, Voice: 5, Again: 5}))
	w.clock.forward(11 * day)
	for i, p := range who {
		w.ok(w.Evaluate(ctx, Registrant{Actor: p, Activity: id}, Opinion{Useful: 1 + i%5, Level: 3, Voice: 2, Again: 4, Text: "Bra"}))
		results := w.of(w.coord, id).Results
		if want := (i + 1) / 5 * 5; (results == nil) != (want == 0) || results != nil && (results.Answers != want || len(results.Texts) != want) {
			t.Errorf("after %d: %+v", i+1, results)
		}
	}
	w.is(fault.Conflict, w.Evaluate(ctx, Registrant{Actor: who[0], Activity: id}, Opinion{Useful: 5, Level: 5, Voice: 5, Again: 5}))
	first := got(w.Raise(ctx, w.coord, id, "Noe må endres", "Etter kurset."))(t)
	if again := got(w.Raise(ctx, w.coord, id, "Noe må endres", "Etter kurset."))(t); first != again || len(w.of(w.coord, id).Topics) != 1 {
		t.Error("raised twice")
	}
}

// editing: seats that are taken stay, more seats go to who waits, and who is registered is told of a new time.
func (w *world) editing(t *testing.T) {
	w.t = t
	ctx := t.Context()
	p := w.plan(1)
	p.Network, p.Body = "", w.body
	id := got(w.Add(ctx, w.chair, p))(t)
	w.ok(w.Publish(ctx, w.chair, id))
	var who []network.Actor
	for i := range 4 {
		who = append(who, w.person(fmt.Sprint("Per ", i)))
		got(w.Register(ctx, who[i], id, "nb", Needs{}))(t)
	}
	v := w.of(w.chair, id)
	edit := Plan{Activity: v.Activity, Sessions: v.Sessions}
	edit.Seats = 3
	w.ok(w.Edit(ctx, w.chair, edit))
	w.is(fault.Conflict, w.Edit(ctx, w.chair, edit)) // an old version
	if w.of(who[1], id).Mine.State != Offered || w.of(who[2], id).Mine.State != Offered || w.of(who[3], id).Mine.State != Waiting || w.of(who[3], id).Ahead != 0 {
		t.Error("more seats don't go to who waits")
	}
	edit.Activity = w.of(w.chair, id).Activity
	edit.Seats = 2
	w.is(fault.Conflict, w.Edit(ctx, w.chair, edit))
	edit.Seats = 3
	edit.Sessions[0].Starts = edit.Sessions[0].Starts.Add(time.Hour)
	w.ok(w.Edit(ctx, w.chair, edit))
	w.ok(w.Due(ctx))
	if n := w.count(`SELECT COUNT(*) FROM notice WHERE key = 'notice.learning.changed'`); n != 4 {
		t.Errorf("%d are told of another time", n)
	}
	w.ok(w.Write(ctx, w.chair, id, Message{Title: "Ta med skrivesaker", Text: "Og godt humør."}))
	w.ok(w.Cancel(ctx, w.chair, id, "Kursholderen er syk."))
	w.ok(w.Due(ctx))
	if n := w.count(`SELECT COUNT(*) FROM notice WHERE key = 'notice.learning.cancelled'`); n != 4 {
		t.Errorf("%d are told that it is cancelled", n)
	}
	if n := w.count(`SELECT COUNT(*) FROM notice WHERE key = 'notice.learning.message'`); n != 1 {
		t.Errorf("%d are told what the arranger wrote", n)
	}
	w.is(fault.Conflict, w.Accept(ctx, Registrant{Actor: who[1], Activity: id}))
	b := got(w.Feed(w.of(w.coord, id).Activity, v.Sessions))(t)
	if strings.Count(string(b), "STATUS:CANCELLED") != 2 {
		t.Errorf("%s", b)
	}
}

// gaps: numbers are whole fives, of those who let themselves be counted.
func (w *world) gaps(t *testing.T) {
	w.t = t
	ctx := t.Context()
	w.is(fault.Denied, w.SaveCompetence(ctx, w.plain, Competence{Root: w.root, Name: network.Text{NB: "Taushetsplikt"}}))
	w.ok(w.SaveCompetence(ctx, w.coord, Competence{Root: w.root, Name: network.Text{NB: "Taushetsplikt"}, Roles: []Role{Role(network.Patient)}}))
	id := got(w.Competences(ctx, w.root))(t)[0].ID
	for i := range 12 {
		p := w.seated(w.body, network.Member, network.Patient, fmt.Sprint("Per ", i))
		w.ok(w.SetCounted(ctx, p, w.root, true))
		if i < 6 {
			w.ok(w.AddRecord(ctx, p, Record{Root: w.root, Kind: Holds, Title: "Kurs", Lang: "nb", Competence: id, Since: w.clock.Now()}))
		}
		gaps := got(w.Gaps(ctx, w.root))(t)
		if i < 4 && len(gaps) != 0 {
			t.Errorf("%+v of %d", gaps, i+1)
		}
		if i == 11 && (len(gaps) != 1 || gaps[0].People != 10 || gaps[0].Have != 5 || gaps[0].Lack != 5 || gaps[0].Network != w.west) {
			t.Errorf("%+v", gaps)
		}
		if i == 11 {
			w.ok(w.SetCounted(ctx, p, w.root, false))
		}
	}
	w.is(fault.NotFound, w.SetCounted(ctx, w.other, w.root, true))
}

// theDatabaseRefusesOneTooMany: what the room would never write isn't kept either.
func (w *world) theDatabaseRefusesOneTooMany(t *testing.T) {
	w.t = t
	id := w.published(w.plan(1))
	err := w.db.Write(t.Context(), func(tx *storage.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE learning_activity SET taken = 2 WHERE id = $1`, id)
		return err
	})
	if err == nil {
		t.Error("two in one seat")
	}
}
