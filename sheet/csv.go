package sheet

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/samverk/samverk/fault"
)

func (t *Table) readCSV(data []byte, l Limits) error {
	data, err := decoded(data)
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "the text can't be read").Say("sheet.unread")
	}
	if bytes.IndexByte(data, 0) >= 0 {
		return fault.New(fault.Invalid, "the file is neither a table of text nor XLSX").Say("sheet.unread")
	}
	data, comma := separator(data)
	r := csv.NewReader(bytes.NewReader(data))
	r.Comma, r.FieldsPerRecord = comma, -1
	number, cells, read, nextLine := 0, 0, int64(0), 1
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		var wrong *csv.ParseError
		if errors.As(err, &wrong) {
			return fault.Wrap(fault.Invalid, wrong.Err, "the quotes don't match").OnLine(int64(wrong.StartLine)).Say("sheet.quotes", wrong.StartLine)
		}
		if err != nil {
			return fault.Wrap(fault.Invalid, err, "the file can't be read").Say("sheet.unread")
		}
		line, _ := r.FieldPos(0)
		number += 1 + line - nextLine // a line that is empty is a row of a spreadsheet too
		nextLine += bytes.Count(data[read:r.InputOffset()], []byte("\n"))
		read = r.InputOffset()
		if err := t.add(Row{number, record}, &cells, l); err != nil {
			return err
		}
	}
}

// decoded gives text as UTF-8, without its mark.
func decoded(data []byte) ([]byte, error) {
	switch {
	case bytes.HasPrefix(data, []byte{0xFF, 0xFE}), bytes.HasPrefix(data, []byte{0xFE, 0xFF}):
		return unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Bytes(data)
	case utf8.Valid(data):
		return bytes.TrimPrefix(data, []byte("\uFEFF")), nil
	}
	return charmap.Windows1252.NewDecoder().Bytes(data)
}

// separator finds what stands between cells: what the first line says ("sep=;"), or else what stands there most often outside quotes.
func separator(data []byte) ([]byte, rune) {
	first, rest, _ := bytes.Cut(bytes.TrimLeft(data, "\r\n"), []byte("\n"))
	line := strings.TrimRight(string(first), "\r")
	if says, ok := strings.CutPrefix(strings.ToLower(line), "sep="); ok && len(says) == 1 && strings.ContainsAny(says, ",;\t|") {
		return rest, rune(says[0])
	}
	best, most, quoted := ',', 0, false
	count := map[rune]int{}
	for _, c := range line {
		if c == '"' {
			quoted = !quoted
		}
		if !quoted {
			count[c]++
		}
	}
	for _, c := range ",;\t" {
		if count[c] > most {
			best, most = c, count[c]
		}
	}
	return data, best
}
