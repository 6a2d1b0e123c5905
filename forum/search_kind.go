package forum

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

// What topics, decisions, minutes and posts are seen by is written in their docs, which are written anew whenever it changes. Meetings,
// items of agendas, inputs and files are seen by what they belong to: that is asked of their own rows, so no change of a topic or
// a meeting can be missed. Their docs say that nobody sees them.

// findable writes the condition that a doc d is of one of the kinds, and is the reader's to see.
func findable(a network.Access, root network.ID, kinds []DocKind, args []any) (string, []any) {
	var or, plain []string
	for _, k := range kinds {
		judge, ok := judges[k]
		if !ok {
			plain = append(plain, string(k))
			continue
		}
		var sees string
		sees, args = judge(a, root, args)
		or = append(or, "d.kind = '"+string(k)+"' AND "+sees)
		if k == MeetingDoc {
			sees, args = seesItem(a, root, args)
			or = append(or, "d.kind = '"+string(itemDoc)+"' AND "+sees)
		}
	}
	if len(plain) > 0 {
		var in, sees string
		in, args = places(args, plain)
		sees, args = a.Where("d.", "", args)
		or = append(or, "d.kind IN ("+in+") AND "+sees)
	}
	return "(" + strings.Join(or, " OR ") + ")", args
}

// one writes that there is the one row that is asked for by its id. Counted, it is looked up for each doc: of EXISTS, PostgreSQL
// may make a table of all there are.
func one(from string) string { return "(SELECT COUNT(*) FROM " + from + ") > 0" }

// judges write the condition that the reader sees what a doc d is of.
var judges = map[DocKind]func(network.Access, network.ID, []any) (string, []any){
	MeetingDoc: func(a network.Access, _ network.ID, args []any) (string, []any) {
		sees, args := seesMeetingSQL(a, args)
		return one("meeting m WHERE m.id = d.ref AND " + sees), args
	},
	InputDoc: seesInput,
	FileDoc:  seesFile,
}

// seesMeetingSQL is seesMeeting for meeting m.
func seesMeetingSQL(a network.Access, args []any) (string, []any) {
	sees, args := a.Where("m.", "", args)
	within, args := insideSQL(a, "m.", args)
	return "(m.state NOT IN ('draft', 'paused') AND " + sees + " OR " + within + ")", args
}

// seesItem: an item is shown on its meeting's page, no wider than its topic is now.
func seesItem(a network.Access, _ network.ID, args []any) (string, []any) {
	meeting, args := seesMeetingSQL(a, args)
	item, args := a.Where("i.", "", args)
	topic, args := a.Where("t.", "", args)
	at := strings.NewReplacer("i.network", "m.network", "i.body", "m.body", "t.network", "m.network", "t.body", "m.body") // what it may be, where the meeting is
	return one("meeting_item i JOIN meeting m ON m.id = i.meeting LEFT JOIN topic t ON t.id = i.topic WHERE i.id = d.ref AND " +
		meeting + " AND " + at.Replace(item) + " AND (t.id IS NULL OR " + at.Replace(topic) + ")"), args
}

// seesTopic is sees for topic t of the tenant.
func seesTopic(a network.Access, root network.ID, args []any) (string, []any) {
	where, args := a.Where("t.", "", args)
	if a.Registered(root) {
		args = append(args, a.Actor.Person)
		where = "(" + where + " OR t.raised_by = " + place(len(args)) + ")"
	}
	return where, args
}

// seesInput: an input is found where it is shown: on its topic's page, and on those of the topics that one was lifted to, to those
// whom inputs shows it. What was said of a topic that was given back is found where it went.
func seesInput(a network.Access, root network.ID, args []any) (string, []any) {
	topic, args := seesTopic(a, root, args)
	within, args := insideSQL(a, "t.", args)
	given, args := a.Where("i.", "", args)
	args = append(args, a.Actor.Person)
	shown := topic + " AND (" + within + " OR " + given + " OR i.person = " + place(len(args)) + ")"
	return one(`topic_input i WHERE i.id = d.ref AND (EXISTS (SELECT 1 FROM topic t WHERE t.id = i.topic AND ` + shown + `)
		OR CASE WHEN EXISTS (SELECT 1 FROM topic_lift l WHERE l.origin = i.topic) THEN EXISTS (WITH RECURSIVE up (id) AS (
				SELECT l.topic FROM topic_lift l WHERE l.origin = i.topic AND l.answer <> 'returned'
				UNION SELECT l.topic FROM topic_lift l JOIN up ON l.origin = up.id WHERE l.answer <> 'returned')
			SELECT 1 FROM up JOIN topic t ON t.id = up.id WHERE ` + shown + `) ELSE FALSE END)`), args
}

