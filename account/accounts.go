package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/base64"
	"errors"
	"io"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/samverk/samverk/account/openid"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

// Migrations are the room's tables, for storage.Options.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// Options of the room. URL is needed; the rest has good values when it is zero.
type Options struct {
	URL       string            // this site, "https://samverk.example.org": what links begin with
	Providers []openid.Provider // where people may sign in, beside here
	Hashing   Hashing           // argon2id's parameters
	Idle      time.Duration     // a session unused for so long ends; 8 hours
	Lifetime  time.Duration     // a session ends at the latest after this; 7 days
	Rand      io.Reader         // the system's when nil
	Demo      bool              // anybody may sign in as anybody: only in a demonstration
}

// Accounts is the room, opened. Its methods may be called from many goroutines.
type Accounts struct {
	db        *storage.DB
	people    *network.Registry
	notices   *notice.Notices
	options   Options
	base      *url.URL
	providers []*openid.Client
	hasher    *hasher
	buckets   []byte // the key under which attempts are counted
	dummy     string // what an unknown account's password is compared with

	rand  sync.Mutex // held while Options.Rand is read
	later chan func(context.Context)
	done  sync.WaitGroup
	shut  sync.Once
}

// Account is one person's way in, as its person sees it.
type Account struct {
	ID       string
	Person   network.PersonID
	Mail     string
	Password bool // has one
	Created  time.Time
	Disabled time.Time // zero: not
}

// Open prepares the room, and lets the registry forget accounts with their persons. Close waits for what it does after its answers.
func Open(ctx context.Context, db *storage.DB, people *network.Registry, notices *notice.Notices, o Options) (*Accounts, error) {
	if o.Idle == 0 {
		o.Idle = 8 * time.Hour
	}
	if o.Lifetime == 0 {
		o.Lifetime = 7 * 24 * time.Hour
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	a := &Accounts{db: db, people: people, notices: notices, options: o, hasher: newHasher(o.Hashing), later: make(chan func(context.Context), 64)}
	u, err := url.Parse(o.URL)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return nil, fault.New(fault.Invalid, "%.80q is no address of a site", o.URL).Where("url").Do("write it as https://samverk.example.org")
	}
	a.base = &url.URL{Scheme: u.Scheme, Host: u.Host}
	for _, p := range o.Providers {
		c, err := openid.New(p, a.base.String()+"/sign-in/at/"+p.Name+"/back", openid.Options{Now: db.Now})
		if err != nil {
			return nil, err
		}
		a.providers = append(a.providers, c)
	}
	if err := a.prepare(ctx); err != nil {
		return nil, err
	}
	people.OnErase(a.forget)
	a.done.Add(1)
	go a.work(context.WithoutCancel(ctx))
	return a, nil
}

// prepare makes the key of the attempts, once in a database's life, and the password of nobody.
func (a *Accounts) prepare(ctx context.Context) error {
	fresh, _, err := a.token()
	if err != nil {
		return err
	}
	err = a.db.Write(ctx, func(tx *storage.Tx) error {
		if _, err := tx.Exec(ctx, `INSERT INTO account_key (one, value) VALUES (1, $1) ON CONFLICT (one) DO NOTHING`, fresh); err != nil {
			return err
		}
		var key string
		err := tx.QueryRow(ctx, `SELECT value FROM account_key WHERE one = 1`).Scan(&key)
		a.buckets = []byte(key)
		return err
	})
	if err != nil {
		return err
	}
	a.dummy, err = a.nobodys()
	return err
}

// work does what must not be waited for, one after the other.
func (a *Accounts) work(ctx context.Context) {
	defer a.done.Done()
	for f := range a.later {
		f(ctx)
	}
}

// Close finishes what was begun. The Accounts must not be used again.
func (a *Accounts) Close() error {
	a.shut.Do(func() { close(a.later) })
	a.done.Wait()
	return nil
}

// Secure tells whether the site is reached over TLS, so that its cookies can be bound to it.
func (a *Accounts) Secure() bool { return a.base.Scheme == "https" }

// Demo tells whether anybody may sign in as anybody.
func (a *Accounts) Demo() bool { return a.options.Demo }

