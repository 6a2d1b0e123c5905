package toolbox

import (
	"cmp"
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/lang"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

// Migrations are the room's tables, for storage.Options.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// Options say what the room is given.
type Options struct {
	Key  []byte    // answers wait under it, and tokens follow from it: in no backup. nil: one of this process
	URL  string    // this site, "https://samverk.example.org", for evidence; "" for none
	Rand io.Reader // nonces; the system's when nil
}

// Toolbox is the room, opened. Its methods may be called from many goroutines.
type Toolbox struct {
	db       *storage.DB
	network  *network.Registry
	forum    *forum.Forum
	notices  *notice.Notices
	url      string
	rand     io.Reader
	pool     []byte // key that values wait under
	tokens   []byte // key that tokens follow from
	rules    sync.Map
	making   sync.Mutex // what other rooms make for a setup is made once
	fallback *Rules
}

// Open gives the room over a database that has its tables.
func Open(_ context.Context, db *storage.DB, n *network.Registry, f *forum.Forum, told *notice.Notices, o Options) (t *Toolbox, err error) {
	t = &Toolbox{db: db, network: n, forum: f, notices: told, url: o.URL, rand: o.Rand}
	if t.rand == nil {
		t.rand = rand.Reader
	}
	if o.Key == nil {
		o.Key = make([]byte, 32)
		if _, err := io.ReadFull(t.rand, o.Key); err != nil {
			return nil, err
		}
	}
	if t.pool, err = hkdf.Key(sha256.New, o.Key, nil, "samverk toolbox: answers that wait", 32); err != nil {
		return nil, err
	}
	if t.tokens, err = hkdf.Key(sha256.New, o.Key, nil, "samverk toolbox: tokens", 32); err != nil {
		return nil, err
	}
	if t.fallback, err = ParseRules(ShippedRules); err != nil {
		return nil, err
	}
	n.OnErase(t.leave)
	return t, nil
}

// leave takes away that somebody was asked. What they answered is nobody's.
func (t *Toolbox) leave(ctx context.Context, tx *storage.Tx, p network.PersonID) error {
	_, err := tx.Exec(ctx, `DELETE FROM toolbox_asked WHERE person = $1`, p)
	return err
}

func (t *Toolbox) act(ctx context.Context, who network.Actor, do func(*storage.Tx, network.Access) error) error {
	return t.network.Act(ctx, who, do)
}

func (t *Toolbox) look(ctx context.Context, who network.Actor, do func(*storage.Tx, network.Access) error) error {
	return t.network.Look(ctx, who, do)
}

// registered lets those pass who are registered in a tenant.
func registered(a network.Access, root network.ID) error {
	if !a.Registered(root) {
		return network.Absent()
	}
	return nil
}

func denied() error {
	return fault.New(fault.Denied, "this is not yours to do").Say("toolbox.denied")
}

func noRow(err error) bool { return errors.Is(err, sql.ErrNoRows) }

func stale() *fault.Error {
	return fault.New(fault.Conflict, "somebody else changed this meanwhile").Say("edit.conflict").Do("compare both texts and save again")
}

func moment(column int64) time.Time {
	if column == 0 {
		return time.Time{}
	}
	return storage.Time(column)
}

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return storage.Micros(t)
}

// typed is what somebody typed as it is kept; line of one line.
func typed(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\r\n", "\n")
	return strings.TrimSpace(strings.Map(func(c rune) rune {
		if unicode.IsControl(c) && c != '\n' || unicode.Is(unicode.Bidi_Control, c) {
			return -1
		}
		return c
	}, s))
}

func line(s string) string { return strings.Join(strings.Fields(typed(s)), " ") }

func needed(field, s string, most int) error {
	if s == "" {
		return fault.New(fault.Invalid, "this must be given").Where(field).Say("toolbox.missing")
	}
	return short(field, s, most)
}

func short(field, s string, most int) error {
	if utf8.RuneCountInString(s) > most {
		return fault.New(fault.Invalid, "the text is longer than %d characters", most).Where(field).Say("toolbox.long", most)
	}
	return nil
}

func oneOf[T ~string](field string, v T, of ...T) error {
	if !slices.Contains(of, v) {
		return fault.New(fault.Invalid, "%.40q is none of those one can choose", string(v)).Where(field).Say("toolbox.choose")
	}
	return nil
}

