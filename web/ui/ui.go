// Package ui is everything a browser loads: the TypeScript sources, the vendored modules, the message
// catalogue and the page templates are embedded, bundled once when the server starts (some tens of
// milliseconds, no Node) and served compressed under names that carry their hash.
//
// It renders pages and serves bytes. It knows no shop: what a page needs to say before its script runs
// (a show's title for a link preview, whether it is on air) comes in as Facts, everything else the
// browser asks the API for. Routes, security headers and the decision who may see what belong to package web.
package ui

import (
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"time"
)

//go:embed src vendor messages pages
var embedded embed.FS

// Config is what an operator may choose about the pages.
type Config struct {
	// SourceMaps makes the scripts' source maps available under /assets/, for reading a browser's stack
	// traces. They are several times the size of the scripts and only fetched by developer tools. Default false.
	SourceMaps bool `yaml:"source_maps"`
}

// DefaultConfig has every field at its documented default.
func DefaultConfig() Config { return Config{} }

// Validate finds nothing to refuse: every combination of fields works.
func (c Config) Validate() error { return nil }

// Site is the bundled pages. It is immutable after New and safe for concurrent use.
type Site struct {
	assets   *assets
	entries  map[string]entry
	pages    map[string]*template.Template
	messages messages
	style    string // path of the theme's style sheet
	icon     string // path of the icon
	loader   *asset // /embed.js
	started  time.Time
}

// New bundles the embedded sources. An error means that the sources do not build, which the tests of this
// package would have shown: it is not something an operator can cause.
func New(cfg Config) (*Site, error) { return build(cfg, embedded) }

func build(cfg Config, files fs.FS) (*Site, error) {
	s := &Site{assets: newAssets(), started: time.Now()}
	var err error
	if s.messages, err = loadMessages(files); err != nil {
		return nil, err
	}
	if s.entries, err = bundle(files, s.assets, cfg.SourceMaps); err != nil {
		return nil, err
	}
	if s.style, err = s.addStyle(files, "src/theme.css", "src/page.css"); err != nil {
		return nil, err
	}
	if s.icon, err = s.addFile(files, "src/icon.svg", "image/svg+xml"); err != nil {
		return nil, err
	}
	if s.pages, err = s.parsePages(files); err != nil {
		return nil, err
	}
	if err := s.addLoader(files); err != nil {
		return nil, err
	}
	s.assets.compress()
	s.loader.compress()
	return s, nil
}

// addStyle joins style sheets into the one that every page links.
func (s *Site) addStyle(files fs.FS, paths ...string) (string, error) {
	all := ""
	for _, path := range paths {
		text, err := fs.ReadFile(files, path)
		if err != nil {
			return "", fmt.Errorf("ui: %w", err)
		}
		small, err := minifyStyle(string(text), path)
		if err != nil {
			return "", err
		}
		all += small
	}
	return s.assets.add("theme.css", []byte(all), "text/css; charset=utf-8"), nil
}

func (s *Site) addFile(files fs.FS, path, kind string) (string, error) {
	b, err := fs.ReadFile(files, path)
	if err != nil {
		return "", fmt.Errorf("ui: %w", err)
	}
	return s.assets.add(path, b, kind), nil
}

// addLoader makes /embed.js: a few hundred bytes under a name that never changes, which import the real
// module under a name that changes with its content. So a shop's page pastes one address for ever, and the
// heavy part is cached for ever.
func (s *Site) addLoader(files fs.FS) error {
	text, err := fs.ReadFile(files, "src/embed/loader.js")
	if err != nil {
		return fmt.Errorf("ui: %w", err)
	}
	small, err := minifyScript(string(text), map[string]string{"ENTRY": quote(s.entries["embed"].path)})
	if err != nil {
		return err
	}
	s.loader = &asset{body: []byte(small), kind: "text/javascript; charset=utf-8", etag: etag([]byte(small))}
	return nil
}

// Assets serves what is under /assets/: immutable files, cacheable for a year, readable from any origin
// (the embed's modules are imported by other sites' pages).
func (s *Site) Assets() http.Handler { return s.assets }

// EmbedScript serves /embed.js.
func (s *Site) EmbedScript() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		// Five minutes: a new version reaches other sites' pages soon, a busy page asks seldom.
		h.Set("Cache-Control", "public, max-age=300, stale-while-revalidate=86400")
		s.loader.serve(w, r)
	})
}

// Policy is the Content-Security-Policy that fits these pages: scripts and styles of our own files only
// (nothing inline; components style themselves by constructed style sheets), media through blob: for Media
// Source Extensions, requests to our own origin. ancestors are the origins that may frame the page; none
// means nobody.
func Policy(ancestors ...string) string {
	list := "'none'"
	if len(ancestors) > 0 {
		list = ""
		for i, a := range ancestors {
			if i > 0 {
				list += " "
			}
			list += a
		}
	}
	return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; " +
		"media-src 'self' blob:; connect-src 'self'; worker-src 'self' blob:; font-src 'self'; " +
		"manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors " + list
}
