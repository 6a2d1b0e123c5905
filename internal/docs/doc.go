// Package docs holds the written pages to their word: what they show is run, and what they point at is there.
//
// In a page, a block after the line <!-- file: NAME --> is a file. A console block after <!-- run --> is run, line by
// line, in one folder with those files: a line that begins with "$ " is given to the shell, and what follows is
// what it has to print. "…" at the end of a line stands for anything to its end; alone on a line, for any more lines.
package docs
