package notice

import (
	"context"
	"time"

	"github.com/samverk/samverk/storage"
)

// Withdraw takes back what people were told of a thing that is hidden since: every notice that leads to it, made since the thing
// was. A mail on its way, or sent, can't be taken back.
func (n *Notices) Withdraw(ctx context.Context, tx *storage.Tx, link string, since time.Time) error {
	_, err := tx.Exec(ctx, `DELETE FROM notice WHERE made >= $1 AND link = $2`, since, link)
	return err
}
