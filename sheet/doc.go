// Package sheet reads and writes tables as people keep them: CSV and XLSX, with the place of everything that is wrong.
//
// Nouns:
//
//	Table    what a file says: a head, and rows that know which row of the sheet they are
//	Column   a column that is asked for: its name for programs, and the names that people write above it
//	Reader   rows under known columns; it collects what is wrong instead of stopping at the first
//	Problem  a row, a column, and what is wrong there
//	Writer   a table on its way out, row by row
//
// Rules:
//   - A cell is the text that was typed: "007" stays "007". A date in a spreadsheet's own form becomes "2026-03-31", with its time if it has one.
//   - A file is bounded in bytes, unpacked bytes, rows, columns and characters before it is believed. What XLSX says of itself isn't believed.
//   - CSV is read as programs write it: comma, semicolon or tab; UTF-8, UTF-16 with its mark, or else Windows-1252.
//   - No text is written so that a spreadsheet reads it as a formula (OWASP, CSV Injection). An apostrophe stands before it, and is taken away
//     again by Read: what was written is what is read.
//   - A formula in a file is never worked out: what the file keeps as its value is read.
//
// It knows nothing of ours, opens no file and follows no link.
package sheet
