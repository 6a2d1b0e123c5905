package notice

import (
	"context"
	"crypto/cipher"
	"crypto/rand"
	"embed"
	"encoding/json"
	"io"
	"log/slog"
	"mime"
	"net/mail"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/lang"
	"github.com/samverk/samverk/storage"
)

// Migrations are the room's tables, for storage.Options.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// Messages are the sentences in which people are told, for a page that shows them too.
//
//go:embed messages
var Messages embed.FS

// Options say how mail leaves. URL is needed; without Server everything stays in the outbox, and secret links aren't kept.
type Options struct {
	URL      string        // this site, "https://samverk.example.org": what links begin with
	Name     string        // what the site calls itself in mails; "Samverk" when empty
	From     string        // the sender's address; needed with Server
	Server   string        // "smtp://user@host:587" (STARTTLS) or "smtps://user@host:465" (TLS); "" for none
	Password string        // a file that holds the server's password
	Key      []byte        // KeySize bytes that no backup holds: secret links wait under it; nil for one of this process
	Group    time.Duration // how long an immediate notice waits for others; a minute when 0
	Rand     io.Reader     // spreads the next attempts; the system's when nil
	Log      *slog.Logger  // slog.Default() when nil
}

// Notices is the room. Its methods may be called from many goroutines.
type Notices struct {
	db      *storage.DB
	options Options
	base    *url.URL
	server  *server // nil: none
	seal    cipher.AEAD
	words   map[string]*lang.Words
	zones   sync.Map // name to *time.Location: reading one takes a file
	waking  chan struct{}
	working sync.Mutex // held by the one worker
	cleared time.Time  // when old rows were last deleted; working guards it

	mu     sync.Mutex
	outage outage
}

// Notice is one thing to tell somebody.
type Notice struct {
	Key    string      // the sentence: "notice.topic.moved"
	Args   []string    // its arguments: texts, or what Name, Count, Day, When and Word give
	Link   string      // a path of this site, "/n/se/topics/01K…"; "" when there is nothing to see
	Urgent bool        // never waits for a digest
	Secret bool        // the link is a key to something: it is mailed at once and kept nowhere else
	Until  time.Time   // not mailed after this; zero for always
	Attach *Attachment // never waits either
}

// Attachment goes with a mail. One of type text/calendar is shown by mail programs as an invitation.
type Attachment struct {
	Name string // "meeting.ics"
	Type string // "text/calendar; method=REQUEST"
	Body []byte
}

// Open prepares the room; Run sends.
func Open(_ context.Context, db *storage.DB, o Options) (*Notices, error) {
	n := &Notices{db: db, options: o, waking: make(chan struct{}, 1)}
	if n.options.Group == 0 {
		n.options.Group = time.Minute
	}
	if n.options.Rand == nil {
		n.options.Rand = rand.Reader
	}
	if n.options.Log == nil {
		n.options.Log = slog.Default()
	}
	if n.options.Name == "" {
		n.options.Name = "Samverk"
	}
	var err error
	if n.base, err = siteURL(o.URL); err != nil {
		return nil, err
	}
	if n.server, err = parseServer(o); err != nil {
		return nil, err
	}
	if n.seal, err = newSeal(o.Key); err != nil {
		return nil, err
	}
	if n.words, err = lang.Read(Messages); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "the notices' messages can't be read")
	}
	return n, nil
}

func siteURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || u.RawQuery != "" || u.Fragment != "" {
		return nil, fault.New(fault.Invalid, "%.80q is no address of a site", s).Where("url").
			Do("write it as https://samverk.example.org")
	}
	u.Path = strings.TrimRight(u.Path, "/")
	return u, nil
}

// Sends tells whether there is a server that mail leaves by.
func (n *Notices) Sends() bool { return n.server != nil }

// wake tells Run that there may be something to do.
func (n *Notices) wake() {
	select {
	case n.waking <- struct{}{}:
	default:
	}
}

// Tell tells a person something if and only if tx commits.
func (n *Notices) Tell(ctx context.Context, tx *storage.Tx, to string, what Notice) error {
	if to == "" {
		return fault.New(fault.Internal, "a notice is to nobody")
	}
	if err := n.check(what); err != nil {
		return err
	}
	r, err := n.RecipientOf(ctx, tx, to)
	mailed := err == nil && r.Mail != "" && !r.Shut
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	mail := ""
	if mailed && what.now() {
		if mail, err = n.enqueue(ctx, tx, n.letter(r, what)); err != nil {
			return err
		}
	}
	if what.Secret {
		return nil
	}
	var due *int64
	if mailed && !what.now() {
		zone, err := n.zone(r.Zone)
		if err != nil {
			return err
		}
		at := storage.Micros(n.due(n.db.Now(), r.Frequency, zone))
		due = &at
		tx.OnCommit(n.wake)
	}
	return n.keep(ctx, tx, to, what, due, mail)
}

