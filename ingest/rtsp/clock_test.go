package rtsp

import (
	"testing"
	"time"

	"livesrv/internal/media"
)

// Before the first sender report tracks lie where they arrived; after it, where they belong. Over hours,
// with clocks that drift and timestamps that wrap, sound stays with the picture.
func TestClock(t *testing.T) {
	var l timeline
	video, audio := l.track(90000, true), l.track(48000, false)
	began := time.Unix(1_800_000_000, 0)
	const late = 300 * time.Millisecond // by which the sound's way is longer
	place := func(at time.Duration, reports bool) time.Duration {
		// The sender's clock for sound runs 200 ppm fast against its own reports; it began in its past.
		v := uint32(media.Ticks(at, 90000)) + 0xFFFF0000
		a := uint32(media.Ticks(at+at/5000, 48000)) + 0xFFFFF000
		if reports {
			ntp := uint64(began.Add(at).Unix()+2_208_988_800) << 32
			video.report, audio.report = newReport(1, v, ntp), newReport(2, a, ntp)
		}
		p := media.Duration(video.place(1, v, began.Add(at)), 90000)
		s := media.Duration(audio.place(2, a, began.Add(at+late)), 48000)
		return s - p
	}
	if off := place(0, false); off < late-time.Millisecond || off > late+time.Millisecond {
		t.Errorf("before reports the sound is %v off", off)
	}
	place(time.Second, true)
	for at := 2 * time.Second; at < 30*time.Hour; at += 5 * time.Second {
		if off := place(at, true); off.Abs() > 2*time.Millisecond {
			t.Fatalf("after %v the sound is %v off", at, off)
		}
	}
}

// A report that is wildly wrong is not believed.
func TestWildReport(t *testing.T) {
	var l timeline
	video, audio := l.track(90000, true), l.track(48000, false)
	now := time.Unix(1_800_000_000, 0)
	video.report, audio.report = newReport(1, 0, 4_000_000_000<<32), newReport(2, 77, 3_999_990_000<<32)
	video.place(1, 0, now)
	if at := audio.place(2, 77, now); at != 0 {
		t.Errorf("the sound lies at %d", at)
	}
}
