package web

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/federation/together"
	"github.com/samverk/samverk/internal/testnode"
	"github.com/samverk/samverk/lang"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/web/route"
	"github.com/samverk/samverk/web/webtest"
)

// seven are regions whose desk is one and the same; those that are named fail as it is said. Every number is so many times that of the node.
func seven(desk *answer.Desk, here bool, silent map[string]together.How) *Nation {
	titles := [...]string{"Norr", "Mellansverige", "Mälardalen", "Stockholm–Gotland", "Väst", "Sydöst", "Syd"}
	reply := func(i int, ask func() (answer.Answer, error)) (x together.Reply) {
		x = together.Reply{Node: strings.ToLower(titles[i][:3]), Title: titles[i], How: together.Answered, Took: time.Duration(7+i) * time.Millisecond}
		if h, fails := silent[titles[i]]; fails {
			x.How, x.Why = h, fault.New(fault.Unavailable, "no answer").Say("federation."+string(h))
			return x
		}
		if x.Answer, x.Why = ask(); fault.KindOf(x.Why) == fault.Denied {
			x.How = together.Denied
			x.Answer.Verdict = policy.Verdict{Policy: "care-frequency-4", Number: "2026-15", Decision: "d15", Network: "se"}
		}
		return x
	}
	return &Nation{
		Here: func() bool { return here }, Nodes: func() []together.Node { return make([]together.Node, len(titles)) },
		Named: func(_ string, v policy.Verdict) (string, string) { return "/n/se/decisions/" + v.Decision, "" },
		Ask: func(ctx context.Context, q together.Question) (a together.Answer, err error) {
			a.Asked = len(titles)
			var parts []answer.Answer
			one := sync.OnceValues(func() (answer.Answer, error) { // they share a budget
				if q.Region != nil {
					return desk.Region(ctx, answer.Region{Ask: q.Ask, Chrom: q.Region.Chrom, From: q.Region.From, To: q.Region.To})
				}
				return desk.Ask(ctx, answer.Question{Ask: q.Ask, Keys: q.Keys})
			})
			for i := range titles {
				x := reply(i, one)
				if a.Replies = append(a.Replies, x); x.How == together.Answered {
					a.Answered++
					parts = append(parts, x.Answer)
				}
			}
			if len(parts) == 0 {
				return a, nil
			}
			a.Keys = parts[0].Keys
			for k := range parts[0].Counts {
				a.Totals = append(a.Totals, times(parts[0].Counts[k], len(parts)))
			}
			return a, nil
		},
		Annotate: func(ctx context.Context, what answer.Annotation, in io.Reader, out io.Writer) (r together.Annotated, err error) {
			one, err := desk.Annotate(ctx, what, in, out)
			r.Records, r.Alleles, r.Known = one.Records, one.Alleles, one.Known
			for i := range titles {
				x := reply(i, func() (answer.Answer, error) { return answer.Answer{Verdict: one.Verdict}, nil })
				r.Parts = append(r.Parts, together.Part{Node: x.Node, Title: x.Title, How: x.How, Why: x.Why, Verdict: x.Answer.Verdict})
			}
			return r, err
		},
	}
}

func times(c answer.Count, n int) answer.Count {
	many := func(x policy.Cell) policy.Cell { return policy.Sum([]policy.Cell{x}, []int{n}) }
	return answer.Count{Covered: c.Covered, Assumed: c.Assumed, Carriers: many(c.Carriers), AC: many(c.AC), AN: many(c.AN), Het: many(c.Het), Hom: many(c.Hom), Hemi: many(c.Hemi), Individuals: many(c.Individuals)}
}

func nationTable(t *testing.T, silent map[string]together.How, adopt bool) *route.Table {
	t.Helper()
	n := testnode.Full(t)
	if adopt {
		n.Adopt(t, testnode.Preset(t, "care"))
	}
	return publicTable(t, n, Options{Nation: seven(n.Desk, false, silent)})
}

// The total never stands without how many regions it is of, and who is silent is named with what that means.
func TestTheNationsAnswer(t *testing.T) {
	all, none := nationTable(t, nil, true), nationTable(t, nil, false)
	silent := map[string]together.How{"Sydöst": together.Late, "Norr": together.Unreachable}
	part := nationTable(t, silent, true)
	broken := nationTable(t, map[string]together.How{"Norr": together.Late, "Mellansverige": together.Late, "Mälardalen": together.Late, "Stockholm–Gotland": together.Failed, "Väst": together.Refused, "Sydöst": together.Late, "Syd": together.Late}, true)
	for _, c := range []struct {
		name  string
		table *route.Table
		query string
		code  int
		says  []string
		never []string
	}{
		{"all", all, carried, 200, []string{"All 7 regions answered.", "people counted for care carry it", "7 of 7 regions", "Allowed in Norr, Mellansverige", "decision 2026-14", "Allele"}, []string{"Not in any number"}},
		{"part", part, carried, 200, []string{"Answer from 5 of 7 regions", "5 of 7 regions answered.", "Not in any number here: Norr and Sydöst.", "Ask again later for a total of all regions", "Sydöst Did not answer in time", "Norr Could not be reached"}, []string{"All 7"}},
		{"rare", part, assumed, 200, []string{"5 of 7 regions answered.", "–", "are told as a range"}, nil},
		{"zero", all, zero, 200, []string{"All 7 regions answered."}, nil},
		{"region", part, region, 200, []string{"Answer from 5 of 7 regions: carried in", "5 of 7 regions answered."}, nil},
		{"denied", none, carried, 403, []string{"Answer from 0 of 7 regions", "None of 7 regions answered.", "They follow decisions", "decision 2026-15"}, []string{"people counted"}},
		{"nobody", broken, carried, 503, []string{"None of 7 regions answered. There is no number to give. That is no zero.", "do not trust each other’s messages"}, []string{"people counted"}},
	} {
		for _, code := range lang.Codes {
			v := visitor{t: t, table: c.table, person: "linda"}
			w := v.ask(c.query, "lang", code)
			text := told(w.Body.String())
			if w.Code != c.code || strings.Contains(text, "[nation") {
				t.Errorf("%s, %s: %d %s", c.name, code, w.Code, text)
			}
			for _, want := range c.says {
				if code == "en" && !strings.Contains(text, want) {
					t.Errorf("%s: no %q in %s", c.name, want, text)
				}
			}
			for _, not := range c.never {
				if code == "en" && strings.Contains(text, not) {
					t.Errorf("%s: %q in %s", c.name, not, text)
				}
			}
		}
	}
}

// Who is both chooses; the operator, whom other nodes don't know, asks their own.
func TestAllRegionsOrThisNode(t *testing.T) {
	n := testnode.Full(t)
	n.Adopt(t, testnode.Preset(t, "care"))
	v := visitor{t: t, table: publicTable(t, n, Options{Nation: seven(n.Desk, true, nil)}), person: "linda"}
	for want, more := range map[string][]string{"All 7 regions answered.": {}, "Allowed by decision 2026-14 ,": {"where", "here"}} {
		if text := told(v.ask(carried, more...).Body.String()); !strings.Contains(text, want) || !strings.Contains(text, "All 7 regions Only this node") {
			t.Errorf("%v: no %q in %s", more, want, text)
		}
	}
	if w := v.as("").ask(carried, "where", "all"); w.Code != 403 {
		t.Error("nobody known asks the nation:", w.Code)
	}
	alone := testnode.Full(t)
	op := visitor{t: t, table: publicTable(t, alone, Options{Nation: seven(alone.Desk, true, nil)}), person: "operator"}
	if text := told(op.ask(carried).Body.String()); strings.Contains(text, "regions answered") {
		t.Error("the operator asks all regions without saying so:", text)
	}
}

