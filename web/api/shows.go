package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"livesrv/internal/catalogue"
	"livesrv/internal/fault"
	"livesrv/internal/show"
)

// ShowPath is the input of operations on one show. It is exported, like the other inputs that are embedded: huma fills
// no others.
type ShowPath struct {
	Show show.Slug `path:"show" maxLength:"63" doc:"The show's name in addresses"`
}

// ShowAnswer is an answer with one show.
type ShowAnswer struct {
	Show ShowView `json:"show"`
}

// ShowList is an answer with shows.
type ShowList struct {
	Shows []ShowView `json:"shows" doc:"Live ones, then coming ones, then ended ones"`
}

// ShowDraft is a show to make.
type ShowDraft struct {
	Slug         show.Slug             `json:"slug,omitempty" maxLength:"63" doc:"Default: made from the title"`
	Title        string                `json:"title" maxLength:"500"`
	Description  string                `json:"description,omitempty" maxLength:"20000"`
	Poster       catalogue.ImageID     `json:"poster,omitempty" maxLength:"40"`
	StartsAt     time.Time             `json:"startsAt,omitempty" doc:"Default: now"`
	EmbedOrigins []string              `json:"embedOrigins,omitempty" maxItems:"100" doc:"Sites that may show it: https://shop.example"`
	Currency     string                `json:"currency,omitempty" maxLength:"3" doc:"ISO 4217"`
	Ways         []string              `json:"ways,omitempty" maxItems:"10" doc:"cash_on_delivery, bank_transfer"`
	PaymentNote  string                `json:"paymentNote,omitempty" maxLength:"5000" doc:"Bank details, shown to who chose bank_transfer"`
	Lineup       []catalogue.ProductID `json:"lineup,omitempty" maxItems:"1000"`
}

// ShowPatch changes a show; what is left out stays.
type ShowPatch struct {
	Title        *string            `json:"title,omitempty" maxLength:"500"`
	Description  *string            `json:"description,omitempty" maxLength:"20000"`
	Poster       *catalogue.ImageID `json:"poster,omitempty" maxLength:"40"`
	StartsAt     *time.Time         `json:"startsAt,omitempty"`
	EmbedOrigins []string           `json:"embedOrigins,omitempty" maxItems:"100"`
	Currency     *string            `json:"currency,omitempty" maxLength:"3"`
	Ways         []string           `json:"ways,omitempty" maxItems:"10"`
	PaymentNote  *string            `json:"paymentNote,omitempty" maxLength:"5000"`
}

type showList struct {
	Status []string `query:"status" enum:"scheduled,live,ended" doc:"Only these; may be several, by commas"`
	Mine   bool     `query:"mine" doc:"Only those of the caller's merchant"`
	Limit  int      `query:"limit" minimum:"1" maximum:"500" default:"100"`
}

type listedShows struct {
	CacheControl string `header:"Cache-Control"`
	Vary         string `header:"Vary"`
	Body         ShowList
}

type showDraft struct{ Body ShowDraft }

type showPatch struct {
	ShowPath
	Body ShowPatch
}

type lineup struct {
	ShowPath
	Body struct {
		Products []catalogue.ProductID `json:"products" maxItems:"1000"`
	}
}

func (a *API) registerShows() {
	add(a, anybody, nil, huma.Operation{Method: http.MethodGet, Path: "/api/shows", Tags: []string{"viewer", "shows"},
		Summary: "List shows", Description: "A merchant sees more of its own shows."}, a.listShows)
	add(a, anybody, nil, huma.Operation{Method: http.MethodGet, Path: "/api/shows/{show}", Tags: []string{"viewer", "shows"}, Summary: "Read a show"}, a.getShow)
	a.mux.HandleFunc("GET /api/shows/{show}/state", a.serveState)
	a.huma.OpenAPI().AddOperation(&huma.Operation{Method: http.MethodGet, Path: "/api/shows/{show}/state", OperationID: "get-shows-show-state",
		Tags: []string{"viewer", "shows"}, Summary: "Read what a viewer's page starts from",
		Description: "Follow the topic show:{show} at /realtime from position.",
		Parameters:  []*huma.Param{{Name: "show", In: "path", Required: true, Schema: &huma.Schema{Type: "string"}}},
		Responses:   documented[State](a, "application/json")})
	add(a, member, nil, huma.Operation{Method: http.MethodPost, Path: "/api/shows", DefaultStatus: http.StatusCreated, Tags: []string{"shows"},
		Summary: "Make a show"}, a.createShow)
	add(a, member, nil, huma.Operation{Method: http.MethodPatch, Path: "/api/shows/{show}", Tags: []string{"shows"}, Summary: "Change a show"}, a.patchShow)
	add(a, member, nil, huma.Operation{Method: http.MethodPost, Path: "/api/shows/{show}/start", Tags: []string{"shows"},
		Summary: "Make a scheduled show live"}, a.step((*show.Service).Start))
	add(a, member, nil, huma.Operation{Method: http.MethodPost, Path: "/api/shows/{show}/end", Tags: []string{"shows"},
		Summary: "End a show and close its pins"}, a.step((*show.Service).End))
	add(a, member, nil, huma.Operation{Method: http.MethodPost, Path: "/api/shows/{show}/reopen", Tags: []string{"shows"},
		Summary: "Make an ended show live again"}, a.step((*show.Service).Reopen))
	add(a, member, nil, huma.Operation{Method: http.MethodPut, Path: "/api/shows/{show}/lineup", Tags: []string{"shows"},
		Summary: "Replace a show's line-up"}, a.setLineup)
	add(a, member, nil, huma.Operation{Method: http.MethodPost, Path: "/api/shows/{show}/key", Tags: []string{"shows"},
		Summary: "Give a show a new stream key; the old one admits nobody any more"}, a.rotateKey)
}

