package ingest

import (
	"errors"
	"log/slog"
	"maps"
	"sync"
	"time"

	"livesrv/internal/fault"
)

// refusals counts and logs whoever was not let in: one line each, but no more than a few a second, so
// that a port scan does not fill the disk. The next line says how many were left out.
type refusals struct {
	log *slog.Logger
	now func() time.Time

	mu     sync.Mutex
	byKind map[string]uint64
	second time.Time
	lines  int
	hidden int
}

const refusalLines = 10

func newRefusals(log *slog.Logger) *refusals {
	return &refusals{log: log, now: time.Now, byKind: map[string]uint64{}}
}

func (r *refusals) add(protocol, remote string, err error) {
	hidden, ok := r.count(fault.KindOf(err))
	if !ok {
		return
	}
	attrs := []any{"protocol", protocol, "remote", remote, "reason", err.Error()}
	if e, ok := errors.AsType[*fault.Error](err); ok && e.Hint != "" {
		attrs = append(attrs, "hint", e.Hint)
	}
	if hidden > 0 {
		attrs = append(attrs, "not_logged_before", hidden)
	}
	r.log.Warn("publisher refused", attrs...)
}

func (r *refusals) count(k fault.Kind) (hidden int, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.byKind[k.String()]++
	if now := r.now(); now.Sub(r.second) >= time.Second {
		r.second, r.lines = now, 0
	}
	if r.lines >= refusalLines {
		r.hidden++
		return 0, false
	}
	r.lines++
	hidden, r.hidden = r.hidden, 0
	return hidden, true
}

func (r *refusals) counts() map[string]uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.byKind)
}