// State of something that is reviewed.
type State string

// The states.
const (
	Proposed State = "proposed"
	Accepted State = "accepted"
	Returned State = "returned"
)

// Proposal is a model, or a new version of one, that somebody wrote.
type Proposal struct {
	ID       string
	Root     network.ID
	Model    string
	Version  int // in the catalogue; 0 while it isn't
	State    State
	Content  Model
	Lang     string
	Why      string
	Author   network.PersonID
	Name     string // the author's; "" once erased
	At       time.Time
	Reviewer network.PersonID
	Reviewed time.Time
	Answer   string
}

// Entry is a model of the catalogue.
type Entry struct {
	*Model
	Version int
	Shipped bool // as it came with the program
	By      string
	At      time.Time
}

const proposalColumns = `m.id, m.root, m.model, m.version, m.state, m.content, m.lang, m.why, m.author, COALESCE(p.name, ''), m.at, m.reviewer, m.reviewed, m.answer`

func (t *Toolbox) proposals(ctx context.Context, tx *storage.Tx, where string, args ...any) (out []Proposal, err error) {
	rows, err := tx.Query(ctx, `SELECT `+proposalColumns+` FROM toolbox_model m LEFT JOIN person p ON p.id = m.author WHERE `+where+` LIMIT 500`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var x Proposal
		var content string
		var at, reviewed int64
		if err := rows.Scan(&x.ID, &x.Root, &x.Model, &x.Version, &x.State, &content, &x.Lang, &x.Why, &x.Author, &x.Name, &at, &x.Reviewer, &reviewed, &x.Answer); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(content), &x.Content); err != nil {
			return nil, fault.Wrap(fault.Internal, err, "a model can't be read")
		}
		x.At, x.Reviewed = moment(at), moment(reviewed)
		out = append(out, x)
	}
	return out, rows.Err()
}

// catalogue is what a tenant can choose from: what is shipped, and what was accepted there.
func (t *Toolbox) catalogue(ctx context.Context, tx *storage.Tx, root network.ID) ([]Entry, error) {
	var out []Entry
	for _, m := range Shipped() {
		out = append(out, Entry{Model: m, Version: 1, Shipped: true, By: "Samverk"})
	}
	own, err := t.proposals(ctx, tx, `m.root = $1 AND m.state = 'accepted' ORDER BY m.version, m.at, m.id`, root)
	for _, p := range own {
		e := Entry{Model: &p.Content, Version: p.Version, By: p.Name, At: p.Reviewed}
		if i := slices.IndexFunc(out, func(o Entry) bool { return o.ID == p.Model }); i >= 0 {
			out[i] = e
		} else {
			out = append(out, e)
		}
	}
	return out, err
}

// Catalogue lists the models of a tenant.
func (t *Toolbox) Catalogue(ctx context.Context, who network.Actor, root network.ID) (out []Entry, err error) {
	err = t.look(ctx, who, func(tx *storage.Tx, _ network.Access) error {
		out, err = t.catalogue(ctx, tx, root)
		return err
	})
	return out, err
}

func find(all []Entry, model string) (Entry, bool) {
	i := slices.IndexFunc(all, func(e Entry) bool { return e.ID == model })
	if i < 0 {
		return Entry{}, false
	}
	return all[i], true
}

// ModelView is a model with its versions and who uses it.
type ModelView struct {
	Entry
	Versions []Proposal // those of the tenant that are or were in the catalogue, the latest first
	Groups   []Group    // that the reader may see
	Newest   int        // version
}

// ModelView reads a model, in a version; 0 is the newest.
func (t *Toolbox) ModelView(ctx context.Context, who network.Actor, root network.ID, model string, version int) (v ModelView, err error) {
	err = t.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		all, err := t.catalogue(ctx, tx, root)
		if err != nil {
			return err
		}
		e, ok := find(all, model)
		if !ok {
			return network.Absent()
		}
		v = ModelView{Entry: e, Newest: e.Version}
		if v.Versions, err = t.proposals(ctx, tx, `m.root = $1 AND m.model = $2 AND m.state = 'accepted' ORDER BY m.version DESC`, root, model); err != nil {
			return err
		}
		if version != 0 && version != e.Version {
			if err := v.older(version); err != nil {
				return err
			}
		}
		v.Groups, err = t.groups(ctx, tx, a, root, GroupFilter{Model: model, Limit: 20})
		return err
	})
	return v, err
}

