package viewer

import (
	"cmp"
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"livesrv/internal/fault"
	"livesrv/internal/livetest"
	"livesrv/internal/stream"
	"livesrv/packager"
	"livesrv/web/hls"
)

// onAir is a real packager behind its real handler, with the show "demo" from a synthetic publisher.
func onAir(t *testing.T) http.Handler {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	streams, err := stream.NewRegistry(stream.DefaultConfig(), log)
	if err != nil {
		t.Fatal(err)
	}
	cfg := packager.DefaultConfig()
	cfg.PartDuration = 200 * time.Millisecond
	hub, err := packager.NewHub(cfg, packager.Deps{Streams: streams, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	h, err := hls.New(hls.DefaultConfig(), hub, log)
	if err != nil {
		t.Fatal(err)
	}
	synth := livetest.Synth{FPSNum: 30, GOP: 30, AudioRate: 48000}
	w, err := streams.Open("demo").Publish(synth.Tracks(), stream.PublishOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = hub.Run(ctx) })
	wg.Go(func() { _ = synth.Run(ctx, w) })
	t.Cleanup(func() { cancel(); w.Close(); wg.Wait() })
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		rec := httptest.NewRecorder()
		if h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/live/demo/index.m3u8", nil)); rec.Code == http.StatusOK {
			return h
		}
	}
	t.Fatal("no playlist came")
	return nil
}

// serve puts the handler on the network, for a protocol.
func serve(t *testing.T, h http.Handler, protocol string) (*httptest.Server, Config) {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	cfg := Config{Viewers: 3, Protocol: protocol, Ramp: 300 * time.Millisecond, Settle: 2500 * time.Millisecond, Duration: 2 * time.Second}
	if protocol == HTTP2 {
		s.EnableHTTP2 = true
		s.StartTLS()
		cfg.TLS = s.Client().Transport.(*http.Transport).TLSClientConfig
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	cfg.URLs = []string{s.URL + "/live/demo/index.m3u8"}
	return s, cfg
}

// TestWatch: viewers of a real handler get each part and each playlist once, over both protocols, with delta updates
// and without.
func TestWatch(t *testing.T) {
	t.Parallel() // they wait most of the time
	h := onAir(t)
	for _, c := range []struct {
		name, protocol string
		delta          bool
	}{{"h1", HTTP1, false}, {"h2", HTTP2, false}, {"h1 delta", HTTP1, true}, {"h2 delta", HTTP2, true}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, cfg := serve(t, h, c.protocol)
			cfg.Delta = c.delta
			var window []bool
			cfg.Window = func(begins bool) { window = append(window, begins) }
			cfg.Stamp = func(part []byte) (time.Time, bool) { return time.Now().Add(-time.Second), len(part) > 0 }
			var mu sync.Mutex
			most := 0
			r, err := Run(t.Context(), cfg, func(p Progress) {
				mu.Lock()
				defer mu.Unlock()
				most = max(most, p.Watching)
			})
			if err != nil {
				t.Fatal(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if r.Watching != 3 || most != 3 || r.Viewers != 3 || r.Seconds < 2 || len(r.Errors) != 0 || len(window) != 2 || !window[0] || window[1] {
				t.Errorf("%d watch, at most %d, %+v, window %v", r.Watching, most, r, window)
			}
			// Parts of a fifth of a second to three viewers: about 15 a second. A busy machine gives fewer, nothing more.
			if r.Parts < 9 || r.Parts > 60 || r.Playlists < 9 || r.Playlists+r.HintsMissed > 2*r.Parts+6 || 2*r.Playlists+6 < r.Parts {
				t.Errorf("%d parts, %d playlists, %d hints missed", r.Parts, r.Playlists, r.HintsMissed)
			}
			if r.PartTarget != 200 || r.BytesPerSecond < 10_000 || r.RequestsPerSecond < 9 || r.Repeats > r.Playlists/2 {
				t.Errorf("%+v", r)
			}
			if r.Delay.Count == 0 || uint64(r.Delay.Count) > r.Parts+3 || r.Age.Count == 0 || r.Age.Median < 900 || r.Age.Median > 30_000 {
				t.Errorf("delay %+v, age %+v", r.Delay, r.Age)
			}
		})
	}
}

// TestSoundApart: where the variant names sound that is apart, viewers play that as well; they follow redirects, keep
// cookies, and are shared out among streams.
func TestSoundApart(t *testing.T) {
	t.Parallel()
	inner := onAir(t)
	var mu sync.Mutex
	parts := map[string]int{} // by stream and rendition
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		show, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/live/"), "/")
		rendition, file, _ := strings.Cut(rest, "/")
		switch seen, _ := r.Cookie("viewer"); {
		case rest == "index.m3u8" && r.URL.RawQuery == "":
			http.SetCookie(w, &http.Cookie{Name: "viewer", Value: "0"})
			http.Redirect(w, r, r.URL.Path+"?again=1", http.StatusFound)
		case rest == "index.m3u8":
			http.SetCookie(w, &http.Cookie{Name: "viewer", Value: "1"})
			_, _ = io.WriteString(w, "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"a\",DEFAULT=YES,URI=\"a0/media.m3u8\"\n"+
				"#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO=\"a\"\nv0/media.m3u8\n")
		case seen == nil || seen.Value != "1":
			t.Errorf("%s is asked for without the cookie", r.URL)
			http.Error(w, "who are you?", http.StatusUnauthorized)
		default:
			if strings.HasSuffix(file, ".m4s") {
				mu.Lock()
				parts[show+" "+rendition]++
				mu.Unlock()
			}
			r.URL.Path = "/live/demo/" + rest
			inner.ServeHTTP(w, r)
		}
	})
	for _, protocol := range []string{HTTP1, HTTP2} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			s, cfg := serve(t, h, protocol)
			cfg.URLs = []string{s.URL + "/live/" + protocol + "-1/index.m3u8", s.URL + "/live/" + protocol + "-2/index.m3u8"}
			r, err := Run(t.Context(), cfg, nil)
			if err != nil {
				t.Fatal(err)
			}
			if r.Watching != 3 || r.Streams != 2 || len(r.Errors) != 0 || r.PlaylistBytes < 100 {
				t.Errorf("%+v", r)
			}
			mu.Lock()
			defer mu.Unlock()
			// Two of the three viewers are at the first stream, and each gets the sound's parts as it gets the picture's.
			for stream, viewers := range map[string]int{protocol + "-1": 2, protocol + "-2": 1} {
				v, a := parts[stream+" v0"], parts[stream+" a0"]
				if v < 5*viewers || a < v-5*viewers || a > v+5*viewers {
					t.Errorf("%s: %d parts of the picture, %d of the sound", stream, v, a)
				}
			}
		})
	}
}

