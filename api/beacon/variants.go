package beacon

import (
	"bytes"
	"net/http"
	"slices"
	"strconv"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/web/route"
)

// asking is as whom a request asks. Who has several assignments names one.
func (b *beacon) asking(r *http.Request, q query) (policy.Ask, error) {
	if route.Elsewhere(r) {
		return policy.Ask{}, fault.New(fault.Denied, "a page of another site asks nothing here").Do("ask with a program, or from a page of this site")
	}
	askers := []answer.Asker{{Ask: policy.Ask{Operator: true}}}
	if b.Askers != nil {
		var err error
		if askers, err = b.Askers(r); err != nil {
			return policy.Ask{}, err
		}
	}
	i := slices.IndexFunc(askers, func(x answer.Asker) bool { return q.as == x.Assignment || q.as == "" && len(askers) == 1 })
	switch {
	case len(askers) == 0:
		return policy.Ask{}, policy.Denied()
	case i < 0 && q.as == "":
		return policy.Ask{}, fault.New(fault.Invalid, "there are %d assignments to ask in", len(askers)).Where("as").Do("name one by its id")
	case i < 0:
		return policy.Ask{}, fault.New(fault.Invalid, "no such assignment holds now").Where("as")
	}
	return askers[i].About(q.dataset, q.purpose), nil
}

// kinds are the questions by which each granularity is answered. What is on a stretch is listed with its frequencies, whatever is told of it then.
func kinds(granularity string, stretch bool) policy.Kind {
	switch {
	case stretch || granularity == record:
		return policy.Frequency
	case granularity == count:
		return policy.Count
	}
	return policy.Exists
}

// fullest gives the granularity asked for, or the fullest below it that the policies allow; where none is, the one that is denied.
func (b *beacon) fullest(ask policy.Ask, wanted string, stretch bool) (granularity string, kind policy.Kind) {
	for i := slices.Index(granularities, wanted); i >= 0; i-- {
		ask.Question = kinds(granularities[i], stretch)
		if b.desk.Judge(ask).Allowed {
			return granularities[i], ask.Question
		}
	}
	return wanted, kinds(wanted, stretch)
}

// variants answers /g_variants.
func (b *beacon) variants(w http.ResponseWriter, r *http.Request) int {
	q, err := b.read(w, r)
	if err != nil {
		return b.fail(w, r, q, err)
	}
	key, sequence, err := q.key()
	switch {
	case err != nil:
		return b.fail(w, r, q, err)
	case q.at == nil:
		return b.fail(w, r, q, fault.New(fault.Invalid, "it isn't said which variants").Where("referenceName").Do("say referenceName and start, or geneId"))
	case sequence:
		return b.one(w, r, q, key)
	}
	return b.stretch(w, r, q)
}

// variant answers /g_variants/{id}: an id is the variant's name, as in chr22-50000165-C-T.
func (b *beacon) variant(w http.ResponseWriter, r *http.Request) int {
	q, key, err := b.named(w, r)
	if err != nil {
		return b.fail(w, r, q, err)
	}
	if len(q.asked["requestedGranularity"]) == 0 {
		q.granularity = record
	}
	return b.one(w, r, q, key)
}

// named reads a request about the variant of the path.
func (b *beacon) named(w http.ResponseWriter, r *http.Request) (query, variant.Key, error) {
	q, err := b.read(w, r)
	if err == nil && q.at != nil {
		err = fault.New(fault.Invalid, "the variant is named by the path, and by parameters too").Where("referenceName")
	}
	if err != nil {
		return q, variant.Key{}, err
	}
	key, err := variant.ParseKey(r.PathValue("id"))
	return q, key, err
}

// ask puts a question about one variant.
func (b *beacon) ask(r *http.Request, q query, key variant.Key) (ask policy.Ask, a answer.Answer, granularity string, err error) {
	if ask, err = b.asking(r, q); err != nil {
		return ask, a, "", err
	}
	granularity, ask.Question = b.fullest(ask, q.granularity, false)
	if a, err = b.desk.Ask(r.Context(), answer.Question{Ask: ask, Keys: []variant.Key{key}}); err == nil {
		b.table.Questions.Add(1)
	}
	return ask, a, granularity, err
}

func known(a policy.Ask) bool { return a.SignedIn || a.Operator }

