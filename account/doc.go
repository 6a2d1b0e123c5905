// Package account is who may sign in, and as whom.
//
// Nouns:
//
//	Account     one person's way in: a mail address, and a password, or identities at providers, or both
//	Identity    an issuer and a subject at an OpenID provider (package account/openid speaks with it)
//	Invitation  to a person whom a coordinator has added: one token, two weeks, revocable, made anew by sending it again
//	Recovery    one token, one hour when mailed, a day when handed over, for whoever has forgotten the password
//	Session     one browser signed in: listed, and revoked one by one or all others at once
//	FeedLink    a secret address of a calendar, for programs that can't sign in; renewed and revoked
//	Attempt     how often somebody failed to sign in, and how long the next one waits
//	Event       a line in the account's own log: when and where it was used, and what was changed
//
// Rules:
//   - A token is 256 random bits. Only its SHA-256 is kept, so whoever reads the database or a backup can't use it.
//   - Passwords are 12 to 128 characters, NFKC, with no rule about which; what is mostly common words, dates or the person's own
//     name is refused. They are kept as argon2id with its parameters, and hashed anew when those grow. So much hashing goes on at
//     once and no more: a flood waits, and takes no memory.
//   - A sign-in that fails says the same, and takes the same time, whatever the reason. The wait grows with each failure, per
//     account and per address, survives a restart, and always ends. A browser that has signed in before has a count of its own,
//     so that nobody can shut a person out by guessing.
//   - A new session always has a new token. It ends when unused for Idle, at the latest after Lifetime, and at once when it is
//     revoked, the account is disabled or the password is set anew by a link. A disabled account is mailed nothing.
//   - What changes how one signs in asks for the password again, or for a session just begun where there is none.
//   - A new password by a link ends what was made while somebody else may have had the account: sessions, secret calendar addresses, and
//     the identities that the person names.
//   - Inviting answers the same whether the address is an account's or not. Whoever has the link learns it by trying to make another, and who
//     invites is given the link, to hand over. Who has an account accepts with it, and stays one person; who answers for what they take is told.
//     Nobody makes more than a bounded number of invitations in a day.
//   - A link for a new password that a coordinator hands over leads into nothing that they don't coordinate, and is never an operator's.
//   - An identity belongs to an account because its person said so, in an invitation or signed in; a mail address that is the same says nothing.
//   - A new mail address becomes the account's when somebody who reads mail there says so; the one before is told.
//   - An event is never changed, and is deleted only with its account.
//
// It never knows what a person may do: that follows from seats (package network). It sends no mail itself, and logs no secret and no address.
package account
