package show

import (
	"context"
	"errors"
	"slices"
	"time"

	"livesrv/internal/catalogue"
	"livesrv/internal/fault"
)

// MaxOpenPins is how many products may be on screen at once.
const MaxOpenPins = 3

// maxAhead is how far in the future a pin may be put: no more than clocks of two machines differ.
const maxAhead = 10 * time.Second

// Pin puts a product on screen at a wall time (zero means now; at most Config.Window ago and 10 s ahead). The record is
// written first, then bound to the picture; a pin that cannot be bound is taken back. fault.Conflict when three are
// open, or this product is, or the show is not live.
func (s *Service) Pin(ctx context.Context, slug Slug, product catalogue.ProductID, sku catalogue.SKUID, at time.Time) (Pin, error) {
	sh, err := s.Get(ctx, slug)
	if err != nil {
		return Pin{}, err
	}
	if sh.Status != Live {
		return Pin{}, NotLive(sh)
	}
	if at, err = s.moment(at); err != nil {
		return Pin{}, err
	}
	price, err := s.pinPrice(ctx, sh, product, sku)
	if err != nil {
		return Pin{}, err
	}
	p := Pin{ID: PinID(catalogue.NewID("pin")), Show: slug, Product: product, SKU: sku, Start: at, Price: price, Rev: 1}
	if err := s.deps.Pins.AddPin(ctx, p, MaxOpenPins); err != nil {
		return Pin{}, err
	}
	if p, err = s.bind(ctx, p); err != nil {
		// The caller may have gone, which must not leave a pin that nobody sees.
		return Pin{}, errors.Join(err, s.deps.Pins.RemovePin(context.WithoutCancel(ctx), slug, p.ID))
	}
	s.deps.Log.Info("pinned", "show", slug, "pin", p.ID, "product", product, "start", p.Start)
	s.tell(p)
	return p, nil
}

// bind puts the pin on the timeline and records where it came to be. The timeline goes on while the publisher is away, and
// he returns to the place on it that wall time says.
func (s *Service) bind(ctx context.Context, p Pin) (Pin, error) {
	if s.deps.Timeline == nil {
		return p, nil
	}
	start, media, err := s.deps.Timeline.Pin(ctx, p)
	if err != nil {
		return p, err
	}
	start = start.UTC().Truncate(time.Millisecond)
	unbound := media < 0
	if unbound && start.Equal(p.Start) {
		return p, nil
	}
	// On the timeline it cannot be taken back any more, so its record must follow even if the caller has gone.
	return s.deps.Pins.ChangePin(context.WithoutCancel(ctx), p.Show, p.ID, func(p *Pin) error {
		p.Start = start
		if !unbound {
			ms := media.Milliseconds()
			p.Media = &ms
		}
		return nil
	})
}

// moment checks the wall time of a pin; zero is now.
func (s *Service) moment(at time.Time) (time.Time, error) {
	now := s.now()
	at = at.UTC().Truncate(time.Millisecond)
	switch {
	case at.IsZero():
		return now, nil
	case at.Before(now.Add(-s.cfg.Window)):
		return at, fault.New(fault.Invalid, "%v ago has left the live window", now.Sub(at).Round(time.Second)).At("at").
			WithHint("at most %v back; or leave the time out for now", s.cfg.Window)
	case at.After(now.Add(maxAhead)):
		return at, fault.New(fault.Invalid, "the time is %v ahead", at.Sub(now).Round(time.Second)).At("at").
			WithHint("leave it out for now; is this machine's clock right?")
	}
	return at, nil
}

