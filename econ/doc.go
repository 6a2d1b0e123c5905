// Package econ runs health-economic models: what something costs and gives, for whom, over time, and how sure that is.
//
// Nouns. A Model is what people write: one YAML for the structure, and tables for what economists edit. Its parts are
// decision trees, cohorts and others; a strategy starts in one, and a tree's leaves lead to others. A Compiled model is
// ready to run: over the base case (Run), over draws (PSA), or over any values of its parameters. A Result names every
// convention by which it was reckoned. A Problem is what is wrong, or worth a look, with its place and what to do.
//
// Rules. Nothing is assumed in silence: how time is counted, weighed and discounted stands in the model and in the result.
// What isn't a probability, a row that doesn't sum, a name that isn't defined, a number that isn't finite is refused, with
// file, line and column. All strategies see the same draws. The same model, data, seed and engine give the same bytes on the
// same architecture, with any number of workers, and a run's id says which they were.
//
// How. Formulas become one program over lanes (package formula), a block of draws at a time; what is the same in two
// strategies is reckoned once. Strategies in which people move alike share one trace.
//
// It imports nothing of ours but its own packages, keeps nothing, and reads no clock.
package econ
