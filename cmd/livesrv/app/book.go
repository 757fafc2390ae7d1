package app

import (
	"context"

	"livesrv/internal/fault"
	"livesrv/internal/order"
)

// countingBook counts the orders that found no stock.
type countingBook struct {
	order.Book
	counts *counts
}

// Place counts what Place of the Book underneath refuses.
func (b countingBook) Place(ctx context.Context, o order.Order, key string, hash [32]byte) (order.Order, bool, error) {
	placed, replay, err := b.Book.Place(ctx, o, key, hash)
	if err != nil && fault.KindOf(err) == fault.SoldOut {
		b.counts.stockRefusals.Add(1)
	}
	return placed, replay, err
}

// countOrder counts an order that was placed or settled.
func (c *counts) countOrder(o order.Order) {
	switch o.Status {
	case order.AwaitingMerchant:
		c.ordersPlaced.Add(1)
	case order.Confirmed:
		c.ordersSettled[0].Add(1)
	case order.Cancelled:
		c.ordersSettled[1].Add(1)
	case order.Expired:
		c.ordersSettled[2].Add(1)
	}
}
