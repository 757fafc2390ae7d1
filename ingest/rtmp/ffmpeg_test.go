package rtmp

import (
	"math"
	"strings"
	"testing"
	"time"

	"livesrv/internal/fault"
	"livesrv/internal/media"
)

func picture(rate string) []string {
	return []string{"-re", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=" + rate}
}

func tone(rate string) []string {
	return []string{"-re", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=" + rate}
}

func x264(more ...string) []string {
	return append([]string{"-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "30"}, more...)
}

func join(lists ...[]string) []string {
	var all []string
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

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
		{"H.264 without B-frames and AAC", join(picture("30"), tone("48000"), x264("-tune", "zerolatency", "-c:a", "aac", "-t", "3")), "H.264+AAC", 3000, false, 1024},
		{"H.264 with B-frames and AAC at 44.1 kHz", join(picture("30"), tone("44100"), x264("-preset", "medium", "-bf", "2", "-c:a", "aac", "-t", "3")), "H.264+AAC", 3000, true, 1024},
		{"23.976", join(picture("24000/1001"), tone("48000"), x264("-c:a", "aac", "-t", "3")), "H.264+AAC", 3753.75, false, 1024},
		{"29.97", join(picture("30000/1001"), x264("-t", "3")), "H.264", 3003, false, 0},
		{"15", join(picture("15"), x264("-t", "3")), "H.264", 6000, false, 0},
		{"59.94", join(picture("60000/1001"), tone("44100"), x264("-c:a", "aac", "-t", "3")), "H.264+AAC", 1501.5, false, 1024},
		{"AAC alone", join(tone("44100"), []string{"-c:a", "aac", "-t", "2"}), "AAC", 0, false, 1024},
		{"MP3 alone", join(tone("44100"), []string{"-c:a", "libmp3lame", "-t", "2"}), "MP3", 0, false, 1152},
		{"H.264 and MP3", join(picture("25"), tone("44100"), x264("-c:a", "libmp3lame", "-t", "2")), "H.264+MP3", 3600, false, 1152},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			k := start(t)
			r := k.reg.Open("show").Subscribe()
			_, wait := k.ffmpeg(k.url("/live/key-show"), c.args...)
			got := k.collect(r)
			if out, err := wait(); err != nil {
				t.Errorf("ffmpeg: %v %s", err, out)
			}
			if e := k.waitEnd(); e.err != nil {
				t.Errorf("the session ended with %v", e.err)
			}
			got.check(t, c.tracks, c.length, c.reorder, c.ofAudio)
			st, _ := k.reg.Stream("show")
			if r := st.Stats().Repairs; r.Jumps+r.Reversals+r.Duplicates+r.DTSOverPTS+r.Gaps+r.Dropped > 0 {
				t.Errorf("%+v", r)
			}
		})
	}
}

func (g *received) check(t *testing.T, tracks string, length float64, reorder bool, ofAudio int64) {
	t.Helper()
	var names []string
	for _, tr := range g.tracks {
		names = append(names, tr.Codec.Name())
	}
	if s := strings.Join(names, "+"); s != tracks {
		t.Fatalf("tracks %s", s)
	}
	var end [2]float64
	for i, tr := range g.tracks {
		aus := g.aus[i]
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
	if len(g.tracks) == 2 && math.Abs(end[0]-end[1]) > 0.2 {
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
	args := join(picture("30"), tone("48000"), x264("-c:a", "aac"))
	kill, wait := k.ffmpeg(k.url("/live/key-show"), args...)
	k.waitStart()
	k.waitLog("publish measured")
	kill()
	wait() //nolint:errcheck // it was killed
	if e := k.waitEnd(); fault.KindOf(e.err) != fault.Gone {
		t.Errorf("ended with %v", e.err)
	}
	k.ffmpeg(k.url("/live/key-show"), args...)
	if s := k.waitStart(); s.Stream != "show" || len(s.Tracks) != 2 {
		t.Errorf("%+v", s)
	}
	if !strings.Contains(k.log.String(), `publish ended`) || !strings.Contains(k.log.String(), "gop_s=1") {
		t.Error("the log says too little")
	}
}

func TestSecondPublisherIsRefused(t *testing.T) {
	k := start(t)
	args := join(picture("30"), x264())
	k.ffmpeg(k.url("/live/key-show"), args...)
	k.waitStart()
	_, wait := k.ffmpeg(k.url("/live/key-show"), args...)
	out, err := wait()
	if err == nil || !strings.Contains(out, "somebody is publishing") {
		t.Errorf("the second publisher was told: %v %s", err, out)
	}
	if len(k.door.Sessions()) != 1 || len(k.ends.ended) != 0 {
		t.Error("the first publisher was disturbed")
	}
}

func TestNewestTakesOver(t *testing.T) {
	k := start(t, newest)
	args := join(picture("30"), x264())
	_, first := k.ffmpeg(k.url("/live/key-show"), args...)
	one := k.waitStart()
	k.ffmpeg(k.url("/live/key-show"), args...)
	two := k.waitStart()
	e := k.waitEnd()
	if e.s.ID != one.ID || fault.KindOf(e.err) != fault.Conflict || one.ID == two.ID {
		t.Errorf("%+v", e)
	}
	if _, err := first(); err == nil {
		t.Error("the first publisher goes on")
	}
	if st := k.door.Stats(); st.TakenOver != 1 || st.Publishing["rtmp"] > 1 {
		t.Errorf("%+v", st)
	}
}

func TestFirstAccessUnitComesAtOnce(t *testing.T) {
	k := start(t)
	r := k.reg.Open("show").Subscribe()
	defer r.Close()
	began := time.Now()
	k.ffmpeg(k.url("/live/key-show"), join(picture("30"), tone("48000"), x264("-tune", "zerolatency", "-c:a", "aac"))...)
	s := k.waitStart()
	if d := time.Since(s.Started); d > 700*time.Millisecond {
		t.Errorf("on air %v after the key was taken (%v after ffmpeg began)", d, time.Since(began))
	}
}
