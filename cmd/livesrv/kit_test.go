package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"livesrv/cmd/livesrv/app"
	"livesrv/internal/config"
)

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main() // ends the process
	}
	if err := os.Setenv(asProgram, "1"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m,
		// The realtime library's metrics exporter has no way to be stopped: one goroutine a server, for ever asleep.
		goleak.IgnoreAnyFunction("github.com/FZambia/eagle.(*Eagle).aggregate"),
		// The SRT library's caller, which only tests use, may leave one behind when it is hung up on.
		goleak.IgnoreAnyFunction("github.com/datarhei/gosrt.Dial.func1"))
}

// testConfig is a configuration with every port free and its data in a folder of the test.
func testConfig(t *testing.T) config.Config {
	t.Helper()
	cfg := config.Default()
	cfg.Data.Dir = filepath.Join(t.TempDir(), "data")
	cfg.HTTP.Address, cfg.RTMP.Address, cfg.Admin.Address = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	cfg.SRT.Address, cfg.RTSP.Address, cfg.RTSP.UDPAddress = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	cfg.WHIP.UDPAddress, cfg.WHIP.TCPAddress = "127.0.0.1:0", "127.0.0.1:0"
	cfg.HTTP.ShutdownGrace = 500 * time.Millisecond
	return cfg
}

// server is a running server and how to call the commands against it.
type server struct {
	*app.App
	url   string
	token string
	data  string // its folder
}

// startServer runs a server in this process until the test ends, with a token of its first admin.
func startServer(t *testing.T) *server {
	t.Helper()
	s := runServer(t, testConfig(t))
	s.token = strings.TrimSpace(s.run(t, s.FirstAdmin().Password+"\n", "token", "create", "test", "--user", "admin").fine(t))
	return s
}

// runServer runs a server in this process until the test ends.
func runServer(t *testing.T, cfg config.Config) *server {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	log := slog.New(slog.NewTextHandler(testWriter{t}, &slog.HandlerOptions{Level: slog.LevelWarn}))
	a, err := startApp(ctx, cfg, log)
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	started, done := make(chan struct{}), make(chan error, 1)
	go func() {
		done <- runApp(ctx, a, func(ctx context.Context) error {
			close(started)
			<-ctx.Done()
			return nil
		})
	}()
	select {
	case err := <-done:
		cancel()
		t.Fatal(err)
	case <-started:
	}
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the server ended with: %v", err)
		}
		http.DefaultClient.CloseIdleConnections()
	})
	return &server{App: a, url: a.Addrs().URL, data: cfg.Data.Dir}
}

// scrape reads the metrics.
func scrape(t *testing.T, s *server) string {
	t.Helper()
	return fetch(t, s.Addrs().Admin+"/metrics")
}

// fetch is the text at an address.
func fetch(t *testing.T, address string) string {
	t.Helper()
	res, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// testWriter puts the server's log into the test's.
type testWriter struct{ t *testing.T }

func (w testWriter) Write(b []byte) (int, error) {
	w.t.Log(strings.TrimSpace(string(b)))
	return len(b), nil
}

// result is what became of a command.
type result struct {
	code     int
	out, err string
}

// fine wants that the command worked and gives what it printed.
func (r result) fine(t *testing.T) string {
	t.Helper()
	if r.code != exitFine {
		t.Fatalf("exit code %d\n%s%s", r.code, r.out, r.err)
	}
	return r.out
}

// fails wants an exit code and words in the error output.
func (r result) fails(t *testing.T, code int, words ...string) {
	t.Helper()
	if r.code != code {
		t.Errorf("exit code %d, want %d\n%s%s", r.code, code, r.out, r.err)
	}
	for _, w := range words {
		if !strings.Contains(r.err, w) {
			t.Errorf("the error does not say %q:\n%s", w, r.err)
		}
	}
}

// run calls a command against the server.
func (s *server) run(t *testing.T, in string, args ...string) result {
	t.Helper()
	return command(t, in, []string{config.EnvServer + "=" + s.url, config.EnvToken + "=" + s.token}, args...)
}

// command runs a command line in this process.
func command(t *testing.T, in string, environ []string, args ...string) result {
	t.Helper()
	var out, errs bytes.Buffer
	code := execute(t.Context(), args, console{in: strings.NewReader(in), out: &out, err: &errs, environ: environ})
	return result{code, out.String(), errs.String()}
}

// decode reads what a command printed with --json.
func decode[T any](t *testing.T, text string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("no JSON: %v\n%s", err, text)
	}
	return v
}

// ask calls the API as somebody who is not signed in.
func (s *server) ask(t *testing.T, method, path string, header http.Header, body string, out any) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range header {
		req.Header[k] = v
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if out != nil {
		if err := json.Unmarshal(text, out); err != nil {
			t.Fatalf("%s %s: %v\n%s", method, path, err, text)
		}
	}
	return res.StatusCode
}

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
