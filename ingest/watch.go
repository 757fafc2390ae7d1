package ingest

import (
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"livesrv/internal/fault"
)

// Watch holds one connection to its times and knows why it was ended: by a timeout, by others who wait,
// by another publisher, by the operator. Its methods may be called from any goroutine.
type Watch struct {
	read  time.Duration
	cut   func()
	began time.Time
	// alive is when something whole came last, counted from began.
	alive atomic.Int64

	mu     sync.Mutex
	limit  time.Duration
	timer  *time.Timer
	reason error
	kicked bool
	done   bool
}

// Watch watches a connection that has StartTimeout to come to publish: whoever sends a byte a second gets
// no further, and sooner has to give way where too many wait. cut makes the connection's reads fail; it is
// called once at most, from any goroutine, and must not wait. Stop ends it.
func (d *Door) Watch(v *Visit, cut func()) *Watch {
	w := &Watch{read: d.cfg.ReadTimeout, cut: cut, began: time.Now(), limit: d.cfg.StartTimeout}
	w.mu.Lock()
	w.timer = time.AfterFunc(w.limit, w.look)
	w.mu.Unlock()
	v.endBy(w.Kick)
	return w
}

// Publishing says that the publisher has been admitted: from now on it may be silent for ReadTimeout.
func (w *Watch) Publishing() {
	w.Alive()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.limit = w.read
	if !w.done {
		w.timer.Reset(w.limit)
	}
}

// Alive says that something whole came. It costs next to nothing and may be called for all that comes.
func (w *Watch) Alive() { w.alive.Store(int64(time.Since(w.began))) }

// Kick ends the connection for a reason that Explain will give. It is made to be a Request's Kick.
func (w *Watch) Kick(reason error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.kicked = w.reason == nil && !w.done
	w.end(reason)
}

// Kicked says whether it was we who ended the connection, other than for its silence.
func (w *Watch) Kicked() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.kicked
}

// Stop ends the watch; the connection has ended, or its end has begun.
func (w *Watch) Stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.done = true
	w.timer.Stop()
}

// look runs when the time may be up, and comes again when it was not.
func (w *Watch) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.done {
		return
	}
	silent := time.Since(w.began) - time.Duration(w.alive.Load())
	if left := w.limit - silent; left > 0 {
		w.timer.Reset(left)
		return
	}
	w.end(fault.New(fault.Unavailable, "nothing whole came in time"))
}

// end cuts the connection. The caller holds w.mu.
func (w *Watch) end(reason error) {
	if w.reason != nil || w.done {
		return
	}
	w.reason = reason
	w.timer.Stop()
	w.cut()
}

// Explain turns the error that a connection ended with into a reason for the log and for Close: ours where
// we ended it, else what happened in words. nil stays nil: the publisher said goodbye.
func (w *Watch) Explain(err error) error {
	w.mu.Lock()
	reason := w.reason
	w.mu.Unlock()
	switch {
	case reason != nil:
		return reason
	case err == nil:
		return nil
	case fault.KindOf(err) != fault.Internal:
		return err
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fault.New(fault.Unavailable, "nothing whole came in time")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fault.New(fault.Gone, "the connection was closed without a goodbye")
	}
	return fault.New(fault.Gone, "the connection broke").Because(err)
}
