package main

import (
	"fmt"
	"io"
	"os"
)

func main() { os.Exit(run(os.Stdin, os.Stdout)) }

// run counts everything in r and gives the exit status.
func run(r io.Reader, w io.Writer) int {
	c := newCounter(w)
	err := c.read(r)
	if err != nil {
		_, _ = fmt.Fprintln(w, "testcount:", err)
	}
	c.close()
	if err != nil || c.failed > 0 || c.passed+c.skipped == 0 {
		return 1
	}
	return 0
}
