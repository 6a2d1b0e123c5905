package forum

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// finder does anything to things that all hold one word, and asks who finds them by it.
type finder struct {
	*world
	r        *rapid.T
	word     string
	topics   []TopicID
	meetings []MeetingID
	items    []ItemID
	posts    []PostID
}

var visibilities = []network.Visibility{network.Public, network.NetworkOnly, network.BodyOnly}

func drawn[T any](f *finder, from []T) T {
	if len(from) == 0 {
		f.r.Skip("there is none yet")
	}
	return from[rapid.IntRange(0, len(from)-1).Draw(f.r, "which")]
}

func (f *finder) group() group { return drawn(f, []group{f.top, f.west, f.north}) }

func (f *finder) raiseOne(*rapid.T) {
	f.topics = append(f.topics, f.raise(drawn(f, []network.Actor{f.plain, f.coord}), f.group(), drawn(f, visibilities), f.word+" sak").ID)
}

func (f *finder) edit(*rapid.T) {
	t := f.whole(drawn(f, f.topics))
	_ = f.EditTopic(f.t.Context(), f.coord, t.ID, TopicEdit{Version: t.Version, Title: drawn(f, []string{f.word + " igjen", "Noe annet"}), Text: "Tekst", Lang: "nb",
		Visibility: drawn(f, slices.DeleteFunc(slices.Clone(visibilities), func(v network.Visibility) bool { return v == t.Visibility }))})
}

func (f *finder) give(*rapid.T) {
	who := drawn(f, []network.Actor{f.plain, f.west.patient, f.top.patient, f.coord})
	_, _ = f.GiveInput(f.t.Context(), who, drawn(f, f.topics), Giving{Text: "Vi vil " + f.word, AsPatient: true})
}

func (f *finder) lift(*rapid.T) {
	ctx, in := f.t.Context(), Lifting{Body: f.top.id, Criteria: []string{"law"}, Why: "Likt."}
	if rapid.Bool().Draw(f.r, "into") {
		in.Body, in.Into = "", drawn(f, f.topics)
	}
	id, err := f.Lift(ctx, f.coord, drawn(f, f.topics), in)
	if err != nil {
		return
	}
	var to TopicID
	f.ok(f.db.Read(ctx, func(tx *storage.Tx) error {
		return tx.QueryRow(ctx, `SELECT topic FROM topic_lift WHERE id = $1`, id).Scan(&to)
	}))
	if !slices.Contains(f.topics, to) {
		f.topics = append(f.topics, to)
	}
	if rapid.Bool().Draw(f.r, "answered") {
		_ = f.AnswerLift(ctx, f.coord, id, drawn(f, []Answer{Accepted, Refused}), "Fordi.")
	}
}

func (f *finder) merge(*rapid.T) {
	_ = f.Merge(f.t.Context(), f.coord, drawn(f, f.topics), drawn(f, f.topics))
}

func (f *finder) attach(*rapid.T) {
	ctx, id := f.t.Context(), drawn(f, f.topics)
	file, err := f.Attach(ctx, f.coord, id, drawn(f, []string{f.word, "vedlegg"})+".pdf", strings.NewReader("x"))
	if err == nil && rapid.Bool().Draw(f.r, "cited") {
		_, _ = f.AddEvidence(ctx, f.coord, id, Citing{File: file, Title: drawn(f, []string{f.word, "Tittel"}), Note: "Notat"})
	}
}

func (f *finder) detach(*rapid.T) {
	ctx, id := f.t.Context(), drawn(f, f.topics)
	v := got(f.View(ctx, f.coord, f.root, id))(f.t)
	if len(v.Evidence) > 0 && rapid.Bool().Draw(f.r, "evidence") {
		_ = f.RemoveEvidence(ctx, f.coord, v.Evidence[0].ID)
	} else if len(v.Files) > 0 {
		_ = f.RemoveFile(ctx, f.coord, id, v.Files[0].ID)
	}
}

func (f *finder) plan(*rapid.T) {
	id := got(f.Plan(f.t.Context(), f.coord, Meeting{Body: f.group().id, Title: drawn(f, []string{"", f.word}), Starts: f.Now().AddDate(0, 0, 20), Minutes: 60, Visibility: drawn(f, visibilities)}))(f.t)
	f.meetings = append(f.meetings, id)
}

