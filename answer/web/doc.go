// Package web holds the pages of the answer desk: ask how many people carry a variant, list what is
// carried in a region, annotate a small VCF, see what is stored, and, in a demonstration, walk through it.
//
// The pages turn a form into questions to the desk and its counts into sentences, numbers and bars.
// They count nothing themselves, and keep nothing: a question is in its address, which also gives the
// same list as CSV or JSON (?format=csv, ?format=json).
//
// Two rules of wording. Whether the store holds a variant that nobody counted carries is never told: it
// would say that somebody who did not allow the use carries it. And all numbers of one page are of one
// consent epoch: if somebody changes their mind while the page is made, it is made again.
package web
