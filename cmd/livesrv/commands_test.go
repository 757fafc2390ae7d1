package main

import (
	"encoding/csv"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"livesrv/internal/catalogue"
)

// TestShopFromTheTerminal runs a shop by commands alone, from products to a confirmed backup, as an operator would.
func TestShopFromTheTerminal(t *testing.T) {
	s := startServer(t)

	products := writeFile(t, "products.csv", "handle,title,option1_name,option1_value,sku,price,currency,stock\n"+
		"mug,Ridge mug,Glaze,Moss,MUG-M,24.00,EUR,5\n"+
		"mug,Ridge mug,Glaze,Clay,MUG-C,24.00,EUR,0\n"+
		"pot,Moon teapot,,,POT,68.00,EUR,2\n"+
		"bad,No price,,,BAD,free,EUR,1\n")
	s.run(t, "", "product", "import", products, "--dry-run").fails(t, exitFailed, "1 rows were refused")
	if out := s.run(t, "", "product", "export").fine(t); strings.Count(out, "\n") != 1 {
		t.Errorf("a dry run wrote something:\n%s", out)
	}
	r := s.run(t, "", "product", "import", products, "--json")
	r.fails(t, exitFailed, "1 rows were refused", "mend them")
	rep := decode[catalogue.Report](t, r.out)
	if rep.Created != 2 || rep.Refused != 1 {
		t.Fatalf("got %+v", rep)
	}
	exported := s.run(t, "", "product", "export").fine(t)
	rows, err := csv.NewReader(strings.NewReader(exported)).ReadAll()
	if err != nil || len(rows) != 4 {
		t.Fatalf("%d rows, %v:\n%s", len(rows), err, exported)
	}
	if out := s.run(t, exported, "product", "import", "-").fine(t); !strings.Contains(out, "products: 0 created, 0 updated, 2 unchanged") {
		t.Errorf("what was exported is not what is there: %s", out)
	}

	made := decode[showView](t, s.run(t, "", "show", "create", "spring", "--title", "Spring sale", "--currency", "EUR",
		"--product", "mug", "--product", "pot", "--json").fine(t))
	if made.Slug != "spring" || made.Status != "scheduled" || len(made.StreamKey) < 20 {
		t.Errorf("got %+v", made)
	}
	s.run(t, "", "show", "create", "spring", "--currency", "EUR").fails(t, exitFailed, "spring")
	s.run(t, "", "show", "create", "spring").fails(t, exitUsage, "--currency is missing")
	s.run(t, "", "show", "create", "other", "--currency", "EUR", "--product", "nothing").fails(t, exitFailed, `there is no product "nothing"`, "product export")

	s.run(t, "", "pin", "spring", "mug").fails(t, exitFailed)
	if out := s.run(t, "", "show", "start", "spring").fine(t); !strings.Contains(out, "(live)") {
		t.Errorf("got %q", out)
	}
	if out := s.run(t, "", "pin", "spring", "mug").fine(t); !strings.Contains(out, "is on screen from") {
		t.Errorf("got %q", out)
	}
	s.run(t, "", "pin", "spring", "mug").fails(t, exitFailed)
	s.run(t, "", "unpin", "spring", "pot").fails(t, exitFailed, "pot is not on screen")
	s.run(t, "", "unpin", "spring", "mug").fine(t)
	s.run(t, "", "pin", "spring", "pot", "--ago", "2s").fine(t)
	s.run(t, "", "pin", "spring", "mug").fine(t)
	s.run(t, "", "unpin", "spring").fine(t)
	var state struct {
		Pins []pinView
		Show showView
	}
	s.ask(t, http.MethodGet, "/api/shows/spring/state", nil, "", &state)
	for _, p := range state.Pins {
		if p.End == nil {
			t.Errorf("%s is still on screen", p.ID)
		}
	}
	if len(state.Pins) != 3 {
		t.Errorf("%d pins, want 3", len(state.Pins))
	}

	testOrders(t, s)

	if out := s.run(t, "", "show", "end", "spring").fine(t); !strings.Contains(out, "(ended)") {
		t.Errorf("got %q", out)
	}
	if out := s.run(t, "", "show", "list").fine(t); !strings.Contains(out, "spring") || !strings.Contains(out, "ended") {
		t.Errorf("got %q", out)
	}
}

// testOrders places an order as a viewer and reads it as the merchant.
func testOrders(t *testing.T, s *server) {
	t.Helper()
	if out := s.run(t, "", "order", "list").fine(t); out != "no orders\n" {
		t.Errorf("got %q", out)
	}
	var state struct {
		Products []struct {
			Handle string
			SKUs   []struct{ ID, Code string }
		}
	}
	s.ask(t, http.MethodGet, "/api/shows/spring/state", nil, "", &state)
	sku := ""
	for _, p := range state.Products {
		for _, k := range p.SKUs {
			if k.Code == "POT" {
				sku = k.ID
			}
		}
	}
	body := `{"items":[{"sku":"` + sku + `","quantity":2}],"contact":{"name":"Ann B","phone":"+49 30 1234567","email":""},
		"address":{"line1":"Hill 1","line2":"","city":"Berlin","region":"","postcode":"10115","country":"DE"},"note":"","way":"cash_on_delivery"}`
	place := func(key string, want int) {
		t.Helper()
		var answer any
		if got := s.ask(t, http.MethodPost, "/api/shows/spring/orders", http.Header{"Idempotency-Key": {key}}, body, &answer); got != want {
			t.Fatalf("placing an order: %d, want %d: %v", got, want, answer)
		}
	}
	place("first-key-1", http.StatusCreated)
	place("second-key", http.StatusConflict)
	out := s.run(t, "", "order", "list").fine(t)
	for _, want := range []string{"awaiting_merchant", "136.00 EUR", "2 × Moon teapot", "+49 30 1234567", "spring"} {
		if !strings.Contains(out, want) {
			t.Errorf("the list lacks %q:\n%s", want, out)
		}
	}
	if got := decode[[]orderView](t, s.run(t, "", "order", "list", "--status", "awaiting_merchant", "--json").fine(t)); len(got) != 1 {
		t.Errorf("%d orders", len(got))
	}
	if got := decode[[]orderView](t, s.run(t, "", "order", "list", "--status", "confirmed", "--json").fine(t)); len(got) != 0 {
		t.Errorf("%d confirmed orders", len(got))
	}
	file := filepath.Join(t.TempDir(), "orders.csv")
	s.run(t, "", "order", "export", "--output", file).fine(t)
	text, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(text), "POT") {
		t.Errorf("exported %v: %s", err, text)
	}
	s.run(t, "", "order", "export", "--output", file).fails(t, exitFailed, "is there already", "--output")

	metrics := scrape(t, s)
	for _, want := range []string{"livesrv_orders_placed_total 1", "livesrv_stock_refusals_total 1", "livesrv_build_info{"} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics lack %q", want)
		}
	}
}

