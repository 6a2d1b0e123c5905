package main

import (
	"context"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/samverk/samverk/app"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/federation"
)

type nodeCmd struct {
	Init    nodeInitCmd    `cmd:"" help:"Give the node a name and a key among nodes."`
	Invite  nodeInviteCmd  `cmd:"" help:"Make an invitation for another node's operator."`
	Join    nodeJoinCmd    `cmd:"" help:"Use an invitation that another node's operator made."`
	Peers   nodePeersCmd   `cmd:"" help:"List the nodes that this one knows, and how they are."`
	Approve nodeApproveCmd `cmd:"" help:"Let a node in that joined, once its key was compared."`
	Trust   nodeTrustCmd   `cmd:"" help:"Say that a node is its network's own, and believe what it signs."`
	Bind    nodeBindCmd    `cmd:"" help:"Bound what a node may ask here: for whom, and how much."`
	Rotate  nodeRotateCmd  `cmd:"" help:"Make a new key; peers accept both for 24 hours."`
	Revoke  nodeRevokeCmd  `cmd:"" help:"Shut a node out, from its next message on."`
}

func (nodeCmd) Help() string {
	return `Nodes that know each other answer questions together, each by its own policies and consents. One invites, the other joins, the first approves:

  north$ samverk node init -d DIR --name north --url https://north.example.org
  north$ samverk node invite -d DIR >invitation.txt     # hand it over; it is used once
  south$ samverk node join -d DIR invitation.txt
  north$ samverk node approve -d DIR south --key '1234 abcd …'  # as south's operator reads it out

The national network's own node says so with init --networks, and a region that follows its decisions joins it with join --trust.`
}

type nodeInitCmd struct {
	data
	app.NodeNew
	JSON bool `name:"json" help:"Print one JSON object."`
}

func (nodeInitCmd) Help() string {
	return `The key is made in DIR/node/key, which only this user can read, and which no backup holds. Run again, it changes the title and the address.

Example:

  samverk node init -d DIR --name north --title "Region North" --url https://north.example.org`
}

func (c *nodeInitCmd) Run(ctx context.Context, s streams) error {
	r, err := call(ctx, s, c.data, app.NodeInit, c.NodeNew, nil)
	if err != nil {
		return err
	}
	if c.JSON {
		return jsonLine(s.out, r)
	}
	return facts(s.out, "name", r.Name, "title", r.Title, "address", r.URL, "fingerprint", r.Fingerprint)
}

type nodeInviteCmd struct {
	data
	JSON bool `name:"json" help:"Print one JSON object."`
}

func (nodeInviteCmd) Help() string {
	return `The invitation goes to standard output, and is for one node: it is used once, within 7 days. Hand it over where nobody else reads it. What lets a node in is the approval afterwards, not the invitation.`
}

func (c *nodeInviteCmd) Run(ctx context.Context, s streams) error {
	r, err := call(ctx, s, c.data, app.NodeInvite, app.None{}, nil)
	if err != nil {
		return err
	}
	if c.JSON {
		return jsonLine(s.out, r)
	}
	say(s.out, r.Invitation)
	say(s.err, "Good once, until "+when(r.Expires)+". This node's fingerprint, for who gets it to compare: "+r.Fingerprint)
	return nil
}

type nodeJoinCmd struct {
	data
	File string `arg:"" optional:"" name:"invitation" help:"The file with the invitation; - or nothing reads standard input."`
	Key  string `placeholder:"FINGERPRINT" help:"The fingerprint that the other operator reads out: another is refused."`

	Trust bool `help:"It is its network's own node: believe the keys of its networks. Without it, their policies are shown and never adopted."`
	JSON  bool `name:"json" help:"Print one JSON object."`
}

func (nodeJoinCmd) Help() string {
	return `Who uses an invitation trusts the node that made it: compare its fingerprint with what its operator reads out, or give that with --key.

Example:

  samverk node join -d DIR --key '1234 abcd …' invitation.txt`
}

// maxInvitation bounds an invitation: one is some hundred bytes.
const maxInvitation = 64 << 10

