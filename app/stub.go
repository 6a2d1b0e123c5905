package app

import (
	"context"

	"github.com/samverk/samverk/fault"
)

var errStub = fault.New(fault.Unavailable, "not built yet")

func (n *Node) export(context.Context, ExportRequest, Sink[None]) (r ExportResult, err error) {
	return r, errStub
}
func (n *Node) backup(context.Context, BackupRequest, Sink[None]) (r BackupResult, err error) {
	return r, errStub
}
func Restore(ctx context.Context, dir string, q RestoreRequest, p func(Progress)) (r RestoreResult, err error) {
	return r, errStub
}
