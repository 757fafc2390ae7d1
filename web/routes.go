package web

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"livesrv/web/h1"
	"livesrv/web/h2"
	"livesrv/web/hls"
	"livesrv/web/ui"
)

// Handlers are what the application puts behind the routes. All are required but WHIP and Ready.
type Handlers struct {
	Media    http.Handler // package web/hls
	API      http.Handler // package web/api
	Realtime http.Handler // package internal/feed
	// WHIP takes publishers in at /whip and below; nil where nobody publishes by WHIP.
	WHIP http.Handler

	Site Site // package web/ui
	// Show is what a page says of a show before its script runs; fault.NotFound where there is none.
	Show func(ctx context.Context, slug string) (ui.Show, error)
	// EmbedOrigins are the sites that may frame a show. An error allows none.
	EmbedOrigins func(ctx context.Context, slug string) ([]string, error)

	// Image gives the JPEG bytes of a product's picture; they never change for an id.
	Image func(ctx context.Context, id string, thumb bool) ([]byte, error)
	// Ready says what the server still lacks to serve; nil means always ready.
	Ready func(ctx context.Context) error
}

// routes is the whole map of the server.
//
// Middleware runs from the outside in: every request gets an id and is caught when it panics; its true sender
// is found; it is logged; it gets the headers of its class and a limit on its body. Media requests, thousands a
// second, take none of this: their handler needs nothing but itself.
func (s *Server) routes(h Handlers) (http.Handler, error) {
	if h.Media == nil || h.API == nil || h.Realtime == nil || h.Site == nil || h.Show == nil || h.EmbedOrigins == nil || h.Image == nil {
		return nil, errors.New("web: a handler is missing")
	}
	proxies, err := parseProxies(s.cfg.TrustedProxies)
	if err != nil {
		return nil, err
	}

	mux := http.NewServeMux()
	mux.Handle("GET /{$}", s.page(watchPage, h.Site, ui.Lobby))
	mux.Handle("GET /s/{show}", s.showPage(watchPage, h, ui.Watch))
	mux.Handle("GET /embed/{show}", s.showPage(embedPage, h, ui.Embed))
	mux.Handle("GET /console", s.page(consolePage, h.Site, ui.Console))
	mux.Handle("GET /console/", s.page(consolePage, h.Site, ui.Console))
	mux.Handle("GET /studio", http.HandlerFunc(toStudio))
	mux.Handle("GET /studio/live", s.page(studioPage, h.Site, ui.Studio))
	mux.Handle("GET /embed.js", shared(h.Site.EmbedScript()))
	mux.Handle("GET /assets/", shared(h.Site.Assets()))
	mux.Handle("GET /images/{name}", shared(newImages(h.Image, s.writeError)))
	mux.Handle("/api/", limitBody(maxAPIBody, plain(h.API)))
	mux.Handle("/realtime", h.Realtime)
	if h.WHIP != nil {
		mux.Handle("/whip", limitBody(maxWHIPBody, plain(h.WHIP)))
		mux.Handle("/whip/{id}", limitBody(maxWHIPBody, plain(h.WHIP)))
	}
	mux.Handle("GET /healthz", plain(http.HandlerFunc(s.health)))
	mux.Handle("GET /readyz", plain(s.ready(h.Ready)))
	mux.Handle("/", s.nowhere(mux, h.Site))

	rest := s.identify(s.realIP(proxies, s.logAccess(s.secure(mux))))
	media := s.logMedia(h.Media)
	inTurn := h2.InTurn(media)
	if s.fast, err = h1.New(h1.Config{Handler: media, Prefix: hls.Prefix, Headers: hls.RequestHeaders,
		IdleTimeout: idleTimeout, HeaderTimeout: headerTimeout, WriteTimeout: writeTimeout, Log: s.log}); err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, hls.Prefix) {
			rest.ServeHTTP(w, r)
		} else if !s.fast.Take(w, r) {
			inTurn.ServeHTTP(w, r)
		}
	}), nil
}
