package packager

import (
	"context"
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"livesrv/internal/fault"
	"livesrv/internal/media"
	"livesrv/internal/stream"
)

// tickEvery is how often presentations are told of the time: as often as the shortest part.
const tickEvery = 100 * time.Millisecond

// Deps are what a Hub works with. The functions may be nil; none is called under a lock.
type Deps struct {
	Streams *stream.Registry
	Log     *slog.Logger
	// DataCue makes a cue of a publisher's timed text; false leaves it out.
	DataCue func(stream.Data) (Cue, bool)
	// Opened is called with every new presentation before it has media; Closed when it has ended.
	Opened, Closed func(*Presentation)
	// OnAirChanged is called when media has begun to come in for a stream, or has stopped: at once when the publisher
	// leaves, after Config.GapAfter when nothing comes of it; and when its sound has. Stats().OnAir and Silent say which.
	OnAirChanged func(stream string)
}

// Hub keeps one presentation for every stream that has been on air.
type Hub struct {
	cfg  Config
	deps Deps
	log  *slog.Logger

	// all is replaced on change, so that looking up costs neither a lock nor an allocation.
	all atomic.Pointer[map[string]*Presentation]
	mu  sync.Mutex
}

// NewHub makes a hub. It fails only on a bad configuration.
func NewHub(cfg Config, deps Deps) (*Hub, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if deps.Streams == nil || deps.Log == nil {
		return nil, fault.New(fault.Internal, "the packager needs streams and a log")
	}
	h := &Hub{cfg: cfg, deps: deps, log: deps.Log.With("room", "packager")}
	h.all.Store(&map[string]*Presentation{})
	return h, nil
}

// Presentation finds the presentation of a stream.
func (h *Hub) Presentation(name string) (*Presentation, bool) {
	p, ok := (*h.all.Load())[name]
	return p, ok
}

// Presentations gives all there are, in no order.
func (h *Hub) Presentations() []*Presentation {
	all := *h.all.Load()
	list := make([]*Presentation, 0, len(all))
	for _, p := range all {
		list = append(list, p)
	}
	return list
}

// Run follows the registry until ctx ends. It always returns nil, after every goroutine has ended.
func (h *Hub) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	followed := map[*stream.Stream]chan struct{}{}
	ticker := time.NewTicker(tickEvery)
	defer ticker.Stop()
	for {
		changed := h.deps.Streams.Changed()
		for _, s := range h.deps.Streams.Streams() {
			if followed[s] != nil {
				continue
			}
			done := make(chan struct{})
			followed[s] = done
			wg.Go(func() {
				defer close(done)
				h.follow(ctx, s)
			})
		}
		for waiting := true; waiting; {
			select {
			case <-ctx.Done():
				return nil
			case <-changed:
				waiting = false
			case <-ticker.C:
				h.tick()
			}
		}
		maps.DeleteFunc(followed, func(_ *stream.Stream, done chan struct{}) bool {
			select {
			case <-done:
				return true
			default:
				return false
			}
		})
	}
}

// tick tells every presentation of the time and lets go of those that ended a window ago.
func (h *Hub) tick() {
	for _, p := range *h.all.Load() {
		since, over := p.over()
		if !over {
			p.tick()
			h.tell(p)
			if _, over = p.over(); over {
				h.closed(p)
			}
			continue
		}
		if time.Since(since) > h.cfg.Window {
			h.drop(p)
		}
	}
}

// tell tells of media, or the sound of it, that has begun to come in, or stopped.
func (h *Hub) tell(p *Presentation) {
	if p.turned() && h.deps.OnAirChanged != nil {
		h.deps.OnAirChanged(p.name)
	}
}

func (h *Hub) closed(p *Presentation) {
	if h.deps.Closed != nil {
		h.deps.Closed(p)
	}
}

// put makes a presentation findable, in the place of one that has ended.
func (h *Hub) put(p *Presentation) {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := maps.Clone(*h.all.Load())
	all[p.name] = p
	h.all.Store(&all)
}

// drop forgets a presentation, unless another has taken its place.
func (h *Hub) drop(p *Presentation) {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := maps.Clone(*h.all.Load())
	if all[p.name] == p {
		delete(all, p.name)
		h.all.Store(&all)
	}
}

// follow packages one stream until it is removed.
func (h *Hub) follow(ctx context.Context, s *stream.Stream) {
	r := s.Subscribe()
	defer r.Close()
	f := follower{h: h, name: s.Name()}
	for {
		it, err := r.Next(ctx)
		if err != nil {
			break
		}
		f.take(it)
		if f.p != nil {
			r.Expect(f.p.expects())
		}
	}
	if f.p != nil {
		if _, over := f.p.over(); !over {
			f.p.close()
			h.closed(f.p)
		}
		if ctx.Err() == nil {
			h.drop(f.p)
		}
	}
}

// follower hands a stream's items to its presentation, and to a new one when that has ended.
type follower struct {
	h      *Hub
	name   string
	p      *Presentation
	tracks []media.Track
}

func (f *follower) take(it stream.Item) {
	switch {
	case it.Tracks != nil:
		f.tracks = it.Tracks
		f.open()
		f.p.setTracks(it.Tracks)
	case it.AU != nil && f.tracks != nil:
		if f.open() {
			f.p.setTracks(f.tracks)
		}
		f.p.push(it.AU)
		f.h.tell(f.p)
	case it.Data != nil:
		f.data(it.Data)
	case it.Absent && f.p != nil:
		f.p.absent()
		f.h.tell(f.p)
	}
}

// open makes a presentation where there is none that goes on.
func (f *follower) open() (made bool) {
	if f.p != nil {
		if _, over := f.p.over(); !over {
			return false
		}
	}
	p := newPresentation(f.name, f.h.cfg, f.h.deps.Log, time.Now)
	if f.h.deps.Opened != nil {
		f.h.deps.Opened(p)
	}
	f.h.put(p)
	f.p = p
	return true
}

func (f *follower) data(d *stream.Data) {
	if f.p == nil || f.h.deps.DataCue == nil {
		return
	}
	c, ok := f.h.deps.DataCue(*d)
	if !ok {
		return
	}
	if _, err := f.p.PutCue(c); err != nil {
		f.h.log.Warn("a publisher's cue was refused", "stream", f.name, "name", d.Name, "error", err)
	}
}
