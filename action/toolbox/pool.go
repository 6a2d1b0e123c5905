package toolbox

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/json"
	"io"

	"github.com/samverk/samverk/fault"
)

// seal hides what waits in a pool under the key that no backup has, bound to the pool. The values are sorted: nothing tells which came first.
func (t *Toolbox) seal(pool string, values []string) (string, error) {
	box, err := t.box()
	if err != nil {
		return "", err
	}
	nonce := make([]byte, box.NonceSize())
	if _, err := io.ReadFull(t.rand, nonce); err != nil {
		return "", fault.Wrap(fault.Internal, err, "no randomness to seal with")
	}
	return base64.StdEncoding.EncodeToString(box.Seal(nonce, nonce, []byte(sortedJSON(values)), []byte(pool))), nil
}

// unseal gives what waits in a pool. What was sealed under another key is given up: four values at most, after a restore.
func (t *Toolbox) unseal(pool, sealed string) (values []string) {
	b, err := base64.StdEncoding.DecodeString(sealed)
	box, e := t.box()
	if err != nil || e != nil || len(b) < box.NonceSize() {
		return nil
	}
	text, err := box.Open(nil, b[:box.NonceSize()], b[box.NonceSize():], []byte(pool))
	if err != nil || json.Unmarshal(text, &values) != nil {
		return nil
	}
	return values
}

func (t *Toolbox) box() (cipher.AEAD, error) {
	block, err := aes.NewCipher(t.pool)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
