package account_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/samverk/samverk/account"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// What a plain model remembers of each person.
type modelPerson struct {
	who      network.Actor
	mail     string
	account  bool
	disabled bool
	erased   bool
	password string
}

type modelInvitation struct {
	token   string
	person  int
	expires time.Time
	open    bool
}

type modelSession struct {
	token, id   string
	person      int
	seen, begun time.Time
	alive       bool
}

type modelRecovery struct {
	token   string
	person  int
	expires time.Time
	good    bool
}

type model struct {
	*house
	people      []modelPerson
	invitations []*modelInvitation
	sessions    []*modelSession
	recoveries  []*modelRecovery
}

var passwords = []string{good, "nio gröna kaniner", "tolv snälla tomtar"}

// checks says how often a random test runs; SAMVERK_LONG=1 runs it twenty times as often.
func checks(t *testing.T, n int) {
	if os.Getenv("SAMVERK_LONG") == "1" {
		n *= 20
	}
	was := flag.Lookup("rapid.checks").Value.String()
	ok(t, flag.Set("rapid.checks", fmt.Sprint(n)))
	t.Cleanup(func() { _ = flag.Set("rapid.checks", was) })
}

// Whatever is done in whatever order: who is in, and with what, is what the rules say.
func TestModel(t *testing.T) {
	checks(t, 12)
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		h := open(t, dsn, account.Options{})
		round := 0
		rapid.Check(t, func(t *rapid.T) {
			round++
			m := &model{house: h}
			for i := range 3 {
				m.add(t, fmt.Sprintf("p%d-%d", round, i))
			}
			person := rapid.IntRange(0, len(m.people)-1)
			t.Repeat(map[string]func(*rapid.T){
				"":                func(t *rapid.T) { m.check(t) },
				"invite":          func(t *rapid.T) { m.invite(t, person.Draw(t, "person")) },
				"uninvite":        func(t *rapid.T) { m.uninvite(t, person.Draw(t, "person")) },
				"accept":          m.accept,
				"sign in":         func(t *rapid.T) { m.signIn(t, person.Draw(t, "person")) },
				"sign out":        m.signOut,
				"revoke":          m.revoke,
				"revoke others":   m.revokeOthers,
				"change password": m.changePassword,
				"recover":         func(t *rapid.T) { m.recover(t, person.Draw(t, "person")) },
				"reset":           m.reset,
				"switch":          func(t *rapid.T) { m.switchOff(t, person.Draw(t, "person")) },
				"erase":           func(t *rapid.T) { m.erase(t, person.Draw(t, "person")) },
				"sweep":           func(t *rapid.T) { ok(t, m.Sweep(context.Background())) },
				"time passes": func(t *rapid.T) {
					m.pass(rapid.SampledFrom([]time.Duration{time.Minute, 20 * time.Minute, 2 * time.Hour, 9 * time.Hour, 5 * 24 * time.Hour}).Draw(t, "time"))
				},
			})
		})
	})
}

func (m *model) add(t *rapid.T, id string) {
	ok(t, m.db.Write(context.Background(), func(tx *storage.Tx) error {
		if _, err := tx.Exec(context.Background(), `INSERT INTO person (id, name, lang, operator, created, erased, version) VALUES ($1, 'Model Modellsson', 'sv', 0, 0, 0, 1)`, id); err != nil {
			return err
		}
		_, err := tx.Exec(context.Background(), `INSERT INTO membership (network, person, root, sort, since) VALUES ('se', $1, 'se', $1, 0)`, id)
		return err
	}))
	m.people = append(m.people, modelPerson{who: network.Actor{Person: network.PersonID(id)}, mail: id + "@example.org"})
}

// expect compares what came with what the rules say.
func expect(t *rapid.T, what string, err error, want bool, kind fault.Kind) {
	t.Helper()
	if (err == nil) != want || err != nil && fault.KindOf(err) != kind {
		t.Fatalf("%s: %v, expected to succeed: %v", what, err, want)
	}
}

func (m *model) begun(s account.Session, person int) {
	m.sessions = append(m.sessions, &modelSession{token: s.Token, id: s.ID, person: person, seen: m.Now(), begun: m.Now(), alive: true})
}

func (m *model) lives(s *modelSession) bool {
	now := m.Now()
	return s.alive && now.Sub(s.seen) < 8*time.Hour && now.Sub(s.begun) < 7*24*time.Hour && !m.people[s.person].disabled
}

