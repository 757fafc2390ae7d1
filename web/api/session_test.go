package api_test

import (
	"net/http"
	"strings"
	"testing"
)

// signIn gives the Cookie header of a new session.
func (w *world) signIn(name string) string {
	w.t.Helper()
	resp, _ := w.do(call{method: "POST", path: "/api/session", headers: map[string]string{"X-Livesrv": "1"},
		body: `{"name":"` + name + `","password":"` + password + `"}`, want: 200, has: `"name":"` + name + `"`})
	for _, c := range resp.Cookies() {
		if c.Name == "livesrv_session" {
			if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Secure {
				w.t.Errorf("the cookie over HTTP: %s", c)
			}
			return c.Name + "=" + c.Value
		}
	}
	w.t.Fatal("no cookie")
	return ""
}

func TestSession(t *testing.T) {
	w := open(t)
	cookie := w.signIn("owner")
	ours := map[string]string{"Cookie": cookie, "X-Livesrv": "1"}
	for _, c := range []call{
		{name: "who", method: "GET", path: "/api/session", headers: map[string]string{"Cookie": cookie}, want: 200, has: `"merchantName":"Family shop"`},
		{name: "wrong password", method: "POST", path: "/api/session", headers: map[string]string{"X-Livesrv": "1"},
			body: `{"name":"owner","password":"wrong password"}`, want: 401, kind: "unauthorized"},
		{name: "no such user", method: "POST", path: "/api/session", headers: map[string]string{"X-Livesrv": "1"},
			body: `{"name":"nobody","password":"wrong password"}`, want: 401, kind: "unauthorized"},
		{name: "not a session", method: "GET", path: "/api/session", headers: map[string]string{"Cookie": "livesrv_session=x"}, want: 401, kind: "unauthorized"},
		{name: "other scheme", method: "GET", path: "/api/session", headers: map[string]string{"Authorization": "Basic eDp5"}, want: 401, kind: "unauthorized", field: "Authorization"},
		{name: "token", method: "POST", path: "/api/tokens", headers: ours, body: `{"name":"till"}`, want: 201, has: `"secret":"lst_`, save: map[string]string{"secret": "secret", "tok": "token.id"}},
		{name: "token works", method: "GET", path: "/api/session", headers: map[string]string{"Authorization": "Bearer {secret}"}, want: 200, has: `"name":"owner"`},
		{name: "token is listed without its secret", method: "GET", path: "/api/tokens", headers: ours, want: 200, has: "{tok}", hasNo: "{secret}"},
		{name: "a token changes no password", method: "POST", path: "/api/session/password", headers: map[string]string{"Authorization": "Bearer {secret}"},
			body: `{"current":"` + password + `","password":"another good one"}`, want: 403, kind: "forbidden"},
		{name: "token revoked", method: "DELETE", path: "/api/tokens/{tok}", headers: ours, want: 204},
		{name: "token is gone", method: "GET", path: "/api/session", headers: map[string]string{"Authorization": "Bearer {secret}"}, want: 401, kind: "unauthorized"},
		{name: "password, wrong current", method: "POST", path: "/api/session/password", headers: ours, body: `{"current":"no","password":"another good one"}`, want: 400, kind: "invalid", field: "current"},
		{name: "password, too short", method: "POST", path: "/api/session/password", headers: ours, body: `{"current":"` + password + `","password":"short"}`, want: 400, kind: "invalid", field: "password"},
		{name: "password", method: "POST", path: "/api/session/password", headers: ours, body: `{"current":"` + password + `","password":"another good one"}`, want: 204},
		{name: "still signed in", method: "GET", path: "/api/session", headers: map[string]string{"Cookie": cookie}, want: 200},
		{name: "sign out", method: "DELETE", path: "/api/session", headers: ours, want: 204},
		{name: "signed out", method: "GET", path: "/api/session", headers: map[string]string{"Cookie": cookie}, want: 401, kind: "unauthorized"},
		{name: "sign out again", method: "DELETE", path: "/api/session", headers: ours, want: 204},
		{name: "admin sees users", as: "admin", method: "GET", path: "/api/users", want: 200, has: `"name":"other"`},
		{name: "admin adds one", as: "admin", method: "POST", path: "/api/users", body: `{"name":"helper","password":"0123456789ab"}`, want: 201, has: `"role":"merchant"`, save: map[string]string{"helper": "user.id"}},
		{name: "twice", as: "admin", method: "POST", path: "/api/users", body: `{"name":"helper","password":"0123456789ab"}`, want: 409, kind: "conflict", field: "name"},
		{name: "of no merchant", as: "admin", method: "POST", path: "/api/users", body: `{"name":"lost","merchant":"mer_none","password":"0123456789ab"}`, want: 400, kind: "invalid", field: "merchant"},
		{name: "sets a password", as: "admin", method: "POST", path: "/api/users/{helper}/password", body: `{"password":"ab9876543210"}`, want: 204},
		{name: "of nobody", as: "admin", method: "POST", path: "/api/users/usr_none/password", body: `{"password":"ab9876543210"}`, want: 404, kind: "not_found"},
	} {
		w.do(c)
	}
}