// one answers a sequence query.
func (b *beacon) one(w http.ResponseWriter, r *http.Request, q query, key variant.Key) int {
	ask, a, granularity, err := b.ask(r, q, key)
	if err != nil {
		return b.fail(w, r, q, err)
	}
	c := a.Counts[0]
	info := told(q, a, known(ask))
	if granularity != yesOrNo {
		numbers(info, c)
	}
	info["covered"] = c.Covered
	d := document{Meta: b.meta(q, genomicVariant, granularity), Summary: summary{Exists: c.Carried()}, Info: info}
	if n := 0; granularity != yesOrNo {
		if c.Carried() {
			n = 1
		}
		d.Summary.Total = &n
	}
	if granularity == record {
		var results []any
		if c.Carried() {
			results = append(results, b.record(q, key, c))
		}
		d.Response = b.sets(q, results)
	}
	return b.send(w, http.StatusOK, d)
}

// numbers adds what is told of a variant.
func numbers(info map[string]any, c answer.Count) {
	info["carriers"], info["individuals"] = cell(c.Carriers), cell(c.Individuals)
	for name, x := range map[string]policy.Cell{"ac": c.AC, "an": c.AN, "het": c.Het, "hom": c.Hom, "hemi": c.Hemi} {
		info[name] = cell(x)
	}
	switch {
	case !c.Covered:
		info["an_basis"] = nil
	case c.Assumed:
		info["an_basis"] = "assumed"
	default:
		info["an_basis"] = "called"
	}
}

// sets are the result sets of an answer: one, of the dataset that was asked or of all together.
func (b *beacon) sets(q query, results []any) resultSets {
	hit := len(results) > 0
	out := resultSets{Sets: []resultSet{}}
	if q.include == "ALL" || q.include == "HIT" && hit || q.include == "MISS" && !hit {
		id := all
		if q.dataset != "" {
			id = q.dataset
		}
		if results == nil {
			results = []any{}
		}
		out.Sets = append(out.Sets, resultSet{ID: id, SetType: dataset, Exists: hit, Count: len(results), Results: results})
	}
	return out
}

// stretch answers range and bracket queries. It asks for one variant more than it shows, to tell whether there are more.
func (b *beacon) stretch(w http.ResponseWriter, r *http.Request, q query) int {
	ask, err := b.asking(r, q)
	if err != nil {
		return b.fail(w, r, q, err)
	}
	granularity, _ := b.fullest(ask, q.granularity, true)
	// What ends elsewhere or is of another kind is passed over here, so all on the stretch is listed, and paid.
	a, err := b.desk.Region(r.Context(), answer.Region{Ask: ask, Chrom: q.at.Chrom, From: q.at.From, To: q.at.To, Limit: mostListed})
	if err != nil {
		return b.fail(w, r, q, err)
	}
	b.table.Questions.Add(1)
	var hits []int
	for i, k := range a.Keys {
		if q.matches(k) {
			hits = append(hits, i)
		}
	}
	info := told(q, a, known(ask))
	d := document{Meta: b.meta(q, genomicVariant, granularity), Summary: summary{Exists: len(hits) > 0}, Info: info}
	if len(a.Keys) == mostListed {
		info["truncatedAfter"] = a.Keys[len(a.Keys)-1].String()
	} else if n := len(hits); granularity != yesOrNo {
		d.Summary.Total = &n
	}
	if granularity == count && d.Summary.Total == nil { // the standard has no count that isn't known
		d.Meta.Granularity = yesOrNo
	}
	if granularity == record {
		var results []any
		for _, i := range hits[min(len(hits), q.skip*q.limit):min(len(hits), (q.skip+1)*q.limit)] {
			results = append(results, b.record(q, a.Keys[i], a.Counts[i]))
		}
		d.Response = b.sets(q, results)
	}
	return b.send(w, http.StatusOK, d)
}

// mostListed bounds what one query looks at.
const mostListed = 10_000

// matches tells whether a variant on the stretch is one of those asked for.
func (q *query) matches(k variant.Key) bool {
	kind, length, end := describe(k)
	return (!q.bracket || q.ends[0] <= end && end <= q.ends[1]) && (q.kind == "" || q.kind == kind) && (q.minLength == 0 || length >= q.minLength) &&
		(q.maxLength == 0 || length <= q.maxLength) && (!q.hasRef || like(q.ref, k.Ref)) && (!q.hasAlt || like(q.alt, k.Alt))
}

// like compares bases with a pattern in which N is any of them.
func like(pattern string, bases []byte) bool {
	if len(pattern) != len(bases) {
		return false
	}
	for i := range bases {
		if pattern[i] != 'N' && pattern[i] != bases[i] {
			return false
		}
	}
	return true
}

