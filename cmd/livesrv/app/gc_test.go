package app

import "testing"

// TestGCPercent: a small heap may double, a large one holds little garbage.
func TestGCPercent(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct {
		live uint64
		want int
	}{
		{0, 100}, {10 * mib, 100}, {24 * mib, 100}, {48 * mib, 50}, {96 * mib, 25}, {480 * mib, 5}, {2048 * mib, 3}, {1 << 40, 3},
	} {
		if got := gcPercent(c.live); got != c.want {
			t.Errorf("%d MiB alive: %d %%, want %d", c.live/mib, got, c.want)
		}
	}
}
