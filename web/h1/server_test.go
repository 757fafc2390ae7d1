package h1

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// site is a net/http server with a Server in front of its media.
type site struct {
	fast  *Server
	http  *http.Server
	addr  string
	plain atomic.Bool // net/http answers everything
	taken chan string // targets that were answered here
	gate  chan struct{}
	ended chan error // of requests that waited for the gate
	done  sync.WaitGroup
	stop  func()
}

// newSite serves /live/ here and everything else from net/http: /live/wait waits for the gate, /live/big has a large
// body in many pieces, /live/panic panics, /live/short and /live/unsaid break the rule about Content-Length.
func newSite(t testing.TB, modify func(*Config)) *site {
	t.Helper()
	s := &site{taken: make(chan string, 100), gate: make(chan struct{}), ended: make(chan error, 10)}
	media := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case s.taken <- r.RequestURI:
		default:
		}
		body := "media " + r.URL.Path + " " + r.URL.RawQuery + " " + strings.Join(r.Header["Range"], "+")
		switch r.URL.Path {
		case "/live/wait":
			select {
			case <-s.gate:
			case <-r.Context().Done():
				s.ended <- r.Context().Err()
				body = "gone"
			}
		case "/live/panic":
			panic("as asked")
		case "/live/unsaid":
			_, _ = io.WriteString(w, body)
			return
		case "/live/short":
			w.Header()["Content-Length"] = []string{"1000"}
			_, _ = io.WriteString(w, body)
			return
		case "/live/long":
			w.Header()["Content-Length"] = []string{"3"}
			if _, err := io.WriteString(w, body); !errors.Is(err, http.ErrContentLength) {
				t.Errorf("more than Content-Length was taken: %v", err)
			}
			return
		case "/live/silent":
			return
		case "/live/big":
			w.Header()["Content-Length"] = []string{strconv.Itoa(bigPieces * bigPiece)}
			for range bigPieces {
				if _, err := w.Write(make([]byte, bigPiece)); err != nil {
					return
				}
			}
			return
		}
		w.Header()["Content-Length"] = []string{strconv.Itoa(len(body))}
		w.Header()["X-Proto"] = []string{"fast"}
		_, _ = io.WriteString(w, body)
	})
	cfg := Config{Handler: media, Prefix: "/live/", Headers: []string{"Accept-Encoding", "Range"}, IdleTimeout: time.Minute,
		HeaderTimeout: time.Minute, WriteTimeout: time.Minute, Log: slog.New(slog.DiscardHandler)}
	if modify != nil {
		modify(&cfg)
	}
	var err error
	if s.fast, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	s.http = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/live/") {
			if s.plain.Load() || !s.fast.Take(w, r) {
				media.ServeHTTP(w, r)
			}
			return
		}
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "page %s %s %s", r.Method, r.URL.Path, body)
	})}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = ln.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	s.done.Go(func() { s.fast.Run(ctx) })
	s.done.Go(func() { _ = s.http.Serve(ln) })
	s.done.Go(func() { _ = s.http.Serve(s.fast.Returned(ln.Addr())) })
	s.stop = sync.OnceFunc(func() {
		cancel()
		grace, end := context.WithTimeout(context.Background(), 30*time.Second)
		defer end()
		if err := errors.Join(s.http.Shutdown(grace), s.fast.Shutdown(grace)); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		s.done.Wait()
		if n := s.fast.Connections(); n != 0 {
			t.Errorf("%d connections are left", n)
		}
	})
	t.Cleanup(s.stop)
	return s
}

const bigPieces, bigPiece = 20, 100_000

// line is one connection.
type line struct {
	net.Conn
	br *bufio.Reader
	t  testing.TB
}

func (s *site) dial(t testing.TB) *line {
	t.Helper()
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(30 * time.Second))
	return &line{c, bufio.NewReader(c), t}
}

func (l *line) say(text string) {
	l.t.Helper()
	if _, err := io.WriteString(l, text); err != nil {
		l.t.Fatal(err)
	}
}

// hear reads an answer as net/http's client does.
func (l *line) hear() (*http.Response, string) {
	l.t.Helper()
	res, err := http.ReadResponse(l.br, nil)
	if err != nil {
		l.t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		l.t.Fatal(err)
	}
	return res, string(body)
}