// TestPeople adds a user, who sees less than an admin, and changes a password.
func TestPeople(t *testing.T) {
	s := startServer(t)
	s.run(t, "", "user", "add", "anna").fails(t, exitFailed, "no password was given")
	s.run(t, "short\n", "user", "add", "anna").fails(t, exitFailed, "password")
	s.run(t, "correct horse battery\n", "user", "add", "anna", "--role", "merchant").fine(t)
	s.run(t, "correct horse battery\n", "user", "add", "anna").fails(t, exitFailed)
	users := decode[[]userView](t, s.run(t, "", "user", "list", "--json").fine(t))
	if len(users) != 2 || users[0].Name != "admin" || users[1].Name != "anna" || users[1].Merchant != users[0].Merchant {
		t.Errorf("got %+v", users)
	}
	login := func(password string) result {
		return command(t, password+"\n", nil, "token", "create", "hers", "--user", "anna", "--server", s.url)
	}
	anna := *s
	anna.token = strings.TrimSpace(login("correct horse battery").fine(t))
	anna.run(t, "", "user", "list").fails(t, exitFailed, "admin")
	anna.run(t, "", "backup").fails(t, exitFailed, "admin")
	anna.run(t, "", "show", "list").fine(t)

	s.run(t, "another long secret\n", "user", "passwd", "anna").fine(t)
	s.run(t, "another long secret\n", "user", "passwd", "nobody").fails(t, exitFailed, `there is no user "nobody"`, "user list")
	login("correct horse battery").fails(t, exitFailed)
	login("another long secret").fine(t)

	// Who has lost every way in sets a password beside the running server.
	lost := command(t, "a third long secret\n", nil, "user", "passwd", "anna", "--data", s.data)
	lost.fine(t)
	login("another long secret").fails(t, exitFailed)
	login("a third long secret").fine(t)
	command(t, "a third long secret\n", nil, "user", "passwd", "nobody", "--data", s.data).fails(t, exitFailed, "nobody")
	command(t, "a third long secret\n", nil, "user", "passwd", "anna", "--data", t.TempDir()).fails(t, exitFailed, "holds no database")

	tokens := decode[[]tokenView](t, anna.run(t, "", "token", "list", "--json").fine(t))
	if len(tokens) != 3 {
		t.Fatalf("got %+v", tokens)
	}
	for _, token := range tokens {
		anna.run(t, "", "token", "revoke", token.ID)
	}
	anna.run(t, "", "token", "list").fails(t, exitFailed, "token")
	none := *s
	none.token = ""
	none.run(t, "", "order", "list").fails(t, exitFailed, "livesrv token create")
}

// TestBackup: a copy of the running database starts a server that has the same people and shows.
func TestBackup(t *testing.T) {
	s := startServer(t)
	s.run(t, "", "show", "create", "kept", "--currency", "JPY").fine(t)
	file := filepath.Join(t.TempDir(), "copy.db")
	s.run(t, "", "backup", "--output", file).fine(t)

	cfg := testConfig(t)
	if err := os.MkdirAll(cfg.Data.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file, filepath.Join(cfg.Data.Dir, "livesrv.db")); err != nil {
		t.Fatal(err)
	}
	second := runServer(t, cfg)
	if second.FirstAdmin().Password != "" {
		t.Error("the copy has no users: a first admin was made")
	}
	second.token = s.token
	if out := second.run(t, "", "show", "list").fine(t); !strings.Contains(out, "kept") {
		t.Errorf("the copy lacks the show: %s", out)
	}
}

// TestSelfSigned: the commands reach a server with a certificate of its own once they are told to trust it.
func TestSelfSigned(t *testing.T) {
	cfg := testConfig(t)
	cfg.HTTP.TLSSelfSigned = true
	s := runServer(t, cfg)
	if !strings.HasPrefix(s.url, "https://") {
		t.Fatalf("serving at %s", s.url)
	}
	s.run(t, "", "show", "list").fails(t, exitFailed, "is not trusted", "--ca")
	s.run(t, "", "show", "list", "--ca", filepath.Join(s.data, "self-signed.crt")).fine(t)
	s.run(t, "", "show", "list", "--ca", filepath.Join(s.data, "livesrv.db")).fails(t, exitFailed, "holds no certificate")
	command(t, "", nil, "health", "--http", strings.TrimPrefix(s.url, "https://"), "--tls-self-signed").fine(t)
}
