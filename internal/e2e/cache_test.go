package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"livesrv/internal/livetest"
	"livesrv/packager"
)

// cache is a shared HTTP cache as RFC 9111 describes one, and no cleverer: it keys on the URL and what Vary
// names, keeps what Cache-Control lets it, and lets one request stand for all that ask the same meanwhile.
type cache struct {
	origin http.RoundTripper

	mu    sync.Mutex
	store map[string]*entry
	asked map[string]int // requests to the origin, by path
}

type entry struct {
	done    chan struct{}
	res     *http.Response
	body    []byte
	err     error
	expires time.Time
	stored  time.Time
}

func (c *cache) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodGet || r.Header.Get("Range") != "" {
		return c.origin.RoundTrip(r)
	}
	key := r.URL.String() + " " + r.Header.Get("Accept-Encoding")
	c.mu.Lock()
	e, ok := c.store[key]
	if ok && isDone(e) && !time.Now().Before(e.expires) {
		ok = false
	}
	if !ok {
		e = &entry{done: make(chan struct{})}
		c.store[key] = e
		c.asked[r.URL.Path]++
	}
	c.mu.Unlock()
	if !ok {
		go c.fill(e, r)
	}
	select {
	case <-e.done:
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	if e.err != nil {
		return nil, e.err
	}
	res := *e.res
	res.Header = e.res.Header.Clone()
	res.Header.Set("Age", strconv.Itoa(int(time.Since(e.stored)/time.Second)))
	res.Body = io.NopCloser(bytes.NewReader(e.body))
	return &res, nil
}

func isDone(e *entry) bool {
	select {
	case <-e.done:
		return true
	default:
		return false
	}
}

// fill asks the origin; a viewer that leaves does not end it for the others.
func (c *cache) fill(e *entry, r *http.Request) {
	defer close(e.done)
	e.res, e.err = c.origin.RoundTrip(r.Clone(context.WithoutCancel(r.Context())))
	if e.err != nil {
		return
	}
	defer e.res.Body.Close()
	e.body, e.err = io.ReadAll(e.res.Body)
	e.stored = time.Now()
	for d := range strings.SplitSeq(e.res.Header.Get("Cache-Control"), ",") {
		if age, ok := strings.CutPrefix(strings.TrimSpace(d), "max-age="); ok {
			n, _ := strconv.Atoi(age)
			e.expires = e.stored.Add(time.Duration(n) * time.Second)
		}
	}
}

// TestAnyCacheCanStandInFront: fifty viewers behind a plain cache see a live edge without a fault, and
// the server is asked for each thing once (pain P15).
func TestAnyCacheCanStandInFront(t *testing.T) {
	t.Parallel()
	bubble(t, packager.DefaultConfig(), func(t *testing.T, l *line) {
		leave := l.publish(t, "demo", livetest.Synth{FPSNum: 30, AudioRate: 48000})
		defer leave()
		l.waitFor(t, "demo")
		time.Sleep(10 * time.Second)
		front := &cache{origin: livetest.Direct{Handler: l.hls}, store: map[string]*entry{}, asked: map[string]int{}}
		var viewers sync.WaitGroup
		for i := range 50 {
			viewers.Go(func() {
				time.Sleep(time.Duration(i) * 73 * time.Millisecond)
				rep, err := livetest.Check(l.ctx, livetest.Options{
					URL: demoURL, HTTP: &http.Client{Transport: front}, For: 20 * time.Second, Slack: 100 * time.Millisecond, Absent: 2 * time.Second, Polite: true,
				})
				if err != nil || len(rep.Findings) > 0 {
					t.Errorf("viewer %d: %v %v", i, err, rep.Findings)
				}
			})
		}
		viewers.Wait()
		synctest.Wait()
		parts := 0
		for path, n := range front.asked {
			if !strings.HasSuffix(path, ".m4s") {
				continue
			}
			parts++
			if n > 1 {
				t.Errorf("%s was asked for %d times", path, n)
			}
		}
		// In 24 s: two renditions with some 48 parts and 12 segments each.
		if parts < 80 || parts > 160 {
			t.Errorf("%d parts and segments went through the cache", parts)
		}
		// A part has one playlist for each rendition, whole and two kinds of delta.
		if n := front.asked["/live/demo/v0/media.m3u8"]; n > 3*60+30 {
			t.Errorf("the playlist was asked for %d times", n)
		}
	})
}

// TestOverHTTP2 plays over TLS and HTTP/2, as browsers do: all of a viewer's requests on one connection.
func TestOverHTTP2(t *testing.T) {
	t.Parallel()
	l, stop := newLine(t, quick())
	defer stop()
	leave := l.publish(t, "demo", livetest.Synth{FPSNum: 30, GOP: 30, AudioRate: 48000})
	defer leave()
	var mu sync.Mutex
	protocols := map[string]int{}
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		protocols[r.Proto]++
		mu.Unlock()
		l.hls.ServeHTTP(w, r)
	}))
	srv.EnableHTTP2 = true
	srv.StartTLS()
	defer srv.Close()
	client := srv.Client()
	client.Transport.(*http.Transport).DisableCompression = true
	l.waitFor(t, "demo")
	judge(t, t.Context(), livetest.Options{URL: srv.URL + "/live/demo/index.m3u8", HTTP: client, For: 6 * time.Second, Slack: busy})
	if protocols["HTTP/2.0"] < 50 || len(protocols) != 1 {
		t.Errorf("requests by protocol: %v", protocols)
	}
}

// TestViewersComeAndGo: viewers that leave in the middle of a wait leave nothing behind.
func TestViewersComeAndGo(t *testing.T) {
	t.Parallel()
	cfg := quick()
	cfg.SegmentDuration, cfg.TargetDuration, cfg.Window = 4*time.Second, 5*time.Second, 30*time.Second
	l, stop := newLine(t, cfg)
	defer stop()
	leave := l.publish(t, "demo", livetest.Synth{FPSNum: 30, GOP: 120, AudioRate: 48000})
	defer leave()
	srv := httptest.NewServer(l.hls)
	defer srv.Close()
	l.waitFor(t, "demo")
	m := l.playlist(t, "v0")
	// Two segments ahead is the furthest that may be asked for: a wait of more than four seconds.
	url := fmt.Sprintf("%s/live/demo/v0/media.m3u8?_HLS_msn=%d", srv.URL, m.NextMSN()+1)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	tr := &http.Transport{}
	for range 200 {
		wg.Go(func() {
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
			if err != nil {
				t.Error(err)
				return
			}
			if res, err := (&http.Client{Transport: tr}).Do(r); err == nil {
				res.Body.Close()
			}
		})
	}
	until := time.Now().Add(time.Minute)
	for l.hls.Stats().Holds == 0 && time.Now().Before(until) {
		time.Sleep(time.Millisecond)
	}
	if l.hls.Stats().Holds == 0 {
		t.Error("no viewer was held: there is nobody to leave")
	}
	cancel()
	wg.Wait()
	tr.CloseIdleConnections()
	for l.hls.Stats().Holds > 0 && time.Now().Before(until) {
		time.Sleep(time.Millisecond)
	}
	if n := l.hls.Stats().Holds; n > 0 {
		t.Errorf("%d requests of viewers who left are still held", n)
	}
}
