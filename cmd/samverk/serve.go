package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/samverk/samverk/app"
	"github.com/samverk/samverk/app/demo"
	"github.com/samverk/samverk/fault"
)

type serveCmd struct {
	data
	Addr    string `default:"${addr}" placeholder:"HOST:PORT" help:"Where to listen (${default}); port 0 takes a free one."`
	URL     string `name:"url" placeholder:"https://NAME" help:"What people call the server; without it, it listens on this machine only."`
	TLSCert string `name:"tls-cert" placeholder:"FILE" help:"Its certificate with the chain, PEM. Read again when it changes."`
	TLSKey  string `name:"tls-key" placeholder:"FILE" help:"The certificate's key, PEM."`
	Proxy   bool   `help:"A proxy on this machine has the certificate, and sets X-Forwarded-For."`
}

func (serveCmd) Help() string {
	return `Serves the network's pages, feeds, the JSON API, /metrics and /healthz until it is interrupted. Other commands on the same DIR go on working: they reach this process through a socket in DIR.

Without --url it listens on this machine only, and whoever uses this machine can ask about genomes. With --url others come in, over TLS only, and the pages for the machine's own users are not there.

When nobody has an account yet, a link for making the first one is printed.

Examples:

  samverk serve -d DIR
  samverk serve -d DIR --addr :443 --url https://samverk.example.org --tls-cert chain.pem --tls-key key.pem
  samverk serve -d DIR --url https://samverk.example.org --proxy`
}

func (c *serveCmd) Run(ctx context.Context, s streams) error {
	return c.with(ctx, s, "serve", func(client *app.Client) error {
		return app.Serve(ctx, client, app.ServeOptions{
			Addr: c.Addr, URL: c.URL, TLS: app.TLSFiles{Cert: c.TLSCert, Key: c.TLSKey}, Proxy: c.Proxy,
			Listening: func(url string) { fmt.Fprintf(s.out, "Serving on %s  (Ctrl-C ends it)\n", url) },
			FirstLink: func(url string) {
				fmt.Fprintf(s.out, "Nobody has an account yet. Make the first one here, within a day; the link works once:\n%s\n", url)
			},
		})
	})
}

type demoCmd struct {
	Addr string `default:"${addr}" placeholder:"HOST:PORT" help:"Where to listen: a loopback address (${default}); port 0 takes a free one."`
	Data string `short:"d" placeholder:"DIR" complete:"dir" help:"Where to keep it; a directory of its own, if not given. A second run uses it again."`
	Seed uint64 `default:"1" help:"Makes other regions and consents of the same people (${default})."`
}

func (demoCmd) Help() string {
	return `Two national networks with two years of meetings behind them, and one going on now; sign in as whom you like. Places carry their real names. People, what they say and decide, companies and patient organisations are invented.

The genomes are public reference samples of the 1000 Genomes Project. Which region holds whom, and what they allow, is invented.`
}

func (c *demoCmd) Run(ctx context.Context, s streams) error {
	if err := absolute(&c.Data); err != nil {
		return err
	}
	return demo.Run(ctx, demo.Options{Addr: c.Addr, Dir: c.Data, Seed: c.Seed, Out: s.out, Program: program()})
}

// program is how to call this program again: 'go run' leaves nothing behind that has a name.
func program() string {
	exe, err := os.Executable()
	if err == nil && strings.Contains(filepath.ToSlash(exe), "/go-build") {
		return "go run ./cmd/samverk"
	}
	return "samverk"
}

type versionCmd struct {
	JSON bool `name:"json" help:"Print one JSON object."`
}

func (c *versionCmd) Run(s streams) error {
	if c.JSON {
		return jsonLine(s.out, map[string]string{"version": version(), "go": goVersion()})
	}
	_, err := fmt.Fprintf(s.out, "samverk %s (%s)\n", version(), goVersion())
	return err
}

// version is the module's, or the commit it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	if v == "" || v == "(devel)" {
		v = "development"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 && !strings.Contains(v, s.Value[:12]) {
			v += " " + s.Value[:12]
		}
	}
	return v
}

func goVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.GoVersion
	}
	return "unknown"
}

type helpCmd struct {
	Words []string `arg:"" optional:"" name:"command" complete:"exit-codes" help:"A command, or exit-codes."`
}

func (c *helpCmd) Run(ctx context.Context, s streams, k *kong.Kong) error {
	if len(c.Words) == 1 && c.Words[0] == "exit-codes" {
		return printExitCodes(s)
	}
	if kctx, err := kong.Trace(k, c.Words); err == nil && len(c.Words) > 0 && kctx.Error == nil && kctx.Selected() == nil {
		return fault.New(fault.Invalid, "no command %q", strings.Join(c.Words, " ")).Do("see 'samverk --help'")
	}
	if code := execute(ctx, append(c.Words, "--help"), s); code != exitOK {
		os.Exit(code)
	}
	return nil
}

func printExitCodes(s streams) error {
	t := newTable(s.out, ">CODE", "MEANS")
	t.row(exitOK, "done")
	for _, e := range exits {
		t.row(e.code, e.kind.String()+": "+e.means)
	}
	t.row(exitInterrupted, "interrupted")
	t.row(exitPipe, "whoever read the output stopped reading")
	return t.flush()
}
