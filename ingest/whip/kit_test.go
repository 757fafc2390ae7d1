package whip

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"livesrv/ingest"
	"livesrv/internal/fault"
	"livesrv/internal/livetest"
	"livesrv/internal/stream"
	"livesrv/packager"
	"livesrv/web/hls"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// gate admits the keys "key-NAME" to the stream NAME.
type gate struct{}

func (gate) Admit(_ context.Context, key string) (ingest.Grant, error) {
	name, ok := strings.CutPrefix(key, "key-")
	if !ok || name == "" {
		return ingest.Grant{}, fault.New(fault.Unauthorized, "the stream key is not known").WithHint("copy it from the console")
	}
	return ingest.Grant{Stream: name}, nil
}

// logBuffer is a log that tests may read while it is written.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// ends collects how sessions began and ended.
type ends struct {
	started chan ingest.Session
	ended   chan end
}

type end struct {
	s   ingest.Session
	err error
}

func (e *ends) SessionStarted(s ingest.Session)          { e.started <- s }
func (e *ends) SessionEnded(s ingest.Session, err error) { e.ended <- end{s, err} }

// kit is a server with everything behind it that a publisher's media meets.
type kit struct {
	t     testing.TB
	reg   *stream.Registry
	door  *ingest.Door
	srv   *Server
	hub   *packager.Hub
	media *hls.Handler
	http  *httptest.Server
	log   *logBuffer
	ends  *ends
}

type setting func(*ingest.Config, *Config)

// statuses are those of package web that the tests meet.
func statuses(k fault.Kind) int {
	return map[fault.Kind]int{
		fault.Invalid: 400, fault.Unauthorized: 401, fault.NotFound: 404, fault.Conflict: 409, fault.Gone: 410,
		fault.TooLarge: 413, fault.TooMany: 429, fault.Unavailable: 503, fault.Internal: 500,
	}[k]
}

// start runs a server on free ports until the test ends.
func start(t testing.TB, settings ...setting) *kit {
	t.Helper()
	k := &kit{t: t, log: &logBuffer{}, ends: &ends{make(chan ingest.Session, 64), make(chan end, 64)}}
	log := slog.New(slog.NewTextHandler(k.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	icfg, cfg, pcfg := ingest.DefaultConfig(), DefaultConfig(), packager.DefaultConfig()
	cfg.UDPAddress, cfg.TCPAddress = "127.0.0.1:0", "127.0.0.1:0"
	pcfg.SegmentDuration, pcfg.TargetDuration, pcfg.Window = time.Second, 2*time.Second, 12*time.Second
	for _, set := range settings {
		set(&icfg, &cfg)
	}
	var err error
	must := func() {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	k.reg, err = stream.NewRegistry(stream.DefaultConfig(), log)
	must()
	k.door, err = ingest.NewDoor(icfg, gate{}, k.reg, k.ends, log)
	must()
	k.hub, err = packager.NewHub(pcfg, packager.Deps{Streams: k.reg, Log: log})
	must()
	k.media, err = hls.New(hls.DefaultConfig(), k.hub, log)
	must()
	k.srv, err = New(cfg, Deps{Door: k.door, Status: statuses, Log: log})
	must()
	err = k.srv.Listen()
	must()
	k.http = httptest.NewServer(k.srv)
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	started := make(chan struct{})
	group.Go(func() {
		close(started)
		if err := k.srv.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	<-started
	group.Go(func() { _ = k.hub.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		group.Wait()
		k.http.Close()
		if n := k.door.Stats().Connections; n != 0 {
			t.Errorf("%d connections left", n)
		}
		if t.Failed() {
			t.Log(k.log.String())
		}
	})
	return k
}

// began waits for a publication.
func (k *kit) began() ingest.Session {
	k.t.Helper()
	select {
	case s := <-k.ends.started:
		return s
	case <-time.After(20 * time.Second):
		k.t.Fatal("nobody came on air")
		return ingest.Session{}
	}
}

// over waits for the end of a publication.
func (k *kit) over() end {
	k.t.Helper()
	select {
	case e := <-k.ends.ended:
		return e
	case <-time.After(30 * time.Second):
		k.t.Fatal("no publication ended")
		return end{}
	}
}

// progress waits until that much more media has come in.
func (k *kit) progress(name string, bytes uint64) {
	k.t.Helper()
	s, _ := k.door.Session(name)
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if now, ok := k.door.Session(name); ok && now.Health.Bytes >= s.Health.Bytes+bytes {
			return
		}
		if time.Now().After(deadline) {
			k.t.Fatal("no media comes in")
		}
	}
}

// judge follows the stream as a strict player and fails the test for each finding.
func (k *kit) judge(name string, opt livetest.Options) *livetest.Report {
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
	opt.URL = "http://direct/live/" + name + "/index.m3u8"
	opt.HTTP = &http.Client{Transport: livetest.Direct{Handler: k.media}}
	rep, err := livetest.Check(ctx, opt)
	if err != nil {
		k.t.Fatal(err)
	}
	for _, f := range rep.Findings {
		k.t.Error(f)
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
