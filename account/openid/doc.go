// Package openid signs a person in at an OpenID Connect provider: the authorization code flow with PKCE, and nothing else.
//
// Nouns: a Provider is one place where people may sign in, as the operator configured it. A Client speaks with it. A Flow is
// three values that bind one sign-in to one browser. An Identity is who came back. A Visa is what an organisation asserts of a person, and a Passport all that is asserted.
//
// Rules, after OpenID Connect Core 1.0, RFC 7636, RFC 9207 and RFC 9700:
//   - Addresses and keys come from the issuer's own discovery document, over TLS (a loopback issuer, for tests, is the exception). A
//     provider that doesn't announce S256 is refused. No redirect is followed, and no answer is read beyond a megabyte.
//   - Each provider has a redirect address of its own. The issuer in the answer must be the provider's, and must be there when the provider announces it.
//   - The state must be the browser's, each parameter be there once, and the code is exchanged once.
//   - The ID token must be signed with an asymmetric algorithm that the provider announces, by a key of its own key set; what
//     the token's header says of keys (jku, jwk, x5u) is never looked at. Its type, iss, aud, azp, exp, iat, nonce, at_hash and, where
//     the operator asks for it, acr must be right.
//   - An access token that a program brings (Bearer) must be of the type that RFC 9068 gives it, for the audience that the operator named, of a
//     client that isn't itself the subject. It is as hard to forge as an ID token, and neither passes for the other.
//   - Visas (GA4GH Passport) that come with such a token are believed of issuers and sources that the operator named, of the token's own subject, by keys
//     from the operator's or the issuer's address (jku only where the operator allows it), RS256 or ES256, and only if their conditions hold. One that
//     isn't good is passed over. What they open is stated in Granted and nowhere else.
//   - Who comes back is issuer and subject, or another claim that the operator names and the provider vouches for (Match). Names and mail addresses are not asked for and not believed.
//   - An error says what was wrong for the log, never a token, a code or what a server wrote.
package openid
