// Package web is the pages of what was decided about sharing: what is in force and who decided it, drafts before the vote,
// what this node adopts, and who may ask as what.
//
// Rules:
//   - What is in force is for everybody, with its signature checked as the page is shown.
//   - A draft is seen by whoever sees its topic. What was asked before, and by which organisation, only by those inside the body
//     and by stewards.
//   - A person sees their own assignments; stewards see those they give.
//
// Who may see a topic is told by the forum, through Options; these pages know no forum.
package web
