package forum

import (
	"slices"
	"testing"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/network"
)

func TestPosts(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, ctx, nobody := open(t, dsn), t.Context(), network.Actor{}
		_, err := w.Write(ctx, w.plain, Posting{Network: w.root, Kind: News, Title: "Nytt", Text: "x"})
		w.is(fault.Denied, err)
		_, err = w.Write(ctx, w.other, Posting{Network: w.root, Kind: Question, Title: "Nytt", Text: "x"})
		w.is(fault.NotFound, err)
		q := got(w.Write(ctx, w.plain, Posting{Network: w.root, Kind: Question, Title: "Hvem tolker HLA?", Text: "Vi mangler.", Visibility: network.Public}))(t)
		c := got(w.Comment(ctx, w.west.member, q, "Vi gjør det.", ""))(t)
		_, err = w.Comment(ctx, w.other, q, "Utenfra", "")
		w.is(fault.Denied, err)
		w.is(fault.Denied, w.Answered(ctx, w.west.member, q, c))
		w.ok(w.Answered(ctx, w.plain, q, c))
		if p := got(w.Posts(ctx, nobody, w.root, PostFilter{Knowledge: true, Limit: 9}))(t); len(p) != 1 || p[0].Comments != 1 {
			t.Errorf("posts %+v", p)
		}
		w.is(fault.Conflict, w.EditPost(ctx, w.plain, q, 7, "a", "b"))
		w.is(fault.Denied, w.HidePost(ctx, w.plain, q, c, "nei"))
		w.ok(w.HidePost(ctx, w.coord, q, c, "Personlig opplysning."))
		v := got(w.PostView(ctx, nobody, w.root, q))(t)
		if v.Comments[0].Text != "" || v.Comments[0].Hidden == "" || len(v.History) != 2 {
			t.Errorf("hidden comment %+v", v)
		}
		w.ok(w.HidePost(ctx, w.coord, q, "", "Dobbelt."))
		if s := w.found(w.plain, "tolker"); s != "" {
			t.Errorf("found %s", s)
		}
		w.ok(w.HidePost(ctx, w.coord, q, "", ""))
		x := w.raise(w.west.member, w.west, network.Public, "Sak")
		about := got(w.Write(ctx, w.plain, Posting{Topic: x.ID, Kind: Discussion, Title: "Om saken", Text: "Hm"}))(t)
		if p := got(w.View(ctx, nobody, w.root, x.ID))(t).Posts; len(p) != 1 {
			t.Errorf("posts %+v", p)
		}
		w.ok(w.EditTopic(ctx, w.west.chair, x.ID, TopicEdit{Version: 1, Title: "Sak", Text: "b", Lang: "nb", Visibility: network.BodyOnly}))
		_, err = w.PostView(ctx, nobody, w.root, about)
		w.is(fault.NotFound, err)
	})
}

func TestTopicsAreMergedWithWhatTheyHave(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, ctx, nobody := open(t, dsn), t.Context(), network.Actor{}
		a := w.raise(w.west.patient, w.west, network.NetworkOnly, "Første")
		b := w.raise(w.west.member, w.west, network.Public, "Andre")
		secret := w.raise(w.west.member, w.west, network.BodyOnly, "Tredje")
		got(w.GiveInput(ctx, w.west.patient, a.ID, Giving{Text: "Hørt"}))(t)
		w.is(fault.Conflict, w.Merge(ctx, w.west.chair, a.ID, b.ID))
		w.ok(w.EditTopic(ctx, w.west.chair, a.ID, TopicEdit{Version: 1, Title: "Første", Text: "b", Lang: "nb", Visibility: network.Public}))
		got(w.AddEvidence(ctx, w.west.member, a.ID, Citing{Ref: "PMID 1", Title: "Studie"}))(t)
		w.is(fault.Denied, w.Merge(ctx, w.west.member, a.ID, b.ID))
		w.is(fault.Invalid, w.Merge(ctx, w.west.chair, a.ID, a.ID))
		w.ok(w.Link(ctx, w.west.member, b.ID, a.ID, Duplicate))
		w.ok(w.Link(ctx, w.west.member, b.ID, secret.ID, Related))
		w.ok(w.Merge(ctx, w.west.chair, a.ID, b.ID))
		v := got(w.View(ctx, nobody, w.root, b.ID))(t)
		if len(v.Inputs) != 0 || len(v.Evidence) != 1 || len(v.Took) != 1 || len(v.Links) != 1 {
			t.Errorf("the public sees %+v", v)
		}
		if v := got(w.View(ctx, w.west.member, w.root, b.ID))(t); len(v.Inputs) != 1 || v.Inputs[0].Origin != a.ID || len(v.Links) != 2 {
			t.Errorf("the body sees %+v", v)
		}
		if v := got(w.View(ctx, nobody, w.root, a.ID))(t); v.State != Merged || v.IntoTitle.ID != b.ID {
			t.Errorf("merged %+v", v)
		}
		w.is(fault.Conflict, w.decide(b.ID))
	})
}

