package web

import (
	"flag"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/web/webtest"
)

// meetingSite is a full site with a meeting going on, a circulation, a series, minutes to approve, and the same in a body
// that only its own seats see.
type meetingSite struct {
	*frontSite
	going       forum.MeetingID
	item        forum.ItemID
	circulation forum.CirculationID
	series      forum.SeriesID
	minutes     forum.MinutesID // to approve
	sealed      forum.MinutesID
	hiddenSix   []string // addresses of what only the closed body sees
}

func newMeetingSite(t testing.TB) *meetingSite {
	t.Helper()
	s := &meetingSite{frontSite: fullSite(t)}
	ctx := t.Context()
	held := must(s.forum.Decision(ctx, s.coord, s.decision))(t)
	s.minutes = held.Minutes
	s.series = must(s.forum.SaveSeries(ctx, s.coord, forum.Series{Body: s.steering, Name: "Ordinarie möten", Rhythm: forum.Monthly, Nth: 1, Weekday: time.Wednesday, Clock: 570, Minutes: 150, Zone: "Europe/Stockholm", ConvokeDays: 14}))(t)
	must(s.forum.Generate(ctx, s.coord, s.series, 3))(t)
	s.circulation = must(s.forum.Circulate(ctx, s.chair, forum.Circulation{Body: s.steering, Deadline: s.Now().AddDate(0, 0, 9),
		Draft: forum.DecisionDraft{Title: "Nya lokaler", Text: "Kansliet flyttar."}}, []network.PersonID{s.chair.Person, s.patient.Person}))(t)
	s.going, s.item = s.run(s.chair, s.steering, "Ersättning", s.chair)
	s.sealed = s.seal(s.chair, s.steering, network.Public)
	secretMeeting, secretItem := s.run(s.member, s.closed, songbird, s.member)
	secretMinutes := s.seal(s.member, s.closed, network.BodyOnly)
	secretDecision := must(s.forum.Decisions(ctx, s.member, forum.DecisionFilter{Root: s.root, Body: s.closed, Limit: 1}))(t)[0].ID
	secretSeries := must(s.forum.SaveSeries(ctx, s.coord, forum.Series{Body: s.closed, Name: songbird, Rhythm: forum.Weekly, Every: 1, Clock: 570, Minutes: 60, Zone: "Europe/Stockholm"}))(t)
	secretCirculation := must(s.forum.Circulate(ctx, s.member, forum.Circulation{Body: s.closed, Deadline: s.Now().AddDate(0, 0, 9),
		Draft: forum.DecisionDraft{Title: songbird, Text: songbird}}, []network.PersonID{s.member.Person, s.leaving.Person}))(t)
	s.hiddenSix = []string{"/meetings/" + string(secretMeeting), "/meetings/" + string(secretMeeting) + "/items/" + string(secretItem), "/meetings/" + string(secretMeeting) + "/papers", "/minutes/" + string(secretMinutes),
		"/decisions/" + string(secretDecision), "/series/" + string(secretSeries), "/circulations/" + string(secretCirculation), "/meetings?body=" + string(s.closed)}
	return s
}

// run opens a meeting with one item about nothing in particular, and lets somebody in.
func (s *meetingSite) run(who network.Actor, b network.BodyID, title string, in ...network.Actor) (forum.MeetingID, forum.ItemID) {
	s.t.Helper()
	ctx := s.t.Context()
	id := must(s.forum.Plan(ctx, who, forum.Meeting{Body: b, Starts: s.Now(), Minutes: 90, Place: "Digitalt"}))(s.t)
	s.ok(s.forum.Convene(ctx, who, id, 1))
	item := must(s.forum.AddItem(ctx, who, forum.Item{Meeting: id, Kind: forum.Report, Title: title, Minutes: 30, Presenter: "Pia Plain"}))(s.t)
	s.ok(s.forum.AddPaper(ctx, who, id, item, forum.Paper{Title: title + " bilaga", URL: "https://example.org/bilaga"}))
	s.ok(s.forum.Start(ctx, who, id, s.at(id)))
	for _, one := range in {
		s.forward(time.Second)
		s.ok(s.forum.Arrive(ctx, who, forum.Arrival{Meeting: id, Seat: s.seats[one.Person]}))
	}
	s.forward(time.Second)
	s.ok(s.forum.Reach(ctx, who, item, 1))
	return id, item
}

