package web

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/web/webtest"
)

// upload sends a form with files: pairs of a field and its value, then pairs of a file's name and what is in it.
func (s *frontSite) upload(who network.Actor, at string, fields, files []string) *httptest.ResponseRecorder {
	s.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for i := 0; i+1 < len(fields); i += 2 {
		s.ok(m.WriteField(fields[i], fields[i+1]))
	}
	for i := 0; i+1 < len(files); i += 2 {
		must(must(m.CreateFormFile("file", files[i]))(s.t).Write([]byte(files[i+1])))(s.t)
	}
	s.ok(m.Close())
	r := httptest.NewRequest("POST", at, &b)
	r.Header.Set("Content-Type", m.FormDataContentType())
	r.AddCookie(&http.Cookie{Name: "test-person", Value: string(who.Person)})
	w := httptest.NewRecorder()
	s.table.ServeHTTP(w, r)
	return w
}

var fileLink = regexp.MustCompile(`href="(/n/se/files/[^"]+)"`)

// TestPapersOfAMeeting adds files and an address, makes mistakes, and withdraws.
func TestPapersOfAMeeting(t *testing.T) {
	s := newMeetingSite(t)
	meeting := "/n/se/meetings/" + string(s.going)
	at := meeting + "/papers"
	w := s.upload(s.chair, at, []string{"do", "add", "item", string(s.item), "shown", "group"}, []string{"belopp.txt", "Hundra kronor.", "resor.txt", "Tåg."})
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != at+"?done=added" {
		t.Fatalf("adding papers answers %d: %s", w.Code, webtest.Visible(w.Body.String()))
	}
	page := s.page(s.patient, meeting+"?lang=sv")
	links := fileLink.FindAllStringSubmatch(page, -1)
	if len(links) < 2 || !strings.Contains(page, "belopp.txt") || !strings.Contains(page, "14\u00a0byte") || !strings.Contains(page, "Kom sent") {
		t.Fatalf("the meeting's page doesn't say how large the papers are, or that they are late: %s", webtest.Visible(page))
	}
	link := fileLink.FindStringSubmatch(s.page(s.patient, at))[1]
	if w := s.ask(s.patient, "GET", link, nil); w.Code != http.StatusOK || w.Body.String() != "Hundra kronor." {
		t.Errorf("the paper answers its body %d %s", w.Code, w.Body)
	}
	for _, path := range []string{link, at} {
		if w := s.ask(s.plain, "GET", path, nil); w.Code != http.StatusNotFound {
			t.Errorf("%s answers others %d", path, w.Code)
		}
	}
	if page := s.page(s.patient, at); strings.Contains(page, "<form class=\"smv-form\"") {
		t.Error("who doesn't run the meeting has a form to add papers")
	}
	if w := s.upload(s.patient, at, []string{"do", "add"}, []string{"x.txt", "x"}); w.Code != http.StatusForbidden {
		t.Errorf("adding, without running the meeting, answers %d", w.Code)
	}

	// One of two is empty: the other is there, and what was typed stays.
	w = s.upload(s.chair, at+"?lang=sv", []string{"do", "add", "item", string(s.item), "shown", "group"}, []string{"tom.txt", "", "bilaga.txt", "Bilaga."})
	if body := w.Body.String(); w.Code != http.StatusBadRequest || !strings.Contains(body, "tom.txt: Filen är tom") || !strings.Contains(body, "1 annan fil") || !strings.Contains(body, `value="`+string(s.item)+`" selected`) {
		t.Errorf("an empty file answers %d: %s", w.Code, webtest.Visible(body))
	}
	if !strings.Contains(s.page(s.chair, at), "bilaga.txt") {
		t.Error("the file beside the empty one was not added")
	}
	for name, c := range map[string]struct {
		fields []string
		want   string
	}{
		"nothing":        {[]string{"do", "add"}, "Välj en fil"},
		"no title":       {[]string{"do", "add", "url", "https://example.org/a"}, "Fyll i det här"},
		"no web address": {[]string{"do", "add", "url", "javascript:alert(1)", "title", "Lag"}, `value="Lag"`},
		"another’s item": {[]string{"do", "add", "url", "https://example.org/a", "title", "Lag", "item", "x"}, "Välj ett av"},
		"no topic":       {[]string{"do", "add", "url", "https://example.org/a", "title", "Lag", "item", string(s.item), "shown", "topic"}, "som gäller en fråga"},
		"long":           {[]string{"do", "add", "url", "https://example.org/a", "title", strings.Repeat("å", 400)}, "högst"},
	} {
		if w := s.upload(s.chair, at+"?lang=sv", c.fields, nil); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%s answers %d: %s", name, w.Code, webtest.Visible(w.Body.String()))
		}
	}
	if w := s.upload(s.chair, at+"?lang=sv", []string{"do", "add"}, []string{"stor.bin", strings.Repeat("x", 33<<20)}); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "ds-error-summary") {
		t.Errorf("too much answers %d", w.Code)
	}
	if w := s.upload(s.chair, at, []string{"do", "add", "url", "https://example.org/lag", "title", "Lagen"}, nil); w.Code != http.StatusSeeOther || !strings.Contains(s.page(s.chair, at), `href="https://example.org/lag"`) {
		t.Errorf("an address answers %d", w.Code)
	}

	paper := regexp.MustCompile(`\?withdraw=([^"]+)"`).FindStringSubmatch(s.page(s.chair, at))[1]
	ask := s.page(s.chair, at+"?lang=sv&withdraw="+paper)
	if !strings.Contains(ask, "Dra tillbaka ”") {
		t.Errorf("it isn't asked: %s", webtest.Visible(ask))
	}
	form := url.Values{"do": {"withdraw"}, "withdraw": {paper}, "reason": {""}}
	if w := s.ask(s.chair, "POST", at+"?lang=sv", form); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "Dra tillbaka ”") {
		t.Errorf("without a reason it answers %d", w.Code)
	}
	form.Set("reason", "Fel version.")
	if w := s.ask(s.patient, "POST", at, form); w.Code != http.StatusForbidden {
		t.Errorf("withdrawing, without running the meeting, answers %d", w.Code)
	}
	if w := s.ask(s.chair, "POST", at, form); w.Code != http.StatusSeeOther {
		t.Errorf("withdrawing answers %d", w.Code)
	}
	for _, lang := range []string{"sv", "nb", "en"} {
		for _, path := range []string{at, meeting} {
			page := s.page(s.patient, path+"?lang="+lang)
			if left := webtest.Leftovers(webtest.Visible(page)); len(left) > 0 || !strings.Contains(page, "Fel version.") || !strings.Contains(page, "<s>") {
				t.Errorf("%s in %s doesn't show what was withdrawn: %v", path, lang, left)
			}
		}
	}
}

