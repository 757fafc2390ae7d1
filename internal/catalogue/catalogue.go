// Package catalogue is what can be sold: merchants, their products, the sellable choices of each (SKUs) with
// price, stock and price history, and their pictures; and how a merchant's existing list comes in and goes out
// as CSV. It knows nothing of shows, pins and orders: package show pins a product, package order takes stock.
// It keeps nothing itself: package store implements its Stores.
package catalogue

import (
	"crypto/rand"
	"time"
)

// The typed ids: a prefix and 16 random characters of Crockford's base32.
type (
	MerchantID string // "mer_…"
	ProductID  string // "prd_…"
	SKUID      string // "sku_…"
	ImageID    string // "img_…"
)

// crockford is Douglas Crockford's base32 alphabet in lower case: no i, l, o, u, so an id can be read aloud.
const crockford = "0123456789abcdefghjkmnpqrstvwxyz"

// NewID makes an id: the prefix, an underscore and 16 random characters (80 bits).
func NewID(prefix string) string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand.Read ends the program instead
	for i, c := range b {
		b[i] = crockford[c&31]
	}
	return prefix + "_" + string(b[:])
}

// Merchant owns products and shows.
type Merchant struct {
	ID      MerchantID `json:"id"`
	Name    string     `json:"name"`
	Created time.Time  `json:"created"`
}

// Image is one picture of a product; its bytes are read with Service.Image.
type Image struct {
	ID     ImageID `json:"id"`
	Alt    string  `json:"alt"`
	Width  int     `json:"width"` // pixels of the full picture, at most 1280 on the longer side
	Height int     `json:"height"`
}

// SKU is one sellable choice of a product: a size, a colour. A product without options has one SKU.
type SKU struct {
	ID        SKUID     `json:"id"`
	Product   ProductID `json:"product"`
	Code      string    `json:"code"`      // the merchant's own article number, may be empty
	Options   []string  `json:"options"`   // values, in the order of Product.Options
	Price     Money     `json:"price"`     // over zero
	CompareAt *int64    `json:"compareAt"` // a higher price to strike through, in Price's currency; nil for none
	Stock     int       `json:"stock"`     // pieces that can be sold now, never below zero
	Image     ImageID   `json:"image"`     // one of the product's images, or ""
	Position  int       `json:"position"`  // from 0
}

// Product is a catalogue entry with all its SKUs.
type Product struct {
	ID          ProductID  `json:"id"`
	Merchant    MerchantID `json:"merchant"`
	Handle      string     `json:"handle"` // unique for its merchant; small letters of any alphabet, digits, - and _
	Title       string     `json:"title"`
	Description string     `json:"description"` // plain text
	Vendor      string     `json:"vendor"`
	Options     []string   `json:"options"` // names: "Size", "Colour"; at most 3
	Images      []Image    `json:"images"`
	SKUs        []SKU      `json:"skus"` // at least one
	Archived    bool       `json:"archived"`
	Created     time.Time  `json:"created"`
	Updated     time.Time  `json:"updated"`
	Rev         int64      `json:"rev"` // grows with every change, of price and stock too
}

// SKU gives the product's SKU with this id.
func (p *Product) SKU(id SKUID) (SKU, bool) {
	for _, s := range p.SKUs {
		if s.ID == id {
			return s, true
		}
	}
	return SKU{}, false
}

// PriceChange is one entry of a SKU's price history.
type PriceChange struct {
	SKU       SKUID     `json:"sku"`
	Price     Money     `json:"price"`
	CompareAt *int64    `json:"compareAt"`
	At        time.Time `json:"at"`
}

// Filter chooses among a merchant's products; they come ordered by handle.
type Filter struct {
	Query    string // part of title, handle or a SKU's code, case-insensitive for ASCII
	Archived bool   // archived products too
	LowStock bool   // only products with a SKU at or under the low-stock line
	After    string // the last handle of the page before, "" for the first page
	Limit    int    // 1 to 500; 0 means 100
}

// Draft is a product to create. A Draft without SKUs is refused.
type Draft struct {
	Handle      string // "" means made from the title
	Title       string
	Description string
	Vendor      string
	Options     []string
	SKUs        []SKUDraft
}

// SKUDraft is a SKU to create, or with an ID, to change.
type SKUDraft struct {
	ID        SKUID // in a Patch: the SKU to change; "" means a new one
	Code      string
	Options   []string
	Price     Money
	CompareAt *int64
	Stock     *int // in a Patch of an existing SKU nil keeps the stock; for a new one nil means 0
	Image     ImageID
}

// Patch changes a product; nil fields stay as they are.
type Patch struct {
	Handle      *string
	Title       *string
	Description *string
	Vendor      *string
	Archived    *bool
	Options     []string   // nil keeps; with Options, SKUs must be given too
	SKUs        []SKUDraft // nil keeps; else the whole new list in order: SKUs that are missing are removed
	Images      []ImageID  // nil keeps; else the new order of the same images
	Rev         int64      // when over 0: refuse with fault.Conflict unless the product is at this Rev
}

// SKUPatch changes one SKU; nil fields stay. Stock and Adjust exclude each other.
type SKUPatch struct {
	Price     *Money
	CompareAt *int64 // 0 removes it
	Stock     *int
	Adjust    *int // added to the stock; fault.Conflict when it would fall below zero
}
