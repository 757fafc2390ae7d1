package e2e

import (
	"context"
	"net/http"
	"testing"
	"time"

	"livesrv/internal/livetest"
	"livesrv/internal/livetest/m3u8"
	"livesrv/packager"
)

const demoURL = "http://livesrv/live/demo/index.m3u8"

// TestAbsence: a publisher that goes away and comes back costs its viewers a pause and nothing else: same
// URLs, no answer but 200, sequence numbers going on, gaps where nothing came, and no discontinuity while
// the parameter sets are the same (pains P4 and P5).
func TestAbsence(t *testing.T) {
	t.Parallel()
	for name, away := range map[string]time.Duration{
		"half a second":  500 * time.Millisecond,
		"one second":     time.Second,
		"five seconds":   5 * time.Second,
		"thirty seconds": 30 * time.Second,
		"two minutes":    120 * time.Second,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := packager.DefaultConfig()
			bubble(t, cfg, func(t *testing.T, l *line) {
				synth := livetest.Synth{FPSNum: 30, BFrames: 2, AudioRate: 48000}
				leave := l.publish(t, "demo", synth)
				l.waitFor(t, "demo")
				back := make(chan func(), 1)
				var came time.Time
				go func() {
					time.Sleep(11300 * time.Millisecond)
					leave()
					time.Sleep(away)
					came = time.Now()
					back <- l.publish(t, "demo", synth) // from the publisher's zero again
				}()
				rep := judge(t, l.ctx, livetest.Options{
					URL: demoURL, HTTP: l.inProcess(), For: 40*time.Second + away, Slack: 100 * time.Millisecond,
					Absent: min(away, cfg.GapAfter) + time.Second,
				})
				(<-back)()
				prompt(t, rep, []time.Time{came})
				if rep.Gaps == 0 {
					t.Errorf("no gap is listed after %v away", away)
				}
				if rep.Discontinuities > 0 {
					t.Errorf("%d discontinuities although nothing changed", rep.Discontinuities)
				}
			})
		})
	}
}

// TestEnd: after EndAfter without a publisher the playlists end, blocked requests are let go, and a
// publisher who comes later starts a presentation under the same URLs whose numbers go on upwards.
func TestEnd(t *testing.T) {
	t.Parallel()
	cfg := packager.DefaultConfig()
	cfg.EndAfter = 2 * time.Minute
	bubble(t, cfg, func(t *testing.T, l *line) {
		synth := livetest.Synth{FPSNum: 30, AudioRate: 48000}
		leave := l.publish(t, "demo", synth)
		l.waitFor(t, "demo")
		time.Sleep(10 * time.Second)
		leave()
		rep := judge(t, l.ctx, livetest.Options{
			URL: demoURL, HTTP: l.inProcess(), For: 5 * time.Minute, Slack: 100 * time.Millisecond, Absent: 3 * time.Second,
		})
		if !rep.Ended {
			t.Error("the playlists did not end")
		}
		time.Sleep(time.Minute)
		leave = l.publish(t, "demo", synth)
		defer leave()
		time.Sleep(5 * time.Second)
		rep = judge(t, l.ctx, livetest.Options{URL: demoURL, HTTP: l.inProcess(), For: 20 * time.Second, Slack: 100 * time.Millisecond})
		if rep.Ended || rep.Segments < 5 {
			t.Errorf("the second presentation is not live: %+v", rep)
		}
	})
}

// TestOtherPublisher: one who comes back with other parameter sets brings a discontinuity and a new map.
func TestOtherPublisher(t *testing.T) {
	t.Parallel()
	bubble(t, packager.DefaultConfig(), func(t *testing.T, l *line) {
		leave := l.publish(t, "demo", livetest.Synth{FPSNum: 30, AudioRate: 48000})
		l.waitFor(t, "demo")
		back := make(chan func(), 1)
		go func() {
			time.Sleep(9700 * time.Millisecond)
			leave()
			time.Sleep(700 * time.Millisecond)
			back <- l.publish(t, "demo", livetest.Synth{FPSNum: 30, BFrames: 2, AudioRate: 48000})
		}()
		rep := judge(t, l.ctx, livetest.Options{
			URL: demoURL, HTTP: l.inProcess(), For: 100 * time.Second, Slack: 100 * time.Millisecond, Absent: 2 * time.Second,
		})
		(<-back)()
		// Once in each of the two renditions (rule 11: the same in all).
		if rep.Discontinuities != 2 {
			t.Errorf("%d discontinuities, want one in each rendition", rep.Discontinuities)
		}
	})
}

// TestManyShows: shows do not disturb each other, and one that nobody has published to is a 404.
func TestManyShows(t *testing.T) {
	t.Parallel()
	bubble(t, packager.DefaultConfig(), func(t *testing.T, l *line) {
		var leave []func()
		for _, name := range []string{"a", "b", "c"} {
			leave = append(leave, l.publish(t, name, livetest.Synth{FPSNum: 25, AudioRate: 44100}))
		}
		l.waitFor(t, "b")
		leave[0]()
		l.streams.Remove("a")
		judge(t, l.ctx, livetest.Options{URL: "http://livesrv/live/b/index.m3u8", HTTP: l.inProcess(), For: 15 * time.Second, Slack: 100 * time.Millisecond})
		for name, want := range map[string]int{"a": http.StatusNotFound, "c": http.StatusOK, "d": http.StatusNotFound} {
			if got, _ := l.fetch(t, "/live/"+name+"/index.m3u8"); got != want {
				t.Errorf("%s: %d, want %d", name, got, want)
			}
		}
		leave[1]()
		leave[2]()
	})
}

// fetch asks the handler for a path.
func (l *line) fetch(t testing.TB, path string) (status int, body []byte) {
	t.Helper()
	ctx, cancel := context.WithTimeout(l.ctx, 30*time.Second)
	defer cancel()
	return get(t, ctx, l.inProcess(), "http://livesrv"+path)
}

// playlist asks for a media playlist of the show demo.
func (l *line) playlist(t testing.TB, rendition string) *m3u8.Media {
	t.Helper()
	status, body := l.fetch(t, "/live/demo/"+rendition+"/media.m3u8")
	m, problems := m3u8.ParseMedia(body)
	if status != http.StatusOK || len(problems) > 0 {
		t.Fatalf("%s: %d %s %v", rendition, status, body, problems)
	}
	return m
}
