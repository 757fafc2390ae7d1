package app

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"livesrv/ingest"
	"livesrv/ingest/rtmp"
	"livesrv/ingest/rtsp"
	"livesrv/ingest/srt"
	"livesrv/ingest/whip"
	"livesrv/internal/account"
	"livesrv/internal/catalogue"
	"livesrv/internal/config"
	"livesrv/internal/fault"
	"livesrv/internal/feed"
	"livesrv/internal/order"
	"livesrv/internal/order/manual"
	"livesrv/internal/show"
	"livesrv/internal/store"
	"livesrv/internal/stream"
	"livesrv/internal/transcode"
	"livesrv/overlay"
	"livesrv/packager"
	"livesrv/web"
	"livesrv/web/api"
	"livesrv/web/hls"
	"livesrv/web/ui"
)

// rooms are all rooms of a server.
type rooms struct {
	db        *store.DB
	catalogue *catalogue.Service
	shows     *show.Service
	orders    *order.Service
	accounts  *account.Service
	merchant  catalogue.MerchantID

	streams   *stream.Registry
	door      *ingest.Door
	transcode *transcode.Converter
	rtmp      *rtmp.Server
	srt       *srt.Server
	rtsp      *rtsp.Server
	whip      *whip.Server
	hub       *packager.Hub
	media     *hls.Handler

	access *api.Access
	feed   *feed.Feed
	news   *news
	api    *api.API
	web    *web.Server
	counts counts
}

