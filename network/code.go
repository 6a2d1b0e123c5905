package network

import (
	"embed"
	"encoding/json"
	"slices"
)

//go:embed codes/*.json
var codeFiles embed.FS

// CodeList is a country's own numbers for its parties, with where they are from.
type CodeList struct {
	Country string `json:"country"`
	Name    Text   `json:"name"`
	Source  string `json:"source"`
	Web     string `json:"web"`
	Codes   []Code `json:"codes"`
}

// Code is one number. Of is the code of what it is part of.
type Code struct {
	Code string `json:"code"`
	Name string `json:"name"`
	Of   string `json:"of"`
	Lang string `json:"-"`
}

var codeLists = readCodes()

func readCodes() (all []CodeList) {
	for _, file := range [...]string{"se-county", "no-rhf"} {
		b, err := codeFiles.ReadFile("codes/" + file + ".json")
		if err != nil {
			panic(err) // it is embedded
		}
		var l CodeList
		if err := json.Unmarshal(b, &l); err != nil {
			panic(file + ": " + err.Error()) // the tests read it
		}
		all = append(all, l)
	}
	return all
}

// CodeLists gives the lists of a country, all of them for "".
func CodeLists(country string) []CodeList {
	return slices.DeleteFunc(slices.Clone(codeLists), func(l CodeList) bool { return country != "" && l.Country != country })
}

// CodeName names a code with its country: "SE-24". The name is in the country's own language.
func CodeName(code string) (name string, ok bool) {
	for _, l := range codeLists {
		for _, c := range l.Codes {
			if l.Country+"-"+c.Code == code {
				return c.Name, true
			}
		}
	}
	return "", false
}
