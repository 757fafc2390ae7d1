package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/websocket"
)

// follow connects to the feed and subscribes to topic from the position in an answer; it gives the next data of any
// event that comes, recovered or live. Errors of the subscription end the test unless refused is wanted.
func (w *world) follow(topic, position string, headers http.Header) (next func() string, refused bool) {
	w.t.Helper()
	cfg, err := websocket.NewConfig("ws"+strings.TrimPrefix(w.url, "http")+"/realtime", w.url)
	if err != nil {
		w.t.Fatal(err)
	}
	cfg.Header = headers
	ws, err := websocket.DialConfig(cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = ws.Close() })
	since := ""
	if position != "" {
		since = `,"recover":true,` + strings.TrimPrefix(strings.TrimSuffix(position, "}"), "{")
	}
	send := func(s string) {
		w.t.Helper()
		if err := websocket.Message.Send(ws, s); err != nil {
			w.t.Fatal(err)
		}
	}
	send(`{"id":1,"connect":{}}` + "\n" + `{"id":2,"subscribe":{"channel":"` + topic + `"` + since + `}}`)
	var pending []string
	var subscribed bool
	read := func() {
		w.t.Helper()
		_ = ws.SetDeadline(time.Now().Add(patience))
		var frame string
		if err := websocket.Message.Receive(ws, &frame); err != nil {
			w.t.Fatalf("following %s: %v", topic, err)
		}
		for line := range strings.Lines(frame) {
			var m struct {
				ID        int
				Error     *struct{ Code int }
				Subscribe *struct {
					Publications []struct{ Data json.RawMessage }
				}
				Push *struct {
					Pub *struct{ Data json.RawMessage }
				}
			}
			if err := json.Unmarshal([]byte(line), &m); err != nil {
				w.t.Fatalf("not JSON: %q", line)
			}
			switch {
			case m.Error != nil:
				refused = true
			case m.Subscribe != nil:
				subscribed = true
				for _, p := range m.Subscribe.Publications {
					pending = append(pending, string(p.Data))
				}
			case m.Push != nil && m.Push.Pub != nil:
				pending = append(pending, string(m.Push.Pub.Data))
			}
		}
	}
	for !subscribed && !refused {
		read()
	}
	return func() string {
		w.t.Helper()
		for {
			for len(pending) == 0 {
				read()
			}
			e := pending[0]
			pending = pending[1:]
			if !strings.Contains(e, `"type":"viewers"`) {
				return e
			}
		}
	}, refused
}

// A viewer reads the state and follows from it: a pin put between the two is not missed, a sale after them shows.
func TestStateThenFollow(t *testing.T) {
	w := open(t)
	w.sell(6)
	_, text := w.do(call{method: "GET", path: "/api/shows/tea/state", want: 200, save: map[string]string{"position": "position"}})
	if strings.Contains(text, `"left"`) {
		t.Errorf("a stock of 6 is told: %s", text)
	}
	w.do(call{as: "owner", method: "POST", path: "/api/shows/tea/pins", body: `{"product":"{product}"}`, want: 201, save: map[string]string{"pin": "pin.id"}})
	next, _ := w.follow("show:tea", w.vars["position"], nil)
	if e := next(); !strings.Contains(e, `"type":"pin"`) || !strings.Contains(e, w.vars["pin"]) {
		t.Errorf("first event: %s", e)
	}
	w.do(call{method: "POST", path: "/api/shows/tea/orders", headers: map[string]string{"Idempotency-Key": "key-0000001"},
		body: `{"items":[{"sku":"{sku}","quantity":2}],"pin":"{pin}",` + buyer + `}`, want: 201})
	if e := next(); !strings.Contains(e, `"state":"low"`) || !strings.Contains(e, `"left":4`) || strings.Contains(e, `"stock"`) {
		t.Errorf("after a sale: %s", e)
	}
	w.do(call{as: "owner", method: "DELETE", path: "/api/shows/tea/pins", want: 200})
	if e := next(); !strings.Contains(e, `"type":"unpin"`) || !strings.Contains(e, `"end":"`) {
		t.Errorf("after the unpin: %s", e)
	}
	// Who joins now is told of the pin that has just ended: the picture is behind.
	w.do(call{method: "GET", path: "/api/shows/tea/state", want: 200, has: `"id":"{pin}"`})
}

func TestDeskFollowsOrders(t *testing.T) {
	w := open(t)
	w.sell(6)
	cookie := w.signIn("owner")
	w.do(call{method: "GET", path: "/api/shows/tea/desk", headers: map[string]string{"Cookie": cookie}, want: 200,
		save: map[string]string{"desk": "deskChannel", "deskPosition": "deskPosition"}})
	w.do(call{method: "POST", path: "/api/shows/tea/orders", headers: map[string]string{"Idempotency-Key": "key-0000001"},
		body: `{"items":[{"sku":"{sku}","quantity":2}],` + buyer + `}`, want: 201, save: map[string]string{"number": "order.number"}})
	next, _ := w.follow(w.vars["desk"], w.vars["deskPosition"], http.Header{"Cookie": {cookie}})
	if e := next(); !strings.Contains(e, `"type":"order"`) || !strings.Contains(e, w.vars["number"]) || !strings.Contains(e, "Hauptstr") {
		t.Errorf("first event: %s", e)
	}
	for name, h := range map[string]http.Header{"nobody": nil, "another merchant": {"Authorization": {"Bearer " + w.tokens["other"]}}} {
		if _, refused := w.follow(w.vars["desk"], "", h); !refused {
			t.Errorf("%s may read the desk", name)
		}
	}
	if _, refused := w.follow("show:none", "", nil); !refused {
		t.Error("a show that does not exist can be followed")
	}
}

// What viewers are told of stock, number by number.
func TestStockIsNotLeaked(t *testing.T) {
	w := open(t)
	w.sell(0)
	for stock := range 12 {
		w.do(call{as: "owner", method: "PATCH", path: "/api/skus/{sku}", body: fmt.Sprintf(`{"stock":%d}`, stock), want: 200})
		want := `"state":"in"}`
		switch {
		case stock == 0:
			want = `"state":"out"}`
		case stock <= w.catalogue.LowStock():
			want = fmt.Sprintf(`"state":"low","left":%d}`, stock)
		}
		// The change is in the very next answer, whatever was rendered before.
		w.do(call{method: "GET", path: "/api/shows/tea/state", want: 200, has: want, hasNo: `"stock"`})
	}
}