// describe gives a variant's type, its length in bases, and where it ends: 0-based and exclusive.
func describe(k variant.Key) (kind string, length, end int64) {
	if !k.Symbolic() {
		ref, alt := int64(len(k.Ref)), int64(len(k.Alt))
		end = int64(k.Pos) - 1 + ref
		switch {
		case ref == 1 && alt == 1:
			return "SNP", 1, end
		case ref == 1 && k.Ref[0] == k.Alt[0]:
			return "INS", alt - 1, end
		case alt == 1 && k.Ref[0] == k.Alt[0]:
			return "DEL", ref - 1, end
		}
		return "INDEL", max(ref, alt), end
	}
	kind, end = "BND", int64(k.Pos)
	if name, rest, ok := bytes.Cut(k.Alt, []byte(">")); ok && bytes.HasPrefix(name, []byte("<")) {
		kind = string(name[1:])
		_, number, _ := bytes.Cut(rest, []byte("="))
		n, err := strconv.ParseInt(string(number), 10, 64)
		switch {
		case err != nil:
		case bytes.HasPrefix(rest, []byte("END=")):
			return kind, n - int64(k.Pos), n
		default:
			length = n
		}
	}
	return kind, length, end
}

// record is a variant as the default model has it.
func (b *beacon) record(q query, k variant.Key, c answer.Count) any {
	kind, _, end := describe(k)
	number := func(n int64) map[string]any { return map[string]any{"type": "Number", "value": n} }
	alt := string(k.Alt)
	variation := map[string]any{"variantType": kind, "location": map[string]any{"type": "SequenceLocation", "sequence_id": "refseq:" + k.Chrom.RefSeq(),
		"interval": map[string]any{"type": "SequenceInterval", "start": number(int64(k.Pos) - 1), "end": number(end)}}}
	if k.Symbolic() {
		alt = "" // the standard's alternateBases are bases
	} else {
		variation["referenceBases"] = string(k.Ref)
	}
	variation["alternateBases"] = alt
	info := map[string]any{}
	numbers(info, c)
	out := map[string]any{"variantInternalId": k.String(), "variation": variation, "info": info}
	if f, ok := c.AF(); ok {
		population := "all who allow the use"
		if q.dataset != "" {
			population = q.dataset
		}
		out["frequencyInPopulations"] = []any{map[string]any{"source": b.Name, "sourceReference": b.URL,
			"frequencies": []any{map[string]any{"population": population, "alleleFrequency": f}}}}
	}
	return out
}

// individuals answers /individuals: how many carry the variant that the request names.
func (b *beacon) individuals(w http.ResponseWriter, r *http.Request) int {
	q, err := b.read(w, r)
	if err != nil {
		return b.fail(w, r, q, err)
	}
	key, ok, err := q.key()
	if err == nil && !ok {
		err = fault.New(fault.Invalid, "people are counted by one variant they carry").Where("referenceName").Do("say referenceName, start, referenceBases and alternateBases")
	}
	if err != nil {
		return b.fail(w, r, q, err)
	}
	return b.people(w, r, q, key)
}

// carriers answers /g_variants/{id}/individuals.
func (b *beacon) carriers(w http.ResponseWriter, r *http.Request) int {
	q, key, err := b.named(w, r)
	if err != nil {
		return b.fail(w, r, q, err)
	}
	if len(q.asked["requestedGranularity"]) == 0 {
		q.granularity = count
	}
	return b.people(w, r, q, key)
}

// people counts who carries a variant. There are no records of people.
func (b *beacon) people(w http.ResponseWriter, r *http.Request, q query, key variant.Key) int {
	asked := q
	if q.granularity == record {
		q.granularity = count
	}
	ask, a, granularity, err := b.ask(r, q, key)
	if err != nil {
		return b.fail(w, r, q, err)
	}
	c := a.Counts[0]
	info := told(q, a, known(ask))
	info["covered"], info["carriers"] = c.Covered, cell(c.Carriers)
	d := document{Summary: summary{Exists: c.Carried()}, Info: info}
	if granularity == count {
		if n := c.Carriers.Low; c.Carriers.Form == policy.Number {
			d.Summary.Total = &n
		} else {
			granularity = yesOrNo // the standard's count is one number
		}
	}
	d.Meta = b.meta(asked, individual, granularity)
	return b.send(w, http.StatusOK, d)
}
