// Package together is the nation's question: asked once, answered by every node that holds genomes, each by its own policy and consent.
//
// Nouns: a Question goes to all nodes, or to some of them. A Reply is what one of them said, or why it said nothing. An Answer is all
// replies, and what those who answered come to in sum. Desk is the asking end, Answering the other one.
//
// Rules:
//   - The node that answers judges, counts, spends and logs as for anybody who asks it: its own desk does. It takes the asker's organisation, role
//     and use from the node that asks, which has signed for them, and never an operator's rights. Who the person is it is told under a
//     pseudonym, another one for each node; the node that asks can tell who it was.
//   - Every reply has its node's name. Who did not answer in time, couldn't be reached, refused or answered with something that can't be read
//     is named with the reason, and is in no sum. A sum never stands without how many were asked and how many answered.
//   - A sum is the sum of what was told: of ranges a range, of yes and no a yes or no. It tells nothing that the replies don't. Where one
//     who answered tells nothing of a number, the sum tells nothing of it.
//   - Questions that wait for the same node go together in one signed message, so that signing and syncing are shared.
//   - What a node said before is used again only when it says, to this very question and after judging, paying and logging it, that what its
//     answer rests on is unchanged.
//   - A stretch is asked twice: what is carried there, and then everywhere what was carried anywhere, so that each sum is over everybody.
//   - In an annotation the node that fell silent once stays silent, and each line says how many answered it.
//
// It never asks a node that isn't an approved peer, never asks again by itself what may have been answered and paid, and keeps nothing on disk.
package together
