package whip

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"livesrv/ingest"
	"livesrv/internal/fault"
	"livesrv/internal/livetest"
	"livesrv/packager"
)

// TestLoss publishes over lines that lose packets to a strict player.
func TestLoss(t *testing.T) {
	t.Parallel()
	film := pictures(t, clip(t, "640x360", 4))
	for _, loss := range []float64{0, 0.02, 0.05} {
		t.Run(fmt.Sprintf("%.0f%%", loss*100), func(t *testing.T) {
			t.Parallel()
			k := start(t)
			p := k.publish("market", film, loss)
			s := k.WaitCame()
			if len(s.Tracks) != 2 || s.Tracks[0].Codec != "H.264" || s.Tracks[0].Width != 640 || s.Tracks[1].Codec != "Opus" {
				t.Errorf("tracks: %v", s.Tracks)
			}
			rep := k.judge("market", livetest.Options{For: 8 * time.Second, KeepSegments: 4})
			decode(t, rep)
			if status, _, text := k.request("DELETE", p.location, nil, ""); status != 200 {
				t.Errorf("DELETE answered %d: %s", status, text)
			}
			e := k.WaitLeft()
			if e.Err != nil {
				t.Errorf("the session ended with %v", e.Err)
			}
			if p.line.losses() == 0 && loss > 0 {
				t.Error("the line lost nothing")
			}
			t.Logf("%d packets lost, %d keyframes asked for, %.1f pictures a second, repairs %+v", p.line.losses(), p.asked(), e.Session.Health.FrameRate, e.Session.Health.Repairs)
			if rate := e.Session.Health.FrameRate; rate < clipRate*0.8 {
				t.Errorf("%.1f pictures a second came through", rate)
			}
		})
	}
}

