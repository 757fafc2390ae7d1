// Package show is the shopping event a stream carries: its times, line-up, stream key and terms, and the pins that
// put a product on screen. One pin record is the only truth of what was shown when; the overlay writes it into the
// media through the Timeline, the feed tells it to viewers through Events. It moves no media and takes no orders.
package show

import (
	"time"

	"livesrv/internal/catalogue"
)

// Slug names a show in addresses; it is the name of its stream too. [a-z0-9][a-z0-9-]{0,62}
type Slug string

// PinID is "pin_" and 16 characters; a DATERANGE ID, so never used twice.
type PinID string

// Status of a show.
type Status string

// The statuses, in their order. A show never goes back, but that an ended one can be reopened.
const (
	Scheduled Status = "scheduled"
	Live      Status = "live"
	Ended     Status = "ended"
)

// EndReason says why a show has ended.
type EndReason string

// The reasons: somebody ended it, or its publisher stayed away for longer than Config.EndAfter. An ended show of which
// nobody noted why has none.
const (
	EndedByHand EndReason = "by_hand"
	EndedAbsent EndReason = "publisher_away"
)

// The manual ways to pay.
const (
	CashOnDelivery = "cash_on_delivery"
	BankTransfer   = "bank_transfer"
)

// Show is one shopping event.
type Show struct {
	Slug         Slug                  `json:"slug"`
	Merchant     catalogue.MerchantID  `json:"merchant"`
	Title        string                `json:"title"`
	Description  string                `json:"description"`
	Poster       catalogue.ImageID     `json:"poster"` // or ""
	StartsAt     time.Time             `json:"startsAt"`
	StartedAt    *time.Time            `json:"startedAt"`
	EndedAt      *time.Time            `json:"endedAt"`
	EndReason    EndReason             `json:"endReason"` // or "" while it has not ended
	Status       Status                `json:"status"`
	OnAir        bool                  `json:"onAir"`       // media is coming in now
	Silent       bool                  `json:"silent"`      // what comes in has no sound
	OffAirSince  *time.Time            `json:"offAirSince"` // when media stopped coming in, of a live show
	StreamKey    string                `json:"-"`           // only for its merchant's eyes
	EmbedOrigins []string              `json:"-"`           // sites that may frame the show: "https://shop.example"
	Currency     string                `json:"currency"`
	Ways         []string              `json:"ways"`   // ways to pay
	PaymentNote  string                `json:"-"`      // bank details, shown to a buyer who chose bank transfer
	Lineup       []catalogue.ProductID `json:"lineup"` // at most 200
	Created      time.Time             `json:"created"`
	Updated      time.Time             `json:"updated"`
	Rev          int64                 `json:"rev"`
}

// Pin is one product on screen from Start to End.
type Pin struct {
	ID      PinID               `json:"id"`
	Show    Slug                `json:"show"`
	Product catalogue.ProductID `json:"product"`
	SKU     catalogue.SKUID     `json:"sku,omitempty"` // the choice to show first, or ""
	Start   time.Time           `json:"start"`         // as written in the playlist
	End     *time.Time          `json:"end"`           // nil while it is open
	Media   *int64              `json:"mediaMs"`       // ms on the presentation's timeline; nil for good where the pin was made before there was media
	Price   catalogue.Money     `json:"price"`         // at the pin: of the SKU, or the lowest of the product
	Rev     int64               `json:"rev"`
}

// Draft is a show to create.
type Draft struct {
	Slug         Slug // "" means made from the title
	Merchant     catalogue.MerchantID
	Title        string
	Description  string
	Poster       catalogue.ImageID
	StartsAt     time.Time // zero means now
	EmbedOrigins []string
	Currency     string
	Ways         []string // empty means cash on delivery
	PaymentNote  string
	Lineup       []catalogue.ProductID
	StreamKey    string // "" means a random one; else 20 to 64 of [A-Za-z0-9_-]
}

// Patch changes a show; nil fields stay as they are.
type Patch struct {
	Title        *string
	Description  *string
	Poster       *catalogue.ImageID
	StartsAt     *time.Time
	EmbedOrigins []string
	Currency     *string // refused once the show has begun
	Ways         []string
	PaymentNote  *string
}

// Filter chooses shows, live first, then coming by StartsAt, then ended by the newest end.
type Filter struct {
	Merchant catalogue.MerchantID // "" means of all merchants
	Statuses []Status             // empty means all
	Limit    int                  // 1 to 500; 0 means 100
}
