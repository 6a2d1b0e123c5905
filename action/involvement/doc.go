// Package involvement is what a body tells of a year in which it involved those whom it concerns. The figures are the forum's, counted
// from records ([forum.Involvement]); the words are a report by the five headings of GRIPP2-SF.
//
// Rules:
//   - Who runs the body writes its report: its chair, or a coordinator of its network. Each text that was saved is kept for ever.
//   - An edit names the version it began from. What was published stays published until a later version is.
//   - Whoever sees the body reads what was published. A draft is for those who write it; to others there is none.
//
// Source of the headings: Staniszewska S, et al. GRIPP2 reporting checklists: tools to improve reporting of patient and public involvement
// in research. BMJ 2017;358:j3453 (CC BY 4.0).
package involvement
