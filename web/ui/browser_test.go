package ui

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"testing"
	"time"
)

type object = map[string]any

// TestPagesInBrowser runs test/pages.mjs: every look of the pages under axe, the checkout by keyboard, sizes
// of what is touched. The server behind the pages is a few canned answers: what is tried here is the pages.
func TestPagesInBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("needs a browser and half a minute")
	}
	node, browser := tool(t, "node"), tool(t, "chromium")
	tool(t, "node_modules/.bin/tsc") // stands for all packages of package.json
	server := httptest.NewServer(cannedServer(built(t)))
	defer server.Close()
	cmd := exec.Command(node, "test/pages.mjs")
	cmd.Env = append(os.Environ(), "BASE="+server.URL, "BROWSER="+browser)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	t.Log(lastLines(string(out), 3))
}

func cannedServer(s *Site) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/assets/", s.Assets())
	mux.Handle("/embed.js", s.EmbedScript())
	page := func(name string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Security-Policy", Policy("'self'"))
			s.Render(w, r, name, Facts{Show: &Show{Slug: r.PathValue("show"), Title: "Autumn table"}})
		}
	}
	mux.HandleFunc("/s/{show}", page(Watch))
	mux.HandleFunc("/embed/{show}", page(Embed))
	mux.HandleFunc("/{$}", page(Lobby))
	mux.HandleFunc("/", page(NotFound))
	mux.HandleFunc("/host", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(`<!doctype html><html lang="en"><title>A shop</title><main><h1>Our shop</h1><live-shop show="live"></live-shop></main><script src="/embed.js" async></script>`))
	})
	mux.HandleFunc("/images/{file}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/svg+xml")
		_, _ = w.Write([]byte(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path fill="#b98" d="M0 0h9v9H0z"/></svg>`))
	})
	mux.HandleFunc("/api/shows", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, object{"shows": []object{cannedShow("live"), cannedShow("soon"), cannedShow("over")}})
	})
	mux.HandleFunc("/api/shows/{show}/state", func(w http.ResponseWriter, r *http.Request) {
		pins := []object{}
		if r.PathValue("show") == "live" {
			pins = append(pins, object{"id": "pin_1", "product": "prd_mug", "start": time.Now(), "rev": 1},
				object{"id": "pin_2", "product": "prd_pot", "start": time.Now(), "rev": 1},
				object{"id": "pin_3", "product": "prd_jar", "start": time.Now(), "rev": 1})
		}
		answer(w, object{"show": cannedShow(r.PathValue("show")), "pins": pins, "products": cannedProducts(), "viewers": 12,
			"position": object{"offset": 0, "epoch": "e"}, "now": time.Now()})
	})
	lines := []object{{"sku": "sku_pot", "product": "prd_pot", "title": "Teapot", "options": []string{}, "quantity": 1, "unit": euro(8900), "total": euro(8900)}}
	mux.HandleFunc("POST /api/shows/{show}/quote", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, object{"show": "live", "lines": lines, "total": euro(8900), "unavailable": []object{},
			"ways": []object{{"name": "cash_on_delivery"}, {"name": "bank_transfer"}}})
	})
	mux.HandleFunc("POST /api/shows/{show}/orders", func(w http.ResponseWriter, r *http.Request) {
		var o object
		_ = json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&o)
		o["id"], o["number"], o["lines"], o["total"] = "ord_1", "A7K2-19", lines, euro(8900)
		o["instructions"], o["status"], o["expires"] = "IBAN DE02 1203 0000", "awaiting_merchant", time.Now().Add(time.Hour)
		answer(w, object{"order": o, "token": "t"})
	})
	mux.HandleFunc("/api/orders/{order}/status", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, object{"number": "A7K2-19", "status": "confirmed"})
	})
	return mux
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the browser may have left
}

func euro(amount int) object { return object{"amount": amount, "currency": "EUR"} }

func cannedShow(slug string) object {
	status := map[string]string{"live": "live", "soon": "scheduled", "over": "ended"}[slug]
	return object{"slug": slug, "title": "Autumn table " + slug, "description": "Fresh from the kiln.", "poster": "img_1", "status": status,
		"startsAt": time.Now().Add(26 * time.Hour), "endedAt": nil, "onAir": false, "currency": "EUR", "ways": []string{"cash_on_delivery", "bank_transfer"}}
}

func cannedProducts() []object {
	image := []object{{"id": "img_1", "url": "/images/1.jpg", "thumb": "/images/1-thumb.jpg", "alt": "", "width": 9, "height": 9}}
	product := func(id, title string, options []string, skus ...object) object {
		return object{"id": id, "handle": id, "title": title, "description": "Made by hand.", "vendor": "Workshop", "options": options, "images": image, "skus": skus}
	}
	sku := func(id, state string, left int, options ...string) object {
		return object{"id": id, "code": id, "options": append([]string{}, options...), "price": euro(8900), "compareAt": 9900, "state": state, "left": left}
	}
	return []object{
		product("prd_mug", "Ribbed mug with a long name that needs more than one line", []string{"Glaze", "Size"},
			sku("sku_a", "in", 0, "Moss", "S"), sku("sku_b", "low", 2, "Moss", "L"), sku("sku_c", "out", 0, "Clay", "S")),
		product("prd_pot", "Teapot", []string{}, sku("sku_pot", "low", 3)),
		product("prd_jar", "Jar", []string{}, sku("sku_jar", "out", 0)),
	}
}
