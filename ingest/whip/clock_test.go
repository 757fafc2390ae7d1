package whip

import (
	"math/rand/v2"
	"testing"
	"time"
)

// source is a camera or a microphone of a simulated publisher: its RTP clock runs ppm too fast.
type source struct {
	rate  int
	every time.Duration
	ppm   float64
	base  uint32
}

// stamp is the RTP stamp of a moment of the publisher's life.
func (s source) stamp(at time.Duration) uint32 {
	return s.base + uint32(int64(at.Seconds()*(1+s.ppm/1e6)*float64(s.rate)))
}

// ntp is a wall time in the format of sender reports.
func ntp(t time.Time) uint64 {
	d := t.Sub(time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)) // over 292 years away in 2192
	return uint64(d/time.Second)<<32 | uint64(d%time.Second)<<32/uint64(time.Second)
}

// simulation is an hour of a publisher, from a wall time on.
type simulation struct {
	length       time.Duration
	began        time.Time // the publisher's wall clock
	video, audio source
	// reportsFrom is when sender reports begin, 0 for never; stepAt is when the publisher's wall clock is set
	// back by a minute.
	reportsFrom, stepAt time.Duration
	// early is how much earlier than the picture of the same moment sound arrives.
	early time.Duration
}

// run gives the greatest error between picture and sound from settled on.
func (s simulation) run(settled time.Duration) (worst time.Duration) {
	rnd := rand.New(rand.NewPCG(4, 2))
	var y syncer
	sound, picture := y.add(s.audio.rate, true), y.add(s.video.rate, false)
	here := time.Date(2026, 11, 27, 10, 0, 0, 0, time.UTC)
	wall := func(at time.Duration) time.Time {
		if s.stepAt > 0 && at >= s.stepAt {
			at -= time.Minute
		}
		return s.began.Add(at)
	}
	report := func(t *trackClock, src source, at time.Duration) {
		// libwebrtc's reports are off by a few milliseconds, and now and then one is nonsense.
		off := time.Duration(rnd.Int64N(int64(6*time.Millisecond))) - 3*time.Millisecond
		if rnd.IntN(40) == 0 {
			off += 800 * time.Millisecond
		}
		t.sent(ntp(wall(at)), src.stamp(at+off))
	}
	// What was captured when, on the timeline, as the last packet of each track says it.
	var soundAt, soundCaptured time.Duration
	nextPicture, nextReport, lastPicture := time.Duration(0), s.reportsFrom, time.Duration(0)
	for at := time.Duration(0); at < s.length; at += s.audio.every {
		jitter := func() time.Duration { return time.Duration(rnd.ExpFloat64() * float64(8*time.Millisecond)) }
		if rnd.Float64() >= 0.01 {
			p := sound.place(s.audio.stamp(at), here.Add(at+50*time.Millisecond+jitter()))
			soundAt, soundCaptured = time.Duration(float64(p)/float64(s.audio.rate)*1e9), at
		}
		for ; nextPicture <= at; nextPicture += s.video.every {
			if rnd.Float64() < 0.01 {
				continue
			}
			p := picture.place(s.video.stamp(nextPicture), here.Add(nextPicture+50*time.Millisecond+s.early+jitter()))
			pictureAt := time.Duration(float64(p) / float64(s.video.rate) * 1e9)
			if pictureAt <= lastPicture && lastPicture > 0 {
				return time.Hour // back in time
			}
			lastPicture = pictureAt
			if nextPicture > settled {
				skew := (pictureAt - soundAt) - (nextPicture - soundCaptured)
				worst = max(worst, skew.Abs())
			}
		}
		if s.reportsFrom > 0 && at >= nextReport {
			nextReport += 2 * time.Second
			report(sound, s.audio, at)
			report(picture, s.video, at)
		}
	}
	return worst
}

// TestLipSync simulates an hour with 1 % loss, drifting clocks, stamps that run over 32 bits, reports that lie, and
// wants picture and sound within 45 ms (docs/hls.md P8).
func TestLipSync(t *testing.T) {
	now := time.Date(2026, 11, 27, 10, 0, 0, 0, time.UTC)
	camera := source{rate: 90000, every: time.Second / 30, base: 1<<32 - 90000*600}
	microphone := source{rate: 48000, every: 20 * time.Millisecond, base: 1<<32 - 48000*60}
	with := func(s source, ppm float64) source { s.ppm = ppm; return s }
	for name, c := range map[string]struct {
		s       simulation
		settled time.Duration
		most    time.Duration
	}{
		"exact clocks":        {simulation{video: camera, audio: microphone, began: now, reportsFrom: time.Second}, time.Second, 15 * time.Millisecond},
		"sound 200 ppm fast":  {simulation{video: camera, audio: with(microphone, 200), began: now, reportsFrom: time.Second}, time.Second, 20 * time.Millisecond},
		"sound 200 ppm slow":  {simulation{video: camera, audio: with(microphone, -200), began: now, reportsFrom: time.Second}, time.Second, 20 * time.Millisecond},
		"both, apart":         {simulation{video: with(camera, -200), audio: with(microphone, 200), began: now, reportsFrom: time.Second}, time.Second, 25 * time.Millisecond},
		"no reports at all":   {simulation{video: camera, audio: with(microphone, 200), began: now}, time.Second, 45 * time.Millisecond},
		"late pictures":       {simulation{video: camera, audio: microphone, began: now, reportsFrom: 5 * time.Second, early: 150 * time.Millisecond}, 21 * time.Second, 20 * time.Millisecond},
		"NTP's era ends":      {simulation{video: camera, audio: with(microphone, 200), began: time.Date(2036, 2, 7, 6, 0, 0, 0, time.UTC), reportsFrom: time.Second}, time.Second, 20 * time.Millisecond},
		"wall clock set back": {simulation{video: camera, audio: with(microphone, 200), began: now, reportsFrom: time.Second, stepAt: 30 * time.Minute}, time.Second, 20 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.s.length = time.Hour
			worst := c.s.run(c.settled)
			t.Logf("at most %v apart", worst.Round(100*time.Microsecond))
			if worst > c.most {
				t.Errorf("picture and sound are up to %v apart, allowed are %v", worst, c.most)
			}
		})
	}
}

// TestClockSetAnew wants a track whose RTP clock jumps to go on where the arrivals say, near the other one.
func TestClockSetAnew(t *testing.T) {
	var y syncer
	sound, picture := y.add(48000, true), y.add(90000, false)
	here := time.Now()
	var s, p int64
	for n := range 500 {
		at := time.Duration(n) * 20 * time.Millisecond
		stamp := uint32(n * 960)
		if n >= 250 {
			stamp += 3_000_000_000
		}
		s = sound.place(stamp, here.Add(at))
		p = picture.place(uint32(n*1800), here.Add(at))
		if d := time.Duration(s)*time.Second/48000 - at; d.Abs() > 5*time.Millisecond {
			t.Fatalf("sound %d lies %v off", n, d)
		}
		if d := time.Duration(p)*time.Second/90000 - at; d.Abs() > 10*time.Millisecond {
			t.Fatalf("picture %d lies %v off", n, d)
		}
	}
}
