package hls

import (
	"context"
	"errors"

	"livesrv/internal/fault"
	"livesrv/packager"
)

// atOnce is the context of the first attempt at everything: it has ended, so what is there is given and
// what is not is refused with context.Canceled instead of being waited for. Only then is the request
// counted as a hold, and asked again with its own context.
var atOnce = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

func mustWait(err error) bool { return err != nil && errors.Is(err, context.Canceled) }

var errBusy = fault.New(fault.Unavailable, "too many requests are waiting").WithHint("ask again in a second")

func (h *Handler) waitMultivariant(ctx context.Context, p *packager.Presentation) (packager.Blob, error) {
	if !h.holds.take(p.Name()) {
		return packager.Blob{}, errBusy
	}
	defer h.holds.give(p.Name())
	return p.Multivariant(ctx)
}

func (h *Handler) waitPlaylist(ctx context.Context, p *packager.Presentation, ren *packager.Rendition, q packager.Query) (packager.Blob, error) {
	if !h.holds.take(p.Name()) {
		return packager.Blob{}, errBusy
	}
	defer h.holds.give(p.Name())
	return ren.Playlist(ctx, q)
}

func (h *Handler) waitPart(ctx context.Context, p *packager.Presentation, ren *packager.Rendition, t target) (packager.Blob, error) {
	if !h.holds.take(p.Name()) {
		return packager.Blob{}, errBusy
	}
	defer h.holds.give(p.Name())
	return ren.Part(ctx, t.msn, t.number)
}

func (h *Handler) waitSegment(ctx context.Context, p *packager.Presentation, ren *packager.Rendition, t target) (packager.Body, error) {
	if !h.holds.take(p.Name()) {
		return packager.Body{}, errBusy
	}
	defer h.holds.give(p.Name())
	return ren.Segment(ctx, t.msn)
}
