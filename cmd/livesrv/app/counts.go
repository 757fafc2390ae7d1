package app

import (
	"context"
	"sync/atomic"

	"livesrv/internal/fault"
	"livesrv/internal/order"
	"livesrv/web/api"
)

// counts are what the app itself counts, where rooms have no counter of their own.
type counts struct {
	ordersPlaced  atomic.Uint64
	ordersSettled [3]atomic.Uint64 // as settledNames names them
	stockRefusals atomic.Uint64
}

// settledNames are the labels of counts.ordersSettled.
var settledNames = [...]string{"confirmed", "cancelled", "expired"}

// order counts an order that was placed or settled.
func (c *counts) order(o order.Order) {
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

// fail is how package web says what a caller may see of an error.
type fail = func(ctx context.Context, err error) (int, api.Failure)

// refusals counts the buyers who are told that the stock has gone.
func (c *counts) refusals(next fail) fail {
	return func(ctx context.Context, err error) (int, api.Failure) {
		if fault.KindOf(err) == fault.SoldOut {
			c.stockRefusals.Add(1)
		}
		return next(ctx, err)
	}
}
