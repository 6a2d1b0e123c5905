// Package lint holds the tests that keep the house as docs/ARCHITECTURE.md draws it.
//
// They read the arrows from that page, so the drawing and the rule can't come apart: an import that isn't drawn
// fails, a room that isn't drawn fails, a drawn room that isn't there fails, and so does a circle of rooms. They see
// to it that only answer counts, that test helpers stay in tests, that no cgo comes in, and that no file names a
// place that exists only on somebody's machine.
//
// There is nothing here but tests, and nothing imports it.
package lint
