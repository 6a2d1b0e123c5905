package notice

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"strings"

	"github.com/samverk/samverk/fault"
)

// KeySize is how many bytes Options.Key has.
const KeySize = 32

// sealed begins a text that only the holder of the key can read.
const sealed = "sealed:"

// newSeal prepares what hides secret links in the outbox from whoever reads the database or a backup. Without a key of the
// site's own they can be read as long as this process lives.
func newSeal(key []byte) (cipher.AEAD, error) {
	if key == nil {
		key = make([]byte, KeySize)
		if _, err := rand.Read(key); err != nil {
			return nil, fault.Wrap(fault.Internal, err, "no randomness for a key")
		}
	}
	if len(key) != KeySize {
		return nil, fault.New(fault.Invalid, "the outbox's key has %d bytes, not %d", len(key), KeySize).Where("key")
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// hide makes a mail's text one that is of no use without the key, nor as another mail's.
func (n *Notices) hide(id, text string) string {
	return sealed + base64.RawStdEncoding.EncodeToString(n.seal.Seal(nil, nil, []byte(text), []byte(id))) //nolint:gosec // the cipher makes its own nonce
}

// reveal is the reverse. A text that was never hidden is as it is: it was written by a version that hid none.
func (n *Notices) reveal(id, text string) (string, error) {
	hidden, is := strings.CutPrefix(text, sealed)
	if !is {
		return text, nil
	}
	b, err := base64.RawStdEncoding.DecodeString(hidden)
	if err == nil {
		b, err = n.seal.Open(nil, nil, b, []byte(id))
	}
	return string(b), err
}
