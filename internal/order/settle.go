package order

import (
	"context"
	"time"

	"livesrv/internal/fault"
)

// Confirm accepts an order for the merchant. Again: no change. fault.Conflict when it was cancelled or has expired.
func (s *Service) Confirm(ctx context.Context, id ID) (Order, error) {
	return s.settle(ctx, id, Confirmed)
}

// Cancel ends an order that awaits the merchant and gives its stock back, once. fault.Conflict when it was confirmed
// or has expired.
func (s *Service) Cancel(ctx context.Context, id ID) (Order, error) {
	return s.settle(ctx, id, Cancelled)
}

func (s *Service) settle(ctx context.Context, id ID, to Status) (Order, error) {
	o, changed, err := s.deps.Book.Settle(ctx, id, to, s.now(), time.Time{})
	if err != nil {
		return Order{}, err
	}
	if o.Status != to {
		e := fault.New(fault.Conflict, "order %s is %s already", o.Number, words[o.Status])
		if o.Status != Confirmed {
			return Order{}, e.WithHint("its stock has been given back; the buyer must order again")
		}
		return Order{}, e
	}
	if changed {
		s.settled(o)
	}
	return o, nil
}

// words are the statuses for people.
var words = map[Status]string{AwaitingMerchant: "waiting for the merchant", Confirmed: "confirmed", Cancelled: "cancelled", Expired: "expired"}

func (s *Service) settled(o Order) {
	s.deps.Log.Info("order settled", "order", o.ID, "show", o.Show, "status", string(o.Status))
	s.tell(o, o.Status != Confirmed)
}

// sweepEvery is how late an order may expire, sweepBatch how many are read at a time.
const (
	sweepEvery = 15 * time.Second
	sweepBatch = 200
)

// Run expires orders whose time is over, until ctx ends. Only one Run per database is needed; two do no harm.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		if n, err := s.Sweep(ctx); err != nil && ctx.Err() == nil {
			s.deps.Log.Error("orders could not be expired; trying again", "error", err)
		} else if n > 0 {
			s.deps.Log.Info("orders expired, their stock is back", "orders", n)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Sweep expires every order whose time is over now and says how many it did.
func (s *Service) Sweep(ctx context.Context) (n int, err error) {
	for {
		now := s.now()
		due, err := s.deps.Ledger.Due(ctx, now, sweepBatch)
		if err != nil {
			return n, err
		}
		for _, id := range due {
			o, changed, err := s.deps.Book.Settle(ctx, id, Expired, now, now)
			if err != nil {
				return n, err
			}
			if changed {
				n++
				s.settled(o)
			}
		}
		if len(due) < sweepBatch {
			return n, nil
		}
	}
}
