package h2

import (
	"context"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Turns bounds how many answers are under way at a time, over all connections. When a part is there a thousand viewers
// wait for it, and an answer takes a dozen steps of several goroutines each: made all at once they take their steps in
// turn, so that each is ready when all are, and each holds a part's worth of records until then. One after the other,
// the first viewer has the part while the last still waits, nobody has it later, and few buffers are in use.
//
// What waits for a viewer never has a turn for long: an answer gives it back when its last bytes go to the socket, and
// after patience at the latest. So slow viewers cost the others nothing.
type Turns struct {
	mu   sync.Mutex
	free int
	// media goes before the rest: the part is what a viewer sees, the playlist says what comes after it. But one turn in
	// restEvery goes to the rest, which so always gets on.
	media, rest []chan struct{}
	given       uint
	// waiters are channels that hold a turn on its way.
	waiters sync.Pool
}

const restEvery = 8

// NewTurns makes room for n answers at a time.
func NewTurns(n int) *Turns {
	return &Turns{free: n, waiters: sync.Pool{New: func() any { return make(chan struct{}, 1) }}}
}

// take waits for a turn; false says that ctx ended before.
func (t *Turns) take(ctx context.Context, media bool) bool {
	t.mu.Lock()
	if t.free > 0 {
		t.free--
		t.mu.Unlock()
		return true
	}
	queue := &t.rest
	if media {
		queue = &t.media
	}
	mine := t.waiters.Get().(chan struct{})
	*queue = append(*queue, mine)
	t.mu.Unlock()
	select {
	case <-mine:
		t.waiters.Put(mine)
		return true
	case <-ctx.Done():
	}
	t.mu.Lock()
	i := slices.Index(*queue, mine)
	if i >= 0 {
		*queue = slices.Delete(*queue, i, i+1)
	}
	t.mu.Unlock()
	if i < 0 { // it came in the same moment
		<-mine
		t.give()
	}
	t.waiters.Put(mine)
	return false
}

// give lets the next answer begin.
func (t *Turns) give() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.given++
	queue := &t.media
	if len(t.media) == 0 || len(t.rest) > 0 && t.given%restEvery == 0 {
		queue = &t.rest
	}
	if len(*queue) == 0 {
		t.free++
		return
	}
	(*queue)[0] <- struct{}{}
	if *queue = (*queue)[1:]; len(*queue) == 0 {
		*queue = nil
	}
}

type connKey struct{}

// WithConn is the context of the requests that come on c.
func WithConn(ctx context.Context, c net.Conn) context.Context {
	if c, ok := c.(*Conn); ok {
		return context.WithValue(ctx, connKey{}, c)
	}
	return ctx
}

// takeTurn waits until an answer on this connection may begin. Two answers at once have one turn.
func (c *Conn) takeTurn(ctx context.Context, media bool) {
	if c.turn.Load() || !c.turns.take(ctx, media) {
		return // where ctx has ended the write fails
	}
	if !c.turn.CompareAndSwap(false, true) {
		c.turns.give()
		return
	}
	c.timer.Reset(patience)
}

// giveTurn gives the turn back, if this connection has one.
func (c *Conn) giveTurn() {
	if c.turn.CompareAndSwap(true, false) {
		c.turns.give()
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
		*in = writer{ResponseWriter: w, ctx: r.Context(), conn: c, media: !strings.HasSuffix(r.URL.Path, ".m3u8")}
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
	media bool
	begun bool
}

// Write waits for a turn before the first bytes.
func (w *writer) Write(b []byte) (int, error) {
	if !w.begun {
		w.begun = true
		w.conn.takeTurn(w.ctx, w.media)
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }
