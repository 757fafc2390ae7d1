package e2e

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"livesrv/internal/livetest"
	"livesrv/internal/stream"
	"livesrv/packager"
	"livesrv/web/hls"
)

func TestMain(m *testing.M) {
	livetest.AtOnce(4) // the machine's two processors with what computes, and as many with what waits
	livetest.Main(m)
}

// quick is a packager that comes round soon: short segments, short window.
func quick() packager.Config {
	cfg := packager.DefaultConfig()
	cfg.SegmentDuration, cfg.TargetDuration = time.Second, 2*time.Second
	cfg.Window = 12 * time.Second
	return cfg
}

// line is stream, packager and web/hls wired together. It runs until the test ends.
type line struct {
	streams *stream.Registry
	hub     *packager.Hub
	hls     *hls.Handler
	log     *slog.Logger
	ctx     context.Context
	group   sync.WaitGroup
}

// newLine starts one. Inside a synctest bubble stop must be called before the bubble's function returns.
func newLine(t testing.TB, cfg packager.Config) (l *line, stop func()) {
	t.Helper()
	l = &line{log: slog.New(slog.NewTextHandler(logTo{t}, &slog.HandlerOptions{Level: slog.LevelWarn}))}
	var err error
	if l.streams, err = stream.NewRegistry(stream.DefaultConfig(), l.log); err != nil {
		t.Fatal(err)
	}
	if l.hub, err = packager.NewHub(cfg, packager.Deps{Streams: l.streams, Log: l.log}); err != nil {
		t.Fatal(err)
	}
	if l.hls, err = hls.New(hls.DefaultConfig(), l.hub, l.log); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	l.ctx = ctx
	l.group.Go(func() { _ = l.hub.Run(ctx) })
	return l, func() { cancel(); l.group.Wait() }
}

// logTo writes log lines into the test's output.
type logTo struct{ t testing.TB }

func (l logTo) Write(b []byte) (int, error) {
	l.t.Log(strings.TrimRight(string(b), "\n"))
	return len(b), nil
}

// publish feeds s into the stream called name until the returned function is called.
func (l *line) publish(t testing.TB, name string, s livetest.Synth) (leave func()) {
	t.Helper()
	w, err := l.streams.Open(name).Publish(s.Tracks(), stream.PublishOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(l.ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := s.Run(ctx, w); err != nil {
			t.Errorf("publish %s: %v", name, err)
		}
	}()
	return sync.OnceFunc(func() { cancel(); <-done; w.Close() })
}

// waitFor waits for the multivariant playlist of a stream.
func (l *line) waitFor(t testing.TB, name string) {
	t.Helper()
	if err := l.ready(name); err != nil {
		t.Fatal(err)
	}
}

// ready waits for the multivariant playlist of a stream, half a minute at most.
func (l *line) ready(name string) error {
	ctx, cancel := context.WithTimeout(l.ctx, 30*time.Second)
	defer cancel()
	for ctx.Err() == nil {
		if p, ok := l.hub.Presentation(name); ok {
			if _, err := p.Multivariant(ctx); err == nil {
				return nil
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	return fmt.Errorf("%s has no playlist", name)
}

// inProcess plays without a network.
func (l *line) inProcess() *http.Client {
	return &http.Client{Transport: livetest.Direct{Handler: l.hls}}
}

// judge runs the strict player and fails the test for each finding.
func judge(t testing.TB, ctx context.Context, opt livetest.Options) *livetest.Report {
	t.Helper()
	rep, err := livetest.Check(ctx, opt)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range rep.Findings {
		t.Error(f)
	}
	t.Logf("%d playlists, %d deltas, %d parts, %d segments, %d emsg, %d gaps, %d discontinuities",
		rep.Playlists, rep.Deltas, rep.Parts, rep.Segments, rep.Emsgs, rep.Gaps, rep.Discontinuities)
	return rep
}

// bubble runs f with a line on synctest's clock, where a minute of streaming takes a moment.
func bubble(t *testing.T, cfg packager.Config, f func(t *testing.T, l *line)) {
	synctest.Test(t, func(t *testing.T) {
		l, stop := newLine(t, cfg)
		defer stop()
		f(t, l)
	})
}

// get fetches a URL.
func get(t testing.TB, ctx context.Context, client *http.Client, url string) (status int, body []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err = io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, body
}
