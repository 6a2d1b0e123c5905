package calendar

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Serve answers with a document, or with 304 when the caller has it already (RFC 9110, 13). It gives the status.
func Serve(w http.ResponseWriter, r *http.Request, mime string, changed time.Time, body []byte) int {
	sum := sha256.Sum256(body)
	tag := `W/"` + hex.EncodeToString(sum[:16]) + `"` // weak: it may be compressed on its way
	h := w.Header()
	h.Set("ETag", tag)
	h.Set("Cache-Control", "private, no-cache") // keep it, but ask each time
	if !changed.IsZero() {
		h.Set("Last-Modified", changed.UTC().Format(http.TimeFormat))
	}
	if unchanged(r, tag, changed) {
		w.WriteHeader(http.StatusNotModified)
		return http.StatusNotModified
	}
	h.Set("Content-Type", mime)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // nobody is left to tell
	}
	return http.StatusOK
}

// unchanged tells whether the caller's copy is the same. A date counts only where no tag is given.
func unchanged(r *http.Request, tag string, changed time.Time) bool {
	if have := r.Header.Values("If-None-Match"); len(have) > 0 {
		for one := range strings.SplitSeq(strings.Join(have, ","), ",") {
			if one = strings.TrimSpace(one); one == "*" || strings.TrimPrefix(one, "W/") == strings.TrimPrefix(tag, "W/") {
				return true
			}
		}
		return false
	}
	since, err := http.ParseTime(r.Header.Get("If-Modified-Since"))
	return err == nil && !changed.IsZero() && !changed.Truncate(time.Second).After(since)
}