// TellAddress mails an address that need not be anybody's yet: an invitation, a warning to an address that was changed. r.Person is
// whom, or what, the caller's room lists the mail under; it goes there whatever becomes the person's address meanwhile. In a person's list stands
// what was told to somebody who gets mail here. A person whose account is shut is told nothing.
func (n *Notices) TellAddress(ctx context.Context, tx *storage.Tx, r Recipient, what Notice) error {
	if err := n.check(what); err != nil {
		return err
	}
	r.Frequency = Immediate
	if r.Zone == "" {
		r.Zone = "UTC"
	}
	r, _, err := n.checked(r)
	if err != nil {
		return err
	}
	if r.Mail == "" {
		return fault.New(fault.Invalid, "no mail address is given").Where("mail").Say("notice.mail")
	}
	known, err := n.RecipientOf(ctx, tx, r.Person)
	if err != nil && fault.KindOf(err) != fault.NotFound || known.Shut {
		return err
	}
	m := n.letter(r, what)
	m.given, m.pinned = err != nil, true
	mail, err := n.enqueue(ctx, tx, m)
	if err != nil || m.given || what.Secret {
		return err
	}
	return n.keep(ctx, tx, r.Person, what, nil, mail)
}

// now tells whether the notice is a mail of its own, at once.
func (w Notice) now() bool { return w.Urgent || w.Secret || w.Attach != nil }

// check finds what is wrong in the room that tells.
func (n *Notices) check(w Notice) error {
	if !n.words["en"].Has(w.Key) {
		return fault.New(fault.Internal, "there is no message %q to tell", w.Key)
	}
	if err := n.checkArgs(w); err != nil {
		return err
	}
	if w.Link != "" && !isPath(w.Link) {
		return fault.New(fault.Internal, "a notice's link is not a path of this site").Where(w.Key)
	}
	if w.Attach != nil {
		if _, _, err := mime.ParseMediaType(w.Attach.Type); err != nil {
			return fault.Wrap(fault.Internal, err, "an attachment's type can't be read").Where(w.Key)
		}
	}
	return nil
}

// checkArgs finds too few or wrong arguments where they are given, not in somebody's mail.
func (n *Notices) checkArgs(w Notice) error {
	plain := make([]string, len(w.Args))
	for i, a := range w.Args {
		plain[i] = "x"
		if isMarked(a) {
			plain[i] = a
		}
	}
	if s := say(n.words["en"], w.Key, plain); strings.Contains(s, "%!") || strings.Contains(s, "[") {
		return fault.New(fault.Internal, "the message %q has other arguments: %s", w.Key, s)
	}
	return nil
}

// isPath accepts /a/b?c and nothing that leads to another host or breaks a line.
func isPath(s string) bool {
	if !strings.HasPrefix(s, "/") || strings.HasPrefix(s, "//") || strings.ContainsAny(s, "\\ ") {
		return false
	}
	for _, c := range s {
		if c < ' ' || c > '~' {
			return false
		}
	}
	u, err := url.Parse(s)
	return err == nil && u.Host == "" && u.Scheme == ""
}

// keep writes what a person finds in their list.
func (n *Notices) keep(ctx context.Context, tx *storage.Tx, to string, w Notice, due *int64, mail string) error {
	id, err := n.db.NewID()
	if err != nil {
		return err
	}
	args, err := json.Marshal(clean(w.Args))
	if err != nil {
		return fault.Wrap(fault.Internal, err, "a notice's arguments can't be kept")
	}
	_, err = tx.Exec(ctx, `INSERT INTO notice (id, person, key, args, link, made, due, mail) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		id, to, w.Key, string(args), w.Link, n.db.Now(), due, mail)
	return err
}

// letter makes a notice a mail of its own.
func (n *Notices) letter(r Recipient, w Notice) outgoing {
	m := n.compose(r, []line{{key: w.Key, args: clean(w.Args), link: w.Link}}, 0)
	m.attach, m.secret, m.until = w.Attach, w.Secret, w.Until
	return m
}

// senderDomain is what Message-IDs end with.
func (n *Notices) senderDomain() string {
	if a, err := mail.ParseAddress(n.options.From); err == nil {
		_, host, _ := strings.Cut(a.Address, "@")
		return host
	}
	return n.base.Hostname()
}
