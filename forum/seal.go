package forum

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

// A seal is SHA-256, in hex, over these lines, each ended by \n:
//
//	samverk minutes 1
//	the minutes' id
//	the edition
//	the seal of the minutes this corrects, or -
//	for each part: its name, a space, its hash
//
// A part's hash is SHA-256, in hex, over the 16 bytes of its salt and the bytes of its text. The text of the part head is
// the JSON of ProtocolHead, of item/N that of ProtocolItem, of person/N a name. A part whose text and salt were taken away
// keeps its hash, and so the seal holds; without the salt nobody can try out names until the hash fits.

// Part is a piece of sealed minutes.
type Part struct {
	Name       string             `json:"name"`
	Visibility network.Visibility `json:"visibility"`
	Salt       string             `json:"salt,omitempty"` // hex
	Text       string             `json:"text,omitempty"`
	Hash       string             `json:"hash"`
	Redacted   time.Time          `json:"redacted,omitzero"`
	Reason     string             `json:"reason,omitempty"` // why it was redacted
	Withheld   bool               `json:"withheld,omitempty"`
}

// hash works out what the part's hash should be.
func (p Part) hash() (string, error) {
	salt, err := hex.DecodeString(p.Salt)
	if err != nil {
		return "", fault.New(fault.Internal, "a part's salt can't be read")
	}
	sum := sha256.Sum256(append(salt, p.Text...))
	return hex.EncodeToString(sum[:]), nil
}

// sealOver works out a seal.
func sealOver(id MinutesID, edition int, corrects string, parts []Part) string {
	var b strings.Builder
	if corrects == "" {
		corrects = "-"
	}
	fmt.Fprintf(&b, "samverk minutes 1\n%s\n%d\n%s\n", id, edition, corrects)
	for _, p := range parts {
		fmt.Fprintf(&b, "%s %s\n", p.Name, p.Hash)
	}
	sum := sha256.Sum256([]byte(b.String()))
	return hex.EncodeToString(sum[:])
}

