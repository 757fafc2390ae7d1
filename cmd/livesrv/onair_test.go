package main

import (
	"context"
	"encoding/json"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestOnAir pushes to a show with ffmpeg: the show goes on air, plays, and is told of by health and metrics; ending it
// sends the publisher away, and its key opens nothing any more.
func TestOnAir(t *testing.T) {
	s := startServer(t)
	made := decode[showView](t, s.run(t, "", "show", "create", "live", "--currency", "EUR", "--json").fine(t))
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	push := func() *exec.Cmd {
		return exec.CommandContext(ctx, "ffmpeg", "-v", "error", "-re", "-f", "lavfi", "-i", "testsrc2=s=180x320:r=30",
			"-f", "lavfi", "-i", "sine=f=440:r=48000", "-c:v", "libx264", "-preset", "ultrafast", "-g", "30", "-bf", "0",
			"-c:a", "aac", "-f", "flv", s.Addrs().RTMP+"/"+made.StreamKey)
	}
	first := push()
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- first.Wait() }()

	s.until(t, ctx, func(v showView) bool { return v.OnAir && v.Status == "live" })
	// The multivariant playlist waits for the first part by itself.
	if text := get(t, s.url+"/live/live/index.m3u8"); !strings.Contains(text, "avc1.") || !strings.Contains(text, "mp4a.40.2") {
		t.Errorf("the playlist of a show on air:\n%s", text)
	}
	var health struct {
		OK    bool
		OnAir []string
	}
	if err := json.Unmarshal([]byte(get(t, s.Addrs().Admin+"/healthz")), &health); err != nil || !health.OK || len(health.OnAir) != 1 {
		t.Errorf("health: %+v, %v", health, err)
	}
	metrics := scrape(t, s)
	for _, want := range []string{`livesrv_stream_on_air{stream="live"} 1`, `livesrv_ingest_sessions_total 1`,
		`livesrv_viewers{show="live"} 0`, `livesrv_hls_responses_total{kind="playlist"} 1`} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics lack %q", want)
		}
	}

	s.run(t, "", "show", "end", "live").fine(t)
	select {
	case <-ended:
	case <-ctx.Done():
		t.Fatal("the publisher of a show that has ended was left alone")
	}
	s.until(t, ctx, func(v showView) bool { return !v.OnAir && v.Status == "ended" })
	if err := push().Run(); err == nil {
		t.Error("the key of a show that has ended let a publisher in")
	}
}

// until asks for the show until it is as wanted.
func (s *server) until(t *testing.T, ctx context.Context, want func(showView) bool) {
	t.Helper()
	for {
		var state struct{ Show showView }
		s.ask(t, http.MethodGet, "/api/shows/live/state", nil, "", &state)
		if want(state.Show) {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("the show stays as it is: %+v", state.Show)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
