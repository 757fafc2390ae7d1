package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"livesrv/internal/fault"
	"livesrv/web/ui"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 30 * time.Second

// named answers with its name and what it saw of the request.
func named(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, "%s %s %s", name, r.RemoteAddr, r.Host)
	})
}

func handlers() Handlers {
	return Handlers{
		Media: named("media"), API: named("api"), Realtime: named("realtime"),
		Site: site{},
		Show: func(_ context.Context, slug string) (ui.Show, error) {
			switch slug {
			case "none":
				return ui.Show{}, fault.New(fault.NotFound, "There is no such show.")
			case "broken":
				return ui.Show{}, errors.New("disk")
			}
			return ui.Show{Slug: slug, Title: "Tea & more"}, nil
		},
		Image: func(_ context.Context, id string, thumb bool) ([]byte, error) {
			if id == "img_none" {
				return nil, fault.New(fault.NotFound, "There is no such picture.")
			}
			return fmt.Appendf(nil, "%s %v", id, thumb), nil
		},
		EmbedOrigins: func(_ context.Context, show string) ([]string, error) {
			switch show {
			case "tea":
				return []string{"https://shop.example", "http://127.0.0.1:4000", "https://evil.example; script-src *", "nonsense"}, nil
			case "none":
				return nil, fault.New(fault.NotFound, "There is no such show.")
			}
			return nil, nil
		},
	}
}

// site writes what a page is told instead of the page.
type site struct{}

func (site) Render(w http.ResponseWriter, _ *http.Request, page string, f ui.Facts) {
	if page == ui.NotFound {
		w.WriteHeader(http.StatusNotFound)
	}
	title := ""
	if f.Show != nil {
		title = f.Show.Title
	}
	_, _ = fmt.Fprintf(w, "%s %s %s", page, title, f.BaseURL)
}

func (site) Assets() http.Handler      { return named("assets") }
func (site) EmbedScript() http.Handler { return named("script") }

func newServer(t *testing.T, cfg Config, h Handlers, log *slog.Logger) *Server {
	t.Helper()
	s, err := New(cfg, Deps{Handlers: h, DataDir: t.TempDir(), Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.cancel)
	return s
}

// handler is the whole server without a port.
func handler(t *testing.T, cfg Config, h Handlers) http.Handler {
	t.Helper()
	return newServer(t, cfg, h, slog.New(slog.DiscardHandler)).http.Handler
}

func get(h http.Handler, method, target string, change func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// serve runs the server on a free port; stop ends it and reports what Run said.
func serve(t *testing.T, cfg Config, h Handlers) (s *Server, stop func() error) {
	t.Helper()
	cfg.Address = "127.0.0.1:0"
	s = newServer(t, cfg, h, slog.New(slog.DiscardHandler))
	if err := s.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	stop = sync.OnceValue(func() error {
		cancel()
		select {
		case err := <-done:
			return err
		case <-time.After(patience):
			return errors.New("Run does not return")
		}
	})
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	return s, stop
}

func fetch(t *testing.T, c *http.Client, url string) (*http.Response, string) {
	t.Helper()
	resp, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(b)
}
