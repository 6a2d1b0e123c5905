package procedure

import (
	"context"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// Raising is a topic as it is raised from here: its words are the page's, in the procedure's language.
type Raising struct {
	Procedure ID
	Number    int64
	Region    network.ID // whose record it is about; "": the version itself is to be decided
	Title     string
	Text      string
	Page      string // the title of the page that the evidence refers to
}

// Raise raises a topic about a region's record, or about a draft that is to be decided, with the procedure's page and references as its
// evidence. Pressed again it gives the topic that was raised first.
func (r *Room) Raise(ctx context.Context, who network.Actor, in Raising) (topic forum.TopicID, err error) {
	err = r.network.Act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		p, err := r.procedure(ctx, tx, a, in.Procedure)
		if err != nil {
			return err
		}
		if !a.Registered(p.Root) {
			return network.Absent()
		}
		v, err := r.version(ctx, tx, p.ID, in.Number)
		if err != nil {
			return err
		}
		if topic, err = r.raised(ctx, tx, a, p, v, in); err != nil || topic != "" {
			return err
		}
		t, err := r.forum.RaiseIn(ctx, tx, a, forum.Raising{Network: p.Network, Body: p.Body, Title: clipTo(in.Title, titleLength), Text: in.Text, Lang: p.Lang,
			Facets: forum.Facets{Field: p.Field, Level: "nation", Kind: "procedure"}, Visibility: p.Visibility}, r.cited(p, v, in)...)
		if err != nil {
			return err
		}
		topic = t.ID
		_, err = tx.Exec(ctx, `INSERT INTO procedure_raised (procedure, number, region, topic, person, at) VALUES ($1, $2, $3, $4, $5, $6)`, in.Procedure, in.Number, in.Region, t.ID, who.Person, r.db.Now())
		if err == nil && in.Region == "" {
			_, err = tx.Exec(ctx, `UPDATE procedure_version SET topic = $3 WHERE procedure = $1 AND number = $2 AND state = 'draft'`, in.Procedure, in.Number, t.ID)
		}
		if err != nil {
			return err
		}
		return r.network.Record(ctx, tx, who, p.Root, string(p.ID), "procedure.raised", map[string]string{"version": itoa(in.Number)})
	})
	return topic, err
}

// raised finds the topic that was raised already, or says why none can be.
func (r *Room) raised(ctx context.Context, tx *storage.Tx, a network.Access, p Procedure, v Version, in Raising) (topic forum.TopicID, err error) {
	err = tx.QueryRow(ctx, `SELECT topic FROM procedure_raised WHERE procedure = $1 AND number = $2 AND region = $3`, in.Procedure, in.Number, in.Region).Scan(&topic)
	if err == nil || !noRow(err) {
		return topic, err
	}
	if in.Region == "" {
		switch {
		case !writes(a, p):
			return "", denied()
		case v.State != Draft:
			return "", fault.New(fault.Conflict, "version %d is no draft", in.Number).Say("procedure.nodraft")
		}
		return v.Topic, nil
	}
	last, err := r.last(ctx, tx, p.ID, in.Region)
	if err == nil && (last.Number != in.Number || last.State != Declined && last.State != Deviating) {
		err = fault.New(fault.Conflict, "the region neither declined nor deviates").Say("procedure.raise")
	}
	return "", err
}

// mostCited is how many of a version's references a topic brings along.
const mostCited = 20

// cited is the page and the version's references, each once.
func (r *Room) cited(p Procedure, v Version, in Raising) (out []forum.Citing) {
	page := r.path(p.Root, string(p.ID), "versions", itoa(in.Number))
	if in.Region != "" {
		page = r.path(p.Root, string(p.ID), "adoption")
	}
	all := v.Content.Evidence
	if r.url != "" {
		all = append([]Source{{r.url + page, in.Page}}, all...)
	}
	seen := map[forum.Reference]bool{}
	for _, s := range all[:min(len(all), mostCited)] {
		ref, err := forum.ParseReference(s.Ref)
		if err != nil || seen[ref] {
			continue
		}
		seen[ref] = true
		title := s.Title
		if title == "" {
			title = s.Ref
		}
		out = append(out, forum.Citing{Ref: s.Ref, Title: clipTo(title, titleLength), Lang: p.Lang})
	}
	return out
}

func clipTo(s string, most int) string {
	if r := []rune(line(s)); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return line(s)
}

// raisedFrom reads which topics were raised from a procedure, as far as the reader may see them.
func (r *Room) raisedFrom(ctx context.Context, tx *storage.Tx, a network.Access, v *View) error {
	all := map[string]forum.TopicID{}
	err := each(ctx, tx, func(row scanner) error {
		var region string
		var topic forum.TopicID
		var number int64
		err := row.Scan(&region, &topic, &number)
		if region == "" && number == v.Version.Number || region != "" && number == v.Current {
			all[region] = topic
		}
		return err
	}, `SELECT region, topic, number FROM procedure_raised WHERE procedure = $1 AND (number = $2 OR number = $3) LIMIT 200`, v.ID, v.Version.Number, v.Current)
	if err != nil {
		return err
	}
	for region, topic := range all {
		if _, err := r.forum.TopicFor(ctx, tx, a, topic); err == nil {
			v.Raised[region] = topic
		} else if fault.KindOf(err) != fault.NotFound {
			return err
		}
	}
	return nil
}
