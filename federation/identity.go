package federation

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/samverk/samverk/fault"
)

// Identity is what a node says of itself, signed in its hello and in its invitation.
type Identity struct {
	Name     string       `json:"name"`  // unique among peers: "north"
	Title    string       `json:"title"` // for people: "Region North"
	URL      string       `json:"url"`   // where its pages, log and messages are: https://north.example.org (http only on loopback)
	Key      []byte       `json:"key"`   // Ed25519, public
	Next     []byte       `json:"next,omitempty"`
	Ledger   string       `json:"ledger,omitempty"`   // the log's public key
	Witness  string       `json:"witness,omitempty"`  // the public key that it cosigns others' logs with
	Networks []NetworkKey `json:"networks,omitempty"` // the networks that it is the own node of
	Country  string       `json:"country,omitempty"`
}

// NetworkKey is what a network's policies are signed with.
type NetworkKey struct {
	Network string `json:"network"`
	Key     []byte `json:"key"` // Ed25519, public
}

// KeyID names a public key: the first 16 bytes of its SHA-256, in hexadecimal.
func KeyID(k ed25519.PublicKey) string {
	h := sha256.Sum256(k)
	return hex.EncodeToString(h[:16])
}

// KeyID names the node's key.
func (i Identity) KeyID() string { return KeyID(i.Key) }

// Fingerprint is the key's name as people compare it, aloud: eight groups of four.
func (i Identity) Fingerprint() string { return Fingerprint(i.KeyID()) }

// Has tells whether a fingerprint, however it is written, is of the node's key.
func (i Identity) Has(fingerprint string) bool {
	id := plainID(fingerprint)
	return id == i.KeyID() || len(i.Next) > 0 && id == KeyID(i.Next)
}

// Fingerprint writes a key's id in groups.
func Fingerprint(id string) string {
	var groups []string
	for len(id) > 4 {
		groups, id = append(groups, id[:4]), id[4:]
	}
	return strings.Join(append(groups, id), " ")
}

// plainID is a key's id however people write it.
func plainID(s string) string {
	return strings.ToLower(strings.NewReplacer(" ", "", "-", "", ":", "").Replace(s))
}

var (
	goodName    = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)
	goodCountry = regexp.MustCompile(`^([A-Z]{2})?$`)
)

// mostNetworks and the lengths below bound what a peer can make us keep.
const mostNetworks, longestTitle, longestURL, longestNote = 20, 120, 200, 400

func (i Identity) check() error {
	wrong := func(where, format string, args ...any) *fault.Error {
		return fault.New(fault.Invalid, format, args...).Where(where).Say("federation.identity")
	}
	switch {
	case !goodName.MatchString(i.Name):
		return wrong("name", "%.60q is no name of a node", i.Name).Do("small letters, digits and hyphens, at most 40, as in north")
	case strings.TrimSpace(i.Title) == "" || len(i.Title) > longestTitle || !utf8.ValidString(i.Title) || strings.ContainsFunc(i.Title, func(r rune) bool { return r < ' ' }):
		return wrong("title", "the node needs a title for people").Do("as in \"Region North\", at most %d bytes", longestTitle)
	case len(i.Key) != ed25519.PublicKeySize || len(i.Next) != 0 && len(i.Next) != ed25519.PublicKeySize:
		return wrong("key", "the node's key is no Ed25519 key")
	case !goodCountry.MatchString(i.Country):
		return wrong("country", "%.20q is no country", i.Country).Do("two capital letters, as in SE")
	case len(i.Ledger) > longestNote || len(i.Witness) > longestNote || len(i.Networks) > mostNetworks:
		return wrong("ledger", "the node says too much of itself")
	}
	for _, k := range i.Networks {
		if len(k.Key) != ed25519.PublicKeySize || k.Network == "" || len(k.Network) > longestTitle {
			return wrong("networks", "%.60q has no key", k.Network)
		}
	}
	_, err := base(i.URL)
	return err
}

// base reads a node's address: over TLS, or on this machine.
func base(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil || len(address) > longestURL || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, fault.New(fault.Invalid, "%.100q is no node's address", address).Where("url").Do("https://NAME, without a path").Say("federation.identity")
	}
	if u.Scheme == "https" || u.Scheme == "http" && loopback(u.Host) {
		return u, nil
	}
	return nil, fault.New(fault.Denied, "%.100q would carry questions in the open", address).Where("url").Do("use https://; http is for this machine's own addresses").Say("federation.identity")
}

func loopback(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	a, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && a.IsLoopback() || host == "localhost"
}
