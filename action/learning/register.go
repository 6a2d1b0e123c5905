package learning

import (
	"cmp"
	"context"
	"net/netip"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

const (
	confirmable = 48 * time.Hour // how long a mail address can be confirmed
	linksADay   = 3              // how many links a registration is mailed in a day by who says an address is theirs
)

const registrationColumns = `g.id, g.activity, g.person, g.mail, COALESCE(p.name, g.name), g.lang, g.state, g.queue, g.made, g.until, g.evaluated, g.best, g.tries, g.version,
	COALESCE(n.interpreter, ''), COALESCE(n.access, ''), COALESCE(n.diet, ''), COALESCE(c.code, '')`

const registrationFrom = ` FROM learning_registration g LEFT JOIN person p ON p.id = g.person AND g.person <> '' LEFT JOIN learning_need n ON n.registration = g.id LEFT JOIN learning_certificate c ON c.registration = g.id `

func scanRegistration(row interface{ Scan(...any) error }, more ...any) (g Registration, err error) {
	var made, until, evaluated int64
	err = row.Scan(append([]any{&g.ID, &g.Activity, &g.Person, &g.Mail, &g.Name, &g.Lang, &g.State, &g.Queue, &made, &until, &evaluated, &g.Best, &g.Tries, &g.Version,
		&g.Needs.Interpreter, &g.Needs.Access, &g.Needs.Diet, &g.Code}, more...)...)
	g.Made, g.Until, g.Evaluated = moment(made), moment(until), evaluated != 0
	return g, err
}

func (r *Room) registration(ctx context.Context, tx *storage.Tx, where string, args ...any) (*Registration, error) {
	g, err := scanRegistration(tx.QueryRow(ctx, `SELECT `+registrationColumns+registrationFrom+`WHERE `+where, args...))
	if noRow(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	g.Attended, err = column[SessionID](tx.Query(ctx, `SELECT session FROM learning_attendance WHERE registration = $1 ORDER BY session`, g.ID))
	return &g, err
}

// found gives an activity and the registrant's registration: nil for none. A secret link leads to its own and to nothing else.
func (r *Room) found(ctx context.Context, tx *storage.Tx, a network.Access, who Registrant) (x Activity, g *Registration, err error) {
	if who.Token == "" {
		if x, err = r.activity(ctx, tx, a, who.Activity); err != nil || a.Actor.Person == "" {
			return x, nil, err
		}
		g, err = r.registration(ctx, tx, `g.activity = $1 AND g.person = $2 AND g.person <> '' AND g.state NOT IN ('cancelled', 'lapsed')`, x.ID, a.Actor.Person)
		return x, g, err
	}
	g, err = r.registration(ctx, tx, `g.id = (SELECT l.registration FROM learning_link l WHERE l.hash = $1)`, hashOf(who.Token))
	if err != nil || g == nil || g.State == Unconfirmed && g.Until.Before(r.db.Now()) {
		return x, nil, cmp.Or(err, error(network.Absent()))
	}
	x, err = r.any(ctx, tx, g.Activity)
	return x, g, err
}

// own is found, for who has a registration.
func (r *Room) own(ctx context.Context, tx *storage.Tx, a network.Access, who Registrant) (Activity, *Registration, error) {
	x, g, err := r.found(ctx, tx, a, who)
	if err == nil && g == nil {
		err = network.Absent()
	}
	return x, g, err
}

func (n *Needs) clean() error {
	n.Interpreter, n.Access, n.Diet = typed(n.Interpreter), typed(n.Access), typed(n.Diet)
	return cmp.Or(short("interpreter", n.Interpreter, needLength), short("access", n.Access, needLength), short("diet", n.Diet, needLength))
}

// Register gives the actor a seat, or a place in the waiting list: which, the registration says.
func (r *Room) Register(ctx context.Context, who network.Actor, id ID, lang string, needs Needs) (g Registration, err error) {
	err = r.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		x, mine, err := r.found(ctx, tx, a, Registrant{Actor: who, Activity: id})
		if err != nil {
			return err
		}
		if who.Person == "" {
			return denied()
		}
		if mine != nil {
			return fault.New(fault.Conflict, "already registered").Say("learning.twice")
		}
		if err := r.takes(x); err != nil {
			return err
		}
		g = Registration{Activity: id, Person: who.Person, Lang: lang, Needs: needs, Best: -1}
		if err := r.insert(ctx, tx, x, &g); err != nil {
			return err
		}
		return r.seat(ctx, tx, x, &g)
	})
	return g, err
}

