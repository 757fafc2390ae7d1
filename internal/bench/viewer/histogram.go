package viewer

import (
	"math"
	"math/bits"
	"time"
)

// histogram counts times to the microsecond in as much memory for an hour as for a second. Up to 1 ms it is exact, above
// that to a thousandth: the buckets between a power of two and the next are as many everywhere.
type histogram struct {
	counts [buckets]uint32
	count  int
	max    int64
}

const (
	// fine is how many bits of a value tell buckets apart, top the power of two from which on values are not told apart
	// any more: 36 minutes of microseconds.
	fine    = 10
	top     = 31
	buckets = (top - fine + 1) << fine
)

// bucket finds a value's place. Values under 1<<fine have one each; a larger one is shifted until it is from that to
// twice that, and goes into the block of its shift.
func bucket(us int64) int {
	us = min(max(us, 0), 1<<top-1)
	shift := max(bits.Len64(uint64(us))-fine-1, 0)
	return shift<<fine + int(us>>shift)
}

// least is the smallest value of a bucket.
func least(i int) int64 {
	shift := max(i>>fine-1, 0)
	return int64(i-shift<<fine) << shift
}

// add counts a time. One that is negative, as it may be between the clocks of two machines, counts as none.
func (h *histogram) add(d time.Duration) {
	us := max(d.Microseconds(), 0)
	h.counts[bucket(us)]++
	h.count++
	h.max = max(h.max, us)
}

// times gives the percentiles.
func (h *histogram) times() Times {
	if h.count == 0 {
		return Times{}
	}
	return Times{Median: h.at(0.5), P90: h.at(0.9), P99: h.at(0.99), Max: float64(h.max) / 1000, Count: h.count}
}

// at gives the value of the nearest rank, in milliseconds.
func (h *histogram) at(q float64) float64 {
	rank := max(int(math.Ceil(q*float64(h.count))), 1)
	for i, n := range h.counts {
		if rank -= int(n); rank <= 0 {
			return float64(least(i)) / 1000
		}
	}
	return float64(h.max) / 1000
}
