package srt

import (
	"math"
	"strings"
	"testing"
	"time"

	"livesrv/internal/fault"
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
		{"H.264 and AAC", join(picture("30"), tone("48000"), x264("-c:a", "aac", "-t", "3")), "H.264+AAC", 3000, false, 1024},
		{"B-frames, 44.1 kHz", join(picture("25"), tone("44100"), x264("-bf", "2", "-x264-params", "b-adapt=0:rc-lookahead=2:sync-lookahead=0", "-c:a", "aac", "-t", "3")), "H.264+AAC", 3600, true, 1024},
		{"HEVC and LATM", join(picture("30000/1001"), tone("48000"), []string{"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:keyint=30:bframes=0",
			"-c:a", "aac", "-mpegts_flags", "latm", "-t", "3"}), "HEVC+AAC", 3003, false, 1024},
		{"Opus", join(picture("30"), tone("48000"), x264("-c:a", "libopus", "-t", "3")), "H.264+Opus", 3000, false, 960},
		{"MP3 alone", join(tone("44100"), []string{"-c:a", "libmp3lame", "-t", "2"}), "MP3", 0, false, 1152},
		{"MP2 left out", join(picture("30"), tone("48000"), x264("-c:a", "mp2", "-t", "3")), "H.264", 3000, false, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			k := start(t)
			r := k.reg.Open("show").Subscribe()
			_, wait := k.ffmpeg(k.url("streamid=publish:key-show"), c.args...)
			got := k.collect(r)
			if out, err := wait(); err != nil {
				t.Errorf("ffmpeg: %v %s", err, out)
			}
			if e := k.waitEnd(); e.err != nil || len(e.s.Tracks) != len(got.tracks) || e.s.Protocol != "srt" {
				t.Errorf("the session ended with %v: %+v", e.err, e.s)
			}
			got.check(t, c.tracks, c.length, c.reorder, c.frame)
			if strings.Contains(c.name, "MP2") != strings.Contains(k.log.String(), "MPEG audio layer 2 (MP2) is not supported") {
				t.Error("what was left out is not told right")
			}
			st, _ := k.reg.Stream("show")
			if r := st.Stats().Repairs; r.Jumps+r.Reversals+r.Duplicates+r.DTSOverPTS+r.Gaps+r.Dropped > 0 {
				t.Errorf("%+v", r)
			}
		})
	}
}

func (g *received) check(t *testing.T, tracks string, length float64, reorder bool, frame int64) {
	t.Helper()
	var names []string
	for _, tr := range g.tracks {
		names = append(names, tr.Codec.Name())
	}
	if s := strings.Join(names, "+"); s != tracks {
		t.Fatalf("tracks %s", s)
	}
	var begin, end [2]float64
	for i, tr := range g.tracks {
		aus := g.aus[i]
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
	if len(g.tracks) == 2 && (math.Abs(end[0]-end[1]) > 0.5 || math.Abs(begin[0]-begin[1]) > 0.1) {
		t.Errorf("picture %.3f to %.3f s, sound %.3f to %.3f s", begin[0], end[0], begin[1], end[1])
	}
}

// A publisher is cut off and comes back: the same stream goes on.
func TestKilledPublisherAndItsReturn(t *testing.T) {
	k := start(t, impatient)
	args := join(picture("30"), tone("48000"), x264("-c:a", "aac"))
	kill, wait := k.ffmpeg(k.url("streamid=publish:key-show"), args...)
	k.waitStart()
	k.waitLog("publish measured")
	kill()
	wait() //nolint:errcheck // it was killed
	if e := k.waitEnd(); fault.KindOf(e.err) != fault.Unavailable {
		t.Errorf("ended with %v", e.err)
	}
	k.ffmpeg(k.url("streamid=%23!::r=key-show,m=publish"), args...)
	if s := k.waitStart(); s.Stream != "show" || len(s.Tracks) != 2 || s.Tracks[0].Width != 160 {
		t.Errorf("%+v", s)
	}
}

func TestNewestTakesOver(t *testing.T) {
	k := start(t, newest)
	args := join(picture("30"), x264())
	_, first := k.ffmpeg(k.url("streamid=publish:key-show"), args...)
	one := k.waitStart()
	k.ffmpeg(k.url("streamid=publish:key-show"), args...)
	two := k.waitStart()
	if e := k.waitEnd(); e.s.ID != one.ID || fault.KindOf(e.err) != fault.Conflict || one.ID == two.ID {
		t.Errorf("%+v", e)
	}
	if _, err := first(); err == nil {
		t.Error("the first publisher goes on")
	}
}

func TestEncrypted(t *testing.T) {
	k := start(t, secret)
	_, wait := k.ffmpeg(k.url("streamid=publish:key-show&passphrase=correct-horse&pbkeylen=32"), join(picture("30"), x264("-t", "2"))...)
	k.waitStart()
	if e := k.waitEnd(); e.err != nil {
		t.Errorf("ended with %v", e.err)
	}
	if out, err := wait(); err != nil {
		t.Error(err, out)
	}
	if strings.Contains(k.log.String(), "correct-horse") {
		t.Error("the passphrase is in the log")
	}
	began := time.Now()
	if _, wait := k.ffmpeg(k.url("streamid=publish:key-show&passphrase=wrong-horse-x"), join(picture("30"), x264("-t", "2"))...); true {
		if out, err := wait(); err == nil || time.Since(began) > 10*time.Second {
			t.Error("a wrong passphrase came in", out)
		}
	}
}
