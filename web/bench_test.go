package web

import (
	"net/http/httptest"
	"os"
	"testing"
)

// A page of every part of the frame, made and compressed.
func BenchmarkPage(b *testing.B) {
	site, err := New(Options{Demo: true})
	if err != nil {
		b.Fatal(err)
	}
	pages, err := site.Room(os.DirFS("testdata/room"))
	if err != nil {
		b.Fatal(err)
	}
	data := everything()
	for b.Loop() {
		r := httptest.NewRequest("GET", "/look-at", nil)
		r.Header.Set("Accept-Encoding", "gzip")
		pages.Render(httptest.NewRecorder(), r, Page{Name: "look", Title: "Look", Station: "decide", Network: nordic, Data: data})
	}
}
