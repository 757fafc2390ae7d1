package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"livesrv/internal/account"
	"livesrv/internal/catalogue"
	"livesrv/internal/feed"
	"livesrv/internal/order"
	"livesrv/internal/order/manual"
	"livesrv/internal/show"
	"livesrv/internal/store"
	"livesrv/web"
	"livesrv/web/api"
	"livesrv/web/ui"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// centrifuge's metrics exporter has no way to be stopped: one goroutine per node, for ever asleep.
		goleak.IgnoreAnyFunction("github.com/FZambia/eagle.(*Eagle).aggregate"))
}

const (
	patience = 30 * time.Second
	embedder = "https://blog.example" // may embed the show "tea"
	password = "correct horse battery"
)

// world is a whole shop behind the whole door, on a real database: everything but media and pages.
type world struct {
	t         testing.TB
	api       *api.API
	catalogue *catalogue.Service
	shows     *show.Service
	orders    *order.Service
	accounts  *account.Service
	feed      *feed.Feed
	client    *http.Client
	url       string
	tokens    map[string]string // by name: "admin", "owner", "other"
	health    any
	vars      map[string]string // what scenarios remember of answers
}

type setup struct {
	api     api.Config
	wrapLog slog.Handler
}

func open(t testing.TB, change ...func(*setup)) *world {
	t.Helper()
	s := setup{api: api.DefaultConfig(), wrapLog: slog.DiscardHandler}
	for _, f := range change {
		f(&s)
	}
	log := slog.New(s.wrapLog)
	w := &world{t: t, tokens: map[string]string{}, vars: map[string]string{}}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	db, err := store.Open(t.Context(), store.Config{Path: filepath.Join(t.TempDir(), "shop.db")}, log)
	must(err)
	c, sh := db.Catalogue(), db.Shows()
	w.catalogue, err = catalogue.New(catalogue.DefaultConfig(), catalogue.Deps{Merchants: c, Products: c, Prices: c, Images: c, Log: log})
	must(err)
	w.shows, err = show.New(show.DefaultConfig(), show.Deps{Store: sh, Keys: sh, Pins: sh, Products: w.catalogue, Log: log})
	must(err)
	w.orders, err = order.New(order.DefaultConfig(), order.Deps{Shows: sh, Products: c, Book: db.Orders(), Ledger: db.Orders(), Sums: db.Orders(), Providers: manual.Ways(), Log: log})
	must(err)
	ac := db.Accounts()
	w.accounts, err = account.New(account.DefaultConfig(), account.Deps{Users: ac, Sessions: ac, Tokens: ac, Log: log})
	must(err)
	access := api.NewAccess(api.AccessDeps{Accounts: w.accounts, Shows: w.shows, Log: log})
	w.feed, err = feed.New(feed.DefaultConfig(), feed.Deps{Access: access, Metrics: prometheus.NewRegistry(), Log: log})
	must(err)
	w.api, err = api.New(s.api, api.Deps{
		Access: access, Accounts: w.accounts, Catalogue: w.catalogue, Shows: w.shows, Orders: w.orders, Feed: w.feed,
		Fail: web.Fail(log),
		Ingest: func(string, string) []api.IngestAddress {
			return []api.IngestAddress{{Protocol: "rtmp", URL: "rtmp://127.0.0.1/live"}}
		},
		Health: func(string) any { return w.health }, Backup: db.Backup, TempDir: t.TempDir(), Version: "test", Log: log,
	})
	must(err)
	w.wire()
	server, err := web.New(web.Config{Address: "127.0.0.1:0", ShutdownGrace: time.Second}, web.Deps{Log: log, Handlers: web.Handlers{
		Media: http.NotFoundHandler(), API: w.api.Handler(), Realtime: w.feed.Handler(), Site: noSite{},
		Show:         func(context.Context, string) (ui.Show, error) { return ui.Show{}, nil },
		EmbedOrigins: access.EmbedOrigins,
		Image: func(ctx context.Context, id string, thumb bool) ([]byte, error) {
			return w.catalogue.Image(ctx, catalogue.ImageID(id), thumb)
		},
	}})
	must(err)
	must(server.Listen())
	w.url = "http://" + server.Addr().String()
	w.client = &http.Client{Transport: &http.Transport{}, Timeout: patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 2)
	go func() { ended <- server.Run(ctx) }()
	go func() { ended <- w.feed.Run(ctx) }()
	t.Cleanup(func() {
		w.client.CloseIdleConnections()
		cancel()
		for range 2 {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	w.people(c)
	w.awaitFeed()
	return w
}

// noSite stands for the pages, which have tests of their own.
type noSite struct{}

func (noSite) Render(http.ResponseWriter, *http.Request, string, ui.Facts) {}
func (noSite) Assets() http.Handler                                        { return http.NotFoundHandler() }
func (noSite) EmbedScript() http.Handler                                   { return http.NotFoundHandler() }

// wire tells the API and then the feed of every change, as the application does.
func (w *world) wire() {
	w.shows.SetEvents(events{w})
	w.catalogue.OnChange(func(id catalogue.ProductID) {
		w.api.ProductChanged(id)
		p, err := w.catalogue.Product(context.Background(), id)
		if err != nil {
			w.t.Errorf("product of a change: %v", err)
			return
		}
		_ = w.feed.Publish("tea", feed.Product(w.api.PublicProduct(p, 0)))
	})
	w.orders.OnStock(w.catalogue.Changed)
	w.orders.OnOrder(func(o order.Order) {
		w.api.OrderChanged(o)
		_ = w.feed.PublishDesk(string(o.Merchant), feed.Order(api.Order(o)))
	})
}

type events struct{ w *world }

func (e events) ShowChanged(s show.Show) { e.w.api.ShowChanged(s) }

func (e events) PinChanged(p show.Pin) {
	e.w.api.PinChanged(p)
	if p.End == nil {
		_ = e.w.feed.Publish(string(p.Show), feed.Pin(p))
		return
	}
	_ = e.w.feed.Publish(string(p.Show), feed.Unpin(p))
}

// people are an admin and an owner of the first merchant, and an other of a second one.
func (w *world) people(c catalogue.MerchantStore) {
	ctx := w.t.Context()
	first, err := w.catalogue.DefaultMerchant(ctx, "Family shop")
	if err != nil {
		w.t.Fatal(err)
	}
	second := catalogue.Merchant{ID: catalogue.MerchantID(catalogue.NewID("mer")), Name: "The other shop", Created: time.Now()}
	if err := c.AddMerchant(ctx, second, false); err != nil {
		w.t.Fatal(err)
	}
	w.vars["merchant"], w.vars["otherMerchant"] = string(first.ID), string(second.ID)
	for _, n := range []account.NewUser{
		{Name: "admin", Role: account.Admin, Merchant: string(first.ID), Password: password},
		{Name: "owner", Role: account.Merchant, Merchant: string(first.ID), Password: password},
		{Name: "other", Role: account.Merchant, Merchant: string(second.ID), Password: password},
	} {
		u, err := w.accounts.AddUser(ctx, n)
		if err != nil {
			w.t.Fatal(err)
		}
		w.vars[n.Name] = string(u.ID)
		if w.tokens[n.Name], _, err = w.accounts.NewToken(ctx, u.ID, "test", ""); err != nil {
			w.t.Fatal(err)
		}
	}
}

// awaitFeed waits until positions are given.
func (w *world) awaitFeed() {
	deadline := time.After(patience)
	for {
		if _, err := w.feed.Position("none"); err == nil {
			return
		}
		select {
		case <-deadline:
			w.t.Fatal("the feed does not begin")
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// sell makes a live show "tea" with one product of so many pieces, and remembers their ids.
func (w *world) sell(stock int) {
	w.t.Helper()
	w.do(call{as: "owner", method: "POST", path: "/api/products", want: 201,
		body: fmt.Sprintf(`{"title":"Teapot","options":["Glaze"],"skus":[{"code":"T-1","options":["Blue"],"price":{"amount":4900,"currency":"EUR"},"stock":%d}]}`, stock),
		save: map[string]string{"product": "product.id", "sku": "product.skus.0.id"}})
	w.do(call{as: "owner", method: "POST", path: "/api/shows", want: 201,
		body: `{"slug":"tea","title":"Tea time","currency":"EUR","ways":["cash_on_delivery","bank_transfer"],"paymentNote":"IBAN DE00",
			"embedOrigins":["` + embedder + `"],"lineup":["{product}"]}`, save: map[string]string{"key": "show.streamKey"}})
	w.do(call{as: "owner", method: "POST", path: "/api/shows/tea/start", want: 200})
}

const buyer = `"contact":{"name":"Li Na","phone":"+49 151 1234567"},"address":{"line1":"Hauptstr. 1","city":"Berlin","postcode":"10115","country":"DE"},"way":"cash_on_delivery"`

// call is one request and what is expected of the answer. {name} in path and body stands for what was remembered.
type call struct {
	name    string
	as      string // whose API token; "" for nobody
	method  string
	path    string
	headers map[string]string
	body    string

	want  int
	kind  string            // of the failure
	field string            // of the failure
	has   string            // in the body
	hasNo string            // in the body
	save  map[string]string // name → path in the answer
}

var placeholder = regexp.MustCompile(`\{[a-zA-Z0-9]+\}`)

func (w *world) fill(s string) string {
	return placeholder.ReplaceAllStringFunc(s, func(p string) string {
		v, ok := w.vars[p[1:len(p)-1]]
		if !ok {
			return p
		}
		return v
	})
}

// do sends a call, checks the answer, also against the API's own description, and gives it.
func (w *world) do(c call) (*http.Response, string) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), c.method, w.url+w.fill(c.path), strings.NewReader(w.fill(c.body)))
	if err != nil {
		w.t.Fatal(err)
	}
	if c.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.as != "" {
		req.Header.Set("Authorization", "Bearer "+w.tokens[c.as])
	}
	for k, v := range c.headers {
		req.Header.Set(k, w.fill(v))
	}
	resp, err := w.client.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	text := string(b)
	if resp.StatusCode != c.want {
		w.t.Errorf("%s %s %s: %d, want %d: %s", c.name, c.method, c.path, resp.StatusCode, c.want, text)
	}
	var v any
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(b, &v); err != nil {
			w.t.Fatalf("%s %s: not JSON: %s", c.method, c.path, text)
		}
		w.described(resp.StatusCode, c, v)
	}
	if kind := dig(v, "error.kind"); kind != c.kind || dig(v, "error.field") != c.field {
		w.t.Errorf("%s %s %s: kind %q field %q, want %q %q: %s", c.name, c.method, c.path, kind, dig(v, "error.field"), c.kind, c.field, text)
	}
	if c.kind != "" && (dig(v, "error.message") == "" || dig(v, "error.id") != resp.Header.Get("X-Request-Id")) {
		w.t.Errorf("%s %s %s: a failure without words or id: %s", c.name, c.method, c.path, text)
	}
	if has := w.fill(c.has); !strings.Contains(text, has) {
		w.t.Errorf("%s %s %s: no %q in %s", c.name, c.method, c.path, has, text)
	}
	if c.hasNo != "" && strings.Contains(text, w.fill(c.hasNo)) {
		w.t.Errorf("%s %s %s: %q in %s", c.name, c.method, c.path, c.hasNo, text)
	}
	for name, path := range c.save {
		if w.vars[name] = dig(v, path); w.vars[name] == "" {
			w.t.Fatalf("%s %s: nothing at %s: %s", c.method, c.path, path, text)
		}
	}
	return resp, text
}

// dig reads a value out of decoded JSON: "product.skus.0.id".
func dig(v any, path string) string {
	for key := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[key]
		case []any:
			var i int
			if _, err := fmt.Sscan(key, &i); err != nil || i >= len(x) {
				return ""
			}
			v = x[i]
		default:
			return ""
		}
	}
	if v == nil {
		return ""
	}
	if s, ok := v.(string); ok {
		return s
	}
	b, _ := json.Marshal(v)
	return string(b)
}