// A signed-in browser can be made to send things by other sites' pages. They must not count.
func TestForeignPagesCannotUseASession(t *testing.T) {
	w := open(t)
	cookie := w.signIn("owner")
	body := `{"name":"x"}`
	for name, c := range map[string]struct {
		headers map[string]string
		want    int
	}{
		"our page":         {map[string]string{"X-Livesrv": "1", "Sec-Fetch-Site": "same-origin", "Origin": w.url}, 201},
		"a program":        {map[string]string{"X-Livesrv": "1"}, 201},
		"a form":           {map[string]string{}, 403},
		"a foreign fetch":  {map[string]string{"X-Livesrv": "1", "Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, 403},
		"an old browser":   {map[string]string{"X-Livesrv": "1", "Origin": "https://evil.example"}, 403},
		"a sibling site":   {map[string]string{"X-Livesrv": "1", "Sec-Fetch-Site": "same-site", "Origin": "http://evil.127.0.0.1"}, 403},
		"a sandbox":        {map[string]string{"X-Livesrv": "1", "Origin": "null"}, 403},
		"the wrong header": {map[string]string{"X-Livesrv": "0", "Sec-Fetch-Site": "same-origin"}, 403},
	} {
		c.headers["Cookie"] = cookie
		kind, field := "", ""
		if c.want == 403 {
			kind = "forbidden"
			if c.headers["X-Livesrv"] != "1" {
				field = "X-Livesrv"
			}
		}
		w.do(call{name: name, method: "POST", path: "/api/tokens", headers: c.headers, body: body, want: c.want, kind: kind, field: field})
		delete(c.headers, "Cookie")
		c.headers["Authorization"] = "Bearer " + w.tokens["owner"]
		w.do(call{name: name + ", with a token", method: "POST", path: "/api/tokens", headers: c.headers, body: body, want: 201})
	}
	w.do(call{name: "signing somebody in", method: "POST", path: "/api/session", headers: map[string]string{"Origin": "https://evil.example", "X-Livesrv": "1"},
		body: `{"name":"owner","password":"` + password + `"}`, want: 403, kind: "forbidden"})
}

func TestOtherSites(t *testing.T) {
	w := open(t)
	w.sell(10)
	w.do(call{as: "owner", method: "POST", path: "/api/shows", body: `{"slug":"private","title":"No embedding","currency":"EUR","lineup":["{product}"]}`, want: 201})
	item := `{"items":[{"sku":"{sku}","quantity":1}]}`
	place := `{"items":[{"sku":"{sku}","quantity":1}],` + buyer + `}`
	for _, c := range []struct {
		call
		allowed bool
	}{
		{call{method: "GET", path: "/api/shows/tea/state", want: 200}, true},
		{call{method: "GET", path: "/api/shows/tea", want: 200}, true},
		{call{method: "POST", path: "/api/shows/tea/quote", body: item, want: 200}, true},
		{call{method: "POST", path: "/api/shows/tea/orders", headers: map[string]string{"Idempotency-Key": "key-0000001"}, body: place, want: 201}, true},
		{call{method: "OPTIONS", path: "/api/shows/tea/orders", headers: map[string]string{"Access-Control-Request-Method": "POST"}, want: 204}, true},
		{call{method: "GET", path: "/api/orders/ord_none/status?token=x", want: 404, kind: "not_found"}, true},
		{call{method: "GET", path: "/api/shows/none/state", want: 404, kind: "not_found"}, false},
		{call{method: "GET", path: "/api/shows/private/state", want: 200}, false},
		{call{method: "POST", path: "/api/shows/private/quote", body: item, want: 403, kind: "forbidden"}, false},
		{call{method: "GET", path: "/api/shows", want: 200}, false},
		{call{method: "GET", path: "/api/openapi.json", want: 200}, false},
		{call{method: "OPTIONS", path: "/api/products", want: 405, kind: "invalid"}, false},
		{call{method: "GET", path: "/api/shows/tea/desk", want: 401, kind: "unauthorized"}, false},
	} {
		if c.headers == nil {
			c.headers = map[string]string{}
		}
		c.headers["Origin"] = embedder
		resp, _ := w.do(c.call)
		if got := resp.Header.Get("Access-Control-Allow-Origin"); (got == embedder) != c.allowed {
			t.Errorf("%s %s: Access-Control-Allow-Origin %q", c.method, c.path, got)
		}
		if resp.Header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s %s: cookies are allowed", c.method, c.path)
		}
		if c.allowed && !strings.Contains(strings.Join(resp.Header.Values("Vary"), ","), "Origin") {
			t.Errorf("%s %s: Vary %q", c.method, c.path, resp.Header.Values("Vary"))
		}
	}
	resp, _ := w.do(call{method: "OPTIONS", path: "/api/shows/tea/orders", headers: map[string]string{"Origin": embedder}, want: 204})
	if got := resp.Header.Get("Access-Control-Allow-Headers"); !strings.Contains(got, "Idempotency-Key") || !strings.Contains(got, "Content-Type") {
		t.Errorf("Access-Control-Allow-Headers %q", got)
	}
	w.do(call{name: "another site", method: "POST", path: "/api/shows/tea/orders", headers: map[string]string{"Origin": "https://evil.example", "Idempotency-Key": "key-0000002"},
		body: place, want: 403, kind: "forbidden"})
	// A site that is taken off the list is off at once, and one that is put on it on.
	w.do(call{as: "owner", method: "PATCH", path: "/api/shows/tea", body: `{"embedOrigins":["https://new.example"]}`, want: 200})
	for origin, allowed := range map[string]bool{embedder: false, "https://new.example": true} {
		resp, _ := w.do(call{method: "GET", path: "/api/shows/tea/state", headers: map[string]string{"Origin": origin}, want: 200})
		if got := resp.Header.Get("Access-Control-Allow-Origin") == origin; got != allowed {
			t.Errorf("after the change, %s: %v", origin, got)
		}
	}
	// A merchant on an embedding page is a viewer like all others.
	cookie := w.signIn("owner")
	w.do(call{method: "GET", path: "/api/shows/tea", headers: map[string]string{"Origin": "https://new.example", "Cookie": cookie}, want: 200, hasNo: "IBAN"})
}

func TestSignInIsLimited(t *testing.T) {
	w := open(t, func(s *setup) { s.api.SignInPerMinute = 3 })
	c := call{method: "POST", path: "/api/session", headers: map[string]string{"X-Livesrv": "1"}, body: `{"name":"owner"}`, want: 400, kind: "invalid", field: "password"}
	for range 3 {
		w.do(c)
	}
	c.want, c.kind, c.field = 429, "too_many", ""
	if resp, _ := w.do(c); resp.Header.Get("Retry-After") != "20" {
		t.Errorf("Retry-After %q", resp.Header.Get("Retry-After"))
	}
}

func TestOrdersAndQuotesAreLimited(t *testing.T) {
	w := open(t, func(s *setup) { s.api.OrdersPerMinute, s.api.QuotesPerMinute = 2, 2 })
	for _, what := range []string{"orders", "quote"} {
		for range 2 {
			w.do(call{method: "POST", path: "/api/shows/tea/" + what, headers: map[string]string{"Idempotency-Key": "key-0000001"}, body: `[]`, want: 400, kind: "invalid"})
		}
		w.do(call{method: "POST", path: "/api/shows/tea/" + what, headers: map[string]string{"Idempotency-Key": "key-0000001"}, body: `[]`, want: 429, kind: "too_many"})
	}
}
