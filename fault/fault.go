// Package fault is the vocabulary of everything that can go wrong: six kinds, made
// where the failure is known, and mapped to HTTP statuses and exit codes in one place each.
//
// An error says what happened, where (file, line, field) and, where there is something
// an operator can do, what to do now. It never carries a person's data or a secret.
package fault

import (
	"errors"
	"fmt"
	"strings"
)

// Kind says whose move it is: the caller's, the operator's, or ours.
type Kind uint8

// The kinds of failure.
const (
	Internal    Kind = iota // ours: a bug, a corrupt file, a failed disk
	Invalid                 // the input is wrong, and says where
	NotFound                // no such thing, or not yours to know of
	Denied                  // not allowed; says nothing about whether data exist
	Conflict                // somebody else was first, or the state forbids it
	Unavailable             // not now: a lock is held, a disk is full, a service is away
)

var names = [...]string{"internal", "invalid", "not found", "denied", "conflict", "unavailable"}

func (k Kind) String() string {
	if int(k) < len(names) {
		return names[k]
	}
	return "internal"
}

// Error is a failure with its place and a hint. Zero fields are left out of the text.
type Error struct {
	Kind Kind
	What string // what happened, in a sentence without a full stop
	File string
	Line int64  // 1-based; 0 when unknown
	At   string // a field, or a place in the file that is not a line ("block 17 at byte 123456")
	Hint string // what to do now
	Code string // names the sentence pages show for it in the reader's language ("forum.quorum"); "" for none
	Args []any  // that sentence's arguments
	Err  error  // the cause, if another error is it
}

// Error gives one line: "file:line: field: what: cause (hint)" without the parts that are unknown.
func (e *Error) Error() string {
	var b strings.Builder
	if e.File != "" {
		b.WriteString(e.File)
		if e.Line > 0 {
			fmt.Fprintf(&b, ":%d", e.Line)
		}
		b.WriteString(": ")
	} else if e.Line > 0 {
		fmt.Fprintf(&b, "line %d: ", e.Line)
	}
	if e.At != "" {
		b.WriteString(e.At + ": ")
	}
	b.WriteString(e.What)
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// New makes an error of a kind.
func New(k Kind, format string, args ...any) *Error {
	return &Error{Kind: k, What: fmt.Sprintf(format, args...)}
}

// Wrap makes an error of a kind with a cause.
func Wrap(k Kind, err error, format string, args ...any) *Error {
	return &Error{Kind: k, What: fmt.Sprintf(format, args...), Err: err}
}

// In names the file, and returns the error for chaining.
func (e *Error) In(file string) *Error { e.File = file; return e }

// OnLine names the line, 1-based.
func (e *Error) OnLine(n int64) *Error { e.Line = n; return e }

// Where names a field or a place that is not a line.
func (e *Error) Where(at string) *Error { e.At = at; return e }

// Do says what to do now.
func (e *Error) Do(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// Say names the sentence that pages show for the error in the reader's language, and its arguments.
func (e *Error) Say(code string, args ...any) *Error {
	e.Code, e.Args = code, args
	return e
}

// KindOf gives the kind of the outermost Error in a chain; anything else is Internal.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// HintOf gives the first hint in a chain, or "".
func HintOf(err error) string {
	for err != nil {
		var e *Error
		if !errors.As(err, &e) {
			return ""
		}
		if e.Hint != "" {
			return e.Hint
		}
		err = e.Err
	}
	return ""
}
