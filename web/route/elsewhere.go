package route

import "net/http"

// Elsewhere tells whether a page of another site leads here, as the browser says (Sec-Fetch-Site). What is asked for then is asked by that page, and not by
// whom the browser belongs to. Programs, and what is typed or kept as a bookmark, come from nowhere else.
func Elsewhere(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
		return false
	}
	return true
}
