package account_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/samverk/samverk/account"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// failing is a *testing.T or a *rapid.T.
type failing interface {
	Helper()
	Fatal(...any)
}

// is tells whether err is of a kind and says a sentence.
func is(t testing.TB, err error, kind fault.Kind, code string) {
	t.Helper()
	var e *fault.Error
	if !errors.As(err, &e) || e.Kind != kind || e.Code != code {
		t.Fatalf("%v, not %v %q", err, kind, code)
	}
}

func ok(t failing, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestInvitation(t *testing.T) {
	each(t, account.Options{}, func(t *testing.T, h *house) {
		ctx := t.Context()
		link, err := h.Invite(ctx, coordinator, "anna", "Anna@Example.org ", "sv")
		ok(t, err)
		token := tokenOf(t, link)
		if m := h.mailed(t, anna); len(m) != 1 || !strings.Contains(m[0], link) {
			t.Error("mailed:", m)
		}
		i, err := h.Invited(ctx, token)
		ok(t, err)
		if i.Name != "Anna Ankarström" || i.Mail != "Anna@Example.org" || i.Lang != "sv" || i.Expires.Sub(h.Now()) != 14*24*time.Hour {
			t.Errorf("%+v", i)
		}
		again, err := h.Invite(ctx, coordinator, "anna", "anna@example.org", "nb")
		ok(t, err)
		_, err = h.Accept(ctx, token, good, home)
		is(t, err, fault.NotFound, "account.invitation.gone") // sent again: the first link is dead
		s, err := h.Accept(ctx, tokenOf(t, again), good, home)
		ok(t, err)
		got, err := h.Resume(ctx, s.Token)
		ok(t, err)
		if got.Person != "anna" || got.Name != "Anna Ankarström" || got.Place != "203.0.113.0/24" || got.Browser != "Firefox, Linux" {
			t.Errorf("%+v", got)
		}
		_, err = h.Accept(ctx, tokenOf(t, again), good, home)
		is(t, err, fault.NotFound, "account.invitation.gone")
		_, err = h.Invite(ctx, coordinator, "anna", "anna@example.org", "sv")
		is(t, err, fault.Conflict, "account.exists")

		link, err = h.Invite(ctx, coordinator, "bo", "bo@example.org", "sv")
		ok(t, err)
		ok(t, h.Uninvite(ctx, coordinator, "bo"))
		_, err = h.Invited(ctx, tokenOf(t, link))
		is(t, err, fault.NotFound, "account.invitation.gone")
		link, err = h.Invite(ctx, coordinator, "bo", "bo@example.org", "sv")
		ok(t, err)
		h.pass(14*24*time.Hour + time.Second)
		_, err = h.Accept(ctx, tokenOf(t, link), good, home)
		is(t, err, fault.NotFound, "account.invitation.gone")
	})
}

// Only who coordinates a network that the person belongs to may invite, disable, or know anything of it.
func TestWhoMayInvite(t *testing.T) {
	each(t, account.Options{}, func(t *testing.T, h *house) {
		ctx := t.Context()
		h.member(t, anna)
		for name, act := range map[string]func(network.Actor) error{
			"invite":   func(a network.Actor) error { _, err := h.Invite(ctx, a, "bo", "bo@example.org", "sv"); return err },
			"uninvite": func(a network.Actor) error { return h.Uninvite(ctx, a, "bo") },
			"disable":  func(a network.Actor) error { return h.Disable(ctx, a, "anna") },
			"enable":   func(a network.Actor) error { return h.Enable(ctx, a, "anna") },
			"state":    func(a network.Actor) error { _, err := h.StateOf(ctx, a, "anna"); return err },
		} {
			for _, who := range []network.Actor{{}, neighbour, kari, anna, {Person: "nobody"}} {
				if err := act(who); fault.KindOf(err) != fault.NotFound {
					t.Errorf("%s by %q: %v", name, who.Person, err)
				}
			}
			if err := act(coordinator); err != nil {
				t.Errorf("%s by the coordinator: %v", name, err)
			}
		}
		if _, err := h.Invite(ctx, coordinator, "nobody", "x@example.org", "sv"); fault.KindOf(err) != fault.NotFound {
			t.Error("somebody who isn't there was invited:", err)
		}
	})
}

// Nobody fills the world's mailboxes from here: so many invitations a day are made, whomever they are to.
func TestInvitationsOfADayAreBounded(t *testing.T) {
	each(t, account.Options{}, func(t *testing.T, h *house) {
		ctx := t.Context()
		ok(t, h.db.Write(ctx, func(tx *storage.Tx) error {
			for i := range 199 {
				if _, err := tx.Exec(ctx, `INSERT INTO account_invitation (id, person, mail, lang, hash, made_by, made, expires, state, closed)
					VALUES ($1, $1, 'x@example.org', 'sv', $1, $2, $3, $3, 'revoked', $3)`, fmt.Sprint("before-", i), coordinator.Person, h.Now()); err != nil {
					return err
				}
			}
			return nil
		}))
		_, err := h.Invite(ctx, coordinator, "anna", mailOf(anna), "sv")
		ok(t, err)
		_, err = h.Invite(ctx, coordinator, "bo", "bo@example.org", "sv")
		is(t, err, fault.Conflict, "account.invitation.many")
		h.pass(24*time.Hour + time.Second)
		_, err = h.Invite(ctx, coordinator, "bo", "bo@example.org", "sv")
		ok(t, err)
	})
}

// A person whom a region registered is the region's to invite: whoever coordinates above it, or registers the person
// too, doesn't become them.
func TestOnlyTheHomeInvites(t *testing.T) {
	each(t, account.Options{}, func(t *testing.T, h *house) {
		ctx := t.Context()
		ok(t, h.db.Write(ctx, func(tx *storage.Tx) error {
			for _, q := range []string{
				`INSERT INTO network (id, parent, root, slug, kind, name, about, country, lang, zone, field, demo, sort, created, closed, version)
					VALUES ('north', 'se', 'se', 'north', 'regional', '{"sv":"Norr"}', '', 'SE', 'sv', 'Europe/Stockholm', '', 0, 1, 0, 0, 1)`,
				`INSERT INTO body (id, network, root, kind, name, task, mandate, visibility, input_days, answer_days, paper_days, starts, ends, sort, closed, version)
					VALUES ('north', 'north', 'se', 'secretariat', '', '', 'advises', 'public', 14, 90, 7, 0, 0, 1, 0, 1)`,
				`INSERT INTO seat (id, body, role, sector, nominator, deputy_for, sort, closed, version) VALUES ('north', 'north', 'member', 'care', NULL, NULL, 1, 0, 1)`,
				`INSERT INTO person (id, name, lang, operator, created, erased, version) VALUES ('rita', 'Rita Region', 'sv', 0, 0, 0, 1)`,
				`INSERT INTO holding (id, seat, person, starts, ends, why, recorded, reminded) VALUES ('north', 'north', 'bo', 0, 0, '', 0, 0)`,
				`INSERT INTO membership (network, person, root, sort, since) VALUES ('north', 'rita', 'se', 'rita', 1)`,
				`INSERT INTO membership (network, person, root, sort, since) VALUES ('se', 'rita', 'se', 'rita', 2)`, // somebody registers her with the nation too
			} {
				if _, err := tx.Exec(ctx, q); err != nil {
					return err
				}
			}
			return nil
		}))
		people, err := network.Open(ctx, h.db) // the tree has grown
		ok(t, err)
		accounts, err := account.Open(ctx, h.db, people, h.notices, account.Options{URL: site, Hashing: quick})
		ok(t, err)
		t.Cleanup(func() { _ = accounts.Close() })
		if _, err := accounts.Invite(ctx, coordinator, "rita", "other@example.org", "sv"); fault.KindOf(err) != fault.NotFound {
			t.Error("the nation's coordinator invited the region's person:", err)
		}
		_, err = accounts.Invite(ctx, bo, "rita", "rita@example.org", "sv")
		ok(t, err)
	})
}

// A new password takes back an address that is to be confirmed: whoever asked for it may have been a thief.
func TestANewPasswordTakesBackAMove(t *testing.T) {
	each(t, account.Options{}, func(t *testing.T, h *house) {
		ctx := t.Context()
		s := h.member(t, anna)
		ok(t, h.Move(ctx, anna, account.Proof{Password: good, Session: s.ID, From: home}, "thief@example.org"))
		token := regexp.MustCompile(`/sign-in/address/(\S+)`).FindStringSubmatch(h.mailed(t, anna)[0])[1]
		ok(t, h.ChangePassword(ctx, anna, account.Proof{Password: good, Session: s.ID, From: home}, "another long sentence of mine", true))
		is(t, h.Moved(ctx, token, home), fault.NotFound, "account.address.gone")
	})
}

func TestTwoAcceptAtOnce(t *testing.T) {
	each(t, account.Options{}, func(t *testing.T, h *house) {
		link, err := h.Invite(t.Context(), coordinator, "anna", "anna@example.org", "sv")
		ok(t, err)
		var wg sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs {
			wg.Go(func() { _, errs[i] = h.Accept(t.Context(), tokenOf(t, link), good, home) })
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else {
				is(t, err, fault.NotFound, "account.invitation.gone")
			}
		}
		if won != 1 {
			t.Errorf("%d accepted one invitation", won)
		}
	})
}

func TestSignIn(t *testing.T) {
	each(t, account.Options{}, func(t *testing.T, h *house) {
		ctx := t.Context()
		h.member(t, anna)
		s, err := h.SignIn(ctx, " ANNA@example.org", good, home)
		ok(t, err)
		if s.Person != "anna" || s.Token == "" || s.Via != "password" {
			t.Errorf("%+v", s)
		}
		other, err := h.SignIn(ctx, "anna@example.org", good, home)
		ok(t, err)
		if other.Token == s.Token || other.ID == s.ID {
			t.Error("two sign-ins, one token")
		}
		// NFKC: the same letters typed on another keyboard.
		_, err = h.SignIn(ctx, "anna@example.org", strings.NewReplacer("å", "a\u030a", "ö", "o\u0308").Replace(good), home)
		ok(t, err)
		for _, c := range [][2]string{{"anna@example.org", good + "!"}, {"anna@example.org", ""}, {"nobody@example.org", good}, {"", ""},
			{"anna@example.org", strings.Repeat("a", 5000)}, {"bo@example.org", good}} {
			_, err := h.SignIn(ctx, c[0], c[1], home)
			is(t, err, fault.Denied, "account.wrong")
		}
		log, err := h.Events(ctx, anna, "", 100)
		ok(t, err)
		var kinds []string
		for _, e := range log {
			kinds = append(kinds, e.Kind)
		}
		if got := strings.Join(kinds, " "); got != "refused refused refused signed-in signed-in signed-in signed-in accepted" {
			t.Error(got)
		}
		ok(t, h.SignOut(ctx, s.Token, home))
		_, err = h.Resume(ctx, s.Token)
		is(t, err, fault.NotFound, "absent")
		_, err = h.Resume(ctx, other.Token)
		ok(t, err)
	})
}

func TestSessionsEnd(t *testing.T) {
	each(t, account.Options{}, func(t *testing.T, h *house) {
		ctx := t.Context()
		first := h.member(t, anna)
		begin := func() account.Session {
			t.Helper()
			s, err := h.SignIn(ctx, mailOf(anna), good, home)
			ok(t, err)
			return s
		}
		alive := func(s account.Session) bool {
			_, err := h.Resume(ctx, s.Token)
			if err != nil {
				is(t, err, fault.NotFound, "absent")
			}
			return err == nil
		}
		// Unused for too long.
		h.pass(8*time.Hour + time.Second)
		if alive(first) {
			t.Error("an unused session lives")
		}
		// Used, it lives a week and no longer.
		s := begin()
		for range 7*3 - 1 {
			h.pass(8*time.Hour - time.Minute)
			if !alive(s) {
				t.Fatal("a used session died")
			}
		}
		h.pass(6 * time.Hour)
		if alive(s) != true {
			t.Error("died early")
		}
		h.pass(3 * time.Hour)
		if alive(s) {
			t.Error("a session lives for ever")
		}
		// One by one, and all others.
		a, b, c := begin(), begin(), begin()
		list, err := h.Sessions(ctx, anna)
		ok(t, err)
		if len(list) != 3 {
			t.Errorf("%d sessions", len(list))
		}
		ok(t, h.Revoke(ctx, anna, a.ID, home))
		if alive(a) || !alive(b) {
			t.Error("revoked the wrong one")
		}
		is(t, h.Revoke(ctx, anna, a.ID, home), fault.NotFound, "absent")
		h.member(t, bo)
		is(t, h.Revoke(ctx, bo, b.ID, home), fault.NotFound, "absent") // not yours
		ok(t, h.RevokeOthers(ctx, anna, c.ID, home))
		if alive(b) || !alive(c) {
			t.Error("others")
		}
		// Disabled: the next request is refused, and the old session stays dead.
		ok(t, h.Disable(ctx, coordinator, "anna"))
		if alive(c) {
			t.Error("a disabled account is signed in")
		}
		_, err = h.SignIn(ctx, mailOf(anna), good, home)
		is(t, err, fault.Denied, "account.wrong")
		_, err = h.Mine(ctx, anna)
		is(t, err, fault.NotFound, "absent")
		ok(t, h.Enable(ctx, coordinator, "anna"))
		if alive(c) {
			t.Error("enabling gave a session back")
		}
		// A new password ends the others.
		c, b = begin(), begin()
		ok(t, h.ChangePassword(ctx, anna, account.Proof{Password: good, Session: c.ID, From: home}, "nio gröna kaniner", true))
		if alive(b) || !alive(c) {
			t.Error("after a new password")
		}
		_, err = h.SignIn(ctx, mailOf(anna), good, home)
		is(t, err, fault.Denied, "account.wrong")
		is(t, h.ChangePassword(ctx, anna, account.Proof{Password: good, Session: c.ID, From: home}, "tio gröna kaniner", true), fault.Invalid, "account.current")
		// Erased by the network's room: nobody.
		ok(t, h.db.Write(ctx, func(tx *storage.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE person SET name = '', erased = 1 WHERE id = 'anna'`)
			return err
		}))
		if alive(c) {
			t.Error("an erased person is signed in")
		}
	})
}

// An account has no sessions without end: beyond a hundred, those unused the longest end.
func TestMostSessions(t *testing.T) {
	h := open(t, testkit.SQLite(t), account.Options{})
	var all []account.Session
	all = append(all, h.member(t, anna))
	for range 102 {
		s, err := h.SignIn(t.Context(), mailOf(anna), good, home)
		ok(t, err)
		all = append(all, s)
	}
	list, err := h.Sessions(t.Context(), anna)
	ok(t, err)
	if len(list) != 100 {
		t.Errorf("%d sessions", len(list))
	}
	for i, s := range all {
		if _, err := h.Resume(t.Context(), s.Token); (err == nil) != (i >= 3) {
			t.Errorf("session %d: %v", i, err)
		}
	}
}

// A write of "last seen" after a revocation brings nothing back.
func TestRevokedStaysRevoked(t *testing.T) {
	each(t, account.Options{}, func(t *testing.T, h *house) {
		s := h.member(t, anna)
		h.pass(10 * time.Minute)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() { _, _ = h.Resume(t.Context(), s.Token) })
		}
		wg.Go(func() { _ = h.Revoke(t.Context(), anna, s.ID, home) })
		wg.Wait()
		_, err := h.Resume(t.Context(), s.Token)
		is(t, err, fault.NotFound, "absent")
	})
}

func TestRecovery(t *testing.T) {
	each(t, account.Options{}, func(t *testing.T, h *house) {
		ctx := t.Context()
		s := h.member(t, anna)
		before := len(h.mailed(t, anna))
		ok(t, h.Recover(ctx, "ANNA@example.org", home))
		ok(t, h.Recover(ctx, "nobody@example.org", home)) // the same answer
		mail := h.mailed(t, anna)
		if len(mail) != before+1 {
			t.Fatal("mailed:", mail)
		}
		token := recoveryLink.FindStringSubmatch(mail[0])[1]
		who, _, err := h.Recovering(ctx, token)
		ok(t, err)
		if who != mailOf(anna) {
			t.Error(who)
		}
		is(t, h.Reset(ctx, token, "short", nil, home), fault.Invalid, "account.password.short")
		ok(t, h.Reset(ctx, token, "nio gröna kaniner", nil, home))
		is(t, h.Reset(ctx, token, "tio gröna kaniner", nil, home), fault.NotFound, "account.recovery.gone")
		_, err = h.Resume(ctx, s.Token)
		is(t, err, fault.NotFound, "absent")
		_, err = h.SignIn(ctx, mailOf(anna), "nio gröna kaniner", home)
		ok(t, err)
		// An hour and no longer; and not of a disabled account.
		ok(t, h.Recover(ctx, mailOf(anna), home))
		token = recoveryLink.FindStringSubmatch(h.mailed(t, anna)[0])[1]
		h.pass(time.Hour + time.Second)
		is(t, h.Reset(ctx, token, good, nil, home), fault.NotFound, "account.recovery.gone")
		ok(t, h.Disable(ctx, coordinator, "anna"))
		n := len(h.mailed(t, anna))
		ok(t, h.Recover(ctx, mailOf(anna), home))
		if got := len(h.mailed(t, anna)); got != n {
			t.Error("a disabled account was mailed a way in")
		}
	})
}

// A new address is the account's when somebody who reads mail there says so; the old one is told.
func TestMove(t *testing.T) {
	each(t, account.Options{}, func(t *testing.T, h *house) {
		ctx := t.Context()
		s := h.member(t, anna)
		h.member(t, bo)
		proof := account.Proof{Password: good, Session: s.ID, From: home}
		is(t, h.Move(ctx, anna, account.Proof{Password: "wrong"}, "new@example.org"), fault.Invalid, "account.current")
		is(t, h.Move(ctx, anna, proof, "new"), fault.Invalid, "notice.mail")
		n := len(h.mailed(t, anna))
		ok(t, h.Move(ctx, anna, proof, mailOf(bo))) // the same answer, and no mail
		if got := len(h.mailed(t, anna)); got != n {
			t.Error("somebody else's address was mailed")
		}
		link := func() string {
			return regexp.MustCompile(`/sign-in/address/(\S+)`).FindStringSubmatch(h.mailed(t, anna)[0])[1]
		}
		ok(t, h.Move(ctx, anna, proof, "first@example.org"))
		old := link()
		ok(t, h.Move(ctx, anna, proof, "New@example.org"))
		is(t, h.Moved(ctx, old, home), fault.NotFound, "account.address.gone")
		_, err := h.SignIn(ctx, "new@example.org", good, home)
		is(t, err, fault.Denied, "account.wrong") // not before it is confirmed
		token := link()
		mail, err := h.Moving(ctx, token)
		ok(t, err)
		if mail != "New@example.org" {
			t.Error(mail)
		}
		ok(t, h.Moved(ctx, token, home))
		is(t, h.Moved(ctx, token, home), fault.NotFound, "account.address.gone")
		_, err = h.SignIn(ctx, "new@example.org", good, home)
		ok(t, err)
		_, err = h.SignIn(ctx, mailOf(anna), good, home)
		is(t, err, fault.Denied, "account.wrong")
		r, err := h.MailOf(ctx, anna)
		ok(t, err)
		if r.Mail != "New@example.org" || r.Lang != "sv" {
			t.Errorf("%+v", r)
		}
		var told int
		ok(t, h.db.Read(ctx, func(tx *storage.Tx) error {
			return tx.QueryRow(ctx, `SELECT count(*) FROM notice_mail WHERE address = $1 AND secret = 0`, mailOf(anna)).Scan(&told)
		}))
		if told == 0 {
			t.Error("the old address knows nothing")
		}
		ok(t, h.Move(ctx, anna, proof, "third@example.org"))
		token = link()
		h.pass(time.Hour + time.Second)
		is(t, h.Moved(ctx, token, home), fault.NotFound, "account.address.gone")
	})
}

// Guessing waits longer and longer, always ends, survives a restart, and doesn't shut the person out.
func TestWaits(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		h := open(t, dsn, account.Options{})
		ctx := t.Context()
		mine := h.member(t, anna)
		known := home
		known.Device = mine.Device
		guess := func(at account.From) error { _, err := h.SignIn(ctx, mailOf(anna), "not the password", at); return err }
		elsewhere := from("198.51.100.9")
		for range 6 {
			is(t, guess(elsewhere), fault.Denied, "account.wrong")
		}
		is(t, guess(elsewhere), fault.Unavailable, "account.wait")
		is(t, guess(from("192.0.2.1")), fault.Unavailable, "account.wait") // per account, wherever from
		_, err := h.SignIn(ctx, mailOf(anna), good, elsewhere)
		is(t, err, fault.Unavailable, "account.wait") // the right one too: else it would be a way to tell
		_, err = h.SignIn(ctx, "nobody@example.org", good, elsewhere)
		is(t, err, fault.Denied, "account.wrong") // another address waits for itself
		_, err = h.SignIn(ctx, mailOf(anna), good, known)
		ok(t, err) // a browser that was here before doesn't wait

		var waited time.Duration
		for range 20 {
			for fault.KindOf(guess(elsewhere)) == fault.Unavailable {
				h.pass(20 * time.Second)
				waited += 20 * time.Second
			}
		}
		if waited < time.Hour || waited > 20*16*time.Minute {
			t.Error("twenty guesses took", waited)
		}
		// A restart forgets nothing.
		ok(t, h.Accounts.Close())
		ok(t, h.db.Close())
		now := h.Now()
		h = open(t, dsn, account.Options{})
		h.now = now
		_, err = h.SignIn(ctx, mailOf(anna), good, elsewhere)
		is(t, err, fault.Unavailable, "account.wait")
		h.pass(15*time.Minute + time.Second)
		_, err = h.SignIn(ctx, mailOf(anna), good, elsewhere)
		ok(t, err)
		is(t, guess(elsewhere), fault.Denied, "account.wrong") // and the count begins anew
	})
}

// Unknown addresses wait as known ones do.
func TestUnknownAddressesWaitToo(t *testing.T) {
	each(t, account.Options{}, func(t *testing.T, h *house) {
		h.member(t, anna)
		answers := map[string][]string{}
		for _, mail := range []string{"anna@example.org", "nobody@example.org"} {
			for range 9 {
				_, err := h.SignIn(t.Context(), mail, "not the password", from("198.51.100.9"))
				answers[mail] = append(answers[mail], fmt.Sprint(err))
			}
		}
		if a, b := fmt.Sprint(answers["anna@example.org"]), fmt.Sprint(answers["nobody@example.org"]); a != b {
			t.Errorf("%s\n%s", a, b)
		}
	})
}

// Many guesses at the same time are no more than one after the other.
func TestGuessesAtOnce(t *testing.T) {
	each(t, account.Options{}, func(t *testing.T, h *house) {
		h.member(t, anna)
		var wg sync.WaitGroup
		var mu sync.Mutex
		tried := 0
		for range 40 {
			wg.Go(func() {
				_, err := h.SignIn(t.Context(), mailOf(anna), "not the password", from("198.51.100.9"))
				if fault.KindOf(err) == fault.Denied {
					mu.Lock()
					tried++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if tried > 6 {
			t.Errorf("%d guesses were made at once", tried)
		}
	})
}

// One address that tries many accounts waits too.
func TestSprayingWaits(t *testing.T) {
	h := open(t, testkit.SQLite(t), account.Options{})
	var err error
	for i := range 60 {
		if _, err = h.SignIn(t.Context(), fmt.Sprintf("p%d@example.org", i), "sommar 2026", from("198.51.100.9")); fault.KindOf(err) == fault.Unavailable {
			return
		}
	}
	t.Error("sixty accounts were tried from one address:", err)
}

func TestHashesGrow(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		h := open(t, dsn, account.Options{})
		h.member(t, anna)
		kept := func() (s string) {
			ok(t, h.db.Read(t.Context(), func(tx *storage.Tx) error {
				return tx.QueryRow(t.Context(), `SELECT password FROM account WHERE person = 'anna'`).Scan(&s)
			}))
			return s
		}
		if s := kept(); !strings.HasPrefix(s, "$argon2id$v=19$m=64,t=1,p=1$") {
			t.Error(s)
		}
		ok(t, h.Accounts.Close())
		ok(t, h.db.Close())
		h = open(t, dsn, account.Options{Hashing: account.Hashing{Memory: 128, Passes: 2, Threads: 1, AtOnce: 1}})
		for range 2 {
			_, err := h.SignIn(t.Context(), mailOf(anna), good, home)
			ok(t, err)
			if s := kept(); !strings.HasPrefix(s, "$argon2id$v=19$m=128,t=2,p=1$") {
				t.Error(s)
			}
		}
	})
}

// Whatever the reason a sign-in fails for, a password is hashed first, so that the time tells nothing.
func TestEverybodyIsHashed(t *testing.T) {
	h := open(t, testkit.SQLite(t), account.Options{Demo: true})
	h.member(t, anna)
	h.member(t, bo)
	ok(t, h.Disable(t.Context(), coordinator, "bo"))
	_, err := h.SignInAs(t.Context(), "kari", home) // an account without a password
	ok(t, err)
	free := h.OccupyHashing()
	defer free()
	for _, mail := range []string{mailOf(anna), mailOf(bo), "kari.kvitvaer@demo.invalid", "nobody@example.org", "", strings.Repeat("x", 10_000)} {
		var err error
		for after := 50 * time.Millisecond; after < time.Minute; after *= 2 { // the account is looked up before
			ctx, cancel := context.WithTimeout(t.Context(), after)
			_, err = h.SignIn(ctx, mail, good, home)
			if cancel(); fault.KindOf(err) != fault.Internal {
				break
			}
		}
		is(t, err, fault.Unavailable, "account.busy")
	}
}

func TestHashingWaitsItsTurn(t *testing.T) {
	h := open(t, testkit.SQLite(t), account.Options{Hashing: account.Hashing{Memory: 64 << 10, Passes: 3, Threads: 1, AtOnce: 1}})
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _, _ = h.SignIn(t.Context(), "a@example.org", good, home) })
	time.Sleep(20 * time.Millisecond)
	cancel()
	_, err := h.SignIn(ctx, "b@example.org", good, home)
	if fault.KindOf(err) != fault.Unavailable {
		t.Error(err)
	}
	wg.Wait()
}

func TestFirstOperator(t *testing.T) {
	each(t, account.Options{}, func(t *testing.T, h *house) {
		ctx := t.Context()
		old, err := h.FirstOperator(ctx)
		ok(t, err)
		link, err := h.FirstOperator(ctx)
		ok(t, err)
		f := account.First{Name: "Olga Operatör", Mail: "olga@example.org", Lang: "sv", Password: good}
		_, err = h.SetUp(ctx, tokenOf(t, old), f, home)
		is(t, err, fault.NotFound, "account.invitation.gone")
		_, err = h.Accept(ctx, tokenOf(t, link), good, home)
		is(t, err, fault.NotFound, "account.invitation.gone")
		h.pass(24*time.Hour + time.Second)
		_, err = h.SetUp(ctx, tokenOf(t, link), f, home)
		is(t, err, fault.NotFound, "account.invitation.gone")
		link, err = h.FirstOperator(ctx)
		ok(t, err)
		s, err := h.SetUp(ctx, tokenOf(t, link), f, home)
		ok(t, err)
		ok(t, h.db.Read(ctx, func(tx *storage.Tx) error {
			a, err := h.people.Access(ctx, tx, s.Actor())
			if !a.Operator {
				t.Error("the first person is no operator")
			}
			return err
		}))
		_, err = h.SetUp(ctx, tokenOf(t, link), f, home)
		is(t, err, fault.NotFound, "account.invitation.gone")
		link, err = h.FirstOperator(ctx)
		ok(t, err)
		if link != "" {
			t.Error("a second first one:", link)
		}
	})
}

func TestDemo(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		h := open(t, dsn, account.Options{})
		_, err := h.SignInAs(t.Context(), "anna", home)
		is(t, err, fault.NotFound, "absent")
		ok(t, h.Accounts.Close())
		ok(t, h.db.Close())
		h = open(t, dsn, account.Options{Demo: true})
		for range 2 {
			s, err := h.SignInAs(t.Context(), "anna", home)
			ok(t, err)
			got, err := h.Resume(t.Context(), s.Token)
			ok(t, err)
			if got.Person != "anna" {
				t.Error(got)
			}
		}
		var mail string // an address as people have, not an id
		ok(t, h.db.Read(t.Context(), func(tx *storage.Tx) error {
			return tx.QueryRow(t.Context(), `SELECT mail FROM account WHERE person = 'anna'`).Scan(&mail)
		}))
		if want := "anna.ankarstrom@demo.invalid"; mail != want {
			t.Errorf("%s, not %s", mail, want)
		}
		_, err = h.SignInAs(t.Context(), "nobody", home)
		is(t, err, fault.NotFound, "absent")
		// Nobody can sign in to such an account by password.
		_, err = h.SignIn(t.Context(), "anna.ankarstrom@demo.invalid", "", home)
		is(t, err, fault.Denied, "account.wrong")
	})
}

func TestFeeds(t *testing.T) {
	each(t, account.Options{}, func(t *testing.T, h *house) {
		ctx := t.Context()
		h.member(t, anna)
		token, err := h.MakeFeed(ctx, anna, "body", "se")
		ok(t, err)
		f, err := h.Feed(ctx, token)
		ok(t, err)
		if f.Person != "anna" || f.Scope != "body" || f.Subject != "se" || !f.Used.IsZero() {
			t.Errorf("%+v", f)
		}
		again, err := h.MakeFeed(ctx, anna, "body", "se")
		ok(t, err)
		_, err = h.Feed(ctx, token)
		is(t, err, fault.NotFound, "absent")
		_, err = h.Feed(ctx, again)
		ok(t, err)
		list, err := h.Feeds(ctx, anna)
		ok(t, err)
		if len(list) != 1 || list[0].Used.IsZero() {
			t.Errorf("%+v", list)
		}
		h.member(t, bo)
		is(t, h.RevokeFeed(ctx, bo, list[0].ID), fault.NotFound, "absent")
		ok(t, h.Disable(ctx, coordinator, "anna"))
		_, err = h.Feed(ctx, again)
		is(t, err, fault.NotFound, "absent")
		ok(t, h.Enable(ctx, coordinator, "anna"))
		ok(t, h.RevokeFeed(ctx, anna, list[0].ID))
		_, err = h.Feed(ctx, again)
		is(t, err, fault.NotFound, "absent")
		for _, wrong := range [][2]string{{"person", "se"}, {"body", ""}, {"network", "se"}} {
			if _, err := h.MakeFeed(ctx, anna, wrong[0], network.BodyID(wrong[1])); fault.KindOf(err) != fault.Invalid {
				t.Error(wrong, err)
			}
		}
		// A body that isn't hers to see is not there, and one that no longer is has no name.
		ok(t, h.db.Write(ctx, func(tx *storage.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE body SET visibility = 'body' WHERE id = 'no'`)
			return err
		}))
		_, err = h.MakeFeed(ctx, anna, "body", "no")
		is(t, err, fault.NotFound, "absent")
		_, err = h.MakeFeed(ctx, anna, "body", "nowhere")
		is(t, err, fault.NotFound, "absent")
		_, err = h.MakeFeed(ctx, anna, "body", "se")
		ok(t, err)
		ok(t, h.db.Write(ctx, func(tx *storage.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE body SET visibility = 'body' WHERE id = 'se'`)
			return err
		}))
		list, err = h.Feeds(ctx, anna)
		ok(t, err)
		if len(list) != 1 || !list[0].Name.Empty() {
			t.Errorf("%+v", list)
		}
	})
}

func TestErase(t *testing.T) {
	each(t, account.Options{}, func(t *testing.T, h *house) {
		ctx := t.Context()
		s := h.member(t, anna)
		token, err := h.MakeFeed(ctx, anna, "person", "")
		ok(t, err)
		ok(t, h.Recover(ctx, mailOf(anna), home))
		is(t, h.Erase(ctx, anna, account.Proof{Password: "wrong", Session: s.ID}), fault.Invalid, "account.current")
		ok(t, h.Erase(ctx, anna, account.Proof{Password: good, Session: s.ID}))
		_, err = h.Resume(ctx, s.Token)
		is(t, err, fault.NotFound, "absent")
		_, err = h.Feed(ctx, token)
		is(t, err, fault.NotFound, "absent")
		if text := everything(t, h.db); strings.Contains(text, "anna@example.org") {
			t.Error("the address is still there")
		}
		if _, err := h.Invite(ctx, coordinator, "anna", mailOf(anna), "sv"); fault.KindOf(err) != fault.NotFound {
			t.Error("an erased person can be invited:", err)
		}
	})
}

// An event is never changed, and deleted only with its account.
func TestEventsAreKept(t *testing.T) {
	each(t, account.Options{}, func(t *testing.T, h *house) {
		h.member(t, anna)
		for _, q := range []string{`UPDATE account_event SET kind = 'x'`, `DELETE FROM account_event`} {
			err := h.db.Write(t.Context(), func(tx *storage.Tx) error { _, err := tx.Exec(t.Context(), q); return err })
			if fault.KindOf(err) != fault.Conflict {
				t.Error(q, err)
			}
		}
	})
}

func TestSweep(t *testing.T) {
	each(t, account.Options{}, func(t *testing.T, h *house) {
		ctx := t.Context()
		h.member(t, anna)
		ok(t, h.Recover(ctx, mailOf(anna), home))
		h.Drain()
		_, _ = h.SignIn(ctx, mailOf(anna), "wrong", home)
		s, err := h.SignIn(ctx, mailOf(anna), good, home)
		ok(t, err)
		ok(t, h.Sweep(ctx))
		_, err = h.Resume(ctx, s.Token)
		ok(t, err)
		h.pass(8 * 24 * time.Hour)
		ok(t, h.Sweep(ctx))
		ok(t, h.db.Read(ctx, func(tx *storage.Tx) error {
			for _, table := range []string{"session", "recovery", "attempt"} {
				var n int
				if err := tx.QueryRow(ctx, `SELECT count(*) FROM account_`+table).Scan(&n); err != nil {
					return err
				}
				if n != 0 {
					t.Errorf("%d left in %s", n, table)
				}
			}
			return nil
		}))
	})
}

// everything is all text that the database holds.
func everything(t testing.TB, db *storage.DB) string {
	t.Helper()
	var b strings.Builder
	ok(t, db.Read(t.Context(), func(tx *storage.Tx) error {
		for _, table := range []string{"account", "account_identity", "account_invitation", "account_recovery", "account_session", "account_flow", "account_device",
			"account_feed", "account_attempt", "account_event", "account_move", "notice", "notice_recipient", "notice_mail"} {
			rows, err := tx.Query(t.Context(), `SELECT * FROM `+table)
			if err != nil {
				return err
			}
			columns, err := rows.Columns()
			if err != nil {
				return err
			}
			for rows.Next() {
				row := make([]any, len(columns))
				for i := range row {
					row[i] = new(any)
				}
				if err := rows.Scan(row...); err != nil {
					return err
				}
				for _, v := range row {
					fmt.Fprintf(&b, "%v|", *v.(*any))
				}
			}
			if err := rows.Close(); err != nil {
				return err
			}
		}
		return nil
	}))
	return b.String()
}

// No token and no password is in the database; a mail that waits has its own link, and nothing else has.
func TestNothingSecretIsKept(t *testing.T) {
	each(t, account.Options{}, func(t *testing.T, h *house) {
		ctx := t.Context()
		link, err := h.Invite(ctx, coordinator, "anna", mailOf(anna), "sv")
		ok(t, err)
		s, err := h.Accept(ctx, tokenOf(t, link), good, home)
		ok(t, err)
		feed, err := h.MakeFeed(ctx, anna, "person", "")
		ok(t, err)
		ok(t, h.Recover(ctx, mailOf(anna), home))
		recovery := recoveryLink.FindStringSubmatch(h.mailed(t, anna)[0])[1]
		_, _ = h.SignIn(ctx, "typed my pass phrase here", "canary-password-wrong", home)
		setup, err := h.Invite(ctx, coordinator, "bo", mailOf(bo), "sv")
		ok(t, err)
		text := everything(t, h.db)
		for name, secret := range map[string]string{"invitation": tokenOf(t, link), "session": s.Token, "device": s.Device, "feed": feed, "recovery": recovery,
			"password": good, "wrong password": "canary-password-wrong", "typed name": "pass phrase", "open invitation": tokenOf(t, setup), "address": "203.0.113.77"} {
			if strings.Contains(text, secret) {
				t.Errorf("%s is in the database", name)
			}
		}
		if !strings.Contains(text, mailOf(anna)) {
			t.Error("the canary sees nothing")
		}
	})
}
