package order

import (
	"errors"

	"livesrv/internal/fault"
)

// ErrStale is the Book's answer when an order does not fit the catalogue any more.
var ErrStale = errors.New("the quote is stale")

// SoldOutError is the cause of a fault.SoldOut.
type SoldOutError struct{ Shortage }

func (e *SoldOutError) Error() string { return "not enough stock of " + string(e.SKU) }

// ChangedError is the cause of the fault.Conflict when the total is not what the buyer saw.
type ChangedError struct{ Quote Quote }

func (e *ChangedError) Error() string { return "the total has changed" }

// SoldOut is the refusal when there is less than was asked for; title names the product to people.
func SoldOut(s Shortage, title string) *fault.Error {
	e := fault.New(fault.SoldOut, "%q is sold out", title).WithHint("take it out of the cart")
	if s.Left > 0 {
		e = fault.New(fault.SoldOut, "only %d of %q left", s.Left, title).WithHint("order at most %d", s.Left)
	}
	return e.Because(&SoldOutError{s})
}

// KeyUsed is the refusal of an idempotency key that came with another request before.
func KeyUsed() error {
	return fault.New(fault.Conflict, "this idempotency key was used for another order").WithHint("send a new key with a new order")
}
