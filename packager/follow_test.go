package packager

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"livesrv/internal/media"
)

// layer is one quality of a synthetic picture.
type layer struct {
	// every leaves pictures out: 2 is half the frame rate.
	every int
	// skew gives what a picture's stamp is off, in ticks; late how much later than it was taken it comes.
	skew, late func(i int) int64
	// key says whether a picture is a keyframe, away that it does not come.
	key, away func(i int) bool

	sent, keys int
	last       int64
}

// layers makes a picture in several qualities, with audio.
type layers struct {
	*synth
	set  []*layer
	todo []arrival
	made int // pictures that are in todo
	// change is called before each access unit.
	change func(au *media.AccessUnit)
}

type arrival struct {
	at int64
	au *media.AccessUnit
}

func none(int) int64 { return 0 }

func never(int) bool { return false }

// newLayers makes n layers without a fault, the tracks 0 to n-1, and audio as track n.
func newLayers(cfg Config, n int) *layers {
	s := &layers{synth: newSynth(cfg)}
	s.soundID = n
	for range n {
		s.set = append(s.set, &layer{every: 1, skew: none, late: none, key: func(i int) bool { return i%s.gop == 0 }, away: never})
	}
	s.p.setTracks(s.tracks())
	return s
}

func (s *layers) tracks() []media.Track {
	var all []media.Track
	for i := range s.set {
		t := videoTrack()
		t.ID = i
		t.Codec = &media.H264{SPS: sps, PPS: []byte{0x68, 0xeb, 0xef, byte(i)}}
		all = append(all, t)
	}
	return append(all, soundTrack(len(s.set), s.soundRate))
}

// make prepares the pictures up to a place on the line.
func (s *layers) make(end int64) {
	d := s.interval(0)
	for ; int64(s.made)*d < end; s.made++ {
		for id, l := range s.set {
			if s.made%l.every != 0 || l.away(s.made) {
				continue
			}
			dts := max(int64(s.made)*d+l.skew(s.made), l.last+90)
			l.last = dts
			unit := make([]byte, 100)
			unit[0] = 0x41
			key := l.key(s.made)
			if key {
				unit[0], l.keys = 0x65, l.keys+1
			}
			l.sent++
			s.todo = append(s.todo, arrival{int64(s.made)*d + l.late(s.made), &media.AccessUnit{Track: id, PTS: dts, DTS: dts, Wall: wallAt(dts), Key: key, Units: [][]byte{unit}}})
		}
	}
	slices.SortStableFunc(s.todo, func(a, b arrival) int { return int(a.at - b.at) })
}

// runLayers feeds what comes up to the given time.
func (s *layers) runLayers(until time.Duration) {
	end := media.Ticks(until, rate)
	s.make(end + rate)
	for {
		a := media.Rescale(s.soundPTS, s.soundRate, rate) - s.soundAhead
		if len(s.todo) > 0 && s.todo[0].at <= a {
			if s.todo[0].at >= end {
				return
			}
			s.at(s.todo[0].at)
			if s.change != nil {
				s.change(s.todo[0].au)
			}
			s.p.push(s.todo[0].au)
			s.todo = s.todo[1:]
			continue
		}
		if a >= end {
			return
		}
		s.sound()
	}
}

func (s *layers) drive(c *checker, until time.Duration) {
	for d := media.Duration(media.Rescale(s.soundPTS, s.soundRate, rate), rate); d < until; {
		d += 100 * time.Millisecond
		s.runLayers(d)
		s.p.tick()
		if d%(200*time.Millisecond) < 100*time.Millisecond {
			c.look()
		}
	}
}

