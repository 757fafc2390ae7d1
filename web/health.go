package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"livesrv/internal/fault"
	"livesrv/web/ui"
)

// health says that the process answers. It looks at nothing: a restart would not mend what is outside.
func (s *Server) health(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n"))
}

// ready says whether viewers should be sent here: no while the server drains or lacks something.
func (s *Server) ready(check func(context.Context) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var err error
		if s.draining.Load() {
			err = fault.New(fault.Unavailable, "The server is stopping.")
		} else if check != nil {
			ctx, cancel := context.WithTimeout(r.Context(), 3*time.Second)
			defer cancel()
			err = check(ctx)
		}
		answer := struct {
			Ready  bool   `json:"ready"`
			Reason string `json:"reason,omitempty"`
		}{Ready: err == nil}
		status := http.StatusOK
		if err != nil {
			s.log.Warn("not ready", "error", err)
			status, answer.Reason = http.StatusServiceUnavailable, "The log has the cause."
			if e, ok := errors.AsType[*fault.Error](err); ok {
				answer.Reason = e.Msg
			}
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(answer)
	})
}

// nowhere answers for addresses that are none of ours, and for methods that an address does not know.
func (s *Server) nowhere(mux *http.ServeMux, site Site) http.Handler {
	page := s.page(watchPage, site, ui.NotFound)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			get := r.Clone(r.Context())
			get.Method = http.MethodGet
			if _, pattern := mux.Handler(get); strings.HasPrefix(pattern, "GET ") {
				w.Header().Set("Allow", "GET, HEAD")
				w.WriteHeader(http.StatusMethodNotAllowed)
				return
			}
		} else if strings.Contains(r.Header.Get("Accept"), "text/html") {
			page.ServeHTTP(w, r)
			return
		}
		s.writeError(w, r, fault.New(fault.NotFound, "There is nothing at this address.").
			WithHint("The shows are at the address without a path."))
	})
}
