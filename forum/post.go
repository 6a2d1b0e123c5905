package forum

import (
	"cmp"
	"context"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

// PostKind says what a post is.
type PostKind string

// The kinds of post.
const (
	News       PostKind = "news"
	Question   PostKind = "question"
	Discussion PostKind = "discussion"
)

// PostKinds in the order they are shown.
var PostKinds = []PostKind{News, Question, Discussion}

// CommentID names a comment.
type CommentID string

// Post is something written to a network or a body, perhaps about a topic.
type Post struct {
	ID         PostID
	Root       network.ID
	Network    network.ID
	Body       network.BodyID
	Topic      TopicID
	Kind       PostKind
	Title      string
	Text       string
	Lang       string
	Visibility network.Visibility
	By         network.PersonID
	Name       string // theirs; "" once erased
	At         time.Time
	Hidden     string    // why it isn't shown; "" when it is
	Answer     CommentID // the comment that answered it, which makes it knowledge
	Version    int64
}

// Scope says who may see the post.
func (p Post) Scope() network.Scope {
	return network.Scope{Network: p.Network, Body: p.Body, Visibility: p.Visibility}
}

// PostRow is a post in a list.
type PostRow struct {
	Post
	Comments int
}

// Comment is what somebody wrote under a post.
type Comment struct {
	ID      CommentID
	Text    string
	Lang    string
	By      network.PersonID
	Name    string
	At      time.Time
	Hidden  string
	Version int64
}

// Posting is a post as somebody writes it: to a body, to a network, or about a topic.
type Posting struct {
	Network    network.ID
	Body       network.BodyID
	Topic      TopicID
	Kind       PostKind
	Title      string
	Text       string
	Lang       string
	Visibility network.Visibility
}

// Write makes a post. News are written by who runs the body or the network, the rest by its members; about a topic
// whoever is registered and sees it writes, to those who see it.
func (f *Forum) Write(ctx context.Context, who network.Actor, in Posting) (id PostID, err error) {
	err = f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		p := Post{Network: in.Network, Body: in.Body, Topic: in.Topic, Kind: in.Kind, Title: typedLine(in.Title), Text: typed(in.Text), Lang: in.Lang, Visibility: in.Visibility, By: who.Person, At: f.db.Now()}
		if err := f.postPlace(ctx, tx, a, &p); err != nil {
			return err
		}
		if err := p.check(); err != nil {
			return err
		}
		made, err := f.db.NewID()
		if err != nil {
			return err
		}
		p.ID = PostID(made)
		_, err = tx.Exec(ctx, `INSERT INTO post (id, root, network, body, topic, kind, title, text, lang, visibility, person, at, hidden, answer, version)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, '', '', 1)`,
			p.ID, p.Root, p.Network, p.Body, p.Topic, p.Kind, p.Title, p.Text, p.Lang, p.Visibility, p.By, micros(p.At))
		if err != nil {
			return err
		}
		id = p.ID
		if err := f.follow(ctx, tx, made, who.Person); err != nil {
			return err
		}
		if err := f.index(ctx, tx, p.doc()); err != nil {
			return err
		}
		return f.tellPost(ctx, tx, who, p, notice.Notice{Key: "notice.post.new", Args: []string{p.Title}}, string(p.Network), string(p.Body), string(p.Topic))
	})
	return id, err
}

func (p Post) check() error {
	return cmp.Or(oneOf("kind", p.Kind, PostKinds...), needed("title", p.Title, titleLength), needed("text", p.Text, textLength),
		oneOf("lang", p.Lang, "sv", "nb", "en"), oneOf("visibility", p.Visibility, network.Public, network.NetworkOnly, network.BodyOnly))
}

func (p Post) doc() Doc {
	return Doc{Kind: PostDoc, Ref: string(p.ID), Root: p.Root, Network: p.Network, Body: p.Body, Visibility: p.Visibility, Lang: p.Lang, Title: p.Title, Text: p.Text, At: p.At}
}

