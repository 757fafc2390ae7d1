package hls

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"livesrv/internal/livetest"
	"livesrv/internal/livetest/m3u8"
)

var withPicture = livetest.Synth{FPSNum: 30, GOP: 60, AudioRate: 48000}

// bubble runs f against a show that has been on air for ten seconds of the bubble's clock.
func bubble(t *testing.T, cfg Config, f func(t *testing.T, a *onAir)) {
	synctest.Test(t, func(t *testing.T) {
		a, end := goOnAir(t, cfg, withPicture)
		defer end()
		time.Sleep(10 * time.Second)
		f(t, a)
	})
}

// edge is the next segment and part that the show does not have yet, and the last complete segment.
func (a *onAir) edge(t *testing.T) (msn uint64, part int, last m3u8.Segment) {
	t.Helper()
	rec := a.get("/live/demo/v0/media.m3u8")
	m, problems := m3u8.ParseMedia(rec.Body.Bytes())
	if len(problems) > 0 || len(m.Segments) == 0 {
		t.Fatalf("%d %s: %v", rec.Code, rec.Body, problems)
	}
	if m.Tail != nil {
		part = len(m.Tail.Parts)
	}
	return m.NextMSN(), part, m.Segments[len(m.Segments)-1]
}

// TestAnswers holds status and cache time of each class of request (rule 30, with a target duration of 4 s).
func TestAnswers(t *testing.T) {
	bubble(t, DefaultConfig(), func(t *testing.T, a *onAir) {
		msn, part, last := a.edge(t)
		media := "/live/demo/v0/media.m3u8"
		for _, c := range []struct {
			target, kind, cache, priority string
			status                        int
		}{
			{"/live/demo/index.m3u8", typePlaylist[0], "public, max-age=2", "u=1", 200},
			{media, typePlaylist[0], "public, max-age=2", "u=1", 200},
			{media + "?token=x", typePlaylist[0], "public, max-age=2", "u=1", 200},
			{fmt.Sprintf("%s?_HLS_msn=%d", media, last.MSN), typePlaylist[0], "public, max-age=24", "u=1", 200},
			{fmt.Sprintf("%s?_HLS_msn=%d&_HLS_part=%d", media, msn, part), typePlaylist[0], "public, max-age=24", "u=1", 200},
			{fmt.Sprintf("%s?_HLS_msn=%d&_HLS_skip=v2", media, last.MSN), typePlaylist[0], "public, max-age=24", "u=1", 200},
			{"/live/demo/v0/" + last.Map.URI, "video/mp4", "public, max-age=24, immutable", "u=3", 200},
			{"/live/demo/v0/" + last.URI, "video/iso.segment", "public, max-age=24, immutable", "u=3", 200},
			{"/live/demo/v0/" + last.Parts[0].URI, "video/iso.segment", "public, max-age=24, immutable", "u=3", 200},
			{strings.Replace("/live/demo/v0/"+last.Parts[0].URI, "v0", "a0", 1), "video/iso.segment", "public, max-age=24, immutable", "u=2", 200},
			{"/live/nobody/index.m3u8", typeText[0], "public, max-age=4", "", 404},
			{"/live/demo/v9/media.m3u8", typeText[0], "public, max-age=4", "", 404},
			{"/live/demo/v0/1.m4s", typeText[0], "public, max-age=4", "", 404},
			{"/live/demo/v0/1.0.m4s", typeText[0], "public, max-age=4", "", 404},
			{"/live/demo/v0/init-77777.mp4", typeText[0], "public, max-age=4", "", 404},
			{"/live/demo/v0/what.is.this", typeText[0], "public, max-age=4", "", 404},
			{media + "?_HLS_part=0", typeText[0], "no-store", "", 400},
			{media + "?_HLS_msn=abc", typeText[0], "no-store", "", 400},
			{fmt.Sprintf("%s?_HLS_msn=%d", media, msn+9), typeText[0], "no-store", "", 400},
		} {
			rec := a.get(c.target)
			h := rec.Header()
			got := []any{rec.Code, h.Get("Content-Type"), h.Get("Cache-Control"), h.Get("Priority"), h.Get("Content-Length")}
			want := []any{c.status, c.kind, c.cache, c.priority, strconv.Itoa(rec.Body.Len())}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%s (-want +got):\n%s", c.target, d)
			}
			// Pain P16: on every status. Pain P15: no cookie.
			if h.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(h.Get("Access-Control-Expose-Headers"), "Date") || h.Get("Set-Cookie") != "" {
				t.Errorf("%s: headers %v", c.target, h)
			}
		}
	})
}

