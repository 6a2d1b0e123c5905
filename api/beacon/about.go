package beacon

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
)

// schemas are those of the default model that answers follow, by entry type.
var schemas = map[string]string{
	genomicVariant: "ga4gh-beacon-variant-v2.1.0", individual: "ga4gh-beacon-individual-v2.0.0", dataset: "ga4gh-beacon-dataset-v2.0.0", cohort: "ga4gh-beacon-cohort-v2.0.0",
}

const models = "https://raw.githubusercontent.com/ga4gh-beacon/beacon-v2/main/models/json/beacon-v2-default-model/"

// entry is an entry type of the default model.
type entry struct {
	id, name, folder, term, label string
	collectionOf                  string
	unfiltered                    bool // can be asked for without parameters
}

var entries = []entry{
	{genomicVariant, "Genomic variants", "genomicVariations", "ENSGLOSSARY:0000092", "Variant", "", false},
	{individual, "Individuals", "individuals", "NCIT:C25190", "Person", "", false},
	{dataset, "Datasets", "datasets", "NCIT:C47824", "Data set", genomicVariant, true},
	{cohort, "Cohorts", "cohorts", "NCIT:C61512", "Cohort", individual, true},
}

func (e entry) definition() map[string]any {
	id := schemas[e.id]
	d := map[string]any{"id": e.id, "name": e.name, "partOfSpecification": "Beacon " + version,
		"ontologyTermForThisType": map[string]string{"id": e.term, "label": e.label}, "nonFilteredQueriesAllowed": e.unfiltered,
		"defaultSchema": map[string]string{"id": id, "name": "Default schema of " + strings.ToLower(e.name), "referenceToSchemaDefinition": models + e.folder + "/defaultSchema.json",
			"schemaVersion": id[strings.LastIndexByte(id, 'v'):]}}
	if e.collectionOf != "" {
		i := slices.IndexFunc(entries, func(x entry) bool { return x.id == e.collectionOf })
		d["aCollectionOf"] = []any{map[string]string{"id": e.collectionOf, "name": entries[i].name}}
	}
	return d
}

func definitions() map[string]any {
	out := map[string]any{}
	for _, e := range entries {
		out[e.id] = e.definition()
	}
	return out
}

// informs sends a document about the Beacon itself.
func (b *beacon) informs(w http.ResponseWriter, response any) int {
	return b.send(w, http.StatusOK, map[string]any{"meta": meta{BeaconID: b.ID, APIVersion: version, Schemas: []schemaOf{}}, "response": response})
}

func (b *beacon) environment() (name, status string) {
	if b.Demo {
		return "test", "TEST"
	}
	return "prod", "PROD"
}

func (b *beacon) organisation() map[string]any {
	return map[string]any{"id": b.ID, "name": b.Organisation, "welcomeUrl": b.URL, "contactUrl": b.URL}
}

func (b *beacon) info(w http.ResponseWriter, _ *http.Request) int {
	environment, _ := b.environment()
	about := map[string]any{"id": b.ID, "name": b.Name, "apiVersion": version, "environment": environment, "organization": b.organisation(),
		"version": b.Software, "welcomeUrl": b.URL}
	b.tellNodes(about)
	return b.informs(w, about)
}

// tellNodes says of a nation's Beacon that it is one, and whose answers it gives.
func (b *beacon) tellNodes(about map[string]any) {
	if !b.national {
		return
	}
	nodes, regions := b.who.nodes(), []any{}
	for _, n := range nodes {
		regions = append(regions, n.about())
	}
	about["description"] = "A national Beacon: each of " + strconv.Itoa(len(nodes)) + " regions answers from its own node, by its own policies and its people's consent, as a result set of its own"
	about["info"] = map[string]any{"national": true, "nodes": regions}
}

// about is what anybody may know of a nation's node.
func (n Node) about() map[string]any {
	about := map[string]any{"node": n.Name, "title": n.Title, "url": n.URL, "reached": n.Trouble == ""}
	if n.Trouble != "" {
		about["why"] = n.Trouble
	}
	return about
}

func (b *beacon) serviceInfo(w http.ResponseWriter, _ *http.Request) int {
	environment, _ := b.environment()
	about := map[string]any{"id": b.ID, "name": b.Name, "version": b.Software, "environment": environment,
		"type":         map[string]string{"group": "org.ga4gh", "artifact": "beacon", "version": strings.TrimPrefix(version, "v")},
		"organization": map[string]string{"name": b.Organisation, "url": b.URL}, "contactUrl": b.URL}
	b.tellNodes(about)
	return b.send(w, http.StatusOK, about)
}

const configurationSchema = "https://raw.githubusercontent.com/ga4gh-beacon/beacon-v2/main/framework/json/configuration/"

func (b *beacon) configuration(w http.ResponseWriter, _ *http.Request) int {
	_, status := b.environment()
	return b.informs(w, map[string]any{"$schema": configurationSchema + "beaconConfigurationSchema.json",
		"maturityAttributes": map[string]string{"productionStatus": status},
		"securityAttributes": map[string]any{"defaultGranularity": yesOrNo, "securityLevels": []string{"PUBLIC", "REGISTERED", "CONTROLLED"}},
		"entryTypes":         definitions()})
}

