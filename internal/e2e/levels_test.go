package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"

	"livesrv/internal/livetest"
	"livesrv/internal/media"
	"livesrv/internal/stream"
	"livesrv/packager"
	"livesrv/web/hls"
	"livesrv/web/ui"
)

// clip is some seconds of one picture in several sizes, with audio, to be sent over and over.
type clip struct {
	tracks   []media.Track
	layers   [][][][]byte // by layer and picture, the NAL units
	sound    [][]byte
	pictures int
}

// ffmpeg gives what ffmpeg writes.
func ffmpeg(t *testing.T, args string) []byte {
	t.Helper()
	path, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Fatal(livetest.ErrNoFFmpeg)
	}
	var out, said bytes.Buffer
	cmd := exec.Command(path, strings.Fields("-v error -nostdin "+args+" -")...)
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		t.Fatalf("ffmpeg: %v: %s", err, said.String())
	}
	return out.Bytes()
}

// encodeClip makes four seconds at 30 pictures a second, keyframes every second.
func encodeClip(t *testing.T, sizes ...string) clip {
	t.Helper()
	c := clip{pictures: 120}
	for i, size := range sizes {
		raw := ffmpeg(t, "-f lavfi -i testsrc2=r=30:d=4:s="+size+" -c:v libx264 -preset ultrafast -g 30 -sc_threshold 0 -bf 0 -x264-params aud=1 -f h264")
		codec := &media.H264{}
		var pictures [][][]byte
		for u := range bytes.SplitSeq(raw, []byte{0, 0, 1}) {
			if u = bytes.TrimRight(u, "\x00"); len(u) == 0 {
				continue
			}
			switch u[0] & 31 {
			case 7:
				codec.SPS = u
			case 8:
				codec.PPS = u
			case 9:
				pictures = append(pictures, nil)
			case 1, 5:
				pictures[len(pictures)-1] = append(pictures[len(pictures)-1], u)
			}
		}
		if len(pictures) != c.pictures {
			t.Fatalf("%d pictures of %s", len(pictures), size)
		}
		c.layers = append(c.layers, pictures)
		c.tracks = append(c.tracks, media.Track{ID: i, ClockRate: media.VideoClockRate, Codec: codec})
	}
	var packets mpeg4audio.ADTSPackets
	if err := packets.Unmarshal(ffmpeg(t, "-f lavfi -i sine=frequency=440:sample_rate=48000:d=4 -ac 2 -c:a aac -f adts")); err != nil {
		t.Fatal(err)
	}
	for _, p := range packets {
		c.sound = append(c.sound, p.AU)
	}
	c.tracks = append(c.tracks, media.Track{ID: len(sizes), ClockRate: 48000, Codec: &media.AAC{Config: mpeg4audio.AudioSpecificConfig{
		Type: mpeg4audio.ObjectTypeAACLC, SampleRate: 48000, ChannelConfig: 2}}})
	return c
}

// send writes the clip in real time until ctx ends; without its first layer while paused.
func (c *clip) send(ctx context.Context, w *stream.Writer, paused *atomic.Bool) error {
	start := time.Now()
	frames := int64(0)
	for n := int64(0); ; n++ {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Until(start.Add(media.Duration(n*3000, media.VideoClockRate)))):
		}
		for ; media.Rescale(frames*1024, 48000, media.VideoClockRate) <= n*3000; frames++ {
			au := &media.AccessUnit{Track: len(c.layers), PTS: frames * 1024, DTS: frames * 1024, Units: [][]byte{c.sound[frames%int64(len(c.sound))]}}
			if err := w.Write(au); err != nil {
				return err
			}
		}
		for i := len(c.layers) - 1; i >= 0; i-- {
			if i == 0 && paused.Load() {
				continue
			}
			units := append([][]byte{}, c.layers[i][n%int64(c.pictures)]...)
			if err := w.Write(&media.AccessUnit{Track: i, PTS: n * 3000, DTS: n * 3000, Units: units}); err != nil {
				return err
			}
		}
	}
}

// TestLevels: the watch page in a browser plays a picture that comes in three sizes, and changes between them
// without an error; when the size it shows is not sent any more, it plays another, until it is sent again.
func TestLevels(t *testing.T) {
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
	c := encodeClip(t, "1280x720", "640x360", "320x180")
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
	go func() { done <- c.send(ctx, w, &paused) }()
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
