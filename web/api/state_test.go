package api

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"livesrv/internal/catalogue"
	"livesrv/internal/fault"
	"livesrv/internal/show"
)

// A whole audience that asks at once costs one rendering.
func TestStateIsRenderedOnceForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var renders atomic.Int32
		release := make(chan struct{})
		s := newStates(func(context.Context, show.Slug) (*rendered, error) {
			renders.Add(1)
			<-release
			return &rendered{plain: []byte("state")}, nil
		}, time.Now)
		first, leave := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = s.get(first, "tea") })
		synctest.Wait()
		leave() // the one who renders for all leaves; the others are served all the same
		for range 1000 {
			wg.Go(func() {
				if out, err := s.get(t.Context(), "tea"); err != nil || string(out.plain) != "state" {
					t.Errorf("%v %v", out, err)
				}
			})
		}
		synctest.Wait()
		close(release)
		wg.Wait()
		if n := renders.Load(); n != 1 {
			t.Errorf("rendered %d times for 1001", n)
		}
		// Then it is kept for a second.
		_, _ = s.get(t.Context(), "tea")
		time.Sleep(stateAge - time.Millisecond)
		_, _ = s.get(t.Context(), "tea")
		if n := renders.Load(); n != 1 {
			t.Errorf("rendered %d times within a second", n)
		}
		time.Sleep(time.Millisecond)
		_, _ = s.get(t.Context(), "tea")
		if n := renders.Load(); n != 2 {
			t.Errorf("rendered %d times after a second", n)
		}
	})
}

// Who asks after a change never gets what was read before it, even while that is still being rendered.
func TestStateAfterAChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var stock atomic.Int32
		gate := make(chan struct{})
		s := newStates(func(context.Context, show.Slug) (*rendered, error) {
			read := stock.Load()
			<-gate
			return &rendered{plain: []byte{byte('0' + read)}, products: map[catalogue.ProductID]struct{}{"prd_a": {}}}, nil
		}, time.Now)
		ask := func() chan string {
			c := make(chan string, 1)
			go func() {
				out, err := s.get(t.Context(), "tea")
				if err != nil {
					t.Error(err)
				}
				c <- string(out.plain)
			}()
			synctest.Wait()
			return c
		}
		before := ask()
		stock.Store(1)
		s.productChanged("prd_a") // while it is rendered, what it tells of is not known: it counts
		after := ask()
		close(gate)
		if got := <-before; got != "0" {
			t.Errorf("asked before the change: %s", got)
		}
		if got := <-after; got != "1" {
			t.Errorf("asked after the change: %s", got)
		}
		stock.Store(2)
		s.productChanged("prd_b") // is not told of
		if got := <-ask(); got != "1" {
			t.Errorf("after another product's change: %s", got)
		}
		s.productChanged("prd_a")
		if got := <-ask(); got != "2" {
			t.Errorf("after the product's change: %s", got)
		}
		stock.Store(3)
		s.showChanged("other")
		if got := <-ask(); got != "2" {
			t.Errorf("after another show's change: %s", got)
		}
		s.showChanged("tea")
		if got := <-ask(); got != "3" {
			t.Errorf("after the show's change: %s", got)
		}
	})
}

func TestStatesAreBounded(t *testing.T) {
	s := newStates(func(_ context.Context, slug show.Slug) (*rendered, error) {
		if slug[0] == 'x' {
			return nil, fault.New(fault.NotFound, "none")
		}
		return &rendered{}, nil
	}, time.Now)
	for i := range 3 * maxStates {
		for _, first := range "xa" {
			slug := show.Slug(string(first) + strings.Repeat("b", i))
			if _, err := s.get(t.Context(), slug); (err != nil) != (first == 'x') {
				t.Fatal(err)
			}
		}
		if len(s.byShow) > maxStates {
			t.Fatalf("%d states are kept", len(s.byShow))
		}
		for slug := range s.byShow {
			if slug[0] == 'x' {
				t.Fatal("a show that does not exist is kept")
			}
		}
	}
}

func TestFailedStateIsAskedAgain(t *testing.T) {
	fail := true
	s := newStates(func(context.Context, show.Slug) (*rendered, error) {
		if fail {
			return nil, errors.New("disk")
		}
		return &rendered{plain: []byte("x")}, nil
	}, time.Now)
	if _, err := s.get(t.Context(), "tea"); err == nil {
		t.Fatal("no error")
	}
	fail = false
	if out, err := s.get(t.Context(), "tea"); err != nil || string(out.plain) != "x" {
		t.Errorf("%v %v", out, err)
	}
}

