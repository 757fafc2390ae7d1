package viewer

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httputil"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// playH1 is one session over HTTP/1.1: a connection for playlists and one for media, as browsers use them, for each
// rendition that is played.
func playH1(ctx context.Context, cfg Config, u *url.URL, t *tally) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	p, first := begin(t, u, cfg.Delta)
	s := &h1Session{cfg: cfg, p: p, cancel: cancel}
	s.hand(ctx, first)
	s.wg.Wait()
	if s.watching.Load() {
		t.watching.Add(-1)
	}
	return context.Cause(ctx)
}

// h1Session is a session's connections.
type h1Session struct {
	cfg    Config
	p      *player
	cancel context.CancelCauseFunc
	wg     sync.WaitGroup

	mu sync.Mutex
	// todo are what the lanes have to ask for, made with their connection when there is something.
	todo [lanes]chan ask
	// watching says that the first part has come.
	watching atomic.Bool
}

// hand gives a lane a request to make.
func (s *h1Session) hand(ctx context.Context, a ask) {
	s.mu.Lock()
	todo := s.todo[a.lane()]
	if todo == nil {
		todo = make(chan ask, 4) // a lane has one request under way and, at a seam, one more to come
		s.todo[a.lane()] = todo
		s.wg.Go(func() { s.cancel(s.run(ctx, todo)) })
	}
	s.mu.Unlock()
	todo <- a
}