func TestMethods(t *testing.T) {
	bubble(t, DefaultConfig(), func(t *testing.T, a *onAir) {
		_, _, last := a.edge(t)
		for _, target := range []string{"/live/demo/index.m3u8", "/live/demo/v0/media.m3u8", "/live/demo/v0/" + last.URI, "/live/nobody/index.m3u8"} {
			get, head := a.get(target), a.get(target, method(http.MethodHead))
			if d := cmp.Diff(get.Header(), head.Header()); d != "" || get.Code != head.Code {
				t.Errorf("%s: HEAD differs from GET:\n%s", target, d)
			}
			if get.Code == 200 && head.Body.Len() > 0 {
				t.Errorf("%s: HEAD has a body", target)
			}
		}
		pre := a.get("/live/demo/v0/media.m3u8", method(http.MethodOptions), header("Access-Control-Request-Headers", "range"))
		if pre.Code != http.StatusNoContent || pre.Header().Get("Access-Control-Max-Age") != "86400" || pre.Header().Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("preflight: %d %v", pre.Code, pre.Header())
		}
		for _, m := range []string{"POST", "PUT", "DELETE", "BREW"} {
			if rec := a.get("/live/demo/index.m3u8", method(m)); rec.Code != 405 || rec.Header().Get("Allow") != "GET, HEAD, OPTIONS" {
				t.Errorf("%s: %d, Allow %q", m, rec.Code, rec.Header().Get("Allow"))
			}
		}
	})
}

func TestGzip(t *testing.T) {
	bubble(t, DefaultConfig(), func(t *testing.T, a *onAir) {
		for _, target := range []string{"/live/demo/index.m3u8", "/live/demo/v0/media.m3u8"} {
			plain := a.get(target)
			packed := a.get(target, header("Accept-Encoding", "br, gzip"))
			if plain.Header().Get("Content-Encoding") != "" || packed.Header().Get("Content-Encoding") != "gzip" {
				t.Fatalf("%s: codings %q and %q", target, plain.Header().Get("Content-Encoding"), packed.Header().Get("Content-Encoding"))
			}
			if plain.Header().Get("Vary") != "Accept-Encoding" || packed.Header().Get("Vary") != "Accept-Encoding" {
				t.Errorf("%s: no Vary", target)
			}
			z, err := gzip.NewReader(packed.Body)
			if err != nil {
				t.Fatal(err)
			}
			if b, err := io.ReadAll(z); err != nil || !bytes.Equal(b, plain.Body.Bytes()) {
				t.Errorf("%s: unpacks to something else (%v)", target, err)
			}
		}
		_, _, last := a.edge(t)
		if rec := a.get("/live/demo/v0/"+last.URI, header("Accept-Encoding", "gzip")); rec.Header().Get("Content-Encoding") != "" {
			t.Error("media is compressed")
		}
	})
}

// TestRangesOverParts: a segment is its parts one after the other, and a range may lie across any of them.
func TestRangesOverParts(t *testing.T) {
	bubble(t, DefaultConfig(), func(t *testing.T, a *onAir) {
		_, _, last := a.edge(t)
		for _, target := range []string{"/live/demo/v0/" + last.URI, "/live/demo/v0/" + last.Parts[1].URI, "/live/demo/v0/" + last.Map.URI} {
			all := a.get(target).Body.Bytes()
			n := len(all)
			for from := 0; from < n; from += max(1, n/7) {
				for _, to := range []int{from, from + 1, from + n/3, n - 1} {
					if to >= n || to < from {
						continue
					}
					rec := a.get(target, header("Range", fmt.Sprintf("bytes=%d-%d", from, to)))
					if rec.Code != 206 || !bytes.Equal(rec.Body.Bytes(), all[from:to+1]) ||
						rec.Header().Get("Content-Range") != fmt.Sprintf("bytes %d-%d/%d", from, to, n) || rec.Header().Get("Content-Length") != strconv.Itoa(to-from+1) {
						t.Fatalf("%s %d-%d: %d with %d bytes, %v", target, from, to, rec.Code, rec.Body.Len(), rec.Header())
					}
				}
			}
			if rec := a.get(target, header("Range", fmt.Sprintf("bytes=%d-", n))); rec.Code != 416 || rec.Header().Get("Content-Range") != fmt.Sprintf("bytes */%d", n) {
				t.Errorf("%s past the end: %d %v", target, rec.Code, rec.Header())
			}
			for _, ignored := range []string{"bytes=5-1", "bytes=0-1,3-4", "items=1-2"} {
				if rec := a.get(target, header("Range", ignored)); rec.Code != 200 || rec.Body.Len() != n {
					t.Errorf("%s %s: %d", target, ignored, rec.Code)
				}
			}
			// There is no validator that If-Range could name.
			if rec := a.get(target, header("Range", "bytes=0-1"), header("If-Range", `"x"`)); rec.Code != 200 {
				t.Errorf("%s with If-Range: %d", target, rec.Code)
			}
		}
	})
}

