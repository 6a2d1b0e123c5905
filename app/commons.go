package app

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/samverk/samverk/account"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

// Commons are the rooms where people meet: who sits where, who may sign in, what is told, what is decided.
// They are opened for serving only: a command that counts genomes needs none of them.
type Commons struct {
	Networks *network.Registry
	Notices  *notice.Notices
	Accounts *account.Accounts
	Forum    *forum.Forum
	Action
}

// attachmentsName is where the forum keeps files, in a data directory.
const attachmentsName = "attachments"

// outboxKeyName is what secret links wait under in the outbox. It is in no backup: what waited when one was made is of no use to its reader.
const outboxKeyName = "outbox.key"

// outboxKey reads the key, or makes it.
func outboxKey(dir string) ([]byte, error) {
	path := filepath.Join(dir, outboxKeyName)
	key, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		key = make([]byte, notice.KeySize)
		if _, err := rand.Read(key); err != nil {
			return nil, err
		}
		return key, writeFile(path, key)
	}
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the outbox's key can't be read").In(path)
	}
	if len(key) != notice.KeySize {
		return nil, fault.New(fault.Invalid, "the outbox's key is damaged").In(path).
			Do("remove the file: secret links that wait are given up, and can be asked for anew")
	}
	return key, nil
}

// OutboxKey is the key of a data directory that no backup holds: for whoever fills its database before a node opens it, as the demonstration does.
func OutboxKey(dir string) ([]byte, error) { return outboxKey(dir) }

// CommonsOptions say how the rooms reach people.
type CommonsOptions struct {
	URL  string // what links begin with
	Demo bool   // anybody may sign in as anybody

	Decided func() // told when minutes were sealed or a decision approved; nil: nobody is
}

// OpenCommons opens the rooms over a database that has their tables.
func OpenCommons(ctx context.Context, db *storage.DB, dir string, s Settings, o CommonsOptions) (c Commons, err error) {
	files := filepath.Join(dir, attachmentsName)
	if err := os.Mkdir(files, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return c, fault.Wrap(fault.Unavailable, err, "the folder of attachments can't be made").In(files)
	}
	if c.Networks, err = network.Open(ctx, db); err != nil {
		return c, err
	}
	key, err := outboxKey(dir)
	if err != nil {
		return c, err
	}
	c.Notices, err = notice.Open(ctx, db, notice.Options{URL: o.URL, Name: s.Region, From: s.Mail.From, Server: s.Mail.Server, Password: s.Mail.PasswordFile, Key: key})
	if err != nil {
		return c, err
	}
	idle, lifetime, err := s.Sessions.times()
	if err != nil {
		return c, err
	}
	c.Accounts, err = account.Open(ctx, db, c.Networks, c.Notices, account.Options{URL: o.URL, Providers: s.SignIn, Demo: o.Demo, Idle: idle, Lifetime: lifetime})
	if err != nil {
		return c, err
	}
	c.Forum, err = forum.Open(ctx, db, c.Networks, c.Notices, forum.Options{Files: files, Scanner: s.Scanner, URL: o.URL, Mail: s.Mail.From, Sealed: o.Decided})
	if err != nil {
		return c, err
	}
	c.Action, err = openAction(ctx, db, c, o, key)
	return c, err
}

// recover makes a link for a new password. It is opened at the server, so only a server makes it.
func (n *Node) recover(ctx context.Context, q RecoverRequest, _ Sink[None]) (r RecoverResult, err error) {
	c := n.serving.Load()
	if c == nil {
		return r, fault.New(fault.Conflict, "no server has the data directory, and the link is opened at one").Do("start samverk serve, and run this beside it")
	}
	r.Link, err = c.Accounts.OperatorLink(ctx, q.Mail)
	return r, err
}

// Close lets go of what the rooms hold.
func (c Commons) Close() error {
	if c.Accounts == nil {
		return nil
	}
	return c.Accounts.Close()
}