func (r *Room) takes(x Activity) error {
	switch {
	case x.State == Cancelled:
		return closed()
	case !x.Takes(r.db.Now()):
		return fault.New(fault.Conflict, "one can't register any more").Say("learning.closed")
	}
	return nil
}

func (r *Room) insert(ctx context.Context, tx *storage.Tx, x Activity, g *Registration) error {
	if err := cmp.Or(oneOf("lang", g.Lang, "sv", "nb", "en"), g.Needs.clean()); err != nil {
		return err
	}
	made, err := r.db.NewID()
	if err != nil {
		return err
	}
	g.ID, g.State, g.Made, g.Version = RegistrationID(made), Unconfirmed, r.db.Now(), 1
	g.Until = g.Made.Add(confirmable)
	if _, err := tx.Exec(ctx, `INSERT INTO learning_registration (id, activity, root, person, mail, mailkey, name, lang, state, queue, made, until, reminded, asked, evaluated, best, tries, version)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, $11, 0, 0, 0, -1, 0, 1)`,
		g.ID, x.ID, x.Root, g.Person, g.Mail, mailKey(g.Mail), g.Name, g.Lang, g.State, g.Made, g.Until); err != nil {
		return err
	}
	return r.saveNeeds(ctx, tx, x, *g)
}

func (r *Room) saveNeeds(ctx context.Context, tx *storage.Tx, x Activity, g Registration) error {
	if g.Needs.Empty() {
		_, err := tx.Exec(ctx, `DELETE FROM learning_need WHERE registration = $1`, g.ID)
		return err
	}
	_, err := tx.Exec(ctx, `INSERT INTO learning_need (registration, activity, interpreter, access, diet) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (registration) DO UPDATE SET interpreter = excluded.interpreter, access = excluded.access, diet = excluded.diet`, g.ID, x.ID, g.Needs.Interpreter, g.Needs.Access, g.Needs.Diet)
	return err
}

// seat gives what isn't confirmed yet a seat, or the last place in the waiting list. Who waits is never passed: while somebody does, no
// seat is free.
func (r *Room) seat(ctx context.Context, tx *storage.Tx, x Activity, g *Registration) error {
	taken, err := r.takeSeat(ctx, tx, x.ID)
	if err != nil {
		return err
	}
	key, args := "registered", r.when(x)
	if g.State = Registered; !taken {
		g.State, key = Waiting, "waiting"
		if err := tx.QueryRow(ctx, `SELECT COALESCE(MAX(queue), 0) + 1 FROM learning_registration WHERE activity = $1`, x.ID).Scan(&g.Queue); err != nil {
			return err
		}
	}
	g.Until = time.Time{}
	if err := r.stand(ctx, tx, g); err != nil {
		return err
	}
	return r.tell(ctx, tx, x, *g, key, args...)
}

// takeSeat takes one if one is free.
func (r *Room) takeSeat(ctx context.Context, tx *storage.Tx, id ID) (bool, error) {
	done, err := tx.Exec(ctx, `UPDATE learning_activity SET taken = taken + 1 WHERE id = $1 AND (seats = 0 OR taken < seats)`, id)
	if err != nil {
		return false, err
	}
	n, err := done.RowsAffected()
	return n == 1, err
}

// stand writes how a registration stands.
func (r *Room) stand(ctx context.Context, tx *storage.Tx, g *Registration) error {
	err := one(tx.Exec(ctx, `UPDATE learning_registration SET state = $3, queue = $4, until = $5, version = version + 1 WHERE id = $1 AND version = $2`, g.ID, g.Version, g.State, g.Queue, micros(g.Until)))
	g.Version++
	return err
}

// moveUp offers free seats to those who wait, in their order, until there are no more of either. Once it has begun nobody is offered any.
func (r *Room) moveUp(ctx context.Context, tx *storage.Tx, id ID) error {
	x, err := r.any(ctx, tx, id)
	now := r.db.Now()
	if err != nil || x.State != Published || x.Begun(now) {
		return err
	}
	for {
		g, err := r.registration(ctx, tx, `g.id = (SELECT w.id FROM learning_registration w WHERE w.activity = $1 AND w.state = 'waiting' ORDER BY w.queue LIMIT 1)`, id)
		if err != nil || g == nil {
			return err
		}
		if taken, err := r.takeSeat(ctx, tx, id); err != nil || !taken {
			return err
		}
		g.State, g.Until = Offered, now.Add(time.Duration(x.Accept)*time.Hour)
		if !x.SelfPaced && g.Until.After(x.Starts) {
			g.Until = x.Starts
		}
		if err := r.stand(ctx, tx, g); err != nil {
			return err
		}
		if err := r.tell(ctx, tx, x, *g, "offered", x.Title, notice.When(g.Until.In(zoneOf(x.Zone)))); err != nil {
			return err
		}
	}
}

