package account_test

import (
	"testing"

	"github.com/samverk/samverk/account"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

// sql runs statements that make people what a test needs them to be.
func (h *house) sql(t testing.TB, statements ...string) {
	t.Helper()
	ok(t, h.db.Write(t.Context(), func(tx *storage.Tx) error {
		for _, q := range statements {
			if _, err := tx.Exec(t.Context(), q); err != nil {
				return err
			}
		}
		return nil
	}))
}

// silent is the room of a site that no mail leaves.
func (h *house) silent(t testing.TB) *account.Accounts {
	t.Helper()
	told, err := notice.Open(t.Context(), h.db, notice.Options{URL: site})
	ok(t, err)
	a, err := account.Open(t.Context(), h.db, h.people, told, account.Options{URL: site, Hashing: quick, Rand: testkit.Rand(4)})
	ok(t, err)
	t.Cleanup(func() { _ = a.Close() })
	return a
}

const (
	memberOfNo   = `INSERT INTO membership (network, person, root, sort, since) VALUES ('no', 'bo', 'no', 'bo', 5)`
	seatInNo     = `INSERT INTO seat (id, body, role, sector, nominator, deputy_for, sort, closed, version) VALUES ('second', 'no', 'member', 'care', NULL, NULL, 2, 0, 1)`
	heldByBo     = `INSERT INTO holding (id, seat, person, starts, ends, why, recorded, reminded) VALUES ('bo-second', 'second', 'bo', 0, 0, '', 0, 0)`
	boAnOperator = `UPDATE person SET operator = 1 WHERE id = 'bo'`
)

// Whoever hands a link over can be the person: it leads into nothing that isn't the coordinator's.
func TestAHandedLinkCrossesNoNetwork(t *testing.T) {
	each(t, account.Options{}, func(t *testing.T, h *house) {
		ctx := t.Context()
		h.member(t, bo)
		a := h.silent(t)
		early, err := a.RecoveryLink(ctx, coordinator, "bo") // while bo is nothing elsewhere
		ok(t, err)

		h.sql(t, memberOfNo)
		_, err = a.RecoveryLink(ctx, coordinator, "bo")
		is(t, err, fault.Conflict, "account.recovery.wider")
		h.sql(t, `DELETE FROM membership WHERE network = 'no' AND person = 'bo'`, seatInNo, heldByBo)
		_, err = a.RecoveryLink(ctx, coordinator, "bo")
		is(t, err, fault.Conflict, "account.recovery.wider")
		// A link made before bo was more leads nowhere now, and again when that is over.
		is(t, a.Reset(ctx, tokenOf(t, early), "nio gröna kaniner", nil, home), fault.NotFound, "account.recovery.gone")
		h.sql(t, `UPDATE holding SET ends = 1 WHERE id = 'bo-second'`, boAnOperator)
		_, err = a.RecoveryLink(ctx, coordinator, "bo")
		is(t, err, fault.NotFound, "absent")
		is(t, a.Reset(ctx, tokenOf(t, early), "nio gröna kaniner", nil, home), fault.NotFound, "account.recovery.gone")
		h.sql(t, `UPDATE person SET operator = 1 WHERE id = 'coordinator'`)
		_, err = a.RecoveryLink(ctx, coordinator, "bo")
		is(t, err, fault.Conflict, "account.recovery.wider")
		h.sql(t, `UPDATE person SET operator = 0`)
		ok(t, a.Reset(ctx, tokenOf(t, early), "nio gröna kaniner", nil, home))
	})
}

// A person of a network beneath is a member above it too, and still the network's own to help.
func TestALinkFromTheRegion(t *testing.T) {
	each(t, account.Options{}, func(t *testing.T, h *house) {
		h.member(t, bo)
		h.sql(t, `INSERT INTO network (id, parent, root, slug, kind, name, about, country, lang, zone, field, demo, sort, created, closed, version)
				VALUES ('north', 'se', 'se', 'north', 'regional', '{"sv":"Norr"}', '', 'SE', 'sv', 'Europe/Stockholm', '', 0, 1, 0, 0, 1)`,
			`INSERT INTO body (id, network, root, kind, name, task, mandate, visibility, input_days, answer_days, paper_days, starts, ends, sort, closed, version)
				VALUES ('north', 'north', 'se', 'secretariat', '', '', 'advises', 'public', 14, 90, 7, 0, 0, 1, 0, 1)`,
			`INSERT INTO seat (id, body, role, sector, nominator, deputy_for, sort, closed, version) VALUES ('north', 'north', 'member', 'care', NULL, NULL, 1, 0, 1)`,
			`INSERT INTO holding (id, seat, person, starts, ends, why, recorded, reminded) VALUES ('north', 'north', 'anna', 0, 0, '', 0, 0)`,
			`INSERT INTO membership (network, person, root, sort, since) VALUES ('north', 'bo', 'se', 'bo', -1), ('north', 'anna', 'se', 'anna', -1)`)
		var err error
		h.people, err = network.Open(t.Context(), h.db)
		ok(t, err)
		a := h.silent(t)
		_, err = a.RecoveryLink(t.Context(), anna, "bo")
		ok(t, err)
		h.sql(t, `INSERT INTO seat (id, body, role, sector, nominator, deputy_for, sort, closed, version) VALUES ('second', 'se', 'member', 'care', NULL, NULL, 2, 0, 1)`, heldByBo)
		_, err = a.RecoveryLink(t.Context(), anna, "bo") // who now coordinates the whole
		is(t, err, fault.Conflict, "account.recovery.wider")
	})
}

// Whoever runs the site makes the link that no coordinator may.
func TestTheOperatorsLink(t *testing.T) {
	each(t, account.Options{}, func(t *testing.T, h *house) {
		ctx := t.Context()
		first, err := h.FirstOperator(ctx)
		ok(t, err)
		s, err := h.SetUp(ctx, tokenOf(t, first), account.First{Name: "Olle Operatör", Mail: "olle@example.org", Lang: "sv", Password: good}, home)
		ok(t, err)
		link, err := h.OperatorLink(ctx, " Olle@example.org")
		ok(t, err)
		ok(t, h.Reset(ctx, tokenOf(t, link), "nio gröna kaniner", nil, home))
		log, err := h.Events(ctx, s.Actor(), "", 2)
		ok(t, err)
		if log[1].Kind != "recovery-operator" {
			t.Errorf("%+v", log)
		}
		if told := h.told(t, s.Person); len(told) != 2 {
			t.Error(told)
		}
		_, err = h.OperatorLink(ctx, "nobody@example.org")
		is(t, err, fault.NotFound, "")

		h.member(t, bo)
		_, err = h.OperatorLink(ctx, mailOf(bo))
		ok(t, err)
		ok(t, h.Disable(ctx, coordinator, "bo"))
		_, err = h.OperatorLink(ctx, mailOf(bo))
		is(t, err, fault.Conflict, "")
	})
}

// Who accepted with the account they had is erased with the name that they were invited under, and with the address.
func TestErasedUnderEveryName(t *testing.T) {
	each(t, account.Options{}, func(t *testing.T, h *house) {
		ctx := t.Context()
		h.member(t, kari)
		h.sql(t, `INSERT INTO seat (id, body, role, sector, nominator, deputy_for, sort, closed, version) VALUES ('second', 'se', 'member', 'care', NULL, NULL, 2, 0, 1)`, heldByBo,
			`UPDATE person SET name = 'Kari Kvitvær' WHERE id = 'bo'`)
		link, err := h.Invite(ctx, coordinator, "bo", mailOf(kari), "sv")
		ok(t, err)
		ok(t, h.AcceptAs(ctx, kari, tokenOf(t, link), home))
		ok(t, h.Erase(ctx, kari, account.Proof{Password: good, From: home}))
		ok(t, h.db.Read(ctx, func(tx *storage.Tx) error {
			a, err := h.people.Access(ctx, tx, coordinator)
			ok(t, err)
			terms, err := h.people.BodyTerms(ctx, tx, a, "se")
			if len(terms) != 3 {
				t.Errorf("%+v", terms)
			}
			for _, x := range terms {
				if x.Person != "coordinator" && x.Name != "" {
					t.Errorf("%s is still called %q", x.Person, x.Name)
				}
			}
			var n int
			ok(t, tx.QueryRow(ctx, `SELECT count(*) FROM account_invitation WHERE mail = $1`, mailOf(kari)).Scan(&n))
			if n != 0 {
				t.Error("the address of the invitation is kept")
			}
			return err
		}))
	})
}

// Who answers for seats that another than they named took is told, and so is who invited; whoever took them needn't be.
func TestWhoAnswersIsToldOfTaking(t *testing.T) {
	each(t, account.Options{}, func(t *testing.T, h *house) {
		ctx := t.Context()
		h.member(t, kari)
		h.sql(t, `INSERT INTO seat (id, body, role, sector, nominator, deputy_for, sort, closed, version) VALUES ('third', 'se', 'member', 'care', NULL, NULL, 3, 0, 1)`,
			`INSERT INTO holding (id, seat, person, starts, ends, why, recorded, reminded) VALUES ('anna-third', 'third', 'anna', 0, 0, '', 0, 0)`,
			seatInNo, heldByBo)
		link, err := h.Invite(ctx, coordinator, "bo", "leaked@example.org", "sv")
		ok(t, err)
		o, err := h.Offered(ctx, tokenOf(t, link))
		ok(t, err)
		if len(o.Networks) != 1 || o.Networks[0].Slug != "se" || len(o.Seats) != 1 || o.Seats[0].Body != "no" {
			t.Errorf("%+v", o)
		}
		ok(t, h.AcceptAs(ctx, kari, tokenOf(t, link), home))
		for who, want := range map[network.PersonID]int{"coordinator": 1, "anna": 1, "neighbour": 1, "kari": 0} {
			n := 0
			ok(t, h.db.Read(ctx, func(tx *storage.Tx) error {
				list, err := h.notices.Told(ctx, tx, string(who), "", 20)
				for _, x := range list {
					if h.notices.Title("en", x) == "Kari Kvitvær accepted the invitation meant for Bo Björkegren" && x.Link == "/n/se/people/kari" {
						n++
					}
				}
				return err
			}))
			if n != want {
				t.Errorf("%s was told %d times", who, n)
			}
		}
		_, err = h.Offered(ctx, tokenOf(t, link))
		is(t, err, fault.NotFound, "account.invitation.gone")
	})
}

// An operator who accepts a tenant's invitation is not the tenant's to shut.
func TestAnOperatorIsNoTenants(t *testing.T) {
	each(t, account.Options{}, func(t *testing.T, h *house) {
		ctx := t.Context()
		first, err := h.FirstOperator(ctx)
		ok(t, err)
		s, err := h.SetUp(ctx, tokenOf(t, first), account.First{Name: "Olle Operatör", Mail: "olle@example.org", Lang: "sv", Password: good}, home)
		ok(t, err)
		link, err := h.Invite(ctx, coordinator, "bo", "olle@example.org", "sv")
		ok(t, err)
		ok(t, h.AcceptAs(ctx, s.Actor(), tokenOf(t, link), home))
		is(t, h.Disable(ctx, coordinator, s.Person), fault.NotFound, "absent")
		_, err = h.StateOf(ctx, coordinator, s.Person)
		is(t, err, fault.NotFound, "absent")
		_, err = h.Resume(ctx, s.Token)
		ok(t, err)
		h.sql(t, `UPDATE person SET operator = 1 WHERE id = 'coordinator'`)
		ok(t, h.Disable(ctx, coordinator, s.Person))
	})
}
