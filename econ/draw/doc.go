// Package draw is chance for health-economic models: streams of random numbers, the distributions economists give
// their parameters, and sets of parameters drawn together.
//
// A Stream is a function of (seed, path, index) and nothing else: number 7,000 of a stream is the same whoever asks,
// in which order, and with how many workers. Streams split by number or by name, so a parameter keeps its draws when
// another is added, and two strategies that ask the same stream get common random numbers.
//
// A Distribution is a family and its arguments as an economist has them: parameters of the family, a mean and a
// standard error, or a mean and an interval (method of moments; see Families). Everything is drawn by inversion: one
// uniform number, one quantile. So a draw is monotone in its uniform number, and correlation is a Gaussian copula
// over the quantiles. Quantiles of gamma and beta come from a table made once per distribution, exact to about ten
// digits in probability, because inverting an incomplete gamma function per draw would cost more than the model.
//
// A Sampler fills lanes: a block of draws for every parameter at once.
//
// The package never reads a clock, never keeps state between calls, and imports nothing of ours.
package draw
