// Package ontology reads the vocabularies that other rooms decide by, and says what is a kind of what.
//
// Nouns: a Term has an id (MONDO:0005105), a name and the terms it is_a. Terms is one vocabulary in one
// release. A Code is a term of the Data Use Ontology (DUO), which is carried along in whole.
//
// Rules:
//   - A vocabulary is brought by the operator as a file, OBO or OBO Graphs JSON, and stays as it was written: its
//     Version is to be shown wherever its content is.
//   - An alternative id stands for its term. An obsolete term is known by name only: it is nothing's kind and nothing
//     is a kind of it.
//   - Only is_a makes an ancestor. A file in which something is a kind of itself is refused; a parent that the file
//     doesn't hold is reported, and left out.
//   - A term that isn't known has no ancestor but itself.
//   - Reading is bounded, in the length of a line and the number of terms.
//
// It ships no HPO, MONDO, Orphanet or OMIM content, and changes none.
//
// DUO: release 2021-02-23, https://github.com/EBISPOT/DUO, CC BY 4.0; duo.csv is that release's own file.
package ontology
