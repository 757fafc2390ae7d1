package order_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"livesrv/internal/catalogue"
	"livesrv/internal/fault"
	"livesrv/internal/order"
	"livesrv/internal/order/manual"
	"livesrv/internal/show"
	"livesrv/internal/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var quiet = slog.New(slog.DiscardHandler)

type kit struct {
	*order.Service
	db        *store.DB
	catalogue *catalogue.Service
	shows     *show.Service
	merchant  catalogue.MerchantID
	shoes     catalogue.Product // S, M, L at 10, 20 and 30 EUR, 5 of each
	tea       catalogue.Product // 7.50 EUR, 2
	mu        sync.Mutex
	at        time.Time
	told      []order.Order
	stocks    []catalogue.ProductID
}

func (k *kit) now() time.Time { k.mu.Lock(); defer k.mu.Unlock(); return k.at }

func (k *kit) pass(d time.Duration) { k.mu.Lock(); k.at = k.at.Add(d); k.mu.Unlock() }

func newKit(t testing.TB) *kit {
	t.Helper()
	ctx := context.Background()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	k := &kit{at: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	var err error
	k.db, err = store.Open(ctx, store.Config{Path: filepath.Join(t.TempDir(), "shop.db")}, quiet)
	must(err)
	t.Cleanup(func() {
		if err := k.db.Close(); err != nil {
			t.Error(err)
		}
	})
	c, o, sh := k.db.Catalogue(), k.db.Orders(), k.db.Shows()
	k.catalogue, err = catalogue.New(catalogue.DefaultConfig(), catalogue.Deps{Merchants: c, Products: c, Prices: c, Images: c, Log: quiet})
	must(err)
	k.shows, err = show.New(show.DefaultConfig(), show.Deps{Store: sh, Keys: sh, Pins: sh, Products: k.catalogue, Log: quiet, Now: k.now})
	must(err)
	k.Service, err = order.New(order.DefaultConfig(), order.Deps{Shows: sh, Products: c, Book: o, Ledger: o, Sums: o, Providers: manual.Ways(), Log: quiet, Now: k.now})
	must(err)
	k.OnOrder(func(o order.Order) { k.mu.Lock(); k.told = append(k.told, o); k.mu.Unlock() })
	k.OnStock(func(ids ...catalogue.ProductID) { k.mu.Lock(); k.stocks = append(k.stocks, ids...); k.mu.Unlock() })
	m, err := k.catalogue.DefaultMerchant(ctx, "Shop")
	must(err)
	k.merchant = m.ID
	five, two := 5, 2
	d := catalogue.Draft{Title: "Shoes", Options: []string{"Size"}}
	for i, size := range []string{"S", "M", "L"} {
		d.SKUs = append(d.SKUs, catalogue.SKUDraft{Code: "SH-" + size, Options: []string{size}, Price: eur(int64(i+1) * 1000), Stock: &five})
	}
	k.shoes, err = k.catalogue.Create(ctx, k.merchant, d)
	must(err)
	k.tea, err = k.catalogue.Create(ctx, k.merchant, catalogue.Draft{Title: "Tea", SKUs: []catalogue.SKUDraft{{Price: eur(750), Stock: &two}}})
	must(err)
	_, err = k.shows.Create(ctx, show.Draft{
		Slug: "s", Merchant: k.merchant, Title: "Show", Currency: "EUR", Lineup: []catalogue.ProductID{k.shoes.ID, k.tea.ID},
		Ways: []string{show.CashOnDelivery, show.BankTransfer}, PaymentNote: "IBAN DE02 1203 0000 0000 2020 51",
	})
	must(err)
	_, err = k.shows.Start(ctx, "s")
	must(err)
	return k
}

func eur(n int64) catalogue.Money { return catalogue.Money{Amount: n, Currency: "EUR"} }

func (k *kit) request(key string, items ...order.Item) order.Request {
	return order.Request{
		Show: "s", Items: items, Way: manual.CashOnDelivery, IdempotencyKey: key, Pin: "pin_1", Note: " Ring twice. ",
		Contact: order.Contact{Name: "Li Na", Phone: "+49 151 1234567", Email: "li.na@example.com"},
		Address: order.Address{Line1: "Hauptstr. 1", City: "Berlin", Postcode: "10115", Country: "de"},
	}
}

func (k *kit) stock(t *testing.T, id catalogue.SKUID) int {
	t.Helper()
	p, err := k.catalogue.ProductOfSKU(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	s, _ := p.SKU(id)
	return s.Stock
}

func refused(t *testing.T, what string, err error, kind fault.Kind, field string) {
	t.Helper()
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Kind != kind || f.Field != field {
		t.Errorf("%s: %v, want %v at %q", what, err, kind, field)
	}
}

func TestPlace(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	k := newKit(t)
	total := eur(2*1000 + 3*750 - 750)
	items := []order.Item{{SKU: k.tea.SKUs[0].ID, Quantity: 1}, {SKU: k.shoes.SKUs[0].ID, Quantity: 2}, {SKU: k.tea.SKUs[0].ID, Quantity: 1}}
	q, err := k.Quote(ctx, "s", items)
	if err != nil || q.Total != total || len(q.Lines) != 2 || q.Lines[0].Quantity != 2 || len(q.Unavailable) != 0 || len(q.Ways) != 2 {
		t.Fatalf("%+v, %v", q, err)
	}
	r := k.request("key-00001", items...)
	r.Expect = &total
	o, err := k.Place(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	if o.Total != total || o.Status != order.AwaitingMerchant || o.Note != "Ring twice." || o.Address.Country != "DE" || len(o.Token) < 20 || !o.Expires.Equal(k.now().Add(48*time.Hour)) {
		t.Errorf("%+v", o)
	}
	if len(o.Number) != 7 || o.Number[4] != '-' {
		t.Errorf("number %q", o.Number)
	}
	got, err := k.Get(ctx, o.ID)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(o, got); d != "" {
		t.Errorf("what was placed is not what is kept:\n%s", d)
	}
	if a, b := k.stock(t, k.tea.SKUs[0].ID), k.stock(t, k.shoes.SKUs[0].ID); a != 0 || b != 3 {
		t.Errorf("stock %d and %d", a, b)
	}
	if len(k.told) != 1 || len(k.stocks) != 2 {
		t.Errorf("told of %d orders and %d products", len(k.told), len(k.stocks))
	}
	// Again with the same key: the same order, though the tea is sold out and nobody is told.
	if again, err := k.Place(ctx, r); err != nil || again.ID != o.ID || again.Token != o.Token || len(k.told) != 1 {
		t.Errorf("%v, %v", again.ID, err)
	}
	other := r
	other.Note = "Ring once."
	_, err = k.Place(ctx, other)
	refused(t, "the same key for another order", err, fault.Conflict, "")
	// The buyer's address.
	if by, err := k.ByToken(ctx, o.ID, o.Token); err != nil || by.ID != o.ID {
		t.Error(by.ID, err)
	}
	_, err = k.ByToken(ctx, o.ID, o.Token+"x")
	refused(t, "a wrong token", err, fault.NotFound, "")
	_, err = k.ByToken(ctx, "ord_none", "")
	refused(t, "no order and no token", err, fault.NotFound, "")
}

func TestSoldOut(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	k := newKit(t)
	shoe, tea := k.shoes.SKUs[1].ID, k.tea.SKUs[0].ID
	_, err := k.Place(ctx, k.request("key-00001", order.Item{SKU: shoe, Quantity: 1}, order.Item{SKU: tea, Quantity: 3}))
	refused(t, "three of two", err, fault.SoldOut, "items[1]")
	short, ok := errors.AsType[*order.SoldOutError](err)
	if !ok || short.Shortage != (order.Shortage{SKU: tea, Asked: 3, Left: 2}) {
		t.Errorf("%+v", short)
	}
	if n := k.stock(t, shoe); n != 5 {
		t.Errorf("a refused order took stock: %d", n)
	}
	q, err := k.Quote(ctx, "s", []order.Item{{SKU: tea, Quantity: 3}})
	if err != nil || len(q.Unavailable) != 1 || q.Unavailable[0].Left != 2 {
		t.Errorf("%+v, %v", q, err)
	}
	// The key was not used up by the refusal.
	if _, err := k.Place(ctx, k.request("key-00001", order.Item{SKU: tea, Quantity: 2})); err != nil {
		t.Error(err)
	}
}

func TestExpect(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	k := newKit(t)
	sku := k.shoes.SKUs[0].ID
	r := k.request("key-00001", order.Item{SKU: sku, Quantity: 2})
	seen := eur(2000)
	r.Expect = &seen
	if _, err := k.catalogue.SetPrice(ctx, sku, 1100); err != nil {
		t.Fatal(err)
	}
	_, err := k.Place(ctx, r)
	refused(t, "another total", err, fault.Conflict, "expect")
	changed, ok := errors.AsType[*order.ChangedError](err)
	if !ok || changed.Quote.Total != eur(2200) || k.stock(t, sku) != 5 {
		t.Fatalf("%+v", changed)
	}
	r.Expect = &changed.Quote.Total
	o, err := k.Place(ctx, r)
	if err != nil || o.Total != eur(2200) {
		t.Errorf("%+v, %v", o, err)
	}
}

// stale is a Book whose catalogue changes between the quote and the transaction, so many times.
type stale struct {
	order.Book
	times  int
	change func()
}

func (s *stale) Place(ctx context.Context, o order.Order, key string, hash [32]byte) (order.Order, bool, error) {
	if s.times > 0 {
		s.times--
		s.change()
	}
	return s.Book.Place(ctx, o, key, hash)
}

func TestPriceRace(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	k := newKit(t)
	sku := k.shoes.SKUs[0].ID
	price := int64(1000)
	book := &stale{Book: k.db.Orders(), change: func() {
		price++
		if _, err := k.catalogue.SetPrice(ctx, sku, price); err != nil {
			t.Error(err)
		}
	}}
	s, err := order.New(order.DefaultConfig(), order.Deps{Shows: k.db.Shows(), Products: k.db.Catalogue(), Book: book, Ledger: k.db.Orders(), Providers: manual.Ways(), Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	book.times = 2
	o, err := s.Place(ctx, k.request("key-00001", order.Item{SKU: sku, Quantity: 1}))
	if err != nil || o.Total != eur(1002) {
		t.Errorf("%+v, %v", o.Total, err)
	}
	book.times = 1
	r := k.request("key-00002", order.Item{SKU: sku, Quantity: 1})
	r.Expect = &o.Total
	_, err = s.Place(ctx, r)
	refused(t, "a price that changed in the last moment", err, fault.Conflict, "expect")
	book.times = 100
	_, err = s.Place(ctx, k.request("key-00003", order.Item{SKU: sku, Quantity: 1}))
	refused(t, "a price that never rests", err, fault.Unavailable, "")
	if n := k.stock(t, sku); n != 4 {
		t.Errorf("stock %d, want 4", n)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	k := newKit(t)
	six := 6
	alone, err := k.catalogue.Create(ctx, k.merchant, catalogue.Draft{Title: "Not in the show", SKUs: []catalogue.SKUDraft{{Price: eur(1), Stock: &six}}})
	if err != nil {
		t.Fatal(err)
	}
	many := make([]order.Item, 51)
	for i := range many {
		many[i] = order.Item{SKU: catalogue.SKUID(fmt.Sprint(i)), Quantity: 1}
	}
	shoe := k.shoes.SKUs[0].ID
	for _, c := range []struct {
		field  string
		change func(*order.Request)
	}{
		{"idempotencyKey", func(r *order.Request) { r.IdempotencyKey = "short" }},
		{"idempotencyKey", func(r *order.Request) { r.IdempotencyKey = "with a space" }},
		{"idempotencyKey", func(r *order.Request) { r.IdempotencyKey = strings.Repeat("x", 256) }},
		{"items", func(r *order.Request) { r.Items = nil }},
		{"items", func(r *order.Request) { r.Items = many }},
		{"items[0].quantity", func(r *order.Request) { r.Items[0].Quantity = 0 }},
		{"items[0].quantity", func(r *order.Request) { r.Items[0].Quantity = 100 }},
		{"items[1].quantity", func(r *order.Request) { r.Items = []order.Item{{shoe, 60}, {shoe, 40}} }},
		{"items[0].sku", func(r *order.Request) { r.Items[0].SKU = "" }},
		{"items[0].sku", func(r *order.Request) { r.Items[0].SKU = "sku_none" }},
		{"items[0].sku", func(r *order.Request) { r.Items[0].SKU = alone.SKUs[0].ID }},
		{"contact.name", func(r *order.Request) { r.Contact.Name = "  " }},
		{"contact.name", func(r *order.Request) { r.Contact.Name = "a\nb" }},
		{"contact.phone", func(r *order.Request) { r.Contact.Phone, r.Contact.Email = "", "" }},
		{"contact.phone", func(r *order.Request) { r.Contact.Phone = "call me" }},
		{"contact.phone", func(r *order.Request) { r.Contact.Phone = "" }}, // cash on delivery needs it
		{"contact.email", func(r *order.Request) { r.Contact.Email = "a@b" }},
		{"contact.email", func(r *order.Request) { r.Contact.Email = "A <a@example.com>" }},
		{"address.line1", func(r *order.Request) { r.Address.Line1 = "" }},
		{"address.city", func(r *order.Request) { r.Address.City = "" }},
		{"address.postcode", func(r *order.Request) { r.Address.Postcode = strings.Repeat("1", 21) }},
		{"address.country", func(r *order.Request) { r.Address.Country = "D1" }},
		{"note", func(r *order.Request) { r.Note = strings.Repeat("好", 501) }},
		{"way", func(r *order.Request) { r.Way = "gold" }},
	} {
		r := k.request("key-00001", order.Item{SKU: shoe, Quantity: 1})
		c.change(&r)
		_, err := k.Place(ctx, r)
		refused(t, c.field, err, fault.Invalid, c.field)
	}
	r := k.request("key-00001", order.Item{SKU: shoe, Quantity: 1})
	r.Show = "none"
	_, err = k.Place(ctx, r)
	refused(t, "no show", err, fault.NotFound, "")
	if n := k.stock(t, shoe); n != 5 {
		t.Errorf("refused orders took stock: %d", n)
	}
	// A product that is archived or leaves the line-up is not sold any more.
	if _, err := k.catalogue.Archive(ctx, k.tea.ID); err != nil {
		t.Fatal(err)
	}
	_, err = k.Quote(ctx, "s", []order.Item{{SKU: k.tea.SKUs[0].ID, Quantity: 1}})
	refused(t, "archived", err, fault.Invalid, "items[0].sku")
}

func TestAfterShow(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	k := newKit(t)
	if _, err := k.shows.End(ctx, "s"); err != nil {
		t.Fatal(err)
	}
	k.pass(time.Hour)
	if _, err := k.Place(ctx, k.request("key-00001", order.Item{SKU: k.tea.SKUs[0].ID, Quantity: 1})); err != nil {
		t.Errorf("an hour after the show: %v", err)
	}
	k.pass(time.Second)
	_, err := k.Place(ctx, k.request("key-00002", order.Item{SKU: k.tea.SKUs[0].ID, Quantity: 1}))
	refused(t, "later", err, fault.Conflict, "")
}

func TestBankTransfer(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	k := newKit(t)
	r := k.request("key-00001", order.Item{SKU: k.tea.SKUs[0].ID, Quantity: 1})
	r.Way, r.Contact.Phone = manual.BankTransfer, ""
	o, err := k.Place(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	if want := "IBAN DE02 1203 0000 0000 2020 51\n7.50 EUR\n" + o.Number; o.Instructions != want {
		t.Errorf("%q, want %q", o.Instructions, want)
	}
	if !o.Expires.Equal(k.now().Add(7 * 24 * time.Hour)) {
		t.Errorf("expires %v", o.Expires)
	}
	none := ""
	if _, err := k.shows.Update(ctx, "s", show.Patch{PaymentNote: &none}); err != nil {
		t.Fatal(err)
	}
	r.IdempotencyKey = "key-00002"
	_, err = k.Place(ctx, r)
	refused(t, "no bank details", err, fault.Conflict, "way")
}

func TestSettle(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	k := newKit(t)
	tea := k.tea.SKUs[0].ID
	place := func(key string) order.Order {
		t.Helper()
		o, err := k.Place(ctx, k.request(key, order.Item{SKU: tea, Quantity: 1}))
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	a, b := place("key-00001"), place("key-00002")
	for range 2 {
		if o, err := k.Confirm(ctx, a.ID); err != nil || o.Status != order.Confirmed {
			t.Error(o.Status, err)
		}
		if o, err := k.Cancel(ctx, b.ID, ""); err != nil || o.Status != order.Cancelled {
			t.Error(o.Status, err)
		}
	}
	if n := k.stock(t, tea); n != 1 {
		t.Errorf("stock %d after one cancelled twice", n)
	}
	_, err := k.Confirm(ctx, b.ID)
	refused(t, "a cancelled order", err, fault.Conflict, "")
	_, err = k.Confirm(ctx, "ord_none")
	refused(t, "no order", err, fault.NotFound, "")
	c := place("key-00003")
	k.pass(48*time.Hour - time.Millisecond)
	if n, err := k.Sweep(ctx); err != nil || n != 0 {
		t.Errorf("%d expired early, %v", n, err)
	}
	k.pass(time.Millisecond)
	if n, err := k.Sweep(ctx); err != nil || n != 1 {
		t.Errorf("%d expired, %v", n, err)
	}
	if n, err := k.Sweep(ctx); err != nil || n != 0 {
		t.Errorf("%d expired twice, %v", n, err)
	}
	if o, err := k.Get(ctx, c.ID); err != nil || o.Status != order.Expired || k.stock(t, tea) != 1 {
		t.Errorf("%v, %v", o.Status, err)
	}
	if got := len(k.told); got != 6 { // three placed, three settled
		t.Errorf("told %d times", got)
	}
	// A cancelled order's key still names it.
	if again, err := k.Place(ctx, k.request("key-00002", order.Item{SKU: tea, Quantity: 1})); err != nil || again.ID != b.ID || again.Status != order.Cancelled {
		t.Errorf("%+v, %v", again, err)
	}
}

// TestCancelConfirmed: a sale that falls through after it was confirmed is called off with its reason, and its stock comes
// back once.
func TestCancelConfirmed(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	k := newKit(t)
	tea := k.tea.SKUs[0].ID
	before := k.stock(t, tea)
	o, err := k.Place(ctx, k.request("key-00001", order.Item{SKU: tea, Quantity: 1}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Confirm(ctx, o.ID); err != nil {
		t.Fatal(err)
	}
	if sum, err := k.Totals(ctx, o.Show); err != nil || sum != (order.Totals{Orders: 1, Units: 1, Revenue: o.Total}) {
		t.Errorf("%+v, %v", sum, err)
	}
	_, err = k.Cancel(ctx, o.ID, strings.Repeat("x", 501))
	refused(t, "a long reason", err, fault.Invalid, "reason")
	for _, reason := range []string{" broken in the kiln\r\n", "another"} {
		o, err := k.Cancel(ctx, o.ID, reason)
		if err != nil || o.Status != order.Cancelled || o.Reason != "broken in the kiln" {
			t.Errorf("%s because of %q, %v", o.Status, o.Reason, err)
		}
	}
	if got, err := k.Get(ctx, o.ID); err != nil || got.Reason != "broken in the kiln" || k.stock(t, tea) != before {
		t.Errorf("%+v, %v, stock %d of %d", got, err, k.stock(t, tea), before)
	}
	if sum, err := k.Totals(ctx, o.Show); err != nil || sum != (order.Totals{}) {
		t.Errorf("%+v, %v", sum, err)
	}
	_, err = k.Confirm(ctx, o.ID)
	refused(t, "confirming it again", err, fault.Conflict, "")
}

// sweeper is a Book and a Ledger with one order that is due at a time.
type sweeper struct {
	order.Book
	order.Ledger
	due     time.Time
	settled []time.Time
}

func (s *sweeper) Due(_ context.Context, now time.Time, _ int) ([]order.ID, error) {
	if len(s.settled) == 0 && !now.Before(s.due) {
		return []order.ID{"ord_1"}, nil
	}
	return nil, nil
}

func (s *sweeper) Settle(_ context.Context, id order.ID, to order.Settlement) (order.Order, bool, error) {
	s.settled = append(s.settled, to.At)
	return order.Order{ID: id, Status: to.To}, true, nil
}

// TestRun: an order expires within 15 s of its time, and Run ends with its context.
func TestRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &sweeper{due: time.Now().Add(time.Minute)}
		s, err := order.New(order.DefaultConfig(), order.Deps{Book: w, Ledger: w, Log: quiet})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		if err := s.Run(ctx); err != nil {
			t.Error(err)
		}
		if len(w.settled) != 1 || w.settled[0].Sub(w.due) > 15*time.Second {
			t.Errorf("due %v, settled %v", w.due, w.settled)
		}
	})
}

func TestConfig(t *testing.T) {
	t.Parallel()
	c := order.DefaultConfig()
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
	c.Hold = time.Minute
	refused(t, "hold", c.Validate(), fault.Invalid, "hold")
	c = order.DefaultConfig()
	c.AfterShow = -1
	refused(t, "after_show", c.Validate(), fault.Invalid, "after_show")
}
