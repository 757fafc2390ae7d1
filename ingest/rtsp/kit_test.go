package rtsp

import (
	"bytes"
	"context"
	"log/slog"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"livesrv/ingest"
	"livesrv/internal/fault"
	"livesrv/internal/media"
	"livesrv/internal/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// gate admits the keys "key-NAME" to the stream NAME.
type gate struct{}

func (gate) Admit(_ context.Context, key string) (ingest.Grant, error) {
	name, ok := strings.CutPrefix(key, "key-")
	switch {
	case !ok || name == "":
		return ingest.Grant{}, fault.New(fault.Unauthorized, "the stream key is not known")
	case name == "ended":
		return ingest.Grant{}, fault.New(fault.Conflict, "the show has ended")
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

type kit struct {
	t    testing.TB
	reg  *stream.Registry
	door *ingest.Door
	srv  *Server
	log  *logBuffer
	ends *ends
}

// start runs a server on a free port until the test ends.
func start(t testing.TB, settings ...func(*ingest.Config, *Config)) *kit {
	t.Helper()
	k := &kit{t: t, log: &logBuffer{}, ends: &ends{make(chan ingest.Session, 64), make(chan end, 64)}}
	log := slog.New(slog.NewTextHandler(k.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	icfg, cfg := ingest.DefaultConfig(), DefaultConfig()
	cfg.Address, cfg.UDPAddress = "127.0.0.1:0", "127.0.0.1:0"
	for _, set := range settings {
		set(&icfg, &cfg)
	}
	var err error
	if k.reg, err = stream.NewRegistry(stream.DefaultConfig(), log); err != nil {
		t.Fatal(err)
	}
	if k.door, err = ingest.NewDoor(icfg, gate{}, k.reg, k.ends, log); err != nil {
		t.Fatal(err)
	}
	if k.srv, err = New(cfg, k.door, log); err != nil {
		t.Fatal(err)
	}
	if err := k.srv.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- k.srv.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if n := k.door.Stats().Connections; n != 0 {
			t.Errorf("%d connections left", n)
		}
		if t.Failed() {
			t.Log(k.log.String())
		}
	})
	return k
}

func (k *kit) url(path string) string { return "rtsp://" + k.srv.Addr().String() + path }

// ffmpeg starts a push and returns what ends it (SIGKILL) and what waits for its end.
func (k *kit) ffmpeg(transport, path string, args ...string) (kill func(), wait func() (string, error)) {
	k.t.Helper()
	return k.ffmpegTo(transport, k.url(path), args...)
}

// ffmpegTo pushes to another address than the server's.
func (k *kit) ffmpegTo(transport, address string, args ...string) (kill func(), wait func() (string, error)) {
	k.t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		k.t.Fatal("ffmpeg is missing: make test installs it")
	}
	all := append([]string{"-hide_banner", "-loglevel", "error", "-nostdin"}, args...)
	cmd := exec.Command("ffmpeg", append(all, "-f", "rtsp", "-rtsp_transport", transport, address)...)
	var out logBuffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		k.t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	kill = func() { cmd.Process.Signal(syscall.SIGKILL) } //nolint:errcheck // it may have ended already
	k.t.Cleanup(kill)
	return kill, func() (string, error) {
		select {
		case err := <-done:
			done <- err
			return out.String(), err
		case <-time.After(30 * time.Second):
			kill()
			return out.String(), context.DeadlineExceeded
		}
	}
}

// received is what came out of a stream.
type received struct {
	tracks []media.Track
	aus    map[int][]*media.AccessUnit
	data   []*stream.Data
}

// collect reads a stream until its publisher has gone.
func (k *kit) collect(r *stream.Reader) *received {
	k.t.Helper()
	got := &received{aus: map[int][]*media.AccessUnit{}}
	defer r.Close()
	ctx, cancel := context.WithTimeout(k.t.Context(), 30*time.Second)
	defer cancel()
	for {
		it, err := r.Next(ctx)
		if err != nil {
			k.t.Fatalf("reading the stream: %v", err)
		}
		switch {
		case it.Tracks != nil:
			got.tracks = it.Tracks
		case it.AU != nil:
			got.aus[it.AU.Track] = append(got.aus[it.AU.Track], it.AU)
		case it.Data != nil:
			got.data = append(got.data, it.Data)
		}
		if it.Absent {
			return got
		}
	}
}

func (k *kit) waitEnd() end {
	k.t.Helper()
	select {
	case e := <-k.ends.ended:
		return e
	case <-time.After(30 * time.Second):
		k.t.Fatal("no session ended")
		return end{}
	}
}

func (k *kit) waitStart() ingest.Session {
	k.t.Helper()
	select {
	case s := <-k.ends.started:
		return s
	case <-time.After(30 * time.Second):
		k.t.Fatal("no session started")
		return ingest.Session{}
	}
}

// waitLog waits until the log holds a text.
func (k *kit) waitLog(text string) {
	k.t.Helper()
	deadline := time.After(15 * time.Second)
	for !strings.Contains(k.log.String(), text) {
		select {
		case <-deadline:
			k.t.Fatalf("the log never said %q", text)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func join(lists ...[]string) []string {
	var all []string
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

func picture(rate string) []string {
	return []string{"-re", "-f", "lavfi", "-i", "testsrc2=s=160x90:r=" + rate}
}

func tone(rate string) []string {
	return []string{"-re", "-f", "lavfi", "-i", "sine=f=440:r=" + rate}
}

func x264(more ...string) []string {
	return append([]string{"-c:v", "libx264", "-preset", "ultrafast", "-g", "30", "-bf", "0"}, more...)
}
