package main

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"livesrv/internal/show"
)

// merchant is whoever pins products in a bench, through the API: at most show.MaxOpenPins stand at a time, and of more
// the others have ended within the window, as they do in a show where one product follows the other.
type merchant struct {
	c     *client
	shows []string // their slugs
	// pins is how many a window is to have, every how often one follows another for that.
	pins  int
	every time.Duration

	products []string
	// open are the pins that stand in each show, the oldest first; made is how many there have been in each.
	open [][]string
	made int
}

// newMerchant makes products and puts them into every show's line-up. It pins nothing yet.
func newMerchant(ctx context.Context, c *client, shows []string, pins int, window time.Duration) (*merchant, error) {
	m := &merchant{c: c, shows: shows, pins: pins, open: make([][]string, len(shows))}
	if ended := pins - show.MaxOpenPins; ended > 0 {
		m.every = window / time.Duration(ended)
	}
	// One more than may stand, so that the next to be pinned is never one of those.
	for n := range show.MaxOpenPins + 1 {
		draft := map[string]any{"title": "Bench product " + number(n+1),
			"skus": []any{map[string]any{"price": map[string]any{"amount": 1000, "currency": "EUR"}, "stock": 100}}}
		var made struct{ Product productView }
		if err := c.call(ctx, http.MethodPost, "/api/products", draft, &made); err != nil {
			return nil, err
		}
		m.products = append(m.products, made.Product.ID)
	}
	for _, slug := range shows {
		if err := c.call(ctx, http.MethodPut, "/api/shows/"+url.PathEscape(slug)+"/lineup", map[string]any{"products": m.products}, nil); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// begin pins what stands from the start.
func (m *merchant) begin(ctx context.Context) error {
	for range min(m.pins, show.MaxOpenPins) {
		if err := m.pin(ctx); err != nil {
			return err
		}
	}
	return nil
}

// run lets one pin follow the other until ctx ends. Where those that stand are all, it only waits.
func (m *merchant) run(ctx context.Context) error {
	if m.every == 0 {
		<-ctx.Done()
		return nil
	}
	ticker := time.NewTicker(m.every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			if err := m.pin(ctx); err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
}

// pin puts the next product on screen in every show, and takes the oldest off where there is no room.
func (m *merchant) pin(ctx context.Context) error {
	for i, slug := range m.shows {
		path := "/api/shows/" + url.PathEscape(slug) + "/pins"
		if len(m.open[i]) == show.MaxOpenPins {
			if err := m.c.call(ctx, http.MethodDelete, path+"/"+m.open[i][0], nil, nil); err != nil {
				return err
			}
			m.open[i] = append(m.open[i][:0], m.open[i][1:]...)
		}
		var made struct{ Pin pinView }
		if err := m.c.call(ctx, http.MethodPost, path, map[string]any{"product": m.products[m.made%len(m.products)]}, &made); err != nil {
			return err
		}
		m.open[i] = append(m.open[i], made.Pin.ID)
	}
	m.made++
	return nil
}
