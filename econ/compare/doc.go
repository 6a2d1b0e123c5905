// Package compare says what results of a health-economic model mean for a choice between strategies: which are worth their
// price, how sure that is, what it costs to be wrong, and what is worth finding out.
//
// It works on arrays alone and imports nothing of ours: [Outcomes] are costs and effects, [strategy][draw]; [Params] are the inputs of the same
// draws, [parameter][draw]. Where they come from, a model of ours or a file of somebody else's, it doesn't know.
//
//   - [Frontier]: strong and extended dominance, incremental ratios (ICER). The order of the strategies never matters.
//   - [Outcomes.Curves]: over a range of willingness to pay the mean net benefit, acceptability (CEAC), its frontier (CEAF), expected loss and
//     the expected value of perfect information (EVPI). [Population] scales a value per person.
//   - [Outcomes.Plane]: differences draw by draw. [Summarise]: mean, standard deviation, quantiles.
//   - [EVPPI]: perfect information about one parameter or a group, by regression (Strong, Oakley and Brennan, Med Decis Making 2014;34:311-326).
//     [Nested]: the same by two loops, through a callback.
//   - [EVSI]: a study of a size, by shrinking the regression's fit (moment matching); [EVSISimulated]: by regression on simulated summaries.
//   - [Outcomes.Stability]: whether there are draws enough. [Heterogeneity] and [Gaps]: subgroups, and regions that do less.
//   - [OneWay], [TwoWay], [Tornado], [Threshold], [Scenarios]: one value at a time, on any function that runs a model.
//
// Rules: the same numbers give the same bytes (sums run in the order of draws, nothing in that of a map). Equal net benefits share a draw of the
// CEAC, so that it sums to one. Estimates by regression are never below 0 nor above the EVPI of the same draws. What can't be computed
// is an error that names the strategy, parameter and draw; never a NaN that travels on.
package compare
