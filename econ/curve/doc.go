// Package curve is survival: the share who have not yet had an event at time t, for partitioned survival models and for
// sampling when events happen.
//
// A Curve is a family with its numbers (exponential, Weibull, Gompertz, lognormal, loglogistic, gamma, generalised
// gamma, piecewise exponential), a table (Kaplan-Meier steps or straight lines, a life table of yearly death
// probabilities), or one curve until a time and another's hazard after it. On top of any of them: a hazard ratio, an
// acceleration of time, and survival given that a time has been reached. Everything rests on the cumulative hazard and
// its inverse, so the three compose.
//
// Parameters are those of R's flexsurv: Weibull by shape and scale, S(t) = exp(-(t/scale)^shape); weibullPH by shape and
// rate, S(t) = exp(-rate·t^shape); Gompertz by shape and rate, h(t) = rate·exp(shape·t); lognormal by meanlog and sdlog;
// loglogistic by shape and scale; gamma by shape and rate; gengamma by mu, sigma and q (Prentice 1974).
//
// Areas under a curve, discounted or not, are closed forms where there is one and adaptive quadrature to about ten
// digits elsewhere. Time is in whatever unit the parameters are; delta is the force of interest in it, ln(1+rate).
//
// The package imports nothing of ours but econ/draw, for the normal quantile.
package curve
