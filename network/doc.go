// Package network is who sits where: networks in a tree, organisations with a sector, bodies with a mandate, seats with
// terms, the people who hold them, and the ties they have declared.
//
// Nouns:
//
//	Network       national, regional or thematic; a tree, whose root is a tenant
//	Template      what a tenant begins with: data, and everything that it makes can be edited afterwards
//	Organisation  region, hospital, university, company, authority, patient organisation; has a Sector
//	Body          steering group, working group, council, secretariat …; has an Authority: decides, recommends or advises
//	Seat          in a body, for a sector, nominated by an organisation, held by a person for a term, or vacant
//	Holding       a term: who holds a seat, from when to when; Vacancy: a seat that somebody is sought for; Candidate: who is
//	Rule          what a body's composition must be when seats change (a warning) and when it decides (its quorum)
//	Person        who may hold seats. Never one whom the data are about: that is an individual
//	Profile       what a person says of themself, part by part; the directory finds people by it
//	Interest      a tie to an organisation or product; Agreement: what parties agreed, and when it is looked at again
//	Access        what a person may see and do, worked out from the seats they hold now
//	Event         one line of history; append-only
//
// Rules:
//   - Access follows seats. Nobody is given a role by hand: a coordinator is whoever holds a seat in a network's secretariat. A network
//     whose secretariat is empty is looked after by its parent's; a tenant's own, when empty, an operator may fill.
//   - Every Seat's history is kept for ever: a holding is ended, never deleted or moved; one that never began is void. Nobody holds
//     a seat together with another, or two votes in a body.
//   - Absent and not yours are the same answer. Who is of another tenant is not there.
//   - A body without rules of its own has the quorum of a majority of its voting seats.
//   - A profile is its owner's: the owner chooses who sees each part, at first nobody else, and can export and erase it. Erased, the
//     name is emptied; that somebody held a seat stays. Names in approved minutes are the forum's.
//   - An event names people by id only, so that a name which is erased is nowhere else.
//
// It never holds health data, and asks nobody for a diagnosis.
package network
