package demo

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"time"

	"livesrv/internal/catalogue"
	"livesrv/internal/fault"
	"livesrv/internal/show"
)

// pinning is what the script asks of the room of shows.
type pinning interface {
	Pin(ctx context.Context, slug show.Slug, product catalogue.ProductID, sku catalogue.SKUID, at time.Time) (show.Pin, error)
	Unpin(ctx context.Context, slug show.Slug, id show.PinID, at time.Time) (show.Pin, error)
}

// pinAhead is how long before its moment a pin is made, so that it lands on the very picture.
const pinAhead = time.Second

// script pins the products when the clip shows them, round after round.
type script struct {
	shows    pinning
	slug     show.Slug
	scenes   []scene
	products map[string]catalogue.ProductID
	log      *slog.Logger

	rounds chan time.Time // starts of rounds; the newest one counts
}

func newScript(shows pinning, slug show.Slug, scenes []scene, products map[string]catalogue.ProductID, log *slog.Logger) *script {
	return &script{shows: shows, slug: slug, scenes: scenes, products: products, log: log, rounds: make(chan time.Time, 1)}
}

// round says that a round of the clip begins. It never waits.
func (s *script) round(start time.Time) {
	select {
	case <-s.rounds:
	default:
	}
	s.rounds <- start // only the pusher sends, so there is room
}

// cue is one step of the script.
type cue struct {
	when  time.Time // the step is taken
	at    time.Time // the time that is meant
	scene int
	open  bool
}

// Run follows the rounds until ctx ends, and leaves no pin of its own behind.
func (s *script) Run(ctx context.Context) error {
	open := map[int]show.PinID{}
	defer func() {
		// The server is about to end, but the pins are in its database.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		s.closeAll(ctx, open)
	}()
	var steps []cue
	for {
		var wake <-chan time.Time
		if len(steps) > 0 {
			wake = time.After(time.Until(steps[0].when))
		}
		select {
		case <-ctx.Done():
			return nil
		case start := <-s.rounds:
			s.closeAll(ctx, open) // a round that was cut short
			steps = s.steps(start)
		case <-wake:
			s.take(ctx, steps[0], open)
			steps = steps[1:]
		}
	}
}

// steps lays out one round.
func (s *script) steps(start time.Time) []cue {
	var steps []cue
	for i, sc := range s.scenes {
		from, to := start.Add(sc.from()), start.Add(sc.to())
		steps = append(steps, cue{from.Add(-pinAhead), from, i, true}, cue{to, to, i, false})
	}
	slices.SortStableFunc(steps, func(a, b cue) int { return cmp.Compare(a.when.UnixNano(), b.when.UnixNano()) })
	return steps
}

func (s *script) take(ctx context.Context, c cue, open map[int]show.PinID) {
	if !c.open {
		if id, ok := open[c.scene]; ok {
			delete(open, c.scene)
			s.unpin(ctx, id, c.at)
		}
		return
	}
	product, ok := s.products[s.scenes[c.scene].Product]
	if !ok {
		return
	}
	pin, err := s.shows.Pin(ctx, s.slug, product, "", c.at)
	switch {
	case err == nil:
		open[c.scene] = pin.ID
	case fault.KindOf(err) == fault.Conflict:
		// A visitor pinned it first, or three other things: it is their show as much as ours.
		s.log.Debug("the script leaves a pin out", "product", s.scenes[c.scene].Product, "error", err)
	default:
		s.log.Warn("the script could not pin", "product", s.scenes[c.scene].Product, "error", err)
	}
}

func (s *script) unpin(ctx context.Context, id show.PinID, at time.Time) {
	if _, err := s.shows.Unpin(ctx, s.slug, id, at); err != nil && ctx.Err() == nil {
		s.log.Warn("the script could not unpin", "pin", id, "error", err)
	}
}

func (s *script) closeAll(ctx context.Context, open map[int]show.PinID) {
	for i, id := range open {
		delete(open, i)
		s.unpin(ctx, id, time.Time{})
	}
}