// older makes the view one of an earlier version.
func (v *ModelView) older(version int) error {
	for _, p := range v.Versions {
		if p.Version == version {
			v.Entry = Entry{Model: &p.Content, Version: p.Version, By: p.Name, At: p.Reviewed}
			return nil
		}
	}
	if i := slices.IndexFunc(Shipped(), func(m *Model) bool { return m.ID == v.ID }); i >= 0 && version == 1 {
		v.Entry = Entry{Model: Shipped()[i], Version: 1, Shipped: true, By: "Samverk"}
		return nil
	}
	return network.Absent()
}

// Proposing is what somebody writes of a model, in a language.
type Proposing struct {
	Model   string // the one it is a new version of; "" for a new model
	ID      string // of a new one
	Lang    string
	Words   Words
	Sources []Source
	Why     string
}

// Propose writes a model or a new version of one, for somebody else to review. Whoever is registered may.
func (t *Toolbox) Propose(ctx context.Context, who network.Actor, root network.ID, in Proposing) (id string, err error) {
	err = t.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		if err := registered(a, root); err != nil {
			return err
		}
		all, err := t.catalogue(ctx, tx, root)
		if err != nil {
			return err
		}
		m := Model{ID: in.ID, In: map[string]Words{}}
		m.SetsUp.Evaluate = Schedule{With: InstrumentIDs()[0], After: 6, Every: 12}
		before, there := find(all, cmp.Or(in.Model, in.ID))
		switch {
		case in.Model != "" && !there:
			return network.Absent()
		case in.Model != "":
			m = *before.Model
			m.In = map[string]Words{}
			for c, w := range before.In {
				m.In[c] = w
			}
		case len(in.ID) > 40 || !identifier.MatchString(in.ID):
			return fault.New(fault.Invalid, "this is no short name").Where("id").Say("toolbox.id")
		case there:
			return fault.New(fault.Conflict, "there is a model of that name").Where("id").Say("toolbox.id.taken")
		}
		if err := in.clean(); err != nil {
			return err
		}
		m.In[in.Lang], m.Sources = in.Words, in.Sources
		content, err := json.Marshal(m)
		if err != nil {
			return fault.Wrap(fault.Internal, err, "a model can't be kept")
		}
		if id, err = t.db.NewID(); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO toolbox_model (id, root, model, version, state, content, lang, why, author, at, reviewer, reviewed, answer)
			VALUES ($1, $2, $3, 0, 'proposed', $4, $5, $6, $7, $8, '', 0, '')`, id, root, m.ID, string(content), in.Lang, in.Why, who.Person, t.db.Now())
		if err != nil {
			return err
		}
		return t.network.Record(ctx, tx, who, root, id, "toolbox.proposed", map[string]string{"model": m.ID})
	})
	return id, err
}

func (in *Proposing) clean() error {
	w := &in.Words
	w.Name, w.Short, w.What, in.Why = line(w.Name), line(w.Short), typed(w.What), typed(in.Why)
	err := cmp.Or(needed("name", w.Name, 120), needed("short", w.Short, lineLength), needed("what", w.What, textLength), short("why", in.Why, textLength), oneOf("lang", in.Lang, lang.Codes...))
	for field, list := range map[string]*[]string{"fits": &w.Fits, "pitfalls": &w.Pitfalls, "steps": &w.Steps, "costs": &w.Costs, "evaluate": &w.Evaluate, "examples": &w.Examples, "training": &w.Training} {
		var kept []string
		for _, s := range *list {
			if s = line(s); s != "" {
				kept = append(kept, s)
				err = cmp.Or(err, short(field, s, lineLength))
			}
		}
		*list = kept
		if len(kept) > 20 {
			err = cmp.Or[error](err, fault.New(fault.Invalid, "there are more than 20 lines").Where(field).Say("toolbox.lines", 20))
		}
		if len(kept) == 0 && field != "training" && field != "examples" {
			err = cmp.Or[error](err, fault.New(fault.Invalid, "this must be given").Where(field).Say("toolbox.missing"))
		}
	}
	var sources []Source
	for _, s := range in.Sources {
		if s.Title = line(s.Title); s.Title != "" {
			sources = append(sources, s)
			err = cmp.Or(err, short("sources", s.Title, lineLength))
		}
	}
	if in.Sources = sources; len(sources) == 0 || len(sources) > 30 {
		err = cmp.Or[error](err, fault.New(fault.Invalid, "a model has sources").Where("sources").Say("toolbox.sources"))
	}
	return err
}

// Proposals lists what is proposed in a tenant: to those who coordinate it everything, to others their own and what was accepted.
func (t *Toolbox) Proposals(ctx context.Context, who network.Actor, root network.ID) (out []Proposal, review bool, err error) {
	err = t.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		if err := registered(a, root); err != nil {
			return err
		}
		if review = a.Coordinates(root); review {
			out, err = t.proposals(ctx, tx, `m.root = $1 ORDER BY m.state = 'proposed' DESC, m.at DESC, m.id`, root)
			return err
		}
		out, err = t.proposals(ctx, tx, `m.root = $1 AND (m.author = $2 OR m.state = 'accepted') ORDER BY m.state = 'proposed' DESC, m.at DESC, m.id`, root, who.Person)
		return err
	})
	return out, review, err
}

// Proposal reads one, and whether the reader may review it.
func (t *Toolbox) Proposal(ctx context.Context, who network.Actor, root network.ID, id string) (p Proposal, review bool, err error) {
	err = t.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		p, review, err = t.proposal(ctx, tx, a, root, id)
		return err
	})
	return p, review, err
}

func (t *Toolbox) proposal(ctx context.Context, tx *storage.Tx, a network.Access, root network.ID, id string) (Proposal, bool, error) {
	all, err := t.proposals(ctx, tx, `m.id = $1`, id)
	if err != nil {
		return Proposal{}, false, err
	}
	if len(all) == 0 || all[0].Root != root || !a.Registered(root) || all[0].State != Accepted && all[0].Author != a.Actor.Person && !a.Coordinates(root) {
		return Proposal{}, false, network.Absent()
	}
	p := all[0]
	return p, p.State == Proposed && a.Coordinates(root) && p.Author != a.Actor.Person, nil
}

// Review takes a proposal into the catalogue, or returns it with the reason: for the tenant's coordinators, and for nobody their own.
func (t *Toolbox) Review(ctx context.Context, who network.Actor, root network.ID, id string, accept bool, answer string) error {
	return t.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		p, may, err := t.proposal(ctx, tx, a, root, id)
		switch {
		case err != nil:
			return err
		case p.State != Proposed:
			return fault.New(fault.Conflict, "it was reviewed already").Say("toolbox.reviewed")
		case !may && p.Author == who.Person:
			return fault.New(fault.Denied, "nobody reviews their own").Say("toolbox.own")
		case !may:
			return denied()
		}
		answer = typed(answer)
		if err := short("answer", answer, textLength); err != nil {
			return err
		}
		state, version, kind := Returned, 0, "toolbox.returned"
		if accept {
			all, err := t.catalogue(ctx, tx, root)
			if err != nil {
				return err
			}
			before, _ := find(all, p.Model)
			state, version, kind = Accepted, before.Version+1, "toolbox.accepted"
		} else if answer == "" {
			return fault.New(fault.Invalid, "what is returned has a reason").Where("answer").Say("toolbox.missing")
		}
		if _, err := tx.Exec(ctx, `UPDATE toolbox_model SET state = $2, version = $3, reviewer = $4, reviewed = $5, answer = $6 WHERE id = $1`, id, state, version, who.Person, t.db.Now(), answer); err != nil {
			return err
		}
		if err := t.network.Record(ctx, tx, who, root, id, kind, map[string]string{"model": p.Model}); err != nil {
			return err
		}
		return t.tell(ctx, tx, p.Author, notice.Notice{Key: "notice.toolbox.reviewed", Args: []string{p.Content.In[p.Lang].Name}, Link: t.path(root, "proposals/"+id)})
	})
}

// path is a page of the room.
func (t *Toolbox) path(root network.ID, rest string) string {
	if n, ok := t.network.Tree().Network(root); ok {
		return "/n/" + n.Slug + "/toolbox/" + rest
	}
	return ""
}

func (t *Toolbox) tell(ctx context.Context, tx *storage.Tx, to network.PersonID, n notice.Notice) error {
	if to == "" {
		return nil
	}
	return t.notices.Tell(ctx, tx, string(to), n)
}