// described compares an answer with what the description promises.
func (w *world) described(status int, c call, v any) {
	w.t.Helper()
	doc := w.api.Huma().OpenAPI()
	path, _, _ := strings.Cut(c.path, "?")
	op := operation(doc, c.method, w.fill(path))
	if op == nil {
		return
	}
	resp := op.Responses[fmt.Sprint(status)]
	if resp == nil {
		resp = op.Responses["default"]
	}
	if resp == nil || resp.Content["application/json"] == nil {
		if status < 300 {
			w.t.Errorf("%s %s: %d is not described", c.method, c.path, status)
		}
		return
	}
	var res huma.ValidateResult
	pb := huma.NewPathBuffer(make([]byte, 0, 128), 0)
	huma.Validate(doc.Components.Schemas, resp.Content["application/json"].Schema, pb, huma.ModeReadFromServer, v, &res)
	for _, e := range res.Errors {
		w.t.Errorf("%s %s: the answer is not as described: %v", c.method, c.path, e)
	}
}

// operation finds the described operation that a request is of.
func operation(doc *huma.OpenAPI, method, path string) *huma.Operation {
	var best *huma.Operation
	for template, item := range doc.Paths {
		pattern := "^" + regexp.MustCompile(`\\\{[a-z]+\\\}`).ReplaceAllString(regexp.QuoteMeta(template), "[^/]+") + "$"
		if !regexp.MustCompile(pattern).MatchString(path) {
			continue
		}
		op := map[string]*huma.Operation{"GET": item.Get, "POST": item.Post, "PUT": item.Put, "PATCH": item.Patch, "DELETE": item.Delete}[method]
		if op != nil && (best == nil || !strings.Contains(template, "{")) {
			best = op
		}
	}
	return best
}