// TestLayersAligned: whatever the jitter of stamps and arrivals, layers whose keyframes are of one instant have
// segments that all begin with a keyframe, within the skew of each other; every picture is packaged.
func TestLayersAligned(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		cfg := DefaultConfig()
		cfg.PartDuration = time.Duration(rapid.SampledFrom([]int{100, 200, 334, 500, 1000}).Draw(t, "part")) * time.Millisecond
		s := newLayers(cfg, rapid.SampledFrom([]int{2, 2, 3, 4}).Draw(t, "layers"))
		s.gop = rapid.SampledFrom([]int{30, 60, 90}).Draw(t, "gop")
		s.soundAhead = rapid.Int64Range(-5000, 5000).Draw(t, "sound ahead")
		for i, l := range s.set {
			l.every = rapid.SampledFrom([]int{1, 1, 2}).Draw(t, "every")
			skews := rapid.SliceOfN(rapid.Int64Range(-300, 300), 1, 9).Draw(t, "skew")
			lates := rapid.SliceOfN(rapid.Int64Range(0, 9000), 1, 9).Draw(t, "late")
			l.skew = func(n int) int64 { return skews[n%len(skews)] }
			l.late = func(n int) int64 { return lates[n%len(lates)] + int64(i) }
			// A layer's access units come in order.
			at := int64(0)
			late := l.late
			l.late = func(n int) int64 {
				at = max(at, int64(n)*3000+late(n))
				return at - int64(n)*3000
			}
		}
		c := newChecker(s.p, t.Fatalf)
		c.apart = media.Duration(s.p.cut.target, rate)
		s.drive(c, 3500*time.Millisecond)
		c.apart = cfg.PartDuration + 250*time.Millisecond
		s.drive(c, 5*time.Second)
		if st := s.p.Stats(); st.NotIndependent != 0 || st.GapSegments != 0 || st.Dropped != 0 {
			t.Fatalf("%+v", st)
		}
		arrived := make([]int, len(s.set))
		for _, a := range s.todo {
			arrived[a.au.Track]++
		}
		s.p.close()
		c.look()
		for i, l := range s.set {
			if got, want := c.shown[i][1], l.sent-arrived[i]; got != want {
				t.Fatalf("layer %d: %d pictures packaged of %d", i, got, want)
			}
		}
	})
}

// TestLayersRandomLife: missing and stray keyframes, pauses of any layer, absence, other parameter sets: every
// playlist keeps the rules, and all renditions go on together.
func TestLayersRandomLife(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		cfg := DefaultConfig()
		cfg.SegmentDuration, cfg.TargetDuration, cfg.Window = time.Second, 2*time.Second, 10*time.Second
		cfg.PartDuration = time.Duration(rapid.SampledFrom([]int{100, 200, 500}).Draw(t, "part")) * time.Millisecond
		s := newLayers(cfg, rapid.SampledFrom([]int{2, 2, 3, 4}).Draw(t, "layers"))
		s.gop = rapid.SampledFrom([]int{15, 30, 45, 100}).Draw(t, "gop")
		for _, l := range s.set {
			off := rapid.SampledFrom([]int{0, 0, 0, 1, 2, 7}).Draw(t, "keys off")
			lost := rapid.SliceOfN(rapid.IntRange(0, 9), 1, 9).Draw(t, "keys lost")
			pause := rapid.SliceOfN(rapid.IntRange(0, 180), 0, 4).Draw(t, "pauses")
			late := rapid.Int64Range(0, 12000).Draw(t, "late")
			l.late = func(int) int64 { return late }
			back := false
			l.away = func(i int) bool {
				n := 0
				for _, p := range pause {
					n += int(count(i > p))
				}
				if n%2 == 1 {
					back = true
				}
				return n%2 == 1
			}
			l.key = func(i int) bool {
				if i == 0 || back && i%3 == 0 {
					back = false
					return true
				}
				return (i+s.gop-off)%s.gop == 0 && lost[i/s.gop%len(lost)] != 0
			}
		}
		c := newChecker(s.p, t.Fatalf)
		c.loose, c.longest = true, 3*time.Second
		for at, i := time.Second, 0; at < 6*time.Second; i++ {
			switch rapid.IntRange(0, 9).Draw(t, "act") {
			case 0:
				set := s.tracks()
				set[rapid.IntRange(0, len(s.set)-1).Draw(t, "changed")].Codec = &media.H264{SPS: sps, PPS: []byte{0x68, 0xaa, byte(i)}}
				s.p.setTracks(set)
			case 1:
				s.p.absent()
				s.p.setTracks(s.tracks())
			case 2:
				if _, err := s.p.PutCue(pin(fmt.Sprintf("pin_%d_", i), s.now)); err != nil {
					t.Fatal(err)
				}
			}
			c.look()
			at += time.Duration(rapid.IntRange(100, 3000).Draw(t, "ms")) * time.Millisecond
			// PART-TARGET may be longer than configured where pictures are few.
			c.apart = media.Duration(s.p.cut.target, rate) + 800*time.Millisecond
			s.drive(c, at)
		}
		s.p.close()
		c.look()
	})
}

