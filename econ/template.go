package econ

import "embed"

//go:embed template.yaml
var template embed.FS

// New is a small model to begin with, and its YAML with comments: a test, a decision tree, a cohort.
func New() (*Model, []byte) {
	m, err := Read(template, "template.yaml")
	if err != nil {
		panic(err) // a file of ours
	}
	text, err := template.ReadFile("template.yaml")
	if err != nil {
		panic(err)
	}
	return m, text
}
