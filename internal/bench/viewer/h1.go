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
	"time"
)

// playH1 is one session over HTTP/1.1: a connection for playlists and one for media, as browsers use them.
func playH1(ctx context.Context, cfg Config, u *url.URL, t *tally) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	p, first := begin(t, u.RequestURI(), cfg.Delta)
	s := &h1Session{cfg: cfg, u: u, p: p}
	for i := range s.todo {
		s.todo[i] = make(chan ask, 4) // a lane has one request under way and, at a seam, one more to come
	}
	s.todo[laneList] <- first
	var wg sync.WaitGroup
	for i := range s.todo {
		wg.Go(func() { cancel(s.run(ctx, lane(i))) })
	}
	wg.Wait()
	if s.watching {
		t.watching.Add(-1)
	}
	return context.Cause(ctx)
}

// h1Session is a session's two connections.
type h1Session struct {
	cfg  Config
	u    *url.URL
	p    *player
	todo [2]chan ask
	// watching says that the first part has come; the media lane's.
	watching bool
}

// run serves one lane until it fails or ctx ends.
func (s *h1Session) run(ctx context.Context, which lane) error {
	var first ask
	select {
	case first = <-s.todo[which]:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	nc, err := dial(ctx, s.cfg, s.u, "http/1.1")
	if err != nil {
		return err
	}
	defer nc.Close()
	stop := context.AfterFunc(ctx, func() { nc.Close() })
	defer stop()
	c := &h1Conn{nc: nc, br: bufio.NewReaderSize(nc, 4<<10), host: s.u.Host}
	for a := first; ; {
		r, err := c.do(a, s.p.wantsBody(a))
		if err != nil {
			return err
		}
		if which == laneMedia && !s.watching && a.kind == askPart && r.status == 200 {
			s.watching = true
			s.p.t.watching.Add(1)
		}
		next, err := s.p.take(a, r)
		if err != nil {
			return err
		}
		if a.kind == askPlaylist && len(next) == 0 && s.p.ended() {
			return errEnded
		}
		for _, n := range next {
			s.todo[n.lane()] <- n
		}
		select {
		case a = <-s.todo[which]:
		case <-ctx.Done():
			return context.Cause(ctx)
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
func (c *h1Conn) do(a ask, keep bool) (answer, error) {
	c.out = append(c.out[:0], "GET "...)
	c.out = append(c.out, a.target...)
	c.out = append(c.out, " HTTP/1.1\r\nHost: "...)
	c.out = append(c.out, c.host...)
	if a.lane() == laneList {
		c.out = append(c.out, "\r\nAccept-Encoding: gzip, deflate, br"...)
	}
	c.out = append(c.out, requestHead...)
	if err := c.nc.SetDeadline(time.Now().Add(quiet)); err != nil {
		return answer{}, err
	}
	if _, err := c.nc.Write(c.out); err != nil {
		return answer{}, err
	}
	h, err := c.head()
	if err != nil {
		return answer{}, err
	}
	r := answer{status: h.status, zipped: h.zipped}
	keep = keep && h.status == 200
	c.body = c.body[:0]
	switch {
	case h.chunked:
		if c.body, err = readAll(c.body, httputil.NewChunkedReader(c.br)); err == nil {
			_, err = c.br.Discard(2) // the empty line after the last chunk
		}
		r.size = len(c.body)
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
}

// head reads the status line and the header lines that matter.
func (c *h1Conn) head() (h1Head, error) {
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
		}
	}
}

func readAll(b []byte, r io.Reader) ([]byte, error) {
	buf := bytes.NewBuffer(b)
	_, err := buf.ReadFrom(io.LimitReader(r, maxBody))
	return buf.Bytes(), err
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
