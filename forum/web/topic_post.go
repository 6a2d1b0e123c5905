package web

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
)

// posts are the pages of news, questions and discussions.
func (p *room) posts() []route.Route {
	const at = "/n/{network}/posts"
	return []route.Route{
		{Method: "GET", Pattern: at, Who: route.Anyone, Does: "Lists news, questions and discussions; also as CSV and JSON.", Serve: p.in(p.postList)},
		{Method: "GET", Pattern: at + "/new", Who: route.Member, Does: "The form to write a post.", Serve: p.in(p.registered(p.postForm))},
		{Method: "POST", Pattern: at + "/new", Who: route.Member, Does: "Writes a post.", Serve: p.in(p.registered(p.write))},
		{Method: "GET", Pattern: at + "/{post}", Who: route.Anyone, Does: "A post and what was written under it.", Serve: p.in(p.postPage)},
		{Method: "POST", Pattern: at + "/{post}", Who: route.Member, Does: "Writes under a post.", Serve: p.in(p.comment)},
		{Method: "GET", Pattern: at + "/{post}/edit", Who: route.Owner, Does: "The form to change one's own post.", Serve: p.in(p.editPostForm)},
		{Method: "POST", Pattern: at + "/{post}/edit", Who: route.Owner, Does: "Changes one's own post.", Serve: p.in(p.editPost)},
		{Method: "POST", Pattern: at + "/{post}/do", Who: route.Member, Does: "Follows a post, says what answers it, or hides and shows it.", Serve: p.in(p.postDo)},
	}
}

const postsShown = 30

type postsData struct {
	Home     string
	Here     string
	Form     *web.Form
	Kinds    []web.Option
	Rows     []postShown
	Pager    web.Pager
	Formats  web.Formats
	SignedIn bool
}

type postShown struct {
	forum.PostRow
	Link string
	Kind string
	Lede string
}

func (p *room) postShown(l *web.Words, n *network.Network, r forum.PostRow) postShown {
	r.At = r.At.In(zoneOf(n))
	return postShown{r, home(n) + "/posts/" + string(r.ID), l.Must("post.kind." + string(r.Kind)), firstSentence(r.Text)}
}

func (p *room) postList(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	format, err := web.FormatOf(r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	q := forum.PostFilter{Body: network.BodyID(r.URL.Query().Get("body")), Topic: forum.TopicID(r.URL.Query().Get("topic")), After: forum.PostID(r.URL.Query().Get("after")), Limit: postsShown + 1}
	switch kind := query(r, "kind", "news", "question", "discussion", "knowledge"); kind {
	case "knowledge":
		q.Knowledge = true
	default:
		q.Kind = forum.PostKind(kind)
	}
	if format != "" {
		return p.postFile(w, r, n, q, format)
	}
	rows, err := p.forum.Posts(r.Context(), actor(r), n.ID, q)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	l := p.pages.Words(r)
	d := postsData{Home: home(n), Here: r.URL.Path, Form: web.ReadQuery(r), Formats: web.FormatsAt(r.URL.RequestURI()), SignedIn: actor(r).Person != ""}
	next := ""
	if len(rows) > postsShown {
		rows = rows[:postsShown]
		next = string(rows[len(rows)-1].ID)
	}
	d.Pager = web.PagerAt(r.URL.RequestURI(), next)
	for _, one := range rows {
		d.Rows = append(d.Rows, p.postShown(l, n, one))
	}
	d.Kinds = append([]web.Option{{Text: l.Must("topic.any")}}, postKinds(l)...)
	d.Kinds = append(d.Kinds, web.Option{Value: "knowledge", Text: l.Must("post.knowledge")})
	return p.pages.Render(w, r, web.Page{Name: "post-list", Title: l.Must("post.list"), Station: "raise", Data: d, Public: true, Crumbs: crumb(l, n, l.Must("post.list"), "")})
}

func postKinds(l *web.Words) (out []web.Option) {
	for _, k := range forum.PostKinds {
		out = append(out, web.Option{Value: string(k), Text: l.Must("post.kind." + string(k))})
	}
	return out
}

func (p *room) postFile(w http.ResponseWriter, r *http.Request, n *network.Network, q forum.PostFilter, format string) int {
	e := web.NewExport(w, format, "posts", "at", "kind", "title", "lang", "text", "visibility", "comments", "answered", "id")
	q.Limit, q.After = 1000, ""
	for {
		rows, err := p.forum.Posts(r.Context(), actor(r), n.ID, q)
		if err != nil {
			e.Cut()
			return p.pages.Fail(w, r, err)
		}
		for _, one := range rows {
			if err := e.Row(one.At, string(one.Kind), one.Title, one.Lang, one.Text, string(one.Visibility), one.Comments, one.Answer != "", string(one.ID)); err != nil {
				e.Cut()
				return p.pages.Fail(w, r, err)
			}
		}
		if len(rows) == 0 {
			return e.End()
		}
		q.After = rows[len(rows)-1].ID
	}
}

type postData struct {
	forum.PostView
	Home     string
	At       string
	Form     *web.Form
	Fields   []actField
	Kind     string
	Comments []forum.Comment
	Pager    web.Pager
	AnswerAt string // where the answer is, when it is on another page
	History  []eventShown
	SignedIn bool
	AboutURL string
}

func (p *room) postPage(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	return p.postWith(w, r, n, nil)
}

// postWith shows a post, with the comment somebody typed if that could not be taken.
func (p *room) postWith(w http.ResponseWriter, r *http.Request, n *network.Network, f *web.Form) int {
	from := forum.CommentID(r.URL.Query().Get("from"))
	v, err := p.forum.PostViewFrom(r.Context(), actor(r), n.ID, forum.PostID(r.PathValue("post")), from)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	l, zone := p.pages.Words(r), zoneOf(n)
	v.At, v.Title = v.At.In(zone), cmp.Or(v.Title, l.Must("post.hidden"))
	d := postData{PostView: v, Home: home(n), At: home(n) + "/posts/" + string(v.ID), Form: f, Kind: l.Must("post.kind." + string(v.Kind)), SignedIn: actor(r).Person != ""}
	if d.Form == nil {
		d.Form = web.NewForm("lang", l.Code)
	}
	b := fields{l: l, form: d.Form, prefix: "post."}
	b.area("comment", 4)
	b.lang()
	d.Fields = b.out
	for _, c := range v.Comments {
		c.At = c.At.In(zone)
		d.Comments = append(d.Comments, c)
	}
	d.pages(from)
	if v.About.ID != "" {
		d.AboutURL = d.Home + "/topics/" + string(v.About.ID)
	}
	for _, e := range v.History {
		if key := "topic.event." + e.Kind; l.Has(key) {
			d.History = append(d.History, eventShown{Text: l.Must(key), Who: e.Name, At: e.At.In(zone), Reason: e.Details["reason"]})
		}
	}
	return p.pages.Render(w, r, web.Page{Name: "post", Title: v.Title, Station: "raise", Data: d, Form: f, Public: true,
		Crumbs: crumb(l, n, l.Must("post.list"), d.Home+"/posts", v.Title, "")})
}

// pages leads to the comments that aren't shown.
func (d *postData) pages(from forum.CommentID) {
	if from != "" {
		d.Pager.First = d.At + "#comments"
	}
	if d.More != "" {
		d.Pager.Next = d.At + "?from=" + string(d.More) + "#comments"
	}
	if d.Answer != "" && !slices.ContainsFunc(d.Comments, func(c forum.Comment) bool { return c.ID == d.Answer }) {
		d.AnswerAt = commentAt(d.At, d.PostView, d.Answer)
	}
}

// commentAt is where a comment is shown: on the post's own page, or where so many stand before it that it isn't, on one that begins with it.
func commentAt(at string, v forum.PostView, c forum.CommentID) string {
	switch {
	case c == "":
		return at
	case v.All >= forum.CommentsShown:
		at += "?from=" + url.QueryEscape(string(c))
	}
	return at + "#c-" + string(c)
}

func (p *room) postForm(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	q := r.URL.Query()
	f := web.NewForm("topic", q.Get("topic"), "body", q.Get("body"), "kind", query(r, "kind", "news", "question", "discussion"), "visibility", string(network.NetworkOnly))
	if f.Get("kind") == "" {
		f.Set("kind", string(forum.Discussion))
	}
	return p.postFormPage(w, r, n, f, nil)
}

// postFormPage shows the form of a post: a new one, or one's own.
func (p *room) postFormPage(w http.ResponseWriter, r *http.Request, n *network.Network, f *web.Form, own *forum.PostView) int {
	l := p.pages.Words(r)
	b := fields{l: l, form: f, prefix: "post."}
	title, button := l.Must("post.new"), l.Must("post.new.do")
	d := actData{Act: "post", Action: r.URL.Path, Form: f}
	if own != nil {
		title, button = l.Must("post.edit"), l.Must("post.edit.do")
		b.hidden("version")
	} else {
		b.radios("kind", postKinds(l))
	}
	b.text("title")
	b.area("text", 8)
	if f.Get("topic") != "" {
		t, err := p.topicOf(r, n, forum.TopicID(f.Get("topic")))
		if err != nil {
			return p.pages.Fail(w, r, err)
		}
		d.Topic, d.At = t, home(n)+"/topics/"+string(t.ID)
		b.hidden("topic")
	} else if own == nil {
		bodies, err := p.bodyOptions(r, n, l.Must("post.body.none"), nil)
		if err != nil {
			return p.pages.Fail(w, r, err)
		}
		b.choose("body", bodies)
		b.radios("visibility", topicVisibilities(l))
	}
	if own == nil {
		b.lang()
	}
	d.Fields, d.Button = b.out, button
	return p.pages.Render(w, r, web.Page{Name: "topic-act", Title: title, Station: "raise", Data: d, Form: f, Crumbs: crumb(l, n, l.Must("post.list"), home(n)+"/posts", title, "")})
}

func (p *room) write(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	id, err := p.forum.Write(r.Context(), actor(r), forum.Posting{Network: n.ID, Body: network.BodyID(f.Get("body")), Topic: forum.TopicID(f.Get("topic")), Kind: forum.PostKind(f.Get("kind")),
		Title: f.Get("title"), Text: f.Get("text"), Lang: f.Get("lang"), Visibility: network.Visibility(f.Get("visibility"))})
	if err != nil {
		if !f.Fault(p.pages.Words(r), err) {
			return p.pages.Fail(w, r, err)
		}
		return p.postFormPage(w, r, n, f, nil)
	}
	return web.SeeOther(w, r, home(n)+"/posts/"+string(id))
}

func (p *room) comment(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	v, err := p.forum.PostView(r.Context(), actor(r), n.ID, forum.PostID(r.PathValue("post")))
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	made, err := p.forum.Comment(r.Context(), actor(r), v.ID, f.Get("comment"), f.Get("lang"))
	if err != nil {
		if !f.Fault(p.pages.Words(r), err) {
			return p.pages.Fail(w, r, err)
		}
		return p.postWith(w, r, n, f)
	}
	return web.SeeOther(w, r, commentAt(home(n)+"/posts/"+string(v.ID), v, made))
}

// ownPost finds a post that is the reader's to change.
func (p *room) ownPost(r *http.Request, n *network.Network) (forum.PostView, error) {
	v, err := p.forum.PostView(r.Context(), actor(r), n.ID, forum.PostID(r.PathValue("post")))
	if err == nil && !v.Mine {
		err = fault.New(fault.Denied, "this is for others to do").Say("forum.denied")
	}
	return v, err
}

func (p *room) editPostForm(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	v, err := p.ownPost(r, n)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	return p.postFormPage(w, r, n, web.NewForm("title", v.Title, "text", v.Text, "version", itoa(v.Version)), &v)
}

func (p *room) editPost(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	v, err := p.ownPost(r, n)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	if err := p.forum.EditPost(r.Context(), actor(r), v.ID, topicVersion(f), f.Get("title"), f.Get("text")); err != nil {
		if !f.Fault(p.pages.Words(r), err) {
			return p.pages.Fail(w, r, err)
		}
		f.Set("version", itoa(v.Version))
		return p.postFormPage(w, r, n, f, &v)
	}
	return web.SeeOther(w, r, home(n)+"/posts/"+string(v.ID))
}

func (p *room) postDo(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	v, err := p.forum.PostView(r.Context(), actor(r), n.ID, forum.PostID(r.PathValue("post")))
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	ctx, who, comment := r.Context(), actor(r), forum.CommentID(f.Get("comment"))
	switch f.Get("do") {
	case "follow":
		err = p.forum.FollowPost(ctx, who, v.ID)
	case "unfollow":
		err = p.forum.Unfollow(ctx, who, string(v.ID))
	case "answer":
		err = p.forum.Answered(ctx, who, v.ID, comment)
	case "hide":
		if f.Get("reason") == "" {
			err = fault.New(fault.Invalid, "hiding needs a reason").Where("reason").Say("post.why")
			break
		}
		err = p.forum.HidePost(ctx, who, v.ID, comment, f.Get("reason"))
	case "show":
		err = p.forum.HidePost(ctx, who, v.ID, comment, "")
	default:
		err = fault.New(fault.Invalid, "there is no such button").Say("forum.choice")
	}
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	return web.SeeOther(w, r, commentAt(home(n)+"/posts/"+string(v.ID), v, comment))
}
