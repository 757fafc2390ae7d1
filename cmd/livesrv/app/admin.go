package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"livesrv/internal/fault"
)

// admin is the operator's own listener: metrics, health and profiles.
type admin struct {
	address  string
	http     *http.Server
	listener net.Listener
}

// newAdmin makes the listener; an empty address makes one that does nothing.
func newAdmin(address string, metrics *prometheus.Registry, health func(context.Context) Health) *admin {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {
		h := health(r.Context())
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		if !h.OK {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_ = json.NewEncoder(w).Encode(h) // a client that left needs no answer
	})
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return &admin{address: address, http: &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
	}}
}

// Health is what /healthz of the admin listener says.
type Health struct {
	OK bool `json:"ok"`
	// Problem is what is wrong, "" when nothing is.
	Problem string `json:"problem,omitempty"`
	Version string `json:"version"`
	// Uptime is in whole seconds.
	Uptime int64 `json:"uptimeSeconds"`
	// OnAir are the streams that media comes in for.
	OnAir []string `json:"onAir"`
}

// Listen binds the address.
func (a *admin) Listen() error {
	if a.address == "" {
		return nil
	}
	ln, err := net.Listen("tcp", a.address)
	if err != nil {
		return fault.New(fault.Unavailable, "the admin listener cannot listen on %s", a.address).At("admin.address").Because(err)
	}
	a.listener = ln
	return nil
}

// url is where the listener answers, "" when there is none.
func (a *admin) url() string {
	if a.listener == nil {
		return ""
	}
	return "http://" + a.listener.Addr().String()
}

// Run serves until ctx ends. Nobody waits for profiles at the end.
func (a *admin) Run(ctx context.Context) error {
	if a.listener == nil {
		<-ctx.Done()
		return nil
	}
	done := make(chan error, 1)
	go func() { done <- a.http.Serve(a.listener) }()
	select {
	case err := <-done:
		return fmt.Errorf("admin: %w", err)
	case <-ctx.Done():
	}
	if err := a.http.Close(); err != nil {
		return fmt.Errorf("admin: %w", err)
	}
	if err := <-done; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("admin: %w", err)
	}
	return nil
}
