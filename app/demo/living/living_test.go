package living

import (
	"io/fs"
	"path/filepath"
	"testing"
	"time"

	"github.com/samverk/samverk/account"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
)

var morning = time.Date(2026, 11, 24, 10, 12, 0, 0, time.UTC)

func build(t *testing.T, seed uint64, now time.Time) (dsn string, people []Person) {
	t.Helper()
	dsn = "sqlite:" + filepath.Join(t.TempDir(), "samverk.db")
	start := time.Now()
	people, err := Build(t.Context(), Options{Seed: seed, Now: now, DSN: dsn, Files: t.TempDir(), Tell: t.Logf,
		Migrations: []fs.FS{network.Migrations, account.Migrations, notice.Migrations, forum.Migrations}})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("built in %v", time.Since(start))
	return dsn, people
}

func TestBuild(t *testing.T) {
	build(t, 1, morning)
}
