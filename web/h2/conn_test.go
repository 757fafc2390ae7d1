package h2

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/net/http2"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// counted counts what a server's connections write.
type counted struct {
	net.Listener
	writes atomic.Int64
}

type countedConn struct {
	net.Conn
	writes *atomic.Int64
}

func (l *counted) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return countedConn{c, &l.writes}, nil
}

func (c countedConn) Write(b []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(b)
}

// serve runs a handler over HTTP/2 and TLS, collected or not, and gives a client of it.
func serve(t testing.TB, h http.Handler, collect bool) (*http.Client, string, *counted) {
	t.Helper()
	return serveInTurn(t, h, collect, NewTurns(4))
}

// serveInTurn is serve, where the collected are answered in turn.
func serveInTurn(t testing.TB, h http.Handler, collect bool, turns *Turns) (*http.Client, string, *counted) {
	t.Helper()
	var done sync.WaitGroup
	srv := httptest.NewUnstartedServer(h) // for its certificate
	conf := &http2.Server{}
	if err := http2.ConfigureServer(srv.Config, conf); err != nil {
		t.Fatal(err)
	}
	ln := &counted{Listener: srv.Listener}
	srv.Listener = ln
	if collect {
		srv.Listener = Listener{ln}
		srv.Config.TLSNextProto[http2.NextProtoTLS] = func(hs *http.Server, c *tls.Conn, h http.Handler) {
			done.Add(1)
			defer done.Done()
			above := New(c, turns)
			if _, ok := above.(*Conn); !ok {
				t.Errorf("a %T is not collected", above)
			}
			conf.ServeConn(above, &http2.ServeConnOpts{Context: WithConn(context.Background(), above), BaseConfig: hs, Handler: InTurn(h)})
		}
	}
	srv.TLS = srv.Config.TLSConfig
	srv.StartTLS()
	client := srv.Client()
	transport := client.Transport.(*http.Transport)
	transport.ForceAttemptHTTP2 = true
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		srv.Close()
		done.Wait()
	})
	return client, srv.URL, ln
}

func fetch(t testing.TB, c *http.Client, url string) []byte {
	t.Helper()
	res, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.ProtoMajor != 2 {
		t.Fatalf("it is %s", res.Proto)
	}
	return b
}

// sized answers with a body of the length that the path says.
var sized = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	n, _ := strconv.Atoi(r.URL.Path[1:])
	w.Header().Set("Content-Length", strconv.Itoa(n))
	_, _ = w.Write(pattern(n))
})

func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i * 7 / 3)
	}
	return b
}

// TestOneWrite: an answer that is there leaves in one piece, and is whole, whatever its size.
func TestOneWrite(t *testing.T) {
	for _, size := range []int{0, 1, 1000, 16384, 62_000} {
		c, url, ln := serve(t, sized, true)
		fetch(t, c, url+"/1") // the handshake, settings and their acknowledgement
		least := int64(1 << 60)
		for range 20 { // the busy machine of a test may be slower than what is held waits
			before := ln.writes.Load()
			if got := fetch(t, c, fmt.Sprintf("%s/%d", url, size)); !bytes.Equal(got, pattern(size)) {
				t.Fatalf("%d bytes came as %d, or as others", size, len(got))
			}
			least = min(least, ln.writes.Load()-before)
		}
		if least > 1 {
			t.Errorf("%d bytes: %d writes", size, least)
		}
	}
}

// TestWhole: large answers and many at once are whole, held back in part or not.
func TestWhole(t *testing.T) {
	c, url, _ := serve(t, sized, true)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				n := rand.IntN(400_000)
				if got := fetch(t, c, fmt.Sprintf("%s/%d", url, n)); !bytes.Equal(got, pattern(n)) {
					t.Errorf("%d bytes came as %d, or as others", n, len(got))
				}
			}
		})
	}
	wg.Wait()
}

// TestPause: what a handler has flushed comes although the answer goes on.
func TestPause(t *testing.T) {
	more := make(chan struct{})
	c, url, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, text := range []string{"one ", "two "} {
			_, _ = io.WriteString(w, text)
			_ = http.NewResponseController(w).Flush()
			<-more
		}
	}), true)
	res, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	for _, want := range []string{"one ", "two "} {
		b := make([]byte, 4)
		if _, err := io.ReadFull(res.Body, b); err != nil || string(b) != want {
			t.Fatalf("%q, %v, want %q", b, err, want)
		}
		more <- struct{}{}
	}
}

// TestStuck: a viewer who takes nothing does not keep a connection from closing.
func TestStuck(t *testing.T) {
	ended := make(chan struct{})
	c, url, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(ended)
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(300 * time.Millisecond))
		for {
			if _, err := w.Write(make([]byte, 100_000)); err != nil {
				return
			}
		}
	}), true)
	res, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	<-ended
	if _, err := io.Copy(io.Discard, res.Body); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("the answer ended with %v", err)
	}
	res.Body.Close()
}

// FuzzFrames: frames are followed however their bytes are cut, and no bytes make it lose its way or panic.
func FuzzFrames(f *testing.F) {
	var b bytes.Buffer
	fr := http2.NewFramer(&b, nil)
	_ = fr.WriteSettings()
	_ = fr.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte("abc"), EndHeaders: true})
	_ = fr.WriteData(1, false, make([]byte, 100))
	_ = fr.WriteData(1, true, nil)
	f.Add(b.Bytes(), 7)
	f.Add(b.Bytes()[:40], 1)
	f.Fuzz(func(t *testing.T, p []byte, step int) {
		var whole, cut frames
		want := whole.pass(p)
		got := true
		for rest, n := p, max(1, step&63); len(rest) > 0; {
			m := min(n, len(rest))
			got = cut.pass(rest[:m])
			rest = rest[m:]
		}
		if len(p) > 0 && (got != want || whole != cut) {
			t.Errorf("in one piece %v %+v, in pieces %v %+v", want, whole, got, cut)
		}
	})
}

// BenchmarkAnswer compares an answer that is collected with one that is not: a playlist and a part.
func BenchmarkAnswer(b *testing.B) {
	for _, size := range []int{1200, 62_000} {
		for way, collect := range map[string]bool{"plain": false, "collected": true} {
			b.Run(fmt.Sprintf("%d/%s", size, way), func(b *testing.B) {
				c, url, ln := serve(b, sized, collect)
				fetch(b, c, url+"/1")
				before := ln.writes.Load()
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					fetch(b, c, fmt.Sprintf("%s/%d", url, size))
				}
				b.ReportMetric(float64(ln.writes.Load()-before)/float64(b.N), "writes/op")
			})
		}
	}
}
