package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"livesrv/internal/fault"
	"livesrv/internal/order"
)

// TestLastPairs lets 64 buyers fight for the last pairs: none is sold twice, none is lost.
func TestLastPairs(t *testing.T) {
	t.Parallel()
	s := tempShop(t)
	const buyers, tries, pairs = 64, 5, 100
	ps := s.sell(t, pairs, 40)
	var sold, both, soldOut atomic.Int64
	var wg sync.WaitGroup
	for b := range buyers {
		wg.Go(func() {
			for i := range tries {
				// Baskets with both shoes in either order, and baskets with one.
				r := request(fmt.Sprintf("buyer-%d-%d", b, i), ps[0].SKUs[0].ID)
				switch (b + i) % 3 {
				case 0:
					r = request(r.IdempotencyKey, ps[0].SKUs[0].ID, ps[1].SKUs[0].ID)
				case 1:
					r = request(r.IdempotencyKey, ps[1].SKUs[0].ID, ps[0].SKUs[0].ID)
				}
				o, err := s.orders.Place(context.Background(), r)
				short, isShort := errors.AsType[*order.SoldOutError](err)
				switch {
				case err == nil:
					sold.Add(1)
					both.Add(int64(len(o.Lines) - 1))
				case fault.KindOf(err) == fault.SoldOut && isShort && short.Left == 0:
					soldOut.Add(1)
				default:
					t.Errorf("buyer %d: %v", b, err)
				}
			}
		})
	}
	wg.Wait()
	if left := s.stock(t, ps[0].SKUs[0].ID); int64(left)+sold.Load() != pairs {
		t.Errorf("%d left and %d sold of %d", left, sold.Load(), pairs)
	}
	if left := s.stock(t, ps[1].SKUs[0].ID); int64(left)+both.Load() != 40 {
		t.Errorf("%d left and %d sold of 40", left, both.Load())
	}
	if soldOut.Load() == 0 || sold.Load()+soldOut.Load() != buyers*tries {
		t.Errorf("%d sold, %d sold out of %d", sold.Load(), soldOut.Load(), buyers*tries)
	}
}

// TestSettleOnce lets many settle the same orders in every way at once: each order is confirmed at most once and cancelled
// once, whichever came first, and its stock comes back once.
func TestSettleOnce(t *testing.T) {
	t.Parallel()
	s := tempShop(t)
	ctx := context.Background()
	const n = 20
	ps := s.sell(t, n)
	var ids []order.ID
	for i := range n {
		o, err := s.orders.Place(ctx, request(fmt.Sprintf("order-%02d", i), ps[0].SKUs[0].ID))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, o.ID)
	}
	var confirmed, called atomic.Int64
	s.orders.OnOrder(func(o order.Order) {
		if o.Status == order.Confirmed {
			confirmed.Add(1)
		} else {
			called.Add(1)
		}
	})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for _, id := range ids {
				f := cancelled(s.orders)
				if i%2 == 0 {
					f = s.orders.Confirm
				}
				if _, err := f(ctx, id); err != nil && fault.KindOf(err) != fault.Conflict {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for _, id := range ids {
		if o, err := s.orders.Get(ctx, id); err != nil || o.Status != order.Cancelled {
			t.Errorf("%s is %s, %v", id, o.Status, err)
		}
	}
	if called.Load() != n || confirmed.Load() > n {
		t.Errorf("told of %d cancelled and %d confirmed, of %d orders", called.Load(), confirmed.Load(), n)
	}
	if got := s.stock(t, ps[0].SKUs[0].ID); got != n {
		t.Errorf("stock %d of %d", got, n)
	}
}

// TestSameKey sends one order from many tabs at once: it is placed once.
func TestSameKey(t *testing.T) {
	t.Parallel()
	s := tempShop(t)
	ps := s.sell(t, 10)
	ids := make(chan order.ID, 32)
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			o, err := s.orders.Place(context.Background(), request("the-same-key", ps[0].SKUs[0].ID))
			if err != nil {
				t.Error(err)
			}
			ids <- o.ID
		})
	}
	wg.Wait()
	close(ids)
	first := <-ids
	for id := range ids {
		if id != first {
			t.Errorf("order %s and order %s", first, id)
		}
	}
	if got := s.stock(t, ps[0].SKUs[0].ID); got != 9 {
		t.Errorf("stock %d, want 9", got)
	}
}
