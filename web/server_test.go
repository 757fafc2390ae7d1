package web

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"livesrv/internal/fault"
)

// client speaks the given protocols and trusts the certificate in PEM.
func client(t *testing.T, trusted []byte, set func(*http.Protocols)) *http.Client {
	t.Helper()
	p := new(http.Protocols)
	set(p)
	tr := &http.Transport{Protocols: p}
	if trusted != nil {
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(trusted) {
			t.Fatal("no certificate")
		}
		tr.TLSClientConfig = &tls.Config{RootCAs: pool}
	}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: patience}
}

func TestProtocols(t *testing.T) {
	plain, _ := serve(t, DefaultConfig(), handlers())
	cfg := DefaultConfig()
	cfg.TLSSelfSigned = true
	secure, _ := serve(t, cfg, handlers())
	cert, err := os.ReadFile(secure.certs.certFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, url string
		cert      []byte
		set       func(*http.Protocols)
		want      string
	}{
		{"HTTP/1.1", "http://" + plain.Addr().String(), nil, func(p *http.Protocols) { p.SetHTTP1(true) }, "HTTP/1.1"},
		{"HTTP/2 by prior knowledge", "http://" + plain.Addr().String(), nil, func(p *http.Protocols) { p.SetUnencryptedHTTP2(true) }, "HTTP/2.0"},
		{"HTTPS, HTTP/1.1", "https://" + secure.Addr().String(), cert, func(p *http.Protocols) { p.SetHTTP1(true) }, "HTTP/1.1"},
		{"HTTPS, HTTP/2", "https://" + secure.Addr().String(), cert, func(p *http.Protocols) { p.SetHTTP2(true) }, "HTTP/2.0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			resp, body := fetch(t, client(t, c.cert, c.set), c.url+"/live/tea/index.m3u8")
			if resp.Proto != c.want || !strings.HasPrefix(body, "media ") {
				t.Errorf("%s %q", resp.Proto, body)
			}
		})
	}
	if secure.TLS() == plain.TLS() {
		t.Error("TLS() does not tell them apart")
	}
}

func TestSelfSignedCertificateIsKept(t *testing.T) {
	dir := t.TempDir()
	log := slog.New(slog.DiscardHandler)
	c := &certificates{dir: dir, names: []string{"localhost", "127.0.0.1"}, log: log}
	if err := c.load(); err != nil {
		t.Fatal(err)
	}
	first, err := os.ReadFile(filepath.Join(dir, "self-signed.crt"))
	if err != nil {
		t.Fatal(err)
	}
	read := func(names ...string) []byte {
		t.Helper()
		c := &certificates{dir: dir, names: names, log: log}
		if err := c.load(); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(dir, "self-signed.crt"))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	if string(read("localhost", "127.0.0.1")) != string(first) {
		t.Error("a second start makes a second certificate")
	}
	renewed := read("localhost", "live.example")
	block, _ := pem.Decode(renewed)
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil || leaf.VerifyHostname("live.example") != nil {
		t.Errorf("the certificate is not for the new name (%v)", err)
	}
	info, err := os.Stat(filepath.Join(dir, "self-signed.key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key may be read by others: %v %v", info.Mode(), err)
	}
}

func TestRenewedCertificateIsTakenUp(t *testing.T) {
	dir := t.TempDir()
	log := slog.New(slog.DiscardHandler)
	own := &certificates{dir: dir, names: []string{"localhost"}, log: log}
	if err := own.load(); err != nil {
		t.Fatal(err)
	}
	c := &certificates{certFile: own.certFile, keyFile: own.keyFile, log: log}
	if err := c.load(); err != nil {
		t.Fatal(err)
	}
	first, _ := c.get(nil)
	// Half a renewal: the old one stays in use.
	pemBytes, err := os.ReadFile(own.certFile)
	if err != nil {
		t.Fatal(err)
	}
	touch := func(b []byte, at time.Time) {
		t.Helper()
		if err := os.WriteFile(own.certFile, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(own.certFile, at, at); err != nil {
			t.Fatal(err)
		}
		c.checked = time.Time{}
	}
	touch(pemBytes[:20], time.Now().Add(time.Hour))
	if got, err := c.get(nil); err != nil || got != first {
		t.Errorf("a broken renewal: %v %v", got == first, err)
	}
	touch(pemBytes, time.Now().Add(2*time.Hour))
	if got, err := c.get(nil); err != nil || got == first {
		t.Errorf("the renewal is not taken up: %v", err)
	}
}

func TestListenErrors(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	cfg := DefaultConfig()
	cfg.Address = ln.Addr().String()
	s := newServer(t, cfg, handlers(), slog.New(slog.DiscardHandler))
	if err := s.Listen(); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("port in use: %v", err)
	}
	cfg = DefaultConfig()
	cfg.CertFile, cfg.KeyFile = "nowhere.crt", "nowhere.key"
	s = newServer(t, cfg, handlers(), slog.New(slog.DiscardHandler))
	if err := s.Listen(); fault.KindOf(err) != fault.Invalid {
		t.Errorf("no certificate: %v", err)
	}
}