// postPlace finds where a post belongs and judges whether the actor may write it there.
func (f *Forum) postPlace(ctx context.Context, tx *storage.Tx, a network.Access, p *Post) error {
	may := false
	switch {
	case p.Topic != "":
		t, err := f.topic(ctx, tx, a, p.Topic)
		if err != nil {
			return err
		}
		p.Network, p.Body, p.Visibility = t.Network, t.Body, t.Visibility
		may = a.Registered(t.Root) && p.Kind != News
	case p.Body != "":
		b, err := f.openBody(ctx, tx, a, p.Body)
		if err != nil {
			return err
		}
		p.Network = b.Network
		may = a.In(b.ID) && p.Kind != News
	default:
		may = a.MemberOf(p.Network) && p.Kind != News
		if p.Visibility == network.BodyOnly {
			return fault.New(fault.Invalid, "the post is to no body").Where("visibility").Say("forum.choice")
		}
	}
	n, ok := f.network.Tree().Network(p.Network)
	if !ok || !a.Registered(n.Root) {
		return network.Absent()
	}
	if !may && !a.Runs(p.Body, p.Network) {
		return denied()
	}
	p.Root = n.Root
	p.Lang = cmp.Or(p.Lang, n.Lang)
	p.Visibility = cmp.Or(p.Visibility, network.NetworkOnly)
	return nil
}

const postColumns = `p.id, p.root, p.network, p.body, p.topic, p.kind, p.title, p.text, p.lang, p.visibility, p.person, COALESCE(w.name, ''), p.at, p.hidden, p.answer, p.version`

func scanPost(row interface{ Scan(...any) error }, more ...any) (p Post, err error) {
	var at int64
	err = row.Scan(append([]any{&p.ID, &p.Root, &p.Network, &p.Body, &p.Topic, &p.Kind, &p.Title, &p.Text, &p.Lang, &p.Visibility, &p.By, &p.Name, &at, &p.Hidden, &p.Answer, &p.Version}, more...)...)
	p.At = moment(at)
	return p, err
}

func (f *Forum) post(ctx context.Context, tx *storage.Tx, a network.Access, id PostID) (Post, error) {
	p, err := scanPost(tx.QueryRow(ctx, `SELECT `+postColumns+` FROM post p LEFT JOIN person w ON w.id = p.person WHERE p.id = $1`, id))
	if noRow(err) || err == nil && !a.Sees(p.Scope()) && (p.By != a.Actor.Person || !a.Registered(p.Root)) {
		return Post{}, network.Absent()
	}
	return p, err
}

// moderates tells whether the reader may hide what others wrote there.
func (p Post) moderates(a network.Access) bool { return a.Runs(p.Body, p.Network) }

// veil takes away what is hidden from the reader: a post's title too.
func veil(a network.Access, moderator bool, by network.PersonID, hidden string, texts ...*string) {
	if hidden == "" || moderator || by != "" && by == a.Actor.Person {
		return
	}
	for _, text := range texts {
		*text = ""
	}
}

// PostFilter chooses posts; what is empty chooses all.
type PostFilter struct {
	Network   network.ID
	Body      network.BodyID
	Topic     TopicID
	Kind      PostKind
	Knowledge bool // answered ones
	After     PostID
	Limit     int
}

// Posts lists posts that the reader may see, the newest first. Hidden ones are listed to those who moderate them.
func (f *Forum) Posts(ctx context.Context, who network.Actor, root network.ID, q PostFilter) (out []PostRow, err error) {
	err = f.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		out, err = f.posts(ctx, tx, a, root, q)
		return err
	})
	return out, err
}

