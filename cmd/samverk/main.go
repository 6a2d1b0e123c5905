// Command samverk is a health network's own system: it serves the network's pages, loads genomes, counts with consent and annotates.
//
// This package turns words into requests and answers into words; it knows no rule. Every command is a client of the
// process that owns the data directory (package app/owner), and each is tested by the scripts in testdata/script.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	_ "time/tzdata" // people meet in time zones, also where the machine has no table of them

	"github.com/alecthomas/kong"

	"github.com/samverk/samverk/app/owner"
	"github.com/samverk/samverk/fault"
)

func main() { os.Exit(run()) }

// streams are what a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
	terminal bool // err is a terminal: progress may be drawn
}

func run() int {
	ctx, stop := interruptible()
	defer stop()
	signal.Ignore(syscall.SIGPIPE) // a reader that leaves is an error to be told of, and no death: others may be served here
	return execute(ctx, os.Args[1:], streams{in: os.Stdin, out: output{os.Stdout}, err: os.Stderr, terminal: isTerminal(os.Stderr)})
}

// output is standard output; what can't be written there says so.
type output struct{ w io.Writer }

func (o output) Write(p []byte) (int, error) {
	n, err := o.w.Write(p)
	if err != nil {
		err = fault.Wrap(fault.Unavailable, err, "standard output can't be written")
	}
	return n, err
}

// interruptible gives a context that the first Ctrl-C (or a TERM) ends. The second ends the process.
func interruptible() (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		cancel(errInterrupted)
		<-signals
		os.Exit(exitInterrupted)
	}()
	return ctx, func() { signal.Stop(signals); cancel(nil) }
}

// interruptibleInput is in, but a read that waits for somebody to write ends when ctx does.
func interruptibleInput(ctx context.Context, in io.Reader) io.Reader {
	r, w := io.Pipe()
	context.AfterFunc(ctx, func() { r.CloseWithError(context.Cause(ctx)) })
	go func() {
		// The wrappers keep io.Copy from choosing a smaller buffer of its own.
		_, err := io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{in}, make([]byte, 256<<10))
		w.CloseWithError(err)
	}()
	return r
}

// execute parses and runs one command and gives its exit code.
func execute(ctx context.Context, args []string, io streams) int {
	var grammar grammar
	exit := -1
	parser, err := kong.New(&grammar, kong.Name("samverk"), kong.Description(description),
		kong.Writers(io.out, io.err), kong.Exit(func(code int) { exit = code; panic(exited{}) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100, NoExpandSubcommands: true}),
		kong.ExplicitGroups(groups), kong.UsageOnError(), kong.Vars{"addr": defaultAddr},
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(io))
	if err != nil {
		return report(io.err, err)
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	return caught(&exit, func() int {
		k, err := parser.Parse(args)
		if err != nil {
			return report(io.err, usage(err))
		}
		return report(io.err, interrupted(ctx, k.Run(ctx, io, parser)))
	})
}

// exited unwinds after kong has printed help; nothing else panics with it.
type exited struct{}

func caught(exit *int, f func() int) (code int) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case exited:
			code = *exit
		default:
			panic(p)
		}
	}()
	return f()
}

// usage makes a fault of what kong says about the words it was given.
func usage(err error) error {
	hint := "see 'samverk --help'"
	var parse *kong.ParseError
	if errors.As(err, &parse) && parse.Context != nil {
		if node := parse.Context.Selected(); node != nil {
			hint = "see 'samverk " + commandPath(node) + " --help'"
		}
	}
	return fault.New(fault.Invalid, "%s", err.Error()).Do("%s", hint)
}

func commandPath(n *kong.Node) string {
	var words []string
	for ; n != nil && n.Type == kong.CommandNode; n = n.Parent {
		words = append([]string{n.Name}, words...)
	}
	return strings.Join(words, " ")
}

// report writes an error as people read it and gives the exit code.
func report(w io.Writer, err error) int {
	if err == nil {
		return exitOK
	}
	if errors.Is(err, errInterrupted) {
		fmt.Fprintln(w, "samverk: interrupted")
		return exitInterrupted
	}
	if errors.Is(err, syscall.EPIPE) {
		return exitPipe // whoever reads has had enough: nothing to complain about
	}
	e := owner.Flatten(err)
	fmt.Fprintf(w, "samverk: %s\n", e)
	if e.Hint != "" {
		fmt.Fprintf(w, "hint: %s\n", e.Hint)
	}
	return exitCode(e.Kind)
}