// seal holds a whole meeting, and has its minutes approved by the first two who sit there.
func (s *meetingSite) seal(who network.Actor, b network.BodyID, v network.Visibility) forum.MinutesID {
	s.t.Helper()
	ctx := s.t.Context()
	people := map[network.BodyID][]network.Actor{s.steering: {s.chair, s.patient}, s.closed: {s.member, s.leaving}}[b]
	title := map[network.BodyID]string{s.steering: "Avtal", s.closed: songbird}[b]
	id, item := s.run(who, b, title, people...)
	must(s.forum.Record(ctx, who, forum.DecisionDraft{Item: item, Title: title, Text: title + " förlängs.", Rationale: "Det fungerar.", Method: forum.ByVote, Lang: "sv", Visibility: v,
		Votes: map[network.SeatID]forum.Vote{s.seats[people[0].Person]: forum.For, s.seats[people[1].Person]: forum.Abstains}}))(s.t)
	s.ok(s.forum.SetApprovers(ctx, who, id, s.at(id), []network.PersonID{people[0].Person, people[1].Person}))
	minutes := must(s.forum.Close(ctx, who, id, s.at(id)))(s.t)
	for _, one := range people {
		must(s.forum.Approve(ctx, one, minutes, must(s.forum.Minutes(ctx, who, minutes))(s.t).Hash))(s.t)
	}
	return minutes
}

func (s *meetingSite) open() []string {
	return []string{"/meetings", "/meetings?body=" + string(s.steering), "/meetings?show=past", "/meetings/" + string(s.meeting), "/meetings/" + string(s.going),
		"/meetings/" + string(s.going) + "/items/" + string(s.item), "/series/" + string(s.series), "/decisions", "/decisions?q=DPYD&standing=taken&review=due&year=2026", "/decisions?q=nonsens",
		"/decisions/" + string(s.decision), "/minutes", "/minutes/" + string(s.sealed), "/minutes/" + string(s.sealed) + "?check=yes"}
}

func (s *meetingSite) running() []string {
	return []string{"/meetings/new?body=" + string(s.steering), "/meetings/" + string(s.meeting) + "/edit", "/meetings/" + string(s.going) + "/papers", "/meetings/" + string(s.meeting) + "/papers", "/series/new?body=" + string(s.steering), "/circulations/new?body=" + string(s.steering),
		"/circulations/" + string(s.circulation), "/minutes/" + string(s.minutes), "/minutes/" + string(s.minutes) + "/edit"}
}

func TestMeetingPagesInEveryLanguage(t *testing.T) {
	s := newMeetingSite(t)
	for _, lang := range []string{"sv", "nb", "en"} {
		for _, who := range []network.Actor{{}, s.plain, s.away, s.coord, s.chair, s.patient} {
			paths := s.open()
			if who == s.coord || who == s.chair {
				paths = append(paths, s.running()...)
			}
			for _, path := range paths {
				mark := "?"
				if strings.Contains(path, "?") {
					mark = "&"
				}
				w := s.ask(who, "GET", "/n/se"+path+mark+"lang="+lang, nil)
				text := webtest.Visible(w.Body.String())
				if left := append(webtest.Leftovers(text), webtest.Misnamed(w.Body.String())...); w.Code != http.StatusOK || len(left) > 0 {
					t.Errorf("%s in %s answers %q %d: %v", path, lang, s.names[who.Person], w.Code, left)
				}
				if who != s.coord && who != s.chair && who != s.patient && strings.Contains(text, songbird) {
					t.Errorf("%s shows %q what is hidden", path, s.names[who.Person])
				}
			}
		}
	}
}

