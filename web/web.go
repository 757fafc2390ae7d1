// Package web is the server's one HTTP door: it binds the port, speaks TLS, HTTP/1.1 and HTTP/2, puts every
// route in its place (routes.go, on one screen) behind the middleware it needs, and maps the kinds of faults
// to statuses (errors.go, once).
//
// It holds no knowledge of media, shops or pages: those are handlers that the application hands in. The admin
// listener with metrics and profiles is not here either; it is bound by the application, on the loopback.
package web

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"

	"livesrv/internal/fault"
	"livesrv/web/h1"
	"livesrv/web/h2"
)

// The times a connection may take. A hold of a playlist request is at most three target durations and must fit
// well into writeTimeout; handlers that move big files ask for more by http.ResponseController, and websockets
// leave the server's care when they begin.
const (
	headerTimeout = 10 * time.Second
	writeTimeout  = 90 * time.Second
	idleTimeout   = 2 * time.Minute
	maxHeader     = 32 << 10
	maxStreams    = 250 // of one connection of HTTP/2
	// headerTable is how many bytes of headers each connection of HTTP/2 remembers having sent (RFC 7541 §4.2). Those that
	// every media answer has take 700; the rest is lengths and dates that never come again.
	headerTable = 2 << 10
	// turnsPerCore is how many media answers of HTTP/2 are under way for each core: more than one, since each waits for
	// its own goroutines now and then.
	turnsPerCore = 2
)

// Deps are what a Server needs from its surroundings.
type Deps struct {
	Handlers Handlers
	// DataDir is the folder in which a self-signed certificate is kept.
	DataDir string
	Log     *slog.Logger
}

// Server is the HTTP server. Make it with New, bind it with Listen, serve with Run.
type Server struct {
	cfg      Config
	log      *slog.Logger
	http     *http.Server
	fast     *h1.Server // media over HTTP/1.1 without TLS
	listener net.Listener
	certs    *certificates
	draining atomic.Bool
	cancel   context.CancelFunc // ends the context of every request
}

// New checks cfg and builds the routes; nothing is bound or started.
func New(cfg Config, deps Deps) (*Server, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if deps.Log == nil {
		return nil, errors.New("web: Log is required")
	}
	s := &Server{cfg: cfg, log: deps.Log.With("room", "web")}
	switch {
	case cfg.CertFile != "":
		s.certs = &certificates{certFile: cfg.CertFile, keyFile: cfg.KeyFile, log: s.log}
	case cfg.TLSSelfSigned:
		s.certs = &certificates{dir: deps.DataDir, names: selfSignedNames(cfg), log: s.log}
	}
	handler, err := s.routes(deps.Handlers)
	if err != nil {
		return nil, err
	}
	base, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true) // by prior knowledge, for proxies
	s.http = &http.Server{
		Handler:           handler,
		Protocols:         protocols,
		ReadHeaderTimeout: headerTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: maxStreams},
		BaseContext:       func(net.Listener) context.Context { return base },
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug), // what strangers provoke
	}
	return s, nil
}

// TLS reports whether the server speaks HTTPS.
func (s *Server) TLS() bool { return s.certs != nil }

// Listen reads the certificate and binds the address. It fails with fault.Unavailable when the address is taken.
func (s *Server) Listen() error {
	if s.certs != nil {
		if err := s.certs.load(); err != nil {
			return err
		}
		s.http.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: s.certs.get}
		if err := s.serveH2(); err != nil {
			return err
		}
	}
	ln, err := net.Listen("tcp", s.cfg.Address)
	if err != nil {
		return fault.New(fault.Unavailable, "The HTTP server cannot listen on %s.", s.cfg.Address).At("address").
			WithHint("Stop the other program that uses this port, or choose another address.").Because(err)
	}
	s.listener = ln
	return nil
}

// Addr is where the server listens, after Listen.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Run serves until ctx ends, then drains: no new connections, requests in work get Config.ShutdownGrace, held
// playlist requests are let go before its end. It returns when all have ended.
func (s *Server) Run(ctx context.Context) error {
	defer s.cancel()
	var wg sync.WaitGroup
	defer wg.Wait()
	watch, stopWatch := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWatch()
	wg.Go(func() { s.fast.Run(watch) })
	done := make(chan error, 2)
	go func() { done <- s.serve(s.listener) }()
	// The connections that media requests took and others then came on.
	go func() { done <- s.http.Serve(s.fast.Returned(s.listener.Addr())) }()
	select {
	case err := <-done:
		_ = s.http.Close()
		<-done
		return fmt.Errorf("web: %w", err)
	case <-ctx.Done():
	}
	s.draining.Store(true)
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.ShutdownGrace)
	defer cancel()
	// Whoever waits for a part that may never come is told so in time to hear it.
	letGo := time.AfterFunc(s.cfg.ShutdownGrace/2, func() {
		s.cancel()
		s.fast.LetGo()
	})
	defer letGo.Stop()
	cut := make(chan error, 1)
	go func() { cut <- s.fast.Shutdown(grace) }()
	err := s.http.Shutdown(grace)
	if err != nil {
		_ = s.http.Close()
	}
	if err = errors.Join(err, <-cut); err != nil {
		s.log.Info("requests were cut at the end of the shutdown grace", "grace", s.cfg.ShutdownGrace)
	}
	<-done
	<-done
	return nil
}

func (s *Server) serve(ln net.Listener) error {
	if s.certs == nil {
		return s.http.Serve(ln)
	}
	return s.http.ServeTLS(h2.Listener{Listener: ln}, "", "")
}

// serveH2 lets package h2 stand between HTTP/2 and TLS. http2.ConfigureServer does the rest: net/http's own copy of the
// same server takes no connection but TLS's.
func (s *Server) serveH2() error {
	conf := &http2.Server{MaxConcurrentStreams: maxStreams, MaxEncoderHeaderTableSize: headerTable}
	if err := http2.ConfigureServer(s.http, conf); err != nil {
		return err
	}
	turns := h2.NewTurns(turnsPerCore * runtime.GOMAXPROCS(0))
	s.http.TLSNextProto[http2.NextProtoTLS] = func(hs *http.Server, c *tls.Conn, h http.Handler) {
		ctx := context.Background()
		if b, ok := h.(interface{ BaseContext() context.Context }); ok { // how net/http tells a protocol of the connection's
			ctx = b.BaseContext()
		}
		conn := h2.New(c, turns)
		conf.ServeConn(conn, &http2.ServeConnOpts{Context: h2.WithConn(ctx, conn), BaseConfig: hs, Handler: h})
	}
	return nil
}
