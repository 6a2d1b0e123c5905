// Package beacon is the node's GA4GH Beacon v2 under /beacon/v2: the standard's own shapes, for clients that know no other.
//
//	GET       /beacon/v2, /info, /service-info, /configuration, /map, /entry_types, /filtering_terms
//	GET, POST /beacon/v2/g_variants                     sequence, range and bracket queries, and genes
//	GET       /beacon/v2/g_variants/{id}, /g_variants/{id}/individuals
//	GET, POST /beacon/v2/individuals                    how many carry a variant
//	GET       /beacon/v2/datasets, /datasets/{id}, /cohorts, /cohorts/{id}
//
// The same over all regions, the national Beacon, is under /beacon/nation/v2, and under /beacon/v2 of a node that holds nothing and has others to ask.
//
// It turns requests into questions of who is Answering, the node's own desk (Own) or the nodes of a nation (Nation), and answers into Beacon's documents; it judges and counts nothing. Every answer and every
// error is valid by the standard's schemas (testdata).
//
// Where the standard leaves room:
//   - A question is for a purpose, which Beacon has no word for: the request parameter purpose, research where it isn't given. Who has several
//     assignments names one with the parameter as.
//   - The granularity is the one asked for, or the fullest below it that the policies allow. Numbers that a policy doesn't let be told apart
//     are told as yes or no, with the range beside it in info.
//   - AC, AN, het, hom, hemi, an_basis and how many were counted are in info.
//   - "No" is also said of what fewer than info.notToldApartBelow carry.
//   - A range query finds what begins within the range or up to 50 bases before it: longer deletions that reach into it are found by a bracket query.
//   - Each page of a stretch is asked, counted and paid for as the whole stretch.
//   - Of a nation each region is a result set of its own, and info of every answer lists who was asked, what each told or why it is silent, and whether that is
//     everybody. The summary and its sums are of those who answered; silence is neither a hit nor a miss.
//   - A parameter that isn't understood is refused, so that none widens an answer by being passed over. There are no filtering terms.
//
// It never tells of one person: individuals and cohorts are counts, and there is no record of them.
package beacon
