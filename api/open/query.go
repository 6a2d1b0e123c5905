package open

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/policy"
)

const (
	mostInQuery  = 1_000  // variants in a query string
	mostInList   = 10_000 // variants in a posted list
	mostInRegion = 10_000 // variants of a region in one answer
	listBytes    = 4 << 20
)

// scratch is what one request needs and the next can use again.
type scratch struct {
	keys []variant.Key
	out  []byte
	p    parameters
}

// parameters of a query string.
type parameters struct {
	variants []string
	purpose  string
	dataset  string
	region   string
	limit    string
	compress string
	assembly string
	as       string
}

func (a *api) take() *scratch { return a.scratch.Get().(*scratch) }

func (a *api) give(s *scratch) {
	if cap(s.out) > 1<<20 || cap(s.keys) > mostInQuery {
		return // a rare large answer is not kept in memory
	}
	clear(s.keys)
	clear(s.p.variants)
	s.keys, s.out, s.p = s.keys[:0], s.out[:0], parameters{variants: s.p.variants[:0]}
	a.scratch.Put(s)
}

// read takes the parameters named in may ("" ends the list) from a query string without copying what needs no decoding.
func (p *parameters) read(raw string, may ...string) error {
	for raw != "" {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		if strings.ContainsAny(value, "%+") {
			decoded, err := url.QueryUnescape(value)
			if err != nil {
				return fault.New(fault.Invalid, "the value can't be decoded").Where(name).Do("percent-encode it as UTF-8")
			}
			value = decoded
		}
		if !slices.Contains(may, name) {
			return fault.New(fault.Invalid, "there is no parameter %q here", shorten(name)).Do("use %s", strings.Join(may, ", "))
		}
		var to *string
		switch name {
		case "variant":
			p.variants = append(p.variants, value)
			continue
		case "purpose":
			to = &p.purpose
		case "dataset":
			to = &p.dataset
		case "region":
			to = &p.region
		case "limit":
			to = &p.limit
		case "compress":
			to = &p.compress
		case "assembly":
			to = &p.assembly
		case "as":
			to = &p.as
		}
		if *to != "" {
			return fault.New(fault.Invalid, "it is given twice").Where(name)
		}
		*to = value
	}
	return nil
}

func shorten(s string) string { return s[:min(len(s), 40)] }

// query answers GET /api/v1/query. It is the hot path.
func (a *api) query(w http.ResponseWriter, r *http.Request) int {
	s := a.take()
	defer a.give(s)
	if err := s.p.read(r.URL.RawQuery, "variant", "purpose", "dataset", "as"); err != nil {
		return a.fail(w, r, err)
	}
	return a.ask(w, r, s, mostInQuery)
}

func (a *api) ask(w http.ResponseWriter, r *http.Request, s *scratch, most int) int {
	ask, err := a.asking(r, &s.p)
	if err != nil {
		return a.fail(w, r, err)
	}
	if n := len(s.p.variants); n == 0 || n > most {
		return a.fail(w, r, fault.New(fault.Invalid, "%d variants were asked about", n).Where("variant").Do("ask about 1 to %d", most))
	}
	for _, text := range s.p.variants {
		key, err := variant.ParseKey(text)
		if err != nil {
			return a.fail(w, r, err)
		}
		s.keys = append(s.keys, key)
	}
	ask.Question = a.desk.Fullest(ask)
	got, err := a.desk.Ask(r.Context(), answer.Question{Ask: ask, Keys: s.keys})
	if err != nil {
		return a.refuse(w, r, ask, err)
	}
	a.table.Questions.Add(len(s.keys))
	s.out = append(appendRecorded(append(s.out, '{'), &ask, &got), `,"answers":[`...)
	for i := range got.Counts {
		if i > 0 {
			s.out = append(s.out, ',')
		}
		s.out = appendAnswer(s.out, s.keys[i], &ask, &got.Counts[i], &got)
	}
	s.out = append(s.out, "]}\n"...)
	return sendJSON(w, s.out)
}

// queryList answers POST /api/v1/query.
func (a *api) queryList(w http.ResponseWriter, r *http.Request) int {
	var list struct {
		Variants []string `json:"variants"`
		Purpose  string   `json:"purpose"`
		Dataset  string   `json:"dataset"`
		As       string   `json:"as"`
	}
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, listBytes))
	d.DisallowUnknownFields()
	if err := d.Decode(&list); err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return sendProblem(w, problem{Status: http.StatusRequestEntityTooLarge, Kind: "invalid", Detail: "the list is larger than 4 MB", Hint: "send it in parts"})
		}
		return a.fail(w, r, fault.Wrap(fault.Invalid, err, "the list could not be read").Do(`send {"purpose": "care", "variants": ["chr22-50000165-C-T"]}`))
	}
	s := a.take()
	defer a.give(s)
	s.p = parameters{variants: list.Variants, purpose: list.Purpose, dataset: list.Dataset, as: list.As}
	return a.ask(w, r, s, mostInList)
}

// region answers GET /api/v1/region. It asks for one variant more than it gives, to tell where to go on.
func (a *api) region(w http.ResponseWriter, r *http.Request) int {
	s := a.take()
	defer a.give(s)
	if err := s.p.read(r.URL.RawQuery, "region", "purpose", "dataset", "limit", "as"); err != nil {
		return a.fail(w, r, err)
	}
	ask, err := a.asking(r, &s.p)
	if err != nil {
		return a.fail(w, r, err)
	}
	where, err := variant.ParseRegion(s.p.region)
	if err != nil {
		return a.fail(w, r, err)
	}
	limit := 1000
	if s.p.limit != "" {
		if limit, err = strconv.Atoi(s.p.limit); err != nil || limit < 1 || limit > mostInRegion {
			return a.fail(w, r, fault.New(fault.Invalid, "%q is no limit", shorten(s.p.limit)).Where("limit").Do("give a number from 1 to %d", mostInRegion))
		}
	}
	ask.Question = policy.Frequency
	got, err := a.desk.Region(r.Context(), answer.Region{Ask: ask, Chrom: where.Chrom, From: where.From, To: where.To, Limit: limit + 1})
	if err != nil {
		return a.refuse(w, r, ask, err)
	}
	a.table.Questions.Add(1)
	keep, next := cut(got.Keys, limit)
	s.out = append(s.out, `{"region":`...)
	s.out = appendText(s.out, where.String())
	s.out = appendRecorded(append(s.out, ','), &ask, &got)
	s.out = append(s.out, `,"consent_epoch":`...)
	s.out = strconv.AppendUint(s.out, got.Epoch, 10)
	s.out = append(s.out, `,"next":`...)
	if next == 0 {
		s.out = append(s.out, "null"...)
	} else {
		s.out = appendText(s.out, variant.Region{Chrom: where.Chrom, From: next, To: where.To}.String())
	}
	s.out = append(s.out, `,"answers":[`...)
	for i := range keep {
		if i > 0 {
			s.out = append(s.out, ',')
		}
		s.out = appendAnswer(s.out, got.Keys[i], &ask, &got.Counts[i], &got)
	}
	s.out = append(s.out, "]}\n"...)
	return sendJSON(w, s.out)
}

// cut tells how many of the keys fit in limit so that no position is split, and where the next answer
// begins; 0 when there is no more. A position with more than limit variants is split all the same.
func cut(keys []variant.Key, limit int) (keep int, next uint32) {
	if len(keys) <= limit {
		return len(keys), 0
	}
	next = keys[limit].Pos
	for keep = limit; keep > 0 && keys[keep-1].Pos == next; keep-- {
	}
	if keep == 0 {
		return limit, next + 1
	}
	return keep, next
}
