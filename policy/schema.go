package policy

import _ "embed" // the schema

// Schema is the JSON Schema (2020-12) of drafts. What it takes, ParseDraft may still refuse; what it refuses is never read.
//
//go:embed policy.schema.json
var Schema []byte
