package forum

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// Minutes are what a meeting's, or a circulation's, minutes are known by.
type Minutes struct {
	ID          MinutesID
	Root        network.ID
	Network     network.ID
	Body        network.BodyID
	Meeting     MeetingID
	Circulation CirculationID
	Visibility  network.Visibility
	Edition     int       // 1; a correction is the next
	Corrects    MinutesID // "" for the first
	Reason      string    // of the correction
	Held        time.Time
	Sealed      bool
	Version     int64
}

// Scope says who may see the minutes: until they are sealed they are the body's own.
func (m Minutes) Scope() network.Scope {
	v := m.Visibility
	if !m.Sealed {
		v = network.BodyOnly
	}
	return network.Scope{Network: m.Network, Body: m.Body, Visibility: v}
}

// Protocol is what minutes say. Persons stand in it as places in People, so that a name can be redacted alone.
type Protocol struct {
	People []string
	Head   ProtocolHead
	Items  []ProtocolItem
}

// ProtocolHead is when, where and who.
type ProtocolHead struct {
	Network    network.Text
	Body       network.Text
	Year       int    `json:",omitempty"`
	Number     int    `json:",omitempty"`
	Title      string `json:",omitempty"`
	Lang       string
	Place      string `json:",omitempty"`
	Zone       string
	Starts     time.Time
	Opened     time.Time
	Closed     time.Time
	Leader     int                // a person; -1: nobody
	Approvers  []int              // persons
	Replaced   []ProtocolReplaced `json:",omitempty"`
	Attendance []Attended
	Note       string `json:",omitempty"`
}

// ProtocolReplaced is who took whose place as approver, and why.
type ProtocolReplaced struct {
	Old, New int // persons
	Why      string
}

// Attended is a seat and who was in it.
type Attended struct {
	Person int // -1: vacant
	Role   network.Role
	Sector network.Sector
	By     network.Text // who nominates to the seat
	For    int          // of a deputy: in whose place; -1: nobody's
	Item   int          `json:",omitempty"` // of a deputy for one item: its number
	Came   time.Time    // zero: absent
	Gone   time.Time
}

// ProtocolItem is an item of the agenda as it went.
type ProtocolItem struct {
	ID         ItemID
	Number     int
	Kind       ItemKind
	Title      string
	Lang       string
	Presenter  int // a person; -1: nobody
	Visibility network.Visibility
	Outcome    Outcome
	State      ItemState
	Reason     string `json:",omitempty"`
	Text       string `json:",omitempty"`
	Recused    []ProtocolRecusal
	Decisions  []ProtocolDecision
	Annulled   []ProtocolAnnulled `json:",omitempty"`
}

// ProtocolRecusal is somebody who took no part in an item.
type ProtocolRecusal struct {
	Person int
	Reason string
}

// ProtocolAnnulled is a decision that was recorded and taken back.
type ProtocolAnnulled struct {
	Number string
	Person int // who took it back
	At     time.Time
	Reason string
}

// ProtocolDecision is a decision in minutes.
type ProtocolDecision struct {
	ID        DecisionID
	Number    string
	Title     string
	Text      string
	Rationale string `json:",omitempty"`
	Method    Method
	Mandate   network.Mandate
	Tally     Tally
	Present   int
	Of        int
	Rules     []network.Finding
	Dissent   []ProtocolDissent
	Inputs    []ProtocolInput
	NotBefore time.Time
	Review    time.Time
}

// ProtocolDissent is a reservation in minutes.
type ProtocolDissent struct {
	Person int
	Text   string
}

// ProtocolInput is what patients said and what became of it.
type ProtocolInput struct {
	Person      int // -1: not named
	Text        string
	Lang        string
	Disposition Disposition
	Reason      string
}

// person gives somebody's place in People.
func (p *Protocol) person(name string) int {
	if name == "" {
		return -1
	}
	if i := slices.Index(p.People, name); i >= 0 {
		return i
	}
	p.People = append(p.People, name)
	return len(p.People) - 1
}

// Name gives the name at a place, "" for nobody and for one that is redacted.
func (p Protocol) Name(i int) string {
	if i < 0 || i >= len(p.People) {
		return ""
	}
	return p.People[i]
}

