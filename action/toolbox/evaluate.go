package toolbox

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

// Batch is how many values of an item are shown together; fewer are shown never.
const Batch = 5

const (
	openFor    = 21 * 24 * time.Hour // a round
	remindWhen = 7 * 24 * time.Hour  // before it closes
	atOnce     = 200                 // rounds that one run of the clock opens
	poorUnder  = 3.0                 // a mean under this is a bad evaluation
	wordsMost  = 1000                // characters of an answer in words
)

// Round is an evaluation's questions, sent to those who sit in the group's body.
type Round struct {
	ID         string
	Group      string
	Instrument string
	Opens      time.Time
	Closes     time.Time
	Asked      int
	Topic      forum.TopicID // that was raised on its result

	unused []string
}

// Open tells whether it can be answered.
func (r Round) Open(now time.Time) bool { return !now.Before(r.Opens) && now.Before(r.Closes) }

func (t *Toolbox) rounds(ctx context.Context, tx *storage.Tx, where string, args ...any) (out []Round, err error) {
	rows, err := tx.Query(ctx, `SELECT r.id, r.grp, r.instrument, r.opens, r.closes, r.asked, r.topic, r.unused FROM toolbox_round r WHERE `+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var r Round
		var opens, closes int64
		var unused string
		if err := rows.Scan(&r.ID, &r.Group, &r.Instrument, &opens, &closes, &r.Asked, &r.Topic, &unused); err != nil {
			return nil, err
		}
		r.Opens, r.Closes = moment(opens), moment(closes)
		if err := json.Unmarshal([]byte(unused), &r.unused); err != nil {
			return nil, fault.Wrap(fault.Internal, err, "a round can't be read")
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

func (t *Toolbox) round(ctx context.Context, tx *storage.Tx, id string) (Round, error) {
	all, err := t.rounds(ctx, tx, `r.id = $1`, id)
	if err == nil && len(all) == 0 {
		err = network.Absent()
	}
	if err != nil {
		return Round{}, err
	}
	return all[0], nil
}

// Evaluate says with what a group is evaluated, when first, and every how many months; without an instrument it no longer is. For who
// runs the group's body.
func (t *Toolbox) Evaluate(ctx context.Context, who network.Actor, root network.ID, group string, with string, first time.Time, every int) error {
	return t.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		g, err := t.group(ctx, tx, a, root, group)
		if err != nil {
			return err
		}
		if g.Body == "" {
			return fault.New(fault.Invalid, "only those who sit in a body can be asked").Where("with").Say("toolbox.nobody")
		}
		if !g.asks(a) || !g.Ended.IsZero() {
			return denied()
		}
		if with == "" {
			first, every = time.Time{}, 0
		} else {
			if first.IsZero() {
				first = t.db.Now()
			}
			err := oneOf("with", with, InstrumentIDs()...)
			if every < 1 || every > 60 {
				err = cmp.Or[error](err, fault.New(fault.Invalid, "%d is no number of months from 1 to 60", every).Where("every").Say("toolbox.months"))
			}
			if first.Before(t.db.Now().Add(-24 * time.Hour)) {
				err = cmp.Or[error](err, fault.New(fault.Invalid, "the day has passed").Where("first").Say("toolbox.past"))
			}
			if err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, `UPDATE toolbox_group SET instrument = $2, next = $3, every = $4, version = version + 1 WHERE id = $1`, group, with, micros(first), every); err != nil {
			return err
		}
		return t.network.Record(ctx, tx, who, root, group, "toolbox.evaluated", map[string]string{"with": with})
	})
}

// RoundsDue opens the rounds whose day has come, and reminds those who haven't answered. The clock calls it.
func (t *Toolbox) RoundsDue(ctx context.Context) error {
	for {
		var due []Group
		err := t.db.Write(ctx, func(tx *storage.Tx) error {
			due = nil
			rows, err := tx.Query(ctx, `SELECT `+groupColumns+` FROM toolbox_group g WHERE g.next > 0 AND g.next <= $1 ORDER BY g.next, g.id LIMIT `+limit(atOnce), t.db.Now())
			if err != nil {
				return err
			}
			for rows.Next() {
				g, err := scanGroup(rows)
				if err != nil {
					rows.Close()
					return err
				}
				due = append(due, g)
			}
			rows.Close()
			if err := rows.Err(); err != nil {
				return err
			}
			for _, g := range due {
				if err := t.open(ctx, tx, g); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		if len(due) < atOnce {
			break
		}
	}
	return t.remind(ctx)
}

func limit(n int) string { b, _ := json.Marshal(n); return string(b) }

// open asks who sits in the group's body now.
func (t *Toolbox) open(ctx context.Context, tx *storage.Tx, g Group) error {
	now := t.db.Now()
	next := g.Next.AddDate(0, max(g.Evaluate.Every, 1), 0)
	for !next.After(now) {
		next = next.AddDate(0, max(g.Evaluate.Every, 1), 0)
	}
	if _, err := tx.Exec(ctx, `UPDATE toolbox_group SET next = $2 WHERE id = $1`, g.ID, micros(next)); err != nil {
		return err
	}
	seats, err := t.network.SeatsAt(ctx, tx, g.Body, storage.Micros(now))
	if err != nil {
		return err
	}
	people := map[network.PersonID]bool{}
	for _, s := range seats {
		if s.Person != "" {
			people[s.Person] = true
		}
	}
	if len(people) == 0 {
		return nil
	}
	id, err := t.db.NewID()
	if err != nil {
		return err
	}
	unused := make([]string, 0, len(people))
	for p := range people {
		unused = append(unused, digest(t.token(id, p)))
	}
	if _, err := tx.Exec(ctx, `INSERT INTO toolbox_round (id, grp, instrument, opens, closes, asked, reminded, unused, topic) VALUES ($1, $2, $3, $4, $5, $6, 0, $7, '')`,
		id, g.ID, g.Evaluate.With, now, now.Add(openFor), len(people), sortedJSON(unused)); err != nil {
		return err
	}
	for _, p := range sortedPeople(people) {
		if _, err := tx.Exec(ctx, `INSERT INTO toolbox_asked (person, round) VALUES ($1, $2)`, p, id); err != nil {
			return err
		}
		if err := t.tell(ctx, tx, p, notice.Notice{Key: "notice.toolbox.ask", Args: []string{g.Name, notice.Day(now.Add(openFor).In(t.network.Zone(g.Network)))}, Link: t.path(g.Root, "rounds/"+id), Until: now.Add(openFor)}); err != nil {
			return err
		}
	}
	return t.network.Record(ctx, tx, network.Clock(), g.Root, g.ID, "toolbox.asked", nil)
}

func sortedPeople(m map[network.PersonID]bool) []network.PersonID {
	out := make([]network.PersonID, 0, len(m))
	for p := range m {
		out = append(out, p)
	}
	slices.Sort(out)
	return out
}

// remind tells those who haven't answered, once, a week before the round closes.
func (t *Toolbox) remind(ctx context.Context) error {
	return t.db.Write(ctx, func(tx *storage.Tx) error {
		now := t.db.Now()
		all, err := t.rounds(ctx, tx, `r.closes > $1 AND r.closes <= $2 AND r.reminded = 0 ORDER BY r.closes, r.id LIMIT `+limit(atOnce), now, now.Add(remindWhen))
		if err != nil {
			return err
		}
		for _, r := range all {
			g, err := scanGroup(tx.QueryRow(ctx, `SELECT `+groupColumns+` FROM toolbox_group g WHERE g.id = $1`, r.Group))
			if err != nil {
				return err
			}
			people, err := t.askedIn(ctx, tx, r.ID)
			if err != nil {
				return err
			}
			for _, p := range people {
				if !t.owes(r, p) {
					continue
				}
				if err := t.tell(ctx, tx, p, notice.Notice{Key: "notice.toolbox.remind", Args: []string{g.Name, notice.Day(r.Closes.In(t.network.Zone(g.Network)))}, Link: t.path(g.Root, "rounds/"+r.ID), Until: r.Closes}); err != nil {
					return err
				}
			}
			if _, err := tx.Exec(ctx, `UPDATE toolbox_round SET reminded = $2 WHERE id = $1`, r.ID, now); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t *Toolbox) askedIn(ctx context.Context, tx *storage.Tx, round string) (out []network.PersonID, err error) {
	rows, err := tx.Query(ctx, `SELECT person FROM toolbox_asked WHERE round = $1 ORDER BY person`, round)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var p network.PersonID
		if err := rows.Scan(&p); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, rows.Err()
}

// token is what a person may answer a round with, once. It follows from a key that is in no database, so that nobody who reads the
// database can tell whose digest is gone.
func (t *Toolbox) token(round string, p network.PersonID) string {
	m := hmac.New(sha256.New, t.tokens)
	m.Write([]byte(round))
	m.Write([]byte{0})
	m.Write([]byte(p))
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(m.Sum(nil)[:20]))
}

func digest(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// owes tells whether a person who was asked has not answered.
func (t *Toolbox) owes(r Round, p network.PersonID) bool {
	_, found := slices.BinarySearch(r.unused, digest(t.token(r.ID, p)))
	return found
}

func sortedJSON[T cmp.Ordered](v []T) string {
	v = slices.Sorted(slices.Values(v))
	if v == nil {
		v = []T{}
	}
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // numbers and strings
	}
	return string(b)
}

// Asked is what somebody is asked.
type Asked struct {
	Round
	Name     string // the group's
	Lang     string
	Of       network.ID
	Token    string
	Answered bool
}

// AskedOf reads what somebody is asked, for that person.
func (t *Toolbox) AskedOf(ctx context.Context, who network.Actor, root network.ID, round string) (x Asked, err error) {
	err = t.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		r, err := t.round(ctx, tx, round)
		if err != nil {
			return err
		}
		g, err := scanGroup(tx.QueryRow(ctx, `SELECT `+groupColumns+` FROM toolbox_group g WHERE g.id = $1`, r.Group))
		if err != nil {
			return err
		}
		var asked int
		if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM toolbox_asked WHERE person = $1 AND round = $2`, who.Person, round).Scan(&asked); err != nil {
			return err
		}
		if g.Root != root || asked == 0 || who.Person == "" {
			return network.Absent()
		}
		x = Asked{Round: r, Name: g.Name, Lang: g.Lang, Of: g.Network, Token: t.token(round, who.Person), Answered: !t.owes(r, who.Person)}
		return nil
	})
	return x, err
}

// Waiting lists the rounds that a person is asked in and hasn't answered.
func (t *Toolbox) Waiting(ctx context.Context, who network.Actor, root network.ID) (out []Asked, err error) {
	if who.Person == "" {
		return nil, nil
	}
	err = t.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		now := t.db.Now()
		rounds, err := t.rounds(ctx, tx, `r.closes > $2 AND r.opens <= $2 AND r.id IN (SELECT round FROM toolbox_asked WHERE person = $1) ORDER BY r.closes, r.id LIMIT 50`, who.Person, now)
		if err != nil {
			return err
		}
		for _, r := range rounds {
			if !t.owes(r, who.Person) {
				continue
			}
			g, err := scanGroup(tx.QueryRow(ctx, `SELECT `+groupColumns+` FROM toolbox_group g WHERE g.id = $1`, r.Group))
			if err != nil {
				return err
			}
			if g.Root == root {
				out = append(out, Asked{Round: r, Name: g.Name, Lang: g.Lang, Of: g.Network})
			}
		}
		return nil
	})
	return out, err
}

// Given is an answer to a round: by the item's id a value, or words. What isn't answered isn't there.
type Given struct {
	Values map[string]int
	Words  map[string]string
}

// Answer takes what whoever holds a token gives, apart. Nobody needs to be signed in: the token is what was asked.
func (t *Toolbox) Answer(ctx context.Context, root network.ID, round, token string, in Given) error {
	return t.db.Write(ctx, func(tx *storage.Tx) error {
		r, err := t.round(ctx, tx, round)
		if err != nil {
			return err
		}
		g, err := scanGroup(tx.QueryRow(ctx, `SELECT `+groupColumns+` FROM toolbox_group g WHERE g.id = $1`, r.Group))
		if err != nil || g.Root != root {
			return cmp.Or[error](err, network.Absent())
		}
		at, found := slices.BinarySearch(r.unused, digest(token))
		switch {
		case !r.Open(t.db.Now()):
			return fault.New(fault.Conflict, "the round is closed").Say("toolbox.round.closed")
		case !found:
			return fault.New(fault.Conflict, "it was answered already").Say("toolbox.round.answered")
		}
		x, ok := ReadInstruments().Instrument(r.Instrument)
		if !ok {
			return fault.New(fault.Internal, "there is no instrument %q", r.Instrument)
		}
		given, err := in.of(x)
		if err != nil {
			return err
		}
		r.unused = slices.Delete(r.unused, at, at+1)
		if _, err := tx.Exec(ctx, `UPDATE toolbox_round SET unused = $2 WHERE id = $1`, round, sortedJSON(r.unused)); err != nil {
			return err
		}
		for _, item := range x.Items { // all of them, so that which rows are written tells nothing
			if err := t.drop(ctx, tx, r, x.ID+"."+item.ID, item.Words, given[item.ID]); err != nil {
				return err
			}
		}
		return nil
	})
}

// of checks an answer against its instrument: by the item's id, what goes into its pool.
func (in Given) of(x *Instrument) (map[string]string, error) {
	out := map[string]string{}
	for _, item := range x.Items {
		if item.Words {
			w := typed(in.Words[item.ID])
			if err := short(item.ID, w, wordsMost); err != nil {
				return nil, err
			}
			out[item.ID] = w
			continue
		}
		v, ok := in.Values[item.ID]
		if !ok {
			continue
		}
		if v < 1 || v > 5 {
			return nil, fault.New(fault.Invalid, "%d is no value from 1 to 5", v).Where(item.ID).Say("toolbox.choose")
		}
		out[item.ID] = string(rune('0' + v))
	}
	for _, v := range out {
		if v != "" {
			return out, nil
		}
	}
	return nil, fault.New(fault.Invalid, "nothing is answered").Where(x.Items[0].ID).Say("toolbox.empty")
}

// drop lets one value fall into its item's pool. When there are five, they become a batch and the pool is empty.
func (t *Toolbox) drop(ctx context.Context, tx *storage.Tx, r Round, item string, words bool, value string) error {
	var sealed string
	err := tx.QueryRow(ctx, `SELECT sealed FROM toolbox_pool WHERE grp = $1 AND item = $2`, r.Group, item).Scan(&sealed)
	if err != nil && !noRow(err) {
		return err
	}
	waiting := t.unseal(r.Group+"|"+item, sealed)
	if value != "" {
		waiting = append(waiting, value)
	}
	if len(waiting) >= Batch {
		if err := t.release(ctx, tx, r.ID, item, words, waiting); err != nil {
			return err
		}
		waiting = nil
	}
	if sealed, err = t.seal(r.Group+"|"+item, waiting); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO toolbox_pool (grp, item, sealed) VALUES ($1, $2, $3) ON CONFLICT (grp, item) DO UPDATE SET sealed = excluded.sealed`, r.Group, item, sealed)
	return err
}

// release adds a batch to what is shown.
func (t *Toolbox) release(ctx context.Context, tx *storage.Tx, round, item string, words bool, batch []string) error {
	var counts, said string
	err := tx.QueryRow(ctx, `SELECT counts, words FROM toolbox_batch WHERE round = $1 AND item = $2`, round, item).Scan(&counts, &said)
	if err != nil && !noRow(err) {
		return err
	}
	c, err := readCounts(counts)
	if err != nil {
		return err
	}
	var all []string
	if said != "" {
		if err := json.Unmarshal([]byte(said), &all); err != nil {
			return fault.Wrap(fault.Internal, err, "a batch can't be read")
		}
	}
	for _, v := range batch {
		if words {
			all = append(all, v)
		} else {
			c[v[0]-'1']++
		}
	}
	b, err := json.Marshal(c)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "counts can't be kept")
	}
	_, err = tx.Exec(ctx, `INSERT INTO toolbox_batch (round, item, counts, words) VALUES ($1, $2, $3, $4) ON CONFLICT (round, item) DO UPDATE SET counts = excluded.counts, words = excluded.words`,
		round, item, string(b), sortedJSON(all))
	return err
}

// ItemResult is what was answered to an item, in whole batches.
type ItemResult struct {
	Item
	Counts Counts
	Said   []string // in no order
}

// RoundResult is what can be shown of a round.
type RoundResult struct {
	Round
	Items []ItemResult
	Shown int  // the most values of an item
	Poor  bool // a heading is under what is good
}

// Means gives the mean of each heading, or of each item where it has none, that is shown.
func (r RoundResult) Means() map[string]float64 {
	of := map[string]Counts{}
	for _, i := range r.Items {
		key := cmp.Or(i.Heading, i.ID)
		c := of[key]
		for k, n := range i.Counts {
			c[k] += n
		}
		of[key] = c
	}
	out := map[string]float64{}
	for key, c := range of {
		if c.N() > 0 {
			out[key] = c.Mean()
		}
	}
	return out
}

// GroupView is a group with how it fared.
type GroupView struct {
	Group
	Rounds  []RoundResult // the latest first
	History []network.Event
	Runs    bool   // the reader may change what is said of it
	Asks    bool   // and have it evaluated
	Raise   bool   // and raise a topic on it
	Owed    string // the round that the reader is asked in
}

// GroupView reads a group.
func (t *Toolbox) GroupView(ctx context.Context, who network.Actor, root network.ID, id string) (v GroupView, err error) {
	err = t.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		g, err := t.group(ctx, tx, a, root, id)
		if err != nil {
			return err
		}
		v = GroupView{Group: g, Runs: g.runs(a) && g.Ended.IsZero(), Asks: g.asks(a) && g.Ended.IsZero(), Raise: a.Registered(root)}
		if v.Rounds, err = t.results(ctx, tx, id); err != nil {
			return err
		}
		now := t.db.Now()
		for _, r := range v.Rounds {
			if r.Open(now) && who.Person != "" && t.owes(r.Round, who.Person) {
				v.Owed = r.ID
			}
		}
		v.History, err = t.network.History(ctx, tx, id, 0, 30)
		return err
	})
	return v, err
}

// results are a group's last rounds.
func (t *Toolbox) results(ctx context.Context, tx *storage.Tx, group string) (out []RoundResult, err error) {
	rounds, err := t.rounds(ctx, tx, `r.grp = $1 ORDER BY r.opens DESC, r.id DESC LIMIT 12`, group)
	if err != nil {
		return nil, err
	}
	for _, r := range rounds {
		x, ok := ReadInstruments().Instrument(r.Instrument)
		if !ok {
			continue
		}
		result := RoundResult{Round: r}
		batches, err := t.batches(ctx, tx, r.ID)
		if err != nil {
			return nil, err
		}
		for _, item := range x.Items {
			b := batches[x.ID+"."+item.ID]
			b.Item = item
			result.Items = append(result.Items, b)
			result.Shown = max(result.Shown, b.Counts.N())
		}
		for _, mean := range result.Means() {
			result.Poor = result.Poor || mean < poorUnder
		}
		out = append(out, result)
	}
	return out, nil
}

func (t *Toolbox) batches(ctx context.Context, tx *storage.Tx, round string) (map[string]ItemResult, error) {
	rows, err := tx.Query(ctx, `SELECT item, counts, words FROM toolbox_batch WHERE round = $1`, round)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]ItemResult{}
	for rows.Next() {
		var item, counts, said string
		var r ItemResult
		if err := rows.Scan(&item, &counts, &said); err != nil {
			return nil, err
		}
		if r.Counts, err = readCounts(counts); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(said), &r.Said); err != nil {
			return nil, fault.Wrap(fault.Internal, err, "a batch can't be read")
		}
		out[item] = r
	}
	return out, rows.Err()
}

