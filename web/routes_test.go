package web

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"livesrv/internal/fault"
	"livesrv/internal/livetest"
	"livesrv/web/api"
)

func TestRoutes(t *testing.T) {
	h := handler(t, DefaultConfig(), handlers())
	for _, c := range []struct {
		method, path string
		status       int
		answer       string // beginning of the body
	}{
		{"GET", "/", 200, "lobby "},
		{"HEAD", "/", 200, ""},
		{"GET", "/s/tea", 200, "watch Tea & more http://example.com"},
		{"GET", "/s/none", 404, "missing "},
		{"GET", "/s/broken", 500, `{"error":{"kind":"internal"`},
		{"GET", "/s/", 404, ""},
		{"GET", "/console", 200, "console "},
		{"GET", "/console/orders", 200, "console "},
		{"GET", "/studio", 302, ""},
		{"GET", "/studio/live", 200, "studio "},
		{"GET", "/embed/tea", 200, "embed Tea & more "},
		{"GET", "/embed.js", 200, "script "},
		{"GET", "/assets/a.js", 200, "assets "},
		{"GET", "/api/shows", 200, "api "},
		{"DELETE", "/api/shows", 200, "api "},
		{"GET", "/realtime", 200, "realtime "},
		{"GET", "/live/tea/index.m3u8", 200, "media "},
		{"OPTIONS", "/live/tea/index.m3u8", 200, "media "},
		{"GET", "/healthz", 200, "ok"},
		{"GET", "/readyz", 200, `{"ready":true}`},
		{"GET", "/images/img_1.jpg", 200, "img_1 false"},
		{"GET", "/images/img_1-thumb.jpg", 200, "img_1 true"},
		{"GET", "/images/img_none.jpg", 404, `{"error":{"kind":"not_found"`},
		{"GET", "/images/img_1.png", 404, `{"error":`},
		{"GET", "/images/..%2f..%2fetc.jpg", 404, `{"error":`},
		{"GET", "/nothing", 404, `{"error":{"kind":"not_found"`},
		{"POST", "/s/tea", 405, ""},
		{"DELETE", "/", 405, ""},
		{"POST", "/healthz", 405, ""},
	} {
		t.Run(c.method+" "+c.path, func(t *testing.T) {
			w := get(h, c.method, c.path, nil)
			if w.Code != c.status || !strings.HasPrefix(w.Body.String(), c.answer) {
				t.Errorf("got %d %q, want %d %q", w.Code, w.Body, c.status, c.answer)
			}
			if !strings.HasPrefix(c.path, "/live/") && w.Header().Get("X-Content-Type-Options") != "nosniff" {
				t.Error("sniffing is allowed")
			}
		})
	}
}

func TestMissingHandlerIsAnError(t *testing.T) {
	h := handlers()
	h.Site = nil
	if _, err := New(DefaultConfig(), Deps{Handlers: h, Log: slog.New(slog.DiscardHandler)}); err == nil {
		t.Error("a server without pages is made")
	}
}

func TestPolicies(t *testing.T) {
	h := handler(t, DefaultConfig(), handlers())
	for _, c := range []struct{ path, ancestors string }{
		{"/", "frame-ancestors 'self'"},
		{"/s/tea", "frame-ancestors 'self'"},
		{"/console", "frame-ancestors 'none'"},
		{"/studio/live", "frame-ancestors 'none'"},
		{"/embed/tea", "frame-ancestors 'self' https://shop.example http://127.0.0.1:4000"},
		{"/embed/other", "frame-ancestors 'self'"},
		{"/embed/none", "frame-ancestors 'self'"},
		{"/api/shows", "frame-ancestors 'none'"},
	} {
		csp := get(h, "GET", c.path, nil).Header().Get("Content-Security-Policy")
		directives := strings.Split(csp, "; ")
		if last := directives[len(directives)-1]; last != c.ancestors || directives[0] != "default-src 'none'" {
			t.Errorf("%s: %s", c.path, csp)
		}
		if strings.Contains(csp, "evil") || strings.Contains(csp, "script-src *") {
			t.Errorf("%s: an origin broke out: %s", c.path, csp)
		}
	}
	csp := get(h, "GET", "/s/tea", nil).Header().Get("Content-Security-Policy")
	for _, want := range []string{"media-src 'self' blob:", "worker-src 'self' blob:", "connect-src 'self'", "script-src 'self';"} {
		if !strings.Contains(csp, want) {
			t.Errorf("no %q in %s", want, csp)
		}
	}
	for _, path := range []string{"/embed.js", "/assets/a.js", "/images/img_1.jpg"} {
		if o := get(h, "GET", path, nil).Header().Get("Access-Control-Allow-Origin"); o != "*" {
			t.Errorf("%s: other sites' pages may not load it (%q)", path, o)
		}
	}
}