// seesFile: a topic's file is shown on its page; a meeting's, while it is one of its papers, to those inside the body.
func seesFile(a network.Access, root network.ID, args []any) (string, []any) {
	topic, args := seesTopic(a, root, args)
	within, args := insideSQL(a, "m.", args)
	return one(`forum_file x WHERE x.id = d.ref AND CASE x.kind WHEN 'topic' THEN EXISTS (SELECT 1 FROM topic t WHERE t.id = x.subject AND ` + topic + `)
		ELSE EXISTS (SELECT 1 FROM meeting m JOIN meeting_paper y ON y.file = x.id WHERE m.id = x.subject AND ` + within + `) END`), args
}

// placeFound says where a thing that was found is shown to the reader.
func (f *Forum) placeFound(ctx context.Context, tx *storage.Tx, a network.Access, d *Found) (err error) {
	switch d.Kind {
	case MeetingDoc:
		d.Meeting, err = f.meeting(ctx, tx, a, MeetingID(d.Ref))
		if d.onAgenda {
			d.Extract = d.Title
		}
		d.Title = d.Meeting.Title
	case InputDoc:
		d.Topic, err = f.inputTopic(ctx, tx, a, InputID(d.Ref))
	case FileDoc:
		var kind, subject string
		if err := tx.QueryRow(ctx, `SELECT kind, subject FROM forum_file WHERE id = $1`, d.Ref).Scan(&kind, &subject); err != nil {
			return err
		}
		if kind == "topic" {
			t, err := f.topic(ctx, tx, a, TopicID(subject))
			d.Topic = t.link()
			return err
		}
		d.Meeting, err = f.meeting(ctx, tx, a, MeetingID(subject))
	}
	return err
}

// inputTopic finds a topic on whose page an input is shown to the reader.
func (f *Forum) inputTopic(ctx context.Context, tx *storage.Tx, a network.Access, id InputID) (TopicLink, error) {
	in, err := scanInput(tx.QueryRow(ctx, `SELECT `+inputColumns+` FROM topic_input i JOIN topic t ON t.id = i.origin WHERE i.id = $1`, id))
	if err != nil {
		return TopicLink{}, err
	}
	t, err := f.anyTopic(ctx, tx, in.Topic)
	if err != nil {
		return TopicLink{}, err
	}
	above, err := f.above(ctx, tx, t)
	if err != nil {
		return TopicLink{}, err
	}
	for _, t := range append([]Topic{t}, above...) {
		if sees(a, t) && (inside(a, t.Body, t.Network) || in.Person == a.Actor.Person || a.Sees(in.Scope)) {
			return t.link(), nil
		}
	}
	return TopicLink{}, network.Absent()
}

// docOf reads what the search is to know of a thing, each by its id: title and text of those that are seen by their own rows.
var docOf = map[DocKind]string{
	MeetingDoc: `SELECT m.id, m.root, n.lang, m.title, m.place, m.starts FROM meeting m JOIN network n ON n.id = m.network WHERE m.id = $1`,
	itemDoc:    `SELECT i.id, m.root, i.lang, i.title, '', m.starts FROM meeting_item i JOIN meeting m ON m.id = i.meeting WHERE i.id = $1`,
	InputDoc:   `SELECT i.id, t.root, i.lang, '', i.text, i.given FROM topic_input i JOIN topic t ON t.id = i.topic WHERE i.id = $1`,
	FileDoc: `SELECT x.id, x.root, '', x.name, COALESCE((SELECT e.title || ' ' || e.note FROM topic_evidence e WHERE e.topic = x.subject AND e.kind = 'file' AND e.ref = x.id),
		(SELECT MAX(y.title) FROM meeting_paper y WHERE y.file = x.id AND y.meeting = x.subject), ''), x.added FROM forum_file x WHERE x.id = $1`,
}