// release ends a registration, and gives its seat to who waits.
func (r *Room) release(ctx context.Context, tx *storage.Tx, x Activity, g *Registration, to Standing) error {
	seated := g.State.Seated()
	g.State, g.Until = to, time.Time{}
	if err := r.stand(ctx, tx, g); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM learning_need WHERE registration = $1`, g.ID); err != nil || !seated {
		return err
	}
	if _, err := tx.Exec(ctx, `UPDATE learning_activity SET taken = taken - 1 WHERE id = $1`, x.ID); err != nil {
		return err
	}
	return r.moveUp(ctx, tx, x.ID)
}

// Confirm makes a registration of a mail address count: a seat, or a place in the waiting list.
func (r *Room) Confirm(ctx context.Context, token string) (g Registration, err error) {
	err = r.act(ctx, network.Actor{}, func(tx *storage.Tx, a network.Access) error {
		x, mine, err := r.own(ctx, tx, a, Registrant{Token: token})
		if err != nil {
			return err
		}
		if g = *mine; g.State != Unconfirmed { // pressed twice
			return nil
		}
		if err := r.takes(x); err != nil {
			return err
		}
		return r.seat(ctx, tx, x, &g)
	})
	return g, err
}

// Accept takes an offered seat.
func (r *Room) Accept(ctx context.Context, who Registrant) error {
	return r.act(ctx, who.Actor, func(tx *storage.Tx, a network.Access) error {
		x, g, err := r.own(ctx, tx, a, who)
		if err != nil || g.State == Registered {
			return err
		}
		if g.State != Offered || !r.db.Now().Before(g.Until) || x.State != Published {
			return fault.New(fault.Conflict, "no seat is offered").Say("learning.offer.over")
		}
		g.State, g.Until = Registered, time.Time{}
		if err := r.stand(ctx, tx, g); err != nil {
			return err
		}
		return r.tell(ctx, tx, x, *g, "registered", r.when(x)...)
	})
}

// Withdraw cancels the registrant's own registration.
func (r *Room) Withdraw(ctx context.Context, who Registrant) error {
	return r.act(ctx, who.Actor, func(tx *storage.Tx, a network.Access) error {
		x, g, err := r.own(ctx, tx, a, who)
		if err != nil || g.State.Over() {
			return err
		}
		if x.Over(r.db.Now()) {
			return fault.New(fault.Conflict, "it is over").Say("learning.over")
		}
		return r.release(ctx, tx, x, g, Withdrawn)
	})
}

// SetNeeds changes what the registrant needs, until the activity is over.
func (r *Room) SetNeeds(ctx context.Context, who Registrant, needs Needs) error {
	return r.act(ctx, who.Actor, func(tx *storage.Tx, a network.Access) error {
		x, g, err := r.own(ctx, tx, a, who)
		if err != nil {
			return err
		}
		if g.State.Over() || x.Over(r.db.Now()) {
			return fault.New(fault.Conflict, "it is over").Say("learning.over")
		}
		if g.Needs = needs; g.Needs.clean() != nil {
			return g.Needs.clean()
		}
		return r.saveNeeds(ctx, tx, x, *g)
	})
}

// Remove ends somebody's registration: by who arranges it. They are told.
func (r *Room) Remove(ctx context.Context, who network.Actor, id ID, of RegistrationID) error {
	return r.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		x, err := r.arranged(ctx, tx, a, id)
		if err != nil {
			return err
		}
		g, err := r.registration(ctx, tx, `g.id = $1 AND g.activity = $2`, of, id)
		if err != nil || g == nil {
			return cmp.Or(err, error(network.Absent()))
		}
		if g.State.Over() {
			return nil
		}
		if err := r.tell(ctx, tx, x, *g, "removed", x.Title); err != nil {
			return err
		}
		return r.release(ctx, tx, x, g, Withdrawn)
	})
}

// ByMail is a registration without an account.
type ByMail struct {
	Root     network.ID
	Activity ID
	Mail     string
	Name     string
	Lang     string
	Needs    Needs
}

// RegisterByMail mails a link with which a registration without an account is confirmed, or the one there is found again. What it
// answers says nothing of the address. In a demonstration, where no mail is sent, it gives the link.
func (r *Room) RegisterByMail(ctx context.Context, from netip.Addr, in ByMail) (link string, err error) {
	err = r.act(ctx, network.Actor{}, func(tx *storage.Tx, a network.Access) error {
		link = ""
		x, err := r.activity(ctx, tx, a, in.Activity)
		if err != nil || x.Root != in.Root || !x.Anyone || x.Visibility != network.Public {
			return network.Absent()
		}
		if err := r.takes(x); err != nil {
			return err
		}
		if !r.Mails() {
			return fault.New(fault.Unavailable, "this site sends no mail").Say("learning.nomail")
		}
		g := Registration{Activity: x.ID, Name: line(in.Name), Lang: in.Lang, Needs: in.Needs, Best: -1}
		if g.Mail, err = notice.Address(in.Mail); err != nil {
			return err
		}
		if err := cmp.Or(needed("name", g.Name, lineLength), g.Needs.clean()); err != nil {
			return err
		}
		if err := r.network.TakeForm(ctx, tx, x.Root, "learning", network.Actor{}, from); err != nil {
			return err
		}
		there, err := r.registration(ctx, tx, `g.activity = $1 AND g.mailkey = $2 AND g.mailkey <> '' AND g.state NOT IN ('cancelled', 'lapsed')`, x.ID, mailKey(g.Mail))
		if err != nil {
			return err
		}
		if there != nil {
			var sent int
			if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM learning_link WHERE registration = $1 AND made > $2`, there.ID, r.db.Now().Add(-24*time.Hour)).Scan(&sent); err != nil || sent >= linksADay {
				return err
			}
			g = *there
		} else if err := r.insert(ctx, tx, x, &g); err != nil {
			return err
		}
		token, err := r.newLink(ctx, tx, g.ID)
		if err != nil {
			return err
		}
		if r.options.Demo {
			link = r.registrationPath(x.Root, token)
		}
		return r.mail(ctx, tx, x, g, token, "confirm", g.Until, x.Title)
	})
	return link, err
}