func (f *finder) meet(*rapid.T) {
	ctx, m := f.t.Context(), f.theMeeting(drawn(f, f.meetings))
	switch rapid.IntRange(0, 3).Draw(f.r, "meeting") {
	case 0:
		_ = f.Convene(ctx, f.coord, m.ID, m.Version)
	case 1:
		_ = f.Cancel(ctx, f.coord, m.ID, m.Version, "Sykdom.")
	default:
		m.Title, m.Visibility = drawn(f, []string{"Annet", f.word}), drawn(f, visibilities)
		_ = f.Change(ctx, f.coord, m)
	}
}

func (f *finder) item(*rapid.T) {
	ctx, i := f.t.Context(), Item{Meeting: drawn(f, f.meetings), Kind: Report, Title: f.word + " punkt", Visibility: drawn(f, visibilities)}
	if rapid.Bool().Draw(f.r, "about") {
		i.Kind, i.Topic = AboutTopic, drawn(f, f.topics)
		chair := map[network.BodyID]network.Actor{f.top.id: f.top.chair, f.west.id: f.west.chair, f.north.id: f.north.chair}[f.whole(i.Topic).Body]
		_ = f.WaiveInput(ctx, chair, i.Topic, "Spurt.")
		_ = f.Prepare(ctx, f.coord, i.Topic)
	}
	if id, err := f.AddItem(ctx, f.coord, i); err == nil {
		f.items = append(f.items, id)
	}
}

func (f *finder) agendaChanged(*rapid.T) {
	ctx, id := f.t.Context(), drawn(f, f.items)
	if rapid.Bool().Draw(f.r, "remove") {
		_ = f.RemoveItem(ctx, f.coord, id, f.theItem(id).Version)
		return
	}
	for v := int64(1); v < 4; v++ {
		_ = f.EditItem(ctx, f.coord, Item{ID: id, Title: "Uten ordet", Version: v})
	}
}

func (f *finder) paper(*rapid.T) {
	ctx, m := f.t.Context(), drawn(f, f.meetings)
	file, err := f.AttachToMeeting(ctx, f.coord, m, "", drawn(f, []string{f.word, "Papir"}), drawn(f, []string{f.word, "papir"})+".pdf", strings.NewReader("y"))
	if err == nil && rapid.Bool().Draw(f.r, "named") {
		_ = f.AddPaper(ctx, f.coord, m, "", Paper{Title: drawn(f, []string{f.word, "Papir"}), File: file})
	}
}

func (f *finder) withdraw(*rapid.T) {
	ctx, m := f.t.Context(), drawn(f, f.meetings)
	if v := got(f.Meeting(ctx, f.coord, m))(f.t); len(v.Papers) > 0 {
		_ = f.WithdrawPaper(ctx, f.coord, m, v.Papers[0].ID, "Feil.")
	}
}

func (f *finder) post(*rapid.T) {
	p := Posting{Network: f.root, Kind: Discussion, Title: f.word, Text: "Tekst", Visibility: drawn(f, visibilities)}
	if rapid.Bool().Draw(f.r, "about") {
		p.Topic = drawn(f, f.topics)
	}
	if id, err := f.Write(f.t.Context(), f.coord, p); err == nil {
		f.posts = append(f.posts, id)
	}
}

func (f *finder) hide(*rapid.T) {
	_ = f.HidePost(f.t.Context(), f.coord, drawn(f, f.posts), "", drawn(f, []string{"", "Feil sted."}))
}

