// Package order turns a cart into an order: it quotes, takes stock and writes the order in one transaction, and
// settles it exactly once: confirmed, cancelled or expired, the latter two with the stock given back. Money is integer
// minor units. It charges nobody itself: each way to pay is a Provider in a package of its own below this one.
package order

import (
	"time"

	"livesrv/internal/catalogue"
)

// ID is "ord_" and 16 characters.
type ID string

// Status of an order.
type Status string

// The statuses. An order begins as AwaitingMerchant and leaves it once; of the others only Confirmed can still become
// Cancelled.
const (
	AwaitingMerchant Status = "awaiting_merchant"
	Confirmed        Status = "confirmed"
	Cancelled        Status = "cancelled"
	Expired          Status = "expired"
)

// Item is one wish of a cart.
type Item struct {
	SKU      catalogue.SKUID `json:"sku"`
	Quantity int             `json:"quantity"` // 1 to 99
}

// Line is one SKU of a quote or an order, with the words and the price of its moment.
type Line struct {
	SKU      catalogue.SKUID     `json:"sku"`
	Product  catalogue.ProductID `json:"product"`
	Title    string              `json:"title"`
	Code     string              `json:"code"`
	Options  []string            `json:"options"`
	Quantity int                 `json:"quantity"`
	Unit     catalogue.Money     `json:"unit"`
	Total    catalogue.Money     `json:"total"`
}

// Quote is what a cart would cost now. Nothing is kept for it.
type Quote struct {
	Show        string          `json:"show"`
	Lines       []Line          `json:"lines"`
	Total       catalogue.Money `json:"total"`
	Ways        []Way           `json:"ways"`
	Unavailable []Shortage      `json:"unavailable"` // lines that could not be sold as asked, with what is left
}

// Way is one way to pay, as offered to the buyer.
type Way struct {
	Name string `json:"name"` // "cash_on_delivery"
	// Instructions for the buyer, known after the order is placed ("IBAN …"); empty in a quote.
	Instructions string `json:"instructions,omitempty"`
}

// Shortage says that there is less than was asked for.
type Shortage struct {
	SKU   catalogue.SKUID `json:"sku"`
	Asked int             `json:"asked"`
	Left  int             `json:"left"`
}

// Contact is how to reach the buyer: a name, and a phone number or an email address.
type Contact struct {
	Name  string `json:"name"`
	Phone string `json:"phone"`
	Email string `json:"email"`
}

// Address is where to deliver.
type Address struct {
	Line1    string `json:"line1"`
	Line2    string `json:"line2"`
	City     string `json:"city"`
	Region   string `json:"region"`
	Postcode string `json:"postcode"`
	Country  string `json:"country"` // ISO 3166-1 alpha-2, or ""
}

// Order is the record of a sale.
type Order struct {
	ID           ID                   `json:"id"`
	Number       string               `json:"number"` // short, for people: "A7K2-19"; unique for the merchant
	Show         string               `json:"show"`
	Merchant     catalogue.MerchantID `json:"merchant"`
	Pin          string               `json:"pin,omitempty"` // the pin the buyer came from
	Lines        []Line               `json:"lines"`
	Total        catalogue.Money      `json:"total"`
	Contact      Contact              `json:"contact"`
	Address      Address              `json:"address"`
	Note         string               `json:"note"`
	Way          string               `json:"way"`
	Instructions string               `json:"instructions"` // how to pay, for the buyer
	Status       Status               `json:"status"`
	Reason       string               `json:"reason,omitempty"` // why the merchant cancelled it; may be empty
	Token        string               `json:"-"`                // the buyer's secret
	Created      time.Time            `json:"created"`
	Updated      time.Time            `json:"updated"`
	Expires      time.Time            `json:"expires"` // while it awaits the merchant
}

// Request is what a buyer sends.
type Request struct {
	Show           string           `json:"show"`
	Items          []Item           `json:"items"`
	Contact        Contact          `json:"contact"`
	Address        Address          `json:"address"`
	Note           string           `json:"note"`
	Way            string           `json:"way"`
	Pin            string           `json:"pin"`
	Expect         *catalogue.Money `json:"expect"` // the total the buyer saw; nil accepts any
	IdempotencyKey string           `json:"-"`      // 8 to 255 printable ASCII characters, the browser's own for this attempt
}

// Filter chooses orders, newest first.
type Filter struct {
	Merchant catalogue.MerchantID // "" means of all merchants
	Show     string               // "" means of all shows
	Statuses []Status             // empty means all
	After    ID                   // the last order of the page before
	Limit    int                  // 1 to 500; 0 means 100
}
