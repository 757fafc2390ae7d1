package ui

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
)

// The pages that Render knows.
const (
	Watch    = "watch"   // /s/{show}
	Lobby    = "lobby"   // /
	Embed    = "embed"   // /embed/{show}, for an iframe
	Console  = "console" // /console
	Studio   = "studio"  // /studio/live
	NotFound = "missing" // any address that leads nowhere
)

// Facts is what a page says before its script runs.
type Facts struct {
	// Status is the HTTP status; 0 means 200, or 404 for the page NotFound.
	Status int
	// BaseURL is the server's public address without a final slash ("https://shop.example"), for the
	// absolute addresses that link previews need. Empty: taken from the request.
	BaseURL string
	// Show is the show of the pages Watch and Embed.
	Show *Show
}

// Show is what a page says about its show to link previews, and whether loading the stream early is worth it.
type Show struct {
	Slug        string
	Title       string
	Description string
	// Image is the poster's address on this server ("/images/img_….jpg"), or empty.
	Image    string
	OnAir    bool
	StartsAt time.Time
}

type view struct {
	Page    string
	Locale  string
	Title   string
	About   string
	URL     string
	Image   string
	Show    *Show
	Style   string
	Icon    string
	Script  string
	Imports []string
	T       func(string) string
}

func (s *Site) parsePages(files fs.FS) (map[string]*template.Template, error) {
	found, err := fs.Glob(files, "pages/*.html")
	if err != nil {
		return nil, fmt.Errorf("ui: %w", err)
	}
	pages := map[string]*template.Template{}
	for _, file := range found {
		name := strings.TrimSuffix(path.Base(file), ".html")
		if name == "base" {
			continue
		}
		t, err := template.ParseFS(files, "pages/base.html", file)
		if err != nil {
			return nil, fmt.Errorf("ui: %w", err)
		}
		pages[name] = t
	}
	return pages, nil
}

// Render writes a page in the language that the request asks for (?lang=, then Accept-Language). The page
// must be one of the constants above; Watch and Embed need Facts.Show.
func (s *Site) Render(w http.ResponseWriter, r *http.Request, page string, f Facts) {
	t, ok := s.pages[page]
	if !ok {
		panic("ui: no page " + strconv.Quote(page)) // a route written wrong, found by the first request of any test
	}
	locale := s.messages.locale(r)
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, "base.html", s.view(r, page, locale, f)); err != nil {
		panic(fmt.Errorf("ui: page %s: %w", page, err))
	}
	status := f.Status
	if status == 0 {
		status = http.StatusOK
		if page == NotFound {
			status = http.StatusNotFound
		}
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", locale)
	h.Set("Cache-Control", "no-cache")
	h.Add("Vary", "Accept-Language")
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(b.Bytes())
	}
}

func (s *Site) view(r *http.Request, page, locale string, f Facts) view {
	say := func(key string) string { return s.messages.text(key, locale) }
	base := f.BaseURL
	if base == "" {
		base = origin(r)
	}
	e := s.entries[page]
	if page == Embed {
		e = s.entries["embed-frame"]
	}
	v := view{
		Page: page, Locale: locale, T: say, URL: base + r.URL.Path, Show: f.Show,
		Title: say("page." + page + ".title"), About: say("page." + page + ".about"),
		Style: s.style, Icon: s.icon, Script: e.path, Imports: e.imports,
	}
	if f.Show != nil {
		v.Title = f.Show.Title
		if f.Show.Description != "" {
			v.About = firstWords(f.Show.Description, 200)
		}
		if f.Show.Image != "" {
			v.Image = base + f.Show.Image
		}
	}
	return v
}

// origin is the address that the browser used, as far as the request tells.
func origin(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// firstWords cuts text at the last space before n characters.
func firstWords(text string, n int) string {
	text = strings.Join(strings.Fields(text), " ")
	runes := []rune(text)
	if len(runes) <= n {
		return text
	}
	short := string(runes[:n])
	if i := strings.LastIndexByte(short, ' '); i > n/2 {
		short = short[:i]
	}
	return short + "…"
}
