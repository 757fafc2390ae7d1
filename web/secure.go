package web

import (
	"context"
	"net/http"
	"strings"
)

// pageClass is what a page may do and who may frame it.
type pageClass struct {
	ancestors   string // CSP frame-ancestors
	permissions string // Permissions-Policy
}

var (
	watchPage   = pageClass{"'self'", "camera=(), microphone=(), geolocation=(), payment=(self)"}
	consolePage = pageClass{"'none'", "camera=(self), microphone=(self), geolocation=(), payment=()"}
	embedPage   = pageClass{"'self'", "camera=(), microphone=(), geolocation=(), payment=(self)"}
)

// secure sets what holds for every answer.
func (s *Server) secure(next http.Handler) http.Handler {
	// Only a certificate that browsers accept may bind them to HTTPS for good.
	hsts := s.certs != nil && !s.cfg.TLSSelfSigned || strings.HasPrefix(s.cfg.PublicURL, "https://")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
		if hsts {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// page serves a page of ours under a policy that lets it run our scripts, play media and talk to this server, and
// nothing else. There is no cross-origin isolation (COOP, COEP): payment providers' scripts do not work under it.
func (s *Server) page(class pageClass, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		setPagePolicy(w.Header(), r.Host, class)
		next.ServeHTTP(w, r)
	})
}

// framed is page for /embed/{show}: the show's own list says which other sites may frame it.
func (s *Server) framed(origins func(ctx context.Context, show string) ([]string, error), next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		class := embedPage
		list, err := origins(r.Context(), r.PathValue("show"))
		if err != nil {
			s.log.Debug("nobody may frame this", "show", r.PathValue("show"), "error", err)
		}
		for _, o := range list {
			if scheme, host, ok := strings.Cut(o, "://"); ok && (scheme == "https" || scheme == "http") && saneHost(host) {
				class.ancestors += " " + o
			}
		}
		setPagePolicy(w.Header(), r.Host, class)
		next.ServeHTTP(w, r)
	})
}

func setPagePolicy(h http.Header, host string, class pageClass) {
	connect := "'self'"
	if saneHost(host) {
		// CSP3's 'self' covers ws: too, but Safari has done so only since 15.4.
		connect += " ws://" + host + " wss://" + host
	}
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "+
		// hls.js plays from blob: and demuxes in a worker made of one.
		"img-src 'self' data: blob:; media-src 'self' blob:; worker-src 'self' blob:; font-src 'self'; manifest-src 'self'; "+
		"connect-src "+connect+"; frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors "+class.ancestors)
	h.Set("Permissions-Policy", class.permissions)
	h.Set("Cache-Control", "no-cache")
}

// shared serves what other sites' pages load from us: scripts, styles and pictures, the same for everybody.
func shared(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		next.ServeHTTP(w, r)
	})
}

// plain serves data: nothing in it may run or be framed if a browser is made to show it.
func plain(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}