// Mails tells whether mail leaves this site. Where none does, links are handed over.
func (a *Accounts) Mails() bool { return a.notices.Sends() }

// Idle is after how long without use a session ends.
func (a *Accounts) Idle() time.Duration { return a.options.Idle }

// link makes an address of the site.
func (a *Accounts) link(path string) string { return a.base.String() + path }

// token makes 256 random bits, and what is kept of them.
func (a *Accounts) token() (token, hash string, err error) {
	var b [32]byte
	a.rand.Lock()
	defer a.rand.Unlock()
	if _, err := io.ReadFull(a.options.Rand, b[:]); err != nil {
		return "", "", fault.Wrap(fault.Internal, err, "no randomness for a token")
	}
	token = base64.RawURLEncoding.EncodeToString(b[:])
	return token, hashOf(token), nil
}

// hashOf is what is kept of a token. It has 256 bits of its own, so one pass is enough.
func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// mailKey is a mail address as it is compared.
func mailKey(mail string) string {
	return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(strings.TrimSpace(mail))))
}

const accountColumns = `id, person, mail, password, created, disabled`

// secretAccount is an account with what only this room sees.
type secretAccount struct {
	Account
	hash string
}

func scanAccount(row interface{ Scan(...any) error }) (s secretAccount, err error) {
	var created, disabled int64
	err = row.Scan(&s.ID, &s.Person, &s.Mail, &s.hash, &created, &disabled)
	s.Password, s.Created, s.Disabled = s.hash != "", storage.Time(created), timeOf(disabled)
	return s, err
}

// of finds a person's account; fault.NotFound when they have none.
func (a *Accounts) of(ctx context.Context, tx *storage.Tx, who network.PersonID) (secretAccount, error) {
	s, err := scanAccount(tx.QueryRow(ctx, `SELECT `+accountColumns+` FROM account WHERE person = $1`, who))
	if noRow(err) {
		return s, network.Absent()
	}
	return s, err
}

// own is the actor's account, which may do something only while it is not disabled.
func (a *Accounts) own(ctx context.Context, tx *storage.Tx, who network.Actor) (secretAccount, error) {
	if who.Person == "" {
		return secretAccount{}, network.Absent()
	}
	s, err := a.of(ctx, tx, who.Person)
	if err == nil && !s.Disabled.IsZero() {
		return s, network.Absent()
	}
	return s, err
}

// Mine gives the actor's account.
func (a *Accounts) Mine(ctx context.Context, who network.Actor) (mine Account, err error) {
	err = a.db.Read(ctx, func(tx *storage.Tx) error {
		s, err := a.own(ctx, tx, who)
		mine = s.Account
		return err
	})
	return mine, err
}

// State tells how it stands with a person's account, for whoever may invite them.
type State struct {
	Account  bool // has one
	Disabled bool
	Invited  Invitation // the open one; zero for none
}

// StateOf gives how it stands with a person's account.
func (a *Accounts) StateOf(ctx context.Context, who network.Actor, person network.PersonID) (s State, err error) {
	err = a.db.Read(ctx, func(tx *storage.Tx) error {
		if _, err := a.mayManage(ctx, tx, who, person); err != nil {
			return err
		}
		has, err := a.of(ctx, tx, person)
		if err != nil && !isAbsent(err) {
			return err
		}
		s.Account, s.Disabled = err == nil, !has.Disabled.IsZero()
		s.Invited, err = a.open(ctx, tx, person)
		return err
	})
	return s, err
}

// mayManage lets those through who coordinate the person's home, and gives that network. Whoever invites a person
// decides who becomes that person, with every seat of theirs, so it is no matter for a network above or beside the home. An operator is
// managed by operators only, whoever registered them: what they may is not a network's to give or to take.
func (a *Accounts) mayManage(ctx context.Context, tx *storage.Tx, who network.Actor, person network.PersonID) (*network.Network, error) {
	actor, err := a.people.Access(ctx, tx, who)
	if err != nil {
		return nil, err
	}
	home, err := a.people.Home(ctx, tx, person)
	if err != nil {
		return nil, err
	}
	n, ok := a.people.Tree().Network(home)
	if !ok || !actor.Coordinates(home) {
		return nil, network.Absent()
	}
	p, err := a.people.Person(ctx, tx, person)
	if err == nil && p.Operator && !actor.Operator {
		err = network.Absent()
	}
	return n, err
}