// hash is the hash of a text of minutes: its JSON as encoding/json writes it.
func hashOf(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", fault.Wrap(fault.Internal, err, "minutes can't be written")
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}

// Hash is what an approval of the whole approves.
func (p Protocol) Hash() (string, error) { return hashOf(p) }

// ItemHash is what an approval of one item approves: it, and the names in it.
func (p Protocol) ItemHash(id ItemID) (string, error) {
	i := slices.IndexFunc(p.Items, func(i ProtocolItem) bool { return i.ID == id })
	if i < 0 {
		return "", network.Absent()
	}
	names := map[int]string{}
	for _, n := range p.Items[i].persons() {
		names[n] = p.Name(n)
	}
	return hashOf(struct {
		Item  ProtocolItem
		Names map[int]string
	}{p.Items[i], names})
}

// persons lists who stands in an item.
func (i ProtocolItem) persons() []int {
	out := []int{i.Presenter}
	for _, r := range i.Recused {
		out = append(out, r.Person)
	}
	for _, x := range i.Annulled {
		out = append(out, x.Person)
	}
	for _, d := range i.Decisions {
		for _, x := range d.Dissent {
			out = append(out, x.Person)
		}
		for _, x := range d.Inputs {
			out = append(out, x.Person)
		}
	}
	return out
}

// persons lists who stands in the head.
func (h ProtocolHead) persons() []int {
	out := append([]int{h.Leader}, h.Approvers...)
	for _, a := range h.Attendance {
		out = append(out, a.Person, a.For)
	}
	for _, r := range h.Replaced {
		out = append(out, r.Old, r.New)
	}
	return out
}

const minutesColumns = `n.id, n.root, n.network, n.body, n.meeting, n.circulation, n.visibility, n.edition, COALESCE(n.corrects, ''), n.reason, n.held, n.state, n.version`

func scanMinutes(row interface{ Scan(...any) error }) (m Minutes, err error) {
	var held int64
	var state string
	err = row.Scan(&m.ID, &m.Root, &m.Network, &m.Body, &m.Meeting, &m.Circulation, &m.Visibility, &m.Edition, &m.Corrects, &m.Reason, &held, &state, &m.Version)
	m.Held, m.Sealed = moment(held), state == "sealed"
	return m, err
}

// minutes finds minutes that the reader may see.
func (f *Forum) minutes(ctx context.Context, tx *storage.Tx, a network.Access, id MinutesID) (Minutes, error) {
	m, err := scanMinutes(tx.QueryRow(ctx, `SELECT `+minutesColumns+` FROM minutes n WHERE n.id = $1`, id))
	if noRow(err) || err == nil && !a.Sees(m.Scope()) {
		return Minutes{}, network.Absent()
	}
	return m, err
}

// keepsMinutes finds minutes that aren't sealed, of a body whose agenda the actor keeps.
func (f *Forum) keepsMinutes(ctx context.Context, tx *storage.Tx, a network.Access, id MinutesID) (Minutes, error) {
	m, err := f.minutes(ctx, tx, a, id)
	if err != nil {
		return m, err
	}
	if !a.Runs(m.Body, m.Network) {
		return m, denied()
	}
	if m.Sealed {
		return m, sealedAlready()
	}
	return m, nil
}

func sealedAlready() *fault.Error {
	return fault.New(fault.Conflict, "the minutes are sealed").Say("minutes.sealed").Do("correct them: that makes a new version")
}

// protocol reads the text of minutes that aren't sealed.
func (f *Forum) protocol(ctx context.Context, tx *storage.Tx, m Minutes) (p Protocol, hash string, err error) {
	var doc string
	err = tx.QueryRow(ctx, `SELECT doc, hash FROM minutes_version WHERE minutes = $1 AND version = $2`, m.ID, m.Version).Scan(&doc, &hash)
	if err != nil {
		return p, "", err
	}
	return p, hash, readColumn(doc, &p)
}

