package whip

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"livesrv/ingest"
	"livesrv/internal/fault"
	"livesrv/internal/livetest"
	"livesrv/internal/livetest/door"
	"livesrv/packager"
	"livesrv/web/hls"
)

func TestMain(m *testing.M) {
	livetest.AtOnce(5) // clips are played in real time, and that takes little
	livetest.Main(m)
}

// kit is a server with everything behind it that a publisher's media meets.
type kit struct {
	*door.Kit
	t     testing.TB
	srv   *Server
	hub   *packager.Hub
	media *hls.Handler
	http  *httptest.Server
}

type setting func(*ingest.Config, *Config)

// statuses are those of package web that the tests meet.
func statuses(k fault.Kind) int {
	return map[fault.Kind]int{
		fault.Invalid: 400, fault.Unauthorized: 401, fault.NotFound: 404, fault.Conflict: 409, fault.Gone: 410,
		fault.TooLarge: 413, fault.TooMany: 429, fault.Unavailable: 503, fault.Internal: 500,
	}[k]
}

// start runs a server on free ports, and a packager that comes round soon, until the test ends.
func start(t testing.TB, settings ...setting) *kit {
	t.Helper()
	pcfg := packager.DefaultConfig()
	pcfg.SegmentDuration, pcfg.TargetDuration, pcfg.Window = time.Second, 2*time.Second, 12*time.Second
	return startWith(t, pcfg, settings...)
}

// startWith does so with any packager.
func startWith(t testing.TB, pcfg packager.Config, settings ...setting) *kit {
	t.Helper()
	icfg, cfg := ingest.DefaultConfig(), DefaultConfig()
	cfg.UDPAddress, cfg.TCPAddress = "127.0.0.1:0", "127.0.0.1:0"
	for _, set := range settings {
		set(&icfg, &cfg)
	}
	k := &kit{Kit: door.New(t, icfg), t: t}
	var err error
	must := func() {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	k.hub, err = packager.NewHub(pcfg, packager.Deps{Streams: k.Streams, Log: k.Log})
	must()
	k.media, err = hls.New(hls.DefaultConfig(), k.hub, k.Log)
	must()
	k.srv, err = New(cfg, Deps{Door: k.Door, Status: statuses, Log: k.Log})
	must()
	k.http = httptest.NewServer(k.srv)
	t.Cleanup(k.http.Close)
	k.Serve(k.srv)
	k.Run(k.hub.Run)
	for !k.running() {
		runtime.Gosched()
	}
	return k
}

// running reports whether the server takes publishers.
func (k *kit) running() bool {
	k.srv.mu.Lock()
	defer k.srv.mu.Unlock()
	return k.srv.running != nil
}

// progress waits until that much more media has come in.
func (k *kit) progress(name string, bytes uint64) {
	k.t.Helper()
	s, _ := k.Door.Session(name)
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if now, ok := k.Door.Session(name); ok && now.Health.Bytes >= s.Health.Bytes+bytes {
			return
		}
		if time.Now().After(deadline) {
			k.t.Fatal("no media comes in")
		}
	}
}

// busy is the slack for the player: on a machine that has other things to do publishers stall for seconds, and that is
// not ours. That what comes in time goes out in time is held on a clock of its own, by other tests.
const busy = 15 * time.Second

// judge follows the stream as a strict player and fails the test for each finding.
func (k *kit) judge(name string, opt livetest.Options) *livetest.Report {
	k.t.Helper()
	rep := k.follow(name, opt)
	for _, f := range rep.Findings {
		k.t.Error(f)
	}
	return rep
}

// follow follows the stream as a strict player.
func (k *kit) follow(name string, opt livetest.Options) *livetest.Report {
	k.t.Helper()
	ctx, cancel := context.WithTimeout(k.t.Context(), time.Minute)
	defer cancel()
	for {
		if p, ok := k.hub.Presentation(name); ok {
			if _, err := p.Multivariant(ctx); err == nil {
				break
			}
		}
		if ctx.Err() != nil {
			k.t.Fatal("there is no playlist")
		}
		time.Sleep(20 * time.Millisecond)
	}
	opt.Slack = cmp.Or(opt.Slack, busy)
	opt.URL = "http://direct/live/" + name + "/index.m3u8"
	opt.HTTP = &http.Client{Transport: livetest.Direct{Handler: k.media}}
	rep, err := livetest.Check(ctx, opt)
	if err != nil {
		k.t.Fatal(err)
	}
	k.t.Logf("%d parts, %d segments, %d gaps, %d discontinuities", rep.Parts, rep.Segments, rep.Gaps, rep.Discontinuities)
	return rep
}

// request sends a request to the endpoint.
func (k *kit) request(method, path string, header map[string]string, body string) (status int, h http.Header, text string) {
	k.t.Helper()
	req, err := http.NewRequestWithContext(k.t.Context(), method, k.http.URL+path, strings.NewReader(body))
	if err != nil {
		k.t.Fatal(err)
	}
	for name, v := range header {
		req.Header.Set(name, v)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		k.t.Fatal(err)
	}
	defer res.Body.Close()
	defer http.DefaultClient.CloseIdleConnections()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		k.t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(b)
}

// ffmpeg runs ffmpeg and gives what it writes to the file called name.
func ffmpeg(t testing.TB, name string, args ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	cmd := exec.Command("ffmpeg", append(append([]string{"-hide_banner", "-loglevel", "error", "-nostdin"}, args...), path)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg: %v\n%s", err, out)
	}
	return path
}

// clip makes a moving picture with a keyframe every second.
func clip(t testing.TB, size string, seconds int, more ...string) string {
	rate := strconv.Itoa(clipRate)
	args := append([]string{"-f", "lavfi", "-i", "testsrc2=size=" + size + ":rate=" + rate + ":duration=" + strconv.Itoa(seconds),
		"-c:v", "libx264", "-threads", "1", "-preset", "ultrafast", "-tune", "zerolatency", "-profile:v", "baseline", "-pix_fmt", "yuv420p",
		"-g", rate, "-keyint_min", rate, "-sc_threshold", "0", "-b:v", "1M", "-maxrate", "1M", "-bufsize", "500k"}, more...)
	return ffmpeg(t, "clip.h264", append(args, "-f", "h264")...)
}
