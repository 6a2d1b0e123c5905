package network

import (
	"context"

	"github.com/samverk/samverk/storage"
)

// AddOperatorIn is AddOperator within the caller's transaction, so that the first account is made if and only if its person was added.
func (r *Registry) AddOperatorIn(ctx context.Context, tx *storage.Tx, name, language string) (PersonID, error) {
	return r.insertPerson(ctx, tx, name, language, true)
}
