package packager

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"livesrv/internal/media"
)

// source draws a stream: constant or varying frame rate, with or without B-frames, any GOP.
func source(t *rapid.T, s *synth) {
	s.gop = rapid.SampledFrom([]int{12, 25, 30, 48, 50, 60, 90, 120, 250}).Draw(t, "gop")
	s.reorder = rapid.IntRange(0, 3).Draw(t, "reorder")
	s.soundRate = rapid.SampledFrom([]int{44100, 48000}).Draw(t, "sound rate")
	s.soundAhead = rapid.Int64Range(-9000, 9000).Draw(t, "sound ahead")
	switch rapid.IntRange(0, 3).Draw(t, "kind") {
	case 0:
		s.interval = constant(rapid.SampledFrom([]int64{6000, 4500, 3754, 3750, 3600, 3003, 3000, 1800, 1502, 1500}).Draw(t, "interval"))
	case 1: // any constant rate from 15 to 60
		s.interval = constant(rapid.Int64Range(1500, 6000).Draw(t, "interval"))
	case 2: // constant, stamped in milliseconds
		fps := rapid.Float64Range(15, 60).Draw(t, "fps")
		ms := func(i int) int64 { return int64(float64(i)*1000/fps+0.5) * 90 }
		s.interval = func(i int) int64 { return ms(i+1) - ms(i) }
	case 3: // varying from 15 to 60, in stretches
		pattern := rapid.SliceOfN(rapid.Int64Range(1500, 6000), 1, 20).Draw(t, "pattern")
		every := rapid.IntRange(1, 40).Draw(t, "every")
		s.interval = func(i int) int64 { return pattern[i/every%len(pattern)] }
		s.reorder = 0
	}
}

// run drives a source and looks at every snapshot.
func drive(c *checker, s *synth, until time.Duration, video, sound bool) {
	for d := 200 * time.Millisecond; d <= until; d += 100 * time.Millisecond {
		s.run(d, video, sound)
		c.look()
	}
}

// TestRule15PartDurations: whatever the frame rate, every part is at most PART-TARGET and at least 85 % of
// it, unless it is the last of its segment; and every other rule holds on every playlist on the way.
func TestRule15PartDurations(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := DefaultConfig()
		cfg.PartDuration = time.Duration(rapid.IntRange(100, 1000).Draw(t, "part")) * time.Millisecond
		if rapid.Bool().Draw(t, "short") {
			cfg.SegmentDuration, cfg.TargetDuration = time.Second, 2*time.Second
		}
		cfg.Window = 3 * cfg.TargetDuration
		s := newSynth(cfg)
		source(t, s)
		s.p.setTracks([]media.Track{videoTrack(), soundTrack(1, s.soundRate)})
		c := newChecker(s.p, t.Fatalf)
		drive(c, s, 10*time.Second, true, true)
		s.p.close()
		c.look()
		if got := c.shown[laneMuxed][1]; got != s.picture {
			t.Fatalf("%d pictures packaged of %d", got, s.picture)
		}
	})
}
