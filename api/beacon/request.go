package beacon

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/variant"
)

// Granularities, from the least to the most.
const (
	yesOrNo = "boolean"
	count   = "count"
	record  = "record"
)

var granularities = []string{yesOrNo, count, record}

// aggregated was a granularity of the standard's first schemas without a form of its own, isn't one of those that are in force, and is proposed anew. Who
// asks for it is told counts, with what is added up beside them.
const aggregated = "aggregated"

// query is a request as it was understood.
type query struct {
	granularity string
	include     string // which result sets: HIT, MISS, ALL or NONE
	skip, limit int    // pages, and results of a page
	test        bool
	asked       values // as it was sent, for the summary
	schemas     []schemaOf

	purpose consent.Purpose
	as      string // an assignment
	dataset string // "": all

	at                   *variant.Region // what may hold the variant's first base
	bracket              bool
	ends                 [2]int64 // of a bracket query: where variants end, 0-based and exclusive
	ref, alt             string
	hasRef, hasAlt       bool
	kind                 string // SNP, INS, DEL, INDEL, or a symbolic allele's type
	minLength, maxLength int64  // 0: none
}

// values are a request's parameters by name, wherever they stood.
type values map[string][]string

// Bounds of a page, and of a posted request.
const (
	usualLimit = 10
	mostLimit  = 1000
	mostSkip   = 100_000
	mostBytes  = 1 << 20
)

// The parameters there are. Those whose name is refused would narrow an answer, and can't be passed over.
var (
	ofRequest = []string{"requestedGranularity", "includeResultsetResponses", "skip", "limit", "testMode", "apiVersion", "requestedSchema", "filters"}
	ofVariant = []string{"referenceName", "start", "end", "referenceBases", "alternateBases", "assemblyId", "variantType", "variantMinLength", "variantMaxLength", "geneId"}
	ofOurs    = []string{"purpose", "as", "datasetIds"}
	refused   = []string{"aminoacidChange", "genomicAlleleShortForm", "allele", "mateName", "filters"}
	also      = map[string]string{"geneid": "geneId", "datasets": "datasetIds"}
)

// read understands a request.
func (b *beacon) read(w http.ResponseWriter, r *http.Request) (query, error) {
	q := query{granularity: yesOrNo, include: "HIT", limit: usualLimit, purpose: consent.Research, asked: values{}}
	var err error
	if r.Method == http.MethodPost {
		err = q.asked.posted(http.MaxBytesReader(w, r.Body, mostBytes), &q)
	} else {
		err = q.asked.sent(r.URL.RawQuery)
	}
	if err == nil {
		err = q.understand(b.Genes)
	}
	return q, err
}

// sent takes the parameters of a query string. Lists are written with commas or by giving the name again.
func (v values) sent(raw string) error {
	given, err := url.ParseQuery(raw)
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "the query string can't be read").Do("percent-encode it as UTF-8")
	}
	for name, all := range given {
		for _, one := range all {
			if err := v.add(name, strings.Split(one, ",")...); err != nil {
				return err
			}
		}
	}
	return nil
}

func (v values) add(name string, all ...string) error {
	if standard := also[name]; standard != "" {
		name = standard
	}
	switch {
	case slices.Contains(refused, name):
		if all = slices.DeleteFunc(all, func(s string) bool { return s == "" }); len(all) == 0 {
			return nil
		}
		return fault.New(fault.Invalid, "this Beacon doesn't know how to ask by it").Where(name).Do("ask by position, or by geneId")
	case !slices.Contains(ofRequest, name) && !slices.Contains(ofVariant, name) && !slices.Contains(ofOurs, name):
		return fault.New(fault.Invalid, "there is no parameter %q here", name[:min(len(name), 40)])
	}
	v[name] = append(v[name], all...)
	return nil
}

var errLarge = fault.New(fault.Invalid, "the request is larger than 1 MB")

