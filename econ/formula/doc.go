// Package formula is the small language in which people write what a model reckons with: 1-exp(-rate*2), mortality.female[age].
//
// Nouns. A Text is a formula as somebody wrote it, with its place in a file. A Node is what was parsed. A Builder gathers
// the formulas of a whole model into one Program: equal ones become one, constants are reckoned at once, and every value is
// classed by what it depends on (Draw, Cycle, Individual). A Stage is the part of a program that has to run when something
// changed. A Frame holds a program's registers for a block of lanes: draws, or people, side by side.
//
// Rules. A formula has no effects and no loops; it ends. An operator is paid for once per block of lanes, and not once per
// cell. What depends on nothing that differs between lanes is one number. Units are checked where they are given, and
// nowhere else. Errors carry file, line and column.
//
// The language: + - * / ^ (right to left, before a sign), < <= > >= == !=, and, or, not, if(condition, yes, no), exp, ln,
// log10, sqrt, abs, floor, ceil, round, min, max, pow, rate_to_prob(rate, time), prob_to_rate(p, time), and
// table.column[key]. True is 1, false is 0. Both branches of an if are reckoned, and one is taken.
//
// It never panics on what people write, knows no model, and reads no file.
package formula
