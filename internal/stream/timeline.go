package stream

import (
	"time"

	"livesrv/internal/media"
)

// refRate is the rate of the stream's own timeline, whatever the clocks of its tracks.
const refRate = media.VideoClockRate

// timeline is what all publications of a stream share: the clock, and where the media ends so far.
type timeline struct {
	clock clock
	// jump is the tolerance before a stamp counts as a jump, in ref ticks.
	jump int64
	// end is the end of the last access unit of any track, in ref ticks.
	end int64
	// begun says that the current publication has its first access unit; base is the shift it began with.
	begun bool
	base  int64
}

// open starts a publication: its first access unit will find its place by wall time.
func (l *timeline) open() { l.begun = false }

// close notes where the media of a publication ends.
func (l *timeline) close(tracks []*track) {
	for _, t := range tracks {
		l.end = max(l.end, t.end())
	}
}

// begin places the first access unit of a publication, stamped src in ref ticks: at 0 when it is the
// stream's first ever, else where wall time says, but never over what is there already.
func (l *timeline) begin(src int64, arrived time.Time) {
	l.begun = true
	if !l.clock.set {
		l.clock.start(arrived)
		l.base = -src
		return
	}
	l.base = max(l.end, l.clock.at(arrived)) - src
	l.clock.forget()
}

const (
	// maxSlew is how fast wall time may be corrected against the timeline: 500 ppm, 1 ms in 2 s. It is
	// also how fast audio is pulled to its stamps.
	maxSlewPPM = 500
	// The error of the mapping is the least delay of the last ~16 s: a late access unit says little, an
	// early one says that the mapping is late.
	clockWindow  = 2 * refRate
	clockWindows = 8
	// slewFrom and slewTo are the errors at which a correction begins and ends. Between corrections wall
	// time and timeline run exactly alike.
	slewFrom = 30 * time.Millisecond
	slewTo   = 2 * time.Millisecond
)

// clock maps the timeline to wall time. All times come from one machine with Go's monotonic readings, so
// that setting the system's clock does not disturb a running stream.
type clock struct {
	set bool
	// zero is the wall time of tick 0 and takes the slow correction up.
	zero time.Time
	// corrected is the sum of all corrections.
	corrected time.Duration

	least   [clockWindows]time.Duration
	filled  int
	current time.Duration // least delay of the window under way
	started bool
	winEnd  int64
	last    int64
	slewing bool
}

func (c *clock) start(arrived time.Time) {
	c.set = true
	c.zero = arrived
}

// wall is the wall time of a place on the timeline.
func (c *clock) wall(t int64) time.Time { return c.zero.Add(media.Duration(t, refRate)) }

// at is the place on the timeline that has a wall time.
func (c *clock) at(w time.Time) int64 { return media.Ticks(w.Sub(c.zero), refRate) }

// lead is by how much the place t runs ahead of its arrival, in ref ticks; below 0 it came late.
func (c *clock) lead(t int64, arrived time.Time) int64 { return t - c.at(arrived) }

// forget drops what was learned about delays: another publisher has another line.
func (c *clock) forget() {
	c.filled, c.started, c.slewing = 0, false, false
}

// error is the least recent delay against the mapping, 0 while nothing is known.
func (c *clock) error() time.Duration {
	if c.filled == 0 {
		return 0
	}
	e := c.least[0]
	for _, x := range c.least[1:min(c.filled, clockWindows)] {
		e = min(e, x)
	}
	return e
}

// observe learns from an access unit at t and corrects the mapping by at most maxSlewPPM.
func (c *clock) observe(t int64, arrived time.Time) {
	delay := arrived.Sub(c.wall(t))
	switch {
	case !c.started:
		c.started = true
		c.current, c.winEnd, c.last = delay, t+clockWindow, t
		return
	case t >= c.winEnd:
		c.least[c.filled%clockWindows] = c.current
		c.filled++
		c.current, c.winEnd = delay, t+clockWindow
	default:
		c.current = min(c.current, delay)
	}
	if t <= c.last {
		return
	}
	passed := media.Duration(min(t-c.last, refRate), refRate)
	c.last = t
	c.slew(passed)
}

func (c *clock) slew(passed time.Duration) {
	e := c.error()
	if !c.slewing && e.Abs() < slewFrom {
		return
	}
	c.slewing = e.Abs() > slewTo
	most := passed * maxSlewPPM / 1_000_000
	step := max(-most, min(most, e))
	c.zero = c.zero.Add(step)
	c.corrected += step
	c.current -= step
	for i := range c.least {
		c.least[i] -= step
	}
}
