package feed

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"sync"
)

// conns counts the open sockets, in all and per address, and can cut them. It counts network connections and
// not what the library calls clients: one that never finishes its handshake occupies us just as well.
type conns struct {
	max, maxPerAddress int

	mu        sync.Mutex
	reserved  int // admitted handshakes and open sockets
	byAddress map[string]int
	sockets   map[*socket]struct{}
	draining  bool
	changed   chan struct{} // closed and replaced when reserved falls
}

func newConns(maxAll, perAddress int) *conns {
	return &conns{max: maxAll, maxPerAddress: perAddress, byAddress: map[string]int{},
		sockets: map[*socket]struct{}{}, changed: make(chan struct{})}
}

// limit admits handshakes while there is room.
func (c *conns) limit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		address := r.RemoteAddr
		if host, _, err := net.SplitHostPort(address); err == nil {
			address = host
		}
		if status := c.reserve(address); status != http.StatusOK {
			w.Header().Set("Retry-After", "5")
			http.Error(w, http.StatusText(status), status)
			return
		}
		cw := &writer{ResponseWriter: w, conns: c, address: address}
		next.ServeHTTP(cw, r)
		if !cw.hijacked {
			c.release(address, nil)
		}
	})
}

func (c *conns) reserve(address string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.draining, c.reserved >= c.max:
		return http.StatusServiceUnavailable
	case c.byAddress[address] >= c.maxPerAddress:
		return http.StatusTooManyRequests
	}
	c.reserved++
	c.byAddress[address]++
	return http.StatusOK
}

func (c *conns) release(address string, s *socket) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reserved--
	if c.byAddress[address]--; c.byAddress[address] == 0 {
		delete(c.byAddress, address)
	}
	delete(c.sockets, s)
	close(c.changed)
	c.changed = make(chan struct{})
}

func (c *conns) open() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.sockets)
}

// drain admits nobody any more and returns when every socket is closed; those still open when ctx ends are cut.
func (c *conns) drain(ctx context.Context) {
	done := ctx.Done()
	for {
		c.mu.Lock()
		c.draining = true
		left, changed := c.reserved, c.changed
		c.mu.Unlock()
		if left == 0 {
			return
		}
		select {
		case <-changed:
		case <-done:
			done = nil
			c.cut()
		}
	}
}

func (c *conns) cut() {
	c.mu.Lock()
	open := make([]*socket, 0, len(c.sockets))
	for s := range c.sockets {
		open = append(open, s)
	}
	c.mu.Unlock()
	for _, s := range open {
		_ = s.Close()
	}
}

// writer follows a handshake to the socket it becomes.
type writer struct {
	http.ResponseWriter
	conns    *conns
	address  string
	hijacked bool
}

// Unwrap lets http.ResponseController reach the server's own writer.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Hijack takes the connection over from the HTTP server.
func (w *writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	w.hijacked = true
	s := &socket{Conn: conn, conns: w.conns, address: w.address}
	w.conns.mu.Lock()
	w.conns.sockets[s] = struct{}{}
	w.conns.mu.Unlock()
	return s, rw, nil
}

// socket gives its place back when it is closed.
type socket struct {
	net.Conn
	conns   *conns
	address string
	once    sync.Once
}

func (s *socket) Close() error {
	err := s.Conn.Close()
	s.once.Do(func() { s.conns.release(s.address, s) })
	return err
}