func TestMeetingsOfOthersAreAbsent(t *testing.T) {
	s := newMeetingSite(t)
	for _, path := range s.hiddenSix {
		want := http.StatusNotFound
		for _, who := range []network.Actor{s.plain, s.away, s.chair} {
			if w := s.ask(who, "GET", "/n/se"+path, nil); w.Code != want || strings.Contains(w.Body.String(), songbird) {
				t.Errorf("%s answers %q %d", path, s.names[who.Person], w.Code)
			}
			if !strings.Contains(path, "?") {
				if w := s.ask(who, "POST", "/n/se"+path, url.Values{"do": {"start"}}); w.Code != want && w.Code != http.StatusMethodNotAllowed {
					t.Errorf("posting to %s answers %q %d", path, s.names[who.Person], w.Code)
				}
			}
		}
		if w := s.ask(s.member, "GET", "/n/se"+path, nil); w.Code != http.StatusOK {
			t.Errorf("%s answers its own %d", path, w.Code)
		}
		if w := s.ask(s.member, "GET", "/n/no"+path, nil); w.Code != want {
			t.Errorf("%s under another tenant answers %d", path, w.Code)
		}
	}
	for _, path := range s.running() {
		if w := s.ask(s.plain, "GET", "/n/se"+path, nil); w.Code == http.StatusOK {
			t.Errorf("%s answers somebody without a seat %d", path, w.Code)
		}
	}
	for _, file := range []string{"/meetings?format=csv", "/meetings?format=json", "/decisions?format=csv", "/decisions?format=json", "/minutes?format=csv", "/minutes?format=json",
		"/minutes/" + string(s.sealed) + "?format=json", "/decisions/" + string(s.decision) + "?format=json"} {
		if w := s.ask(s.plain, "GET", "/n/se"+file, nil); w.Code != http.StatusOK || strings.Contains(w.Body.String(), songbird) || w.Body.Len() < 20 {
			t.Errorf("%s answers %d %.200s", file, w.Code, w.Body)
		}
	}
}

// hidden gives the value of a hidden field.
func hidden(page, name string) string {
	m := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(page)
	if m == nil {
		return ""
	}
	return m[1]
}

func TestAMeetingDecidesFromTheBrowser(t *testing.T) {
	s := newMeetingSite(t)
	at := "/n/se/meetings/" + string(s.going) + "/items/" + string(s.item)
	page := s.page(s.chair, at+"?lang=sv")
	for _, want := range []string{"Mötet kan inte besluta", "aria-disabled", "kräver", "hx-get", "Skjut upp ärendet"} {
		if !strings.Contains(page, want) {
			t.Errorf("without quorum the page doesn't say %q", want)
		}
	}
	form := url.Values{"do": {"record"}, "version": {hidden(page, "version")}, "title": {"Ersättning"}, "text": {"Patientföreträdare får ersättning."}, "method": {"consensus"}, "visibility": {"public"}}
	w := s.ask(s.chair, "POST", at, form)
	if w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "Patientföreträdare får ersättning.") || !strings.Contains(w.Body.String(), "ds-error-summary") {
		t.Errorf("recording without quorum answers %d", w.Code)
	}
	s.forward(time.Second)
	if w := s.ask(s.patient, "POST", "/n/se/meetings/"+string(s.going), url.Values{"do": {"arrive"}, "seat": {string(s.seats[s.patient.Person])}}); w.Code != http.StatusSeeOther {
		t.Fatalf("arriving answers %d: %s", w.Code, webtest.Visible(w.Body.String()))
	}
	s.forward(time.Second)
	if page := s.page(s.chair, at); strings.Contains(page, "aria-disabled") {
		t.Error("with quorum the button is still disabled")
	}
	form.Set("inforce", "2027-01-01")
	form.Set("review", "2026-06-01")
	if w := s.ask(s.chair, "POST", at+"?lang=sv", form); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "Gäller från") {
		t.Errorf("a review before it is in force answers %d", w.Code)
	}
	form.Set("do", "draft")
	if w := s.ask(s.chair, "POST", at, form); w.Code != http.StatusSeeOther || !strings.Contains(s.page(s.chair, at), "Patientföreträdare får ersättning.") {
		t.Errorf("saving a draft answers %d", w.Code)
	}
	form.Set("do", "draft")
	form.Set("text", "Min egen text.")
	if w := s.ask(s.coord, "POST", at, form); w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "Min egen text.") || !strings.Contains(w.Body.String(), "Patientföreträdare får ersättning.") {
		t.Errorf("a stale draft answers %d, or one of the texts is lost", w.Code)
	}
	form.Set("text", "Patientföreträdare får ersättning.")
	form.Set("version", hidden(s.page(s.chair, at), "version"))
	form.Set("do", "record")
	form.Set("review", "2028-01-01")
	if w := s.ask(s.chair, "POST", at+"?lang=sv", form); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "Anteckna beslutet?") || hidden(w.Body.String(), "text") != "Patientföreträdare får ersättning." {
		t.Errorf("what is about to be recorded answers %d: %s", w.Code, webtest.Visible(w.Body.String()))
	}
	form.Set("again", "yes")
	if w := s.ask(s.chair, "POST", at, form); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "Patientföreträdare får ersättning.</textarea>") {
		t.Errorf("going back to the form answers %d", w.Code)
	}
	form.Del("again")
	form.Set("sure", "yes")
	w = s.ask(s.chair, "POST", at, form)
	if to := w.Header().Get("Location"); w.Code != http.StatusSeeOther || !strings.Contains(s.page(network.Actor{}, to), "Patientföreträdare får ersättning.") {
		t.Errorf("recording answers %d %s", w.Code, to)
	}
}

func TestAnItemSaysWhatItLacksAndTakesEverybodysVoteInOnePress(t *testing.T) {
	s := newMeetingSite(t)
	going := "/n/se/meetings/" + string(s.going)
	at := going + "/items/" + string(s.item)
	if page := s.page(s.chair, going+"?lang=sv"); !strings.Contains(page, "Du är på plats") || strings.Contains(page, "Kommer du?") {
		t.Error("whoever is there is asked whether they come")
	}
	if page := s.page(s.patient, going+"?lang=sv"); !strings.Contains(page, "Kommer du?") || strings.Contains(page, "Du är på plats") {
		t.Error("whoever isn't there isn't asked")
	}
	s.forward(time.Second)
	s.ok(s.forum.Arrive(t.Context(), s.chair, forum.Arrival{Meeting: s.going, Seat: s.seats[s.patient.Person]}))
	s.forward(time.Second)
	page := s.page(s.chair, at+"?lang=sv")
	if !strings.Contains(page, "Ärendet kan avgöras nu") || strings.Count(page, `type="radio" name="vote-`) != 8 {
		t.Error("the item doesn't say that it can be decided, or isn't voted on seat by seat")
	}
	mine, theirs := "vote-"+string(s.seats[s.chair.Person]), "vote-"+string(s.seats[s.patient.Person])
	form := url.Values{"do": {"everybody"}, "version": {hidden(page, "version")}, "title": {"Ersättning"}, "text": {"Den höjs."}, "method": {"consensus"}, mine: {"against"}, theirs: {""}}
	w := s.ask(s.chair, "POST", at+"?lang=sv", form)
	chosen := func(field, vote string) bool {
		return regexp.MustCompile(`name="` + field + `" value="` + vote + `" aria-label="[^"]*" checked`).MatchString(w.Body.String())
	}
	if w.Code != http.StatusOK || !chosen(mine, "against") || !chosen(theirs, "for") || !strings.Contains(w.Body.String(), "Den höjs.</textarea>") {
		t.Errorf("everybody else for answers %d: %s", w.Code, webtest.Visible(w.Body.String()))
	}
	if all := must(s.forum.Ballots(t.Context(), s.chair, s.item))(t); len(all) != 0 {
		t.Errorf("%d votes were cast by it", len(all))
	}
	form.Set("do", "draft")
	form.Set("method", "vote")
	if w := s.ask(s.chair, "POST", at, form); w.Code != http.StatusSeeOther {
		t.Fatalf("a draft answers %d", w.Code)
	}
	if page := s.page(s.chair, at+"?lang=sv"); !strings.Contains(page, "Innan beslutet kan antecknas") || !strings.Contains(page, "En som deltar saknar röst.") {
		t.Error("the item doesn't say which vote it lacks")
	}
}