// decode wants ffmpeg to find nothing wrong with what came out, the concealed sound included.
func decode(t *testing.T, rep *livetest.Report) {
	t.Helper()
	for name, b := range rep.Media {
		path := filepath.Join(t.TempDir(), "kept.mp4")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("ffmpeg", "-hide_banner", "-nostdin", "-v", "error", "-xerror", "-i", path,
			"-fps_mode", "passthrough", "-enc_time_base", "-1", "-f", "null", "-").CombinedOutput()
		if err != nil || len(out) > 0 {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

// TestScreen shares a screen that stands still for up to 3 s at a time, and then for good as a camera does that dies, while
// sound goes on: to a strict player nothing is amiss, and of what goes on nothing is lost.
func TestScreen(t *testing.T) {
	t.Parallel()
	k := startWith(t, packager.DefaultConfig())
	film := pictures(t, clip(t, "320x180", 20, "-g", "60", "-keyint_min", "60"))
	film.pauses = []time.Duration{time.Second, 2 * time.Second, 3 * time.Second, 1400 * time.Millisecond, time.Minute}
	p := k.publish("market", film, 0)
	k.WaitCame()
	rep := k.follow("market", livetest.Options{For: 14 * time.Second, KeepSegments: 12, Slack: 1300 * time.Millisecond})
	late := p.behind() > 300*time.Millisecond
	for _, f := range rep.Findings {
		if late && slices.Contains([]string{"10", "20", "23", "24"}, f.Rule) {
			t.Logf("the publisher was late itself: %v", f)
			continue
		}
		// A keyframe that ends a pause is decoded where the pictures ended and shown later; where a segment begins with it,
		// the player takes the latter for the segment's begin.
		if !slices.Contains([]string{"12", "14", "P8"}, f.Rule) || !strings.HasPrefix(f.Where, "v0") {
			t.Error(f)
		}
	}
	decode(t, rep)
	if rep.Gaps+rep.Discontinuities > 0 {
		t.Errorf("%d gaps, %d discontinuities", rep.Gaps, rep.Discontinuities)
	}
	if n := p.asked(); n < len(film.pauses) || n > 2*len(film.pauses) {
		t.Errorf("%d keyframes were asked for in %d pauses", n, len(film.pauses))
	}
	hub, _ := k.hub.Presentation("market")
	if st := hub.Stats(); st.Dropped+st.NotIndependent > 0 {
		t.Errorf("%+v", st)
	}
}

// TestTCP publishes where no UDP gets through.
func TestTCP(t *testing.T) {
	t.Parallel()
	k := start(t, func(_ *ingest.Config, c *Config) { c.UDPAddress = "" })
	k.publishOver("market", pictures(t, clip(t, "320x180", 2)), 0, webrtc.NetworkTypeTCP4, nil)
	k.WaitCame()
	k.progress("market", 50_000)
}

// TestIdleLines opens connections to the port for media that say nothing: there are only so many.
func TestIdleLines(t *testing.T) {
	t.Parallel()
	k := start(t, func(i *ingest.Config, _ *Config) { i.MaxSessions = 2 })
	for range 12 {
		nc, err := net.Dial("tcp", k.srv.TCPAddr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
	}
	k.WaitSaid("all the publishers it may have")
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		n := k.Door.Stats().Refused["too_many"]
		if n == 4 { // each publisher may have four
			break
		}
		if n > 4 || time.Now().After(deadline) {
			t.Fatalf("%d were refused", n)
		}
	}
}

// TestRotate turns the picture while the stream runs: the size changes within a segment, and nothing else breaks.
func TestRotate(t *testing.T) {
	t.Parallel()
	k := start(t)
	turned := pictures(t, clip(t, "640x360", 3))
	turned.pictures = append(turned.pictures, pictures(t, clip(t, "360x640", 3)).pictures...)
	k.publish("market", turned, 0)
	if s := k.WaitCame(); s.Tracks[0].Width != 640 {
		t.Errorf("began with %v", s.Tracks)
	}
	rep := k.judge("market", livetest.Options{For: 8 * time.Second})
	if rep.Discontinuities == 0 {
		t.Error("the new size was not announced")
	}
	if !strings.Contains(k.Said.String(), "H.264 360x640") {
		t.Error("the log does not know of the new size")
	}
}

// TestRestart restarts ICE in mid-stream: the session goes on.
func TestRestart(t *testing.T) {
	t.Parallel()
	k := start(t)
	p := k.publish("market", pictures(t, clip(t, "320x180", 2)), 0)
	began := k.WaitCame()
	k.progress("market", 1)
	old := p.etag
	p.restart()
	k.progress("market", 60_000)
	if s, ok := k.Door.Session("market"); !ok || s.ID != began.ID || p.etag == old {
		t.Errorf("session %v after a restart, ETag %s", s.ID, p.etag)
	}
	if status, _, _ := k.request("PATCH", p.location, map[string]string{"Content-Type": typeFragment, "If-Match": old}, goodFragment); status != 412 {
		t.Errorf("the old ETag: %d", status)
	}
}

// TestTakeover lets a second publisher take the stream, which ends the first one's connection.
func TestTakeover(t *testing.T) {
	t.Parallel()
	k := start(t, func(c *ingest.Config, _ *Config) { c.Takeover = ingest.Newest })
	film := pictures(t, clip(t, "320x180", 2))
	first := k.publish("market", film, 0)
	k.WaitCame()
	second := k.publish("market", film, 0)
	if e := k.WaitLeft(); fault.KindOf(e.Err) != fault.Conflict {
		t.Errorf("the first publication ended with %v", e.Err)
	}
	k.WaitCame()
	for _, method := range []string{"PATCH", "DELETE"} {
		if status, _, text := k.request(method, first.location, nil, ""); status != 409 || !strings.Contains(text, "Another publisher has taken the stream over") {
			t.Errorf("%s of the first session: %d %s", method, status, text)
		}
	}
	k.progress("market", 1)
	k.Door.End("market", 1, fault.New(fault.Gone, "the show has ended"))
	k.WaitLeft()
	if status, _, text := k.request("DELETE", second.location, nil, ""); status != 410 || !strings.Contains(text, "The show has ended") {
		t.Errorf("DELETE of the second session: %d %s", status, text)
	}
}

// TestSilence wants a publisher that is cut off to be known as gone after the read timeout, not before.
func TestSilence(t *testing.T) {
	t.Parallel()
	k := start(t, func(c *ingest.Config, _ *Config) { c.ReadTimeout = 2 * time.Second })
	p := k.publish("market", pictures(t, clip(t, "320x180", 2)), 0)
	k.WaitCame()
	k.progress("market", 1)
	p.line.cut()
	cut := time.Now()
	if e := k.WaitLeft(); fault.KindOf(e.Err) != fault.Unavailable || time.Since(cut) < 1500*time.Millisecond {
		t.Errorf("ended with %v after %v", e.Err, time.Since(cut))
	}
}