func get(path string) string { return "GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n" }

// ends wants that the server closes the connection.
func (l *line) ends() {
	l.t.Helper()
	if b, err := l.br.ReadByte(); err == nil {
		l.t.Fatalf("the connection goes on with %q", b)
	} else if errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), "timeout") {
		l.t.Fatal("the connection stays open")
	}
}

// TestTurns: one connection goes to and fro between here and net/http, and every answer is right.
func TestTurns(t *testing.T) {
	l := newSite(t, nil).dial(t)
	for range 3 {
		for _, c := range []struct{ ask, want string }{
			{get("/live/a?x=1"), "media /live/a x=1 "},
			{get("/live/b"), "media /live/b  "},
			{"GET /live/c HTTP/1.1\r\nHost: x\r\nRange: bytes=0-1\r\n\r\n", "media /live/c  bytes=0-1"},
			{"GET /live/c HTTP/1.1\r\nHost: x\r\nRange: bytes=0-1\r\nRange: bytes=5-6\r\n\r\n", "media /live/c  bytes=0-1+bytes=5-6"},
			{get("/live/d"), "media /live/d  "},
			{get("/page"), "page GET /page "},
			{"POST /api HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", "page POST /api hello"},
			{get("/live/e"), "media /live/e  "},
			{"GET /live/%66 HTTP/1.1\r\nHost: x\r\n\r\n", "media /live/f  "},
			{"OPTIONS /live/a HTTP/1.1\r\nHost: x\r\n\r\n", "media /live/a  "},
			{"GET /live/a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi", "media /live/a  "},
			{get("/live/silent"), ""},
		} {
			l.say(c.ask)
			if res, body := l.hear(); body != c.want || res.StatusCode != 200 || res.Header.Get("Date") == "" {
				t.Fatalf("%q: %d %q, want %q", c.ask, res.StatusCode, body, c.want)
			}
		}
	}
}

// TestPipelined: requests that are sent ahead are answered in their order, whoever answers them.
func TestPipelined(t *testing.T) {
	l := newSite(t, nil).dial(t)
	l.say(get("/live/a") + get("/live/b") + get("/x") + get("/live/c") + "POST /y HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi" + get("/live/d"))
	for _, want := range []string{"media /live/a  ", "media /live/b  ", "page GET /x ", "media /live/c  ", "page POST /y hi", "media /live/d  "} {
		if _, body := l.hear(); body != want {
			t.Fatalf("%q, want %q", body, want)
		}
	}
}

func TestBigBody(t *testing.T) {
	l := newSite(t, nil).dial(t)
	for range 2 {
		l.say(get("/live/big"))
		if _, body := l.hear(); len(body) != bigPieces*bigPiece {
			t.Fatalf("%d bytes", len(body))
		}
	}
}

