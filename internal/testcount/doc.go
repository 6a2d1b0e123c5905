// Package main reads the events of `go test -json` and shows a person what happened.
//
// Rules:
//   - Each package is one line; what a failed test wrote is shown, what a passed one wrote isn't.
//   - A test with subtests is one test of its own, as in the events.
//   - A package that fails without a failed test (it doesn't compile, it panicked or ran out of time) is one
//     failure.
//   - The last line is always "N passed, M failed, K skipped", and a failure ends with exit status 1. So does an
//     input without a single test: nothing was tested then.
//
// It starts no test: `go test -json ./... | go run ./internal/testcount`.
package main
