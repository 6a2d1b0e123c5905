package forum

import (
	"cmp"
	"context"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// ReferenceKind says what a reference is.
type ReferenceKind string

// The kinds of reference.
const (
	DOI  ReferenceKind = "doi"
	PMID ReferenceKind = "pmid"
	URL  ReferenceKind = "url"
	File ReferenceKind = "file"
)

// Reference is where something stands.
type Reference struct {
	Kind ReferenceKind
	Ref  string // in its shortest form: "10.1000/182", "12345678", "https://…", a file's id
}

var (
	doi  = regexp.MustCompile(`^10\.[0-9]{4,9}(?:\.[0-9]+)*/[^\s<>"]{1,300}$`)
	pmid = regexp.MustCompile(`^[1-9][0-9]{0,8}$`)
)

// ParseReference reads a DOI, a PMID or a web address, in the forms in which people copy them.
func ParseReference(typed string) (Reference, error) {
	s := strings.TrimSpace(typed)
	bare := s
	for _, p := range []string{"https://", "http://", "dx.doi.org/", "doi.org/", "www.", "pubmed.ncbi.nlm.nih.gov/", "ncbi.nlm.nih.gov/pubmed/", "doi:", "pmid:", "pmid"} {
		if len(bare) >= len(p) && strings.EqualFold(bare[:len(p)], p) {
			bare = strings.TrimSpace(bare[len(p):])
		}
	}
	if doi.MatchString(bare) && !isWeb(s, "doi.org") {
		return Reference{DOI, strings.ToLower(bare)}, nil
	}
	if n := strings.TrimSuffix(bare, "/"); pmid.MatchString(n) && !isWeb(s, "ncbi.nlm.nih.gov") {
		return Reference{PMID, n}, nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil || len(s) > 1000 || strings.ContainsAny(s, " \t\n\"<>") {
		return Reference{}, fault.New(fault.Invalid, "this is no DOI, PMID or web address").Where("ref").Say("evidence.ref")
	}
	return Reference{URL, u.String()}, nil
}

// isWeb tells whether something typed is a web address of another host than the one its number would be of.
func isWeb(s, host string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != host && !strings.HasSuffix(u.Hostname(), "."+host)
}

// Href is where to read what a reference refers to; "" for a file.
func (r Reference) Href() string {
	switch r.Kind {
	case DOI:
		return "https://doi.org/" + (&url.URL{Path: r.Ref}).EscapedPath()
	case PMID:
		return "https://pubmed.ncbi.nlm.nih.gov/" + r.Ref + "/"
	case URL:
		return r.Ref
	}
	return ""
}

// EvidenceLevels in the order they are shown; "" while nobody judged it.
var EvidenceLevels = []string{"synthesis", "trial", "observation", "guideline", "register", "expert", "experience"}

// Evidence is what a topic rests on.
type Evidence struct {
	ID    EvidenceID
	Topic TopicID
	Reference
	Title    string
	Level    string
	Note     string
	Lang     string
	By       network.PersonID
	Name     string // theirs
	Added    time.Time
	Reviewer string // who judged its level: their name
	Reviewed time.Time
	Version  int64
}

// Citing is evidence as somebody gives it.
type Citing struct {
	Ref   string // a DOI, PMID or web address
	File  FileID // or one of the topic's files
	Title string
	Level string
	Note  string
	Lang  string
}

// mayAdd says who may lay evidence and files beside a topic: its raiser, who sits in its body, and who runs it.
func mayAdd(a network.Access, t Topic) error {
	if t.RaisedBy != a.Actor.Person && !a.In(t.Body) && !a.Runs(t.Body, t.Network) || a.Actor.Person == "" {
		return denied()
	}
	switch t.State {
	case Merged, Closed:
		return fault.New(fault.Conflict, "a topic that is %s keeps what it has", t.State).Say("topic.kept")
	}
	return nil
}

// mostEvidence is how much a topic rests on at most.
const mostEvidence = 200

// AddEvidence lays evidence beside a topic.
func (f *Forum) AddEvidence(ctx context.Context, who network.Actor, id TopicID, in Citing) (e EvidenceID, err error) {
	err = f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		t, err := f.topic(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if err := mayAdd(a, t); err != nil {
			return err
		}
		e, err = f.addEvidence(ctx, tx, who, t, in)
		return err
	})
	return e, err
}

func (f *Forum) addEvidence(ctx context.Context, tx *storage.Tx, who network.Actor, t Topic, in Citing) (e EvidenceID, err error) {
	var there int
	if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM topic_evidence WHERE topic = $1`, t.ID).Scan(&there); err != nil {
		return "", err
	}
	if there >= mostEvidence {
		return "", fault.New(fault.Conflict, "there are %d pieces of evidence already", there).Where("ref").Say("evidence.many", there)
	}
	ref, err := f.reference(ctx, tx, t, in)
	if err != nil {
		return "", err
	}
	in.Title, in.Note = typedLine(in.Title), typed(in.Note)
	if in.Lang == "" {
		in.Lang = t.Lang
	}
	if err := cmp.Or[error](needed("title", in.Title, titleLength), short("note", in.Note, textLength), facet("level", in.Level, EvidenceLevels), oneOf("lang", in.Lang, "sv", "nb", "en")); err != nil {
		return "", err
	}
	if e, err = f.insertEvidence(ctx, tx, who, t, ref, in); err != nil {
		return "", err
	}
	return e, f.record(ctx, tx, who, t.Root, string(t.ID), "topic.evidence", map[string]string{"title": in.Title})
}

func (f *Forum) reference(ctx context.Context, tx *storage.Tx, t Topic, in Citing) (Reference, error) {
	if in.File == "" {
		return ParseReference(in.Ref)
	}
	var n int
	err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM forum_file WHERE id = $1 AND subject = $2`, in.File, t.ID).Scan(&n)
	if err == nil && n == 0 {
		err = network.Absent()
	}
	return Reference{File, string(in.File)}, err
}

