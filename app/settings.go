package app

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/samverk/samverk/account/openid"
	"github.com/samverk/samverk/consent"
	consentweb "github.com/samverk/samverk/consent/web"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/policy"
)

const settingsName = "samverk.json"

// Settings are what a data directory was made with.
type Settings struct {
	Version   int    `json:"version"`
	Region    string `json:"region,omitempty"`
	Reference string `json:"reference,omitempty"` // a FASTA file
	Genes     string `json:"genes,omitempty"`     // a table of genes in BED on GRCh38
	Database  string `json:"database,omitempty"`  // "" is SQLite in the directory, so that the directory can be moved
	Journal   string `json:"journal,omitempty"`   // of withdrawals; "" is beside the directory

	Mail   Mail              `json:"mail,omitzero"`     // how mail leaves; without it, mails stay in the outbox
	SignIn []openid.Provider `json:"sign_in,omitempty"` // where people may sign in, beside here

	Patients Patients `json:"patients,omitzero"` // where patients sign in, to decide over their own data

	Sessions Sessions `json:"sessions,omitzero"` // how long one stays signed in

	Country      string  `json:"country,omitempty"`      // where the node is, as SE; without it no policy can be adopted
	Organisation string  `json:"organisation,omitempty"` // whose node it is: its stewards adopt policies
	Trusted      []Trust `json:"trusted,omitempty"`      // the networks whose decisions are believed
	Network      string  `json:"network,omitempty"`      // the short name of this region's network at the nation's node; "": the node's own name

	Bodies []string `json:"bodies,omitempty"` // whose decisions about sharing are carried out here, by id; none: every body's that decides

	KeepYears int `json:"keep_years,omitempty"` // for how long it is kept who asked what; 0 is 5, and the least

	Witnesses []string `json:"witnesses,omitempty"` // public keys of those who see to it that the ledger only grows

	Issuer Issuer `json:"issuer,omitzero"` // of the pseudonyms by which regions know the same people

	Scanner string `json:"scanner,omitempty"` // clamd, that attachments pass: unix:/path or tcp:host:port; "" for none
}

// Issuer says who gives individuals their pseudonyms, the same for all regions, and which node keeps whose home is where.
type Issuer struct {
	Name      string `json:"name"`
	Registrar string `json:"registrar,omitempty"` // a node's name; "" is the one that is a network's own
}

// Trust is a network's public key.
type Trust struct {
	Network string   `json:"network"`
	Key     string   `json:"key"`              // Ed25519, Base64
	Bodies  []string `json:"bodies,omitempty"` // whose decisions it may sign; none: any body's
}

// trusted reads the keys.
func (s Settings) trusted() (keys []policy.Key, err error) {
	for _, t := range s.Trusted {
		b, err := base64.StdEncoding.DecodeString(t.Key)
		if err != nil || len(b) != ed25519.PublicKeySize || t.Network == "" {
			return nil, fault.New(fault.Invalid, "%.80q is no network's public key", t.Network).Where("trusted").Do("give its name, and its Ed25519 key in Base64")
		}
		keys = append(keys, policy.Key{Network: t.Network, Public: b, Bodies: t.Bodies})
	}
	return keys, nil
}

// Mail is the server that mails leave by.
type Mail struct {
	Server       string `json:"server"`                  // smtp://USER@HOST:587 (STARTTLS) or smtps://USER@HOST:465
	From         string `json:"from"`                    // the sender's address
	PasswordFile string `json:"password_file,omitempty"` // holds the server's password
}

// Patients say where patients and guardians sign in, and how surely they have to be recognised.
type Patients struct {
	Providers []PatientProvider `json:"providers,omitempty"`
	Level     string            `json:"level,omitempty"` // low, substantial or high; "" is substantial
	Phone     string            `json:"phone,omitempty"` // for who would rather talk
}

// PatientProvider is an OpenID provider that says who a patient is.
type PatientProvider struct {
	Name       string   `json:"name"` // in addresses: "idporten"
	Title      string   `json:"title,omitempty"`
	Issuer     string   `json:"issuer"`
	Client     string   `json:"client"`
	SecretFile string   `json:"secret_file,omitempty"`
	Scopes     []string `json:"scopes,omitempty"`
	ACR        []string `json:"acr"`             // one of these is required
	Level      string   `json:"level,omitempty"` // what they stand for; "" is substantial
	Match      string   `json:"match,omitempty"` // the claim that a patient is recognised by: "pid"; "" is sub
}

// level reads a level of assurance; substantial when it isn't said.
func level(s string) (individual.Level, error) {
	if s == "" {
		return individual.Substantial, nil
	}
	return individual.ParseLevel(s)
}

// providers reads where patients sign in.
func (p Patients) providers() (all []consentweb.Provider, required individual.Level, err error) {
	if required, err = level(p.Level); err != nil {
		return nil, 0, err
	}
	for _, one := range p.Providers {
		stands, err := level(one.Level)
		if err != nil {
			return nil, 0, err
		}
		all = append(all, consentweb.Provider{Level: stands, Provider: openid.Provider{Name: one.Name, Title: one.Title, Issuer: one.Issuer, ClientID: one.Client,
			SecretFile: one.SecretFile, Scopes: one.Scopes, ACR: one.ACR, Match: one.Match}})
	}
	return all, required, nil
}

