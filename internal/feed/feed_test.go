package feed

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/net/websocket"

	"livesrv/internal/fault"
)

type pin struct {
	ID string `json:"id"`
}

func TestEventJSON(t *testing.T) {
	for _, c := range []struct {
		e    Event
		want string
	}{
		{Pin(pin{"pin_1"}), `{"pin":{"id":"pin_1"},"type":"pin"}`},
		{Unpin(pin{"pin_1"}), `{"pin":{"id":"pin_1"},"type":"unpin"}`},
		{Product("p"), `{"product":"p","type":"product"}`},
		{Show("s"), `{"show":"s","type":"show"}`},
		{Lineup([]string{"p"}), `{"products":["p"],"type":"lineup"}`},
		{Viewers(3), `{"count":3,"type":"viewers"}`},
		{Order("o"), `{"order":"o","type":"order"}`},
		{Stream("a", "h"), `{"show":"a","stream":"h","type":"stream"}`},
		{Stream("a", nil), `{"show":"a","stream":null,"type":"stream"}`},
	} {
		got, err := json.Marshal(c.e)
		if err != nil || string(got) != c.want {
			t.Errorf("%s: got %s (%v), want %s", c.e.Type, got, err, c.want)
		}
	}
}

// State is read at a position; what happens before the subscription comes with it, what happens after follows.
func TestStateThenFollow(t *testing.T) {
	w := start(t, nil)
	if err := w.Publish("a", Pin(pin{"before"})); err != nil {
		t.Fatal(err)
	}
	at, err := w.Position("a")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Publish("a", Pin(pin{"between"})); err != nil {
		t.Fatal(err)
	}
	b := connect(t, w, "", "")
	m := b.subscribe("show:a", &at)
	if m.Error != nil || m.Subscribe == nil || !m.Subscribe.Recovered || !m.Subscribe.Positioned {
		t.Fatalf("subscribe: %+v", m)
	}
	var got []string
	for _, p := range m.Subscribe.Publications {
		got = append(got, string(p.Data))
	}
	if diff := cmp.Diff([]string{`{"pin":{"id":"between"},"type":"pin"}`}, got); diff != "" {
		t.Error("recovered events (-want +got)\n" + diff)
	}
	if err := w.Publish("a", Unpin(pin{"after"})); err != nil {
		t.Fatal(err)
	}
	if e := b.event("show:a", TypeUnpin); e["pin"].(map[string]any)["id"] != "after" {
		t.Errorf("followed: %v", e)
	}
}

// A position that the history no longer covers is said to be so: the page then reads the state again.
func TestTooOldPositionIsNotRecovered(t *testing.T) {
	w := start(t, func(c *Config) { c.HistorySize = 16 })
	at, err := w.Position("a")
	if err != nil {
		t.Fatal(err)
	}
	for range 40 {
		if err := w.Publish("a", Show("s")); err != nil {
			t.Fatal(err)
		}
	}
	b := connect(t, w, "", "")
	if m := b.subscribe("show:a", &at); m.Subscribe == nil || m.Subscribe.Recovered {
		t.Errorf("40 events with a history of 16: %+v", m.Subscribe)
	}
}

func TestWhoMayFollowWhat(t *testing.T) {
	w := start(t, nil)
	for _, c := range []struct {
		name, token, topic string
		code               int // centrifuge's error code, 0 for allowed
	}{
		{"visitor, show", "", "show:a", 0},
		{"visitor, no such show", "", "show:zzz", 102},
		{"visitor, show without a name", "", "show:", 102},
		{"visitor, other topic", "", "secrets", 102},
		{"visitor, desk", "", "desk:mer_1", 103},
		{"bad token, desk", "nobody", "desk:mer_1", 103},
		{"owner, own desk", "owner", "desk:mer_1", 0},
		{"owner, nameless desk", "owner", "desk:", 102},
		{"stranger, desk", "stranger", "desk:mer_1", 103},
		{"admin, desk", "admin", "desk:mer_1", 0},
		{"overlong topic", "", "show:" + strings.Repeat("a", 200), 107},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := connect(t, w, "", c.token).subscribe(c.topic, nil)
			code := 0
			if m.Error != nil {
				code = m.Error.Code
			}
			if code != c.code {
				t.Errorf("got %d (%+v), want %d", code, m.Error, c.code)
			}
		})
	}
}

func TestNothingCanBeSent(t *testing.T) {
	w := start(t, nil)
	b := connect(t, w, "", "owner")
	if m := b.subscribe("show:a", nil); m.Error != nil {
		t.Fatalf("%+v", m.Error)
	}
	for _, command := range []string{"publish", "presence", "presence_stats", "history"} {
		if m := b.call(map[string]any{command: map[string]any{"channel": "show:a", "data": map[string]any{"type": "pin"}}}); m.Error == nil {
			t.Errorf("%s is answered: %+v", command, m)
		}
	}
	if m := b.call(map[string]any{"rpc": map[string]any{"method": "x"}}); m.Error == nil {
		t.Error("rpc is answered")
	}
}

