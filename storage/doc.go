// Package storage keeps what the rooms know in SQLite (a file) or PostgreSQL.
//
// Nouns: a DB is one opened database, owned by one process. A Tx is one
// transaction. A room is a package that keeps tables here; it embeds its own
// migrations and hands them to Open.
//
// Rules:
//   - One SQL text serves both databases: $1 placeholders (a number may repeat),
//     ON CONFLICT, RETURNING. Ids are TEXT, times BIGINT microseconds UTC (Micros,
//     Time), flags SMALLINT 0 or 1, bytes BYTEA: PostgreSQL's name, which SQLite
//     takes too and stores a []byte under as a blob. No floating point columns.
//   - Arguments are made alike for both drivers: bool becomes 0 or 1, time.Time
//     microseconds, every integer an int64.
//   - Migrations form one numbered sequence over all rooms (storage 0001–, individual
//     0100–, consent 0200–, genome/store 0300–). A number is used once. What truly
//     differs between the databases is two files with one number, NAME.sqlite.sql
//     and NAME.postgres.sql. There is no way down. A database that knows a
//     migration this binary doesn't is refused.
//   - Write runs one transaction at a time in the process, serializable, and again
//     when the database asks for that; so its function must be safe to repeat.
//     BeforeCommit runs last inside the transaction, OnCommit after it is durable and
//     before the next Write may start: the order in memory is the order on disk.
//   - SQLite runs in WAL mode with synchronous=FULL: a commit is on the disk when Write
//     returns (https://www.sqlite.org/pragma.html#pragma_synchronous). What is deleted is
//     overwritten (secure_delete).
//   - If a commit's outcome can't be known (PostgreSQL's connection broke in it), the DB
//     answers no more until it is opened again: memory may be behind the disk.
//   - A database made from a backup says so (Restored) until somebody accounts for what
//     happened since the backup was taken.
//
// It never knows what a row means, never reads the wall clock or a source of
// randomness other than the injected ones, and never puts a row's values in an error.
package storage
