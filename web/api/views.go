package api

import (
	"time"

	"livesrv/internal/account"
	"livesrv/internal/catalogue"
	"livesrv/internal/feed"
	"livesrv/internal/order"
	"livesrv/internal/show"
)

// ShowView is a show as everybody may see it; the fields at the end are for its merchant alone.
type ShowView struct {
	Slug        show.Slug             `json:"slug" doc:"Names the show in addresses"`
	Merchant    catalogue.MerchantID  `json:"merchant"`
	Title       string                `json:"title"`
	Description string                `json:"description"`
	Poster      catalogue.ImageID     `json:"poster" doc:"A picture, served at /images/{poster}.jpg, or empty"`
	StartsAt    time.Time             `json:"startsAt"`
	StartedAt   *time.Time            `json:"startedAt"`
	EndedAt     *time.Time            `json:"endedAt"`
	EndReason   show.EndReason        `json:"endReason" enum:",by_hand,publisher_away" doc:"Why it has ended; empty while it has not"`
	Status      show.Status           `json:"status" enum:"scheduled,live,ended"`
	OnAir       bool                  `json:"onAir" doc:"Media is coming in now"`
	Silent      bool                  `json:"silent" doc:"What comes in has no sound"`
	OffAirSince *time.Time            `json:"offAirSince" doc:"When media stopped coming in, of a live show"`
	Currency    string                `json:"currency" doc:"ISO 4217"`
	Ways        []string              `json:"ways" doc:"Ways to pay"`
	Lineup      []catalogue.ProductID `json:"lineup"`
	Rev         int64                 `json:"rev"`

	EmbedOrigins []string   `json:"embedOrigins,omitempty" doc:"Sites that may show it (its merchant only)"`
	PaymentNote  string     `json:"paymentNote,omitempty" doc:"Bank details for buyers (its merchant only)"`
	StreamKey    string     `json:"streamKey,omitempty" doc:"Lets an encoder in (its merchant only, where the key is asked for)"`
	Created      *time.Time `json:"created,omitempty"`
	Updated      *time.Time `json:"updated,omitempty"`
}

// PublicShow is s as everybody may see it.
func PublicShow(s show.Show) ShowView {
	return ShowView{
		Slug: s.Slug, Merchant: s.Merchant, Title: s.Title, Description: s.Description, Poster: s.Poster,
		StartsAt: s.StartsAt, StartedAt: s.StartedAt, EndedAt: s.EndedAt, EndReason: s.EndReason, Status: s.Status,
		OnAir: s.OnAir, Silent: s.Silent, OffAirSince: s.OffAirSince,
		Currency: s.Currency, Ways: list(s.Ways), Lineup: list(s.Lineup), Rev: s.Rev,
	}
}

// ownShow is s as its merchant sees it in a list.
func ownShow(s show.Show) ShowView {
	v := PublicShow(s)
	v.EmbedOrigins, v.PaymentNote, v.Created, v.Updated = s.EmbedOrigins, s.PaymentNote, &s.Created, &s.Updated
	return v
}

// keyedShow is s as its merchant sees it where the stream key is asked for.
func keyedShow(s show.Show) ShowView {
	v := ownShow(s)
	v.StreamKey = s.StreamKey
	return v
}

// PinView is a pin; everything about it is public.
type PinView = show.Pin

// ImageView is a picture and where it is.
type ImageView struct {
	ID     catalogue.ImageID `json:"id"`
	URL    string            `json:"url" doc:"On this server; at most 1280 pixels on the longer side"`
	Thumb  string            `json:"thumb" doc:"At most 320 pixels"`
	Alt    string            `json:"alt"`
	Width  int               `json:"width"`
	Height int               `json:"height"`
}

// What may be said about stock in public.
const (
	inStock  = "in"
	lowStock = "low"
	soldOut  = "out"
)

