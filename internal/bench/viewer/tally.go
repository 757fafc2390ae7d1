package viewer

import (
	"context"
	"errors"
	"io"

	"net"
	"os"

	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// tally adds up what all viewers see. Only what happens while measuring is set counts.
type tally struct {
	library   library
	stamp     func([]byte) (time.Time, bool)
	measuring atomic.Bool

	requests, bytes    [kinds]atomic.Uint64
	missed, repeats    atomic.Uint64
	stalls, stalledFor atomic.Uint64
	watching           atomic.Int64

	mu      sync.Mutex
	parts   arrivals
	errs    map[string]uint64
	lastErr error
	// target is PART-TARGET, which is the same in every playlist.
	target time.Duration
}

func newTally(stamp func([]byte) (time.Time, bool)) *tally {
	return &tally{stamp: stamp, parts: newArrivals(), errs: map[string]uint64{}}
}

func (t *tally) answered(a ask, r answer) {
	if t.measuring.Load() {
		t.requests[a.kind].Add(1)
		t.bytes[a.kind].Add(uint64(r.size))
	}
}

func (t *tally) hintMissed() {
	if t.measuring.Load() {
		t.missed.Add(1)
	}
}

// targets notes PART-TARGET.
func (t *tally) targets(d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.target = d
}

// stale counts blocking reloads that brought nothing new.
func (t *tally) stale() {
	if t.measuring.Load() {
		t.repeats.Add(1)
	}
}

// stalled counts how long a playhead stood; anew says that it is not part of a stall that was counted.
func (t *tally) stalled(d time.Duration, anew bool) {
	if t.measuring.Load() {
		if anew {
			t.stalls.Add(1)
		}
		t.stalledFor.Add(uint64(d))
	}
}

// wantsStamp says whether the bytes of a part should be looked at: those of the first viewer who gets it.
func (t *tally) wantsStamp(target string) bool {
	if t.stamp == nil {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.parts.claim(target)
}

// part notes the arrival of a part that was waited for.
func (t *tally) part(a ask, r answer) {
	if !a.hinted {
		return
	}
	var sent time.Time
	if r.body != nil && t.stamp != nil {
		sent, _ = t.stamp(r.body)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.parts.add(a.target, r.at, sent, t.measuring.Load())
}

// received is all that has come while measuring.
func (t *tally) received() (bytes uint64) {
	for i := range t.bytes {
		bytes += t.bytes[i].Load()
	}
	return bytes
}

// failed counts why a session ended.
func (t *tally) failed(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lastErr = err
	if t.measuring.Load() {
		t.errs[errorKind(err)]++
	}
}

func errorKind(err error) string {
	var status *statusError
	var op *net.OpError
	switch {
	case errors.As(err, &status):
		return "status " + strconv.Itoa(status.status)
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "closed by the server"
	case errors.As(err, &op):
		return op.Op
	}
	return "protocol"
}
