package main

import (
	"context"
	"errors"

	"github.com/samverk/samverk/fault"
)

// Exit codes: one for each kind of failure, so that a script can tell whose move it is.
const (
	exitOK          = 0
	exitInterrupted = 130 // 128 + SIGINT, as shells have it
	exitPipe        = 141 // 128 + SIGPIPE: the reader of our output left
)

// exits lists every code with what it means to the caller; 'samverk help exit-codes' prints it.
var exits = []struct {
	code  int
	kind  fault.Kind
	means string
}{
	{1, fault.Internal, "a fault of Samverk or of the machine: a bug, a corrupt file, a failed disk"},
	{2, fault.Invalid, "the command or its input is wrong; the message says where"},
	{3, fault.NotFound, "no such individual, dataset or file"},
	{4, fault.Denied, "not allowed"},
	{5, fault.Conflict, "somebody else was first, or the state forbids it"},
	{6, fault.Unavailable, "not now: a lock is held, a disk is full, a service is away; trying again may help"},
}

func exitCode(k fault.Kind) int {
	for _, e := range exits {
		if e.kind == k {
			return e.code
		}
	}
	return exits[0].code
}

var errInterrupted = errors.New("interrupted")

// interrupted tells what a failure was about when Ctrl-C made it.
func interrupted(ctx context.Context, err error) error {
	if err != nil && errors.Is(context.Cause(ctx), errInterrupted) {
		return errInterrupted
	}
	return err
}