// parts cuts minutes into pieces that can be redacted one by one. items says who may see each item.
func (f *Forum) parts(m Minutes, p Protocol, items []network.Visibility) ([]Part, error) {
	head, err := json.Marshal(p.Head)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "minutes can't be written")
	}
	out := []Part{{Name: "head", Visibility: m.Visibility, Text: string(head)}}
	seen := namesSeen(m, p, items)
	for i, name := range p.People {
		out = append(out, Part{Name: "person/" + strconv.Itoa(i), Visibility: seen[i], Text: name})
	}
	for i, item := range p.Items {
		text, err := json.Marshal(item)
		if err != nil {
			return nil, fault.Wrap(fault.Internal, err, "minutes can't be written")
		}
		out = append(out, Part{Name: "item/" + strconv.Itoa(i), Visibility: items[i], Text: string(text)})
	}
	for i := range out {
		salt := make([]byte, 16)
		if _, err := io.ReadFull(f.rand, salt); err != nil {
			return nil, fault.Wrap(fault.Internal, err, "no randomness for a seal")
		}
		out[i].Salt = hex.EncodeToString(salt)
		if out[i].Hash, err = out[i].hash(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// namesSeen says who may see each name: whoever sees a part that it stands in.
func namesSeen(m Minutes, p Protocol, items []network.Visibility) map[int]network.Visibility {
	out := map[int]network.Visibility{}
	for i := range p.People {
		out[i] = network.BodyOnly
	}
	for i, item := range p.Items {
		for _, n := range item.persons() {
			if n >= 0 && widens(out[n], items[i]) {
				out[n] = items[i]
			}
		}
	}
	for _, n := range p.Head.persons() {
		if n >= 0 {
			out[n] = m.Visibility
		}
	}
	return out
}

// itemsSeen says who may see each item: whoever sees the minutes and its topic as that is now.
func (f *Forum) itemsSeen(ctx context.Context, tx *storage.Tx, m Minutes, p Protocol) ([]network.Visibility, error) {
	out := make([]network.Visibility, len(p.Items))
	for i, item := range p.Items {
		var topic TopicID
		err := tx.QueryRow(ctx, `SELECT COALESCE(topic, '') FROM meeting_item WHERE id = $1 UNION ALL SELECT COALESCE(topic, '') FROM circulation WHERE id = $1`, item.ID).Scan(&topic)
		if err != nil && !noRow(err) {
			return nil, err
		}
		if out[i], err = f.asTopic(ctx, tx, topic, narrower(m.Visibility, item.Visibility)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// seal closes minutes for ever.
func (f *Forum) seal(ctx context.Context, tx *storage.Tx, who network.Actor, m Minutes, p Protocol, hash string) error {
	seen, err := f.itemsSeen(ctx, tx, m, p)
	if err != nil {
		return err
	}
	parts, err := f.parts(m, p, seen)
	if err != nil {
		return err
	}
	for n, x := range parts {
		_, err := tx.Exec(ctx, `INSERT INTO minutes_part (minutes, n, name, visibility, salt, text, hash, redacted, reason) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, '')`,
			m.ID, n, x.Name, x.Visibility, x.Salt, x.Text, x.Hash)
		if err != nil {
			return err
		}
	}
	before, err := f.sealOf(ctx, tx, m.Corrects)
	if err != nil {
		return err
	}
	seal := sealOver(m.ID, m.Edition, before.Seal, parts)
	if _, err := tx.Exec(ctx, `INSERT INTO minutes_seal (minutes, seal, hash, sealed) VALUES ($1, $2, $3, $4)`, m.ID, seal, hash, f.db.Now()); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `UPDATE minutes SET state = 'sealed' WHERE id = $1`, m.ID); err != nil {
		return err
	}
	if err := f.record(ctx, tx, who, m.Root, string(m.ID), "minutes.sealed", map[string]string{"seal": seal}); err != nil {
		return err
	}
	if err := f.redactAsBefore(ctx, tx, m); err != nil {
		return err
	}
	if err := f.keepStanding(ctx, tx, m); err != nil {
		return err
	}
	if err := f.indexMinutes(ctx, tx, m); err != nil {
		return err
	}
	tx.OnCommit(f.sealed)
	return f.tellSealed(ctx, tx, m)
}

// indexMinutes makes sealed minutes found by what everybody who may see them may see of them.
func (f *Forum) indexMinutes(ctx context.Context, tx *storage.Tx, m Minutes) error {
	parts, err := f.sealedParts(ctx, tx, m.ID)
	if err != nil {
		return err
	}
	p, err := assemble(parts)
	if err != nil {
		return err
	}
	var b strings.Builder
	b.WriteString(p.Head.Note)
	seen := slices.DeleteFunc(slices.Clone(parts), func(x Part) bool { return !strings.HasPrefix(x.Name, "item/") })
	for n, i := range p.Items {
		if seen[n].Visibility != m.Visibility {
			continue
		}
		b.WriteString("\n" + i.Title + "\n" + i.Text)
		for _, d := range i.Decisions {
			b.WriteString("\n" + d.Title + "\n" + d.Text)
		}
	}
	body, _ := p.Head.Body.In(p.Head.Lang)
	return f.index(ctx, tx, Doc{Kind: MinutesDoc, Ref: string(m.ID), Root: m.Root, Network: m.Network, Body: m.Body, Visibility: m.Visibility,
		Lang: p.Head.Lang, Title: f.dated("notice.search.minutes", p.Head.Lang, m.Root, m.Held, strings.TrimSpace(body+" "+p.Head.Title)), Text: b.String(), At: m.Held})
}

func (f *Forum) tellSealed(ctx context.Context, tx *storage.Tx, m Minutes) error {
	b, err := f.network.Body(ctx, tx, m.Body)
	if err != nil {
		return err
	}
	people, err := f.seated(ctx, tx, m.Body)
	if err != nil {
		return err
	}
	for _, p := range people {
		err := f.notices.Tell(ctx, tx, string(p), notice.Notice{Key: "notice.minutes.sealed",
			Args: []string{b.Name.Told(), notice.Day(m.Held.In(f.zoneOf(m.Network)))}, Link: f.pathTo(m.Root, "minutes", string(m.ID))})
		if err != nil {
			return err
		}
	}
	return nil
}

// Seal is what closes minutes.
type Seal struct {
	Seal   string
	Hash   string // of the text that was approved
	Sealed time.Time
}

// sealOf gives the seal of minutes, an empty one when there is none.
func (f *Forum) sealOf(ctx context.Context, tx *storage.Tx, id MinutesID) (s Seal, err error) {
	var at int64
	err = tx.QueryRow(ctx, `SELECT seal, hash, sealed FROM minutes_seal WHERE minutes = $1`, id).Scan(&s.Seal, &s.Hash, &at)
	if noRow(err) {
		return Seal{}, nil
	}
	s.Sealed = moment(at)
	return s, err
}

func (f *Forum) sealedParts(ctx context.Context, tx *storage.Tx, id MinutesID) (out []Part, err error) {
	rows, err := tx.Query(ctx, `SELECT name, visibility, salt, text, hash, redacted, reason FROM minutes_part WHERE minutes = $1 ORDER BY n`, id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var p Part
		var at int64
		if err := rows.Scan(&p.Name, &p.Visibility, &p.Salt, &p.Text, &p.Hash, &at, &p.Reason); err != nil {
			return nil, err
		}
		p.Redacted = moment(at)
		out = append(out, p)
	}
	return out, rows.Err()
}

// sealedProtocol puts sealed minutes together again; what is redacted is empty.
func (f *Forum) sealedProtocol(ctx context.Context, tx *storage.Tx, m Minutes) (Protocol, error) {
	parts, err := f.sealedParts(ctx, tx, m.ID)
	if err != nil {
		return Protocol{}, err
	}
	return assemble(parts)
}

func assemble(parts []Part) (p Protocol, err error) {
	for _, x := range parts {
		kind, n, _ := strings.Cut(x.Name, "/")
		switch kind {
		case "head":
			err = readColumn(x.Text, &p.Head)
		case "person":
			p.People = append(p.People, x.Text)
		case "item":
			var i ProtocolItem
			if err = readColumn(x.Text, &i); x.Text == "" {
				number, _ := strconv.Atoi(n)
				i = taken(number)
			}
			p.Items = append(p.Items, i)
		}
		if err != nil {
			return p, err
		}
	}
	return p, nil
}

// withhold takes away the parts that a reader may not see, and their salts.
func withhold(a network.Access, m Minutes, parts []Part) []Part {
	for i, p := range parts {
		if !a.Sees(network.Scope{Network: m.Network, Body: m.Body, Visibility: p.Visibility}) {
			parts[i].Text, parts[i].Salt, parts[i].Withheld = "", "", true
		}
	}
	return parts
}

// Verification is what checking a seal found.
type Verification struct {
	Seal     Seal
	Computed string // over the parts as they are now
	Wrong    []string
	Redacted []string
	Holds    bool
}

// Verify checks sealed minutes: each part that has its text against its hash, and the seal over the hashes.
func (f *Forum) Verify(ctx context.Context, who network.Actor, id MinutesID) (v Verification, err error) {
	err = f.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		m, err := f.minutes(ctx, tx, a, id)
		if err != nil {
			return err
		}
		v, err = f.verify(ctx, tx, m)
		return err
	})
	return v, err
}

func (f *Forum) verify(ctx context.Context, tx *storage.Tx, m Minutes) (v Verification, err error) {
	if v.Seal, err = f.sealOf(ctx, tx, m.ID); err != nil {
		return v, err
	}
	if v.Seal.Seal == "" {
		return v, fault.New(fault.Conflict, "the minutes aren't sealed").Say("minutes.unsealed")
	}
	before, err := f.sealOf(ctx, tx, m.Corrects)
	if err != nil {
		return v, err
	}
	parts, err := f.sealedParts(ctx, tx, m.ID)
	if err != nil {
		return v, err
	}
	for _, p := range parts {
		if !p.Redacted.IsZero() {
			v.Redacted = append(v.Redacted, p.Name)
			continue
		}
		if h, err := p.hash(); err != nil || h != p.Hash {
			v.Wrong = append(v.Wrong, p.Name)
		}
	}
	v.Computed = sealOver(m.ID, m.Edition, before.Seal, parts)
	v.Holds = len(v.Wrong) == 0 && v.Computed == v.Seal.Seal
	return v, nil
}

// Archive is sealed minutes as they are handed over: everything that is needed to check the seal without this program.
type Archive struct {
	Format    string     `json:"format"` // "samverk minutes 1"
	Minutes   MinutesID  `json:"minutes"`
	Case      string     `json:"case,omitempty"`
	Body      string     `json:"body"`
	Edition   int        `json:"edition"`
	Corrects  string     `json:"corrects,omitempty"` // the seal of what this corrects
	Reason    string     `json:"reason,omitempty"`
	Seal      string     `json:"seal"`
	Sealed    time.Time  `json:"sealed"`
	Approvals []Approved `json:"approvals"`
	Parts     []Part     `json:"parts"`
}

// Approved is one approval in an archive. The names are in the head, so that they can be redacted.
type Approved struct {
	Text string    `json:"text"` // the hash that was approved
	Item ItemID    `json:"item,omitempty"`
	At   time.Time `json:"at"`
}

// Archive gives sealed minutes as far as the reader may see them. What is withheld keeps its hash, so that the seal can be checked.
func (f *Forum) Archive(ctx context.Context, who network.Actor, id MinutesID) (out Archive, err error) {
	err = f.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		m, err := f.minutes(ctx, tx, a, id)
		if err != nil {
			return err
		}
		s, err := f.sealOf(ctx, tx, id)
		if err != nil {
			return err
		}
		if s.Seal == "" {
			return fault.New(fault.Conflict, "the minutes aren't sealed").Say("minutes.unsealed")
		}
		before, err := f.sealOf(ctx, tx, m.Corrects)
		if err != nil {
			return err
		}
		b, err := f.network.Body(ctx, tx, m.Body)
		if err != nil {
			return err
		}
		parts, err := f.sealedParts(ctx, tx, id)
		if err != nil {
			return err
		}
		all, err := f.approvals(ctx, tx, id)
		if err != nil {
			return err
		}
		out = Archive{Format: "samverk minutes 1", Minutes: id, Body: f.nameOf(b), Edition: m.Edition, Corrects: before.Seal, Reason: m.Reason,
			Seal: s.Seal, Sealed: s.Sealed, Parts: withhold(a, m, parts)}
		for _, x := range all {
			out.Approvals = append(out.Approvals, Approved{Text: x.Hash, Item: x.Item, At: x.At})
		}
		return nil
	})
	return out, err
}