func TestTopicsOfAConnectionAreBounded(t *testing.T) {
	w := start(t, nil)
	b := connect(t, w, "", "")
	for i, show := range "abcdefgh" {
		if m := b.subscribe("show:"+string(show), nil); m.Error != nil {
			t.Fatalf("topic %d: %+v", i+1, m.Error)
		}
	}
	if m := b.subscribe("show:i", nil); m.Error == nil {
		t.Errorf("topic %d is accepted", maxTopics+1)
	}
}

func TestOrigins(t *testing.T) {
	w := start(t, nil)
	t.Run("a page that no show allows is refused at the door", func(t *testing.T) {
		if ws, err := dial(w, "https://evil.example", ""); err == nil {
			_ = ws.Close()
			t.Error("accepted")
		}
	})
	t.Run("an allowed page follows the shows that allow it", func(t *testing.T) {
		b := connect(t, w, "https://blog.example", "")
		if m := b.subscribe("show:a", nil); m.Error != nil {
			t.Errorf("show a: %+v", m.Error)
		}
		if m := b.subscribe("show:b", nil); m.Error == nil || m.Error.Code != 103 {
			t.Errorf("show b: %+v", m.Error)
		}
	})
	t.Run("a session is worth nothing on a foreign page", func(t *testing.T) {
		b := connect(t, w, "https://blog.example", "owner")
		if m := b.subscribe("desk:mer_1", nil); m.Error == nil || m.Error.Code != 103 {
			t.Errorf("desk: %+v", m.Error)
		}
	})
}

func TestViewersAreCounted(t *testing.T) {
	w := start(t, nil)
	before, err := w.Position("a")
	if err != nil {
		t.Fatal(err)
	}
	first := connect(t, w, "", "")
	first.subscribe("show:a", nil)
	if e := first.event("show:a", TypeViewers); e["count"] != 1.0 {
		t.Errorf("first viewer: %v", e)
	}
	second := connect(t, w, "", "")
	second.subscribe("show:a", nil)
	if e := first.event("show:a", TypeViewers); e["count"] != 2.0 {
		t.Errorf("second viewer: %v", e)
	}
	_ = second.ws.Close()
	if e := first.event("show:a", TypeViewers); e["count"] != 1.0 {
		t.Errorf("second viewer left: %v", e)
	}
	desk := connect(t, w, "", "owner")
	desk.subscribe("show:a", nil)
	if n := w.Viewers("a"); n != 1 {
		t.Errorf("Viewers = %d with one viewer and one desk", n)
	}
	_ = desk.ws.Close()
	eventually(t, "the desk is forgotten", func() bool {
		w.members.mu.Lock()
		defer w.members.mu.Unlock()
		return len(w.members.all) == 0
	})
	// Counts are not part of what happened: they take no place in the history.
	after, err := w.Position("a")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Error("position moved by viewer counts\n" + diff)
	}
}

func TestLateOrRevokedDeskIsClosed(t *testing.T) {
	w := start(t, nil)
	w.recheck = time.Second
	b := connect(t, w, "", "owner")
	if m := b.subscribe("desk:mer_1", nil); m.Error != nil {
		t.Fatalf("%+v", m.Error)
	}
	if err := w.PublishDesk("mer_1", Order("o1")); err != nil {
		t.Fatal(err)
	}
	b.event(DeskTopic("mer_1"), TypeOrder)
	if at, err := w.DeskPosition("mer_1"); err != nil || at.Offset != 1 {
		t.Errorf("DeskPosition = %+v, %v", at, err)
	}
	w.access.revoke("owner")
	b.closed()
}

func TestConnectionsPerAddressAreBounded(t *testing.T) {
	w := start(t, func(c *Config) { c.MaxConnectionsPerAddress = 2 })
	first := connect(t, w, "", "")
	connect(t, w, "", "")
	if _, err := dial(w, "", ""); err == nil {
		t.Fatal("a third connection is accepted")
	}
	_ = first.ws.Close()
	eventually(t, "the place of a closed connection is free", func() bool {
		ws, err := dial(w, "", "")
		if err != nil {
			return false
		}
		_ = ws.Close()
		return true
	})
}

// A request that is no handshake must not keep a place.
func TestFailedHandshakesFreeTheirPlace(t *testing.T) {
	w := start(t, func(c *Config) { c.MaxConnectionsPerAddress = 1 })
	url := "http" + strings.TrimPrefix(w.url, "ws")
	for range 3 {
		resp, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusBadRequest {
			t.Errorf("plain GET: %s", resp.Status)
		}
	}
	connect(t, w, "", "")
	http.DefaultClient.CloseIdleConnections()
}

