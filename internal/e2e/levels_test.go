package e2e

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"livesrv/internal/stream"
	"livesrv/packager"
	"livesrv/web/hls"
	"livesrv/web/ui"
)

// TestLevels: the watch page in a browser plays a picture that comes in three sizes, and changes between them
// without an error; when the size it shows is not sent any more, it plays another, until it is sent again.
func TestLevels(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("needs a browser and half a minute")
	}
	for _, tool := range []string{"node", "chromium"} {
		if _, err := exec.LookPath(tool); err != nil {
			absent(t, tool+" is missing")
		}
	}
	uiRoot := filepath.Join("..", "..", "web", "ui")
	if _, err := os.Stat(filepath.Join(uiRoot, "node_modules", "playwright-core")); err != nil {
		absent(t, "playwright-core is missing: run `make test`, which installs it")
	}
	c := footage{sizes: []string{"1280x720", "640x360", "320x180"}}.encode(t)
	cfg := packager.DefaultConfig()
	cfg.SegmentDuration, cfg.TargetDuration = time.Second, 2*time.Second
	l, stop := newLine(t, cfg)
	defer stop()
	w, err := l.streams.Open("live").Publish(c.tracks, stream.PublishOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(l.ctx)
	var paused atomic.Bool
	done := make(chan error, 1)
	go func() { done <- c.send(ctx, w, func(track int) bool { return track == 0 && paused.Load() }) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		w.Close()
	}()
	l.waitFor(t, "live")
	server := httptest.NewServer(shop(t, l.hls, &paused))
	defer server.Close()
	cmd := exec.Command("node", filepath.Join("e2e", "levels.mjs"))
	cmd.Dir = uiRoot
	cmd.Env = append(os.Environ(), "BASE="+server.URL)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v", err)
	}
	t.Logf("%s", out)
}

// absent skips where a tool may be missing: not in CI.
func absent(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// shop is the watch page of one show, with what it needs to know of it; a POST to /pause pauses the best size, or ends
// the pause.
func shop(t *testing.T, live *hls.Handler, paused *atomic.Bool) http.Handler {
	site, err := ui.New(ui.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle(hls.Prefix, live)
	mux.Handle("/assets/", site.Assets())
	mux.HandleFunc("/s/{show}", func(w http.ResponseWriter, r *http.Request) {
		site.Render(w, r, ui.Watch, ui.Facts{Show: &ui.Show{Slug: r.PathValue("show"), Title: "Autumn table"}})
	})
	mux.HandleFunc("/api/shows/{show}/state", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{ // the browser may have left
			"show": map[string]any{"slug": "live", "title": "Autumn table", "description": "", "poster": "", "status": "live", "startsAt": time.Now(),
				"endedAt": nil, "onAir": true, "currency": "EUR", "ways": []string{"cash_on_delivery"}},
			"pins": []any{}, "products": []any{}, "viewers": 1, "position": map[string]any{"offset": 0, "epoch": "e"}, "now": time.Now(),
		})
	})
	mux.HandleFunc("POST /pause", func(http.ResponseWriter, *http.Request) { paused.Store(!paused.Load()) })
	return mux
}
