package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"livesrv/cmd/livesrv/demo"
	"livesrv/internal/config"
	"livesrv/internal/livetest"
)

// demoClip makes a clip with ffmpeg that is as long as the demo's scenes need.
func demoClip(t *testing.T) *demo.Clip {
	t.Helper()
	name := filepath.Join(t.TempDir(), "clip.mp4")
	if out, err := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=180x320:r=30:d=36",
		"-f", "lavfi", "-i", "sine=f=440:r=48000:d=36", "-c:v", "libx264", "-preset", "ultrafast", "-g", "30", "-bf", "0",
		"-c:a", "aac", "-ac", "2", name).CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg (make setup installs it): %v\n%s", err, out)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c, err := demo.ReadClip(f)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestDemo runs the demo: what it prints leads to a playing show with products, whose playlist has a pin in step
// with the picture; it ends cleanly and leaves no pin and no token behind.
func TestDemo(t *testing.T) {
	cfg := testConfig(t)
	cfg.Packager.PartDuration = 200 * time.Millisecond
	var out livetest.Log
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	clip := demoClip(t)
	go func() { ended <- runDemo(ctx, console{out: &out, err: testWriter{t}}, cfg, clip) }()

	text := out.Wait(t, "openapi.json", 3*time.Minute)
	found := regexp.MustCompile(`(http://[^ ]+)/s/demo\n(?s:.*)name admin, password (\S+)\n(?s:.*)server (rtmp://\S+/live)   stream key (\S+)\n(?s:.*)Bearer (lst_\w+)"`).FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("the demo does not say what it should:\n%s", text)
	}
	s := &server{url: found[1], token: found[5]}
	defer http.DefaultClient.CloseIdleConnections()

	if shows := s.run(t, "", "show", "list").fine(t); !strings.Contains(shows, "demo") || !strings.Contains(shows, "yours") {
		t.Errorf("got %s", shows)
	}
	var state struct {
		Products []struct {
			Handle string
			Images []struct{ URL string }
			SKUs   []struct{ Image string }
		}
		Pins []pinView
	}
	s.ask(t, http.MethodGet, "/api/shows/demo/state", nil, "", &state)
	if len(state.Products) != 6 || len(state.Products[0].Images) < 2 || state.Products[0].SKUs[0].Image == "" {
		t.Errorf("the line-up is not what the demo sells: %+v", state.Products)
	}
	if b := get(t, s.url+state.Products[0].Images[0].URL); !strings.HasPrefix(b, "\xff\xd8") {
		t.Error("a product's picture is no JPEG")
	}
	testDemoPin(t, s)

	cancel()
	if err := <-ended; err != nil {
		t.Errorf("the demo ended with %v", err)
	}
	testAfterDemo(t, cfg)
}

// testDemoPin waits for the first scene's pin in the playlist: the first product, at 0.3 s of the clip.
func testDemoPin(t *testing.T, s *server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	line := regexp.MustCompile(`#EXT-X-DATERANGE:ID="(pin_\w+)",CLASS="dev.livesrv.pin",START-DATE="([^"]+)".*X-LIVESRV-CARD="([^"]+)"`)
	playlist := ""
	for line.FindString(playlist) == "" {
		if ctx.Err() != nil {
			t.Fatalf("no pin in the playlist:\n%s", playlist)
		}
		playlist = get(t, s.url+"/live/demo/v0/media.m3u8")
		if !strings.HasPrefix(playlist, "#EXTM3U") {
			// Not on air yet: the multivariant playlist waits for the first part.
			get(t, s.url+"/live/demo/index.m3u8")
		}
	}
	m := line.FindStringSubmatch(playlist)
	card, err := base64.RawURLEncoding.DecodeString(m[3])
	if err != nil {
		t.Fatal(err)
	}
	var c struct{ Pin, Product string }
	if err := json.Unmarshal(card, &c); err != nil || c.Pin != m[1] || c.Product == "" {
		t.Errorf("card %s for %s: %v", card, m[1], err)
	}
	pdt := regexp.MustCompile(`#EXT-X-PROGRAM-DATE-TIME:(\S+)`).FindStringSubmatch(playlist)
	first, err := time.Parse(time.RFC3339Nano, pdt[1])
	if err != nil {
		t.Fatal(err)
	}
	start, err := time.Parse(time.RFC3339Nano, m[2])
	if err != nil {
		t.Fatal(err)
	}
	if at := start.Sub(first); (at - 300*time.Millisecond).Abs() > 100*time.Millisecond {
		t.Errorf("the first card is at %v of the clip, want 300ms", at)
	}
}

// testAfterDemo opens the demo's folder again: nothing is on screen, and the demo's token is gone.
func testAfterDemo(t *testing.T, cfg config.Config) {
	t.Helper()
	s := runServer(t, cfg)
	var pins struct{ Pins []pinView }
	s.ask(t, http.MethodGet, "/api/shows/demo/state", nil, "", &pins)
	for _, p := range pins.Pins {
		if p.End == nil {
			t.Errorf("%s is still on screen after the demo", p.ID)
		}
	}
	u, err := s.Accounts().UserByName(t.Context(), "admin")
	if err != nil {
		t.Fatal(err)
	}
	if tokens, err := s.Accounts().Tokens(t.Context(), u.ID); err != nil || len(tokens) != 0 {
		t.Errorf("%d tokens stayed behind, %v", len(tokens), err)
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