// PublicSKU is a choice of a product without its stock.
type PublicSKU struct {
	ID        catalogue.SKUID   `json:"id"`
	Code      string            `json:"code"`
	Options   []string          `json:"options" doc:"A value for each of the product's options"`
	Price     catalogue.Money   `json:"price"`
	CompareAt *int64            `json:"compareAt" doc:"The price before, in the price's minor unit"`
	State     string            `json:"state" enum:"in,low,out"`
	Left      *int              `json:"left,omitempty" doc:"How many are left, when few are"`
	Image     catalogue.ImageID `json:"image,omitempty"`
}

// PublicProduct is a product as viewers see it.
type PublicProduct struct {
	ID          catalogue.ProductID `json:"id"`
	Handle      string              `json:"handle"`
	Title       string              `json:"title"`
	Description string              `json:"description" doc:"Plain text"`
	Vendor      string              `json:"vendor"`
	Options     []string            `json:"options" doc:"Names: Size, Colour"`
	Images      []ImageView         `json:"images"`
	SKUs        []PublicSKU         `json:"skus"`
	Position    int                 `json:"position" doc:"In the line-up, from 0"`
	Rev         int64               `json:"rev"`
}

// PublicProduct is p as viewers see it at a position of a line-up. It says how many are left only where few are.
func (a *API) PublicProduct(p catalogue.Product, position int) PublicProduct {
	v := PublicProduct{
		ID: p.ID, Handle: p.Handle, Title: p.Title, Description: p.Description, Vendor: p.Vendor,
		Options: list(p.Options), Images: imageViews(p.Images), SKUs: make([]PublicSKU, len(p.SKUs)), Position: position, Rev: p.Rev,
	}
	for i, s := range p.SKUs {
		sku := PublicSKU{ID: s.ID, Code: s.Code, Options: list(s.Options), Price: s.Price, CompareAt: s.CompareAt, Image: s.Image}
		switch sku.State = a.stockState(s.Stock); sku.State {
		case lowStock:
			sku.Left = &s.Stock
		case soldOut:
			sku.Left = nil
		}
		v.SKUs[i] = sku
	}
	return v
}

func (a *API) stockState(n int) string {
	switch {
	case n <= 0:
		return soldOut
	case n <= a.deps.Catalogue.LowStock():
		return lowStock
	}
	return inStock
}

// SKUView is a choice of a product with its stock.
type SKUView struct {
	ID        catalogue.SKUID   `json:"id"`
	Code      string            `json:"code"`
	Options   []string          `json:"options"`
	Price     catalogue.Money   `json:"price"`
	CompareAt *int64            `json:"compareAt"`
	Stock     int               `json:"stock"`
	State     string            `json:"state" enum:"in,low,out"`
	Image     catalogue.ImageID `json:"image,omitempty"`
	Position  int               `json:"position"`
}

// ProductView is a product as its merchant sees it.
type ProductView struct {
	ID          catalogue.ProductID  `json:"id"`
	Merchant    catalogue.MerchantID `json:"merchant"`
	Handle      string               `json:"handle"`
	Title       string               `json:"title"`
	Description string               `json:"description"`
	Vendor      string               `json:"vendor"`
	Options     []string             `json:"options"`
	Images      []ImageView          `json:"images"`
	SKUs        []SKUView            `json:"skus"`
	Archived    bool                 `json:"archived"`
	Created     time.Time            `json:"created"`
	Updated     time.Time            `json:"updated"`
	Rev         int64                `json:"rev"`
}

// Product is p as its merchant sees it.
func (a *API) Product(p catalogue.Product) ProductView {
	v := ProductView{
		ID: p.ID, Merchant: p.Merchant, Handle: p.Handle, Title: p.Title, Description: p.Description, Vendor: p.Vendor,
		Options: list(p.Options), Images: imageViews(p.Images), SKUs: make([]SKUView, len(p.SKUs)),
		Archived: p.Archived, Created: p.Created, Updated: p.Updated, Rev: p.Rev,
	}
	for i, s := range p.SKUs {
		v.SKUs[i] = SKUView{ID: s.ID, Code: s.Code, Options: list(s.Options), Price: s.Price, CompareAt: s.CompareAt,
			Stock: s.Stock, State: a.stockState(s.Stock), Image: s.Image, Position: s.Position}
	}
	return v
}