func TestADeputyIsCalledInByAChoice(t *testing.T) {
	s := newMeetingSite(t)
	deputy := s.seat(s.steering, network.Deputy, network.Patient, "Vera Vara")
	going := "/n/se/meetings/" + string(s.going)
	at := going + "/items/" + string(s.item)
	call := regexp.MustCompile(`<option value="(` + string(s.seats[s.patient.Person]) + ` [^"]+)">Vera Vara för Maja Lindqvist<`).FindStringSubmatch(s.page(s.chair, at+"?lang=sv"))
	if call == nil {
		t.Fatal("no deputy is offered")
	}
	s.forward(time.Second)
	if w := s.ask(s.chair, "POST", going, url.Values{"do": {"call"}, "call": {call[1]}, "back": {at}}); w.Code != http.StatusSeeOther || w.Header().Get("Location") != at {
		t.Fatalf("calling in answers %d to %s", w.Code, w.Header().Get("Location"))
	}
	if page := s.page(deputy, going+"?lang=sv"); !strings.Contains(page, "Du är på plats") {
		t.Error("a deputy who stands in is asked whether they come")
	}
	if w := s.ask(s.chair, "POST", going, url.Values{"do": {"call"}, "call": {""}}); w.Code < 400 || w.Code >= 500 {
		t.Errorf("calling in nobody answers %d", w.Code)
	}
}

func TestMinutesFromTheBrowser(t *testing.T) {
	s := newMeetingSite(t)
	at := "/n/se/minutes/" + string(s.minutes)
	if w := s.ask(network.Actor{}, "GET", at, nil); w.Code != http.StatusNotFound {
		t.Errorf("minutes that nobody approved answer nobody %d", w.Code)
	}
	page := s.page(s.chair, at+"/edit")
	edit := url.Values{"version": {hidden(page, "version")}, "note": {"Ordföranden hälsade välkommen."}}
	if w := s.ask(s.chair, "POST", at+"/edit", edit); w.Code != http.StatusSeeOther {
		t.Fatalf("editing answers %d", w.Code)
	}
	edit.Set("note", "Min egen text.")
	w := s.ask(s.coord, "POST", at+"/edit", edit)
	if w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "Ordföranden hälsade välkommen.") || !strings.Contains(w.Body.String(), "Min egen text.") {
		t.Errorf("a stale edit answers %d, or one of the texts is lost", w.Code)
	}
	for _, who := range []network.Actor{s.chair, s.patient} {
		page := s.page(who, at)
		if w := s.ask(who, "POST", at, url.Values{"do": {"approve"}, "hash": {hidden(page, "hash")}}); w.Code != http.StatusSeeOther {
			t.Fatalf("approving answers %d", w.Code)
		}
	}
	if page := s.page(network.Actor{}, at+"?check=yes&lang=sv"); !strings.Contains(page, "förseglingen håller") || !strings.Contains(page, "Ordföranden hälsade välkommen.") {
		t.Error("sealed minutes don't show, or don't verify")
	}
	if w := s.ask(s.coord, "POST", at+"?lang=sv", url.Values{"do": {"redact"}, "part": {"person/0"}, "why": {"Begäran."}, "sure": {"yes"}}); w.Code != http.StatusSeeOther {
		t.Errorf("redacting answers %d", w.Code)
	}
	if page := s.page(network.Actor{}, at+"?check=yes&lang=sv"); !strings.Contains(page, "förseglingen håller") || !strings.Contains(page, "(namnet borttaget)") {
		t.Error("redacted minutes don't say so, or don't verify")
	}
}