// shown are the things with the word that pages show somebody. What the search may find besides, and need not, is true.
func (f *finder) shown(who network.Actor) map[string]bool {
	ctx, out := f.t.Context(), map[string]bool{}
	holds := func(kind DocKind, ref string, texts ...string) {
		if slices.ContainsFunc(texts, func(s string) bool { return strings.Contains(s, f.word) }) {
			out[string(kind)+" "+ref] = true
		}
	}
	for _, id := range f.topics {
		v, err := f.View(ctx, who, f.root, id)
		if err != nil {
			continue
		}
		holds(TopicDoc, string(id), v.Title, v.Text)
		for _, in := range v.Inputs {
			if !v.GivenBack[in.ID] { // those are found where they were said
				holds(InputDoc, string(in.ID), in.Text)
			}
		}
		for _, file := range v.Files {
			says := []string{file.Name}
			for _, e := range v.Evidence {
				if e.Reference == (Reference{File, string(file.ID)}) {
					says = append(says, e.Title, e.Note)
				}
			}
			holds(FileDoc, string(file.ID), says...)
		}
	}
	for _, id := range f.meetings {
		f.shownMeeting(who, id, holds)
	}
	for _, id := range f.posts {
		if v, err := f.PostView(ctx, who, f.root, id); err == nil && v.Hidden == "" {
			holds(PostDoc, string(id), v.Title, v.Text)
		}
	}
	return out
}

func (f *finder) shownMeeting(who network.Actor, id MeetingID, holds func(DocKind, string, ...string)) {
	ctx := f.t.Context()
	v, err := f.Meeting(ctx, who, id)
	if err != nil {
		return
	}
	holds(MeetingDoc, string(id), v.Title)
	for _, i := range v.Items {
		holds(MeetingDoc, string(id), i.Title)
	}
	files, err := f.PaperFiles(ctx, who, id)
	if err != nil {
		return
	}
	for _, p := range v.Papers {
		holds(FileDoc, string(p.File), p.Title, files.Files[p.File].Name)
	}
}

func (f *finder) people() []network.Actor {
	return []network.Actor{{}, f.plain, f.west.member, f.west.patient, f.north.member, f.top.chair, f.coord, f.other}
}

func (f *finder) check(who network.Actor) {
	shown, finds := f.shown(who), map[string]bool{}
	for _, d := range got(f.Search(f.t.Context(), who, f.root, f.word, nil, 100))(f.t) {
		key := string(d.Kind) + " " + d.Ref
		finds[key] = true
		if (d.Kind == InputDoc || d.Kind == FileDoc || d.Kind == MeetingDoc) && d.Topic.ID == "" && d.Meeting.ID == "" {
			f.r.Fatalf("%s is nowhere", key)
		}
	}
	for key := range shown { // one's own posts and topics are on lists of one's own
		if (strings.HasPrefix(key, "topic ") || strings.HasPrefix(key, "post ")) && !finds[key] {
			delete(shown, key)
		}
	}
	if d := cmp.Diff(shown, finds); d != "" {
		f.r.Fatalf("%s is shown (-) and finds (+): %s", who.Person, d)
	}
}

func TestWhatIsFoundIsWhatPagesShow(t *testing.T) {
	if os.Getenv("SAMVERK_LONG") != "1" {
		was := flag.Lookup("rapid.checks").Value.String()
		if err := flag.Set("rapid.checks", "3"); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = flag.Set("rapid.checks", was) }()
	}
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, n := open(t, dsn), 0
		rapid.Check(t, func(r *rapid.T) {
			n++
			f := &finder{world: w, r: r, word: fmt.Sprintf("ord%dx", n)}
			for _, v := range visibilities {
				f.topics = append(f.topics, f.raise(f.plain, f.west, v, f.word+" sak").ID)
				got(f.GiveInput(t.Context(), f.west.patient, f.topics[len(f.topics)-1], Giving{Text: f.word}))(t)
			}
			for _, do := range []func(*rapid.T){f.plan, f.plan, f.item, f.item, f.item, f.attach, f.attach, f.paper, f.paper} {
				do(r)
			}
			r.Repeat(map[string]func(*rapid.T){"raise": f.raiseOne, "edit": f.edit, "edit again": f.edit, "give": f.give, "lift": f.lift, "merge": f.merge, "attach": f.attach, "detach": f.detach,
				"plan": f.plan, "meet": f.meet, "meet again": f.meet, "item": f.item, "agenda": f.agendaChanged, "paper": f.paper, "withdraw": f.withdraw, "post": f.post, "hide": f.hide,
				"": func(*rapid.T) { f.check(drawn(f, f.people())) }})
			for _, who := range f.people() {
				f.check(who)
			}
		})
	})
}
