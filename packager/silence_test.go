package packager

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	mfmp4 "github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"pgregory.net/rapid"

	"livesrv/internal/media"
	"livesrv/packager/playlist"
)

// away has the publisher go, stay away for d, and come back with these tracks.
func away(c *checker, s *synth, d time.Duration, tracks []media.Track) {
	s.p.absent()
	c.look()
	s.skip(d)
	c.look()
	s.p.setTracks(tracks)
}

// partsOf are the parts of a rendition that have media, those that are listed and the open segment's.
func partsOf(t *testing.T, p *Presentation, name string) (all []*mfmp4.Part) {
	t.Helper()
	r, _ := p.Rendition(name)
	snap := r.snap.Load()
	for _, g := range append(slices.Clone(snap.segs), &snap.open) {
		for _, part := range g.parts {
			if part.gap {
				continue
			}
			var parts mfmp4.Parts
			if err := parts.Unmarshal(part.data); err != nil {
				t.Fatal(err)
			}
			all = append(all, parts[0])
		}
	}
	return all
}

// soundOf is where the frames of a rendition's sound are, in ticks of its track, and which of them are silence.
func soundOf(t *testing.T, p *Presentation, name string) (at, dur []int64, silent []bool) {
	t.Helper()
	track := map[string]int{"a0": 1}[name]
	if track == 0 {
		track = 2
	}
	silence := media.Silence(p.cut.sound.track.Codec)
	for _, part := range partsOf(t, p, name) {
		for _, tr := range part.Tracks {
			pos := int64(tr.BaseTime)
			for _, smp := range tr.Samples {
				if tr.ID == track {
					at, dur = append(at, pos), append(dur, int64(smp.Duration))
					silent = append(silent, bytes.Equal(smp.Payload, silence))
				}
				pos += int64(smp.Duration)
			}
		}
	}
	return at, dur, silent
}

// unbroken checks that frames lie end to end but for so many holes, and gives how many are silence.
func unbroken(t *testing.T, p *Presentation, name string, holes int) (silence int) {
	t.Helper()
	at, dur, silent := soundOf(t, p, name)
	for i := range at {
		if i > 0 && at[i] < at[i-1]+dur[i-1] {
			t.Errorf("%s: frame %d begins at %d, the one before ended at %d", name, i, at[i], at[i-1]+dur[i-1])
		}
		if i > 0 && at[i] > at[i-1]+dur[i-1] {
			holes--
		}
		if silent[i] {
			silence++
		}
	}
	if holes < 0 {
		t.Errorf("%s: %d holes too many", name, -holes)
	}
	return silence
}

// TestSoundAway: a publisher who returns without sound, and then with it, changes neither tracks nor timeline: silence
// stands in, in every rendition, as far as the pictures go.
func TestSoundAway(t *testing.T) {
	s := newSynth(DefaultConfig())
	s.p.setTracks(tracks(true))
	c := newChecker(s.p, t.Fatalf)
	c.apart = 600 * time.Millisecond
	drive(c, s, 5*time.Second, true, true)
	away(c, s, 5*time.Second, tracks(false))
	drive(c, s, 16*time.Second, true, false)
	if st := s.p.Stats(); !st.OnAir || !st.Silent || st.Discontinuities != 0 {
		t.Fatalf("%+v", st)
	}
	s.soundPTS = media.Rescale(s.dts, rate, s.soundRate)
	away(c, s, 5*time.Second, tracks(true))
	if st := s.p.Stats(); st.OnAir || st.Silent {
		t.Errorf("nobody is there: %+v", st)
	}
	drive(c, s, 27*time.Second, true, true)
	if st := s.p.Stats(); st.Silent {
		t.Errorf("sound is there: %+v", st)
	}
	s.p.close()
	c.look()
	for _, name := range []string{"v0", "a0"} {
		if n := unbroken(t, s.p, name, 2); n < 275 || n > 290 {
			t.Errorf("%s: %d frames of silence in 6 s", name, n)
		}
		if m := list(t, s.p, name); slices.ContainsFunc(m.Segments[1:], func(g playlist.Segment) bool { return g.Map != "" || g.Discontinuity }) {
			t.Errorf("%s: a new map or a discontinuity", name)
		}
	}
}

// TestSoundDies: sound that stops while the pictures go on is missed before a viewer's buffer is empty, and taken up
// again when it comes back; whatever its lag, no frame overlaps another.
func TestSoundDies(t *testing.T) {
	for _, lag := range []int64{0, 9000, -9000, -40000} {
		s := newSynth(DefaultConfig())
		s.soundAhead = lag
		s.p.setTracks(tracks(true))
		c := newChecker(s.p, t.Fatalf)
		c.loose = true
		drive(c, s, 6*time.Second, true, true)
		dead := s.soundPTS
		s.p.turned()
		drive(c, s, 12*time.Second, true, false)
		if !s.p.Stats().Silent || !s.p.turned() {
			t.Errorf("lag %d: that the sound is gone is not told", lag)
		}
		at, dur, _ := soundOf(t, s.p, "v0")
		if end := at[len(at)-1] + dur[len(at)-1]; s.dts-media.Rescale(end-s.p.cut.base*48000, 48000, rate) > rate*6/10 {
			t.Errorf("lag %d: sound ends at %d, pictures at %d", lag, end, s.dts)
		}
		s.soundPTS = media.Rescale(s.dts+lag, rate, s.soundRate)
		missing := (s.soundPTS - dead) / 1024
		drive(c, s, 18*time.Second, true, true)
		if s.p.Stats().Silent || !s.p.turned() {
			t.Errorf("lag %d: that the sound is back is not told", lag)
		}
		s.p.close()
		c.look()
		for _, name := range []string{"v0", "a0"} {
			if n := int64(unbroken(t, s.p, name, 0)); n < missing-1 || n > missing+25 {
				t.Errorf("lag %d: %s: %d frames of silence for %d", lag, name, n, missing)
			}
			if name == "v0" && s.p.Stats().Discontinuities != 0 {
				t.Errorf("lag %d: %+v", lag, s.p.Stats())
			}
		}
	}
}

// TestSoundStutters: frames that are missing for less than patience are silence too; nothing of what comes is lost.
func TestSoundStutters(t *testing.T) {
	s := newSynth(DefaultConfig())
	s.p.setTracks(tracks(true))
	c := newChecker(s.p, t.Fatalf)
	drive(c, s, 4*time.Second, true, true)
	for i := range 20 {
		s.soundPTS += 1024*int64(i%4) + int64(i%3*200)
		drive(c, s, 4*time.Second+time.Duration(i+1)*300*time.Millisecond, true, true)
	}
	s.p.close()
	c.look()
	if n := unbroken(t, s.p, "v0", 0); n < 25 || n > 45 {
		t.Errorf("%d frames of silence", n)
	}
	if st := s.p.Stats(); st.Dropped != 0 {
		t.Errorf("%+v", st)
	}
}

// TestSoundComes: a show that began without sound gets some of another kind in its middle: from the next keyframe on it
// is heard, with a discontinuity, in the same tracks.
func TestSoundComes(t *testing.T) {
	s := newSynth(DefaultConfig())
	s.soundRate = 44100
	s.p.setTracks(tracks(false))
	c := newChecker(s.p, t.Fatalf)
	drive(c, s, 5100*time.Millisecond, true, false)
	if _, ok := s.p.Rendition("a0"); ok {
		t.Fatal("there is an audio rendition without audio")
	}
	if !s.p.Stats().Silent {
		t.Error("that there is no sound is not told")
	}
	s.p.setTracks([]media.Track{videoTrack(), soundTrack(1, 44100)})
	s.soundPTS = media.Rescale(s.dts, rate, s.soundRate)
	drive(c, s, 12*time.Second, true, true)
	s.p.close()
	c.look()
	if st := s.p.Stats(); st.Discontinuities != 1 || st.GapSegments != 0 {
		t.Errorf("%+v", st)
	}
	m := list(t, s.p, "v0")
	at := slices.IndexFunc(m.Segments, func(g playlist.Segment) bool { return g.Discontinuity })
	if at < 0 || !m.Segments[at].DateTime.Equal(wallAt(6*rate)) {
		t.Errorf("the discontinuity is at segment %d", at)
	}
	if a := list(t, s.p, "a0"); len(a.Segments) < 3 || a.Segments[0].DateTime.Before(wallAt(6*rate)) {
		t.Errorf("the audio rendition: %+v", a.Segments)
	}
}