func TestOnlyTheStudioGetsCameraAndMicrophone(t *testing.T) {
	h := handler(t, DefaultConfig(), handlers())
	for path, allowed := range map[string]string{
		"/": "()", "/s/tea": "()", "/embed/tea": "()", "/console": "()", "/studio/live": "(self)",
	} {
		policy := get(h, "GET", path, nil).Header().Get("Permissions-Policy")
		for _, feature := range []string{"camera", "microphone", "display-capture"} {
			if !strings.Contains(policy, feature+"="+allowed) {
				t.Errorf("%s: no %s=%s in %q", path, feature, allowed, policy)
			}
		}
	}
}

func TestPeopleGetAPageForAWrongAddress(t *testing.T) {
	w := get(handler(t, DefaultConfig(), handlers()), "GET", "/nothing", func(r *http.Request) {
		r.Header.Set("Accept", "text/html,*/*")
	})
	if w.Code != 404 || !strings.HasPrefix(w.Body.String(), "missing ") || w.Header().Get("Content-Security-Policy") == "" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestBaseURL(t *testing.T) {
	cfg := DefaultConfig()
	cfg.TrustedProxies = []string{"10.0.0.1"}
	for name, c := range map[string]struct {
		public string
		change func(*http.Request)
		want   string
	}{
		"as asked":     {"", func(r *http.Request) { r.Host = "box:8080" }, "http://box:8080"},
		"TLS":          {"", func(r *http.Request) { r.Host, r.TLS = "box", &tls.ConnectionState{} }, "https://box"},
		"a proxy":      {"", func(r *http.Request) { r.Header.Set("X-Forwarded-Proto", "https"); r.RemoteAddr = "10.0.0.1:1" }, "https://example.com"},
		"no proxy":     {"", func(r *http.Request) { r.Header.Set("X-Forwarded-Proto", "https") }, "http://example.com"},
		"configured":   {"https://live.example/", nil, "https://live.example"},
		"a wrong host": {"", func(r *http.Request) { r.Host = `x"><script>` }, ""},
	} {
		cfg.PublicURL = c.public
		w := get(handler(t, cfg, handlers()), "GET", "/", c.change)
		if got, want := w.Body.String(), "lobby  "+c.want; got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestEveryKindHasItsStatus(t *testing.T) {
	want := map[fault.Kind]int{fault.Internal: 500, fault.Invalid: 400, fault.Unauthorized: 401, fault.Forbidden: 403,
		fault.NotFound: 404, fault.Conflict: 409, fault.Gone: 410, fault.TooLarge: 413, fault.TooMany: 429,
		fault.Unavailable: 503, fault.SoldOut: 409}
	for k := fault.Internal; k == fault.Internal || k.String() != "internal"; k++ {
		if _, ok := statuses[k]; !ok {
			t.Errorf("kind %v has no status", k)
		}
		if Status(k) != want[k] {
			t.Errorf("%v: %d, want %d", k, Status(k), want[k])
		}
	}
	if len(statuses) != len(want) {
		t.Errorf("%d statuses for %d kinds", len(statuses), len(want))
	}
	if Status(200) != 500 {
		t.Error("an unknown kind is not our own failure")
	}
}

func TestFail(t *testing.T) {
	ctx := context.WithValue(t.Context(), requestIDKey{}, "ID42")
	for _, c := range []struct {
		name   string
		err    error
		status int
		body   api.FailureBody
		logged string
	}{
		{"ours", fault.New(fault.Invalid, "No.").WithHint("Yes.").At("x"), 400,
			api.FailureBody{Kind: "invalid", Message: "No.", Hint: "Yes.", Field: "x", ID: "ID42"}, ""},
		{"wrapped", errors.Join(errors.New("secret"), fault.New(fault.SoldOut, "Gone.")), 409,
			api.FailureBody{Kind: "sold_out", Message: "Gone.", ID: "ID42"}, ""},
		{"nobody's", errors.New("secret"), 500,
			api.FailureBody{Kind: "internal", Message: "Something went wrong on our side.",
				Hint: "Try again. If it stays, tell the operator the id ID42: the log has the cause under it.", ID: "ID42"}, "error=secret"},
		{"internal", fault.New(fault.Internal, "internals").Because(errors.New("secret")), 500,
			api.FailureBody{Kind: "internal", Message: "Something went wrong on our side.",
				Hint: "Try again. If it stays, tell the operator the id ID42: the log has the cause under it.", ID: "ID42"}, "secret"},
		{"left", context.Canceled, 503, api.FailureBody{Kind: "unavailable", Message: "The request was given up.", Hint: "Send it again.", ID: "ID42"}, ""},
		{"slow", context.DeadlineExceeded, 503, api.FailureBody{Kind: "unavailable", Message: "The server took too long.", Hint: "Try again in a moment.", ID: "ID42"}, "took too long"},
		{"busy", fault.New(fault.Unavailable, "Busy.").Because(errors.New("secret")), 503, api.FailureBody{Kind: "unavailable", Message: "Busy.", ID: "ID42"}, "secret"},
	} {
		var log livetest.Log
		status, f := Fail(slog.New(slog.NewTextHandler(&log, nil)))(ctx, c.err)
		if status != c.status || f.Error != c.body {
			t.Errorf("%s: %d %+v", c.name, status, f.Error)
		}
		if got := log.String(); (c.logged == "") != (got == "") || !strings.Contains(got, c.logged) || got != "" && !strings.Contains(got, "ID42") {
			t.Errorf("%s: logged %q", c.name, got)
		}
	}
}

func TestPanicIsOneAnswerAndALogLine(t *testing.T) {
	var log livetest.Log
	h := handlers()
	h.API = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("secret cause") })
	s := newServer(t, DefaultConfig(), h, slog.New(slog.NewTextHandler(&log, nil)))
	w := get(s.http.Handler, "GET", "/api/x", nil)
	var f api.Failure
	if err := json.Unmarshal(w.Body.Bytes(), &f); err != nil || w.Code != 500 || f.Error.Kind != "internal" || f.Error.ID == "" {
		t.Fatalf("%d %s (%v)", w.Code, w.Body, err)
	}
	if strings.Contains(w.Body.String(), "secret") {
		t.Error("the caller is shown the cause")
	}
	if f.Error.ID != w.Header().Get("X-Request-Id") || !strings.Contains(log.String(), f.Error.ID) || !strings.Contains(log.String(), "secret cause") {
		t.Errorf("the log does not have the cause under %s: %s", f.Error.ID, log.String())
	}
}

func TestPanicAfterTheHeaderCutsTheAnswer(t *testing.T) {
	h := handlers()
	h.API = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(200)
		_, _ = w.Write([]byte("half"))
		panic("late")
	})
	s, _ := serve(t, DefaultConfig(), h)
	resp, err := http.Get("http://" + s.Addr().String() + "/api/x")
	if err != nil {
		return // cut before the header went out
	}
	defer resp.Body.Close()
	if b, err := bufio.NewReader(resp.Body).ReadString('\n'); err == nil || err.Error() == "EOF" {
		t.Errorf("a broken answer looks whole: %q", b)
	}
}

