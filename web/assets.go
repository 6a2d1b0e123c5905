package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
)

// asset is a file that never changes under its name: the name holds its hash.
type asset struct {
	path, kind string
	plain, gz  []byte
}

func newAsset(stem, ext, kind string, content []byte) (*asset, error) {
	sum := sha256.Sum256(content)
	a := &asset{path: "/static/" + stem + "." + hex.EncodeToString(sum[:6]) + "." + ext, kind: kind, plain: content}
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(content); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	a.gz = b.Bytes()
	return a, nil
}

func (a *asset) serve(w http.ResponseWriter, r *http.Request) int {
	h := w.Header()
	h.Set("Content-Type", a.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	body := a.plain
	if takesGzip(r) {
		h.Set("Content-Encoding", "gzip")
		body = a.gz
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // a reader who left is no failure of ours
	return http.StatusOK
}

// takesGzip reads Accept-Encoding: gzip or *, unless its weight is 0.
func takesGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(part), ";")
		if name = strings.TrimSpace(name); name != "gzip" && name != "*" {
			continue
		}
		q := strings.TrimPrefix(strings.ReplaceAll(weight, " ", ""), "q=")
		if v, err := strconv.ParseFloat(q, 64); q == "" || err == nil && v > 0 {
			return true
		}
	}
	return false
}