// check asks about everything that was ever handed out.
func (m *model) check(t *rapid.T) {
	ctx := context.Background()
	for _, s := range m.sessions {
		got, err := m.Resume(ctx, s.token)
		expect(t, "session", err, m.lives(s), fault.NotFound)
		if err == nil {
			if got.Person != m.people[s.person].who.Person {
				t.Fatal("somebody else's session")
			}
			if m.Now().Sub(s.seen) >= 5*time.Minute {
				s.seen = m.Now()
			}
		}
	}
	for _, i := range m.invitations {
		_, err := m.Invited(ctx, i.token)
		expect(t, "invitation", err, i.open && m.Now().Before(i.expires), fault.NotFound)
	}
	for _, r := range m.recoveries {
		_, _, err := m.Recovering(ctx, r.token)
		expect(t, "recovery", err, r.good && m.Now().Before(r.expires) && !m.people[r.person].disabled, fault.NotFound)
	}
}

func (m *model) closeOpen(person int) {
	for _, i := range m.invitations {
		if i.person == person {
			i.open = false
		}
	}
}

func (m *model) invite(t *rapid.T, person int) {
	p := m.people[person]
	link, err := m.Invite(context.Background(), coordinator, p.who.Person, p.mail, "sv")
	kind := fault.Conflict
	if p.erased {
		kind = fault.NotFound
	}
	expect(t, "invite", err, !p.account && !p.erased, kind)
	if err == nil {
		m.closeOpen(person)
		m.invitations = append(m.invitations, &modelInvitation{token: link[strings.LastIndexByte(link, '/')+1:], person: person, expires: m.Now().Add(14 * 24 * time.Hour), open: true})
	}
}

func (m *model) uninvite(t *rapid.T, person int) {
	err := m.Uninvite(context.Background(), coordinator, m.people[person].who.Person)
	expect(t, "uninvite", err, !m.people[person].erased, fault.NotFound)
	m.closeOpen(person)
}

func (m *model) accept(t *rapid.T) {
	if len(m.invitations) == 0 {
		t.Skip("nobody is invited")
	}
	i := rapid.SampledFrom(m.invitations).Draw(t, "invitation")
	password := rapid.SampledFrom(passwords).Draw(t, "password")
	s, err := m.Accept(context.Background(), i.token, password, home)
	expect(t, "accept", err, i.open && m.Now().Before(i.expires), fault.NotFound)
	if err == nil {
		i.open = false
		p := &m.people[i.person]
		p.account, p.password = true, password
		m.begun(s, i.person)
	}
}

func (m *model) signIn(t *rapid.T, person int) {
	p := m.people[person]
	password := rapid.SampledFrom(passwords).Draw(t, "password")
	m.forget(t)
	s, err := m.SignIn(context.Background(), p.mail, password, home)
	expect(t, "sign in", err, p.account && !p.disabled && p.password == password, fault.Denied)
	if err == nil {
		m.begun(s, person)
	}
}

// forget lets nobody wait: that is tested by itself.
func (m *model) forget(t *rapid.T) {
	ok(t, m.db.Write(context.Background(), func(tx *storage.Tx) error {
		_, err := tx.Exec(context.Background(), `DELETE FROM account_attempt`)
		return err
	}))
}

func (m *model) some(t *rapid.T) *modelSession {
	if len(m.sessions) == 0 {
		t.Skip("nobody is in")
	}
	return rapid.SampledFrom(m.sessions).Draw(t, "session")
}

func (m *model) signOut(t *rapid.T) {
	s := m.some(t)
	ok(t, m.SignOut(context.Background(), s.token, home))
	s.alive = false
}

func (m *model) revoke(t *rapid.T) {
	s := m.some(t)
	by := rapid.IntRange(0, len(m.people)-1).Draw(t, "by")
	p := m.people[by]
	err := m.Revoke(context.Background(), p.who, s.id, home)
	switch {
	case by != s.person || !p.account || p.disabled:
		expect(t, "revoke", err, false, fault.NotFound)
	case err == nil:
		s.alive = false // one that had run out may or may not have been swept away
	case m.lives(s):
		t.Fatal("a living session can't be revoked:", err)
	}
}

