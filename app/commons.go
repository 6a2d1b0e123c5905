package app

import (
	"context"
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
}

// attachmentsName is where the forum keeps files, in a data directory.
const attachmentsName = "attachments"

// CommonsOptions say how the rooms reach people.
type CommonsOptions struct {
	URL  string // what links begin with
	Demo bool   // anybody may sign in as anybody
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
	c.Notices, err = notice.Open(ctx, db, notice.Options{URL: o.URL, Name: s.Region, From: s.Mail.From, Server: s.Mail.Server, Password: s.Mail.PasswordFile})
	if err != nil {
		return c, err
	}
	c.Accounts, err = account.Open(ctx, db, c.Networks, c.Notices, account.Options{URL: o.URL, Providers: s.SignIn, Demo: o.Demo})
	if err != nil {
		return c, err
	}
	c.Forum, err = forum.Open(ctx, db, c.Networks, c.Notices, forum.Options{Files: files, Scanner: s.Scanner, URL: o.URL, Mail: s.Mail.From})
	return c, err
}

// Close lets go of what the rooms hold.
func (c Commons) Close() error {
	if c.Accounts == nil {
		return nil
	}
	return c.Accounts.Close()
}
