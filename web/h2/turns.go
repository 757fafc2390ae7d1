package h2

import (
	"context"
	"net"
	"net/http"
	"sync"
)

// Turns bounds how many answers are under way at a time, over all connections. When a part is there a thousand viewers
// wait for it, and an answer takes a dozen steps of several goroutines each: made all at once they take their steps in
// turn, so that each is ready when all are, and each holds a part's worth of records until then. One after the other,
// the first viewer has the part while the last still waits, nobody has it later, and few buffers are in use.
//
// What waits for a viewer never has a turn for long: an answer gives it back when its last bytes go to the socket, and
// after patience at the latest. So slow viewers cost the others nothing.
type Turns chan struct{}

// NewTurns makes room for n answers at a time.
func NewTurns(n int) Turns { return make(Turns, n) }

type connKey struct{}

// WithConn is the context of the requests that come on c.
func WithConn(ctx context.Context, c net.Conn) context.Context {
	if c, ok := c.(*Conn); ok {
		return context.WithValue(ctx, connKey{}, c)
	}
	return ctx
}

// takeTurn waits until an answer on this connection may begin. Two answers at once have one turn.
func (c *Conn) takeTurn(ctx context.Context) {
	if c.turn.Load() {
		return
	}
	select {
	case c.turns <- struct{}{}:
	default:
		select {
		case c.turns <- struct{}{}:
		case <-ctx.Done():
			return // its write fails
		}
	}
	if !c.turn.CompareAndSwap(false, true) {
		<-c.turns
		return
	}
	c.timer.Reset(patience)
}

// giveTurn lets the next answer begin, if this connection has a turn.
func (c *Conn) giveTurn() {
	if c.turn.CompareAndSwap(true, false) {
		<-c.turns
	}
}

// InTurn lets a handler answer in turn: it waits where it begins to write. Requests on other connections than those of
// this package are not changed.
func InTurn(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, ok := r.Context().Value(connKey{}).(*Conn)
		if !ok {
			next.ServeHTTP(w, r)
			return
		}
		in := writers.Get().(*writer)
		*in = writer{ResponseWriter: w, ctx: r.Context(), conn: c}
		next.ServeHTTP(in, r)
		*in = writer{}
		writers.Put(in)
	})
}

var writers = sync.Pool{New: func() any { return new(writer) }}

// writer is the ResponseWriter of an answer in turn.
type writer struct {
	http.ResponseWriter
	ctx   context.Context
	conn  *Conn
	begun bool
}

// Write waits for a turn before the first bytes.
func (w *writer) Write(b []byte) (int, error) {
	if !w.begun {
		w.begun = true
		w.conn.takeTurn(w.ctx)
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }
