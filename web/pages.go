package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"livesrv/internal/fault"
	"livesrv/web/ui"
)

// Site is the pages and what they load; *ui.Site is one.
type Site interface {
	Render(w http.ResponseWriter, r *http.Request, page string, f ui.Facts)
	Assets() http.Handler
	EmbedScript() http.Handler
}

// page serves a page that is about no show in particular.
func (s *Server) page(class pageClass, site Site, name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		class.set(w.Header())
		site.Render(w, r, name, ui.Facts{BaseURL: s.baseURL(r)})
	})
}

// toStudio leads from the studio's short address to the page that goes live, in the language that was asked for. The
// stream key behind # stays with the browser.
func toStudio(w http.ResponseWriter, r *http.Request) {
	to := url.URL{Path: "/studio/live", RawQuery: r.URL.RawQuery}
	http.Redirect(w, r, to.String(), http.StatusFound)
}

// showPage serves a page about the show in the path. A show that does not exist has a page that says so.
func (s *Server) showPage(class pageClass, h Handlers, name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		slug := r.PathValue("show")
		class := class
		if name == ui.Embed {
			class.ancestors = append(class.ancestors, s.embedAncestors(r.Context(), h, slug)...)
		}
		show, err := h.Show(r.Context(), slug)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			s.writeError(w, r, err)
			return
		}
		class.set(w.Header())
		if err != nil {
			h.Site.Render(w, r, ui.NotFound, ui.Facts{BaseURL: s.baseURL(r)})
			return
		}
		h.Site.Render(w, r, name, ui.Facts{BaseURL: s.baseURL(r), Show: &show})
	})
}

// embedAncestors are the other sites that may frame a show, by the show's own list.
func (s *Server) embedAncestors(ctx context.Context, h Handlers, slug string) []string {
	list, err := h.EmbedOrigins(ctx, slug)
	if err != nil {
		s.log.Debug("nobody may frame this", "show", slug, "error", err)
		return nil
	}
	var sane []string
	for _, o := range list {
		// The list was checked when it was written; what cannot be an origin must not get into the policy.
		if scheme, host, ok := strings.Cut(o, "://"); ok && (scheme == "https" || scheme == "http") && saneHost(host) {
			sane = append(sane, o)
		}
	}
	return sane
}

// baseURL is the first part of links to this server, as the viewer would type it.
func (s *Server) baseURL(r *http.Request) string {
	if s.cfg.PublicURL != "" {
		return strings.TrimSuffix(s.cfg.PublicURL, "/")
	}
	if !saneHost(r.Host) {
		return ""
	}
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}
