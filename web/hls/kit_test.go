package hls

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"livesrv/internal/livetest"
	"livesrv/internal/stream"
	"livesrv/packager"
)

func TestMain(m *testing.M) { livetest.Main(m) }

// onAir is a handler in front of a real packager that a synthetic publisher feeds with the show "demo".
type onAir struct {
	*Handler
	hub    *packager.Hub
	writer *stream.Writer
	stop   context.CancelFunc
}

// goOnAir starts one; in a synctest bubble it runs on the bubble's clock. It returns once there is a
// playlist. The caller calls end.
func goOnAir(t testing.TB, cfg Config, synth livetest.Synth) (*onAir, func()) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	streams, err := stream.NewRegistry(stream.DefaultConfig(), log)
	if err != nil {
		t.Fatal(err)
	}
	hub, err := packager.NewHub(packager.DefaultConfig(), packager.Deps{Streams: streams, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	h, err := New(cfg, hub, log)
	if err != nil {
		t.Fatal(err)
	}
	w, err := streams.Open("demo").Publish(synth.Tracks(), stream.PublishOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	publish, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { _ = hub.Run(ctx) })
	wg.Go(func() { _ = synth.Run(publish, w) })
	a := &onAir{Handler: h, hub: hub, writer: w, stop: stop}
	for range 100 {
		if rec := a.get("/live/demo/index.m3u8"); rec.Code == http.StatusOK {
			return a, func() { cancel(); w.Close(); wg.Wait() }
		}
		time.Sleep(20 * time.Millisecond)
	}
	cancel()
	wg.Wait()
	t.Fatal("no playlist came")
	return nil, nil
}

// get asks for a path and query without headers, modify changes the request.
func (a *onAir) get(target string, modify ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	for _, m := range modify {
		m(r)
	}
	rec := httptest.NewRecorder()
	a.ServeHTTP(rec, r)
	return rec
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func method(m string) func(*http.Request) { return func(r *http.Request) { r.Method = m } }
