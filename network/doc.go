// Package network is who sits where: networks in a tree, organisations with a sector, bodies with a mandate, seats with
// terms, the people who hold them, and the ties they have declared.
//
// Nouns:
//
//	Network       national, regional or thematic; a tree, whose root is a tenant
//	Organisation  region, hospital, university, company, authority, patient organisation; has a Sector
//	Body          steering group, working group, council, secretariat …; has an Authority: decides, recommends or advises
//	Seat          in a body, for a sector, nominated by an organisation, held by a person for a term, or vacant
//	Rule          what a body's composition must be when seats change (a warning) and when it decides (its quorum)
//	Person        who may hold seats. Never one whom the data are about: that is an individual
//	Access        what a person may see and do, worked out from the seats they hold now
//
// Rules:
//   - Access follows seats. Nobody is given a role by hand: a coordinator is whoever holds a seat in a network's secretariat.
//     A network whose secretariat is empty is looked after by its parent's.
//   - Every Seat's history is kept for ever: a holding is ended, never deleted or moved.
//   - Absent and not yours are the same answer.
//   - A body without rules of its own has the quorum of a majority of its voting seats.
//   - A profile is its owner's: the owner chooses who sees each part, and can export and erase it.
//
// It never holds health data, and asks nobody for a diagnosis.
package network