func (m *model) revokeOthers(t *rapid.T) {
	s := m.some(t)
	p := m.people[s.person]
	err := m.RevokeOthers(context.Background(), p.who, s.id, home)
	expect(t, "revoke others", err, p.account && !p.disabled, fault.NotFound)
	if err == nil {
		m.endAll(s.person, s)
	}
}

func (m *model) endAll(person int, but *modelSession) {
	for _, s := range m.sessions {
		if s.person == person && s != but {
			s.alive = false
		}
	}
}

func (m *model) endRecoveries(person int) {
	for _, r := range m.recoveries {
		if r.person == person {
			r.good = false
		}
	}
}

func (m *model) changePassword(t *rapid.T) {
	s := m.some(t)
	p := &m.people[s.person]
	old, next := rapid.SampledFrom(passwords).Draw(t, "old"), rapid.SampledFrom(passwords).Draw(t, "new")
	m.forget(t)
	err := m.ChangePassword(context.Background(), p.who, account.Proof{Password: old, Session: s.id, From: home}, next, true)
	if !p.account || p.disabled {
		expect(t, "change", err, false, fault.NotFound)
		return
	}
	expect(t, "change", err, old == p.password, fault.Invalid)
	if err == nil {
		p.password = next
		m.endAll(s.person, s)
		m.endRecoveries(s.person)
	}
}

var recoveryLink = regexp.MustCompile(`/recover/(\S+)`)

func (m *model) recover(t *rapid.T, person int) {
	p := m.people[person]
	m.forget(t)
	before := m.recoveryMails(t, p)
	ok(t, m.Recover(context.Background(), p.mail, home))
	m.Drain()
	after := m.recoveryMails(t, p)
	if p.account && !p.disabled != (len(after) == len(before)+1) {
		t.Fatalf("%d mails became %d", len(before), len(after))
	}
	if len(after) > len(before) {
		m.recoveries = append(m.recoveries, &modelRecovery{token: recoveryLink.FindStringSubmatch(after[0])[1], person: person, expires: m.Now().Add(time.Hour), good: true})
	}
}

// recoveryMails lists the recoveries mailed to a person, the latest first.
func (m *model) recoveryMails(t *rapid.T, p modelPerson) (out []string) {
	ctx := context.Background()
	ok(t, m.db.Read(ctx, func(tx *storage.Tx) error {
		rows, err := tx.Query(ctx, `SELECT id, body FROM notice_mail WHERE person = $1 AND secret = 1 ORDER BY id DESC`, p.who.Person)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id, b string
			if err := rows.Scan(&id, &b); err != nil {
				return err
			}
			b = testkit.Reveal(id, b)
			if recoveryLink.MatchString(b) {
				out = append(out, b)
			}
		}
		return rows.Err()
	}))
	return out
}

func (m *model) reset(t *rapid.T) {
	if len(m.recoveries) == 0 {
		t.Skip("nothing to recover")
	}
	r := rapid.SampledFrom(m.recoveries).Draw(t, "recovery")
	p := &m.people[r.person]
	next := rapid.SampledFrom(passwords).Draw(t, "password")
	err := m.Reset(context.Background(), r.token, next, nil, home)
	expect(t, "reset", err, r.good && m.Now().Before(r.expires) && !p.disabled, fault.NotFound)
	if err == nil {
		p.password = next
		m.endAll(r.person, nil)
		m.endRecoveries(r.person)
	}
}

func (m *model) switchOff(t *rapid.T, person int) {
	p := &m.people[person]
	var err error
	if p.disabled {
		err = m.Enable(context.Background(), coordinator, p.who.Person)
	} else {
		err = m.Disable(context.Background(), coordinator, p.who.Person)
	}
	expect(t, "switch", err, p.account, fault.NotFound)
	if err == nil && !p.disabled {
		m.endAll(person, nil)
		m.endRecoveries(person)
	}
	if err == nil {
		p.disabled = !p.disabled
	}
}

func (m *model) erase(t *rapid.T, person int) {
	p := &m.people[person]
	if !rapid.Bool().Draw(t, "really") { // not too often, or there is nothing to do
		t.Skip("kept")
	}
	m.forget(t)
	err := m.Erase(context.Background(), p.who, account.Proof{Password: p.password})
	expect(t, "erase", err, p.account && !p.disabled, fault.NotFound)
	if err == nil {
		m.endAll(person, nil)
		m.endRecoveries(person)
		m.closeOpen(person)
		*p = modelPerson{who: p.who, mail: p.mail, erased: true}
	}
}
