// Package demo is the show that runs with nothing set up: it fills a server with a merchant, products and a show,
// pushes the built-in clip to it over real RTMP, and pins the products as they appear in the clip. It uses the
// rooms as an operator's tools would and has no way in of its own.
package demo

import (
	"context"
	"log/slog"

	"golang.org/x/sync/errgroup"
)

// Demo is a filled server, ready to go on air.
type Demo struct {
	Seeded
	pusher *Pusher
	script *script
}

// New fills the rooms. server is where the server takes RTMP ("rtmp://127.0.0.1:1935/live"); clip is what is pushed,
// nil for the one that is built in.
func New(ctx context.Context, r Rooms, server string, clip *Clip, log *slog.Logger) (*Demo, error) {
	log = log.With("room", "demo")
	if clip == nil {
		var err error
		if clip, err = builtInClip(); err != nil {
			return nil, err
		}
	}
	seeded, err := Seed(ctx, r)
	if err != nil {
		return nil, err
	}
	_, scenes, err := readAssets()
	if err != nil {
		return nil, err
	}
	d := &Demo{Seeded: seeded, script: newScript(r.Shows, Slug, scenes, seeded.products, log)}
	d.pusher = &Pusher{Clip: clip, Server: server, Key: d.Demo.StreamKey, Round: d.script.round, Log: log}
	return d, nil
}

// Run pushes and pins until ctx ends.
func (d *Demo) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return d.script.Run(ctx) })
	g.Go(func() error { return d.pusher.Run(ctx) })
	return g.Wait()
}