// Raising are the words of a topic that is raised here, in the network's language.
type Raising struct{ Title, Text, Evidence string }

// RaiseRound raises a topic on what a round says, once: pressed again it gives the first.
func (t *Toolbox) RaiseRound(ctx context.Context, who network.Actor, root network.ID, group, round string, words func(GroupView, RoundResult) Raising) (forum.TopicID, error) {
	t.making.Lock()
	defer t.making.Unlock()
	v, err := t.GroupView(ctx, who, root, group)
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(v.Rounds, func(r RoundResult) bool { return r.ID == round })
	switch {
	case i < 0:
		return "", network.Absent()
	case v.Rounds[i].Topic != "":
		return v.Rounds[i].Topic, nil
	case v.Rounds[i].Shown == 0:
		return "", fault.New(fault.Conflict, "there is no result to raise").Say("toolbox.few")
	}
	w := words(v, v.Rounds[i])
	visibility := v.Visibility
	topic, err := t.raise(ctx, who, forum.Raising{Network: v.Network, Body: v.Body, Title: w.Title, Text: w.Text, Visibility: visibility}, w.Evidence, t.path(root, "groups/"+group))
	if err != nil {
		return "", err
	}
	return topic, t.db.Write(ctx, func(tx *storage.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE toolbox_round SET topic = $2 WHERE id = $1`, round, topic); err != nil {
			return err
		}
		return t.network.Record(ctx, tx, who, root, group, "toolbox.raised", map[string]string{"topic": string(topic)})
	})
}

// raise raises a topic, with a page of this room as its evidence where the site has an address.
func (t *Toolbox) raise(ctx context.Context, who network.Actor, in forum.Raising, evidence, page string) (forum.TopicID, error) {
	made, err := t.forum.Raise(ctx, who, in)
	if err != nil || t.url == "" {
		return made.ID, err
	}
	_, err = t.forum.AddEvidence(ctx, who, made.ID, forum.Citing{Ref: t.url + page, Title: evidence, Lang: made.Lang})
	if fault.KindOf(err) == fault.Invalid {
		err = nil // a site without an address of its own: the topic's text has the link
	}
	return made.ID, err
}

// RoundOf reads what a round asks, for a form that is shown again: nothing of it but its group's name, which whoever has a token knows.
func (t *Toolbox) RoundOf(ctx context.Context, root network.ID, id string) (r Round, name, code string, err error) {
	err = t.db.Read(ctx, func(tx *storage.Tx) error {
		if r, err = t.round(ctx, tx, id); err != nil {
			return err
		}
		g, err := scanGroup(tx.QueryRow(ctx, `SELECT `+groupColumns+` FROM toolbox_group g WHERE g.id = $1`, r.Group))
		if err == nil && g.Root != root {
			err = network.Absent()
		}
		name, code = g.Name, g.Lang
		return err
	})
	return r, name, code, err
}
