package econ

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

func TestSchema(t *testing.T) {
	made, err := makeSchema()
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile("model.schema.json", made, 0o666); err != nil { //nolint:gosec // published
			t.Fatal(err)
		}
		Schema = made
	}
	if !bytes.Equal(made, Schema) {
		t.Error("model.schema.json isn't what the tags of model.go say; UPDATE=1 go test -run TestSchema ./econ writes it")
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(made))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("model.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("model.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("testdata/reference/*/model.yaml")
	if err != nil || len(files) < 6 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for what, right := range map[string]bool{
			string(text): true,
			strings.Replace(string(text), "currency:", "curency:", 1):                 false,
			strings.Replace(string(text), "kind:", "kinds:", 1):                       false,
			strings.Replace(string(text), "parameters:", "parameters: no.csv\nx:", 1): false,
		} {
			var v any
			if err := yaml.Unmarshal([]byte(what), &v); err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(v); (err == nil) != right {
				t.Errorf("%s: right %v, but %v", file, right, err)
			}
		}
	}
}
