package account

import (
	"sync"
	"time"

	"livesrv/internal/fault"
)

// limits slows down guessing. It counts failures in three ways: by name and address together (a person who mistypes),
// by address (one machine tries many names), and by name (many machines try one name). The last is lenient and short:
// a stranger must not be able to lock the owner out.
type limits struct {
	mu      sync.Mutex
	entries map[limitKey]*limitEntry
}

type limitKey struct{ name, from string }

type limitEntry struct {
	fails int
	until time.Time // no attempt before
	last  time.Time
}

// maxEntries bounds the memory; forgetAfter is how long a failure counts.
const (
	maxEntries  = 10_000
	forgetAfter = 30 * time.Minute
)

func newLimits() *limits { return &limits{entries: map[limitKey]*limitEntry{}} }

// rules gives the three keys with the failures that are free and the longest wait.
func rules(name, from string) [3]struct {
	key  limitKey
	free int
	most time.Duration
} {
	return [3]struct {
		key  limitKey
		free int
		most time.Duration
	}{
		{limitKey{name, from}, 5, 15 * time.Minute},
		{limitKey{"", from}, 20, 15 * time.Minute},
		{limitKey{name, ""}, 50, 5 * time.Second},
	}
}

// check refuses an attempt that comes too early.
func (l *limits) check(name, from string, now time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range rules(name, from) {
		if e := l.entries[r.key]; e != nil && now.Before(e.until) {
			wait := e.until.Sub(now).Round(time.Second)
			return fault.New(fault.TooMany, "too many failed sign-ins").WithHint("try again in %v", max(wait, time.Second))
		}
	}
	return nil
}

// failed counts a failure; each one over the free ones doubles the wait, beginning with a second.
func (l *limits) failed(name, from string, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sweep(now)
	for _, r := range rules(name, from) {
		e := l.entries[r.key]
		if e == nil || now.Sub(e.last) > forgetAfter {
			e = &limitEntry{}
			l.entries[r.key] = e
		}
		e.fails++
		e.last = now
		if over := e.fails - r.free; over >= 0 {
			e.until = now.Add(min(time.Second<<min(over, 20), r.most))
		}
	}
}

// succeeded forgets what the person mistyped; the address and the name stay counted.
func (l *limits) succeeded(name, from string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.entries, limitKey{name, from})
}

// sweep makes room: it forgets what is old, and if that is not enough, anything.
func (l *limits) sweep(now time.Time) {
	if len(l.entries) < maxEntries {
		return
	}
	for k, e := range l.entries {
		if now.Sub(e.last) > forgetAfter {
			delete(l.entries, k)
		}
	}
	for k := range l.entries {
		if len(l.entries) < maxEntries*9/10 {
			return
		}
		delete(l.entries, k)
	}
}