func TestACirculationFromTheBrowser(t *testing.T) {
	s := newMeetingSite(t)
	at := "/n/se/circulations/" + string(s.circulation)
	for _, who := range []network.Actor{s.chair, s.patient} {
		if w := s.ask(who, "POST", at, url.Values{"do": {"answer"}, "seat": {string(s.seats[who.Person])}, "vote": {"for"}}); w.Code != http.StatusSeeOther {
			t.Fatalf("answering answers %d", w.Code)
		}
	}
	w := s.ask(s.chair, "POST", at, url.Values{"do": {"settle"}, "version": {"1"}})
	if to := w.Header().Get("Location"); w.Code != http.StatusSeeOther || !strings.Contains(to, "/decisions/") || !strings.Contains(s.page(s.chair, to), "Kansliet flyttar.") {
		t.Errorf("settling answers %d %s", w.Code, to)
	}
	s.page(s.chair, at)
}

func TestASeriesFromTheBrowser(t *testing.T) {
	s := newMeetingSite(t)
	form := url.Values{"do": {"save"}, "body": {string(s.steering)}, "name": {"Snabbmöten"}, "rhythm": {"weekly"}, "every": {"2"}, "weekday": {"4"}, "nth": {"1"}, "first": {"2026-12-01"}, "clock": {"08:15"}, "minutes": {"30"}, "convoke": {"7"}}
	form.Set("minutes", "tre")
	if w := s.ask(s.chair, "POST", "/n/se/series/new", form); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), `value="tre"`) {
		t.Errorf("a series of tre minutes answers %d", w.Code)
	}
	form.Set("minutes", "30")
	w := s.ask(s.chair, "POST", "/n/se/series/new", form)
	at := w.Header().Get("Location")
	if w.Code != http.StatusSeeOther {
		t.Fatalf("a series answers %d: %s", w.Code, webtest.Visible(w.Body.String()))
	}
	page := s.page(s.chair, at)
	for _, do := range []url.Values{{"do": {"generate"}, "n": {"4"}}, {"do": {"pause"}, "version": {hidden(page, "version")}, "reason": {"Sommar"}}} {
		if w := s.ask(s.chair, "POST", at, do); w.Code != http.StatusSeeOther {
			t.Errorf("%v answers %d: %s", do, w.Code, webtest.Visible(w.Body.String()))
		}
	}
	page = s.page(s.chair, at)
	if w := s.ask(s.chair, "POST", at, url.Values{"do": {"resume"}, "version": {hidden(page, "version")}}); w.Code != http.StatusSeeOther {
		t.Errorf("resuming answers %d", w.Code)
	}
}

var update = flag.Bool("update-minutes", false, "write the golden minutes anew")

// TestGoldenMinutes holds what minutes say, in three languages, to testdata.
func TestGoldenMinutes(t *testing.T) {
	s := newCouncil(t)
	seal := regexp.MustCompile(`sha256( [0-9a-f]{4}){16}`)
	blocks := regexp.MustCompile(`<(h1|h2|h3|li|p|dt|section|article|form)[ >]`)
	for _, lang := range []string{"sv", "nb", "en"} {
		_, page, _ := strings.Cut(s.page(network.Actor{}, "/n/se/minutes/"+string(s.sealed2)+"?lang="+lang), "<main")
		page, _, _ = strings.Cut(page, "</main>")
		var lines []string
		for _, line := range strings.Split(blocks.ReplaceAllString("<main"+page, "\n$0"), "\n") {
			if line = strings.TrimSpace(webtest.Visible(line)); line != "" {
				lines = append(lines, seal.ReplaceAllString(line, "sha256 …"))
			}
		}
		text := strings.Join(lines, "\n") + "\n"
		file := filepath.Join("testdata", "minutes."+lang+".txt")
		if *update {
			s.ok(os.MkdirAll("testdata", 0o755))
			s.ok(os.WriteFile(file, []byte(text), 0o644))
		}
		want, err := os.ReadFile(file)
		s.ok(err)
		if string(want) != text {
			t.Errorf("the minutes in %s are\n%s\nand should be\n%s", lang, text, want)
		}
	}
}

// at is a meeting's version.
func (s *meetingSite) at(id forum.MeetingID) int64 {
	s.t.Helper()
	return must(s.forum.Meeting(s.t.Context(), network.Clock(), id))(s.t).Version
}
