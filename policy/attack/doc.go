// Package attack measures what answers give away: whether somebody whose genome is known is among the people counted.
//
// The attacker knows the target's genotype at some variants and how common each is in the population, asks about those variants,
// and compares how likely the answers are if the target is counted and if not (Homer 2008; Sankararaman 2009; Shringarpure and Bustamante
// 2015 for yes and no). With the likelihood ratio no attacker with this knowledge does better (Neyman and Pearson). The power is the share
// of people counted whom the attacker finds, when 5 % of those who aren't counted are taken for it.
//
// Knowledge is generous on purpose: the frequencies are the true ones, the variants are unlinked, and the attacker chooses the frequency
// at which answers give most away. What is measured is therefore a bound, not what somebody did.
//
// A newcomer is sought in what changes between two answers (Ayoz 2021). Newcomers who come together hide one another, so the
// power falls with the size of the batch. A withdrawal is a batch of one, because it is never delayed: the same numbers say
// what its difference gives away.
//
// Everything is seeded: the same seed gives the same figures. The attacker also runs on real answers (Attacker.Score), through a function.
package attack