// Mails tells whether one can register with a mail address here.
func (r *Room) Mails() bool { return r.notices.Sends() || r.options.Demo }

func (r *Room) registrationPath(root network.ID, token string) string {
	return r.address(root) + "/registrations/" + token
}

// newLink makes a secret link to a registration.
func (r *Room) newLink(ctx context.Context, tx *storage.Tx, id RegistrationID) (token string, err error) {
	token, hash, err := r.secret()
	if err != nil {
		return "", err
	}
	_, err = tx.Exec(ctx, `INSERT INTO learning_link (hash, registration, made) VALUES ($1, $2, $3)`, hash, id, r.db.Now())
	return token, err
}

// when are the arguments of a notice about a place: the title and, where there is one, the time.
func (r *Room) when(x Activity) []string {
	if x.SelfPaced {
		return []string{x.Title, notice.Word("notice.learning.selfpaced")}
	}
	return []string{x.Title, notice.When(x.Starts)}
}

// tell tells whoever is registered: with an account in their list, else by mail with a link of their own.
func (r *Room) tell(ctx context.Context, tx *storage.Tx, x Activity, g Registration, key string, args ...string) error {
	if g.Person != "" {
		return r.notices.Tell(ctx, tx, string(g.Person), notice.Notice{Key: "notice.learning." + key, Args: args, Link: r.path(x), Urgent: key == "offered" || key == "cancelled", Until: g.Until})
	}
	if g.Mail == "" || !r.notices.Sends() {
		return nil
	}
	token, err := r.newLink(ctx, tx, g.ID)
	if err != nil {
		return err
	}
	return r.mail(ctx, tx, x, g, token, key, g.Until, args...)
}

func (r *Room) mail(ctx context.Context, tx *storage.Tx, x Activity, g Registration, token, key string, until time.Time, args ...string) error {
	if !r.notices.Sends() {
		return nil
	}
	to := notice.Recipient{Person: "registration:" + string(g.ID), Mail: g.Mail, Lang: g.Lang, Zone: x.Zone}
	return r.notices.TellAddress(ctx, tx, to, notice.Notice{Key: "notice.learning." + key, Args: args, Link: r.registrationPath(x.Root, token), Urgent: true, Secret: true, Until: until})
}