func TestStateIsServedCompressed(t *testing.T) {
	var z strings.Builder
	zw := gzip.NewWriter(&z)
	_, _ = zw.Write([]byte("plain"))
	_ = zw.Close()
	a := &API{}
	a.states = newStates(func(context.Context, show.Slug) (*rendered, error) {
		return &rendered{plain: []byte("plain"), gzip: []byte(z.String())}, nil
	}, time.Now)
	for accept, coding := range map[string]string{"": "", "gzip": "gzip", "br, gzip;q=0.5": "gzip", "gzip;q=0": "", "identity": "", "*": "gzip", "gzip; q=0.0": ""} {
		r := httptest.NewRequest(http.MethodGet, "/api/shows/tea/state", nil)
		r.Header.Set("Accept-Encoding", accept)
		w := httptest.NewRecorder()
		a.serveState(w, r)
		body := io.Reader(w.Body)
		if coding == "gzip" {
			var err error
			if body, err = gzip.NewReader(w.Body); err != nil {
				t.Fatalf("%q: %v", accept, err)
			}
		}
		b, err := io.ReadAll(body)
		if got := w.Header().Get("Content-Encoding"); got != coding || err != nil || string(b) != "plain" {
			t.Errorf("%q: %q %q %v", accept, got, b, err)
		}
		if w.Header().Get("Vary") != "Accept-Encoding" || w.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%q: %v", accept, w.Header())
		}
	}
}

func TestLimiter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(60)
		from := func(address string) error {
			return l.admit(&http.Request{RemoteAddr: address})
		}
		for range 60 {
			if err := from("192.0.2.1:4000"); err != nil {
				t.Fatal(err)
			}
		}
		if err := from("192.0.2.1:4001"); fault.KindOf(err) != fault.TooMany {
			t.Errorf("61st: %v", err)
		}
		if err := from("192.0.2.2:4000"); err != nil {
			t.Errorf("another address: %v", err)
		}
		time.Sleep(time.Second)
		if err := from("192.0.2.1:4000"); err != nil {
			t.Errorf("a second later: %v", err)
		}
		for range 60 {
			_ = from("[2001:db8::1]:4000")
		}
		if err := from("[2001:db8::ffff:1]:4000"); err == nil {
			t.Error("another address of the same line is not counted with it")
		}
		if err := from("[2001:db8:0:1::1]:4000"); err != nil {
			t.Errorf("another line: %v", err)
		}
	})
}

func TestLimiterIsBounded(t *testing.T) {
	l := newLimiter(1)
	for i := range 2*maxAddresses + 10 {
		_ = l.admit(&http.Request{RemoteAddr: "10." + itoa(i>>16) + "." + itoa(i>>8&255) + "." + itoa(i&255) + ":1"})
		if len(l.byAddress) > maxAddresses {
			t.Fatalf("%d addresses are remembered", len(l.byAddress))
		}
	}
}

func itoa(n int) string {
	const digits = "0123456789"
	if n < 10 {
		return digits[n : n+1]
	}
	return itoa(n/10) + digits[n%10:n%10+1]
}

func TestConfig(t *testing.T) {
	if err := DefaultConfig().Validate(); err != nil {
		t.Errorf("defaults: %v", err)
	}
	for field, change := range map[string]func(*Config){
		"sign_in_per_minute": func(c *Config) { c.SignInPerMinute = 0 },
		"orders_per_minute":  func(c *Config) { c.OrdersPerMinute = -1 },
		"quotes_per_minute":  func(c *Config) { c.QuotesPerMinute = 1_000_000 },
	} {
		cfg := DefaultConfig()
		change(&cfg)
		err, ok := cfg.Validate().(*fault.Error)
		if !ok || err.Kind != fault.Invalid || err.Field != field || err.Hint == "" {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func FuzzOpenRoute(f *testing.F) {
	for _, s := range []string{"/api/shows/tea/state", "/api/shows/tea", "/api/shows//state", "/api/shows/tea/desk", "/api/orders/ord_1/status", "/api/shows/tea/state/", "/"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, path string) {
		slug, ok := openRoute(path)
		if ok && !strings.HasPrefix(path, "/api/") || ok && slug == "" && !strings.HasSuffix(path, "/status") || strings.Contains(slug, "/") {
			t.Errorf("openRoute(%q) = %q, %v", path, slug, ok)
		}
	})
}

func FuzzAcceptsGzip(f *testing.F) {
	for _, s := range []string{"", "gzip", "gzip;q=0", "br, gzip", ";;;", "*;q=0.1", "gzip;q=x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if acceptsGzip(s) && !strings.Contains(strings.ToLower(s), "gzip") && !strings.Contains(s, "*") {
			t.Errorf("acceptsGzip(%q)", s)
		}
	})
}
