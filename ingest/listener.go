package ingest

import (
	"errors"
	"log/slog"
	"net"
	"sync"
	"syscall"
	"time"
)

// maxPause is the longest wait between two tries to accept a connection.
const maxPause = time.Second

// listener lets in whom the door lets in.
type listener struct {
	net.Listener
	door     *Door
	visitors *visitors
	// atOnce says that nobody waits to be admitted.
	atOnce   bool
	protocol string
	log      *slog.Logger
	close    sync.Once
	closed   chan struct{}
}

// Listener puts the door before a listener. Accept gives only connections that may come in; each counts
// until it is closed, as the Visit that VisitOf gives, whoever may not is refused. Errors of single connections, and the lack of file
// descriptors, end nothing: Accept fails only when the listener has been closed.
func (d *Door) Listener(protocol string, l net.Listener) net.Listener {
	return d.listener(protocol, l, d.visitors)
}

// VisitOf is a Listener's connection as the door counts it, nil for another.
func VisitOf(nc net.Conn) *Visit {
	if g, ok := nc.(*guest); ok {
		return g.visit
	}
	return nil
}

// Lines is the Listener for connections that only carry the media of publishers who have knocked elsewhere: they are
// counted apart, and there may be a few for each publisher.
func (d *Door) Lines(protocol string, l net.Listener) net.Listener {
	in := d.listener(protocol, l, d.lines)
	in.atOnce = true
	return in
}

func (d *Door) listener(protocol string, l net.Listener, v *visitors) *listener {
	return &listener{Listener: l, door: d, visitors: v, protocol: protocol, log: d.log.With("protocol", protocol), closed: make(chan struct{})}
}

// Accept waits for the next connection.
func (l *listener) Accept() (net.Conn, error) {
	for pause := time.Duration(0); ; {
		nc, err := l.Listener.Accept()
		if err == nil {
			pause = 0
			if nc = l.admit(nc); nc != nil {
				return nc, nil
			}
			continue
		}
		if errors.Is(err, net.ErrClosed) {
			return nil, err
		}
		pause = min(max(2*pause, 5*time.Millisecond), maxPause)
		l.log.Warn("cannot accept a connection", "error", err, "pause", pause)
		select {
		case <-time.After(pause):
		case <-l.closed:
			return nil, net.ErrClosed
		}
	}
}

// admit knocks for a connection; nil was refused.
func (l *listener) admit(nc net.Conn) net.Conn {
	remote := nc.RemoteAddr().String()
	visit, err := l.visitors.enter(remote)
	if err == nil && l.atOnce {
		err = visit.admit()
	}
	if err != nil {
		visit.Leave()
		nc.Close()
		l.door.Refuse(l.protocol, remote, err)
		return nil
	}
	return &guest{Conn: nc, visit: visit}
}

// Close ends a waiting Accept too.
func (l *listener) Close() error {
	l.close.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

// guest is a connection that the door counts.
type guest struct {
	net.Conn
	visit *Visit
}

// Close closes the connection and takes it off the count.
func (g *guest) Close() error {
	defer g.visit.Leave()
	return g.Conn.Close()
}

// SyscallConn gives the socket, to set what it wakes us for.
func (g *guest) SyscallConn() (syscall.RawConn, error) {
	if c, ok := g.Conn.(syscall.Conn); ok {
		return c.SyscallConn()
	}
	return nil, errors.ErrUnsupported
}

// CloseWrite ends our side of the connection alone.
func (g *guest) CloseWrite() error {
	if half, ok := g.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}
