package beacon

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/federation"
	"github.com/samverk/samverk/federation/together"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/internal/testnode"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/storage"
)

// region is a node of a nation, served over HTTP.
type region struct {
	*testnode.Node
	nodes *federation.Nodes
	stub  atomic.Pointer[http.HandlerFunc] // answers instead
}

func member(t *testing.T, name, dir string) *region {
	t.Helper()
	db, err := storage.Open(t.Context(), "sqlite:"+filepath.Join(dir, "federation.db"), storage.Options{Migrations: []fs.FS{federation.Migrations}})
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	r := &region{}
	r.nodes, err = federation.Open(t.Context(), db, dir, federation.Options{Status: func(context.Context) federation.Status { return federation.Status{Holds: name != "nation"} }})
	must(t, err)
	t.Cleanup(r.nodes.Close)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if stub := r.stub.Load(); stub != nil {
			(*stub)(w, q)
			return
		}
		r.nodes.ServeHTTP(w, q)
	}))
	t.Cleanup(server.Close)
	must(t, r.nodes.Init(t.Context(), federation.Identity{Name: name, Title: "Region " + name, URL: server.URL, Country: "SE"}))
	return r
}

// newNation is a node that holds nobody, and those who answer it.
func newNation(t *testing.T, names ...string) (caller, map[string]*region) {
	t.Helper()
	at, regions := member(t, "nation", t.TempDir()), map[string]*region{}
	for _, name := range names {
		node := testnode.Open(t)
		r := member(t, name, node.Dir)
		r.Node, regions[name] = node, r
		together.Answering(r.nodes, node.Desk)
		invitation, err := at.nodes.Invite(t.Context())
		must(t, err)
		_, err = r.nodes.Join(t.Context(), invitation)
		must(t, err)
		self, _ := r.nodes.Self()
		must(t, at.nodes.Approve(t.Context(), name, self.KeyID()))
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		ready := 0
		for name, r := range regions {
			p, _ := at.nodes.Peer(name)
			if back, _ := r.nodes.Peer("nation"); p.State == federation.Approved && p.Said.Holds && back.State == federation.Approved {
				ready++
			}
		}
		if ready == len(names) {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the nodes don't know each other")
		}
	}
	return newCallerOf(t, Nation(together.New(at.nodes, together.Options{Deadline: 2 * time.Second}), at.nodes)), regions
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (r *region) answers(t *testing.T, stub http.HandlerFunc) {
	if r.stub.Store(&stub); stub == nil {
		r.stub.Store(nil)
	}
}

// exact is a policy by which clinicians are told numbers as they are.
func exact(t *testing.T) policy.Draft {
	d := testnode.Preset(t, "care")
	d.Rules[0].K, d.Rules[0].Zero = 0, false
	d.Rules[0].Budget.Asker, d.Rules[0].Budget.Organisation = 1_000_000, 1_000_000
	return d
}

// existsOnly is a policy by which clinicians are told yes or no.
func existsOnly(t *testing.T) policy.Draft {
	d := testnode.Preset(t, "care")
	d.Rules = d.Rules[:1]
	d.Rules[0].Questions, d.Rules[0].Precision, d.Rules[0].K = []policy.Kind{policy.Exists}, policy.YesNo, 5
	d.Rules[0].Zero = false
	return d
}

// nodesOf are what a nation's answer tells of each node, by name.
func nodesOf(t *testing.T, d sent) map[string]map[string]any {
	t.Helper()
	out := map[string]map[string]any{}
	all, _ := d.Info["nodes"].([]any)
	for _, x := range all {
		one := x.(map[string]any)
		out[one["node"].(string)] = one
	}
	if fmt.Sprint(d.Info["asked"]) != fmt.Sprint(len(out)) {
		t.Errorf("%v asked, and %d are listed", d.Info["asked"], len(out))
	}
	return out
}

// Three regions answer as one Beacon, each as a result set of its own; whoever is silent is named, and in no number.
func TestNation(t *testing.T) {
	c, regions := newNation(t, "north", "south", "west")
	public := publicDraft()
	for name, r := range regions {
		r.Adopt(t, public)
		if r.Adopt(t, exact(t)); name != "west" { // west has nobody
			r.Fill(t)
		}
	}
	key, err := variant.ParseKey(testnode.Carried)
	must(t, err)
	ask := testnode.Clinician()
	ask.Question = policy.Frequency
	alone, err := regions["north"].Desk.Ask(t.Context(), answer.Question{Ask: ask, Keys: []variant.Key{key}})
	must(t, err)
	one := alone.Counts[0]
	const at = "/g_variants?purpose=care&" + carried + "&requestedGranularity="

	t.Run("itself", func(t *testing.T) {
		for path, schema := range map[string]string{"": "beaconInfoResponse", "/info": "beaconInfoResponse", "/service-info": "ga4gh-service-info-1-0-0-schema", "/configuration": "beaconConfigurationResponse",
			"/map": "beaconMapResponse", "/entry_types": "beaconEntryTypesResponse", "/filtering_terms": "beaconFilteringTermsResponse"} {
			w := c.send("", "GET", path, "")
			valid(t, responses+schema+".json", w.Body.Bytes())
			if said := w.Body.String(); strings.Contains(path, "info") && (!strings.Contains(said, "national Beacon") || !strings.Contains(said, `"node":"south"`)) {
				t.Error(path, said)
			}
		}
		var ids []string
		for _, x := range c.ask("", "/datasets", 200).Response.Collections {
			ids = append(ids, x.ID)
		}
		if !slices.Equal(ids, []string{"all", "north", "south", "west"}) {
			t.Error(ids)
		}
		if d := c.ask("", "/cohorts/south.care", 200); len(d.Response.Collections) != 1 || d.Response.Collections[0].Size != nil {
			t.Errorf("%+v", d)
		}
		for _, path := range []string{"/datasets/east", "/cohorts/east.care", "/runs"} {
			c.ask("", path, 404)
		}
		c.check(c.send("", "DELETE", "/g_variants", ""), 405)
	})

	t.Run("granularities", func(t *testing.T) {
		d := c.ask("linda", at+"boolean", 200)
		if d.Meta.Granularity != yesOrNo || !d.Summary.Exists || d.Summary.Total != nil || d.Info["complete"] != true || d.Info["ac"] != nil {
			t.Errorf("%+v", d)
		}
		for _, granularity := range []string{"count", "aggregated"} {
			d = c.ask("linda", at+granularity, 200)
			if d.Meta.Granularity != count || *d.Summary.Total != 1 || d.Info["carriers"] != float64(2*one.Carriers.Low) {
				t.Errorf("%s: %+v", granularity, d)
			}
		}
		d = c.ask("linda", at+"record&includeResultsetResponses=ALL", 200)
		if d.Meta.Granularity != record || len(d.Response.Sets) != 3 || d.Info["ac"] != float64(2*one.AC.Low) || d.Info["hemi"] != float64(0) || d.Info["an_basis"] == nil {
			t.Fatalf("%+v", d)
		}
		for _, s := range d.Response.Sets {
			there := s.ID != "west"
			if s.Type != "dataset" || s.Exists != there || (s.Count == 1) != there || len(s.Results) != s.Count || s.Info["decision"] != "2026-14" {
				t.Errorf("%+v", s)
			}
			if !there {
				continue
			}
			if s.Info["ac"] != float64(one.AC.Low) || s.Info["an"] != float64(one.AN.Low) || s.Info["hemi"] != float64(0) || s.Info["an_basis"] != "called" {
				t.Errorf("%+v", s.Info)
			}
			if said := string(s.Results[0]); !strings.Contains(said, `"source":"Region `+s.ID+`"`) {
				t.Error(said)
			}
		}
		if n := nodesOf(t, d); len(n) != 3 || n["north"]["answered"] != true || n["north"]["granularity"] != "record" {
			t.Errorf("%+v", n)
		}
		for include, ids := range map[string][]string{"HIT": {"north", "south"}, "MISS": {"west"}, "NONE": nil} {
			d = c.ask("linda", at+"record&includeResultsetResponses="+include, 200)
			var got []string
			for _, s := range d.Response.Sets {
				got = append(got, s.ID)
			}
			if !slices.Equal(got, ids) {
				t.Errorf("%s: %v", include, got)
			}
		}
		posted := `{"meta": {"apiVersion": "2.0"}, "query": {"requestedGranularity": "record", "requestParameters": {"purpose": "care", "g_variant": {"referenceName": "22", "start": [50000164], "referenceBases": "C", "alternateBases": "T"}}}}`
		if d = c.check(c.send("linda", "POST", "/g_variants", posted), 200); len(d.Response.Sets) != 2 {
			t.Errorf("%+v", d)
		}
		for _, path := range []string{"/individuals?requestedGranularity=count&purpose=care&" + carried, "/g_variants/" + testnode.Carried + "/individuals?purpose=care"} {
			if d = c.ask("linda", path, 200); d.Meta.Granularity != count || *d.Summary.Total != 2*one.Carriers.Low || len(nodesOf(t, d)) != 3 {
				t.Errorf("%+v", d)
			}
		}
	})

	t.Run("who isn't known", func(t *testing.T) {
		for path, exists := range map[string]bool{"/g_variants/" + testnode.Carried: true, "/g_variants/" + testnode.Zero: false, "/g_variants/" + testnode.Hidden: false, "/individuals?requestedGranularity=count&" + carried: true} {
			d := c.ask("", path, 200)
			if d.Meta.Granularity != yesOrNo || d.Summary.Exists != exists || d.Info["complete"] != true || d.Info["ac"] != nil || nodesOf(t, d)["north"]["decision"] != nil {
				t.Errorf("%s: %+v", path, d)
			}
		}
		c.ask("", "/g_variants?referenceName=22&start=50000000&end=50010000", 403)
	})

	t.Run("one region", func(t *testing.T) {
		d := c.ask("linda", at+"record&datasetIds=south", 200)
		if len(d.Response.Sets) != 1 || d.Response.Sets[0].ID != "south" || d.Info["asked"] != float64(1) {
			t.Errorf("%+v", d)
		}
		c.ask("linda", at+"record&datasetIds=all", 200)
		c.ask("linda", at+"record&datasetIds=east", 404)
	})

	t.Run("pages", func(t *testing.T) {
		where, err := variant.ParseRegion(testnode.Region)
		must(t, err)
		const size = 7
		at := fmt.Sprintf("/g_variants?purpose=care&requestedGranularity=record&referenceName=22&start=%d&end=%d&limit=%d&skip=", where.From-1, where.From+300, size)
		first := c.ask("linda", at+"0", 200)
		total := *first.Summary.Total
		if total < size+2 {
			t.Fatal("too few to page:", total)
		}
		seen := map[string]int{}
		for page := 0; page*size < total; page++ {
			d := c.ask("linda", at+fmt.Sprint(page), 200)
			if *d.Summary.Total != total || len(d.Response.Sets) != 2 {
				t.Errorf("page %d: %+v", page, d.Summary)
			}
			for _, s := range d.Response.Sets {
				if !s.Exists || s.Count != total || len(s.Results) != min(size, total-page*size) {
					t.Errorf("page %d: %s: %d of %d", page, s.ID, len(s.Results), s.Count)
				}
				for _, raw := range s.Results {
					var v struct {
						ID string `json:"variantInternalId"`
					}
					must(t, json.Unmarshal(raw, &v))
					seen[v.ID]++
				}
			}
		}
		for name, n := range seen {
			if n != 2 {
				t.Errorf("%s is told %d times", name, n)
			}
		}
		if len(seen) != total {
			t.Errorf("%d on the pages, not %d", len(seen), total)
		}
		if d := c.ask("linda", at+"99", 200); !d.Summary.Exists || len(d.Response.Sets) != 2 || len(d.Response.Sets[0].Results) > 0 {
			t.Errorf("beyond the end: %+v", d)
		}
	})

	t.Run("silent", func(t *testing.T) {
		defer func() { regions["south"].answers(t, nil); regions["west"].answers(t, nil) }()
		gone := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
		regions["south"].answers(t, gone)
		done := make(chan struct{})
		regions["west"].answers(t, func(_ http.ResponseWriter, r *http.Request) { <-done })
		if n := nodesOf(t, c.ask("linda", at+"boolean", 200)); n["west"]["how"] != "late" || n["west"]["why"] != "federation.late" || n["north"]["answered"] != true {
			t.Errorf("%+v", n)
		}
		close(done)
		regions["west"].answers(t, gone)
		for _, granularity := range granularities {
			d := c.ask("linda", at+granularity+"&includeResultsetResponses=ALL", 200)
			n := nodesOf(t, d)
			if !d.Summary.Exists || d.Info["complete"] != false || d.Info["answered"] != float64(1) || d.Info["asked"] != float64(3) {
				t.Errorf("%+v", d)
			}
			if n["north"]["answered"] != true || n["south"]["answered"] != false || n["south"]["how"] != "unreachable" || n["west"]["how"] != "unreachable" || n["west"]["why"] != "federation.unreachable" {
				t.Errorf("%+v", n)
			}
			if granularity == record {
				if len(d.Response.Sets) != 3 || d.Info["ac"] != float64(one.AC.Low) {
					t.Errorf("%+v", d)
				}
				for _, s := range d.Response.Sets {
					if s.ID != "north" && (s.Exists || s.Info["answered"] != false || s.Info["how"] == nil) {
						t.Errorf("%+v", s)
					}
				}
			}
		}
		for include, sets := range map[string]int{"HIT": 1, "MISS": 0} { // silence is no miss
			if d := c.ask("linda", at+"record&includeResultsetResponses="+include, 200); len(d.Response.Sets) != sets || d.Info["complete"] != false {
				t.Errorf("%s: %+v", include, d)
			}
		}
		if d := c.ask("linda", "/individuals?requestedGranularity=count&purpose=care&"+carried, 200); *d.Summary.Total != one.Carriers.Low || d.Info["complete"] != false {
			t.Errorf("%+v", d)
		}
		if d := c.ask("linda", at+"count&datasetIds=south", 503); !strings.Contains(d.Error.Message, "none of the 1 regions") {
			t.Errorf("%+v", d)
		}
	})

	t.Run("denied", func(t *testing.T) {
		denials := map[string]bool{}
		for _, path := range []string{"/g_variants/" + testnode.Carried + "?", "/g_variants/" + testnode.Zero + "?", "/g_variants/" + testnode.Hidden + "?", "/individuals?" + carried + "&"} {
			for _, person := range []string{"linda", "", "operator", "none"} {
				w := c.send(person, "GET", path+"purpose=matching", "")
				c.check(w, 403)
				denials[w.Body.String()] = true
			}
		}
		if len(denials) != 1 {
			t.Error("denied in several ways:", denials)
		}
	})
}

// Each region answers as fully as its own policies allow, and the sum tells no more than they do.
func TestNationOfSeveralMinds(t *testing.T) {
	c, regions := newNation(t, "north", "south", "west")
	regions["north"].Adopt(t, testnode.Preset(t, "care"))
	regions["south"].Adopt(t, existsOnly(t))
	for _, r := range regions { // west has adopted nothing, and answers nobody
		r.Fill(t)
	}
	d := c.ask("linda", "/g_variants?purpose=care&requestedGranularity=record&includeResultsetResponses=ALL&"+carried, 200)
	n := nodesOf(t, d)
	if d.Meta.Granularity != record || d.Info["answered"] != float64(2) || n["north"]["granularity"] != "record" || n["south"]["granularity"] != "boolean" || n["west"]["how"] != "denied" {
		t.Errorf("%+v", d)
	}
	if n["south"]["ac"] != nil || d.Info["ac"] != nil {
		t.Errorf("more is told than by a region: %+v", d.Info)
	}
	for _, s := range d.Response.Sets {
		if s.Exists != (s.ID != "west") || (len(s.Results) == 1) != (s.ID == "north") {
			t.Errorf("%+v", s)
		}
	}
	if d = c.ask("linda", "/individuals?purpose=care&requestedGranularity=count&"+carried, 200); d.Meta.Granularity != yesOrNo || d.Summary.Total != nil || !d.Summary.Exists {
		t.Errorf("%+v", d)
	}
	if d = c.ask("linda", "/g_variants?purpose=care&requestedGranularity=count&datasetIds=west&"+carried, 403); d.Error.Code != 403 {
		t.Errorf("%+v", d)
	}
}

// If nobody answers, it is said why: that all deny it, that it is no question, or that nobody can now.
func TestSilence(t *testing.T) {
	denied, wrong, gone := reply{silent: &silence{how: "denied", err: policy.Denied()}}, reply{silent: &silence{how: "failed", err: fault.New(fault.Invalid, "the reference has another base there")}},
		reply{silent: &silence{how: "unreachable", err: fault.New(fault.Unavailable, "gone")}}
	for _, x := range []struct {
		replies []reply
		kind    fault.Kind
	}{{[]reply{denied, denied}, fault.Denied}, {[]reply{wrong, wrong}, fault.Invalid}, {[]reply{gone, gone}, fault.Unavailable}, {[]reply{denied, gone}, fault.Unavailable},
		{[]reply{wrong, gone}, fault.Unavailable}, {[]reply{wrong, denied}, fault.Unavailable}} {
		if got := fault.KindOf(silent(x.replies)); got != x.kind {
			t.Errorf("%v, not %v", got, x.kind)
		}
	}
}

// A nation of nobody answers nobody.
func TestNationOfNobody(t *testing.T) {
	c, _ := newNation(t)
	c.ask("linda", "/g_variants?purpose=care&"+carried, 503)
	c.ask("linda", "/individuals?purpose=care&"+carried, 503)
	if d := c.ask("", "/datasets", 200); len(d.Response.Collections) != 1 {
		t.Errorf("%+v", d)
	}
}