// TestBlocking: the answer comes when the part is there and has it, for playlist and hint alike.
func TestBlocking(t *testing.T) {
	bubble(t, DefaultConfig(), func(t *testing.T, a *onAir) {
		for range 6 {
			msn, part, _ := a.edge(t)
			start := time.Now()
			rec := a.get(fmt.Sprintf("/live/demo/v0/media.m3u8?_HLS_msn=%d&_HLS_part=%d", msn, part))
			if rec.Code != 200 || !strings.Contains(rec.Body.String(), fmt.Sprintf("%d.%d.m4s", msn, part)) {
				t.Fatalf("%d: %s", rec.Code, rec.Body)
			}
			if d := time.Since(start); d > 550*time.Millisecond {
				t.Errorf("held for %v", d)
			}
			if rec := a.get(fmt.Sprintf("/live/demo/v0/%d.%d.m4s", msn, part)); rec.Code != 200 {
				t.Errorf("part %d.%d: %d", msn, part, rec.Code)
			}
		}
	})
}

// TestLeavingFreesTheWait: a viewer that goes away is forgotten at once.
func TestLeavingFreesTheWait(t *testing.T) {
	bubble(t, DefaultConfig(), func(t *testing.T, a *onAir) {
		a.stop() // nothing more will come
		synctest.Wait()
		msn, part, _ := a.edge(t)
		ctx, leave := context.WithCancel(t.Context())
		done := make(chan struct{}, 2)
		for _, target := range []string{
			fmt.Sprintf("/live/demo/v0/media.m3u8?_HLS_msn=%d&_HLS_part=%d", msn, part), fmt.Sprintf("/live/demo/v0/%d.%d.m4s", msn, part),
		} {
			go func() {
				a.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", target, nil).WithContext(ctx))
				done <- struct{}{}
			}()
		}
		synctest.Wait()
		if n := a.Stats().Holds; n != 2 {
			t.Fatalf("%d requests wait, want 2", n)
		}
		start := time.Now()
		leave()
		<-done
		<-done
		if d := time.Since(start); d != 0 {
			t.Errorf("they were let go after %v", d)
		}
		if s := a.Stats(); s.Holds != 0 || s.Left != 2 {
			t.Errorf("after they left: %+v", s)
		}
	})
}

// TestHoldsAreBounded: who would have to wait over the bound is told to come back; what is there is served.
func TestHoldsAreBounded(t *testing.T) {
	bubble(t, Config{HoldsPerShow: 3, Holds: 3}, func(t *testing.T, a *onAir) {
		a.stop()
		synctest.Wait()
		msn, part, last := a.edge(t)
		target := fmt.Sprintf("/live/demo/v0/media.m3u8?_HLS_msn=%d&_HLS_part=%d", msn, part)
		ctx, leave := context.WithCancel(t.Context())
		for range 3 {
			go a.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", target, nil).WithContext(ctx))
		}
		synctest.Wait()
		for _, target := range []string{target, fmt.Sprintf("/live/demo/v0/%d.%d.m4s", msn, part)} {
			rec := a.get(target)
			if rec.Code != 503 || rec.Header().Get("Retry-After") != "1" || rec.Header().Get("Cache-Control") != "no-store" || rec.Header().Get("Access-Control-Allow-Origin") != "*" {
				t.Errorf("%s over the bound: %d %v", target, rec.Code, rec.Header())
			}
		}
		for _, target := range []string{
			"/live/demo/index.m3u8", "/live/demo/v0/media.m3u8", "/live/demo/v0/" + last.URI, "/live/demo/v0/" + last.Parts[0].URI,
			fmt.Sprintf("/live/demo/v0/media.m3u8?_HLS_msn=%d", last.MSN),
		} {
			if rec := a.get(target); rec.Code != 200 {
				t.Errorf("%s: %d although it is there", target, rec.Code)
			}
		}
		if s := a.Stats(); s.Refused != 2 || s.Holds != 3 {
			t.Errorf("stats: %+v", s)
		}
		leave()
		synctest.Wait()
	})
}

func TestHoldsCount(t *testing.T) {
	h := newHolds(2, 3)
	for i, c := range []struct {
		show string
		want bool
	}{{"a", true}, {"a", true}, {"a", false}, {"b", true}, {"b", false}, {"c", false}} {
		if h.take(c.show) != c.want {
			t.Fatalf("step %d: want %v", i, c.want)
		}
	}
	h.give("a")
	if !h.take("c") || h.now() != 3 {
		t.Error("a freed hold was not given again")
	}
	for _, s := range []string{"a", "b", "c"} {
		h.give(s)
	}
	if len(h.by) != 0 || h.now() != 0 {
		t.Errorf("left over: %v, %d", h.by, h.now())
	}
}

func TestConfig(t *testing.T) {
	if err := DefaultConfig().Validate(); err != nil {
		t.Error(err)
	}
	for _, c := range []Config{{0, 1}, {2, 1}, {mostHolds + 1, mostHolds + 1}, {1, mostHolds + 1}} {
		if c.Validate() == nil {
			t.Errorf("%+v was accepted", c)
		}
	}
}
