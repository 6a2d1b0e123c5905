package mandate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/samverk/samverk/fault"
)

// maxDepth bounds how deep values may lie in one another.
const maxDepth = 32

// Canonical writes a value as RFC 8785 says: keys in order, no space, one way to write each string. Numbers are whole
// and exact in a double, because only there every reader agrees.
func Canonical(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "a value can't be written as JSON")
	}
	t, err := tree(b)
	if err != nil {
		return nil, err
	}
	return write(nil, t), nil
}

// Decode reads JSON into a value. A name that is unknown, written twice or in other letters, a number that isn't whole, and
// anything after the value are refused: what was read is all that was there.
func Decode(b []byte, into any) error {
	t, err := tree(b)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return said(err)
	}
	again, err := json.Marshal(into)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "a value can't be written as JSON")
	}
	back, err := tree(again)
	if err != nil {
		return err
	}
	if at, same := compare(t, back, ""); !same {
		return fault.New(fault.Invalid, "this isn't understood as it is written").Where(at)
	}
	return nil
}

// said keeps what a value's own reader says, and puts the rest in our words.
func said(err error) error {
	if k := fault.KindOf(err); k != fault.Internal {
		return err
	}
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return fault.New(fault.Invalid, "a %s doesn't belong here", wrong.Value).Where(wrong.Field)
	}
	return fault.New(fault.Invalid, "%s", strings.TrimPrefix(err.Error(), "json: "))
}

// tree reads exactly one JSON value and refuses what readers disagree about.
func tree(b []byte) (any, error) {
	if !utf8.Valid(b) {
		return nil, fault.New(fault.Invalid, "not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	v, err := value(d, 0)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, fault.New(fault.Invalid, "something follows the value").Where(at(d))
	}
	return v, nil
}

func at(d *json.Decoder) string { return fmt.Sprintf("byte %d", d.InputOffset()) }

func value(d *json.Decoder, depth int) (any, error) {
	t, err := d.Token()
	if err != nil {
		return nil, fault.New(fault.Invalid, "not JSON: %s", err).Where(at(d))
	}
	if depth > maxDepth {
		return nil, fault.New(fault.Invalid, "nested too deep").Where(at(d))
	}
	switch t := t.(type) {
	case json.Delim:
		if t == '{' {
			return object(d, depth)
		}
		return array(d, depth)
	case json.Number:
		n, err := strconv.ParseInt(t.String(), 10, 64)
		if err != nil || n > 1<<53-1 || n < -(1<<53-1) || t.String() != strconv.FormatInt(n, 10) {
			return nil, fault.New(fault.Invalid, "not a whole number that every reader understands").Where(at(d))
		}
		return n, nil
	case nil:
		return nil, fault.New(fault.Invalid, "null says nothing; leave the name out").Where(at(d))
	case string:
		if strings.ContainsRune(t, utf8.RuneError) { // also what a lone surrogate is read as
			return nil, fault.New(fault.Invalid, "a text with a character that isn't one").Where(at(d))
		}
	}
	return t, nil
}

func object(d *json.Decoder, depth int) (any, error) {
	out := map[string]any{}
	for d.More() {
		key, err := value(d, depth+1)
		if err != nil {
			return nil, err
		}
		name, _ := key.(string)
		if _, twice := out[name]; twice {
			return nil, fault.New(fault.Invalid, "the name %.60q is written twice", name).Where(at(d))
		}
		if out[name], err = value(d, depth+1); err != nil {
			return nil, err
		}
	}
	return out, closes(d)
}

func array(d *json.Decoder, depth int) (any, error) {
	out := []any{}
	for d.More() {
		v, err := value(d, depth+1)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, closes(d)
}

func closes(d *json.Decoder) error {
	if _, err := d.Token(); err != nil {
		return fault.New(fault.Invalid, "not JSON: %s", err).Where(at(d))
	}
	return nil
}

// compare says where two trees differ, taking what is empty for what isn't there.
func compare(a, b any, at string) (where string, same bool) {
	if empty(a) && empty(b) {
		return "", true
	}
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok {
			return at, false
		}
		for _, k := range names(a, b) {
			if where, same := compare(a[k], b[k], strings.TrimPrefix(at+"."+k, ".")); !same {
				return where, false
			}
		}
		return "", true
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return at, false
		}
		for i := range a {
			if where, same := compare(a[i], b[i], fmt.Sprintf("%s.%d", at, i)); !same {
				return where, false
			}
		}
		return "", true
	}
	return at, reflect.DeepEqual(a, b)
}

func names(a, b map[string]any) []string {
	var out []string
	for k := range a {
		out = append(out, k)
	}
	for k := range b {
		if _, had := a[k]; !had {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return out
}

// empty tells whether a value says no more than its absence would.
func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case int64:
		return v == 0
	case bool:
		return !v
	case []any:
		return len(v) == 0
	case map[string]any:
		for _, x := range v {
			if !empty(x) {
				return false
			}
		}
		return true
	}
	return false
}

func write(b []byte, v any) []byte {
	switch v := v.(type) {
	case map[string]any:
		return writeObject(b, v)
	case []any:
		b = append(b, '[')
		for i, x := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = write(b, x)
		}
		return append(b, ']')
	case string:
		return writeString(b, v)
	case int64:
		return strconv.AppendInt(b, v, 10)
	case bool:
		return strconv.AppendBool(b, v)
	}
	panic(fmt.Sprintf("a tree with a %T", v)) // tree makes no other
}

func writeObject(b []byte, v map[string]any) []byte {
	b = append(b, '{')
	keys := names(v, nil)
	slices.SortFunc(keys, byUTF16)
	for i, k := range keys {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(writeString(b, k), ':')
		b = write(b, v[k])
	}
	return append(b, '}')
}

// byUTF16 is the order of RFC 8785, 3.2.3.
func byUTF16(a, b string) int {
	return slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b)))
}

// writeString escapes what JSON makes it, in the way of RFC 8785, 3.2.2.2, and nothing else.
func writeString(b []byte, s string) []byte {
	const short = "\b\t\n\f\r"
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r < ' ' && strings.ContainsRune(short, r):
			b = append(b, '\\', "btn_fr"[r-'\b'])
		case r < ' ':
			b = fmt.Appendf(b, `\u%04x`, r)
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}