func TestTopicsAreListedByWhatOneAsksFor(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, ctx := open(t, dsn), t.Context()
		x := got(w.Raise(ctx, w.west.patient, Raising{Body: w.west.id, Title: "En", Text: "b", Visibility: network.Public, Facets: Facets{"cancer", "region", "need"}}))(t)
		y := w.raise(w.north.member, w.north, network.Public, "To")
		z := w.raise(w.plain, w.west, network.BodyOnly, "Tre")
		got(w.Lift(ctx, w.north.chair, y.ID, Lifting{Body: w.top.id, Criteria: []string{"law"}, Why: "x"}))(t)
		w.forward(70 * day)
		for i, c := range []struct {
			who  network.Actor
			q    TopicFilter
			want int
		}{
			{network.Actor{}, TopicFilter{}, 3}, {w.west.member, TopicFilter{}, 4}, {w.plain, TopicFilter{Mine: true}, 1}, {w.other, TopicFilter{Mine: true}, 0},
			{w.plain, TopicFilter{Facets: Facets{Field: "cancer"}}, 1}, {w.plain, TopicFilter{Facets: Facets{Level: "nation"}}, 0}, {w.plain, TopicFilter{Sector: network.Patient}, 1},
			{w.plain, TopicFilter{Lifted: true}, 2}, {w.plain, TopicFilter{Overdue: true}, 2}, {w.plain, TopicFilter{Body: w.top.id}, 1}, {w.plain, TopicFilter{Network: w.north.network}, 1},
			{w.plain, TopicFilter{States: []State{Raised, Closed}}, 2}, {w.plain, TopicFilter{Followed: true}, 0}, {network.Actor{}, TopicFilter{After: y.ID}, 1},
		} {
			c.q.Limit = 10
			if rows := got(w.Topics(ctx, c.who, w.root, c.q))(t); len(rows) != c.want {
				t.Errorf("%d: %d rows, not %d: %+v", i, len(rows), c.want, rows)
			}
		}
		rows := got(w.Topics(ctx, w.plain, w.root, TopicFilter{Body: w.top.id, Limit: 1}))(t)
		if rows[0].BodyName.NB != "Koordineringsgruppen" || len(rows[0].From) != 1 || rows[0].From[0] != w.north.network || rows[0].Due.IsZero() {
			t.Errorf("row %+v", rows[0])
		}
		if _, err := w.View(ctx, w.plain, "elsewhere", x.ID); fault.KindOf(err) != fault.NotFound {
			t.Error(err)
		}
		_, err := w.View(ctx, w.north.chair, w.root, z.ID)
		w.is(fault.NotFound, err)
	})
}

func TestCommentsArePaged(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, ctx := open(t, dsn), t.Context()
		id := got(w.Write(ctx, w.plain, Posting{Network: w.root, Kind: Question, Title: "Hvor mange?", Text: "Mange.", Visibility: network.Public}))(t)
		var all []CommentID
		for range 2*CommentsShown + 3 { // some at the same moment
			all = append(all, got(w.Comment(ctx, w.coord, id, "Svar", "nb"))(t))
			if len(all)%3 == 0 {
				w.tick()
			}
		}
		var seen []CommentID
		for from, pages := CommentID(""), 0; ; pages++ {
			v := got(w.PostViewFrom(ctx, network.Actor{}, w.root, id, from))(t)
			if v.All != len(all) || len(v.Comments) > CommentsShown || pages > 2 {
				t.Fatalf("%d of %d on page %d", len(v.Comments), v.All, pages)
			}
			for _, c := range v.Comments {
				seen = append(seen, c.ID)
			}
			if from = v.More; from == "" {
				break
			}
		}
		if !slices.Equal(seen, all) {
			t.Errorf("%d comments, not %d", len(seen), len(all))
		}
		if v := got(w.PostViewFrom(ctx, network.Actor{}, w.root, id, "nothing"))(t); len(v.Comments) > 0 {
			t.Error("comments from nowhere")
		}
	})
}
