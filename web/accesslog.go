package web

import (
	"log/slog"
	"net/http"
	"time"
)

// logAccess writes a line per request. Reads are for debugging only; what changes something is kept, and what
// fails by our fault stands out.
func (s *Server) logAccess(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec, ok := w.(*response)
		if !ok {
			rec = &response{ResponseWriter: w}
		}
		started := time.Now()
		next.ServeHTTP(rec, r)
		level := slog.LevelDebug
		switch {
		case rec.status >= 500:
			level = slog.LevelWarn
		case r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodOptions:
			level = slog.LevelInfo
		}
		s.logRequest(level, rec, r, started)
	})
}

// logMedia is logAccess for the thousands of requests a second that media is: nothing at all unless debugging.
func (s *Server) logMedia(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.log.Enabled(r.Context(), slog.LevelDebug) {
			next.ServeHTTP(w, r)
			return
		}
		rec, started := &response{ResponseWriter: w}, time.Now()
		next.ServeHTTP(rec, r)
		s.logRequest(slog.LevelDebug, rec, r, started)
	})
}

// logRequest leaves the query out: it may hold a buyer's token.
func (s *Server) logRequest(level slog.Level, rec *response, r *http.Request, started time.Time) {
	s.log.LogAttrs(r.Context(), level, "request", slog.String("id", RequestID(r.Context())), slog.String("method", r.Method),
		slog.String("path", r.URL.Path), slog.Int("status", rec.status), slog.Int64("bytes", rec.bytes),
		slog.Duration("took", time.Since(started)), slog.String("remote", r.RemoteAddr), slog.String("protocol", r.Proto))
}
