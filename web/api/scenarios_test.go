package api_test

import (
	"strings"
	"testing"
)

// The desk's and the viewer's way through the shop, in one story: each call builds on those before it.
func TestStory(t *testing.T) {
	w := open(t)
	for _, c := range []call{
		// A product.
		{as: "owner", method: "POST", path: "/api/products", want: 201,
			body: `{"title":"Teapot","description":"Stoneware","vendor":"Workshop","options":["Glaze"],"skus":[
				{"code":"T-B","options":["Blue"],"price":{"amount":4900,"currency":"EUR"},"compareAt":5900,"stock":20},
				{"code":"T-G","options":["Green"],"price":{"amount":4900,"currency":"EUR"},"compareAt":null,"stock":3}]}`,
			has:  `"stock":20`,
			save: map[string]string{"product": "product.id", "sku": "product.skus.0.id", "sku2": "product.skus.1.id", "rev": "product.rev"}},
		{as: "owner", method: "GET", path: "/api/products/{product}", want: 200, has: `"handle":"teapot"`},
		{as: "owner", method: "GET", path: "/api/products?q=teap&limit=1", want: 200, has: `"next":"teapot"`},
		{as: "owner", method: "GET", path: "/api/products?q=nothing", want: 200, has: `{"products":[],"next":""}`},
		{as: "owner", method: "PATCH", path: "/api/products/{product}", body: `{"title":"Teapot, large","rev":{rev}}`, want: 200, has: `"title":"Teapot, large"`},
		{as: "owner", method: "PATCH", path: "/api/products/{product}", body: `{"title":"Again","rev":{rev}}`, want: 409, kind: "conflict", field: "rev"},
		{as: "owner", method: "PATCH", path: "/api/skus/{sku}", body: `{"price":{"amount":4500},"stock":2}`, want: 200, has: `"price":{"amount":4500,"currency":"EUR"},"compareAt":5900,"stock":2,"state":"low"`},
		{as: "owner", method: "PATCH", path: "/api/skus/{sku}", body: `{"adjust":-5}`, want: 409, kind: "conflict", field: "adjust"},
		{as: "owner", method: "GET", path: "/api/skus/{sku}/prices", want: 200, has: `"price":{"amount":4900`},

		// A show.
		{as: "owner", method: "POST", path: "/api/shows", want: 201,
			body: `{"slug":"tea","title":"Tea time","startsAt":"2030-01-02T03:04:05Z","currency":"EUR","ways":["cash_on_delivery","bank_transfer"],
				"paymentNote":"IBAN DE00","embedOrigins":["https://blog.example"]}`,
			has: `"status":"scheduled"`, save: map[string]string{"key": "show.streamKey"}},
		{as: "owner", method: "POST", path: "/api/shows", body: `{"slug":"tea","title":"Again","currency":"EUR"}`, want: 409, kind: "conflict", field: "slug"},
		{as: "owner", method: "PUT", path: "/api/shows/tea/lineup", body: `{"products":["{product}"]}`, want: 200, has: `"lineup":["{product}"]`},
		{as: "owner", method: "PATCH", path: "/api/shows/tea", body: `{"description":"With biscuits"}`, want: 200, has: `"description":"With biscuits"`},
		{method: "GET", path: "/api/shows", want: 200, has: `"slug":"tea"`, hasNo: "IBAN"},
		{as: "owner", method: "GET", path: "/api/shows?mine=true", want: 200, has: `"paymentNote":"IBAN DE00"`, hasNo: "{key}"},
		{as: "other", method: "GET", path: "/api/shows?mine=true", want: 200, has: `{"shows":[]}`},
		{as: "other", method: "GET", path: "/api/shows", want: 200, has: `"slug":"tea"`, hasNo: "IBAN"},
		{method: "GET", path: "/api/shows?mine=true", want: 401, kind: "unauthorized"},
		{method: "GET", path: "/api/shows?status=ended", want: 200, has: `{"shows":[]}`},
		{method: "GET", path: "/api/shows/tea", want: 200, has: `"title":"Tea time"`, hasNo: "{key}"},
		{as: "owner", method: "GET", path: "/api/shows/tea", want: 200, has: `"embedOrigins":["https://blog.example"]`, hasNo: "{key}"},
		{as: "owner", method: "POST", path: "/api/shows/tea/pins", body: `{"product":"{product}"}`, want: 409, kind: "conflict"},
		{as: "owner", method: "POST", path: "/api/shows/tea/start", want: 200, has: `"status":"live"`},
		{as: "owner", method: "POST", path: "/api/shows/tea/key", want: 200, hasNo: "{key}", save: map[string]string{"key": "streamKey"}},

		// On screen.
		{as: "owner", method: "POST", path: "/api/shows/tea/pins", body: `{"product":"{product}","sku":"{sku}"}`, want: 201,
			has: `"bound":{"start":"`, save: map[string]string{"pin": "pin.id"}},
		{as: "owner", method: "POST", path: "/api/shows/tea/pins", body: `{"product":"{product}"}`, want: 409, kind: "conflict"},
		{as: "owner", method: "POST", path: "/api/shows/tea/pins", body: `{"product":"prd_none"}`, want: 400, kind: "invalid", field: "product"},
		{as: "owner", method: "POST", path: "/api/shows/tea/pins", body: `{"product":"{product}","at":"yesterday"}`, want: 400, kind: "invalid", field: "at"},
		{as: "owner", method: "GET", path: "/api/shows/tea/pins?open=true", want: 200, has: `"id":"{pin}"`},
		{method: "GET", path: "/api/shows/tea/state", want: 200, has: `"id":"{pin}"`},
		{as: "owner", method: "GET", path: "/api/shows/tea/desk", want: 200, has: `"streamKey":"{key}"`},
		{as: "owner", method: "DELETE", path: "/api/shows/tea/pins/{pin}", want: 200, has: `"id":"{pin}"`},
		{as: "owner", method: "DELETE", path: "/api/shows/tea/pins/{pin}", want: 200, has: `"id":"{pin}"`},
		{as: "owner", method: "DELETE", path: "/api/shows/tea/pins/pin_none", want: 404, kind: "not_found"},
		{as: "owner", method: "DELETE", path: "/api/shows/tea/pins", want: 200, has: `{"pins":[]}`},

		// A cart and an order.
		{method: "POST", path: "/api/shows/tea/quote", body: `{"items":[{"sku":"{sku}","quantity":1}]}`, want: 200, has: `"total":{"amount":4500,"currency":"EUR"}`},
		{method: "POST", path: "/api/shows/tea/quote", body: `{"items":[{"sku":"{sku}","quantity":3}]}`, want: 200, has: `"unavailable":[{"sku":"{sku}","asked":3,"left":2}]`},
		{method: "POST", path: "/api/shows/tea/orders", body: `{"items":[{"sku":"{sku}","quantity":1}],` + buyer + `}`, want: 400, kind: "invalid", field: "Idempotency-Key"},
		{method: "POST", path: "/api/shows/tea/orders", headers: map[string]string{"Idempotency-Key": "key-0000001"},
			body: `{"items":[{"sku":"{sku}","quantity":1}],"pin":"{pin}","expect":{"amount":4900,"currency":"EUR"},` + buyer + `}`,
			want: 409, kind: "conflict", field: "expect", has: `"quote":{"show":"tea"`},
		{method: "POST", path: "/api/shows/tea/orders", headers: map[string]string{"Idempotency-Key": "key-0000001"},
			body: `{"items":[{"sku":"{sku}","quantity":2}],"pin":"{pin}","expect":{"amount":9000,"currency":"EUR"},` + buyer + `}`,
			want: 201, has: `"status":"awaiting_merchant"`, save: map[string]string{"order": "order.id", "token": "token", "number": "order.number"}},
		{method: "POST", path: "/api/shows/tea/orders", headers: map[string]string{"Idempotency-Key": "key-0000001"},
			body: `{"items":[{"sku":"{sku}","quantity":2}],"pin":"{pin}","expect":{"amount":9000,"currency":"EUR"},` + buyer + `}`,
			want: 201, has: `"token":"{token}"`},
		{method: "POST", path: "/api/shows/tea/orders", headers: map[string]string{"Idempotency-Key": "key-0000001"},
			body: `{"items":[{"sku":"{sku2}","quantity":1}],` + buyer + `}`, want: 409, kind: "conflict"},
		{method: "POST", path: "/api/shows/tea/orders", headers: map[string]string{"Idempotency-Key": "key-0000002"},
			body: `{"items":[{"sku":"{sku}","quantity":1}],` + buyer + `}`,
			want: 409, kind: "sold_out", field: "items[0]", has: `"shortage":{"sku":"{sku}","asked":1,"left":0}`},
		{method: "GET", path: "/api/shows/tea/state", want: 200, has: `"state":"out"`, hasNo: `"left":0`},
		{method: "GET", path: "/api/orders/{order}/status?token={token}", want: 200, has: `"number":"{number}"`, hasNo: "Hauptstr"},
		{method: "GET", path: "/api/orders/{order}/status?token=guess", want: 404, kind: "not_found"},
		{method: "GET", path: "/api/orders/{order}/status", want: 400, kind: "invalid", field: "token"},
		{as: "owner", method: "GET", path: "/api/orders?show=tea&status=awaiting_merchant&limit=1", want: 200, has: `"next":"{order}"`},
		{as: "owner", method: "GET", path: "/api/orders?after={order}", want: 200, has: `{"orders":[],"next":""}`},
		{as: "owner", method: "GET", path: "/api/orders/{order}", want: 200, has: "Hauptstr"},
		{as: "owner", method: "GET", path: "/api/shows/tea/desk", want: 200, has: `"openOrders":1,"totals":{"orders":1,"units":2,"revenue":{"amount":9000,"currency":"EUR"}}`},
		{as: "owner", method: "GET", path: "/api/orders/export", want: 200, has: "{number}"},
		{as: "owner", method: "POST", path: "/api/orders/{order}/confirm", want: 200, has: `"status":"confirmed"`},
		{as: "owner", method: "GET", path: "/api/shows/tea/desk", want: 200, has: `"openOrders":0,"totals":{"orders":1,`},
		{method: "POST", path: "/api/shows/tea/orders", headers: map[string]string{"Idempotency-Key": "key-0000003"},
			body: `{"items":[{"sku":"{sku2}","quantity":1}],` + buyer + `}`, want: 201, save: map[string]string{"order2": "order.id"}},
		{as: "owner", method: "POST", path: "/api/orders/{order2}/confirm", want: 200, has: `"status":"confirmed"`},
		{as: "owner", method: "POST", path: "/api/orders/{order2}/cancel", body: `{"reason":"` + strings.Repeat("x", 501) + `"}`, want: 400, kind: "invalid", field: "reason"},
		{as: "owner", method: "POST", path: "/api/orders/{order2}/cancel", body: `{"reason":"broken"}`, want: 200, has: `"status":"cancelled","reason":"broken"`},
		{as: "owner", method: "POST", path: "/api/orders/{order2}/cancel", want: 200, has: `"reason":"broken"`},
		{as: "owner", method: "GET", path: "/api/shows/tea/desk", want: 200, has: `"totals":{"orders":1,`},

		// The end.
		{as: "owner", method: "DELETE", path: "/api/products/{product}", want: 200, has: `"archived":true`},
		{method: "GET", path: "/api/shows/tea/state", want: 200, has: `"products":[]`},
		{as: "owner", method: "PATCH", path: "/api/products/{product}", body: `{"archived":false}`, want: 200, has: `"archived":false`},
		{method: "GET", path: "/api/shows/tea/state", want: 200, has: `"handle":"teapot"`},
		{as: "owner", method: "POST", path: "/api/shows/tea/end", want: 200, has: `"status":"ended"`},
		{as: "owner", method: "POST", path: "/api/shows/tea/start", want: 409, kind: "conflict"},
	} {
		w.do(c)
	}
}

