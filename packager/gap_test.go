package packager

import (
	"context"
	"strings"
	"testing"
	"time"

	"livesrv/internal/fault"
	"livesrv/internal/media"
	"livesrv/packager/playlist"
)

func tracks(sound bool) []media.Track {
	if !sound {
		return []media.Track{videoTrack()}
	}
	return []media.Track{videoTrack(), soundTrack(1, 48000)}
}

// list is the rendition's playlist at this moment.
func list(t *testing.T, p *Presentation, name string) *playlist.Media {
	t.Helper()
	r, ok := p.Rendition(name)
	if !ok {
		t.Fatalf("no rendition %s", name)
	}
	m, err := playlist.Parse(r.snap.Load().blob(SkipNone).Plain)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestRule10Absence: a publisher who goes away for 1, 5, 30 s and comes back leaves a gap, no
// discontinuity, and one timeline.
func TestRule10Absence(t *testing.T) {
	for _, away := range []time.Duration{300 * time.Millisecond, time.Second, 5 * time.Second, 30 * time.Second} {
		t.Run(away.String(), func(t *testing.T) {
			cfg := DefaultConfig()
			s := newSynth(cfg)
			s.p.setTracks(tracks(true))
			c := newChecker(s.p, t.Fatalf)
			drive(c, s, 5100*time.Millisecond, true, true)
			s.p.absent()
			c.look()
			last, since := s.p.Stats().Parts, s.now
			for begin := s.now; s.now.Sub(begin) < away; c.look() {
				s.now = s.now.Add(100 * time.Millisecond)
				s.p.tick()
				if n := s.p.Stats().Parts; n != last || s.now.Sub(begin) < cfg.GapAfter {
					last, since = n, s.now
				}
				if quiet := s.now.Sub(since); quiet > cfg.PartDuration+100*time.Millisecond {
					t.Fatalf("no new part for %v, %v into the absence", quiet, s.now.Sub(begin))
				}
			}
			s.dts += media.Ticks(away, rate)
			s.soundPTS += media.Ticks(away, s.soundRate)
			s.sinceKey = 0
			s.p.setTracks(tracks(true))
			drive(c, s, media.Duration(s.dts, rate)+5*time.Second, true, true)
			for _, name := range []string{"v0", "a0"} {
				m := list(t, s.p, name)
				gap := time.Duration(0)
				for i, g := range m.Segments {
					if g.Gap {
						gap += g.Duration
					}
					if g.Discontinuity || i > 0 && g.Map != "" {
						t.Errorf("%s: a discontinuity or a new map without a change: %+v", name, g)
					}
				}
				if d := gap - away; away >= time.Second && (d > 60*time.Millisecond || d < -60*time.Millisecond) {
					t.Errorf("%s: %v of gap for %v of absence", name, gap, away)
				}
			}
			if st := s.p.Stats(); st.Discontinuities != 0 || !st.OnAir {
				t.Errorf("%+v", st)
			}
		})
	}
}

// TestRule10Stub: where the publisher breaks off just behind a keyframe, and no sound has come with it, there is
// no segment of a picture or two, which players cannot play: the gap begins at the keyframe.
func TestRule10Stub(t *testing.T) {
	for _, sound := range []bool{true, false} {
		s := newSynth(DefaultConfig())
		s.soundAhead = -9000 // the sound comes 100 ms behind its picture
		s.p.setTracks(tracks(sound))
		c := newChecker(s.p, t.Fatalf)
		drive(c, s, 8*time.Second, true, sound)
		for range 2 {
			s.video()
		}
		want, dropped := map[bool]int64{true: s.dts - 2*3000, false: s.dts}[sound], s.p.Stats().Dropped
		s.p.absent()
		s.skip(5 * time.Second)
		c.look()
		var edge int64
		for _, g := range list(t, s.p, "v0").Segments {
			if g.Gap {
				break
			}
			edge += media.Ticks(g.Duration, rate)
		}
		if off := edge - want; off > 3000 || off < -3000 {
			t.Errorf("sound %v: media ends at %v, want %v", sound, media.Duration(edge, rate), media.Duration(want, rate))
		}
		if n := s.p.Stats().Dropped - dropped; sound && n != 2 || !sound && n != 0 {
			t.Errorf("sound %v: %d access units dropped", sound, n)
		}
		s.sinceKey = 0
		drive(c, s, media.Duration(s.dts, rate)+3*time.Second, true, sound)
	}
}

// TestRule10Stall: an encoder that says nothing while it is connected is the same.
func TestRule10Stall(t *testing.T) {
	s := newSynth(DefaultConfig())
	s.p.setTracks(tracks(true))
	c := newChecker(s.p, t.Fatalf)
	drive(c, s, 5*time.Second, true, true)
	s.skip(4 * time.Second)
	c.look()
	if st := s.p.Stats(); st.OnAir || st.GapSegments == 0 && st.Parts == 0 {
		t.Errorf("%+v", st)
	}
	if m := list(t, s.p, "v0"); m.Open == nil || !m.Open.Parts[0].Gap {
		t.Errorf("no gap parts while the encoder is silent: %+v", m.Open)
	}
	drive(c, s, media.Duration(s.dts, rate)+3*time.Second, true, true)
	if st := s.p.Stats(); !st.OnAir || st.GapSegments == 0 {
		t.Errorf("%+v", st)
	}
}

// TestEnd: after EndAfter the playlist ends, and directives are ignored (rule 23).
func TestEnd(t *testing.T) {
	cfg := DefaultConfig()
	cfg.EndAfter = 10 * time.Second
	s := newSynth(cfg)
	s.p.setTracks(tracks(true))
	c := newChecker(s.p, t.Fatalf)
	drive(c, s, 5*time.Second, true, true)
	s.p.absent()
	s.skip(11 * time.Second)
	c.look()
	m := list(t, s.p, "v0")
	if !m.End || m.Hint != nil || !s.p.Stats().Ended {
		t.Fatalf("not ended: %+v", m)
	}
	r, _ := s.p.Rendition("a0")
	b, err := r.Playlist(context.Background(), Query{HasMSN: true, MSN: 1 << 40, HasPart: true, Skip: SkipV2})
	if err != nil || !b.Ended || !strings.HasSuffix(string(b.Plain), "#EXT-X-ENDLIST\n") {
		t.Errorf("%v, %s", err, b.Plain)
	}
	if _, err := s.p.PutCue(Cue{ID: "late", Start: s.now}); fault.KindOf(err) != fault.Gone {
		t.Errorf("a cue after the end: %v", err)
	}
}

// TestRule11Change: other parameter sets begin a segment with a discontinuity and a new map, in every
// rendition; the same ones again do not.
func TestRule11Change(t *testing.T) {
	s := newSynth(DefaultConfig())
	s.p.setTracks(tracks(true))
	c := newChecker(s.p, t.Fatalf)
	drive(c, s, 5*time.Second, true, true)
	s.p.setTracks(tracks(true))
	drive(c, s, 7*time.Second, true, true)
	if n := s.p.Stats().Discontinuities; n != 0 {
		t.Fatalf("%d discontinuities without a change", n)
	}
	other := tracks(true)
	other[0].Codec = &media.H264{SPS: sps, PPS: append([]byte{}, 0x68, 0xee, 0x3c, 0x80)}
	s.p.setTracks(other)
	s.sinceKey = 0
	drive(c, s, 12*time.Second, true, true)
	for _, name := range []string{"v0", "a0"} {
		m := list(t, s.p, name)
		discs, maps := 0, 0
		for _, g := range m.Segments {
			if g.Discontinuity {
				discs++
			}
			if g.Map != "" {
				maps++
			}
			if g.Gap {
				t.Errorf("%s: a gap at a change without a pause", name)
			}
		}
		if want := map[string]int{"v0": 2, "a0": 1}[name]; discs != 1 || maps != want {
			t.Errorf("%s: %d discontinuities and %d maps", name, discs, maps)
		}
	}
	r, _ := s.p.Rendition("v0")
	first := r.snap.Load().segs[0].init
	for id := first; id < first+2; id++ {
		if b, ok := r.Init(id); !ok || len(b.Plain) == 0 {
			t.Errorf("init segment %d is not there", id)
		}
	}
}

// TestRule5ChangeInGap: a publisher who returns with other parameter sets while a gap is being listed changes nothing of
// what is listed (in the checker): the new map and the discontinuity come with the next segment.
func TestRule5ChangeInGap(t *testing.T) {
	for _, back := range []time.Duration{2300 * time.Millisecond, 2700 * time.Millisecond, 3100 * time.Millisecond, 4500 * time.Millisecond} {
		s := newSynth(DefaultConfig())
		s.p.setTracks(tracks(true))
		c := newChecker(s.p, t.Fatalf)
		drive(c, s, 5*time.Second, true, true)
		other := tracks(true)
		other[0].Codec = &media.H264{SPS: sps, PPS: append([]byte{}, 0x68, 0xee, 0x3c, 0x80)}
		away(c, s, back, other)
		s.skip(300 * time.Millisecond)
		c.look()
		drive(c, s, media.Duration(s.dts, rate)+5*time.Second, true, true)
		for name, want := range map[string]int{"v0": 2, "a0": 1} {
			discs, maps := 0, 0
			for _, g := range list(t, s.p, name).Segments {
				discs += int(count(g.Discontinuity))
				maps += int(count(g.Map != ""))
			}
			if discs != 1 || maps != want {
				t.Errorf("%v: %s: %d discontinuities and %d maps", back, name, discs, maps)
			}
		}
	}
}

// TestLateSound: pictures first, audio later: it is heard in the place of silence, the audio rendition appears, and both
// go on in step.
func TestLateSound(t *testing.T) {
	s := newSynth(DefaultConfig())
	s.p.setTracks(tracks(true))
	c := newChecker(s.p, t.Fatalf)
	drive(c, s, 5*time.Second, true, false)
	if _, ok := s.p.Rendition("a0"); ok {
		t.Fatal("there is an audio rendition without audio")
	}
	s.soundPTS = media.Rescale(s.dts, rate, s.soundRate)
	drive(c, s, 12*time.Second, true, true)
	v, a := list(t, s.p, "v0"), list(t, s.p, "a0")
	if v.MediaSequence+uint64(len(v.Segments)) != a.MediaSequence+uint64(len(a.Segments)) {
		t.Errorf("out of step: v0 %d+%d, a0 %d+%d", v.MediaSequence, len(v.Segments), a.MediaSequence, len(a.Segments))
	}
	discs := func(m *playlist.Media) uint64 {
		n := m.DiscontinuitySequence
		for _, g := range m.Segments {
			if g.Discontinuity {
				n++
			}
		}
		return n
	}
	if s.p.Stats().Discontinuities != 0 || discs(v) != 0 || discs(a) != 0 {
		t.Errorf("%d discontinuities, v0 %d, a0 %d", s.p.Stats().Discontinuities, discs(v), discs(a))
	}
	b, err := s.p.Multivariant(context.Background())
	if err != nil || !strings.Contains(string(b.Plain), `CODECS="avc1.4D401F,mp4a.40.2"`) || !strings.Contains(string(b.Plain), "a0/media.m3u8") {
		t.Errorf("%v\n%s", err, b.Plain)
	}
}

// TestLateVideo: audio first, pictures later.
func TestLateVideo(t *testing.T) {
	s := newSynth(DefaultConfig())
	s.p.setTracks(tracks(true))
	c := newChecker(s.p, t.Fatalf)
	drive(c, s, 6*time.Second, false, true)
	if _, ok := s.p.Rendition("v0"); ok {
		t.Fatal("there is a video rendition without pictures")
	}
	s.dts = media.Rescale(s.soundPTS, s.soundRate, rate)
	drive(c, s, 12*time.Second, true, true)
	if v := list(t, s.p, "v0"); len(v.Segments) < 2 {
		t.Errorf("%d segments of pictures", len(v.Segments))
	}
}

// TestSoundStops: audio of which no silence can be made is left out when it stops for good, so that players do not wait
// for it.
func TestSoundStops(t *testing.T) {
	s := newSynth(DefaultConfig())
	set := tracks(true)
	set[1].Codec.(*media.AAC).Config.ChannelConfig = 0
	s.p.setTracks(set)
	c := newChecker(s.p, t.Fatalf)
	drive(c, s, 5*time.Second, true, true)
	drive(c, s, 14*time.Second, true, false)
	if st := s.p.Stats(); st.Discontinuities != 1 {
		t.Errorf("%+v", st)
	}
	if m := list(t, s.p, "a0"); !m.Segments[len(m.Segments)-1].Gap {
		t.Errorf("the audio rendition has no gap without audio: %+v", m.Segments)
	}
}

// TestCameraDies: where pictures stop while the sound goes on, the last keyframe stands in for them without a hole, in
// segments like all others, until the next one comes; what comes before that is left out. Sound is not touched.
func TestCameraDies(t *testing.T) {
	for _, part := range []time.Duration{200 * time.Millisecond, 500 * time.Millisecond} {
		for _, reorder := range []int{0, 2} {
			cfg := DefaultConfig()
			cfg.PartDuration = part
			s := newSynth(cfg)
			s.reorder = reorder
			s.p.setTracks(tracks(true))
			c := newChecker(s.p, t.Fatalf)
			c.longest = part + media.Duration(videoSlack, rate)
			drive(c, s, 5*time.Second, true, true)
			before := s.p.Stats().Parts
			drive(c, s, 13*time.Second, false, true)
			if n := s.p.Stats().Parts - before; n < uint64(2*7*time.Second/part) {
				t.Errorf("%v: %d parts in 8 s without pictures", part, n)
			}
			s.dts = media.Rescale(s.soundPTS, s.soundRate, rate)
			dropped := s.p.Stats().Dropped
			drive(c, s, 16*time.Second, true, true)
			if n := s.p.Stats().Dropped - dropped; n != 30 {
				t.Errorf("%v: %d pictures were left out, want those up to the keyframe", part, n)
			}
			s.p.close()
			c.look()
			if st := s.p.Stats(); st.GapSegments != 0 || st.NotIndependent != 0 || st.Discontinuities != 0 {
				t.Errorf("%v: %+v", part, st)
			}
			for _, name := range []string{"v0", "a0"} {
				if n := unbroken(t, s.p, name, 0); n != 0 {
					t.Errorf("%v: %s: %d frames of silence", part, name, n)
				}
			}
		}
	}
}

// TestPicturesPause: pictures that are few, with keyframes that are rare, are no camera that died.
func TestPicturesPause(t *testing.T) {
	s := newSynth(DefaultConfig())
	s.interval, s.gop = constant(6*rate/5), 50
	s.p.setTracks(tracks(true))
	c := newChecker(s.p, t.Fatalf)
	c.loose, c.longest = true, 4*time.Second
	drive(c, s, 80*time.Second, true, true)
	if st := s.p.Stats(); st.Dropped != 0 || st.GapSegments != 0 {
		t.Errorf("%+v", st)
	}
}

// TestRule6LongGOP: a GOP longer than the target duration is cut, counted, and the claim of independent
// segments is dropped (rule 33).
func TestRule6LongGOP(t *testing.T) {
	s := newSynth(DefaultConfig())
	s.gop = 300
	s.p.setTracks(tracks(true))
	c := newChecker(s.p, t.Fatalf)
	drive(c, s, 3*time.Second, true, true)
	claim := func() bool {
		b, err := s.p.Multivariant(context.Background())
		return err == nil && strings.Contains(string(b.Plain), "#EXT-X-INDEPENDENT-SEGMENTS")
	}
	if !claim() {
		t.Error("no claim of independent segments while it is true")
	}
	drive(c, s, 25*time.Second, true, true)
	if st := s.p.Stats(); st.NotIndependent == 0 || st.Retimed != 0 {
		t.Errorf("%+v", st)
	}
	if claim() {
		t.Error("independent segments are claimed while there are others")
	}
}

// TestRule15Stumble: pictures that are late by some hundred milliseconds, or missing, leave no hole and no
// part out of bounds; presentation times stay (the checker compares the bytes).
func TestRule15Stumble(t *testing.T) {
	for _, hole := range []int64{4500, 9000, 30000, 60000, 120000} {
		s := newSynth(DefaultConfig())
		s.interval = func(i int) int64 {
			if i == 100 || i == 130 {
				return hole
			}
			return 3000
		}
		s.p.setTracks(tracks(true))
		c := newChecker(s.p, t.Fatalf)
		c.longest = 2 * time.Second
		c.loose = hole > 45000
		drive(c, s, 10*time.Second, true, true)
		// After more than a second the last keyframe has stood in, and the next one is waited for.
		if st := s.p.Stats(); st.GapSegments != 0 || (st.Dropped != 0) != (hole > rate) {
			t.Errorf("%d: %+v", hole, st)
		}
		if n := c.shown[laneMuxed][1]; n < s.picture-40 {
			t.Errorf("%d: %d pictures packaged of %d", hole, n, s.picture)
		}
	}
}

// TestRule6SoundOnlyHole: a hole in a stream of sound alone makes no segment longer than the target duration (rule 6, in the
// checker).
func TestRule6SoundOnlyHole(t *testing.T) {
	cfg := DefaultConfig()
	cfg.SegmentDuration, cfg.TargetDuration, cfg.Window = time.Second, 2*time.Second, 8*time.Second
	s := newSynth(cfg)
	s.soundID = 0
	s.p.setTracks([]media.Track{soundTrack(0, s.soundRate)})
	c := newChecker(s.p, t.Fatalf)
	c.loose = true
	drive(c, s, 3400*time.Millisecond, false, true)
	s.soundPTS += 2 * int64(s.soundRate)
	drive(c, s, 9*time.Second, false, true)
	if st := s.p.Stats(); st.GapSegments == 0 || st.Dropped != 0 {
		t.Errorf("%+v", st)
	}
}

// TestSoundHole: audio that is missing for a while, and of which no silence can be made, leaves gap parts in the audio
// rendition, so that its durations go on adding up to its dates (rule 14, in the checker).
func TestSoundHole(t *testing.T) {
	for _, gop := range []int{30, 48, 90} {
		s := newSynth(DefaultConfig())
		s.gop = gop
		set := tracks(true)
		set[1].Codec.(*media.AAC).Config.ChannelConfig = 0
		s.p.setTracks(set)
		c := newChecker(s.p, t.Fatalf)
		c.loose = true
		drive(c, s, 5100*time.Millisecond, true, true)
		drive(c, s, 8300*time.Millisecond, true, false)
		s.soundPTS = media.Rescale(s.dts, rate, s.soundRate)
		drive(c, s, 14*time.Second, true, true)
		gap := time.Duration(0)
		for _, g := range list(t, s.p, "a0").Segments {
			for _, p := range g.Parts {
				if p.Gap {
					gap += p.Duration
				}
			}
		}
		if off := gap - 3200*time.Millisecond; off.Abs() > 400*time.Millisecond {
			t.Errorf("%v of gap for 3.2 s without audio", gap)
		}
	}
}