func imageViews(images []catalogue.Image) []ImageView {
	out := make([]ImageView, len(images))
	for i, m := range images {
		out[i] = imageView(m)
	}
	return out
}

func imageView(m catalogue.Image) ImageView {
	return ImageView{ID: m.ID, URL: "/images/" + string(m.ID) + ".jpg", Thumb: "/images/" + string(m.ID) + "-thumb.jpg",
		Alt: m.Alt, Width: m.Width, Height: m.Height}
}

// State is everything a viewer's page starts from. What comes after it is followed from Position.
type State struct {
	Show     ShowView        `json:"show"`
	Pins     []PinView       `json:"pins" doc:"Open ones, and those that ended within the last two minutes: a viewer's picture is behind"`
	Products []PublicProduct `json:"products" doc:"The line-up in its order, then what else is pinned"`
	Viewers  int             `json:"viewers"`
	Position feed.Position   `json:"position"`
	Now      time.Time       `json:"now" doc:"The server's clock when this was made, at most a second ago"`
}

// Order is o as its merchant sees it.
func Order(o order.Order) order.Order {
	o.Lines = lineViews(o.Lines)
	return o
}

// BuyerOrder is an order as its buyer may read it again: whoever has the link sees no address.
type BuyerOrder struct {
	ID           order.ID        `json:"id"`
	Number       string          `json:"number"`
	Show         string          `json:"show"`
	Lines        []order.Line    `json:"lines"`
	Total        catalogue.Money `json:"total"`
	Way          string          `json:"way"`
	Instructions string          `json:"instructions"`
	Status       order.Status    `json:"status" enum:"awaiting_merchant,confirmed,cancelled,expired"`
	Created      time.Time       `json:"created"`
	Updated      time.Time       `json:"updated"`
	Expires      time.Time       `json:"expires"`
}

func buyerOrder(o order.Order) BuyerOrder {
	return BuyerOrder{ID: o.ID, Number: o.Number, Show: o.Show, Lines: lineViews(o.Lines), Total: o.Total, Way: o.Way,
		Instructions: o.Instructions, Status: o.Status, Created: o.Created, Updated: o.Updated, Expires: o.Expires}
}

// QuoteView is what a cart would cost now.
type QuoteView = order.Quote

func quoteView(q order.Quote) QuoteView {
	q.Lines, q.Ways, q.Unavailable = lineViews(q.Lines), list(q.Ways), list(q.Unavailable)
	return q
}

func lineViews(lines []order.Line) []order.Line {
	out := make([]order.Line, len(lines))
	for i, l := range lines {
		l.Options = list(l.Options)
		out[i] = l
	}
	return out
}

// UserView is a person who may sign in.
type UserView struct {
	ID           account.UserID `json:"id"`
	Name         string         `json:"name"`
	Role         account.Role   `json:"role" enum:"admin,merchant"`
	Merchant     string         `json:"merchant"`
	MerchantName string         `json:"merchantName"`
	Created      time.Time      `json:"created"`
}

func userView(u account.User, merchants []catalogue.Merchant) UserView {
	v := UserView{ID: u.ID, Name: u.Name, Role: u.Role, Merchant: u.Merchant, Created: u.Created}
	for _, m := range merchants {
		if string(m.ID) == u.Merchant {
			v.MerchantName = m.Name
		}
	}
	return v
}

// list makes an empty list of none: lists are never null in an answer.
func list[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}

// named gives words the type that a room has for them.
func named[T ~string](words []string) []T {
	out := make([]T, len(words))
	for i, w := range words {
		out[i] = T(w)
	}
	return out
}