// Who may do what, and what is said to who may not.
func TestDoors(t *testing.T) {
	w := open(t)
	w.sell(10)
	w.do(call{method: "POST", path: "/api/shows/tea/orders", headers: map[string]string{"Idempotency-Key": "key-0000001"},
		body: `{"items":[{"sku":"{sku}","quantity":1}],` + buyer + `}`, want: 201, save: map[string]string{"order": "order.id"}})
	for _, c := range []struct{ method, path, body string }{
		{"GET", "/api/session", ""}, {"POST", "/api/session/password", `{"current":"x","password":"y"}`},
		{"GET", "/api/tokens", ""}, {"POST", "/api/tokens", `{"name":"x"}`}, {"DELETE", "/api/tokens/tok_x", ""},
		{"GET", "/api/users", ""}, {"POST", "/api/users", `{"name":"x","password":"y"}`}, {"POST", "/api/users/usr_x/password", `{"password":"y"}`},
		{"GET", "/api/products", ""}, {"POST", "/api/products", `{"title":"x","skus":[]}`}, {"GET", "/api/products/{product}", ""},
		{"PATCH", "/api/products/{product}", `{}`}, {"DELETE", "/api/products/{product}", ""}, {"POST", "/api/products/{product}/images", "x"},
		{"DELETE", "/api/products/{product}/images/img_x", ""}, {"PATCH", "/api/skus/{sku}", `{}`}, {"GET", "/api/skus/{sku}/prices", ""},
		{"POST", "/api/products/import", "x"}, {"GET", "/api/products/export", ""}, {"POST", "/api/shows", `{"title":"x"}`},
		{"PATCH", "/api/shows/tea", `{}`}, {"POST", "/api/shows/tea/start", ""}, {"POST", "/api/shows/tea/end", ""},
		{"PUT", "/api/shows/tea/lineup", `{"products":[]}`}, {"GET", "/api/shows/tea/desk", ""}, {"POST", "/api/shows/tea/key", ""},
		{"POST", "/api/shows/tea/pins", `{"product":"{product}"}`}, {"GET", "/api/shows/tea/pins", ""}, {"DELETE", "/api/shows/tea/pins/pin_x", ""},
		{"DELETE", "/api/shows/tea/pins", ""}, {"GET", "/api/orders", ""}, {"GET", "/api/orders/{order}", ""},
		{"POST", "/api/orders/{order}/confirm", ""}, {"POST", "/api/orders/{order}/cancel", ""}, {"GET", "/api/orders/export", ""}, {"POST", "/api/backup", ""},
	} {
		w.do(call{name: "nobody", method: c.method, path: c.path, body: c.body, want: 401, kind: "unauthorized"})
		w.do(call{name: "wrong token", method: c.method, path: c.path, body: c.body, want: 401, kind: "unauthorized",
			headers: map[string]string{"Authorization": "Bearer lst_wrong"}})
	}
	// Another merchant's things are as good as none, for reading and for changing.
	for _, c := range []struct{ method, path, body string }{
		{"GET", "/api/products/{product}", ""}, {"PATCH", "/api/products/{product}", `{"title":"mine"}`}, {"DELETE", "/api/products/{product}", ""},
		{"POST", "/api/products/{product}/images", "x"}, {"DELETE", "/api/products/{product}/images/img_x", ""},
		{"PATCH", "/api/skus/{sku}", `{"stock":0}`}, {"GET", "/api/skus/{sku}/prices", ""}, {"PATCH", "/api/shows/tea", `{"title":"mine"}`},
		{"POST", "/api/shows/tea/start", ""}, {"POST", "/api/shows/tea/end", ""}, {"PUT", "/api/shows/tea/lineup", `{"products":[]}`},
		{"GET", "/api/shows/tea/desk", ""}, {"POST", "/api/shows/tea/key", ""}, {"POST", "/api/shows/tea/pins", `{"product":"{product}"}`},
		{"GET", "/api/shows/tea/pins", ""}, {"DELETE", "/api/shows/tea/pins/pin_x", ""}, {"DELETE", "/api/shows/tea/pins", ""},
		{"GET", "/api/orders/{order}", ""}, {"POST", "/api/orders/{order}/confirm", ""}, {"POST", "/api/orders/{order}/cancel", ""},
	} {
		w.do(call{name: "other", as: "other", method: c.method, path: c.path, body: c.body, want: 404, kind: "not_found"})
	}
	for _, c := range []call{
		{as: "other", method: "GET", path: "/api/orders", want: 200, has: `"orders":[]`},
		{as: "other", method: "GET", path: "/api/products", want: 200, has: `"products":[]`},
		{as: "other", method: "GET", path: "/api/products?merchant={merchant}", want: 403, kind: "forbidden", field: "merchant"},
		{as: "other", method: "GET", path: "/api/orders/export", want: 200, hasNo: "Teapot"},
		{as: "owner", method: "GET", path: "/api/users", want: 403, kind: "forbidden"},
		{as: "owner", method: "POST", path: "/api/users", body: `{"name":"x","password":"0123456789ab"}`, want: 403, kind: "forbidden"},
		{as: "owner", method: "POST", path: "/api/backup", want: 403, kind: "forbidden"},
		{as: "owner", method: "POST", path: "/api/tokens", body: `{"name":"x","role":"admin"}`, want: 403, kind: "forbidden", field: "role"},
		// An admin sees everything.
		{as: "admin", method: "GET", path: "/api/orders", want: 200, has: "{order}"},
		{as: "admin", method: "GET", path: "/api/shows/tea/desk", want: 200, has: `"streamKey"`},
		{as: "admin", method: "GET", path: "/api/products?merchant={otherMerchant}", want: 200, has: `"products":[]`},
		// Things that are not there.
		{as: "owner", method: "GET", path: "/api/products/prd_none", want: 404, kind: "not_found"},
		{as: "owner", method: "GET", path: "/api/orders/ord_none", want: 404, kind: "not_found"},
		{method: "GET", path: "/api/shows/none", want: 404, kind: "not_found"},
		{method: "GET", path: "/api/shows/none/state", want: 404, kind: "not_found"},
		{method: "POST", path: "/api/shows/none/quote", body: `{"items":[{"sku":"x","quantity":1}]}`, want: 404, kind: "not_found"},
		{method: "GET", path: "/api/nothing", want: 404, kind: "not_found"},
		{method: "PUT", path: "/api/shows", want: 405, kind: "invalid"},
		{method: "DELETE", path: "/api/shows/tea/state", want: 405, kind: "invalid"},
	} {
		w.do(c)
	}
}

