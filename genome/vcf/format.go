package vcf

import (
	"bytes"
)

// Format says where FORMAT keeps what we read; -1 is nowhere.
type Format struct {
	GT, GQ, DP, MinDP, Len int
	keys                   int
	text                   []byte
}

// formats remembers what two FORMATs mean: a gVCF's blocks have one, its variants another.
type formats struct{ now, before Format }

// read makes a FORMAT the present one.
func (f *formats) read(text []byte) {
	if f.now.text != nil && bytes.Equal(text, f.now.text) {
		return
	}
	f.now, f.before = f.before, f.now
	f.now.Read(text)
}

// Read reads a FORMAT column; the same text as last time costs a comparison.
func (f *Format) Read(text []byte) {
	if f.text != nil && bytes.Equal(text, f.text) {
		return
	}
	*f = Format{GT: -1, GQ: -1, DP: -1, MinDP: -1, Len: -1, text: append(f.text[:0], text...)}
	for i := 0; ; i++ {
		f.keys++
		key := text
		end := bytes.IndexByte(text, ':')
		if end >= 0 {
			key = text[:end]
		}
		switch string(key) {
		case "GT":
			f.GT = i
		case "GQ":
			f.GQ = i
		case "DP":
			f.DP = i
		case "MIN_DP":
			f.MinDP = i
		case "LEN":
			f.Len = i
		}
		if end < 0 {
			return
		}
		text = text[end+1:]
	}
}

// Depths reads a column's genotype quality and depth, the least depth of a block where that is told. What is not told is 0.
func (f *Format) Depths(column []byte) (gq, dp uint32) {
	last := max(f.GQ, f.DP, f.MinDP)
	least, told := uint32(0), false
	for key, start, at := 0, 0, 0; key <= last; at++ {
		if at < len(column) && column[at] != ':' {
			continue
		}
		part := column[start:at]
		switch key {
		case f.GQ:
			gq = quality(part)
		case f.DP:
			dp, _ = whole(part)
		case f.MinDP:
			least, told = whole(part)
		}
		if at == len(column) {
			break
		}
		key, start = key+1, at+1
	}
	if told {
		dp = least
	}
	return gq, dp
}

// Length reads a column's LEN, the length of a reference block (VCF 4.5 §5.5); 0 when it is not told.
func (f *Format) Length(column []byte) uint32 {
	if f.Len < 0 {
		return 0
	}
	n, _ := whole(Subfield(column, f.Len))
	return n
}

// quality reads GQ, which some callers write with a fraction; it is cut.
func quality(b []byte) uint32 {
	if i := bytes.IndexByte(b, '.'); i > 0 {
		b = b[:i]
	}
	n, _ := whole(b)
	return n
}

// Subfield is the i-th part of a sample's column, from 0; nil when the column ends before it.
func Subfield(column []byte, i int) []byte {
	for ; ; i-- {
		end := bytes.IndexByte(column, ':')
		if i == 0 {
			if end < 0 {
				return column
			}
			return column[:end]
		}
		if end < 0 {
			return nil
		}
		column = column[end+1:]
	}
}

// Columns yields the sample columns of SampleText one after the other.
func Columns(text []byte) func(yield func(int, []byte) bool) {
	return func(yield func(int, []byte) bool) {
		for i := 0; text != nil; i++ {
			col := text
			if end := bytes.IndexByte(text, '\t'); end >= 0 {
				col, text = text[:end], text[end+1:]
			} else {
				text = nil
			}
			if !yield(i, col) {
				return
			}
		}
	}
}
