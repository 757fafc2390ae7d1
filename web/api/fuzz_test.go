package api_test

import (
	"net/http/httptest"
	"strings"
	"testing"
)

// Whatever is sent, the answer is a success or says what was wrong with it; it is never our own failure.
func FuzzBodies(f *testing.F) {
	w := open(f, func(s *setup) { s.api.OrdersPerMinute, s.api.QuotesPerMinute = 100_000, 100_000 })
	w.sell(1000)
	routes := []struct{ method, path, as string }{
		{"POST", "/api/shows/tea/quote", ""}, {"POST", "/api/shows/tea/orders", ""}, {"POST", "/api/shows/tea/pins", "owner"},
		{"POST", "/api/products", "owner"}, {"PATCH", "/api/products/{product}", "owner"}, {"PATCH", "/api/skus/{sku}", "owner"},
		{"POST", "/api/shows", "owner"}, {"PATCH", "/api/shows/tea", "owner"}, {"PUT", "/api/shows/tea/lineup", "owner"},
		{"POST", "/api/products/import?dryRun=true&noFetch=true", "owner"}, {"POST", "/api/products/{product}/images", "owner"},
	}
	item := w.fill(`{"items":[{"sku":"{sku}","quantity":1}]}`)
	for i, body := range []string{item, w.fill(`{"items":[{"sku":"{sku}","quantity":1}],` + buyer + `}`), w.fill(`{"product":"{product}","at":"2026-01-01T00:00:00Z"}`),
		`{"title":"x","skus":[{"price":{"amount":1,"currency":"EUR"}}]}`, `{"skus":[],"options":["a"],"images":["x"],"rev":-1}`, `{"price":{"amount":-1},"stock":-1}`,
		`{"title":"x","slug":"../x","currency":"EURO"}`, `{"startsAt":"0000-00-00T00:00:00Z","ways":["x"]}`, w.fill(`{"products":["{product}","{product}"]}`),
		"Title,URL handle,Price\nx,y,1\n", "\x89PNG\r\n\x1a\n"} {
		f.Add(uint8(i), body)
	}
	for _, body := range []string{"", "null", "[]", `"x"`, "{}", `{"items":null}`, `{"items":[null]}`, `{"items":{}}`, "{\"a\":\"\x00\"}", strings.Repeat("[", 10000), `{"items":[{"sku":"x","quantity":1e99}]}`} {
		f.Add(uint8(0), body)
		f.Add(uint8(1), body)
	}
	f.Fuzz(func(t *testing.T, route uint8, body string) {
		to := routes[int(route)%len(routes)]
		r := httptest.NewRequest(to.method, w.fill(to.path), strings.NewReader(body))
		r.Header.Set("Idempotency-Key", "key-"+strings.Repeat("0", 8))
		r.RemoteAddr = "192.0.2.1:1"
		if to.as != "" {
			r.Header.Set("Authorization", "Bearer "+w.tokens[to.as])
		}
		rec := httptest.NewRecorder()
		w.api.Handler().ServeHTTP(rec, r)
		if rec.Code >= 500 {
			t.Errorf("%s %s %q: %d %s", to.method, to.path, body, rec.Code, rec.Body)
		}
	})
}