// TestPicturesAway: a publisher who returns with sound alone is heard in the audio rendition, the variant lists gaps; with
// pictures again it goes on as it was.
func TestPicturesAway(t *testing.T) {
	s := newSynth(DefaultConfig())
	s.p.setTracks(tracks(true))
	c := newChecker(s.p, t.Fatalf)
	c.loose = true
	drive(c, s, 5*time.Second, true, true)
	only := []media.Track{soundTrack(0, s.soundRate)}
	away(c, s, 5*time.Second, only)
	s.soundID = 0
	drive(c, s, 20*time.Second, false, true)
	if m := list(t, s.p, "v0"); !m.Segments[len(m.Segments)-1].Gap {
		t.Error("the variant has no gap while there are no pictures")
	}
	s.dts = media.Rescale(s.soundPTS, s.soundRate, rate)
	s.soundID = 1
	away(c, s, 5*time.Second, tracks(true))
	drive(c, s, 31*time.Second, true, true)
	if st := s.p.Stats(); st.Discontinuities != 0 {
		t.Errorf("%+v", st)
	}
}

// TestSoundBeforePictures: sound that came and stopped long before the first keyframe leaves no silence before it.
func TestSoundBeforePictures(t *testing.T) {
	s := newSynth(DefaultConfig())
	s.p.setTracks(tracks(true))
	c := newChecker(s.p, t.Fatalf)
	s.run(150*time.Millisecond, false, true)
	s.dts = 3 * rate
	drive(c, s, 3600*time.Millisecond, true, false)
	s.p.absent()
	c.look()
	s.skip(5 * time.Second)
	c.look()
	for _, r := range []string{"v0", "a0"} {
		if at, _, _ := soundOf(t, s.p, r); len(at) > 0 && at[0] < (s.p.cut.base+3)*48000 {
			t.Errorf("%s: sound from %d on, pictures from 3 s on", r, at[0]-s.p.cut.base*48000)
		}
	}
}

// TestRandomSound: whenever sound stops and comes, with the publisher or without, frames lie end to end, the pictures
// wait for none, and the tracks stay.
func TestRandomSound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := DefaultConfig()
		cfg.SegmentDuration, cfg.TargetDuration, cfg.Window = time.Second, 2*time.Second, 8*time.Second
		cfg.PartDuration = time.Duration(rapid.SampledFrom([]int{100, 200, 500}).Draw(t, "part")) * time.Millisecond
		s := newSynth(cfg)
		source(t, s)
		set := func(sound bool) []media.Track {
			if !sound {
				return tracks(false)
			}
			return []media.Track{videoTrack(), soundTrack(1, s.soundRate)}
		}
		declared := rapid.Bool().Draw(t, "declared")
		s.p.setTracks(set(declared))
		c := newChecker(s.p, t.Fatalf)
		c.loose, c.longest = true, 3*time.Second
		heard := declared && rapid.Bool().Draw(t, "heard")
		for range rapid.IntRange(2, 8).Draw(t, "acts") {
			d := time.Duration(rapid.IntRange(100, 4000).Draw(t, "ms")) * time.Millisecond
			from := s.dts
			s.soundPTS = max(s.soundPTS, media.Rescale(s.dts, rate, s.soundRate))
			drive(c, s, media.Duration(from, rate)+d, true, heard)
			switch rapid.IntRange(0, 3).Draw(t, "act") {
			case 0:
				heard = declared && !heard
			case 1:
				declared = !declared
				heard = declared
				s.p.setTracks(set(declared))
			case 2:
				declared = rapid.Bool().Draw(t, "declared")
				heard = declared
				away(c, s, d, set(declared))
			}
			c.look()
		}
		from := s.dts
		s.soundPTS = max(s.soundPTS, media.Rescale(s.dts, rate, s.soundRate))
		drive(c, s, media.Duration(from, rate)+5*time.Second, true, heard)
		s.p.close()
		c.look()
		if r, ok := s.p.Rendition("v0"); ok {
			if n := len(*r.inits.Load()); n > 2 {
				t.Fatalf("%d init segments", n)
			}
		}
	})
}

