package network

import (
	"context"
	"net/mail"
	"net/netip"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/lang"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

// Vacancy is a seat that somebody is sought for.
type Vacancy struct {
	ID        string
	Root      ID
	Seat      Held
	Body      Body
	Text      Text
	Takes     Text // what it takes, in time and knowledge
	Paid      bool
	Published time.Time
	LastDay   time.Time // the moment after it
	Closed    time.Time
	Version   int64
}

func (r *Registry) cleanVacancy(v *Vacancy) (err error) {
	if v.Text, err = longText("text", v.Text); err != nil {
		return err
	}
	if v.Text.Empty() {
		return missing("text")
	}
	if v.Takes, err = longText("takes", v.Takes); err != nil {
		return err
	}
	if !v.LastDay.After(r.db.Now()) {
		return fault.New(fault.Invalid, "the last day has passed").Where("last").Say("network.past")
	}
	return nil
}

// Advertise makes known that somebody is sought for a seat, to whoever may see its body: for the network's coordinators.
func (r *Registry) Advertise(ctx context.Context, who Actor, seat SeatID, v Vacancy) (id string, err error) {
	err = r.act(ctx, who, func(tx *storage.Tx, a Access) error {
		s, b, err := r.seatToChange(ctx, tx, a, seat)
		if err != nil {
			return err
		}
		if err := r.cleanVacancy(&v); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE vacancy SET closed = $2, version = version + 1 WHERE seat = $1 AND closed = 0`, seat, r.db.Now()); err != nil {
			return err
		}
		if id, err = r.db.NewID(); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO vacancy (id, root, seat, text, takes, paid, published, last_day, closed, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 1)`,
			id, b.Root, seat, v.Text.Column(), v.Takes.Column(), v.Paid, r.db.Now(), v.LastDay)
		if err != nil {
			return err
		}
		return r.recordSeat(ctx, tx, who, b, s, "seat.advertised", map[string]string{"vacancy": id})
	})
	return id, err
}

// EditVacancy changes what is said of a vacancy.
func (r *Registry) EditVacancy(ctx context.Context, who Actor, v Vacancy) error {
	return r.act(ctx, who, func(tx *storage.Tx, a Access) error {
		_, b, s, err := r.vacancyToChange(ctx, tx, a, v.ID)
		if err != nil {
			return err
		}
		if err := r.cleanVacancy(&v); err != nil {
			return err
		}
		err = r.update(ctx, tx, `UPDATE vacancy SET text = $3, takes = $4, paid = $5, last_day = $6, version = version + 1 WHERE id = $1 AND version = $2 AND closed = 0`,
			v.ID, v.Version, v.Text.Column(), v.Takes.Column(), v.Paid, v.LastDay)
		if err != nil {
			return err
		}
		return r.recordSeat(ctx, tx, who, b, s, "vacancy.edited", nil)
	})
}

