package testkit

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"strings"
)

// OutboxKey is a key for a test's outbox (notice.Options.Key).
var OutboxKey = []byte(strings.Repeat("k", 32))

// Reveal gives the text of a mail with a secret link that waits in an outbox with OutboxKey; "" when it is hidden under another.
func Reveal(id, body string) string {
	hidden, err := base64.RawStdEncoding.DecodeString(strings.TrimPrefix(body, "sealed:"))
	if err != nil {
		return body // not hidden
	}
	block, err := aes.NewCipher(OutboxKey)
	if err != nil {
		return ""
	}
	seal, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return ""
	}
	text, _ := seal.Open(nil, nil, hidden, []byte(id))
	return string(text)
}
