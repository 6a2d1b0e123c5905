// Package testkit is what tests of several rooms need: a real database of each kind, and a
// clock and randomness that are the same in every run. Nothing but tests imports it.
//
// PostgreSQL is started once per test binary, from initdb and postgres found in PATH, in
// /usr/lib/postgresql/*/bin or in SAMVERK_PG_BIN, in a temporary folder; as root it runs
// as the user postgres, because it refuses to run as root. Where it isn't installed its tests
// are skipped, unless SAMVERK_REQUIRE_POSTGRES=1 says that this is a failure.
// A package that uses it hands its TestMain to Main, which stops the server.
package testkit
