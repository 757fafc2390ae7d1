// Package manual is the ways to pay that need no payment contract: cash on delivery and bank transfer. The merchant
// confirms the order by hand; nothing is charged here.
package manual

import (
	"strings"
	"time"

	"livesrv/internal/fault"
	"livesrv/internal/order"
)

// The ways' names.
const (
	CashOnDelivery = "cash_on_delivery"
	BankTransfer   = "bank_transfer"
)

// Ways gives the providers.
func Ways() []order.Provider { return []order.Provider{cash{}, bank{}} }

// cash is paid to whoever brings the parcel.
type cash struct{}

func (cash) Name() string        { return CashOnDelivery }
func (cash) Hold() time.Duration { return 0 }

// Check asks for a phone number: nobody should travel with a parcel to a door that stays closed.
func (cash) Check(r order.Request, _ order.Terms) error {
	if r.Contact.Phone == "" {
		return fault.New(fault.Invalid, "cash on delivery needs a phone number").At("contact.phone").WithHint("so that the delivery can be arranged")
	}
	return nil
}

func (cash) Instructions(order.Order, order.Terms) string { return "" }

// bank is paid before anything is sent.
type bank struct{}

func (bank) Name() string { return BankTransfer }

// Hold is longer than the usual: a transfer takes days.
func (bank) Hold() time.Duration { return 7 * 24 * time.Hour }

func (bank) Check(_ order.Request, t order.Terms) error {
	if strings.TrimSpace(t.PaymentNote) == "" {
		return fault.New(fault.Conflict, "the merchant has not said where to transfer the money").At("way").WithHint("choose another way to pay")
	}
	return nil
}

// Instructions are the merchant's bank details with the number to state, so that the payment finds its order.
func (bank) Instructions(o order.Order, t order.Terms) string {
	return strings.TrimSpace(t.PaymentNote) + "\n" + o.Total.String() + "\n" + o.Number
}