func TestReady(t *testing.T) {
	h := handlers()
	var lacking error
	h.Ready = func(context.Context) error { return lacking }
	s := newServer(t, DefaultConfig(), h, slog.New(slog.DiscardHandler))
	check := func(status int, body string) {
		t.Helper()
		if w := get(s.http.Handler, "GET", "/readyz", nil); w.Code != status || strings.TrimSpace(w.Body.String()) != body {
			t.Errorf("%d %s, want %d %s", w.Code, w.Body, status, body)
		}
	}
	check(200, `{"ready":true}`)
	lacking = errors.New("dsn with password")
	check(503, `{"ready":false,"reason":"The log has the cause."}`)
	lacking = fault.New(fault.Unavailable, "The disk is full.")
	check(503, `{"ready":false,"reason":"The disk is full."}`)
	lacking = nil
	s.draining.Store(true)
	check(503, `{"ready":false,"reason":"The server is stopping."}`)
}

func TestBodiesAreBounded(t *testing.T) {
	h := limitBody(10, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := bufio.NewReader(r.Body).ReadString(0)
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			w.WriteHeader(413)
		}
	}))
	for body, want := range map[string]int{"0123456789": 200, "0123456789a": 413} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("POST", "/", strings.NewReader(body)))
		if w.Code != want {
			t.Errorf("%d bytes: %d", len(body), w.Code)
		}
	}
}

// Media is thousands of requests a second: the way to its handler allocates nothing.
func TestMediaRouteAllocatesNothing(t *testing.T) {
	hs := handlers()
	hs.Media = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	h := handler(t, DefaultConfig(), hs)
	r, w := httptest.NewRequest("GET", "/live/tea/v0/1.2.m4s", nil), httptest.NewRecorder()
	if n := testing.AllocsPerRun(100, func() { h.ServeHTTP(w, r) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestAccessLog(t *testing.T) {
	var log livetest.Log
	h := handlers()
	h.API = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/bad" {
			w.WriteHeader(502)
		}
	})
	s := newServer(t, DefaultConfig(), h, slog.New(slog.NewTextHandler(&log, nil)))
	for _, c := range []struct {
		method, path, want string
	}{
		{"GET", "/api/shows", ""},
		{"GET", "/live/tea/index.m3u8", ""},
		{"POST", "/api/shows?token=secret", "level=INFO"},
		{"GET", "/api/bad", "level=WARN"},
	} {
		before := len(log.String())
		get(s.http.Handler, c.method, c.path, nil)
		got := log.String()[before:]
		if (c.want == "") != (got == "") || !strings.Contains(got, c.want) || strings.Contains(got, "secret") {
			t.Errorf("%s %s: %q", c.method, c.path, got)
		}
	}
}
