package app

import "testing"

// TestGCPercent: a small heap may double, a large one holds a second's garbage.
func TestGCPercent(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct {
		live, perSecond uint64
		want            int
	}{
		{0, 0, 100}, {10 * mib, 0, 100}, {24 * mib, mib, 100}, {48 * mib, 10 * mib, 50}, {96 * mib, 80 * mib, 25}, {480 * mib, 20 * mib, 5},
		{480 * mib, 48 * mib, 10}, {480 * mib, 500 * mib, 11}, {2400 * mib, 72 * mib, 3}, {1 << 40, 72 * mib, 2}, {1 << 40, 1 << 36, 6},
	} {
		if got := gcPercent(c.live, c.perSecond); got != c.want {
			t.Errorf("%d MiB alive, %d a second: %d %%, want %d", c.live/mib, c.perSecond/mib, got, c.want)
		}
	}
}
