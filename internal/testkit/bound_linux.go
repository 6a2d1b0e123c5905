package testkit

import (
	"os/exec"
	"runtime"
	"syscall"
)

// startBound starts a server that shuts down at once when this process dies, however it
// dies. Linux ties that to the thread that started it, so the thread is kept.
func startBound(c *exec.Cmd) error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		attr := *c.SysProcAttr
		attr.Pdeathsig = syscall.SIGQUIT // PostgreSQL's "immediate" shutdown
		c.SysProcAttr = &attr
		started <- c.Start()
		select {}
	}()
	return <-started
}
