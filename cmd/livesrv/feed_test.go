package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/websocket"
)

// follower reads what the realtime feed tells one browser.
type follower struct {
	t    *testing.T
	conn *websocket.Conn
}

// follow subscribes to a topic as a browser does; token is "" for a viewer.
func (s *server) follow(t *testing.T, topic, token string) *follower {
	t.Helper()
	cfg, err := websocket.NewConfig(strings.Replace(s.url, "http", "ws", 1)+"/realtime", s.url)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		cfg.Header = http.Header{"Authorization": {"Bearer " + token}}
	}
	conn, err := cfg.DialContext(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	f := &follower{t, conn}
	for _, line := range []string{`{"id":1,"connect":{}}`, `{"id":2,"subscribe":{"channel":"` + topic + `"}}`} {
		if err := websocket.Message.Send(conn, line); err != nil {
			t.Fatal(err)
		}
	}
	f.line(`"subscribe":{`)
	return f
}

// line reads until a line holds text, and gives that line.
func (f *follower) line(text string) string {
	f.t.Helper()
	if err := f.conn.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		f.t.Fatal(err)
	}
	var seen []string
	for {
		var frame string
		if err := websocket.Message.Receive(f.conn, &frame); err != nil {
			f.t.Fatalf("no %s: %v; there was\n%s", text, err, strings.Join(seen, "\n"))
		}
		for line := range strings.Lines(frame) {
			if strings.Contains(line, text) {
				return line
			}
			seen = append(seen, line)
		}
	}
}

// event reads until an event of a type comes, and gives its value.
func (f *follower) event(name, field string) json.RawMessage {
	f.t.Helper()
	line := f.line(`"type":"` + name + `"`)
	var push struct {
		Push struct {
			Pub struct{ Data map[string]json.RawMessage }
		}
	}
	if err := json.Unmarshal([]byte(line), &push); err != nil {
		f.t.Fatal(err)
	}
	return push.Push.Pub.Data[field]
}

// TestChangesReachBrowsers: what a merchant changes reaches who watches, what a viewer buys reaches the desk, and the
// state that is asked for afterwards says the same.
func TestChangesReachBrowsers(t *testing.T) {
	s := startServer(t)
	products := writeFile(t, "products.csv", "handle,title,sku,price,currency,stock\nmug,Mug,MUG,24.00,EUR,7\npot,Pot,POT,68.00,EUR,20\n")
	s.run(t, "", "product", "import", products).fine(t)
	s.run(t, "", "show", "create", "tea", "--currency", "EUR", "--product", "mug").fine(t)
	viewer, desk := s.follow(t, "show:tea", ""), s.follow(t, "desk:"+string(s.Merchant()), s.token)

	s.run(t, "", "show", "start", "tea").fine(t)
	if v := string(viewer.event("show", "show")); !strings.Contains(v, `"status":"live"`) || strings.Contains(v, "treamKey") {
		t.Errorf("viewers are told %s", v)
	}
	s.run(t, "", "pin", "tea", "mug").fine(t)
	if v := string(viewer.event("pin", "pin")); !strings.Contains(v, `"id":"pin_`) {
		t.Errorf("viewers are told %s", v)
	}
	s.run(t, "", "unpin", "tea").fine(t)
	if v := string(viewer.event("unpin", "pin")); strings.Contains(v, `"end":null`) {
		t.Errorf("viewers are told %s", v)
	}

	auth := http.Header{"Authorization": {"Bearer " + s.token}}
	var list struct {
		Products []struct {
			ID, Handle string
			SKUs       []struct{ ID string }
		}
	}
	s.ask(t, http.MethodGet, "/api/products", auth, "", &list)
	mug, pot := list.Products[0], list.Products[1]
	s.ask(t, http.MethodPatch, "/api/skus/"+mug.SKUs[0].ID, auth, `{"price":{"amount":1900,"currency":"EUR"}}`, nil)
	if v := string(viewer.event("product", "product")); !strings.Contains(v, `"amount":1900`) || strings.Contains(v, `"stock"`) {
		t.Errorf("viewers are told %s", v)
	}
	if v := string(desk.event("product", "product")); !strings.Contains(v, `"stock":7`) {
		t.Errorf("the desk is told %s", v)
	}

	s.ask(t, http.MethodPut, "/api/shows/tea/lineup", auth, `{"products":["`+pot.ID+`","`+mug.ID+`"]}`, nil)
	if v := string(viewer.event("lineup", "products")); strings.Index(v, pot.ID) > strings.Index(v, mug.ID) {
		t.Errorf("viewers are told %s", v)
	}
	s.ask(t, http.MethodDelete, "/api/products/"+pot.ID, auth, "", nil)
	if v := string(viewer.event("lineup", "products")); strings.Contains(v, pot.ID) {
		t.Errorf("viewers are told of a product that is gone: %s", v)
	}

	s.ask(t, http.MethodPost, "/api/shows/tea/orders", http.Header{"Idempotency-Key": {"a-key-of-ours"}},
		`{"items":[{"sku":"`+mug.SKUs[0].ID+`","quantity":3}],"contact":{"name":"Ann","phone":"+49 30 1","email":""},
		"address":{"line1":"Hill 1","line2":"","city":"Berlin","region":"","postcode":"10115","country":"DE"},"note":"","way":"cash_on_delivery"}`, nil)
	if v := string(desk.event("order", "order")); !strings.Contains(v, `"awaiting_merchant"`) || !strings.Contains(v, `"amount":5700`) {
		t.Errorf("the desk is told %s", v)
	}
	if v := string(viewer.event("product", "product")); !strings.Contains(v, `"state":"low"`) || !strings.Contains(v, `"left":4`) {
		t.Errorf("viewers are told %s", v)
	}
	var state json.RawMessage
	s.ask(t, http.MethodGet, "/api/shows/tea/state", nil, "", &state)
	if v := string(state); !strings.Contains(v, `"left":4`) || !strings.Contains(v, `"amount":1900`) || strings.Contains(v, pot.ID+`","handle"`) {
		t.Errorf("the state says %s", v)
	}
}
