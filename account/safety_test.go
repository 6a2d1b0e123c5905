package account_test

import (
	"context"
	"strings"
	"testing"

	"github.com/samverk/samverk/account"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

// linked gives somebody's account an identity at a provider, and its id.
func (h *house) linked(t testing.TB, who network.Actor, subject string) string {
	t.Helper()
	ok(t, h.db.Write(t.Context(), func(tx *storage.Tx) error {
		_, err := tx.Exec(t.Context(), `INSERT INTO account_identity (id, account, issuer, subject, provider, linked, used)
			SELECT $1, id, 'https://idp.example', $1, 'uni', 0, 0 FROM account WHERE person = $2`, subject, who.Person)
		return err
	}))
	return subject
}

// told gives the subjects of the mails to somebody, the latest first, with where they went.
func (h *house) told(t testing.TB, person network.PersonID) (subjects []string) {
	t.Helper()
	h.Drain()
	ok(t, h.db.Read(t.Context(), func(tx *storage.Tx) error {
		page, err := h.notices.Mails(t.Context(), tx, "waiting", func(p string) bool { return p == string(person) }, "", 100)
		for _, m := range page.Mails {
			subjects = append(subjects, m.Address+": "+m.Subject)
		}
		return err
	}))
	return subjects
}

// A new password by a link ends all that was made while somebody else may have had the account.
func TestResetEndsFeedsAndNamedIdentities(t *testing.T) {
	each(t, account.Options{}, func(t *testing.T, h *house) {
		ctx := t.Context()
		h.member(t, anna)
		feed, err := h.MakeFeed(ctx, anna, "person", "")
		ok(t, err)
		own, thief := h.linked(t, anna, "hers"), h.linked(t, anna, "the thief's")
		h.member(t, bo)
		others := h.linked(t, bo, "his")
		ok(t, h.Recover(ctx, mailOf(anna), home))
		token := recoveryLink.FindStringSubmatch(h.mailed(t, anna)[0])[1]
		_, linked, err := h.Recovering(ctx, token)
		ok(t, err)
		if len(linked) != 2 {
			t.Fatalf("%+v", linked)
		}
		is(t, h.Reset(ctx, token, "nio gröna kaniner", []string{others}, home), fault.NotFound, "absent")
		ok(t, h.Reset(ctx, token, "nio gröna kaniner", []string{thief}, home))
		_, err = h.Feed(ctx, feed)
		is(t, err, fault.NotFound, "absent")
		left, err := h.Identities(ctx, anna)
		ok(t, err)
		if len(left) != 1 || left[0].ID != own {
			t.Errorf("%+v", left)
		}
		told := strings.Join(h.told(t, "anna"), "\n")
		if !strings.Contains(told, "Lösenord via länk") || !strings.Contains(told, "uni") {
			t.Error(told)
		}
	})
}

// With another password one chooses whether what else is open ends; the mail says which it was.
func TestAnotherPasswordEndsWhatIsChosen(t *testing.T) {
	each(t, account.Options{}, func(t *testing.T, h *house) {
		ctx := t.Context()
		h.member(t, anna)
		begin := func(password string) account.Session {
			s, err := h.SignIn(ctx, mailOf(anna), password, home)
			ok(t, err)
			return s
		}
		feed, err := h.MakeFeed(ctx, anna, "person", "")
		ok(t, err)
		here, there := begin(good), begin(good)
		ok(t, h.ChangePassword(ctx, anna, account.Proof{Password: good, Session: here.ID, From: home}, "nio gröna kaniner", false))
		_, err = h.Resume(ctx, there.Token)
		ok(t, err)
		_, err = h.Feed(ctx, feed)
		ok(t, err)
		ok(t, h.ChangePassword(ctx, anna, account.Proof{Password: "nio gröna kaniner", Session: here.ID, From: home}, good, true))
		_, err = h.Resume(ctx, there.Token)
		is(t, err, fault.NotFound, "absent")
		_, err = h.Feed(ctx, feed)
		is(t, err, fault.NotFound, "absent")
		_, err = h.Resume(ctx, here.Token)
		ok(t, err)
		told := h.mailed(t, anna)
		if !strings.Contains(told[0], "kalenderadresser") || strings.Contains(told[1], "kalenderadresser") {
			t.Error(told)
		}
	})
}

// "The address was changed" goes to the address before, whatever is changed after that.
func TestTheOldAddressIsWarned(t *testing.T) {
	each(t, account.Options{}, func(t *testing.T, h *house) {
		ctx := t.Context()
		h.member(t, anna)
		ok(t, h.Move(ctx, anna, account.Proof{Password: good, From: home}, "thief@example.org"))
		mail := h.mailed(t, anna)[0]
		ok(t, h.Moved(ctx, strings.Fields(mail[strings.Index(mail, "/sign-in/address/")+len("/sign-in/address/"):])[0], home))
		ok(t, h.SetMail(ctx, anna, "en", notice.Weekly, "Europe/Oslo"))
		warned := false
		for _, m := range h.told(t, "anna") {
			warned = warned || strings.HasPrefix(m, mailOf(anna)+": Din mejladress")
		}
		if !warned {
			t.Error(h.told(t, "anna"))
		}
	})
}

func TestAShutAccountIsMailedNothing(t *testing.T) {
	each(t, account.Options{}, func(t *testing.T, h *house) {
		ctx := t.Context()
		h.member(t, anna)
		tell := func() {
			ok(t, h.db.Write(ctx, func(tx *storage.Tx) error {
				return h.notices.Tell(ctx, tx, "anna", notice.Notice{Key: "notice.interest.confirm", Urgent: true})
			}))
		}
		tell()
		if len(h.told(t, "anna")) == 0 {
			t.Fatal("nothing waits")
		}
		ok(t, h.Disable(ctx, coordinator, "anna"))
		tell()
		if told := h.told(t, "anna"); len(told) != 0 {
			t.Error(told)
		}
		ok(t, h.Enable(ctx, coordinator, "anna"))
		tell()
		if told := h.told(t, "anna"); len(told) != 1 {
			t.Error(told)
		}
	})
}

// Who invites gets the same answer whether or not the address has an account, in whatever network. Who reads mail there is told to sign in
// and accept, and gets the seat with the account they have.
func TestInvitingTellsNothingOfAnAddress(t *testing.T) {
	each(t, account.Options{}, func(t *testing.T, h *house) {
		ctx := t.Context()
		h.member(t, kari)                                  // of the other network
		ok(t, h.db.Write(ctx, func(tx *storage.Tx) error { // bo has a seat to come
			for _, q := range []string{
				`INSERT INTO seat (id, body, role, sector, nominator, deputy_for, sort, closed, version) VALUES ('second', 'se', 'member', 'care', NULL, NULL, 2, 0, 1)`,
				`INSERT INTO holding (id, seat, person, starts, ends, why, recorded, reminded) VALUES ('bo-second', 'second', 'bo', 0, 0, '', 0, 0)`,
			} {
				if _, err := tx.Exec(ctx, q); err != nil {
					return err
				}
			}
			return nil
		}))
		link, err := h.Invite(ctx, coordinator, "bo", "KARI@example.org", "sv")
		ok(t, err)
		token := tokenOf(t, link)
		state, err := h.StateOf(ctx, coordinator, "bo")
		ok(t, err)
		if state.Account || state.Invited.ID == "" {
			t.Errorf("%+v", state)
		}
		if told := h.told(t, "bo"); len(told) != 1 || !strings.Contains(told[0], "logga in och tacka ja") {
			t.Error(told)
		}
		_, err = h.Accept(ctx, token, good, home)
		is(t, err, fault.Conflict, "account.invitation.known")

		ok(t, h.AcceptAs(ctx, kari, token, home))
		is(t, h.AcceptAs(ctx, kari, token, home), fault.NotFound, "account.invitation.gone")
		ok(t, h.db.Read(ctx, func(tx *storage.Tx) error {
			a, err := h.people.Access(ctx, tx, kari)
			if err == nil && (!a.Coordinates("se") || !a.Registered("se") || !a.Registered("no")) {
				t.Errorf("%+v", a)
			}
			// Where kari's mail comes from is the other network's business.
			if theirs, terr := h.people.Coordinated(ctx, tx, a, "se", []network.PersonID{"kari"}); terr != nil || theirs["kari"] {
				t.Error("a new network sees the mail of an old one", terr)
			}
			b, berr := h.people.Access(ctx, tx, bo)
			if berr == nil && (b.Registered("se") || b.Coordinates("se")) {
				t.Error("both have it")
			}
			return err
		}))
		_, err = h.Invite(ctx, coordinator, "bo", "bo@example.org", "sv")
		is(t, err, fault.NotFound, "absent")
	})
}

// History tells who invited whom to what seat, and what came of it, without an address.
func TestInvitationsAreHistory(t *testing.T) {
	each(t, account.Options{}, func(t *testing.T, h *house) {
		ctx := t.Context()
		_, err := h.Invite(ctx, coordinator, "anna", mailOf(anna), "sv")
		ok(t, err)
		ok(t, h.Uninvite(ctx, coordinator, "anna"))
		ok(t, h.Uninvite(ctx, coordinator, "anna")) // which does nothing more
		h.member(t, anna)
		ok(t, h.db.Read(ctx, func(tx *storage.Tx) error {
			events, err := h.people.History(ctx, tx, "anna", 0, 10)
			var kinds []string
			for _, e := range events {
				kinds = append(kinds, string(e.Actor)+" "+e.Kind)
				for _, v := range e.Details {
					if strings.Contains(v, "@") {
						t.Errorf("%+v", e)
					}
				}
			}
			if got := strings.Join(kinds, ", "); got != "anna invitation.accepted, coordinator invitation.sent, coordinator invitation.withdrawn, coordinator invitation.sent" {
				t.Error(got)
			}
			return err
		}))
		_, err = h.Invite(ctx, coordinator, "coordinator", "karin@example.org", "sv")
		ok(t, err)
		ok(t, h.db.Read(ctx, func(tx *storage.Tx) error {
			events, err := h.people.History(ctx, tx, "coordinator", 0, 1)
			if err == nil && (events[0].Details["seats"] != "se" || events[0].Details["network"] != "se") {
				t.Errorf("%+v", events[0])
			}
			return err
		}))
	})
}

// Where no mail leaves the site no secret is kept for it; a coordinator makes the link, and everybody concerned can see that.
func TestWithoutMailACoordinatorRecovers(t *testing.T) {
	h := open(t, testkit.SQLite(t), account.Options{})
	ctx := t.Context()
	h.member(t, anna)
	_, err := h.RecoveryLink(ctx, coordinator, "anna")
	is(t, err, fault.Conflict, "account.recovery.mailed")

	told, err := notice.Open(ctx, h.db, notice.Options{URL: site})
	ok(t, err)
	a, err := account.Open(ctx, h.db, h.people, told, account.Options{URL: site, Hashing: quick, Rand: testkit.Rand(4)})
	ok(t, err)
	t.Cleanup(func() { _ = a.Close() })
	ok(t, a.Recover(ctx, mailOf(anna), home))
	a.Drain()
	var n int
	ok(t, h.db.Read(ctx, func(tx *storage.Tx) error {
		return tx.QueryRow(ctx, `SELECT count(*) FROM account_recovery`).Scan(&n)
	}))
	if n != 0 {
		t.Error("a recovery was made that nobody can be sent")
	}
	for _, who := range []network.Actor{neighbour, bo, anna, {}} {
		_, err = a.RecoveryLink(ctx, who, "anna")
		is(t, err, fault.NotFound, "absent")
	}
	link, err := a.RecoveryLink(ctx, coordinator, "anna")
	ok(t, err)
	ok(t, a.Reset(ctx, tokenOf(t, link), "nio gröna kaniner", nil, home))
	ok(t, h.db.Read(context.Background(), func(tx *storage.Tx) error {
		list, err := told.Told(ctx, tx, "anna", "", 2)
		if err == nil && (len(list) != 2 || !strings.Contains(told.Title("sv", list[1]), "Karin Koordinator")) {
			t.Errorf("%+v", list)
		}
		return err
	}))
	log, err := a.Events(ctx, anna, "", 10)
	ok(t, err)
	kinds := ""
	for _, e := range log {
		kinds += e.Kind + " "
	}
	if !strings.Contains(kinds, "reset recovery-handed") {
		t.Error(kinds)
	}
}
