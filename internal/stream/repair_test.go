package stream

import (
	"fmt"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"livesrv/internal/media"
)

// play sends n seconds of 30 pictures and 48 kHz AAC a second from `from` on. stamp turns the true time
// in milliseconds of an access unit of a track into what the publisher stamps.
func (f *feed) play(from, until int64, stamp func(track int, ms int64) int64) {
	f.t.Helper()
	v, a := (from*30+999)/1000, (from*48+1023)/1024
	for {
		vt, at := v*1000/30, a*1024/48
		if min(vt, at) >= until {
			return
		}
		if vt <= at {
			f.picture(stamp(0, vt), 0, v%60 == 0, ms(vt))
			v++
		} else {
			f.sound(1, stamp(1, at), ms(at))
			a++
		}
	}
}

func truly(_ int, ms int64) int64 { return ms }

// skew is how far sound and picture that belong together lie apart at the end, in milliseconds; pictures
// come 30 and frames 46.875 times a second, so the last of each are known by their number.
func (f *feed) skewAfter(until int64) float64 {
	v, a := f.aus(0), f.aus(1)
	vt := float64(v[len(v)-1].DTS)/90 - float64((until*30-1)/1000)*1000/30
	at := float64(a[len(a)-1].DTS)/48 - float64((until*48-1)/1024)*1024/48
	return at - vt
}

func TestPlainStreamIsNotTouched(t *testing.T) {
	f := newFeed(t, h264Declared, aac(1, 48000))
	f.play(0, 60_000, truly)
	for i, au := range f.aus(1) {
		if au.DTS != int64(i)*1024 {
			t.Fatalf("audio frame %d at %d", i, au.DTS)
		}
	}
	st := f.s.Stats()
	if st.Repairs != (Repairs{}) || st.WallCorrected != 0 {
		t.Errorf("%+v", st)
	}
	if got := st.Tracks[0].FrameRate; got != 30 {
		t.Errorf("frame rate %v", got)
	}
}

// 44.1 kHz frames last 23.22 ms, which millisecond stamps cannot say: laid end to end all the same.
func TestAudioIsLaidEndToEnd(t *testing.T) {
	for _, rate := range []int{44100, 48000, 32000, 24000, 22050} {
		t.Run(fmt.Sprint(rate), func(t *testing.T) {
			f := newFeed(t, aac(0, rate))
			for i := range int64(5000) {
				at := i * 1024 * 1000 / int64(rate)
				f.sound(0, at, ms(at))
			}
			for i, au := range f.aus(0) {
				if au.DTS != int64(i)*1024 {
					t.Fatalf("frame %d at %d", i, au.DTS)
				}
			}
		})
	}
}

func TestJumpsOfTheWholeClock(t *testing.T) {
	const hours = 3600 * 1000
	jumps := map[string]func(int64) int64{
		"10 hours on":      func(ms int64) int64 { return ms + 10*hours },
		"10 hours back":    func(ms int64) int64 { return ms - 10*hours },
		"to zero":          func(ms int64) int64 { return ms - 20_000 },
		"half a second on": func(ms int64) int64 { return ms + 500 }, // a gap, as far as anybody can tell
		"400 ms back":      func(ms int64) int64 { return ms - 400 },
		"3 seconds on":     func(ms int64) int64 { return ms + 3000 },
	}
	for name, jump := range jumps {
		t.Run(name, func(t *testing.T) {
			f := newFeed(t, h264Declared, aac(1, 48000))
			f.play(0, 20_000, truly)
			f.play(20_000, 60_000, func(_ int, ms int64) int64 { return jump(ms) })
			if skew := f.skewAfter(60_000); math.Abs(skew) > 45 {
				t.Errorf("sound is %.1f ms away from the picture", skew)
			}
			v := f.aus(0)
			if off := v[len(v)-1].DTS - 60*90000; max(off, -off) > 90000 {
				t.Errorf("the timeline is %d ticks off", off)
			}
		})
	}
}