// variants reads the multivariant playlist.
func variants(t *testing.T, p *Presentation) string {
	t.Helper()
	b, err := p.Multivariant(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return string(b.Plain)
}

// TestLayerPauses: a layer that falls silent has gap parts in step with the others, and begins again with its
// keyframe where a segment begins; the best layer too, and then another leads.
func TestLayerPauses(t *testing.T) {
	for away := range 3 {
		s := newLayers(DefaultConfig(), 3)
		s.set[away].away = func(i int) bool { return i >= 200 && i < 420 }
		c := newChecker(s.p, t.Fatalf)
		c.apart = 900 * time.Millisecond
		s.drive(c, 20*time.Second)
		if st := s.p.Stats(); st.NotIndependent != 0 || st.Discontinuities != 0 {
			t.Errorf("layer %d away: %+v", away, st)
		}
		for i := range 3 {
			var gap time.Duration
			m := list(t, s.p, laneNames[i])
			for n, g := range m.Segments {
				for _, p := range g.Parts {
					if p.Gap {
						gap += p.Duration
					}
				}
				if len(g.Parts) == 0 && g.Gap {
					gap += g.Duration
				}
				if n > 0 && g.Map != "" || g.Discontinuity {
					t.Errorf("layer %d away: %s has a discontinuity without a change", away, laneNames[i])
				}
			}
			want := time.Duration(0)
			if i == away {
				want = 7333 * time.Millisecond // from picture 200 to the segment that begins with 420
			}
			if off := gap - want; off.Abs() > 40*time.Millisecond {
				t.Errorf("layer %d away: %v of gap in %s, want %v", away, gap, laneNames[i], want)
			}
		}
	}
}

// TestLayerComesLate: a layer that was silent at the start is added when it comes.
func TestLayerComesLate(t *testing.T) {
	for late := range 3 {
		s := newLayers(DefaultConfig(), 3)
		s.set[late].away = func(i int) bool { return i < 200 }
		c := newChecker(s.p, t.Fatalf)
		c.apart = 900 * time.Millisecond
		s.drive(c, 6*time.Second)
		if strings.Contains(variants(t, s.p), laneNames[late]+"/") {
			t.Errorf("%s is listed without media", laneNames[late])
		}
		s.drive(c, 14*time.Second)
		if !strings.Contains(variants(t, s.p), laneNames[late]+"/") {
			t.Errorf("%s is not listed\n%s", laneNames[late], variants(t, s.p))
		}
		if st := s.p.Stats(); st.NotIndependent != 0 || st.Discontinuities != 0 || st.GapSegments != 0 {
			t.Errorf("layer %d late: %+v", late, st)
		}
	}
}

// TestLayersElsewhere: a layer whose keyframes are never where those of the best are is packaged all the same,
// counted, and the claim of independent segments is dropped.
func TestLayersElsewhere(t *testing.T) {
	s := newLayers(DefaultConfig(), 2)
	s.set[1].key = func(i int) bool { return i%60 == 25 }
	c := newChecker(s.p, t.Fatalf)
	c.apart = 900 * time.Millisecond
	c.longest = 120 * time.Millisecond
	s.drive(c, 20*time.Second)
	if got := c.shown[1][1]; got < s.set[1].sent-200 {
		t.Errorf("%d pictures packaged of %d", got, s.set[1].sent)
	}
	if st := s.p.Stats(); st.NotIndependent < 5 {
		t.Errorf("%+v", st)
	}
	if v := variants(t, s.p); strings.Contains(v, "INDEPENDENT") || !strings.Contains(v, "v1/") {
		t.Error(v)
	}
}

// TestLayersRotate: the layers change their parameter sets one after the other, in either order: one
// discontinuity in every rendition, and all go on within one segment.
func TestLayersRotate(t *testing.T) {
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 0, 2}} {
		s := newLayers(DefaultConfig(), 3)
		for n, id := range order {
			s.set[id].late = func(int) int64 { return int64(n) * 900 }
			s.set[id].key = func(i int) bool { return i%60 == 0 || i == 190 }
		}
		c := newChecker(s.p, t.Fatalf)
		c.apart = 900 * time.Millisecond
		s.drive(c, 6200*time.Millisecond)
		set, changed := s.tracks(), map[int]bool{}
		s.change = func(au *media.AccessUnit) {
			if au.Key && !changed[au.Track] {
				changed[au.Track] = true
				set = slices.Clone(set)
				set[au.Track].Codec = &media.H264{SPS: sps, PPS: []byte{0x68, 0xaa, byte(au.Track)}}
				s.p.setTracks(set)
			}
		}
		s.drive(c, 12*time.Second)
		for i := range 3 {
			m := list(t, s.p, laneNames[i])
			discs, maps := 0, 0
			var gap time.Duration
			for _, g := range m.Segments {
				discs += int(count(g.Discontinuity))
				maps += int(count(g.Map != ""))
				if g.Gap {
					gap += g.Duration
				}
			}
			if discs != 1 || maps != 2 || gap > 0 {
				t.Errorf("%v: %s has %d discontinuities, %d maps, %v of gap", order, laneNames[i], discs, maps, gap)
			}
		}
	}
}