func (f *Forum) posts(ctx context.Context, tx *storage.Tx, a network.Access, root network.ID, q PostFilter) ([]PostRow, error) {
	args := []any{root}
	where := `p.root = $1`
	equal := func(column, v string) {
		if v != "" {
			args = append(args, v)
			where += " AND p." + column + " = " + place(len(args))
		}
	}
	equal("network", string(q.Network))
	equal("body", string(q.Body))
	equal("topic", string(q.Topic))
	equal("kind", string(q.Kind))
	if q.Knowledge {
		where += ` AND p.answer <> ''`
	}
	if q.After != "" {
		args = append(args, q.After)
		where += ` AND (p.at, p.id) < (SELECT x.at, x.id FROM post x WHERE x.id = ` + place(len(args)) + `)`
	}
	visible, args := a.Where("p.", "", args)
	moderated, args := runsSQL(a, "p.", args)
	args = append(args, a.Actor.Person)
	visible += ` AND (p.hidden = '' OR p.person = ` + place(len(args)) + ` OR ` + moderated + `)`
	args = append(args, max(1, min(q.Limit, 1000)))
	rows, err := tx.Query(ctx, `SELECT `+postColumns+`, (SELECT COUNT(*) FROM post_comment c WHERE c.post = p.id AND c.hidden = '')
		FROM post p LEFT JOIN person w ON w.id = p.person WHERE `+where+` AND `+visible+` ORDER BY p.at DESC, p.id DESC LIMIT `+place(len(args)), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []PostRow
	for rows.Next() {
		var r PostRow
		if r.Post, err = scanPost(rows, &r.Comments); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

func (f *Forum) postsAbout(ctx context.Context, tx *storage.Tx, a network.Access, id TopicID) ([]PostRow, error) {
	t, err := f.anyTopic(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	return f.posts(ctx, tx, a, t.Root, PostFilter{Topic: id, Limit: 20})
}

// CommentsShown is how many comments a view of a post has at most.
const CommentsShown = 50

// PostView is a post with what was written under it, from one comment on.
type PostView struct {
	Post
	Comments  []Comment
	All       int       // how many comments there are
	More      CommentID // the first one after those
	History   []Event
	About     TopicLink
	Follows   bool
	Moderate  bool // the reader may hide
	Mine      bool
	Answering bool // the reader may say which comment answers it
	Comment   bool // the reader may write under it
}

// PostView reads a post of a tenant, with the first comments.
func (f *Forum) PostView(ctx context.Context, who network.Actor, root network.ID, id PostID) (PostView, error) {
	return f.PostViewFrom(ctx, who, root, id, "")
}

// PostViewFrom reads a post of a tenant, with the comments from one on.
func (f *Forum) PostViewFrom(ctx context.Context, who network.Actor, root network.ID, id PostID, from CommentID) (v PostView, err error) {
	err = f.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		p, err := f.post(ctx, tx, a, id)
		if err != nil || p.Root != root {
			return network.Absent()
		}
		v.Post, v.Moderate, v.Mine = p, p.moderates(a), p.By == who.Person && who.Person != ""
		v.Comment = a.Registered(root)
		v.Answering = (v.Mine || v.Moderate) && p.Kind == Question
		veil(a, v.Moderate, p.By, p.Hidden, &v.Title, &v.Text)
		if v.Comments, err = f.comments(ctx, tx, a, p, from); err != nil {
			return err
		}
		if len(v.Comments) > CommentsShown {
			v.More, v.Comments = v.Comments[CommentsShown].ID, v.Comments[:CommentsShown]
		}
		if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM post_comment WHERE post = $1`, id).Scan(&v.All); err != nil {
			return err
		}
		if p.Topic != "" {
			if t, err := f.topic(ctx, tx, a, p.Topic); err == nil {
				v.About = t.link()
			}
		}
		if v.History, err = f.history(ctx, tx, string(id)); err != nil {
			return err
		}
		var n int
		err = tx.QueryRow(ctx, `SELECT COUNT(*) FROM forum_follow WHERE subject = $1 AND person = $2`, id, who.Person).Scan(&n)
		v.Follows = n > 0
		return err
	})
	return v, err
}

// comments lists those under a post from one on, and one more than is shown.
func (f *Forum) comments(ctx context.Context, tx *storage.Tx, a network.Access, p Post, from CommentID) ([]Comment, error) {
	where, args := `c.post = $1`, []any{p.ID}
	if from != "" {
		where, args = where+` AND (c.at, c.id) >= (SELECT x.at, x.id FROM post_comment x WHERE x.id = $2 AND x.post = $1)`, append(args, from)
	}
	args = append(args, CommentsShown+1)
	rows, err := tx.Query(ctx, `SELECT c.id, c.text, c.lang, c.person, COALESCE(w.name, ''), c.at, c.hidden, c.version
		FROM post_comment c LEFT JOIN person w ON w.id = c.person WHERE `+where+` ORDER BY c.at, c.id LIMIT `+place(len(args)), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Comment
	for rows.Next() {
		var c Comment
		var at int64
		if err := rows.Scan(&c.ID, &c.Text, &c.Lang, &c.By, &c.Name, &at, &c.Hidden, &c.Version); err != nil {
			return nil, err
		}
		c.At = moment(at)
		veil(a, p.moderates(a), c.By, c.Hidden, &c.Text)
		out = append(out, c)
	}
	return out, rows.Err()
}

func (f *Forum) postPath(p Post) string { return f.pathTo(p.Root, "posts", string(p.ID)) }

// tellPost tells those who follow a post's subjects and may see it.
func (f *Forum) tellPost(ctx context.Context, tx *storage.Tx, who network.Actor, p Post, what notice.Notice, subjects ...string) error {
	in, args := places(nil, subjects)
	rows, err := tx.Query(ctx, `SELECT DISTINCT person FROM forum_follow WHERE subject IN (`+in+`) AND subject <> '' ORDER BY person`, args...)
	if err != nil {
		return err
	}
	people, err := column[network.PersonID](rows)
	if err != nil {
		return err
	}
	what.Link = f.postPath(p)
	return f.tellWho(ctx, tx, who, p.Scope(), people, what)
}