// The 32-bit millisecond clock of RTMP wraps after 49.7 days (docs/hls.md P10), the 24-bit one of careless
// encoders after 4.6 hours; that of RTP in 13 hours.
func TestWraps(t *testing.T) {
	for _, bits := range []int{24, 31, 32} {
		t.Run(fmt.Sprint(bits), func(t *testing.T) {
			f := newFeed(t, h264Declared, aac(1, 48000))
			start := int64(1)<<bits - 20_000
			f.play(0, 60_000, func(_ int, ms int64) int64 { return (ms + start) % (1 << bits) })
			if skew := f.skewAfter(60_000); math.Abs(skew) > 5 {
				t.Errorf("sound is %.1f ms away from the picture", skew)
			}
			if r := f.s.Stats().Repairs; r.Jumps != 2 {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestOneBadStampLeavesNoTrace(t *testing.T) {
	for _, bad := range []int64{36_000_000, -36_000_000, 5000, -5000, -300} {
		for track := range 2 {
			t.Run(fmt.Sprintf("%d/%d", track, bad), func(t *testing.T) {
				f := newFeed(t, h264Declared, aac(1, 48000))
				hit := false
				f.play(0, 30_000, func(tr int, ms int64) int64 {
					if tr == track && ms > 15_000 && !hit {
						hit = true
						return ms + bad
					}
					return ms
				})
				v, a := f.aus(0), f.aus(1)
				if off := v[len(v)-1].DTS - 899*3000; max(off, -off) > 135 {
					t.Errorf("the picture is %d ticks off", off)
				}
				if off := a[len(a)-1].DTS - int64(len(a)-1)*1024; max(off, -off) > 48*5 {
					t.Errorf("the sound is %d samples off", off)
				}
			})
		}
	}
}

func TestOneTrackJumpsAlone(t *testing.T) {
	for track := range 2 {
		f := newFeed(t, h264Declared, aac(1, 48000))
		f.play(0, 30_000, func(tr int, ms int64) int64 {
			if tr == track && ms >= 15_000 {
				return ms + 36_000_000
			}
			return ms
		})
		if skew := f.skewAfter(30_000); math.Abs(skew) > 45 {
			t.Errorf("track %d jumped: sound is %.1f ms away from the picture", track, skew)
		}
	}
}

func TestMissingAudioLeavesItsHole(t *testing.T) {
	for _, lost := range []int64{3, 5, 50, 500} {
		f := newFeed(t, h264Declared, aac(1, 48000))
		for i := range int64(1500) {
			if i%16 == 0 {
				f.picture(i*1024/48, 0, i%64 == 0, ms(i*1024/48))
			}
			if i < 300 || i >= 300+lost {
				f.sound(1, i*1024/48, ms(i*1024/48))
			}
		}
		a := f.aus(1)
		if off := a[len(a)-1].DTS - 1499*1024; max(off, -off) > 48*2 {
			t.Errorf("%d frames lost: sound is %d samples off", lost, off)
		}
		r := f.s.Stats().Repairs
		if r.Gaps != 1 || max(int64(r.Missing)-lost, lost-int64(r.Missing)) > 1 {
			t.Errorf("%d frames lost: %+v", lost, r)
		}
	}
}

func TestTooMuchAudioIsDropped(t *testing.T) {
	f := newFeed(t, h264Declared, aac(1, 48000))
	for i := range int64(1500) {
		if i%16 == 0 {
			f.picture(i*1024/48, 0, i%64 == 0, ms(i*1024/48))
		}
		f.sound(1, i*1024/48, ms(i*1024/48))
		if i >= 300 && i < 310 {
			f.sound(1, i*1024/48, ms(i*1024/48))
		}
	}
	a := f.aus(1)
	if off := a[len(a)-1].DTS - 1499*1024; max(off, -off) > 1024*3/2 {
		t.Errorf("sound is %d samples off", off)
	}
	if r := f.s.Stats().Repairs; r.Dropped < 9 || r.Dropped > 10 {
		t.Errorf("%+v", r)
	}
}

// A sound card's clock is off by some hundred ppm: sound follows the stamps, a sample at a time.
func TestAudioDriftIsPulledBack(t *testing.T) {
	for _, ppm := range []float64{-400, -50, 50, 400} {
		f := newFeed(t, h264Declared, aac(1, 48000))
		const seconds = 900
		a := int64(0)
		for i := range int64(seconds * 30) {
			f.picture(i*1000/30, 0, i%60 == 0, ms(i*1000/30))
			for ; float64(a)*1024/48*(1+ppm*1e-6) < float64(i+1)*1000/30; a++ {
				at := int64(math.Round(float64(a) * 1024 / 48 * (1 + ppm*1e-6)))
				f.sound(1, at, ms(at))
			}
			f.trim()
		}
		want := float64(f.count1-1) * 1024 * (1 + ppm*1e-6)
		if off := (float64(f.last1.DTS) - want) / 48; math.Abs(off) > 10 {
			t.Errorf("%v ppm: after a quarter of an hour sound is %.1f ms off", ppm, off)
		}
		if r := f.s.Stats().Repairs; r.Gaps+r.Dropped != 0 || r.Pulled == 0 {
			t.Errorf("%v ppm: %+v", ppm, r)
		}
	}
}

func TestJitteringAudioStampsAreSmoothed(t *testing.T) {
	f := newFeed(t, aac(0, 48000))
	for i := range int64(3000) {
		at := i * 1024 / 48
		f.sound(0, at+[]int64{0, 17, -12, 25, -30, 8}[i%6]+40, ms(at))
	}
	a := f.aus(0)
	for i := 1; i < len(a); i++ {
		if d := a[i].DTS - a[i-1].DTS; d < 1023 || d > 1025 {
			t.Fatalf("frame %d lasts %d", i, d)
		}
	}
}

// Anything at all may be stamped: the timeline stays a timeline and stays near the arrivals.
func TestAnyStampsGiveATimeline(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		f := newFeed(t, h264Declared, aac(1, 48000))
		var off, now [2]int64
		steps := rapid.IntRange(20, 400).Draw(rt, "steps")
		for i := range steps {
			track := rapid.IntRange(0, 1).Draw(rt, "track")
			now[track] += []int64{33, 21}[track]
			arrives := ms(max(now[0], now[1]))
			bad := int64(0)
			switch rapid.IntRange(0, 30).Draw(rt, "what") {
			case 0:
				off[track] += rapid.Int64Range(-36_000_000, 36_000_000).Draw(rt, "jump")
			case 1:
				both := rapid.Int64Range(-36_000_000, 36_000_000).Draw(rt, "both")
				off[0] += both
				off[1] += both
			case 2:
				bad = rapid.Int64Range(-36_000_000, 36_000_000).Draw(rt, "bad")
			case 3:
				bad = rapid.Int64Range(-500, 500).Draw(rt, "near")
			case 4:
				now[track] += rapid.Int64Range(0, 20_000).Draw(rt, "pause")
			}
			if track == 0 {
				cts := rapid.Int64Range(-200, 200).Draw(rt, "cts")
				f.picture(now[0]+off[0]+bad, cts, i%20 == 0, arrives)
			} else {
				f.sound(1, now[1]+off[1]+bad, arrives)
			}
		}
		f.aus(0)
		f.aus(1)
	})
}

// Fifty days at two pictures a second: through the wrap of the 32-bit clock, with a camera
// whose clock is 80 ppm off, wall time stays within 50 ms of the arrivals and never moves by more than 500 ppm.
func TestFiftyDays(t *testing.T) {
	f := newFeed(t, av1Video)
	const perDay = 24 * 3600 * 2
	var last *media.AccessUnit
	for i := range int64(daysRun * perDay) {
		stamp := ((50-daysRun)*perDay + i) * 500 % (1 << 32)
		arrives := time.Duration(float64(i) * 500.04 * float64(time.Millisecond))
		f.picture(stamp, 0, i%4 == 0, arrives)
		for _, it := range f.out {
			au := it.AU
			if au == nil {
				continue
			}
			if last != nil {
				media, wall := time.Duration(au.PTS-last.PTS)*time.Second/90000, au.Wall.Sub(last.Wall)
				if au.DTS <= last.DTS || (wall-media).Abs() > media*501/1_000_000+1 {
					t.Fatalf("picture %d: %v of media, %v of wall time", i, media, wall)
				}
			}
			if off := au.Wall.Sub(au.Arrived); i > 100_000 && off.Abs() > 50*time.Millisecond {
				t.Fatalf("picture %d: wall time is %v off", i, off)
			}
			last = au
		}
		f.out = f.out[:0]
	}
	if r := f.s.Stats().Repairs; r.Jumps != 1 {
		t.Errorf("%+v", r)
	}
}
