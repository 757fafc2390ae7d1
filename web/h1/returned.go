package h1

import (
	"bytes"
	"net"
	"sync"
)

// Returned is a net.Listener that accepts the connections that are given back to net/http.
type Returned struct {
	addr   net.Addr
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

// Accept waits for a connection that is given back.
func (r *Returned) Accept() (net.Conn, error) {
	select {
	case c := <-r.conns:
		return c, nil
	case <-r.closed:
		return nil, net.ErrClosed
	}
}

// Close ends Accept. What is given back from then on is closed.
func (r *Returned) Close() error {
	r.once.Do(func() { close(r.closed) })
	return nil
}

// Addr is where the connections were accepted first.
func (r *Returned) Addr() net.Addr { return r.addr }

// giveBack hands a connection to net/http with what has been read of it.
func (s *Server) giveBack(nc *net.TCPConn, read []byte) {
	c := &again{TCPConn: nc, pending: bytes.Clone(read)}
	select {
	case s.returned.conns <- c:
	case <-s.returned.closed:
		nc.Close()
	}
}

// again is a connection of which something has been read already.
type again struct {
	*net.TCPConn
	pending []byte
}

// Read gives what had been read first.
func (a *again) Read(b []byte) (int, error) {
	if len(a.pending) > 0 {
		n := copy(b, a.pending)
		if a.pending = a.pending[n:]; len(a.pending) == 0 {
			a.pending = nil
		}
		return n, nil
	}
	return a.TCPConn.Read(b)
}

// unwrap finds the connection below, and what of it has not been read from its wrapper.
func unwrap(nc net.Conn) (tcp *net.TCPConn, pending []byte, ok bool) {
	switch c := nc.(type) {
	case *net.TCPConn:
		return c, nil, true
	case *again:
		return c.TCPConn, c.pending, true
	}
	return nil, nil, false
}
