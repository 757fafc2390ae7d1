package store_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"livesrv/internal/account"
	"livesrv/internal/catalogue"
	"livesrv/internal/fault"
	"livesrv/internal/order"
	"livesrv/internal/store"
)

func wantKind(t *testing.T, what string, err error, kind fault.Kind) {
	t.Helper()
	if err == nil || fault.KindOf(err) != kind {
		t.Errorf("%s: %v, want %v", what, err, kind)
	}
}

func TestOpen(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dir := t.TempDir()
	garbage := filepath.Join(dir, "garbage.db")
	if err := os.WriteFile(garbage, bytes.Repeat([]byte("not a database "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	newer := filepath.Join(dir, "newer.db")
	db, err := store.Open(ctx, store.Config{Path: newer}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if fi, err := os.Stat(newer); err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v: others may read it", fi.Mode(), err)
	}
	raw, err := sql.Open("sqlite", newer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := raw.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)"); err != nil {
		t.Fatal(err)
	}
	if err := raw.Close(); err != nil {
		t.Fatal(err)
	}
	for path, kind := range map[string]fault.Kind{
		"": fault.Invalid, ":memory:": fault.Invalid, filepath.Join(dir, "no", "such", "folder.db"): fault.Unavailable,
		garbage: fault.Unavailable, newer: fault.Unavailable, dir: fault.Unavailable,
	} {
		db, err := store.Open(ctx, store.Config{Path: path}, quiet)
		wantKind(t, path, err, kind)
		if db != nil {
			t.Errorf("%s was opened", path)
		}
	}
}

// TestBackup takes copies while the shop sells; each is whole and consistent.
func TestBackup(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dir := t.TempDir()
	s := openShop(t, filepath.Join(dir, "shop.db"))
	ps := s.sell(t, 10_000)
	stop := make(chan struct{})
	var placed atomic.Int64
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := s.orders.Place(ctx, request(fmt.Sprintf("idempotency-%d-%d", w, i), ps[0].SKUs[0].ID)); err != nil {
					t.Error(err)
					return
				}
				placed.Add(1)
			}
		})
	}
	before := placed.Load()
	path := filepath.Join(dir, "copy.db")
	err := s.db.Backup(ctx, path)
	close(stop)
	wg.Wait()
	if err != nil {
		t.Fatal(err)
	}
	wantKind(t, "a second time", s.db.Backup(ctx, path), fault.Conflict)
	wantKind(t, "nowhere", s.db.Backup(ctx, filepath.Join(dir, "no", "copy.db")), fault.Unavailable)
	if fi, err := os.Stat(path); err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v: others may read it", fi.Mode(), err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.part")); len(left) > 0 {
		t.Errorf("left behind %v", left)
	}
	c := openShop(t, path)
	orders, err := c.orders.List(ctx, order.Filter{Limit: 500})
	if err != nil {
		t.Fatal(err)
	}
	sold := 10_000 - c.stock(t, ps[0].SKUs[0].ID)
	if len(orders) != min(sold, 500) || int64(sold) < before {
		t.Errorf("the copy has %d orders and %d sold; %d were placed before it began", len(orders), sold, before)
	}
}

