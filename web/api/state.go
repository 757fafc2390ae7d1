package api

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"livesrv/internal/catalogue"
	"livesrv/internal/fault"
	"livesrv/internal/show"
)

const (
	// stateAge is how long a rendered state is given when nothing changes: the viewer count and the clock in it go stale.
	stateAge = time.Second
	// recentPins is how long a pin that has ended stays in the state: longer than any viewer's picture is behind.
	recentPins = 2 * time.Minute
	// maxStates bounds the shows whose state is kept rendered.
	maxStates = 256
)

// rendered is a state as it goes over the wire, the same bytes for everybody.
type rendered struct {
	gen      uint64
	at       time.Time
	plain    []byte
	gzip     []byte
	products map[catalogue.ProductID]struct{} // that it tells of
}

// states keeps each show's state rendered. When a show begins thousands ask at once: the database is read and the
// answer compressed once for all of them, and again after a change. A request that begins after a change has been told
// (API.ShowChanged and its sisters) never gets what was read before it.
type states struct {
	render func(context.Context, show.Slug) (*rendered, error)
	now    func() time.Time

	mu     sync.Mutex
	byShow map[show.Slug]*stateEntry
}

type stateEntry struct {
	gen       uint64 // grows with every change that the state tells of
	current   *rendered
	rendering *stateCall
}

type stateCall struct {
	gen  uint64
	done chan struct{} // closed when the rest is set
	out  *rendered
	err  error
}

func newStates(render func(context.Context, show.Slug) (*rendered, error), now func() time.Time) *states {
	return &states{render: render, now: now, byShow: map[show.Slug]*stateEntry{}}
}

func (s *states) showChanged(slug show.Slug) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.byShow[slug]; ok {
		e.gen++
	}
}

// productChanged marks the states that tell of the product. What a state that is just being rendered will tell of is not
// known, so it counts as one.
func (s *states) productChanged(id catalogue.ProductID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.byShow {
		if c := e.current; c != nil && c.gen == e.gen && e.rendering == nil {
			if _, tells := c.products[id]; !tells {
				continue
			}
		}
		e.gen++
	}
}

// get gives the state of a show, rendering it when there is none that is new enough.
func (s *states) get(ctx context.Context, slug show.Slug) (*rendered, error) {
	s.mu.Lock()
	e, ok := s.byShow[slug]
	if !ok {
		s.makeRoom()
		e = &stateEntry{}
		s.byShow[slug] = e
	}
	if c := e.current; c != nil && c.gen == e.gen && s.now().Sub(c.at) < stateAge {
		s.mu.Unlock()
		return c, nil
	}
	call := e.rendering
	if call == nil || call.gen != e.gen {
		call = &stateCall{gen: e.gen, done: make(chan struct{})}
		e.rendering = call
		s.mu.Unlock()
		s.run(ctx, slug, e, call)
		return call.out, call.err
	}
	s.mu.Unlock()
	select {
	case <-call.done:
		return call.out, call.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// run renders for everybody who waits: that the first of them leaves must not fail the others.
func (s *states) run(ctx context.Context, slug show.Slug, e *stateEntry, call *stateCall) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	call.err = fault.New(fault.Unavailable, "The show's state could not be read.").WithHint("Try again.")
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if e.rendering == call {
			e.rendering = nil
		}
		switch {
		case call.err != nil:
			if e.current == nil && e.rendering == nil {
				delete(s.byShow, slug) // a show that does not exist takes no place
			}
		case e.current == nil || e.current.gen <= call.gen:
			e.current = call.out
		}
		close(call.done)
	}()
	out, err := s.render(ctx, slug)
	if out != nil {
		out.gen, out.at = call.gen, s.now()
	}
	call.out, call.err = out, err
}

// makeRoom forgets a state that nobody is waiting for.
func (s *states) makeRoom() {
	if len(s.byShow) < maxStates {
		return
	}
	for slug, e := range s.byShow {
		if e.rendering == nil {
			delete(s.byShow, slug)
			return
		}
	}
}