// TestLayersComeAndGo: a publisher leaves its best layer out of the tracks while that is silent, and brings it
// back; one that was not there at the start comes later. Each keeps its rendition, nothing is cut off, and the
// multivariant playlist has the best first.
func TestLayersComeAndGo(t *testing.T) {
	s := newLayers(DefaultConfig(), 3)
	all := s.tracks()
	told := []int{1, 2} // layers, as tracks
	tell := func(layers ...int) {
		told = layers
		set := make([]media.Track, 0, 4)
		for i, l := range layers {
			set = append(set, all[l])
			set[i].ID = i
		}
		s.soundID = len(layers)
		s.p.setTracks(append(set, soundTrack(s.soundID, s.soundRate)))
	}
	s.set[0].away = func(i int) bool { return i < 200 || i >= 480 && i < 620 }
	tell(1, 2)
	s.change = func(au *media.AccessUnit) {
		switch {
		case au.Track == 0 && len(told) == 2:
			tell(0, 1, 2)
		case au.DTS > 530*3000 && au.DTS < 600*3000 && len(told) == 3:
			tell(1, 2) // silent for a while
		}
		au.Track = slices.Index(told, au.Track)
	}
	c := newChecker(s.p, t.Fatalf)
	c.apart = 900 * time.Millisecond
	s.drive(c, 27*time.Second)
	if st := s.p.Stats(); st.Discontinuities != 0 || st.NotIndependent != 0 {
		t.Errorf("%+v", st)
	}
	for i := range 3 {
		m := list(t, s.p, laneNames[i])
		gap := time.Duration(0)
		for _, g := range m.Segments {
			if g.Gap {
				gap += g.Duration
			}
		}
		if i < 2 && gap > 0 || i == 2 && gap == 0 {
			t.Errorf("%s has %v of gap", laneNames[i], gap)
		}
	}
	if v := variants(t, s.p); strings.Index(v, "v2/") > strings.Index(v, "v0/") || !strings.Contains(v, "v1/") {
		t.Errorf("the best layer came late and should be first:\n%s", v)
	}
}
