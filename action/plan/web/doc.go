// Package web is the pages of plans and their measures, as far as their reader may see them; and the same as CSV, JSON, XLSX and iCalendar.
//
// It holds no rule: who may do what is the room's word, and a page asks it before it shows a button.
package web
