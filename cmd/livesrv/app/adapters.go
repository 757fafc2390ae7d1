package app

import (
	"context"
	"log/slog"

	"livesrv/ingest"
	"livesrv/internal/catalogue"
	"livesrv/internal/media"
	"livesrv/internal/show"
	"livesrv/internal/stream"
	"livesrv/internal/transcode"
	"livesrv/overlay"
	"livesrv/packager"
	"livesrv/web/ui"
)

// gate lets a publisher in whose key opens a show; the stream has the show's name.
type gate struct{ shows *show.Service }

func (g gate) Admit(ctx context.Context, key string) (ingest.Grant, error) {
	s, err := g.shows.Admit(ctx, key)
	if err != nil {
		return ingest.Grant{}, err
	}
	return ingest.Grant{Stream: string(s.Slug), Rev: s.Rev}, nil
}

// converter makes AAC of a publisher's Opus.
type converter struct{ *transcode.Converter }

func (c converter) Convert(from media.Track, log *slog.Logger, deliver func(*media.AccessUnit)) (ingest.Conversion, error) {
	s, err := c.AAC(from, log, deliver)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// dataCue makes a cue of timed data that an encoder sent along.
func dataCue(d stream.Data) (packager.Cue, bool) {
	return overlay.DataCue(catalogue.NewID("dat"), d.Name, d.Wall, d.Payload)
}

// showFacts is what a page says of its show before its script runs.
func (r *rooms) showFacts(ctx context.Context, slug string) (ui.Show, error) {
	s, err := r.shows.Get(ctx, show.Slug(slug))
	if err != nil {
		return ui.Show{}, err
	}
	v := ui.Show{Slug: slug, Title: s.Title, Description: s.Description, OnAir: s.OnAir, StartsAt: s.StartsAt}
	if s.Poster != "" {
		v.Image = "/images/" + string(s.Poster) + ".jpg"
	}
	return v, nil
}
