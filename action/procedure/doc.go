// Package procedure is the same good care everywhere: how something is done, version by version, and what each region makes of it.
//
// Nouns:
//
//	Procedure  how a thing is done: a field, a kind of service, a case number; it lives through its versions
//	Version    one text of it: a draft until a decision names it by its digest, then in force or recommended, ended by the next
//	Edit       one text of a draft as it was saved; all are kept
//	Review     what a named person says of a draft
//	Region     a regional network right beneath the nation, or beneath another that is no region
//	Record     what a region says of a version: considering, adopted, adopted with a deviation, declined
//	Figure     how many live in a region, of a year and a source; data, never a guess
//
// Rules:
//   - Only a decision puts a version in force, and exactly the text whose digest it names. Of a body that recommends, the version is
//     recommended.
//   - A region's record is made by those who coordinate the region's own network or chair its steering body. Nobody does it for them:
//     not the nation that looks after a region without a secretariat either.
//   - Records and texts are added, never changed. A correction is another record.
//   - What a region hasn't said is unknown, and shown so. A new version asks every region again; what it said of the one before stays.
//   - A deviation and a refusal have their reason.
//   - A share of the population is of the regions whose population is known; the others are named beside it.
//   - A draft is for the members of its network and whoever is asked to review it, whatever its visibility is to be.
package procedure
