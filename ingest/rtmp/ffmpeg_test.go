package rtmp

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"livesrv/ingest"
	"livesrv/internal/fault"
	"livesrv/internal/livetest"
	"livesrv/internal/livetest/door"
	"livesrv/internal/media"
)

// Real pushes by ffmpeg come out with the right tracks, on their grid, sound and picture together.
func TestPushes(t *testing.T) {
	for _, c := range []struct {
		name    string
		args    []string
		tracks  string
		length  float64 // of a picture in ticks, 0 without pictures
		reorder bool
		ofAudio int64
	}{
		{"H.264 without B-frames and AAC", slices.Concat(livetest.Picture("30"), livetest.Tone("48000"), livetest.X264("-tune", "zerolatency", "-c:a", "aac", "-t", "3")), "H.264+AAC", 3000, false, 1024},
		{"H.264 with B-frames and AAC at 44.1 kHz", slices.Concat(livetest.Picture("30"), livetest.Tone("44100"), livetest.X264("-preset", "medium", "-bf", "2", "-c:a", "aac", "-t", "3")), "H.264+AAC", 3000, true, 1024},
		{"23.976", slices.Concat(livetest.Picture("24000/1001"), livetest.Tone("48000"), livetest.X264("-c:a", "aac", "-t", "3")), "H.264+AAC", 3753.75, false, 1024},
		{"29.97", slices.Concat(livetest.Picture("30000/1001"), livetest.X264("-t", "3")), "H.264", 3003, false, 0},
		{"15", slices.Concat(livetest.Picture("15"), livetest.X264("-t", "3")), "H.264", 6000, false, 0},
		{"59.94", slices.Concat(livetest.Picture("60000/1001"), livetest.Tone("44100"), livetest.X264("-c:a", "aac", "-t", "3")), "H.264+AAC", 1501.5, false, 1024},
		{"AAC alone", slices.Concat(livetest.Tone("44100"), []string{"-c:a", "aac", "-t", "2"}), "AAC", 0, false, 1024},
		{"MP3 alone", slices.Concat(livetest.Tone("44100"), []string{"-c:a", "libmp3lame", "-t", "2"}), "MP3", 0, false, 1152},
		{"H.264 and MP3", slices.Concat(livetest.Picture("25"), livetest.Tone("44100"), livetest.X264("-c:a", "libmp3lame", "-t", "2")), "H.264+MP3", 3600, false, 1152},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			k := start(t)
			r := k.Streams.Open("show").Subscribe()
			_, wait := k.ffmpeg(k.url("/live/key-show"), c.args...)
			got := k.Collect(r)
			if out, err := wait(); err != nil {
				t.Errorf("ffmpeg: %v %s", err, out)
			}
			if e := k.WaitLeft(); e.Err != nil {
				t.Errorf("the session ended with %v", e.Err)
			}
			check(t, got, c.tracks, c.length, c.reorder, c.ofAudio)
			k.Untouched("show")
		})
	}
}

func check(t *testing.T, got *door.Received, tracks string, length float64, reorder bool, ofAudio int64) {
	t.Helper()
	if s := got.Codecs(); s != tracks {
		t.Fatalf("tracks %s", s)
	}
	var end [2]float64
	for i, tr := range got.Tracks {
		aus := got.AUs[i]
		if len(aus) < 25 {
			t.Fatalf("%s: %d access units", tr.Codec.Name(), len(aus))
		}
		last := aus[len(aus)-1]
		end[i] = float64(last.DTS) / float64(tr.ClockRate)
		if tr.Codec.Kind() == media.Audio {
			for j, au := range aus {
				if au.DTS != aus[0].DTS+int64(j)*ofAudio {
					t.Fatalf("audio frame %d at %d", j, au.DTS)
				}
			}
			continue
		}
		checkPictures(t, aus, length, reorder)
	}
	if len(got.Tracks) == 2 && math.Abs(end[0]-end[1]) > 0.2 {
		t.Errorf("picture ends at %.3f s, sound at %.3f s", end[0], end[1])
	}
}

