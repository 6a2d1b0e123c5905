package policy_test

import (
	"bytes"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/samverk/samverk/policy"
)

func verdict(p policy.Precision, k int) policy.Verdict {
	return policy.Verdict{Allowed: true, Precision: p, K: k}
}

func TestShape(t *testing.T) {
	for _, c := range []struct {
		p    policy.Precision
		k, n int
		want policy.Cell
	}{
		{policy.Exact, 5, 0, policy.Cell{Form: policy.Band, Low: 0, High: 4}},
		{policy.Exact, 5, 4, policy.Cell{Form: policy.Band, Low: 0, High: 4}},
		{policy.Exact, 5, 5, policy.Cell{Form: policy.Number, Low: 5, High: 5}},
		{policy.Exact, 0, 1, policy.Cell{Form: policy.Number, Low: 1, High: 1}},
		{policy.Banded, 10, 0, policy.Cell{Form: policy.Band, Low: 0, High: 9}},
		{policy.Banded, 10, 9, policy.Cell{Form: policy.Band, Low: 0, High: 9}},
		{policy.Banded, 10, 10, policy.Cell{Form: policy.Band, Low: 10, High: 19}},
		{policy.YesNo, 10, 9, policy.Cell{Form: policy.SaysNo, Low: 0, High: 9}},
		{policy.YesNo, 10, 10, policy.Cell{Form: policy.SaysYes, Low: 10, High: policy.Unbounded}},
		{policy.YesNo, 0, 1, policy.Cell{Form: policy.SaysNo, Low: 0, High: 2}}, // never a group of one
		{policy.Exact, 5, -1, policy.Cell{}},
		{"roughly", 5, 7, policy.Cell{}},
	} {
		if got := policy.Shape(c.n, verdict(c.p, c.k)); got != c.want {
			t.Errorf("%d as %s with k %d: %+v", c.n, c.p, c.k, got)
		}
	}
	told := verdict(policy.Exact, 5)
	told.Zero = true
	for n, want := range map[int]policy.Cell{0: {Form: policy.Number}, 1: {Form: policy.Band, Low: 1, High: 4}, 4: {Form: policy.Band, Low: 1, High: 4}, 5: {Form: policy.Number, Low: 5, High: 5}} {
		if got := policy.Shape(n, told); got != want {
			t.Errorf("%d, where nobody is told from a few: %+v", n, got)
		}
	}
	denied := verdict(policy.Exact, 5)
	denied.Allowed = false
	if got := policy.Shape(100, denied); got != (policy.Cell{}) {
		t.Errorf("%+v", got)
	}
}

func TestBandsAreAsDocumented(t *testing.T) {
	var b bytes.Buffer
	for _, k := range []int{3, 5, 7, 10, 20, 100, 1000} {
		fmt.Fprintf(&b, "k = %d:", k)
		for n := 0; n < 25_000; {
			c := policy.Shape(n, verdict(policy.Banded, k))
			fmt.Fprintf(&b, " %d–%d", c.Low, c.High)
			n = c.High + 1
		}
		b.WriteString("\n")
	}
	golden(t, "bands.txt", b.Bytes())
}

// TestBandsKeepTheirPromise: every number is in its band, every number of a band has that band, and no band is narrower than k.
func TestBandsKeepTheirPromise(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := verdict(policy.Banded, rapid.IntRange(3, 1000).Draw(t, "k"))
		n := rapid.IntRange(0, 10_000_000).Draw(t, "n")
		c := policy.Shape(n, v)
		if n < c.Low || n > c.High || c.High-c.Low+1 < v.K {
			t.Fatalf("%d is in %+v", n, c)
		}
		if other := policy.Shape(rapid.IntRange(c.Low, c.High).Draw(t, "other"), v); other != c {
			t.Fatalf("%+v, %+v", c, other)
		}
	})
}

func TestSumTellsNoMoreThanItsParts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := verdict(rapid.SampledFrom([]policy.Precision{policy.Exact, policy.Banded}).Draw(t, "p"), 5)
		v.Zero = v.Precision == policy.Exact && rapid.Bool().Draw(t, "zero")
		parts := rapid.SliceOfN(rapid.IntRange(0, 60), 3, 3).Draw(t, "parts")
		times := []int{1, 2, 1}
		cells, total := []policy.Cell{}, 0
		for i, n := range parts {
			cells = append(cells, policy.Shape(n, v))
			total += times[i] * n
		}
		s := policy.Sum(cells, times)
		if total < s.Low || total > s.High {
			t.Fatalf("%d is not in %+v", total, s)
		}
		for i, c := range cells { // each number that a part's cell allows is still possible
			for _, x := range []int{c.Low, c.High} {
				if low := s.Low + times[i]*(x-c.Low); low < s.Low || low > s.High {
					t.Fatalf("the total shuts out %d of %+v", x, c)
				}
			}
		}
	})
	if got := policy.Sum([]policy.Cell{policy.Shape(3, verdict(policy.YesNo, 5))}, []int{1}); got != (policy.Cell{}) {
		t.Errorf("yes or no has no sum: %+v", got)
	}
}

func TestSize(t *testing.T) {
	for n, want := range map[int]policy.Cell{
		4: {Form: policy.Band, Low: 0, High: 9}, 60: {Form: policy.Band, Low: 50, High: 99}, 100: {Form: policy.Band, Low: 100, High: 109},
		4812: {Form: policy.Band, Low: 4800, High: 4899}, 405_290: {Form: policy.Band, Low: 400_000, High: 409_999},
	} {
		if got := policy.Size(n, verdict(policy.Banded, 10)); got != want {
			t.Errorf("%d: %+v", n, got)
		}
	}
	if got := policy.Size(4812, verdict(policy.Exact, 5)); got.Low != 4812 || got.Form != policy.Number {
		t.Errorf("%+v", got)
	}
	if got := policy.Size(4812, verdict(policy.YesNo, 5)); got.Form != policy.SaysYes {
		t.Errorf("%+v", got)
	}
}
