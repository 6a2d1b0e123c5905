package web

import (
	"net/http/httptest"
	"testing"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
)

// newTable gives the whole site over a desk.
func newTable(t testing.TB, desk *answer.Desk, o Options) *route.Table {
	t.Helper()
	site, err := web.New(web.Options{Name: "North", Demo: o.Demo != nil})
	if err != nil {
		t.Fatal(err)
	}
	table := route.NewTable(route.Options{Refused: site.CrossOrigin()})
	site.Register(table)
	if err := Register(table, site, desk, o); err != nil {
		t.Fatal(err)
	}
	return table
}

func demoOptions(f fixture) Options {
	return Options{
		Examples: []Example{
			{"common", carried, consent.Care}, {"rare", assumed, consent.Research},
			{"region", region, consent.Care}, {"nobody", zero, consent.Care},
		},
		Demo: &Demo{},
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