// writeProtocol keeps the next version of a text. Approvals of the one before no longer hold: their hash is another.
func (f *Forum) writeProtocol(ctx context.Context, tx *storage.Tx, who network.Actor, m Minutes, p Protocol) error {
	doc, err := jsonColumn(p)
	if err != nil {
		return err
	}
	hash, err := p.Hash()
	if err != nil {
		return err
	}
	if m.Version > 0 {
		if _, err := tx.Exec(ctx, `UPDATE minutes SET version = $2 WHERE id = $1`, m.ID, m.Version+1); err != nil {
			return err
		}
	}
	_, err = tx.Exec(ctx, `INSERT INTO minutes_version (minutes, version, doc, hash, actor, at) VALUES ($1, $2, $3, $4, $5, $6)`,
		m.ID, m.Version+1, doc, hash, who.Person, f.db.Now())
	return err
}

func (f *Forum) insertMinutes(ctx context.Context, tx *storage.Tx, who network.Actor, m Minutes, p Protocol) (MinutesID, error) {
	id, err := f.db.NewID()
	if err != nil {
		return "", err
	}
	var corrects *string
	if m.Corrects != "" {
		c := string(m.Corrects)
		corrects = &c
	}
	_, err = tx.Exec(ctx, `INSERT INTO minutes (id, root, network, body, meeting, circulation, visibility, edition, corrects, reason, held, state, version)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'draft', 1)`,
		id, m.Root, m.Network, m.Body, m.Meeting, m.Circulation, m.Visibility, m.Edition, corrects, m.Reason, m.Held)
	if err != nil {
		return "", err
	}
	m.ID = MinutesID(id)
	if err := f.writeProtocol(ctx, tx, who, m, p); err != nil {
		return "", err
	}
	return m.ID, f.record(ctx, tx, who, m.Root, id, "minutes.drafted", nil)
}

// DrawUp takes what a meeting recorded into its minutes: it makes them, or takes up what is new. Texts that were edited, and
// items that were approved at once, stay as they are.
func (f *Forum) DrawUp(ctx context.Context, who network.Actor, id MeetingID) (minutes MinutesID, err error) {
	err = f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		m, err := f.keeps(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if m.State != Running && m.State != Over {
			return wrongState(m)
		}
		minutes, err = f.drawUp(ctx, tx, who, m)
		return err
	})
	return minutes, err
}

func (f *Forum) drawUp(ctx context.Context, tx *storage.Tx, who network.Actor, m Meeting) (MinutesID, error) {
	old, err := scanMinutes(tx.QueryRow(ctx, `SELECT `+minutesColumns+` FROM minutes n WHERE n.meeting = $1 ORDER BY n.edition DESC LIMIT 1`, m.ID))
	if err != nil && !noRow(err) {
		return "", err
	}
	if err == nil && (old.Sealed || old.Edition > 1) {
		return "", sealedAlready()
	}
	if err := f.proposeApprovers(ctx, tx, m); err != nil {
		return "", err
	}
	var was earlier
	if old.ID != "" {
		if was, err = f.earlier(ctx, tx, old); err != nil {
			return "", err
		}
	}
	p, err := f.compose(ctx, tx, m, was)
	if err != nil {
		return "", err
	}
	if old.ID == "" {
		return f.insertMinutes(ctx, tx, who, Minutes{Root: m.Root, Network: m.Network, Body: m.Body, Meeting: m.ID, Visibility: m.Visibility, Edition: 1, Held: m.Starts}, p)
	}
	before, err := was.Hash()
	if err != nil {
		return "", err
	}
	if after, err := p.Hash(); err != nil || after == before {
		return old.ID, err
	}
	return old.ID, f.writeProtocol(ctx, tx, who, old, p)
}