// TestAPaperBesideATopic is seen by whoever sees the topic.
func TestAPaperBesideATopic(t *testing.T) {
	c := newCouncil(t)
	chair := c.people["Karin Alm"]
	at := "/n/se/meetings/" + string(c.now) + "/papers"
	c.has(c.page(chair, at+"?lang=sv"), "Den som ser frågan")
	w := c.upload(chair, at, []string{"do", "add", "item", string(c.now3), "shown", "topic", "title", "Underlag"}, []string{"underlag.txt", "Om resor."})
	if w.Code != http.StatusSeeOther {
		t.Fatalf("it answers %d: %s", w.Code, webtest.Visible(w.Body.String()))
	}
	c.has(c.page(chair, at), "Underlag")
	link := fileLink.FindStringSubmatch(c.page(network.Actor{}, "/n/se/topics/"+string(c.about())))
	if len(link) < 2 || c.ask(network.Actor{}, "GET", link[1], nil).Body.String() != "Om resor." {
		t.Errorf("the file beside a public topic isn't everybody's: %v", link)
	}
}

// TestAPaperThatIsNotFoundCleanIsNoLink holds that a file in quarantine, or one in which something was found, can't be pressed.
func TestAPaperThatIsNotFoundCleanIsNoLink(t *testing.T) {
	s := newMeetingSite(t)
	v := must(s.forum.Meeting(t.Context(), s.chair, s.going))(t)
	n, _ := s.network.Tree().Root("se")
	pages := must(s.site.Room(files))(t)
	v.Papers = nil
	for _, state := range []forum.ScanState{forum.Clean, forum.Unscanned, forum.Quarantine, forum.Infected} {
		v.Papers = append(v.Papers, forum.Paper{ID: string(state), Title: string(state), File: forum.FileID(state)})
	}
	of := forum.PaperFiles{Files: map[forum.FileID]forum.Attachment{}}
	for _, p := range v.Papers {
		of.Files[p.File] = forum.Attachment{ID: p.File, Size: 3, State: forum.ScanState(p.File)}
	}
	for _, row := range paperRows(pages.Words(httptest.NewRequest("GET", "/", nil)), n, v, of)[""] {
		if want := row.State == forum.Clean || row.State == forum.Unscanned; (row.Link != "") != want || row.Size != 3 {
			t.Errorf("%s leads to %q", row.State, row.Link)
		}
	}
}
