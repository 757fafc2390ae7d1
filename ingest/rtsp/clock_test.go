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
		var vNTP, aNTP time.Time
		if reports {
			vNTP, aNTP = began.Add(at), began.Add(at)
		}
		// The sender's clock for sound runs 200 ppm fast against its own reports; it began in its past.
		v := uint32(media.Ticks(at, 90000)) + 0xFFFF0000
		a := uint32(media.Ticks(at+at/5000, 48000)) + 0xFFFFF000
		p := media.Duration(video.place(v, began.Add(at), vNTP), 90000)
		s := media.Duration(audio.place(a, began.Add(at+late), aNTP), 48000)
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
	video.place(0, now, now)
	if at := audio.place(77, now, now.Add(-time.Hour)); at != 0 {
		t.Errorf("the sound lies at %d", at)
	}
}
