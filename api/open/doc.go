// Package open is the node's own JSON interface under /api/v1, its health and its metrics.
//
//	GET  /api/v1/query?variant=chr22-50000165-C-T&purpose=care   one to 1,000 variants
//	POST /api/v1/query                                           a list of up to 10,000
//	GET  /api/v1/region?region=chr22:50000000-50010000&purpose=care
//	POST /api/v1/annotate?purpose=care                           a VCF in, the same VCF with counts out
//	GET  /api/v1/stats, /api/v1/datasets, /api/v1/openapi.json, /healthz, /metrics
//
// Whoever is signed in asks in an assignment of their own (as=ID where there are several); nobody signed in is the operator where only
// this machine's users come, and elsewhere nobody that is known. Answers and denials name the policy and the decision to who is known. A
// denial is otherwise the same for everybody, whatever was asked about.
//
// It turns requests into calls of the answer desk and answers into JSON; it judges and counts nothing. A purpose
// must always be said. Names that are not known are refused, so that a misspelt condition never widens an answer.
// Errors are problem details (RFC 9457), their status chosen from the kind of fault in one place.
//
// Whether the store holds a variant that nobody counted carries is never told: it would say that somebody who
// did not allow the use carries it.
//
// The way of one question is kept short: query strings are read in place, JSON is appended to pooled buffers,
// nothing is logged, headers are shared.
package open
