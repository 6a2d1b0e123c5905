// Package web is the page of what a network's own node told this one: what was decided, what became of what this region lifted, and the policies
// that came with it. It is for everybody, says where each thing is read in whole and when it was heard last, and changes nothing.
//
// Where no network's node is known, there is no such page.
package web
