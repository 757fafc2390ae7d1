package store_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"livesrv/internal/account"
	"livesrv/internal/catalogue"
	"livesrv/internal/order"
	"livesrv/internal/order/manual"
	"livesrv/internal/show"
	"livesrv/internal/store"
)

func TestMain(m *testing.M) {
	if path := childPath(); path != "" {
		runChild(path)
		return
	}
	goleak.VerifyTestMain(m)
}

// shop is all rooms on one real database.
type shop struct {
	db        *store.DB
	catalogue *catalogue.Service
	shows     *show.Service
	orders    *order.Service
	accounts  *account.Service
	merchant  catalogue.MerchantID
}

var quiet = slog.New(slog.DiscardHandler)

func openShop(tb testing.TB, path string) *shop {
	tb.Helper()
	s, err := newShop(path)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.db.Close(); err != nil {
			tb.Errorf("close: %v", err)
		}
	})
	return s
}

func newShop(path string) (*shop, error) {
	ctx := context.Background()
	db, err := store.Open(ctx, store.Config{Path: path}, quiet)
	if err != nil {
		return nil, err
	}
	s := &shop{db: db}
	c, o, sh, a := db.Catalogue(), db.Orders(), db.Shows(), db.Accounts()
	if s.catalogue, err = catalogue.New(catalogue.DefaultConfig(), catalogue.Deps{Merchants: c, Products: c, Prices: c, Images: c, Log: quiet}); err != nil {
		return nil, err
	}
	if s.shows, err = show.New(show.DefaultConfig(), show.Deps{Store: sh, Keys: sh, Pins: sh, Products: s.catalogue, Log: quiet}); err != nil {
		return nil, err
	}
	if s.orders, err = order.New(order.DefaultConfig(), order.Deps{Shows: sh, Products: c, Book: o, Ledger: o, Sums: o, Providers: manual.Ways(), Log: quiet}); err != nil {
		return nil, err
	}
	if s.accounts, err = account.New(account.DefaultConfig(), account.Deps{Users: a, Sessions: a, Tokens: a, Log: quiet}); err != nil {
		return nil, err
	}
	m, err := s.catalogue.DefaultMerchant(ctx, "Shop")
	s.merchant = m.ID
	return s, err
}

func tempShop(tb testing.TB) *shop { return openShop(tb, filepath.Join(tb.TempDir(), "shop.db")) }

// sell makes products with so many pieces each and a live show "s" with them in its line-up.
func (s *shop) sell(tb testing.TB, stocks ...int) []catalogue.Product {
	tb.Helper()
	ps, err := s.trySell(stocks...)
	if err != nil {
		tb.Fatal(err)
	}
	return ps
}

func (s *shop) trySell(stocks ...int) (ps []catalogue.Product, err error) {
	ctx := context.Background()
	var ids []catalogue.ProductID
	for i, n := range stocks {
		p, err := s.catalogue.Create(ctx, s.merchant, catalogue.Draft{
			Title: "Shoe " + string(rune('A'+i)), SKUs: []catalogue.SKUDraft{{Price: catalogue.Money{Amount: 1000 + int64(i), Currency: "EUR"}, Stock: &n}},
		})
		if err != nil {
			return nil, err
		}
		ps, ids = append(ps, p), append(ids, p.ID)
	}
	_, err = s.shows.Create(ctx, show.Draft{
		Slug: "s", Merchant: s.merchant, Title: "Show", Currency: "EUR", Lineup: ids,
		Ways: []string{show.CashOnDelivery, show.BankTransfer}, PaymentNote: "IBAN DE00 1234",
	})
	if err != nil {
		return nil, err
	}
	_, err = s.shows.Start(ctx, "s")
	return ps, err
}

// request is a buyer's order of one piece each.
func request(key string, skus ...catalogue.SKUID) order.Request {
	r := order.Request{
		Show: "s", Way: manual.CashOnDelivery, IdempotencyKey: key,
		Contact: order.Contact{Name: "Li Na", Phone: "+49 151 1234567"},
		Address: order.Address{Line1: "Hauptstr. 1", City: "Berlin", Country: "DE"},
	}
	for _, s := range skus {
		r.Items = append(r.Items, order.Item{SKU: s, Quantity: 1})
	}
	return r
}

func (s *shop) stock(tb testing.TB, id catalogue.SKUID) int {
	tb.Helper()
	p, err := s.catalogue.ProductOfSKU(context.Background(), id)
	if err != nil {
		tb.Fatal(err)
	}
	sku, _ := p.SKU(id)
	return sku.Stock
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
