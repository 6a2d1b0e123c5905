// Package forum is where the network raises and decides: topics and what patients said of them, lifting, meetings with a
// live quorum, minutes that are approved and sealed, decisions and what they lead to.
//
//	raised → input → prepared → agenda → decided | returned | lifted → (parent body) raised …
//
// Nouns:
//
//	Topic     raised by anyone with access; belongs to a network and, once it found its group, to a body
//	Input     what patients said of a topic, asked for before drafting; gets a Disposition with a reason
//	Lift      a topic sent to the parent with its history; the parent owes an answer by a date
//	Evidence  what a topic rests on: a DOI, PMID, web address or file, with its level and who judged it
//	Post      news, a question or a discussion, in a network, a body or about a topic; a good answer makes it knowledge
//	Doc       what the search knows of any of these; found by who may see the thing
//	Series    meetings at a rhythm; Meeting with agenda items, papers, attendance by seat, recusals
//	Decision  one text, taken in a quorate meeting or by circulation, numbered within its body; superseded, never edited
//	Annulled  a decision that was recorded by mistake and taken back
//	Minutes   generated, edited, approved by named persons, sealed; corrected as a new version
//	Effect    a typed link from a decision to what it became in another room
//	Event     one line of history; append-only
//	Waiting   what somebody is waited for with: worked out from the rows each time, and kept nowhere
//	Feedback  what anybody wrote to the secretariat: a page that can't be used, a question
//
// Rules:
//   - A topic of a body with patient seats comes on no agenda until input was asked for and its time has passed, unless the
//     chair records why not.
//   - No decision without quorum, judged inside the transaction that records it, after recusals, by count and composition.
//   - A vote is everybody's who takes part: without a vote or an abstention of each there is no decision.
//   - A meeting opens on its own day at the earliest, and a decision is reviewed the day after it is in force at the earliest.
//   - No decision while an input of its topic lacks its disposition.
//   - A decision is taken back only while its meeting runs, with the reason, and not once it is approved or superseded. Then it is a decision
//     nowhere, its number is not used again, all is as it was before it, and the minutes tell of it.
//   - A lifted topic always has an owed answer with a date; overdue is public.
//   - An input is shown to those who could see it when it was given, and to the bodies that judge it, wherever its topic goes.
//   - What is about a topic is shown to nobody who may not see the topic: asTopic is where every writer asks.
//   - Minutes are approved by two at least who sit in the body, chosen from those who were at the meeting, among them whoever led
//     it for as long as they sit there. One who hasn't approved is replaced by who runs the body, with the reason in the minutes.
//   - What was redacted in sealed minutes is in no edition of them. A name stands in no record of that meeting any more; of an item
//     the decision stays, without names, reservations or reasons. The seals hold.
//   - Sealed minutes never change; history is never rewritten; an edit names the version it began from.
//   - What a person may see is network.Access's word. Absent and not yours are the same answer.
//
// It never knows what carries a decision out: effects are opaque references that other rooms fill.
package forum
