package packager

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"livesrv/internal/media"
)

// screen is a publisher who shares a screen: pictures come when something changes, some in a row and then none for 1 to 3 s,
// and sound all the while. A keyframe comes when one is asked for, as when pictures have paused for half a second, and no
// other: at once where it is prompt, else as the next picture.
type screen struct {
	s      *synth
	c      *checker
	rnd    *rand.Rand
	prompt bool
	// delay is how long a keyframe is under way.
	delay time.Duration

	at, next, lastKey time.Duration
	sent              int
	asked             bool
	coming            []shot
}

// shot is a picture that is under way.
type shot struct {
	n        uint32
	at, here time.Duration
	key      bool
}

func (v *screen) shoot(key bool) {
	d := 30 * time.Millisecond
	if key {
		d, v.lastKey = v.delay, v.at
	}
	if n := len(v.coming); n > 0 { // one after the other
		d = max(d, v.coming[n-1].here-v.at)
	}
	v.coming = append(v.coming, shot{uint32(v.sent), v.at, v.at + d, key})
	v.sent++
	v.asked = false
}

// run shares the screen until then.
func (v *screen) run(until time.Duration) {
	const step = 10 * time.Millisecond
	lastShot := v.at
	for ; v.at < until; v.at += step {
		key := v.sent == 0 || v.asked && !v.prompt
		switch {
		case v.at >= v.next:
			v.shoot(key)
			lastShot = v.at
			v.next = v.at + time.Second + time.Duration(v.rnd.IntN(2000))*time.Millisecond
			if v.rnd.IntN(3) > 0 {
				v.next = v.at + 70*time.Millisecond
			}
		case v.asked && v.prompt:
			v.shoot(true)
			lastShot = v.at
		case v.at-lastShot >= 500*time.Millisecond && v.lastKey != lastShot:
			v.asked = true
		}
		for media.Duration(v.s.soundPTS, v.s.soundRate) < v.at {
			v.s.sound()
		}
		for len(v.coming) > 0 && v.coming[0].here <= v.at {
			v.arrive(v.coming[0])
			v.coming = v.coming[1:]
		}
		if v.at%(50*time.Millisecond) == 0 {
			v.c.look()
		}
	}
}

func (v *screen) arrive(p shot) {
	unit := newUnit(400, p.key)
	binary.BigEndian.PutUint32(unit[1:], p.n)
	dts := media.Ticks(p.at, rate)
	v.s.p.push(&media.AccessUnit{PTS: dts, DTS: dts, Wall: wallAt(dts), Key: p.key, Units: [][]byte{unit}})
}

// seen is a picture as a player gets it.
type seen struct {
	n   uint32
	pts int64
}

// seenIn are the pictures of the best rendition, none of which is reordered; behind is how far the pictures of
// what was listed ended before its sound at most.
func seenIn(t *testing.T, p *Presentation) (all []seen, behind time.Duration) {
	t.Helper()
	ends := map[int]time.Duration{}
	for _, part := range partsOf(t, p, "v0") {
		for _, tr := range part.Tracks {
			pos, scale := int64(tr.BaseTime), rate
			if tr.ID != 1 {
				scale = 48000
			}
			for _, smp := range tr.Samples {
				if tr.ID == 1 {
					pts := pos + int64(smp.PTSOffset)
					all = append(all, seen{binary.BigEndian.Uint32(smp.Payload[5:]), pts})
				}
				pos += int64(smp.Duration)
			}
			ends[tr.ID] = media.Duration(pos, scale)
		}
		behind = max(behind, ends[2]-ends[1])
	}
	if !slices.IsSortedFunc(all, func(a, b seen) int { return int(a.pts - b.pts) }) {
		t.Error("pictures are shown in another order than they are decoded in")
	}
	return all, behind
}

// TestScreenShared: where pictures pause while sound goes on, a keyframe stands in before a player has nothing left to show,
// and nothing of what comes then is lost. The picture goes back in time only where no keyframe comes in the pause.
func TestScreenShared(t *testing.T) {
	const fast, slow = 200 * time.Millisecond, 500 * time.Millisecond
	for _, c := range []struct {
		part   time.Duration
		prompt bool
		delay  time.Duration // of a keyframe, on its way
		// behind is how far the pictures may end before the sound, back how often the picture may go back.
		behind time.Duration
		back   int
	}{
		{fast, true, 300 * time.Millisecond, 500 * time.Millisecond, 0},
		{fast, true, 900 * time.Millisecond, 1300 * time.Millisecond, 30},
		{fast, false, 300 * time.Millisecond, 1500 * time.Millisecond, 30},
		{slow, true, 30 * time.Millisecond, 500 * time.Millisecond, 0},
		{slow, true, 900 * time.Millisecond, 1300 * time.Millisecond, 30},
		{slow, false, 900 * time.Millisecond, 1700 * time.Millisecond, 30},
	} {
		t.Run(fmt.Sprint(c.part, c.prompt, c.delay), func(t *testing.T) {
			cfg := DefaultConfig()
			cfg.PartDuration = c.part
			s := newSynth(cfg)
			s.p.setTracks(tracks(true))
			v := &screen{s: s, c: newChecker(s.p, t.Fatalf), rnd: rand.New(rand.NewPCG(1, 2)), prompt: c.prompt, delay: c.delay}
			v.c.loose, v.c.longest = true, 2*time.Second
			v.run(40 * time.Second)
			s.p.close()
			v.c.look()
			if st := s.p.Stats(); st.Dropped+st.NotIndependent+st.GapSegments != 0 {
				t.Errorf("%+v", st)
			}
			all, behind := seenIn(t, s.p)
			back, shown := 0, map[uint32]bool{}
			for i, p := range all {
				shown[p.n] = true
				if i > 0 && p.n < all[i-1].n {
					back++
				}
			}
			if n := v.sent - len(v.coming); len(shown) != n {
				t.Errorf("%d pictures were shown of %d", len(shown), n)
			}
			if behind > c.behind || back > c.back {
				t.Errorf("the pictures ended up to %v before the sound, and went back %d times", behind, back)
			}
		})
	}
}

// TestSoundAhead: pictures that always come long after their sound are not missing.
func TestSoundAhead(t *testing.T) {
	s := newSynth(DefaultConfig())
	s.soundAhead = 6 * rate / 10
	s.p.setTracks(tracks(true))
	c := newChecker(s.p, t.Fatalf)
	c.loose, c.longest = true, time.Second
	drive(c, s, 20*time.Second, true, true)
	s.p.close()
	c.look()
	if n := c.shown[laneMuxed][1]; n != s.picture {
		t.Errorf("%d pictures were packaged of %d", n, s.picture)
	}
}