// Sessions are how long one stays signed in, as "8h" or "30m"; "" is package account's own.
type Sessions struct {
	Idle     string `json:"idle,omitempty"`     // unused, a session ends after this
	Lifetime string `json:"lifetime,omitempty"` // and at the latest after this
}

// The bounds of both: shorter, and nobody finishes a form; longer, and a lost laptop is a way in.
const shortestSession, longestSession = 5 * time.Minute, 90 * 24 * time.Hour

// times reads them; zero for what is not given.
func (s Sessions) times() (idle, lifetime time.Duration, err error) {
	for _, one := range []struct {
		name, text string
		to         *time.Duration
	}{{"sessions.idle", s.Idle, &idle}, {"sessions.lifetime", s.Lifetime, &lifetime}} {
		if one.text == "" {
			continue
		}
		d, err := time.ParseDuration(one.text)
		if err != nil || d < shortestSession || d > longestSession {
			return 0, 0, fault.New(fault.Invalid, "%q is no time that a session may last", one.text).Where(one.name).
				Do("write it in hours or minutes, from 5m to 2160h, as in \"8h\"")
		}
		*one.to = d
	}
	if idle > 0 && lifetime > 0 && idle > lifetime {
		return 0, 0, fault.New(fault.Invalid, "a session would end before it could be unused for so long").Where("sessions.idle").Do("let idle be at most lifetime")
	}
	return idle, lifetime, nil
}

const settingsVersion = 1

// Init makes a data directory and opens it once, so that whatever is wrong shows now. A directory that
// is a node already is a Conflict.
func Init(ctx context.Context, dir string, s Settings) error {
	s.Version = settingsVersion
	if err := s.check(); err != nil {
		return err
	}
	if err := makeDir(dir); err != nil {
		return err
	}
	path := filepath.Join(dir, settingsName)
	if _, err := os.Stat(path); err == nil {
		return fault.New(fault.Conflict, "there is a node here already").In(dir).Do("use it, or choose another directory")
	}
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	if err := writeFile(path, append(b, '\n')); err != nil {
		return err
	}
	err = With(ctx, dir, "samverk init", nil, func(c *Client) error {
		_, err := Stats.Call(ctx, c, None{}, noItems)
		return err
	})
	if err != nil {
		os.Remove(path) // nothing was made that anybody has used
	}
	return err
}

var country = regexp.MustCompile(`^[A-Z]{2}$`)

func (s Settings) check() error {
	if s.Reference != "" {
		if _, err := os.Stat(s.Reference); err != nil {
			return fault.Wrap(fault.Invalid, err, "the reference can't be read").In(s.Reference)
		}
	}
	if s.Database != "" && !strings.HasPrefix(s.Database, "postgres://") && !strings.HasPrefix(s.Database, "postgresql://") {
		return fault.New(fault.Invalid, "the database is neither SQLite nor PostgreSQL").Where("database").
			Do("leave it out for SQLite in the data directory, or give postgres://USER@HOST/NAME")
	}
	if s.Country != "" && !country.MatchString(s.Country) {
		return fault.New(fault.Invalid, "%.20q is no country", s.Country).Where("country").Do("two capital letters, as in SE")
	}
	if _, err := s.trusted(); err != nil {
		return err
	}
	if _, _, err := s.Patients.providers(); err != nil {
		return err
	}
	if _, err := s.keepYears(); err != nil {
		return err
	}
	_, _, err := s.Sessions.times()
	return err
}

// makeDir makes a directory that only this user may enter, or makes an existing empty one so.
func makeDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fault.Wrap(fault.Unavailable, err, "the data directory can't be made").In(dir).Do("choose a place this user may write to")
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return fault.Wrap(fault.Unavailable, err, "the data directory can't be closed to others").In(dir).Do("it has to be this user's own")
	}
	return nil
}

// ReadSettings tells what a data directory was made with; NotFound if it wasn't made.
func ReadSettings(dir string) (Settings, error) {
	path := filepath.Join(dir, settingsName)
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Settings{}, fault.New(fault.NotFound, "there is no node here").In(dir).Do("samverk init --data %s", dir)
	}
	if errors.Is(err, fs.ErrPermission) {
		return Settings{}, fault.New(fault.Denied, "the data directory belongs to another user").In(dir).
			Do("run the command as the user who made it")
	}
	if err != nil {
		return Settings{}, fault.Wrap(fault.Unavailable, err, "the settings can't be read").In(path)
	}
	var s Settings
	if err := json.Unmarshal(b, &s); err != nil {
		return s, fault.Wrap(fault.Invalid, err, "the settings are not what 'samverk init' writes").In(path).Do("mend the file, or take it from a backup")
	}
	if s.Version != settingsVersion {
		return s, fault.New(fault.Conflict, "the directory was made by another version of Samverk (format %d)", s.Version).In(path).
			Do("use that version, or a newer one")
	}
	return s, nil
}

func (s Settings) dsn(dir string) string {
	if s.Database != "" {
		return s.Database
	}
	return "sqlite:" + filepath.Join(dir, "samverk.db")
}

func (s Settings) journal(dir string) (string, error) {
	if s.Journal != "" {
		return s.Journal, nil
	}
	return consent.JournalBeside(dir)
}
