package whip

import (
	"slices"
	"time"

	"livesrv/internal/media"
)

const (
	// clockJump is how far a track's RTP clock may run away from the arrivals before it counts as a clock
	// that was set anew, and how far sender reports may put two tracks from where the arrivals put them.
	clockJump = 2 * time.Second
	// slewFrom and slewTo are the errors between two tracks at which a correction begins and ends: far
	// below what anybody sees, which is 45 ms.
	slewFrom = 5 * time.Millisecond
	slewTo   = time.Millisecond
	// slewPerMille is how fast a picture is moved: 10 ms in a second are not seen. What is seen itself, errors
	// over seen, is taken back faster, at hastePerMille.
	slewPerMille  = 10
	hastePerMille = 50
	seen          = 45 * time.Millisecond
	// keptReports is over how many pairs of sender reports the median is taken, fewestReports from how many on:
	// single reports are wrong by a lot, now and then.
	keptReports   = 11
	fewestReports = 3
	// arrivalWindow is how long the least delay of arrivals is remembered, at least, and twice at most.
	arrivalWindow = 8 * time.Second
)

// syncer puts all tracks of one publisher on one timeline. Its zero is the first packet's arrival.
//
// One track leads: the sound where there is any, because its samples cannot be moved unheard, else the first
// picture. Its RTP clock is the timeline. The others are placed against it: until both have sent sender
// reports by the arrivals, then by the reports, which name the sender's wall time of an RTP stamp (RFC 3550
// §6.4.1). Only the difference between two tracks counts, so that neither the sender's nor our wall clock
// matters. A track that turns out to lie wrong is moved slowly, never at a stroke.
type syncer struct {
	began  time.Time
	tracks []*trackClock
	lead   *trackClock
	ntp    uint64 // of the first sender report
	ntpSet bool
}

// trackClock is one track's RTP clock. Durations named media are counted from the track's first stamp.
type trackClock struct {
	sync  *syncer
	rate  int
	sound bool
	begun bool

	first, last int64 // RTP stamps, unwrapped
	arrived     time.Time
	// offset is added to media to come to the timeline.
	offset  time.Duration
	slewing bool

	// least and before are the least delays of arrivals in the window under way and in the last one.
	least, before  time.Duration
	window         time.Time
	seen, seenMore bool

	// report is sender's wall time less media, as the last sender report has it.
	report   time.Duration
	reported bool
	// apart are the last differences of report to the leading track's, middle their median.
	apart  []time.Duration
	middle time.Duration
}

func (s *syncer) add(rate int, sound bool) *trackClock {
	t := &trackClock{sync: s, rate: rate, sound: sound}
	s.tracks = append(s.tracks, t)
	return t
}

// place gives the place on the timeline, in ticks of the track's clock, of what is stamped so and arrived then.
func (t *trackClock) place(stamp uint32, arrived time.Time) int64 {
	if !t.begun {
		t.begin(stamp, arrived)
	}
	was := t.last
	t.last += int64(int32(stamp - uint32(t.last)))
	m := t.media(t.last)
	passed := m - t.media(was)
	if run := passed - arrived.Sub(t.arrived); run.Abs() > clockJump {
		t.anchor(m, arrived)
	}
	t.arrived = arrived
	t.observe(arrived.Sub(t.sync.began)-m, arrived)
	t.slew(passed)
	return t.at(t.last)
}

// at is the place on the timeline, in ticks of the track's clock, of an unwrapped stamp.
func (t *trackClock) at(stamp int64) int64 { return stamp - t.first + media.Ticks(t.offset, t.rate) }

func (t *trackClock) begin(stamp uint32, arrived time.Time) {
	t.begun = true
	t.first, t.last, t.arrived = int64(stamp), int64(stamp), arrived
	s := t.sync
	if s.began.IsZero() {
		s.began = arrived
	}
	t.offset = arrived.Sub(s.began)
	if s.lead == nil || t.sound && !s.lead.sound {
		s.lead = t
		for _, o := range s.tracks {
			o.apart = o.apart[:0]
		}
	}
}

// anchor begins the track's clock anew: it was set.
func (t *trackClock) anchor(m time.Duration, arrived time.Time) {
	t.offset = arrived.Sub(t.sync.began) - m
	t.seen, t.seenMore, t.reported, t.slewing = false, false, false, false
	t.apart = t.apart[:0]
	if t.sync.lead == t {
		for _, o := range t.sync.tracks {
			o.apart = o.apart[:0]
		}
	}
}

func (t *trackClock) media(stamp int64) time.Duration {
	return media.Duration(stamp-t.first, t.rate)
}

// observe notes the delay of an arrival.
func (t *trackClock) observe(delay time.Duration, arrived time.Time) {
	switch {
	case !t.seen:
		t.seen = true
		t.least, t.window = delay, arrived
	case arrived.Sub(t.window) > arrivalWindow:
		t.before, t.seenMore = t.least, true
		t.least, t.window = delay, arrived
	default:
		t.least = min(t.least, delay)
	}
}

// delay is the least delay of late.
func (t *trackClock) delay() time.Duration {
	if t.seenMore {
		return min(t.least, t.before)
	}
	return t.least
}

// sent takes a sender report: the sender's wall time in NTP format, and the RTP stamp of that moment.
func (t *trackClock) sent(ntp uint64, stamp uint32) {
	s := t.sync
	if !t.begun || ntp == 0 {
		return
	}
	if !s.ntpSet {
		s.ntpSet, s.ntp = true, ntp
	}
	// The difference is right over the end of NTP's era in 2036 too. 32 bits are seconds, 32 the fraction.
	d := int64(ntp - s.ntp)
	wall := time.Duration(d>>32)*time.Second + time.Duration((d&0xFFFFFFFF)*int64(time.Second)>>32)
	t.report = wall - t.media(t.last+int64(int32(stamp-uint32(t.last))))
	t.reported = true
	if s.lead == nil || !s.lead.reported {
		return
	}
	for _, o := range s.tracks {
		if o == s.lead || !o.reported || o != t && t != s.lead {
			continue
		}
		if len(o.apart) == keptReports {
			o.apart = slices.Delete(o.apart, 0, 1)
		}
		o.apart = append(o.apart, o.report-s.lead.report)
		sorted := slices.Clone(o.apart)
		slices.Sort(sorted)
		o.middle = sorted[len(sorted)/2]
	}
}

// aim is the offset that the track should have.
func (t *trackClock) aim() time.Duration {
	lead := t.sync.lead
	if t == lead || !t.seen || !lead.seen {
		return t.offset
	}
	apart := t.delay() - lead.delay()
	// Reports that contradict the arrivals by seconds are a sender's fault.
	if len(t.apart) >= fewestReports && (t.middle-apart).Abs() < clockJump {
		apart = t.middle
	}
	return lead.offset + apart
}

// slew moves the track towards its aim while passed goes by.
func (t *trackClock) slew(passed time.Duration) {
	e := t.aim() - t.offset
	if !t.slewing && e.Abs() < slewFrom {
		return
	}
	t.slewing = e.Abs() > slewTo
	if passed > 0 {
		pace := time.Duration(slewPerMille)
		if e.Abs() > seen {
			pace = hastePerMille
		}
		most := min(passed, time.Second) * pace / 1000
		t.offset += max(-most, min(most, e))
	}
}