// run serves one lane until it fails or ctx ends.
func (s *h1Session) run(ctx context.Context, todo chan ask) error {
	nc, err := dial(ctx, s.cfg, s.p.u, "http/1.1")
	if err != nil {
		return err
	}
	defer nc.Close()
	stop := context.AfterFunc(ctx, func() { nc.Close() })
	defer stop()
	c := &h1Conn{nc: nc, br: bufio.NewReaderSize(nc, 4<<10), host: s.p.u.Host}
	for {
		var a ask
		select {
		case a = <-todo:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		got, err := c.do(a, s.p.cookie, s.p.wantsBody(a))
		if err != nil {
			return err
		}
		if a.kind == askPart && got.status == 200 && !s.watching.Load() && !s.watching.Swap(true) {
			s.p.t.watching.Add(1)
		}
		next, err := s.p.take(a, got)
		if err != nil {
			return err
		}
		if a.kind == askPlaylist && len(next) == 0 && s.p.ended() {
			return errEnded
		}
		for _, n := range next {
			s.hand(ctx, n)
		}
	}
}

// dial connects, with TLS for https, to speak proto.
func dial(ctx context.Context, cfg Config, u *url.URL, proto string) (net.Conn, error) {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	ctx, cancel := context.WithTimeout(ctx, dialLimit)
	defer cancel()
	var d net.Dialer
	nc, err := d.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil || u.Scheme == "http" {
		return nc, err
	}
	conf := &tls.Config{}
	if cfg.TLS != nil {
		conf = cfg.TLS.Clone()
	}
	conf.NextProtos = []string{proto}
	if conf.ServerName == "" {
		conf.ServerName = u.Hostname()
	}
	c := tls.Client(nc, conf)
	if err := c.HandshakeContext(ctx); err != nil {
		nc.Close()
		return nil, err
	}
	if got := c.ConnectionState().NegotiatedProtocol; got != proto && proto == "h2" {
		nc.Close()
		return nil, fmt.Errorf("the server speaks %q, not HTTP/2", got)
	}
	return c, nil
}

// h1Conn is a connection of HTTP/1.1 that asks one thing after the other.
type h1Conn struct {
	nc   net.Conn
	br   *bufio.Reader
	host string
	out  []byte
	body []byte
}

const (
	// maxHead and maxBody bound what an answer may hold.
	maxHead = 64 << 10
	maxBody = 64 << 20
)

var errHead = errors.New("the answer is no HTTP/1.1")

// do sends a request and reads its answer; keep says whether the body is to be looked at.
func (c *h1Conn) do(a ask, cookie string, keep bool) (answer, error) {
	c.out = append(c.out[:0], "GET "...)
	c.out = append(c.out, a.target...)
	c.out = append(c.out, " HTTP/1.1\r\nHost: "...)
	c.out = append(c.out, c.host...)
	if cookie != "" {
		c.out = append(c.out, "\r\nCookie: "...)
		c.out = append(c.out, cookie...)
	}
	if !a.media() {
		c.out = append(c.out, "\r\nAccept-Encoding: gzip, deflate, br"...)
	}
	c.out = append(c.out, requestHead...)
	if err := c.nc.SetDeadline(time.Now().Add(quiet)); err != nil {
		return answer{}, err
	}
	if _, err := c.nc.Write(c.out); err != nil {
		return answer{}, err
	}
	h, err := c.head(a.kind == askMultivariant)
	if err != nil {
		return answer{}, err
	}
	r := answer{status: h.status, zipped: h.zipped, location: h.location, cookies: h.cookies}
	keep = keep && h.status == 200
	c.body = c.body[:0]
	switch {
	case h.chunked:
		if r.size, err = c.chunked(keep); err == nil {
			_, err = c.br.Discard(2) // the empty line after the last chunk
		}
	case h.length < 0 || h.length > maxBody:
		return answer{}, errHead
	case keep:
		c.body = append(c.body, make([]byte, h.length)...)
		_, err = io.ReadFull(c.br, c.body)
		r.size = h.length
	default:
		r.size = h.length
		err = c.discard(h.length)
	}
	if keep {
		r.body = c.body
	}
	r.at = time.Now()
	return r, err
}

// requestHead is what a browser sends with each request, about as long.
const requestHead = "\r\nUser-Agent: livesrv-bench/1.0 (virtual viewer; like a browser that plays low-latency HLS)" +
	"\r\nAccept: */*\r\nAccept-Language: en-GB,en;q=0.9\r\nOrigin: https://shop.example\r\nReferer: https://shop.example/\r\n\r\n"

type h1Head struct {
	status, length  int
	zipped, chunked bool
	location        string
	cookies         []string
}

// head reads the status line and the header lines that matter; first says that it is the multivariant playlist's, of
// which more do.
func (c *h1Conn) head(first bool) (h1Head, error) {
	h := h1Head{length: -1}
	for total, n := 0, 0; ; n++ {
		line, err := c.br.ReadSlice('\n')
		if err != nil {
			return h, err
		}
		if total += len(line); total > maxHead {
			return h, errHead
		}
		line = bytes.TrimRight(line, "\r\n")
		if n == 0 {
			if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
				return h, errHead
			}
			if h.status, err = strconv.Atoi(string(line[9:12])); err != nil {
				return h, errHead
			}
			continue
		}
		if len(line) == 0 {
			return h, nil
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if h.length, err = strconv.Atoi(string(value)); err != nil {
				return h, errHead
			}
		case bytes.EqualFold(name, []byte("Content-Encoding")):
			h.zipped = string(value) == "gzip"
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			h.chunked = string(value) == "chunked"
		case first && bytes.EqualFold(name, []byte("Location")):
			h.location = string(value)
		case first && bytes.EqualFold(name, []byte("Set-Cookie")):
			h.cookies = append(h.cookies, string(value))
		}
	}
}

// chunked reads a body that comes in chunks and gives its size; keep says whether into c.body.
func (c *h1Conn) chunked(keep bool) (int, error) {
	body := io.LimitReader(httputil.NewChunkedReader(c.br), maxBody)
	if !keep {
		n, err := io.Copy(io.Discard, body)
		return int(n), err
	}
	buf := bytes.NewBuffer(c.body)
	n, err := buf.ReadFrom(body)
	c.body = buf.Bytes()
	return int(n), err
}

// scratch are buffers for what nobody looks at; one is taken only while bytes are there to be read.
var scratch = sync.Pool{New: func() any { b := make([]byte, 64<<10); return &b }}

// discard throws away n bytes of a body.
func (c *h1Conn) discard(n int) error {
	have := min(n, c.br.Buffered())
	if _, err := c.br.Discard(have); err != nil {
		return err
	}
	n -= have
	if tcp, ok := c.nc.(*net.TCPConn); ok && canTruncate {
		return truncate(tcp, n)
	}
	b := scratch.Get().(*[]byte)
	defer scratch.Put(b)
	for n > 0 {
		m, err := c.nc.Read((*b)[:min(n, len(*b))])
		if n -= m; err != nil && n > 0 {
			return err
		}
	}
	return nil
}
