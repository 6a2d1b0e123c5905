package storage

import (
	"context"
	"database/sql"
	"slices"

	"github.com/samverk/samverk/fault"
)

// What each database calls its tables, and which tables a table refers to. Tables named derived_… follow from others, by
// triggers of their own: a backup leaves them out, and a restore makes them anew.
var (
	tableNames = map[dialect]string{
		lite: `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' AND name NOT LIKE 'derived\_%' ESCAPE '\' ORDER BY name`,
		pg: `SELECT table_name FROM information_schema.tables
			WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' AND table_name NOT LIKE 'derived\_%' ORDER BY table_name`,
	}
	tableReferences = map[dialect]string{
		lite: `SELECT t.name, f."table" FROM sqlite_master t JOIN pragma_foreign_key_list(t.name) f WHERE t.type = 'table'`,
		pg: `SELECT t.relname, f.relname FROM pg_constraint c
			JOIN pg_class t ON t.oid = c.conrelid JOIN pg_class f ON f.oid = c.confrelid
			JOIN pg_namespace n ON n.oid = t.relnamespace WHERE c.contype = 'f' AND n.nspname = current_schema()`,
	}
	tableExists = map[dialect]string{
		lite: `SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = $1`,
		pg: `SELECT count(*) FROM information_schema.tables
			WHERE table_schema = current_schema() AND table_name = $1`,
	}
)

// tablesOf gives the rooms' tables so that each comes after those it refers to.
func tablesOf(ctx context.Context, d dialect, tx *Tx) ([]string, error) {
	names, err := pairs(ctx, tx, tableNames[d], 1)
	if err != nil {
		return nil, err
	}
	refs, err := pairs(ctx, tx, tableReferences[d], 2)
	if err != nil {
		return nil, err
	}
	left := map[string]bool{}
	for _, n := range names {
		left[n[0]] = n[0] != versions
	}
	var order []string
	for range names {
		for _, n := range names {
			if left[n[0]] && !slices.ContainsFunc(refs, func(r [2]string) bool { return r[0] == n[0] && r[1] != n[0] && left[r[1]] }) {
				left[n[0]] = false
				order = append(order, n[0])
			}
		}
	}
	for _, n := range names {
		if left[n[0]] {
			return nil, fault.New(fault.Internal, "table %s refers to tables that refer to it", n[0])
		}
	}
	return order, nil
}

// pairs reads rows of one or two names.
func pairs(ctx context.Context, tx *Tx, query string, columns int) (all [][2]string, err error) {
	rows, err := tx.Query(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var p [2]string
		if err := rows.Scan([]any{&p[0], &p[1]}[:columns]...); err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, rows.Err()
}

// querier is a connection or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// appliedIn gives the numbers of the migrations that a database has had, ascending.
func appliedIn(ctx context.Context, d dialect, q querier) ([]int64, error) {
	var n int
	if err := q.QueryRowContext(ctx, tableExists[d], versions).Scan(&n); err != nil || n == 0 {
		return nil, classify(err)
	}
	rows, err := q.QueryContext(ctx,
		`SELECT DISTINCT version_id FROM `+versions+` WHERE version_id > 0 ORDER BY version_id`)
	if err != nil {
		return nil, classify(err)
	}
	defer rows.Close()
	var out []int64
	for rows.Next() {
		var v int64
		if err := rows.Scan(&v); err != nil {
			return nil, classify(err)
		}
		out = append(out, v)
	}
	return out, classify(rows.Err())
}