// drawUpAgain takes what was changed into a meeting's minutes, where they are drawn up already.
func (f *Forum) drawUpAgain(ctx context.Context, tx *storage.Tx, who network.Actor, m Meeting) error {
	var drawn int
	if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM minutes WHERE meeting = $1`, m.ID).Scan(&drawn); err != nil || drawn == 0 {
		return err
	}
	_, err := f.drawUp(ctx, tx, who, m)
	return err
}

// earlier is an earlier version of minutes, and what of it stays when they are drawn up anew.
type earlier struct {
	Protocol
	frozen map[ItemID]bool // items approved at once
	edited map[ItemID]bool // items whose text somebody changed
}

func (f *Forum) earlier(ctx context.Context, tx *storage.Tx, m Minutes) (was earlier, err error) {
	if was.Protocol, _, err = f.protocol(ctx, tx, m); err != nil {
		return was, err
	}
	if was.frozen, err = f.frozen(ctx, tx, m); err != nil {
		return was, err
	}
	rows, err := tx.Query(ctx, `SELECT item FROM minutes_edited WHERE minutes = $1`, m.ID)
	if err != nil {
		return was, err
	}
	items, err := column[ItemID](rows)
	was.edited = map[ItemID]bool{}
	for _, i := range items {
		was.edited[i] = true
	}
	return was, err
}

// keeps tells whether an item's text stays: it was changed, were it to nothing. Where that was not noted yet, any text stays.
func (e earlier) keeps(i ProtocolItem) bool { return e.edited[i.ID] || e.edited[""] && i.Text != "" }

// compose makes the minutes of a meeting from what was recorded, with what stays of an earlier version.
func (f *Forum) compose(ctx context.Context, tx *storage.Tx, m Meeting, was earlier) (Protocol, error) {
	p := Protocol{People: slices.Clone(was.People)}
	var err error
	if p.Head, err = f.composeHead(ctx, tx, &p, m, was.Head); err != nil {
		return p, err
	}
	items, err := f.agenda(ctx, tx, m)
	if err != nil {
		return p, err
	}
	recusals, err := f.recusals(ctx, tx, m.ID)
	if err != nil {
		return p, err
	}
	for _, i := range items {
		at := slices.IndexFunc(was.Items, func(x ProtocolItem) bool { return x.ID == i.ID })
		if at >= 0 && was.frozen[i.ID] {
			p.Items = append(p.Items, was.Items[at])
			continue
		}
		x, err := f.composeItem(ctx, tx, &p, i, recusals)
		if err != nil {
			return p, err
		}
		if at >= 0 && was.keeps(was.Items[at]) {
			x.Text = was.Items[at].Text
		}
		p.Items = append(p.Items, x)
	}
	return p, nil
}

func (f *Forum) composeHead(ctx context.Context, tx *storage.Tx, p *Protocol, m Meeting, was ProtocolHead) (ProtocolHead, error) {
	b, err := f.network.Body(ctx, tx, m.Body)
	if err != nil {
		return was, err
	}
	n, ok := f.network.Tree().Network(m.Network)
	if !ok {
		return was, network.Absent()
	}
	h := ProtocolHead{Network: n.Name, Body: b.Name, Year: m.Year, Number: m.Number, Title: m.Title, Lang: n.Lang, Place: m.Place, Zone: m.Zone,
		Starts: m.Starts.UTC(), Opened: m.Opened.UTC(), Leader: -1, Note: was.Note, Replaced: was.Replaced}
	if !m.Closed.IsZero() {
		h.Closed = m.Closed.UTC()
	}
	at := m.Closed
	if at.IsZero() {
		at = f.db.Now()
	}
	seats, err := f.network.SeatsAt(ctx, tx, m.Body, micros(at)-1)
	if err != nil {
		return h, err
	}
	there, err := f.attendance(ctx, tx, m.ID)
	if err != nil {
		return h, err
	}
	names, err := f.names(ctx, tx, there, seats)
	if err != nil {
		return h, err
	}
	numbers, err := f.itemNumbers(ctx, tx, m)
	if err != nil {
		return h, err
	}
	for _, s := range seats {
		h.Attendance = append(h.Attendance, attended(p, s, there, names, numbers)...)
	}
	if led := leads(there, m.Leader); led != "" {
		h.Leader = p.person(names[led])
	}
	h.Approvers, err = f.approverNames(ctx, tx, p, `SELECT a.person, COALESCE(p.name, '') FROM meeting_approver a LEFT JOIN person p ON p.id = a.person
		WHERE a.meeting = $1 ORDER BY a.person`, string(m.ID))
	return h, err
}

// attended are the lines of a seat: of those who sat there, or one that says that nobody did. A deputy who stepped in
// stands on the line of that seat.
func attended(p *Protocol, s network.Held, there []Attendance, names map[network.PersonID]string, numbers map[ItemID]int) (out []Attended) {
	line := Attended{Role: s.Role, Sector: s.Sector, By: s.NominatorName, For: -1, Person: p.person(s.Name)}
	for _, a := range there {
		if a.Seat != s.ID {
			continue
		}
		one := line
		one.Person, one.Came, one.Gone, one.Item = p.person(names[a.Person]), a.Came.UTC(), a.Gone, numbers[a.Item]
		if !a.Gone.IsZero() {
			one.Gone = a.Gone.UTC()
		}
		if a.Deputy != "" {
			one.For = p.person(s.Name)
		}
		out = append(out, one)
	}
	if len(out) == 0 && s.Role.Votes() {
		out = append(out, line)
	}
	return out
}

// leads finds who led: whoever sat last, for the meeting as a whole, in the seat that leads; a deputy when its holder was not
// there or took no part. Nobody led who was not there.
func leads(there []Attendance, seat network.SeatID) (who network.PersonID) {
	for _, a := range there {
		if a.Seat == seat && a.Item == "" {
			who = a.Person
		}
	}
	return who
}

func (f *Forum) names(ctx context.Context, tx *storage.Tx, there []Attendance, seats []network.Held) (map[network.PersonID]string, error) {
	out := map[network.PersonID]string{}
	for _, s := range seats {
		out[s.Person] = s.Name
	}
	for _, a := range there {
		if _, ok := out[a.Person]; ok {
			continue
		}
		name, err := f.network.PersonName(ctx, tx, a.Person)
		if err != nil {
			return nil, err
		}
		out[a.Person] = name
	}
	return out, nil
}

func (f *Forum) itemNumbers(ctx context.Context, tx *storage.Tx, m Meeting) (map[ItemID]int, error) {
	items, err := f.agenda(ctx, tx, m)
	out := map[ItemID]int{}
	for _, i := range items {
		out[i.ID] = i.Number
	}
	return out, err
}

func (f *Forum) approverNames(ctx context.Context, tx *storage.Tx, p *Protocol, query, of string) (out []int, err error) {
	rows, err := tx.Query(ctx, query, of)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id network.PersonID
		var name string
		if err := rows.Scan(&id, &name); err != nil {
			return nil, err
		}
		out = append(out, p.person(name))
	}
	return out, rows.Err()
}

func (f *Forum) composeItem(ctx context.Context, tx *storage.Tx, p *Protocol, i Item, recusals []Recusal) (ProtocolItem, error) {
	x := ProtocolItem{ID: i.ID, Number: i.Number, Kind: i.Kind, Title: i.Title, Lang: i.Lang, Presenter: p.person(i.Presenter), Visibility: i.Visibility,
		Outcome: i.Outcome, State: i.State, Reason: i.Reason, Text: i.Text}
	for _, r := range recusals {
		if r.Item == i.ID && r.State == RecusalDeclared {
			x.Recused = append(x.Recused, ProtocolRecusal{p.person(r.Name), r.Reason})
		}
	}
	taken, err := f.decisionsWhere(ctx, tx, `d.item = $1 ORDER BY d.number`, i.ID)
	if err != nil {
		return x, err
	}
	for _, d := range taken {
		x.Visibility = narrower(x.Visibility, d.Visibility)
		one, err := f.composeDecision(ctx, tx, p, d, x.Visibility)
		if err != nil {
			return x, err
		}
		x.Decisions = append(x.Decisions, one)
	}
	back, err := f.annulled(ctx, tx, `d.item = $1`, string(i.ID))
	for _, y := range back {
		x.Visibility = narrower(x.Visibility, y.Visibility)
		x.Annulled = append(x.Annulled, ProtocolAnnulled{y.Number, p.person(y.Name), y.At.UTC(), y.Reason})
	}
	return x, err
}

// composeDecision puts a decision into minutes that are to be seen as v says. An input that fewer may see is there without its
// words: only what became of it.
func (f *Forum) composeDecision(ctx context.Context, tx *storage.Tx, p *Protocol, d Decision, v network.Visibility) (ProtocolDecision, error) {
	q := d.Record.Roll.Quorum
	x := ProtocolDecision{ID: d.ID, Number: d.Number, Title: d.Title, Text: d.Text, Rationale: d.Rationale, Method: d.Method, Mandate: d.Mandate,
		Tally: d.Record.Tally, Present: q.Present, Of: q.Of, Rules: q.Findings, NotBefore: utc(d.NotBefore), Review: utc(d.Review)}
	for _, s := range d.Record.Dissent {
		name, err := f.network.PersonName(ctx, tx, s.Person)
		if err != nil {
			return x, err
		}
		x.Dissent = append(x.Dissent, ProtocolDissent{p.person(name), s.Text})
	}
	if d.Topic == "" {
		return x, nil
	}
	t, err := f.anyTopic(ctx, tx, d.Topic)
	if err != nil {
		return x, err
	}
	inputs, err := f.allInputs(ctx, tx, t)
	for _, in := range inputs {
		one := ProtocolInput{-1, "", in.Lang, in.Disposition, in.Reason}
		own := in.Scope.Network == d.Network && (in.Scope.Visibility != network.BodyOnly || in.Scope.Body == d.Body)
		if in.Scope.Visibility == network.Public || own && narrower(in.Scope.Visibility, v) == v {
			one.Person, one.Text = p.person(in.Name), in.Text
		}
		x.Inputs = append(x.Inputs, one)
	}
	return x, err
}

func utc(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC()
}

// drawUpCirculation makes the minutes of a decision by circulation.
func (f *Forum) drawUpCirculation(ctx context.Context, tx *storage.Tx, who network.Actor, c Circulation, d Decision) (MinutesID, error) {
	b, err := f.network.Body(ctx, tx, c.Body)
	if err != nil {
		return "", err
	}
	n, ok := f.network.Tree().Network(c.Network)
	if !ok {
		return "", network.Absent()
	}
	var p Protocol
	now := f.db.Now().UTC()
	p.Head = ProtocolHead{Network: n.Name, Body: b.Name, Title: c.Draft.Title, Lang: n.Lang, Zone: c.Zone, Starts: c.Opened.UTC(), Opened: c.Opened.UTC(), Closed: now, Leader: -1}
	for _, s := range d.Record.Roll.Seats {
		name, err := f.network.PersonName(ctx, tx, s.Person)
		if err != nil {
			return "", err
		}
		held, err := f.network.PersonName(ctx, tx, s.Holder)
		if err != nil {
			return "", err
		}
		line := Attended{Role: s.Role, Sector: s.Sector, By: s.By, For: -1, Person: p.person(held)}
		if s.Person != "" {
			line.Person, line.Came = p.person(name), d.Record.Roll.At.UTC()
			if s.Person != s.Holder {
				line.For = p.person(held)
			}
		}
		p.Head.Attendance = append(p.Head.Attendance, line)
		if s.Role == network.Chair {
			p.Head.Leader = line.Person
		}
	}
	if c.Visibility, err = f.asTopic(ctx, tx, c.Topic, c.Visibility); err != nil {
		return "", err
	}
	visibility := narrower(c.Visibility, d.Visibility)
	one, err := f.composeDecision(ctx, tx, &p, d, visibility)
	if err != nil {
		return "", err
	}
	p.Items = []ProtocolItem{{ID: ItemID(c.ID), Number: 1, Kind: AboutTopic, Title: c.Draft.Title, Lang: d.Lang, Presenter: -1,
		Visibility: visibility, Outcome: WasDecided, State: ItemDone, Decisions: []ProtocolDecision{one}}}
	p.Head.Approvers, err = f.approverNames(ctx, tx, &p, `SELECT a.person, COALESCE(p.name, '') FROM circulation_approver a LEFT JOIN person p ON p.id = a.person
		WHERE a.circulation = $1 ORDER BY a.person`, string(c.ID))
	if err != nil {
		return "", err
	}
	return f.insertMinutes(ctx, tx, who, Minutes{Root: c.Root, Network: c.Network, Body: c.Body, Circulation: c.ID, Visibility: c.Visibility, Edition: 1, Held: c.Opened}, p)
}

// MinutesEdit is an edit of minutes: their texts, from the Version it began from. An item that isn't named stays.
type MinutesEdit struct {
	Minutes MinutesID
	Version int64
	Note    string
	Texts   map[ItemID]string
}

// EditMinutes keeps new texts. What was approved before must be approved again, but for items approved at once, which stay.
func (f *Forum) EditMinutes(ctx context.Context, who network.Actor, e MinutesEdit) error {
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		m, err := f.keepsMinutes(ctx, tx, a, e.Minutes)
		if err != nil {
			return err
		}
		if m.Version != e.Version {
			return stale()
		}
		p, _, err := f.protocol(ctx, tx, m)
		if err != nil {
			return err
		}
		frozen, err := f.frozen(ctx, tx, m)
		if err != nil {
			return err
		}
		p.Head.Note = typed(e.Note)
		if err := short("note", p.Head.Note, maxText); err != nil {
			return err
		}
		for _, id := range slices.Sorted(maps.Keys(e.Texts)) {
			i := slices.IndexFunc(p.Items, func(x ProtocolItem) bool { return x.ID == id && id != "" })
			if i < 0 {
				return network.Absent()
			}
			text := typed(e.Texts[id])
			if err := short("text-"+string(id), text, maxText); err != nil {
				return err
			}
			if frozen[id] && text != p.Items[i].Text {
				return fault.New(fault.Conflict, "the item is approved").Where("text-" + string(id)).Say("minutes.item.approved")
			}
			if text == p.Items[i].Text {
				continue
			}
			p.Items[i].Text = text
			if _, err := tx.Exec(ctx, `INSERT INTO minutes_edited (minutes, item) VALUES ($1, $2) ON CONFLICT DO NOTHING`, m.ID, id); err != nil {
				return err
			}
		}
		if err := f.writeProtocol(ctx, tx, who, m, p); err != nil {
			return err
		}
		return f.record(ctx, tx, who, m.Root, string(m.ID), "minutes.edited", nil)
	})
}

// Approval is somebody's approval of a text.
type Approval struct {
	Item   ItemID // "": the whole
	Person network.PersonID
	Name   string
	Hash   string
	At     time.Time
}

func (f *Forum) approvals(ctx context.Context, tx *storage.Tx, id MinutesID) (out []Approval, err error) {
	rows, err := tx.Query(ctx, `SELECT x.item, x.person, COALESCE(p.name, ''), x.hash, x.at FROM minutes_approval x LEFT JOIN person p ON p.id = x.person
		WHERE x.minutes = $1 ORDER BY x.at, x.person`, id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var x Approval
		var at int64
		if err := rows.Scan(&x.Item, &x.Person, &x.Name, &x.Hash, &at); err != nil {
			return nil, err
		}
		x.At = moment(at)
		out = append(out, x)
	}
	return out, rows.Err()
}

// approved tells whether everybody who is to approve a text has approved this one.
func approved(approvers []network.PersonID, all []Approval, item ItemID, hash string) bool {
	if len(approvers) < leastApprovers {
		return false
	}
	for _, p := range approvers {
		if !slices.ContainsFunc(all, func(x Approval) bool { return x.Person == p && x.Item == item && x.Hash == hash }) {
			return false
		}
	}
	return true
}

// frozen lists the items that were approved at once: their decisions are in force by these minutes, whoever is to approve the rest.
func (f *Forum) frozen(ctx context.Context, tx *storage.Tx, m Minutes) (map[ItemID]bool, error) {
	out := map[ItemID]bool{}
	if m.Meeting == "" || m.Sealed {
		return out, nil
	}
	rows, err := tx.Query(ctx, `SELECT DISTINCT d.item FROM decision d JOIN decision_force f ON f.decision = d.id WHERE d.meeting = $1 AND f.minutes = $2`, m.Meeting, m.ID)
	if err != nil {
		return nil, err
	}
	items, err := column[ItemID](rows)
	for _, i := range items {
		out[i] = true
	}
	return out, err
}

// Approve approves minutes: the very text with this hash. When everybody who is to approve it has, the minutes are sealed and
// their decisions, which it gives, are in force or will be from their day.
func (f *Forum) Approve(ctx context.Context, who network.Actor, id MinutesID, hash string) (inForce []Decision, err error) {
	err = f.approve(ctx, who, id, "", hash, func(tx *storage.Tx, m Minutes, p Protocol, now string) error {
		if m.Meeting != "" && p.Head.Closed.IsZero() {
			return fault.New(fault.Conflict, "the meeting isn't over").Say("meeting.state.running")
		}
		if err := f.seal(ctx, tx, who, m, p, now); err != nil {
			return err
		}
		inForce, err = f.enforce(ctx, tx, who, id, `(d.meeting <> '' AND d.meeting = $1 OR d.circulation <> '' AND d.circulation = $2)`, m.Meeting, m.Circulation)
		return err
	})
	return inForce, err
}

// ApproveItem approves one item at once, before the minutes as a whole: once everybody has, it stays as it is and its decisions
// are in force.
func (f *Forum) ApproveItem(ctx context.Context, who network.Actor, id MinutesID, item ItemID, hash string) (inForce []Decision, err error) {
	err = f.approve(ctx, who, id, item, hash, func(tx *storage.Tx, m Minutes, p Protocol, _ string) error {
		i := slices.IndexFunc(p.Items, func(x ProtocolItem) bool { return x.ID == item })
		if p.Items[i].Outcome != WasDecided {
			return fault.New(fault.Conflict, "the item has no decision").Say("minutes.item.undecided")
		}
		inForce, err = f.enforce(ctx, tx, who, id, `d.item = $1`, item)
		return err
	})
	return inForce, err
}

// approve keeps an approval, and runs whole when it was the last.
func (f *Forum) approve(ctx context.Context, who network.Actor, id MinutesID, item ItemID, hash string, whole func(*storage.Tx, Minutes, Protocol, string) error) error {
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		m, err := f.minutes(ctx, tx, a, id)
		if err != nil {
			return err
		}
		people, err := f.approvers(ctx, tx, m)
		if err != nil {
			return err
		}
		if !slices.Contains(people, who.Person) {
			return denied()
		}
		if m.Sealed {
			return sealedAlready()
		}
		if len(people) < leastApprovers {
			return fault.New(fault.Conflict, "two at least approve minutes").Say("minutes.approvers")
		}
		if led, err := f.minutesLedBy(ctx, tx, m); err != nil || led != "" && !slices.Contains(people, led) {
			return cmp.Or[error](err, fault.New(fault.Conflict, "whoever led the meeting isn't among those who approve").Say("minutes.leader"))
		}
		p, now, err := f.protocol(ctx, tx, m)
		if err != nil {
			return err
		}
		if item != "" {
			if now, err = p.ItemHash(item); err != nil {
				return err
			}
		}
		if now != hash {
			return fault.New(fault.Conflict, "the text was changed after it was read").Say("minutes.changed").Do("read it again")
		}
		_, err = tx.Exec(ctx, `INSERT INTO minutes_approval (minutes, item, person, hash, at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
			id, item, who.Person, hash, f.db.Now())
		if err != nil {
			return err
		}
		if err := f.record(ctx, tx, who, m.Root, string(id), "minutes.approved", nil); err != nil {
			return err
		}
		all, err := f.approvals(ctx, tx, id)
		if err != nil || !approved(people, all, item, now) {
			return err
		}
		return whole(tx, m, p, now)
	})
}

// Correct begins a new version of sealed minutes, which names the old one and is approved like it.
func (f *Forum) Correct(ctx context.Context, who network.Actor, id MinutesID, reason string) (next MinutesID, err error) {
	reason = typed(reason)
	if err := needed("reason", reason, maxText); err != nil {
		return "", err
	}
	err = f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		m, err := f.minutes(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if !a.Runs(m.Body, m.Network) {
			return denied()
		}
		if !m.Sealed {
			return fault.New(fault.Conflict, "the minutes aren't sealed").Say("minutes.unsealed")
		}
		var later int
		if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM minutes WHERE corrects = $1`, id).Scan(&later); err != nil {
			return err
		}
		if later > 0 {
			return fault.New(fault.Conflict, "the minutes are corrected already").Say("minutes.corrected")
		}
		p, err := f.sealedProtocol(ctx, tx, m)
		if err != nil {
			return err
		}
		m.Corrects, m.Reason, m.Sealed, m.Version = id, reason, false, 0
		m.Edition++
		next, err = f.insertMinutes(ctx, tx, who, m, p)
		return err
	})
	return next, err
}
