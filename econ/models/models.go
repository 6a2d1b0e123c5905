// Package models holds worked models that ship with the program: to read, to run, and to begin one's own from. Their numbers are illustrative
// and say so, value by value.
package models

import (
	"embed"
	"io/fs"
	"slices"
)

//go:embed */*.yaml */*.csv
var files embed.FS

// Names are those of the models.
func Names() []string {
	var out []string
	entries, err := files.ReadDir(".")
	if err != nil {
		panic(err) // files of ours
	}
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

// Open gives the files of a model: model.yaml and its tables.
func Open(name string) (fs.FS, bool) {
	if !slices.Contains(Names(), name) {
		return nil, false
	}
	sub, err := fs.Sub(files, name)
	return sub, err == nil
}