func (b *beacon) entryTypes(w http.ResponseWriter, _ *http.Request) int {
	return b.informs(w, map[string]any{"entryTypes": definitions()})
}

func (b *beacon) filteringTerms(w http.ResponseWriter, _ *http.Request) int {
	return b.informs(w, map[string]any{"filteringTerms": []any{}, "resources": []any{}})
}

// endpoints answers /map.
func (b *beacon) endpoints(w http.ResponseWriter, _ *http.Request) int {
	at := b.URL + b.Root
	return b.informs(w, map[string]any{"$schema": configurationSchema + "beaconMapSchema.json", "endpointSets": map[string]any{
		genomicVariant: map[string]any{"entryType": genomicVariant, "rootUrl": at + "/g_variants", "singleEntryUrl": at + "/g_variants/{id}",
			"endpoints": map[string]any{individual: map[string]string{"returnedEntryType": individual, "url": at + "/g_variants/{id}/individuals"}}},
		individual: map[string]any{"entryType": individual, "rootUrl": at + "/individuals"},
		dataset:    map[string]any{"entryType": dataset, "rootUrl": at + "/datasets", "singleEntryUrl": at + "/datasets/{id}"},
		cohort:     map[string]any{"entryType": cohort, "rootUrl": at + "/cohorts", "singleEntryUrl": at + "/cohorts/{id}"},
	}})
}

// datasets answers /datasets and /datasets/{id}: to the operator and stewards all there are, and to others those that policies name. Those of a
// nation are its regions.
func (b *beacon) datasets(w http.ResponseWriter, r *http.Request) int {
	q, s, err := b.listing(w, r)
	if err != nil {
		return b.fail(w, r, q, err)
	}
	names := b.who.named()
	if s != nil {
		names = nil
		for _, d := range s.Datasets {
			names = append(names, d.Name)
		}
	}
	list := []any{map[string]any{"id": all, "name": "All germline datasets"}}
	if b.national {
		list = []any{map[string]any{"id": all, "name": "All regions", "description": "What every region that is reached tells, as result sets of their own"}}
	}
	for _, n := range b.who.nodes() {
		list = append(list, map[string]any{"id": n.Name, "name": n.Title, "externalUrl": n.URL + root, "info": n.about()})
	}
	for _, name := range names {
		list = append(list, map[string]any{"id": name, "name": name})
	}
	return b.collection(w, r, q, dataset, list)
}

// cohorts answers /cohorts and /cohorts/{id}. How many they are is told to the operator and stewards.
func (b *beacon) cohorts(w http.ResponseWriter, r *http.Request) int {
	q, s, err := b.listing(w, r)
	if err != nil {
		return b.fail(w, r, q, err)
	}
	var list []any
	for _, p := range consent.Purposes() {
		one := map[string]any{"id": string(p), "name": "People who may be counted for " + string(p), "cohortType": "beacon-defined"}
		if s != nil {
			one["cohortSize"] = s.Counted[p]
		}
		list = append(list, one)
		for _, n := range b.who.nodes() {
			list = append(list, map[string]any{"id": n.Name + "." + string(p), "name": "People who may be counted for " + string(p) + " in " + n.Title, "cohortType": "beacon-defined"})
		}
	}
	return b.collection(w, r, q, cohort, list)
}

// listing reads a request for a list, and what the node holds if the asker may see that.
func (b *beacon) listing(w http.ResponseWriter, r *http.Request) (query, *answer.Stats, error) {
	q, err := b.read(w, r)
	if err == nil && q.at != nil {
		err = fault.New(fault.Invalid, "these are not searched by variants").Where("referenceName")
	}
	if err != nil {
		return q, nil, err
	}
	askers := []answer.Asker{{}}
	askers[0].Operator = b.Askers == nil
	if b.Askers != nil {
		if askers, err = b.Askers(r); err != nil {
			return q, nil, err
		}
	}
	for _, x := range askers {
		s, err := b.who.stats(r.Context(), x.Ask)
		if err == nil {
			return q, &s, nil
		}
		if fault.KindOf(err) != fault.Denied {
			return q, nil, err
		}
	}
	return q, nil, nil
}

// collection sends a page of a list, or the one of the path.
func (b *beacon) collection(w http.ResponseWriter, r *http.Request, q query, entity string, list []any) int {
	if id := r.PathValue("id"); id != "" {
		list = slices.DeleteFunc(list, func(x any) bool { return x.(map[string]any)["id"] != id })
		if len(list) == 0 {
			return b.fail(w, r, q, fault.New(fault.NotFound, "there is none of that name"))
		}
	}
	n := len(list)
	page := list[min(n, q.skip*q.limit):min(n, (q.skip+1)*q.limit)]
	return b.send(w, http.StatusOK, document{Meta: b.meta(q, entity, record), Summary: summary{Exists: n > 0, Total: &n}, Response: collections{page}})
}
