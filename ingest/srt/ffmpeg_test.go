package srt

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"livesrv/internal/fault"
	"livesrv/internal/livetest"
	"livesrv/internal/livetest/door"
	"livesrv/internal/media"
)

func TestFFmpeg(t *testing.T) {
	for _, c := range []struct {
		name    string
		args    []string
		tracks  string
		length  float64 // of a picture in ticks, 0 for none
		reorder bool
		frame   int64 // of sound, in ticks of its clock
	}{
		{"H.264 and AAC", slices.Concat(livetest.Picture("30"), livetest.Tone("48000"), livetest.X264("-c:a", "aac", "-t", "3")), "H.264+AAC", 3000, false, 1024},
		{"B-frames, 44.1 kHz", slices.Concat(livetest.Picture("25"), livetest.Tone("44100"), livetest.X264("-bf", "2", "-x264-params", "b-adapt=0:rc-lookahead=2:sync-lookahead=0", "-c:a", "aac", "-t", "3")), "H.264+AAC", 3600, true, 1024},
		{"HEVC and LATM", slices.Concat(livetest.Picture("30000/1001"), livetest.Tone("48000"), []string{"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:keyint=30:bframes=0",
			"-c:a", "aac", "-mpegts_flags", "latm", "-t", "3"}), "HEVC+AAC", 3003, false, 1024},
		{"Opus", slices.Concat(livetest.Picture("30"), livetest.Tone("48000"), livetest.X264("-c:a", "libopus", "-t", "3")), "H.264+Opus", 3000, false, 960},
		{"MP3 alone", slices.Concat(livetest.Tone("44100"), []string{"-c:a", "libmp3lame", "-t", "2"}), "MP3", 0, false, 1152},
		{"MPEG audio layer 2 (MP2) left out", slices.Concat(livetest.Picture("30"), livetest.Tone("48000"), livetest.X264("-c:a", "mp2", "-t", "3")), "H.264", 3000, false, 0},
		{"AC-3 sound left out", slices.Concat(livetest.Picture("30"), livetest.Tone("48000"), livetest.X264("-c:a", "ac3", "-t", "3")), "H.264", 3000, false, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			k := start(t)
			r := k.Streams.Open("show").Subscribe()
			_, wait := k.ffmpeg(k.url("streamid=publish:key-show"), c.args...)
			got := k.Collect(r)
			if out, err := wait(); err != nil {
				t.Errorf("ffmpeg: %v %s", err, out)
			}
			if e := k.WaitLeft(); e.Err != nil || len(e.Session.Tracks) != len(got.Tracks) || e.Session.Protocol != "srt" {
				t.Errorf("the session ended with %v: %+v", e.Err, e.Session)
			}
			check(t, got, c.tracks, c.length, c.reorder, c.frame)
			what, out := strings.CutSuffix(c.name, " left out")
			if out != strings.Contains(k.Said.String(), "not supported") || out && !strings.Contains(k.Said.String(), what+" is not supported and is left out") {
				t.Error("what was left out is not told right")
			}
			k.Untouched("show")
		})
	}
}

func check(t *testing.T, got *door.Received, tracks string, length float64, reorder bool, frame int64) {
	t.Helper()
	if s := got.Codecs(); s != tracks {
		t.Fatalf("tracks %s", s)
	}
	var begin, end [2]float64
	for i, tr := range got.Tracks {
		aus := got.AUs[i]
		if len(aus) < 40 {
			t.Fatalf("%s: %d access units", tr.Codec.Name(), len(aus))
		}
		begin[i] = float64(aus[0].PTS) / float64(tr.ClockRate)
		end[i] = float64(aus[len(aus)-1].PTS) / float64(tr.ClockRate)
		step, slack := float64(frame), 0.01
		if tr.Codec.Kind() == media.Video {
			step, slack = length, 1.01
		}
		reordered := false
		for j := 1; j < len(aus); j++ {
			if d := float64(aus[j].DTS - aus[j-1].DTS); math.Abs(d-step) > slack {
				t.Fatalf("%s: access unit %d comes %v ticks after the one before, want %v", tr.Codec.Name(), j, d, step)
			}
			reordered = reordered || aus[j].PTS > aus[j].DTS
		}
		if tr.Codec.Kind() == media.Video && reordered != reorder {
			t.Errorf("reordered: %v", reordered)
		}
	}
	// At a goodbye, ffmpeg does not wait for what is on its way, which is more of sound than of pictures.
	if len(got.Tracks) == 2 && (math.Abs(end[0]-end[1]) > 0.5 || math.Abs(begin[0]-begin[1]) > 0.1) {
		t.Errorf("picture %.3f to %.3f s, sound %.3f to %.3f s", begin[0], end[0], begin[1], end[1])
	}
}

// A publisher is cut off and comes back: the same stream goes on.
func TestKilledPublisherAndItsReturn(t *testing.T) {
	k := start(t, impatient)
	args := slices.Concat(livetest.Picture("30"), livetest.Tone("48000"), livetest.X264("-c:a", "aac"))
	kill, wait := k.ffmpeg(k.url("streamid=publish:key-show"), args...)
	k.WaitCame()
	k.WaitSaid("publish measured")
	kill()
	wait() //nolint:errcheck // it was killed
	if e := k.WaitLeft(); fault.KindOf(e.Err) != fault.Unavailable {
		t.Errorf("ended with %v", e.Err)
	}
	k.ffmpeg(k.url("streamid=%23!::r=key-show,m=publish"), args...)
	if s := k.WaitCame(); s.Stream != "show" || len(s.Tracks) != 2 || s.Tracks[0].Width != 160 {
		t.Errorf("%+v", s)
	}
}

func TestNewestTakesOver(t *testing.T) {
	k := start(t, newest)
	args := slices.Concat(livetest.Picture("30"), livetest.X264())
	_, first := k.ffmpeg(k.url("streamid=publish:key-show"), args...)
	one := k.WaitCame()
	k.ffmpeg(k.url("streamid=publish:key-show"), args...)
	two := k.WaitCame()
	if e := k.WaitLeft(); e.Session.ID != one.ID || fault.KindOf(e.Err) != fault.Conflict || one.ID == two.ID {
		t.Errorf("%+v", e)
	}
	if _, err := first(); err == nil {
		t.Error("the first publisher goes on")
	}
}

func TestEncrypted(t *testing.T) {
	k := start(t, secret)
	_, wait := k.ffmpeg(k.url("streamid=publish:key-show&passphrase=correct-horse&pbkeylen=32"), slices.Concat(livetest.Picture("30"), livetest.X264("-t", "2"))...)
	k.WaitCame()
	if e := k.WaitLeft(); e.Err != nil {
		t.Errorf("ended with %v", e.Err)
	}
	if out, err := wait(); err != nil {
		t.Error(err, out)
	}
	if strings.Contains(k.Said.String(), "correct-horse") {
		t.Error("the passphrase is in the log")
	}
	began := time.Now()
	if _, wait := k.ffmpeg(k.url("streamid=publish:key-show&passphrase=wrong-horse-x"), slices.Concat(livetest.Picture("30"), livetest.X264("-t", "2"))...); true {
		if out, err := wait(); err == nil || time.Since(began) > 10*time.Second {
			t.Error("a wrong passphrase came in", out)
		}
	}
}