// body is a posted request, as the standard has it.
type body struct {
	Schema string `json:"$schema"`
	Meta   struct {
		Schema           string     `json:"$schema"`
		APIVersion       string     `json:"apiVersion"`
		RequestedSchemas []schemaOf `json:"requestedSchemas"`
	} `json:"meta"`
	Query struct {
		Filters                   []json.RawMessage          `json:"filters"`
		IncludeResultsetResponses string                     `json:"includeResultsetResponses"`
		RequestedGranularity      string                     `json:"requestedGranularity"`
		TestMode                  bool                       `json:"testMode"`
		RequestParameters         map[string]json.RawMessage `json:"requestParameters"`
		Pagination                struct {
			Skip         int    `json:"skip"`
			Limit        *int   `json:"limit"`
			CurrentPage  string `json:"currentPage"`
			NextPage     string `json:"nextPage"`
			PreviousPage string `json:"previousPage"`
		} `json:"pagination"`
	} `json:"query"`
}

// posted takes the parameters of a posted document. Those of the variant stand in g_variant, or by themselves.
func (v values) posted(in io.Reader, q *query) error {
	var doc body
	d := json.NewDecoder(in)
	d.DisallowUnknownFields()
	if err := d.Decode(&doc); err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return errLarge
		}
		return fault.Wrap(fault.Invalid, err, "the request can't be read").Do(`send {"meta": {"apiVersion": "2.0"}, "query": {…}}`)
	}
	q.schemas, q.test = doc.Meta.RequestedSchemas, doc.Query.TestMode
	if len(doc.Query.Filters) > 0 {
		return v.add("filters", "given")
	}
	if p := doc.Query.Pagination; p.CurrentPage+p.NextPage+p.PreviousPage != "" {
		return fault.New(fault.Invalid, "pages are told by skip and limit").Where("pagination")
	}
	for name, value := range map[string]string{"includeResultsetResponses": doc.Query.IncludeResultsetResponses, "requestedGranularity": doc.Query.RequestedGranularity} {
		if value != "" {
			v[name] = []string{value}
		}
	}
	v["skip"] = []string{strconv.Itoa(doc.Query.Pagination.Skip)}
	if limit := doc.Query.Pagination.Limit; limit != nil {
		v["limit"] = []string{strconv.Itoa(*limit)}
	}
	for name, raw := range doc.Query.RequestParameters {
		if err := v.parameter(name, raw); err != nil {
			return err
		}
	}
	return nil
}

func (v values) parameter(name string, raw json.RawMessage) error {
	switch name {
	case "$schema":
		return nil
	case "g_variant", "g_variants", "genomicVariant", "genomicVariation", "datasets":
		var inner map[string]json.RawMessage
		if err := json.Unmarshal(raw, &inner); err != nil {
			return fault.New(fault.Invalid, "it is no object").Where(name)
		}
		for name, raw := range inner {
			if err := v.parameter(name, raw); err != nil {
				return err
			}
		}
		return nil
	}
	var one any
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	if err := d.Decode(&one); err != nil {
		return fault.Wrap(fault.Invalid, err, "it can't be read").Where(name)
	}
	list, ok := one.([]any)
	if !ok {
		list = []any{one}
	}
	for _, x := range list {
		var text string
		switch x := x.(type) {
		case string:
			text = x
		case json.Number:
			text = x.String()
		default:
			return fault.New(fault.Invalid, "it is neither text nor a number, nor a list of them").Where(name)
		}
		if err := v.add(name, text); err != nil {
			return err
		}
	}
	return nil
}

// one takes a parameter that is given at most once.
func (v values) one(name string) (string, error) {
	switch all := v[name]; len(all) {
	case 0:
		return "", nil
	case 1:
		return all[0], nil
	}
	return "", fault.New(fault.Invalid, "it is given more than once").Where(name)
}

// numbers takes up to two numbers.
func (v values) numbers(name string, least, most int64) ([]int64, error) {
	var out []int64
	for _, text := range v[name] {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < least || n > most {
			return nil, fault.New(fault.Invalid, "%q is no number from %d to %d", text[:min(len(text), 40)], least, most).Where(name)
		}
		out = append(out, n)
	}
	if len(out) > 2 {
		return nil, fault.New(fault.Invalid, "it has at most two values").Where(name)
	}
	return out, nil
}