// pinPrice checks what is pinned and gives its price: of the SKU, or the lowest of the product.
func (s *Service) pinPrice(ctx context.Context, sh Show, product catalogue.ProductID, sku catalogue.SKUID) (catalogue.Money, error) {
	if !slices.Contains(sh.Lineup, product) {
		return catalogue.Money{}, fault.New(fault.Invalid, "the product is not in the show's line-up").At("product").WithHint("add it to the line-up first")
	}
	p, err := s.deps.Products.Product(ctx, product)
	if err != nil {
		return catalogue.Money{}, err
	}
	if p.Archived {
		return catalogue.Money{}, fault.New(fault.Conflict, "%q is archived", p.Title).At("product").WithHint("bring it back first, or take it out of the line-up")
	}
	if sku != "" {
		s, ok := p.SKU(sku)
		if !ok {
			return catalogue.Money{}, fault.New(fault.Invalid, "%q has no choice %q", p.Title, sku).At("sku")
		}
		return s.Price, nil
	}
	lowest := p.SKUs[0].Price
	for _, s := range p.SKUs[1:] {
		if s.Price.Amount < lowest.Amount {
			lowest = s.Price
		}
	}
	return lowest, nil
}

// Unpin closes a pin at a wall time (zero means now). Closing a closed pin changes nothing and gives it as it is.
func (s *Service) Unpin(ctx context.Context, slug Slug, id PinID, at time.Time) (Pin, error) {
	at, err := s.moment(at)
	if err != nil {
		return Pin{}, err
	}
	return s.unpin(ctx, slug, id, at)
}

func (s *Service) unpin(ctx context.Context, slug Slug, id PinID, at time.Time) (Pin, error) {
	changed := false
	p, err := s.deps.Pins.ChangePin(ctx, slug, id, func(p *Pin) error {
		changed = false
		if p.End != nil {
			return ErrSame
		}
		if at.Before(p.Start) {
			at = p.Start // 'at what I am seeing' may be before a pin that was put at the live edge
		}
		p.End, changed = &at, true
		return nil
	})
	if err != nil || !changed {
		return p, err
	}
	p = s.bindEnd(context.WithoutCancel(ctx), p)
	s.deps.Log.Info("unpinned", "show", slug, "pin", p.ID, "end", *p.End)
	s.tell(p)
	return p, nil
}

// bindEnd tells the timeline of the end. The record says that the pin is over and stays so, whatever the timeline
// answers: viewers get it from the feed; that the media could not be told is for the log.
func (s *Service) bindEnd(ctx context.Context, p Pin) Pin {
	if s.deps.Timeline == nil {
		return p
	}
	end, err := s.deps.Timeline.Unpin(ctx, p)
	if err != nil {
		s.deps.Log.Warn("the pin's end did not come on the timeline", "show", p.Show, "pin", p.ID, "error", err)
		return p
	}
	end = end.UTC().Truncate(time.Millisecond)
	if end.Equal(*p.End) {
		return p
	}
	bound, err := s.deps.Pins.ChangePin(ctx, p.Show, p.ID, func(p *Pin) error {
		p.End = &end
		return nil
	})
	if err != nil {
		s.deps.Log.Error("the pin's end could not be corrected", "show", p.Show, "pin", p.ID, "error", err)
		return p
	}
	return bound
}

// UnpinAll closes all open pins of a show now and gives them.
func (s *Service) UnpinAll(ctx context.Context, slug Slug) ([]Pin, error) {
	open, err := s.Pins(ctx, slug, true)
	if err != nil {
		return nil, err
	}
	out := make([]Pin, 0, len(open))
	var errs []error
	for _, p := range open {
		p, err := s.unpin(ctx, slug, p.ID, s.now())
		if err != nil {
			errs = append(errs, err)
			continue
		}
		out = append(out, p)
	}
	return out, errors.Join(errs...)
}

// Pins lists a show's pins by start, at most the newest 1000; fault.NotFound when there is no such show.
func (s *Service) Pins(ctx context.Context, slug Slug, openOnly bool) ([]Pin, error) {
	pins, err := s.deps.Pins.Pins(ctx, slug, openOnly)
	if err != nil || len(pins) > 0 {
		return pins, err
	}
	_, err = s.Get(ctx, slug)
	return []Pin{}, err
}

func (s *Service) tell(p Pin) {
	if s.deps.Events != nil {
		s.deps.Events.PinChanged(p)
	}
}