func (c *nodeJoinCmd) Run(ctx context.Context, s streams) error {
	b, err := readSmall(c.File, s.in, maxInvitation)
	if err != nil {
		return err
	}
	v, err := federation.ReadInvitation(string(b))
	if err != nil {
		return err
	}
	if c.Key != "" && !v.From.Has(c.Key) {
		return fault.New(fault.Denied, "the invitation's key is %s, not the one that was given", v.From.Fingerprint()).Where("--key").
			Do("somebody may have changed the invitation on its way: ask for a new one")
	}
	p, err := call(ctx, s, c.data, app.NodeJoin, app.NodeJoining{Invitation: string(b), Trust: c.Trust}, nil)
	if err != nil {
		return err
	}
	if c.JSON {
		return jsonLine(s.out, p)
	}
	if err := facts(s.out, "node", p.Name, "title", p.Title, "address", p.URL, "state", nodeStates[p.State], "fingerprint", p.Fingerprint); err != nil {
		return err
	}
	say(s.err, "Next: read this node's fingerprint out to its operator ('samverk node peers' shows it), who approves it.")
	return nil
}

// readSmall reads a file, or standard input, of at most so many bytes.
func readSmall(name string, in io.Reader, most int64) ([]byte, error) {
	if name != "" && name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, fault.Wrap(fault.NotFound, err, "the file can't be read").In(name)
		}
		defer f.Close()
		in = f
	} else if isTerminalReader(in) {
		return nil, fault.New(fault.Invalid, "no invitation is named").Do("name the file, or send it to standard input")
	}
	b, err := io.ReadAll(io.LimitReader(in, most))
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the file can't be read").In(name)
	}
	return b, nil
}

type nodePeersCmd struct {
	data
	JSON bool `name:"json" help:"Print one JSON object a line, this node last."`
}

// nodeStates are what a node can be here, in words.
var nodeStates = map[string]string{"asks": "asks to be approved", "waits": "we wait to be approved", "approved": "approved", "revoked": "revoked", "forked": "its log was changed"}

func (c *nodePeersCmd) Run(ctx context.Context, s streams) error {
	t := newTable(s.out, "NODE", "STATE", "LAST CONTACT", "VERSION", "PROTOCOL", "FINGERPRINT", "TROUBLE")
	rows := 0
	self, err := call(ctx, s, c.data, app.NodePeers, app.None{}, func(p app.NodePeer) error {
		if c.JSON {
			return jsonLine(s.out, p)
		}
		rows++
		t.row(p.Name, nodeStates[p.State], when(p.LastContact), p.Software, p.Protocol, p.Fingerprint, strings.TrimSpace(p.Detail+clockApart(p)))
		return nil
	})
	switch {
	case err != nil:
		return err
	case c.JSON:
		return jsonLine(s.out, self)
	case self.Name == "" && self.Closed == "":
		say(s.out, "This node has no name among nodes yet. Give it one with samverk node init.")
		return nil
	case self.Closed != "":
		say(s.err, "This node is closed to others: "+self.Closed)
	default:
		if err := facts(s.out, "this node", self.Name, "address", self.URL, "fingerprint", self.Fingerprint); err != nil {
			return err
		}
		if self.Next != "" {
			say(s.out, "Its new key, which peers are told of: "+self.Next)
		}
	}
	if rows == 0 {
		say(s.out, "It knows no other node. Make an invitation with samverk node invite, or use one with samverk node join.")
		return nil
	}
	say(s.out, "")
	return t.flush()
}

// clockApart names a clock that is far from ours.
func clockApart(p app.NodePeer) string {
	d := time.Duration(p.ClockApart * float64(time.Second)).Round(time.Second)
	switch {
	case d > 10*time.Second:
		return " (its clock is " + d.String() + " ahead)"
	case d < -10*time.Second:
		return " (its clock is " + (-d).String() + " behind)"
	}
	return ""
}

type nodeApproveCmd struct {
	data
	app.NodeApproval
	JSON bool `name:"json" help:"Print one JSON object."`
}

