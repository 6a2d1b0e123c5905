package web

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/internal/testnode"
)

func testJobs(t *testing.T) *jobs {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "annotating")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "left"), []byte("by a crash"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := newJobs(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func names(t *testing.T, s *jobs) int {
	t.Helper()
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// A job that waits for its turn, or is at work, ends when it is cancelled; nothing of it has ever had a name.
func TestJobIsCancelled(t *testing.T) {
	n, s, of := testnode.Full(t), testJobs(t), owner{"linda", "browser"}
	if names(t, s) != 0 {
		t.Error("what a crash left is there")
	}
	for range atOnce {
		s.work <- struct{}{} // others are at work
	}
	j, err := s.reserve(of)
	if err != nil {
		t.Fatal(err)
	}
	if _, there := s.find(j.id, of); there {
		t.Error("a file that is still coming is shown")
	}
	if j.size, err = take(j, strings.NewReader(pasted)); err != nil {
		t.Fatal(err)
	}
	if mode, err := j.in.Stat(); err != nil || mode.Mode().Perm() != 0o600 || names(t, s) != 0 {
		t.Error("others can reach it:", mode, err)
	}
	j.what = answer.Annotation{Ask: testnode.Operator(consent.Care)}
	s.start(j, (&Room{desk: n.Desk}).annotator(j))
	if now, there := s.find(j.id, of); !there || now.state != waiting {
		t.Errorf("%+v %t", now, there)
	}
	for _, other := range []owner{{}, {"linda", ""}, {"", "browser"}, {"linda", "another"}} {
		if _, there := s.find(j.id, other); there {
			t.Errorf("%+v sees it", other)
		}
	}
	s.remove(j)
	<-j.done
	if _, there := s.find(j.id, of); there || len(s.own(of)) != 0 {
		t.Error("it is there")
	}
	<-s.work
	j, err = s.reserve(of)
	if err != nil {
		t.Fatal(err)
	}
	if j.size, err = take(j, strings.NewReader("no VCF at all")); err != nil {
		t.Fatal(err)
	}
	j.what = answer.Annotation{Ask: testnode.Operator(consent.Care)}
	s.start(j, (&Room{desk: n.Desk}).annotator(j))
	<-j.done
	now, _ := s.find(j.id, of)
	if now.state != failed || fault.KindOf(now.err) != fault.Invalid {
		t.Errorf("%s %v", now.state, now.err)
	}
	if _, _, ok := s.take(j); ok {
		t.Error("what failed has a result")
	}
	<-s.work // the other's
	if err := s.close(); err != nil {
		t.Error(err)
	}
	if _, err := s.reserve(of); err == nil {
		t.Error("a place after the end")
	}
}

// A result is sent once, and again if it broke off on the way; meanwhile nobody else gets it.
func TestResultIsSentOnce(t *testing.T) {
	n, s, of := testnode.Full(t), testJobs(t), owner{"", "browser"}
	j, err := s.reserve(of)
	if err != nil {
		t.Fatal(err)
	}
	if j.size, err = take(j, strings.NewReader(pasted)); err != nil {
		t.Fatal(err)
	}
	j.what = answer.Annotation{Ask: testnode.Operator(consent.Care)}
	s.start(j, (&Room{desk: n.Desk}).annotator(j))
	<-j.done
	_, sent, ok := s.take(j)
	if _, _, twice := s.take(j); !ok || twice {
		t.Fatal("it is sent twice at once, or not at all")
	}
	sent(false)
	again, sent, ok := s.take(j)
	if !ok || again.Size() < j.size {
		t.Fatal("it was lost on the way")
	}
	s.remove(j) // its hour is over while it is sent
	b := make([]byte, 2)
	if _, err := again.Read(b); err != nil || string(b) != "##" {
		t.Error("it was cut:", err)
	}
	sent(true)
	if _, there := s.find(j.id, of); there {
		t.Error("it is there")
	}
	if err := s.close(); err != nil {
		t.Error(err)
	}
}

func TestTooMuchIsRefused(t *testing.T) {
	w := httptest.NewRecorder()
	b := &bounded{w: w, left: 3}
	if _, err := b.Write([]byte("abc")); err != nil {
		t.Error(err)
	}
	if _, err := b.Write([]byte("d")); fault.KindOf(err) != fault.Invalid || w.Body.Len() != 3 {
		t.Error(err)
	}
}

// The page of a job says how far it has come, renews itself, and cancels it.
func TestJobUnderWay(t *testing.T) {
	n := testnode.Full(t)
	table, room := newRoom(t, n.Desk, Options{})
	for range atOnce {
		room.jobs.work <- struct{}{} // others are at work
	}
	v := &visitor{t: t, table: table}
	kind, body := uploadForm(t, map[string]string{"purpose": "care"}, []byte(pasted))
	page := v.do("POST", "/annotate", kind, body).Header().Get("Location")
	w := v.do("GET", page, "", nil)
	if text := told(w.Body.String()); w.Code != 200 || !strings.Contains(text, "The file waits for its turn") || !strings.Contains(w.Body.String(), `hx-get="`+page+`?state=waiting-0-0-0"`) {
		t.Error(w.Code, text)
	}
	if w := v.do("GET", page+"?state=waiting-0-0-0", "", nil); w.Code != 204 {
		t.Error("nothing has changed:", w.Code)
	}
	for state, says := range map[string]bool{"waiting-0-7-0": false, "running-0-0-0": true, "": true} { // a screen reader hears of it seldom
		page := v.do("GET", page+"?state="+state, "", nil).Body.String()
		if _, exchanged, _ := strings.Cut(page, `id="job"`); strings.Contains(page, `id="said"`) != says || strings.Contains(exchanged, `role="status"`) {
			t.Errorf("after %q it is said to be %v", state, !says)
		}
	}
	if text := told(v.do("GET", "/annotate", "", nil).Body.String()); !strings.Contains(text, "Your files A file is being annotated") {
		t.Error(text)
	}
	if w := v.do("POST", page+"/file", "", nil); w.Code != 303 {
		t.Error("there is no result yet:", w.Code)
	}
	if w := v.do("POST", page+"/cancel", "", nil); w.Code != 303 || !strings.Contains(told(v.do("GET", w.Header().Get("Location"), "", nil).Body.String()), "It is removed") {
		t.Error(w.Code)
	}
	if w := v.do("GET", page, "", nil); w.Code != 404 {
		t.Error("cancelled:", w.Code)
	}
	for range atOnce {
		<-room.jobs.work
	}
}