// Disable shuts a person's account, and whoever is signed in with it is out at once.
func (a *Accounts) Disable(ctx context.Context, who network.Actor, person network.PersonID) error {
	return a.switched(ctx, who, person, true)
}

// Enable opens it again.
func (a *Accounts) Enable(ctx context.Context, who network.Actor, person network.PersonID) error {
	return a.switched(ctx, who, person, false)
}

func (a *Accounts) switched(ctx context.Context, who network.Actor, person network.PersonID, off bool) error {
	return a.db.Write(ctx, func(tx *storage.Tx) error {
		if _, err := a.mayManage(ctx, tx, who, person); err != nil {
			return err
		}
		s, err := a.of(ctx, tx, person)
		if err != nil || s.Disabled.IsZero() != off {
			return err
		}
		if off && who.Person == person {
			return fault.New(fault.Conflict, "one doesn't shut one's own account").Say("account.own")
		}
		since, kind := int64(0), "enabled"
		if off {
			since, kind = storage.Micros(a.db.Now()), "disabled"
			if err := a.endAll(ctx, tx, s.ID, ""); err != nil {
				return err
			}
			if err := a.noWayIn(ctx, tx, s.ID); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, `UPDATE account SET disabled = $2 WHERE id = $1`, s.ID, since); err != nil {
			return err
		}
		if err := a.notices.Shut(ctx, tx, string(person), off); err != nil {
			return err
		}
		return a.record(ctx, tx, s.ID, kind, "", From{})
	})
}

// Erase erases the actor: profile, seats and account, as network.Registry.Erase says.
func (a *Accounts) Erase(ctx context.Context, who network.Actor, proof Proof) error {
	if err := a.Prove(ctx, who, proof); err != nil {
		return err
	}
	return a.people.Erase(ctx, who)
}

// forget deletes what the room keeps of a person, within the transaction that erases them.
func (a *Accounts) forget(ctx context.Context, tx *storage.Tx, person network.PersonID) error {
	s, err := a.of(ctx, tx, person)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	if err == nil {
		for _, table := range []string{"identity", "recovery", "session", "flow", "device", "move"} {
			if _, err := tx.Exec(ctx, `DELETE FROM account_`+table+` WHERE account = $1`, s.ID); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, `DELETE FROM account WHERE id = $1`, s.ID); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM account_event WHERE account = $1`, s.ID); err != nil {
			return err
		}
		if err := a.forgive(ctx, tx, a.accountBucket(s.Mail)); err != nil {
			return err
		}
	}
	for _, table := range []string{"invitation", "feed"} {
		if _, err := tx.Exec(ctx, `DELETE FROM account_`+table+` WHERE person = $1`, person); err != nil {
			return err
		}
	}
	return a.notices.Forget(ctx, tx, string(person))
}

// Sweep deletes what has run out. It is called now and then; nothing that has run out is obeyed before.
func (a *Accounts) Sweep(ctx context.Context) error {
	now := a.db.Now()
	return a.db.Write(ctx, func(tx *storage.Tx) error {
		for _, s := range []struct {
			query string
			than  time.Time
		}{
			{`DELETE FROM account_session WHERE ends < $1`, now},
			{`DELETE FROM account_session WHERE seen < $1`, now.Add(-a.options.Idle)},
			{`DELETE FROM account_flow WHERE expires < $1`, now},
			{`DELETE FROM account_recovery WHERE expires < $1`, now},
			{`DELETE FROM account_move WHERE expires < $1`, now},
			{`DELETE FROM account_attempt WHERE last < $1`, now.Add(-forgotten)},
			{`DELETE FROM account_device WHERE seen < $1`, now.Add(-deviceKept)},
		} {
			if _, err := tx.Exec(ctx, s.query, s.than); err != nil {
				return err
			}
		}
		return nil
	})
}

func noRow(err error) bool { return errors.Is(err, sql.ErrNoRows) }

func isAbsent(err error) bool { return fault.KindOf(err) == fault.NotFound }

// timeOf reads a column in which 0 is no time.
func timeOf(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return storage.Time(micros)
}