// TestEnds: what ends a connection does, and what was said before is heard.
func TestEnds(t *testing.T) {
	s := newSite(t, nil)
	for name, c := range map[string]struct{ ask, want string }{
		"close":     {"GET /live/a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "media /live/a  "},
		"no length": {get("/live/unsaid"), "media /live/unsaid  "},
	} {
		// Once as a connection's first request, which net/http has read, and once as its second.
		for _, before := range []string{"", get("/live/z")} {
			l := s.dial(t)
			if l.say(before + c.ask); before != "" {
				l.hear()
			}
			res, body := l.hear()
			if body != c.want || !res.Close {
				t.Errorf("%s: %q, close %v", name, body, res.Close)
			}
			l.ends()
		}
	}
	for _, path := range []string{"/live/panic", "/live/short"} {
		l := s.dial(t)
		l.say(get("/live/z") + get(path))
		l.hear()
		if res, err := http.ReadResponse(l.br, nil); err == nil {
			if _, err = io.ReadAll(res.Body); err == nil {
				t.Errorf("%s: a whole answer", path)
			}
		}
	}
	l := s.dial(t)
	l.say(get("/live/long"))
	l.ends() // nothing was sent: the head would have been a lie
}

// TestLeaving: a request that waits is let go when its viewer leaves.
func TestLeaving(t *testing.T) {
	s := newSite(t, nil)
	l := s.dial(t)
	l.say(get("/live/wait"))
	<-s.taken
	l.Close()
	select {
	case err := <-s.ended:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("the request waits for nobody")
	}
}

// TestWaiting: one whose viewer stays is not, and is answered.
func TestWaiting(t *testing.T) {
	s := newSite(t, nil)
	l := s.dial(t)
	l.say(get("/live/wait"))
	<-s.taken
	for _, c := range s.fast.waiting(time.Now().Add(time.Hour)) {
		if hasLeft(c.tcp) {
			t.Error("a viewer who is here is taken for one who has left")
		}
	}
	close(s.gate)
	if _, body := l.hear(); body != "media /live/wait  " {
		t.Errorf("%q", body)
	}
}

// TestShutdown: idle connections end at once, what is under way is answered.
func TestShutdown(t *testing.T) {
	s := newSite(t, nil)
	idle, busy := s.dial(t), s.dial(t)
	idle.say(get("/live/a"))
	idle.hear()
	<-s.taken
	busy.say(get("/live/wait"))
	<-s.taken
	stopped := make(chan struct{})
	go func() { s.stop(); close(stopped) }()
	idle.ends()
	close(s.gate)
	if res, body := busy.hear(); body != "media /live/wait  " || !res.Close {
		t.Errorf("%q, close %v", body, res.Close)
	}
	<-stopped
}

// TestLetGo: those who wait are told in time.
func TestLetGo(t *testing.T) {
	s := newSite(t, nil)
	l := s.dial(t)
	l.say(get("/live/wait"))
	<-s.taken
	s.fast.LetGo()
	if err := <-s.ended; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// TestShutdownCuts: what does not end in time is cut.
func TestShutdownCuts(t *testing.T) {
	s := newSite(t, nil)
	l := s.dial(t)
	l.say(get("/live/wait"))
	<-s.taken
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.fast.Shutdown(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	<-s.ended
}

// TestSlow: a head that trickles in, silence and a viewer who takes nothing each come to an end.
func TestSlow(t *testing.T) {
	short := 150 * time.Millisecond
	t.Run("head", func(t *testing.T) {
		l := newSite(t, func(c *Config) { c.HeaderTimeout = short }).dial(t)
		l.say(get("/live/a"))
		l.hear()
		l.say("GET /live/b HTTP/1.1\r\nHo")
		l.ends()
	})
	t.Run("silence", func(t *testing.T) {
		l := newSite(t, func(c *Config) { c.IdleTimeout = short }).dial(t)
		l.say(get("/live/a"))
		l.hear()
		l.ends()
	})
	t.Run("viewer", func(t *testing.T) {
		s := newSite(t, func(c *Config) { c.WriteTimeout = short })
		l := s.dial(t)
		_ = l.Conn.(*net.TCPConn).SetReadBuffer(4 << 10)
		for range 20 { // more than the system takes for somebody who reads nothing
			l.say(get("/live/big"))
		}
		for s.fast.Connections() > 0 || len(s.taken) == 0 {
			time.Sleep(10 * time.Millisecond) // there is no event to wait for: the other end says nothing
		}
	})
}

// TestRubbish: whatever comes after a request of ours is answered as net/http alone would have.
func TestRubbish(t *testing.T) {
	s := newSite(t, nil)
	after := func(text string, plain bool) string {
		s.plain.Store(plain)
		l := s.dial(t)
		l.say(get("/live/a"))
		l.hear()
		if _, err := io.WriteString(l, text); err != nil {
			t.Fatal(err)
		}
		_ = l.Conn.(*net.TCPConn).CloseWrite()
		var heard strings.Builder
		for {
			res, err := http.ReadResponse(l.br, nil)
			if err != nil {
				return heard.String()
			}
			body, _ := io.ReadAll(res.Body)
			fmt.Fprintf(&heard, "%d %s\n", res.StatusCode, body)
		}
	}
	for _, c := range heads {
		if c.want == incomplete || len(c.text) < 4 {
			continue // net/http says 400 to somebody who has hung up, or says nothing
		}
		if want, got := after(c.text, true), after(c.text, false); got != want {
			t.Errorf("%s: %q is answered\n%swant\n%s", c.name, c.text, got, want)
		}
	}
}