// What is wrong with a request is said with the field and the fix.
func TestWrongRequests(t *testing.T) {
	w := open(t)
	w.sell(10)
	key := map[string]string{"Idempotency-Key": "key-0000001"}
	for _, c := range []call{
		{name: "no JSON", method: "POST", path: "/api/shows/tea/quote", body: `{"items":`, want: 400, kind: "invalid", has: "The body cannot be read"},
		{name: "not an object", method: "POST", path: "/api/shows/tea/quote", body: `[]`, want: 400, kind: "invalid"},
		{name: "empty", method: "POST", path: "/api/shows/tea/quote", want: 400, kind: "invalid"},
		{name: "other type", method: "POST", path: "/api/shows/tea/quote", body: `x`, headers: map[string]string{"Content-Type": "text/plain"}, want: 400, kind: "invalid"},
		{name: "missing", method: "POST", path: "/api/shows/tea/quote", body: `{}`, want: 400, kind: "invalid", field: "items", has: "items is missing."},
		{name: "missing inside", method: "POST", path: "/api/shows/tea/quote", body: `{"items":[{"sku":"{sku}"}]}`, want: 400, kind: "invalid", field: "items[0].quantity"},
		{name: "wrong type", method: "POST", path: "/api/shows/tea/quote", body: `{"items":[{"sku":"{sku}","quantity":"two"}]}`, want: 400, kind: "invalid", field: "items[0].quantity", has: "expected integer"},
		{name: "half", method: "POST", path: "/api/shows/tea/quote", body: `{"items":[{"sku":"{sku}","quantity":1.5}]}`, want: 400, kind: "invalid", field: "items[0].quantity"},
		{name: "unknown", method: "POST", path: "/api/shows/tea/quote", body: `{"items":[],"coupon":"x"}`, want: 400, kind: "invalid", field: "coupon", has: "not known here"},
		{name: "several", method: "POST", path: "/api/shows/tea/quote", body: `{"items":[{}]}`, want: 400, kind: "invalid", field: "items[0].quantity", has: "Also: items[0].sku is missing."},
		{name: "too many", method: "POST", path: "/api/shows/tea/quote", body: `{"items":[{"sku":"{sku}","quantity":100}]}`, want: 400, kind: "invalid", field: "items[0].quantity"},
		{name: "empty cart", method: "POST", path: "/api/shows/tea/quote", body: `{"items":[]}`, want: 400, kind: "invalid", field: "items"},
		{name: "unknown SKU", method: "POST", path: "/api/shows/tea/quote", body: `{"items":[{"sku":"sku_none","quantity":1}]}`, want: 400, kind: "invalid", field: "items[0].sku"},
		{name: "no contact", method: "POST", path: "/api/shows/tea/orders", headers: key, body: `{"items":[{"sku":"{sku}","quantity":1}],"way":"cash_on_delivery"}`, want: 400, kind: "invalid", field: "contact"},
		{name: "no phone", method: "POST", path: "/api/shows/tea/orders", headers: key,
			body: `{"items":[{"sku":"{sku}","quantity":1}],"contact":{"name":"Li"},"address":{"line1":"x","city":"y"},"way":"cash_on_delivery"}`, want: 400, kind: "invalid", field: "contact.phone"},
		{name: "no address", method: "POST", path: "/api/shows/tea/orders", headers: key,
			body: `{"items":[{"sku":"{sku}","quantity":1}],"contact":{"name":"Li","phone":"+4915112345"},"way":"cash_on_delivery"}`, want: 400, kind: "invalid", field: "address.line1"},
		{name: "no such way", method: "POST", path: "/api/shows/tea/orders", headers: key,
			body: `{"items":[{"sku":"{sku}","quantity":1}],"contact":{"name":"Li","phone":"+4915112345"},"address":{"line1":"x","city":"y"},"way":"gold"}`, want: 400, kind: "invalid", field: "way"},
		{name: "short key", method: "POST", path: "/api/shows/tea/orders", headers: map[string]string{"Idempotency-Key": "x"},
			body: `{"items":[{"sku":"{sku}","quantity":1}],` + buyer + `}`, want: 400, kind: "invalid", field: "Idempotency-Key"},
		{name: "no price", as: "owner", method: "POST", path: "/api/products", body: `{"title":"x","skus":[{"stock":1}]}`, want: 400, kind: "invalid", field: "skus[0].price"},
		{name: "free", as: "owner", method: "POST", path: "/api/products", body: `{"title":"x","skus":[{"price":{"amount":0,"currency":"EUR"}}]}`, want: 400, kind: "invalid", field: "skus[0].price"},
		{name: "limit", as: "owner", method: "GET", path: "/api/products?limit=501", want: 400, kind: "invalid", field: "limit", has: "expected number <= 500"},
		{name: "limit", as: "owner", method: "GET", path: "/api/products?limit=many", want: 400, kind: "invalid", field: "limit"},
		{name: "status", as: "owner", method: "GET", path: "/api/orders?status=lost", want: 400, kind: "invalid", field: "status[0]"},
		{name: "stock and adjust", as: "owner", method: "PATCH", path: "/api/skus/{sku}", body: `{"stock":1,"adjust":1}`, want: 400, kind: "invalid", field: "adjust"},
		{name: "not an origin", as: "owner", method: "PATCH", path: "/api/shows/tea", body: `{"embedOrigins":["blog.example"]}`, want: 400, kind: "invalid", field: "embedOrigins[0]"},
	} {
		w.do(c)
	}
}
