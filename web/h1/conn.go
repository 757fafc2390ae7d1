package h1

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"sync/atomic"
	"time"

	"livesrv/internal/socket"
)

// conn is one connection while it is served here. One goroutine serves it; it is also its requests' context.
type conn struct {
	s   *Server
	tcp *net.TCPConn
	nc  *socket.Conn // over tcp
	req *http.Request
	url url.URL
	w   response
	h   head

	// buf holds what has been read and not taken: buf[:n].
	buf []byte
	n   int
	// values are the last values of the headers that the handler sees: they are nearly always the same again.
	values [][]string

	// readBy and writeBy are the deadlines that are set.
	readBy, writeBy time.Time

	// closing says that this answer is the last, broken that the connection is of no use any more.
	closing, broken bool
	// since is when the handler was called, in Unix nanoseconds; 0 while none works.
	since atomic.Int64
	gone  chan struct{}
	left  atomic.Bool
}

const (
	// firstBuffer holds the head that a browser sends; a longer one makes it grow up to maxHead.
	firstBuffer = 1 << 10
	// slack is how much earlier than it should a deadline may stand before it is set anew: setting one costs more
	// than looking.
	slack = 5 * time.Second
)

func newConn(s *Server, tcp *net.TCPConn, nc *socket.Conn) *conn {
	c := &conn{s: s, tcp: tcp, nc: nc, gone: make(chan struct{}), values: make([][]string, len(s.names))}
	c.w = response{c: c, header: make(http.Header, 8), left: -1}
	r := &http.Request{Method: http.MethodGet, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, URL: &c.url, Header: make(http.Header, len(s.names)),
		Body: http.NoBody, RemoteAddr: nc.RemoteAddr().String()}
	c.req = r.WithContext(c)
	return c
}

// serve answers requests until the connection ends or is net/http's again.
func (c *conn) serve(first *http.Request) {
	defer c.s.leave(c)
	defer func() {
		if what := recover(); what != nil {
			c.nc.Close()
			if what != http.ErrAbortHandler { //nolint:errorlint // the value itself is what is panicked with
				c.s.cfg.Log.Error("a request panicked", "path", c.url.Path, "panic", what, "stack", string(debug.Stack()))
			}
		}
	}()
	if first != nil {
		c.url.Path, c.url.RawQuery = first.URL.Path, first.URL.RawQuery
		for i, name := range c.s.cfg.Headers {
			if v := first.Header[name]; v != nil {
				c.req.Header[name] = v
				c.values[i] = v
			}
		}
		c.closing = first.Close
		if !c.answer() {
			c.nc.Close()
			return
		}
	}
	for {
		switch c.read() {
		case simple:
			c.take()
			if !c.answer() {
				c.nc.Close()
				return
			}
		case other:
			c.s.giveBack(c.tcp, c.buf[:c.n])
			return
		default:
			c.nc.Close()
			return
		}
	}
}

// read waits for a whole head. incomplete means that the connection has ended.
func (c *conn) read() verdict {
	idle := true
	for {
		if c.n > 0 {
			if v := c.h.parse(c.buf[:c.n], c.s.cfg.Prefix, c.s.names); v != incomplete {
				return v
			}
			if idle {
				// A head that trickles in gets no more time than one that is sent at once.
				idle, c.readBy = false, time.Now().Add(c.s.cfg.HeaderTimeout)
				if c.nc.SetReadDeadline(c.readBy) != nil {
					return incomplete
				}
			}
		} else if by := time.Now().Add(c.s.cfg.IdleTimeout); by.Sub(c.readBy) > slack || by.Before(c.readBy) {
			c.readBy = by
			if c.nc.SetReadDeadline(by) != nil {
				return incomplete
			}
		}
		if c.s.draining.Load() && c.n == 0 {
			return incomplete
		}
		if c.n == len(c.buf) {
			c.buf = append(c.buf, make([]byte, max(len(c.buf), firstBuffer))...)
		}
		m, err := c.nc.Read(c.buf[c.n:])
		c.n += m
		if err != nil && m == 0 {
			return incomplete
		}
	}
}

// take makes the head in the buffer the request.
func (c *conn) take() {
	target := string(c.h.target) // the request's one allocation
	c.url.Path, c.url.RawQuery = target[:c.h.path], ""
	if c.h.path < len(target) {
		c.url.RawQuery = target[c.h.path+1:]
	}
	c.req.RequestURI = target
	clear(c.req.Header)
	for _, f := range c.h.fields {
		name := c.s.cfg.Headers[f.name]
		switch have := c.values[f.name]; {
		case c.req.Header[name] != nil:
			c.req.Header[name] = append(c.req.Header[name][:1:1], string(f.value))
		case len(have) == 1 && have[0] == string(f.value):
			c.req.Header[name] = have
		default:
			c.values[f.name] = []string{string(f.value)}
			c.req.Header[name] = c.values[f.name]
		}
	}
	c.closing = c.h.close
	c.n = copy(c.buf, c.buf[c.h.size:c.n])
}

// answer lets the handler answer and says whether the connection goes on.
func (c *conn) answer() bool {
	c.w.reset()
	c.since.Store(time.Now().UnixNano())
	c.s.cfg.Handler.ServeHTTP(&c.w, c.req)
	c.since.Store(0)
	return c.w.finish()
}

// send writes the head and the body in one system call where they fit.
func (c *conn) send(head, body []byte) (int, error) {
	// A viewer who takes nothing is cut off; one who is only slow gets the same time for every write.
	if by := time.Now().Add(c.s.cfg.WriteTimeout); by.Sub(c.writeBy) > slack {
		c.writeBy = by
		if err := c.nc.SetWriteDeadline(by); err != nil {
			return 0, err
		}
	}
	n, err := c.nc.WriteBoth(head, body)
	return max(0, n-len(head)), err
}

// cancel ends what waits for the viewer's sake.
func (c *conn) cancel() {
	if !c.left.Swap(true) {
		close(c.gone)
	}
}

// A conn is the context of its requests: making one for each would cost more than answering.
var _ context.Context = (*conn)(nil)

// Deadline: there is none.
func (c *conn) Deadline() (time.Time, bool) { return time.Time{}, false }

// Done is closed when the viewer has left or the server lets go.
func (c *conn) Done() <-chan struct{} { return c.gone }

// Err is context.Canceled once Done is closed.
func (c *conn) Err() error {
	if c.left.Load() {
		return context.Canceled
	}
	return nil
}

// Value: there is none.
func (c *conn) Value(any) any { return nil }
