package hls

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"livesrv/internal/livetest"
)

// sink is a ResponseWriter that costs nothing.
type sink struct{ h http.Header }

func (s *sink) Header() http.Header         { return s.h }
func (s *sink) WriteHeader(int)             {}
func (s *sink) Write(b []byte) (int, error) { return len(b), nil }

// cases are requests that are answered at once, by name.
func cases(a *onAir, t testing.TB) map[string]*http.Request {
	rec := a.get("/live/demo/v0/media.m3u8")
	var msn uint64
	_, text, _ := strings.Cut(rec.Body.String(), "#EXT-X-MEDIA-SEQUENCE:")
	if _, err := fmt.Sscanf(text, "%d", &msn); err != nil {
		t.Fatal(err)
	}
	all := map[string]*http.Request{}
	for name, target := range map[string]string{
		"multivariant": "/live/demo/index.m3u8",
		"playlist":     fmt.Sprintf("/live/demo/v0/media.m3u8?_HLS_msn=%d&_HLS_part=1", msn),
		"delta":        fmt.Sprintf("/live/demo/v0/media.m3u8?_HLS_msn=%d&_HLS_skip=v2", msn),
		"part":         fmt.Sprintf("/live/demo/v0/%d.1.m4s", msn+1),
		"segment":      fmt.Sprintf("/live/demo/v0/%d.m4s", msn+1),
		"missing":      "/live/nobody/v0/media.m3u8",
	} {
		all[name] = httptest.NewRequest("GET", target, nil)
		all[name].Header.Set("Accept-Encoding", "gzip, deflate, br")
	}
	return all
}

// TestServingAllocatesNothing holds that no answer, a miss included, costs an allocation of ours.
func TestServingAllocatesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, end := goOnAir(t, DefaultConfig(), withPicture)
		defer end()
		time.Sleep(10 * time.Second)
		a.stop()
		synctest.Wait()
		for name, r := range cases(a, t) {
			w := &sink{h: http.Header{}}
			n := testing.AllocsPerRun(200, func() {
				clear(w.h)
				a.ServeHTTP(w, r)
			})
			if n > 0 {
				t.Errorf("%s: %v allocations, want none", name, n)
			}
			if len(w.h) > 8 {
				t.Errorf("%s: %d headers: the map of a real response has to grow for them", name, len(w.h))
			}
			if w.h.Get("Content-Length") == "" {
				t.Errorf("%s: no Content-Length", name)
			}
		}
	})
}

// BenchmarkServe compares an answer with a bare handler that writes the same bytes, over one loopback
// connection of HTTP/1.1 each.
func BenchmarkServe(b *testing.B) {
	a, end := goOnAir(b, DefaultConfig(), livetest.Synth{FPSNum: 30, GOP: 60, AudioRate: 48000, PictureBytes: 8000})
	defer end()
	time.Sleep(5 * time.Second)
	a.stop()
	for _, name := range []string{"playlist", "part", "segment", "missing"} {
		r := cases(a, b)[name]
		rec := httptest.NewRecorder()
		a.ServeHTTP(rec, r)
		body, length := rec.Body.Bytes(), []string{rec.Header().Get("Content-Length")}
		bare := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Content-Length"] = length
			w.WriteHeader(rec.Code)
			_, _ = w.Write(body)
		})
		b.Run(name+"/livesrv", func(b *testing.B) { overLoopback(b, a, r, len(body)) })
		b.Run(name+"/bare", func(b *testing.B) { overLoopback(b, bare, r, len(body)) })
	}
}

// overLoopback sends r again and again on one connection and reads the answers.
func overLoopback(b *testing.B, h http.Handler, r *http.Request, size int) {
	srv := httptest.NewServer(h)
	defer srv.Close()
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	ask := []byte("GET " + r.URL.RequestURI() + " HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\nUser-Agent: bench\r\n\r\n")
	in := bufio.NewReaderSize(conn, 64<<10)
	b.ReportAllocs()
	b.SetBytes(int64(size))
	for b.Loop() {
		if _, err := conn.Write(ask); err != nil {
			b.Fatal(err)
		}
		for { // the head ends with an empty line
			line, err := in.ReadSlice('\n')
			if err != nil {
				b.Fatal(err)
			}
			if len(line) == 2 {
				break
			}
		}
		if _, err := io.CopyN(io.Discard, in, int64(size)); err != nil {
			b.Fatal(err)
		}
	}
}