func checkPictures(t *testing.T, aus []*media.AccessUnit, length float64, reorder bool) {
	t.Helper()
	if !aus[0].Key || aus[0].DTS > 90000 {
		t.Errorf("begins at %d, keyframe %v", aus[0].DTS, aus[0].Key)
	}
	reordered := false
	for j := 5; j < len(aus); j++ {
		if d := float64(aus[j].DTS - aus[j-1].DTS); math.Abs(d-length) > 1.01 {
			t.Fatalf("picture %d comes %v ticks after the one before", j, d)
		}
		if aus[j].PTS < aus[j].DTS || aus[j].Wall.IsZero() {
			t.Fatalf("picture %d: %+v", j, aus[j])
		}
		if k := float64(aus[j].PTS-aus[j].DTS) / length; math.Abs(k-math.Round(k)) > 0.01 {
			t.Fatalf("picture %d is shown %v pictures later", j, k)
		}
		reordered = reordered || aus[j].PTS > aus[j].DTS
	}
	if reordered != reorder {
		t.Errorf("reordered: %v", reordered)
	}
}

func TestKilledPublisherAndItsReturn(t *testing.T) {
	k := start(t)
	args := slices.Concat(livetest.Picture("30"), livetest.Tone("48000"), livetest.X264("-c:a", "aac"))
	kill, wait := k.ffmpeg(k.url("/live/key-show"), args...)
	k.WaitCame()
	k.WaitSaid("publish measured")
	kill()
	wait() //nolint:errcheck // it was killed
	if e := k.WaitLeft(); fault.KindOf(e.Err) != fault.Gone {
		t.Errorf("ended with %v", e.Err)
	}
	k.ffmpeg(k.url("/live/key-show"), args...)
	if s := k.WaitCame(); s.Stream != "show" || len(s.Tracks) != 2 {
		t.Errorf("%+v", s)
	}
	if !strings.Contains(k.Said.String(), `publish ended`) || !strings.Contains(k.Said.String(), "gop_s=1") {
		t.Error("the log says too little")
	}
}

func TestSecondPublisherIsRefused(t *testing.T) {
	k := start(t)
	args := slices.Concat(livetest.Picture("30"), livetest.X264())
	k.ffmpeg(k.url("/live/key-show"), args...)
	k.WaitCame()
	_, wait := k.ffmpeg(k.url("/live/key-show"), args...)
	out, err := wait()
	if err == nil || !strings.Contains(out, "somebody is publishing") {
		t.Errorf("the second publisher was told: %v %s", err, out)
	}
	if len(k.Door.Sessions()) != 1 || len(k.Left) != 0 {
		t.Error("the first publisher was disturbed")
	}
}

func TestNewestTakesOver(t *testing.T) {
	k := start(t, newest)
	args := slices.Concat(livetest.Picture("30"), livetest.X264())
	_, first := k.ffmpeg(k.url("/live/key-show"), args...)
	one := k.WaitCame()
	k.ffmpeg(k.url("/live/key-show"), args...)
	two := k.WaitCame()
	e := k.WaitLeft()
	if e.Session.ID != one.ID || fault.KindOf(e.Err) != fault.Conflict || one.ID == two.ID {
		t.Errorf("%+v", e)
	}
	if _, err := first(); err == nil {
		t.Error("the first publisher goes on")
	}
	if st := k.Door.Stats(); st.TakenOver != 1 || st.Publishing["rtmp"] > 1 {
		t.Errorf("%+v", st)
	}
}

// TestFirstAccessUnitComesAtOnce: who has said what comes, and whose configurations are there, is not waited for any longer.
func TestFirstAccessUnitComesAtOnce(t *testing.T) {
	const wait = 10 * time.Second
	k := start(t, func(_ *ingest.Config, c *Config) { c.TrackWait = wait })
	r := k.Streams.Open("show").Subscribe()
	defer r.Close()
	k.ffmpeg(k.url("/live/key-show"), slices.Concat(livetest.Picture("30"), livetest.Tone("48000"), livetest.X264("-tune", "zerolatency", "-c:a", "aac"))...)
	s := k.WaitCame()
	if d := time.Since(s.Started); d >= wait {
		t.Errorf("on air %v after the key was taken", d)
	}
}
