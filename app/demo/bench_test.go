package demo

import (
	"os"
	"strings"
	"testing"
)

// The bench measures all of it, leaves nothing behind, and takes no time for nothing.
func TestBench(t *testing.T) {
	dir, all := t.TempDir(), ""
	small := amounts{singles: 3, together: 4, crowd: 8, changes: 4, withdrawals: 3, judgements: 10}
	err := small.bench(t.Context(), dir, func(m Measured) error {
		if m.Time <= 0 || m.Amount <= 0 || m.Unit == "" {
			t.Errorf("%+v", m)
		}
		all += m.Work + "\n"
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"load, durable", "one variant asked, the middle of 3, durable", "4 asking at once, durable", "judged by a policy", "all variants asked at once", "consent changed",
		"withdrawal, and the next answer", "annotation"} {
		if !strings.Contains(all, want) {
			t.Errorf("no line about %q in\n%s", want, all)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("it left %v (%v)", left, err)
	}
}
