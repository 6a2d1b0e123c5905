package procedure

import (
	"context"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// Raising is a topic as it is raised from here: its words are the page's, in the network's language.
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
func (r *Room) Raise(ctx context.Context, who network.Actor, in Raising) (forum.TopicID, error) {
	r.raising.Lock()
	defer r.raising.Unlock()
	p, v, topic, err := r.mayRaise(ctx, who, in)
	if err != nil || topic != "" {
		return topic, err
	}
	t, err := r.forum.Raise(ctx, who, forum.Raising{Network: p.Network, Body: p.Body, Title: clipTo(in.Title, titleLength), Text: in.Text, Lang: p.Lang,
		Facets: forum.Facets{Field: p.Field, Level: "nation", Kind: "procedure"}, Visibility: p.Visibility})
	if err != nil {
		return "", err
	}
	err = r.db.Write(ctx, func(tx *storage.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO procedure_raised (procedure, number, region, topic, person, at) VALUES ($1, $2, $3, $4, $5, $6)`, in.Procedure, in.Number, in.Region, t.ID, who.Person, r.db.Now())
		if err == nil && in.Region == "" {
			_, err = tx.Exec(ctx, `UPDATE procedure_version SET topic = $3 WHERE procedure = $1 AND number = $2 AND state = 'draft'`, in.Procedure, in.Number, t.ID)
		}
		if err != nil {
			return err
		}
		return r.network.Record(ctx, tx, who, p.Root, string(p.ID), "procedure.raised", map[string]string{"topic": string(t.ID), "version": itoa(in.Number)})
	})
	if err != nil {
		return "", err
	}
	return t.ID, r.cite(ctx, who, t.ID, p, v, in)
}

// mayRaise finds what a topic is to be about, or the topic that was raised already.
func (r *Room) mayRaise(ctx context.Context, who network.Actor, in Raising) (p Procedure, v Version, topic forum.TopicID, err error) {
	err = r.network.Look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		if p, err = r.procedure(ctx, tx, a, in.Procedure); err != nil {
			return err
		}
		if !a.Registered(p.Root) {
			return network.Absent()
		}
		if v, err = r.version(ctx, tx, p.ID, in.Number); err != nil {
			return err
		}
		err := tx.QueryRow(ctx, `SELECT topic FROM procedure_raised WHERE procedure = $1 AND number = $2 AND region = $3`, in.Procedure, in.Number, in.Region).Scan(&topic)
		if err == nil || !noRow(err) {
			return err
		}
		if in.Region == "" {
			if !writes(a, p) {
				return denied()
			}
			if topic = v.Topic; v.State != Draft {
				return fault.New(fault.Conflict, "version %d is no draft", in.Number).Say("procedure.nodraft")
			}
			return nil
		}
		last, err := r.last(ctx, tx, p.ID, in.Region)
		if err != nil {
			return err
		}
		if last.Number != in.Number || last.State != Declined && last.State != Deviating {
			return fault.New(fault.Conflict, "the region neither declined nor deviates").Say("procedure.raise")
		}
		return nil
	})
	return p, v, topic, err
}

// cite lays the page and the version's references beside a topic.
func (r *Room) cite(ctx context.Context, who network.Actor, topic forum.TopicID, p Procedure, v Version, in Raising) error {
	var all []Source
	if page := r.path(p.Root, string(p.ID), "adoption"); r.url != "" && in.Region != "" {
		all = append(all, Source{r.url + page, in.Page})
	} else if page = r.path(p.Root, string(p.ID), "versions", itoa(in.Number)); r.url != "" {
		all = append(all, Source{r.url + page, in.Page})
	}
	for _, s := range append(all, v.Content.Evidence[:min(len(v.Content.Evidence), 20)]...) {
		title := s.Title
		if title == "" {
			title = s.Ref
		}
		_, err := r.forum.AddEvidence(ctx, who, topic, forum.Citing{Ref: s.Ref, Title: clipTo(title, titleLength), Lang: p.Lang})
		if err != nil && fault.KindOf(err) != fault.Conflict && fault.KindOf(err) != fault.Invalid { // the same reference twice, or one that a topic takes not
			return err
		}
	}
	return nil
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
