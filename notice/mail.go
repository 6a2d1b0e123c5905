package notice

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/samverk/samverk/storage"
)

// outgoing is a mail on its way into the outbox or out of it.
type outgoing struct {
	id      string
	to      Recipient
	subject string
	body    string
	attach  *Attachment
	digest  bool
	secret  bool
	given   bool // to an address that is nobody's here
	pinned  bool // to that address, whatever the person's becomes
	until   time.Time
	made    time.Time
	tries   int

	unreadable bool // hidden under another key
}

// line is a notice as a mail tells it.
type line struct {
	key  string
	args []string
	link string
}

// subjects is how long a subject is at most: RFC 5322's line, less "Subject: " folded away.
const subjects = 78

// compose writes a mail of these notices, and of so many more that it only counts.
func (n *Notices) compose(r Recipient, lines []line, more int) outgoing {
	l := n.words[r.Lang]
	m := outgoing{to: r}
	var told []string
	for _, a := range lines {
		text := say(l, a.key, a.args)
		if m.subject == "" {
			m.subject = subject(l, a.key, a.args)
		}
		if a.link != "" {
			text += "\n" + n.at(a.link)
		}
		if !slices.Contains(told, text) { // the same thing twice in a day
			told = append(told, text)
		}
	}
	all := len(told) + more
	if more > 0 {
		told = append(told, l.Must("notice.mail.more", more)+"\n"+n.at("/"))
	}
	if all > 1 {
		m.subject = cut(l.Must("notice.mail.several", all, n.options.Name), subjects)
	}
	m.body = strings.Join(told, "\n\n") + "\n"
	return m
}

// at makes a path of this site an address.
func (n *Notices) at(path string) string { return n.base.String() + path }

// foot closes a mail, by what it is.
func (n *Notices) foot(m outgoing) string {
	l := n.words[m.to.Lang]
	switch {
	case m.secret:
		return "\n-- \n" + l.Must("notice.mail.secret") + "\n" + n.options.Name + ", " + n.at("/") + "\n"
	case m.given:
		return "\n-- \n" + l.Must("notice.mail.given", n.options.Name) + "\n" + n.at("/") + "\n"
	}
	return "\n-- \n" + l.Must("notice.mail.why", n.options.Name) + "\n" +
		l.Must("notice.mail.settings") + " " + n.at("/account") + "\n"
}

// enqueue puts a mail in the outbox. A secret link waits there hidden; where there is no server to wait for it isn't kept.
func (n *Notices) enqueue(ctx context.Context, tx *storage.Tx, m outgoing) (id string, err error) {
	if id, err = n.db.NewID(); err != nil {
		return "", err
	}
	var name, kind string
	var file []byte
	if m.attach != nil {
		name, kind, file = m.attach.Name, m.attach.Type, m.attach.Body
	}
	var until, done *int64
	if !m.until.IsZero() {
		at := storage.Micros(m.until)
		until = &at
	}
	rank := 0
	if m.digest {
		rank = 1
	}
	now := n.db.Now()
	state, reason, body := "waiting", "", m.body+n.foot(m)
	switch {
	case m.secret && n.server == nil:
		at := storage.Micros(now)
		state, reason, body, done = "failed", Unserved, "", &at
	case m.secret:
		body = n.hide(id, body)
	}
	_, err = tx.Exec(ctx, `INSERT INTO notice_mail (id, person, address, lang, subject, body, attach_name, attach_type, attach,
			digest, secret, pinned, rank, state, reason, attempts, made, next, until, done, said)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 0, $16, $16, $17, $18, '')`,
		id, m.to.Person, m.to.Mail, m.to.Lang, m.subject, body, name, kind, file,
		m.digest, m.secret, m.pinned, rank, state, reason, now, until, done)
	tx.OnCommit(n.wake)
	return id, err
}
