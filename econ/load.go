package econ

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"

	"go.yaml.in/yaml/v3"
)

// modelFile is the structure's name in a folder.
const modelFile = "model.yaml"

// Limits of what is read: a model is written by people.
const (
	maxFile = 64 << 20
	maxYAML = 4 << 20
)

// Load reads a model from a YAML file, or from a folder with a model.yaml. Tables are files beside it.
// What is wrong comes back as Problems.
func Load(path string) (*Model, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	dir, name := path, modelFile
	if !info.IsDir() {
		dir, name = filepath.Split(path)
		if dir == "" {
			dir = "."
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return Read(root.FS(), name)
}

// Read reads a model from a file system: a directory, an archive, a map in memory.
func Read(fsys fs.FS, name string) (*Model, error) {
	text, err := readFile(fsys, name, maxYAML)
	if err != nil {
		return nil, err
	}
	m := &Model{files: map[string]string{}, data: map[string]*dataset{}}
	d := &reader{file: name, model: m}
	books := &books{fsys: fsys, open: map[string][]sheet{}}
	d.rows = func(name string, at Pos, t reflect.Type, field string) (*yaml.Node, bool) {
		grid, err := books.grid(name)
		if err != nil {
			d.problems.add(at, field, "", "%s can't be read: %v", name, err)
			return nil, false
		}
		return d.table(name, grid, t, field), true
	}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		d.problems.add(Pos{File: name, Line: yamlLine(err)}, "", "it is about spaces, colons or quotes, most often", "the YAML can't be read: %s", yamlSays(err))
		return nil, d.problems
	}
	if len(document.Content) == 0 {
		d.problems.add(Pos{File: name, Line: 1}, "", "see 'samverk econ new'", "the file is empty")
		return nil, d.problems
	}
	d.read(document.Content[0], reflect.ValueOf(m).Elem(), "")
	if m.Format != Format && len(d.problems) == 0 {
		d.problems.add(Pos{File: name, Line: 1}, "samverk", "", "the format is %q, and %s is understood here", m.Format, Format)
	}
	for i := range m.Tables {
		d.data(&m.Tables[i], books)
	}
	if err := d.problems.refused(); err != nil {
		return nil, err
	}
	return m, nil
}

func readFile(fsys fs.FS, name string, most int64) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(text)) > most {
		err = fmt.Errorf("%s is larger than %d MiB", name, most>>20)
	}
	return text, err
}

func yamlLine(err error) (line int) {
	if _, scan := fmt.Sscanf(err.Error(), "yaml: line %d:", &line); scan != nil {
		return 1
	}
	return line
}

func yamlSays(err error) string {
	var types *yaml.TypeError
	if errors.As(err, &types) && len(types.Errors) > 0 {
		return types.Errors[0]
	}
	return err.Error()
}
