package h1

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// browser is about what one sends.
const browser = "GET /live/spring/v0/895374123.4.m4s HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 " +
	"(KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36\r\nAccept: */*\r\nAccept-Language: en-GB,en;q=0.9\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n" +
	"Referer: http://127.0.0.1:8080/s/spring\r\nSec-Fetch-Dest: empty\r\nSec-Fetch-Mode: cors\r\nSec-Fetch-Site: same-origin\r\nConnection: keep-alive\r\n\r\n"

// BenchmarkAnswer compares an answer with net/http's, over one loopback connection each: a playlist's 1.2 kB and a
// part's 62 kB.
func BenchmarkAnswer(b *testing.B) {
	for name, size := range map[string]int{"playlist": 1200, "part": 62_000} {
		body, length := make([]byte, size), []string{fmt.Sprint(size)}
		h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			hd := w.Header()
			hd["Content-Length"], hd["Content-Type"], hd["Cache-Control"] = length, []string{"video/iso.segment"}[:1:1], nil
			_, _ = w.Write(body)
		})
		fast, err := New(Config{Handler: h, Prefix: "/live/", Headers: []string{"Accept-Encoding"}, IdleTimeout: time.Minute,
			HeaderTimeout: time.Minute, WriteTimeout: time.Minute, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			b.Fatal(err)
		}
		for way, handler := range map[string]http.Handler{
			"nethttp": h,
			"h1":      http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fast.Take(w, r) }),
		} {
			b.Run(name+"/"+way, func(b *testing.B) {
				srv := httptest.NewServer(handler)
				defer srv.Close()
				c, err := net.Dial("tcp", srv.Listener.Addr().String())
				if err != nil {
					b.Fatal(err)
				}
				defer c.Close()
				br := bufio.NewReaderSize(c, 64<<10)
				b.ReportAllocs()
				b.SetBytes(int64(size))
				for b.Loop() {
					ask(b, c, br, size)
				}
			})
		}
	}
}

func ask(tb testing.TB, c net.Conn, br *bufio.Reader, size int) {
	if _, err := io.WriteString(c, browser); err != nil {
		tb.Fatal(err)
	}
	for {
		line, err := br.ReadSlice('\n')
		if err != nil {
			tb.Fatal(err)
		}
		if len(line) == 2 {
			break
		}
	}
	if _, err := br.Discard(size); err != nil {
		tb.Fatal(err)
	}
}

// TestAllocations: a request on a connection that is here costs one allocation, its target.
func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	body, length, kind := make([]byte, 62_000), []string{"62000"}, []string{"video/iso.segment"}
	s := newSite(t, func(c *Config) {
		c.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Content-Length"], w.Header()["Content-Type"] = length, kind
			_, _ = w.Write(body)
		})
	})
	l := s.dial(t)
	ask(t, l, l.br, len(body))
	if n := testing.AllocsPerRun(200, func() { ask(t, l, l.br, len(body)) }); n > 2 {
		t.Errorf("%v allocations, want at most 2, the test's own included", n)
	}
}
