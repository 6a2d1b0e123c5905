package ledger

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"io"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/samverk/samverk/fault"
)

// exported is a leaf as a line of JSON. Hashes are hexadecimal; what is empty or zero is left out.
type exported struct {
	Index         uint64 `json:"index"`
	Kind          string `json:"kind"`
	Time          string `json:"time"`
	Organisation  string `json:"organisation,omitempty"`
	Role          string `json:"role,omitempty"`
	Purpose       string `json:"purpose,omitempty"`
	Conditions    string `json:"conditions,omitempty"`
	Question      string `json:"question,omitempty"`
	Dataset       string `json:"dataset,omitempty"`
	Policy        string `json:"policy,omitempty"`
	PolicyVersion uint32 `json:"policy_version,omitempty"`
	Decision      string `json:"decision,omitempty"`
	Ref           string `json:"ref,omitempty"`
	Node          string `json:"node,omitempty"`
	Counted       uint64 `json:"counted,omitempty"`
	Epoch         uint64 `json:"epoch,omitempty"`
	Mask          string `json:"mask,omitempty"`
	Private       string `json:"private,omitempty"`
	Digest        string `json:"digest,omitempty"`
	Hash          string `json:"hash"` // of the leaf in the tree
}

// JSON gives a leaf as an object, for an export and for pages of data.
func (l *Leaf) JSON(index uint64) ([]byte, error) {
	b, err := l.Encode()
	if err != nil {
		return nil, err
	}
	h := tlog.RecordHash(b)
	return json.Marshal(exported{
		Index: index, Kind: l.Kind.String(), Time: l.Time.Format(time.RFC3339Nano),
		Organisation: l.Organisation, Role: l.Role, Purpose: l.Purpose, Conditions: l.Conditions, Question: l.Question,
		Dataset: l.Dataset, Policy: l.Policy, PolicyVersion: l.PolicyVersion, Decision: l.Decision, Ref: l.Ref, Node: l.Node,
		Counted: l.Counted, Epoch: l.Epoch, Mask: hexHash(l.Mask), Private: hexHash(l.Private), Digest: hexHash(l.Digest),
		Hash: hex.EncodeToString(h[:]),
	})
}

func hexHash(h [32]byte) string {
	if h == [32]byte{} {
		return ""
	}
	return hex.EncodeToString(h[:])
}

// Export writes every leaf under the newest checkpoint as a line of JSON, and verifies the log as it goes. The last line holds
// the checkpoint and the log's key: an export without it is cut short, or of a damaged log.
func Export(ctx context.Context, from Source, public string, to io.Writer) (*Report, error) {
	w := bufio.NewWriter(to)
	var writing error
	r, err := Verify(ctx, from, public, func(i uint64, x Leaf) error {
		if writing != nil {
			return nil
		}
		b, err := x.JSON(i)
		if err != nil {
			return err
		}
		_, writing = w.Write(append(b, '\n'))
		return nil
	})
	if err != nil {
		return r, err
	}
	if r.OK() && writing == nil {
		writing = json.NewEncoder(w).Encode(struct {
			Checkpoint string `json:"checkpoint"`
			Key        string `json:"key"`
		}{r.Checkpoint.Note, public})
	}
	if writing == nil {
		writing = w.Flush()
	}
	switch {
	case writing != nil:
		return r, fault.Wrap(fault.Unavailable, writing, "the export can't be written")
	case !r.OK():
		return r, fault.New(fault.Internal, "the log is damaged, and the export isn't whole").Do("run samverk ledger verify")
	}
	return r, nil
}
