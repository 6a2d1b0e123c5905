package answer

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"hash"

	"github.com/samverk/samverk/genome/variant"
)

// A tag stands for all that an answer's counts rest on: what was asked and for what, who is counted at which consent epoch, the state of the
// genomes, and the rule that shapes what is told. It is equal only if the counts are. Whoever brings the tag of an answer they have is judged, pays and is
// written down as everybody is, and then needn't be told the counts again.
//
// A tag is of one desk and of one run of it: it is a keyed hash, with a key that is gone when the process is. So it tells nobody who is counted, can't be
// made up, and nothing that a later version of the program counts in another way is taken for what an earlier one counted.

// tagKey is what a desk's tags are made with.
type tagKey [32]byte

// tagBytes is how much of the hash is in a tag.
const tagBytes = 18

// tag is the tag of an answer about keys, once it is known who is counted.
func (d *Desk) tag(q *asking, keys []variant.Key) string {
	var room [1 << 10]byte
	w := tagger{to: sha256.New(), b: append(room[:0], d.tagKey[:]...)} // the key first, and the hash cut off: nobody can go on from it
	w.number(q.made)                                                   // the snapshot, the set with its epoch, and the dataset
	w.text(q.use.Purpose, q.use.Conditions, q.ask.Dataset, string(q.ask.Question))
	v := &q.verdict
	w.text(string(v.Precision), v.Policy, v.Decision, v.Number, v.Network, v.Body, string(v.Reason), string(v.Digest[:]))
	zero := uint64(0)
	if v.Zero {
		zero = 1
	}
	w.number(uint64(v.K), zero, uint64(v.Batch), uint64(v.Rule), uint64(len(keys)))
	for i := range keys {
		w.key(&keys[i])
	}
	_, _ = w.to.Write(w.b)
	return base64.RawURLEncoding.EncodeToString(w.to.Sum(room[:0])[:tagBytes])
}

// tagger writes what can be read in one way only, a kilobyte at a time.
type tagger struct {
	to hash.Hash
	b  []byte
}

func (w *tagger) number(all ...uint64) {
	for _, n := range all {
		w.b = binary.AppendUvarint(w.b, n)
	}
}

func (w *tagger) text(all ...string) {
	for _, s := range all {
		w.b = append(binary.AppendUvarint(w.b, uint64(len(s))), s...)
	}
}

func (w *tagger) key(k *variant.Key) {
	if len(w.b) > 1<<9 {
		_, _ = w.to.Write(w.b)
		w.b = w.b[:0]
	}
	w.b = append(w.b, byte(k.Chrom))
	w.b = binary.BigEndian.AppendUint32(w.b, k.Pos)
	w.b = append(binary.AppendUvarint(w.b, uint64(len(k.Ref))), k.Ref...)
	w.b = append(binary.AppendUvarint(w.b, uint64(len(k.Alt))), k.Alt...)
}