// A playlist request may be held for seconds; a server that stops does not keep it, nor cut it without an answer.
func TestDrainLetsHeldRequestsGo(t *testing.T) {
	held := make(chan struct{})
	h := handlers()
	h.Media = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(held)
		<-r.Context().Done()
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	cfg := DefaultConfig()
	cfg.ShutdownGrace = 2 * time.Second
	s, stop := serve(t, cfg, h)
	c := client(t, nil, func(p *http.Protocols) { p.SetHTTP1(true) })
	status := make(chan int, 1)
	go func() {
		resp, err := c.Get("http://" + s.Addr().String() + "/live/tea/v0/media.m3u8")
		if err != nil {
			status <- 0
			return
		}
		_ = resp.Body.Close()
		status <- resp.StatusCode
	}()
	<-held
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if got := <-status; got != http.StatusServiceUnavailable {
		t.Errorf("the held request ended with %d", got)
	}
}

func TestDrainCutsWhoDoesNotLeave(t *testing.T) {
	held, release := make(chan struct{}), make(chan struct{})
	h := handlers()
	h.API = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { close(held); <-release })
	cfg := DefaultConfig()
	cfg.ShutdownGrace = 50 * time.Millisecond
	s, stop := serve(t, cfg, h)
	c := client(t, nil, func(p *http.Protocols) { p.SetHTTP1(true) })
	failed := make(chan error, 1)
	go func() {
		resp, err := c.Get("http://" + s.Addr().String() + "/api/x")
		if err == nil {
			_ = resp.Body.Close()
		}
		failed <- err
	}()
	<-held
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if err := <-failed; err == nil {
		t.Error("the request was not cut")
	}
	close(release)
}

// The realtime handler takes the connection over: the middleware must not be in its way.
func TestHijackReachesThrough(t *testing.T) {
	h := handlers()
	h.Realtime = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = conn.Write([]byte("HTTP/1.1 101 Switching Protocols\r\n\r\nmine"))
		_ = conn.Close()
	})
	s, _ := serve(t, DefaultConfig(), h)
	conn, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	_, _ = conn.Write([]byte("GET /realtime HTTP/1.1\r\nHost: x\r\n\r\n"))
	b, err := io.ReadAll(conn)
	if err != nil || !strings.HasSuffix(string(b), "mine") {
		t.Errorf("%q %v", b, err)
	}
}

// Headers are bounded.
func TestOversizedHeaderIsRefused(t *testing.T) {
	s, _ := serve(t, DefaultConfig(), handlers())
	req, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+s.Addr().String()+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Big", strings.Repeat("x", 2*maxHeader))
	resp, err := client(t, nil, func(p *http.Protocols) { p.SetHTTP1(true) }).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("%s", resp.Status)
	}
}

func TestConfigValidate(t *testing.T) {
	if err := DefaultConfig().Validate(); err != nil {
		t.Errorf("defaults: %v", err)
	}
	for _, c := range []struct {
		field  string
		change func(*Config)
	}{
		{"address", func(c *Config) { c.Address = "8080" }},
		{"key_file", func(c *Config) { c.CertFile = "a.crt" }},
		{"cert_file", func(c *Config) { c.KeyFile = "a.key" }},
		{"tls_self_signed", func(c *Config) { c.CertFile, c.KeyFile, c.TLSSelfSigned = "a", "b", true }},
		{"public_url", func(c *Config) { c.PublicURL = "live.example" }},
		{"public_url", func(c *Config) { c.PublicURL = "https://live.example/shop" }},
		{"public_url", func(c *Config) { c.PublicURL = "ftp://live.example" }},
		{"trusted_proxies", func(c *Config) { c.TrustedProxies = []string{"my proxy"} }},
		{"shutdown_grace", func(c *Config) { c.ShutdownGrace = time.Hour }},
	} {
		cfg := DefaultConfig()
		c.change(&cfg)
		err, ok := cfg.Validate().(*fault.Error)
		if !ok || err.Kind != fault.Invalid || err.Field != c.field || err.Hint == "" {
			t.Errorf("%s: %v", c.field, err)
		}
		if _, err := New(cfg, Deps{Handlers: handlers(), Log: slog.New(slog.DiscardHandler)}); err == nil {
			t.Errorf("%s: New accepts it", c.field)
		}
	}
}

func TestHSTS(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Config)
		want   bool
	}{
		"plain":           {func(*Config) {}, false},
		"self-signed":     {func(c *Config) { c.TLSSelfSigned = true }, false},
		"certificate":     {func(c *Config) { c.CertFile, c.KeyFile = "a", "b" }, true},
		"behind a proxy":  {func(c *Config) { c.PublicURL = "https://live.example" }, true},
		"public but http": {func(c *Config) { c.PublicURL = "http://live.example" }, false},
	} {
		cfg := DefaultConfig()
		c.change(&cfg)
		if got := get(handler(t, cfg, handlers()), "GET", "/", nil).Header().Get("Strict-Transport-Security") != ""; got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
