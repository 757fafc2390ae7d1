package app

import (
	"context"
	"sync"
)

// dirty is a set of things that have changed and must be told of. Marking never waits, so it may be done inside
// another room's call; whoever tells takes each thing once, however often it was marked meanwhile. It is bounded
// by the number of different things there are.
type dirty[K comparable] struct {
	mu    sync.Mutex
	order []K
	set   map[K]struct{}
	wake  chan struct{} // closed and replaced when something is marked
}

func newDirty[K comparable]() *dirty[K] {
	return &dirty[K]{set: map[K]struct{}{}, wake: make(chan struct{})}
}

// mark notes that things have changed.
func (d *dirty[K]) mark(keys ...K) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, k := range keys {
		if _, ok := d.set[k]; ok {
			continue
		}
		d.set[k] = struct{}{}
		d.order = append(d.order, k)
	}
	close(d.wake)
	d.wake = make(chan struct{})
}

// take gives everything that is marked, oldest mark first, and forgets it.
func (d *dirty[K]) take() ([]K, <-chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	keys := d.order
	d.order, d.set = nil, map[K]struct{}{}
	return keys, d.wake
}

// each calls f for every marked thing until ctx ends.
func (d *dirty[K]) each(ctx context.Context, f func(K)) {
	for {
		keys, wake := d.take()
		for _, k := range keys {
			if ctx.Err() != nil {
				return
			}
			f(k)
		}
		if len(keys) > 0 {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-wake:
		}
	}
}
