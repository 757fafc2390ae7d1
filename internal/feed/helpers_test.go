package feed

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
	"golang.org/x/net/websocket"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// centrifuge's metrics exporter has no way to be stopped: one goroutine per node, for ever asleep.
		goleak.IgnoreAnyFunction("github.com/FZambia/eagle.(*Eagle).aggregate"),
		// The library waits some seconds for the other end to say goodbye, bounded by a timer, after the node has shut down.
		goleak.IgnoreAnyFunction("github.com/centrifugal/centrifuge.(*websocketTransport).Close"))
}

const patience = 30 * time.Second

// access is a small world: shows "a" and "b", of which "a" may be embedded by https://blog.example.
type access struct {
	mu    sync.Mutex
	users map[string]User // by the value of the header "Authorization"
}

func (a *access) User(r *http.Request) (User, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	u, ok := a.users[r.Header.Get("Authorization")]
	return u, ok
}

func (a *access) revoke(token string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.users, token)
}

func (a *access) OriginAllowed(_ context.Context, show, origin string) bool {
	return origin == "https://blog.example" && (show == "" || show == "a")
}

func (a *access) ShowExists(_ context.Context, show string) bool {
	return len(show) == 1 && strings.Contains("abcdefghij", show)
}

type world struct {
	*Feed
	access *access
	url    string
	stop   func() // ends Run and waits for it
}

func start(t *testing.T, change func(*Config)) *world {
	t.Helper()
	cfg := DefaultConfig()
	cfg.ViewersEvery = 100 * time.Millisecond
	if change != nil {
		change(&cfg)
	}
	a := &access{users: map[string]User{
		"owner":    {ID: "usr_1", Merchant: "mer_1"},
		"stranger": {ID: "usr_2", Merchant: "mer_2"},
		"admin":    {ID: "usr_3", Merchant: "mer_3", Admin: true},
	}}
	f, err := New(cfg, Deps{Access: a, Metrics: prometheus.NewRegistry(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	<-f.started
	srv := httptest.NewServer(f.Handler())
	stop := sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("Run: %v", err)
			}
		case <-time.After(patience):
			t.Error("Run does not return")
		}
		srv.Close()
	})
	t.Cleanup(stop)
	return &world{Feed: f, access: a, url: "ws" + strings.TrimPrefix(srv.URL, "http"), stop: stop}
}

// message is what the server sends, reduced to what the tests look at.
type message struct {
	ID    uint32 `json:"id"`
	Error *struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
	Push *struct {
		Channel string       `json:"channel"`
		Pub     *publication `json:"pub"`
	} `json:"push"`
	Subscribe *struct {
		Recovered    bool          `json:"recovered"`
		Recoverable  bool          `json:"recoverable"`
		Positioned   bool          `json:"positioned"`
		Publications []publication `json:"publications"`
		Offset       uint64        `json:"offset"`
		Epoch        string        `json:"epoch"`
	} `json:"subscribe"`
}

type publication struct {
	Offset uint64          `json:"offset"`
	Data   json.RawMessage `json:"data"`
}

// browser speaks centrifuge's JSON protocol over a websocket.
type browser struct {
	t       *testing.T
	ws      *websocket.Conn
	pending []message
	id      uint32
}

func dial(w *world, origin, token string) (*websocket.Conn, error) {
	cfg, err := websocket.NewConfig(w.url, "http://"+strings.TrimPrefix(w.url, "ws://"))
	if err != nil {
		return nil, err
	}
	if origin != "" {
		if cfg.Origin, err = cfg.Origin.Parse(origin); err != nil {
			return nil, err
		}
	}
	if token != "" {
		cfg.Header.Set("Authorization", token)
	}
	return websocket.DialConfig(cfg)
}

func connect(t *testing.T, w *world, origin, token string) *browser {
	t.Helper()
	ws, err := dial(w, origin, token)
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	b := &browser{t: t, ws: ws}
	t.Cleanup(func() { _ = ws.Close() })
	if m := b.call(map[string]any{"connect": map[string]any{}}); m.Error != nil {
		t.Fatalf("connect: %+v", m.Error)
	}
	return b
}

// receive gives the next message, answering pings on the way; io.EOF when the server has closed.
func (b *browser) receive() (message, error) {
	for len(b.pending) == 0 {
		_ = b.ws.SetDeadline(time.Now().Add(patience))
		var frame string
		if err := websocket.Message.Receive(b.ws, &frame); err != nil {
			return message{}, err
		}
		for line := range strings.Lines(frame) {
			if strings.TrimSpace(line) == "{}" {
				_ = websocket.Message.Send(b.ws, "{}")
				continue
			}
			var m message
			if err := json.Unmarshal([]byte(line), &m); err != nil {
				b.t.Fatalf("not JSON: %q", line)
			}
			b.pending = append(b.pending, m)
		}
	}
	m := b.pending[0]
	b.pending = b.pending[1:]
	return m, nil
}

// call sends one command and waits for its reply; pushes that come first are kept.
func (b *browser) call(command map[string]any) message {
	b.t.Helper()
	b.id++
	command["id"] = b.id
	if err := websocket.JSON.Send(b.ws, command); err != nil {
		b.t.Fatal(err)
	}
	var others []message
	defer func() { b.pending = append(others, b.pending...) }()
	for {
		m, err := b.receive()
		if err != nil {
			b.t.Fatalf("no reply to %v: %v", command, err)
		}
		if m.ID == b.id {
			return m
		}
		others = append(others, m)
	}
}

func (b *browser) subscribe(topic string, since *Position) message {
	b.t.Helper()
	sub := map[string]any{"channel": topic}
	if since != nil {
		sub["recover"], sub["offset"], sub["epoch"] = true, since.Offset, since.Epoch
	}
	return b.call(map[string]any{"subscribe": sub})
}

// event waits for the next event on topic whose type is typ.
func (b *browser) event(topic, typ string) map[string]any {
	b.t.Helper()
	for {
		m, err := b.receive()
		if err != nil {
			b.t.Fatalf("waiting for %s on %s: %v", typ, topic, err)
		}
		if m.Push == nil || m.Push.Pub == nil || m.Push.Channel != topic {
			continue
		}
		var e map[string]any
		if err := json.Unmarshal(m.Push.Pub.Data, &e); err != nil {
			b.t.Fatal(err)
		}
		if e["type"] == typ {
			return e
		}
	}
}

// closed waits until the server has ended the connection.
func (b *browser) closed() {
	b.t.Helper()
	for {
		if _, err := b.receive(); err != nil {
			switch {
			case errors.Is(err, os.ErrDeadlineExceeded):
				b.t.Error("the server does not end the connection")
			case !errors.Is(err, io.EOF):
				b.t.Logf("connection ended with %v", err)
			}
			return
		}
	}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	timeout := time.After(patience)
	for !ok() {
		select {
		case <-tick.C:
		case <-timeout:
			t.Fatal("not in time: " + what)
		}
	}
}
