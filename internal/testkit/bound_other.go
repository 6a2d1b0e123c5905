//go:build !linux

package testkit

import "os/exec"

// startBound starts a server; Main stops it.
func startBound(c *exec.Cmd) error { return c.Start() }
