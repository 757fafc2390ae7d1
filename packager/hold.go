package packager

import (
	"context"
	"sync"
	"time"

	"livesrv/internal/fault"
)

// holds lends timers to held requests, so that a request that waits allocates none.
type holds struct {
	limit time.Duration
	pool  sync.Pool
}

// begin starts the clock of one held request; the caller gives the timer back with done.
func (h *holds) begin() *time.Timer {
	if t, ok := h.pool.Get().(*time.Timer); ok {
		t.Reset(h.limit)
		return t
	}
	return time.NewTimer(h.limit)
}

func (h *holds) done(t *time.Timer) {
	t.Stop()
	h.pool.Put(t)
}

// wait waits for ch. A viewer who leaves frees the wait at once; "held longer than three target durations:
// 503" (bis §6.2.5.2).
func wait(ctx context.Context, ch <-chan struct{}, t *time.Timer) error {
	select {
	case <-ch:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return errHeld
	}
}

// Errors are shared values: a refusal costs nothing.
var (
	errHeld = fault.New(fault.Unavailable, "nothing new has come for three target durations").
		WithHint("the publisher may be away; try again")
	errNoMedia = fault.New(fault.Unavailable, "there is no media yet").WithHint("try again when the show is on air")
	errNoPart  = fault.New(fault.NotFound, "there is no such part").
			WithHint("load the playlist again: the part has left the window, or was announced and not made")
	errNoSegment   = fault.New(fault.NotFound, "there is no such segment").WithHint("load the playlist again")
	errPartNoMSN   = fault.New(fault.Invalid, "_HLS_part needs _HLS_msn").At("_HLS_part")
	errPartInvalid = fault.New(fault.Invalid, "_HLS_part cannot be negative").At("_HLS_part")
	errMSNFar      = fault.New(fault.Invalid, "that segment is too far in the future").At("_HLS_msn").
			WithHint("ask for the next segment, at most two after the last one listed")
	errPartFar = fault.New(fault.Invalid, "that part is too far in the future").At("_HLS_part").
			WithHint("ask for the part after the last one listed")
)
