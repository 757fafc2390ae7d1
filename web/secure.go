package web

import (
	"net/http"
	"strings"

	"livesrv/web/ui"
)

// pageClass is what a page may do and who may frame it.
type pageClass struct {
	ancestors   []string // sources of CSP's frame-ancestors; none means nobody
	permissions string   // Permissions-Policy; what it does not name keeps the browser's default
}

var (
	watchPage   = pageClass{[]string{"'self'"}, "camera=(), microphone=(), display-capture=(), geolocation=()"}
	embedPage   = pageClass{[]string{"'self'"}, "camera=(), microphone=(), display-capture=(), geolocation=()"}
	consolePage = pageClass{nil, "camera=(), microphone=(), display-capture=(), geolocation=()"}
	// The studio alone gets at what the anchor shows and says.
	studioPage = pageClass{nil, "camera=(self), microphone=(self), display-capture=(self), screen-wake-lock=(self), geolocation=()"}
)

// set writes the policy: a page runs our scripts, plays media and talks to this server, and nothing else. There is no
// cross-origin isolation (COOP, COEP): payment providers' scripts do not work under it.
func (c pageClass) set(h http.Header) {
	h.Set("Content-Security-Policy", ui.Policy(c.ancestors...))
	h.Set("Permissions-Policy", c.permissions)
}

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
