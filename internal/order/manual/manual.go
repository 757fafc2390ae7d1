// Package manual is the ways to pay that need no payment contract: cash on delivery and bank transfer. The merchant
// confirms the order by hand; nothing is charged here.
package manual

import (
	"time"

	"livesrv/internal/order"
)

// The ways' names.
const (
	CashOnDelivery = "cash_on_delivery"
	BankTransfer   = "bank_transfer"
)

type way struct{ name string }

// Ways gives the providers.
func Ways() []order.Provider { return []order.Provider{way{CashOnDelivery}, way{BankTransfer}} }

func (w way) Name() string { return w.name }

func (w way) Check(order.Request, order.Terms) error { return nil }

func (w way) Instructions(o order.Order, t order.Terms) string { return "" }

func (w way) Hold() time.Duration { return 0 }