// reindex makes a thing found as its rows are now, and what is gone not found.
func (f *Forum) reindex(ctx context.Context, tx *storage.Tx, kind DocKind, id string) error {
	d := Doc{Kind: kind, Visibility: network.NamedOnly}
	var at int64
	err := tx.QueryRow(ctx, docOf[kind], id).Scan(&d.Ref, &d.Root, &d.Lang, &d.Title, &d.Text, &at)
	if noRow(err) {
		return f.unindex(ctx, tx, kind, id)
	}
	if err != nil {
		return err
	}
	d.At = moment(at)
	if kind == FileDoc {
		if d.words, err = f.fileWords(ctx, tx, id); err != nil {
			return err
		}
	}
	if kind == MeetingDoc {
		d.Title = f.dated("notice.search.meeting", d.Lang, d.Root, d.At, d.Title)
	}
	return f.index(ctx, tx, d)
}

// dated is a title that begins with what a thing is and its day in words, so that it is found by them: "Möte 18 oktober 2026".
func (f *Forum) dated(key, lang string, root network.ID, at time.Time, title string) string {
	day := f.notices.Title(lang, notice.Told{Key: key, Args: []string{notice.Day(at.In(f.zoneOf(root)))}})
	if title == "" {
		return day
	}
	return day + ", " + title
}

// indexChunk is how many things are made found in one transaction.
const indexChunk = 500

// indexOld makes found what was there before the search knew its kind: once, when a database is first opened by this version.
func (f *Forum) indexOld(ctx context.Context) error {
	var kinds []DocKind
	err := f.db.Read(ctx, func(tx *storage.Tx) error {
		rows, err := tx.Query(ctx, `SELECT kind FROM forum_unindexed ORDER BY kind`)
		if err != nil {
			return err
		}
		kinds, err = column[DocKind](rows)
		return err
	})
	if err != nil {
		return err
	}
	for _, k := range kinds {
		for after, more := "", true; more; {
			err := f.db.Write(ctx, func(tx *storage.Tx) (err error) {
				after, more, err = f.indexSome(ctx, tx, k, after)
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// indexSome makes the next things of a kind found; after the last it takes the kind off the list.
func (f *Forum) indexSome(ctx context.Context, tx *storage.Tx, kind DocKind, after string) (last string, more bool, err error) {
	table, ok := map[DocKind]string{MeetingDoc: "meeting", itemDoc: "meeting_item", InputDoc: "topic_input", FileDoc: "forum_file",
		MinutesDoc:  `(SELECT id FROM minutes WHERE state = 'sealed') x`,
		DecisionDoc: `(SELECT d.id FROM decision d JOIN item_redacted w ON w.item = COALESCE(NULLIF(d.item, ''), d.circulation) WHERE ` + stands + `) x`}[kind]
	if !ok {
		return "", false, fault.New(fault.Internal, "the search knows no kind %.20q", kind)
	}
	rows, err := tx.Query(ctx, `SELECT id FROM `+table+` WHERE id > $1 ORDER BY id LIMIT `+place(2), after, indexChunk)
	if err != nil {
		return "", false, err
	}
	ids, err := column[string](rows)
	if err != nil {
		return "", false, err
	}
	for _, id := range ids {
		if err := f.indexAnew(ctx, tx, kind, id); err != nil {
			return "", false, err
		}
	}
	if len(ids) == indexChunk {
		return slices.Max(ids), true, nil
	}
	_, err = tx.Exec(ctx, `DELETE FROM forum_unindexed WHERE kind = $1`, kind)
	return "", false, err
}

// indexAnew makes one of the old things found.
func (f *Forum) indexAnew(ctx context.Context, tx *storage.Tx, kind DocKind, id string) error {
	switch kind {
	case MinutesDoc:
		m, err := scanMinutes(tx.QueryRow(ctx, `SELECT `+minutesColumns+` FROM minutes n WHERE n.id = $1`, id))
		if err != nil {
			return err
		}
		return f.indexMinutes(ctx, tx, m)
	case DecisionDoc:
		d, err := scanDecision(tx.QueryRow(ctx, `SELECT `+decisionColumns+`, d.record`+decisionFrom+`d.id = $1`, id))
		if err != nil {
			return err
		}
		return f.index(ctx, tx, d.doc())
	}
	return f.reindex(ctx, tx, kind, id)
}
