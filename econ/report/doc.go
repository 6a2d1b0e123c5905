// Package report tells what a run of a health-economic model found: as figures with their tables, as a printable report that answers the 28 items of CHEERS 2022
// (Husereau and others, BMJ 2022;376:e067975), and as JSON, CSV, XLSX and SVG. In Swedish, Norwegian and English.
//
//   - [Of] asks a model for all that a report tells.
//   - [Run] is a run with all that followed from it; it is written as JSON as it stands ([JSON]).
//   - [Teller] says it in a language: [Teller.Figures], [Teller.Tables], [Teller.HTML], [Teller.XLSX], [Teller.CSV].
//
// Rules: a figure's heading is its finding, not its kind. Every figure has its table, and no number stands in a figure alone. What the model doesn't say,
// the report says that it doesn't: an item of CHEERS without a word is "not stated", a value without a source says so, a region that didn't tell is named. The same run gives
// the same bytes in every form: no clock, no order of a map.
//
// It reckons nothing itself: that is econ and econ/compare. It knows no page of ours; the HTML is whole in itself, without a script.
package report