func (a *API) listShows(ctx context.Context, in *showList) (*listedShows, error) {
	c := callerOf(ctx)
	a.recognise(c)
	f := show.Filter{Statuses: named[show.Status](in.Status), Limit: in.Limit}
	if in.Mine {
		if !c.known {
			return nil, fault.New(fault.Unauthorized, "You are not signed in.").WithHint("Sign in, or leave mine out.")
		}
		f.Merchant = c.merchant()
	}
	shows, err := a.deps.Shows.List(ctx, f)
	if err != nil {
		return nil, err
	}
	out := &listedShows{CacheControl: "private, no-store", Vary: "Cookie, Authorization", Body: ShowList{Shows: make([]ShowView, len(shows))}}
	for i, s := range shows {
		out.Body.Shows[i] = PublicShow(s)
		if c.owns(s.Merchant) {
			out.Body.Shows[i] = ownShow(s)
		}
	}
	return out, nil
}

func (a *API) getShow(ctx context.Context, in *ShowPath) (*body[ShowAnswer], error) {
	s, err := a.deps.Shows.Get(ctx, in.Show)
	if err != nil {
		return nil, err
	}
	c := callerOf(ctx)
	if a.recognise(c); c.owns(s.Merchant) {
		return answer(ShowAnswer{ownShow(s)}), nil
	}
	return answer(ShowAnswer{PublicShow(s)}), nil
}

// ownedShow gives a show of the caller's; another merchant's is as good as none.
func (a *API) ownedShow(ctx context.Context, slug show.Slug) (show.Show, error) {
	s, err := a.deps.Shows.Get(ctx, slug)
	if err != nil {
		return s, err
	}
	if !callerOf(ctx).owns(s.Merchant) {
		return s, fault.New(fault.NotFound, "You have no show %q.", slug).WithHint("GET /api/shows?mine=true lists yours.")
	}
	return s, nil
}

func (a *API) createShow(ctx context.Context, in *showDraft) (*body[ShowAnswer], error) {
	d := in.Body
	s, err := a.deps.Shows.Create(ctx, show.Draft{
		Slug: d.Slug, Merchant: callerOf(ctx).merchant(), Title: d.Title, Description: d.Description, Poster: d.Poster,
		StartsAt: d.StartsAt, EmbedOrigins: d.EmbedOrigins, Currency: d.Currency, Ways: d.Ways, PaymentNote: d.PaymentNote, Lineup: d.Lineup,
	})
	if err != nil {
		return nil, err
	}
	return answer(ShowAnswer{keyedShow(s)}), nil
}

func (a *API) patchShow(ctx context.Context, in *showPatch) (*body[ShowAnswer], error) {
	if _, err := a.ownedShow(ctx, in.Show); err != nil {
		return nil, err
	}
	p := in.Body
	s, err := a.deps.Shows.Update(ctx, in.Show, show.Patch{Title: p.Title, Description: p.Description, Poster: p.Poster, StartsAt: p.StartsAt,
		EmbedOrigins: p.EmbedOrigins, Currency: p.Currency, Ways: p.Ways, PaymentNote: p.PaymentNote})
	if err != nil {
		return nil, err
	}
	return answer(ShowAnswer{ownShow(s)}), nil
}

// step makes an operation of a change that needs no more than the show.
func (a *API) step(f func(*show.Service, context.Context, show.Slug) (show.Show, error)) func(context.Context, *ShowPath) (*body[ShowAnswer], error) {
	return func(ctx context.Context, in *ShowPath) (*body[ShowAnswer], error) {
		if _, err := a.ownedShow(ctx, in.Show); err != nil {
			return nil, err
		}
		s, err := f(a.deps.Shows, ctx, in.Show)
		if err != nil {
			return nil, err
		}
		return answer(ShowAnswer{ownShow(s)}), nil
	}
}

func (a *API) setLineup(ctx context.Context, in *lineup) (*body[ShowAnswer], error) {
	if _, err := a.ownedShow(ctx, in.Show); err != nil {
		return nil, err
	}
	s, err := a.deps.Shows.SetLineup(ctx, in.Show, list(in.Body.Products))
	if err != nil {
		return nil, err
	}
	return answer(ShowAnswer{ownShow(s)}), nil
}

// KeyAnswer is an answer with a new stream key.
type KeyAnswer struct {
	StreamKey string `json:"streamKey"`
}

func (a *API) rotateKey(ctx context.Context, in *ShowPath) (*body[KeyAnswer], error) {
	if _, err := a.ownedShow(ctx, in.Show); err != nil {
		return nil, err
	}
	s, err := a.deps.Shows.RotateKey(ctx, in.Show)
	if err != nil {
		return nil, err
	}
	return answer(KeyAnswer{s.StreamKey}), nil
}
