package stream

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"livesrv/internal/media"
)

// Millisecond stamps of a constant frame rate come back on their grid, whatever the rate, however the
// encoder rounds, with and without a frame rate in the parameter sets.
func TestConstantFrameRates(t *testing.T) {
	roundings := map[string]func(float64) float64{"floor": math.Floor, "nearest": math.Round, "up": math.Ceil}
	for _, r := range rates {
		for name, round := range roundings {
			t.Run(fmt.Sprintf("%d-%d/%s", r.num, r.den, name), func(t *testing.T) {
				f := newFeed(t, av1Video)
				length := 1000 * float64(r.den) / float64(r.num)
				const n = 500
				for i := range n {
					at := length * float64(i)
					f.picture(int64(round(at)), 0, i%50 == 0, time.Duration(at*float64(time.Millisecond)))
				}
				aus := f.aus(0)
				if len(aus) != n {
					t.Fatalf("%d of %d pictures", len(aus), n)
				}
				for i := 320; i < n; i++ {
					want := r.span(int64(i)) - r.span(int64(i-1))
					if d := aus[i].DTS - aus[i-1].DTS; max(d-want, want-d) > 1 {
						t.Fatalf("picture %d comes %d ticks after the one before, want %d", i, d, want)
					}
					if off := aus[i].DTS - r.span(int64(i)); max(off, -off) > 135 {
						t.Fatalf("picture %d is %d ticks away from its stamp", i, off)
					}
				}
				if got := f.s.Stats().Tracks[0].FrameRate; got != float64(r.num)/float64(r.den) {
					t.Errorf("frame rate %v", got)
				}
			})
		}
	}
}

func TestDeclaredFrameRateIsUsedAtOnce(t *testing.T) {
	for length, sps := range map[int64][]byte{3000: sps30, 3003: sps2997} {
		f := newFeed(t, media.Track{Codec: &media.H264{SPS: sps, PPS: pps}, ClockRate: 90000})
		for i := range int64(60) {
			f.picture(i*length/90, 0, i == 0, ms(i*length/90))
		}
		aus := f.aus(0)
		for i := 4; i < len(aus); i++ {
			if d := aus[i].DTS - aus[i-1].DTS; max(d-length, length-d) > 1 {
				t.Fatalf("picture %d comes %d ticks after the one before, want %d", i, d, length)
			}
		}
	}
}

// A frame rate in the parameter sets that is not the true one must not be followed.
func TestDeclaredFrameRateIsWrong(t *testing.T) {
	f := newFeed(t, h264Declared)
	for i := range 600 {
		at := int64(i) * 40 // 25, not 30
		f.picture(at, 0, i == 0, ms(at))
	}
	for i, au := range f.aus(0) {
		if off := au.DTS - int64(i)*3600; max(off, -off) > 135 {
			t.Fatalf("picture %d is %d ticks away from its stamp", i, off)
		}
	}
}

func TestFramesDroppedByTheEncoderLeaveTheirHole(t *testing.T) {
	f := newFeed(t, h264Declared)
	var want []int64
	for i := range int64(300) {
		if i%7 == 3 || i > 100 && i < 130 {
			continue
		}
		f.picture(i*1000/30, 0, i == 0, ms(i*1000/30))
		want = append(want, i*3000)
	}
	for i, au := range f.aus(0) {
		if off := au.DTS - want[i]; max(off, -off) > 135 {
			t.Fatalf("picture %d is %d ticks away from its stamp", i, off)
		}
	}
}

// A variable frame rate is left alone: no picture moves by more than one and a half steps of the stamps.
func TestVariableFrameRate(t *testing.T) {
	for seed := range uint64(20) {
		f := newFeed(t, h264Declared)
		rng := rand.New(rand.NewPCG(seed, 1))
		var want []int64
		at := int64(0)
		for i := range 500 {
			f.picture(at, 0, i == 0, ms(at))
			want = append(want, at*90)
			at += 12 + rng.Int64N(60)
		}
		for i, au := range f.aus(0) {
			if off := au.DTS - want[i]; max(off, -off) > 135 {
				t.Fatalf("seed %d: picture %d is %d ticks away from its stamp", seed, i, off)
			}
		}
	}
}

