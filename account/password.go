package account

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"github.com/samverk/samverk/fault"
)

// How long a password may be, in characters.
const (
	MinPassword = 12
	MaxPassword = 128
)

// Hashing is argon2id's parameters.
type Hashing struct {
	Memory  uint32 // KiB
	Passes  uint32
	Threads uint8
	AtOnce  int // how many are made at the same time; each takes Memory
}

// OWASP's Password Storage Cheat Sheet asks for at least 19 MiB and 2 passes, or 46 MiB and 1.
var defaultHashing = Hashing{Memory: 46 << 10, Passes: 2, Threads: 1, AtOnce: 4}

const saltSize, keySize = 16, 32

type hasher struct {
	Hashing
	turns chan struct{}
}

func newHasher(h Hashing) *hasher {
	if h.Memory == 0 {
		h = defaultHashing
	}
	return &hasher{Hashing: h, turns: make(chan struct{}, max(1, h.AtOnce))}
}

// derive waits for its turn: a flood of sign-ins takes no more memory than AtOnce of them.
func (h *hasher) derive(ctx context.Context, with Hashing, password string, salt []byte) ([]byte, error) {
	select {
	case h.turns <- struct{}{}:
	case <-ctx.Done():
		return nil, fault.Wrap(fault.Unavailable, ctx.Err(), "too many sign in at the same time").Say("account.busy")
	}
	defer func() { <-h.turns }()
	return argon2.IDKey([]byte(norm.NFKC.String(password)), salt, with.Passes, with.Memory, with.Threads, keySize), nil
}

// hashed makes what is kept of a password: the PHC string, $argon2id$v=19$m=…,t=…,p=…$salt$key.
func (a *Accounts) hashed(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltSize)
	if err := a.random(salt); err != nil {
		return "", err
	}
	key, err := a.hasher.derive(ctx, a.hasher.Hashing, password, salt)
	if err != nil {
		return "", err
	}
	return a.hasher.written(salt, key), nil
}

// nobodys is a hash that is compared with like any other, and that no password has.
func (a *Accounts) nobodys() (string, error) {
	salt, key := make([]byte, saltSize), make([]byte, keySize)
	if err := errors.Join(a.random(salt), a.random(key)); err != nil {
		return "", err
	}
	return a.hasher.written(salt, key), nil
}

func (a *Accounts) random(b []byte) error {
	a.rand.Lock()
	defer a.rand.Unlock()
	if _, err := io.ReadFull(a.options.Rand, b); err != nil {
		return fault.Wrap(fault.Internal, err, "no randomness for a salt")
	}
	return nil
}

func (h Hashing) written(salt, key []byte) string {
	return fmt.Sprintf("%s$%s$%s", h, base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key))
}

// String is the beginning of a PHC string.
func (h Hashing) String() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d", argon2.Version, h.Memory, h.Passes, h.Threads)
}

// parseHash takes a PHC string of ours apart.
func parseHash(s string) (h Hashing, salt, key []byte, err error) {
	parts := strings.Split(s, "$")
	if len(parts) == 6 {
		_, err = fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &h.Memory, &h.Passes, &h.Threads)
		if err == nil && strings.Join(parts[:4], "$") == h.String() && h.Memory > 0 && h.Memory <= 1<<20 && h.Passes > 0 && h.Threads > 0 {
			salt, err = base64.RawStdEncoding.DecodeString(parts[4])
		}
		if err == nil && salt != nil {
			key, err = base64.RawStdEncoding.DecodeString(parts[5])
		}
	}
	if err != nil || len(key) != keySize {
		return h, nil, nil, fault.New(fault.Internal, "a password's hash is damaged").Do("restore a backup, or let the person recover the account")
	}
	return h, salt, key, nil
}

// matches compares a password with what is kept of one. weaker: it should be hashed anew with today's parameters.
func (a *Accounts) matches(ctx context.Context, kept, password string) (same, weaker bool, err error) {
	h, salt, key, err := parseHash(kept)
	if err != nil {
		return false, false, err
	}
	if utf8.RuneCountInString(password) > MaxPassword { // never one of ours; no work for a flood of long ones
		password = ""
	}
	got, err := a.hasher.derive(ctx, h, password, salt)
	if err != nil {
		return false, false, err
	}
	now := a.hasher.Hashing
	weaker = h.Memory < now.Memory || h.Passes < now.Passes
	return subtle.ConstantTimeCompare(got, key) == 1, weaker, nil
}

// CheckPassword refuses what is too short, too long, or easy to guess for somebody who knows about, the person's name and mail address.
func CheckPassword(password string, about ...string) error {
	p := norm.NFKC.String(password)
	switch n := utf8.RuneCountInString(p); {
	case !utf8.ValidString(password):
		return fault.New(fault.Invalid, "the password is no text").Where("password").Say("account.password.text")
	case n < MinPassword:
		return fault.New(fault.Invalid, "the password is too short").Where("password").Say("account.password.short", MinPassword)
	case n > MaxPassword:
		return fault.New(fault.Invalid, "the password is too long").Where("password").Say("account.password.long", MaxPassword)
	case guesses(p, about) < enough:
		return fault.New(fault.Invalid, "the password is easy to guess").Where("password").Say("account.password.common")
	}
	return nil
}
