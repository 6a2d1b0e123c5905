package app

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/mandate"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/storage"
)

// keysName is the folder of keys that policies are signed with. NETWORK.key is a network's own and is in no backup: a node made from one
// makes itself a new key. NETWORK.ID.pub are public keys that are believed; they are in backups, or what was signed before couldn't be verified.
const keysName = "keys"

const (
	privateEnds = ".key"
	publicEnds  = ".pub"
	retiredEnds = ".retired" + publicEnds // what was adopted with it holds, and nothing more is believed
)

// publicKeys reads the public keys that the node believes.
func publicKeys(dir string) (keys []policy.Key, err error) {
	names, err := publicKeyFiles(dir)
	for _, name := range names {
		path := filepath.Join(dir, keysName, name)
		b, err := readKey(path, ed25519.PublicKeySize)
		if err != nil {
			return nil, err
		}
		of, _, _ := strings.Cut(name, ".")
		keys = append(keys, policy.Key{Network: of, Public: b, Retired: strings.HasSuffix(name, retiredEnds)})
	}
	return keys, err
}

func publicKeyFiles(dir string) (names []string, err error) {
	entries, err := os.ReadDir(filepath.Join(dir, keysName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), publicEnds) && e.Type().IsRegular() {
			names = append(names, e.Name())
		}
	}
	if err != nil {
		err = cannotRead(filepath.Join(dir, keysName), err)
	}
	return names, err
}

// readKey reads a key that is written in hexadecimal.
func readKey(path string, size int) ([]byte, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, cannotRead(path, err)
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(b)))
	if err != nil || len(key) != size {
		return nil, fault.New(fault.Invalid, "the key is damaged").In(path).Do("take it from a backup; a private key can be removed, and a new one is made")
	}
	return key, nil
}

// signer gives a network's own key, and makes it at first need. The public key is written first: what is signed can always be verified.
func signer(dir, of string) (s policy.Signer, err error) {
	folder := filepath.Join(dir, keysName)
	path := filepath.Join(folder, of+privateEnds)
	seed, err := readKey(path, ed25519.SeedSize)
	if fault.KindOf(err) == fault.NotFound {
		if err := os.Mkdir(folder, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return s, cannotWrite(folder, err)
		}
		seed = make([]byte, ed25519.SeedSize)
		if _, err := rand.Read(seed); err != nil {
			return s, err
		}
		public, _ := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
		if err := writeFile(filepath.Join(folder, of+"."+policy.KeyID(public)+publicEnds), []byte(hex.EncodeToString(public)+"\n")); err != nil {
			return s, err
		}
		err = writeFile(path, []byte(hex.EncodeToString(seed)+"\n"))
	}
	if err != nil {
		return s, err
	}
	if st, err := os.Stat(path); err != nil || st.Mode().Perm()&0o077 != 0 {
		return s, fault.New(fault.Denied, "others can read the network's key").In(path).Do("chmod 600 %s; if others may have read it, remove it, and a new one is made", path)
	}
	return policy.Signer{Network: of, Private: ed25519.NewKeyFromSeed(seed)}, nil
}

// openPolicies opens what was decided about sharing.
func (n *Node) openPolicies(ctx context.Context) (err error) {
	own, err := publicKeys(n.dir)
	if err != nil {
		return err
	}
	trusted, err := n.settings.trusted()
	if err != nil {
		return err
	}
	all := slices.Concat(own, trusted)
	for i, x := range all { // also one that the settings name
		all[i].Retired = slices.ContainsFunc(own, func(k policy.Key) bool { return k.Retired && k.Network == x.Network && k.Public.Equal(x.Public) })
	}
	began := time.Now() // its monotonic part is what counts
	o := policy.Options{Trusted: all, Country: n.settings.Country, Organisation: n.settings.Organisation, Elapsed: func() time.Duration { return time.Since(began) }}
	if n.policies, err = policy.Open(ctx, n.db, o); err != nil {
		return err
	}
	n.policies.Stands(n.stands)
	networks, err := network.Open(ctx, n.db)
	if err != nil {
		return err
	}
	n.locate(networks)
	return nil
}

// stands refuses what a decision put in force that another one holds in the place of.
func (n *Node) stands(ctx context.Context, m mandate.Mandate) error {
	from, err := n.files(ctx)
	if err != nil {
		return err
	}
	gone, err := from.Superseded(ctx, forum.DecisionID(m.Decision))
	if err == nil && gone {
		err = fault.New(fault.Conflict, "decision %s was superseded", m.Number).Say("carried.superseded")
	}
	if err != nil || n.published == nil {
		return err
	}
	return n.published.Stands(ctx, m)
}

// locate tells the policies where the node is, when the settings don't and all its networks are in one country.
func (n *Node) locate(networks *network.Registry) {
	if n.policies.Country() != "" {
		return
	}
	country := ""
	for i, root := range networks.Tree().Roots() {
		if i > 0 && root.Country != country {
			return
		}
		country = root.Country
	}
	if country != "" {
		n.policies.Settle(country)
	}
}

// pinKeys are the public keys, for a backup.
func (n *Node) pinKeys() (files []storage.File, err error) {
	names, err := publicKeyFiles(n.dir)
	for _, name := range names {
		files = append(files, storage.File{Name: keysName + "/" + name, Path: filepath.Join(n.dir, keysName, name)})
	}
	return files, err
}
