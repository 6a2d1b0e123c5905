// Package consent is what individuals have said their data may be used for, and who may therefore
// be counted.
//
// Nouns: a Purpose is care, matching or research. A Use is what a question is for. A Choice
// is what somebody said about one purpose; a Record is that choice in the history. An
// epoch numbers the states that the room has been in. The journal is a file of its own.
//
// Rules:
//   - Nothing recorded is not counted. Given twice and withdrawn once is withdrawn.
//   - Every choice is a row that is never changed, with who recorded it, why, and when it was
//     made. Triggers in the database refuse anything else. What holds now is derived from them, kept
//     beside them in the same transaction, and derived again by Verify.
//   - The epoch grows by one with each committed change that alters who may be counted.
//   - A change is in force when the transaction's Write returns: every Allowed that starts after
//     that obeys it. Allowed takes no lock.
//   - Only the purpose of a Use is evaluated yet. A Use with a condition (diseases, commercial,
//     country) is refused, never answered as if the condition weren't there.
//   - Removing an individual takes their id and particulars out of the register and deletes
//     their choices. What is left is a spent number and the day. The database
//     lets choices be deleted for a removed individual only.
//   - Each "no" and each removal is in the journal, on disk, before it is acknowledged. The
//     journal lies outside what a backup contains. After a restore nobody is counted and nothing
//     can be changed until Replay has applied it, or ConfirmNoJournal says that there is none.
//
// It never counts, never answers a question, and never enrols anybody.
package consent