func (c *nodeApproveCmd) Run(ctx context.Context, s streams) error {
	p, err := call(ctx, s, c.data, app.NodeApprove, c.NodeApproval, nil)
	if err != nil {
		return err
	}
	if c.JSON {
		return jsonLine(s.out, p)
	}
	say(s.out, p.Title+" is approved: it is asked and answered from now on.")
	return nil
}

type nodeTrustCmd struct {
	data
	app.NodeTrusting
	JSON bool `name:"json" help:"Print one JSON object."`
}

func (nodeTrustCmd) Help() string {
	return `From then on, policies that its networks' decisions put in force can be adopted here: by an act, or by a standing rule ('samverk policy standing'). What they decided and what became of what this region lifted is shown at /nation.

The keys are those the node tells, over a connection whose key was compared. Say this of one node, the national network's.`
}

func (c *nodeTrustCmd) Run(ctx context.Context, s streams) error {
	p, err := call(ctx, s, c.data, app.NodeTrust, c.NodeTrusting, nil)
	if err != nil {
		return err
	}
	if c.JSON {
		return jsonLine(s.out, p)
	}
	say(s.out, "What the networks of "+p.Title+" decide is believed here. Their policies are adopted by an act, or by a standing rule.")
	return nil
}

type nodeRevokeCmd struct {
	data
	app.NodeRevocation
	JSON bool `name:"json" help:"Print one JSON object."`
}

func (c *nodeRevokeCmd) Run(ctx context.Context, s streams) error {
	p, err := call(ctx, s, c.data, app.NodeRevoke, c.NodeRevocation, nil)
	if err != nil {
		return err
	}
	if c.JSON {
		return jsonLine(s.out, p)
	}
	say(s.out, p.Title+" is a stranger from now on. To let it in again, invite it anew.")
	return nil
}

type nodeBindCmd struct {
	data
	app.NodeBinding
	JSON bool `name:"json" help:"Print one JSON object."`
}

func (nodeBindCmd) Help() string {
	return `What another node says of who asks is only its word. This bounds it: to organisations, of which the others are denied as by a policy, and to so many numbers for a time, whoever asks. It holds from its next question on, and takes the place of what was said before; what it was told before counts.

Example:

  samverk node bind -d DIR south --organisation south --numbers 100000 --per year`
}

func (c *nodeBindCmd) Run(ctx context.Context, s streams) error {
	p, err := call(ctx, s, c.data, app.NodeBind, c.NodeBinding, nil)
	if err != nil {
		return err
	}
	if c.JSON {
		return jsonLine(s.out, p)
	}
	whom, much := "any organisation", "as much as policies let it"
	if len(p.Organisations) > 0 {
		whom = strings.Join(p.Organisations, ", ")
	}
	if p.Numbers > 0 {
		much = strconv.FormatInt(p.Numbers, 10) + " numbers at most, per " + p.Per
	}
	say(s.out, p.Title+" may ask for "+whom+", "+much+".")
	return nil
}

type nodeRotateCmd struct {
	data
	JSON bool `name:"json" help:"Print one JSON object."`
}

func (nodeRotateCmd) Help() string {
	return `Changing the key from time to time is good habit. It is no cure for a stolen one: then every peer has to revoke this node and invite it anew.`
}

func (c *nodeRotateCmd) Run(ctx context.Context, s streams) error {
	r, err := call(ctx, s, c.data, app.NodeRotate, app.None{}, nil)
	if err != nil {
		return err
	}
	if c.JSON {
		return jsonLine(s.out, r)
	}
	if err := facts(s.out, "new fingerprint", r.Fingerprint, "both keys until", when(r.Until), "told", strings.Join(r.Told, ", "), "not yet told", strings.Join(r.Waiting, ", ")); err != nil {
		return err
	}
	if len(r.Waiting) > 0 {
		say(s.err, "Who isn't told before then has to be invited anew. Leave samverk serve running: it tells them as soon as they can be reached.")
	}
	return nil
}