// A clinician's own patient is left out by the token of the case, of which the address says nothing unless they typed it.
func TestTheOwnCaseIsSaid(t *testing.T) {
	n := testnode.Full(t)
	n.Adopt(t, testnode.Preset(t, "care"))
	nation, asked := seven(n.Desk, false, nil), ""
	ask := nation.Ask
	nation.Ask = func(ctx context.Context, q together.Question) (together.Answer, error) {
		asked = q.Case
		return ask(ctx, q)
	}
	v := visitor{t: t, table: publicTable(t, n, Options{Nation: nation}), person: "linda"}
	send := func(name string) *httptest.ResponseRecorder {
		body := url.Values{"q": {carried}, "purpose": {"care"}, "case": {name}}.Encode()
		return v.do("POST", "/ask", "application/x-www-form-urlencoded", []byte(body))
	}
	if w := send("north:K7QX2MZP"); w.Code != 200 || asked != "north:K7QX2MZP" || !strings.Contains(w.Body.String(), "Leave my own patient out") {
		t.Error(w.Code, asked)
	}
	if w := send(""); w.Code != 303 || strings.Contains(w.Header().Get("Location"), "case") || !strings.Contains(w.Header().Get("Location"), "q="+carried) {
		t.Error("a question with an address:", w.Code, w.Header().Get("Location"))
	}
	if w := v.ask(carried, "case", "north:K7QX2MZP"); w.Code != 400 || !strings.Contains(w.Body.String(), `id="case-wrong"`) {
		t.Error("a token in an address:", w.Code)
	}
	if w := send("north:no such"); w.Code != 400 || !strings.Contains(w.Body.String(), `id="case-wrong"`) {
		t.Error("a token that is none:", w.Code)
	}
}

// The files have a row of each region, and last a total that says of how many it is.
func TestTheNationsFiles(t *testing.T) {
	v := visitor{t: t, table: nationTable(t, map[string]together.How{"Sydöst": together.Late}, true), person: "linda"}
	for query, variants := range map[string]int{carried: 1, region: 0} {
		w := v.ask(query, "format", "json")
		var rows []map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &rows); err != nil || w.Code != 200 {
			t.Fatal(w.Code, err, w.Body.String())
		}
		if variants > 0 && len(rows) != 8*variants {
			t.Errorf("%d rows", len(rows))
		}
		last := rows[len(rows)-1]
		if last["region"] != total || last["regions_asked"] != 7.0 || last["regions_answered"] != 6.0 || last["ac"] == nil {
			t.Errorf("%s: %v", query, last)
		}
		late := 0
		for _, r := range rows {
			if r["how"] == "late" && r["ac"] == nil && r["why"] == "federation.late" {
				late++
			}
		}
		if late != 1 {
			t.Errorf("%s: the silent region has %d rows", query, late)
		}
	}
	if w := v.ask(carried, "format", "csv"); !strings.HasPrefix(w.Body.String(), strings.Join(nationColumns, ",")) {
		t.Error(w.Body.String())
	}
}

// A file is annotated over the regions, and says of how many its counts are.
func TestAnnotatedByTheRegions(t *testing.T) {
	v := visitor{t: t, table: nationTable(t, map[string]together.How{"Sydöst": together.Late}, true), person: "linda"}
	page, w := v.as("linda").annotate(map[string]string{"purpose": "care"}, []byte(pasted))
	if text := told(w.Body.String()); page == "" || !strings.Contains(text, "6 of 7 regions answered. The counts in the file are of them.") || !strings.Contains(text, "Not in any number here: Sydöst") {
		t.Error(page, text)
	}
}

func TestTheNationInABrowser(t *testing.T) {
	browser := webtest.Open(t)
	silent := map[string]together.How{"Sydöst": together.Late}
	at := func(table *route.Table) string {
		s := httptest.NewServer(as("linda", http.Handler(table)))
		t.Cleanup(s.Close)
		return s.URL
	}
	part, denied := at(nationTable(t, silent, true)), at(nationTable(t, nil, false))
	for i, s := range []struct{ name, url string }{
		{"nation", part + "/ask?q=" + carried + "&purpose=care&"},
		{"nation-few", part + "/ask?q=" + assumed + "&purpose=care&"},
		{"nation-region", part + "/ask?q=" + region + "&purpose=care&"},
		{"nation-denied", denied + "/ask?q=" + carried + "&purpose=care&"},
	} {
		code := lang.Codes[(i+1)%len(lang.Codes)]
		t.Run(s.name+"-"+code, func(t *testing.T) {
			browser.Go(t, s.url+"lang="+code)
			browser.Judge(t, s.name+"-"+code)
		})
	}
}
