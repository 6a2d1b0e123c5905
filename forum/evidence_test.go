package forum

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/network"
)

var references = []struct {
	typed string
	want  Reference
}{
	{"10.1056/NEJMoa2115092", Reference{DOI, "10.1056/nejmoa2115092"}},
	{" doi:10.1000/182 ", Reference{DOI, "10.1000/182"}},
	{"https://doi.org/10.1000/a(b)<c>", Reference{}},
	{"https://dx.doi.org/10.1000/182", Reference{DOI, "10.1000/182"}},
	{"PMID: 31315385", Reference{PMID, "31315385"}},
	{"31315385", Reference{PMID, "31315385"}},
	{"https://pubmed.ncbi.nlm.nih.gov/31315385/", Reference{PMID, "31315385"}},
	{"https://helsebiblioteket.example/31315385", Reference{URL, "https://helsebiblioteket.example/31315385"}},
	{"https://31315385", Reference{URL, "https://31315385"}},
	{"javascript:alert(1)", Reference{}},
	{"https://user@example.org/", Reference{}},
	{"https://example.org/a b", Reference{}},
	{"", Reference{}},
}

func TestReferences(t *testing.T) {
	for _, c := range references {
		r, err := ParseReference(c.typed)
		if (err != nil) != (c.want == Reference{}) || r != c.want {
			t.Errorf("%q is %+v, %v", c.typed, r, err)
		}
	}
}

func FuzzReference(f *testing.F) {
	for _, c := range references {
		f.Add(c.typed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		r, err := ParseReference(typed)
		if err != nil {
			return
		}
		u, err := url.Parse(r.Href())
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || r.Kind != URL && u.Hostname() != map[ReferenceKind]string{DOI: "doi.org", PMID: "pubmed.ncbi.nlm.nih.gov"}[r.Kind] {
			t.Errorf("%q leads to %q", typed, r.Href())
		}
		if again, err := ParseReference(r.Href()); r.Kind != URL && (err != nil || again.Kind != r.Kind) {
			t.Errorf("%q, by its address %q, is %+v, %v", typed, r.Href(), again, err)
		}
	})
}

func TestFilesAreFetchedByWhoSeesTheTopic(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, ctx := open(t, dsn), t.Context()
		x := w.raise(w.plain, w.west, network.BodyOnly, "Underlag")
		_, err := w.Attach(ctx, w.north.member, x.ID, "a.pdf", strings.NewReader("x"))
		w.is(fault.NotFound, err)
		_, err = w.Attach(ctx, w.plain, x.ID, "a.pdf", strings.NewReader(""))
		w.is(fault.Invalid, err)
		_, err = w.Attach(ctx, w.plain, x.ID, "stor", io.LimitReader(endless{}, fileLimit+1))
		w.is(fault.Invalid, err)
		id := got(w.Attach(ctx, w.plain, x.ID, `C:\tmp\..rapport: "æ".pdf`, strings.NewReader("Innhold")))(t)
		c := got(w.Fetch(ctx, w.west.member, w.root, id))(t)
		b := got(io.ReadAll(c))(t)
		if string(b) != "Innhold" || c.Name != "rapport_ _æ_.pdf" || c.State != Unscanned || c.Close() != nil {
			t.Errorf("fetched %q, %+v", b, c.Attachment)
		}
		_, err = w.Fetch(ctx, w.north.member, w.root, id)
		w.is(fault.NotFound, err)
		got(w.AddEvidence(ctx, w.plain, x.ID, Citing{File: id, Title: "Rapport"}))(t)
		_, err = w.AddEvidence(ctx, w.plain, x.ID, Citing{File: id, Title: "Rapport"})
		w.is(fault.Conflict, err)
		files, release, err := w.Pin()
		if len(files) != 1 || err != nil {
			t.Errorf("a backup has %v, %v", files, err)
		}
		release()
		w.ok(w.RemoveFile(ctx, w.west.chair, x.ID, id))
		w.ok(w.FilesDue(ctx))
		if _, err := os.Stat(files[0].Path); err != nil {
			t.Error("swept too early")
		}
		w.forward(2 * day)
		w.ok(w.FilesDue(ctx))
		if _, err := os.Stat(files[0].Path); err == nil {
			t.Error("not swept")
		}
	})
}

type endless struct{}

func (endless) Read(b []byte) (int, error) { return len(b), nil }

func TestTheScannerIsAsked(t *testing.T) {
	w, ctx := open(t, testkit.SQLite(t)), t.Context()
	path := t.TempDir() + "/clamd"
	w.scanner = "unix:" + path
	x := w.raise(w.plain, w.west, network.Public, "Underlag")
	id := got(w.Attach(ctx, w.plain, x.ID, "a", strings.NewReader("ren")))(t)
	_, err := w.Fetch(ctx, w.plain, w.root, id)
	w.is(fault.Unavailable, err)
	clamd(t, path)
	_, err = w.Attach(ctx, w.plain, x.ID, "b", strings.NewReader("EICAR"))
	w.is(fault.Invalid, err)
	w.ok(w.FilesDue(ctx))
	if c := got(w.Fetch(ctx, w.plain, w.root, id))(t); c.State != Clean || c.Close() != nil {
		t.Errorf("%+v", c.Attachment)
	}
}

// clamd answers as the real one does.
func clamd(t *testing.T, path string) {
	l := got(net.Listen("unix", path))(t)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			in := bufio.NewReader(c)
			if s, _ := in.ReadString(0); s != "zINSTREAM\x00" {
				t.Errorf("asked %q", s)
			}
			var all []byte
			for n := uint32(1); n > 0; {
				if err := binary.Read(in, binary.BigEndian, &n); err != nil {
					t.Error(err)
				}
				block := make([]byte, n)
				_, _ = io.ReadFull(in, block)
				all = append(all, block...)
			}
			answer := "stream: OK\x00"
			if strings.Contains(string(all), "EICAR") {
				answer = "stream: Eicar-Test-Signature FOUND\x00"
			}
			_, _ = io.WriteString(c, answer)
			_ = c.Close()
		}
	}()
}

func TestAMeetingsPapersAreItsBodys(t *testing.T) {
	w, ctx := open(t, testkit.SQLite(t)), t.Context()
	b := w.board()
	m := w.convened(b, 20)
	_, err := w.AttachToMeeting(ctx, w.plain, m.ID, "", "Vedlegg", "a.pdf", strings.NewReader("x"))
	w.is(fault.Denied, err)
	id := got(w.AttachToMeeting(ctx, w.coord, m.ID, "", "Vedlegg", "a.pdf", strings.NewReader("x")))(t)
	if c := got(w.Fetch(ctx, b.chair, w.root, id))(t); c.Name != "a.pdf" || c.Close() != nil {
		t.Errorf("%+v", c.Attachment)
	}
	_, err = w.Fetch(ctx, w.plain, w.root, id)
	w.is(fault.NotFound, err)
}