// understand reads what was asked out of the parameters.
func (q *query) understand(genes *variant.Genes) error {
	for _, step := range []func() error{q.page, q.whose, q.shape, func() error { return q.where(genes) }} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// choice takes a parameter that is one of some words.
func (v values) choice(name, usual string, of []string) (string, error) {
	s, err := v.one(name)
	if err != nil || s == "" {
		return usual, err
	}
	if !slices.Contains(of, s) {
		return "", fault.New(fault.Invalid, "it is none of %s", strings.Join(of, ", ")).Where(name)
	}
	return s, nil
}

// number takes a parameter that is one number; usual where it isn't given.
func (v values) number(name string, usual, least, most int64) (int64, error) {
	all, err := v.numbers(name, least, most)
	switch {
	case err != nil:
		return 0, err
	case len(all) == 0:
		return usual, nil
	case len(all) > 1:
		return 0, fault.New(fault.Invalid, "it is given more than once").Where(name)
	}
	return all[0], nil
}

func (q *query) page() (err error) {
	if q.granularity, err = q.asked.choice("requestedGranularity", yesOrNo, append(granularities, aggregated)); err != nil {
		return err
	}
	if q.granularity == aggregated {
		q.granularity = count
	}
	if q.include, err = q.asked.choice("includeResultsetResponses", "HIT", []string{"HIT", "MISS", "ALL", "NONE"}); err != nil {
		return err
	}
	test, err := q.asked.choice("testMode", strconv.FormatBool(q.test), []string{"true", "false"})
	if err != nil {
		return err
	}
	skip, err := q.asked.number("skip", 0, 0, mostSkip)
	if err != nil {
		return err
	}
	limit, err := q.asked.number("limit", usualLimit, 0, mostLimit)
	if limit == 0 {
		limit = mostLimit
	}
	q.test, q.skip, q.limit = test == "true", int(skip), int(limit)
	return err
}

func (q *query) whose() (err error) {
	if q.as, err = q.asked.one("as"); err != nil {
		return err
	}
	if q.dataset, err = q.asked.one("datasetIds"); err != nil {
		return fault.New(fault.Invalid, "one dataset is asked at a time, or all").Where("datasetIds")
	}
	if q.dataset == all {
		q.dataset = ""
	}
	purpose, err := q.asked.one("purpose")
	if err == nil && purpose != "" {
		q.purpose, err = consent.ParsePurpose(purpose)
	}
	return err
}

// shape reads what the variant is like.
func (q *query) shape() (err error) {
	if _, q.hasRef = q.asked["referenceBases"]; q.hasRef {
		if q.ref, err = q.asked.bases("referenceBases"); err != nil {
			return err
		}
	}
	if _, q.hasAlt = q.asked["alternateBases"]; q.hasAlt {
		if q.alt, err = q.asked.bases("alternateBases"); err != nil {
			return err
		}
	}
	if q.kind, err = q.asked.one("variantType"); err != nil {
		return err
	}
	if q.kind = strings.ToUpper(q.kind); q.kind == "SNV" {
		q.kind = "SNP"
	}
	if q.minLength, err = q.asked.number("variantMinLength", 0, 0, 1<<31); err != nil {
		return err
	}
	q.maxLength, err = q.asked.number("variantMaxLength", 0, 1, 1<<31)
	return err
}

func (v values) bases(name string) (string, error) {
	s, err := v.one(name)
	s = strings.ToUpper(s)
	if err == nil && (s == "" || strings.Trim(s, "ACGTN") != "") {
		err = fault.New(fault.Invalid, "it is not made of A, C, G, T and N").Where(name).Do("write an insertion or a deletion with the base before it, as in VCF")
	}
	return s, err
}

// reach is how far before a range a variant may begin that reaches into it: what is longer is structural.
const reach = 50

// where reads the place: of the variant's first base, 1-based and inclusive.
func (q *query) where(genes *variant.Genes) error {
	if name, err := q.asked.one("assemblyId"); err != nil {
		return err
	} else if a, known := variant.ParseAssembly(name); name != "" && (!known || a != variant.GRCh38) {
		return fault.New(fault.Invalid, "this Beacon is on GRCh38").Where("assemblyId")
	}
	gene, err := q.asked.one("geneId")
	if err != nil {
		return err
	}
	if gene != "" {
		return q.gene(genes, gene)
	}
	name, err := q.asked.one("referenceName")
	if err != nil || name == "" {
		if err == nil && (len(q.asked["start"]) > 0 || len(q.asked["end"]) > 0) {
			err = fault.New(fault.Invalid, "the sequence isn't named").Where("referenceName")
		}
		return err
	}
	chrom, ok := variant.ParseChrom(name)
	if !ok {
		return fault.New(fault.Invalid, "%q is no sequence of GRCh38", name[:min(len(name), 40)]).Where("referenceName").Do("say 22, chr22 or NC_000022.11")
	}
	length := int64(chrom.Length())
	start, err := q.asked.numbers("start", 0, length-1)
	if err != nil {
		return err
	}
	end, err := q.asked.numbers("end", 1, length)
	if err != nil {
		return err
	}
	return q.place(chrom, start, end)
}

func (q *query) gene(genes *variant.Genes, name string) error {
	for _, other := range []string{"referenceName", "start", "end"} {
		if len(q.asked[other]) > 0 {
			return fault.New(fault.Invalid, "a gene and a place are asked for at once").Where(other)
		}
	}
	if genes == nil {
		return fault.New(fault.Invalid, "this Beacon has no table of genes").Where("geneId").Do("ask by position")
	}
	_, at, ok := genes.Find(name)
	if !ok {
		return fault.New(fault.Invalid, "the table of genes doesn't have it").Where("geneId").Do("ask by position")
	}
	q.at = &at
	return nil
}

// place turns 0-based positions into a stretch for the variant's first base.
func (q *query) place(chrom variant.Chrom, start, end []int64) error {
	at := variant.Region{Chrom: chrom}
	bad := func(what string) error { return fault.New(fault.Invalid, "%s", what).Where("start") }
	switch {
	case len(start) == 0:
		return bad("it isn't said where the variant begins")
	case len(start) == 2 && len(end) == 2: // bracket
		if start[0] >= start[1] || end[0] > end[1] {
			return bad("the brackets hold nothing")
		}
		q.bracket, q.ends = true, [2]int64{end[0], end[1]}
		at.From, at.To = uint32(start[0])+1, uint32(start[1])
	case len(start) == 2 || len(end) == 2:
		return bad("a bracket query has two values for start and two for end")
	case len(end) == 1: // range
		if start[0] >= end[0] {
			return bad("the range holds nothing")
		}
		at.From, at.To = uint32(max(start[0]-reach, 0))+1, uint32(end[0])
		q.bracket, q.ends = true, [2]int64{start[0] + 1, int64(chrom.Length())}
	case !q.hasAlt: // a single place
		return bad("a query without an end says what the bases are instead: alternateBases")
	default:
		at.From = uint32(start[0]) + 1
		at.To = at.From
	}
	q.at = &at
	return nil
}

// key is the variant of a sequence query; ok is false for other queries.
func (q *query) key() (k variant.Key, ok bool, err error) {
	if q.at == nil || q.bracket || q.at.From != q.at.To || !q.hasRef || !q.hasAlt || q.kind != "" || q.minLength+q.maxLength > 0 ||
		strings.ContainsRune(q.ref+q.alt, 'N') {
		return k, false, nil
	}
	k, err = variant.ParseKey(q.at.Chrom.String() + "-" + strconv.FormatUint(uint64(q.at.From), 10) + "-" + q.ref + "-" + q.alt)
	return k, true, err
}