// TestElsewhere: a multivariant playlist that is always somewhere else, or on another server, is nothing to see.
func TestElsewhere(t *testing.T) {
	for _, to := range []string{"", "http://192.0.2.1/live/demo/index.m3u8"} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, cmp.Or(to, r.URL.Path), http.StatusFound)
		}))
		cfg := Config{URLs: []string{s.URL + "/live/demo/index.m3u8"}, Viewers: 1, Protocol: HTTP1, Settle: 200 * time.Millisecond, Duration: time.Second}
		if r, err := Run(t.Context(), cfg, nil); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("%q: %+v, %v", to, r, err)
		}
		s.Close()
	}
}

// TestServerGoesAway: sessions that break are counted and tried again, and the run ends when its time is over.
func TestServerGoesAway(t *testing.T) {
	t.Parallel()
	h := onAir(t)
	for _, protocol := range []string{HTTP1, HTTP2} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			s, cfg := serve(t, h, protocol)
			gone := make(chan struct{})
			cfg.Window = func(begins bool) {
				if begins {
					time.AfterFunc(200*time.Millisecond, func() {
						s.Listener.Close()
						s.CloseClientConnections()
						close(gone)
					})
				}
			}
			r, err := Run(t.Context(), cfg, nil)
			if err != nil {
				t.Fatal(err)
			}
			<-gone
			broke := uint64(0)
			for _, n := range r.Errors {
				broke += n
			}
			if r.Watching != 0 || broke < 3 || r.Errors["dial"] == 0 {
				t.Errorf("%d watch, errors %v", r.Watching, r.Errors)
			}
		})
	}
}

// TestNobodyWatches: where there is nothing to see, there is no report.
func TestNobodyWatches(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nothing := "http://" + ln.Addr().String() + "/live/demo/index.m3u8"
	ln.Close()
	empty := httptest.NewServer(http.NotFoundHandler())
	defer empty.Close()
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<title>hello</title>")) }))
	defer page.Close()
	stranger := httptest.NewUnstartedServer(http.NotFoundHandler()) // speaks no HTTP/2
	stranger.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	stranger.StartTLS()
	defer stranger.Close()
	for _, c := range []struct{ name, url, protocol string }{
		{"nothing", nothing, HTTP1}, {"no such show", empty.URL, HTTP1}, {"a page", page.URL, HTTP1}, {"no HTTP/2", stranger.URL, HTTP2},
	} {
		cfg := Config{URLs: []string{c.url}, Viewers: 2, Protocol: c.protocol, Settle: 200 * time.Millisecond, Duration: time.Second,
			TLS: &tls.Config{RootCAs: stranger.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}}
		if r, err := Run(t.Context(), cfg, nil); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("%s: %+v, %v", c.name, r, err)
		}
	}
}

// TestRunIsStopped: a run that is broken off says so and leaves nothing.
func TestRunIsStopped(t *testing.T) {
	t.Parallel()
	_, cfg := serve(t, onAir(t), HTTP1)
	ctx, cancel := context.WithCancel(t.Context())
	cfg.Window = func(begins bool) {
		if begins {
			cancel()
		}
	}
	if r, err := Run(ctx, cfg, nil); err != context.Canceled {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := Run(t.Context(), Config{}, nil); fault.KindOf(err) != fault.Invalid {
		t.Errorf("an empty configuration: %v", err)
	}
}
