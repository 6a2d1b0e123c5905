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
	about := q.dataset
	if b.national { // a region's name, which is none of its datasets
		about = ""
	}
	return askers[i].About(about, q.purpose), nil
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
		return b.answer(w, r, q, question{keys: []variant.Key{key}}, oneVariant)
	}
	return b.answer(w, r, q, question{region: q.at}, aStretch)
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
	return b.answer(w, r, q, question{keys: []variant.Key{key}}, oneVariant)
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

// ask puts a question as whoever sends the request.
func (b *beacon) ask(r *http.Request, q query, x question) (replies []reply, known bool, err error) {
	if x.Ask, err = b.asking(r, q); err != nil {
		return nil, false, err
	}
	if x.granularity = q.granularity; b.national {
		x.node = q.dataset
	}
	if replies, err = b.who.ask(r.Context(), x); err == nil {
		b.table.Questions.Add(1)
	}
	return replies, x.SignedIn || x.Operator, err
}

// answer answers about variants.
func (b *beacon) answer(w http.ResponseWriter, r *http.Request, q query, x question, about subject) int {
	replies, known, err := b.ask(r, q, x)
	if err != nil {
		return b.fail(w, r, q, err)
	}
	return b.send(w, http.StatusOK, b.document(q, replies, about, known))
}

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
func (b *beacon) record(q query, r reply, k variant.Key, c answer.Count) any {
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
	numbers(c).all(info)
	out := map[string]any{"variantInternalId": k.String(), "variation": variation, "info": info}
	if f, ok := c.AF(); ok {
		population, source, at := "all who allow the use", b.Name, b.URL
		switch {
		case b.national:
			source, at = r.Title, r.URL
		case q.dataset != "":
			population = q.dataset
		}
		out["frequencyInPopulations"] = []any{map[string]any{"source": source, "sourceReference": at,
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
	replies, known, err := b.ask(r, q, question{keys: []variant.Key{key}})
	if err != nil {
		return b.fail(w, r, q, err)
	}
	total, granularity := sum(replies), fullestOf(replies)
	d := document{Summary: summary{Exists: len(q.find(replies).keys) > 0}, Info: b.told(q, replies, people, known)}
	if n := total.Carriers.Low; granularity == yesOrNo || total.Covered && total.Carriers.Form != policy.Number {
		granularity = yesOrNo // the standard's count is one number
	} else {
		granularity, d.Summary.Total = count, &n
	}
	d.Meta = b.meta(asked, individual, granularity)
	return b.send(w, http.StatusOK, d)
}
