// Package consent is what individuals have said their data may be used for, and who may therefore
// be counted.
//
// Nouns: a Purpose is care, matching or research; a Permission is one of them, or a condition on one (abroad, commercial).
// A Use is what a question is for. A Form is what people are asked and the legal Basis of each use; a decision's
// mandate puts it in force. A Choice is what somebody said, a Record that choice in the history, a Receipt what
// they keep of it. A Restriction is a block, an opt-out or a reservation. An epoch numbers the
// states that the room has been in. The journal is a file of its own. Match judges codes of the Data Use Ontology.
//
// Rules:
//   - Nothing recorded is not counted, unless the form in force rests that purpose on objection or law. Given twice and
//     withdrawn once is withdrawn. While no form is in force, every purpose rests on consent and a use has no conditions.
//   - Uncertain is out. A no is obeyed also where the basis is law. Conditions always rest on consent. Guardians who disagree, or a
//     child who says no, are a no; a child's own yes on a form is refused. A disease that isn't known is covered by itself alone. A use without a word on what the research
//     is on is any research. What a form promises that counting can't obey keeps it from being put in force.
//   - A form is never edited: its digest is what a decision names. What was answered means what that form said, for ever.
//   - When somebody comes of age a guardian's yes ends, every no stands, and what they say themselves from then on is all that
//     counts. That, and a form's beginning, is obeyed at its moment: Allowed looks at the clock when something is due.
//     A clock that is set back undoes none of it while the process runs, nor later once it was written (Settle).
//   - Restrictions stand beside every choice and basis. No yes lifts one.
//   - Every choice, form in force and restriction is a row that is never changed, with who recorded it, why, and when it was
//     made. Triggers in the database refuse anything else. What holds now is derived from them, kept
//     beside them in the same transaction, and derived again by Verify.
//   - The epoch grows by one with each committed change that alters who may be counted, and with each moment at which
//     something falls due; a commit leaves out as many numbers as fall due within a day. One epoch is one answer, also after a restart.
//   - A change is in force when the transaction's Write returns: every Allowed that starts after that obeys it. Allowed takes
//     no lock, but at a moment when something falls due. OnChange tells of each state before it is seen.
//   - Removing an individual takes their id and particulars out of the register and deletes their choices, restrictions and
//     receipts. What is left is a spent number and the day.
//   - Each "no", restriction, removal, ended login, corrected birth date and form in force is in the journal, on disk, before it is acknowledged. The
//     journal lies outside what a backup contains. After a restore nobody is counted and nothing
//     can be changed until Replay has applied it, or ConfirmNoJournal says that there is none. A restriction that was lifted since
//     the backup stands again until it is lifted again.
//
// It never counts, never answers a question, never enrols anybody, and doesn't judge whether a mandate is genuine.
package consent
