package e2e

import (
	"strings"
	"testing"
	"time"

	"livesrv/ingest"
	"livesrv/internal/livetest"
	"livesrv/packager"
)

// TestEncoderReturns: an encoder is killed and comes back, or another takes over from it while it is live, by the same
// protocol or another one, with the same settings or others. The strict player finds nothing amiss all the while; a
// discontinuity comes where settings have changed and nowhere else, and decoders take what is there in the end.
func TestEncoderReturns(t *testing.T) {
	t.Parallel()
	base := livetest.Push{Video: "h264", Size: "320x180", FPS: "30", GOP: 30, Audio: "aac"}
	high := livetest.Push{Video: "h264", Profile: "high", Size: "320x180", FPS: "30", GOP: 30, BFrames: 2, Audio: "aac"}
	phone := livetest.Push{Video: "h264", Size: "180x320", FPS: "25", GOP: 50, Audio: "aac", AudioRate: 44100, Channels: 1}
	hevc := livetest.Push{Video: "hevc", Size: "320x180", FPS: "25", GOP: 25, Audio: "aac"}
	type turn struct {
		by   string
		push livetest.Push
		over bool // takes over from the one before, who is not killed
	}
	for name, c := range map[string]struct {
		turns   []turn
		changes int
	}{
		"RTMP, taken over by SRT and RTSP":         {[]turn{{by: "rtmp", push: base}, {by: "srt", push: base, over: true}, {by: "rtsp", push: base, over: true}}, 0},
		"RTSP, taken over with other settings":     {[]turn{{by: "rtsp", push: base}, {by: "rtmp", push: high, over: true}, {by: "srt", push: hevc, over: true}}, 2},
		"one after the other, with other settings": {[]turn{{by: "rtmp", push: base}, {by: "rtsp", push: base}, {by: "rtsp", push: phone}, {by: "srt", push: phone}, {by: "srt", push: hevc}}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStation(t, quick())
			to := map[string]string{"rtmp": s.push, "srt": s.srt, "rtsp": s.rtsp}
			done := make(chan struct{})
			start := func(n int) *livetest.Encoder {
				c.turns[n].push.URL = to[c.turns[n].by] + "demo"
				return s.encode(t, c.turns[n].push)
			}
			enc := start(0)
			s.waitFor(t, "demo")
			go func() {
				defer close(done)
				var from time.Time
				for n, next := range c.turns {
					if n > 0 {
						if !next.over {
							enc.Kill()
							s.await(t, "the end of "+c.turns[n-1].by, func() bool { return !s.stats().OnAir })
						}
						from = time.Now()
						enc = start(n)
					}
					s.await(t, "three seconds by "+next.by, func() bool {
						who, st := s.session(), s.stats()
						return who.Protocol == next.by && who.Started.After(from) && st.OnAir && st.Edge.Sub(who.Started) > 3*time.Second
					})
				}
			}()
			rep, err := livetest.Check(t.Context(), livetest.Options{
				URL: s.play + "demo/index.m3u8", Until: done, Slack: busy, KeepSegments: 2,
			})
			<-done
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range rep.Findings {
				// A hole of less than half a part between two publishers is left to PROGRAM-DATE-TIME.
				if f.Rule != "13" && f.Rule != "14" {
					t.Error(f)
				}
			}
			if rep.Discontinuities != 2*c.changes {
				t.Errorf("%d discontinuities in two renditions for %d changes; encoder: %s", rep.Discontinuities, c.changes, enc.Log())
			}
			for rendition, file := range rep.Media {
				probe(t, rendition, file, strings.HasPrefix(rendition, "v"), false)
			}
		})
	}
}

func (s *station) session() ingest.Session {
	who, _ := s.door.Session("demo")
	return who
}

func (s *station) stats() packager.Stats {
	p, _ := s.hub.Presentation("demo")
	return p.Stats()
}

// await waits until something is so, half a minute at most.
func (s *station) await(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Errorf("waited for %s", what)
			return
		}
	}
}
