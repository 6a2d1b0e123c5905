// Package notice tells people what happened, durably.
//
// Nouns: a Notice is one thing told to one person: a sentence (a message's key and its arguments) and a link. A Recipient is
// where a person's mail goes, in which language and how often. A Mail is what is sent: one notice, several from the same
// minute, or a day's or a week's digest.
//
// Rules:
//   - Tell writes in the caller's transaction: what was rolled back is never told, what was committed is never lost.
//   - A mail has a title and links into this site, never the content. Plain text, in the recipient's language.
//   - Not urgent: mailed within a minute, or at 07:00 where the recipient is, daily or on Mondays. What they have read here
//     by then is left out. Urgent notices (an invitation, a convocation, today's meeting) and attachments never wait.
//   - A mail is sent at least once. A process killed between the server's acceptance and our commit repeats one mail, with
//     the same Message-ID and the same text. So does a restored backup with what waited when it was taken.
//   - A refusal that is about the mail (5xx to the recipient or the data) is a bounce, kept with the server's words. Anything else is tried
//     again, later each time, for about three days. A server that can't be reached uses up nobody's attempts.
//   - A secret link (Notice.Secret) is in the mail only. It waits hidden under a key that is not in the database, and the text of a
//     mail is deleted once it is sent or given up. Without a server such a mail isn't kept.
//   - What is told to an address (a warning, an invitation) goes there, whatever the person's address becomes meanwhile.
//   - Nobody is mailed whose account is shut, not even what waited.
//   - Mail is encrypted on its way to the server, unless that is this machine. Without a server everything stays in the outbox.
//
// It never decides who should know (the room that tells does), and never puts an address or a text in a log.
package notice
