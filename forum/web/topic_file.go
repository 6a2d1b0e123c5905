package web

import (
	"io"
	"net/http"
	"net/url"
	"strings"
)

// contentDisposition names a download, as RFC 6266 has it: in ASCII for old programs, and as it is.
func contentDisposition(name string) string {
	ascii := strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' || c == '"' || c == '\\' || c == '%' {
			return '_'
		}
		return c
	}, name)
	return `attachment; filename="` + ascii + `"; filename*=UTF-8''` + strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
}

func copyOut(w http.ResponseWriter, from io.Reader) int {
	_, _ = io.Copy(w, from) // who hung up is told nothing
	return http.StatusOK
}
