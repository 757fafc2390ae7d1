package api

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"livesrv/internal/catalogue"
	"livesrv/internal/feed"
	"livesrv/internal/order"
	"livesrv/internal/show"
)

// Desk is everything the merchant's desk of a show starts from. What comes after it is followed from the two positions.
type Desk struct {
	Show         ShowView        `json:"show"`
	StreamKey    string          `json:"streamKey"`
	Pins         []PinView       `json:"pins" doc:"Those on screen"`
	Products     []ProductView   `json:"products" doc:"The line-up in its order, then what else is pinned, with stock"`
	Viewers      int             `json:"viewers"`
	Position     feed.Position   `json:"position" doc:"Of the show's topic"`
	DeskChannel  string          `json:"deskChannel" doc:"The merchant's own topic"`
	DeskPosition feed.Position   `json:"deskPosition" doc:"Of the merchant's own topic"`
	Now          time.Time       `json:"now"`
	Ingest       []IngestAddress `json:"ingest" doc:"Where an encoder sends to"`
	Stream       any             `json:"stream" doc:"What the publisher sends and what is wrong with it; null while nobody publishes"`
	OpenOrders   int             `json:"openOrders" doc:"Orders of the show that await the merchant"`
	Totals       Totals          `json:"totals"`
}

// Totals are counted from the orders of a show that were neither cancelled nor expired.
type Totals struct {
	Orders  int             `json:"orders"`
	Units   int             `json:"units"`
	Revenue catalogue.Money `json:"revenue"`
}

func (a *API) registerDesk() {
	add(a, member, nil, huma.Operation{Method: http.MethodGet, Path: "/api/shows/{show}/desk", Tags: []string{"shows"},
		Summary: "Read what the merchant's desk starts from"}, a.desk)
}

func (a *API) desk(ctx context.Context, in *ShowPath) (*body[Desk], error) {
	s, err := a.ownedShow(ctx, in.Show)
	if err != nil {
		return nil, err
	}
	// The positions come first, as in readState.
	at, err := a.deps.Feed.Position(string(s.Slug))
	if err != nil {
		return nil, err
	}
	deskAt, err := a.deps.Feed.DeskPosition(string(s.Merchant))
	if err != nil {
		return nil, err
	}
	if s, err = a.deps.Shows.Get(ctx, s.Slug); err != nil {
		return nil, err
	}
	pins, err := a.deps.Shows.Pins(ctx, s.Slug, true)
	if err != nil {
		return nil, err
	}
	products, err := a.deps.Catalogue.ProductsByID(ctx, onShow(s, pins))
	if err != nil {
		return nil, err
	}
	counted, err := a.totals.of(ctx, s)
	if err != nil {
		return nil, err
	}
	d := Desk{
		Show: keyedShow(s), StreamKey: s.StreamKey, Pins: list(pins), Products: make([]ProductView, len(products)),
		Viewers: a.deps.Feed.Viewers(string(s.Slug)), Position: at, DeskChannel: feed.DeskTopic(string(s.Merchant)), DeskPosition: deskAt,
		Now: a.deps.Now().UTC().Truncate(time.Millisecond), Ingest: list(a.deps.Ingest(string(s.Slug), s.StreamKey)), Stream: a.deps.Health(string(s.Slug)),
		OpenOrders: counted.open, Totals: counted.Totals,
	}
	for i, p := range products {
		d.Products[i] = a.Product(p)
	}
	return answer(d), nil
}

// totals counts a show's orders from their records, and again only after one has changed.
type totals struct {
	orders *order.Service

	mu     sync.Mutex
	gen    map[string]uint64 // by show; grows with every change of an order
	byShow map[string]counted
}

type counted struct {
	Totals
	open int
	gen  uint64
}

func newTotals(orders *order.Service) *totals {
	return &totals{orders: orders, gen: map[string]uint64{}, byShow: map[string]counted{}}
}

func (t *totals) changed(show string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.gen[show]++
	delete(t.byShow, show)
}

func (t *totals) of(ctx context.Context, s show.Show) (counted, error) {
	slug := string(s.Slug)
	t.mu.Lock()
	c, ok := t.byShow[slug]
	gen := t.gen[slug]
	t.mu.Unlock()
	if ok {
		return c, nil
	}
	c = counted{gen: gen, Totals: Totals{Revenue: catalogue.Money{Currency: s.Currency}}}
	sum, err := t.orders.Totals(ctx, slug)
	if err != nil {
		return c, err
	}
	c.Orders, c.Units, c.open, c.Revenue.Amount = sum.Orders, sum.Units, sum.Open, sum.Revenue.Amount
	if sum.Orders > 0 {
		c.Revenue.Currency = sum.Revenue.Currency
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.gen[slug] == gen {
		t.byShow[slug] = c
	}
	return c, nil
}
