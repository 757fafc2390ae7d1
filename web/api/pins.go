package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"livesrv/internal/catalogue"
	"livesrv/internal/show"
)

// Pinned is an answer with a pin and where it is in the media.
type Pinned struct {
	Pin   PinView `json:"pin"`
	Bound Bound   `json:"bound"`
}

// Bound is a place in the media.
type Bound struct {
	Start   time.Time `json:"start" doc:"Wall time of the picture at which the card appears, as written in the playlist"`
	MediaMS *int64    `json:"mediaMs" doc:"Milliseconds on the presentation's timeline; null while there is no media"`
}

// PinAnswer is an answer with one pin.
type PinAnswer struct {
	Pin PinView `json:"pin"`
}

// PinList is an answer with pins.
type PinList struct {
	Pins []PinView `json:"pins" doc:"By their start"`
}

type pinDraft struct {
	ShowPath
	Body struct {
		Product catalogue.ProductID `json:"product" maxLength:"40"`
		SKU     catalogue.SKUID     `json:"sku,omitempty" maxLength:"40" doc:"The choice to show first"`
		At      time.Time           `json:"at,omitempty" doc:"The wall time of the picture, e.g. of what the merchant is seeing; default: now"`
	}
}

type pinPath struct {
	ShowPath
	Pin show.PinID `path:"pin" maxLength:"40"`
	At  time.Time  `query:"at" doc:"The wall time at which it ends; default: now"`
}

type pinList struct {
	ShowPath
	Open bool `query:"open" doc:"Only those on screen"`
}

func (a *API) registerPins() {
	tags := []string{"pins"}
	add(a, member, nil, huma.Operation{Method: http.MethodGet, Path: "/api/shows/{show}/pins", Tags: tags, Summary: "List a show's pins"}, a.listPins)
	add(a, member, nil, huma.Operation{Method: http.MethodPost, Path: "/api/shows/{show}/pins", DefaultStatus: http.StatusCreated, Tags: tags,
		Summary: "Put a product on screen", Description: "At most three at once, each product once."}, a.pin)
	add(a, member, nil, huma.Operation{Method: http.MethodDelete, Path: "/api/shows/{show}/pins/{pin}", Tags: tags, Summary: "Take a product off the screen"}, a.unpin)
	add(a, member, nil, huma.Operation{Method: http.MethodDelete, Path: "/api/shows/{show}/pins", Tags: tags, Summary: "Take everything off the screen"}, a.unpinAll)
}

func (a *API) listPins(ctx context.Context, in *pinList) (*body[PinList], error) {
	if _, err := a.ownedShow(ctx, in.Show); err != nil {
		return nil, err
	}
	pins, err := a.deps.Shows.Pins(ctx, in.Show, in.Open)
	if err != nil {
		return nil, err
	}
	return answer(PinList{list(pins)}), nil
}

func (a *API) pin(ctx context.Context, in *pinDraft) (*body[Pinned], error) {
	if _, err := a.ownedShow(ctx, in.Show); err != nil {
		return nil, err
	}
	p, err := a.deps.Shows.Pin(ctx, in.Show, in.Body.Product, in.Body.SKU, in.Body.At)
	if err != nil {
		return nil, err
	}
	return answer(Pinned{Pin: p, Bound: Bound{Start: p.Start, MediaMS: p.Media}}), nil
}

func (a *API) unpin(ctx context.Context, in *pinPath) (*body[PinAnswer], error) {
	if _, err := a.ownedShow(ctx, in.Show); err != nil {
		return nil, err
	}
	p, err := a.deps.Shows.Unpin(ctx, in.Show, in.Pin, in.At)
	if err != nil {
		return nil, err
	}
	return answer(PinAnswer{p}), nil
}

func (a *API) unpinAll(ctx context.Context, in *ShowPath) (*body[PinList], error) {
	if _, err := a.ownedShow(ctx, in.Show); err != nil {
		return nil, err
	}
	pins, err := a.deps.Shows.UnpinAll(ctx, in.Show)
	if err != nil {
		return nil, err
	}
	return answer(PinList{list(pins)}), nil
}