// TestProductStore is the contract of catalogue.ProductStore where the service cannot show it.
func TestProductStore(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := tempShop(t)
	p := s.sell(t, 5)[0]
	c := s.db.Catalogue()
	sorry := errors.New("sorry")
	if _, err := c.ChangeProduct(ctx, p.ID, func(p *catalogue.Product) error {
		p.Title, p.SKUs[0].Stock = "other", 1
		return sorry
	}); !errors.Is(err, sorry) {
		t.Error(err)
	}
	// Stock that SQL's own check refuses undoes the title too.
	if _, err := c.ChangeProduct(ctx, p.ID, func(p *catalogue.Product) error {
		p.Title, p.SKUs[0].Stock = "other", -1
		return nil
	}); err == nil {
		t.Error("a stock of -1 was kept")
	}
	got, err := c.ChangeProduct(ctx, p.ID, func(p *catalogue.Product) error {
		p.Title = "other"
		return catalogue.ErrSame
	})
	if d := cmp.Diff(p, got); err != nil || d != "" {
		t.Errorf("%v\n%s", err, d)
	}
	_, err = c.ChangeProduct(ctx, "prd_none", func(*catalogue.Product) error { return nil })
	wantKind(t, "no product", err, fault.NotFound)
	// What a change may not touch: id, merchant, creation, revision.
	got, err = c.ChangeProduct(ctx, p.ID, func(p *catalogue.Product) error {
		p.ID, p.Merchant, p.Rev, p.Created = "prd_x", "mer_x", 99, noon
		return nil
	})
	if err != nil || got.ID != p.ID || got.Merchant != p.Merchant || got.Rev != 2 || !got.Created.Equal(p.Created) {
		t.Errorf("%+v, %v", got, err)
	}
	p.ID = "prd_other"
	wantKind(t, "the same handle", c.AddProduct(ctx, p), fault.Conflict)
	wantKind(t, "a second merchant as the only one", c.AddMerchant(ctx, catalogue.Merchant{ID: "mer_2"}, true), fault.Conflict)
	if err := c.AddMerchant(ctx, catalogue.Merchant{ID: "mer_2", Created: noon}, false); err != nil {
		t.Error(err)
	}
}

// TestSameNumber: a number that is taken is a stale order, to be tried with another, and takes no stock.
func TestSameNumber(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := tempShop(t)
	p := s.sell(t, 5)[0]
	o, err := s.orders.Place(ctx, request("idempotency", p.SKUs[0].ID))
	if err != nil {
		t.Fatal(err)
	}
	o.ID = "ord_other"
	if _, _, err := s.db.Orders().Place(ctx, o, "another-key", [32]byte{}); !errors.Is(err, order.ErrStale) {
		t.Errorf("%v, want stale", err)
	}
	if n := s.stock(t, p.SKUs[0].ID); n != 4 {
		t.Errorf("stock %d, want 4", n)
	}
}

// TestCancelRemovedSKU: an order of a choice that was removed since can be cancelled.
func TestCancelRemovedSKU(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := tempShop(t)
	p := s.sell(t, 5)[0]
	o, err := s.orders.Place(ctx, request("idempotency", p.SKUs[0].ID))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.catalogue.Update(ctx, p.ID, catalogue.Patch{SKUs: []catalogue.SKUDraft{{Price: p.SKUs[0].Price}}}); err != nil {
		t.Fatal(err)
	}
	if o, err = s.orders.Cancel(ctx, o.ID, ""); err != nil || o.Status != order.Cancelled || o.Lines[0].Title != p.Title {
		t.Errorf("%+v, %v", o, err)
	}
}

