package notice

import (
	"context"
	"time"

	"github.com/samverk/samverk/storage"
)

// State is how mail stands, for a status page and metrics.
type State struct {
	Server  string    // "mail.example.org:587"; "" when none is configured and everything stays in the outbox
	Queued  int64     // mails to be sent
	Failed  int64     // bounced or given up, of the last 90 days
	Oldest  time.Time // when the oldest queued mail was made; zero for none
	Trouble string    // why the server can't be reached; "" when it could be
	Since   time.Time // since when
}

// State counts.
func (n *Notices) State(ctx context.Context) (s State, err error) {
	if n.server != nil {
		s.Server = n.server.name()
	}
	n.mu.Lock()
	s.Trouble, s.Since = n.outage.said, n.outage.since
	n.mu.Unlock()
	err = n.db.Read(ctx, func(tx *storage.Tx) error {
		if err := tx.QueryRow(ctx, `SELECT count(*) FROM notice_mail WHERE state = 'waiting'`).Scan(&s.Queued); err != nil {
			return err
		}
		var err error
		if s.Oldest, _, err = when(ctx, tx, `SELECT made FROM notice_mail WHERE state = 'waiting' ORDER BY id LIMIT 1`); err != nil {
			return err
		}
		return tx.QueryRow(ctx, `SELECT count(*) FROM notice_mail WHERE state IN ('bounced', 'failed')`).Scan(&s.Failed)
	})
	return s, err
}

// outage is the server being away. It uses up nobody's attempts.
type outage struct {
	said  string
	since time.Time
	next  time.Time
	tries int
}

// longestOutage is the longest pause between two looks for the server.
const longestOutage = 10 * time.Minute

func (n *Notices) mayConnect() bool { return !n.db.Now().Before(n.retryAt()) }

func (n *Notices) retryAt() time.Time {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.outage.next
}

// lost notes that the server can't be reached.
func (n *Notices) lost(err error) {
	now := n.db.Now()
	n.mu.Lock()
	defer n.mu.Unlock()
	o := &n.outage
	if o.tries++; o.tries == 1 {
		o.since = now
		n.options.Log.Warn("the mail server can't be reached; mail waits", "server", n.server.name(), "error", err)
	}
	o.said = brief(err.Error())
	o.next = now.Add(min(n.pause(o.tries), longestOutage))
}

// found notes that it can.
func (n *Notices) found() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.outage = outage{}
}
