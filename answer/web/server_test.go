package web

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
)

// newTable gives the whole site over a desk.
func newTable(t testing.TB, desk *answer.Desk, o Options) *route.Table {
	t.Helper()
	table, _ := newRoom(t, desk, o)
	return table
}

func newRoom(t testing.TB, desk *answer.Desk, o Options) (*route.Table, *Room) {
	t.Helper()
	site, err := web.New(web.Options{Name: "North", Demo: o.Demo})
	if err != nil {
		t.Fatal(err)
	}
	table := route.NewTable(route.Options{Refused: site.CrossOrigin(), Wrap: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { // who is signed in, as a test says
			if person := r.Header.Get("X-Person"); person != "" && person != "operator" {
				r = web.WithViewer(r, web.Viewer{Person: person, Name: person})
			}
			next.ServeHTTP(w, r)
		})
	}})
	site.Register(table)
	o.Dir = filepath.Join(t.TempDir(), "annotating")
	room, err := Register(table, site, desk, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := room.Close(); err != nil {
			t.Error(err)
		}
	})
	return table, room
}

func demoOptions(f fixture) Options {
	return Options{
		Examples: []Example{
			{"common", carried, consent.Care}, {"rare", assumed, consent.Research},
			{"region", region, consent.Care}, {"nobody", zero, consent.Care},
		},
		Demo: true,
	}
}

func newServer(t *testing.T, f fixture) string {
	t.Helper()
	s := httptest.NewServer(newTable(t, f.desk, demoOptions(f)))
	t.Cleanup(s.Close)
	return s.URL
}

func newEmptyServer(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(newTable(t, emptyDesk(t), Options{}))
	t.Cleanup(s.Close)
	return s.URL
}

const pasted = "##fileformat=VCFv4.3\n##contig=<ID=chr22,length=50818468>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n" +
	"chr22\t50000165\t.\tC\tT\t.\tPASS\tDP=31\nchr22\t50000301\t.\tG\tA,C\t.\tPASS\tDP=20\n"
