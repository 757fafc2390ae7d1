package h1

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"livesrv/internal/socket"
)

// Config says what is answered and how long a viewer may take.
type Config struct {
	// Handler answers. It must set Content-Length.
	Handler http.Handler
	// Prefix is what the paths begin with that are taken, "/live/".
	Prefix string
	// Headers are the request headers that the handler reads, in canonical form; it sees no others.
	Headers []string
	// IdleTimeout is how long a connection may stay without a request, HeaderTimeout how long a request's head may take
	// from its first byte, WriteTimeout how long a viewer may take nothing.
	IdleTimeout, HeaderTimeout, WriteTimeout time.Duration
	Log                                      *slog.Logger
}

// Server takes connections over from net/http and gives them back. Make it with New; Take is called by handlers.
type Server struct {
	cfg   Config
	names []string // Config.Headers in lower case
	clock
	returned *Returned
	draining atomic.Bool

	mu    sync.Mutex
	conns map[*conn]struct{}
	// active are the connections that are here or about to be; empty is closed when draining has begun and none is left.
	active int
	empty  chan struct{}
}

// New makes a server that has no connection yet.
func New(cfg Config) (*Server, error) {
	if cfg.Handler == nil || cfg.Log == nil || cfg.Prefix == "" || cfg.IdleTimeout <= 0 || cfg.HeaderTimeout <= 0 || cfg.WriteTimeout <= 0 {
		return nil, errors.New("h1: a handler, a prefix, a log and the timeouts are required")
	}
	s := &Server{cfg: cfg, conns: map[*conn]struct{}{}, empty: make(chan struct{})}
	for _, name := range cfg.Headers {
		s.names = append(s.names, strings.ToLower(name))
	}
	s.returned = &Returned{conns: make(chan net.Conn), closed: make(chan struct{})}
	return s, nil
}

// Returned is a listener of the connections that are net/http's again. Serve it with the same http.Server.
func (s *Server) Returned(addr net.Addr) *Returned {
	s.returned.addr = addr
	return s.returned
}

// Take answers a request of net/http's and keeps its connection. False means that nothing has been done: the request is
// not one to be answered here, and the caller answers it.
func (s *Server) Take(w http.ResponseWriter, r *http.Request) bool {
	if r.ProtoMajor != 1 || r.ProtoMinor != 1 || r.Method != http.MethodGet || r.TLS != nil || r.ContentLength != 0 || len(r.TransferEncoding) > 0 ||
		!strings.HasPrefix(r.URL.Path, s.cfg.Prefix) || r.Header["Expect"] != nil || r.Header["Upgrade"] != nil {
		return false
	}
	hj, ok := w.(http.Hijacker)
	if !ok || !s.enter() {
		return false
	}
	nc, rw, err := hj.Hijack()
	if err != nil {
		s.leave(nil)
		return false
	}
	tcp, pending, ok := unwrap(nc)
	if !ok {
		// It cannot be answered any more. No listener that this is used with makes such a connection.
		s.cfg.Log.Error("a connection is not of TCP", "type", fmt.Sprintf("%T", nc))
		nc.Close()
		s.leave(nil)
		return true
	}
	sock, err := socket.New(tcp)
	if err != nil {
		nc.Close() // it has ended meanwhile
		s.leave(nil)
		return true
	}
	c := newConn(s, tcp, sock)
	ahead, _ := rw.Reader.Peek(rw.Reader.Buffered()) // what is buffered can be looked at
	c.buf = append(append(c.buf, ahead...), pending...)
	c.n = len(c.buf)
	s.mu.Lock()
	s.conns[c] = struct{}{}
	s.mu.Unlock()
	go c.serve(r)
	return true
}

// enter keeps account of a connection before it comes; false means that the server is going down.
func (s *Server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining.Load() {
		return false
	}
	s.active++
	return true
}

// leave takes a connection off the account; nil is one that has not come.
func (s *Server) leave(c *conn) {
	if c != nil {
		c.cancel()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	s.active--
	s.closeEmpty()
}

// closeEmpty says that all have left, once. The caller holds s.mu.
func (s *Server) closeEmpty() {
	if !s.draining.Load() || s.active > 0 {
		return
	}
	select {
	case <-s.empty:
	default:
		close(s.empty)
	}
}

// Connections is how many there are.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// watchEvery is how often waiting connections are looked at, and how long one has waited that is.
const watchEvery = time.Second

// Run watches over connections that wait, until ctx ends: media that comes answers the others before that.
func (s *Server) Run(ctx context.Context) {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			for _, c := range s.waiting(now.Add(-watchEvery)) {
				if hasLeft(c.tcp) {
					c.cancel()
				}
			}
		}
	}
}

// waiting are the connections whose handler was called before a time.
func (s *Server) waiting(before time.Time) (all []*conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		if since := c.since.Load(); since != 0 && since < before.UnixNano() {
			all = append(all, c)
		}
	}
	return all
}

// LetGo ends the context of every request, for a server that is about to stop.
func (s *Server) LetGo() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.cancel()
	}
}

// Shutdown ends idle connections at once and the others after their answer, and waits for all. When ctx ends before, it
// cuts them and returns ctx's error.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.draining.Store(true)
	s.closeEmpty()
	for c := range s.conns {
		if c.since.Load() == 0 {
			_ = c.nc.SetReadDeadline(time.Unix(1, 0)) // a closed connection has ended already
		}
	}
	s.mu.Unlock()
	select {
	case <-s.empty:
		return nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	for c := range s.conns {
		c.cancel()
		_ = c.nc.Close()
	}
	s.mu.Unlock()
	<-s.empty
	return ctx.Err()
}
