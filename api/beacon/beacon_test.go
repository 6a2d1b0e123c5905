package beacon

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/internal/testnode"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/web/route"
)

const published = "https://raw.githubusercontent.com/ga4gh-beacon/beacon-v2/main/"

// official are the standard's files, by their address.
var official = sync.OnceValues(func() (map[string]any, error) {
	f, err := os.Open("testdata/beacon-v2-schemas.tar.gz")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	out := map[string]any{}
	for t := tar.NewReader(z); ; {
		h, err := t.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		if name, ok := strings.CutPrefix(h.Name, "beacon-v2/"); ok && strings.HasSuffix(name, ".json") {
			if out[published+name], err = jsonschema.UnmarshalJSON(t); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	vrs, err := os.Open("testdata/vrs-1.3.0.json")
	if err != nil {
		return nil, err
	}
	defer vrs.Close()
	out["https://w3id.org/ga4gh/schema/vrs/1.3/vrs.json"], err = jsonschema.UnmarshalJSON(vrs)
	return out, err
})

type shelf map[string]any

func (s shelf) Load(url string) (any, error) {
	if doc := s[url]; doc != nil {
		return doc, nil
	}
	return nil, errors.New("the standard's files have no " + url)
}

var (
	compiling sync.Mutex
	compiled  = map[string]*jsonschema.Schema{}
)

func schemaOfStandard(t testing.TB, name string) *jsonschema.Schema {
	t.Helper()
	compiling.Lock()
	defer compiling.Unlock()
	if s := compiled[name]; s != nil {
		return s
	}
	files, err := official()
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.UseLoader(shelf(files))
	c.AssertFormat()
	s, err := c.Compile(published + name)
	if err != nil {
		t.Fatal(err)
	}
	compiled[name] = s
	return s
}

// valid checks a document by one of the standard's schemas.
func valid(t testing.TB, schema string, document []byte) {
	t.Helper()
	s := schemaOfStandard(t, schema)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err == nil {
		err = s.Validate(doc)
	}
	if err != nil {
		t.Errorf("%s: %v\n%s", schema, err, document)
	}
}

// The schemas of answers.
const (
	responses     = "framework/json/responses/"
	booleanSchema = responses + "beaconBooleanResponse.json"
	countSchema   = responses + "beaconCountResponse.json"
	setsSchema    = responses + "beaconResultsetsResponse.json"
	listSchema    = responses + "beaconCollectionsResponse.json"
	errorSchema   = responses + "beaconErrorResponse.json"
	variantSchema = "models/json/beacon-v2-default-model/genomicVariations/defaultSchema.json"
)

type caller struct {
	testing.TB
	table *route.Table
}

func newCaller(t testing.TB, n *testnode.Node) caller {
	return newCallerOf(t, Own(n.Desk))
}

func newCallerOf(t testing.TB, who Answering) caller {
	one, two := testnode.Clinician(), testnode.Researcher()
	one.Use, two.Use = consent.Use{}, consent.Use{}
	granted := two
	granted.Approval = ""
	steward := policy.Ask{SignedIn: true, Person: "stina", Organisation: "north", Sector: "care", Role: policy.Steward}
	people := map[string][]answer.Asker{
		"": {{}}, "operator": {{Ask: policy.Ask{Operator: true}}}, "none": nil, "stina": {{Ask: steward, Assignment: "a0"}},
		"granted": {{Ask: granted, Assignment: "a3", Granted: map[string]string{"north": "https://dac.example.org"}}},
		"linda":   {{Ask: one, Assignment: "a1"}}, "both": {{Ask: one, Assignment: "a1"}, {Ask: two, Assignment: "a2"}},
	}
	genes, err := variant.ReadGenes(strings.NewReader("chr22\t50000160\t50000200\tMADE1\n"), "genes.bed")
	if err != nil {
		t.Fatal(err)
	}
	table := route.NewTable(route.Options{Public: true})
	Register(table, func() Answering { return who }, Options{ID: "org.example.north", Name: "Region North", URL: "https://north.example.org", Software: "v0.1", Demo: true, Genes: genes,
		Log:    slog.New(slog.NewTextHandler(io.Discard, nil)),
		Askers: func(r *http.Request) ([]answer.Asker, error) { return people[r.Header.Get("X-Person")], nil }})
	return caller{t, table}
}

func (c caller) send(person, method, path, body string) *httptest.ResponseRecorder {
	c.Helper()
	r := httptest.NewRequest(method, "/beacon/v2"+path, strings.NewReader(body))
	r.Host = "localhost"
	r.Header.Set("X-Person", person)
	w := httptest.NewRecorder()
	c.table.ServeHTTP(w, r)
	return w
}

// sent is what tests look at of a document.
type sent struct {
	Meta struct {
		Granularity string `json:"returnedGranularity"`
	} `json:"meta"`
	Summary struct {
		Exists bool `json:"exists"`
		Total  *int `json:"numTotalResults"`
	} `json:"responseSummary"`
	Info     map[string]any `json:"info"`
	Response struct {
		Sets []struct {
			ID      string            `json:"id"`
			Type    string            `json:"setType"`
			Exists  bool              `json:"exists"`
			Count   int               `json:"resultsCount"`
			Results []json.RawMessage `json:"results"`
			Info    map[string]any    `json:"info"`
		} `json:"resultSets"`
		Collections []struct {
			ID   string         `json:"id"`
			Size *int           `json:"cohortSize"`
			Info map[string]any `json:"info"`
		} `json:"collections"`
	} `json:"response"`
	Error struct {
		Code    int    `json:"errorCode"`
		Message string `json:"errorMessage"`
	} `json:"error"`
	// The same as RFC 9457 has it.
	Type, Title, Detail string
	Status              int
}

// ask sends a request, and checks that what comes is valid by the schema of its granularity.
func (c caller) ask(person, path string, status int) (d sent) {
	c.Helper()
	return c.check(c.send(person, "GET", path, ""), status)
}

func (c caller) check(w *httptest.ResponseRecorder, status int) (d sent) {
	c.Helper()
	if w.Code != status || w.Header().Get("Cache-Control") != "no-store" {
		c.Fatalf("%d, not %d: %s", w.Code, status, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &d); err != nil {
		c.Fatal(err)
	}
	schema := map[string]string{yesOrNo: booleanSchema, count: countSchema, record: setsSchema}[d.Meta.Granularity]
	switch {
	case status != 200:
		schema = errorSchema
	case d.Response.Collections != nil:
		schema = listSchema
	}
	valid(c, schema, w.Body.Bytes())
	if status != 200 && (d.Type != "about:blank" || d.Title != http.StatusText(status) || d.Status != status || d.Detail != d.Error.Message) {
		c.Errorf("no problem of RFC 9457: %s", w.Body)
	}
	for _, set := range d.Response.Sets {
		for _, one := range set.Results {
			valid(c, variantSchema, one)
		}
	}
	return d
}

func TestTheBeaconTellsOfItself(t *testing.T) {
	c := newCaller(t, testnode.Open(t))
	for path, schema := range map[string]string{
		"": "beaconInfoResponse", "/info": "beaconInfoResponse", "/service-info": "ga4gh-service-info-1-0-0-schema", "/configuration": "beaconConfigurationResponse",
		"/map": "beaconMapResponse", "/entry_types": "beaconEntryTypesResponse", "/filtering_terms": "beaconFilteringTermsResponse",
	} {
		w := c.send("", "GET", path, "")
		if w.Code != 200 {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
		valid(t, responses+schema+".json", w.Body.Bytes())
	}
	var at struct {
		Response struct {
			Sets map[string]struct {
				Root string `json:"rootUrl"`
				One  string `json:"singleEntryUrl"`
			} `json:"endpointSets"`
		} `json:"response"`
	}
	if err := json.Unmarshal(c.send("", "GET", "/map", "").Body.Bytes(), &at); err != nil || len(at.Response.Sets) != 4 {
		t.Fatal(err, at)
	}
	for _, set := range at.Response.Sets {
		for _, url := range []string{set.Root, strings.ReplaceAll(set.One, "{id}", "x")} {
			if path, ok := strings.CutPrefix(url, "https://north.example.org"); url != "" && (!ok || !c.table.Has("GET", path)) {
				t.Error("the map leads nowhere:", url)
			}
		}
	}
	for _, path := range []string{"/runs", "/analyses/1", "/g_variants/x/y", "/g_variants/"} {
		c.ask("", path, 404)
	}
	for path, takes := range map[string]string{"/info": "GET", "": "GET", "/g_variants": "GET, POST", "/g_variants/x": "GET", "/individuals": "GET, POST"} {
		for _, method := range []string{"PUT", "POST", "DELETE", "OPTIONS"} {
			if method == "POST" && strings.Contains(takes, method) {
				continue
			}
			w := c.send("", method, path, "")
			if c.check(w, 405); w.Header().Get("Allow") != takes {
				t.Errorf("%s %s: allowed is %q", method, path, w.Header().Get("Allow"))
			}
		}
	}
	c.check(c.send("", "POST", "/g_variants", `{"meta": {"apiVersion": "`+strings.Repeat("x", mostBytes)+`"}}`), 413)
}

const carried = "referenceName=22&start=50000164&referenceBases=C&alternateBases=T"

// What is answered is what the desk answers.
func TestVariants(t *testing.T) {
	n := testnode.Full(t)
	n.Adopt(t, testnode.Preset(t, "care"))
	c := newCaller(t, n)
	key, err := variant.ParseKey(testnode.Carried)
	if err != nil {
		t.Fatal(err)
	}
	ask := testnode.Clinician()
	ask.Question = policy.Frequency
	want, err := n.Desk.Ask(t.Context(), answer.Question{Ask: ask, Keys: []variant.Key{key}})
	if err != nil {
		t.Fatal(err)
	}
	carriers := want.Counts[0].Carriers.Low

	d := c.ask("linda", "/g_variants?purpose=care&"+carried, 200)
	if d.Meta.Granularity != yesOrNo || !d.Summary.Exists || d.Summary.Total != nil || d.Info["decision"] != "2026-14" || d.Info["ac"] != nil {
		t.Errorf("%+v", d)
	}
	if d = c.ask("linda", "/g_variants?purpose=care&requestedGranularity=aggregated&"+carried, 200); d.Meta.Granularity != count || fmt.Sprint(d.Info["ac"]) != fmt.Sprint(cell(want.Counts[0].AC)) {
		t.Errorf("%+v", d)
	}
	for _, sequence := range []string{"22", "chr22", "NC_000022.11"} {
		d = c.ask("linda", "/g_variants?purpose=care&requestedGranularity=count&"+strings.Replace(carried, "22", sequence, 1), 200)
		if d.Meta.Granularity != count || !d.Summary.Exists || *d.Summary.Total != 1 || d.Info["carriers"] != float64(carriers) {
			t.Errorf("%+v", d)
		}
	}
	d = c.ask("linda", "/g_variants?purpose=care&requestedGranularity=record&"+carried, 200)
	if len(d.Response.Sets) != 1 || d.Response.Sets[0].ID != "all" || len(d.Response.Sets[0].Results) != 1 || d.Info["an_basis"] != "called" ||
		fmt.Sprint(d.Info["ac"]) != fmt.Sprint(cell(want.Counts[0].AC)) {
		t.Errorf("%+v", d)
	}
	if one := string(d.Response.Sets[0].Results[0]); !strings.Contains(one, `"refseq:NC_000022.11"`) || !strings.Contains(one, `"variantInternalId":"`+testnode.Carried) {
		t.Error(one)
	}
	if one := c.ask("operator", "/g_variants/"+testnode.Carried+"?purpose=care", 403); one.Error.Message == "" {
		t.Error("the operator asks by a policy too, once there is one")
	}
	if d = c.ask("linda", "/g_variants/"+testnode.Carried+"?purpose=care", 200); len(d.Response.Sets) != 1 {
		t.Errorf("%+v", d)
	}
	for _, path := range []string{"/g_variants/" + testnode.Carried + "/individuals?purpose=care", "/individuals?requestedGranularity=count&purpose=care&" + carried,
		"/individuals?requestedGranularity=record&purpose=care&" + carried} {
		if d = c.ask("linda", path, 200); d.Meta.Granularity != count || *d.Summary.Total != carriers {
			t.Errorf("%s: %+v", path, d)
		}
	}
	for _, x := range []struct {
		include string
		name    string
		sets    int
	}{{"HIT", testnode.Zero, 0}, {"MISS", testnode.Zero, 1}, {"ALL", testnode.Zero, 1}, {"NONE", testnode.Carried, 0}, {"MISS", testnode.Carried, 0}, {"ALL", testnode.Carried, 1}} {
		if d = c.ask("linda", "/g_variants/"+x.name+"?purpose=care&includeResultsetResponses="+x.include, 200); len(d.Response.Sets) != x.sets || d.Summary.Exists != (x.name == testnode.Carried) {
			t.Errorf("%+v: %+v", x, d)
		}
	}
	posted := `{"meta": {"apiVersion": "2.0", "requestedSchemas": [{"entityType": "genomicVariant", "schema": "ga4gh-beacon-variant-v2.1.0"}]}, "query": {"requestedGranularity": "count",
		"pagination": {"skip": 0, "limit": 5}, "requestParameters": {"purpose": "care", "g_variant": {"referenceName": "22", "start": [50000164], "referenceBases": "C", "alternateBases": "T"}}}}`
	valid(t, "framework/json/requests/beaconRequestBody.json", []byte(strings.Replace(posted, `"purpose": "care", "g_variant": {`, `"g_variant": {"purpose": "care", `, 1)))
	if d = c.check(c.send("linda", "POST", "/g_variants", posted), 200); *d.Summary.Total != 1 || d.Info["carriers"] != float64(carriers) {
		t.Errorf("%+v", d)
	}
}

// Range and bracket queries find what the desk lists on the stretch.
func TestStretches(t *testing.T) {
	n := testnode.Full(t)
	care := testnode.Preset(t, "care")
	care.Rules[0].Budget.Asker, care.Rules[0].Budget.Organisation = 1_000_000, 1_000_000
	n.Adopt(t, care)
	c := newCaller(t, n)
	where, err := variant.ParseRegion(testnode.Region)
	if err != nil {
		t.Fatal(err)
	}
	want, err := n.Desk.Region(t.Context(), answer.Region{Ask: testnode.Clinician(), Chrom: where.Chrom, From: where.From, To: where.To})
	if err != nil || len(want.Keys) < 12 {
		t.Fatal(err, len(want.Keys))
	}
	at := fmt.Sprintf("purpose=care&referenceName=22&start=%d&end=%d", where.From-1, where.To)
	d := c.ask("linda", "/g_variants?requestedGranularity=count&"+at, 200)
	if *d.Summary.Total != len(want.Keys) {
		t.Errorf("%+v, not %d", d, len(want.Keys))
	}
	if d = c.ask("linda", "/g_variants?"+at, 200); d.Summary.Total != nil || !d.Summary.Exists {
		t.Errorf("%+v", d)
	}
	seen := map[string]bool{}
	for page := 0; page*5 < len(want.Keys); page++ {
		d = c.ask("linda", fmt.Sprintf("/g_variants?requestedGranularity=record&limit=5&skip=%d&%s", page, at), 200)
		for _, one := range d.Response.Sets[0].Results {
			seen[string(one)] = true
		}
	}
	if len(seen) != len(want.Keys) {
		t.Errorf("%d on the pages, not %d", len(seen), len(want.Keys))
	}
	first := want.Keys[0]
	bracket := fmt.Sprintf("/g_variants?requestedGranularity=count&purpose=care&referenceName=22&start=%d,%d&end=%d,%d", first.Pos-1, first.Pos, first.Pos, int(first.Pos)+len(first.Ref))
	some := 0
	for _, k := range want.Keys {
		if k.Pos == first.Pos {
			some++
		}
	}
	if d = c.ask("linda", bracket, 200); *d.Summary.Total != some {
		t.Errorf("%+v, not %d", d, some)
	}
	if d = c.ask("linda", "/g_variants?requestedGranularity=count&purpose=care&geneId=MADE1", 200); *d.Summary.Total == 0 {
		t.Errorf("%+v", d)
	}
	if d = c.ask("linda", "/g_variants?requestedGranularity=count&variantType=DUP&"+at, 200); *d.Summary.Total != 0 || d.Summary.Exists {
		t.Errorf("%+v", d)
	}
}

// Where a policy tells numbers as they are, a record has its frequency.
func TestFrequency(t *testing.T) {
	c := newCaller(t, testnode.Full(t)) // nothing is adopted, so the operator is told all
	d := c.ask("operator", "/g_variants/"+testnode.Carried+"?purpose=care", 200)
	if one := string(d.Response.Sets[0].Results[0]); !strings.Contains(one, `"alleleFrequency":0.0`) || d.Info["ac"] == nil || d.Info["hemi"] != float64(0) {
		t.Error(one, d.Info)
	}
}

func TestDescribe(t *testing.T) {
	for name, want := range map[string]struct {
		kind        string
		length, end int64
	}{
		"chr1-1000-A-G": {"SNP", 1, 1000}, "chr1-1000-A-ACC": {"INS", 2, 1000}, "chr1-1000-ACC-A": {"DEL", 2, 1002}, "chr1-1000-ACC-TG": {"INDEL", 3, 1002},
		"chr1-1000-<DEL>-2000": {"DEL", 1000, 2000}, "chr1-1000-<INS>-300": {"INS", 300, 1000}, "chr2-321681-G]chr17:198982]": {"BND", 0, 321681},
	} {
		k, err := variant.ParseKey(name)
		if err != nil {
			t.Fatal(err)
		}
		if kind, length, end := describe(k); kind != want.kind || length != want.length || end != want.end {
			t.Errorf("%s: %s %d %d, not %+v", name, kind, length, end, want)
		}
	}
}

// publicDraft lets anybody ask whether a variant is there.
func publicDraft() policy.Draft {
	return policy.Draft{Format: policy.Format, Name: "public", Version: 1, Title: policy.Text{SV: "Öppet", NB: "Åpent", EN: "Public"}, Country: "SE",
		Rules: []policy.Rule{{Purposes: []consent.Purpose{consent.Research}, Questions: []policy.Kind{policy.Exists}, Precision: policy.YesNo, K: 5,
			Budget: policy.Budget{Organisation: 1000, Per: policy.Lifetime}}}}
}

// The policies decide how much is told, and to whom. A denial is the same whatever is stored.
func TestWhoIsToldWhat(t *testing.T) {
	n := testnode.Full(t)
	n.Adopt(t, testnode.Preset(t, "care"))
	n.Adopt(t, publicDraft())
	c := newCaller(t, n)
	for name, exists := range map[string]bool{testnode.Carried: true, testnode.Zero: false, testnode.Hidden: false} {
		d := c.ask("", "/g_variants/"+name, 200) // records are asked for, and yes or no is what there is
		if d.Meta.Granularity != yesOrNo || d.Summary.Exists != exists || d.Info["decision"] != nil || d.Info["ac"] != nil || d.Info["carriers"] != nil {
			t.Errorf("%s: %+v", name, d)
		}
		if d = c.ask("", "/g_variants/"+name+"/individuals", 200); d.Meta.Granularity != yesOrNo || d.Summary.Total != nil {
			t.Errorf("%s: %+v", name, d)
		}
	}
	denials := map[string]bool{}
	for _, person := range []string{"", "none", "linda", "stina"} {
		for _, name := range []string{testnode.Carried, testnode.Zero, testnode.Hidden, "chr1-1000-A-C"} {
			w := c.send(person, "GET", "/g_variants/"+name+"?purpose=matching", "")
			c.check(w, 403)
			denials[w.Body.String()] = true
		}
		if person != "linda" {
			w := c.send(person, "GET", "/g_variants?purpose=care&referenceName=22&start=50000000&end=50010000", "")
			c.check(w, 403)
			denials[w.Body.String()] = true
		}
	}
	if len(denials) != 1 {
		t.Error("denied in several ways:", denials)
	}
	if d := c.ask("both", "/g_variants?purpose=care&"+carried, 400); !strings.Contains(d.Error.Message, "assignments") {
		t.Errorf("%+v", d)
	}
	c.ask("both", "/g_variants?purpose=care&as=a1&"+carried, 200)
	c.ask("both", "/g_variants?purpose=care&as=a3&"+carried, 400)

	for person, datasets := range map[string]int{"": 1, "linda": 1, "none": 1, "stina": 5, "operator": 5} {
		if d := c.ask(person, "/datasets", 200); len(d.Response.Collections) != datasets {
			t.Errorf("%q: %+v", person, d)
		}
		d := c.ask(person, "/cohorts/care", 200)
		if len(d.Response.Collections) != 1 || (d.Response.Collections[0].Size != nil) != (datasets == 5) {
			t.Errorf("%q: %+v", person, d)
		}
	}
	c.ask("stina", "/datasets/nowhere", 404)
}

// A grant by a data access committee stands for the approval that a researcher's assignment lacks, for its dataset alone.
func TestGrantedDataset(t *testing.T) {
	n := testnode.Full(t)
	n.Adopt(t, testnode.Preset(t, "research"))
	c := newCaller(t, n)
	c.ask("granted", "/g_variants?datasetIds=north&"+carried, 200)
	for _, other := range []string{"", "datasetIds=all&", "datasetIds=panel&", "datasetIds=South&", "datasetIds=south&"} {
		if w := c.send("granted", "GET", "/g_variants?"+other+carried, ""); w.Code == 200 {
			t.Errorf("%q is granted too", other)
		}
	}
}

func TestRefusals(t *testing.T) {
	c := newCaller(t, testnode.Full(t))
	for query, says := range map[string]string{
		"": "isn't said", "start=5": "referenceName", "referenceName=22": "begins", "referenceName=99&start=1": "no sequence", "referenceName=22&start=1": "alternateBases",
		"referenceName=22&start=1&start=2": "bracket", "referenceName=22&start=5&end=5": "holds nothing", "referenceName=22&start=9,8&end=1,2": "hold nothing",
		"referenceName=22&start=1,2,3": "two values", "referenceName=22&start=-1": "no number", "referenceName=22&start=999999999": "no number", "assemblyId=GRCh37&" + carried: "GRCh38",
		carried + "&requestedGranularity=much": "none of", carried + "&limit=1001": "no number", carried + "&filters=HP:0000118": "filters", carried + "&aminoacidChange=V600E": "aminoacidChange",
		carried + "&sex=female": "no parameter", carried + "&purpose=fun": "purpose", "geneId=TP53": "table of genes", carried + "&geneId=MADE1": "at once",
		"referenceName=22&start=1&referenceBases=&alternateBases=T": "referenceBases", "referenceName=22&start=1&referenceBases=X&alternateBases=T": "referenceBases",
		"referenceName=22&start=1&referenceBases=T&alternateBases=T": "the same", carried + "&datasetIds=a,b": "one dataset", carried + "&%zz=1": "query string",
	} {
		if d := c.ask("operator", "/g_variants?"+query, 400); !strings.Contains(d.Error.Message, says) || d.Error.Code != 400 {
			t.Errorf("%s: %+v", query, d.Error)
		}
	}
	for body, says := range map[string]string{
		"": "can't be read", `{"meta": {}, "query": {"colour": 1}}`: "can't be read", `{"meta": {}, "query": {"filters": [{"id": "HP:1"}]}}`: "filters",
		`{"meta": {}, "query": {"requestParameters": {"g_variant": 5}}}`: "no object", `{"meta": {}, "query": {"requestParameters": {"start": [{}]}}}`: "neither",
		`{"meta": {}, "query": {"pagination": {"nextPage": "x"}}}`: "skip and limit"} {
		if d := c.check(c.send("operator", "POST", "/g_variants", body), 400); !strings.Contains(d.Error.Message, says) {
			t.Errorf("%.80s: %+v", body, d.Error)
		}
	}
	c.ask("operator", "/individuals?referenceName=22&start=1&end=9", 400)
	c.ask("operator", "/g_variants/what", 400)
	c.ask("operator", "/datasets?"+carried, 400)
}

// A link or a picture on a page of another site asks nothing in its reader's name.
func TestAnotherSiteDoesNotAsk(t *testing.T) {
	n := testnode.Full(t)
	c := newCaller(t, n)
	before, err := n.Ledger.Size(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/g_variants?" + carried, "/g_variants/" + testnode.Carried, "/individuals?" + carried, "/g_variants?geneId=MADE1"} {
		r := httptest.NewRequest("GET", "/beacon/v2"+path, nil)
		r.Host = "localhost"
		r.Header.Set("X-Person", "operator")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		w := httptest.NewRecorder()
		c.table.ServeHTTP(w, r)
		if after, err := n.Ledger.Size(t.Context()); err != nil || w.Code != 403 || after != before {
			t.Errorf("%s: %d, %d leaves, %v", path, w.Code, after-before, err)
		}
	}
}

// Whatever is sent is understood or refused, and never both.
func FuzzRequest(f *testing.F) {
	f.Add(carried, `{"meta": {"apiVersion": "2.0"}, "query": {"requestParameters": {"g_variant": {"start": [1, 2], "end": [3, 4], "referenceName": "X"}}}}`)
	f.Add("geneId=MADE1&limit=0&skip=3&testMode=true", `{"meta": {}}`)
	b := &beacon{}
	f.Fuzz(func(t *testing.T, sent, posted string) {
		for _, r := range []*http.Request{{Method: "GET"}, httptest.NewRequest("POST", "/", strings.NewReader(posted))} {
			if r.Method == "GET" {
				r = httptest.NewRequest("GET", "/", nil)
				r.URL.RawQuery = sent
			}
			q, err := b.read(httptest.NewRecorder(), r)
			if err == nil && q.at != nil && (q.at.From < 1 || q.at.From > q.at.To || q.at.To > q.at.Chrom.Length()) {
				t.Errorf("%+v from %q, %q", q.at, sent, posted)
			}
			if q.limit < 0 || q.limit > mostLimit || err == nil && q.limit == 0 {
				t.Errorf("a page of %d", q.limit)
			}
		}
	})
}