func TestSlowViewerIsDroppedAndNobodyElse(t *testing.T) {
	w := start(t, func(c *Config) { c.QueueBytes = 16 << 10; c.HistorySize = 16 })
	slow, quick := connect(t, w, "", ""), connect(t, w, "", "")
	for _, b := range []*browser{slow, quick} {
		if m := b.subscribe("show:a", nil); m.Error != nil {
			t.Fatalf("%+v", m.Error)
		}
	}
	big := strings.Repeat("x", 8<<10)
	for i := 0; w.Viewers("a") == 2; i++ {
		if i == 20_000 {
			t.Fatal("160 MB are kept for a viewer who does not read")
		}
		if err := w.Publish("a", Product(big)); err != nil {
			t.Fatal(err)
		}
		quick.event("show:a", TypeProduct)
	}
	if err := w.Publish("a", Show("still here")); err != nil {
		t.Fatal(err)
	}
	quick.event("show:a", TypeShow)
}

func TestGarbageEndsOnlyItsConnection(t *testing.T) {
	w := start(t, nil)
	good := connect(t, w, "", "")
	good.subscribe("show:a", nil)
	for _, garbage := range []string{"not json", `{"id":1}`, `{"id":1,"connect":[]}`, "", strings.Repeat("[", 4096),
		`{"id":1,"subscribe":{"channel":"show:a"}}`, strings.Repeat("y", maxMessage+1)} {
		ws, err := dial(w, "", "")
		if err != nil {
			t.Fatal(err)
		}
		_ = websocket.Message.Send(ws, garbage)
		(&browser{t: t, ws: ws}).closed()
		_ = ws.Close()
	}
	if err := w.Publish("a", Show("s")); err != nil {
		t.Fatal(err)
	}
	good.event("show:a", TypeShow)
}

func TestBeforeRun(t *testing.T) {
	f, err := New(DefaultConfig(), Deps{Access: &access{}, Metrics: prometheus.NewRegistry(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Publish("a", Show("s")); err != nil {
		t.Errorf("Publish: %v", err)
	}
	if _, err := f.Position("a"); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("Position: %v", err)
	}
	rec := httptest.NewRecorder()
	f.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/realtime", nil))
	if rec.Code != http.StatusServiceUnavailable {
		t.Errorf("handshake: %d", rec.Code)
	}
}

func TestRunSaysGoodbye(t *testing.T) {
	w := start(t, nil)
	b := connect(t, w, "", "")
	b.subscribe("show:a", nil)
	gone := make(chan struct{})
	go func() { b.closed(); _ = b.ws.Close(); close(gone) }()
	w.stop()
	<-gone
	if n := w.Connections(); n != 0 {
		t.Errorf("%d connections are left", n)
	}
}

// A browser that never answers the goodbye is cut.
func TestRunDoesNotWaitForTheDead(t *testing.T) {
	w := start(t, nil)
	connect(t, w, "", "")
	started := time.Now()
	w.stop()
	if d := time.Since(started); d > shutdownGrace+10*time.Second {
		t.Errorf("shutdown took %v", d)
	}
}

func TestConfig(t *testing.T) {
	if err := DefaultConfig().Validate(); err != nil {
		t.Errorf("defaults: %v", err)
	}
	for field, change := range map[string]func(*Config){
		"history_size":                func(c *Config) { c.HistorySize = 0 },
		"history_ttl":                 func(c *Config) { c.HistoryTTL = time.Second },
		"queue_bytes":                 func(c *Config) { c.QueueBytes = 1 << 30 },
		"max_connections":             func(c *Config) { c.MaxConnections = 0 },
		"max_connections_per_address": func(c *Config) { c.MaxConnectionsPerAddress = -1 },
		"viewers_every":               func(c *Config) { c.ViewersEvery = 0 },
	} {
		cfg := DefaultConfig()
		change(&cfg)
		err, ok := cfg.Validate().(*fault.Error)
		if !ok || err.Kind != fault.Invalid || err.Field != field || err.Hint == "" {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func FuzzForeignOrigin(f *testing.F) {
	for _, s := range []string{"", "https://shop.example", "http://box:8080", "null", "http://", "://", "https://box:8080@evil.example", "HTTP://BOX:8080"} {
		f.Add(s, "box:8080")
	}
	f.Fuzz(func(t *testing.T, origin, host string) {
		r := &http.Request{Host: host, Header: http.Header{"Origin": {origin}}}
		if got := foreignOrigin(r); got != "" && got != origin {
			t.Errorf("foreignOrigin(%q at %q) = %q", origin, host, got)
		}
	})
}
