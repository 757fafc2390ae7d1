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

// TestRule15SoundOnly: a stream without pictures has parts of whole frames and segments of whole parts.
func TestRule15SoundOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := DefaultConfig()
		cfg.PartDuration = time.Duration(rapid.IntRange(100, 1000).Draw(t, "part")) * time.Millisecond
		s := newSynth(cfg)
		s.soundID = 0
		s.soundRate = rapid.SampledFrom([]int{16000, 22050, 32000, 44100, 48000}).Draw(t, "rate")
		s.p.setTracks([]media.Track{soundTrack(0, s.soundRate)})
		c := newChecker(s.p, t.Fatalf)
		drive(c, s, 10*time.Second, false, true)
		s.p.close()
		c.look()
		if want := int(media.Rescale(s.soundPTS, s.soundRate, s.soundRate) / 1024); c.shown[laneSound][1] != want {
			t.Fatalf("%d frames packaged of %d", c.shown[laneSound][1], want)
		}
	})
}

// TestRandomLife: whatever happens to a publisher, in whatever order, every playlist keeps the rules.
func TestRandomLife(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := DefaultConfig()
		cfg.SegmentDuration, cfg.TargetDuration, cfg.Window = time.Second, 2*time.Second, 8*time.Second
		cfg.PartDuration = time.Duration(rapid.SampledFrom([]int{100, 200, 334, 500}).Draw(t, "part")) * time.Millisecond
		s := newSynth(cfg)
		source(t, s)
		set := []media.Track{videoTrack(), soundTrack(1, s.soundRate)}
		s.p.setTracks(set)
		c := newChecker(s.p, t.Fatalf)
		c.loose, c.longest = true, 3*time.Second
		run := func(d time.Duration, video, sound bool) {
			from := max(s.dts, media.Rescale(s.soundPTS, s.soundRate, rate))
			s.dts, s.soundPTS = from, media.Rescale(from, rate, s.soundRate)
			drive(c, s, media.Duration(from, rate)+d, video, sound)
		}
		for i := range rapid.IntRange(2, 6).Draw(t, "acts") {
			d := time.Duration(rapid.IntRange(100, 4000).Draw(t, "ms")) * time.Millisecond
			switch rapid.IntRange(0, 7).Draw(t, "act") {
			case 0, 1:
				run(d, true, true)
			case 2:
				run(d, true, false)
			case 3:
				run(d, false, true)
			case 4:
				s.p.absent()
				c.look()
				s.skip(d)
				s.p.setTracks(set)
			case 5:
				s.skip(d)
			case 6:
				set = []media.Track{videoTrack(), soundTrack(1, s.soundRate)}
				set[0].Codec = &media.H264{SPS: sps, PPS: []byte{0x68, byte(i)}}
				s.p.setTracks(set)
				s.sinceKey = 0
			case 7:
				start := s.now.Add(time.Duration(rapid.IntRange(-3000, 3000).Draw(t, "cue")) * time.Millisecond)
				if _, err := s.p.PutCue(pin("pin_"+string(rune('a'+i)), start)); err != nil {
					t.Fatal(err)
				}
				run(d, true, true)
				if _, err := s.p.EndCue("pin_"+string(rune('a'+i)), s.now); err != nil {
					t.Fatal(err)
				}
			}
			c.look()
		}
		s.p.close()
		c.look()
	})
}

// TestEarly: at a constant frame rate a part is published with its last picture, not with the next one.
func TestEarly(t *testing.T) {
	s := newSynth(DefaultConfig())
	s.p.setTracks(tracks(true))
	s.run(4100*time.Millisecond, true, true)
	r, _ := s.p.Rendition("v0")
	early, late := 0, 0
	for s.dts < 20*rate {
		before := len(r.snap.Load().open.parts) + 100*int(r.snap.Load().open.msn)
		last := s.dts
		s.run(media.Duration(s.dts, rate)+time.Millisecond, true, true)
		if after := len(r.snap.Load().open.parts) + 100*int(r.snap.Load().open.msn); after == before {
			continue
		}
		// With the picture at 'last' the part came; early is when the part ends where that picture ends.
		switch last % 45000 {
		case 42000:
			early++
		case 0:
			late++
		default:
			t.Fatalf("a part came with the picture at %d", last)
		}
	}
	// Only the last part of a segment waits for the keyframe: the hint must not promise what does not come.
	if early < 3*late-3 || late > 9 {
		t.Errorf("%d parts came with their last picture, %d with the next", early, late)
	}
}