// renderState reads and encodes the state of a show.
func (a *API) renderState(ctx context.Context, slug show.Slug) (*rendered, error) {
	state, err := a.readState(ctx, slug)
	if err != nil {
		return nil, err
	}
	out := &rendered{products: map[catalogue.ProductID]struct{}{}}
	for _, p := range state.Products {
		out.products[p.ID] = struct{}{}
	}
	for _, p := range state.Show.Lineup { // archived ones may come back
		out.products[p] = struct{}{}
	}
	if out.plain, err = json.Marshal(state); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(out.plain) // a bytes.Buffer never fails
	_ = z.Close()
	out.gzip = b.Bytes()
	return out, nil
}

func (a *API) readState(ctx context.Context, slug show.Slug) (*State, error) {
	// A show that does not exist must not get a topic.
	if _, err := a.deps.Access.EmbedOrigins(ctx, string(slug)); err != nil {
		return nil, err
	}
	// The position comes first: what happens while the rest is read is then told again, never lost.
	at, err := a.deps.Feed.Position(string(slug))
	if err != nil {
		return nil, err
	}
	s, err := a.deps.Shows.Get(ctx, slug)
	if err != nil {
		return nil, err
	}
	now := a.deps.Now().UTC().Truncate(time.Millisecond)
	pins, err := a.currentPins(ctx, slug, now)
	if err != nil {
		return nil, err
	}
	products, err := a.deps.Catalogue.ProductsByID(ctx, onShow(s, pins))
	if err != nil {
		return nil, err
	}
	state := &State{Show: PublicShow(s), Pins: pins, Products: []PublicProduct{}, Viewers: a.deps.Feed.Viewers(string(slug)), Position: at, Now: now}
	for _, p := range products {
		if !p.Archived {
			state.Products = append(state.Products, a.PublicProduct(p, len(state.Products)))
		}
	}
	return state, nil
}

// currentPins are those on screen for somebody: open, or ended so lately that viewers may not have seen it.
func (a *API) currentPins(ctx context.Context, slug show.Slug, now time.Time) ([]PinView, error) {
	pins, err := a.deps.Shows.Pins(ctx, slug, false)
	if err != nil {
		return nil, err
	}
	return list(slices.DeleteFunc(pins, func(p show.Pin) bool { return p.End != nil && now.Sub(*p.End) > recentPins })), nil
}

// onShow are the products of a show: its line-up and what else is pinned.
func onShow(s show.Show, pins []PinView) []catalogue.ProductID {
	ids := slices.Clone(s.Lineup)
	for _, p := range pins {
		if !slices.Contains(ids, p.Product) {
			ids = append(ids, p.Product)
		}
	}
	return ids
}

// serveState answers GET /api/shows/{show}/state. It does not go through huma: this is the one address that a whole
// audience asks at the same moment.
func (a *API) serveState(w http.ResponseWriter, r *http.Request) {
	state, err := a.states.get(r.Context(), show.Slug(r.PathValue("show")))
	if err != nil {
		a.fail(w, r, err)
		return
	}
	h := w.Header()
	maps.Copy(h, stateHeaders)
	h.Add("Vary", "Accept-Encoding")
	b := state.plain
	if acceptsGzip(r.Header.Get("Accept-Encoding")) {
		b = state.gzip
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Content-Length", strconv.Itoa(len(b)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(b)
	}
}

// A cache in front may give the state for as long as we would. A browser's own must not: who asks again has a reason.
var stateHeaders = http.Header{"Content-Type": {"application/json"}, "Cache-Control": {"public, max-age=0, s-maxage=1"}}

// acceptsGzip reads Accept-Encoding well enough: gzip is there and not refused.
func acceptsGzip(header string) bool {
	for item := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(strings.TrimSpace(item), ";")
		if name = strings.TrimSpace(name); strings.EqualFold(name, "gzip") || name == "*" {
			q, found := strings.CutPrefix(strings.ReplaceAll(strings.ToLower(params), " ", ""), "q=")
			weight, err := strconv.ParseFloat(q, 64)
			return !found || err == nil && weight > 0
		}
	}
	return false
}
