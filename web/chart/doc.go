// Package chart draws what stands beside a table: the seats of a body, a quorum, votes, a topic's path, bars by month, a table's rows,
// what goes on from day to day, a share that changes in steps, places about where they lie, and what a health-economic model found: the
// cost-effectiveness plane, curves, a tornado, the frontier.
//
// A chart is a value whose method gives HTML: SVG with attributes alone, no style and no script, drawn to the classes of
// the theme, so that dark, narrow, printed and high-contrast pages come out right. The same data give the same bytes.
//
// Words come from the caller, in the reader's language, and are escaped here. A chart that says something of its own has a
// title and a description, whose ids begin with what the caller names and must be unique on the page; one that only repeats the text
// beside it is hidden from screen readers. No chart is the only place where something is told.
package chart
