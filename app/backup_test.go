package app_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/samverk/samverk/app"
)

// A backup that was killed leaves second names of segments; they are gone when the node is next opened, or they would
// keep what a compaction erases.
func TestKilledBackupLeavesNoSegments(t *testing.T) {
	dir := cohort(t, 2)
	left := filepath.Join(dir, ".backing-up-1")
	mine := filepath.Join(dir, "backup-mine") // an operator's own
	for _, d := range []string{left, mine} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, d, "x.seg", "genotypes")
	}
	err := app.With(t.Context(), dir, "test", nil, func(c *app.Client) error {
		_, err := c.Own(t.Context())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Errorf("what the backup left: %v", err)
	}
	if _, err := os.Stat(filepath.Join(mine, "x.seg")); err != nil {
		t.Errorf("the operator's own folder: %v", err)
	}
}
