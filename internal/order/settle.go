package order

import (
	"context"
	"time"

	"livesrv/internal/fault"
)

// Confirm accepts an order for the merchant. Again: no change. fault.Conflict when it was cancelled or has expired.
func (s *Service) Confirm(ctx context.Context, id ID) (Order, error) {
	return s.settle(ctx, id, Settlement{To: Confirmed})
}

// maxReason is the length of a reason in characters.
const maxReason = 500

// Cancel ends an order that awaits the merchant or was confirmed, gives its stock back, once, and keeps the reason, which
// may be empty. Again: no change, the first reason stays. fault.Invalid (Field "reason"), fault.Conflict when the order
// has expired.
func (s *Service) Cancel(ctx context.Context, id ID, reason string) (Order, error) {
	if err := cleanText("reason", &reason, maxReason, true); err != nil {
		return Order{}, err
	}
	return s.settle(ctx, id, Settlement{To: Cancelled, Reason: reason})
}

func (s *Service) settle(ctx context.Context, id ID, to Settlement) (Order, error) {
	to.At = s.now()
	o, changed, err := s.deps.Book.Settle(ctx, id, to)
	if err != nil {
		return Order{}, err
	}
	if o.Status != to.To {
		return Order{}, fault.New(fault.Conflict, "order %s is %s already", o.Number, words[o.Status]).
			WithHint("its stock has been given back; the buyer must order again")
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
			o, changed, err := s.deps.Book.Settle(ctx, id, Settlement{To: Expired, At: now, Due: now})
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
