package main

import (
	_ "embed"
	"io"
	"strings"
	"text/template"

	"github.com/alecthomas/kong"

	"github.com/samverk/samverk/fault"
)

// completionCmd prints a shell's completion script, made from the grammar itself.
type completionCmd struct {
	Shell string `arg:"" complete:"bash zsh fish" help:"bash, zsh or fish."`
}

// Help shows how to use it.
func (completionCmd) Help() string {
	return `To have it in every new shell:

  samverk completion bash > ~/.local/share/bash-completion/completions/samverk
  samverk completion zsh  > "${fpath[1]}/_samverk"
  samverk completion fish > ~/.config/fish/completions/samverk.fish`
}

func (c *completionCmd) Run(s streams, k *kong.Kong) error {
	text, ok := shells[c.Shell]
	if !ok {
		return fault.New(fault.Invalid, "no completion for %q", c.Shell).Do("bash, zsh and fish have one")
	}
	return completion(s.out, text, k)
}

//go:embed completion/bash.tmpl
var bashText string

//go:embed completion/zsh.tmpl
var zshText string

//go:embed completion/fish.tmpl
var fishText string

var shells = map[string]string{"bash": bashText, "zsh": zshText, "fish": fishText}

// completed is a command as a completion script sees it.
type completed struct {
	Path  string // "consent set"
	Help  string
	Words []completedWord // subcommands
	Flags []completedFlag
}

type completedWord struct{ Name, Help string }

type completedFlag struct {
	Name, Help string
	Short      string
	Value      bool   // takes a value
	Words      string // its values, when they can be listed
	Dir        bool   // its value is a directory
}

// completion fills a script with every command, the program itself first.
func completion(w io.Writer, text string, k *kong.Kong) error {
	t, err := template.New("completion").Funcs(template.FuncMap{"quote": shellQuote, "zquote": describeQuote}).Parse(text)
	if err != nil {
		return err
	}
	return t.Execute(w, commands(k.Model.Node, ""))
}

func commands(n *kong.Node, path string) []completed {
	c := completed{Path: path, Help: n.Help}
	for _, f := range n.Flags {
		if !f.Hidden {
			c.Flags = append(c.Flags, completeFlag(f))
		}
	}
	out := []completed{c}
	for _, child := range n.Children {
		if child.Hidden {
			continue
		}
		out[0].Words = append(out[0].Words, completedWord{Name: child.Name, Help: child.Help})
		out = append(out, commands(child, strings.TrimSpace(path+" "+child.Name))...)
	}
	for _, arg := range n.Positional {
		for _, w := range strings.Fields(arg.Tag.Get("complete")) {
			out[0].Words = append(out[0].Words, completedWord{Name: w})
		}
	}
	return out
}

func completeFlag(f *kong.Flag) completedFlag {
	c := completedFlag{Name: f.Name, Help: f.Help, Value: !f.IsBool(), Words: f.Tag.Get("complete")}
	if f.Short != 0 {
		c.Short = string(f.Short)
	}
	c.Dir = c.Words == "dir"
	if c.Dir {
		c.Words = ""
	}
	return c
}

// shellQuote makes one word of any text, for bash, zsh and fish alike: none of them has a way to escape a quote that the others share.
func shellQuote(s string) string {
	return "'" + strings.NewReplacer("'", "’", "\n", " ", "\\", "/").Replace(s) + "'"
}

// describeQuote makes "name:help" one word for zsh's _describe, where a second colon would be read.
func describeQuote(s string) string {
	name, help, _ := strings.Cut(s, ":")
	return shellQuote(name + ":" + strings.ReplaceAll(help, ":", ";"))
}