func (f *Forum) insertEvidence(ctx context.Context, tx *storage.Tx, who network.Actor, t Topic, ref Reference, in Citing) (EvidenceID, error) {
	id, err := f.db.NewID()
	if err != nil {
		return "", err
	}
	done, err := tx.Exec(ctx, `INSERT INTO topic_evidence (id, topic, kind, ref, title, level, note, lang, person, added, reviewer, reviewed, version)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, '', 0, 1) ON CONFLICT (topic, kind, ref) DO NOTHING`,
		id, t.ID, ref.Kind, ref.Ref, in.Title, in.Level, in.Note, in.Lang, who.Person, micros(f.db.Now()))
	if err != nil {
		return "", err
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		return "", cmp.Or[error](err, fault.New(fault.Conflict, "the topic has this evidence").Where("ref").Say("evidence.twice"))
	}
	if ref.Kind == File {
		err = f.reindex(ctx, tx, FileDoc, ref.Ref)
	}
	return EvidenceID(id), err
}

// ReviewEvidence says what a piece of evidence is worth: by who sits in the topic's body or runs it.
func (f *Forum) ReviewEvidence(ctx context.Context, who network.Actor, id EvidenceID, version int64, level string) error {
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		e, t, err := f.evidenceOf(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if !a.In(t.Body) && !a.Runs(t.Body, t.Network) {
			return denied()
		}
		if e.Version != version {
			return stale()
		}
		if err := oneOf("level", level, EvidenceLevels...); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE topic_evidence SET level = $2, reviewer = $3, reviewed = $4, version = version + 1 WHERE id = $1`, id, level, who.Person, micros(f.db.Now())); err != nil {
			return err
		}
		return f.record(ctx, tx, who, t.Root, string(t.ID), "topic.reviewed", map[string]string{"title": e.Title, "level": level})
	})
}

// RemoveEvidence takes evidence away again until the topic is decided: by who added it or runs the topic's body.
func (f *Forum) RemoveEvidence(ctx context.Context, who network.Actor, id EvidenceID) error {
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		e, t, err := f.evidenceOf(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if e.By != who.Person && !a.Runs(t.Body, t.Network) {
			return denied()
		}
		if t.State == Decided || t.State == Merged {
			return fault.New(fault.Conflict, "the decision rests on it").Say("evidence.rests")
		}
		if _, err := tx.Exec(ctx, `DELETE FROM topic_evidence WHERE id = $1`, id); err != nil {
			return err
		}
		if e.Kind == File {
			if err := f.reindex(ctx, tx, FileDoc, e.Ref); err != nil {
				return err
			}
		}
		return f.record(ctx, tx, who, t.Root, string(t.ID), "topic.unevidence", map[string]string{"title": e.Title})
	})
}

func (f *Forum) evidenceOf(ctx context.Context, tx *storage.Tx, a network.Access, id EvidenceID) (Evidence, Topic, error) {
	all, err := f.evidence(ctx, tx, `e.id = $1`, string(id))
	if err != nil || len(all) == 0 {
		return Evidence{}, Topic{}, cmp.Or[error](err, network.Absent())
	}
	t, err := f.topic(ctx, tx, a, all[0].Topic)
	return all[0], t, err
}

func (f *Forum) evidence(ctx context.Context, tx *storage.Tx, where, value string) ([]Evidence, error) {
	rows, err := tx.Query(ctx, `SELECT e.id, e.topic, e.kind, e.ref, e.title, e.level, e.note, e.lang, e.person, COALESCE(p.name, ''), e.added, COALESCE(r.name, ''), e.reviewed, e.version
		FROM topic_evidence e LEFT JOIN person p ON p.id = e.person LEFT JOIN person r ON r.id = e.reviewer WHERE `+where+` ORDER BY e.added, e.id LIMIT $2`, value, most)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Evidence
	for rows.Next() {
		var e Evidence
		var added, reviewed int64
		if err := rows.Scan(&e.ID, &e.Topic, &e.Kind, &e.Ref, &e.Title, &e.Level, &e.Note, &e.Lang, &e.By, &e.Name, &added, &e.Reviewer, &reviewed, &e.Version); err != nil {
			return nil, err
		}
		e.Added, e.Reviewed = moment(added), moment(reviewed)
		out = append(out, e)
	}
	return out, rows.Err()
}

// carryEvidence lays what one topic rests on, and its files, beside another too.
func (f *Forum) carryEvidence(ctx context.Context, tx *storage.Tx, from, to TopicID) error {
	files := map[string]string{}
	old, err := f.filesOf(ctx, tx, string(from))
	if err != nil {
		return err
	}
	for _, one := range old {
		id, err := f.db.NewID()
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO forum_file (id, root, kind, subject, hash, name, person, added) SELECT $1, root, kind, $2, hash, name, person, added FROM forum_file WHERE id = $3`, id, to, one.ID)
		if err != nil {
			return err
		}
		files[string(one.ID)] = id
	}
	all, err := f.evidence(ctx, tx, `e.topic = $1`, string(from))
	if err != nil {
		return err
	}
	for _, e := range all {
		id, err := f.db.NewID()
		if err != nil {
			return err
		}
		ref := e.Ref
		if e.Kind == File {
			ref = files[ref]
		}
		_, err = tx.Exec(ctx, `INSERT INTO topic_evidence (id, topic, kind, ref, title, level, note, lang, person, added, reviewer, reviewed, version)
			SELECT $1, $2, kind, $3, title, level, note, lang, person, added, reviewer, reviewed, 1 FROM topic_evidence WHERE id = $4
			ON CONFLICT (topic, kind, ref) DO NOTHING`, id, to, ref, e.ID)
		if err != nil {
			return err
		}
	}
	for _, id := range files {
		if err := f.reindex(ctx, tx, FileDoc, id); err != nil {
			return err
		}
	}
	return nil
}
