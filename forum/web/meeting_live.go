package web

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
)

// stateOf names what a page shows now. A page that renews itself asks with the name it has, and is answered with nothing while that
// is still so: then nothing is swapped, no focus is moved, and nothing is read aloud again.
func stateOf(parts ...any) string {
	b, err := json.Marshal(parts)
	if err != nil {
		return "" // renewed each time
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// unchanged tells whether a page that renews itself has what there is.
func unchanged(r *http.Request, state string) bool {
	return r.Method == http.MethodGet && state != "" && r.URL.Query().Get("state") == state
}
