package stream

import (
	"log/slog"
	"slices"
	"strings"
	"sync"
)

// Registry holds the streams of one server by name. It is safe for concurrent use.
type Registry struct {
	cfg Config
	log *slog.Logger

	mu      sync.Mutex
	streams map[string]*Stream
	changed chan struct{}
}

// NewRegistry makes an empty registry. It fails only on a bad configuration.
func NewRegistry(cfg Config, log *slog.Logger) (*Registry, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return &Registry{
		cfg:     cfg,
		log:     log.With("room", "stream"),
		streams: map[string]*Stream{},
		changed: make(chan struct{}),
	}, nil
}

// Open gives the stream of that name and makes it where there is none.
func (r *Registry) Open(name string) *Stream {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, ok := r.streams[name]
	if !ok {
		s = newStream(name, r.cfg, r.log)
		r.streams[name] = s
		r.wake()
	}
	return s
}

// Stream gives the stream of that name if there is one.
func (r *Registry) Stream(name string) (*Stream, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, ok := r.streams[name]
	return s, ok
}

// Streams gives every stream there is, by name.
func (r *Registry) Streams() []*Stream {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]*Stream, 0, len(r.streams))
	for _, s := range r.streams {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b *Stream) int { return strings.Compare(a.name, b.name) })
	return all
}

// Changed is closed when a stream is next added or removed. Take it before Streams, so that nothing
// slips between the two.
func (r *Registry) Changed() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.changed
}

// Remove forgets the stream of that name and ends its readers and its writer.
func (r *Registry) Remove(name string) {
	r.mu.Lock()
	s, ok := r.streams[name]
	if ok {
		delete(r.streams, name)
		r.wake()
	}
	r.mu.Unlock()
	if ok {
		s.remove()
	}
}

// wake tells everybody who waits on Changed. The caller holds r.mu.
func (r *Registry) wake() {
	close(r.changed)
	r.changed = make(chan struct{})
}
