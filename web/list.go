package web

import "net/url"

// Pager leads through a list that is read in parts, by the key of the last row that is shown: ?after=KEY.
type Pager struct{ First, Next string }

// PagerAt is the pager of the page at an address; next is the key of its last row, "" when there is no more.
func PagerAt(here, next string) Pager {
	u, err := url.Parse(here)
	if err != nil {
		return Pager{}
	}
	var p Pager
	q := u.Query()
	q.Del("lang")
	if q.Has("after") {
		q.Del("after")
		p.First = (&url.URL{Path: u.Path, RawQuery: q.Encode()}).RequestURI()
	}
	if next != "" {
		q.Set("after", next)
		p.Next = (&url.URL{Path: u.Path, RawQuery: q.Encode()}).RequestURI()
	}
	return p
}
