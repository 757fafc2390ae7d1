package rtsp

import (
	"time"

	"livesrv/internal/media"
)

const (
	// leastShift is the error against the sender reports that is worth a correction.
	leastShift = time.Millisecond
	// greatestShift is the error that is believed: some cameras report another clock for each track.
	greatestShift = 10 * time.Second
)

// timeline brings the tracks of one publisher onto one clock that begins at 0. Each RTP clock begins
// anywhere (RFC 3550 §5.1): until sender reports come, a track lies where its first packet arrived; from
// then on where the reports say it belongs, against the leading track, which never moves.
type timeline struct {
	began time.Time
	lead  *trackClock
}

// trackClock is the RTP clock of one track.
type trackClock struct {
	line *timeline
	rate int

	begun bool
	last  uint32
	ticks int64 // of last, unwrapped, from its own beginning
	shift int64 // from there to the timeline, in ticks

	report *report // the last one, nil before the first
	known  bool
	origin time.Time // the sender's time at the timeline's 0, as this track has it
}

// report is what a sender report says: when, by the sender's clock, an RTP timestamp of its source is
// (RFC 3550 §6.4.1). The first one often comes before the first packet.
type report struct {
	source uint32
	stamp  uint32
	ntp    time.Time
}

// newReport reads the 64 bits of an NTP timestamp: seconds since 1900, and their fraction.
func newReport(source, stamp uint32, ntp uint64) *report {
	const from1900 = 2_208_988_800
	return &report{source, stamp, time.Unix(int64(ntp>>32)-from1900, int64(ntp&0xFFFFFFFF)*1_000_000_000>>32)}
}

// track adds a track; leads says that the others follow it.
func (l *timeline) track(rate int, leads bool) *trackClock {
	c := &trackClock{line: l, rate: rate}
	if leads {
		l.lead = c
	}
	return c
}

// place puts an RTP timestamp of a source that arrived at a time onto the timeline, in ticks of the track.
func (c *trackClock) place(source, stamp uint32, arrived time.Time) int64 {
	if !c.begun {
		if c.line.began.IsZero() {
			c.line.began = arrived
		}
		c.begun, c.last = true, stamp
		c.shift = media.Ticks(arrived.Sub(c.line.began), c.rate)
	}
	// A timestamp has 32 bits: at 90 kHz it wraps after 13 hours.
	c.ticks += int64(int32(stamp - c.last))
	c.last = stamp
	if r := c.report; r != nil && r.source == source {
		ntp := r.ntp.Add(media.Duration(int64(int32(stamp-r.stamp)), c.rate))
		c.origin = ntp.Add(-media.Duration(c.ticks+c.shift, c.rate))
		c.known = true
		c.follow()
	}
	return c.ticks + c.shift
}

// follow moves the track to where it belongs against the leading one.
func (c *trackClock) follow() {
	lead := c.line.lead
	if lead == nil || lead == c || !lead.known {
		return
	}
	off := c.origin.Sub(lead.origin)
	if size := off.Abs(); size < leastShift || size > greatestShift {
		return
	}
	c.shift += media.Ticks(off, c.rate)
	c.origin = lead.origin
}
