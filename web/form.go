package web

import (
	"context"
	"errors"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/samverk/samverk/fault"
)

// How much a form may send: fields alone, and with files.
const (
	FieldsLimit = 1 << 20
	UploadLimit = 32 << 20
)

// Form is what a person typed, kept as it was typed, and what was wrong with it.
type Form struct {
	Values   url.Values
	Files    map[string][]*multipart.FileHeader
	Problems []Problem
	ID       string // begins the ids of its fields; "" unless a page has several forms
	conflict bool
	drawn    map[string]bool // the fields the page has
}

// Problem is what is wrong and what to do, in the reader's language. Field is "" for what concerns all of the form, and may
// be a place of the room's that the form has no field for: then nothing is led to.
type Problem struct{ Field, Text string }

// NewForm is a form filled with what is stored: name, value, name, value.
func NewForm(pairs ...string) *Form {
	f := &Form{Values: url.Values{}}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.Values.Add(pairs[i], pairs[i+1])
	}
	return f
}

// ReadQuery reads the fields of an address: a search, a filter.
func ReadQuery(r *http.Request) *Form { return &Form{Values: clean(r.URL.Query())} }

// ReadForm reads the fields and files of a body of bounded size. Texts come out as valid UTF-8 in composed letters, with
// plain line ends and without NUL, so that what is stored, found and compared is what was meant. Files larger than a
// megabyte lie on disk until the request has been answered.
func ReadForm(w http.ResponseWriter, r *http.Request) (*Form, error) {
	limit, kind := int64(FieldsLimit), r.Header.Get("Content-Type")
	files := strings.HasPrefix(kind, "multipart/form-data")
	if files {
		limit = UploadLimit
	}
	r.Body = http.MaxBytesReader(w, r.Body, limit)
	var err error
	if files {
		err = r.ParseMultipartForm(1 << 20)
	} else {
		err = r.ParseForm()
	}
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, fault.Wrap(fault.Invalid, err, "the form is larger than %d bytes", limit).Say("web.large", limit>>20)
	case err != nil:
		return nil, fault.Wrap(fault.Invalid, err, "the form can't be read").Say("web.form")
	}
	f := &Form{Values: clean(r.PostForm)}
	if m := r.MultipartForm; m != nil {
		// net/http removes the files of the request it made, and what loads sessions has put another in its place.
		context.AfterFunc(r.Context(), func() { _ = m.RemoveAll() })
		f.Files = m.File
	}
	return f, nil
}

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\x00", "")

func clean(in url.Values) url.Values {
	out := make(url.Values, len(in))
	for name, values := range in {
		for _, v := range values {
			out[name] = append(out[name], norm.NFC.String(lineEnds.Replace(strings.ToValidUTF8(v, "\ufffd"))))
		}
	}
	return out
}

// Get gives a field's first value without the blanks around it.
func (f *Form) Get(name string) string { return strings.TrimSpace(f.Values.Get(name)) }

// Raw gives a field's first value as it was typed: a password.
func (f *Form) Raw(name string) string { return f.Values.Get(name) }

// All gives every value of a field that is not blank.
func (f *Form) All(name string) []string {
	var out []string
	for _, v := range f.Values[name] {
		if v = strings.TrimSpace(v); v != "" {
			out = append(out, v)
		}
	}
	return out
}

// Has tells whether a value is among those of a field: whether a box is ticked.
func (f *Form) Has(name, value string) bool {
	for _, v := range f.Values[name] {
		if v == value {
			return true
		}
	}
	return false
}

// Set replaces a field's values.
func (f *Form) Set(name string, values ...string) { f.Values[name] = values }

// Int gives a field as a whole number; false when it is none, also when it is empty.
func (f *Form) Int(name string) (int, bool) {
	n, err := strconv.Atoi(strings.ReplaceAll(strings.ReplaceAll(f.Get(name), " ", ""), "\u00a0", ""))
	return n, err == nil
}

// Day gives a date field as midnight in a zone; false when it is none, also when it is empty.
func (f *Form) Day(name string, zone *time.Location) (time.Time, bool) {
	t, err := time.ParseInLocation(time.DateOnly, f.Get(name), zone)
	return t, err == nil
}

// Moment joins a date field and a time field to a moment in a zone; false when either is none.
func (f *Form) Moment(day, clock string, zone *time.Location) (time.Time, bool) {
	t, err := time.ParseInLocation("2006-01-02 15:04", f.Get(day)+" "+strings.Replace(f.Get(clock), ".", ":", 1), zone)
	return t, err == nil
}

// File gives the first file of a field that has anything in it; nil for none.
func (f *Form) File(name string) *multipart.FileHeader {
	for _, h := range f.Files[name] {
		if h.Size > 0 {
			return h
		}
	}
	return nil
}

// Wrong notes a problem. A field's first problem is the one that is shown.
func (f *Form) Wrong(field, text string) {
	if field == "" || f.Problem(field) == "" {
		f.Problems = append(f.Problems, Problem{field, text})
	}
}

// Problem gives what is wrong with a field, "" for nothing.
func (f *Form) Problem(field string) string {
	for _, p := range f.Problems {
		if p.Field == field {
			return p.Text
		}
	}
	return ""
}

// OK tells that there is no problem.
func (f *Form) OK() bool { return len(f.Problems) == 0 }

// Status is what the page of a form answers with: 200, 400 with problems, 409 when somebody else was first.
func (f *Form) Status() int {
	switch {
	case f.conflict:
		return http.StatusConflict
	case !f.OK():
		return http.StatusBadRequest
	}
	return http.StatusOK
}

// Fault takes what a room said of what was typed as problems of the form: each fault of the kinds Invalid and Conflict, at
// the field it names, in the sentence it names. Of any other error it takes nothing and gives false: that is for Fail.
func (f *Form) Fault(l *Words, err error) bool {
	faults, ok := faultsOf(err)
	if !ok {
		return false
	}
	for _, e := range faults {
		f.conflict = f.conflict || e.Kind == fault.Conflict
		text, do := sentence(l, e)
		if do != "" && l.Has("fault."+e.Code) { // what to do with another page is no help here
			text = strings.TrimSuffix(text, ".") + ". " + do
		}
		f.Wrong(e.At, text)
	}
	return true
}

// faultsOf gives all that was joined in err, if every one is the form's to show.
func faultsOf(err error) ([]*fault.Error, bool) {
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		var out []*fault.Error
		for _, one := range many.Unwrap() {
			faults, ok := faultsOf(one)
			if !ok {
				return nil, false
			}
			out = append(out, faults...)
		}
		return out, len(out) > 0
	}
	var e *fault.Error
	if !errors.As(err, &e) || e.Kind != fault.Invalid && e.Kind != fault.Conflict {
		return nil, false
	}
	return []*fault.Error{e}, true
}