func TestReorderedPicturesStayOnTheGrid(t *testing.T) {
	f := newFeed(t, h264Declared)
	order := []int64{1, 4, 2, 3} // shown at: P B B, one picture of delay
	var want []int64
	for i := range int64(400) {
		shown := i/4*4 + order[i%4]
		f.picture(i*1000/30, shown*1000/30-i*1000/30, i == 0, ms(i*1000/30))
		want = append(want, shown*3000)
	}
	aus := f.aus(0)
	offset := aus[100].PTS - want[100]
	if max(offset, -offset) > 135 {
		t.Fatalf("PTS off by %d", offset)
	}
	for i := 100; i < len(aus); i++ {
		if off := aus[i].PTS - want[i] - offset; max(off, -off) > 1 {
			t.Fatalf("picture %d: PTS off by %d", i, off)
		}
	}
}

// NVENC sends DTS > PTS with B-frames (docs/hls.md P9): DTS is set back once, pictures keep their PTS.
func TestDTSOverPTS(t *testing.T) {
	f := newFeed(t, h264Declared)
	order := []int64{0, 3, 1, 2}
	for i := range int64(200) {
		shown := i/4*4 + order[i%4]
		f.picture(1000+i*1000/30, shown*1000/30-i*1000/30, i == 0, ms(i*1000/30))
	}
	seen := map[int64]bool{}
	for i, au := range f.aus(0) {
		if seen[au.PTS] {
			t.Fatalf("picture %d: PTS %d twice", i, au.PTS)
		}
		seen[au.PTS] = true
		shown := int64(i)/4*4 + order[i%4]
		if off := au.PTS - shown*3000; i > 8 && max(off, -off) > 135 {
			t.Fatalf("picture %d: PTS off by %d", i, off)
		}
	}
	if n := f.s.Stats().Repairs.DTSOverPTS; n == 0 || n > 3 {
		t.Errorf("counted %d times", n)
	}
}

func TestDuplicatesAndReversals(t *testing.T) {
	f := newFeed(t, h264Declared)
	for i := range int64(300) {
		at := i * 1000 / 30
		f.picture(at, 0, i == 0, ms(at))
		if i%50 == 20 {
			f.picture(at, 0, false, ms(at))
		}
		if i%50 == 40 {
			f.picture(at-200, 0, false, ms(at))
		}
	}
	aus := f.aus(0)
	if len(aus) != 300+6+6 {
		t.Fatalf("%d pictures", len(aus))
	}
	last := aus[len(aus)-1]
	if off := last.DTS - 299*3000; max(off, -off) > 135 {
		t.Errorf("the last picture is %d ticks away from its stamp", off)
	}
	if r := f.s.Stats().Repairs; r.Duplicates != 6 || r.Reversals != 6 || r.Jumps != 0 {
		t.Errorf("%+v", r)
	}
}

func TestGridSurvivesAClockThatIsALittleOff(t *testing.T) {
	f := newFeed(t, h264Declared)
	for i := range 30 * 600 {
		at := float64(i) * 1000 / 30 * 1.0001 // 100 ppm
		f.picture(int64(math.Round(at)), 0, i%60 == 0, time.Duration(at*1e6))
	}
	aus := f.aus(0)
	for i := 10; i < len(aus); i++ {
		if d := aus[i].DTS - aus[i-1].DTS; d < 2999 || d > 3001 {
			t.Fatalf("picture %d comes %d ticks after the one before", i, d)
		}
	}
	want := float64(len(aus)-1) * 3000 * 1.0001
	if off := float64(aus[len(aus)-1].DTS) - want; math.Abs(off) > 135 {
		t.Errorf("after ten minutes %v ticks off", off)
	}
}

func BenchmarkWrite(b *testing.B) {
	f := newFeed(b, h264Declared, aac(1, 48000))
	unit := make([]byte, 10000)
	unit[0] = 0x41
	key := make([]byte, 10000)
	key[0] = 0x65
	aus := make([]media.AccessUnit, b.N)
	units := make([][1][]byte, b.N)
	for i := range aus {
		u := unit
		if i%60 == 0 {
			u = key
		}
		units[i][0] = u
		aus[i] = media.AccessUnit{
			DTS: int64(i) * 1000 / 30 * 90, PTS: int64(i) * 1000 / 30 * 90,
			Arrived: f.start.Add(ms(int64(i) * 1000 / 30)), Units: units[i][:],
		}
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range aus {
		if err := f.w.Write(&aus[i]); err != nil {
			b.Fatal(err)
		}
		f.r.pop()
	}
}
