package packager

import (
	"math"
	"slices"
	"time"

	"livesrv/internal/media"
)

const (
	// rate is the line's ticks per second.
	rate = media.VideoClockRate
	// jitter is how far an interval may be off and the frame rate still count as constant: a protocol
	// that stamps in milliseconds is off by up to one.
	jitter = rate * 11 / 10000
	// sure is the number of even intervals after which the next one is taken as known.
	sure = 8
	// usualInterval stands in while nothing has been measured: 25 pictures per second.
	usualInterval = rate / 25
)

// cadence measures the interval of pictures.
type cadence struct {
	ring [64]int64
	n    int
	// even counts the latest intervals that agree with their mean.
	even int
	sum  int64 // of the even ones in the ring, at most len(ring)
	// sinceKey counts pictures since the last keyframe, gop the pictures of the GOP before.
	sinceKey, gop int
}

// add takes the interval up to a new picture.
func (c *cadence) add(d int64) {
	if c.even > 0 {
		k := int64(min(c.even, len(c.ring)))
		if dev := d*k - c.sum; dev > jitter*k || dev < -jitter*k {
			c.even, c.sum = 0, 0
		}
	}
	slot := &c.ring[c.n%len(c.ring)]
	if c.even >= len(c.ring) {
		c.sum -= *slot
	}
	*slot = d
	c.sum += d
	c.n++
	c.even++
}

// picture counts a picture for the GOP's length.
func (c *cadence) picture(key bool) {
	if key {
		c.gop, c.sinceKey = c.sinceKey, 0
	}
	c.sinceKey++
}

// keyDue says whether the next picture should be a keyframe, going by the GOP before.
func (c *cadence) keyDue() bool { return c.gop > 0 && c.sinceKey >= c.gop }

// constant says whether the next interval can be relied on.
func (c *cadence) constant() bool { return c.even >= sure }

// interval is the mean of the even intervals, the median while there are too few.
func (c *cadence) interval() int64 {
	k := int64(min(c.even, len(c.ring)))
	if k >= 4 {
		return (c.sum + k/2) / k
	}
	if c.n == 0 {
		return usualInterval
	}
	v := slices.Clone(c.ring[:min(c.n, len(c.ring))])
	slices.Sort(v)
	return max(1, v[len(v)/2])
}

// usualRates are the frame rates that encoders mean when they are near one.
var usualRates = []float64{12, 15, 20, 24000.0 / 1001, 24, 25, 30000.0 / 1001, 30, 48, 50, 60000.0 / 1001, 60, 90, 100, 120000.0 / 1001, 120}

// frameRate is the rate in pictures per second. What the parameter sets declare is taken where the
// measurement does not contradict it: that is exact, and timestamps in milliseconds are not.
func (c *cadence) frameRate(declared float64) float64 {
	if c.n == 0 {
		return declared
	}
	k := int64(min(c.even, len(c.ring)))
	var r float64
	if k >= 4 {
		r = rate * float64(k) / float64(c.sum)
	} else {
		r = rate / float64(c.interval())
	}
	if declared > 0 && math.Abs(declared-r) < 0.01*r {
		return declared
	}
	best := r
	for _, u := range usualRates {
		if math.Abs(u-r) < 0.002*r && (best == r || math.Abs(u-r) < math.Abs(best-r)) {
			best = u
		}
	}
	return best
}

// leastPart is 85 % of a target, rounded up (bis §4.4.4.9).
func leastPart(target int64) int64 { return (target*85 + 99) / 100 }

// reachable says whether whole samples of the given length fill a part to at least 85 % of the target.
func reachable(target, sample time.Duration) bool {
	return sample <= 0 || target/sample*sample >= target*85/100
}

// partTarget is the PART-TARGET for samples of the given lengths: the configured one, or the next whole
// millisecond above it at which parts of whole samples are within 85 % and 100 % of it. It is chosen
// once; afterwards it is frozen with the other headers.
func partTarget(configured time.Duration, samples ...time.Duration) time.Duration {
search:
	for t := configured; t <= max(time.Second, configured); t += time.Millisecond {
		for _, s := range samples {
			if !reachable(t, s) {
				continue search
			}
		}
		return t
	}
	return configured
}