// TestSilenceDecodes: sound of every kind stops and comes back, and decoders take what stands between for what it is.
func TestSilenceDecodes(t *testing.T) {
	aac := func(c mpeg4audio.AudioSpecificConfig) media.Track {
		c.Type = mpeg4audio.ObjectTypeAACLC
		return media.Track{ID: 1, ClockRate: c.SampleRate, Codec: &media.AAC{Config: c}}
	}
	cases := map[string]struct {
		track  media.Track
		encode string
	}{
		"aac stereo":  {encode: "-ac 2 -c:a aac"},
		"aac mono":    {encode: "-ac 1 -c:a aac"},
		"aac 44.1":    {encode: "-ac 2 -ar 44100 -c:a aac"},
		"aac 5.1":     {encode: "-ac 6 -c:a aac"},
		"opus stereo": {encode: "-ac 2 -c:a libopus"},
		"opus mono":   {encode: "-ac 1 -c:a libopus -frame_duration 60"},
		"mp3 stereo":  {encode: "-ac 2 -c:a libmp3lame"},
		"mp3 mono":    {encode: "-ac 1 -ar 44100 -c:a libmp3lame"},
		// No encoder here makes these.
		"he-aac":    {track: aac(mpeg4audio.AudioSpecificConfig{SampleRate: 24000, ChannelConfig: 2, ExtensionType: mpeg4audio.ObjectTypeSBR, ExtensionSampleRate: 48000})},
		"he-aac v2": {track: aac(mpeg4audio.AudioSpecificConfig{SampleRate: 24000, ChannelConfig: 1, ExtensionType: mpeg4audio.ObjectTypePS, ExtensionSampleRate: 48000})},
	}
	for channels := uint8(3); channels <= 7; channels++ {
		c := cases["aac stereo"]
		c.track, c.encode = aac(mpeg4audio.AudioSpecificConfig{SampleRate: 48000, ChannelConfig: channels}), ""
		cases[fmt.Sprintf("aac configuration %d", channels)] = c
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const picture = "-f lavfi -i testsrc2=s=128x72:r=30:d=12 -c:v libx264 -preset ultrafast -g 60 "
			encoded := picture
			if c.encode != "" {
				encoded = "-f lavfi -i sine=frequency=440:sample_rate=48000:d=12 " + picture + c.encode
			}
			set, aus := encode(t, encoded)
			if c.encode == "" {
				set = append(set, c.track)
			}
			s := newSynth(DefaultConfig())
			s.p.setTracks(set)
			for _, au := range aus {
				at := media.Rescale(au.DTS, set[au.Track].ClockRate, rate)
				s.at(at)
				if set[au.Track].Codec.Kind() == media.Video || at < 4*rate || at > 8*rate {
					s.p.push(au)
				}
			}
			s.p.close()
			level := loudness(t, s.p, c.encode != "")
			for i, db := range level[1 : len(level)-1] {
				silent := c.encode == "" || i+1 > 4 && i+1 < 7
				if silent != (db < -80) && i+1 != 4 && i+1 != 7 && i+1 != 8 {
					t.Errorf("second %d has %.0f dB", i+1, db)
				}
			}
			if len(level) < 11 {
				t.Errorf("%d s of sound", len(level))
			}
		})
	}
}

// loudness decodes the sound of v0, and of a0 where there is one, without a word of complaint, and gives the level of each
// second of it.
func loudness(t *testing.T, p *Presentation, alone bool) []float64 {
	t.Helper()
	var level []float64
	for _, name := range []string{"v0", "a0"} {
		r, ok := p.Rendition(name)
		if !ok {
			if name == "a0" && alone {
				t.Error("no audio rendition")
			}
			continue
		}
		cmd := exec.Command("ffmpeg", "-v", "warning", "-i", "-", "-map", "0:a", "-ac", "1", "-ar", "8000", "-f", "f32le", "pipe:1")
		cmd.Stdin = bytes.NewReader(whole(t, r))
		var out, complaints bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &complaints
		if err := cmd.Run(); err != nil || complaints.Len() > 0 {
			t.Errorf("%s: ffmpeg: %v: %s", name, err, complaints.String())
		}
		pcm := make([]float32, out.Len()/4)
		if err := binary.Read(&out, binary.LittleEndian, pcm); err != nil {
			t.Fatal(err)
		}
		level = level[:0]
		for second := range slices.Chunk(pcm, 8000) {
			var energy float64
			for _, x := range second {
				energy += float64(x) * float64(x)
			}
			level = append(level, 10*math.Log10(energy/float64(len(second))+1e-12))
		}
		t.Logf("%s: %s", name, strings.Trim(fmt.Sprintf("%.0f", level), "[]"))
	}
	return level
}
