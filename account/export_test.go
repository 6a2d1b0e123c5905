package account

import (
	"context"
	"testing"
)

// Drain waits for what is done after answers.
func (a *Accounts) Drain() {
	done := make(chan struct{})
	a.later <- func(context.Context) { close(done) }
	<-done
}

// Guesses is for tests of the password rule.
func Guesses(password string, about ...string) int { return guesses(password, about) }

// Place and Browser are how a request's origin is kept.
func (f From) Place() string { return f.place() }

// Browser is the family.
func (f From) Browser() string { return f.browser() }

// OccupyHashing takes every turn to hash, until it is freed.
func (a *Accounts) OccupyHashing() (free func()) {
	n := cap(a.hasher.turns)
	for range n {
		a.hasher.turns <- struct{}{}
	}
	return func() {
		for range n {
			<-a.hasher.turns
		}
	}
}

// HashOnce hashes a password with the usual parameters.
func HashOnce(t testing.TB) {
	if _, err := newHasher(Hashing{}).derive(t.Context(), defaultHashing, "a password", make([]byte, saltSize)); err != nil {
		t.Fatal(err)
	}
}