// CloseVacancy takes a vacancy down.
func (r *Registry) CloseVacancy(ctx context.Context, who Actor, id string, version int64) error {
	return r.act(ctx, who, func(tx *storage.Tx, a Access) error {
		_, b, s, err := r.vacancyToChange(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if err := r.update(ctx, tx, `UPDATE vacancy SET closed = $3, version = version + 1 WHERE id = $1 AND version = $2 AND closed = 0`, id, version, r.db.Now()); err != nil {
			return err
		}
		return r.recordSeat(ctx, tx, who, b, s, "vacancy.closed", nil)
	})
}

func (r *Registry) vacancyToChange(ctx context.Context, tx *storage.Tx, a Access, id string) (Vacancy, Body, Seat, error) {
	all, err := r.vacancies(ctx, tx, a, `v.id = $1`, id)
	if err != nil {
		return Vacancy{}, Body{}, Seat{}, err
	}
	if len(all) == 0 {
		return Vacancy{}, Body{}, Seat{}, Absent()
	}
	s, b, err := r.seatToChange(ctx, tx, a, all[0].Seat.ID)
	return all[0], b, s, err
}

const mostVacancies = 500

// vacancies lists those whose body the reader may see.
func (r *Registry) vacancies(ctx context.Context, tx *storage.Tx, a Access, where string, args ...any) ([]Vacancy, error) {
	sees, args := a.Where("b.", "", args)
	rows, err := tx.Query(ctx, `SELECT v.id, v.root, v.text, v.takes, v.paid, v.published, v.last_day, v.closed, v.version,
			s.id, s.role, s.sector, COALESCE(s.nominator, ''), COALESCE(o.name, ''), b.id
		FROM vacancy v JOIN seat s ON s.id = v.seat JOIN body b ON b.id = s.body LEFT JOIN organisation o ON o.id = s.nominator
		WHERE `+where+` AND `+bodyIDs(sees)+` ORDER BY v.last_day, v.id LIMIT `+itoa(mostVacancies), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Vacancy
	for rows.Next() {
		var v Vacancy
		var paid, published, last, closed int64
		err := rows.Scan(&v.ID, &v.Root, &v.Text, &v.Takes, &paid, &published, &last, &closed, &v.Version,
			&v.Seat.ID, &v.Seat.Role, &v.Seat.Sector, &v.Seat.Nominator, &v.Seat.NominatorName, &v.Body.ID)
		if err != nil {
			return nil, err
		}
		v.Paid, v.Published, v.LastDay, v.Closed = paid != 0, storage.Time(published), storage.Time(last), moment(closed)
		out = append(out, v)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	rows.Close()
	for i := range out {
		if out[i].Body, err = r.Body(ctx, tx, out[i].Body.ID); err != nil {
			return nil, err
		}
		out[i].Seat.Body = out[i].Body.ID
	}
	return out, nil
}

// Vacancies lists a tenant's open vacancies that the reader may see, the one that ends first at the top. Body "" is for all.
func (r *Registry) Vacancies(ctx context.Context, tx *storage.Tx, a Access, root ID, body BodyID) ([]Vacancy, error) {
	if body != "" {
		return r.vacancies(ctx, tx, a, `v.root = $1 AND v.closed = 0 AND v.last_day > $2 AND b.id = $3`, root, r.db.Now(), body)
	}
	return r.vacancies(ctx, tx, a, `v.root = $1 AND v.closed = 0 AND v.last_day > $2`, root, r.db.Now())
}

// Vacancy finds one that the reader may see; a closed one too.
func (r *Registry) Vacancy(ctx context.Context, tx *storage.Tx, a Access, id string) (Vacancy, error) {
	all, err := r.vacancies(ctx, tx, a, `v.id = $1`, id)
	if err != nil || len(all) == 0 {
		return Vacancy{}, firstError(err, Absent())
	}
	return all[0], nil
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Candidate is somebody for a seat: who came forward, or whom the body's chair proposed.
type Candidate struct {
	ID       string
	Root     ID
	Seat     SeatID
	Person   PersonID // "": of the public, with Name and Mail
	Proposer PersonID // "": came forward
	By       string   // the proposer's name
	Name     string
	Mail     string
	Text     string
	Lang     string
	At       time.Time
	State    string // "", chosen, declined, withdrawn

	From netip.Addr // where the form came from; never kept
}

// mostCandidates bounds what the public can make a coordinator read of one seat. Members are beside it: nobody outside can keep them out.
const mostCandidates = 300

// keptFor is how long the name and mail of a candidate of the public are kept.
const keptFor = 180 * 24 * time.Hour

// ComeForward says that somebody wants an advertised seat: the actor, or one of the public with name and mail. Only the network's
// coordinators read it.
func (r *Registry) ComeForward(ctx context.Context, who Actor, vacancy string, c Candidate) (id string, err error) {
	err = r.act(ctx, who, func(tx *storage.Tx, a Access) error {
		v, err := r.Vacancy(ctx, tx, a, vacancy)
		if err != nil {
			return err
		}
		if !v.Closed.IsZero() || !v.LastDay.After(r.db.Now()) {
			return fault.New(fault.Conflict, "the last day has passed").Say("network.vacancy.over")
		}
		c.Seat, c.Person, c.Proposer = v.Seat.ID, a.Actor.Person, ""
		if c.Person != "" {
			c.Name, c.Mail = "", ""
		} else if err := c.public(); err != nil {
			return err
		}
		if err := r.TakeForm(ctx, tx, v.Root, "vacancy", a.Actor, c.From); err != nil {
			return err
		}
		id, err = r.candidate(ctx, tx, who, v.Body, c)
		return err
	})
	return id, err
}

// public checks who is not signed in.
func (c *Candidate) public() (err error) {
	if c.Name, err = named("name", c.Name); err != nil {
		return err
	}
	m, err := mail.ParseAddress(line(c.Mail))
	if err != nil || len(m.Address) > 254 {
		return fault.New(fault.Invalid, "this is no mail address").Where("mail").Say("network.mail")
	}
	c.Mail = m.Address
	return nil
}

// Propose puts somebody of the tenant forward for a seat: for the body's chair and the network's coordinators.
func (r *Registry) Propose(ctx context.Context, who Actor, seat SeatID, p PersonID, text, language string) (id string, err error) {
	err = r.act(ctx, who, func(tx *storage.Tx, a Access) error {
		s, err := r.Seat(ctx, tx, seat)
		if err != nil {
			return err
		}
		b, err := r.Body(ctx, tx, s.Body)
		if err != nil {
			return err
		}
		if !a.Sees(b.Scope()) {
			return Absent()
		}
		if !a.Runs(b.ID, b.Network) {
			return denied()
		}
		if !s.Closed.IsZero() || !b.Closed.IsZero() {
			return closed()
		}
		if err := r.registered(ctx, tx, p, b.Root); err != nil {
			return err
		}
		id, err = r.candidate(ctx, tx, who, b, Candidate{Seat: seat, Person: p, Proposer: who.Person, Text: text, Lang: language})
		return err
	})
	return id, err
}

func (r *Registry) candidate(ctx context.Context, tx *storage.Tx, who Actor, b Body, c Candidate) (string, error) {
	c.Text = text(c.Text)
	if err := short("text", c.Text, 4000); err != nil {
		return "", err
	}
	if err := oneOf("lang", c.Lang, lang.Codes...); err != nil {
		return "", err
	}
	var open, twice int64
	err := tx.QueryRow(ctx, `SELECT COALESCE(SUM(CASE WHEN person IS NULL THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN person = $2 OR mail = $3 AND mail <> '' THEN 1 ELSE 0 END), 0) FROM candidate WHERE seat = $1 AND state = ''`,
		c.Seat, string(c.Person), c.Mail).Scan(&open, &twice)
	if err != nil {
		return "", err
	}
	if twice > 0 {
		return "", fault.New(fault.Conflict, "this was said already").Say("network.candidate.twice")
	}
	if c.Person == "" && open >= mostCandidates {
		return "", fault.New(fault.Unavailable, "there are too many candidates").Say("network.candidate.many")
	}
	id, err := r.db.NewID()
	if err != nil {
		return "", err
	}
	_, err = tx.Exec(ctx, `INSERT INTO candidate (id, root, seat, person, proposer, name, mail, text, lang, at, state, answered) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, '', 0)`,
		id, b.Root, c.Seat, null(c.Person), null(c.Proposer), c.Name, c.Mail, c.Text, c.Lang, r.db.Now())
	if err != nil {
		return "", err
	}
	if err := r.Record(ctx, tx, who, b.Root, id, "candidate.new", map[string]string{"seat": string(c.Seat)}); err != nil {
		return "", err
	}
	return id, r.tellCoordinators(ctx, tx, b, notice.Notice{Key: "notice.network.candidate", Link: r.path(b.Root, "seats/"+string(c.Seat))})
}

// AnswerCandidate says what became of a candidate: for the network's coordinators; withdrawn: for the candidate.
func (r *Registry) AnswerCandidate(ctx context.Context, who Actor, id, state string) (c Candidate, err error) {
	err = r.act(ctx, who, func(tx *storage.Tx, a Access) error {
		all, err := candidatesWhere(ctx, tx, `c.id = $1`, id)
		if err != nil || len(all) == 0 {
			return firstError(err, Absent())
		}
		c = all[0]
		own := a.Actor.Person != "" && a.Actor.Person == c.Person
		_, b, err := r.seatToChange(ctx, tx, a, c.Seat)
		switch {
		case err != nil && !own:
			return Absent() // whoever doesn't coordinate knows of no candidate
		case err != nil && state != "withdrawn":
			return denied()
		}
		if err := oneOf("state", state, "declined", "withdrawn", "chosen"); err != nil {
			return err
		}
		if c.State != "" {
			return fault.New(fault.Conflict, "this is answered already").Say("network.candidate.answered")
		}
		return r.answer(ctx, tx, who, b, c, state)
	})
	return c, err
}

func (r *Registry) answer(ctx context.Context, tx *storage.Tx, who Actor, b Body, c Candidate, state string) error {
	if _, err := tx.Exec(ctx, `UPDATE candidate SET state = $2, answered = $3 WHERE id = $1`, c.ID, state, r.db.Now()); err != nil {
		return err
	}
	if err := r.Record(ctx, tx, who, b.Root, c.ID, "candidate."+state, map[string]string{"seat": string(c.Seat)}); err != nil {
		return err
	}
	to := c.Person
	if c.Proposer != "" {
		to = c.Proposer
	}
	if to == "" || to == who.Person || state != "declined" {
		return nil
	}
	return r.tell(ctx, tx, to, notice.Notice{Key: "notice.network.candidate.declined", Link: r.path(b.Root, "bodies/"+string(b.ID))})
}

// Candidates lists who is there for a seat: for the coordinators of its network.
func (r *Registry) Candidates(ctx context.Context, tx *storage.Tx, a Access, seat SeatID) ([]Candidate, error) {
	s, err := r.Seat(ctx, tx, seat)
	if err != nil {
		return nil, err
	}
	b, err := r.Body(ctx, tx, s.Body)
	if err != nil || !a.Coordinates(b.Network) {
		return nil, err
	}
	return candidatesWhere(ctx, tx, `c.seat = $1`, seat)
}

// Outsider is an open candidate who is no registered person: for the coordinators of the seat's network.
func (r *Registry) Outsider(ctx context.Context, tx *storage.Tx, a Access, id string) (Candidate, error) {
	all, err := candidatesWhere(ctx, tx, `c.id = $1 AND c.state = '' AND c.person IS NULL`, id)
	if err != nil {
		return Candidate{}, err
	}
	if len(all) == 0 {
		return Candidate{}, Absent()
	}
	if _, _, err := r.seatToChange(ctx, tx, a, all[0].Seat); err != nil {
		return Candidate{}, Absent() // whoever doesn't coordinate knows of no candidate
	}
	return all[0], nil
}

// known says who a candidate of the public is, now that they are registered. Their name and mail are the person's from here on.
func (r *Registry) known(ctx context.Context, tx *storage.Tx, a Access, candidate string, id PersonID) error {
	if _, err := r.Outsider(ctx, tx, a, candidate); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `UPDATE candidate SET person = $2, name = '', mail = '' WHERE id = $1`, candidate, id)
	return err
}

// MyCandidacies lists where the actor came forward or was proposed.
func (r *Registry) MyCandidacies(ctx context.Context, tx *storage.Tx, a Access) ([]Candidate, error) {
	if a.Actor.Person == "" {
		return nil, nil
	}
	return candidatesWhere(ctx, tx, `c.person = $1`, a.Actor.Person)
}

func candidatesWhere(ctx context.Context, tx *storage.Tx, where string, args ...any) ([]Candidate, error) {
	rows, err := tx.Query(ctx, `SELECT c.id, c.root, c.seat, COALESCE(c.person, ''), COALESCE(c.proposer, ''), COALESCE(q.name, ''), COALESCE(p.name, c.name), c.mail, c.text, c.lang, c.at, c.state
		FROM candidate c LEFT JOIN person p ON p.id = c.person LEFT JOIN person q ON q.id = c.proposer WHERE `+where+` ORDER BY c.person IS NULL, c.at DESC, c.id LIMIT `+itoa(2*mostCandidates), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Candidate
	for rows.Next() {
		var c Candidate
		var at int64
		if err := rows.Scan(&c.ID, &c.Root, &c.Seat, &c.Person, &c.Proposer, &c.By, &c.Name, &c.Mail, &c.Text, &c.Lang, &at, &c.State); err != nil {
			return nil, err
		}
		c.At = storage.Time(at)
		out = append(out, c)
	}
	return out, rows.Err()
}

// filled closes what was advertised for a seat that somebody was given, and marks the candidate who was.
func (r *Registry) filled(ctx context.Context, tx *storage.Tx, seat SeatID, p PersonID) error {
	now := r.db.Now()
	if _, err := tx.Exec(ctx, `UPDATE vacancy SET closed = $2, version = version + 1 WHERE seat = $1 AND closed = 0`, seat, now); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `UPDATE candidate SET state = 'chosen', answered = $3 WHERE seat = $1 AND person = $2 AND state = ''`, seat, p, now)
	return err
}