// make makes every room, in the order in which they need each other. What it opened before an error, Close closes.
func (r *rooms) make(ctx context.Context, cfg config.Config, version string, metrics *prometheus.Registry, log *slog.Logger) error {
	r.news = newNews(log)
	for _, step := range []func() error{
		func() error { return r.makeShop(ctx, cfg, log) },
		func() error { return r.makeMedia(cfg, log) },
		func() error { return r.makeFeed(cfg, metrics, log) },
		func() error { return r.makeAPI(cfg, version, log) },
		func() error { return r.makeWeb(cfg, log) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	r.connect(metrics)
	return nil
}

// makeShop makes the rooms of the shop line, on one database.
func (r *rooms) makeShop(ctx context.Context, cfg config.Config, log *slog.Logger) error {
	db, err := store.Open(ctx, store.Config{Path: databasePath(cfg)}, log)
	if err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	r.db = db
	if r.catalogue, err = catalogue.New(cfg.Catalogue, catalogue.Deps{
		Merchants: db.Catalogue(), Products: db.Catalogue(), Prices: db.Catalogue(), Images: db.Catalogue(), Log: log}); err != nil {
		return err
	}
	if r.shows, err = show.New(show.Config{Window: cfg.Packager.Window, EndAfter: cfg.Packager.EndAfter}, show.Deps{
		Store: db.Shows(), Keys: db.Shows(), Pins: db.Shows(), Products: r.catalogue, Log: log}); err != nil {
		return err
	}
	if r.orders, err = order.New(cfg.Order, order.Deps{
		Shows: db.Shows(), Products: db.Catalogue(), Book: db.Orders(), Ledger: db.Orders(), Sums: db.Orders(),
		Providers: manual.Ways(), Log: log}); err != nil {
		return err
	}
	r.accounts, err = account.New(cfg.Account, account.Deps{
		Users: db.Accounts(), Sessions: db.Accounts(), Tokens: db.Accounts(), Log: log})
	return err
}

// makeMedia makes the rooms of the media line.
func (r *rooms) makeMedia(cfg config.Config, log *slog.Logger) error {
	var err error
	if r.streams, err = stream.NewRegistry(cfg.Stream, log); err != nil {
		return err
	}
	if r.door, err = ingest.NewDoor(cfg.Ingest, gate{r.shows}, r.streams, r.news, log); err != nil {
		return err
	}
	if r.transcode, err = transcode.New(cfg.Transcode, log); err != nil {
		return err
	}
	r.door.SetConverter(converter{r.transcode})
	if r.rtmp, err = rtmp.New(cfg.RTMP, r.door, log); err != nil {
		return err
	}
	if r.srt, err = srt.New(cfg.SRT, r.door, log); err != nil {
		return err
	}
	if r.rtsp, err = rtsp.New(cfg.RTSP, r.door, log); err != nil {
		return err
	}
	if r.whip, err = whip.New(cfg.WHIP, whip.Deps{Door: r.door, Status: web.Status, Log: log}); err != nil {
		return err
	}
	timeline := overlay.NewTimeline(func(name string) (overlay.Presenter, bool) {
		p, ok := r.hub.Presentation(name)
		return p, ok
	}, log)
	if r.hub, err = packager.NewHub(cfg.Packager, packager.Deps{
		Streams: r.streams, Log: log, DataCue: dataCue,
		Opened:       func(p *packager.Presentation) { timeline.Opened(p.Name(), p) },
		OnAirChanged: func(name string) { r.news.changedStreams.mark(name) },
	}); err != nil {
		return err
	}
	r.shows.SetTimeline(timeline)
	r.media, err = hls.New(cfg.HLS, r.hub, log)
	return err
}

func (r *rooms) makeFeed(cfg config.Config, metrics *prometheus.Registry, log *slog.Logger) error {
	r.access = api.NewAccess(api.AccessDeps{Accounts: r.accounts, Shows: r.shows, Log: log})
	var err error
	r.feed, err = feed.New(cfg.Feed, feed.Deps{Access: r.access, Metrics: metrics, Log: log})
	return err
}

// makeAPI makes the API, which tells encoders where to push.
func (r *rooms) makeAPI(cfg config.Config, version string, log *slog.Logger) error {
	var err error
	r.api, err = api.New(cfg.API, api.Deps{
		Access: r.access, Accounts: r.accounts, Catalogue: r.catalogue, Shows: r.shows, Orders: r.orders, Feed: r.feed,
		Fail: r.counts.refusals(web.Fail(log.With("room", "api"))), Ingest: r.ingestAddresses(cfg), Health: r.streamHealth,
		Backup: r.db.Backup, TempDir: cfg.Data.Dir, Version: version, Log: log,
	})
	return err
}

// makeWeb makes what browsers talk to.
func (r *rooms) makeWeb(cfg config.Config, log *slog.Logger) error {
	site, err := ui.New(cfg.UI)
	if err != nil {
		return err
	}
	r.web, err = web.New(cfg.HTTP, web.Deps{
		Handlers: web.Handlers{
			Media: r.media, API: r.api.Handler(), Realtime: r.feed.Handler(), WHIP: r.whip, Site: site,
			Show: r.showFacts, EmbedOrigins: r.access.EmbedOrigins,
			Image: func(ctx context.Context, id string, thumb bool) ([]byte, error) {
				return r.catalogue.Image(ctx, catalogue.ImageID(id), thumb)
			},
			Ready: r.ready,
		},
		DataDir: cfg.Data.Dir,
		Log:     log,
	})
	return err
}

// connect lets the rooms hear of each other's changes.
func (r *rooms) connect(metrics *prometheus.Registry) {
	r.news.api, r.news.feed, r.news.shows, r.news.catalogue = r.api, r.feed, r.shows, r.catalogue
	r.news.hub, r.news.door = r.hub, r.door
	r.shows.SetEvents(r.news)
	r.catalogue.OnChange(r.news.productChanged)
	r.orders.OnStock(r.catalogue.Changed)
	r.orders.OnOrder(func(o order.Order) {
		r.counts.order(o)
		r.news.orderChanged(o)
	})
	metrics.MustRegister(&sources{streams: r.streams, door: r.door, transcode: r.transcode, hub: r.hub, media: r.media, feed: r.feed, counts: &r.counts})
}

// ready says what the server lacks to serve.
func (r *rooms) ready(ctx context.Context) error {
	select {
	case <-r.feed.Started():
	default:
		return fault.New(fault.Unavailable, "the server is starting").WithHint("try again in a moment")
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if err := r.db.Ping(ctx); err != nil {
		return fault.New(fault.Unavailable, "the database does not answer").WithHint("try again in a moment").Because(err)
	}
	return nil
}
