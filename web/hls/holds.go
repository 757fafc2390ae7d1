package hls

import "sync"

// holds counts the requests that wait for media, per show and over all shows.
type holds struct {
	perShow, overall int

	mu    sync.Mutex
	total int
	by    map[string]int
}

func newHolds(perShow, overall int) *holds {
	return &holds{perShow: perShow, overall: overall, by: map[string]int{}}
}

// take counts one more hold for show; false says that a bound is reached and nothing was counted.
func (h *holds) take(show string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := h.by[show]
	if n >= h.perShow || h.total >= h.overall {
		return false
	}
	h.by[show] = n + 1
	h.total++
	return true
}

// give takes one hold of show back.
func (h *holds) give(show string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.total--
	if n := h.by[show] - 1; n > 0 {
		h.by[show] = n
	} else {
		delete(h.by, show)
	}
}

func (h *holds) now() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.total
}
