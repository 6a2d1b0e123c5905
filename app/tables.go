package app

import "io/fs"

// Migrations are every room's tables: for whoever opens a node's database before the node does, as the demonstration does.
func Migrations() []fs.FS { return migrations() }

// AttachmentsName is the folder of the forum's files in a data directory.
const AttachmentsName = attachmentsName

// DSN names the database of a data directory.
func (s Settings) DSN(dir string) string { return s.dsn(dir) }