// TestAccountStores is the contract of package account's Stores.
func TestAccountStores(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a := tempShop(t).db.Accounts()
	anna := account.User{ID: "usr_1", Name: "anna", Role: account.Admin, Merchant: "mer_1", Created: noon, Changed: noon}
	bert := account.User{ID: "usr_2", Name: "bert", Role: account.Merchant, Merchant: "mer_1", Created: noon, Changed: noon}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(a.AddUser(ctx, anna, "hash", true))
	wantKind(t, "only", a.AddUser(ctx, bert, "hash", true), fault.Conflict)
	must(a.AddUser(ctx, bert, "hash2", false))
	wantKind(t, "the same name", a.AddUser(ctx, account.User{ID: "usr_3", Name: "anna"}, "", false), fault.Conflict)
	for _, by := range []struct {
		id   account.UserID
		name string
	}{{"usr_2", ""}, {"", "bert"}, {"usr_2", "anna"}} {
		u, hash, err := a.User(ctx, by.id, by.name)
		if d := cmp.Diff(bert, u); err != nil || hash != "hash2" || d != "" {
			t.Errorf("%v: %q, %v\n%s", by, hash, err, d)
		}
	}
	_, _, err := a.User(ctx, "", "")
	wantKind(t, "nobody", err, fault.NotFound)
	us, err := a.Users(ctx)
	if d := cmp.Diff([]account.User{anna, bert}, us); err != nil || d != "" {
		t.Errorf("%v\n%s", err, d)
	}

	end := noon.Add(time.Hour)
	h := func(b byte) [32]byte { return [32]byte{b} }
	must(a.AddSession(ctx, h(1), anna.ID, noon, end))
	must(a.AddSession(ctx, h(2), anna.ID, noon, end))
	must(a.AddSession(ctx, h(3), bert.ID, noon, end))
	u, expires, err := a.Session(ctx, h(1))
	if d := cmp.Diff(anna, u); err != nil || !expires.Equal(end) || d != "" {
		t.Errorf("%v, %v\n%s", expires, err, d)
	}
	must(a.TouchSession(ctx, h(2), end.Add(time.Hour)))
	must(a.SetPassword(ctx, anna.ID, "hash3", h(2), end))
	_, _, err = a.Session(ctx, h(1))
	wantKind(t, "ended by the password", err, fault.NotFound)
	if u, expires, err = a.Session(ctx, h(2)); err != nil || !expires.Equal(end.Add(time.Hour)) || !u.Changed.Equal(end) {
		t.Errorf("the kept one: %v, %v, %v", u, expires, err)
	}
	must(a.AddSession(ctx, h(4), anna.ID, end.Add(time.Minute), end.Add(time.Hour))) // clears bert's away
	_, _, err = a.Session(ctx, h(3))
	wantKind(t, "over", err, fault.NotFound)
	must(a.EndSession(ctx, h(4)))
	must(a.EndSession(ctx, h(4)))
	_, _, err = a.Session(ctx, h(4))
	wantKind(t, "signed out", err, fault.NotFound)
	wantKind(t, "no user", a.SetPassword(ctx, "usr_9", "", h(0), noon), fault.NotFound)

	tok := account.Token{ID: "tok_1", User: bert.ID, Name: "till", Role: account.Merchant, Created: noon}
	must(a.AddToken(ctx, tok, h(1)))
	got, u, err := a.Token(ctx, h(1))
	if d := cmp.Diff(tok, got); err != nil || u.ID != bert.ID || d != "" {
		t.Errorf("%v, %v\n%s", u, err, d)
	}
	must(a.ChangeToken(ctx, tok.ID, end))
	for _, id := range []account.UserID{"", bert.ID} {
		ts, err := a.Tokens(ctx, id)
		if err != nil || len(ts) != 1 || ts[0].Used == nil || !ts[0].Used.Equal(end) {
			t.Errorf("%q: %+v, %v", id, ts, err)
		}
	}
	must(a.ChangeToken(ctx, tok.ID, time.Time{}))
	wantKind(t, "removed", a.ChangeToken(ctx, tok.ID, time.Time{}), fault.NotFound)
	_, _, err = a.Token(ctx, h(1))
	wantKind(t, "removed", err, fault.NotFound)
}

// BenchmarkPlace is an order of one line through the whole room, 64 buyers at once.
func BenchmarkPlace(b *testing.B) {
	s := tempShop(b)
	ps := s.sell(b, 1_000_000)
	var n atomic.Int64
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := s.orders.Place(context.Background(), request(fmt.Sprintf("idempotency-%d", n.Add(1)), ps[0].SKUs[0].ID)); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "orders/s")
}

// BenchmarkProducts reads a line-up of 50 products with four choices each.
func BenchmarkProducts(b *testing.B) {
	ctx := context.Background()
	s := tempShop(b)
	var ids []catalogue.ProductID
	for i := range 50 {
		d := catalogue.Draft{Title: fmt.Sprint("Product ", i), Options: []string{"Size"}}
		for _, size := range []string{"S", "M", "L", "XL"} {
			d.SKUs = append(d.SKUs, catalogue.SKUDraft{Options: []string{size}, Price: catalogue.Money{Amount: 100, Currency: "EUR"}})
		}
		p, err := s.catalogue.Create(ctx, s.merchant, d)
		if err != nil {
			b.Fatal(err)
		}
		ids = append(ids, p.ID)
	}
	b.ReportAllocs()
	for b.Loop() {
		if ps, err := s.catalogue.ProductsByID(ctx, ids); err != nil || len(ps) != 50 {
			b.Fatal(len(ps), err)
		}
	}
}
